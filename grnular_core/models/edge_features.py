"""What the data say about every candidate edge before any network is fitted.

The paper gives rho_nn one such number, the covariance. Under dropout it is not enough: a zero may
be a low level or a lost one, and cell types move all genes together. These are the covariances of
other views of the same cells; each is a matrix (graphs, tfs, genes) with entries of order one, does
not change with the unit of a gene, and is 0 for a gene that does not vary in that view.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

from grnular_core.models.problem import covariance, standardise

VIEWS = (
    "pearson",  # the paper's covariance of z-scores
    "ridge",  # coefficients of a ridge regression on all TFs
    "rank",  # Spearman correlation
    "detection",  # correlation of being detected
    "codetected",  # correlation over the cells in which both are detected
    "share",  # root of the share of cells in which both are detected
    "within",  # covariance inside clusters of cells
    "within_ridge",  # ridge coefficients inside clusters of cells
    "shrunk",  # ridge coefficients with a penalty that shrinks what moves many TFs together
    "within_shrunk",  # the same inside clusters of cells
    "within_up",  # the positive part of "within"
    "shared",  # how far TF and gene go together, inside clusters, with the same TFs
)
FIRST_VIEWS = 8  # which models see that do not ask for more
SHRUNK_VIEWS = 10  # with the shrunk ones
WITHIN_UP = VIEWS.index("within_up")
PENALTY = 0.05  # of the ridge views, for z-scored genes
# Of the shrunk ones. On simulated regulons the best of .05, .3, 1, 3, 10; above correlation inside clusters.
STRONG_PENALTY = 1.0
MIN_CELLS = 10  # fewer cells in which both are detected say nothing about their correlation
N_CLUSTERS, N_COMPONENTS = 8, 8


def evidence(
    X: Tensor, tf_index: Tensor, dtype: torch.dtype = torch.float32, n_views: int = len(VIEWS)
) -> Tensor:
    """The first views of ``X`` (graphs, cells, genes), raw values: (graphs, tfs, genes, n_views).

    ``tf_index`` (graphs, tfs). A TF on itself is not masked here. A value of 0 means "not detected",
    as in counts and their logarithms. Where nothing is 0, as in z-scores, everything is detected:
    the detection view is 0, the share 1, and over co-detected cells means over all.
    """
    X = X.double()
    Z = standardise(X)
    seen = X != 0
    within = standardise(inside_clusters(Z))
    pearson = _of_tfs(Z, tf_index)
    inside = _of_tfs(within, tf_index)
    both, share = _codetected(Z, seen, tf_index)
    views = {
        "pearson": pearson,
        "ridge": ridge_coefficients(pearson, tf_index),
        "rank": _of_tfs(standardise(ranks(X)), tf_index),
        "detection": _of_tfs(standardise(seen), tf_index),
        "codetected": both,
        "share": share,
        "within": inside,
        "within_ridge": ridge_coefficients(inside, tf_index),
    }
    if n_views > FIRST_VIEWS:
        views["shrunk"] = ridge_coefficients(pearson, tf_index, STRONG_PENALTY)
        views["within_shrunk"] = ridge_coefficients(inside, tf_index, STRONG_PENALTY)
    if n_views > SHRUNK_VIEWS:
        views["within_up"] = inside.clamp_min(0)
        squares = views["within_up"].square().scatter(2, tf_index[:, :, None], 0.0)
        views["shared"] = shared_partners(squares, _columns(squares, tf_index))
    return torch.stack([views[name].to(dtype) for name in VIEWS[:n_views]], dim=-1)


def _columns(X: Tensor, tf_index: Tensor) -> Tensor:
    """The TFs' columns of X (graphs, rows, genes): (graphs, rows, tfs)."""
    return X.gather(2, tf_index[:, None, :].expand(-1, X.shape[1], -1))


def _of_tfs(Z: Tensor, tf_index: Tensor) -> Tensor:
    """Covariance of TFs and genes (graphs, tfs, genes) of centred Z (graphs, cells, genes)."""
    return covariance(Z, _columns(Z, tf_index))


def ridge_coefficients(sigma: Tensor, tf_index: Tensor, penalty: float = PENALTY) -> Tensor:
    """Coefficients of every gene's ridge regression on the TFs, a TF's on all the others.

    ``sigma`` (graphs, tfs, genes) is the covariance of z-scores. For a TF as target the regression
    without itself follows from the inverse P of the regularised TF covariance: -P_ij / P_ii.
    """
    inverse, others = ridge_parts(_columns(sigma, tf_index), penalty)
    at = tf_index[:, None, :].expand(-1, others.shape[1], -1)
    return (inverse @ sigma).scatter(2, at, others)


def ridge_parts(among: Tensor, penalty: float = PENALTY) -> tuple[Tensor, Tensor]:
    """P and the coefficients of the TFs as targets, from their covariance (graphs, tfs, tfs)."""
    eye = torch.eye(among.shape[1], dtype=among.dtype, device=among.device)
    inverse = torch.linalg.inv(among + penalty * eye)
    return inverse, -inverse / inverse.diagonal(dim1=1, dim2=2)[:, None, :] * (1 - eye)


def shared_partners(squares: Tensor, among: Tensor) -> Tensor:
    """The view "shared": ``(A B + B) / sqrt((1 + a) (1 + b))``, a topological overlap by way of the TFs.

    B (graphs, tfs, genes) are ``squares`` of positive correlations inside clusters, 0 for a TF with itself; A
    its columns of TFs ``among`` (graphs, tfs, tfs), a their sums over each row and b the sums over each
    column of B. After Zhang and Horvath (2005), who take all genes as partners: tfs x tfs x genes here.
    """
    own = 1 + among.sum(2, keepdim=True)
    return (among @ squares + squares) / (own * (1 + squares.sum(1, keepdim=True))).sqrt()


def ranks(X: Tensor) -> Tensor:
    """Ranks of every gene's values over the cells (axis 1); equal values share their mean rank."""
    ordered, place = X.transpose(1, 2).contiguous().sort(-1)  # (graphs, genes, cells)
    n_cells = ordered.shape[-1]
    at = torch.arange(n_cells, device=X.device)
    differs = ordered[..., 1:] != ordered[..., :-1]
    edge = differs.new_ones(*differs.shape[:2], 1)
    first = torch.where(torch.cat([edge, differs], -1), at, 0).cummax(-1).values
    last = torch.where(torch.cat([differs, edge], -1), at + 1, n_cells)
    upto = last.flip(-1).cummin(-1).values.flip(-1)
    mean = (first + upto).to(X.dtype) / 2
    return torch.empty_like(ordered).scatter_(-1, place, mean).transpose(1, 2)


def _codetected(Z: Tensor, seen: Tensor, tf_index: Tensor) -> tuple[Tensor, Tensor]:
    """Correlation of TF and gene over the cells where both are seen, and the root of their share."""
    m = seen.to(Z.dtype)
    y = Z * m
    m_T, y_T = _columns(m, tf_index).transpose(1, 2), _columns(y, tf_index).transpose(1, 2)
    n = m_T @ m
    sums = Sums(n, y_T @ y, y_T @ m, m_T @ y, y_T.square() @ m, m_T @ y.square())
    return codetected(sums), (n / Z.shape[1]).sqrt()


class Sums(NamedTuple):
    """Sums over the cells in which TF t and gene g are both seen, each (graphs, tfs, genes)."""

    n: Tensor  # 1: how many cells these are
    tg: Tensor  # z_t z_g
    t: Tensor  # z_t
    g: Tensor  # z_g
    tt: Tensor  # z_t squared
    gg: Tensor  # z_g squared


def codetected(sums: Sums) -> Tensor:
    """Correlation over the cells in which both are seen; 0 where these are too few."""
    count = sums.n.clamp_min(1)
    mean_t, mean_g = sums.t / count, sums.g / count
    var_t, var_g = sums.tt / count - mean_t**2, sums.gg / count - mean_g**2
    both = (sums.tg / count - mean_t * mean_g) / (var_t * var_g).clamp_min(1e-6).sqrt()
    return torch.where(sums.n >= MIN_CELLS, both, 0.0).clamp(-1, 1)


def inside_clusters(Z: Tensor) -> Tensor:
    """Z (graphs, cells, genes) less the mean of each cell's cluster."""
    inside = torch.empty_like(Z)
    for graph, cells in enumerate(Z):
        labels = torch.as_tensor(cluster_cells(cells.cpu().numpy()), device=Z.device).long()
        one_hot = torch.nn.functional.one_hot(labels).to(Z.dtype)  # (cells, clusters)
        means = (one_hot.T @ cells) / one_hot.sum(0).clamp_min(1)[:, None]
        inside[graph] = cells - means[labels]
    return inside


def cluster_cells(Z: np.ndarray) -> np.ndarray:
    """Clusters (cells,) of z-scored cells (cells, genes): k-means on the first components.

    At most 8 clusters, and 10 cells a cluster on average. Deterministic: no random draw of the
    caller's is used or changed.
    """
    from sklearn.decomposition import PCA

    n_components = n_parts(*Z.shape)
    if not n_components or not Z.any():
        return np.zeros(len(Z), dtype=int)
    # its threads and torch's, waiting for each other, would take ten times as long
    with _threads().limit(limits=1):
        parts = PCA(n_components, svd_solver="randomized", random_state=0).fit_transform(Z)
        return clusters_of(parts)


@lru_cache
def _threads() -> ThreadpoolController:
    """The libraries whose threads can be limited; finding them takes longer than limiting them."""
    import sklearn.cluster  # noqa: F401 - it brings some of them

    return ThreadpoolController()


def n_parts(n_cells: int, n_genes: int) -> int:
    """How many components the clusters are found by; 0 when all cells are one cluster."""
    return min(N_COMPONENTS, n_cells, n_genes) if n_cells >= 10 else 0


def clusters_of(parts: np.ndarray) -> np.ndarray:
    """Clusters (cells,) of the cells' first components (cells, components)."""
    from sklearn.cluster import KMeans

    n_clusters = min(N_CLUSTERS, len(parts) // 10 + 1)
    return KMeans(n_clusters, n_init=1, random_state=0).fit_predict(parts)
