"""GRNULar (Algorithm 2) and GRNULar-base (Algorithm 1): which TF regulates which gene, from expression.

Read from the top: ``GRNULar.unroll`` is the loop of Algorithm 2, and its steps follow in order. f_W and its
fit (goodINIT, fitDNN) are in ``inner_fit``, rho_nn and lambda_nn (the paper's Fig. 3) in ``thresholds``. What this work
adds is a rho_nn that sees an edge's context: its features are made in ``prepare``, ``GRNULar.rho`` calls it.

**TFs among the outputs.** The network maps the TFs to *all* genes, so a TF's own output can simply
copy its input. This path is left free while fitting and taken out of theta and Z at the end. What
it does: the other paths into a TF's output shrink, so a TF-TF candidate ranks high only if it
explains more than the TF itself. On simulated clean data (100 genes, 10 TFs, 500 cells) the strict
AUPRC over all candidates is 0.82 with 6 edges between TFs and 0.71 with 20; with the own path
forbidden (by masked weights) 0.78 and 0.69. TF-TF candidates alone: 0.40 and 0.38 against 0.35
and 0.38.

Parameters
----------
state : IterationState
    What the step before left.
problem : Problem
    The data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from grnular_core.models.context import Partners, context_of
from grnular_core.models.context_rho import context_rho, weight_of
from grnular_core.models.dnn import (
    AdamState,
    Reduction,
    Weights,
    adam_start,
    init_weights,
    path_product,
)
from grnular_core.models.edge_features import EDGE_FEATURES, FIRST_FEATURES, WITHIN_UP
from grnular_core.models.inner_fit import fit_dnn, good_init, split_cells
from grnular_core.models.problem import Problem, prepare
from grnular_core.models.thresholds import LambdaNN, RhoNN, soft_threshold
from grnular_core.utils.errors import InputError

_MOST, _LEAST = 1e6, 1e-9
_BOUNDS = {
    "units_per_tf": (0, _MOST), "n_unroll": (0, _MOST), "n_inner": (0, _MOST), "init_epochs": (0, _MOST),
    "init_tolerance": (0, 1), "init_scale": (_LEAST, _MOST), "lr": (_LEAST, 10),
    "lam_scale": (0, _MOST), "context_width": (1, _MOST), "context_layers": (0, _MOST),
    "context_members": (1, 100), "context_features": (1, len(EDGE_FEATURES)),
}  # fmt: skip


@dataclass(frozen=True)
class GRNULarConfig:
    """Everything that fixes an untrained GRNULar; with a dataset, everything that fixes a result.

    The defaults are those of the untrained loop. The paper's are ``lam_scale=1``, ``lam_per_error=False`` and
    ``init_tolerance=0``; recipes of the published model set them (``training.named_recipes``).

    Raises
    ------
    InputError
        For numbers that no model has.
    """

    # Units of each hidden layer of f_W. None: one layer of four units per TF, from 40 to 500. The paper has
    # 40, 200 and 500 for 10, 37 and 127 TFs. (With 200 TFs 800 units change the strict AUPRC by -0.003 at most.)
    hidden: tuple[int, ...] | None = None
    units_per_tf: int = 0  # the first hidden layer has at least so many units a TF
    n_unroll: int = 15  # L, iterations of GRNULAR-cell
    n_inner: int = 20  # P, steps of fitDNN-fast
    # E1, steps of goodINIT (and of fitDNN in Algorithm 1). Trained models bring their own numbers, by their recipes.
    init_epochs: int = 400
    init_tolerance: float = 0.01  # goodINIT stops when 25 steps lower the error by less; 0: never
    init_scale: float = 0.1  # of f_W's first weights, as a share of the usual scale
    lr: float = 0.03  # Adam's step for layers of up to 40 units, see step_size
    reduction: Reduction = "mean"  # of Eq. 12, see dnn.objective; "sum" as printed
    lam_scale: float = 50.0  # the lam of Eq. 12 is lambda_nn times this; 1 in the paper
    # ... and times the held-out error of goodINIT: the noisier the data, the stronger the pull, as in a
    # likelihood with that noise. False in the paper; the ablation study ("penalty") has what it does.
    lam_per_error: bool = True
    # "through" differentiates all L x P inner steps, as section 2.2 unrolls them, and keeps them in memory. "cut":
    # Z and lam are constants while f_W is fitted, as in the paper's note on the arg min of Algorithm 1, so that
    # training reaches rho_nn through Z alone and lambda_nn not at all.
    inner_gradient: Literal["through", "cut"] = "through"
    rho: Literal["entry", "context"] = "entry"  # "entry": the paper's rho_nn; "context": this work's
    context_width: int = 24  # numbers of an edge between its layers
    context_layers: int = 3
    context_members: int = 1  # networks, an ensemble if more than one
    context_features: int = FIRST_FEATURES  # how many of EDGE_FEATURES it sees, the first ones
    context_partners: Partners = "all"  # which TFs go together, see partner_feature
    seed: int = 0  # of the first weights of f_W, rho_nn and lambda_nn

    def __post_init__(self) -> None:
        """Refuse numbers that no model has."""
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not low <= value <= high:
                raise InputError(f"{name} lies between {low:g} and {high:g}, got {value}")
        if self.context_partners == "within" and self.context_features <= WITHIN_UP:
            raise InputError(
                f"context_partners 'within' needs at least {WITHIN_UP + 1} context_features, got "
                f"{self.context_features}"
            )
        for units in self.hidden or ():
            if not isinstance(units, int) or units < 1:
                raise InputError(f"hidden lists the units of each hidden layer, got {self.hidden}")

    def layer_sizes(self, n_tfs: int, n_genes: int) -> tuple[int, ...]:
        """Units of the layers of f_W, from TFs to genes.

        Parameters
        ----------
        n_tfs, n_genes : int

        Returns
        -------
        tuple of int
        """
        first, *others = self.hidden or (min(max(4 * n_tfs, 40), 500),)
        return (n_tfs, max(first, self.units_per_tf * n_tfs), *others, n_genes)

    def split_cells(self, n_cells: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Positions of the cells that goodINIT fits and of those whose error it looks at.

        Parameters
        ----------
        n_cells : int
        generator : torch.Generator
            Source of the draw.

        Returns
        -------
        tuple of Tensor
            The first are all cells where the error of the others decides nothing.
        """
        fitted, held = split_cells(n_cells, generator)
        decides = self.init_tolerance > 0 or self.lam_per_error
        return (fitted, held) if decides else (torch.arange(n_cells), held)

    def step_size(self, sizes: Sequence[int]) -> float:
        """Adam's step for layers of these sizes: lr, lowered by sqrt(40 / units) for wide ones.

        Adam moves every weight by about lr a step, and theta sums over the units: at one lr, wide
        networks start from a far denser theta and do not get rid of it in L x P steps.

        Parameters
        ----------
        sizes : sequence of int
            Units of the layers, see ``layer_sizes``.

        Returns
        -------
        float
        """
        return self.lr * min(1.0, (40 / max(sizes[1:-1])) ** 0.5)


class IterationState(NamedTuple):
    """What one iteration hands to the next (GRNULAR-cell of Algorithm 2), and Adam's memory."""

    weights: Weights  # of f_W
    adam: AdamState
    theta: Tensor  # (graphs, tfs, genes)
    Z: Tensor  # (graphs, tfs, genes)
    lam: Tensor  # output of lambda_nn, (graphs, 1, 1)
    lam_scale: Tensor  # of these data: lam times this is the lam of Eq. 12, (graphs, 1, 1)
    logit: Tensor | None = None  # of each entry being an edge, from a rho_nn that sees context


class Start(NamedTuple):
    """A batch of data before the first iteration: nothing in it depends on learned parts."""

    problem: Problem
    state: IterationState


@dataclass(frozen=True)
class GRNULarOutput:
    """What GRNULar infers of a batch. A TF on itself and pairs with a constant gene are 0."""

    theta: Tensor  # of the last iteration, (graphs, tfs, genes)
    Z: Tensor  # of the last iteration, (graphs, tfs, genes)
    lam: Tensor  # of the last iteration, (graphs,)
    lam_scale: Tensor  # lam times this is the lam of Eq. 12, (graphs,)
    sigma: Tensor  # covariance of z-scores, whose sign is an edge's, (graphs, tfs, genes)
    allowed: Tensor  # True where an edge is possible, (graphs, tfs, genes)
    unrolled: tuple[tuple[Tensor, Tensor], ...]  # (theta, Z) of every iteration
    logits: tuple[Tensor, ...] = ()  # of every iteration if rho_nn sees context; only where allowed

    @property
    def scores(self) -> Tensor:
        """What edges are ranked by: theta, or ``weight_of`` the logits if rho_nn sees context."""
        return weight_of(self.logits[-1]) * self.allowed if self.logits else self.theta


class GRNULar(nn.Module):
    """GRNULar (Algorithm 2), batched over graphs.

    Its parameters are those of rho_nn and lambda_nn, drawn from the seed. f_W is no parameter: it is
    fitted to each dataset inside ``forward``.

    Parameters
    ----------
    config : GRNULarConfig, optional
    """

    def __init__(self, config: GRNULarConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or GRNULarConfig()
        generator = torch.Generator().manual_seed(config.seed)
        if config.rho == "entry":
            self.rho_nn: nn.Module = RhoNN(generator)
        else:
            self.rho_nn = context_rho(config, generator)
        self.lambda_nn = LambdaNN(generator)

    def forward(
        self, X: Tensor, tf_index: Tensor, progress: Callable[[int, int], None] | None = None
    ) -> GRNULarOutput:
        """Algorithm 2: infer a batch of networks.

        Parameters
        ----------
        X : Tensor, shape (graphs, cells, genes)
            Expression in any units: it is z-scored per gene here.
        tf_index : Tensor of int, shape (graphs, tfs), or (tfs,) for all graphs
            Positions of the TFs among the genes.
        progress : callable, optional
            Called with (iterations done, L) after goodINIT and after every iteration.

        Returns
        -------
        GRNULarOutput
        """
        return self.unroll(self.prepare(X, tf_index), progress)

    @torch.no_grad()
    def prepare(self, X: Tensor, tf_index: Tensor) -> Start:
        """Everything before the first iteration; in training this is done once for all epochs.

        Parameters
        ----------
        X, tf_index
            See ``forward``.

        Returns
        -------
        Start
        """
        problem = prepare(X, tf_index, next(self.parameters()).dtype)
        if self.config.rho == "context":
            problem = problem._replace(context=context_of(X, tf_index, problem, self.config))
        return Start(problem, self.good_init(problem))

    def unroll(
        self, start: Start, progress: Callable[[int, int], None] | None = None
    ) -> GRNULarOutput:
        """Run the L iterations of Algorithm 2.

        Parameters
        ----------
        start : Start
            From ``prepare``.
        progress
            See ``forward``.

        Returns
        -------
        GRNULarOutput
        """
        (problem, state), L = start, self.config.n_unroll
        allowed, unrolled, logits = problem.allowed, [], []
        for done in range(L):
            if progress:
                progress(done, L)
            state = self.grnular_cell(state, problem)
            unrolled.append((state.theta * allowed, state.Z * allowed))
            if state.logit is not None:
                logits.append(state.logit)
        if progress:
            progress(L, L)
        theta, Z = unrolled[-1] if unrolled else (state.theta * allowed, state.Z)
        return GRNULarOutput(
            theta, Z, state.lam.reshape(-1), state.lam_scale.reshape(-1),
            problem.sigma * allowed, allowed, tuple(unrolled), tuple(logits),
        )  # fmt: skip

    def grnular_cell(self, state: IterationState, problem: Problem) -> IterationState:
        """GRNULAR-cell: one iteration of lambda, DNN and threshold step.

        Returns
        -------
        IterationState
        """
        state = self.lambda_step(state)
        state = self.dnn_step(state, problem)
        return self.threshold_step(state, problem)

    def good_init(self, problem: Problem) -> IterationState:
        """goodINIT: W^0 and theta^0 from the plain regression; Z^0 = 0 and lam^0 = 1.

        It fits all cells, as in the paper; where the error on cells that it has not seen decides on its end or on
        the scale of lam, four fifths (``inner_fit.split_cells``).

        Returns
        -------
        IterationState
        """
        c, X = self.config, problem.X
        generator = torch.Generator().manual_seed(c.seed)
        weights = self._fresh_weights(problem, generator)
        split, sizes = c.split_cells(X.shape[1], generator), c.layer_sizes(problem.X_T.shape[2], X.shape[2])
        start = good_init(
            weights, problem.X_T, X, split,
            c.init_epochs, c.step_size(sizes), c.reduction, c.init_tolerance,
        )  # fmt: skip
        return self._first_state(start.weights, start.adam, start.error)

    def _fresh_weights(self, problem: Problem, generator: torch.Generator) -> Weights:
        """Draw the first weights of f_W."""
        X = problem.X
        sizes = self.config.layer_sizes(problem.X_T.shape[2], X.shape[2])
        return init_weights(len(X), sizes, generator, self.config.init_scale, X.device, X.dtype)

    def _first_state(self, weights: Weights, adam: AdamState, error: Tensor) -> IterationState:
        """Return the state before the first iteration, from goodINIT's ``error`` (graphs,)."""
        theta, c = path_product(weights), self.config
        lam = theta.new_ones(len(theta), 1, 1)
        lam_scale = c.lam_scale * (error.reshape(-1, 1, 1) if c.lam_per_error else lam)
        return IterationState(weights, adam, theta, torch.zeros_like(theta), lam, lam_scale)

    def lambda_step(self, state: IterationState) -> IterationState:
        """Set lam <- lambda_nn(||Z - theta||_F^2, lam); the distance is a mean unless Eq. 12 has sums.

        Returns
        -------
        IterationState
        """
        gap = (state.Z - state.theta).square()
        total = gap.sum if self.config.reduction == "sum" else gap.mean
        return state._replace(lam=self.lambda_nn(total((1, 2), keepdim=True), state.lam))

    def dnn_step(self, state: IterationState, problem: Problem) -> IterationState:
        """W, theta <- fitDNN-fast(X, Z, W, lam): P Adam steps on Eq. 12 from the last weights.

        Returns
        -------
        IterationState
        """
        return self._fitted(state, problem, state.weights, state.adam, self.config.n_inner)

    def _fitted(
        self, state: IterationState, problem: Problem, weights: Weights, adam: AdamState, steps: int
    ) -> IterationState:
        """W and theta after so many steps from ``weights``; see ``GRNULarConfig.inner_gradient``."""
        c = self.config
        lr = c.step_size(c.layer_sizes(*state.theta.shape[1:]))
        with nullcontext() if c.inner_gradient == "through" else torch.no_grad():
            weights, adam = fit_dnn(
                weights, adam, problem.X_T, problem.X,
                state.Z, state.lam * state.lam_scale, steps, lr, c.reduction,
            )  # fmt: skip
            return state._replace(weights=weights, adam=adam, theta=path_product(weights))

    def threshold_step(self, state: IterationState, problem: Problem) -> IterationState:
        """Z_ij <- eta_rho_ij(theta_ij), the soft threshold of Eq. 10.

        Returns
        -------
        IterationState
        """
        rho, logit = self.rho(state, problem)
        return state._replace(Z=soft_threshold(state.theta, rho), logit=logit)

    def rho(self, state: IterationState, problem: Problem) -> tuple[Tensor, Tensor | None]:
        """rho_ij = rho_nn(theta_ij, Sigma_ij, Z_ij), the threshold of every candidate edge.

        A rho_nn that sees context (this work's) gives the logit of each being an edge instead. With
        g_ij the chance of that, rho_ij = theta_ij (1 - g_ij), so Z_ij becomes theta_ij g_ij.

        Returns
        -------
        tuple
            rho (graphs, tfs, genes), and the logits or None.
        """
        if problem.context is None:
            return self.rho_nn(state.theta, problem.sigma, state.Z), None
        logit = self.rho_nn(state.theta, state.Z, problem.context)
        return state.theta * (1 - logit.sigmoid()), logit


class GRNULarBase(GRNULar):
    """GRNULar-base (Algorithm 1): every iteration fits a new network from scratch.

    It is what GRNULar was made from, and what it is compared with. Learned parts and thresholds are
    those of ``GRNULar``; ``n_inner`` is not used.
    """

    def good_init(self, problem: Problem) -> IterationState:
        """theta^0 <- fitDNN(X, Z^0 = 0, lam^0 = 1); goodINIT is run where its error scales lam, and gives nothing else.

        Returns
        -------
        IterationState
        """
        if self.config.lam_per_error:
            return self.dnn_step(super().good_init(problem), problem)
        fresh = self._fresh_weights(problem, torch.Generator().manual_seed(self.config.seed))
        return self.dnn_step(self._first_state(fresh, adam_start(fresh), problem.X.new_ones(len(problem.X))), problem)

    def dnn_step(self, state: IterationState, problem: Problem) -> IterationState:
        """Set theta <- fitDNN(X, Z, lam): E1 Adam steps on Eq. 9 from fresh weights.

        All iterations start from the same draw, so that theta changes with Z and lam alone.

        Returns
        -------
        IterationState
        """
        fresh = self._fresh_weights(problem, torch.Generator().manual_seed(self.config.seed))
        return self._fitted(state, problem, fresh, adam_start(fresh), self.config.init_epochs)
