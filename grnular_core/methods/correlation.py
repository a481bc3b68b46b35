"""Correlation and what is close to it, and the controls that every method is compared with.

Each function takes expression of shape (cells, genes) and the positions of the TFs among the genes, and
returns scores and signs of shape (tfs, genes). A TF's score for itself is 0. The quick ones are hard to
beat; the controls know nothing of single edges (``random``, ``degree``), or all (``oracle``).

Parameters
----------
expression : ndarray, (cells, genes)
tf_index : ndarray of int, (tfs,)
signed : bool
    Whether positive correlations come first: the score is (1 + r) / 2, as in signed co-expression networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grnular_core.data.candidates import score_matrix, sign_matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.interface import Scores
from grnular_core.utils.errors import InputError

# penalties as shares of the number of cells: from almost none to almost only the mean
RIDGE_PENALTIES = np.logspace(-3, 2, 11)
RIDGE_FOLDS = 5


def standardised(expression: np.ndarray) -> np.ndarray:
    """Z-scores of each gene over the cells.

    Returns
    -------
    ndarray, (cells, genes)
        Mean 0 and standard deviation 1; a gene that is constant up to rounding becomes 0.
    """
    centred = expression - expression.mean(axis=0)
    deviation = expression.std(axis=0)
    # a gene that is constant up to rounding has no scale of its own
    usable = deviation > 1e-12 * np.maximum(np.abs(expression).max(axis=0, initial=0.0), 1e-300)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=usable)


def without_self(scores: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Set scores to 0 where TF and gene are the same gene.

    Parameters
    ----------
    scores : ndarray, (tfs, genes)

    Returns
    -------
    ndarray, (tfs, genes)
        A copy.
    """
    scores = scores.copy()
    scores[np.arange(len(tf_index)), tf_index] = 0
    return scores


def pearson(expression: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Pearson correlation of every TF with every gene.

    Returns
    -------
    ndarray, (tfs, genes)
        0 for constant genes; a TF with itself has 1.
    """
    z = standardised(expression)
    return np.clip(z[:, tf_index].T @ z / len(z), -1, 1)


def correlation(expression: np.ndarray, tf_index: np.ndarray, signed: bool = False) -> Scores:
    """Absolute Pearson correlation over cells, or the signed score of it.

    Returns
    -------
    Scores
    """
    r = without_self(pearson(expression, tf_index), tf_index)
    return Scores(without_self((1 + r) / 2, tf_index) if signed else np.abs(r), np.sign(r))


def within_clusters(
    expression: np.ndarray,
    tf_index: np.ndarray,
    n_clusters: Sequence[int] = (8,),
    signed: bool = False,
    starts: int = 1,
) -> Scores:
    """Correlation inside clusters of cells: co-expression with cell types taken out.

    Types of cells differ in most genes, whatever regulates them, so over all cells almost any two markers go
    together. Inside a cluster of like cells genes go together for nearer reasons.

    Parameters
    ----------
    n_clusters : sequence of int
        Numbers of clusters; with several the correlation is their mean.
    starts : int
        How often k-means starts anew.

    Returns
    -------
    Scores
        Absolute correlation r of expression less its cluster's mean, or the signed score of it. Clusters are those
        of ``cells.cluster_cells``, from z-scores; there is one when there are fewer than 10 cells, where
        this is plain correlation. For a gene that does not vary inside clusters r is 0.
    """
    from grnular_core.models.cells import cluster_cells  # loads torch

    z = standardised(expression)
    r = np.zeros((len(tf_index), z.shape[1]))
    for k in n_clusters:
        labels = cluster_cells(z, k, starts)
        one_hot = np.eye(int(labels.max(initial=0)) + 1)[labels]  # (cells, clusters)
        means = (one_hot.T @ z) / np.maximum(one_hot.sum(0), 1)[:, None]
        left = z - means[labels]
        # a gene that differs between clusters alone leaves rounding behind
        left[:, np.abs(left).max(0, initial=0) < 1e-9] = 0
        r += pearson(left, tf_index) / len(n_clusters)
    r = without_self(r, tf_index)
    return Scores(without_self((1 + r) / 2, tf_index) if signed else np.abs(r), np.sign(r))


def clr(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Context likelihood of relatedness on absolute Pearson correlation.

    How far an edge stands out from the other edges of its TF and of its gene: with z the correlation standardised
    over the TF's genes, and over the gene's TFs, negative values set to 0, the score is
    ``sqrt(z_tf ** 2 + z_gene ** 2)``.

    Parameters
    ----------
    tf_index : ndarray of int, (tfs,)
        With fewer than three of them a gene has no background, and the TF's alone counts.

    Returns
    -------
    Scores

    References
    ----------
    Faith et al. (2007), PLoS Biology 5:e8.
    """
    scores, signs, *_ = correlation(expression, tf_index)
    known = without_self(np.ones_like(scores), tf_index)
    z = np.maximum(_z_along(scores, known, axis=1), 0) ** 2
    if len(tf_index) >= 3:
        z += np.maximum(_z_along(scores, known, axis=0), 0) ** 2
    return Scores(without_self(np.sqrt(z), tf_index), signs)


def _z_along(values: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    """Values standardised along an axis over the entries of weight 1."""
    count = weight.sum(axis=axis, keepdims=True)
    mean = (values * weight).sum(axis=axis, keepdims=True) / np.maximum(count, 1)
    variance = ((values - mean) ** 2 * weight).sum(axis=axis, keepdims=True) / np.maximum(count, 1)
    deviation = np.sqrt(variance)
    return np.divide(values - mean, deviation, out=np.zeros_like(values), where=deviation > 1e-12)


def ridge(
    expression: np.ndarray, tf_index: np.ndarray, seed: int = 0, penalty: float | None = None
) -> Scores:
    """Absolute coefficients of a ridge regression of each gene on all TFs, itself left out.

    Expression is standardised. Each gene's penalty is the one of ``RIDGE_PENALTIES`` (times the number of cells)
    with the least squared error in 5-fold cross-validation over shuffled cells.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
        With fewer than five cells there are as many folds as cells.
    seed : int
        Of the shuffle.
    penalty : float, optional
        Times the number of cells, of all genes; None for that of cross-validation.

    Returns
    -------
    Scores
    """
    z = standardised(expression)
    if penalty is not None:
        (coefficients,) = _ridge_path(z, tf_index, np.array([penalty]))
        return _ridge_scores(coefficients, z, tf_index)
    n_cells = len(z)
    folds = np.arange(n_cells) % min(RIDGE_FOLDS, n_cells)
    np.random.default_rng(seed).shuffle(folds)
    error = np.zeros((len(RIDGE_PENALTIES), z.shape[1]))
    for fold in range(folds.max() + 1):
        train, test = z[folds != fold], z[folds == fold]
        for i, weights in enumerate(_ridge_path(train, tf_index)):
            residual = test - test[:, tf_index] @ weights
            error[i] += (residual**2).sum(axis=0)
    best = error.argmin(axis=0)
    coefficients = np.zeros((len(tf_index), z.shape[1]))
    for i, weights in enumerate(_ridge_path(z, tf_index)):
        coefficients[:, best == i] = weights[:, best == i]
    return _ridge_scores(coefficients, z, tf_index)


def _ridge_scores(coefficients: np.ndarray, z: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Size and sign of coefficients (tfs, genes), which become 0 for constant TFs."""
    coefficients[~z[:, tf_index].any(axis=0)] = 0  # a constant TF: rounding only
    return Scores(np.abs(coefficients), np.sign(coefficients))


def _ridge_path(
    z: np.ndarray, tf_index: np.ndarray, penalties: np.ndarray = RIDGE_PENALTIES
) -> Iterator[np.ndarray]:
    """Coefficients (tfs, genes) for each penalty, the TFs' own column left out of their regression.

    For a gene y that is no TF these are ``P X'y`` with ``P = (X'X + a I)^-1``, X being the TFs. For
    TF j among the others, block inversion of the same P gives ``-P[:, j] / P[j, j]``: one
    eigendecomposition serves all genes and all penalties.
    """
    x = z[:, tf_index]
    eigenvalues, vectors = np.linalg.eigh(x.T @ x)
    projected = vectors.T @ (x.T @ z)
    for penalty in penalties * len(z):
        inverse = 1 / (np.maximum(eigenvalues, 0) + penalty)
        weights = vectors @ (inverse[:, None] * projected)
        p = (vectors * inverse) @ vectors.T
        weights[:, tf_index] = -p / np.diag(p)
        weights[np.arange(len(tf_index)), tf_index] = 0
        yield weights


def _unsigned(scores: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Scores of a control, whose edges have no sign and never end in their own TF."""
    return Scores(without_self(scores, tf_index), np.zeros_like(scores))


def random(expression: np.ndarray, tf_index: np.ndarray, seed: int = 0) -> Scores:
    """Control: uniform random scores, signs unknown. The expected AUPRC is the density of true edges.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Scores
    """
    scores = np.random.default_rng(seed).uniform(size=(len(tf_index), expression.shape[1]))
    return _unsigned(scores, tf_index)


def degree(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge of a TF scores the TF's mean |correlation|; it knows hubs, and no edge.

    Returns
    -------
    Scores
    """
    r = correlation(expression, tf_index).weight
    others = max(expression.shape[1] - 1, 1)
    scores = np.repeat(r.sum(axis=1, keepdims=True) / others, expression.shape[1], axis=1)
    return _unsigned(scores, tf_index)


def target_is_tf(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge whose target is a TF scores 1, every other 0; it knows the TF list, and no edge.

    Returns
    -------
    Scores
    """
    scores = np.zeros((len(tf_index), expression.shape[1]))
    scores[:, tf_index] = 1
    return _unsigned(scores, tf_index)


def target_mean(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge scores the mean expression of its target; it knows what is expressed, and no edge.

    Returns
    -------
    Scores
        Above the least mean of all genes, since a weight is not negative and scaled expression may be.
    """
    mean = expression.mean(axis=0)
    scores = np.tile(mean - mean.min(), (len(tf_index), 1))
    return _unsigned(scores, tf_index)


def oracle(data: GRNDataset, tfs: list[str], genes: list[str]) -> Scores:
    """Control: the reference network itself, the highest score that a protocol can give.

    Parameters
    ----------
    data : GRNDataset
    tfs, genes : list of str
        Rows and columns of the scores.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        When the dataset has no reference network.
    """
    if data.truth is None:
        raise InputError(f"the oracle needs a reference network, and {data.name} has none")
    edges = data.truth.assign(weight=1.0)
    return Scores(score_matrix(edges, tfs, genes), sign_matrix(edges, tfs, genes))
