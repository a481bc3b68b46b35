"""Figures of real data: two heat maps side by side, a point for each pair of a network and a dataset."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grnular_core.plotting.heatmaps import score_heatmap
from grnular_core.plotting.style import PALETTE, label


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
