"""GRNULar on data too large to be dense: Algorithm 2 on cells that are made dense a few at a time.

Expression stays sparse, edge features and thresholds are made a block of genes at a time, and above
``cost.STEP_CELLS`` cells every step of a fit uses as many, drawn at random: the cost
of a step does not depend on the number of cells, and its gradient is close to that on all of them. Nothing has the shape
(genes, genes). Without drawing, the scores are those of ``GRNULar.forward`` up to rounding.

Strict AUPRC of the untrained theta with 250 cells a step and P = 40 against all and P = 20 on simulated
clean data: 0.912 and 0.915 (100 genes, 2,700 cells), 0.693 and 0.528 (400 genes), in a third of the time;
0.896 and 0.897 with 1,000 cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from grnular_core.data.blocks import Matrix
from grnular_core.models import cost
from grnular_core.models.cells import Cells, gene_order, scale_of
from grnular_core.models.context import large_context
from grnular_core.models.context_rho import weight_of
from grnular_core.models.cost import Stages
from grnular_core.models.dnn import (
    AdamState,
    Reduction,
    Weights,
    adam_start,
    init_weights,
    objective,
    path_product,
)
from grnular_core.models.edge_features import gene_blocks, statistics_of
from grnular_core.models.grnular import GRNULar, IterationState
from grnular_core.models.inner_fit import InPlaceFit, fit_until_flat
from grnular_core.models.problem import Problem, candidate_edges, checked_tfs
from grnular_core.utils.device import give_back_memory, resolve_device

RHO_GENES = 256  # of a block for the paper's rho_nn


def _draw_batches(
    cells: Tensor, size: int, n_steps: int, generator: torch.Generator
) -> Tensor | None:
    """Cells (n_steps, size) in repeated random order; None (all in every step) unless there are more."""
    if size >= len(cells):
        return None
    rounds = -(-n_steps * size // len(cells))
    orders = [torch.randperm(len(cells), generator=generator) for _ in range(rounds)]
    order = torch.cat(orders) if orders else torch.zeros(0, dtype=torch.long)
    return cells[order[: n_steps * size]].reshape(n_steps, size)


class LargeFit(InPlaceFit):
    """An ``InPlaceFit`` of one network to ``Cells``.

    Parameters
    ----------
    weights : Weights
    adam : AdamState
    cells : Cells
    tf_index : ndarray of int, shape (tfs,)
    fitted : Tensor of int
        Cells to fit: all in every step, or, when they are more than ``cost.STEP_CELLS``, drawn.
    n_steps : int
        The most steps that will be taken.
    generator : torch.Generator
        Draws the cells.
    reduction : {"sum", "mean", "cells"}
        See ``dnn.objective``.
    held : Tensor of int, optional
        Cells of ``held_out_error``.
    """

    def __init__(
        self,
        weights: Weights,
        adam: AdamState,
        cells: Cells,
        tf_index: np.ndarray,
        fitted: Tensor,
        n_steps: int,
        generator: torch.Generator,
        reduction: Reduction = "mean",
        held: Tensor | None = None,
    ) -> None:
        self.cells, self.tf_index, self.held = cells, tf_index, held
        batches = _draw_batches(fitted, cost.STEP_CELLS, n_steps, generator)
        n_seen = len(fitted) if batches is None else batches.shape[1]
        like = weights.W[0]
        X_T, X_O = (like.new_empty(1, n_seen, n) for n in (len(tf_index), cells.n_genes))
        super().__init__(weights, adam, X_T, X_O, reduction)
        self.batches = iter(()) if batches is None else iter(batches)
        if batches is None:
            self._look_at(fitted)
        elif reduction == "sum":
            self.fit_scale *= cells.n_cells / n_seen

    def _next_cells(self) -> None:
        for rows in self.batches:
            self._look_at(rows)
            return

    def _look_at(self, rows: Tensor) -> None:
        X_T, X_O = self._dense(rows)
        self.X_O.copy_(X_O)
        self.out[0][:, :, :-1] = X_T

    def _dense(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """X_T (1, rows, tfs) and X_O (1, rows, genes) of some cells."""
        X_O = torch.from_numpy(self.cells.dense(rows.numpy()))[None].to(self.w)
        return X_O[:, :, torch.as_tensor(self.tf_index, device=X_O.device)], X_O

    def held_out_error(self) -> Tensor:
        """Mean squared error over the held-out cells, a few at a time.

        Returns
        -------
        Tensor, shape (1,)
        """
        total = torch.zeros(1, dtype=torch.float64)
        for part in self.held.split(cost.STEP_CELLS):
            error = objective(self.weights, *self._dense(part), reduction="mean")
            total += error.cpu().double() * len(part)
        return (total / len(self.held)).to(self.w)


class _LargeGRNULar(GRNULar):
    """A ``GRNULar`` of one large dataset, with its parameters; ``make_cells`` is called again when cells were left out."""

    def __init__(
        self, model: GRNULar, make_cells: Callable[[], Cells], tf_index: np.ndarray, stages: Stages
    ) -> None:
        nn.Module.__init__(self)
        self.config, self.rho_nn, self.lambda_nn = model.config, model.rho_nn, model.lambda_nn
        self.make_cells, self.tf_index, self.stages = make_cells, tf_index, stages
        self._cells: Cells | None = None
        self.generator = torch.Generator().manual_seed(model.config.seed)

    @property
    def cells(self) -> Cells:
        if self._cells is None:
            self._cells = self.make_cells()
        return self._cells

    def problem(self) -> tuple[Problem, Tensor]:
        """Input of the iterations, without X and X_T, and an array (1, tfs, genes) with the sign of the correlation."""
        like = next(self.parameters())
        tfs = torch.as_tensor(self.tf_index, device=like.device)[None]
        allowed = candidate_edges(tfs, torch.from_numpy(self.cells.varies).to(like.device)[None])
        nothing = like.new_empty(0)
        if self.config.rho == "entry":
            sigma = self._covariance(like)
            return Problem(nothing, nothing, sigma, allowed), sigma
        source = statistics_of(self.cells, self.tf_index, like.device, self.stages.part("features"))
        detected = torch.from_numpy(self.cells.detected)[None].to(like)
        c = self.config
        context = large_context(source, c.context_features, detected, allowed, c.context_partners)
        sign = source.pearson.sign().to(torch.int8)[None]
        return Problem(nothing, nothing, nothing, allowed, context), sign

    def _covariance(self, like: Tensor) -> Tensor:
        """Compute covTF (1, tfs, genes), a few cells at a time."""
        total = like.new_zeros(len(self.tf_index), self.cells.n_genes)
        for rows in self.cells.slices():
            Z = torch.from_numpy(self.cells.dense(rows)).to(like)
            total.addmm_(Z[:, self.tf_index].T, Z)
        return total[None] / self.cells.n_cells

    def good_init(self, problem: Problem) -> IterationState:
        """``GRNULar.good_init`` on the cells of the run, its draws in the same order."""
        c, like = self.config, next(self.parameters())
        sizes = c.layer_sizes(len(self.tf_index), self.cells.n_genes)
        weights = init_weights(1, sizes, self.generator, c.init_scale, like.device, like.dtype)
        fitted, held = self.config.split_cells(self.cells.n_cells, self.generator)
        fit = LargeFit(
            weights, adam_start(weights), self.cells, self.tf_index, fitted, c.init_epochs,
            self.generator, c.reduction, held,
        )  # fmt: skip
        done = self.stages.part("init")
        start = fit_until_flat(fit, c.init_epochs, c.step_size(sizes), c.init_tolerance, done)
        return self._first_state(start.weights, start.adam, start.error)

    def dnn_step(self, state: IterationState, problem: Problem) -> IterationState:
        """``GRNULar.dnn_step`` on drawn cells of the run."""
        c = self.config
        fit = LargeFit(
            state.weights, state.adam, self.cells, self.tf_index,
            torch.arange(self.cells.n_cells), c.n_inner, self.generator, c.reduction,
        )  # fmt: skip
        lr = c.step_size(c.layer_sizes(*state.theta.shape[1:]))
        fit.run(c.n_inner, lr, state.Z, state.lam * state.lam_scale)
        theta = path_product(fit.weights)
        return state._replace(weights=fit.weights, adam=fit.adam, theta=theta, logit=None)

    def rho(self, state: IterationState, problem: Problem) -> tuple[Tensor, Tensor | None]:
        """``GRNULar.rho``, the paper's rho_nn a block of genes at a time."""
        if problem.context is not None:
            self._cells = None  # made again in a hundredth of the time that follows
            give_back_memory()
            return super().rho(state, problem)
        rho = torch.empty_like(state.theta)
        for genes in gene_blocks(self.cells.n_genes, RHO_GENES):
            parts = (x[:, :, genes] for x in (state.theta, problem.sigma, state.Z))
            rho[:, :, genes] = self.rho_nn(*parts)
        return rho, None

    @torch.no_grad()
    def result(self) -> tuple[Tensor, Tensor]:
        """Algorithm 2, of whose iterations only the last is kept: scores, and the sign of the correlation, each (tfs, genes)."""
        (problem, sign), L = self.problem(), self.config.n_unroll
        states = [self.good_init(problem)]  # of which none is referred to while the next is made
        for done in range(L):
            part = self.stages.part("iterations", done / L, (done + 1) / L)
            if problem.context is not None:
                problem.context.progress = part
            states.append(self.grnular_cell(states.pop(), problem))
            part(1.0)
        state = states.pop()
        scores = state.theta if state.logit is None else weight_of(state.logit)
        return (scores * problem.allowed)[0], (sign * problem.allowed)[0]


def large_scores(
    matrix: Matrix,
    tf_index: Sequence[int],
    model: GRNULar,
    *,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """``inference.model_scores`` of GRNULar for data of any size.

    Parameters
    ----------
    matrix : ndarray or csr, shape (cells, genes)
    tf_index : sequence of int
    model : GRNULar
    device : str
    progress : callable, optional
        Called with (done, all) in thousandths of the expected time.

    Returns
    -------
    tuple of ndarray, each (tfs, genes)
        Scores (float64) and signs (int8).

    Raises
    ------
    InputError
        When the expression holds numbers that are not finite, ``tf_index`` does not list TFs, or the device
        is unknown or not there.
    """
    model = model.to(resolve_device(device))
    tfs = checked_tfs(tf_index, matrix.shape[1])
    stages = Stages(progress, model.config, *matrix.shape, len(tfs))
    stages.part("read")(0.0)
    scale = scale_of(matrix)
    order = gene_order(matrix, scale)
    double = next(model.parameters()).dtype == torch.float64
    dtype = np.float64 if double else np.float32
    rank = np.argsort(order)
    tf_order = np.argsort(rank[tfs])
    stages.part("read")(1.0)
    run = _LargeGRNULar(model, lambda: Cells.of(matrix, scale, order, dtype), rank[tfs][tf_order], stages)
    scores, sign = (part.cpu().numpy() for part in run.result())
    values = np.zeros(scores.shape)
    signs = np.zeros(scores.shape, dtype=np.int8)
    at = np.ix_(tf_order, order)
    values[at] = scores
    signs[at] = np.where(scores > 0, np.sign(sign), 0)
    stages.part("iterations")(1.0)
    return values, signs
