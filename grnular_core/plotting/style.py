"""Figures. Each function takes tidy tables and draws on the Axes it is given, or makes a Figure.

One palette for the whole book (Okabe and Ito's, safe for colour-blind readers): the same method has
the same colour and label in every figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grnular_core.methods.registry import METHODS

PALETTE = {entry.name: entry.colour for entry in METHODS.values()}
NETWORK_LETTERS = {"STRING": "S", "Non-Specific-ChIP-seq": "N", "Cell-type-specific-ChIP-seq": "C"}
# white behind every figure: labels stay dark on white when the page is dark
STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "grnular",  # same figure, same bytes
}


def use_style() -> None:
    """Set the book's look for every figure drawn after this call."""
    mpl.rcParams.update(STYLE)


def label(method: str) -> str:
    """The name of a method as figures and tables show it."""
    return METHODS[method].label if method in METHODS else method


def pair_label(network: str, dataset: str) -> str:
    """``[S] mDC``: network letter and dataset, as the paper's Fig. 8 has it."""
    return f"[{NETWORK_LETTERS[network]}] {dataset}"


def pair_order(datasets: Sequence[str]) -> list[str]:
    """All pair labels, networks outside, datasets inside, in the paper's order."""
    return [pair_label(network, dataset) for network in NETWORK_LETTERS for dataset in datasets]


def wide(
    table: pd.DataFrame, value: str, datasets: Sequence[str], methods: Sequence[str]
) -> pd.DataFrame:
    """Pairs x methods of one score; pairs or methods without a row are NaN.

    ``table`` has ``network, dataset, method`` and the column ``value``; seeds are averaged.
    """
    pairs = [pair_label(n, d) for n, d in zip(table["network"], table["dataset"], strict=True)]
    grid = table.assign(pair=pairs).pivot_table(
        index="pair", columns="method", values=value, aggfunc="mean"
    )
    return grid.reindex(index=pair_order(datasets), columns=list(methods))


def score_heatmap(
    ax: Axes,
    grid: pd.DataFrame,
    title: str,
    *,
    kind: str,
    missing: str = "not run",
) -> Axes:
    """A heat map of pairs x methods with the numbers written in.

    ``kind="auprc"`` colours each row by its share of the row's best (the oracle aside), since the
    level of AUPRC differs a hundredfold between networks; ``"auroc"`` colours from 0.5 to 1;
    ``"ratio"`` colours the logarithm of the ratio to random, white at 1; ``"precision"`` what is
    above chance, white at 0. A missing value is hatched; ``missing`` says why.
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
        colour, low, high, palette, text = (
            np.log2(np.maximum(values, 2**-4)),
            -3,
            3,
            "RdBu_r",
            "{:.2f}",
        )
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
    """The value as ``text`` formats it, without the minus of a zero."""
    found = text.format(value)
    return found.lstrip("-") if float(found) == 0 else found


def side_by_side(
    left: pd.DataFrame,
    right: pd.DataFrame,
    titles: tuple[str, str],
    *,
    kinds: tuple[str, str],
    missing: str,
) -> Figure:
    """Two heat maps with the same rows, widths in proportion to their columns."""
    rows = max(len(left), len(right))
    columns = left.shape[1], right.shape[1]
    figure, axes = plt.subplots(
        1,
        2,
        figsize=(1.6 + 0.46 * sum(columns), 1.5 + 0.22 * rows),
        width_ratios=columns,
        sharey=True,
    )
    for ax, grid, title, kind in zip(axes, (left, right), titles, kinds, strict=True):
        score_heatmap(ax, grid, title, kind=kind, missing=missing)
    return figure


def method_points(
    ax: Axes,
    table: pd.DataFrame,
    value: str,
    methods: Sequence[str],
    reference: float | None = None,
) -> Axes:
    """One point a pair for each method on a logarithmic axis, the geometric mean as a bar.

    ``reference`` is a dashed line (random).
    """
    for i, name in enumerate(methods):
        values = table.loc[table["method"] == name, value].to_numpy(dtype=float)
        offsets = np.linspace(-0.22, 0.22, max(len(values), 1))
        colour = PALETTE.get(name, "#444444")
        ax.scatter(
            values, i + offsets[: len(values)], s=14, color=colour, edgecolor="black", linewidth=0.3
        )
        if len(values):
            ax.plot(
                [np.exp(np.nanmean(np.log(values)))] * 2,
                [i - 0.36, i + 0.36],
                color="black",
                linewidth=1.5,
            )
    if reference is not None:
        ax.axvline(reference, color="#888888", linestyle="--", linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(methods)), [label(name) for name in methods])
    ax.invert_yaxis()
    return ax


def floor_curve(
    ax: Axes, shares: np.ndarray, formula: np.ndarray, exact: np.ndarray, simulated: np.ndarray
) -> Axes:
    """AUROC of random scores against the share of genes that are TFs, each (shares,)."""
    ax.plot(shares, formula, color="black", linewidth=1.2, label="floor (formula)")
    ax.plot(shares, exact, color="#888888", linewidth=1.2, label="with the bonus of TF pairs")
    ax.plot(shares, simulated, "o", markersize=4, color=PALETTE["grnular-context"], label="random scores")
    ax.axhline(
        0.5, color=PALETTE["grnboost2"], linestyle="--", linewidth=1, label="strict protocol"
    )
    ax.set(xlabel="TFs / genes", ylabel="AUROC of random scores", ylim=(0.45, 1.0))
    ax.legend()
    return ax
