"""Public functions of ``import grnular_core as gc``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import kept_edges
from grnular_core.data.readers import read_expression
from grnular_core.methods.registry import FOR_CELLS, Progress, RunOptions, with_precision
from grnular_core.scoring import strict
from grnular_core.simulation.simulate import Simulation
from grnular_core.utils.cluster import repeated
from grnular_core.utils.errors import GrnularError, InputError
from grnular_core.workflow.analysis import Plan, infer_network
from grnular_core.workflow.given import (
    REPORT,
    check_named,
    groups_of_cells,
    inputs_of,
    read_given,
    warn,
    with_report,
    words_of_python,
)
from grnular_core.workflow.report import described, make_report
from grnular_core.workflow.unlike import method_notes

if TYPE_CHECKING:
    from anndata import AnnData

    from grnular_core.workflow.given import Data, TFs

GROUP = "group"  # column of the result


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
        Expression: a file or folder as in ``data.readers`` (h5ad, 10x, mtx, csv, loom ...), an AnnData (in
        memory, a view, backed or of dask arrays) or a DataFrame. A simulation brings its TFs and its
        network; a dataset is returned unchanged.
    tfs : str, Path or sequence of str
        The genes that may regulate: ``human`` or ``mouse``, ``human-broad`` or ``mouse-broad`` (with
        cofactors and more), ``all``, a file with one name a line, or the names themselves.
    truth : str, Path or DataFrame, optional
        A reference network: ``regulator, target`` and, where known, ``sign``.
    **options
        Of ``InputOptions``: ``layer``, ``use_raw``, ``gene_symbols``, ``n_top_genes``,
        ``orientation``, ``match``, ``duplicates``, ``scaled``, ``normalise``, ``values_are``, ``genome``.

    Returns
    -------
    GRNDataset
        Its ``notes`` list the checks and all that was left out; they are warnings too.

    Raises
    ------
    InputError
        Without ``tfs``, with ``tfs`` for data that bring them, and for unusable data.
    """
    with words_of_python():
        found = read_given(data, tfs, truth, options)
    if found is not data and not isinstance(data, Simulation):
        warn(found.notes)
    return found


def infer(
    data: Data,
    method: str = FOR_CELLS,
    *,
    tfs: TFs | None = None,
    layer: str | None = None,
    use_raw: bool | None = None,
    gene_symbols: str | None = None,
    n_top_genes: int | None = None,
    groupby: str | None = None,
    top: int | str | None = None,
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
        Expression, as in ``read``; it is never changed.
    method : str
        ``grnular-curated`` for measured cells, ``grnular-context`` for direct edges in simulated ones,
        ``grnular`` for the published model, or another name that ``python -m grnular_core methods``
        lists.
    tfs : str, Path or sequence of str
        The genes that may regulate, as in ``read``.
    layer : str, optional
        Layer of an AnnData, in place of ``X``.
    use_raw : bool, optional
        True takes ``.raw`` of an AnnData.
    gene_symbols : str, optional
        Column of ``.var`` with the names of the genes, where its index has ids.
    n_top_genes : int, optional
        Keep so many of the most variable TFs and so many of the most variable other genes; by default all.
    groupby : str, optional
        Column of ``.obs``: one network for each of its groups of cells, each read as data of its own.
        Groups of fewer than 50 cells are left out, with a warning.
    top : int or "all", optional
        Strongest edges that are kept of each network. By default a million, which a note says where it
        leaves edges out; "all" keeps every edge.
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
        As in ``read``: ``orientation``, ``match``, ``duplicates``, ``scaled``, ``normalise``, ``values_are``, ``genome``.

    Returns
    -------
    DataFrame
        Columns ``regulator, target, weight, sign, rank``, strongest edge first, and ``group`` before
        them with ``groupby``; of ``grnular-curated`` also ``precision, precision_low, precision_high``, as
        ``methods.curated.expected_precision`` says. Weights order the edges of one network; they are no probabilities and do
        not compare between methods or groups. ``attrs["report"]`` says how they were made, as values that
        JSON can hold: what was read, notes, method, weights, seed, versions; with ``groupby`` it has
        ``groups``, with a report for each.

    Raises
    ------
    InputError
        For data, a method or weights that cannot be used.
    MethodError
        For a method that ends without a usable network.

    Warns
    -----
    InputWarning
        Each note on the data, once.
    """
    if not isinstance(tfs, str | Path | None):
        tfs = sorted(tfs) if isinstance(tfs, set | frozenset) else list(tfs)
    with words_of_python():
        check_named(method, weights)
        options |= {
            "layer": layer, "use_raw": use_raw, "gene_symbols": gene_symbols, "n_top_genes": n_top_genes
        }  # fmt: skip
        run = RunOptions(index(seed), device, n_jobs, progress, weights=weights)
        kept_edges(pd.DataFrame(), top)  # a wrong number is refused before the work
        if groupby is None:
            edges, notes = _inferred(data, tfs, options, method, run, top)
        else:
            edges, notes = _inferred_by_group(data, groupby, tfs, options, method, run, top)
    warn(notes)
    return edges


def _inferred(
    data: Data, tfs: TFs | None, options: Mapping[str, Any], name: str, run: RunOptions, top: int | str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Infer one network: its edges with the report, and notes for the caller."""
    read_data = read_given(data, tfs, None, options)
    read_data = replace(read_data, notes=(*read_data.notes, *method_notes(read_data, name, run.weights)))
    network = infer_network(read_data, name, run, bar=lambda label: nullcontext(run.progress))
    inputs = inputs_of(data, tfs, read_data, options)
    # scores are for who asks for them
    report = make_report(inputs, replace(read_data, truth=None), name, run, Plan(), network)
    edges, note = kept_edges(network.edges, top)
    edges = with_precision(edges, name, run.weights)
    notes = () if isinstance(data, GRNDataset | Simulation) else read_data.notes
    return with_report(edges, described(report, len(edges))), (*notes, note) if note else notes


def _inferred_by_group(
    data: Data, column: str, tfs: TFs | None, options: Mapping[str, Any], name: str, run: RunOptions,
    top: int | str | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Infer one network for each group of cells."""
    cells = read_expression(data) if isinstance(data, str | Path) else data
    groups, notes = groups_of_cells(cells, column)
    shared = (cells, groups, column, tfs, options, name, replace(run, progress=None), top)
    results = list(repeated(_of_group, len(groups), *shared, progress=run.progress))
    tables = {group: edges for group, (edges, _) in zip(groups, results, strict=True)}
    said = {group: of for group, (_, of) in zip(groups, results, strict=True)}
    found = pd.concat(tables, names=[GROUP, None]).reset_index(GROUP).reset_index(drop=True)
    reports = {group: edges.attrs[REPORT] for group, edges in tables.items()}
    found.attrs = {REPORT: {"groupby": column, "groups": reports, "notes": list(notes)}}
    return found, [*notes, *_merged(said)]


def _of_group(
    number: int, cells: AnnData, groups: Mapping[str, np.ndarray], column: str, *how: Any
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Infer the network of one group; an error names it."""
    group = list(groups)[number]
    try:
        return _inferred(cells[groups[group]], *how)
    except GrnularError as error:
        error.args = (f"group {group!r} of {column!r}: {error}",)
        raise


def _merged(said: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the group before its notes, but say once what is the same for all."""
    shared = set.intersection(*map(set, said.values()))
    merged = [
        note if note in shared else f"{group}: {note}" for group, notes in said.items() for note in notes
    ]
    return list(dict.fromkeys(merged))


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
    data = read_given(data, None, None, {})
    if data.truth is None:
        raise InputError(f"{data.name} has no reference network; scores take one")
    return strict.strict_scores(edges, data.truth, data.genes, data.tfs)
