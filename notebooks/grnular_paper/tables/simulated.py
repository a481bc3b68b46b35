"""Shared by the pages of simulated experiments: the full grid, and a small part computed at build time.

Parameters
----------
tasks : iterable of SyntheticTask
    Which runs.
recorded : DataFrame
    Rows of the record's columns, computed now and recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.utils.cluster import cluster
from grnular_paper import grids
from grnular_paper.grids import Point
from grnular_paper.records import area_gaps, gap_in_words, recorded_folder, work_folder
from grnular_paper.runs import run_missing, run_now
from grnular_paper.synthetic import SyntheticTask, TFInformation

KEY = ["dataset", "cells", "cell_types", "replicate", "method", "tf_information", "seed"]


class LivePart(NamedTuple):
    """Rows computed at build time."""

    beside: pd.DataFrame  # of ``_beside_record``
    gap: float  # the largest difference of any area, as a share of the recorded one
    text: str  # the same in words, with a line for every run that failed


def live_tasks(
    points: Iterable[Point],
    curves: Sequence[tuple[str, TFInformation]],
    methods: Sequence[str],
    replicates: int,
) -> list[SyntheticTask]:
    """Return the runs of the chosen points and methods on the first test graphs, point by point.

    Parameters
    ----------
    points : iterable of Point
    curves : sequence of (method, TF information)
        All curves of the experiment.
    methods : sequence of str
        Which of their methods run.
    replicates : int
        Test graphs of each point.

    Returns
    -------
    list of SyntheticTask
        All runs of one graph follow each other.
    """
    return [
        point.task(method, replicate, known)
        for point in points
        for replicate in range(replicates)
        for method, known in curves
        if method in methods
    ]


def _beside_record(live: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Live rows with the recorded strict AUPRC of the same run, where there is one: ``KEY, live, recorded, gap``.

    ``gap`` is the largest difference of any AUPRC or AUROC, of both protocols, as a share of the recorded value.
    """
    if live.empty or recorded.empty:
        return pd.DataFrame(columns=[*KEY, "live", "recorded", "gap"])
    both = live.astype(dict.fromkeys(KEY, str)).merge(
        recorded.astype(dict.fromkeys(KEY, str)), on=KEY, suffixes=("", "_recorded")
    )
    return both[KEY].assign(live=both["strict_auprc"], recorded=both["strict_auprc_recorded"], gap=area_gaps(both).max(axis=1))


def live_part(tasks: Iterable[SyntheticTask], recorded: pd.DataFrame, **options: object) -> LivePart:
    """Run the tasks now and compare them with the record.

    Parameters
    ----------
    **options : object
        ``device`` and ``n_jobs`` of every run.

    Returns
    -------
    LivePart
    """
    rows, failures = run_now(tasks, **options)
    beside = _beside_record(rows, recorded)
    gap = float(beside["gap"].max()) if len(beside) else float("nan")
    first = f"{len(rows)} runs, {len(beside)} of them recorded; "
    return LivePart(beside, gap, "\n".join([first + gap_in_words(gap), *failures]))


def run_full_grid(experiment: str, device: str, n_workers: int, scheduler: str) -> list[str]:
    """Run the missing part of an experiment's full grid and add its rows to the record.

    Parameters
    ----------
    experiment : str
        "clean", "noisy" or "ds".
    device : str
        Where torch runs.
    n_workers : int
        Runs side by side.
    scheduler : str
        Address of a Dask scheduler; empty: this machine alone.

    Returns
    -------
    list of str
        A line for each run that failed.
    """
    with cluster(scheduler):
        return run_missing(
            recorded_folder(), grids.full_tasks(experiment), device=device, n_jobs=1,
            n_workers=n_workers, parts=work_folder(),
        )  # fmt: skip


def graph_numbers(recorded: pd.DataFrame) -> dict[str, int | str]:
    """How many graphs, or noise replicates of one network, stand behind a point of the figures, to be glued.

    Returns
    -------
    dict of str to int or str
        ``most_graphs``: the largest number that a method has at a point; 0 without a row. ``fewer_without`` and
        ``fewer_with``, the TF list: methods that have less at some point, with the
        least and the most.
    """
    of_point = recorded.groupby(["method", "tf_information", "panel", "place"], sort=False)["replicate"].nunique()
    most = int(of_point.max()) if len(of_point) else 0
    found: dict[str, int | str] = {"most_graphs": most}
    for known in ("without", "with"):
        of = of_point[of_point.index.get_level_values("tf_information") == known].groupby("method").agg(["min", "max"])
        less = of[of["min"] < most].sort_index(key=lambda methods: methods.map(label).str.lower())
        found[f"fewer_{known}"] = ", ".join(
            f"{label(row.Index)} {row.min if row.min == row.max else f'{row.min} to {row.max}'}" for row in less.itertuples()
        ) or "no method"
    return found


def on_record(total: int, recorded: pd.DataFrame, missing: pd.DataFrame) -> str:
    """How many runs are recorded, how many of them the figures show, and how many are planned beyond, as a sentence.

    Parameters
    ----------
    total : int
        Rows of the record, with those of methods that are no curve.
    missing : DataFrame
        Points with fewer ``rows`` than ``planned``, ``grids.missing``.

    Returns
    -------
    str
    """
    left = int((missing["planned"] - missing["rows"]).sum())
    shown = f"{total} recorded runs, {len(recorded)} of them of methods in the figures"
    rest = f"{left} more are planned" if left else "these are all that are planned, fewer for slow methods than for quick ones"
    return f"{shown}; {rest}, tuned settings aside."
