"""Clusters of similar cells, and the residual of expression within them.

Cell types differ in most genes, so across types almost any two marker genes are correlated, regulated or
not. Correlation within a cluster is closer to regulation.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse
from threadpoolctl import ThreadpoolController

from grnular_core.models.cells import Cells
from grnular_core.utils.device import LARGE_VALUES

N_CLUSTERS, N_COMPONENTS = 8, 8



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
        z-scores.

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


def inside_clusters(Z: np.ndarray) -> np.ndarray:
    """z-scores less the mean of each cell's cluster.

    Parameters
    ----------
    Z : ndarray, shape (cells, genes)

    Returns
    -------
    ndarray, shape (cells, genes)
    """
    labels = cluster_cells(Z)
    one_hot = np.eye(int(labels.max(initial=0)) + 1)[labels]  # (cells, clusters)
    means = (one_hot.T @ Z) / np.maximum(one_hot.sum(0), 1)[:, None]
    return Z - means[labels]
