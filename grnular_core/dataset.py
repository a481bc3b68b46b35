"""The one data type: expression, TF list, truth or none, and where all of it came from.

Simulated, BEELINE and a user's own data all become a ``GRNDataset`` through ``make_dataset``, which
runs the checks of ``checks.py``; every method takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core import checks
from grnular_core.candidates import TruthCounts, clean_truth
from grnular_core.errors import InputError
from grnular_core.parts import fingerprint

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class GRNDataset:
    """Expression of one sample of cells, ready for any method.

    ``adata`` is cells x genes without NaN, constant or repeated genes; ``tfs`` are the genes that
    may regulate, in gene order; ``truth`` has the columns ``regulator, target, sign`` with both ends
    among the genes, or is None; ``notes`` are the sentences a user should read.
    """

    adata: AnnData
    tfs: tuple[str, ...]
    truth: pd.DataFrame | None = None
    name: str = "unnamed"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    truth_counts: TruthCounts | None = None

    @property
    def genes(self) -> list[str]:
        return [str(gene) for gene in self.adata.var_names]

    @property
    def n_cells(self) -> int:
        return self.adata.n_obs

    @property
    def n_genes(self) -> int:
        return self.adata.n_vars

    def expression(self, genes: Sequence[str] | None = None) -> np.ndarray:
        """Dense float64 expression, shape (cells, genes), columns in the order of ``genes``."""
        matrix = self.adata.X
        if genes is not None:
            matrix = matrix[:, self.adata.var_names.get_indexer(list(genes))]
        matrix = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
        return matrix.astype(np.float64, copy=True)

    def fingerprint(self) -> str:
        """Identifies expression, genes and TFs, whatever the order of genes."""
        return fingerprint(self.expression(), self.genes, self.tfs)


def make_dataset(
    expression: AnnData | pd.DataFrame,
    tfs: Sequence[str] | None,
    truth: pd.DataFrame | None = None,
    *,
    name: str = "expression",
    layer: str | None = None,
    orientation: checks.Orientation = "auto",
    match: checks.Match = "exact",
    duplicates: checks.Duplicates = "error",
    scaled: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> GRNDataset:
    """Check a table of expression and make a ``GRNDataset`` of it; the argument is never changed.

    ``expression`` is a DataFrame or AnnData (dense, csr, csc or backed; ``layer`` picks a layer, and
    ``"raw"`` the raw slot). ``orientation="auto"`` finds the genes by the TF list. ``tfs=None`` lets
    every gene regulate. Constant genes are dropped and listed in the notes. Raises ``InputError``
    for everything that would make the network meaningless: see ``checks.py``.
    """
    from anndata import AnnData

    matrix, rows, columns = _as_matrix(expression, layer, name)
    if min(matrix.shape) == 0:
        checks.check_size(*matrix.shape, name)
    if tfs is None and orientation == "auto" and isinstance(expression, AnnData):
        orientation = "cells-x-genes"  # AnnData says so by definition
    by_columns, said = checks.choose_orientation(rows, columns, tfs, orientation, match, name)
    notes = [said]
    cells, genes = (rows, columns) if by_columns else (columns, rows)
    matrix = matrix if by_columns else matrix.T
    if sparse.issparse(matrix):
        matrix = matrix.tocsr()
    checks.check_size(*matrix.shape, name)
    repeated_cells = pd.Index(cells)[pd.Index(cells).duplicated()]
    if len(repeated_cells):
        notes.append(
            f"{len(repeated_cells)} cell names occur more than once ({checks.shown(repeated_cells, 3)}); "
            "cells were kept as different cells"
        )
    repeated = checks.check_names(genes, duplicates, name)
    kind = checks.check_values(matrix, cells, genes, scaled, name)
    notes.append(f"values look like {kind}")
    if repeated:
        matrix, genes = checks.merge_duplicates(matrix, genes, duplicates)
        notes.append(f"{len(repeated)} repeated genes merged by {duplicates}: {checks.shown(repeated)}")
    constant = checks.constant_columns(matrix)
    if constant.any():
        dropped = [gene for gene, is_constant in zip(genes, constant, strict=True) if is_constant]
        genes = [gene for gene, is_constant in zip(genes, constant, strict=True) if not is_constant]
        matrix = matrix[:, np.flatnonzero(~constant)]
        notes.append(f"{len(dropped)} genes of constant expression dropped: {checks.shown(dropped)}")
        if len(genes) < 2:
            raise InputError(f"{name}: all but {len(genes)} genes have the same value in every cell")
    found, missing, said = checks.choose_tfs(tfs, genes, match, name)
    notes.append(said)
    counts = None
    if truth is not None:
        truth = truth.assign(
            regulator=checks.renamed(truth["regulator"], genes, match),
            target=checks.renamed(truth["target"], genes, match),
        )
        checks.check_truth(truth, genes, match, name)
        truth, counts = clean_truth(truth, genes)
    adata = AnnData(
        X=matrix,
        obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
        var=pd.DataFrame({"is_tf": np.isin(genes, found)}, index=pd.Index(genes, dtype=str)),
    )
    return GRNDataset(
        adata=adata,
        tfs=tuple(found),
        truth=truth,
        name=name,
        provenance={
            **(provenance or {}),
            "values": kind,
            "tfs_listed": len(tfs) if tfs is not None else len(found),
            "tfs_missing": missing,
        },
        notes=tuple(notes),
        truth_counts=counts,
    )


def _as_matrix(
    expression: AnnData | pd.DataFrame, layer: str | None, name: str
) -> tuple[checks.Matrix, list[str], list[str]]:
    """A float64 copy (dense or csr) with its row and column names."""
    if isinstance(expression, pd.DataFrame):
        if layer is not None:
            raise InputError(f"layer {layer!r} asked of {name}, which is a plain table without layers")
        not_numeric = [c for c, t in expression.dtypes.items() if not pd.api.types.is_numeric_dtype(t)]
        if not_numeric:
            raise InputError(f"{name}: the columns {checks.shown(not_numeric)} are not numeric")
        matrix = expression.to_numpy(dtype=np.float64, copy=True)
        return matrix, [str(i) for i in expression.index], [str(c) for c in expression.columns]
    adata = expression.to_memory() if expression.isbacked else expression
    names = list(adata.var_names)
    if layer == "raw":
        if adata.raw is None:
            raise InputError(f"{name} has no .raw; leave the layer out to use X")
        matrix, names = adata.raw.X, list(adata.raw.var_names)
    elif layer is not None:
        if layer not in adata.layers:
            raise InputError(f"{name} has no layer {layer!r}; it has {list(adata.layers) or 'none'}")
        matrix = adata.layers[layer]
    else:
        matrix = adata.X
    if matrix is None:
        raise InputError(f"{name} has no X; pass --layer with one of {list(adata.layers) or 'none'}")
    if sparse.issparse(matrix):
        matrix = sparse.csr_matrix(matrix, dtype=np.float64, copy=True)
        matrix.sum_duplicates()
    else:
        matrix = np.array(matrix, dtype=np.float64, copy=True)
    return matrix, [str(i) for i in adata.obs_names], [str(v) for v in names]
