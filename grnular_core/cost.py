"""How long GRNULar takes, said before it starts, and how far it is.

The work is counted in floating-point operations of large products in single precision. What is no
product (reading, ReLUs, means, sorting) counts as many as take the same time; these are measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grnular_core.memory import is_large
from grnular_core.unrolled_methods import UNROLLED

if TYPE_CHECKING:  # torch is loaded only when a model is
    from grnular_core.grnular import GRNULarConfig

STEP_CELLS = 1000  # cells that a step of a fit looks at where there are more
# operations of a product that take as long as the rest of the work: for a value when it is read, in
# views, and made dense in a step; for a weight in a step of Adam, a number of h in a layer of context,
# a pair in an edge table
READ, VIEWED, MADE_DENSE, A_WEIGHT, A_NUMBER, AN_EDGE = 2_000, 6_000, 300, 1_000, 3_000, 60_000
ALL = 1000  # what progress counts to
START = 2.5  # seconds that a run takes besides, loading libraries above all


def operations(
    n_cells: int, n_genes: int, n_tfs: int, config: GRNULarConfig | None = None
) -> dict[str, float]:
    """Floating-point operations of each part of ``streamed.streamed_scores``, at most.

    ``config`` is that of the trained ``grnular`` unless it is given. goodINIT mostly stops early.
    """
    from grnular_core.regression import CHECK_EVERY

    config = config or shipped_config()
    sizes = config.layer_sizes(n_tfs, n_genes)
    weights = sum(a * b for a, b in pairwise(sizes))
    pairs, values = n_tfs * n_genes, n_cells * n_genes
    seen = min(n_cells, STEP_CELLS)
    a_step = 6 * seen * weights + A_WEIGHT * weights + MADE_DENSE * seen * n_genes
    a_check = 2 * config.init_held_out * n_cells * weights
    penalty = 6 * n_tfs * weights
    context = config.rho == "context"
    width, layers = config.context_width, config.context_layers
    a_network = pairs * width * (layers * 2 * n_tfs + (layers + 1) * A_NUMBER)
    a_pass = a_network * config.context_members if context else 0
    return {
        "read": READ * values,
        # two products in single precision, five in double
        "views": (24 * n_cells * pairs + VIEWED * values) if context else 2 * n_cells * pairs,
        "init": config.init_epochs * (a_step + a_check / CHECK_EVERY),
        "cells": config.n_unroll * (config.n_inner * (a_step + penalty) + a_pass),
        "edges": AN_EDGE * pairs,
    }


def shipped_config(weights: str | Path = "grnular") -> GRNULarConfig | None:
    """The configuration of trained weights; None where these are of another model."""
    from grnular_core.trained import read_trained

    recipe = read_trained(weights).recipe
    return recipe.config if recipe.model == "grnular" else None


def seconds(
    n_cells: int, n_genes: int, n_tfs: int, rate: float, config: GRNULarConfig | None = None
) -> float:
    """Seconds that ``grnular`` takes at most on large data; ``rate`` is that of ``measured_rate``."""
    return sum(operations(n_cells, n_genes, n_tfs, config).values()) / rate


def expected_seconds(
    n_cells: int, n_genes: int, n_tfs: int, method: str, weights: str | Path | None = None
) -> float | None:
    """Seconds at most of a method on this machine's CPU; None where nobody can say: data that are
    not large, and methods that do not work through large data a block at a time."""
    if not is_large(n_cells, n_genes, n_tfs):
        return None
    found = rough_seconds(n_cells, n_genes, n_tfs, method, weights)
    return None if found is None else found + START


def rough_seconds(
    n_cells: int, n_genes: int, n_tfs: int, method: str, weights: str | Path | None = None
) -> float | None:
    """The same for data of any size. On data that are not large, work that is no product counts for more
    than is counted here: right to a factor of about three. None for other methods than GRNULar."""
    known = UNROLLED.get(method)
    if known is None:
        return None
    if known.runs:
        config = shipped_config(weights or known.weights[0])
    else:
        from grnular_core.grnular import GRNULarConfig

        config = GRNULarConfig()
    return config and seconds(n_cells, n_genes, n_tfs, measured_rate(), config)


def spelled_seconds(seconds: float) -> str:
    """A rough number of seconds in the unit that reads well."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"about {seconds / length:.1f} {unit}"
    return f"about {seconds:.0f} s" if seconds >= 0.95 else "less than 1 s"


def spelled_time(seconds: float) -> str:
    """Seconds of work a block at a time, in the unit that reads well; up to twice as many were needed."""
    if seconds < 100:
        return f"about {seconds:.0f} s on the CPU"
    return f"about {seconds / 60:.0f} minutes on the CPU"


def measured_rate(size: int = 1024, rounds: int = 3) -> float:
    """Floating-point operations a second of this machine's products, single precision."""
    left = np.ones((size, size), np.float32)
    out = np.empty_like(left)
    best = np.inf
    for _ in range(rounds + 1):  # the first one starts the threads
        began = time.perf_counter()
        np.matmul(left, left, out=out)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


class Stages:
    """Tells a ``progress`` callback how much of the expected work is done, in thousandths."""

    def __init__(
        self,
        progress: Callable[[int, int], None] | None,
        config: GRNULarConfig,
        n_cells: int,
        n_genes: int,
        n_tfs: int,
    ) -> None:
        parts = operations(n_cells, n_genes, n_tfs, config)
        del parts["edges"]  # made after the scores
        self.progress = progress
        ends = np.cumsum(list(parts.values())) / sum(parts.values())
        self.spans = dict(zip(parts, pairwise([0.0, *ends.tolist()]), strict=True))

    def part(self, name: str, low: float = 0.0, high: float = 1.0) -> Callable[[float], None]:
        """What a part calls with the share of it that is done; low to high of the part itself."""
        begin, end = self.spans[name]

        def done(share: float) -> None:
            if self.progress:
                now = low * (1 - share) + high * share
                self.progress(round(ALL * (begin * (1 - now) + end * now)), ALL)

        return done
