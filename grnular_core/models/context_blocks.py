"""``ContextRho`` for large data: features made, and layers run, for a block of genes at a time.

A block holds all TFs, so an edge's column and the edges of correlated TFs are in it. Of its row a
layer needs the pools, and of other blocks the reverse edges between TFs: both are gathered while the
layer below is run. So each layer is one pass over the blocks, which changes h in place; at any time
there is one h, 4 bytes x width for every pair. No gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from grnular_core.models.context import (
    ContextLayer,
    ContextRho,
    Partners,
    Spread,
    fixed_features,
    mixing,
    partner_view,
    scale_of,
    spread,
    standing,
)
from grnular_core.models.edge_features_blocks import gene_blocks
from grnular_core.models.ensemble import CommitteeRho

PAIRS = 40_000  # of a block: 5 MB of h at a width of 32, near the size of a cache
ROW_NUMBERS = 5_000_000  # of a view, whose rows are looked at together


@dataclass(frozen=True)
class BlockContext:
    """``Context`` without the features: views and what they are standardised by.

    ``views`` (1, tfs, genes, views), ``among`` (1, tfs, tfs), ``allowed`` (1, tfs, genes),
    ``detected`` (1, genes); ``rows`` are mean and deviation of each view's rows, (1, tfs, 1).
    """

    views: Tensor
    among: Tensor
    tf_index: Tensor  # (tfs,)
    allowed: Tensor
    detected: Tensor
    rows: list[Spread]
    blocks: list[_Block]


def block_context(
    views: Tensor,
    detected: Tensor,
    tf_index: Tensor,
    allowed: Tensor,
    pairs: int = PAIRS,
    partners: Partners = "all",
) -> BlockContext:
    """From views (tfs, genes, views), detected (genes,), tf_index (tfs,), allowed (tfs, genes)."""
    n_tfs, n_genes = allowed.shape
    views, allowed = views[None], allowed[None]
    rows = [row_spread(view.abs(), allowed) for view in views.unbind(-1)]
    among = mixing(partner_view(views[:, :, tf_index], partners))
    genes = gene_blocks(n_genes, max(pairs // n_tfs, 1))
    blocks = [_Block.of(part, tf_index) for part in genes]
    return BlockContext(views, among, tf_index, allowed, detected[None], rows, blocks)


def row_spread(x: Tensor, allowed: Tensor) -> Spread:
    """``spread`` along the rows of x (1, tfs, genes), in double precision a few TFs at a time."""
    step = max(ROW_NUMBERS // x.shape[2], 1)
    parts = []
    for some, ok in zip(x.split(step, 1), allowed.split(step, 1), strict=True):
        parts.append(spread((some * ok).double(), ok, 2))
    return Spread(*(torch.cat(kind, 1).to(x.dtype) for kind in zip(*parts, strict=True)))


class _Gathered:
    """What the next layer has to know of the whole of h, collected block by block."""

    def __init__(self, context: BlockContext, width: int) -> None:
        n_tfs, like = len(context.tf_index), context.views
        self.context = context
        self.total = like.new_zeros((1, n_tfs, width), dtype=torch.float64)
        self.top = like.new_full((1, n_tfs, width), -torch.inf)
        self.between = like.new_empty(n_tfs, n_tfs, width)  # h of the edges between TFs
        self.columns = like.new_empty(1, 1, context.allowed.shape[2], 2 * width)  # their pools

    def add(self, h: Tensor, block: _Block) -> None:
        """Take in h (1, tfs, genes, width) of the next block."""
        allowed = self.context.allowed[:, :, block.genes]
        inside, low = h * allowed[..., None], h.masked_fill(~allowed[..., None], -torch.inf)
        self.total += inside.sum(2)
        self.top = torch.maximum(self.top, low.amax(2))
        self.columns[:, 0, block.genes] = _pooled(inside.sum(1), low.amax(1), allowed.sum(1))
        self.between[:, block.which] = h[0, :, block.own]

    def rows(self) -> Tensor:
        """Pools of the rows, (1, tfs, 1, 2 width)."""
        return _pooled(self.total, self.top, self.context.allowed.sum(2))[:, :, None]


def _pooled(total: Tensor, top: Tensor, count: Tensor) -> Tensor:
    """``context._pools``, mean and maximum side by side, from sum, maximum and count."""
    mean = (total / count.clamp_min(1)[..., None]).to(top.dtype)
    return torch.cat([mean, top.masked_fill(top == -torch.inf, 0.0)], -1)


class _Block(NamedTuple):
    """Some genes: their columns; which of them are TFs, by place among them and among the TFs."""

    genes: slice
    own: Tensor
    which: Tensor

    @classmethod
    def of(cls, genes: slice, tf_index: Tensor) -> _Block:
        which = ((tf_index >= genes.start) & (tf_index < genes.stop)).nonzero()[:, 0]
        return cls(genes, tf_index[which] - genes.start, which)


@torch.no_grad()
def block_logits(
    rho: ContextRho | CommitteeRho,
    theta: Tensor,
    Z: Tensor,
    context: BlockContext,
    progress: Callable[[float], None] = lambda share: None,
) -> Tensor:
    """``rho(theta, Z, context)`` for theta and Z (1, tfs, genes): logits (1, tfs, genes).

    ``progress`` hears which share is done.
    """
    if isinstance(rho, ContextRho):
        return _of_network(rho, theta, Z, context, progress)
    n_members = len(rho.members)

    def of_member(which: int, member: ContextRho) -> Tensor:
        return _of_network(
            member, theta, Z, context, lambda share: progress((which + share) / n_members)
        )

    return rho.joined(of_member(*entry) for entry in enumerate(rho.members))


def _of_network(
    rho: ContextRho,
    theta: Tensor,
    Z: Tensor,
    context: BlockContext,
    progress: Callable[[float], None],
) -> Tensor:
    """``block_logits`` of one network."""
    size = scale_of(theta, context.allowed)
    moving = [(x, row_spread(x / size, context.allowed)) for x in (theta, Z)]
    gathered = _Gathered(context, rho.leave.in_features)
    n_steps, h = len(context.blocks) * (1 + len(rho.layers)), _room(context, rho.leave.in_features)
    for i, block in enumerate(context.blocks):
        h[i].copy_(rho.start(_features(context, block.genes, moving, size)))
        gathered.add(h[i], block)
        progress((i + 1) / n_steps)
    for depth, layer in enumerate(rho.layers, 1):
        before, gathered = gathered, _Gathered(context, rho.leave.in_features)
        rows = before.rows()
        for i, block in enumerate(context.blocks):
            h[i].copy_(_updated(layer, h[i], block, before, rows))
            gathered.add(h[i], block)
            progress((depth * len(h) + i + 1) / n_steps)
    return torch.cat([rho.leave(part).squeeze(-1) for part in h], -1)


def _room(context: BlockContext, width: int) -> list[Tensor]:
    """h of every block, (1, tfs, genes, width), all in one piece of memory.

    What a block leaves behind must not lie among what it throws away: the holes are not filled,
    and a run takes twice the memory.
    """
    n_tfs, n_genes = context.allowed.shape[1:]
    flat = context.views.new_empty(n_tfs * n_genes * width)
    parts = flat.split([n_tfs * (b.genes.stop - b.genes.start) * width for b in context.blocks])
    return [part.view(1, n_tfs, -1, width) for part in parts]


def _features(
    context: BlockContext, genes: slice, moving: list[tuple[Tensor, Spread]], size: Tensor
) -> Tensor:
    """All features of a block, (1, tfs, genes, features)."""
    allowed, detected = context.allowed[:, :, genes], context.detected
    views = context.views[:, :, genes]
    fixed = fixed_features(
        views, detected[:, context.tf_index], detected[:, genes], allowed, context.rows
    )
    parts = [standing(part[:, :, genes] / size, allowed, rows) for part, rows in moving]
    return torch.cat([fixed, *parts], -1)


def _updated(
    layer: ContextLayer, h: Tensor, block: _Block, before: _Gathered, rows: Tensor
) -> Tensor:
    """h (1, tfs, genes, width) of a block after a layer.

    Edges from the block's TFs to all TFs are the reverse ones of those from the TFs to them.
    """
    reverse = layer.reverse(before.between[block.which]).transpose(0, 1)[None]
    columns = before.columns[:, :, block.genes]
    return layer.update(h, before.context.among, rows, columns, reverse, block.own)
