"""Paired differences of methods on a few networks or sets of cells, each a point."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grnular_core.plotting import style as plots
from grnular_core.scoring.statistics import mean_interval
from grnular_paper.figures.marks import mark
from grnular_paper.real_data import NETWORK_LETTERS

# what the models are compared with, where it is recorded
COMPARED = ("genie3", "grnboost2", "tigress", "ridge", "glasso", "glad-tf", "clr", "correlation", "regdiffusion")
SPREAD = 0.28  # how far the points of a line lie from its middle


def ratio_grid(
    rows: pd.DataFrame, chosen: Sequence[str], panel: str, unit: str, score: str, others: Sequence[str] = COMPARED
) -> Figure:
    """Draw the strict AUPRC of a model divided by that of other methods, on every unit that both have.

    Parameters
    ----------
    rows : DataFrame
        ``method`` and the columns that ``panel``, ``unit`` and ``score`` name; one row for each method, panel and unit.
    chosen : sequence of str
        Models with a row of panels each, where they have rows.
    panel, unit, score : str
        Columns: a network, or a kind of networks; a noise replicate, or a dataset; the strict AUPRC, or a multiple of it.
    others : sequence of str
        Methods to compare with, a line each; one without rows has none.

    Returns
    -------
    Figure
        A column of panels for each value of ``panel``; on a logarithmic axis the ratio of each unit (points), the geometric mean
        and its 95 % interval (Student's t of the logarithms over units). Right of the dashed line the model is higher.
        Nothing is drawn where no model has rows.
    """
    wide = rows.pivot(index=[panel, unit], columns="method", values=score).astype(float)
    panels, chosen = list(dict.fromkeys(rows[panel])), [method for method in chosen if method in wide]
    shown = [other for other in others if other in wide]
    if not chosen:
        return plt.figure()
    figure, axes = plt.subplots(
        len(chosen), len(panels), figsize=(1.6 + 2.1 * len(panels), (0.2 * len(shown) + 0.75) * len(chosen)), sharey=True,
        squeeze=False,
    )  # fmt: skip
    for line, method in zip(axes, chosen, strict=True):
        for ax, value in zip(line, panels, strict=True):
            _ratios(ax, wide.xs(value, level=panel), method, shown)
        line[0].set_yticks(range(len(shown)), [plots.label(other) for other in shown])
        line[0].set_ylim(len(shown) - 0.5, -0.5)
        line[len(panels) // 2].set_xlabel(f"{plots.label(method)}: strict AUPRC / that of the other method")
    for ax, value in zip(axes[0], panels, strict=True):
        ax.set_title(value)
    return figure


def by_network(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Scores of pairs of dataset and network, for ``ratio_grid`` with a panel a network.

    Parameters
    ----------
    rows : DataFrame
        ``network, dataset, method`` and the score, a row a seed.
    score : str
        Its column.

    Returns
    -------
    DataFrame
        Means over seeds, networks in the paper's order.
    """
    means = rows.groupby(["network", "dataset", "method"], as_index=False)[score].mean()
    return means.sort_values("network", key=lambda names: names.map(list(NETWORK_LETTERS).index), kind="stable")


def _ratios(ax: Axes, wide: pd.DataFrame, method: str, others: Sequence[str]) -> None:
    """A line of points a competing method, with its geometric mean and interval."""
    ax.axvline(1, color="#888888", linestyle="--", linewidth=1)
    for y, other in enumerate(others):
        ratios = (wide[method] / wide[other]).dropna()
        offsets = np.linspace(-SPREAD, SPREAD, len(ratios)) if len(ratios) > 1 else np.zeros(len(ratios))
        colour = plots.PALETTE.get(other, "#444444")
        ax.scatter(ratios, y + offsets, s=14, color=colour, alpha=0.8, linewidth=0, marker=mark(other))
        of = mean_interval(np.log(ratios))
        ax.plot(np.exp([of["low"], of["high"]]), [y, y], color="black", linewidth=1.2)
        ax.plot([np.exp(of["mean"])] * 2, [y - 0.3, y + 0.3], color="black", linewidth=1.5)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low < tick < high]  # evenly spaced, few on a short axis
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
