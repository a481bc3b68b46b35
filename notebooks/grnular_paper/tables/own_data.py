"""Tables of the page on a user's cells: first edges, stability, false discovery rate, scores.

Parameters
----------
n_genes : int
    Most variable TFs and other genes to keep; 0: all.
notes : iterable of str
    Lines, with or without "note: " before them.
edges : DataFrame
    An edge table, with ``stability, mean_rank`` and ``q_value`` where these were computed; the first ``n`` are shown.
n : int
    How many edges.
stable : DataFrame
    The strongest edges with their ``stability``.
top, pairs : int
    How many edges count as the strongest of a run, and all pairs of a TF and a gene.
q_values : ndarray, shape (edges,)
    Of all edges.
levels : sequence of float
    False discovery rates.
scores : DataFrame
    ``method, auprc, auprc_ratio, auroc, epr``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from grnular_core.data.beeline import load_beeline
from grnular_core.data.dataset import GRNDataset
from grnular_core.plotting.style import label
from grnular_core.workflow.resampling import most_variable
from grnular_core.workflow.stability import edges_at
from grnular_paper.real_data import pairs_without_data

EXAMPLE = ("mESC", "Cell-type-specific-ChIP-seq")
STABLE = 0.9  # share of the bootstraps from which on an edge is called stable
SIGNS = {1: "+", -1: "−", 0: "?"}


def example(n_genes: int) -> tuple[GRNDataset | None, str]:
    """Return the mouse stem cells that the page runs on without a file.

    Returns
    -------
    data : GRNDataset or None
        The cells, where available.
    reason : str
        Why they are not, as a sentence.
    """
    reason = pairs_without_data(EXAMPLE[:1], EXAMPLE[1:], "TFs+500").get(EXAMPLE)
    if reason is not None:
        return None, f"*The data are not available: {EXAMPLE[0]} {reason}.*"
    data = load_beeline(*EXAMPLE)
    return (most_variable(data, n_genes) if n_genes else data), ""


def notes_list(notes: Iterable[str]) -> str:
    """Return notes of reading as a Markdown list.

    Returns
    -------
    str
        A line each.
    """
    return "\n".join("- " + note.removeprefix("note: ") for note in notes)


def first_edges(edges: pd.DataFrame, n: int = 20) -> pd.DataFrame:
    """Return the strongest edges as readers see them.

    Returns
    -------
    DataFrame
        Texts, the strongest edge first.
    """
    first = edges.head(n)
    columns = {
        "rank": first["rank"].astype(str),
        "regulator": first["regulator"],
        "target": first["target"],
        "sign": first["sign"].map(SIGNS),
        "weight": first["weight"].map("{:.4g}".format),
    }
    if "stability" in first:
        columns["stability"] = first["stability"].map("{:.2f}".format)
        columns["mean rank"] = first["mean_rank"].map("{:.0f}".format)
    if "q_value" in first:
        columns["q"] = first["q_value"].map("{:.2g}".format)
    return pd.DataFrame(columns)


def stability_in_words(stable: pd.DataFrame, top: int, pairs: int) -> str:
    """How many of the strongest edges come back in nearly all bootstraps, and how often chance would do it.

    Returns
    -------
    str
        Two sentences.
    """
    share = (stable["stability"] >= STABLE).mean()
    chance = 100 * min(top / pairs, 1)
    percent = f"{chance:.0f}" if chance >= 10 else f"{chance:.2g}"
    return (
        f"{100 * share:.0f} % of the {len(stable)} strongest edges are among them again in {100 * STABLE:.0f} % of the "
        f"runs or more. By chance an edge is among them in {percent} % of the runs."
    )


def fdr_table(q_values: np.ndarray, levels: Sequence[float]) -> pd.DataFrame:
    """How many edges each level of the false discovery rate leaves.

    Returns
    -------
    DataFrame
        Texts, a line a level.
    """
    counts = edges_at(q_values, levels)
    rows = [(f"{level:g}", str(counts[level]), f"{len(q_values):,}") for level in levels]
    return pd.DataFrame(rows, columns=["FDR at most", "edges", "of"])


def score_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of the method and of the controls as readers see them.

    Returns
    -------
    DataFrame
        Texts, a line a method.
    """
    return pd.DataFrame(
        {
            "method": scores["method"].map(label),
            "AUPRC": scores["auprc"].map("{:.4f}".format),
            "AUPRC / random": scores["auprc_ratio"].map("{:.2f}".format),
            "AUROC": scores["auroc"].map("{:.3f}".format),
            "EPR": scores["epr"].map("{:.2f}".format),
        }
    )
