"""f_W, the network from TFs to all genes: its objective (Eq. 12), the gradient of it, and an Adam step.

f_W has one hidden layer or more, ReLU in between, and is linear at the end (Eq. 4). Every tensor has a
leading axis of graphs, so a batch is one batched matmul: ``X_T`` (graphs, cells, tfs), ``X_O`` (graphs,
cells, genes), ``Z`` and ``theta`` (graphs, tfs, genes), ``lam`` (graphs, 1, 1).

The gradient of Eq. 12 is written out in ordinary torch operations without side effects, so gradients can
flow *through* a fit. Where none are needed, the same steps are taken in place (``inner_fit``): the
same numbers up to rounding, several times as fast.

Parameters
----------
generator : torch.Generator
weights : Weights
X_T : Tensor, shape (graphs, cells, tfs)
X_O : Tensor, shape (graphs, cells, genes)
    All genes, the TFs among them.
reduction : {"sum", "mean", "cells"}
    See ``objective``.
lr : float
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Reduction = Literal["sum", "mean", "cells"]
ADAM_BETA1, ADAM_BETA2, ADAM_EPS = 0.9, 0.999, 1e-8
_TINY = 1e-30  # keeps the derivative of a square root finite at zero


class Weights(NamedTuple):
    """Weights of f_W, or anything of their shapes, by layer."""

    W: tuple[Tensor, ...]  # W[i] has shape (graphs, in, out)
    b: tuple[Tensor, ...]  # b[i] has shape (graphs, 1, out)


class AdamState(NamedTuple):
    """Adam's moment estimates.

    It is carried on from goodINIT into the first iteration and from iteration to iteration: P steps are
    too few to warm it up again. Started afresh in every iteration, the strict AUPRC on simulated clean
    data falls from 0.82 to 0.73.
    """

    step: Tensor  # (graphs, 1, 1), steps taken
    m: Weights  # first moment of every weight
    v: Weights  # second moment


def _each(function: Callable[..., Tensor], *weights: Weights) -> Weights:
    """Apply ``function`` to every tensor, or to every tuple of corresponding tensors."""
    return Weights(*(tuple(map(function, *layers)) for layers in zip(*weights, strict=True)))


# --- f_W and theta ------------------------------------------------------------------------------


def init_weights(
    n_graphs: int,
    sizes: Sequence[int],
    generator: torch.Generator,
    scale: float = 1.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Weights:
    """Draw f_W once and give every graph of the batch the same start.

    As all graphs share the draw, a batch of B equals B batches of one with the same seed. Numbers are
    drawn on the CPU for every device.

    Parameters
    ----------
    n_graphs : int
    sizes : sequence of int
        Units of the layers from TFs to genes: (tfs, hidden ..., genes).
    scale : float
        W[i] is uniform with variance scale^2 / in; biases are zero.
    device, dtype

    Returns
    -------
    Weights
    """
    W, b = [], []
    for n_in, n_out in pairwise(sizes):
        draw = torch.rand(n_in, n_out, generator=generator, dtype=torch.float64) * 2 - 1
        draw = (draw * scale * (3 / n_in) ** 0.5).to(device=device, dtype=dtype)
        W.append(draw.repeat(n_graphs, 1, 1))  # (graphs, in, out)
        b.append(torch.zeros(n_graphs, 1, n_out, device=device, dtype=dtype))
    return Weights(tuple(W), tuple(b))


def activations(weights: Weights, X_T: Tensor) -> list[Tensor]:
    """All layers of f_W (Eq. 4).

    Returns
    -------
    list of Tensor
        X_T, every hidden layer after its ReLU, and last the prediction (graphs, cells, genes).
    """
    layers = [X_T]
    last = len(weights.W) - 1
    for i, (W, b) in enumerate(zip(*weights, strict=True)):
        out = torch.baddbmm(b, layers[-1], W)  # (graphs, cells, out)
        layers.append(out if i == last else out.relu())
    return layers


def _paths(weights: Weights) -> list[Tensor]:
    """|W_1|, |W_1||W_2|, ...: strength of all paths from the TFs to each layer."""
    paths = [weights.W[0].abs()]
    for W in weights.W[1:]:
        paths.append(paths[-1] @ W.abs())
    return paths


def path_product(weights: Weights) -> Tensor:
    """Compute theta = product of |W_i|, the summed strength of all paths from a TF to a gene (section 2.1.1).

    Returns
    -------
    Tensor, shape (graphs, tfs, genes)
        theta >= 0; 0 where there is no path.
    """
    return _paths(weights)[-1]


# --- Eq. 12 and its gradient --------------------------------------------------------------------


def term_scales(X_O: Tensor, n_tfs: int, reduction: Reduction) -> tuple[float, float]:
    """Factors of the squared error and of the penalty of Eq. 12.

    Parameters
    ----------
    n_tfs : int

    Returns
    -------
    tuple of float
    """
    _, n_cells, n_genes = X_O.shape
    if reduction == "sum":
        return 1.0, 1.0
    return 1 / (n_cells * n_genes), 1 / (n_genes if reduction == "cells" else n_tfs * n_genes)


def objective(
    weights: Weights,
    X_T: Tensor,
    X_O: Tensor,
    Z: Tensor | None = None,
    lam: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """J^p = ||X_O - f_W(X_T)||^2 + lam / 2 ||theta - Z||_F^2 (Eq. 12).

    Steps follow its gradient, which is written out twice: in ``gradient`` here, and in place in ``inner_fit``;
    a test holds all three together. A change of the penalty changes all three.

    Parameters
    ----------
    Z : Tensor, shape (graphs, tfs, genes), optional
        None leaves the second term out, as goodINIT does.
    lam : Tensor, shape (graphs, 1, 1), optional
        Given with Z.
    reduction : {"sum", "mean", "cells"}
        "sum" is Eq. 12 as printed. "mean" divides the squared error by cells x genes and the penalty by
        tfs x genes, which weighs the penalty cells / tfs times higher: at the same lam the printed sums
        hardly pull once there are hundreds of cells. "cells" takes the mean over cells and sums over genes
        and entries of theta, both divided by genes, which no step of Adam sees: each gene then weighs its own
        error and penalty, whatever the number of TFs and genes.

    Returns
    -------
    Tensor, shape (graphs,)
    """
    fit, pull = term_scales(X_O, X_T.shape[2], reduction)
    error = fit * (X_O - activations(weights, X_T)[-1]).square().sum((1, 2))
    if Z is None:
        return error
    gap = (path_product(weights) - Z).square().sum((1, 2))
    return error + pull * lam.reshape(-1) / 2 * gap


def _error_gradient(weights: Weights, X_T: Tensor, X_O: Tensor, scale: float) -> Weights:
    """Gradient of scale * ||X_O - f_W(X_T)||^2."""
    layers = activations(weights, X_T)
    delta = layers[-1] - X_O  # (graphs, cells, genes)
    W, b = [], []
    for i in reversed(range(len(weights.W))):
        W.append(2 * scale * (layers[i].transpose(1, 2) @ delta))  # (graphs, in, out)
        b.append(2 * scale * delta.sum(1, keepdim=True))  # (graphs, 1, out)
        if i:  # the sign of a ReLU's output is its slope
            delta = (delta @ weights.W[i].transpose(1, 2)) * layers[i].sign()
    return Weights(tuple(reversed(W)), tuple(reversed(b)))


def _penalty_gradient(weights: Weights, Z: Tensor, strength: Tensor) -> tuple[Tensor, ...]:
    """Gradient of strength / 2 * ||theta - Z||_F^2 in every W_i (the biases have none)."""
    paths = _paths(weights)
    delta = strength * (paths[-1] - Z)  # (graphs, tfs, genes)
    W = []
    for i in reversed(range(1, len(paths))):
        W.append(weights.W[i].sign() * (paths[i - 1].transpose(1, 2) @ delta))
        delta = delta @ weights.W[i].abs().transpose(1, 2)  # (graphs, tfs, in)
    W.append(weights.W[0].sign() * delta)
    return tuple(reversed(W))


def gradient(
    weights: Weights,
    X_T: Tensor,
    X_O: Tensor,
    Z: Tensor | None = None,
    lam: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Weights:
    """Gradient of ``objective``, whose parameters these are, with respect to every weight.

    Parameters
    ----------
    weights, X_T, X_O, Z, lam, reduction
        See ``objective``.

    Returns
    -------
    Weights
    """
    fit, pull = term_scales(X_O, X_T.shape[2], reduction)
    error = _error_gradient(weights, X_T, X_O, fit)
    if Z is None:
        return error
    penalty = _penalty_gradient(weights, Z, pull * lam)
    return Weights(tuple(e + p for e, p in zip(error.W, penalty, strict=True)), error.b)


# --- Adam, the optimizer-update of Eq. 13 -------------------------------------------------------


def adam_start(weights: Weights) -> AdamState:
    """Adam before its first step on these weights.

    Returns
    -------
    AdamState
    """
    zeros = _each(torch.zeros_like, weights)
    step = weights.b[0].new_zeros(len(weights.b[0]), 1, 1)  # (graphs, 1, 1)
    return AdamState(step, zeros, zeros)


def adam_step(
    weights: Weights, gradients: Weights, state: AdamState, lr: float
) -> tuple[Weights, AdamState]:
    """W^(p+1) <- optimizer-update(W^p, grad J^p) (Eq. 13) for all graphs at once.

    Parameters
    ----------
    weights, gradients : Weights
    state : AdamState

    Returns
    -------
    tuple of Weights and AdamState
        New tensors: nothing is changed in place.
    """
    step = state.step + 1
    m = _each(lambda m, g: torch.lerp(m, g, 1 - ADAM_BETA1), state.m, gradients)
    v = _each(lambda v, g: ADAM_BETA2 * v + (1 - ADAM_BETA2) * g * g, state.v, gradients)
    size = lr / (1 - ADAM_BETA1**step)
    root = (1 - ADAM_BETA2**step).sqrt()

    def move(w: Tensor, m: Tensor, v: Tensor) -> Tensor:
        return w - size * m / (v.clamp_min(_TINY).sqrt() / root + ADAM_EPS)

    return _each(move, weights, m, v), AdamState(step, m, v)
