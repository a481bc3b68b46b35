"""Strict AUPRC of trained and untrained methods, graph by graph."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from grnular_core.plotting import style as plots
from grnular_paper.learning import SETTINGS, TITLES, by_mean


def figure(found: pd.DataFrame) -> Figure:
    """Draw strict AUPRC of every method and graph, one panel a setting.

    Parameters
    ----------
    found : DataFrame
        Rows of ``learning.rows``.

    Returns
    -------
    Figure
        A dot a graph; bars mark means, dotted lines the density.
    """
    order = by_mean(found)
    drawn, axes = plt.subplots(1, len(SETTINGS), figsize=(8, 0.28 * len(order) + 1), sharey=True)
    for ax, setting in zip(axes, SETTINGS, strict=True):
        of_setting = found[found["setting"] == setting]
        for place, shown in enumerate(order):
            one = of_setting[of_setting["shown"] == shown]
            if one.empty:
                continue
            colour = plots.PALETTE.get(one["method"].iloc[0], "#333333")
            ax.plot(
                one["strict_auprc"], np.full(len(one), place), "o", color=colour, markersize=3,
                alpha=0.5, markeredgewidth=0,
            )  # fmt: skip
            mean = one["strict_auprc"].mean()
            ax.plot([mean, mean], [place - 0.35, place + 0.35], color=colour, linewidth=2)
        ax.axvline(of_setting["density"].mean(), color="#999999", linestyle=":", linewidth=1)
        ax.set_title(TITLES[setting])
        ax.set_xlim(0, 1)
        ax.set_xlabel("strict AUPRC")
    axes[0].set_yticks(range(len(order)), order)
    axes[0].invert_yaxis()
    return drawn
