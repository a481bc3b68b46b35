"""The fit of f_W without gradients through it: the same numbers, all in buffers made once.

``regression`` fits with the ordinary operations of ``network`` and ``adam`` where gradients have
to flow through the steps, and with an ``InPlaceFit`` everywhere else. What makes it faster:

- The weights of all layers lie in one flat tensor, as do gradients and Adam's moments, and no
  step makes a tensor: an Adam step is one fused operation.
- Biases cost nothing. Each layer is one matrix whose last row is the bias. The column of ones that
  it needs is a constant unit: the last of each hidden layer, fed by the constant unit below with
  weight 1 and by nothing else. Its own weights are held by setting their gradient to zero, and as
  its weights from the TFs are zero, no path runs through it.
- Subtraction, ReLU and its slope are done where the products have left their result.

Of a step for one graph (100 genes, 10 TFs, 500 cells, 40 units) 3/4 are matrix products, of one
for a large graph (1,200, 127, 2,700, 500) 93 %. ``tests/bench_fit.py`` measures it.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from grnular_core.models.adam import ADAM_BETA1, ADAM_BETA2, ADAM_EPS, AdamState
from grnular_core.models.network import Reduction, Weights, term_scales

relu_backward = torch.ops.aten.threshold_backward.grad_input


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
    """The inverse of ``_pack``, as views."""
    hidden, last = layers[:-1], layers[-1]
    W = (*(layer[:, :-1, :-1] for layer in hidden), last[:, :-1])
    b = (*(layer[:, -1:, :-1] for layer in hidden), last[:, -1:])
    return Weights(W, b)


def _with_row(X: Tensor, value: float) -> Tensor:
    """X (graphs, rows, columns) with one more row of ``value``."""
    return torch.cat([X, X.new_full((len(X), 1, X.shape[2]), value)], 1)


class _Pull:
    """Gradient of strength / 2 * ||theta - Z||_F^2 (``network._penalty_gradient``) in buffers.

    Z and strength have a row of zeros where the weights have the biases of the first layer: the
    gap is zero there, so biases are not pulled. The flat ``weights`` are only read.
    """

    def __init__(self, weights: Tensor, layers: list[Tensor], Z: Tensor, strength: Tensor):
        self.weights = weights
        self.Z = _with_row(Z, 0.0)  # (graphs, tfs + 1, genes)
        self.strength = _with_row(strength.expand(-1, Z.shape[1], 1), 0.0)  # (graphs, tfs + 1, 1)
        self.size, self.sign = torch.empty_like(weights), torch.empty_like(weights)
        parts = self.size.split([layer.numel() for layer in layers])
        self.abs = [part.view_as(layer) for part, layer in zip(parts, layers, strict=True)]
        rows = [(len(Z), self.Z.shape[1], layer.shape[2]) for layer in layers]
        self.upto = self.abs[:1] + [Z.new_empty(shape) for shape in rows[1:]]
        self.delta = [Z.new_empty(shape) for shape in rows[1:-1]]

    def write(self, gradient: Tensor, slopes: list[Tensor]) -> None:
        """Fill the flat ``gradient``, whose layers are ``slopes``."""
        torch.abs(self.weights, out=self.size)
        torch.sign(self.weights, out=self.sign)
        for i in range(1, len(slopes)):
            torch.bmm(self.upto[i - 1], self.abs[i], out=self.upto[i])
        delta = self.upto[-1].sub_(self.Z).mul_(self.strength)  # (graphs, tfs + 1, genes)
        for i in reversed(range(1, len(slopes))):
            torch.bmm(self.upto[i - 1].mT, delta, out=slopes[i])
            out = slopes[0] if i == 1 else self.delta[i - 2]
            delta = torch.bmm(delta, self.abs[i].mT, out=out)  # (graphs, tfs + 1, in + 1)
        gradient.mul_(self.sign)


class InPlaceFit:
    """f_W of some graphs with Adam's memory, fitted in place to X_T and X_O; inputs are copied.

    Shapes as in ``network``; the weights need at least one hidden layer. ``batches`` (steps, cells)
    are the positions of the cells that each step looks at; None is all in every step.
    """

    def __init__(
        self,
        weights: Weights,
        adam: AdamState,
        X_T: Tensor,
        X_O: Tensor,
        reduction: Reduction = "mean",
        batches: Tensor | None = None,
    ) -> None:
        self.data = torch.cat([X_T, X_T.new_ones(*X_T.shape[:2], 1)], 2), X_O
        self.batches = batches
        X_1, self.X_O = self.data  # of the cells that a step looks at
        if batches is not None:
            X_1, self.X_O = (X.new_empty(len(X), batches.shape[1], X.shape[2]) for X in self.data)
        self.fit_scale, self.pull_scale = term_scales(
            self.X_O, X_T.shape[2], reduction, X_O.shape[1]
        )
        self.w, self.W = _pack(weights, unit=1.0)
        self.m, self.M = _pack(adam.m, unit=0.0)
        self.v, self.V = _pack(adam.v, unit=0.0)
        self.g = torch.zeros_like(self.w)
        parts = self.g.split([W.numel() for W in self.W])
        self.G = [part.view_as(W) for part, W in zip(parts, self.W, strict=True)]
        # what every layer puts out, (graphs, cells, units), and the slopes of the hidden ones
        self.out = [X_1, *(X_1.new_empty(*X_1.shape[:2], W.shape[2]) for W in self.W)]
        self.delta = [torch.empty_like(out) for out in self.out[1:-1]]
        self.constant = [G[:, :, -1] for G in self.G[:-1]]  # what leads to the constant units
        self.W_mT, self.out_mT = [W.mT for W in self.W], [out.mT for out in self.out]
        self.before, self.taken = adam.step, 0

    def _look_at(self, cells: Tensor) -> None:
        """Fill X_T and X_O of the step."""
        for X, seen in zip(self.data, (self.out[0], self.X_O), strict=True):
            torch.index_select(X, 1, cells, out=seen)

    def _error_gradient(self, beta: float) -> None:
        """G <- beta G + gradient of the squared error, ``network._error_gradient`` in place."""
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
                relu_backward(delta, out[i], 0, grad_input=delta)  # 0 where the ReLU is closed

    def _tensors(self) -> list[list[Tensor]]:
        """Weights, gradients and moments in pieces that took as many steps: all, or each graph."""
        flat, layers = (self.w, self.g, self.m, self.v), (self.W, self.G, self.M, self.V)
        if self._in_step():
            return [[tensor] for tensor in flat]
        return [[graph for layer in kind for graph in layer] for kind in layers]

    def _steps(self, n_steps: int) -> list[list[Tensor]]:
        """The number of each of the next steps, for every piece of ``_tensors``."""
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
        """Take ``n_steps`` Adam steps on ``network.objective`` with these arguments."""
        pull = None if Z is None else _Pull(self.w, self.W, Z, self.pull_scale * lam)
        weights, gradients, m, v = self._tensors()
        for i, steps in enumerate(self._steps(n_steps), self.taken):
            if self.batches is not None:
                self._look_at(self.batches[i])
            if pull:
                pull.write(self.g, self.G)
            self._error_gradient(beta=1.0 if pull else 0.0)
            # Eq. 13 by the operation below torch.optim.Adam(fused=True)
            torch._fused_adam_(
                weights, gradients, m, v, [], steps,
                lr=lr, beta1=ADAM_BETA1, beta2=ADAM_BETA2, eps=ADAM_EPS,
                weight_decay=0.0, amsgrad=False, maximize=False,
            )  # fmt: skip
        self.taken += n_steps
        return self

    @property
    def weights(self) -> Weights:
        """The weights as they are now: views, which change with the next step."""
        return _unpack(self.W)

    @property
    def adam(self) -> AdamState:
        """Adam's memory as it is now, its moments as views."""
        return AdamState(self.before + self.taken, _unpack(self.M), _unpack(self.V))
