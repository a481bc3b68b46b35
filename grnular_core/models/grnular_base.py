"""GRNULar-base (Algorithm 1): every cell fits a new network from scratch.

It is what GRNULar was made from, and what it is compared with: ``fitDNN`` starts from fresh weights
and takes all E1 steps in every cell, where GRNULar goes on from the last cell's with P.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grnular_core.models.grnular import CellState, GRNULar
from grnular_core.models.inner_fit import adam_start, fit_fast, init_weights, path_product
from grnular_core.models.problem import Problem


class GRNULarBase(GRNULar):
    """The same learned parts and thresholds as ``GRNULar``; ``n_inner`` is not used."""

    def good_init(self, problem: Problem) -> CellState:
        """theta^0 <- fitDNN(X, Z^0 = 0, lam^0 = 1); goodINIT gives only the unit of lam here."""
        return self.dnn_step(super().good_init(problem), problem)

    def dnn_step(self, state: CellState, problem: Problem) -> CellState:
        """theta <- fitDNN(X, Z, lam): E1 Adam steps on Eq. 9 from fresh weights.

        All cells start from the same draw, so that theta changes with Z and lam alone.
        """
        c = self.config
        sizes = c.layer_sizes(*state.theta.shape[1:])
        generator = torch.Generator().manual_seed(c.seed)
        X: Tensor = problem.X
        with self._inner():
            fresh = init_weights(len(X), sizes, generator, c.init_scale, X.device, X.dtype)
            weights, adam = fit_fast(
                fresh, adam_start(fresh), problem.X_T, X,
                state.Z, state.lam * state.unit, c.init_epochs, c.step_size(sizes), c.reduction,
            )  # fmt: skip
            return state._replace(weights=weights, adam=adam, theta=path_product(weights))
