"""Input of the rho_nn with context (this work): edge features relative to their row and column.

The input of the paper's rho_nn (its Fig. 3) is (theta_ij, Sigma_ij, Z_ij) of one candidate edge. The values
relative to the other edges of its TF and of its gene carry more information; they are prepared here for
the network of ``context_rho``. Edges are worked on in blocks of genes with all TFs. A batch of training graphs is one
block, and so is a small graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from grnular_core.models.cells import Cells, scale_of
from grnular_core.models.edge_features import (
    WITHIN_UP,
    EdgeStatistics,
    edge_features,
    gene_blocks,
)
from grnular_core.models.problem import Problem
from grnular_core.utils.device import LARGE_PAIRS

if TYPE_CHECKING:
    from grnular_core.models.grnular import GRNULarConfig

Partners = Literal["all", "within"]
BLOCK_PAIRS = 100_000  # TF-gene pairs above which one graph on a CPU is processed in blocks
PAIRS = 40_000  # of a block: 5 MB of h at a width of 32, near the size of a cache
_EPS = 1e-6
_LIMITS = (-5.0, 8.0)  # of a place in row or column, in standard deviations
KEPT_NUMBERS = 100_000_000  # fixed features that are kept between iterations: 0.4 GB
GENES = 256  # of a block of features whose rows are summed
_ROW_NUMBERS = 5_000_000  # of a feature whose rows are processed together


def _not_heard(share: float) -> None:
    """Ignore the progress."""


class Spread(NamedTuple):
    """Mean and standard deviation along an axis, kept as size 1."""

    mean: Tensor
    deviation: Tensor


@dataclass
class Context:
    """Edge features of one batch, the same in all iterations."""

    features: Callable[[slice], Sequence[Tensor]]  # edge features of some genes, each (graphs, tfs, genes)
    rows: list[Spread]  # of each feature's rows, (graphs, tfs, 1)
    C: Tensor  # how TFs go together, zero diagonal, scaled rows, (graphs, tfs, tfs)
    detected: Tensor  # share of cells in which a gene is not 0, (graphs, genes)
    tf_index: Tensor  # (graphs, tfs)
    allowed: Tensor  # True where an edge is possible, (graphs, tfs, genes)
    progress: Callable[[float], None] = _not_heard  # called with the share of a pass that is done
    _fixed: dict[tuple[int, int], Tensor] = field(default_factory=dict)  # by the genes of their block

    def blocks(self) -> list[Block]:
        """Genes that are worked on together: all, unless one large graph asks for no gradient.

        With hundreds of TFs blocks take half the time, as well as little memory.

        Returns
        -------
        list of Block
        """
        n_graphs, n_tfs, n_genes = self.allowed.shape
        limit = BLOCK_PAIRS if self.allowed.device.type == "cpu" else LARGE_PAIRS
        if torch.is_grad_enabled() or n_graphs > 1 or n_tfs * n_genes < limit:
            everything = torch.arange(n_tfs, device=self.tf_index.device)
            return [Block(slice(0, n_genes), self.tf_index, everything)]
        parts = gene_blocks(n_genes, max(PAIRS // n_tfs, 1))
        return [Block.of(part, self.tf_index[0]) for part in parts]

    def fixed(self, genes: slice) -> Tensor:
        """Features that do not change with theta and Z, of some genes.

        Every edge feature's ``row_column_scores``, and the shares of cells that detect TF and gene.

        Parameters
        ----------
        genes : slice

        Returns
        -------
        Tensor, shape (graphs, tfs, genes, 3 features + 2)
        """
        ends = (genes.start, genes.stop)
        if ends in self._fixed:
            return self._fixed[ends]
        made = self._made(genes)
        is_whole = made.shape[2] == self.allowed.shape[2]
        if is_whole or self.allowed.numel() * made.shape[-1] < KEPT_NUMBERS:
            self._fixed[ends] = made
        return made

    def _made(self, genes: slice) -> Tensor:
        allowed = self.allowed[:, :, genes]
        parts = [
            row_column_scores(feature.abs(), allowed, rows)
            for feature, rows in zip(self.features(genes), self.rows, strict=True)
        ]
        shape, of_tf = allowed.shape, self.detected.gather(1, self.tf_index)
        shares = [of_tf[:, :, None].expand(shape), self.detected[:, None, genes].expand(shape)]
        parts.append(torch.stack(shares, -1) * allowed[..., None])
        return torch.cat(parts, -1)


class Block(NamedTuple):
    """Some genes that are worked on together."""

    genes: slice  # their columns
    own: Tensor  # places of the TFs among them, (graphs, n)
    which: Tensor  # which TFs these are, (n,)

    @classmethod
    def of(cls, genes: slice, tf_index: Tensor) -> Block:
        """Return some genes of one graph, whose TFs are ``tf_index`` (tfs,).

        Parameters
        ----------
        genes : slice
        tf_index : Tensor of int, shape (tfs,)

        Returns
        -------
        Block
        """
        which = ((tf_index >= genes.start) & (tf_index < genes.stop)).nonzero()[:, 0]
        return cls(genes, tf_index[None, which] - genes.start, which)


def context_of(X: Tensor, tf_index: Tensor, problem: Problem, config: GRNULarConfig) -> Context:
    """Return the context of a batch of data.

    Parameters
    ----------
    X : Tensor, shape (graphs, cells, genes)
        Raw expression, where 0 is "not detected".
    tf_index : Tensor of int, shape (graphs, tfs) or (tfs,)
    problem : Problem
        The same data prepared.
    config : GRNULarConfig

    Returns
    -------
    Context
    """
    index = tf_index.to(X.device).expand(len(X), -1)
    features, detected = [], []
    for expression, tfs in zip(X.double().cpu().numpy(), index.cpu().numpy(), strict=True):
        cells = Cells.of(expression, scale_of(expression), dtype=np.float64)
        features.append(
            edge_features(cells, tfs, config.context_features, problem.X.dtype, X.device)
        )
        detected.append(torch.from_numpy(cells.detected))
    return _make_context(
        torch.stack(features), torch.stack(detected).to(problem.X), index, problem.allowed,
        config.context_partners,
    )  # fmt: skip


def _make_context(
    features: Tensor,
    detected: Tensor,
    tf_index: Tensor,
    allowed: Tensor,
    partners: Partners = "all",
) -> Context:
    """Return the context from edge features (graphs, tfs, genes, features), the first of ``EDGE_FEATURES``."""
    rows = [row_spread(feature.abs(), allowed) for feature in features.unbind(-1)]
    columns = tf_index[:, None, :].expand(-1, tf_index.shape[1], -1)
    # where cells differ in one state above all, all TFs correlate over all of them, less so within clusters
    among = features[..., 0] if partners == "all" else features[..., WITHIN_UP].square()
    C = _partners(among.gather(2, columns))
    return Context(lambda genes: features[:, :, genes].unbind(-1), rows, C, detected, tf_index, allowed)


def large_context(
    source: EdgeStatistics, n_features: int, detected: Tensor, allowed: Tensor, partners: Partners = "all"
) -> Context:
    """Return the context of one large dataset, whose features are made a block at a time.

    Parameters
    ----------
    source : EdgeStatistics
    n_features : int
    detected : Tensor, shape (graphs, genes)
        Share of cells in which a gene is not 0; graphs is 1.
    allowed : Tensor of bool, shape (graphs, tfs, genes)
    partners : {"all", "within"}
        What C is computed from: correlation over all cells, or the square of the positive correlation inside clusters.

    Returns
    -------
    Context
    """
    def features(genes: slice) -> list[Tensor]:
        return [feature[None] for feature in source.of(genes, n_features)]

    total, square = (detected.new_zeros(n_features, *allowed.shape[:2], dtype=torch.float64) for _ in range(2))
    for genes in gene_blocks(allowed.shape[2], GENES):
        for i, feature in enumerate(features(genes)):
            x = (feature.abs() * allowed[:, :, genes]).double()
            total[i] += x.sum(2)
            square[i] += x.square().sum(2)
    count = allowed.sum(2).clamp_min(1)
    mean = total / count
    deviation = ((square / count - mean.square()).clamp_min(0) + _EPS**2).sqrt()
    rows = [Spread(*(x[..., None].to(detected) for x in of)) for of in zip(mean, deviation, strict=True)]
    tfs = source.tfs
    among = source.pearson[:, tfs] if partners == "all" else source.within(tfs).clamp_min(0).square()
    return Context(features, rows, _partners(among[None].to(detected)), detected, tfs[None], allowed)


def _partners(among: Tensor) -> Tensor:
    """How TFs go together (graphs, tfs, tfs), from their correlations."""
    among = among.abs() * (1 - torch.eye(among.shape[1], dtype=among.dtype, device=among.device))
    return among / (1 + among.sum(2, keepdim=True))


def _spread(x: Tensor, allowed: Tensor, axis: int) -> Spread:
    """Mean and standard deviation over the allowed entries along an axis."""
    count = allowed.sum(axis, keepdim=True).clamp_min(1)
    mean = x.sum(axis, keepdim=True) / count
    variance = ((x - mean) * allowed).square().sum(axis, keepdim=True) / count
    # the small number keeps the derivative of the root finite where nothing varies
    return Spread(mean, (variance + _EPS**2).sqrt())


def row_spread(x: Tensor, allowed: Tensor) -> Spread:
    """``spread`` along the rows, in double precision a few TFs at a time.

    Parameters
    ----------
    x : Tensor, shape (graphs, tfs, genes)
    allowed : Tensor of bool, shape (graphs, tfs, genes)

    Returns
    -------
    Spread
        Of shape (graphs, tfs, 1) and the type of x.
    """
    step = max(_ROW_NUMBERS // max(x.shape[0] * x.shape[2], 1), 1)
    parts = [
        _spread((some * ok).double(), ok, 2)
        for some, ok in zip(x.split(step, 1), allowed.split(step, 1), strict=True)
    ]
    return Spread(*(torch.cat(kind, 1).to(x.dtype) for kind in zip(*parts, strict=True)))


def row_column_scores(x: Tensor, allowed: Tensor, rows: Spread | None = None) -> Tensor:
    """Return a feature, and its z-scores among its row and among its column.

    Parameters
    ----------
    x : Tensor, shape (graphs, tfs, genes)
        >= 0.
    allowed : Tensor of bool, shape (graphs, tfs, genes)
    rows : Spread, optional
        Of the rows, where x is but some of their genes.

    Returns
    -------
    Tensor, shape (graphs, tfs, genes, 3)
        z-scores are cut at -5 and 8 and halved; entries that are not allowed are 0.
    """
    x = x * allowed

    def above(of: Spread) -> Tensor:
        return ((x - of.mean) / of.deviation).clamp(*_LIMITS) / 2

    parts = [x, above(rows or row_spread(x, allowed)), above(_spread(x, allowed, 1))]
    return torch.stack(parts, dim=-1) * allowed[..., None]
