"""Figures of real data: heat maps with a value under the pointer, points, gene sets, genes along pseudotime.

Parameters
----------
ax : Axes
    Drawn on, and returned.
methods : sequence of str
    In the order shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grnular_core.data.beeline import DATASETS
from grnular_core.plotting.heatmaps import score_heatmap
from grnular_core.plotting.hover import Picture, heatmap_spots, picture
from grnular_core.plotting.network import INK, LINES
from grnular_core.plotting.style import PALETTE, label
from grnular_paper.figures.legends import legend_below_panel
from grnular_paper.figures.marks import mark
from grnular_paper.real_data import NETWORK_LETTERS, wide
from grnular_paper.smoothing import smooth

AREAS = {"auprc": "AUPRC", "auroc": "AUROC"}
LETTERS = ", ".join(f"[{letter}] {network}" for network, letter in NETWORK_LETTERS.items())
IN_PAPER = {"grnular": "GRNULar (paper)"}  # a printed number is of the paper's program, not of the model of this name here


def pair_heatmap(rows: pd.DataFrame, score: str, methods: Sequence[str], kind: str, name: str, title: str = "") -> Picture:
    """One heat map of all pairs of BEELINE.

    Parameters
    ----------
    rows : DataFrame
        ``network, dataset, method`` and the score; seeds are averaged.
    score : str
        The column shown.
    kind : str
        How values are coloured, of ``plotting.heatmaps.score_heatmap``.
    name : str
        Name of the score in the caption.
    title : str
        Title of the figure; empty: the same name.

    Returns
    -------
    Picture
        Values are shown at the pointer.
    """
    grid = wide(rows, score, DATASETS, methods).dropna(how="all")
    figure, ax = plt.subplots(figsize=(1.6 + 0.46 * len(methods), 1.5 + 0.22 * len(grid)))
    score_heatmap(ax, grid, title or name, kind=kind, missing="no run")
    return picture(
        figure,
        heatmap_spots(ax, grid, name),
        f"Heat map of {name}, pairs of network and dataset down, methods across, "
        "each value written into its field.",
        f"Like the paper's Fig. 8: {name}, our runs, n = {len(grid)} pairs of network and dataset, {_seeds_in_words(rows)}; "
        f"{LETTERS}. {grid.shape[1]} methods and controls, the data below have others. "
        "The pointer, or the arrow keys, over a field show method, dataset and value.",
    )


def _seeds_in_words(rows: pd.DataFrame) -> str:
    """Say how many seeds a value is a mean of."""
    counts = rows.groupby(["network", "dataset", "method"])["seed"].nunique() if "seed" in rows else pd.Series([1])
    low, high = counts.min(), counts.max()
    return "one run a method" if high == 1 else f"means over {low if low == high else f'{low} to {high}'} seeds"


def printed_heatmaps(printed: pd.DataFrame, methods: Sequence[str]) -> Picture:
    """AUPRC and AUROC as the paper's Fig. 8 prints them, side by side.

    Parameters
    ----------
    printed : DataFrame
        ``network, dataset, method, auprc, auroc``.

    Returns
    -------
    Picture
        Values are shown at the pointer.
    """
    grids = [wide(printed, score, DATASETS, methods).rename(columns=IN_PAPER) for score in AREAS]
    titles = tuple(f"{name}, printed in the paper" for name in AREAS.values())
    figure = _side_by_side(*grids, titles, kinds=tuple(AREAS), missing="no number")
    spots = [spot for ax, grid, title in zip(figure.axes, grids, titles, strict=True) for spot in heatmap_spots(ax, grid, title)]
    return picture(
        figure,
        spots,
        "Two heat maps of the numbers printed in the paper, AUPRC and AUROC, pairs of network and dataset down, "
        "five methods across, written into the fields.",
        f"The paper's Fig. 8: AUPRC and AUROC as it prints them, n = {len(grids[0])} pairs of network and dataset; {LETTERS}. "
        "GRNULar (paper) is the program of its authors. The pointer, or the arrow keys, over a field "
        "show method, dataset and value.",
    )


def _side_by_side(
    left: pd.DataFrame, right: pd.DataFrame, titles: tuple[str, str], *, kinds: tuple[str, str],
    missing: str,
) -> Figure:  # fmt: skip
    """Draw two heat maps with the same rows, widths in proportion to their columns."""
    rows, columns = max(len(left), len(right)), (left.shape[1], right.shape[1])
    size = 1.6 + 0.46 * sum(columns), 1.5 + 0.22 * rows
    figure, axes = plt.subplots(1, 2, figsize=size, width_ratios=columns, sharey=True)
    for ax, grid, title, kind in zip(axes, (left, right), titles, kinds, strict=True):
        score_heatmap(ax, grid, title, kind=kind, missing=missing)
    return figure


def method_points(ax: Axes, table: pd.DataFrame, value: str, methods: Sequence[str], reference: float | None = None) -> Axes:
    """Draw one point a pair for each method on a logarithmic axis, the geometric mean as a bar.

    Parameters
    ----------
    table : DataFrame
        ``method`` and the score, a row a pair.
    value : str
        Column of the score.
    reference : float, optional
        A dashed line, as of random scores.

    Returns
    -------
    Axes
    """
    for i, name in enumerate(methods):
        values = table.loc[table["method"] == name, value].to_numpy(dtype=float)
        offsets = np.linspace(-0.22, 0.22, max(len(values), 1))[: len(values)]
        colour = PALETTE.get(name, "#444444")
        ax.scatter(values, i + offsets, s=14, color=colour, edgecolor="black", linewidth=0.3, marker=mark(name))
        if len(values):
            ax.plot([np.exp(np.nanmean(np.log(values)))] * 2, [i - 0.36, i + 0.36], color="black", linewidth=1.5)
    if reference is not None:
        ax.axvline(reference, color="#888888", linestyle="--", linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(methods)), [label(name) for name in methods])
    ax.invert_yaxis()
    return ax


def score_violins(ax: Axes, groups: Mapping[str, np.ndarray], ylabel: str = "score") -> Axes:
    """Draw a violin for each named group of scores (edges,), with its median and quartiles.

    Parameters
    ----------
    groups : mapping of str to ndarray, shape (edges,)
    ylabel : str

    Returns
    -------
    Axes

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
    time : ndarray, shape (cells,)
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
    ax.scatter(time, values, s=9, color="#8a8a8a", alpha=0.7, linewidth=0, label=f"{name}, each cell")
    for (regulator, values), colour in zip(regulators.items(), LINES, strict=False):
        fit = smooth(time, values, at, span)
        ax.plot(at, fit.value, color=colour, linewidth=2, label=regulator)
        for side in (-1, 1):
            ax.plot(at, fit.value + side * fit.deviation, "--", color=colour, linewidth=0.8)
    ax.set(xlabel="pseudotime (no unit)", ylabel="expression (log-normalised)")
    legend_below_panel(ax)
    return ax
