"""Figures of more real cells: a point a set by kind of network, and a heat map of all pairs.

Parameters
----------
rows : DataFrame
    Of the record ``more_cells``.
methods : sequence of str
    In the order shown; those without a row are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grnular_core.plotting.heatmaps import score_heatmap
from grnular_core.plotting.hover import Picture, heatmap_spots, picture
from grnular_core.plotting.style import PALETTE, label
from grnular_paper.figures.marks import mark
from grnular_paper.more_cells import SETS
from grnular_paper.more_networks import KINDS
from grnular_paper.more_runs import BEELINE_LIST
from grnular_paper.tables.more_cells import RATIO, best_control, geometric_means, set_scores

FEW = (
    "grnular-curated", "grnular-cells", "grnular-context", "grnular", "glad-tf", "regdiffusion", "grnboost2", "genie3-100",
    "tigress", "ridge", "correlation", "clr", "target-is-tf", "target-mean",
)  # fmt: skip  # whose numbers are to be read


def kind_panels(rows: pd.DataFrame) -> Figure:
    """Draw a panel a kind of network: a point a set, the geometric mean and its interval, the best control as a band.

    Returns
    -------
    Figure
        Methods down, in the order of the first panel's means; both axes logarithmic.
    """
    kinds = [kind for kind in dict.fromkeys(KINDS.values()) if len(rows[rows["kind"] == kind])]
    found = {kind: set_scores(rows, kind) for kind in kinds}
    order = list(geometric_means(found[kinds[0]]).sort_values("mean", ascending=False).index) if kinds else []
    order += [name for kind in kinds[1:] for name in found[kind] if name not in order]
    size = (1.5 + 3 * max(len(kinds), 1), 1.4 + 0.27 * len(order))
    figure, axes = plt.subplots(1, max(len(kinds), 1), figsize=size, sharey=True, squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=False):
        _draw_means(ax, found[kind], order)
        n_sets = len(found[kind])
        ax.set_title(f"{kind}, {n_sets} set{'s' * (n_sets > 1)}", loc="left")
        ax.set_xlabel("strict AUPRC / density")
    return figure


def _draw_means(ax: Axes, scores: pd.DataFrame, order: Sequence[str]) -> Axes:
    """Draw the sets' scores of each method with their geometric mean and its interval."""
    means, control = geometric_means(scores), best_control(scores)
    if control:
        of = means.loc[control]
        ax.axvspan(of["low"], of["high"], color="#dddddd", zorder=0)
        ax.axvline(of["mean"], color="#888888", linewidth=1, zorder=1)
    ax.axvline(1, color="#888888", linestyle="--", linewidth=1)
    for i, name in enumerate(order):
        if name not in scores:
            continue
        colour, of = PALETTE[name], means.loc[name]
        look = {"s": 12, "color": colour, "edgecolor": "black", "linewidth": 0.3, "marker": mark(name)}
        ax.scatter(scores[name], np.full(len(scores), i - 0.18), **look)
        ax.plot([of["low"], of["high"]], [i + 0.18] * 2, color=colour, linewidth=2.5)
        ax.plot([of["mean"]] * 2, [i + 0.02, i + 0.34], color="black", linewidth=1.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(plt.LogLocator(subs=(1, 1.5, 2, 3, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(plt.NullFormatter())
    ax.set_yticks(range(len(order)), [label(name) for name in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    return ax


def _pair_grid(rows: pd.DataFrame, methods: Sequence[str] = FEW) -> pd.DataFrame:
    """Strict AUPRC / density of every pair, mean over seeds."""
    of = rows[rows["tf_list"] == BEELINE_LIST]
    grid = of.assign(pair=of["network"] + ", " + of["dataset"]).pivot_table(index="pair", columns="method", values=RATIO)
    pairs = [f"{network}, {name}" for network in KINDS for name in SETS]
    return grid.reindex(index=[p for p in pairs if p in grid.index], columns=[m for m in methods if m in grid])


def pair_heatmap(rows: pd.DataFrame, methods: Sequence[str] = FEW) -> Picture:
    """Draw strict AUPRC / density of every pair, mean over seeds, as a heat map.

    Returns
    -------
    Picture
        Values are shown at the pointer.
    """
    grid, name = _pair_grid(rows, methods), "Strict AUPRC / density"
    figure, ax = plt.subplots(figsize=(1.9 + 0.46 * grid.shape[1], 1.4 + 0.22 * len(grid)))
    score_heatmap(ax, grid, name, kind="ratio", missing="no run")
    return picture(
        figure,
        heatmap_spots(ax, grid, name),
        f"Heat map of {name}, pairs of network and set down, methods across, each value written into its field.",
        f"{name} on n = {len(grid)} pairs of network and set: white is random, red better. {grid.shape[1]} of "
        f"{rows['method'].nunique()} methods and controls, the data below have the others. "
        "The pointer, or the arrow keys, over a field show method, pair and value.",
    )
