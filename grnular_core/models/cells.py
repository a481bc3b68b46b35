"""Expression of many cells as the values that are not 0, and clusters of similar cells.

Values are z-scored once and made dense for a few cells at a time: a table of 20,000 cells x 20,000 genes takes
3.2 GB, and its z-scores and ranks as much again, each. About a tenth of the values are not 0. The full matrix
(cells, genes) is never made dense here.

Cell types differ in most genes, so across types almost any two marker genes are correlated, regulated or
not. Correlation within a cluster of similar cells is closer to regulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import sparse
from threadpoolctl import ThreadpoolController

from grnular_core.data.blocks import Matrix
from grnular_core.models.problem import CONSTANT
from grnular_core.utils.device import LARGE_VALUES
from grnular_core.utils.errors import InputError

BLOCK = 8_000_000  # numbers in a dense block: 32 MB in single precision
N_CLUSTERS, N_COMPONENTS = 8, 8


class Scale(NamedTuple):
    """Mean and standard deviation of every gene, for z-scores."""

    mean: np.ndarray  # (genes,)
    # (genes,), over cells; infinite for a gene of constant expression: all its z-scores are 0.
    deviation: np.ndarray
    detected: np.ndarray  # (genes,), share of cells with a value other than 0

    def z(self, values: np.ndarray, genes: np.ndarray | slice = slice(None)) -> np.ndarray:
        """z-scores of values of these genes (last axis).

        Parameters
        ----------
        values : ndarray, shape (..., genes)
        genes : ndarray of int or slice
            Positions of the genes of the last axis; all by default.

        Returns
        -------
        ndarray, shape of values
        """
        return (values - self.mean[genes]) / self.deviation[genes]


@dataclass(frozen=True)
class Cells:
    """z-scores (cells, genes): those of values that are not 0 by row, and one of a 0 for each gene."""

    # As in csr: the values of cell i are ``z[indptr[i] : indptr[i + 1]]``, their genes the same of
    # ``indices``.
    indptr: np.ndarray
    indices: np.ndarray
    z: np.ndarray  # single precision for large data
    zero: np.ndarray  # (genes,), z-score of a 0
    detected: np.ndarray  # (genes,), share of cells in which a gene is not 0
    varies: np.ndarray  # (genes,)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.indptr) - 1

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return len(self.zero)

    def slices(self) -> list[slice]:
        """All cells in order, cut so that a dense block has about ``BLOCK`` numbers.

        Returns
        -------
        list of slice
        """
        step = max(BLOCK // self.n_genes, 1)
        return [slice(i, min(i + step, self.n_cells)) for i in range(0, self.n_cells, step)]

    def dense(
        self,
        rows: slice | np.ndarray,
        values: np.ndarray | float | None = None,
        fill: np.ndarray | float | None = None,
        dtype: type | None = None,
    ) -> np.ndarray:
        """Return some cells as a dense table.

        Parameters
        ----------
        rows : slice or ndarray of int
        values : ndarray or float, optional
            Values in place of ``z``; None is ``z`` itself.
        fill : ndarray of shape (genes,) or float, optional
            Values where expression is 0; None is ``zero``.
        dtype : type, optional
            Of the result; None is that of ``z``.

        Returns
        -------
        ndarray, shape (rows, genes)
        """
        at, place, n_rows = self._places(rows)
        values = self.z if values is None else values
        out = np.empty((n_rows, self.n_genes), dtype or self.z.dtype)
        out[:] = self.zero if fill is None else fill
        out.reshape(-1)[place] = values[at] if isinstance(values, np.ndarray) else values
        return out

    def above_zero(self) -> sparse.csr_matrix:
        """z-scores less the gene's z-score of a 0, float64.

        Returns
        -------
        csr_matrix, shape (cells, genes)
        """
        data = self.z - self.zero.astype(np.float64)[self.indices]
        return sparse.csr_matrix((data, self.indices, self.indptr), (self.n_cells, self.n_genes))

    def _places(self, rows: slice | np.ndarray) -> tuple[slice | np.ndarray, np.ndarray, int]:
        """Which values belong to the rows, their places in the flat dense block, how many rows."""
        if isinstance(rows, slice):
            counts = np.diff(self.indptr[rows.start : rows.stop + 1])
            at = slice(self.indptr[rows.start], self.indptr[rows.stop])
        else:
            begin, counts = self.indptr[rows], self.indptr[rows + 1] - self.indptr[rows]
            shift = begin - np.concatenate([[0], np.cumsum(counts)[:-1]])
            at = np.repeat(shift, counts) + np.arange(counts.sum())
        start = np.arange(len(counts), dtype=np.int64) * self.n_genes
        return at, np.repeat(start, counts) + self.indices[at], len(counts)

    @classmethod
    def of(
        cls,
        matrix: Matrix,
        scale: Scale,
        order: np.ndarray | None = None,
        dtype: type = np.float32,
    ) -> Cells:
        """Return the z-scores of an expression matrix.

        Parameters
        ----------
        matrix : ndarray or csr, shape (cells, genes)
        scale : Scale
        order : ndarray of int, shape (genes,), optional
            Positions of the genes, in order.
        dtype : type
            Of the z-scores.

        Returns
        -------
        Cells
        """
        order = np.arange(matrix.shape[1]) if order is None else order
        counts = np.concatenate([b.indptr[1:] - b.indptr[:-1] for b in _row_blocks(matrix)])
        indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        place = np.argsort(order).astype(np.int32)
        indices, z = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], dtype)
        done = 0
        for block in _row_blocks(matrix):
            part = slice(done, done := done + block.nnz)
            indices[part] = place[block.indices]
            z[part] = scale.z(block.data, block.indices)
        zero = scale.z(np.zeros(len(order)))[order]
        return cls(
            indptr, indices, z, zero.astype(dtype), scale.detected[order],
            np.isfinite(scale.deviation)[order],
        )  # fmt: skip


def _row_blocks(matrix: Matrix, numbers: int | None = None) -> Iterator[sparse.csr_matrix]:
    """Yield blocks of rows, float64, without values that are 0; ``numbers`` is the size of a dense block."""
    n_cells, n_genes = matrix.shape
    step = max((numbers or BLOCK) // n_genes, 1)
    for start in range(0, n_cells, step):
        # a copy: a slice may share its values with the caller's matrix
        block = sparse.csr_matrix(matrix[start : start + step], dtype=np.float64, copy=True)
        block.eliminate_zeros()
        yield block


def scale_of(matrix: Matrix) -> Scale:
    """Mean and standard deviation of every gene, as ``problem.standardise`` has them, in two passes over the rows.

    Parameters
    ----------
    matrix : ndarray or csr, shape (cells, genes)

    Returns
    -------
    Scale

    Raises
    ------
    InputError
        When a value is not finite.
    """
    n_cells, n_genes = matrix.shape
    total, count, largest, square = (np.zeros(n_genes) for _ in range(4))
    for block in _row_blocks(matrix):
        total += np.bincount(block.indices, block.data, n_genes)
        count += np.bincount(block.indices, minlength=n_genes)
        highest, lowest = (np.asarray(m.todense()).ravel() for m in (block.max(0), block.min(0)))
        largest = np.maximum(largest, np.maximum(highest, -lowest))
    if not np.isfinite(total).all():
        raise InputError("expression must be a cells x genes array of finite numbers")
    mean = total / n_cells
    for block in _row_blocks(matrix):
        gap = block.data - mean[block.indices]
        square += np.bincount(block.indices, gap * gap, n_genes)
    deviation = np.sqrt((square + (n_cells - count) * mean**2) / n_cells)
    deviation[deviation <= CONSTANT * largest] = np.inf
    return Scale(mean, deviation, count / n_cells)


def gene_order(matrix: Matrix, scale: Scale) -> np.ndarray:
    """``problem.content_order`` of the genes, reading as few rows as tell them apart.

    Parameters
    ----------
    matrix : ndarray or csr, shape (cells, genes)
    scale : Scale

    Returns
    -------
    ndarray of int, shape (genes,)
    """
    n_genes = matrix.shape[1]
    first = np.zeros(n_genes, dtype=np.int64)  # how many genes come before all that are equal to it
    for block in _row_blocks(matrix, 64 * n_genes):
        tied = np.flatnonzero(np.bincount(first, minlength=n_genes)[first] > 1)
        if not len(tied):
            break
        z = scale.z(block.toarray()[:, tied], tied)
        keys = np.round(z.T * 1e6).astype(np.int64) + (1 << 62)  # (tied genes, rows)
        keys = np.concatenate([first[tied, None], keys], 1).astype(">u8")
        rows = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1] * 8)))[:, 0]
        _, place = np.unique(rows, return_inverse=True)
        before = np.concatenate([[0], np.cumsum(np.bincount(place))])[place]
        group = np.sort(first[tied])
        first[tied] += before - np.searchsorted(group, first[tied])
    return np.argsort(first, kind="stable")



def cluster_cells(
    Z: np.ndarray | sparse.csr_matrix, n_clusters: int = N_CLUSTERS, starts: int = 1
) -> np.ndarray:
    """Clusters of cells: k-means on their first principal components.

    Ten cells a cluster on average or more. Deterministic: no random draw of the caller's is used or changed.

    Parameters
    ----------
    Z : ndarray or csr, shape (cells, genes)
        z-scores, or a sparse table that differs from them by a number for each gene.
    n_clusters : int
        How many clusters there are at most.
    starts : int
        How often k-means starts anew; the best end counts.

    Returns
    -------
    ndarray of int, shape (cells,)
        All 0 when there are fewer than 10 cells or nothing varies.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    n_cells, n_genes = Z.shape
    if n_cells < 10 or not (Z.data if sparse.issparse(Z) else Z).any():
        return np.zeros(n_cells, dtype=int)
    n_components = min(N_COMPONENTS, n_cells, n_genes)
    if sparse.issparse(Z) and n_components == min(Z.shape):  # as many as arpack does not find
        Z = Z.toarray()
    solver = "arpack" if sparse.issparse(Z) else "randomized"
    # its threads and torch's, waiting for each other, would take ten times as long
    with _threads().limit(limits=1):
        parts = PCA(n_components, svd_solver=solver, random_state=0).fit_transform(Z)
        n_clusters = min(n_clusters, n_cells // 10 + 1)
        return KMeans(n_clusters, n_init=starts, random_state=0).fit_predict(parts)


@lru_cache
def _threads() -> ThreadpoolController:
    """Return the libraries whose threads can be limited; finding them takes longer than limiting them."""
    import sklearn.cluster  # noqa: F401 - it brings some of them

    return ThreadpoolController()


def cluster_labels(cells: Cells) -> np.ndarray:
    """``cluster_cells`` of the z-scores; large data stay sparse.

    Parameters
    ----------
    cells : Cells

    Returns
    -------
    ndarray of int, shape (cells,)
    """
    if cells.n_cells * cells.n_genes > LARGE_VALUES:
        return cluster_cells(cells.above_zero())
    return cluster_cells(cells.dense(slice(0, cells.n_cells), dtype=np.float64))


def cluster_means(cells: Cells, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Size and mean of every cluster.

    Parameters
    ----------
    cells : Cells
    labels : ndarray of int, shape (cells,)

    Returns
    -------
    tuple of ndarray
        Share of the cells (clusters,) and mean z-scores (clusters, genes).
    """
    size = np.bincount(labels).astype(np.float64)
    total = np.zeros((len(size), cells.n_genes))
    for rows in cells.slices():
        one_hot = labels[rows] == np.arange(len(size))[:, None]  # (clusters, rows)
        total += one_hot.astype(np.float64) @ cells.dense(rows, dtype=np.float64)
    return size / cells.n_cells, total / np.maximum(size, 1)[:, None]


def inside_clusters(Z: np.ndarray, n_clusters: int = N_CLUSTERS, starts: int = 1) -> np.ndarray:
    """z-scores less the mean of each cell's cluster.

    Parameters
    ----------
    Z : ndarray, shape (cells, genes)
    n_clusters, starts : int
        As in ``cluster_cells``.

    Returns
    -------
    ndarray, shape (cells, genes)
    """
    labels = cluster_cells(Z, n_clusters, starts)
    one_hot = np.eye(int(labels.max(initial=0)) + 1)[labels]  # (cells, clusters)
    means = (one_hot.T @ Z) / np.maximum(one_hot.sum(0), 1)[:, None]
    return Z - means[labels]
