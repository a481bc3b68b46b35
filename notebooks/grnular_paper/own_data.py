"""A user's own cells in the notebook: the example on droplets, notes of the package, tables, files written at the end.

Parameters
----------
edges : DataFrame
    An edge table of ``grnular_core.infer``; of it the first ``n`` of each group are shown.
n : int
    How many edges.
changes : mapping of str to DataFrame
    Method -> table of ``grnular_core.compare``.
known : str
    TFs that the difference is known to act by, separated by commas.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import grnular_core as gc
from grnular_core.data.edges import write_edges
from grnular_core.data.readers import files_read
from grnular_core.plotting.style import label
from grnular_core.utils.errors import DownloadError
from grnular_core.workflow.exports import check_outputs, write_report
from grnular_paper.more_cells import kang_conditions
from grnular_paper.page import say

if TYPE_CHECKING:
    from anndata import AnnData

NOT_RUN = "*Not run: the data are not available.*"
LEVEL = 0.1  # FDR
SIGNS = {1: "+", -1: "−", 0: "?"}


def cells_or_example(expression: str) -> AnnData | str | None:
    """Return the user's file, or the example: 2,000 human blood cells with and without interferon-beta.

    Parameters
    ----------
    expression : str
        A file, or the empty text.

    Returns
    -------
    str, AnnData or None
        None where the example cannot be had, which is shown.
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


def first_edges(edges: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """Return the strongest edges as readers see them.

    Returns
    -------
    DataFrame
        Texts, the strongest edge first; with ``group`` where there are groups, and ``precision [low, high]`` where the method
        states it.
    """
    first = edges[edges["rank"] <= n]
    shown = {"sign": first["sign"].map(SIGNS), "weight": first["weight"].map("{:.4g}".format)}
    if "precision" in first:
        ends = zip(first["precision"], first["precision_low"], first["precision_high"], strict=True)
        shown["precision [low, high]"] = [f"{mean:.2g} [{low:.2g}, {high:.2g}]" for mean, low, high in ends]
    columns = ("group", "rank", "regulator", "target", "sign", "weight", "precision [low, high]")
    table = first.assign(**shown)
    return table[[name for name in columns if name in table]]


def first_caption(edges: pd.DataFrame, method: str) -> str:
    """Say what ``first_edges`` shows.

    Parameters
    ----------
    method : str
        As asked for.

    Returns
    -------
    str
        Markdown.
    """
    text = f"The strongest of {len(edges):,} edges by `{method}`. Weights have no unit and order the edges of one network."
    if "precision" in edges:
        text += (
            " *Precision*: share of pairs with such a weight that are edges of the curated network CollecTRI, mean over eight "
            "sets of cells, each scored by a fit without it; in brackets the lowest and the highest of them."
        )
    return text


def differences_table(changes: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the edges that differ by each method, with the p of the whole comparison.

    Returns
    -------
    DataFrame
        Texts, a line a method: edges with q up to ``LEVEL``, of all; how many are stronger in b; how many labelings have as many;
        the first ones.
    """
    lines = []
    for method, table in changes.items():
        asked, differ = table.attrs["report"]["comparison"], table[table["q"] <= LEVEL]
        first = [f"{row.regulator} → {row.target}" for row in differ.head(5).itertuples()]
        lines.append({
            "method": label(method), "edges that differ": f"{len(differ):,} of {len(table):,}",
            f"stronger in {asked['b']}": f"{(differ['weight_b'] > differ['weight_a']).sum():,}",
            "overall p": f"{asked['overall_p']:.2g}", "first ones": ", ".join(first) or "none",
        })  # fmt: skip
    return pd.DataFrame(lines)


def known_in_words(changes: Mapping[str, pd.DataFrame], known: str) -> str:
    """Say which TFs have most of the edges that differ, and which known ones are among them, by the first method.

    Returns
    -------
    str
        Two sentences; empty where no edge differs.
    """
    method, table = next(iter(changes.items()))
    counts = table[table["q"] <= LEVEL]["regulator"].value_counts()
    if counts.empty:
        return ""
    top = ", ".join(f"{tf} ({n})" for tf, n in counts.head(6).items())
    said = f"By {label(method)}, TFs with most of these edges are {top}."
    names = [name.strip() for name in known.split(",") if name.strip()]
    if not names:
        return said
    found = ", ".join(f"{tf} ({counts[tf]})" for tf in names if tf in counts) or "none"
    missing = ", ".join(tf for tf in names if tf not in counts) or "none"
    return f"{said} Of the TFs known to act here there are {found}; not there: {missing}."


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
