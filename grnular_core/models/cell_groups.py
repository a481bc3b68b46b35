"""Ranks over cells and clusters of cells of ``Cells``, without making them dense."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse

from grnular_core.models.cells import Cells
from grnular_core.models.edge_features import clusters_of, n_parts

Product = Callable[[np.ndarray], np.ndarray]


class Ranks(NamedTuple):
    """Ranks over the cells, z-scored by gene: of the values of ``Cells``, and of a 0 (genes,)."""

    values: np.ndarray  # float32
    zero: np.ndarray  # float32


def rank_scores(cells: Cells) -> Ranks:
    """z-scored ranks, equal values sharing their mean rank, as ``evidence.ranks`` standardised.

    Values share a rank where single precision cannot tell their z-scores apart.
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


def cluster_labels(cells: Cells) -> np.ndarray:
    """``evidence.cluster_cells`` of the z-scores, (cells,)."""
    n_components = n_parts(cells.n_cells, cells.n_genes)
    if not n_components or not cells.varies.any():
        return np.zeros(cells.n_cells, dtype=int)
    return clusters_of(_first_components(cells, n_components))


def _first_components(cells: Cells, n_components: int) -> np.ndarray:
    """Principal components of the cells (cells, components), up to their signs.

    The randomised algorithm of Halko et al. (2011) with the draws and the numbers of rounds of
    scikit-learn's PCA, which wants the z-scores dense.
    """
    right, left = _products(cells)
    n_random, shape = n_components + 10, (cells.n_cells, cells.n_genes)
    turned = shape[0] < shape[1]
    first, second = (left, right) if turned else (right, left)
    Q = np.random.RandomState(0).normal(size=(shape[0] if turned else shape[1], n_random))
    for _ in range(7 if n_components < 0.1 * min(shape) else 4):
        Q = linalg.lu(first(Q), permute_l=True)[0]
        Q = linalg.lu(second(Q), permute_l=True)[0]
    Q = linalg.qr(first(Q), mode="economic")[0]
    U, size, V = linalg.svd(second(Q).T, full_matrices=False)
    parts = V.T if turned else Q @ U
    return parts[:, :n_components] * size[:n_components]


def _products(cells: Cells) -> tuple[Product, Product]:
    """Products with the z-scores and with their transpose, by a sparse matrix and one row."""
    zero = cells.zero.astype(np.float64)
    data = cells.z - zero[cells.indices]  # what a value is above a 0; float64
    above = sparse.csr_matrix((data, cells.indices, cells.indptr), (cells.n_cells, cells.n_genes))
    return (
        lambda Q: above @ Q + zero @ Q,
        lambda Q: above.T @ Q + np.multiply.outer(zero, Q.sum(0)),
    )


def cluster_means(cells: Cells, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the cells in each cluster, (clusters,), and mean z-scores, (clusters, genes)."""
    size = np.bincount(labels).astype(np.float64)
    total = np.zeros((len(size), cells.n_genes))
    for rows in cells.slices():
        one_hot = labels[rows] == np.arange(len(size))[:, None]  # (clusters, rows)
        total += one_hot.astype(np.float64) @ cells.dense(rows, dtype=np.float64)
    return size / cells.n_cells, total / np.maximum(size, 1)[:, None]
