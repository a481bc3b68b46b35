"""Public functions of ``import grnular_core as gc``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import FOR_CELLS, Progress, RunOptions, run_method
from grnular_core.scoring import strict
from grnular_core.simulation.simulate import Simulation, simulated_dataset
from grnular_core.utils.errors import InputError
from grnular_core.workflow.user_data import InputOptions, read_user_data

if TYPE_CHECKING:
    from anndata import AnnData

    Data = GRNDataset | Simulation | AnnData | pd.DataFrame | str | Path
    TFs = str | Path | Sequence[str]


def read(
    data: Data,
    tfs: TFs | None = None,
    truth: str | Path | pd.DataFrame | None = None,
    **options: Any,
) -> GRNDataset:
    """Read expression and TF list, and check them for errors that would make a network wrong.

    Parameters
    ----------
    data : str, Path, AnnData, DataFrame, Simulation or GRNDataset
        Expression: an h5ad file, a csv or tsv table, an mtx file or 10x folder, an AnnData or a
        DataFrame. A simulation brings its TFs and its network; a dataset is returned unchanged.
    tfs : str, Path or sequence of str
        The genes that may regulate: ``human``, ``mouse``, ``all``, a file with one name a line, or
        the names themselves.
    truth : str, Path or DataFrame, optional
        A reference network: ``regulator, target`` and, where known, ``sign``.
    **options
        Of ``InputOptions``: ``n_genes``, ``layer``, ``gene_names``, ``orientation``, ``match``,
        ``duplicates``, ``scaled``, ``normalise``.

    Returns
    -------
    GRNDataset
        Its ``notes`` list the checks and all that was left out.

    Raises
    ------
    InputError
        Without ``tfs``, with ``tfs`` for data that bring them, and for unusable data.
    """
    if isinstance(data, GRNDataset | Simulation):
        if tfs is not None or truth is not None or options:
            raise InputError(
                f"the {type(data).__name__} has its TFs and its network; leave tfs, truth and options out"
            )
        return simulated_dataset(data) if isinstance(data, Simulation) else data
    if tfs is None:
        raise InputError(
            "no TF list (tfs=None); expected the genes that may regulate: tfs='human', 'mouse', a file, a list of "
            "names, or 'all'"
        )
    return read_user_data(InputOptions(data, tfs, truth, **options)).data


def infer(
    data: Data,
    method: str = FOR_CELLS,
    *,
    tfs: TFs | None = None,
    seed: int = 0,
    device: str = "auto",
    n_jobs: int = -1,
    weights: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Infer a gene regulatory network.

    Parameters
    ----------
    data : str, Path, AnnData, DataFrame, Simulation or GRNDataset
        Expression, as in ``read``.
    method : str
        ``grnular-cells`` for measured cells, ``grnular-context`` for direct edges in simulated ones,
        ``grnular`` for the published model, or another name that ``python -m grnular_core methods``
        lists.
    tfs : str, Path or sequence of str
        The genes that may regulate, as in ``read``.
    seed : int
        Same data, method and seed give the same table for any order of the genes.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    n_jobs : int
        Processes of tree methods, -1 for all cores.
    weights : str or Path, optional
        Name or file of trained weights in place of the method's default ones.
    progress : callable, optional
        ``progress(done, total)``.
    **options
        As in ``read``.

    Returns
    -------
    DataFrame, (edges, 5)
        Columns ``regulator, target, weight, sign, rank``, strongest edge first. Weights order the
        edges of one table; they are no probabilities and do not compare between methods.

    Raises
    ------
    InputError
        For data, a method or weights that cannot be used.
    MethodError
        For a method that ends without a usable network.
    """
    run = RunOptions(seed, device, n_jobs, progress, weights=weights)
    return run_method(read(data, tfs, **options), method, run).edges


def strict_scores(edges: pd.DataFrame, data: Data) -> dict[str, float | int | str]:
    """Score an edge table by the strict protocol.

    Parameters
    ----------
    edges : DataFrame
        Columns ``regulator, target, weight``.
    data : GRNDataset or Simulation
        With the reference network, the genes that the method saw and the TFs.

    Returns
    -------
    dict
        ``auprc``, ``auprc_ratio`` (to the density of true edges, the expectation of random scores),
        ``auroc``, ``epr`` and more; numbers that are not defined are NaN, with a reason beside them.

    Raises
    ------
    InputError
        For data without a reference network.
    """
    data = read(data)
    if data.truth is None:
        raise InputError(f"{data.name} has no reference network; scores take one")
    return strict.strict_scores(edges, data.truth, data.genes, data.tfs)
