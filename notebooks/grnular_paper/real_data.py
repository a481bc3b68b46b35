"""The real-data experiment: which runs it has, how one run becomes rows of the record.

One inference per (dataset, gene rule, method, seed) is scored on every network of the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from grnular_core.data.beeline import NETWORKS, load_beeline, needed_keys
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import available, is_cached
from grnular_core.methods.registry import (
    METHODS,
    Inference,
    Progress,
    RunOptions,
    method,
    run_method,
)
from grnular_core.methods.unrolled import papers_weights
from grnular_core.utils.chunks import clear_parts, task_folder
from grnular_core.utils.errors import GrnularError, MethodError
from grnular_core.utils.provenance import repository
from grnular_paper.record_rows import row_scores
from grnular_paper.records import Record, area_gaps

RUN = ["dataset", "network", "genes", "method"]  # with a seed: what a row on real data is of
SMALL_DATASETS = ("mESC", "mDC", "hHep", "mHSC-GM", "mHSC-L")  # redistributed without the archives
GENES = "TFs+500"  # the gene rule of all fifteen pairs


@dataclass(frozen=True)
class Task:
    """One inference on real data."""

    dataset: str
    method: str
    seed: int = 0
    genes: str = GENES

    @property
    def label(self) -> str:
        return f"{self.method} on {self.dataset}, seed {self.seed}"

    def key(self, network: str, data_cells: int) -> dict[str, object]:
        """The row's key in the record. Real data have one replicate and no simulated dropout."""
        return {
            "dataset": self.dataset,
            "network": network,
            "genes": self.genes,
            "cells": data_cells,
            "cell_types": None,
            "dropout_percentile": None,
            "replicate": 0,
            "method": self.method,
            "tf_information": "with",
            "seed": self.seed,
        }


def recorded_folder() -> Path:
    """Where the committed tables of full-size runs live."""
    return repository() / "notebooks" / "recorded"


def work_folder() -> Path:
    """Where long runs keep finished parts, outside of anything that a build removes."""
    return repository() / ".grnular" / "parts"


def recorded_pairs(folder: Path, genes: str = GENES) -> pd.DataFrame:
    """Rows on record that were run with this gene rule."""
    rows = Record("beeline", folder).rows()
    return rows[rows["genes"] == genes]


def tasks(
    datasets: Sequence[str], methods: Sequence[str], seeds: Sequence[int], genes: str = GENES
) -> list[Task]:
    """All runs, seeds beyond the first only for methods that draw; quick methods first."""
    order = {"seconds": 0, "minutes": 1, "hours": 2}
    chosen = sorted(methods, key=lambda name: order[method(name).cost])
    return [
        Task(dataset, name, seed, genes)
        for name in chosen
        for dataset in datasets
        for seed in (seeds if method(name).stochastic else seeds[:1])
    ]


def pairs_without_data(
    datasets: Sequence[str], networks: Sequence[str], genes: str, download: bool = True
) -> dict[tuple[str, str], str]:
    """Pairs that can not be run, and why: (dataset, network) -> reason.

    Small files that are missing are downloaded on the way (unless ``download`` is False); the full
    archives, some hundred megabytes, are only used when they are already there.
    """
    needed = {(d, n): needed_keys(d, n, genes) for d in datasets for n in networks}
    keys = sorted({key for pair in needed.values() for key in pair})
    small = [key for key in keys if not key.endswith(".zip")]
    missing = set(available(small, download_missing=download, progress=False).reasons)
    missing |= {key for key in keys if key.endswith(".zip") and not is_cached(key)}
    reasons = {}
    for pair, pair_keys in needed.items():
        absent = [key for key in pair_keys if key in missing]
        archives = [key.rpartition("/")[2] for key in absent if key.endswith(".zip")]
        if archives:
            reasons[pair] = f"needs the full download ({', '.join(archives)})"
        elif absent:
            reasons[pair] = f"{len(absent)} files could not be downloaded, e.g. {absent[0]}"
    return reasons


def score_row(data: GRNDataset, run: Inference, device: str) -> dict[str, object]:
    """Both protocols' numbers of one edge table on one truth, in the record's column names.

    The paper's protocol depends on the order of genes: it is the order of the expression file.
    """
    return row_scores(run, data.truth, data.genes, data.tfs, device, symmetric_truth=False)


def run_task(
    task: Task,
    networks: Sequence[str] = NETWORKS,
    *,
    device: str = "cpu",
    n_jobs: int = -1,
    progress: Progress | None = None,
    parts: Path | None = None,
) -> list[dict[str, object]]:
    """Infer once, score on each network (a method that needs the truth is run once a network)."""
    rows, inference = [], None
    for network in networks:
        data = _loaded(task.dataset, network, task.genes)
        if inference is None or method(task.method).needs_truth:
            weights = papers_weights(task.method, "DS2")
            how = RunOptions(task.seed, device, n_jobs, progress, parts, weights)
            inference = run_method(data, task.method, how)
        ran_on = device if method(task.method).uses_device else "cpu"
        rows.append({**task.key(network, data.n_cells), **score_row(data, inference, ran_on)})
    return rows


@lru_cache(maxsize=len(SMALL_DATASETS) * len(NETWORKS))
def _loaded(dataset: str, network: str, genes: str) -> GRNDataset:
    """The pair, read once for all methods; nobody changes a ``GRNDataset``."""
    return load_beeline(dataset, network, genes)


def run_missing(
    record: Record,
    wanted: Iterable[Task],
    networks: Sequence[str] = NETWORKS,
    *,
    parts: Path | None = None,
    say: Callable[[str], None] = print,
    **options: object,
) -> list[str]:
    """Run every task whose rows are not in the record, adding rows as they come.

    Long methods keep finished parts in the folder ``parts`` until their rows are on record. A failing
    task does not stop the others. Rows are of one thread of torch, whatever the machine has: the paper's
    loop carries the rounding of another number into its scores. Returns one line for each task that failed.
    """
    from grnular_core.models.parallel import one_thread  # torch takes a second or two to load

    failures = []
    have = {
        tuple(row)
        for row in record.rows()[["dataset", "network", "genes", "method", "seed"]].to_numpy()
    }
    for task in wanted:
        todo = [
            n
            for n in networks
            if (task.dataset, n, task.genes, task.method, str(task.seed)) not in have
        ]
        own = task_folder(parts, vars(task))
        if not todo:
            clear_parts(own)  # a run killed between recording and clearing has left them
            continue
        try:
            with one_thread():
                rows = run_task(task, todo, parts=own, **options)
        except GrnularError as error:
            failures.append(f"{task.label}: {error}")
            say(failures[-1])
            continue
        record.add(rows)
        clear_parts(own)
        say(f"{task.label}: {rows[0]['seconds']:.1f} s, {len(rows)} rows recorded")
    return failures


def compare_with_record(live: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Rows of both with the largest difference of any area: ``dataset, network, method, difference``.

    Differences are shares of the recorded value. Rows that only one of the two has are left out, and
    so is the EPR: it counts hits above one threshold, so that rounding on another processor can move
    it by whole hits where the areas hardly move.
    """
    rows, gaps = _gaps(live, recorded)
    return rows.assign(difference=gaps.max(axis=1))


def _gaps(live: pd.DataFrame, recorded: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keys of the rows that both have, and by how much each area differs there."""
    both = live.assign(seed=live["seed"].astype(str)).merge(
        recorded, on=[*RUN, "seed"], suffixes=("", "_recorded")
    )
    return both[[*RUN, "seed"]], area_gaps(both)


def _seeds_apart(rows: pd.DataFrame, recorded: pd.DataFrame, areas: Sequence[str]) -> pd.DataFrame:
    """How far apart the other recorded seeds of each row's run are, in the form of ``_gaps``."""
    apart = []
    for row in rows.itertuples():
        same = (recorded[RUN] == [getattr(row, name) for name in RUN]).all(axis=1)
        others = recorded.loc[same & (recorded["seed"] != row.seed), list(areas)].astype(float)
        apart.append((others.max() - others.min()) / others.mean().abs())
    return pd.DataFrame(apart, index=rows.index, columns=list(areas)).fillna(0.0)


def verify(
    record: Record,
    budget_seconds: float,
    seed: int,
    tolerance: float,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Recompute a random sample of recorded rows within a time budget and compare.

    Returns ``compare_with_record`` of the sample. Raises ``MethodError`` that lists the rows that
    moved by more than ``tolerance``. Where a method has several seeds on record a row may also move
    by as much as the others are apart: hundreds of steps of a fit carry the rounding of another processor
    as far as another seed would.
    """
    from grnular_core.models.parallel import one_thread

    recorded = record.rows()
    runs = recorded.drop_duplicates(["dataset", "genes", "method", "seed"])
    runs = runs.sample(frac=1, random_state=seed)
    missing = {
        rule: pairs_without_data(part["dataset"].unique(), NETWORKS, rule)
        for rule, part in runs.groupby("genes")
    }
    left, live = budget_seconds, []
    for row in runs.itertuples():
        networks = [n for n in NETWORKS if (row.dataset, n) not in missing[row.genes]]
        if row.seconds > left or not networks or row.method not in METHODS:
            continue
        left -= row.seconds
        task = Task(row.dataset, row.method, int(row.seed), row.genes)
        with one_thread():
            live += run_task(task, networks)
        say(f"recomputed {task.label}")
    if not live:
        return pd.DataFrame(columns=["dataset", "network", "genes", "method", "seed", "difference"])
    rows, gaps = _gaps(pd.DataFrame(live), recorded)
    compared = rows.assign(difference=gaps.max(axis=1))
    allowed = _seeds_apart(rows, recorded, gaps.columns).clip(lower=tolerance)
    moved = compared[~(gaps <= allowed).all(axis=1)]
    if len(moved):
        raise MethodError(
            f"recorded rows that moved by more than {tolerance} and more than seeds do:\n"
            f"{moved.to_string(index=False)}"
        )
    return compared
