"""``gc.tl``, as scverse packages have it: a network in ``.uns`` of the cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grnular_core.methods.registry import FOR_CELLS
from grnular_core.utils.errors import InputError
from grnular_core.workflow import api
from grnular_core.workflow.exports import as_stored
from grnular_core.workflow.given import REPORT

if TYPE_CHECKING:
    from anndata import AnnData


def infer(
    adata: AnnData,
    method: str = FOR_CELLS,
    *,
    tfs: str | Path | Sequence[str] | None = None,
    key_added: str = "grn",
    copy: bool = False,
    **options: Any,
) -> AnnData | None:
    """Infer a gene regulatory network and keep it with the cells.

    Parameters
    ----------
    adata : AnnData
        Expression, cells x genes.
    method : str
        As in ``grnular_core.infer``.
    tfs : str, Path or sequence of str
        The genes that may regulate, as in ``grnular_core.infer``.
    key_added : str
        Key of ``.uns``; what is there is replaced.
    copy : bool
        True returns a copy with the network and leaves ``adata`` as it is.
    **options
        Keywords of ``grnular_core.infer``: ``layer``, ``use_raw``, ``gene_symbols``, ``n_top_genes``,
        ``groupby``, ``seed`` and more.

    Returns
    -------
    AnnData or None
        A copy, or None. ``.uns[key_added]`` has ``edges``, the table of ``grnular_core.infer`` in a form that
        h5ad can hold, and ``params``: ``method``, ``tfs`` (as they were given), the other keywords, and the
        ``report`` as json.

    Raises
    ------
    InputError, MethodError
        As in ``grnular_core.infer``; also for data that are no AnnData. Nothing is written then.
    """
    if not hasattr(adata, "uns"):
        raise InputError(
            f"tl.infer takes an AnnData, and got a {type(adata).__name__}; grnular_core.infer takes files and tables too"
        )
    edges = api.infer(adata, method, tfs=tfs, **options)
    given = {"method": method, "tfs": tfs, **options}
    params = {
        key: _stored(value)
        for key, value in given.items()
        if value is not None and not callable(value)
    }
    params["report"] = json.dumps(edges.attrs[REPORT])
    if copy:
        adata = adata.to_memory() if adata.isbacked else adata.copy()
    adata.uns[key_added] = {"edges": as_stored(edges), "params": params}
    return adata if copy else None


def _stored(value: Any) -> Any:
    """Return the value of a keyword as h5ad can hold it."""
    if isinstance(value, str | bool | int | float | np.generic):
        return value
    if isinstance(value, Path):
        return str(value)
    return np.array([str(name) for name in value], dtype=object)  # names of TFs
