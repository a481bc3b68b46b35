"""From a data set to a network with what one may believe of it: edges, stability, decoys."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import Progress, Run, run_method
from grnular_core.utils.errors import InputError
from grnular_core.workflow.decoys import Decoys, count_decoys, q_values
from grnular_core.workflow.stability import TOP, edge_stability

Bar = Callable[[str], AbstractContextManager[Progress | None]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done beside the inference itself.

    ``stability``: runs on cells drawn again, ``null``: runs with shuffled twins of all genes (0: none);
    ``top``: the strongest edges that stability looks at; ``groups`` (cells,): see ``shuffled``.
    """

    stability: int = 0
    null: int = 0
    top: int = TOP
    groups: np.ndarray | None = None

    @property
    def n_runs(self) -> int:
        return 1 + self.stability + self.null


@dataclass(frozen=True, eq=False)
class Network:
    """An edge table, with ``stability, mean_rank`` (empty beyond the top) and ``q_value`` where these
    were asked for, the decoys behind ``q_value``, and seconds by step."""

    edges: pd.DataFrame
    decoys: Decoys | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def infer_network(
    data: GRNDataset,
    name: str,
    run: Run | None = None,
    plan: Plan | None = None,
    say: Say = lambda text: None,
    bar: Bar = lambda label: nullcontext(),
) -> Network:
    """Infer once, then as often as ``plan`` says. ``say`` is told how long the rest takes before it
    begins; ``bar(label)`` gives a progress callback for each step. Raises as ``run_method`` does."""
    run, plan = run or Run(), plan or Plan()
    with bar(name) as progress:
        first = run_method(data, name, replace(run, progress=progress))
    edges, seconds, decoys = first.edges, {"inference": first.seconds}, None
    if plan.n_runs > 1:
        say(rest_of_runs(plan, first.seconds))
    if plan.stability:
        began = time.perf_counter()
        with bar("stability") as progress:
            found = edge_stability(data, name, edges, plan.stability, plan.top, run, progress)
        columns = found[["stability", "mean_rank"]]  # by row: the first edges are the strongest
        edges = edges.join(columns)
        seconds["stability"] = time.perf_counter() - began
    if plan.null:
        began = time.perf_counter()
        with bar("shuffled genes") as progress:
            decoys = count_decoys(data, name, plan.null, plan.groups, run, progress)
        edges = edges.assign(q_value=q_values(edges, decoys))
        seconds["null"] = time.perf_counter() - began
    return Network(edges, decoys, seconds)


def rest_of_runs(plan: Plan, seconds: float) -> str:
    """How long the runs after the first one take: as long, and twice that with twice the genes."""
    from grnular_core.methods.cost import spelled_seconds

    parts = [
        (plan.stability, "on cells drawn again"),
        (plan.null, "with shuffled twins of all genes"),
    ]
    what = " and ".join(f"{n} {how}" for n, how in parts if n)
    more = (plan.stability + 2 * plan.null) * seconds
    return f"still to run: {what}, {spelled_seconds(more)} (the first took {seconds:.1f} s, with what is loaded once)"


def expected(
    data: GRNDataset,
    name: str,
    weights: str | None = None,
    plan: Plan | None = None,
    n_jobs: int = -1,
) -> str:
    """Size, memory and, where it can be told, time of all runs of a plan, before any of them.

    Raises ``InputError`` for data that do not fit the machine, with their twins where there are any.
    """
    from grnular_core.methods.cost import (
        expected_seconds,
        rough_seconds,
        spelled_seconds,
        spelled_time,
    )
    from grnular_core.methods.memory import check_memory
    from grnular_core.methods.peer_times import peer_seconds

    plan = plan or Plan()
    size = (data.n_cells, data.n_genes, len(data.tfs))
    twins = 2 if plan.null else 1
    stored = None if data.n_values is None else twins * data.n_values
    said = "{}: {} cells, {} genes, {} TFs; ".format(name, *size)
    try:
        said += check_memory(data.n_cells, twins * data.n_genes, len(data.tfs), name, stored)
    except InputError as error:
        if not plan.null:
            raise
        raise InputError(f"{error}; shuffled twins double the genes: leave --null out") from error
    most = expected_seconds(*size, name, weights)
    needed = most or rough_seconds(*size, name, weights) or peer_seconds(*size, name, n_jobs)
    if most is not None:
        said += f", {spelled_time(most)}"
    elif needed is not None:
        said += f", {spelled_seconds(needed)}"
    if plan.n_runs == 1:
        return said
    said += " a run" if needed is not None else ""
    said += f"; {plan.n_runs} runs"
    if needed is None or needed < 1:  # what lies around short runs takes longer than they do
        return said
    return f"{said}, {spelled_seconds((1 + plan.stability + 2 * plan.null) * needed)}"
