"""From a dataset to a network with its reliability: edges, stability, FDR, scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import Progress, RunOptions, method, run_method
from grnular_core.methods.resources import check_memory, expected_seconds, spelled_seconds
from grnular_core.utils.device import is_large
from grnular_core.utils.errors import InputError
from grnular_core.workflow.stability import TOP, DecoyCounts, count_decoys, edge_stability, q_values

Bar = Callable[[str], AbstractContextManager[Progress | None]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Runs beside the inference itself."""

    bootstraps: int = 0  # runs on bootstraps of the cells, for stability (0: none)
    decoys: int = 0  # runs with permuted decoys of all genes, for the FDR (0: none)
    top: int = TOP  # number of strongest edges for stability
    groups: np.ndarray | None = None  # (cells,), among which cells values are permuted, as in ``permuted``

    @property
    def n_runs(self) -> int:
        """All runs, the inference itself among them."""
        return 1 + self.bootstraps + self.decoys

    @property
    def n_units(self) -> int:
        """All runs in units of the first: decoys double the genes, and with them the time."""
        return 1 + self.bootstraps + 2 * self.decoys


@dataclass(frozen=True, eq=False)
class Network:
    """Result of an analysis."""

    # The edge table, with ``stability, mean_rank`` (empty beyond the top) and ``q_value`` where
    # these were computed.
    edges: pd.DataFrame
    decoys: DecoyCounts | None = None  # counts from which ``q_value`` is computed
    seconds: dict[str, float] = field(default_factory=dict)  # step -> seconds


def infer_network(
    data: GRNDataset,
    name: str,
    run: RunOptions | None = None,
    plan: Plan | None = None,
    say: Say = lambda text: None,
    bar: Bar = lambda label: nullcontext(),
) -> Network:
    """Infer once, then repeat by a plan.

    Parameters
    ----------
    data : GRNDataset
    name : str
    run : RunOptions, optional
        Seed, device, jobs and weights.
    plan : Plan, optional
        By default one run.
    say : callable
        Receives a message on the expected time of the remaining runs.
    bar : callable
        ``bar(label)`` gives a progress callback for each step.

    Returns
    -------
    Network
        The first run's edges, for any plan.

    Raises
    ------
    InputError, MethodError
        As ``run_method`` does.
    """
    run, plan = run or RunOptions(), plan or Plan()
    with bar(name) as progress:
        first = run_method(data, name, replace(run, progress=progress))
    edges, seconds, decoys = first.edges, {"inference": first.seconds}, None
    if plan.n_runs > 1:
        say(_rest_of_runs(plan, first.seconds))
    if plan.bootstraps:
        began = time.perf_counter()
        with bar("bootstraps") as progress:
            found = edge_stability(data, name, edges, plan.bootstraps, plan.top, run, progress)
        edges = edges.join(found[["stability", "mean_rank"]])  # by row: the first are the strongest
        seconds["bootstraps"] = time.perf_counter() - began
    if plan.decoys:
        began = time.perf_counter()
        with bar("decoys") as progress:
            decoys = count_decoys(data, name, plan.decoys, plan.groups, run, progress)
        edges = edges.assign(q_value=q_values(edges, decoys))
        seconds["decoys"] = time.perf_counter() - began
    return Network(edges, decoys, seconds)


def _rest_of_runs(plan: Plan, seconds: float) -> str:
    """Return a message on the time of the runs after the first one."""
    parts = [
        (plan.bootstraps, "on bootstraps of the cells"),
        (plan.decoys, "with permuted decoys of all genes"),
    ]
    what = " and ".join(f"{n} {how}" for n, how in parts if n)
    more = spelled_seconds((plan.n_units - 1) * seconds)
    return (
        f"still to run: {what}, {more} (the first took {seconds:.1f} s, with what is loaded once)"
    )


def expected_cost(
    data: GRNDataset,
    name: str,
    weights: str | None = None,
    plan: Plan | None = None,
    n_jobs: int = -1,
) -> str:
    """Predict size, memory and, where possible, time of all runs of a plan.

    Parameters
    ----------
    data : GRNDataset
    name : str
    weights : str, optional
        Name or file of weights in place of the method's default ones.
    plan : Plan, optional
        By default one run.
    n_jobs : int
        Processes, -1 for all cores.

    Returns
    -------
    str

    Raises
    ------
    InputError
        For data that do not fit the machine, with their decoys where there are any.
    """
    plan, chosen = plan or Plan(), method(name)
    size = (data.n_cells, data.n_genes, len(data.tfs))
    times = 2 if plan.decoys else 1
    stored = None if data.n_values is None else times * data.n_values
    line = "{}: {} cells, {} genes, {} TFs; ".format(name, *size)
    try:
        line += check_memory(data.n_cells, times * data.n_genes, len(data.tfs), chosen, stored)
    except InputError as error:
        if not plan.decoys:
            raise
        raise InputError(f"{error}; decoys double the genes: leave --decoys out") from error
    needed = expected_seconds(*size, chosen, weights, n_jobs)
    if needed is not None:
        line += f", {spelled_seconds(needed)}"
        line += " on the CPU" if chosen.uses_device and is_large(*size) else ""
    if plan.n_runs == 1:
        return line
    line += " a run" if needed is not None else ""
    line += f"; {plan.n_runs} runs"
    if needed is None or needed < 1:  # overhead takes longer than such short runs
        return line
    return f"{line}, {spelled_seconds(plan.n_units * needed)}"
