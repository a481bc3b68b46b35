"""Public functions of ``import grnular_core as gc``."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import kept_edges
from grnular_core.data.gene_lists import ALL, NAMED
from grnular_core.data.names import Duplicates, Match, Orientation, preview
from grnular_core.data.readers import read_expression
from grnular_core.methods.registry import FOR_CELLS, Progress, RunOptions, check_method, method
from grnular_core.scoring import strict
from grnular_core.simulation.simulate import Simulation, simulated_dataset
from grnular_core.utils.errors import GrnularError, InputError, InputWarning
from grnular_core.workflow.analysis import Plan, infer_network
from grnular_core.workflow.report import Inputs, described, make_report
from grnular_core.workflow.user_data import FEW, InputOptions, read_user_data

if TYPE_CHECKING:
    from anndata import AnnData

    Data = GRNDataset | Simulation | AnnData | pd.DataFrame | str | Path
    TFs = str | Path | Sequence[str]

GROUP = "group"  # column of the result
REPORT = "report"  # in the attrs of the result
METHOD_OF = "the second argument is the method"


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
        ``orientation``, ``match``, ``duplicates``, ``scaled``, ``normalise``.

    Returns
    -------
    GRNDataset
        Its ``notes`` list the checks and all that was left out; they are warnings too.

    Raises
    ------
    InputError
        Without ``tfs``, with ``tfs`` for data that bring them, and for unusable data.
    """
    with _words_of_python():
        found = _read(data, tfs, truth, options)
    if found is not data and not isinstance(data, Simulation):
        _warn(found.notes)
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
        ``grnular-cells`` for measured cells, ``grnular-context`` for direct edges in simulated ones,
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
        As in ``read``: ``orientation``, ``match``, ``duplicates``, ``scaled``, ``normalise``.

    Returns
    -------
    DataFrame, (edges, 5)
        Columns ``regulator, target, weight, sign, rank``, strongest edge first, and ``group`` before
        them with ``groupby``. Weights order the edges of one network; they are no probabilities and do
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
    with _words_of_python():
        _check_method(method, weights)
        options |= {
            "layer": layer, "use_raw": use_raw, "gene_symbols": gene_symbols, "n_top_genes": n_top_genes
        }  # fmt: skip
        run = RunOptions(index(seed), device, n_jobs, progress, weights=weights)
        kept_edges(pd.DataFrame(), top)  # a wrong number is refused before the work
        if groupby is None:
            edges, notes = _inferred(data, tfs, options, method, run, top)
        else:
            edges, notes = _inferred_by_group(data, groupby, tfs, options, method, run, top)
    _warn(notes)
    return edges


def _read(
    data: Data, tfs: TFs | None, truth: str | Path | pd.DataFrame | None, options: Mapping[str, Any]
) -> GRNDataset:
    """Read the data without a warning; all notes are the dataset's."""
    if isinstance(data, GRNDataset | Simulation):
        asked = [name for name, value in options.items() if value is not None]
        if tfs is not None or truth is not None or asked:
            raise InputError(
                f"the {type(data).__name__} has its TFs and its network; leave tfs, truth and options out"
            )
        return simulated_dataset(data) if isinstance(data, Simulation) else data
    if tfs is None:
        raise InputError(
            "no TF list (tfs=None); expected the genes that may regulate: tfs='human', 'mouse', a file, a list of "
            "names, or 'all'"
        )
    found = read_user_data(InputOptions(data, tfs, truth, **options))
    return replace(found.data, notes=found.notes)


def _inferred(
    data: Data, tfs: TFs | None, options: Mapping[str, Any], name: str, run: RunOptions, top: int | str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Infer one network: its edges with the report, and notes for the caller."""
    read_data = _read(data, tfs, None, options)
    network = infer_network(read_data, name, run, bar=lambda label: nullcontext(run.progress))
    inputs = _inputs(data, tfs, read_data, options)
    # scores are for who asks for them
    report = make_report(inputs, replace(read_data, truth=None), name, run, Plan(), network)
    edges, note = kept_edges(network.edges, top)
    report = described(report, len(edges))
    edges.attrs[REPORT] = json.loads(json.dumps(report, default=_plain))
    notes = () if isinstance(data, GRNDataset | Simulation) else read_data.notes
    return edges, (*notes, note) if note else notes


def _inputs(
    data: Data, tfs: TFs | None, read_data: GRNDataset, options: Mapping[str, Any]
) -> Inputs:
    """Say where the data came from, for the report."""
    is_file, given = isinstance(data, str | Path), isinstance(tfs, str | Path)
    return Inputs(
        Path(data) if is_file else None,
        str(tfs) if given else f"{len(read_data.tfs if tfs is None else tfs)} names",
        options={key: value for key, value in options.items() if value is not None},
        notes=tuple(map(_in_python, read_data.notes)),
    )


def _inferred_by_group(
    data: Data, column: str, tfs: TFs | None, options: Mapping[str, Any], name: str, run: RunOptions,
    top: int | str | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Infer one network for each group of cells."""
    cells = read_expression(data) if isinstance(data, str | Path) else data
    groups, notes = _groups(cells, column)
    tables, said = {}, {}
    for group, members in groups.items():
        try:
            tables[group], said[group] = _inferred(cells[members], tfs, options, name, run, top)
        except GrnularError as error:
            error.args = (f"group {group!r} of {column!r}: {error}",)
            raise
    found = pd.concat(tables, names=[GROUP, None]).reset_index(GROUP).reset_index(drop=True)
    reports = {group: edges.attrs[REPORT] for group, edges in tables.items()}
    found.attrs = {REPORT: {"groupby": column, "groups": reports, "notes": list(notes)}}
    return found, [*notes, *_merged(said)]


def _groups(cells: AnnData, column: str) -> tuple[dict[str, Any], list[str]]:
    """Find the cells of each group that has enough of them, and say what is left out."""
    obs = getattr(cells, "obs", None)
    if obs is None or column not in obs:
        there = "no .obs" if obs is None else preview(obs.columns, 8) or "no column"
        raise InputError(f"no column {column!r} of cells (it has {there}); groupby names one of an AnnData's .obs")
    labels, notes = obs[column], []
    counts = labels.astype(object).dropna().map(str).value_counts().sort_index()
    if not (counts >= FEW).any():
        sizes = preview([f"{group}: {n}" for group, n in counts.items()])
        raise InputError(
            f"no group of the column {column!r} has {FEW} cells or more ({sizes or 'all labels are missing'}); fewer "
            "give no network. Name a column of larger groups, or leave groupby out"
        )
    small = counts[counts < FEW]
    if len(small):
        sizes = preview([f"{group} ({n})" for group, n in small.items()])
        notes.append(f"groups of fewer than {FEW} cells are left out: {sizes}")
    if labels.isna().any():
        notes.append(f"{labels.isna().sum()} cells without a label in {column!r} are left out")
    texts = labels.astype(object).map(str, na_action="ignore")
    return {group: (texts == group).to_numpy() for group in counts.index[counts >= FEW]}, notes


def _merged(said: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the group before its notes, but say once what is the same for all."""
    shared = set.intersection(*map(set, said.values()))
    merged = [
        note if note in shared else f"{group}: {note}" for group, notes in said.items() for note in notes
    ]
    return list(dict.fromkeys(merged))


def _check_method(name: object, weights: str | Path | None) -> None:
    """Refuse an unknown method before anything is read; a TF list in its place gets its own message."""
    if not isinstance(name, str):
        raise InputError(f"method is a {type(name).__name__}; {METHOD_OF}: give a TF list as tfs=...")
    if name.strip().lower() in (*NAMED, ALL) or Path(name).suffix in (".txt", ".csv", ".tsv"):
        raise InputError(
            f"{name!r} is no method but a TF list; {METHOD_OF}: infer(data, tfs={name!r})"
        )
    check_method(method(name), weights)


def _plain(value: Any) -> Any:
    """Return a number of NumPy or a path as json can hold it."""
    return value.item() if hasattr(value, "item") else str(value)


def _warn(notes: Sequence[str]) -> None:
    """Hand notes to the first caller outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("grnular_core"):
        frame, level = frame.f_back, level + 1
    for note in dict.fromkeys(notes):
        warnings.warn(_in_python(note), InputWarning, stacklevel=level)


# --- messages name options of the command line; Python calls some of them otherwise

_RULES = "|".join(
    sorted({*NAMED, ALL, *get_args(Match), *get_args(Duplicates), *get_args(Orientation)}, key=len)[::-1]
)
_OPTION = re.compile(
    r"--(?:(?P<flag>normalise|scaled)\b|"
    r"(?P<name>layer|gene-names|tfs|match|duplicates|orientation|genes|top)\b"
    rf"(?: (?P<value>(?<=--layer )(?!with\b)[\w.-]*\w|(?<=--gene-names )(?!is\b)[\w.-]*\w|(?:{_RULES})\b(?!-)))?)"
)
_NAMES = {"gene-names": "gene_symbols", "genes": "n_top_genes"}


def _in_python(text: str) -> str:
    """Spell the command line's options in a message as keywords of ``infer``."""

    def keyword(found: re.Match[str]) -> str:
        if found["flag"]:
            return f"{found['flag']}=True"
        name = _NAMES.get(found["name"], found["name"])
        return f"{name}={found['value']!r}" if found["value"] else name

    return _OPTION.sub(keyword, text)


@contextmanager
def _words_of_python() -> Iterator[None]:
    """Spell the options in an error of this package as keywords."""
    try:
        yield
    except GrnularError as error:
        error.args = (_in_python(str(error)),)
        raise


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
    data = _read(data, None, None, {})
    if data.truth is None:
        raise InputError(f"{data.name} has no reference network; scores take one")
    return strict.strict_scores(edges, data.truth, data.genes, data.tfs)
