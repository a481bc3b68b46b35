"""The experiments on simulated data: which runs there are, how one run becomes a row of the record.

A replicate is one test graph; its seed is never used for training or validation. All methods of a
replicate see the same cells, so they can be compared in pairs. Genes that show no expression count:
their edges are among the candidates, and a method that cannot see them scores 0 there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import (
    METHODS,
    Inference,
    Progress,
    RunOptions,
    method,
    run_method,
)
from grnular_core.methods.unrolled import papers_weights
from grnular_core.simulation.simulate import (
    Simulation,
    preset,
    simulate,
    simulated_anndata,
    simulated_dataset,
    tf_names,
    truth_table,
)
from grnular_core.training.batches import first_seed
from grnular_core.utils.chunks import clear_parts, task_folder
from grnular_core.utils.errors import GrnularError, InputError, MethodError
from grnular_paper.record_rows import row_scores
from grnular_paper.records import KEY, Record

TFInformation = Literal["with", "without"]


@dataclass(frozen=True)
class SyntheticTask:
    """One method on one replicate of a preset, with or without the list of TFs."""

    preset: str
    method: str
    replicate: int
    seed: int = 0
    n_cells: int | None = None
    n_types: int | None = None
    tf_information: TFInformation = "with"

    @property
    def label(self) -> str:
        return f"{self.method} on {self.preset}, replicate {self.replicate}, seed {self.seed}"

    @property
    def experiment(self) -> str:
        """The record it belongs to."""
        return {"c": "clean", "n": "noisy", "D": "ds"}[self.preset[0]]

    def key(self) -> dict[str, object]:
        """The row's key in the record."""
        settings = preset(self.preset, n_cells=self.n_cells, n_types=self.n_types)
        dropout = settings.technical.dropout
        return {
            "dataset": self.preset,
            "network": "simulated",
            "genes": str(settings.graph.n_genes),
            "cells": settings.kinetics.n_cells,
            "cell_types": settings.kinetics.n_types,
            "dropout_percentile": dropout[1] if dropout else 0.0,
            "replicate": self.replicate,
            "method": self.method,
            "tf_information": self.tf_information,
            "seed": self.seed,
        }


@lru_cache(maxsize=4)
def replicate_of(
    name: str, replicate: int, n_cells: int | None = None, n_types: int | None = None
) -> Simulation:
    """The simulated test data of one replicate."""
    return simulate(preset(name, n_cells=n_cells, n_types=n_types), first_seed("test") + replicate)


def as_dataset(simulation: Simulation, tf_information: TFInformation = "with") -> GRNDataset:
    """A simulation as methods see it: silent genes are dropped, as from a user's file.

    Without TF information every gene is listed as a possible regulator.
    """
    if tf_information == "with":
        return simulated_dataset(simulation)
    return make_dataset(simulated_anndata(simulation), None, name=simulation.name)


def score_row(simulation: Simulation, run: Inference, device: str) -> dict[str, object]:
    """Both protocols' numbers over all simulated genes, in the record's column names."""
    truth, tfs = truth_table(simulation), tf_names(simulation)
    return row_scores(run, truth, simulation.genes(), tfs, device, symmetric_truth=True)


def run_synthetic(
    task: SyntheticTask,
    *,
    device: str = "cpu",
    n_jobs: int = -1,
    progress: Progress | None = None,
    parts: Path | None = None,
) -> dict[str, object]:
    """Infer one network and score it: one row of the record.

    Where the noise has left no TF or no true edge to see, every method is scored as an empty network.
    """
    chosen = method(task.method)
    simulation = replicate_of(task.preset, task.replicate, task.n_cells, task.n_types)
    try:
        data = as_dataset(simulation, task.tf_information)
    except InputError:
        run = Inference(edge_table(np.zeros((0, 0)), [], []), 0.0, 0.0)
    else:
        weights = papers_weights(task.method, "DS1") if task.experiment == "ds" else None
        how = RunOptions(task.seed, device, n_jobs, progress, parts, weights)
        run = run_method(data, task.method, how)
    ran_on = device if chosen.uses_device else "cpu"
    return {**task.key(), **score_row(simulation, run, ran_on)}


def synthetic_tasks(
    presets: Sequence[str],
    methods: Sequence[str],
    replicates: Sequence[int],
    **settings: object,
) -> list[SyntheticTask]:
    """All methods on all replicates; all methods of a replicate follow each other."""
    return [
        SyntheticTask(name, chosen, replicate, **settings)
        for name in presets
        for replicate in replicates
        for chosen in methods
    ]


def run_missing_synthetic(
    folder: Path,
    wanted: Iterable[SyntheticTask],
    *,
    parts: Path | None = None,
    say: Callable[[str], None] = print,
    n_workers: int = 1,
    **options: object,
) -> list[str]:
    """Run every task whose row is not in its record, adding rows as they come.

    Long methods keep finished parts in the folder ``parts`` until their row is on record.

    Tasks that follow each other on the same data are one piece of work, which simulates the data once;
    pieces run side by side in ``n_workers`` processes, or wherever ``joblib.parallel_config`` sends
    them (a Dask cluster, say). This process alone writes. A failing task does not stop the others.
    Returns one line for each task that failed.
    """
    failures, wanted = [], list(wanted)
    todo = _not_recorded(folder, wanted)
    left = set(todo)
    for task in wanted:
        if task not in left:  # a run killed between recording and clearing has left its parts
            clear_parts(_own_parts(parts, task.key()))
    pieces = [list(tasks) for _, tasks in groupby(todo, _data_of)]
    runs = Parallel(n_jobs=n_workers, return_as="generator_unordered")(
        delayed(run_tasks)(piece, {**options, "parts": parts}) for piece in pieces
    )
    for rows, failed in runs:
        for experiment, found in groupby(rows, lambda row: row["experiment"]):
            Record(experiment, folder).add(found)
        for row in rows:
            clear_parts(_own_parts(parts, row))
            say(
                f"{row['method']} on {row['dataset']}, {row['cells']} cells of {row['cell_types']} "
                f"types, replicate {row['replicate']}: AUPRC {row['strict_auprc']:.3f}, "
                f"{row['seconds']:.2f} s"
            )
        for line in failed:
            failures.append(line)
            say(line)
    return failures


def _data_of(task: SyntheticTask) -> tuple[object, ...]:
    return task.preset, task.replicate, task.n_cells, task.n_types


def _own_parts(parts: Path | None, row: Mapping[str, object]) -> Path | None:
    """Where the task of a row keeps its parts; its key is enough of the row."""
    return task_folder(parts, {name: row[name] for name in KEY if name != "experiment"})


def _not_recorded(folder: Path, wanted: Iterable[SyntheticTask]) -> list[SyntheticTask]:
    key = ["dataset", "cells", "cell_types", "replicate", "method", "tf_information", "seed"]
    have: dict[str, set[tuple[str, ...]]] = {}
    left = []
    for task in wanted:
        if task.experiment not in have:
            rows = Record(task.experiment, folder).rows()[key].astype(str)
            have[task.experiment] = set(rows.itertuples(index=False, name=None))
        if tuple(str(task.key()[name]) for name in key) not in have[task.experiment]:
            left.append(task)
    return left


def run_tasks(
    tasks: Iterable[SyntheticTask], options: dict[str, object]
) -> tuple[list[dict[str, object]], list[str]]:
    """Rows of the tasks, with their experiment, and a line for each that failed.

    Each task keeps its parts in a folder of its own below ``parts``, one of the options.
    """
    rows, failures = [], []
    for task in tasks:
        try:
            own = {**options, "parts": _own_parts(options.get("parts"), task.key())}
            rows.append({"experiment": task.experiment, **run_synthetic(task, **own)})
        except GrnularError as error:
            failures.append(f"{task.label}: {error}")
    return rows, failures


def verify_synthetic(
    folder: Path,
    budget_seconds: float,
    seed: int,
    tolerance: float,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Recompute a random sample of the recorded rows within a time budget and compare.

    Returns ``dataset, method, replicate, difference``, the difference being the larger of the two
    protocols' AUPRC as a share of the recorded value. Raises ``MethodError`` that lists the rows
    that moved by more than ``tolerance``.
    """
    found = [Record(name, folder).rows() for name in ("clean", "noisy", "ds")]
    found = [rows for rows in found if len(rows)] or found[:1]
    rows = pd.concat(found, ignore_index=True).sample(frac=1, random_state=seed)
    left, compared = budget_seconds, []
    for row in rows.itertuples():
        if row.seconds > left or row.method not in METHODS:
            continue
        left -= row.seconds
        task = SyntheticTask(
            row.dataset, row.method, int(row.replicate), int(row.seed), int(row.cells),
            int(row.cell_types), row.tf_information,
        )  # fmt: skip
        live = run_synthetic(task)
        gaps = [abs(live[c] / getattr(row, c) - 1) for c in ("strict_auprc", "paper_auprc")]
        compared.append((task.preset, task.method, task.replicate, max(gaps)))
    say(f"recomputed {len(compared)} runs on simulated data")
    table = pd.DataFrame(compared, columns=["dataset", "method", "replicate", "difference"])
    moved = table[~(table["difference"] <= tolerance)]
    if len(moved):
        raise MethodError(
            f"recorded rows that moved by more than {tolerance}:\n{moved.to_string(index=False)}"
        )
    return table
