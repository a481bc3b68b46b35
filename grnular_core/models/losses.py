"""Training losses: how far a predicted graph is from the true one, differentiably.

Everywhere ``theta`` or ``logits`` is the prediction, ``truth`` the true graph W* of 0 and 1 (or bool),
and ``allowed`` is True for candidate edges: other entries (``not_self``: a TF on itself) have no
influence, not even as NaN. For GLAD without TFs the shape is (graphs, genes, genes). The result is one
loss a graph, so the mean over a batch weighs its graphs alike. Values and gradients are finite everywhere, theta = 0 and graphs
without any true edge or any candidate included.

The paper's losses are Eqs 11, 14, 15 and 16. ``balanced_cross_entropy`` and ``smooth_ap_loss`` are
not in the paper: the first has no vanishing gradient where tanh saturates, the second is close to
the reported score, average precision.

Parameters
----------
theta, logits, truth : Tensor, shape (graphs, tfs, genes)
allowed : Tensor of bool, shape (graphs, tfs, genes)
beta : float
    Above 1 weighs recall higher than precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

TINY = 1e-12  # smallest denominator; the numerator is then zero as well


def not_self(tf_index: Tensor, n_genes: int) -> Tensor:
    """All candidate edges (graphs, tfs, genes): False where TF and gene are the same gene.

    Parameters
    ----------
    tf_index : Tensor of int, shape (graphs, tfs)
        Positions among the genes: TF k need not be gene k.
    n_genes : int

    Returns
    -------
    Tensor of bool, shape (graphs, tfs, genes)
    """
    return tf_index[:, :, None] != torch.arange(n_genes, device=tf_index.device)


def _kept(values: Tensor, allowed: Tensor) -> Tensor:
    """Values of the candidates; 0 elsewhere, also in place of NaN."""
    return values.masked_fill(~allowed, 0)


def _total(values: Tensor) -> Tensor:
    return values.sum((-2, -1))


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    """Return top / bottom, and 0 where bottom is 0."""
    return top / bottom.clamp_min(TINY)


def f_beta(p: Tensor, truth: Tensor, allowed: Tensor, beta: float = 1.0) -> Tensor:
    """F_beta of edge probabilities p in [0, 1] (Eqs 14 and 15), (graphs,).

    On p of 0 and 1 it is the usual F_beta. A graph without any true edge has F_beta = 0 and gives
    no gradient.

    Parameters
    ----------
    p : Tensor, shape (graphs, tfs, genes)

    Returns
    -------
    Tensor, shape (graphs,)
    """
    p, truth = _kept(p, allowed), _kept(truth.to(p.dtype), allowed)
    tp = _total(p * truth)
    fp, fn = _total(p) - tp, _total(truth) - tp
    weighted = (1 + beta**2) * tp
    return _ratio(weighted, weighted + beta**2 * fn + fp)


def f_beta_loss(theta: Tensor, truth: Tensor, allowed: Tensor, beta: float = 1.0) -> Tensor:
    """L_Fbeta = 1 - F_beta(tanh |theta|) (Eq. 15).

    Returns
    -------
    Tensor, shape (graphs,)
    """
    return 1 - f_beta(_kept(theta, allowed).abs().tanh(), truth, allowed, beta)


def frobenius(theta: Tensor, truth: Tensor, allowed: Tensor) -> Tensor:
    """||theta - W*||_F^2 over the candidates, (graphs,).

    Signs count: of GLAD's theta, which is negative for a positive partial correlation, pass the absolute value.

    Returns
    -------
    Tensor, shape (graphs,)
    """
    return _total(_kept(theta - truth.to(theta.dtype), allowed).square())


def summed_loss(theta: Tensor, truth: Tensor, allowed: Tensor, beta: float = 1.0) -> Tensor:
    """Eq. 11: ||theta - W*||_F^2 + L_Fbeta(tanh |theta|, W*).

    Returns
    -------
    Tensor, shape (graphs,)
    """
    squared = frobenius(theta, truth, allowed)
    return squared + f_beta_loss(theta, truth, allowed, beta)


def balanced_loss(theta: Tensor, truth: Tensor, allowed: Tensor, beta: float = 1.0) -> Tensor:
    """Eq. 16: L_Fbeta(tanh |theta|, W*) + r ||theta - W*||_F^2, (graphs,).

    r = L_Fbeta / ||theta - W*||_F^2 of each graph is held constant in the derivative, so the value
    is 2 L_Fbeta, and a mean in place of the sum would have the same gradient.

    Returns
    -------
    Tensor, shape (graphs,)
    """
    squared = frobenius(theta, truth, allowed)
    edges = f_beta_loss(theta, truth, allowed, beta)
    return edges + _ratio(edges, squared).detach() * squared


def over_iterates(
    loss: Callable[[Tensor], Tensor],
    iterates: Sequence[Tensor],
    which: Literal["last", "all"] = "last",
) -> Tensor:
    """Take the loss of the last unrolled theta (paper), or its mean over all L (2020 code).

    Parameters
    ----------
    loss : callable
        From theta (graphs, tfs, genes) to (graphs,).
    iterates : sequence of Tensor
        theta of every iteration.
    which : {"last", "all"}

    Returns
    -------
    Tensor, shape (graphs,)
    """
    if which == "last":
        return loss(iterates[-1])
    return torch.stack([loss(theta) for theta in iterates]).mean(0)


def balanced_cross_entropy(logits: Tensor, truth: Tensor, allowed: Tensor) -> Tensor:
    """Cross-entropy as if half of the candidates were true edges, (graphs,).

    It is the mean of two means, over the true edges and over the other candidates, so that graphs
    count the same for any size and density. Where all candidates are true, or none, their mean
    alone is the loss; without candidates it is 0.

    Returns
    -------
    Tensor, shape (graphs,)
    """
    truth = truth.to(torch.bool)
    loss = logits.new_zeros(logits.shape[:-2])
    weight = torch.zeros_like(loss)
    for edges, signed in ((truth & allowed, -logits), (~truth & allowed, logits)):
        count = _total(edges)
        mean = _total(softplus(_kept(signed, edges)) * edges) / count.clamp_min(1)
        loss = loss + mean / 2
        weight = weight + (count > 0) / 2
    return _ratio(loss, weight)


def _drawn(
    member: Tensor, values: Tensor, n_max: int | None, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """At most ``n_max`` members of every graph: their values and whether they are real.

    ``member`` and ``values`` are (graphs, pairs); the result is (graphs, drawn), padded where a
    graph has fewer. Keys are drawn on the CPU, so the result does not depend on the device.
    """
    n = int(member.sum(1).max())
    if n_max is None or n <= n_max:
        keys = member.float()
    else:
        n, keys = n_max, torch.rand(member.shape, generator=generator).to(member.device) + 1
    place = (keys * member).topk(n, dim=1).indices
    return values.gather(1, place), member.gather(1, place)


def smooth_ap_loss(
    logits: Tensor,
    truth: Tensor,
    allowed: Tensor,
    max_true: int | None = 1024,
    max_false: int | None = 4096,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1 - average precision, made differentiable, (graphs,).

    With s the scores and H(x) = sigmoid(x) in place of a step, true edge i has rank
    1 + sum of H(s_j - s_i) over all other candidates j, and rank 1 + the same sum over the true
    ones among the true ones. Average precision is the mean over i of the second by the first; as
    the scores grow this becomes exact, with ties counted half.

    Graphs with more than ``max_true`` true or ``max_false`` other candidates are sampled with
    ``generator``, which must be given then, and the sums scaled up; None takes all, with
    true x candidates numbers in memory. A graph without true edges, or with nothing else, has
    loss 0.

    Parameters
    ----------
    max_true, max_false : int or None
    generator : torch.Generator, optional

    Returns
    -------
    Tensor, shape (graphs,)

    Raises
    ------
    ValueError
        When a graph has to be sampled and no generator is given.
    """
    n_graphs = len(logits)
    is_true = (truth.to(torch.bool) & allowed).reshape(n_graphs, -1)
    is_false = (~truth.to(torch.bool) & allowed).reshape(n_graphs, -1)
    sizes = [(is_true, max_true), (is_false, max_false)]
    if generator is None and any(m and int(e.sum(1).max()) > m for e, m in sizes):
        raise ValueError("smooth_ap_loss has to sample these graphs: give it a torch.Generator")
    scores = _kept(logits, allowed).reshape(n_graphs, -1)
    s_true, real_true = _drawn(is_true, scores, max_true, generator)
    s_false, real_false = _drawn(is_false, scores, max_false, generator)

    def above(others: Tensor, real: Tensor, scale: Tensor) -> Tensor:
        """Sum of H(s_j - s_i) over the others j, for every true i, (graphs, true)."""
        steps = torch.sigmoid(others[:, None, :] - s_true[:, :, None])
        return (steps * real[:, None, :]).sum(2) * scale[:, None]

    n_true, drawn_true = is_true.sum(1), real_true.sum(1)
    # i itself is among the drawn ones, where H(0) = 1/2
    scale = (n_true - 1).clamp_min(0) / (drawn_true - 1).clamp_min(1)
    rank_true = 1 + above(s_true, real_true, scale) - scale[:, None] / 2
    scale = is_false.sum(1) / real_false.sum(1).clamp_min(1)
    rank = rank_true + above(s_false, real_false, scale)
    precision = (rank_true / rank).masked_fill(~real_true, 0)
    mean = precision.sum(1) / drawn_true.clamp_min(1)
    return torch.where(n_true > 0, 1 - mean, 0)
