"""How time and memory grow with genes, cells and TFs, as one figure."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from grnular_core.plotting import style as plots
from grnular_paper.scaling import METHODS, SWEEPS


def figure(table: pd.DataFrame) -> Figure:
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
    drawn, axes = plt.subplots(2, len(SWEEPS), figsize=(8, 4.6), sharey="row", sharex="col")
    for column, (sweep, (text, _)) in zip(axes.T, SWEEPS.items(), strict=True):
        of_sweep = table[table["sweep"] == sweep]
        for ax, measure in zip(column, ("seconds", "peak_gb"), strict=True):
            for method in METHODS:
                rows = of_sweep[of_sweep["method"] == method].sort_values(sweep)
                ax.plot(
                    rows[sweep], rows[measure], "o-", color=plots.PALETTE[method], markersize=4,
                    label=plots.label(method),
                )  # fmt: skip
            ax.set(xscale="log", yscale="log")
        column[1].set_xlabel(text, fontsize=8)
    axes[0, 0].set_ylabel("seconds")
    axes[1, 0].set_ylabel("peak memory, GB")
    axes[0, 0].legend(fontsize=8)
    return drawn
