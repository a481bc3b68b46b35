"""One loop that computes what is not recorded yet, and one check that recomputes what is.

Rows go to the record as soon as a run (``tasks.Task``) has ended.

Parameters
----------
folder : Path
    The folder of recorded tables.
say : callable
    Gets a line for every run that ended.
**options
    ``device`` and ``n_jobs`` of every run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from grnular_core.data.beeline import NETWORKS
from grnular_core.methods.registry import METHODS
from grnular_core.utils.errors import GrnularError, MethodError
from grnular_paper.real_data import RUN, RealTask, pairs_without_data
from grnular_paper.records import KEY, Record, area_gaps
from grnular_paper.synthetic import SyntheticTask
from grnular_paper.tasks import Rows, Task

_PLACE = [name for name in KEY if name != "experiment"]


def run_missing(
    folder: Path,
    tasks: Iterable[Task],
    *,
    parts: Path | None = None,
    say: Callable[[str], None] = print,
    n_workers: int = 1,
    **options: Any,
) -> list[str]:
    """Run every task whose rows are not recorded, adding them as they come.

    A failing task stops no other one. Killed and started again, it goes on where it stopped.

    Parameters
    ----------
    tasks : iterable of Task
        Planned runs, in order.
    parts : Path, optional
        A folder where long methods keep finished parts until their rows are recorded.
    n_workers : int
        Processes, or wherever ``utils.cluster`` sends the work. This process alone writes.

    Returns
    -------
    list of str
        A line for each task that failed.
    """
    wanted = list(tasks)
    todo = [task for task, there in zip(wanted, _recorded(folder, wanted), strict=True) if not there]
    for task in wanted:
        if task not in todo:  # a run killed between recording and clearing has left its parts
            _clear(_own_parts(parts, task))
    pieces = [list(piece) for _, piece in groupby(todo, lambda task: task.data)]
    results = joblib.Parallel(n_jobs=n_workers, return_as="generator_unordered")(
        joblib.delayed(_run_piece)(piece, parts, options) for piece in pieces
    )
    failures, records = [], {}
    for task, found, failure in (result for piece in results for result in piece):
        if failure:
            failures.append(failure)
            say(failure)
            continue
        for experiment in sorted(found, key=lambda name: name == task.experiment):  # that of the task last
            record = records.setdefault(experiment, Record(experiment, folder))
            record.add(found[experiment], replace=experiment != task.experiment)
        _clear(_own_parts(parts, task))
        say(f"{task.label}: {_outcome(pd.DataFrame(found[task.experiment]))}")
    return failures


def _outcome(rows: pd.DataFrame) -> str:
    """The mean score of a run's rows, and its time where they have one."""
    names = {"strict_auprc": "strict AUPRC", "valid_auprc": "AUPRC", "ratio_others": "AUPRC / density"}
    column = next(name for name in names if name in rows)
    took = f"{rows['seconds'].iloc[0]:.2f} s, " if "seconds" in rows else ""
    return f"{names[column]} {rows[column].astype(float).mean():.3f}, {took}{len(rows)} rows"


def run_now(tasks: Iterable[Task], **options: Any) -> tuple[pd.DataFrame, list[str]]:
    """Run tasks, recorded or not, without writing.

    Parameters
    ----------
    tasks : iterable of Task

    Returns
    -------
    rows : DataFrame
        The rows of the tasks, without provenance.
    failures : list of str
        A line for each task that could not run.
    """
    found = _run_piece(list(tasks), None, options)
    rows = [row for task, rows, failure in found if not failure for row in rows[task.experiment]]
    return pd.DataFrame(rows), [failure for *_, failure in found if failure]


def _run_piece(tasks: Sequence[Task], parts: Path | None, options: Mapping[str, Any]) -> list[tuple[Task, dict[str, Rows], str]]:
    """Each task with its rows by record, or with a line on why there are none."""
    results = []
    for task in tasks:
        try:
            rows = task.run(parts=_own_parts(parts, task), **options)
        except GrnularError as error:
            results.append((task, {}, f"{task.label}: {error}"))
        else:
            results.append((task, rows if isinstance(rows, dict) else {task.experiment: rows}, ""))
    return results


def _own_parts(parts: Path | None, task: Task) -> Path | None:
    """A folder of this task alone, so that clearing it leaves the parts of other tasks."""
    return parts and parts / "".join(c if c.isalnum() else "-" for c in task.label)


def _clear(folder: Path | None) -> None:
    """Remove the parts of rows that are safely recorded; nothing happens where none were kept."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _recorded(folder: Path, tasks: Sequence[Task]) -> Iterator[bool]:
    """Whether all rows of each task are recorded."""
    have: dict[tuple[str, tuple[str, ...]], set[tuple[str, ...]]] = {}
    for task in tasks:
        there = True
        for identity in task.identities():
            names = tuple(identity)
            if (task.experiment, names) not in have:
                rows = Record(task.experiment, folder).rows()[list(names)]
                have[task.experiment, names] = set(rows.itertuples(index=False, name=None))
            there &= tuple(map(str, identity.values())) in have[task.experiment, names]
        yield there


# --- verification


def compare_with_record(live: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Rows computed now beside the same recorded rows; rows that only one of the two has are left out.

    ``difference`` is the largest of any AUPRC or AUROC of either protocol as a share of the recorded value.

    Parameters
    ----------
    live : DataFrame
    recorded : DataFrame

    Returns
    -------
    DataFrame
        ``RUN``, ``replicate``, ``seed`` and ``difference``.
    """
    rows, gaps = _gaps(live, recorded)
    return rows.assign(difference=gaps.max(axis=1))


def _gaps(live: pd.DataFrame, recorded: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that both have, and by how much each area differs there."""
    on = ["dataset", "network", "genes", "cells", "replicate", "method", "tf_information", "seed"]
    on += ["cell_types"] if "cell_types" in live and live["cell_types"].notna().all() else []
    both = live.astype(dict.fromkeys(on, str)).merge(recorded, on=on, suffixes=("", "_recorded"))
    return both[[*RUN, "replicate", "seed"]], area_gaps(both)


def _seeds_apart(rows: pd.DataFrame, recorded: pd.DataFrame, areas: Sequence[str]) -> pd.DataFrame:
    """How far apart the other recorded seeds of each row's run are, in the form of ``_gaps``.

    Of a run with one recorded seed it is those of the method on the same pair under another gene rule.
    """
    apart, pair = [], [name for name in RUN if name != "genes"]
    for row in rows.itertuples():
        of_pair = recorded[(recorded[pair] == [getattr(row, name) for name in pair]).all(axis=1)]
        same = of_pair["genes"] == row.genes
        others = of_pair[same & (of_pair["seed"] != row.seed)]
        rules = (others if len(others) else of_pair[~same]).groupby("genes")
        spreads = [(v.max() - v.min()) / v.mean().abs() for v in (of[list(areas)].astype(float) for _, of in rules)]
        apart.append(pd.DataFrame(spreads, columns=list(areas)).max())
    return pd.DataFrame(apart, index=rows.index, columns=list(areas)).fillna(0.0)


def verify(
    folder: Path,
    experiments: Sequence[str],
    budget_seconds: float,
    *,
    seed: int = 0,
    tolerance: float = 0.01,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Recompute a random sample of recorded rows and compare.

    A row of real data may also move by as much as other seeds are apart: of its run or, where that has one recorded,
    of the method on the same pair under another gene rule.

    Parameters
    ----------
    experiments : sequence of str
        Records of simulated data ("clean", "noisy", "ds") or that of real data ("beeline").
    budget_seconds : float
        How many recorded seconds the sample may take.
    seed : int
        Which sample.
    tolerance : float
        The largest share of the recorded value by which an area may differ.

    Returns
    -------
    DataFrame
        ``compare_with_record`` of the sample; empty where no row could be recomputed.

    Raises
    ------
    MethodError
        With the rows that moved by more.
    """
    found = [rows for name in experiments if len(rows := Record(name, folder).rows())]
    live, recorded = [], pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    for task in _sample(recorded, budget_seconds, seed):
        live.append(run_now([task])[0])
        say(f"recomputed {task.label}")
    live = [rows for rows in live if len(rows)]
    if not live:
        return pd.DataFrame(columns=[*RUN, "replicate", "seed", "difference"])
    rows, gaps = _gaps(pd.concat(live, ignore_index=True), recorded)
    compared = rows.assign(difference=gaps.max(axis=1))
    allowed = gaps * 0 + tolerance
    if "beeline" in experiments:
        allowed = allowed.clip(lower=_seeds_apart(rows, recorded, gaps.columns))
    moved = compared[~(gaps <= allowed).all(axis=1)]
    if len(moved):
        raise MethodError(
            f"recorded rows that moved by more than {tolerance} and more than seeds do:\n"
            f"{moved.to_string(index=False)}"
        )
    return compared


def _sample(recorded: pd.DataFrame, budget_seconds: float, seed: int) -> Iterator[Task]:
    """Random recorded runs, as many as the budget allows, that can be recomputed with the available data."""
    if recorded.empty:
        return
    real = recorded["experiment"] == "beeline"
    missing = {
        rule: pairs_without_data(part["dataset"].unique(), NETWORKS, rule)
        for rule, part in recorded[real].groupby("genes")
    }
    one_each = recorded.drop_duplicates([name for name in _PLACE if name != "network"])
    for row in one_each.sample(frac=1, random_state=seed).itertuples():
        networks = NETWORKS
        if row.experiment == "beeline":
            networks = tuple(n for n in NETWORKS if (row.dataset, n) not in missing[row.genes])
        if row.seconds > budget_seconds or not networks or row.method not in METHODS:
            continue
        budget_seconds -= row.seconds
        if row.experiment == "beeline":
            yield RealTask(row.dataset, row.method, int(row.seed), row.genes, networks, detailed=False)
        else:
            yield SyntheticTask(
                row.dataset, row.method, int(row.replicate), int(row.seed), int(row.cells),
                int(row.cell_types), row.tf_information,
            )  # fmt: skip
