"""A rho_nn of this work: a network with a candidate edge's context as input, or an ensemble of such networks.

Every candidate edge from TF i to gene j has a short vector h_ij, and each layer adds to it

    h_ij <- h_ij + norm(gelu(V1 h_ij + V2 sum_k C_ik h_kj + V3 pool_j(h_ij) + V4 pool_i(h_ij) + V5 h_ji)).

V1 to V5 are learned matrices: of the edge itself, of the same gene's edges from TFs k that correlate with i (C, each
row scaled), of all edges of the TF (a pool over j), of all edges of the gene (a pool over i) and, between two TFs, of the
reverse edge. The last h_ij gives a logit, and the threshold of the edge is theta_ij (1 - sigmoid(logit)). The same
matrices serve every entry, so a permutation of genes or TFs permutes the result, any number of either fits, and a
model trained on 100 genes runs on 10,000.

Large data are worked on a block of genes at a time (``models.large``): all edges of a gene, and with them those of
correlated TFs, lie in one block; pools over genes and edges between TFs are gathered while the layer below is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grnular_core.models.context import Block, Context, row_column_scores, row_spread
from grnular_core.models.context_step import add_normed
from grnular_core.models.parallel import over_blocks
from grnular_core.models.thresholds import LAST_LAYER_SHRINK

if TYPE_CHECKING:
    from grnular_core.models.grnular import GRNULarConfig

_EPS = 1e-6


def weight_of(logit: Tensor) -> Tensor:
    """Return an edge's weight > 0 from its logit: log(1 + exp(logit)), in float64.

    The chance of an edge, sigmoid(logit), would be 1 for all logits above 37 (17 in float32), and the order
    of the surest edges lost: losses on ranks do not keep logits small. This one is about that chance where
    it is small, and the logit itself where it is near 1.

    Parameters
    ----------
    logit : Tensor

    Returns
    -------
    Tensor of float64, shape of logit
    """
    return torch.logaddexp(logit.double(), logit.new_zeros((), dtype=torch.float64))


def _scale_of(theta: Tensor, allowed: Tensor) -> Tensor:
    """Divisor of theta and Z, (graphs, 1, 1): three times the mean theta."""
    n_edges = allowed.sum((1, 2), keepdim=True).clamp_min(1)
    return 3 * (theta * allowed).sum((1, 2), keepdim=True) / n_edges + _EPS


class _Rows(NamedTuple):
    """Sums and maxima of h over genes, each (graphs, tfs, width)."""

    total: Tensor  # float64
    top: Tensor

    def joined(self, other: _Rows) -> _Rows:
        """Return those over the genes of both."""
        return _Rows(self.total + other.total, torch.maximum(self.top, other.top))


def _pooled(total: Tensor, top: Tensor, count: Tensor) -> Tensor:
    """Mean and maximum side by side; 0 where nothing is allowed."""
    mean = (total / count.clamp_min(1)[..., None]).to(top.dtype)
    return torch.cat([mean, top.masked_fill(top == -torch.inf, 0.0)], -1)


def _spread_out(own: Tensor, n_tfs: int, width: int) -> Tensor:
    """Places (graphs, n) of genes as an index (graphs, tfs, n, width)."""
    return own[:, None, :, None].expand(-1, n_tfs, -1, width)


def _linear(n_in: int, n_out: int, bias: bool = True) -> nn.Linear:
    """Return a linear map whose numbers are drawn later: torch's global generator is not used."""
    return nn.utils.skip_init(nn.Linear, n_in, n_out, bias=bias)


class _ContextLayer(nn.Module):
    """One layer of the formula above on edges of ``width`` numbers; every map is applied before it is spread out, not after."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = _linear(width, width)
        self.correlated = _linear(width, width, bias=False)
        self.row = _linear(2 * width, width, bias=False)
        self.column = _linear(2 * width, width, bias=False)
        self.reverse = _linear(width, width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, h: Tensor, C: Tensor, rows: Tensor, columns: Tensor, reverse: Tensor, own: Tensor
    ) -> Tensor:
        """Return the next h of some genes.

        Parameters
        ----------
        h : Tensor, shape (graphs, tfs, genes, width)
        C : Tensor, shape (graphs, tfs, tfs)
        rows : Tensor, shape (graphs, tfs, 1, 2 width)
            Pools over all genes.
        columns : Tensor, shape (graphs, 1, genes, 2 width)
            Pools over all TFs.
        reverse : Tensor, shape (graphs, n, tfs, width)
            h of the edges from the TFs among these genes to all TFs.
        own : Tensor of int, shape (graphs, n)
            Places of these TFs among the genes.

        Returns
        -------
        Tensor, shape (graphs, tfs, genes, width)
        """
        return h + self.norm(self.heard(h, C, rows, columns, reverse, own))

    def heard(
        self, h: Tensor, C: Tensor, rows: Tensor, columns: Tensor, reverse: Tensor, own: Tensor
    ) -> Tensor:
        """Return the gelu of the formula above."""
        out = self.own(h)
        out += self.correlated((C @ h.flatten(2)).view_as(h))
        out += self.row(rows)
        out += self.column(columns)
        at = _spread_out(own, h.shape[1], h.shape[3])
        out.scatter_add_(2, at, self.reverse(reverse).transpose(1, 2))
        return functional.gelu(out)


class ContextRho(nn.Module):
    """Edge features, theta and Z of all candidate edges -> the logit of each being an edge.

    Parameters
    ----------
    n_features : int
    generator : torch.Generator
    width : int
        Numbers of an edge between layers.
    n_layers : int
    """

    def __init__(
        self, n_features: int, generator: torch.Generator, width: int = 24, n_layers: int = 3
    ) -> None:
        super().__init__()
        self.enter = _linear(3 * n_features + 2 + 6, width)
        self.layers = nn.ModuleList(_ContextLayer(width) for _ in range(n_layers))
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
        """Return the logit of every candidate edge.

        Parameters
        ----------
        theta, Z : Tensor, shape (graphs, tfs, genes)
            >= 0; only their shape counts, not their scale.
        context : Context

        Returns
        -------
        Tensor, shape (graphs, tfs, genes)
        """
        blocks, size = context.blocks(), _scale_of(theta, context.allowed)
        moving = [(x, row_spread(x / size, context.allowed)) for x in (theta, Z)]
        counts = context.allowed.sum(2)
        kept, n_steps = _Kept(context, self.leave.in_features, blocks), len(self.layers) + 1

        def entered(i: int) -> Tensor:
            genes = blocks[i].genes
            allowed = context.allowed[:, :, genes]
            parts = [row_column_scores(x[:, :, genes] / size, allowed, rows) for x, rows in moving]
            return torch.cat([context.fixed(genes), *parts], -1)

        def run(step: int, of_block: Callable[[int], _Rows | None]) -> Tensor | None:
            """Make the next h of every block, and return the pools of the rows; at last the logits."""

            def block(i: int) -> _Rows | None:
                rows = of_block(i)
                if step == n_steps - 1:
                    kept.keep("logit", i, self.leave(kept.parts["h"][i]).squeeze(-1))
                return rows

            rows = None
            for done, of in enumerate(over_blocks(block, len(blocks), theta.device), 1):
                rows = of if rows is None else rows.joined(of)
                context.progress((step + done / len(blocks)) / n_steps)
            return None if rows is None else _pooled(*rows, counts)[:, :, None]

        rows = run(0, lambda i: kept.take(i, torch.tanh(self.enter(entered(i)))))
        for step, layer in enumerate(self.layers, 1):
            between = kept.between_tfs()

            def layered(i: int, layer=layer, rows=rows, between=between) -> _Rows:
                reverse = between.index_select(1, blocks[i].which)
                given = (kept.parts["h"][i], context.C, rows, kept.parts["column"][i], reverse, blocks[i].own)
                return kept.add(i, layer.heard(*given), layer.norm) if kept.compiled else kept.take(i, layer(*given))

            rows = run(step, layered)
        return kept.logits()


class _Kept:
    """What is kept of every block: h, pools of its columns and logits.

    Of several blocks each has its place in one piece of memory, where the next layer's replace them: what a block leaves
    among its temporaries keeps their gaps from being used again, and a run takes many times the memory.
    """

    def __init__(self, context: Context, width: int, blocks: list[Block]) -> None:
        self.blocks, self.allowed, self.in_place = blocks, context.allowed, len(blocks) > 1
        self.compiled = self.in_place and context.C.device.type == "cpu"
        self.parts: dict[str, list[Tensor]] = {kind: [context.C] * len(blocks) for kind in ("h", "column", "logit")}
        if self.in_place:
            n_tfs, n_genes = context.allowed.shape[1:]
            new, genes = context.C.new_empty, [block.genes for block in blocks]
            flat = new(n_tfs * n_genes * width).split([n_tfs * (of.stop - of.start) * width for of in genes])
            column, self.logit = new(1, 1, n_genes, 2 * width), new(1, n_tfs, n_genes)
            self.between = new(1, n_tfs, n_tfs, width)
            self.parts = {
                "h": [part.view(1, n_tfs, -1, width) for part in flat],
                "column": [column[:, :, of] for of in genes],
                "logit": [self.logit[:, :, of] for of in genes],
            }

    def keep(self, kind: str, i: int, new: Tensor) -> None:
        """Take ``new`` for what is kept of block ``i``."""
        if self.in_place:
            self.parts[kind][i].copy_(new)
        else:
            self.parts[kind][i] = new

    def take(self, i: int, h: Tensor) -> _Rows:
        """Take h (graphs, tfs, genes, width) of block ``i``, and return the pools of its rows."""
        allowed = self.allowed[:, :, self.blocks[i].genes]
        inside, low = h * allowed[..., None], h + allowed.to(h).log()[..., None]  # log: 0 or -infinity
        self.keep("h", i, h)
        self.keep("column", i, _pooled(inside.sum(1), low.amax(1), allowed.sum(1))[:, None])
        return _Rows(inside.sum(2).double(), low.amax(2))

    def add(self, i: int, x: Tensor, norm: nn.LayerNorm) -> _Rows:
        """Add norm(x) to h of block ``i``, and return the pools of its rows."""
        h, allowed = self.parts["h"][i][0], self.allowed[0, :, self.blocks[i].genes]
        n_tfs, n_genes, width = h.shape
        rows, columns = (_Rows(h.new_zeros(n, width).double(), h.new_full((n, width), -torch.inf)) for n in (n_tfs, n_genes))
        eps = norm.weight.new_full((1,), norm.eps).numpy()[0]
        given = (h, x[0], allowed, norm.weight, norm.bias, *rows, *columns)
        h, x, allowed, scale, shift, *pools = (part.detach().numpy() for part in given)
        add_normed(h, x, allowed, scale, shift, eps, *pools)
        self.keep("column", i, _pooled(*columns, self.allowed[0, :, self.blocks[i].genes].sum(0)))
        return _Rows(*(of[None] for of in rows))

    def between_tfs(self) -> Tensor:
        """Return h of the edges between TFs, (graphs, tfs, tfs, width)."""
        h = self.parts["h"]
        parts = (x.gather(2, _spread_out(b.own, *x.shape[1::2])) for x, b in zip(h, self.blocks, strict=True))
        if not self.in_place:
            return next(parts)
        for part, block in zip(parts, self.blocks, strict=True):
            self.between[:, :, block.which] = part
        return self.between

    def logits(self) -> Tensor:
        """Return those of all blocks, (graphs, tfs, genes)."""
        return self.logit if self.in_place else self.parts["logit"][0]


# --- an ensemble of networks --------------------------------------------------------------------


class EnsembleRho(nn.Module):
    """Several context networks, each trained on graphs of another kind, whose logits are added.

    One network of this size that is trained on all families loses on some what it gains on
    others, and their errors differ. goodINIT and the fits, where the time goes, are done once: a member
    costs one pass over the candidate edges. The logit of an edge is

        offset + sum over members k of share_k * logit_k.

    A member's logits are as large as its loss made them (a loss on ranks does not fix their scale), so
    ``shares`` (members,) are its weight and its scale; before training all are 1 / members, the
    offset 0.

    Parameters
    ----------
    n_features, generator, width, n_layers
        See ``ContextRho``.
    n_members : int
    """

    def __init__(
        self, n_features: int, generator: torch.Generator, width: int, n_layers: int, n_members: int
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            ContextRho(n_features, generator, width, n_layers) for _ in range(n_members)
        )
        self.shares = nn.Parameter(torch.full((n_members,), 1 / n_members))
        self.offset = nn.Parameter(torch.zeros(()))

    def forward(self, theta: Tensor, Z: Tensor, context: Context) -> Tensor:
        """Return the logit of every candidate edge.

        Parameters
        ----------
        theta, Z, context
            See ``ContextRho.forward``.

        Returns
        -------
        Tensor, shape (graphs, tfs, genes)
        """
        heard, logit = context.progress, self.offset
        for k, (share, member) in enumerate(zip(self.shares, self.members, strict=True)):
            context.progress = lambda done, k=k: heard((k + done) / len(self.members))
            logit = logit + share * member(theta, Z, context)
        context.progress = heard
        return logit


def context_rho(config: GRNULarConfig, generator: torch.Generator) -> ContextRho | EnsembleRho:
    """Return the untrained rho_nn of a configuration.

    Parameters
    ----------
    config : GRNULarConfig
    generator : torch.Generator

    Returns
    -------
    ContextRho or EnsembleRho
    """
    size = (config.context_features, generator, config.context_width, config.context_layers)
    if config.context_members == 1:
        return ContextRho(*size)
    return EnsembleRho(*size, config.context_members)


@torch.no_grad()
def set_members(rho: EnsembleRho, trained: Sequence[ContextRho], logits: Sequence[Tensor]) -> None:
    """Start an ensemble from trained networks with equal shares.

    Parameters
    ----------
    rho : EnsembleRho
        Changed in place.
    trained : sequence of ContextRho
        A network for every member.
    logits : sequence of Tensor, each (edges,)
        What the networks gave to the same candidate edges. A share is what brings its network's
        deviation to the first one's, divided by the members; the offset keeps the first one's mean, so
        that an ensemble of equal networks is that network.
    """
    for member, network in zip(rho.members, trained, strict=True):
        member.load_state_dict(network.state_dict())
    means = torch.stack([values.mean() for values in logits])
    deviations = torch.stack([values.std() for values in logits])
    rho.shares.copy_(deviations[0] / deviations / len(logits))
    rho.offset.copy_(means[0] - (rho.shares * means).sum())
