"""Tables of the page on dropout (Figs 5 and 6): the floor of the AUROC, and which genes survive.

Parameters
----------
recorded : DataFrame
    Rows of the experiment "noisy", ``grids.rows``; those with the list of TFs count.
means : DataFrame
    Of ``auroc_means``.
left : DataFrame
    Of ``survival``.
simulation : Simulation
    Expression (cells, genes) and the network behind it.
n_graphs, n_cells : int
    The first test graphs of each dropout, and their cells, of five types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.simulation.simulate import Simulation
from grnular_paper import grids
from grnular_paper.synthetic import SyntheticTask, replicate_of

SHOWN = ("grnular-context", "grnular", "glad-tf", "grnboost2", "grnboost2-tuned", "ridge-tuned", "correlation")


class Seen(NamedTuple):
    """Shares of a simulation that remain after dropout."""

    genes: float  # with any expression
    tfs: float  # with any expression
    edges: float  # true ones between such genes


def auroc_means(recorded: pd.DataFrame) -> pd.DataFrame:
    """Mean AUROC of both protocols at each dropout, beside that of random scores.

    Returns
    -------
    DataFrame
        ``method, dropout, paper, floor, strict``, a line a method and dropout recorded: means over all
        numbers of cells.
    """
    rows = recorded[recorded["tf_information"] == "with"]
    means = rows.groupby(["method", "panel"])[["paper_auroc", "paper_floor_auroc", "strict_auroc"]]
    means = means.mean()
    known = [(m, q) for m in SHOWN for q in grids.DROPOUTS if (m, q) in means.index]
    found = [(m, q, *means.loc[(m, q)]) for m, q in known]
    return pd.DataFrame(found, columns=["method", "dropout", "paper", "floor", "strict"])


def auroc_table(means: pd.DataFrame) -> pd.DataFrame:
    """``auroc_means`` as readers see it.

    Returns
    -------
    DataFrame
        A line a method and dropout, with the difference to random scores.
    """
    return pd.DataFrame(
        {
            "method": means["method"].map(label),
            "dropout %": means["dropout"],
            "AUROC (paper)": means["paper"],
            "random": means["floor"],
            "above random": means["paper"] - means["floor"],
            "strict AUROC": means["strict"],
        }
    )


def seen(simulation: Simulation) -> Seen:
    """Which genes, TFs and edges of a simulation have any expression left.

    Returns
    -------
    Seen
    """
    there = (simulation.expression != 0).any(0)
    both = there[simulation.grn.regulator] & there[simulation.grn.target]
    return Seen(float(there.mean()), float(there[simulation.tf_index].mean()), float(both.mean()))


def survival(n_graphs: int = 10, n_cells: int = 1000, dropouts: Sequence[int] = grids.DROPOUTS) -> pd.DataFrame:
    """Shares that remain at each dropout, and the scores of an oracle restricted to detected genes.

    Parameters
    ----------
    dropouts : sequence of int
        Percentiles of "noisy".

    Returns
    -------
    DataFrame
        ``genes, tfs, edges`` (shares) and ``oracle`` (strict AUPRC), means over graphs, indexed by dropout.
    """
    lines = {}
    for q in dropouts:
        name = f"noisy({q})"
        tasks = [SyntheticTask(name, "oracle", r, 0, n_cells, 5) for r in range(n_graphs)]
        left = [(*seen(replicate_of(name, r, n_cells, 5)), task.run()[0]["strict_auprc"]) for r, task in enumerate(tasks)]
        lines[q] = np.mean(left, axis=0)
    return pd.DataFrame.from_dict(lines, "index", columns=["genes", "tfs", "edges", "oracle"])


def survival_table(left: pd.DataFrame) -> pd.DataFrame:
    """``survival`` as readers see it.

    Returns
    -------
    DataFrame
        A line a dropout, shares in percent.
    """
    return pd.DataFrame(
        {
            "dropout %": left.index,
            "genes detected": left["genes"].map("{:.0%}".format),
            "TFs detected": left["tfs"].map("{:.0%}".format),
            "true edges between detected genes": left["edges"].map("{:.0%}".format),
            "AUPRC of the oracle": left["oracle"],
        }
    )


def dropout_in_words(left: pd.DataFrame, means: pd.DataFrame) -> str:
    """Numbers of both tables at a dropout of 75 %.

    Returns
    -------
    str
        One to three sentences: the AUROC where it is recorded at 25 and 75 %, and whether it is below
        that of random scores.
    """
    at = left.loc[75]
    text = (
        f"At 75 % only {100 * at['genes']:.0f} % of the genes and {100 * at['tfs']:.0f} % of the TFs show any "
        f"count, and an oracle reaches {at['oracle']:.2f}."
    )
    of: Mapping[int, pd.Series] = {row["dropout"]: row for _, row in means[means["method"] == "grnular"].iterrows()}
    if not {25, 75} <= set(of):
        return text
    first, last, floor = of[25]["paper"], of[75]["paper"], of[75]["floor"]
    text += (
        f" The AUROC of {label('grnular')} by the paper's protocol is {first:.2f} at 25 % and {last:.2f} at 75 %, "
        f"where random scores have {floor:.2f}."
    )
    if last < floor:
        text += (
            " So here it is not robust. Edges of a TF that is not detected score 0 and tie with the pairs without "
            "a TF, and the floor does not hold for them. The paper's robust curve is not explained by this."
        )
    return text
