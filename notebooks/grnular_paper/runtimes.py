"""The paper's Tables 1 and 2: how long inference takes with 1,200 genes, method by method.

The data are a replicate of SERGIO's DS3: 1,200 genes, 127 TFs, 2,700 cells. Rows go to the record
``runtimes`` with their scores, so that a time is never shown without what it bought. Times mean
something on an otherwise idle machine only; nothing here can see whether it was.

Every method runs on a small data set first: what a process does once, loading libraries above all, would
otherwise be on the bill of whichever method comes first. Quick runs are repeated, and the median counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import Inference, MethodInput, RunOptions, method, run_method
from grnular_core.methods.unrolled import papers_weights
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.models.inference import grnular_scores
from grnular_core.utils.errors import GrnularError
from grnular_paper.records import Record
from grnular_paper.synthetic import (
    SyntheticTask,
    TFInformation,
    as_dataset,
    replicate_of,
    score_row,
)

DATASET = "DS3"
HIDDEN = (200, 500, 1000)  # Table 1
# Table 2 and its rivals here, quick ones first
METHODS = (
    "correlation", "clr", "ridge", "glad-tf", "grnular-context", "grnular", "glad", "tigress",
    "grnboost2", "glasso", "genie3", "grnboost2-arboreto", "genie3-arboreto",
)  # fmt: skip
WITHOUT_TFS = ("glad",)
WARM_UP = ("clean", 0, 100, 2)  # preset, replicate, cells, cell types: what methods run on first
REPEATS, REPEATED_BELOW = 5, 10.0  # runs of less than so many seconds are repeated


def forward_name(hidden: int) -> str:
    """The name in the record of one forward pass of the paper's GRNULar."""
    return f"forward: H1 = {hidden}"


def papers_config(hidden: int) -> GRNULarConfig:
    """The settings under Table 1: two layers, P = 5, L = 15, E1 = 400, no step left out."""
    return GRNULarConfig(
        hidden=(hidden,), n_unroll=15, n_inner=5, init_epochs=400, init_tolerance=0.0
    )


def timed_forward(hidden: int, device: str = "cpu") -> dict[str, object]:
    """One forward pass, goodINIT and all fits, with untrained learned parts: one row."""

    def forward(data: GRNDataset) -> Inference:
        work = MethodInput.of(data)
        began, cpu = time.perf_counter(), time.process_time()
        weight, sign = grnular_scores(
            work.expression, work.tf_index, papers_config(hidden), seed=0, device=device
        )
        spent = time.perf_counter() - began, time.process_time() - cpu
        return Inference(edge_table(weight, work.tfs, work.genes, sign), *spent)

    return _row(forward_name(hidden), median_run(forward, "with"), device, "with")


def timed_method(name: str, device: str = "cpu", n_jobs: int = -1) -> dict[str, object]:
    """One inference of a method on all cores, from the expression to the edge table: one row."""
    known: TFInformation = "without" if name in WITHOUT_TFS else "with"
    how = RunOptions(0, device, n_jobs, weights=papers_weights(name, "DS1"))
    run = median_run(lambda data: run_method(data, name, how), known)
    return _row(name, run, device if method(name).uses_device else "cpu", known)


def median_run(infer: Callable[[GRNDataset], Inference], known: TFInformation) -> Inference:
    """A run on small data, then the run of median time on the data set."""
    infer(as_dataset(replicate_of(*WARM_UP), known))
    data = as_dataset(replicate_of(DATASET, 0), known)
    runs = [infer(data)]
    if runs[0].seconds < REPEATED_BELOW:
        runs += [infer(data) for _ in range(REPEATS - 1)]
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def _row(name: str, run: Inference, device: str, tf_information: str) -> dict[str, object]:
    key = SyntheticTask(DATASET, name, 0, tf_information=tf_information).key()
    where = f"{device}, {torch.get_num_threads()} threads"
    return {**key, **score_row(replicate_of(DATASET, 0), run, where)}


def run_missing_runtimes(
    folder: Path,
    hidden: Sequence[int] = HIDDEN,
    methods: Sequence[str] = METHODS,
    *,
    device: str = "cpu",
    n_jobs: int = -1,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Time whatever is not on record; a line for each that failed. They run one after another."""
    record = Record("runtimes", folder)
    have = set(record.rows()["method"])
    wanted: dict[str, Callable[[], dict[str, object]]] = {
        forward_name(h): lambda h=h: timed_forward(h, device) for h in hidden
    } | {m: lambda m=m: timed_method(m, device, n_jobs) for m in methods}
    failures = []
    for name, measure in wanted.items():
        if name in have:
            continue
        try:
            row = measure()
        except GrnularError as error:
            failures.append(f"{name}: {error}")
            say(failures[-1])
            continue
        record.add([row])
        say(f"{name}: {row['seconds']:.1f} s, strict AUPRC {row['strict_auprc']:.3f}")
    return failures
