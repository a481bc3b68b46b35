"""GLASSO: partial correlations from the graphical lasso, its penalty chosen by cross-validation.

Up to ``SKLEARN_GENES`` genes it is scikit-learn's ``GraphicalLassoCV``; above, where that takes minutes to
days, and where it finds no solution, our solver (``graphical_lasso``) and a cross-validation like that of scikit-learn.
Same folds (contiguous cells), same score (Gaussian log-likelihood of the cells left out) and same range:
from the alpha that leaves no two genes connected to a hundredth of it, then between the neighbours of the
best. Alphas are closer to each other at first (seven for two decades, not four), so two refinements do, not
three. They are tried from large to small, and none after one whose score is lower than that of a larger
one: small alphas take most of the time, and the score has one peak. Every solution is exact to a duality
gap, where scikit-learn's stop after ten rounds or are not positive definite.

Seconds of one core: 0.1 to 3 for 100 genes (18 where they are nearly copies of each other), 2 for DS2
(400 genes), 24 for DS3 (1,089 genes that are not silent), 9 for 560 genes of 847 real cells, 92 for 821
genes of 383: fewer cells than genes take longer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.correlation import standardised, without_self
from grnular_core.methods.graphical_lasso import Dual, graphical_lasso, largest_alpha
from grnular_core.methods.interface import Scores
from grnular_core.utils.errors import MethodError

FOLDS = 5
SKLEARN_GENES = 150
LADDER, BETWEEN, REFINEMENTS = 7, 4, 2  # penalties of the first round and of a refinement
LEAST = 1e-2
KEPT = 4  # starts a fold keeps: the upper end of the bracket and the last three
FOLD_TOLERANCE = 3e-4  # duality gap a gene
NO_ALPHA = np.inf  # no two genes have anything in common


def glasso(expression: np.ndarray, tf_index: np.ndarray, n_jobs: int = 1) -> Scores:
    """Absolute partial correlations from the graphical lasso, its penalty by cross-validation.

    All genes enter the model; the TFs' rows are kept.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
    tf_index : ndarray of int, (tfs,)
    n_jobs : int
        Threads.

    Returns
    -------
    Scores

    Raises
    ------
    MethodError
        When a solution is not positive definite.

    Notes
    -----
    With the same penalty scikit-learn's solution and ours have the same strict AUPRC within 0.002 (100 genes),
    but they seldom choose the same one. Where scikit-learn's solver fails in one fold a penalty has no score,
    and on clean data it fails below 0.6: it chooses 0.65 (AUPRC 0.715 for 100 cells, 0.781 for 1,000), where
    0.011 has the best score (0.460 and 0.767). A gene that is constant in the cells of a fold makes all scores
    the same huge negative number, and rounding decides: on DS1 it is almost no penalty (0.475), not 0.042
    (0.452).
    """
    if expression.shape[1] > SKLEARN_GENES:
        return _glasso_exact(expression, tf_index, n_jobs)
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
        return _glasso_exact(expression, tf_index, n_jobs)
    return _scores(precision, tf_index)


def _glasso_exact(expression: np.ndarray, tf_index: np.ndarray, n_jobs: int = 1) -> Scores:
    """Absolute partial correlations (0 where a row is 0) from a graphical lasso solved for any cells and penalty."""
    precision, _ = _precision_by_cv(standardised(expression), FOLDS, n_jobs)
    return _scores(precision, tf_index)


def glasso_fixed(expression: np.ndarray, tf_index: np.ndarray, penalty: float) -> Scores:
    """Absolute partial correlations from the graphical lasso with this penalty.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
        Standardised here, so that penalties are on the scale of correlations.
    tf_index : ndarray of int, (tfs,)
    penalty : float
        Above 0.

    Returns
    -------
    Scores
        0 for genes without variance.

    Raises
    ------
    MethodError
        When the solution is not positive definite.
    """
    z = standardised(expression)
    there = np.flatnonzero(z.any(axis=0))
    precision = np.zeros((z.shape[1],) * 2)
    precision[np.ix_(there, there)] = _precision(_covariance(z[:, there]), penalty, len(z))
    return _scores(precision, tf_index)


def _partial_correlations(precision: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Partial correlations from a precision matrix."""
    scale = np.sqrt(np.diag(precision))
    both = np.outer(scale, scale)[tf_index]
    partial = np.divide(-precision[tf_index], both, out=np.zeros_like(both), where=both > 0)
    return without_self(np.nan_to_num(partial), tf_index)


def _scores(precision: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Size and sign of the partial correlations."""
    partial = _partial_correlations(precision, tf_index)
    return Scores(np.abs(partial), np.sign(partial))


@dataclass
class _Fold:
    """One fold: covariances of the cells to fit and of those left out, (genes, genes), and starts."""

    fitted: np.ndarray
    left_out: np.ndarray
    starts: list[Dual] = field(default_factory=list)

    @classmethod
    def of(cls, X: np.ndarray, held: np.ndarray) -> _Fold:
        """Leave out the cells ``held`` of X (cells, genes)."""
        fitted = np.delete(X, held, axis=0)
        there = _varies(fitted)
        return cls(_covariance(fitted[:, there]), _covariance(X[held][:, there]))

    def score(self, alpha: float) -> float:
        """Find the mean log-likelihood of the cells left out, up to a constant; -inf without a solution."""
        above = [start for start in self.starts if start.alpha >= alpha]
        start = min(above, key=lambda start: start.alpha, default=None)
        found = graphical_lasso(self.fitted, alpha, FOLD_TOLERANCE, start)
        if not np.isfinite(found.gap):
            return -np.inf
        self.starts = [*self.starts[:1], *self.starts[1:][-(KEPT - 2) :], found.dual]
        log_det = np.linalg.slogdet(found.precision)[1]
        return float(log_det - (self.left_out * found.precision).sum()) / 2

    def forget(self, upper: float) -> None:
        """Keep the start for penalties below ``upper`` alone."""
        self.starts = [start for start in self.starts if start.alpha == upper]


def _covariance(X: np.ndarray) -> np.ndarray:
    """Covariance (genes, genes) of X (cells, genes), divided by the number of cells."""
    centred = X - X.mean(axis=0)
    return centred.T @ centred / len(X)


def _varies(X: np.ndarray) -> np.ndarray:
    """Which genes are not constant, up to rounding."""
    return X.std(axis=0) > 1e-10


def _precision_by_cv(X: np.ndarray, n_folds: int, n_jobs: int = 1) -> tuple[np.ndarray, float]:
    """Find the precision matrix (genes, genes) of standardised X (cells, genes), and its penalty.

    Constant genes have rows of 0. Where no two genes have anything in common, as with one cell, the penalty is
    infinite and nothing is connected. Folds are computed side by side in ``n_jobs`` threads. Raises ``MethodError``
    when the solution is not positive definite.
    """
    there = np.flatnonzero(_varies(X))
    precision = np.zeros((X.shape[1],) * 2)
    S = _covariance(X[:, there])
    largest, alpha = largest_alpha(S), NO_ALPHA
    if largest > 0:
        groups = np.array_split(np.arange(len(X)), min(n_folds, len(X)))
        folds = [_Fold.of(X[:, there], held) for held in groups]
        alpha = _best_alpha(folds, largest, n_jobs)
        del folds
    precision[np.ix_(there, there)] = _precision(S, alpha, len(X))
    return precision, alpha


def _precision(S: np.ndarray, alpha: float, n_cells: int) -> np.ndarray:
    """Solve for the precision matrix (genes, genes) of a covariance; ``MethodError`` if it is not positive definite."""
    found = graphical_lasso(S, alpha)
    if not np.isfinite(found.gap):
        raise MethodError(
            f"graphical lasso: the solution for {len(S)} genes, {n_cells} cells and the penalty "
            f"{alpha:.3g} is not positive definite. More cells or fewer genes help"
        )
    return found.precision


def _best_alpha(folds: list[_Fold], largest: float, n_jobs: int = 1) -> float:
    """Find the penalty with the highest mean score; of equal ones the largest.

    Where the score still rises at the end of the range, the next range continues below it, down to
    ``LEAST ** 2`` times ``largest``.
    """
    alphas = np.geomspace(largest, LEAST * largest, LADDER)
    scores: dict[float, float] = {}
    with Parallel(n_jobs=n_jobs, require="sharedmem") as parallel:
        for _ in range(1 + REFINEMENTS):
            for alpha in map(float, alphas):
                found = parallel(delayed(fold.score)(alpha) for fold in folds)
                scores[alpha] = float(np.mean(found))
                if scores[alpha] < max(scores[a] for a in scores if a >= alpha):
                    break
            upper, lower = _bracket(scores, LEAST**2 * largest)
            alphas = np.geomspace(upper, lower, BETWEEN + 2)[1:-1]
            for fold in folds:
                fold.forget(upper)
    return _best(scores)


def _best(scores: dict[float, float]) -> float:
    """Choose the penalty with the highest score, of equal ones the largest."""
    return max(scores, key=lambda alpha: (scores[alpha], alpha))


def _bracket(scores: dict[float, float], least: float) -> tuple[float, float]:
    """Find the penalties next to the best; ``least`` stands for one below the smallest."""
    path = sorted(scores, reverse=True)
    at = path.index(_best(scores))
    lower = path[at + 1] if at + 1 < len(path) else min(least, path[at])
    return path[max(at - 1, 0)], lower
