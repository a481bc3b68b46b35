"""The views of ``evidence`` for data too large for it: one pass over the cells, a block at a time.

All views but the ridge ones follow from sums over cells of products of a TF and a gene. Those are
kept, (tfs, genes) each, and the views made from them a block of genes after the other. What lies
between, a covariance inside clusters say, needs no products of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from grnular_core.models.cell_groups import Ranks, cluster_labels, cluster_means, rank_scores
from grnular_core.models.cells import BLOCK, Cells
from grnular_core.models.edge_features import (
    FIRST_VIEWS,
    PENALTY,
    SHRUNK_VIEWS,
    STRONG_PENALTY,
    VIEWS,
    Sums,
    codetected,
    ridge_parts,
    shared_partners,
)

GENES = 2048  # of a block: products of this width are as fast as any
FLAT = 1e-12  # a gene with this variance inside clusters is its clusters' means, and rounding


def evidence_blocks(
    cells: Cells,
    tf_index: np.ndarray,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
    numbers: int = BLOCK,
    n_views: int = len(VIEWS),
) -> Tensor:
    """``evidence`` of one data set: (tfs, genes, n_views) float32, VIEWS in their order.

    ``progress`` hears which share is done. ``numbers`` is the size of a block of cells.
    """
    ranks = rank_scores(cells)
    progress(0.1)
    means = cluster_means(cells, cluster_labels(cells))
    progress(0.2)
    place = torch.device(device)
    sums, by_rank = _sums(cells, tf_index, ranks, place, lambda x: progress(0.2 + 0.7 * x), numbers)
    return _Views(cells, tf_index, sums, by_rank, means, place).all(n_views)


def _sums(
    cells: Cells,
    tf_index: np.ndarray,
    ranks: Ranks,
    device: torch.device,
    progress: Callable[[float], None],
    numbers: int,
) -> tuple[Sums, Tensor]:
    """``Sums`` (without their axis of graphs), and the sums of products of ranks.

    Where few cells see both, variances are small differences of large sums: double precision.
    Numbers of cells are exact in single precision.
    """
    shape = (len(tf_index), cells.n_genes)
    n, by_rank = (torch.zeros(shape, device=device) for _ in range(2))
    tg, t, g, tt, gg = (torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(5))
    for rows in cells.slices(numbers):
        blocks = (
            cells.dense(rows, fill=0.0),
            cells.dense(rows, values=1.0, fill=0.0),
            cells.dense(rows, ranks.values, ranks.zero),
        )
        z, seen, rank = (torch.from_numpy(block).to(device) for block in blocks)
        z_T, seen_T, rank_T = (x[:, tf_index].T.contiguous() for x in (z, seen, rank))
        z_T, seen_T64 = z_T.double(), seen_T.double()
        zz_T = z_T.square()
        for part in gene_blocks(cells.n_genes, GENES):
            n[:, part].addmm_(seen_T, seen[:, part])
            by_rank[:, part].addmm_(rank_T, rank[:, part])
            z_g, seen_g = z[:, part].double(), seen[:, part].double()
            tg[:, part].addmm_(z_T, z_g)
            t[:, part].addmm_(z_T, seen_g)
            tt[:, part].addmm_(zz_T, seen_g)
            g[:, part].addmm_(seen_T64, z_g)
            gg[:, part].addmm_(seen_T64, z_g.square_())
        progress(rows.stop / cells.n_cells)
    return Sums(n, tg, t, g, tt, gg), by_rank


def gene_blocks(n_genes: int, size: int) -> list[slice]:
    """All genes in order, ``size`` at a time."""
    return [slice(i, min(i + size, n_genes)) for i in range(0, n_genes, size)]


class _Views:
    """All views from the sums, for any of the genes (columns)."""

    def __init__(
        self,
        cells: Cells,
        tf_index: np.ndarray,
        sums: Sums,
        by_rank: Tensor,
        means: tuple[np.ndarray, np.ndarray],
        device: torch.device,
    ) -> None:
        self.sums, self.by_rank, self.n_cells = sums, by_rank, cells.n_cells
        self.tfs = torch.as_tensor(tf_index, device=device)
        share, inside = (torch.from_numpy(x).to(device) for x in means)
        self.inside = inside * share[:, None].sqrt()  # (clusters, genes): products are covariances
        zero, detected = (torch.from_numpy(x).double() for x in (cells.zero, cells.detected))
        self.zero, self.detected = zero.to(device), detected.to(device)
        # sum of the z-scores of values that are not 0: those of zeros take it to 0
        self.seen_sum = -self.zero * self.n_cells * (1 - self.detected)
        self.varies = torch.from_numpy(cells.varies).to(device)
        self.inner = self._inner_deviation()

    def _inner_deviation(self) -> Tensor:
        """Standard deviation inside clusters, (genes,); infinite where nothing varies."""
        variance = self.varies.double() - self.inside.square().sum(0)
        return torch.where(variance > FLAT, variance.clamp_min(FLAT).sqrt(), torch.inf)

    def pearson(self, genes: slice | Tensor) -> Tensor:
        """Covariance of z-scores: over cells where both are seen, one of them, and none."""
        s = self.sums
        zero_t, zero_g = self.zero[self.tfs, None], self.zero[genes]
        only_t = self.seen_sum[self.tfs, None] - s.t[:, genes]
        only_g = self.seen_sum[genes] - s.g[:, genes]
        n_t, n_g = (self.n_cells * self.detected[x] for x in (self.tfs, genes))
        neither = self.n_cells - n_t[:, None] - n_g + s.n[:, genes]
        total = s.tg[:, genes] + zero_g * only_t + zero_t * only_g + zero_t * zero_g * neither
        return total / self.n_cells

    def within(self, genes: slice | Tensor, pearson: Tensor) -> Tensor:
        """Correlation inside clusters: the rest after their means."""
        between = self.inside[:, self.tfs].T @ self.inside[:, genes]
        return (pearson - between) / self.inner[self.tfs, None] / self.inner[genes]

    def detection(self, genes: slice) -> Tensor:
        """Correlation of being detected."""
        p_t, p_g = self.detected[self.tfs, None], self.detected[genes]
        deviation = (p_t * (1 - p_t)).sqrt() * (p_g * (1 - p_g)).sqrt()
        both = self.sums.n[:, genes].double() / self.n_cells - p_t * p_g
        return torch.where(deviation > 0, both / deviation.clamp_min(FLAT), 0.0)

    def of(
        self, genes: slice, ridges: list[tuple[Tensor, Tensor]], squares: Tensor | None
    ) -> dict[str, Tensor]:
        """All views of some genes; ``ridges`` are the ``ridge_parts`` of all cells, and inside, for each penalty.

        ``squares`` (tfs, tfs) are those of ``shared_partners``; None: without the views made from them.
        """
        n = self.sums.n[:, genes].double()
        pearson = self.pearson(genes)
        inside = self.within(genes, pearson)
        return (
            {
                "pearson": pearson,
                "ridge": self._ridge(genes, pearson, *ridges[0]),
                "rank": self.by_rank[:, genes] / self.n_cells,
                "detection": self.detection(genes),
                "codetected": codetected(Sums(n, *(s[:, genes] for s in self.sums[1:]))),
                "share": (n / self.n_cells).sqrt(),
                "within": inside,
                "within_ridge": self._ridge(genes, inside, *ridges[1]),
            }
            | {
                name: self._ridge(genes, sigma, *parts)
                for name, sigma, parts in zip(
                    VIEWS[FIRST_VIEWS:], (pearson, inside), ridges[2:], strict=False
                )
            }
            | ({} if squares is None else self._upward(genes, inside, squares))
        )

    def _upward(self, genes: slice, inside: Tensor, squares: Tensor) -> dict[str, Tensor]:
        """The views of positive correlations inside clusters, of some genes."""
        up = inside.clamp_min(0)
        which, own = self._tfs_among(genes)
        of_genes = up.square()
        of_genes[which, own] = 0
        return {"within_up": up, "shared": shared_partners(of_genes[None], squares[None])[0]}

    def _ridge(self, genes: slice, sigma: Tensor, inverse: Tensor, others: Tensor) -> Tensor:
        """``evidence.ridge_coefficients`` of some genes, those that are TFs from ``others``."""
        coefficients = inverse[0] @ sigma
        which, own = self._tfs_among(genes)
        coefficients[:, own] = others[0][:, which]
        return coefficients

    def _tfs_among(self, genes: slice) -> tuple[Tensor, Tensor]:
        """Which TFs are among some genes (tfs,), and their places there."""
        which = (self.tfs >= genes.start) & (self.tfs < genes.stop)
        return which, self.tfs[which] - genes.start

    def all(self, n_views: int) -> Tensor:
        """(tfs, genes, n_views) float32."""
        n_genes, tfs = len(self.zero), self.tfs
        found = torch.empty(len(tfs), n_genes, n_views, device=tfs.device)
        among = self.pearson(tfs)
        penalties = (PENALTY, STRONG_PENALTY) if n_views > FIRST_VIEWS else (PENALTY,)
        both = (among, self.within(tfs, among))
        ridges = [ridge_parts(sigma[None], penalty) for penalty in penalties for sigma in both]
        squares = (
            both[1].clamp_min(0).square().fill_diagonal_(0) if n_views > SHRUNK_VIEWS else None
        )
        for genes in gene_blocks(n_genes, GENES):
            views = self.of(genes, ridges, squares)
            for i, name in enumerate(VIEWS[:n_views]):
                found[:, genes, i] = views[name]
        return found
