"""How long GRNULar takes, said before it starts.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grnular_core.methods.unrolled_methods import UNROLLED
from grnular_core.models.cost import operations
from grnular_core.utils.device import is_large

if TYPE_CHECKING:  # torch is loaded only when a model is
    from grnular_core.models.grnular import GRNULarConfig

START = 2.5  # seconds that a run takes besides, loading libraries above all


def shipped_config(weights: str | Path = "grnular-context") -> GRNULarConfig | None:
    """The configuration of trained weights; None where these are of another model."""
    from grnular_core.training.weights import read_trained

    recipe = read_trained(weights).recipe
    return recipe.config if recipe.model == "grnular" else None


def seconds(
    n_cells: int, n_genes: int, n_tfs: int, rate: float, config: GRNULarConfig | None = None
) -> float:
    """Seconds that ``grnular-context`` takes at most on large data; ``rate`` is that of ``measured_rate``."""
    return sum(operations(n_cells, n_genes, n_tfs, config or shipped_config()).values()) / rate


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
        from grnular_core.models.grnular import GRNULarConfig

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
