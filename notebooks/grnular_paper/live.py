"""A small part of an experiment computed now, beside what the record says of the same runs."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes

from grnular_core.plotting import style as plots
from grnular_paper.curves import SCORES, marker
from grnular_paper.records import area_gaps
from grnular_paper.synthetic import SyntheticTask, run_tasks

KEY = ["dataset", "cells", "cell_types", "replicate", "method", "tf_information", "seed"]


def run_live(tasks: Iterable[SyntheticTask], **options: object) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the tasks, and a line for each that could not run."""
    rows, failures = run_tasks(tasks, options)
    return pd.DataFrame(rows), failures


def beside_record(live: pd.DataFrame, recorded: pd.DataFrame, score: str) -> pd.DataFrame:
    """Live rows with the recorded score of the same run: ``KEY``, ``live``, ``recorded``, ``gap``.

    Runs without a record are left out. ``gap`` is the largest difference of any AUPRC or AUROC, of
    both protocols, as a share of the recorded value.
    """
    if live.empty or recorded.empty:
        return pd.DataFrame(columns=[*KEY, "live", "recorded", "gap"])
    both = live.astype(dict.fromkeys(KEY, str)).merge(
        recorded.astype(dict.fromkeys(KEY, str)), on=KEY, suffixes=("", "_recorded")
    )
    return both[KEY].assign(
        live=both[score], recorded=both[f"{score}_recorded"], gap=area_gaps(both).max(axis=1)
    )


def draw_beside(ax: Axes, both: pd.DataFrame, score: str) -> Axes:
    """Every live run against its recorded score: equal ones are on the diagonal."""
    ax.plot([0, 1], [0, 1], color="#888888", linestyle=":", linewidth=1)
    for method, rows in both.groupby("method", sort=False):
        ax.plot(
            rows["recorded"], rows["live"], marker(str(method)), markersize=6,
            markerfacecolor="none", color=plots.PALETTE.get(str(method), "#444444"),
            label=plots.label(str(method)),
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel=f"{SCORES[score]}, recorded", ylabel="computed now")
    ax.set_aspect("equal")
    if len(both):
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    return ax
