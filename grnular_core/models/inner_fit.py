"""The inner fit, goodINIT and fitDNN: Adam steps on the objective of f_W (``dnn``).

Without gradients through it, a fit takes the same steps in buffers made once. That is faster than
separate operations because:

- The weights of all layers lie in one flat tensor, as do gradients and Adam's moments, and no
  step makes a tensor: an Adam step is one fused operation.
- Biases cost nothing. Each layer is one matrix whose last row is the bias. The column of ones that
  it needs is a constant unit: the last of each hidden layer, fed by the constant unit below with
  weight 1 and by nothing else. Its incoming weights are held by setting their gradient to zero, and as
  its weights from the TFs are zero, no path runs through it.
- Subtraction, ReLU and its slope are done where the products have left their result.

Of a step for one graph (100 genes, 10 TFs, 500 cells, 40 units) 3/4 are matrix products, of one
for a large graph (1,200, 127, 2,700, 500) 93 %. ``tests/bench_fit.py`` measures it.

Parameters
----------
generator : torch.Generator
weights : Weights
X_T : Tensor, shape (graphs, cells, tfs)
X_O : Tensor, shape (graphs, cells, genes)
reduction : {"sum", "mean", "cells"}
    See ``dnn.objective``.
lr : float
    Adam's step size.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from grnular_core.models.dnn import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPS,
    AdamState,
    Reduction,
    Weights,
    adam_start,
    adam_step,
    gradient,
    objective,
    term_scales,
)
from grnular_core.models.parallel import join, over_graphs, pick

CHECK_EVERY = 25  # steps between two evaluations of the held-out error in goodINIT
HELD_OUT = 0.2  # share of the cells that is held out
_relu_backward = torch.ops.aten.threshold_backward.grad_input


class GoodStart(NamedTuple):
    """Result of goodINIT."""

    weights: Weights
    adam: AdamState
    error: Tensor  # (graphs,), lowest mean squared error on the held-out cells


def _pack(weights: Weights, unit: float) -> tuple[Tensor, list[Tensor]]:
    """All of ``weights`` in one flat tensor, and each layer as a view of it.

    A layer is (graphs, in + 1, out + 1), the last one (graphs, in + 1, genes); ``unit`` is the
    weight between the constant units: 1 for weights, 0 for moments.
    """
    last = len(weights.W) - 1
    graphs = len(weights.W[0])
    shapes = [(graphs, W.shape[1] + 1, W.shape[2] + (i < last)) for i, W in enumerate(weights.W)]
    flat = weights.W[0].new_zeros(sum(map(prod, shapes)))
    parts = flat.split([prod(shape) for shape in shapes])
    layers = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    for layer, W, b in zip(layers, *weights, strict=True):
        layer[:, :-1, : W.shape[2]] = W
        layer[:, -1:, : W.shape[2]] = b
    for layer in layers[:-1]:
        layer[:, -1, -1] = unit
    return flat, layers


def _unpack(layers: list[Tensor]) -> Weights:
    """Return the inverse of ``_pack``, as views."""
    hidden, last = layers[:-1], layers[-1]
    W = (*(layer[:, :-1, :-1] for layer in hidden), last[:, :-1])
    b = (*(layer[:, -1:, :-1] for layer in hidden), last[:, -1:])
    return Weights(W, b)


class _Pull:
    """Gradient of strength / 2 * ||theta - Z||_F^2 in buffers.

    Z and strength have a row of zeros where the weights have the biases of the first layer: the
    gap is zero there, so biases are not pulled. The flat ``weights`` are only read.
    """

    def __init__(self, weights: Tensor, layers: list[Tensor], Z: Tensor, strength: Tensor):
        self.weights = weights
        self.Z = pad(Z, (0, 0, 0, 1))  # (graphs, tfs + 1, genes)
        self.strength = pad(strength.expand(-1, Z.shape[1], 1), (0, 0, 0, 1))  # (graphs, tfs + 1, 1)
        self.size, self.sign = torch.empty_like(weights), torch.empty_like(weights)
        parts = self.size.split([layer.numel() for layer in layers])
        self.abs = [part.view_as(layer) for part, layer in zip(parts, layers, strict=True)]
        rows = [(len(Z), self.Z.shape[1], layer.shape[2]) for layer in layers]
        self.paths = self.abs[:1] + [Z.new_empty(shape) for shape in rows[1:]]
        self.delta = [Z.new_empty(shape) for shape in rows[1:-1]]

    def write(self, gradient: Tensor, slopes: list[Tensor]) -> None:
        """Fill the flat ``gradient``, whose layers are ``slopes``."""
        torch.abs(self.weights, out=self.size)
        torch.sign(self.weights, out=self.sign)
        for i in range(1, len(slopes)):
            torch.bmm(self.paths[i - 1], self.abs[i], out=self.paths[i])
        delta = self.paths[-1].sub_(self.Z).mul_(self.strength)  # (graphs, tfs + 1, genes)
        for i in reversed(range(1, len(slopes))):
            torch.bmm(self.paths[i - 1].mT, delta, out=slopes[i])
            out = slopes[0] if i == 1 else self.delta[i - 2]
            delta = torch.bmm(delta, self.abs[i].mT, out=out)  # (graphs, tfs + 1, in + 1)
        gradient.mul_(self.sign)


class InPlaceFit:
    """f_W of some graphs with Adam's memory, fitted in place on copies of the arguments.

    Parameters
    ----------
    weights : Weights
        With at least one hidden layer.
    adam : AdamState
    X_T : Tensor, shape (graphs, cells, tfs)
    X_O : Tensor, shape (graphs, cells, genes)
    reduction : {"sum", "mean", "cells"}
        See ``dnn.objective``.
    held_out : tuple of Tensor, optional
        X_T and X_O of other cells, for ``held_out_error``.
    """

    def __init__(
        self,
        weights: Weights,
        adam: AdamState,
        X_T: Tensor,
        X_O: Tensor,
        reduction: Reduction = "mean",
        held_out: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.reduction: Reduction = reduction
        self.held_out = held_out
        self.X_O = X_O
        X_1 = torch.cat([X_T, X_T.new_ones(*X_T.shape[:2], 1)], 2)
        self.fit_scale, self.pull_scale = term_scales(X_O, X_T.shape[2], reduction)
        self.w, self.W = _pack(weights, unit=1.0)
        self.m, self.M = _pack(adam.m, unit=0.0)
        self.v, self.V = _pack(adam.v, unit=0.0)
        self.g = torch.zeros_like(self.w)
        parts = self.g.split([W.numel() for W in self.W])
        self.G = [part.view_as(W) for part, W in zip(parts, self.W, strict=True)]
        # output of every layer, (graphs, cells, units), and the slopes of the hidden ones
        self.out = [X_1, *(X_1.new_empty(*X_1.shape[:2], W.shape[2]) for W in self.W)]
        self.delta = [torch.empty_like(out) for out in self.out[1:-1]]
        self.constant = [G[:, :, -1] for G in self.G[:-1]]  # gradients of the constant units
        self.W_mT, self.out_mT = [W.mT for W in self.W], [out.mT for out in self.out]
        self.before, self.taken = adam.step, 0

    def of_graphs(self, which: Tensor) -> InPlaceFit:
        """Return a fit of some of the graphs, which continues from here.

        Parameters
        ----------
        which : Tensor of bool, shape (graphs,)

        Returns
        -------
        InPlaceFit
        """
        data = self.weights, self.adam, self.out[0][:, :, :-1], self.X_O
        weights, adam, X_T, X_O = pick(data, which)
        held_out = None if self.held_out is None else pick(self.held_out, which)
        return InPlaceFit(weights, adam, X_T, X_O, self.reduction, held_out)

    def held_out_error(self) -> Tensor:
        """Mean squared error over the held-out cells.

        Returns
        -------
        Tensor, shape (graphs,)
        """
        return objective(self.weights, *self.held_out, reduction="mean")

    def _next_cells(self) -> None:
        """Fill X_T and X_O for the next step, where it is not on the same cells: a hook."""

    def _error_gradient(self, beta: float) -> None:
        """G <- beta G + gradient of the squared error."""
        out, last = self.out, len(self.W) - 1
        for i, W in enumerate(self.W):
            torch.bmm(out[i], W, out=out[i + 1])
            if i < last:
                out[i + 1].relu_()
        delta = out[-1].sub_(self.X_O)  # (graphs, cells, genes)
        for i in reversed(range(last + 1)):
            self.G[i].baddbmm_(self.out_mT[i], delta, beta=beta, alpha=2 * self.fit_scale)
            if i < last:
                self.constant[i].zero_()
            if i:
                delta = torch.bmm(delta, self.W_mT[i], out=self.delta[i - 1])
                _relu_backward(delta, out[i], 0, grad_input=delta)  # 0 where the ReLU is closed

    def _tensors(self) -> list[list[Tensor]]:
        """Weights, gradients and moments in pieces that took as many steps: all, or each graph."""
        flat, layers = (self.w, self.g, self.m, self.v), (self.W, self.G, self.M, self.V)
        if self._in_step():
            return [[tensor] for tensor in flat]
        return [[graph for layer in kind for graph in layer] for kind in layers]

    def _steps(self, n_steps: int) -> list[list[Tensor]]:
        """Return the number of each of the next steps, for every piece of ``_tensors``."""
        numbers = torch.arange(1.0, n_steps + 1, device=self.w.device)
        counts = (self.before + self.taken).float().reshape(-1, 1) + numbers  # (graphs, n_steps)
        rows = [0] if self._in_step() else [*range(len(counts))] * len(self.W)
        by_graph = [count.unbind() for count in counts]
        return [list(step) for step in zip(*(by_graph[k] for k in rows), strict=True)]

    def _in_step(self) -> bool:
        return len(set(self.before.flatten().tolist())) == 1

    def run(
        self, n_steps: int, lr: float, Z: Tensor | None = None, lam: Tensor | None = None
    ) -> InPlaceFit:
        """Take Adam steps on ``dnn.objective``.

        Parameters
        ----------
        n_steps : int
        Z : Tensor, shape (graphs, tfs, genes), optional
            None fits without a penalty.
        lam : Tensor, shape (graphs, 1, 1), optional
            Given with Z.

        Returns
        -------
        InPlaceFit
            This one.
        """
        pull = None if Z is None else _Pull(self.w, self.W, Z, self.pull_scale * lam)
        weights, gradients, m, v = self._tensors()
        for steps in self._steps(n_steps):
            self._next_cells()
            if pull:
                pull.write(self.g, self.G)
            self._error_gradient(beta=1.0 if pull else 0.0)
            # Eq. 13 by the operation below torch.optim.Adam(fused=True)
            torch._fused_adam_(
                weights, gradients, m, v, [], steps,
                lr=lr, beta1=ADAM_BETA1, beta2=ADAM_BETA2, eps=ADAM_EPS,
                weight_decay=0.0, amsgrad=False, maximize=False,
            )  # fmt: skip
            self.taken += 1
        return self

    @property
    def weights(self) -> Weights:
        """The weights as they are now: views, which change with the next step."""
        return _unpack(self.W)

    @property
    def adam(self) -> AdamState:
        """Adam's memory as it is now, its moments as views."""
        return AdamState(self.before + self.taken, _unpack(self.M), _unpack(self.V))


def fit_until_flat(
    fit: InPlaceFit,
    n_epochs: int,
    lr: float,
    tolerance: float,
    progress: Callable[[float], None] = lambda share: None,
) -> GoodStart:
    """Take the steps of ``good_init``; a graph that stops is left as it is, the others go on.

    Parameters
    ----------
    fit : InPlaceFit
        With held-out cells.
    n_epochs, lr, tolerance
        See ``good_init``.
    progress : callable
        Called with the share of the epochs that is done.

    Returns
    -------
    GoodStart
    """
    best = fit.held_out_error()
    graphs = torch.arange(len(best), device=best.device)
    stopped = []
    for taken in range(0, n_epochs, CHECK_EVERY):
        fit.run(min(CHECK_EVERY, n_epochs - taken), lr)
        error = fit.held_out_error()
        falls = error < (1 - tolerance) * best
        best = torch.minimum(best, error)
        progress(min(taken + CHECK_EVERY, n_epochs) / n_epochs)
        if tolerance == 0 or falls.all():
            continue
        if not falls.any():
            break
        stopped.append((graphs[~falls], pick(GoodStart(fit.weights, fit.adam, best), ~falls)))
        graphs, best, fit = graphs[falls], best[falls], fit.of_graphs(falls)
    stopped.append((graphs, GoodStart(fit.weights, fit.adam, best)))
    order, ends = join(stopped)
    return pick(ends, order.argsort())


def split_cells(n_cells: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw which cells goodINIT fits and which it holds out.

    Parameters
    ----------
    n_cells : int

    Returns
    -------
    tuple of Tensor
        Positions of the fitted and of the held-out cells, a fifth of all. There is at least one of
        each; a single cell is both.
    """
    order = torch.randperm(n_cells, generator=generator)
    n_held = min(max(round(HELD_OUT * n_cells), 1), n_cells - 1)
    return (order[n_held:], order[:n_held]) if n_held else (order, order)


def good_init(
    weights: Weights,
    X_T: Tensor,
    X_O: Tensor,
    split: tuple[Tensor, Tensor],
    n_epochs: int,
    lr: float,
    reduction: Reduction = "mean",
    tolerance: float = 0.0,
) -> GoodStart:
    """Run goodINIT of Algorithm 2: Adam steps on the plain regression, without gradients through them.

    Parameters
    ----------
    split : tuple of Tensor
        Positions of the cells to fit and of those held out, see ``split_cells``.
    n_epochs : int
        E1, the most steps taken.
    tolerance : float
        A graph is left as it is once 25 steps lowered its held-out error by less than this share of it;
        0 takes all steps. Each graph of a batch stops independently of the others.

    Returns
    -------
    GoodStart
    """
    fitted, held = (cells.to(X_T.device) for cells in split)

    def job(X_O: Tensor, X_T: Tensor, weights: Weights) -> GoodStart:
        held_out = X_T.index_select(1, held), X_O.index_select(1, held)
        X_T, X_O = X_T.index_select(1, fitted), X_O.index_select(1, fitted)
        fit = InPlaceFit(weights, adam_start(weights), X_T, X_O, reduction, held_out)
        return fit_until_flat(fit, n_epochs, lr, tolerance)

    return over_graphs(job, _work(weights, X_O), X_O, X_T, weights)


def fit_dnn(
    weights: Weights,
    adam: AdamState,
    X_T: Tensor,
    X_O: Tensor,
    Z: Tensor,
    lam: Tensor,
    n_steps: int,
    lr: float,
    reduction: Reduction = "mean",
) -> tuple[Weights, AdamState]:
    """fitDNN: Adam steps on J^p (Eqs 12 and 13).

    From fresh weights and with E1 steps it is fitDNN of Algorithm 1, from those of the last iteration
    and with P steps fitDNN-fast of Algorithm 2. Gradients flow through it to Z and lam where they are
    needed; otherwise the same steps are taken in place.

    Parameters
    ----------
    adam : AdamState
    Z : Tensor, shape (graphs, tfs, genes)
    lam : Tensor, shape (graphs, 1, 1)
    n_steps : int
        P, or E1.

    Returns
    -------
    tuple of Weights and AdamState
    """
    if not _tracked(weights, adam, X_T, X_O, Z, lam):
        return _fit_in_place(weights, adam, X_T, X_O, Z, lam, n_steps, lr, reduction)
    for _ in range(n_steps):
        slope = gradient(weights, X_T, X_O, Z, lam, reduction)
        weights, adam = adam_step(weights, slope, adam, lr)
    return weights, adam


def _fit_in_place(
    weights: Weights, adam: AdamState, X_T: Tensor, X_O: Tensor, Z: Tensor, lam: Tensor,
    n_steps: int, lr: float, reduction: Reduction,
) -> tuple[Weights, AdamState]:  # fmt: skip
    """Take the steps of ``fit_dnn`` without gradients through them."""
    def job(
        X_O: Tensor, weights: Weights, adam: AdamState, X_T: Tensor, Z: Tensor, lam: Tensor
    ) -> tuple[Weights, AdamState]:
        fit = InPlaceFit(weights, adam, X_T, X_O, reduction).run(n_steps, lr, Z, lam)
        return fit.weights, fit.adam

    return over_graphs(job, _work(weights, X_O), X_O, weights, adam, X_T, Z, lam)


def _tracked(*trees: Tensor | tuple) -> bool:
    """Whether gradients are recorded and any of the tensors requires one."""
    if not torch.is_grad_enabled():
        return False
    return any(
        tree.requires_grad if isinstance(tree, Tensor) else _tracked(*tree) for tree in trees
    )


def _work(weights: Weights, X_O: Tensor) -> float:
    """Floating-point operations of the last layer for one graph."""
    return 2.0 * X_O.shape[1] * weights.W[-1][0].numel()
