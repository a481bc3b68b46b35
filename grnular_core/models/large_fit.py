"""goodINIT and fitDNN-fast for data too large for ``regression``: some cells a step, made dense for it.

A step on 1,000 cells costs what it costs however many there are, and says almost as much as one on
all of them (``regression.draw_batches``). With up to 1,000 cells the numbers are those of
``regression``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from grnular_core.models.adam import AdamState, adam_start
from grnular_core.models.cells import Cells
from grnular_core.models.cost import STEP_CELLS
from grnular_core.models.fast_fit import InPlaceFit
from grnular_core.models.inner_fit import CHECK_EVERY, GoodStart, draw_batches
from grnular_core.models.network import (
    Reduction,
    Weights,
    objective,
    term_scales,
)


class StreamedFit(InPlaceFit):
    """An ``InPlaceFit`` of one network to ``Cells``: ``rows`` are all in every step, or, when they
    are more than ``STEP_CELLS``, drawn by ``generator`` for at most ``n_steps`` of them."""

    def __init__(
        self,
        weights: Weights,
        adam: AdamState,
        cells: Cells,
        tf_index: np.ndarray,
        rows: Tensor,
        n_steps: int,
        generator: torch.Generator,
        reduction: Reduction = "mean",
    ) -> None:
        batches = draw_batches(rows, STEP_CELLS, n_steps, generator)
        n_seen = len(rows) if batches is None else batches.shape[1]
        like = weights.W[0]
        self.cells, self.tf_index = cells, tf_index
        X_T, X_O = (like.new_empty(1, n_seen, n) for n in (len(tf_index), cells.n_genes))
        super().__init__(weights, adam, X_T, X_O, reduction)
        if batches is None:
            self._look_at(rows)
        else:
            self.batches = batches
            self.fit_scale, _ = term_scales(X_O, len(tf_index), reduction, cells.n_cells)

    def _look_at(self, rows: Tensor) -> None:
        X_T, X_O = dense_cells(self.cells, self.tf_index, rows.numpy(), like=self.X_O)
        self.X_O.copy_(X_O)
        self.out[0][:, :, :-1] = X_T


def dense_cells(
    cells: Cells, tf_index: np.ndarray, rows: np.ndarray, like: Tensor
) -> tuple[Tensor, Tensor]:
    """X_T (1, rows, tfs) and X_O (1, rows, genes) of some cells, of the type of ``like``."""
    X_O = torch.from_numpy(cells.dense(rows))[None].to(like)
    return X_O[:, :, torch.as_tensor(tf_index, device=X_O.device)], X_O


def streamed_error(weights: Weights, cells: Cells, tf_index: np.ndarray, rows: Tensor) -> Tensor:
    """Mean squared error over these cells, (1,)."""
    total = torch.zeros(1, dtype=torch.float64)
    for part in rows.split(STEP_CELLS):
        X_T, X_O = dense_cells(cells, tf_index, part.numpy(), like=weights.W[0])
        total += objective(weights, X_T, X_O, reduction="mean").cpu().double() * len(part)
    return (total / len(rows)).to(weights.W[0])


@torch.no_grad()
def streamed_init(
    weights: Weights,
    cells: Cells,
    tf_index: np.ndarray,
    split: tuple[Tensor, Tensor],
    epochs: int,
    lr: float,
    generator: torch.Generator,
    reduction: Reduction = "mean",
    tolerance: float = 0.0,
    progress: Callable[[float], None] = lambda share: None,
) -> GoodStart:
    """``regression.good_init`` of one graph. ``progress`` hears which share of the epochs is done."""
    fitted, held = split
    fit = StreamedFit(
        weights, adam_start(weights), cells, tf_index, fitted, epochs, generator, reduction
    )
    best = streamed_error(weights, cells, tf_index, held)
    for taken in range(0, epochs, CHECK_EVERY):
        fit.run(min(CHECK_EVERY, epochs - taken), lr)
        error = streamed_error(fit.weights, cells, tf_index, held)
        going = tolerance == 0 or bool(error < (1 - tolerance) * best)
        best = torch.minimum(best, error)
        progress(min(taken + CHECK_EVERY, epochs) / epochs)
        if not going:
            break
    return GoodStart(fit.weights, fit.adam, best)
