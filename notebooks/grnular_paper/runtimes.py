"""The paper's Tables 1 and 2: how long inference takes with 1,200 genes, method by method.

The data are one simulation of SERGIO's DS3: 1,200 genes, 127 TFs, 2,700 cells. Rows go to the record
``runtimes`` with their scores, so that a time is never shown without its accuracy. Times mean
something on an otherwise idle machine only; nothing here can see whether it was.

Every method runs on a small dataset first: one-time costs, loading libraries above all, would
otherwise be on the bill of whichever method comes first. Quick runs are repeated, and the median counts.

Parameters
----------
hidden : int
    Hidden units H1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import Inference, MethodInput, RunOptions, method, run_method
from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.inference import model_scores
from grnular_paper.synthetic import SyntheticTask, TFInformation, as_dataset, replicate_of, score_simulation
from grnular_paper.tasks import Task

DATASET = "DS3"
HIDDEN = (200, 500, 1000)  # Table 1
# Table 2 and other methods here, quick ones first
METHODS = (
    "correlation", "clr", "ridge", "glad-tf", "grnular-context", "grnular", "glad", "tigress",
    "grnboost2", "glasso", "genie3", "grnboost2-arboreto", "genie3-arboreto",
)  # fmt: skip
WITHOUT_TFS = ("glad",)
WARM_UP = ("clean", 0, 100, 2)  # preset, replicate, cells, cell types of the first, untimed run
REPEATS, REPEATED_BELOW = 5, 10.0  # runs of less than so many seconds are repeated


def forward_name(hidden: int) -> str:
    """The name in the record of one forward pass of the paper's GRNULar.

    Returns
    -------
    str
    """
    return f"forward: H1 = {hidden}"


def papers_config(hidden: int) -> GRNULarConfig:
    """The settings under Table 1: two layers, P = 5, L = 15, E1 = 400, no step left out.

    Returns
    -------
    GRNULarConfig
    """
    return GRNULarConfig(hidden=(hidden,), n_unroll=15, n_inner=5, init_epochs=400, init_tolerance=0.0)


@dataclass(frozen=True)
class Timing(Task):
    """One timed run on the dataset of Tables 1 and 2: of a method, or of one forward pass.

    A forward pass is goodINIT and all fits, with untrained learned parts.
    """

    name: str  # of the method in the registry, or ``forward_name``
    hidden: int | None = None  # hidden units of a forward pass; None for a method
    experiment = "runtimes"

    @property
    def label(self) -> str:
        """The name in the record."""
        return self.name

    def _identities(self) -> list[Mapping[str, object]]:
        """A timing is one row."""
        return [{"method": self.name}]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> list[dict[str, object]]:
        """One row: from the expression to the edge table, on all cores."""
        known: TFInformation = "without" if self.name in WITHOUT_TFS else "with"
        if self.hidden is not None:
            found = _median_run(lambda data: _forward(data, self.hidden, device), known)
            where = device
        else:
            weights = method(self.name).papers_weights("DS1")
            how = RunOptions(0, device, n_jobs, weights=weights, trained_like="DS1")
            found = _median_run(lambda data: run_method(data, self.name, how), known)
            where = device if method(self.name).uses_device else "cpu"
        key = SyntheticTask(DATASET, self.name, 0, tf_information=known).key()
        where = f"{where}, {torch.get_num_threads()} threads"
        return [{**key, **score_simulation(replicate_of(DATASET, 0), found, where)}]


def _forward(data: GRNDataset, hidden: int, device: str) -> Inference:
    work, model = MethodInput.of(data), GRNULar(papers_config(hidden))
    began, cpu = time.perf_counter(), time.process_time()
    weight, sign = model_scores(model, work.expression, work.tf_index, device=device)
    spent = time.perf_counter() - began, time.process_time() - cpu
    return Inference(edge_table(weight, work.tfs, work.genes, sign), *spent)


def timings(hidden: Iterable[int] = HIDDEN, methods: Iterable[str] = METHODS) -> list[Timing]:
    """The forward passes of Table 1 and the methods of Table 2, in the order to run.

    Parameters
    ----------
    hidden : iterable of int
        Hidden units of the forward passes.
    methods : iterable of str
        Names in the registry of methods.

    Returns
    -------
    list of Timing
        In the order to run.
    """
    return [*(Timing(forward_name(h), h) for h in hidden), *map(Timing, methods)]


def _median_run(infer: Callable[[GRNDataset], Inference], known: TFInformation) -> Inference:
    """A run on small data, then the run of median time on the dataset."""
    infer(as_dataset(replicate_of(*WARM_UP), known))
    data = as_dataset(replicate_of(DATASET, 0), known)
    runs = [infer(data)]
    if runs[0].seconds < REPEATED_BELOW:
        runs += [infer(data) for _ in range(REPEATS - 1)]
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
