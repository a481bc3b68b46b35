"""Baselines that are quick to compute and hard to beat: correlation, CLR, ridge, graphical lasso.

Each function takes expression of shape (cells, genes) and the positions of the TFs among the genes,
and returns scores and signs of shape (tfs, genes). A TF's score for itself is 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Scores(NamedTuple):
    """What a method returns: ``weight`` >= 0 and ``sign`` in {-1, 0, 1}, each (tfs, genes).

    ``cpu_seconds`` is given by methods that work in other processes, where the caller's clock of
    CPU time does not reach. ``weights`` is the ``Trained.digest`` of a trained model, "" without one.
    """

    weight: np.ndarray
    sign: np.ndarray
    cpu_seconds: float | None = None
    weights: str = ""


# penalties as shares of the number of cells: from almost none to almost only the mean
RIDGE_PENALTIES = np.logspace(-3, 2, 11)
FOLDS = 5
SKLEARN_GENES = 150  # with more, scikit-learn's graphical lasso takes minutes to days


def standardised(expression: np.ndarray) -> np.ndarray:
    """Each gene with mean 0 and standard deviation 1 over cells; a constant gene becomes 0."""
    centred = expression - expression.mean(axis=0)
    deviation = expression.std(axis=0)
    # a gene that is constant up to rounding has no scale of its own
    usable = deviation > 1e-12 * np.maximum(np.abs(expression).max(axis=0, initial=0.0), 1e-300)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=usable)


def without_self(scores: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """The same scores, 0 where TF and gene are the same gene."""
    scores = scores.copy()
    scores[np.arange(len(tf_index)), tf_index] = 0
    return scores


def pearson(expression: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Pearson correlation of every TF with every gene, shape (tfs, genes); 0 for constant genes."""
    z = standardised(expression)
    return np.clip(z[:, tf_index].T @ z / len(z), -1, 1)


def correlation(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """|Pearson correlation| over cells."""
    r = without_self(pearson(expression, tf_index), tf_index)
    return Scores(np.abs(r), np.sign(r))


def clr(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Context likelihood of relatedness (Faith et al. 2007) on |Pearson correlation|.

    How far an edge stands out from the other edges of its TF and of its gene: with z the value
    standardised over the TF's genes, and over the gene's TFs, negative values set to 0, the score is
    ``sqrt(z_tf ** 2 + z_gene ** 2)``. With fewer than three TFs a gene has no background, and the
    TF's alone counts.
    """
    scores, signs, *_ = correlation(expression, tf_index)
    known = np.ones_like(scores)
    known[np.arange(len(tf_index)), tf_index] = 0
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


def ridge(expression: np.ndarray, tf_index: np.ndarray, seed: int = 0) -> Scores:
    """|Coefficients| of a ridge regression of each gene on all TFs (itself left out).

    Expression is standardised; each gene's penalty is the one of ``RIDGE_PENALTIES`` (times the
    number of cells) with the least squared error in 5-fold cross-validation over shuffled cells.
    With few cells there are as many folds as cells.
    """
    z = standardised(expression)
    n_cells = len(z)
    folds = np.arange(n_cells) % min(FOLDS, n_cells)
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
    coefficients[~z[:, tf_index].any(axis=0)] = 0  # a constant TF: rounding only
    return Scores(np.abs(coefficients), np.sign(coefficients))


def _ridge_path(z: np.ndarray, tf_index: np.ndarray) -> Iterator[np.ndarray]:
    """Coefficients (tfs, genes) for each penalty, the TFs' own column left out of their regression.

    For a gene y that is no TF these are ``P X'y`` with ``P = (X'X + a I)^-1``, X being the TFs. For
    TF j among the others, block inversion of the same P gives ``-P[:, j] / P[j, j]``: one
    eigendecomposition serves all genes and all penalties.
    """
    x = z[:, tf_index]
    eigenvalues, vectors = np.linalg.eigh(x.T @ x)
    projected = vectors.T @ (x.T @ z)
    for penalty in RIDGE_PENALTIES * len(z):
        inverse = 1 / (np.maximum(eigenvalues, 0) + penalty)
        weights = vectors @ (inverse[:, None] * projected)
        p = (vectors * inverse) @ vectors.T
        weights[:, tf_index] = -p / np.diag(p)
        weights[np.arange(len(tf_index)), tf_index] = 0
        yield weights


def glasso(expression: np.ndarray, tf_index: np.ndarray, n_jobs: int = 1) -> Scores:
    """|Partial correlation| from the graphical lasso, its penalty by cross-validation.

    All genes enter the model; the TFs' rows are kept. Up to ``SKLEARN_GENES`` genes it is
    scikit-learn's, with more of them, or where that finds no solution, ``glasso_exact``.

    With the same penalty both have the same strict AUPRC within 0.002 (100 genes), but they seldom choose
    the same one. Where scikit-learn's solver fails in one fold a penalty has no score, and on clean data it
    fails below 0.6: it chooses 0.65 (AUPRC 0.715 for 100 cells, 0.781 for 1,000), where 0.011 has the best
    score (0.460 and 0.767). A gene that is constant in the cells of a fold makes all scores the same huge
    negative number, and rounding decides: on DS1 it is almost no penalty (0.475), not 0.042 (0.452).
    """
    if expression.shape[1] > SKLEARN_GENES:
        return glasso_exact(expression, tf_index, n_jobs)
    from sklearn.covariance import GraphicalLassoCV
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    model = GraphicalLassoCV(cv=min(FOLDS, len(expression)), n_jobs=1)
    try:
        # more threads gain nothing with so few genes, and round in another way: another penalty
        with warnings.catch_warnings(), threadpool_limits(1, "blas"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            precision = model.fit(standardised(expression)).precision_
    except (FloatingPointError, ValueError):  # ill-conditioned, or fewer than two cells
        return glasso_exact(expression, tf_index, n_jobs)
    partial = partial_correlations(precision, tf_index)
    return Scores(np.abs(partial), np.sign(partial))


def glasso_exact(expression: np.ndarray, tf_index: np.ndarray, n_jobs: int = 1) -> Scores:
    """|Partial correlation| from a graphical lasso that is solved for any cells and penalty.

    Raises ``MethodError`` when a solution is not positive definite.
    """
    from grnular_core.methods.graphical_lasso_cv import precision_by_cv

    precision, _ = precision_by_cv(standardised(expression), FOLDS, n_jobs)
    partial = partial_correlations(precision, tf_index)
    return Scores(np.abs(partial), np.sign(partial))


def partial_correlations(precision: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Partial correlations (tfs, genes) from a precision matrix (genes, genes); 0 for a gene whose
    row is 0, and for a TF with itself."""
    scale = np.sqrt(np.diag(precision))
    both = np.outer(scale, scale)[tf_index]
    partial = np.divide(-precision[tf_index], both, out=np.zeros_like(both), where=both > 0)
    return without_self(np.nan_to_num(partial), tf_index)
