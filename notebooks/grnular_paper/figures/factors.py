"""Figures of ablations: one panel a factor, its values along the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grnular_core.scoring.statistics import mean_interval

SETTING_COLOURS = {"clean": "#0072B2", "noisy(25)": "#D55E00"}
SETTING_LABELS = {"clean": "clean", "noisy(25)": "dropout 25 %"}
COLUMNS = 3


def factor_panel(ax: Axes, rows: pd.DataFrame) -> Axes:
    """Draw mean strict AUPRC and its 95 % interval for every value of one factor, one colour a setting.

    Parameters
    ----------
    ax : Axes
        Drawn on.
    rows : DataFrame
        ``factor``, ``value`` (in the order to draw), ``dataset`` and ``strict_auprc``, one row a graph.

    Returns
    -------
    Axes
        The same.
    """
    values = _in_order(rows["value"])
    for shift, (name, colour) in zip((-0.08, 0.08), SETTING_COLOURS.items(), strict=True):
        of_setting = rows[rows["dataset"] == name]
        if of_setting.empty:
            continue
        spread = [mean_interval(of_setting.loc[of_setting["value"] == v, "strict_auprc"]) for v in values]  # fmt: skip
        mean = np.array([s["mean"] for s in spread])
        low, high = (np.array([s[end] for s in spread]) for end in ("low", "high"))
        ax.errorbar(
            np.arange(len(values)) + shift, mean, yerr=[mean - low, high - mean], fmt="o-",
            color=colour, markersize=4, linewidth=1, capsize=2, label=SETTING_LABELS[name],
        )  # fmt: skip
    ax.set_xticks(range(len(values)), values)
    if max(map(len, values)) > 8:
        ax.tick_params(axis="x", rotation=20)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.set_ylim(0, 1)
    ax.set_title(rows["factor"].iloc[0])
    return ax


def _in_order(values: Iterable[str]) -> list[str]:
    """Different values, by size where all are numbers, else as they come."""
    different = list(dict.fromkeys(values))
    try:
        return sorted(different, key=float)
    except ValueError:
        return different


def factor_grid(rows: pd.DataFrame) -> Figure:
    """Draw a panel for every factor, see ``factor_panel``.

    Parameters
    ----------
    rows : DataFrame
        ``factor, value, dataset, strict_auprc``; factors are drawn in their order.

    Returns
    -------
    Figure
        Three panels a row.
    """
    factors = list(dict.fromkeys(rows["factor"]))
    n_rows = max(math.ceil(len(factors) / COLUMNS), 1)
    figure, axes = plt.subplots(
        n_rows, COLUMNS, figsize=(8, 2.4 * n_rows), sharey=True, squeeze=False
    )
    for ax, factor in zip(axes.flat, factors, strict=False):
        factor_panel(ax, rows[rows["factor"] == factor])
    for ax in axes.flat[len(factors) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("strict AUPRC")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize=8)
    return figure
