"""The report of a run as one HTML page: network, table of edges, plots, methods, versions and hashes.

The page is the template ``report.html`` with two kinds of content: text, escaped here, and numbers and names as json,
which the page's script shows as text and never as markup. It asks for nothing on the network.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from grnular_core.workflow.network_files import strongest
from grnular_core.workflow.report import flat

ROWS = 5000  # of the table in the page: 0.3 MB
DRAWN = 200  # at most so many edges in the picture
BINS = 20  # of the histogram of stability, where there are more bootstraps
COLUMNS = ("weight", "sign", "precision", "stability", "mean_rank", "q_value")
OUTSIDE_THE_TABLE = ("methods_text",)  # of the report: shown elsewhere in the page
_MARK = re.compile(r"\{\{(\w+)\}\}")


def html_page(
    edges: pd.DataFrame, tfs: Sequence[str], report: Mapping[str, Any], drawn: int = 40
) -> str:
    """Write the page.

    Parameters
    ----------
    edges : DataFrame
        The edge table, strongest first, with columns on reliability where there are any.
    tfs : sequence of str
    report : mapping
        Of ``described``; what is missing in it is left out of the page.
    drawn : int
        Edges in the picture at first.

    Returns
    -------
    str
        A whole HTML document; equal input gives an equal page.
    """
    method, data = report.get("method", {}), report.get("data", {})
    title = f"Gene regulatory network of {report.get('input', {}).get('expression') or 'cells'}"
    lines = [line for key, value in report.items() if key not in OUTSIDE_THE_TABLE for line in flat({key: value})]
    text = {
        "title": html.escape(title),
        "subtitle": html.escape(", ".join(_subtitle(method, data, report))),
        "methods": html.escape(report.get("methods_text", "")),
        "rows": "".join(
            f"<tr><th scope=row>{html.escape(key)}</th><td>{html.escape(value)}</td></tr>" for key, value in lines
        ),
        "data": _in_script(_content(edges, tfs, report, drawn)),
    }  # fmt: skip
    template = (files("grnular_core.workflow") / "report.html").read_text(encoding="utf-8")
    return _MARK.sub(lambda mark: text[mark[1]], template)  # in one pass: no text is taken for a mark


def _subtitle(
    method: Mapping[str, Any], data: Mapping[str, Any], report: Mapping[str, Any]
) -> list[str]:
    """Say in short what the network is."""
    found = [f"method {method['name']}"] if "name" in method else []
    found += [f"{data[what]:,} {name}" for what, name in (("cells", "cells"), ("genes", "genes"), ("tfs", "TFs")) if what in data]
    if "made_by" in report:
        found.append(str(report["made_by"]))
    if "finished_utc" in report:
        found.append(f"{report['finished_utc'][:16].replace('T', ' ')} UTC")
    return found


def _in_script(content: Mapping[str, Any]) -> str:
    """Return json that no name can end early: without the letters that mean anything to HTML."""
    found = json.dumps(content, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        found = found.replace(letter, f"\\u{ord(letter):04x}")
    return found


def _content(
    edges: pd.DataFrame, tfs: Sequence[str], report: Mapping[str, Any], drawn: int
) -> dict[str, Any]:
    """Collect what the script shows."""
    rows = edges.head(ROWS)
    graph = strongest(edges, tfs, DRAWN) if len(edges) else edges.assign(directed=True)
    ends = [table[end].astype(str) for table in (rows, graph) for end in ("regulator", "target")]
    names = list(dict.fromkeys(pd.concat(ends)))
    number, known = {name: i for i, name in enumerate(names)}, frozenset(tfs)

    def numbers(table: pd.DataFrame, columns: Sequence[str]) -> list[list[Any]]:
        pairs = [table[end].astype(str).map(number).tolist() for end in ("regulator", "target")]
        return [list(row) for row in zip(*pairs, *(_values(table[name]) for name in columns), strict=True)]

    columns = [name for name in COLUMNS if name in edges]
    result = report.get("result", {})
    return {
        "names": names,
        "tfs": [i for i, name in enumerate(names) if name in known],
        "columns": ["regulator", "target", *columns],
        "rows": numbers(rows, columns),
        "graph": numbers(graph, ["sign", "directed"]),
        "drawn": drawn,
        "total": result.get("edges_kept", len(edges)),
        "stability": _histogram(edges, report),
        "chance": result.get("stability_by_chance"),
        "fdr": _fdr_curve(edges["q_value"].to_numpy()) if "q_value" in edges else [],
    }


def _values(column: pd.Series) -> list[Any]:
    """Return values that json can hold: six digits, None where there is none."""
    if column.dtype.kind in "iub":
        return column.tolist()
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in column]


def _fdr_curve(q: np.ndarray) -> list[list[float]]:
    """Follow the estimated FDR over at most 200 numbers of edges taken, strongest first."""
    at = np.unique(np.geomspace(1, len(q), 200).astype(int)) if len(q) else np.zeros(0, dtype=int)
    return np.column_stack([at, q[at - 1]]).tolist()


def _histogram(edges: pd.DataFrame, report: Mapping[str, Any]) -> list[list[float]]:
    """Count edges by stability: lower end, upper end, edges; one bin for each number of bootstraps where these are few."""
    if "stability" not in edges:
        return []
    shares = edges["stability"].dropna().to_numpy()
    n = report.get("method", {}).get("bootstraps") or BINS
    around = 0.5 / n if n <= BINS else 0.0
    ends = np.linspace(-around, 1 + around, (n if n <= BINS else BINS - 1) + 2)
    counts, _ = np.histogram(shares, ends)
    return [[float(a), float(b), int(c)] for a, b, c in zip(ends[:-1], ends[1:], counts, strict=True)]
