"""Figure of the trainings behind the published models."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grnular_paper import readings
from grnular_paper.figures.curves import OKABE_ITO
from grnular_paper.figures.legends import legend_below

COLOURS = dict(zip(readings.SCALINGS, OKABE_ITO[1:], strict=False))
# The thick lines lie below the thin ones, which they would hide.
DOT = {"marker": "o", "ms": 6, "mfc": "white", "mew": 1.5}
PUBLISHED, OTHER = {"linewidth": 2.6, "zorder": 1}, {"linewidth": 0.9, "zorder": 2}


def scaling_curves(curves: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Draw AUPRC on validation graphs against epochs by P and the scale of Eq. 12, a panel a family, a line a seed.

    Parameters
    ----------
    curves : DataFrame
        Recorded rows of "readings".
    titles : mapping of str to str
        Families of graphs, and the titles of their panels.

    Returns
    -------
    Figure
        Lines of the published model's settings are thick, with a dot at the best epoch; seeds that are recorded are drawn.
    """
    figure, axes = plt.subplots(1, len(titles), figsize=(8, 3.5), sharey=True, squeeze=False)
    curves = curves.astype({"epoch": int})
    for ax, (family, title) in zip(axes[0], titles.items(), strict=True):
        published = readings.published_scaling(family)
        for scaling, name in readings.scaling_names(family).items():
            look = (PUBLISHED if scaling == published else OTHER) | {"color": COLOURS[scaling]}
            for _, seed in curves[(curves["graphs"] == family) & (curves["reading"] == name)].groupby("seed"):
                ax.plot(seed["epoch"], seed["valid_auprc"], **look)
                top = seed.loc[seed["valid_auprc"].idxmax()]
                if scaling == published:
                    ax.plot(top["epoch"], top["valid_auprc"], color=COLOURS[scaling], zorder=3, **DOT)
        ax.set_title(title)
        ax.set_xlabel("epoch")
        ax.set_ylim(0, 1)
        ax.grid(axis="y", color="0.92", lw=0.6)
        ax.set_axisbelow(True)
    axes[0, 0].set_ylabel("strict AUPRC, validation graphs")
    lines = [Line2D([], [], color=colour, label=_in_words(scaling)) for scaling, colour in COLOURS.items()]
    lines.append(Line2D([], [], color="0.4", label="published model, best epoch", **DOT, **PUBLISHED))
    legend_below(figure, lines, n_columns=1)
    return figure


def _in_words(scaling: str) -> str:
    """The variant with its scale of Eq. 12, which the name leaves out where it is the mean over all entries."""
    return scaling if readings.OVER_CELLS in scaling else f"{scaling}, means"
