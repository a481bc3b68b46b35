"""Heat maps of scores, datasets down and methods across, with the numbers written in."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from grnular_core.plotting.style import label

BLACK_FROM = 0.179  # relative luminance at which black and white have the same contrast


def score_heatmap(
    ax: Axes, grid: pd.DataFrame, title: str, *, kind: str, missing: str = "not run"
) -> Axes:
    """Draw a heat map of one score.

    Parameters
    ----------
    ax : Axes
    grid : DataFrame
        Rows are datasets, columns names of methods. A missing value is hatched.
    title : str
    kind : {"auprc", "auroc", "ratio", "precision"}
        Meaning of the colours. "auprc": a row's share of its best, the oracle aside, since the level of AUPRC
        differs a hundredfold between networks; "auroc": from 0.5 to 1; "ratio": the logarithm of the ratio to
        random, white at 1; "precision": what is above chance, white at 0.
    missing : str
        Why values are missing.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    values = grid.to_numpy(dtype=float)
    if kind == "auprc":
        best = (
            grid.drop(columns="oracle", errors="ignore").fillna(-1).max(axis=1).to_numpy()[:, None]
        )
        colour, low, high, palette = values / np.where(best > 0, best, 1), 0, 1, "Blues"
        text = "{:.3f}"
    elif kind == "auroc":
        colour, low, high, palette, text = values, 0.5, 1, "Blues", "{:.2f}"
    elif kind == "ratio":
        colour, low, high = np.log2(np.maximum(values, 2**-4)), -3, 3
        palette, text = "RdBu_r", "{:.2f}"
    elif kind == "precision":
        colour, low, high, palette, text = values, -0.3, 0.3, "RdBu_r", "{:.2f}"
    else:
        raise ValueError(f"kind {kind!r}; expected auprc, auroc, ratio or precision")
    words = np.array([["" if np.isnan(v) else _shown(text, v) for v in row] for row in values])
    ax.set_facecolor("#eeeeee")
    sns.heatmap(
        colour, ax=ax, annot=words, fmt="", cmap=palette, vmin=low, vmax=high, cbar=False,
        mask=np.isnan(values), linewidths=0.5, linecolor="white", annot_kws={"size": 7},
        xticklabels=[label(m) for m in grid.columns], yticklabels=list(grid.index),
    )  # fmt: skip
    fields = ax.collections[-1].get_facecolors().reshape(*values.shape, 4)
    for word in ax.texts:  # seaborn writes in white on colours where black has more contrast
        column, row = map(int, word.get_position())
        light = sns.utils.relative_luminance(fields[row, column]) > BLACK_FROM
        word.set_color("black" if light else "white")
    for row, column in zip(*np.nonzero(np.isnan(values)), strict=True):
        ax.add_patch(mpl.patches.Rectangle(
            (column, row), 1, 1, fill=False, hatch="////", edgecolor="#bbbbbb", linewidth=0))  # fmt: skip
    ax.set_title(title, loc="left")
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="x", rotation=40, length=0)
    plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    ax.tick_params(axis="y", rotation=0, length=0)
    if np.isnan(values).any():
        ax.text(
            1, 1.005, f"hatched: {missing}", transform=ax.transAxes, ha="right", va="bottom", size=7
        )
    return ax


def _shown(text: str, value: float) -> str:
    """Format the value, without the minus of a zero."""
    found = text.format(value)
    return found.lstrip("-") if float(found) == 0 else found
