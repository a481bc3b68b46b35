"""Figures of the network of stem cells: scores inside a set of genes, genes along pseudotime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from grnular_core.plotting.network import INK, LINES
from grnular_core.plotting.style import PALETTE
from grnular_paper.smoothing import smooth


def score_violins(ax: Axes, groups: Mapping[str, np.ndarray], ylabel: str = "score") -> Axes:
    """Draw a violin for each named group of scores (edges,), with its median and quartiles.

    Parameters
    ----------
    ax : Axes
        Drawn on.
    groups : mapping of str to ndarray, shape (edges,)
        Scores by name.
    ylabel : str
        Label of the axis.

    Returns
    -------
    Axes
        The same.

    Notes
    -----
    Large groups are drawn from 4,000 of their quantiles, which looks the same. Scores above 0 whose
    largest is more than 1,000 times their median are on a logarithmic axis: else all are one line.
    """
    together = np.concatenate(list(groups.values()))
    if together.min() > 0 and together.max() > 1000 * np.median(together):
        groups = {name: np.log10(values) for name, values in groups.items()}
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_formatter(lambda exponent, _: f"$10^{{{exponent:.0f}}}$")
    drawn = [np.quantile(v, np.linspace(0, 1, min(len(v), 4000))) for v in groups.values()]
    shapes = ax.violinplot(drawn, widths=0.85, showextrema=False)
    colours = ("#999999", PALETTE["grnular-context"])
    for number, body in enumerate(shapes["bodies"]):
        body.set(facecolor=colours[min(number, 1)], edgecolor="#444444", alpha=0.75, linewidth=0.6)
    for number, values in enumerate(groups.values(), 1):
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        ax.plot([number, number], [low, high], color=INK, linewidth=3, solid_capstyle="butt")
        ax.plot(number, middle, "o", color="white", markeredgecolor=INK, markersize=5)
    ax.set_xticks(range(1, len(groups) + 1), [f"{k}\n({len(v):,})" for k, v in groups.items()])
    ax.set(ylabel=ylabel, xlim=(0.4, len(groups) + 0.6))
    return ax


def pseudotime_panel(
    ax: Axes,
    time: np.ndarray,
    target: tuple[str, np.ndarray],
    regulators: Mapping[str, np.ndarray],
    span: float,
) -> Axes:
    """Draw the target's expression cell by cell, the regulators as LOESS lines, dashed one deviation off.

    Parameters
    ----------
    ax : Axes
        Drawn on.
    time : ndarray, shape (cells,)
        Pseudotime.
    target : (str, ndarray of shape (cells,))
        Name and expression of the target.
    regulators : mapping of str to ndarray, shape (cells,)
        Name and expression of each regulator.
    span : float
        Share of the cells that each point of a line is fitted on.

    Returns
    -------
    Axes
        The same. Lines leave out the first and last half percent of the cells, where one cell far from the others
        would bend them.
    """
    at = np.linspace(*np.quantile(time, [0.005, 0.995]), 200)
    name, values = target
    ax.scatter(
        time, values, s=9, color="#8a8a8a", alpha=0.7, linewidth=0, label=f"{name}, each cell"
    )
    for (regulator, values), colour in zip(regulators.items(), LINES, strict=False):
        fit = smooth(time, values, at, span)
        ax.plot(at, fit.value, color=colour, linewidth=2, label=regulator)
        for side in (-1, 1):
            ax.plot(at, fit.value + side * fit.deviation, "--", color=colour, linewidth=0.8)
    ax.set(xlabel="pseudotime", ylabel="expression (log)")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax
