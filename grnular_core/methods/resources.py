"""Prediction of time and memory before a run, and the refusal of data that exceed the memory.

GRNULar's time is counted by its operations (``models.cost``) and the measured speed of this machine. For the
other methods the work is counted by what the algorithm does with cells, genes and TFs; the factors were
fitted to measured seconds, for trees, TIGRESS, GLAD-TF and RegDiffusion those in the record
(``tests/methods/test_resources.py`` holds them to these). Boosted trees stop early where there is little to
learn, up to nine times sooner than predicted. Machines differ too: predictions are orders of magnitude.

Parameters
----------
n_cells, n_genes, n_tfs : int
    Size of the dataset.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grnular_core.utils.device import is_large, machine_bytes, spelled_size
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:  # torch is loaded only when a model is
    from grnular_core.methods.interface import Method
    from grnular_core.models.grnular import GRNULarConfig

Law = Callable[[int, int, int], float]  # (cells, genes, TFs) -> CPU seconds

# copies of the expression that live at once, and bytes of an edge in a table with its two names
COPIES, EDGE_BYTES, SCORE_MATRICES = 4, 120, 4
START = 2.5  # seconds that a run on large data takes besides, loading libraries above all


@dataclass(frozen=True)
class Memory:
    """Measured bytes of a method beyond expression, scores and edges."""

    # For each pair of a TF and a gene: a rho_nn with context keeps features and layers of all.
    per_pair: int = 0
    per_value: int = 0  # for each value of the expression, as its edge features need
    per_square: int = 0  # for each pair of genes
    in_blocks: bool = False  # works through large data (``utils.device.is_large``) a block of genes at a time


# --- memory


def _needed_bytes(
    n_cells: int, n_genes: int, n_tfs: int, method: Method | None = None, n_values: int | None = None
) -> int:
    """Memory that a run takes: expression, scores (tfs, genes), edge table and working memory."""
    more = Memory() if method is None else method.memory
    values, pairs = n_cells * n_genes, n_tfs * n_genes
    if more.in_blocks and is_large(n_cells, n_genes, n_tfs):
        return _bytes_in_blocks(values, pairs, n_genes, n_tfs, n_values)
    per_value = 8 * COPIES + more.per_value
    per_pair = 8 * SCORE_MATRICES + EDGE_BYTES + more.per_pair
    return per_value * values + per_pair * pairs + more.per_square * n_genes**2


def _bytes_in_blocks(
    values: int, pairs: int, n_genes: int, n_tfs: int, n_values: int | None
) -> int:
    """Bytes of GRNULar on large data, with context: at first data count, then pairs.

    Of a pair: h at a width of 32 (128), four statistics (14), theta, Z, logits and masks (23); of a pair of TFs h of its
    edge and ridge regressions (170); of a weight of the network, with 500 hidden units, its two moments (12).
    """
    stored = 8 * values if n_values is None else 16 * n_values
    n_values = values if n_values is None else n_values
    pairs_phase = 165 * pairs + 170 * n_tfs**2 + 6_000 * (n_tfs + n_genes)
    return 600_000_000 + stored + max(40 * n_values, pairs_phase)


def check_memory(
    n_cells: int, n_genes: int, n_tfs: int, method: Method | None = None, n_values: int | None = None
) -> str:
    """Refuse data that do not fit into the memory of this machine.

    Parameters
    ----------
    method : Method, optional
        An entry of the registry; None for what every method takes.
    n_values : int, optional
        How many values a sparse expression holds; None where it is dense.

    Returns
    -------
    str
        A sentence on the memory of the run.

    Raises
    ------
    InputError
        When the machine, or its container, has less.
    """
    needed = _needed_bytes(n_cells, n_genes, n_tfs, method, n_values)
    there = machine_bytes()
    if there is not None and needed > there:
        raise InputError(
            f"{n_cells} cells, {n_genes} genes and {n_tfs} TFs take {spelled_size(needed)} "
            f"of memory and the machine has {spelled_size(there)}; keep fewer genes (the most "
            "variable ones) or cells, or give a shorter TF list"
        )
    return f"{spelled_size(needed)} of memory"


# --- time


def expected_seconds(
    n_cells: int, n_genes: int, n_tfs: int, method: Method,
    weights: str | Path | None = None, n_jobs: int = -1,
) -> float | None:  # fmt: skip
    """Rough wall-clock seconds of one run on this machine's CPU.

    Parameters
    ----------
    method : Method
    weights : str or Path, optional
        Trained weights in place of the method's own.
    n_jobs : int
        Processes; -1: one for each core.

    Returns
    -------
    float or None
        For GRNULar on large data an upper bound that is seldom more than twice too high; on smaller data right
        to a factor of about three. Less than a second is right only as that. None where the sizes do not
        tell, as for the graphical lasso.

    Raises
    ------
    InputError
        When there are no weights of that name, and when they are damaged.
    """
    if method.joins:
        parts = [expected_seconds(n_cells, n_genes, n_tfs, part, None, n_jobs) for part in method.joins]
        return sum(part or 0.0 for part in parts)
    if method.law is not None:
        seconds = method.law(n_cells, n_genes, n_tfs)
        cores = os.cpu_count() or 1
        used = (cores if n_jobs < 1 else min(n_jobs, cores)) if method.shares_cores else 1
        return seconds / used
    config = _config(method, weights)
    if config is None:
        return None
    start = START if is_large(n_cells, n_genes, n_tfs) else 0
    return start + grnular_seconds(n_cells, n_genes, n_tfs, _measured_rate(), config)


def grnular_seconds(
    n_cells: int, n_genes: int, n_tfs: int, rate: float, config: GRNULarConfig
) -> float:
    """Seconds that GRNULar takes at most, by its operations.

    Parameters
    ----------
    rate : float
        Floating-point operations a second (``_measured_rate``).
    config : GRNULarConfig

    Returns
    -------
    float
    """
    from grnular_core.models.cost import operations

    return sum(operations(n_cells, n_genes, n_tfs, config).values()) / rate


def _config(method: Method, weights: str | Path | None) -> GRNULarConfig | None:
    """Find the configuration a method runs with; None where its model is none of GRNULar."""
    if not method.model.startswith("grnular"):
        return None
    from grnular_core.models.grnular import GRNULarConfig
    from grnular_core.training.weights import read_trained

    weights = weights or (method.weights[0] if method.weights else None)
    config = GRNULarConfig() if weights is None else read_trained(weights).recipe.config
    if method.model == "grnular-base":  # every iteration fits from fresh weights
        return replace(config, n_inner=config.init_epochs)
    return config


def _measured_rate(size: int = 1024, rounds: int = 3) -> float:
    """Speed of this machine's matrix products in single precision."""
    left = np.ones((size, size), np.float32)
    out = np.empty_like(left)
    best = np.inf
    for _ in range(rounds + 1):  # the first one starts the threads
        began = time.perf_counter()
        np.matmul(left, left, out=out)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def spelled_seconds(seconds: float) -> str:
    """Rough seconds in the unit that reads well, as ``about 4.2 minutes``.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str
        Hours, minutes or seconds; ``less than 1 s`` below one.
    """
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"about {seconds / length:.1f} {unit}"
    return f"about {seconds:.0f} s" if seconds >= 0.95 else "less than 1 s"


LAWS: dict[str, Law] = {  # CPU seconds of (cells, genes, TFs)
    # a forest for each gene; every split tries the square root of all TFs
    "forest": lambda cells, genes, tfs: 1.3e-4 * cells * genes * math.sqrt(tfs),
    # trees for each gene until they stop; every split tries a share of all TFs
    "boosting": lambda cells, genes, tfs: cells * genes * (3.4e-7 * tfs + 1.3e-5),
    # for each half of the cells: products of TFs and genes, a path a gene, standardising
    "tigress": lambda cells, genes, tfs: 1.4e-8 * cells * tfs * (tfs + genes)
    + genes * (3.9e-5 * tfs + 1.8e-6 * cells + 9e-4),
    # a fixed number of steps, each on one batch of cells and on genes x genes
    "diffusion": lambda cells, genes, tfs: 2 + 0.17 * genes + 9.3e-5 * genes**2,
    # square roots and products of matrices, genes x genes
    "glad": lambda cells, genes, tfs: 1.5e-6 * genes**2 + 2.4e-10 * genes**3,
    # with CLR; standardising takes longer than the product that follows
    "correlation": lambda cells, genes, tfs: 4.7e-8 * cells * genes,
    # principal components and k-means, then products in each cluster
    "clusters": lambda cells, genes, tfs: 1.1e-7 * cells * genes,
    # for every penalty the coefficients and the errors of all genes
    "ridge": lambda cells, genes, tfs: genes * (1.1e-6 * tfs + 1.7e-7 * cells + 3e-10 * cells * tfs),
}
