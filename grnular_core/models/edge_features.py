"""Edge features: statistics of every candidate edge, computed before any network is fitted.

The paper gives rho_nn one such number, the covariance. Under dropout it is not enough: a zero may
be a low level or a lost one, and cell types move all genes together. The others
are covariances of transformed expression (ranks, detection, residuals within clusters). Each is a matrix
(tfs, genes) with entries of order one, invariant to the unit of a gene, and 0 for a gene whose transform is
constant.

All follow from four statistics, (tfs, genes) each, which are made from sums over the cells. Features are made from these a
block of genes after the other, whenever they are needed: of large data, all of them would not fit beside the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from grnular_core.models.cells import Cells, cluster_labels, cluster_means
from grnular_core.models.codetection import TFValues
from grnular_core.models.parallel import over_blocks

EDGE_FEATURES = (
    "pearson",  # the paper's covariance of z-scores
    "ridge",  # coefficients of a ridge regression on all TFs
    "rank",  # Spearman correlation
    "detection",  # correlation of being detected
    "codetected",  # correlation over the cells in which both are detected
    "share",  # root of the share of cells in which both are detected
    "within",  # covariance inside clusters of cells
    "within_ridge",  # ridge coefficients inside clusters of cells
    "shrunk",  # ridge coefficients with a strong penalty, which removes variation that TFs share
    "within_shrunk",  # the same inside clusters of cells
    "within_up",  # the positive part of "within"
    "shared",  # topological overlap within clusters: correlation of TF and gene with the same TFs
)
FIRST_FEATURES = 8  # default of ``context_features``
WITHIN_UP = EDGE_FEATURES.index("within_up")
PENALTY = 0.05  # of the ridge features, for z-scored genes
# Of the shrunk ones. On simulated regulons the best of .05, .3, 1, 3, 10; above correlation inside clusters.
STRONG_PENALTY = 1.0
MIN_CELLS = 10  # least number of cells in which both are detected for a correlation
GENES = 2048  # of a block: products of this width are as fast as any
TFS = 16  # of a block of sums over values that are not 0
SPARSE = 8  # an operation of such a sum takes as long as so many of a product
_FLAT = 1e-12  # a gene with this variance inside clusters is its clusters' means, and rounding


def edge_features(
    cells: Cells,
    tf_index: np.ndarray,
    n_features: int = len(EDGE_FEATURES),
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Return the edge features of one dataset.

    A value of 0 means "not detected", as in counts and their logarithms. Where nothing is 0, as in z-scores,
    everything is detected: "detection" is 0, "share" 1, and over co-detected cells means over all.

    Parameters
    ----------
    cells : Cells
    tf_index : ndarray of int, shape (tfs,)
    n_features : int
        How many of ``EDGE_FEATURES``, the first ones.
    dtype : torch.dtype
        Of the result.
    device : torch.device or str
        Where the products are made.

    Returns
    -------
    Tensor, shape (tfs, genes, n_features)
        A TF on itself is not masked here.
    """
    return statistics_of(cells, tf_index, device).all(n_features, dtype)


def statistics_of(
    cells: Cells,
    tf_index: np.ndarray,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
) -> EdgeStatistics:
    """Return what the edge features of one dataset are made from.

    Parameters
    ----------
    cells, tf_index, device
        As in ``edge_features``.
    progress : callable
        Called with the share that is done.

    Returns
    -------
    EdgeStatistics
        In the precision of ``cells``.
    """
    ranks = _rank_scores(cells)
    progress(0.1)
    means = cluster_means(cells, cluster_labels(cells))
    progress(0.2)
    found = EdgeStatistics(cells, tf_index, means, torch.device(device))
    values = TFValues.of(cells, tf_index)
    if SPARSE * values.n_pairs(cells) < cells.n_cells * cells.n_genes * len(tf_index):
        found._from_values(cells, values, ranks, lambda x: progress(0.2 + 0.7 * x))
    else:
        found._from_products(*_sums(cells, tf_index, ranks, found.place, lambda x: progress(0.2 + 0.7 * x)))
    return found


def gene_blocks(n_genes: int, size: int) -> list[slice]:
    """All genes in order, ``size`` at a time.

    Parameters
    ----------
    n_genes : int
    size : int
        Genes of a block; the last may have fewer.

    Returns
    -------
    list of slice
    """
    return [slice(i, min(i + size, n_genes)) for i in range(0, n_genes, size)]


# --- one pass over the cells --------------------------------------------------------------------


class Sums(NamedTuple):
    """Sums over the cells in which TF t and gene g are both detected, each (tfs, genes)."""

    n: Tensor  # 1: how many cells these are
    tg: Tensor  # z_t z_g
    t: Tensor  # z_t
    g: Tensor  # z_g
    tt: Tensor  # z_t squared
    gg: Tensor  # z_g squared


def _sums(
    cells: Cells,
    tf_index: np.ndarray,
    ranks: Ranks,
    device: torch.device,
    progress: Callable[[float], None],
) -> tuple[Sums, Tensor]:
    """Return the sums, and those of products of ranks.

    Where few cells see both, variances are small differences of large sums: double precision.
    Numbers of cells are exact in single precision.
    """
    shape = (len(tf_index), cells.n_genes)
    plain = torch.from_numpy(cells.zero).dtype
    n, by_rank = (torch.zeros(shape, dtype=plain, device=device) for _ in range(2))
    tg, t, g, tt, gg = (torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(5))
    for rows in cells.slices():
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
            gg[:, part].addmm_(seen_T64, z_g.square())
        progress(rows.stop / cells.n_cells)
    return Sums(n, tg, t, g, tt, gg), by_rank


class Ranks(NamedTuple):
    """Ranks over the cells, z-scored by gene: of the values of ``Cells``, and of a 0 (genes,)."""

    values: np.ndarray
    zero: np.ndarray


def _rank_scores(cells: Cells) -> Ranks:
    """z-scored ranks over the cells; equal values share their mean rank.

    Values share a rank where the precision of ``cells`` cannot tell their z-scores apart.
    """
    kind = np.int32 if len(cells.z) < 2**31 else np.int64
    places = sparse.csr_matrix(
        (np.arange(len(cells.z), dtype=kind), cells.indices, cells.indptr),
        (cells.n_cells, cells.n_genes),
    ).tocsc()
    values, zero = np.empty_like(cells.z), np.zeros_like(cells.zero)
    for gene, (start, stop) in enumerate(zip(places.indptr, places.indptr[1:], strict=False)):
        at = places.data[start:stop]
        values[at], zero[gene] = _ranks(cells.z[at], cells.zero[gene], cells.n_cells)
    return Ranks(values, zero)


def _ranks(values: np.ndarray, zero: float, n_cells: int) -> tuple[np.ndarray, float]:
    """z-scored ranks of one gene's values beside n_cells - len(values) times ``zero``."""
    n_zero = n_cells - len(values)
    levels, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - count + (count - 1) / 2 + n_zero * (levels > zero)
    centre = (n_cells - 1) / 2
    gap, zero_gap = rank - centre, (levels < zero) @ count + (n_zero - 1) / 2 - centre
    deviation = np.sqrt((gap**2 @ count + n_zero * zero_gap**2) / n_cells)
    if deviation <= 0:
        return np.zeros(len(values)), 0.0
    return (gap / deviation)[place], zero_gap / deviation


# --- the features from the sums -----------------------------------------------------------------


def _codetected(sums: Sums) -> Tensor:
    """Correlation over the cells in which both are detected, (tfs, genes); 0 where these are too few."""
    count = sums.n.clamp_min(1)
    mean_t, mean_g = sums.t / count, sums.g / count
    var_t, var_g = sums.tt / count - mean_t**2, sums.gg / count - mean_g**2
    both = (sums.tg / count - mean_t * mean_g) / (var_t * var_g).clamp_min(1e-6).sqrt()
    return torch.where(sums.n >= MIN_CELLS, both, 0.0).clamp(-1, 1)


def shared_partners(B: Tensor, A: Tensor) -> Tensor:
    """Return ``(A B + B) / sqrt((1 + a) (1 + b))``, a topological overlap by way of the TFs ("shared").

    After Zhang and Horvath [1]_, who take all genes as partners: tfs x tfs x genes here.

    Parameters
    ----------
    B : Tensor, shape (tfs, genes)
        Squares of positive correlations inside clusters, 0 for a TF with itself. b are the sums over
        its columns.
    A : Tensor, shape (tfs, tfs)
        Its columns of TFs. a are the sums over its rows.

    Returns
    -------
    Tensor, shape (tfs, genes)

    References
    ----------
    .. [1] B. Zhang and S. Horvath, A general framework for weighted gene co-expression network analysis,
       2005.
    """
    return (A @ B + B) / ((1 + A.sum(1, keepdim=True)) * (1 + B.sum(0, keepdim=True))).sqrt()


class _Ridge(NamedTuple):
    """A ridge regression on the TFs, from their covariance (tfs, tfs).

    For a TF as target the regression without itself follows from the inverse P: -P_ij / P_ii.
    """

    P: Tensor  # inverse of the regularised covariance
    others: Tensor  # coefficients of the TFs as targets

    @classmethod
    def of(cls, among: Tensor, penalty: float) -> _Ridge:
        eye = torch.eye(len(among), dtype=among.dtype, device=among.device)
        P = torch.linalg.inv(among + penalty * eye)
        return cls(P, -P / P.diagonal()[None, :] * (1 - eye))


class EdgeStatistics:
    """Statistics of all pairs of a TF and a gene, and from them all features of any genes.

    Parameters
    ----------
    cells : Cells
    tf_index : ndarray of int, shape (tfs,)
    means : tuple of ndarray
        From ``cells.cluster_means``.
    device : torch.device

    Attributes
    ----------
    n, pearson, rank, codetected : Tensor, shape (tfs, genes)
        How many cells detect both, and the features of these names.
    """

    def __init__(
        self, cells: Cells, tf_index: np.ndarray, means: tuple[np.ndarray, np.ndarray], device: torch.device
    ) -> None:
        self.n_cells, self.place = cells.n_cells, device
        self.tfs = torch.as_tensor(tf_index, device=device)
        share, inside = (torch.from_numpy(x).to(device) for x in means)
        self.inside = inside * share[:, None].sqrt()  # (clusters, genes): products are covariances
        zero, detected = (torch.from_numpy(x).double() for x in (cells.zero, cells.detected))
        self.zero, self.detected = zero.to(device), detected.to(device)
        # sum of the z-scores of values that are not 0: those of zeros take it to 0
        self.seen_sum = -self.zero * self.n_cells * (1 - self.detected)
        varies = torch.from_numpy(cells.varies).to(device)
        # standard deviation inside clusters, (genes,); infinite where nothing varies
        variance = varies.double() - self.inside.square().sum(0)
        self.inner = torch.where(variance > _FLAT, variance.clamp_min(_FLAT).sqrt(), torch.inf)
        shape, dtype = (len(tf_index), cells.n_genes), torch.from_numpy(cells.z).dtype
        self.n = torch.empty(shape, dtype=torch.int16 if self.n_cells < 2**15 else torch.int32, device=device)
        self.pearson, self.rank, self.codetected = (torch.empty(shape, dtype=dtype, device=device) for _ in range(3))
        self._ridges: dict[str, _Ridge] = {}

    def _from_products(self, sums: Sums, by_rank: Tensor) -> None:
        """Take the sums of all pairs."""
        for genes in gene_blocks(len(self.zero), GENES):
            some = Sums(*(s[:, genes] for s in sums))
            self._take(slice(None), genes, some, by_rank[:, genes] / self.n_cells)

    def _from_values(
        self, cells: Cells, values: TFValues, ranks: Ranks, progress: Callable[[float], None]
    ) -> None:
        """Sum over the values that are not 0, a few TFs at a time."""
        above = ranks.values - ranks.zero[cells.indices]  # 0 in the cells without the gene, like the sums
        zero = torch.from_numpy(ranks.zero).double().to(self.place)
        blocks = gene_blocks(len(self.tfs), TFS)

        def job(i: int) -> None:
            some = blocks[i]
            n, tg, t, g, tt, gg, by_rank = (
                torch.from_numpy(x).to(self.place) for x in values.sums(cells, above, some.start, some.stop)
            )
            rank = by_rank / self.n_cells - zero[self.tfs[some], None] * zero
            self._take(some, slice(None), Sums(n, tg, t, g, tt, gg), rank)

        for done, _ in enumerate(over_blocks(job, len(blocks), self.place), 1):
            progress(done / len(blocks))

    def _take(self, tfs: slice, genes: slice, sums: Sums, rank: Tensor) -> None:
        """Keep the statistics of some pairs."""
        self.n[tfs, genes], self.rank[tfs, genes] = sums.n, rank
        self.pearson[tfs, genes] = self._pearson(self.tfs[tfs], genes, sums)
        self.codetected[tfs, genes] = _codetected(sums)

    def _pearson(self, tfs: Tensor, genes: slice, s: Sums) -> Tensor:
        """Covariance of z-scores: over cells where both are detected, one of them, and none."""
        zero_t, zero_g = self.zero[tfs, None], self.zero[genes]
        only_t, only_g = self.seen_sum[tfs, None] - s.t, self.seen_sum[genes] - s.g
        n_t, n_g = (self.n_cells * self.detected[x] for x in (tfs, genes))
        neither = self.n_cells - n_t[:, None] - n_g + s.n
        total = s.tg + zero_g * only_t + zero_t * only_g + zero_t * zero_g * neither
        return total / self.n_cells

    def within(self, genes: slice | Tensor) -> Tensor:
        """Correlation inside clusters: the rest after their means.

        Parameters
        ----------
        genes : slice or Tensor of int

        Returns
        -------
        Tensor of float64, shape (tfs, genes)
        """
        between = self.inside[:, self.tfs].T @ self.inside[:, genes]
        return (self.pearson[:, genes] - between) / self.inner[self.tfs, None] / self.inner[genes]

    def _detection(self, n: Tensor, genes: slice) -> Tensor:
        """Correlation of being detected."""
        p_t, p_g = self.detected[self.tfs, None], self.detected[genes]
        deviation = (p_t * (1 - p_t)).sqrt() * (p_g * (1 - p_g)).sqrt()
        both = n / self.n_cells - p_t * p_g
        return torch.where(deviation > 0, both / deviation.clamp_min(_FLAT), 0.0)

    def of(self, genes: slice, n_features: int) -> list[Tensor]:
        """Return the first features of some genes, each (tfs, genes).

        Parameters
        ----------
        genes : slice
        n_features : int
            How many of ``EDGE_FEATURES``.

        Returns
        -------
        list of Tensor
        """
        names, n = EDGE_FEATURES[:n_features], self.n[:, genes].double()
        pearson, inside = self.pearson[:, genes], self.within(genes)
        up = inside.clamp_min(0)
        which, own = self._tfs_among(genes)
        found = {
            "pearson": pearson,
            "rank": self.rank[:, genes],
            "detection": self._detection(n, genes),
            "codetected": self.codetected[:, genes],
            "share": (n / self.n_cells).sqrt(),
            "within": inside,
            "within_up": up,
        }
        for name, ridge in self._among_tfs(names).items():
            found[name] = ridge.P @ (inside.to(ridge.P) if name.startswith("within") else pearson)
            found[name][:, own] = ridge.others[:, which]
        if "shared" in names:
            B = up.square().to(pearson)
            B[which, own] = 0
            found["shared"] = shared_partners(B, self._squares)
        return [found[name].to(pearson) for name in names]

    def _tfs_among(self, genes: slice) -> tuple[Tensor, Tensor]:
        """Which TFs are among some genes (tfs,), and their places there."""
        which = (self.tfs >= genes.start) & (self.tfs < genes.stop)
        return which, self.tfs[which] - genes.start

    def _among_tfs(self, names: Sequence[str]) -> dict[str, _Ridge]:
        """Return the ridge regressions of these features, made once."""
        if not self._ridges:
            among, within = self.pearson[:, self.tfs].double(), self.within(self.tfs)
            self._squares = within.clamp_min(0).square().fill_diagonal_(0).to(self.pearson)
            for name, sigma, penalty in (
                ("ridge", among, PENALTY),
                ("within_ridge", within, PENALTY),
                ("shrunk", among, STRONG_PENALTY),
                ("within_shrunk", within, STRONG_PENALTY),
            ):
                self._ridges[name] = _Ridge(*(part.to(self.pearson) for part in _Ridge.of(sigma, penalty)))
        return {name: self._ridges[name] for name in names if name in self._ridges}

    def all(self, n_features: int, dtype: torch.dtype) -> Tensor:
        """Return the first features of all genes.

        Parameters
        ----------
        n_features : int
        dtype : torch.dtype

        Returns
        -------
        Tensor, shape (tfs, genes, n_features)
        """
        n_tfs, n_genes = self.n.shape
        found = torch.empty(n_tfs, n_genes, n_features, dtype=dtype, device=self.place)
        for genes in gene_blocks(n_genes, GENES):
            for i, feature in enumerate(self.of(genes, n_features)):
                found[:, genes, i] = feature
        return found
