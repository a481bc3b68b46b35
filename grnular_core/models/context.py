"""rho_nn that also sees an edge's context: its row, its column, and the other TFs of its gene.

The rho_nn of Fig. 3 sees (theta_ij, Sigma_ij, Z_ij) of one candidate edge alone. What an edge looks
like beside the others of its TF and of its gene carries much more. Here every candidate edge has a
short vector h_ij, and layers of

    h <- h + norm(gelu(A h + B (C h) + R pool_j(h) + S pool_i(h) + V h^T))

let it see its TF's edges (row pools), its gene's edges (column pools), the edges of correlated TFs
(C, the TFs' |correlation|, rows scaled) and, between two TFs, the reverse edge. The same numbers
serve every entry, so a permutation of genes or TFs permutes the result, any number of either fits,
and a model trained on 100 genes runs on 10,000.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grnular_core.models.edge_features import WITHIN_UP
from grnular_core.models.thresholds import LAST_LAYER_SHRINK

Partners = Literal["all", "within"]
EPS = 1e-6
Z_LIMITS = (-5.0, 8.0)  # standing in row or column, in standard deviations


class Context(NamedTuple):
    """What stays the same while the cells of one batch run."""

    fixed: Tensor  # features that do not depend on theta and Z, (graphs, tfs, genes, features)
    among: Tensor  # C: how TFs go together, zero diagonal, scaled rows, (graphs, tfs, tfs)
    tf_index: Tensor  # (graphs, tfs)
    allowed: Tensor  # True where an edge is possible, (graphs, tfs, genes)


class Spread(NamedTuple):
    """Mean and standard deviation along an axis, kept as size 1."""

    mean: Tensor
    deviation: Tensor


def spread(x: Tensor, allowed: Tensor, axis: int) -> Spread:
    """Mean and standard deviation of x over the ``allowed`` entries along ``axis``, x being 0 else."""
    count = allowed.sum(axis, keepdim=True).clamp_min(1)
    mean = x.sum(axis, keepdim=True) / count
    variance = ((x - mean) * allowed).square().sum(axis, keepdim=True) / count
    # the small number keeps the derivative of the root finite where nothing varies
    return Spread(mean, (variance + EPS**2).sqrt())


def standing(x: Tensor, allowed: Tensor, rows: Spread | None = None) -> Tensor:
    """x >= 0 and how many standard deviations it lies above its row's and its column's mean.

    ``x`` (graphs, tfs, genes) -> (graphs, tfs, genes, 3); entries that are not ``allowed`` are 0.
    ``rows`` are the rows' mean and deviation where x is but some of their genes.
    """
    x = x * allowed

    def above(of: Spread) -> Tensor:
        return ((x - of.mean) / of.deviation).clamp(*Z_LIMITS) / 2

    parts = [x, above(rows or spread(x, allowed, 2)), above(spread(x, allowed, 1))]
    return torch.stack(parts, dim=-1) * allowed[..., None]


def make_context(
    views: Tensor, detected: Tensor, tf_index: Tensor, allowed: Tensor, partners: Partners = "all"
) -> Context:
    """Prepare a batch: ``views`` (graphs, tfs, genes, views), ``detected`` (graphs, genes)."""
    of_tf = detected.gather(1, tf_index)
    n_tfs = tf_index.shape[1]
    among = partner_view(views, partners)
    among = among.gather(2, tf_index[:, None, :].expand(-1, n_tfs, -1))
    fixed = fixed_features(views, of_tf, detected, allowed)
    return Context(fixed, mixing(among), tf_index, allowed)


def partner_view(views: Tensor, partners: Partners) -> Tensor:
    """What C is made of, of TFs and genes (..., tfs, genes), from the views (..., tfs, genes, views).

    "all": their correlation over all cells. "within": the square of their positive correlation inside
    clusters of cells, since where cells differ in one state above all, all TFs correlate over all of them.
    """
    return views[..., 0] if partners == "all" else views[..., WITHIN_UP].square()


def fixed_features(
    views: Tensor, of_tf: Tensor, of_gene: Tensor, allowed: Tensor, rows: list[Spread] | None = None
) -> Tensor:
    """Every view's ``standing`` and the shares of cells in which TF and gene are detected.

    ``views`` (graphs, tfs, genes, views), ``of_tf`` (graphs, tfs), ``of_gene`` (graphs, genes) ->
    (graphs, tfs, genes, 3 views + 2); ``rows`` as in ``standing``, for each view.
    """
    known = rows or [None] * views.shape[-1]
    parts = [
        standing(view.abs(), allowed, row)
        for view, row in zip(views.unbind(-1), known, strict=True)
    ]
    shape = views.shape[:3]
    shares = [of_tf[:, :, None].expand(shape), of_gene[:, None, :].expand(shape)]
    parts.append(torch.stack(shares, -1) * allowed[..., None])
    return torch.cat(parts, -1)


def mixing(among: Tensor) -> Tensor:
    """C from how TFs go together (graphs, tfs, tfs): absolute, no diagonal, scaled rows."""
    eye = torch.eye(among.shape[1], dtype=among.dtype, device=among.device)
    among = among.abs() * (1 - eye)
    return among / (1 + among.sum(2, keepdim=True))


def _pools(h: Tensor, allowed: Tensor, axis: int) -> Tensor:
    """Mean and maximum over the allowed entries along ``axis``, kept as size 1; 0 where none is."""
    mask = allowed[..., None]
    count = mask.sum(axis, keepdim=True).clamp_min(1)
    mean = (h * mask).sum(axis, keepdim=True) / count
    top = h.masked_fill(~mask, -torch.inf).amax(axis, keepdim=True)
    return torch.cat([mean, top.masked_fill(top == -torch.inf, 0.0)], -1)


def _reverse(h: Tensor, tf_index: Tensor) -> Tensor:
    """h of the reverse edge for edges between TFs, 0 for the others."""
    n_graphs, n_tfs, _, width = h.shape
    at = tf_index[:, None, :, None].expand(n_graphs, n_tfs, n_tfs, width)
    between = h.gather(2, at)  # (graphs, tfs, tfs, width)
    return torch.zeros_like(h).scatter(2, at, between.transpose(1, 2))


def _linear(n_in: int, n_out: int, bias: bool = True) -> nn.Linear:
    """A linear map whose numbers are drawn later: torch's own seed is neither used nor moved."""
    return nn.utils.skip_init(nn.Linear, n_in, n_out, bias=bias)


class ContextLayer(nn.Module):
    """One layer of the formula above; every map is applied before it is spread out, not after."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = _linear(width, width)
        self.correlated = _linear(width, width, bias=False)
        self.row = _linear(2 * width, width, bias=False)
        self.column = _linear(2 * width, width, bias=False)
        self.reverse = _linear(width, width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, h: Tensor, context: Context) -> Tensor:
        """h (graphs, tfs, genes, width) -> the same shape."""
        return self.update(
            h,
            context.among,
            _pools(h, context.allowed, 2),
            _pools(h, context.allowed, 1),
            _reverse(self.reverse(h), context.tf_index),
        )

    def update(
        self,
        h: Tensor,
        among: Tensor,
        rows: Tensor,
        columns: Tensor,
        reverse: Tensor,
        genes: Tensor | None = None,
    ) -> Tensor:
        """The formula above from C, the pools, and V h of the reverse edges.

        ``rows`` (graphs, tfs, 1, 2 width) are pools over all genes, of which h may hold a few.
        ``reverse`` (graphs, tfs, genes, width) is that of ``genes`` alone where these are named,
        which must not need a gradient.
        """
        mixed = torch.einsum("bts,bsgw->btgw", among, h)
        out = self.own(h) + self.correlated(mixed)
        out = out + self.row(rows)
        out = out + self.column(columns)
        out = out + reverse if genes is None else out.index_add_(2, genes, reverse)
        return h + self.norm(functional.gelu(out))


class ContextRho(nn.Module):
    """Evidence, theta and Z of all candidate edges -> the logit of each being an edge.

    The cell turns it into a threshold: rho_ij = theta_ij (1 - sigmoid(logit_ij)), so that the
    soft threshold gives Z_ij = theta_ij sigmoid(logit_ij).
    """

    def __init__(
        self, n_views: int, generator: torch.Generator, width: int = 24, n_layers: int = 3
    ) -> None:
        super().__init__()
        self.enter = _linear(3 * n_views + 2 + 6, width)
        self.layers = nn.ModuleList(ContextLayer(width) for _ in range(n_layers))
        self.leave = _linear(width, 1)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
                elif parameter.ndim == 2:
                    draw = torch.rand(parameter.shape, generator=generator) * 2 - 1
                    parameter.copy_(draw * parameter.shape[1] ** -0.5)
            self.leave.weight.mul_(LAST_LAYER_SHRINK)

    def forward(self, theta: Tensor, Z: Tensor, context: Context) -> Tensor:
        """theta and Z >= 0 (graphs, tfs, genes) -> logits (graphs, tfs, genes)."""
        size = scale_of(theta, context.allowed)
        moving = [standing(part / size, context.allowed) for part in (theta, Z)]
        h = self.start(torch.cat([context.fixed, *moving], -1))
        for layer in self.layers:
            h = layer(h, context)
        return self.leave(h).squeeze(-1)

    def start(self, features: Tensor) -> Tensor:
        """The first h of every entry from its features."""
        return torch.tanh(self.enter(features))


def weight_of(logit: Tensor) -> Tensor:
    """An edge's weight > 0 from its logit: log(1 + exp(logit)), in float64.

    The chance of an edge, sigmoid(logit), would be 1 for all logits above 37 (17 in float32), and the order
    of the surest edges lost: losses on ranks do not keep logits small. This one is about that chance where
    it is small, and the logit itself where it is near 1.
    """
    return torch.logaddexp(logit.double(), logit.new_zeros((), dtype=torch.float64))


def scale_of(theta: Tensor, allowed: Tensor) -> Tensor:
    """What theta and Z are divided by, (graphs, 1, 1): three times the mean theta."""
    n_edges = allowed.sum((1, 2), keepdim=True).clamp_min(1)
    return 3 * (theta * allowed).sum((1, 2), keepdim=True) / n_edges + EPS
