"""What the functions for Python are given and what they say.

Data are read, methods and groups looked up, reports kept as plain values. Messages name options of the command line;
here they become keywords.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.gene_lists import ALL, NAMED
from grnular_core.data.names import Duplicates, Match, Orientation, preview
from grnular_core.data.values import ValuesAre
from grnular_core.methods.registry import check_method, method
from grnular_core.simulation.simulate import Simulation, simulated_dataset
from grnular_core.utils.errors import GrnularError, InputError, InputWarning
from grnular_core.workflow.report import Inputs
from grnular_core.workflow.user_data import FEW, InputOptions, read_user_data

if TYPE_CHECKING:
    from anndata import AnnData

    Data = GRNDataset | Simulation | AnnData | pd.DataFrame | str | Path
    TFs = str | Path | Sequence[str]

REPORT = "report"  # in the attrs of a result
METHOD_OF = "the second argument is the method"
_CHOICES = (Match, Duplicates, Orientation, ValuesAre)
_RULES = "|".join(sorted({*NAMED, ALL, *(word for kind in _CHOICES for word in get_args(kind))}, key=len)[::-1])
_OPTION = re.compile(
    r"--(?:(?P<flag>normalise|scaled)\b|"
    r"(?P<name>method|layer|gene-names|tfs|match|duplicates|orientation|values-are|genome|genes|top)\b"
    r"(?: (?P<value>(?<=--method )[\w-]*\w|(?<=--layer )(?!with\b)[\w.-]*\w|(?<=--gene-names )(?!(?:is|if)\b)[\w.-]*\w|"
    r"(?<=--genome )[\w.-]*\w|"
    rf"(?:{_RULES})\b(?!-)))?)"
)
_NAMES = {"gene-names": "gene_symbols", "genes": "n_top_genes", "values-are": "values_are"}


def check_named(name: object, weights: str | Path | None) -> None:
    """Refuse an unknown method before anything is read; a TF list in its place gets its own message.

    Parameters
    ----------
    name : object
        What stands in the place of the method.
    weights : str or Path, optional

    Raises
    ------
    InputError
        For a name that is none of a method, and for weights that it does not take.
    """
    if not isinstance(name, str):
        raise InputError(f"method is a {type(name).__name__}; {METHOD_OF}: give a TF list as tfs=...")
    if name.strip().lower() in (*NAMED, ALL) or Path(name).suffix in (".txt", ".csv", ".tsv"):
        raise InputError(
            f"{name!r} is no method but a TF list; {METHOD_OF}: infer(data, tfs={name!r})"
        )
    check_method(method(name), weights)


def read_given(
    data: Data, tfs: TFs | None, truth: str | Path | pd.DataFrame | None, options: Mapping[str, Any]
) -> GRNDataset:
    """Read the data without a warning.

    Parameters
    ----------
    data, tfs, truth
        As in ``grnular_core.read``.
    options : mapping
        Of ``InputOptions``.

    Returns
    -------
    GRNDataset
        Its notes are those of reading, too.
    """
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


def groups_of_cells(cells: AnnData, column: str) -> tuple[dict[str, Any], list[str]]:
    """Find the cells of each group that has enough of them, and say what is left out.

    Parameters
    ----------
    cells : AnnData
        With ``.obs``.
    column : str
        Its column with the groups.

    Returns
    -------
    groups : dict of str to ndarray, shape (cells,)
        True for the cells of a group, in the order of names.
    notes : list of str
        Small groups and cells without a label.

    Raises
    ------
    InputError
        Without the column, or without a group of ``FEW`` cells.
    """
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


def inputs_of(
    data: Data, tfs: TFs | None, read_data: GRNDataset, options: Mapping[str, Any]
) -> Inputs:
    """Say where the data came from, for the report.

    Parameters
    ----------
    data, tfs
        As they were given.
    read_data : GRNDataset
    options : mapping
        How it was read; None means not given.

    Returns
    -------
    Inputs
        With the notes in words of Python.
    """
    is_file, given = isinstance(data, str | Path), isinstance(tfs, str | Path)
    return Inputs(
        Path(data) if is_file else None,
        str(tfs) if given else f"{len(read_data.tfs if tfs is None else tfs)} names",
        options={key: value for key, value in options.items() if value is not None},
        notes=tuple(map(_in_python, read_data.notes)),
    )


def with_report(table: pd.DataFrame, report: Mapping[str, Any]) -> pd.DataFrame:
    """Keep a report with its table, as values that JSON can hold.

    Parameters
    ----------
    table : DataFrame
    report : mapping

    Returns
    -------
    DataFrame
    """
    table.attrs[REPORT] = json.loads(json.dumps(report, default=_plain))
    return table


def _plain(value: Any) -> Any:
    """Return a number of NumPy or a path as json can hold it."""
    return value.item() if hasattr(value, "item") else str(value)


def _in_python(text: str) -> str:
    """Spell the command line's options in a message as keywords: "pass --layer raw" as "pass layer='raw'"."""

    def keyword(found: re.Match[str]) -> str:
        if found["flag"]:
            return f"{found['flag']}=True"
        name = _NAMES.get(found["name"], found["name"])
        return f"{name}={found['value']!r}" if found["value"] else name

    return _OPTION.sub(keyword, text)


@contextmanager
def words_of_python() -> Iterator[None]:
    """Spell the options in an error of this package as keywords.

    Yields
    ------
    None
    """
    try:
        yield
    except GrnularError as error:
        error.args = (_in_python(str(error)),)
        raise


def warn(notes: Sequence[str]) -> None:
    """Hand notes to the first caller outside this package, each once, as an ``InputWarning``.

    Parameters
    ----------
    notes : sequence of str
        In the words of the command line.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("grnular_core"):
        frame, level = frame.f_back, level + 1
    for note in dict.fromkeys(notes):
        warnings.warn(_in_python(note), InputWarning, stacklevel=level)
