"""A user's own cells in the notebook: the example on droplets, notes of the package, files written at the end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import grnular_core as gc
from grnular_core.data.edges import write_edges
from grnular_core.data.readers import files_read
from grnular_core.utils.errors import DownloadError
from grnular_core.workflow.exports import check_outputs, write_report
from grnular_paper.more_cells import kang_conditions
from grnular_paper.page import say

if TYPE_CHECKING:
    from anndata import AnnData

NOT_RUN = "*Not run: the data are not available.*"


def cells_or_example(expression: str) -> AnnData | str | None:
    """Return the user's file, or the example: 2,000 human blood cells with and without interferon-beta.

    Parameters
    ----------
    expression : str
        A file, or the empty text.

    Returns
    -------
    str, AnnData or None
        None where the example can not be had, which is shown.
    """
    if expression:
        return expression
    try:
        return kang_conditions()
    except DownloadError as error:
        say(f"{NOT_RUN} {error}")
        return None


def noted(shown: set[str], function: Callable[..., pd.DataFrame], *given: Any, **options: Any) -> pd.DataFrame:
    """Call a function of ``grnular_core`` and show its notes as a list, each once.

    Parameters
    ----------
    shown : set of str
        Notes of earlier calls; the new ones are added.
    function : callable
        Such as ``grnular_core.infer``.
    *given, **options
        Its arguments; an empty text means not given.

    Returns
    -------
    DataFrame
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", gc.InputWarning)
        found = function(*given, **{name: None if value == "" else value for name, value in options.items()})
    notes = [str(note.message) for note in caught if issubclass(note.category, gc.InputWarning)]
    say("\n".join(f"- {note}" for note in notes if note not in shown))
    shown.update(notes)
    return found


def output_files(folder: str, methods: list[str], expression: str, tfs: str) -> dict[str, Path]:
    """Name the files to write, before hours of work.

    Parameters
    ----------
    folder : str
        Where; empty: nowhere.
    methods : list of str
        That compare two conditions.
    expression, tfs : str
        Inputs, which are not to be overwritten.

    Returns
    -------
    dict of str to Path
        ``edges``, ``report`` and each of the methods; empty without a folder.

    Raises
    ------
    InputError
        Where a file would take the place of an input.
    """
    if not folder:
        return {}
    Path(folder).mkdir(parents=True, exist_ok=True)
    names = {"edges": "edges.csv", "report": "edges.report.json", **{m: f"differences.{m}.csv" for m in methods}}
    files = {what: Path(folder) / name for what, name in names.items()}
    inputs = [*(files_read(expression) if expression else []), tfs]
    for what in ("edges", *methods):
        check_outputs(files[what], {"report": files["report"]}, inputs, "output_folder")
    return files


def write_results(files: Mapping[str, Path], edges: pd.DataFrame, changes: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables and the report, and show their names.

    Parameters
    ----------
    files : mapping of str to Path
        Of ``output_files``.
    edges : DataFrame
        Of ``grnular_core.infer``.
    changes : mapping of str to DataFrame
        Method -> table of ``grnular_core.compare``.

    Raises
    ------
    WriteError
        When a file cannot be written.
    """
    written = {"edges": edges, **changes} if files else {}
    for what, table in written.items():
        write_edges(table, files[what])
    if files:
        write_report(edges.attrs["report"], files["report"])
        say("Written: " + ", ".join(f"`{files[what].name}`" for what in (*written, "report")) + ".")
