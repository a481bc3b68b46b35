"""Figures of simulated data: scores against cells, factors of an ablation, trained methods, growth with size.

Parameters
----------
ax : Axes
    Drawn on, and returned.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from grnular_core.methods.registry import METHODS
from grnular_core.plotting import style as plots
from grnular_core.scoring.statistics import mean_interval
from grnular_paper import scaling
from grnular_paper.figures.legends import legend_below, legend_below_panel
from grnular_paper.grids import TUNED
from grnular_paper.learning import SETTINGS, TITLES, by_mean

SCORES = {
    "strict_auprc": "strict AUPRC",
    "strict_auprc_ratio": "strict AUPRC / random",
    "strict_auroc": "strict AUROC",
    "paper_auprc": "AUPRC (paper)",
    "paper_auroc": "AUROC (paper)",
}
# what random scores reach, where a row tells
CHANCE = {"strict_auprc": "density", "paper_auroc": "paper_floor_auroc"}
# what differences are shown to
COMPARED = ("grnboost2-tuned", "glad-tf", "correlation", "clr", "ridge-tuned", "tigress-tuned")
DODGE = 0.016  # between methods, as a share of the axis
ROOM = 0.08  # between rows of panels, as a share of the figure
RATIO = "strict_auprc_ratio"  # on a logarithmic axis; random scores have 1
OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#999999")
# Share of a place that its methods take where places are names: no line joins what is no row of numbers; few stay close.
GROUP, MANY = 0.84, 8


_CEILING = {"marker": "*", "markersize": 9, "color": "#222222", "markerfacecolor": "none", "linestyle": "none"}


class Row(NamedTuple):
    """A row of panels: a score, with or without the list of TFs."""

    score: str  # a key of ``SCORES``
    tf_information: str  # whether methods had the list


def _draw_curves(ax: Axes, rows: pd.DataFrame, score: str, methods: Sequence[str], places: Sequence[object]) -> Axes:
    """Draw mean and standard deviation over test graphs at every place, one line a method.

    Places that are names, such as datasets, are parted and not joined; dotted is what random scores reach.
    """
    joined = all(not isinstance(place, str) for place in places)
    step = DODGE * len(places) if joined else GROUP / max(len(methods), MANY)
    for border in [] if joined else range(1, len(places)):
        ax.axvline(border - 0.5, color="#dddddd", linewidth=1)
    for number, method in enumerate(methods):
        of_method = rows[rows["method"] == method]
        groups = of_method.groupby("place")[score].agg(["mean", "std", "size"]).reindex(list(places))
        there = groups["size"].notna().to_numpy()
        if not there.any():
            continue
        x = np.arange(len(places)) + step * (number - (len(methods) - 1) / 2)
        drawn = ax.errorbar(
            x[there], groups["mean"][there], yerr=groups["std"].fillna(0)[there],
            linewidth=1 if joined else 0, elinewidth=0.6, **_look(method),
        )  # fmt: skip
        for bars in drawn.lines[2]:  # many cross the lines
            bars.set_alpha(0.3 if joined else 1)
    if (score in CHANCE or score == RATIO) and len(rows):
        chance = 1.0 if score == RATIO else rows[CHANCE[score]].mean()
        ax.axhline(chance, color="#888888", linestyle=":", linewidth=1)
    if rows.empty:
        middle = {"ha": "center", "va": "center", "transform": ax.transAxes}
        ax.text(0.5, 0.5, "not recorded yet", size=8, color="#666666", **middle)
    ax.set_xticks(range(len(places)), [_thousands(place) for place in places])
    ax.set_xlim(-0.5, len(places) - 0.5)
    return ax


def _marker(method: str) -> str:
    """Lines differ by marker as well as by colour; a method has the same one in every figure."""
    name = method.removesuffix(TUNED)
    return METHODS[name].marker if name in METHODS else "p"


def _look(method: str) -> dict[str, object]:
    """Marker of a line; a method with tuned settings has that of its package's own, open, and a dashed line."""
    colour = plots.PALETTE.get(method, "#444444")
    look = {"marker": _marker(method), "markersize": 4, "color": colour}
    if method.endswith(TUNED):
        return look | {"markerfacecolor": "white", "markeredgewidth": 1, "linestyle": "--"}
    return look | {"markeredgecolor": "white", "markeredgewidth": 0.4}


def _thousands(place: object) -> str:
    """1000 as 1k, names as they are."""
    return f"{place // 1000}k" if isinstance(place, int) and place >= 1000 else str(place)


def curve_grid(
    rows: pd.DataFrame,
    panel_rows: Sequence[Row],
    panels: dict[object, str],
    curves: Sequence[tuple[str, str]],
    places: Sequence[object],
    axis_label: str,
    ceilings: pd.DataFrame | None = None,
    own: Collection[object] = (),
) -> Figure:
    """Draw panels in the paper's layout.

    Parameters
    ----------
    rows : DataFrame
        ``method, tf_information, panel, place`` and scores.
    panel_rows : sequence of Row
        One row of panels each.
    panels : dict
        Value of ``panel`` -> title; one column of panels each.
    curves : sequence of (method, TF information)
        In the order of the legend, which is below all panels.
    places : sequence
        Values of ``place`` along the axes.
    axis_label : str
        Below the lowest panels.
    ceilings : DataFrame, optional
        As ``ceilings.ceiling_points``: a star in panels with the TF list.
    own : collection
        Values of ``panel`` whose panels have an axis of their own, that of what is drawn in them.

    Returns
    -------
    Figure
        The other panels of one row share their axis, from 0 to 1 but for multiples of random.
    """
    n_rows, n_columns = len(panel_rows), len(panels)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(max(1.2 + 2.1 * n_columns, 5.6), 2.3 * n_rows + 0.9), sharex=True, squeeze=False,
    )  # fmt: skip
    for number, (line, panel_row) in enumerate(zip(axes, panel_rows, strict=True)):
        methods = [m for m, known in curves if known == panel_row.tf_information]
        for ax, (value, title) in zip(line, panels.items(), strict=True):
            here = (rows["panel"] == value) & (rows["tf_information"] == panel_row.tf_information)
            _draw_curves(ax, rows[here], panel_row.score, methods, places)
            if ceilings is not None and panel_row.tf_information == "with" and panel_row.score in ceilings:
                of_panel = ceilings[ceilings["panel"] == value]
                ax.plot([places.index(place) for place in of_panel["place"]], of_panel[panel_row.score], **_CEILING)
            if number == 0:
                ax.set_title(title)
            if number == n_rows - 1:
                ax.set_xlabel(axis_label)
        line[0].set_ylabel(SCORES[panel_row.score] + f"\n{panel_row.tf_information} TF list")
        _share([ax for ax, value in zip(line, panels, strict=True) if value not in own], panel_row.score)
    there = set(rows["method"])  # tuned methods without runs are not named
    shown = dict.fromkeys(
        m for m, known in curves
        if known in {r.tf_information for r in panel_rows} and (m in there or not m.endswith(TUNED))
    )  # fmt: skip
    handles = [_key(m, not isinstance(places[0], str)) for m in shown]
    if ceilings is not None and len(ceilings):
        handles.append(Line2D([], [], label="trained like the test", **_CEILING))
    legend_below(figure, handles)
    return figure


def _share(panels: Sequence[Axes], score: str) -> None:
    """Give panels of a row one axis, with numbers at the first of them."""
    for ax in panels[1:]:
        ax.sharey(panels[0])
        ax.tick_params(labelleft=False)
    for ax in panels[:1]:
        if score == RATIO:
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if round(value, 6) in (2, 3, 5) else "")
        else:
            ax.set_ylim(0, 1)


def difference_grid(
    rows: pd.DataFrame,
    chosen: Sequence[str],
    panels: Mapping[object, str],
    places: Sequence[object],
    others: Sequence[str] = COMPARED,
) -> Figure:
    """Draw how far a method is above others, network by network: mean difference and its 95 % interval over networks.

    Parameters
    ----------
    rows : DataFrame
        ``method, tf_information, panel, place, replicate`` (the network) and ``strict_auprc``.
    chosen : sequence of str
        Methods with a row of panels each.
    panels : mapping
        Value of ``panel`` -> title; one column of panels each.
    places : sequence
        Values of ``place``, numbers of cells, along the axes.
    others : sequence of str
        Methods to compare with, a line each; only networks that both have count.

    Returns
    -------
    Figure
        Above the dashed line the method of the row has the higher strict AUPRC; panels of a column share their axis.
    """
    known = rows[rows["tf_information"] == "with"]
    wide = known.pivot(index=["panel", "place", "replicate"], columns="method", values="strict_auprc")
    figure, axes = plt.subplots(
        len(chosen), len(panels), figsize=(1.2 + 2.1 * len(panels), 2.4 * len(chosen) + 0.9), sharex=True, sharey="col",
        squeeze=False,
    )  # fmt: skip
    shown = [other for other in others if other in wide]
    for line, method in zip(axes, chosen, strict=True):
        for ax, value in zip(line, panels, strict=True):
            ax.axhline(0, color="#888888", linestyle="--", linewidth=1)
            for number, other in enumerate(shown):
                gaps = (wide[method] - wide[other]).xs(value, level="panel").dropna()
                means = pd.DataFrame({p: mean_interval(of) for p, of in gaps.groupby(level="place")}).T
                means = means.reindex(list(places))[["mean", "low", "high"]].astype(float)
                x = np.arange(len(places)) + DODGE * len(places) * (number - (len(shown) - 1) / 2)
                reach = [means["mean"] - means["low"], means["high"] - means["mean"]]
                ax.errorbar(x, means["mean"], yerr=reach, linewidth=1, elinewidth=0.6, **_look(other))
            ax.set_xticks(range(len(places)), [_thousands(place) for place in places])
        line[0].set_ylabel(f"{plots.label(method)}\nminus others")
    for ax, title in zip(axes[0], panels.values(), strict=True):
        ax.set_title(title)
    for ax in axes[-1]:
        ax.set_xlabel("cells M")
    legend_below(figure, [_key(m) for m in shown])
    return figure


def _key(method: str, joined: bool = True) -> Line2D:
    return Line2D([], [], linewidth=1 if joined else 0, label=plots.label(method), **_look(method))


def draw_beside(ax: Axes, both: pd.DataFrame) -> Axes:
    """Draw every live run against its recorded score: equal ones are on the diagonal.

    Parameters
    ----------
    both : DataFrame
        Of ``tables.simulated._beside_record``; may be empty.

    Returns
    -------
    Axes
    """
    ax.plot([0, 1], [0, 1], color="#888888", linestyle=":", linewidth=1)
    for method, rows in both.groupby("method", sort=False):
        ax.plot(
            rows["recorded"], rows["live"], _marker(str(method)), markersize=6,
            markerfacecolor="none", color=plots.PALETTE.get(str(method), "#444444"),
            label=plots.label(str(method)),
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="strict AUPRC, recorded", ylabel="computed now")
    ax.set_aspect("equal")
    if len(both):
        legend_below_panel(ax)
    return ax


SETTING_COLOURS = {"clean": "#0072B2", "noisy(25)": "#D55E00"}
SETTING_LABELS = {"clean": "clean", "noisy(25)": "dropout 25 %"}
PANELS_A_ROW = 3
LABEL_WIDTH = 36  # characters that fit below a panel in one line
FACTORS = {
    "P": "inner steps P", "L": "iterations L", "H_d": "hidden units $H_d$", "E1": "steps of the first fit, E1",
    "layers": "hidden layers", "members": "networks averaged",
}  # fmt: skip  # titles of panels, where the name of a factor is a letter or too short to tell


def _factor_panel(ax: Axes, rows: pd.DataFrame) -> Axes:
    """Draw mean strict AUPRC and its 95 % interval for every value of one factor, one colour a setting."""
    values = _in_order(rows["value"])
    for shift, (name, colour) in zip((-0.08, 0.08), SETTING_COLOURS.items(), strict=True):
        of_setting = rows[rows["dataset"] == name]
        if of_setting.empty:
            continue
        spread = [mean_interval(of_setting.loc[of_setting["value"] == v, "strict_auprc"]) for v in values]  # fmt: skip
        mean = np.array([s["mean"] for s in spread])
        low, high = (np.array([s[end] for s in spread]) for end in ("low", "high"))
        ax.errorbar(
            np.arange(len(values)) + shift, mean, yerr=[mean - low, high - mean], fmt="o-" if _numbers(values) else "o",
            color=colour, markersize=4, linewidth=1, capsize=2, label=SETTING_LABELS[name],
        )  # fmt: skip
    ax.set_xticks(range(len(values)), [_in_lines(value, LABEL_WIDTH // len(values)) for value in values], fontsize=8)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.set_ylim(0, 1)
    factor = rows["factor"].iloc[0]
    ax.set_title(FACTORS.get(factor, factor))
    return ax


def _in_lines(text: str, width: int) -> str:
    """Text in lines of a width, never broken beside a sign of equality or behind one of multiplication."""
    return textwrap.fill(text.replace(" = ", "\xa0=\xa0").replace(" x ", " ×\xa0"), width, break_long_words=False)


def _in_order(values: Iterable[str]) -> list[str]:
    """Different values, by size where all are numbers, else as they come."""
    different = list(dict.fromkeys(values))
    return sorted(different, key=float) if _numbers(different) else different


def _numbers(values: Iterable[str]) -> bool:
    """Whether all are numbers; only these are joined by lines."""
    try:
        return bool([float(value) for value in values])
    except ValueError:
        return False


def factor_grid(rows: pd.DataFrame) -> Figure:
    """Draw a panel for every factor, see ``_factor_panel``.

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
    n_rows = max(math.ceil(len(factors) / PANELS_A_ROW), 1)
    figure, axes = plt.subplots(n_rows, PANELS_A_ROW, figsize=(8, 2.4 * n_rows), sharey=True, squeeze=False)
    for ax, factor in zip(axes.flat, factors, strict=False):
        _factor_panel(ax, rows[rows["factor"] == factor])
    for ax in axes.flat[len(factors) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("strict AUPRC")
    legend_below(figure, axes[0, 0].get_legend_handles_labels()[0])
    figure.set_layout_engine("constrained", hspace=ROOM)  # else a title seems to be the label of the axis above it
    return figure


def learning_figure(found: pd.DataFrame) -> Figure:
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
            ax.plot(one["strict_auprc"], np.full(len(one), place), "o", color=colour, markersize=3, alpha=0.5, markeredgewidth=0)
            mean = one["strict_auprc"].mean()
            ax.plot([mean, mean], [place - 0.35, place + 0.35], color=colour, linewidth=2)
        ax.axvline(of_setting["density"].mean(), color="#999999", linestyle=":", linewidth=1)
        ax.set_title(TITLES[setting])
        ax.set_xlim(0, 1)
        ax.set_xlabel("strict AUPRC")
    axes[0].set_yticks(range(len(order)), order)
    axes[0].invert_yaxis()
    return drawn


def scaling_figure(table: pd.DataFrame) -> Figure:
    """Draw seconds (above) and peak memory (below) against what grows, one column a sweep.

    Parameters
    ----------
    table : DataFrame
        Runs, ``scaling.COLUMNS``.

    Returns
    -------
    Figure
        Logarithmic axes, one curve a method.
    """
    drawn, axes = plt.subplots(2, len(scaling.SWEEPS), figsize=(8, 4.8), sharey="row", sharex="col")
    for column, (sweep, (text, _)) in zip(axes.T, scaling.SWEEPS.items(), strict=True):
        of_sweep = table[table["sweep"] == sweep]
        for ax, measure in zip(column, ("seconds", "peak_gb"), strict=True):
            for method in scaling.METHODS:
                rows = of_sweep[of_sweep["method"] == method].sort_values(sweep)
                ax.plot(rows[sweep], rows[measure], "o-", color=plots.PALETTE[method], markersize=4, label=plots.label(method))
            ax.set(xscale="log", yscale="log")
        column[0].set_title(textwrap.fill(text, LABEL_WIDTH), fontsize=9)
        column[1].set_xlabel("TFs" if sweep == "tfs" else sweep)
        column[1].xaxis.set_major_formatter("{x:,g}")
    for ax, name in zip(axes[:, 0], ("seconds", "peak memory, GB"), strict=True):
        ax.set_ylabel(name)
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    axes[1, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    legend_below(drawn, axes[0, 0].get_legend_handles_labels()[0])
    return drawn


def reading_figure(curves: pd.DataFrame, names: Sequence[str], titles: Mapping[str, str]) -> Figure:
    """Draw AUPRC on validation graphs against epochs, a panel a family of graphs, a colour a variant.

    Parameters
    ----------
    curves : DataFrame
        ``graphs, reading, seed, epoch, valid_auprc``.
    names : sequence of str
        Training variants, in the order of the legend.
    titles : mapping
        Families of graphs, and the titles of their panels.

    Returns
    -------
    Figure
        Thin lines are seeds, thick ones their means; of seeds that every variant has.
    """
    drawn, axes = plt.subplots(1, len(titles), figsize=(8, 3.9), squeeze=False)
    curves = curves[curves["reading"].isin(names)].astype({"epoch": int})
    for ax, (family, title) in zip(axes[0], titles.items(), strict=True):
        own = curves[curves["graphs"] == family]
        counts = own.groupby("seed")["reading"].nunique()
        own = own[own["seed"].isin(counts[counts == len(names)].index)]
        for name, colour in zip(names, OKABE_ITO, strict=False):
            of = own[own["reading"] == name]
            for _, seed in of.groupby("seed"):
                ax.plot(seed["epoch"], seed["valid_auprc"], color=colour, alpha=0.3, linewidth=0.7)
            mean = of.groupby("epoch")["valid_auprc"].mean()
            ax.plot(mean.index, mean, color=colour, linewidth=2, label=name)
        ax.set_title(title)
        ax.set_xlabel("epoch")
    axes[0, 0].set_ylabel("strict AUPRC, validation graphs")
    legend_below(drawn, axes[0, 0].get_legend_handles_labels()[0], n_columns=1)
    return drawn
