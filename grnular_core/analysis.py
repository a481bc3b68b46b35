"""From a data set to a network with what one may believe of it: edges, stability, shuffled null."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from grnular_core.dataset import GRNDataset
from grnular_core.methods import Progress, Run, run_method
from grnular_core.shuffled_null import NullWeights, null_weights, q_values
from grnular_core.stability import TOP, edge_stability

Bar = Callable[[str], AbstractContextManager[Progress | None]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done beside the inference itself.

    ``stability``: runs on cells drawn again, ``null``: runs on shuffled data (0: none of them);
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
    were asked for, the null behind ``q_value``, and seconds by step."""

    edges: pd.DataFrame
    null: NullWeights | None = None
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
    edges, seconds, null = first.edges, {"inference": first.seconds}, None
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
        with bar("shuffled data") as progress:
            null = null_weights(data, name, plan.null, plan.groups, run, progress)
        edges = edges.assign(q_value=q_values(edges["weight"].to_numpy(), null))
        seconds["null"] = time.perf_counter() - began
    return Network(edges, null, seconds)


def rest_of_runs(plan: Plan, seconds: float) -> str:
    """How long the runs after the first one take, as each takes about as long."""
    from grnular_core.cost import spelled_seconds

    more = plan.n_runs - 1
    parts = [(plan.stability, "on cells drawn again"), (plan.null, "on shuffled data")]
    what = " and ".join(f"{n} {where}" for n, where in parts if n)
    return f"still to run: {what}, {spelled_seconds(more * seconds)} in all at {seconds:.1f} s each"


def expected(
    data: GRNDataset, name: str, weights: str | None = None, plan: Plan | None = None
) -> str:
    """Size, memory and, where it can be told, time of all runs of a plan, before any of them.

    Raises ``InputError`` for data that do not fit the machine.
    """
    from grnular_core.cost import expected_seconds, rough_seconds, spelled_seconds, spelled_time
    from grnular_core.memory import check_memory

    size = (data.n_cells, data.n_genes, len(data.tfs))
    said = "{}: {} cells, {} genes, {} TFs; ".format(name, *size)
    said += check_memory(*size, name, data.n_values)
    most = expected_seconds(*size, name, weights)
    needed = most or rough_seconds(*size, name, weights)
    if most is not None:
        said += f", {spelled_time(most)}"
    elif needed is not None:
        said += f", {spelled_seconds(needed)}"
    n_runs = (plan or Plan()).n_runs
    if n_runs == 1:
        return said
    said += " a run" if needed is not None else ""
    return said + f"; {n_runs} runs" + (f", {spelled_seconds(n_runs * needed)}" if needed else "")
