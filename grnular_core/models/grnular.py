"""GRNULar (Algorithm 2): goodINIT, then L unrolled cells of lambda, DNN and threshold steps.

**TFs among the outputs.** The network maps the TFs to *all* genes, so a TF's own output can simply
copy its input. This path is left free while fitting and taken out of theta and Z at the end. What
it does: the other paths into a TF's output shrink, so a TF-TF candidate ranks high only if it
explains more than the TF itself. On simulated clean data (100 genes, 10 TFs, 500 cells) the strict
AUPRC over all candidates is 0.82 with 6 edges between TFs and 0.71 with 20; with the own path
forbidden (by masked weights) 0.78 and 0.69. TF-TF candidates alone: 0.40 and 0.38 against 0.35
and 0.38.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from grnular_core.models.context import Context, ContextRho, Partners, make_context, weight_of
from grnular_core.models.context_blocks import BlockContext, block_context, block_logits
from grnular_core.models.edge_features import FIRST_VIEWS, VIEWS, WITHIN_UP, evidence
from grnular_core.models.ensemble import CommitteeRho
from grnular_core.models.inner_fit import (
    AdamState,
    Reduction,
    Weights,
    fit_fast,
    good_init,
    init_weights,
    path_product,
    split_cells,
)
from grnular_core.models.problem import Problem, prepare
from grnular_core.models.thresholds import LambdaNN, RhoNN, soft_threshold
from grnular_core.utils.errors import InputError

BLOCK_PAIRS = 100_000  # TF-gene pairs from which on a CPU looks at them a block of genes at a time
MOST, LEAST = 1e6, 1e-9
BOUNDS = {
    "n_unroll": (0, MOST), "n_inner": (0, MOST), "init_epochs": (0, MOST),
    "init_tolerance": (0, 1), "init_held_out": (0, 0.99), "init_scale": (LEAST, MOST),
    "lr": (LEAST, 10), "rho_start": (LEAST, 1 - LEAST), "lam_start": (LEAST, 1 - LEAST),
    "lam_scale": (0, MOST), "rho_hidden": (1, MOST), "lam_hidden": (1, MOST),
    "context_width": (1, MOST), "context_layers": (0, MOST), "context_members": (1, 100),
    "context_views": (1, len(VIEWS)),
}  # fmt: skip


@dataclass(frozen=True)
class GRNULarConfig:
    """Everything that fixes an untrained GRNULar; with a dataset, everything that fixes a result.

    ``hidden``: units of each hidden layer of f_W; None is one layer of 4 units per TF, from 40 to
    500 (the paper's 40, 200 and 500 for 10, 37 and 127 TFs; with 200 TFs 800 units change the strict
    AUPRC of two simulated data sets by -0.003 and 0.000). ``n_unroll``, ``n_inner`` and
    ``init_epochs`` are the paper's L, P and E1; goodINIT stops earlier once 25 steps lower the
    error of a held-out share of the cells by less than ``init_tolerance``. ``lr`` is Adam's
    for layers of up to 40 units, see ``step_size``. ``reduction``: see ``regression.objective``.

    ``rho_start`` and ``lam_start`` are what rho_nn and lambda_nn give before any training. The lam
    of Eq. 12 is lambda_nn times ``lam_scale``, times the held-out error of goodINIT if
    ``lam_per_error``: the noisier the data, the stronger the pull, as in a likelihood with that
    noise. The paper is 1 and False; the page of ablations ("penalty") has what that does.

    ``inner_gradient``: "cut" treats Z and lam as constants while f_W is fitted, as the paper's
    note on backpropagation says, so that training reaches rho_nn through Z alone and lambda_nn
    not at all; "through" differentiates all inner steps (L x P of them stay in memory).

    ``rho``: "entry" is the paper's rho_nn of one entry's (theta, Sigma, Z); "context" the one of
    ``context.py``, which sees more views of the data and the entry's row and column, and must be
    trained to be of use; with more than one ``context_members`` it is a ``CommitteeRho`` of these. It
    sees the first ``context_views`` of ``evidence.VIEWS``. ``context_partners``: by what TFs count as
    partners, see ``context.partner_view``; "within" needs the views up to "within_up".
    """

    hidden: tuple[int, ...] | None = None
    n_unroll: int = 15
    n_inner: int = 20
    init_epochs: int = 400
    init_tolerance: float = 0.01
    init_held_out: float = 0.2
    init_scale: float = 0.1
    lr: float = 0.03
    reduction: Reduction = "mean"
    rho_start: float = 0.2
    lam_start: float = 0.6
    lam_scale: float = 50.0
    lam_per_error: bool = True
    rho_hidden: int = 3
    lam_hidden: int = 3
    inner_gradient: Literal["cut", "through"] = "cut"
    rho: Literal["entry", "context"] = "entry"
    context_width: int = 24
    context_layers: int = 3
    context_members: int = 1
    context_views: int = FIRST_VIEWS
    context_partners: Partners = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ``InputError`` for numbers that no model has; their kinds are a recipe's to check."""
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not low <= value <= high:
                raise InputError(f"{name} lies between {low:g} and {high:g}, got {value}")
        if self.context_partners == "within" and self.context_views <= WITHIN_UP:
            raise InputError(
                f"context_partners 'within' needs at least {WITHIN_UP + 1} context_views, got "
                f"{self.context_views}"
            )
        for units in self.hidden or ():
            if not isinstance(units, int) or units < 1:
                raise InputError(f"hidden lists the units of each hidden layer, got {self.hidden}")

    def layer_sizes(self, n_tfs: int, n_genes: int) -> tuple[int, ...]:
        """Layers of f_W from tfs to genes."""
        hidden = self.hidden or (min(max(4 * n_tfs, 40), 500),)
        return (n_tfs, *hidden, n_genes)

    def step_size(self, sizes: Sequence[int]) -> float:
        """Adam's lr, lowered by sqrt(40 / units) for wide layers.

        Adam moves every weight by about lr a step, and theta sums over the units: at one lr, wide
        networks start from a far denser theta and do not get rid of it in L x P steps.
        """
        return self.lr * min(1.0, (40 / max(sizes[1:-1])) ** 0.5)


class CellState(NamedTuple):
    """What one GRNULar cell hands to the next (Algorithm 2), and Adam's memory."""

    weights: Weights
    adam: AdamState
    theta: Tensor  # (graphs, tfs, genes)
    Z: Tensor  # (graphs, tfs, genes)
    lam: Tensor  # output of lambda_nn, (graphs, 1, 1)
    unit: Tensor  # what lam is multiplied by in Eq. 12, (graphs, 1, 1)
    logit: Tensor | None = None  # of each entry being an edge, from a rho_nn that sees context


class Start(NamedTuple):
    """What a batch of data is before the first cell: nothing in it depends on learned parts."""

    problem: Problem
    context: Context | BlockContext | None
    state: CellState


@dataclass(frozen=True)
class GRNULarOutput:
    """theta and Z of the last cell (graphs, tfs, genes), lam (graphs,), and what led to them.

    A TF on itself, and every pair with a gene of constant expression, is 0 in theta and Z.
    ``unrolled`` holds (theta, Z) of every cell, for losses that look at more than the last;
    ``logits`` those of every cell when rho_nn sees context, of no meaning where no edge is
    ``allowed`` (graphs, tfs, genes).
    """

    theta: Tensor
    Z: Tensor
    lam: Tensor
    unit: Tensor  # lam times this is the lam of Eq. 12 (graphs,)
    sigma: Tensor  # covariance of z-scores, whose sign is an edge's (graphs, tfs, genes)
    allowed: Tensor
    unrolled: tuple[tuple[Tensor, Tensor], ...]
    logits: tuple[Tensor, ...] = ()

    @property
    def scores(self) -> Tensor:
        """What edges are ranked by: ``weight_of`` the logits if rho_nn sees context, else theta."""
        return weight_of(self.logits[-1]) * self.allowed if self.logits else self.theta


class GRNULar(nn.Module):
    """The unrolled model. Its parameters are those of rho_nn and lambda_nn, drawn from the seed.

    f_W is no parameter: it is fitted to each dataset inside ``forward``.
    """

    def __init__(self, config: GRNULarConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or GRNULarConfig()
        generator = torch.Generator().manual_seed(config.seed)
        if config.rho == "context":
            size = (config.context_views, generator, config.context_width, config.context_layers)
            n_members = config.context_members
            self.rho_nn: nn.Module = (
                ContextRho(*size) if n_members == 1 else CommitteeRho(*size, n_members)
            )
        else:
            self.rho_nn = RhoNN(generator, config.rho_hidden, start=config.rho_start)
        self.lambda_nn = LambdaNN(generator, config.lam_hidden, start=config.lam_start)

    def _inner(self):
        """Context of the fits: no gradients unless they are asked to flow through."""
        return nullcontext() if self.config.inner_gradient == "through" else torch.no_grad()

    def good_init(self, problem: Problem) -> CellState:
        """W^0, theta^0 from the plain regression; Z^0 = 0 and lam^0 = 1."""
        c, X = self.config, problem.X
        sizes = c.layer_sizes(problem.X_T.shape[2], X.shape[2])
        generator = torch.Generator().manual_seed(c.seed)
        weights = init_weights(len(X), sizes, generator, c.init_scale, X.device, X.dtype)
        split = split_cells(X.shape[1], c.init_held_out, generator)
        start = good_init(
            weights, problem.X_T, X, split,
            c.init_epochs, c.step_size(sizes), c.reduction, c.init_tolerance,
        )  # fmt: skip
        theta = path_product(start.weights)
        lam = X.new_ones(len(X), 1, 1)
        unit = c.lam_scale * (start.error.reshape(-1, 1, 1) if c.lam_per_error else lam)
        return CellState(start.weights, start.adam, theta, torch.zeros_like(theta), lam, unit)

    def lambda_step(self, state: CellState) -> CellState:
        """lam <- lambda_nn(||Z - theta||_F^2, lam); the distance is a mean if the reduction is."""
        gap = (state.Z - state.theta).square()
        total = gap.mean if self.config.reduction == "mean" else gap.sum
        return state._replace(lam=self.lambda_nn(total((1, 2), keepdim=True), state.lam))

    def dnn_step(self, state: CellState, problem: Problem) -> CellState:
        """W, theta <- fitDNN-fast(X, Z, W, lam): P Adam steps on Eq. 12."""
        c = self.config
        lr = c.step_size(c.layer_sizes(*state.theta.shape[1:]))
        with self._inner():
            weights, adam = fit_fast(
                state.weights, state.adam, problem.X_T, problem.X,
                state.Z, state.lam * state.unit, c.n_inner, lr, c.reduction,
            )  # fmt: skip
            return state._replace(weights=weights, adam=adam, theta=path_product(weights))

    def threshold_step(
        self, state: CellState, problem: Problem, context: Context | BlockContext | None
    ) -> CellState:
        """Z_ij <- eta_rho_ij(theta_ij) with rho_ij = rho_nn(theta_ij, Sigma_ij, Z_ij).

        With context rho_ij = theta_ij (1 - g_ij), g_ij the chance of an edge, so Z_ij is
        theta_ij g_ij.
        """
        if context is None:
            rho = self.rho_nn(state.theta, problem.sigma, state.Z)
            return state._replace(Z=soft_threshold(state.theta, rho))
        if isinstance(context, BlockContext):
            logit = block_logits(self.rho_nn, state.theta, state.Z, context)
        else:
            logit = self.rho_nn(state.theta, state.Z, context)
        rho = state.theta * (1 - logit.sigmoid())
        return state._replace(Z=soft_threshold(state.theta, rho), logit=logit)

    def cell(
        self, state: CellState, problem: Problem, context: Context | BlockContext | None
    ) -> CellState:
        """GRNULAR-cell of Algorithm 2."""
        state = self.lambda_step(state)
        state = self.dnn_step(state, problem)
        return self.threshold_step(state, problem, context)

    @torch.no_grad()
    def prepare(self, X: Tensor, tf_index: Tensor, in_blocks: bool = False) -> Start:
        """Everything before the first cell; in training this is done once for all epochs.

        ``in_blocks``: no gradient will be asked for, so a large graph's context may be seen a block of
        genes at a time; with hundreds of TFs that takes half the time.
        """
        problem = prepare(X, tf_index, next(self.parameters()).dtype)
        context = None
        if self.config.rho == "context":
            index = tf_index.to(X.device).expand(len(X), -1)
            detected = (X != 0).to(problem.X.dtype).mean(1)
            views = evidence(X, index, detected.dtype, self.config.context_views)
            allowed, partners = problem.allowed, self.config.context_partners
            if (
                in_blocks
                and len(X) == 1
                and X.device.type == "cpu"
                and allowed[0].numel() >= BLOCK_PAIRS
            ):
                context = block_context(
                    views[0], detected[0], index[0], allowed[0], partners=partners
                )
            else:
                context = make_context(views, detected, index, allowed, partners)
        return Start(problem, context, self.good_init(problem))

    def forward(
        self, X: Tensor, tf_index: Tensor, progress: Callable[[int, int], None] | None = None
    ) -> GRNULarOutput:
        """Infer a batch of networks.

        ``X`` (graphs, cells, genes) holds expression in any units: it is z-scored per gene here.
        ``tf_index`` (graphs, tfs), or (tfs,) for all graphs, are positions among the genes.
        ``progress`` is called with (cells done, cells) after goodINIT and after every cell.
        """
        in_blocks = not torch.is_grad_enabled()
        return self.unroll(self.prepare(X, tf_index, in_blocks), progress)

    def unroll(
        self, start: Start, progress: Callable[[int, int], None] | None = None
    ) -> GRNULarOutput:
        """The L cells of Algorithm 2 from a prepared start."""
        problem, context, state = start
        n_unroll, allowed = self.config.n_unroll, problem.allowed
        unrolled, logits = [], []
        for done in range(n_unroll):
            if progress:
                progress(done, n_unroll)
            state = self.cell(state, problem, context)
            unrolled.append((state.theta * allowed, state.Z * allowed))
            if state.logit is not None:
                logits.append(state.logit)
        if progress:
            progress(n_unroll, n_unroll)
        theta, Z = unrolled[-1] if unrolled else (state.theta * allowed, state.Z)
        lam, unit = state.lam.reshape(-1), state.unit.reshape(-1)
        sigma = problem.sigma * allowed
        return GRNULarOutput(theta, Z, lam, unit, sigma, allowed, tuple(unrolled), tuple(logits))
