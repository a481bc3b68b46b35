"""Floating-point operations of GRNULar, part by part, and the progress of a run.

The work is counted in floating-point operations of large products in single precision. Other
work (reading, ReLUs, means, sorting) counts as many operations as take the same measured time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # torch is loaded only when a model is
    from grnular_core.models.grnular import GRNULarConfig

STEP_CELLS = 1000  # most cells in a step of a fit
# operations of a product that take as long as the rest of the work: for a value when it is read, in
# edge features, and made dense in a step; for a weight in a step of Adam, a number of h in a layer of context,
# a pair in an edge table
READ, FEATURED, MADE_DENSE, A_WEIGHT, A_NUMBER, AN_EDGE = 2_000, 6_000, 300, 1_000, 1_500, 60_000
ALL = 1000  # total of a progress callback


def operations(
    n_cells: int, n_genes: int, n_tfs: int, config: GRNULarConfig
) -> dict[str, float]:
    """Floating-point operations of each part of ``large.large_scores``, at most.

    Parameters
    ----------
    n_cells, n_genes, n_tfs : int
    config : GRNULarConfig

    Returns
    -------
    dict of str to float
        By part, in the order in which they are done. goodINIT mostly stops early.
    """
    from grnular_core.models.inner_fit import CHECK_EVERY, HELD_OUT

    sizes = config.layer_sizes(n_tfs, n_genes)
    weights = sum(a * b for a, b in pairwise(sizes))
    pairs, values = n_tfs * n_genes, n_cells * n_genes
    seen = min(n_cells, STEP_CELLS)
    a_step = 6 * seen * weights + A_WEIGHT * weights + MADE_DENSE * seen * n_genes
    a_check = 2 * HELD_OUT * n_cells * weights
    penalty = 6 * n_tfs * weights
    context = config.rho == "context"
    width, layers = config.context_width, config.context_layers
    a_network = pairs * width * (layers * 2 * n_tfs + (layers + 1) * A_NUMBER)
    a_pass = a_network * config.context_members if context else 0
    return {
        "read": READ * values,
        # two products in single precision, five in double
        "features": (24 * n_cells * pairs + FEATURED * values) if context else 2 * n_cells * pairs,
        "init": config.init_epochs * (a_step + a_check / CHECK_EVERY),
        "iterations": config.n_unroll * (config.n_inner * (a_step + penalty) + a_pass),
        "edges": AN_EDGE * pairs,
    }


class Stages:
    """Tells a callback how much of the expected work is done, in thousandths.

    Parameters
    ----------
    progress : callable or None
        Called with (done, all).
    config : GRNULarConfig
    n_cells, n_genes, n_tfs : int
    """

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
        """Progress callback of one part; it is called with the share of that part that is done.

        Parameters
        ----------
        name : str
            One of ``operations``.
        low, high : float
            From where to where in the part.

        Returns
        -------
        callable
        """
        begin, end = self.spans[name]

        def done(share: float) -> None:
            if self.progress:
                now = low * (1 - share) + high * share
                self.progress(round(ALL * (begin * (1 - now) + end * now)), ALL)

        return done
