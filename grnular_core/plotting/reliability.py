"""Figures on the reliability of a network: stability, false discovery rate by decoys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from grnular_core.plotting.style import PALETTE


def stability_panel(ax: Axes, table: pd.DataFrame, n_runs: int) -> Axes:
    """Draw how many of the strongest edges come back in how many bootstraps.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        Its column ``stability`` holds shares of the bootstraps.
    n_runs : int
        Bootstraps.

    Returns
    -------
    Axes
        One bar for each count of bootstraps.
    """
    times = np.rint(table["stability"].to_numpy() * n_runs).astype(int)
    counts = np.bincount(times, minlength=n_runs + 1)
    ax.bar(np.arange(n_runs + 1), counts, color=PALETTE["grnular-context"], width=0.8)
    ax.set(xlabel=f"runs, of {n_runs}, in which the edge is strong again", ylabel="edges")
    ax.set_xlim(-0.6, n_runs + 0.6)
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def rank_panel(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw stability against the rank of an edge, and its running mean.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        As in ``stability_panel``, strongest edge first.

    Returns
    -------
    Axes
    """
    ranks = np.arange(1, len(table) + 1)
    shares = table["stability"].to_numpy()
    ax.plot(ranks, shares, ".", color="#8a8a8a", markersize=3, alpha=0.5)
    window = max(len(table) // 20, 1)
    mean = pd.Series(shares).rolling(window, center=True, min_periods=1).mean()
    ax.plot(ranks, mean, color=PALETTE["grnular-context"], linewidth=2)
    ax.set(xlabel="rank of the edge", ylabel="stability", ylim=(-0.03, 1.03))
    return ax


def fdr_panel(ax: Axes, curve: pd.DataFrame, levels: Sequence[float]) -> Axes:
    """Draw the estimated FDR against the number of edges taken.

    Parameters
    ----------
    ax : Axes
    curve : DataFrame
        ``n_edges, q_value``, as ``fdr_curve`` gives it.
    levels : sequence of float
        Dashed lines.

    Returns
    -------
    Axes
    """
    ax.plot(curve["n_edges"], curve["q_value"], color=PALETTE["grnboost2"], linewidth=2)
    for level in levels:
        ax.axhline(level, color="#888888", linestyle="--", linewidth=0.8)
        ax.annotate(
            f"{level:g}", (1, level), (2, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", size=8,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set(xlabel="strongest edges taken", ylabel="estimated FDR", ylim=(-0.02, 1.02))
    return ax
