"""Figures of real data, pairs of network and dataset: heat maps with a value under the pointer, points."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grnular_core.data.beeline import DATASETS
from grnular_core.plotting.heatmaps import score_heatmap
from grnular_core.plotting.hover import Picture, heatmap_spots, picture
from grnular_core.plotting.style import PALETTE, label
from grnular_paper.pairs import wide

AREAS = {"auprc": "AUPRC", "auroc": "AUROC"}


def pair_heatmap(
    rows: pd.DataFrame, score: str, methods: Sequence[str], kind: str, name: str, title: str = ""
) -> Picture:
    """One heat map of all pairs of BEELINE.

    Parameters
    ----------
    rows : DataFrame
        ``network, dataset, method`` and the score; seeds are averaged.
    score : str
        The column shown.
    methods : sequence of str
        Columns of the heat map.
    kind : str
        How values are coloured, of ``plotting.heatmaps.score_heatmap``.
    name : str
        What the score is called in the caption.
    title : str
        Title of the figure; empty: the same name.

    Returns
    -------
    Picture
        The picture with the words that stand for it.
    """
    figure, ax = plt.subplots(figsize=(1.6 + 0.46 * len(methods), 6.2))
    grid = wide(rows, score, DATASETS, methods)
    score_heatmap(ax, grid, title or name, kind=kind, missing="no data or no run")
    return picture(
        figure,
        heatmap_spots(ax, grid, name),
        f"Heat map of {name}, pairs of network and dataset down, methods across, "
        "each value written into its field.",
        f"{name}, our runs. The pointer over a field shows method, dataset and value.",
    )


def printed_heatmaps(printed: pd.DataFrame, methods: Sequence[str]) -> Picture:
    """AUPRC and AUROC as the paper's Fig. 8 prints them, side by side.

    Parameters
    ----------
    printed : DataFrame
        ``network, dataset, method, auprc, auroc``.
    methods : sequence of str
        Columns of both heat maps.

    Returns
    -------
    Picture
        The picture with the words that stand for it.
    """
    grids = [wide(printed, score, DATASETS, methods) for score in AREAS]
    titles = tuple(f"{name}, printed in the paper" for name in AREAS.values())
    figure = side_by_side(*grids, titles, kinds=tuple(AREAS), missing="no number")
    spots = [
        spot
        for ax, grid, title in zip(figure.axes, grids, titles, strict=True)
        for spot in heatmap_spots(ax, grid, title)
    ]
    return picture(
        figure,
        spots,
        "Two heat maps of the numbers printed in the paper, AUPRC and AUROC, pairs of network and dataset down, "
        "five methods across, written into the fields.",
        "AUPRC and AUROC as the paper prints them. The pointer over a field shows method, dataset and value.",
    )


def side_by_side(
    left: pd.DataFrame, right: pd.DataFrame, titles: tuple[str, str], *, kinds: tuple[str, str],
    missing: str,
) -> Figure:  # fmt: skip
    """Draw two heat maps with the same rows, widths in proportion to their columns.

    Parameters
    ----------
    left, right : DataFrame
        As in ``score_heatmap``.
    titles, kinds : tuple of two str
    missing : str
        Why values are missing.

    Returns
    -------
    Figure
    """
    rows, columns = max(len(left), len(right)), (left.shape[1], right.shape[1])
    size = 1.6 + 0.46 * sum(columns), 1.5 + 0.22 * rows
    figure, axes = plt.subplots(1, 2, figsize=size, width_ratios=columns, sharey=True)
    for ax, grid, title, kind in zip(axes, (left, right), titles, kinds, strict=True):
        score_heatmap(ax, grid, title, kind=kind, missing=missing)
    return figure


def method_points(
    ax: Axes, table: pd.DataFrame, value: str, methods: Sequence[str],
    reference: float | None = None,
) -> Axes:  # fmt: skip
    """Draw one point a pair for each method on a logarithmic axis, the geometric mean as a bar.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        ``method`` and the score, a row a pair.
    value : str
        Column of the score.
    methods : sequence of str
        From top to bottom.
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
        ax.scatter(values, i + offsets, s=14, color=colour, edgecolor="black", linewidth=0.3)
        if len(values):
            mean = np.exp(np.nanmean(np.log(values)))
            ax.plot([mean] * 2, [i - 0.36, i + 0.36], color="black", linewidth=1.5)
    if reference is not None:
        ax.axvline(reference, color="#888888", linestyle="--", linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(methods)), [label(name) for name in methods])
    ax.invert_yaxis()
    return ax
