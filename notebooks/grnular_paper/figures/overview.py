"""Figures of all methods: on all experiments, their run times, tuned settings, and the models tried in this work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from grnular_core.plotting.style import PALETTE, label
from grnular_paper import runtimes
from grnular_paper.figures.marks import mark
from grnular_paper.tables.overview import METHODS
from grnular_paper.tables.runtimes import PRINTED

COLUMNS = 6
OURS = ("grnular", "grnular-context", "grnular-cells", "grnular-curated")  # filled larger, names in bold
TICKS = (1, 2, 5, 10)
WIDEST = 13  # characters of a title that fit above a panel
RING = {"marker": "o", "ms": 9, "mfc": "none", "mec": "0.2", "mew": 0.8}
SIGNS = {
    "open: trained on this distribution": {"marker": "o", "ms": 5, "mfc": "white"},
    "best of the panel": RING,
    "published model": {"marker": "s", "ms": 5},
    "model of this work": {"marker": "D", "ms": 5},
}


def overview_figure(found: pd.DataFrame) -> Figure:
    """A panel a setting with its n, a row a method: strict AUPRC over density with its interval, on a logarithmic axis.

    Parameters
    ----------
    found : DataFrame
        Of ``tables.overview.overview``.

    Returns
    -------
    Figure
        Settings in the order of their first rows, methods in that of ``METHODS``; open markers for models that were trained
        on the distribution of a setting.
    """
    settings, methods = list(dict.fromkeys(found["setting"])), [m for m in METHODS if m in set(found["method"])]
    n_rows = -(-len(settings) // COLUMNS)
    size = (7.2, 0.87 + n_rows * (0.155 * len(methods) + 0.57))
    figure, axes = plt.subplots(n_rows, COLUMNS, figsize=size, sharey=True, squeeze=False)
    limits = 0.7, 1.15 * max(found["ratio"].max(), found["high"].max())
    for ax, setting in zip(axes.flat, settings, strict=False):
        rows = found[found["setting"] == setting]
        _panel(ax, rows, methods)
        title = setting.replace(" ", "\n", 1) if len(setting) > WIDEST else setting
        ax.set_title(f"{title}\nn = {rows['n'].iloc[0]}", fontsize=7)
        ax.set_xlim(*limits)
    for ax in axes.flat[len(settings) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_yticks(range(len(methods)), [label(m) for m in methods])
        ax.set_ylim(len(methods) - 0.4, -0.6)
        for text, method in zip(ax.get_yticklabels(), methods, strict=True):
            text.set_fontweight("bold" if method in OURS else "normal")
    figure.supxlabel("strict AUPRC / density of true edges (dashed: random)", fontsize=9)
    signs = [Line2D([], [], color="0.4", ls="none", label=text, **look) for text, look in SIGNS.items()]
    figure.legend(handles=signs, loc="outside upper left", ncols=2, fontsize=7.5, handletextpad=0.2, columnspacing=1)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    """Dots with intervals, open where the model was trained there; the best method has a ring."""
    ax.set_xscale("log")
    ax.axvline(1, color="0.5", lw=0.8, ls="--", zorder=0)
    for row in rows.itertuples():
        y, colour = methods.index(row.method), PALETTE[row.method]
        ax.plot([row.low, row.high], [y, y], color=colour, lw=1.2, solid_capstyle="butt")
        face = "white" if row.trained_there else colour
        ax.plot(row.ratio, y, mark(row.method), color=colour, mfc=face, ms=5 if row.method in OURS else 4)
    top = rows.loc[rows["ratio"].idxmax()]
    ax.plot(top["ratio"], methods.index(top["method"]), **RING)
    ax.set_xticks(TICKS, [str(tick) for tick in TICKS])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="y", color="0.92", lw=0.6)
    ax.set_axisbelow(True)


def time_figure(recorded: pd.DataFrame, printed: pd.DataFrame) -> Figure:
    """Seconds of every method on one dataset, the paper's beside ours, and strict AUPRC of the same run.

    Parameters
    ----------
    recorded : DataFrame
        Rows of the record "runtimes".
    printed : DataFrame
        ``method, seconds`` of the paper's Table 2.

    Returns
    -------
    Figure
        A row a method, the fastest on top; seconds on a logarithmic axis.
    """
    rows = recorded[recorded["method"].isin(runtimes.METHODS)].sort_values("seconds")
    papers = {PRINTED[row.method]: row.seconds for row in printed.itertuples()}
    figure, ax = plt.subplots(figsize=(6.4, 0.22 * len(rows) + 0.9))
    for y, row in enumerate(rows.itertuples()):
        ax.plot(row.seconds, y, mark(row.method), color=PALETTE[row.method], ms=6 if row.method in OURS else 5)
        if row.method in papers:
            ax.plot(papers[row.method], y, "x", mec="0.3", ms=6)
        ax.text(1.02, y, f"{row.strict_auprc:.3f}", transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    ax.text(1.02, -1, "strict AUPRC", transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    ax.set_xscale("log")
    ax.set_yticks(range(len(rows)), [label(method) for method in rows["method"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("seconds of one inference")
    ax.grid(axis="y", color="0.92", lw=0.6)
    return figure


def tuning_figure(met: Mapping[str, pd.DataFrame]) -> Figure:
    """The package's own and the tuned setting of every method, a panel a kind of graphs.

    Parameters
    ----------
    met : mapping of str to DataFrame
        Title of a panel -> ``tuning.meeting``: a method's own setting before its tuned one.

    Returns
    -------
    Figure
        A row a method: filled marker the package's setting, open the tuned one.
    """
    figure, axes = plt.subplots(1, len(met), figsize=(7.2, 2.6), sharey=True, squeeze=False)
    methods = list(dict.fromkeys(method for of in met.values() for method in of["method"]))
    for ax, (title, of) in zip(axes[0], met.items(), strict=True):
        for method, rows in of.groupby("method"):
            y, colour, scores = methods.index(method), PALETTE[method], rows["mean AUPRC"].astype(float).tolist()
            ax.plot(scores, [y] * len(scores), color=colour, lw=1.2)
            ax.plot(scores[0], y, "o", color=colour, ms=6)
            ax.plot(scores[1:], [y] * len(scores[1:]), "o", mec=colour, mfc="white", ms=6)
        ax.set_title(f"{title}, n = {of['graphs'].iloc[0]} graphs", fontsize=9)
        ax.set_xlabel("mean strict AUPRC")
        ax.grid(axis="y", color="0.92", lw=0.6)
    axes[0, 0].set_yticks(range(len(methods)), [label(method) for method in methods])
    axes[0, 0].invert_yaxis()
    return figure


def development_figure(means: pd.DataFrame, ours: Sequence[str]) -> Figure:
    """Every model that was tried, the best on top, with intervals; released ones and other methods in their colours.

    Parameters
    ----------
    means : DataFrame
        ``mean, low, high`` by model.
    ours : sequence of str
        Models trained in this work.

    Returns
    -------
    Figure
        A row a model, ratio to random on a logarithmic axis; markers as ``marks.mark``, diamonds for all of ``ours``.
    """
    rows = means.sort_values("mean", ascending=False)
    figure, ax = plt.subplots(figsize=(3.75, 0.2 * len(rows) + 0.7))
    for y, (name, of) in enumerate(rows.iterrows()):
        colour = PALETTE.get(name, "0.5")
        ax.plot([of["low"], of["high"]], [y, y], color=colour, lw=1.4)
        ax.plot(of["mean"], y, "D" if name in ours else mark(str(name)), color=colour, ms=6)
    ax.axvline(1, color="0.5", lw=0.8, ls="--", zorder=0)
    ax.set_xscale("log")
    ax.set_xticks(TICKS[:3], [str(tick) for tick in TICKS[:3]])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(range(len(rows)), [label(name) if name in PALETTE else name for name in rows.index])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("strict AUPRC / density of true edges\n(dashed: random)")
    ax.grid(axis="y", color="0.92", lw=0.6)
    return figure
