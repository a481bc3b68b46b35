"""What a row of the record leaves out, for real data: how good a prediction is edge by edge and TF by TF.

AUPRC looks at the whole ranking. Of a network that somebody reads, the first edges count (EPR), and each
TF by itself: a method may rank whole TFs well and still not know which targets are whose. One table,
``details.csv``, with a row for each method and pair, of one run each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from grnular_core.data.beeline import NETWORKS, load_beeline
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import RunOptions, run_method
from grnular_core.methods.unrolled import papers_weights
from grnular_core.scoring.statistics import bootstrap_over_tfs
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import GrnularError
from grnular_core.utils.files import atomic_write
from grnular_paper.real_data import Task
from grnular_paper.records import provenance

TABLE = "details.csv"
KEY = ("dataset", "network", "genes", "method")
VALUES = (
    "seed",
    "epr",
    "epr_truth_genes",
    "tf_precision",
    "tfs_above",
    "tfs",
    "ratio",
    "low",
    "high",
)
DRAWS = 200


def details(data: GRNDataset, edges: pd.DataFrame) -> dict[str, float | int]:
    """The numbers of one edge table on the truth of ``data``, by the strict protocol.

    ``epr, epr_truth_genes``: early precision over density among all candidates, and among genes of the
    truth alone as BEELINE does. ``tf_precision``: mean over TFs of the normalised precision among as many
    targets as are true (0 chance, 1 perfect), ``tfs_above`` of ``tfs`` are above 0. ``ratio, low, high``: AUPRC
    over density with its 95 % interval when TFs are drawn with replacement.
    """
    of_data = (edges, data.truth, data.genes, data.tfs)
    found = strict_scores(*of_data)
    interval = bootstrap_over_tfs(*of_data, n=DRAWS).loc["auprc_ratio"]
    return {
        "epr": found["epr"],
        "epr_truth_genes": found["epr_truth_genes"],
        "tf_precision": found["tf_precision_mean"],
        "tfs_above": found["tf_precision_n_above_zero"],
        "tfs": found["tf_precision_n_tfs"],
        "ratio": interval["estimate"],
        "low": interval["low"],
        "high": interval["high"],
    }


def rows(folder: Path) -> pd.DataFrame:
    """The table, empty where there is none yet."""
    path = folder / TABLE
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=[*KEY, *VALUES])


def run_details(task: Task, device: str = "cpu", n_jobs: int = -1) -> list[dict[str, object]]:
    """Infer once; a row for every network of the data set."""
    edges, found = None, []
    for network in NETWORKS:
        data = load_beeline(task.dataset, network, task.genes)
        if edges is None:
            weights = papers_weights(task.method, "DS2")
            edges = run_method(
                data, task.method, RunOptions(task.seed, device, n_jobs, weights=weights)
            ).edges
        key = (task.dataset, network, task.genes, task.method)
        found.append(
            {**dict(zip(KEY, key, strict=True)), "seed": task.seed, **details(data, edges)}
        )
    return found


def record_details(
    folder: Path,
    wanted: Iterable[Task],
    *,
    device: str = "cpu",
    n_jobs: int = -1,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Run whatever is not in the table yet, on one thread as ``run_missing``; a line for each failure."""
    from grnular_core.models.parallel import one_thread

    failures = []
    for task in wanted:
        have = rows(folder)
        same = (have["dataset"] == task.dataset) & (have["genes"] == task.genes)
        if (same & (have["method"] == task.method)).any():
            continue
        try:
            with one_thread():
                new = run_details(task, device, n_jobs)
        except GrnularError as error:
            failures.append(f"{task.label}: {error}")
            say(failures[-1])
            continue
        add(folder, new)
        say(f"{task.label}: edge by edge")
    return failures


def add(folder: Path, new: list[dict[str, object]]) -> None:
    """Put rows into the table, in the place of those with the same key."""
    parts = [rows(folder), pd.DataFrame(new).assign(**provenance())]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table = table.drop_duplicates(list(KEY), keep="last").sort_values(list(KEY), kind="stable")
    with atomic_write(folder / TABLE) as part:
        table.to_csv(part, index=False, float_format="%.5g", lineterminator="\n")
