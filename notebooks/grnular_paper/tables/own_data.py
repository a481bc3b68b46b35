"""Tables of the page on a user's cells: first edges, differences of two conditions.

Parameters
----------
edges : DataFrame
    An edge table of ``grnular_core.infer``; the first ``n`` of each group are shown.
n : int
    How many edges.
changes : mapping of str to DataFrame
    Method -> table of ``grnular_core.compare``.
known : str
    TFs that the difference is known to act by, separated by commas.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from grnular_core.plotting.style import label

LEVEL = 0.1  # FDR
SIGNS = {1: "+", -1: "−", 0: "?"}


def first_edges(edges: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """Return the strongest edges as readers see them.

    Returns
    -------
    DataFrame
        Texts, the strongest edge first; with ``group`` where there are groups.
    """
    first = edges[edges["rank"] <= n]
    shown = {"sign": first["sign"].map(SIGNS), "weight": first["weight"].map("{:.4g}".format)}
    return first.assign(**shown)[[name for name in ("group", "rank", "regulator", "target", "sign", "weight") if name in first]]


def differences_table(changes: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the edges that differ by each method.

    Returns
    -------
    DataFrame
        Texts, a line a method: edges with q up to 0.1, of all; how many are stronger in b; how many labelings have as many;
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
