"""The penalty of the graphical lasso by cross-validation, after scikit-learn's ``GraphicalLassoCV``.

Same folds (contiguous cells), same score (Gaussian log-likelihood of the cells left out) and same
range: from the alpha that leaves no two genes connected to a hundredth of it, then between the
neighbours of the best. Alphas are closer to each other at first (seven for two decades, not four),
so two refinements do, not three. They are tried from large to small, and none after one whose score
is lower than that of a larger one: small alphas take most of the time, and the score has one peak.
Every solution is exact to a duality gap, where scikit-learn's stop after ten rounds or are not
positive definite.

Seconds of one core: 0.1 to 3 for 100 genes (18 where they are nearly copies of each other), 2 for DS2
(400 genes), 24 for DS3 (1,089 genes that are not silent), 9 for 560 genes of 847 real cells, 92 for 821
genes of 383: fewer cells than genes take longer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.graphical_lasso import Dual, graphical_lasso, largest_alpha
from grnular_core.utils.errors import MethodError

LADDER, BETWEEN, REFINEMENTS = 7, 4, 2  # alphas of the first round and of a refinement
LEAST = 1e-2
KEPT = 4  # starts a fold keeps: the upper end of the bracket and the last three
FOLD_TOLERANCE = 3e-4  # duality gap a gene
NO_ALPHA = np.inf  # no two genes have anything in common


@dataclass
class Fold:
    """Covariances of the cells to fit and of those left out, each (genes, genes), and starts.

    Genes that are constant in the cells to fit have no likelihood and are left out of both.
    """

    fitted: np.ndarray
    left_out: np.ndarray
    starts: list[Dual] = field(default_factory=list)

    @classmethod
    def of(cls, X: np.ndarray, held: np.ndarray) -> Fold:
        fitted = np.delete(X, held, axis=0)
        there = varies(fitted)
        return cls(covariance(fitted[:, there]), covariance(X[held][:, there]))

    def score(self, alpha: float) -> float:
        """Mean log-likelihood of the cells left out, up to a constant; -inf without a solution."""
        above = [start for start in self.starts if start.alpha >= alpha]
        start = min(above, key=lambda start: start.alpha, default=None)
        found = graphical_lasso(self.fitted, alpha, FOLD_TOLERANCE, start)
        if not np.isfinite(found.gap):
            return -np.inf
        self.starts = [*self.starts[:1], *self.starts[1:][-(KEPT - 2) :], found.dual]
        log_det = np.linalg.slogdet(found.precision)[1]
        return float(log_det - (self.left_out * found.precision).sum()) / 2

    def forget(self, upper: float) -> None:
        """Keeps the start for alphas below ``upper`` alone."""
        self.starts = [start for start in self.starts if start.alpha == upper]


def covariance(X: np.ndarray) -> np.ndarray:
    """Covariance (genes, genes) of X (cells, genes), divided by the number of cells."""
    centred = X - X.mean(axis=0)
    return centred.T @ centred / len(X)


def varies(X: np.ndarray) -> np.ndarray:
    """Which genes are not constant, up to rounding."""
    return X.std(axis=0) > 1e-10


def precision_by_cv(X: np.ndarray, n_folds: int, n_jobs: int = 1) -> tuple[np.ndarray, float]:
    """Precision matrix (genes, genes) of standardised X (cells, genes), and its alpha.

    Constant genes have rows of 0. Where no two genes have anything in common, as with one cell, alpha
    is infinite and nothing is connected. Folds are computed side by side in ``n_jobs`` threads. Raises
    ``MethodError`` when the solution is not positive definite.
    """
    there = np.flatnonzero(varies(X))
    precision = np.zeros((X.shape[1],) * 2)
    S = covariance(X[:, there])
    largest, alpha = largest_alpha(S), NO_ALPHA
    if largest > 0:
        groups = np.array_split(np.arange(len(X)), min(n_folds, len(X)))
        folds = [Fold.of(X[:, there], held) for held in groups]
        alpha = best_alpha(folds, largest, n_jobs)
        del folds
    found = graphical_lasso(S, alpha)
    if not np.isfinite(found.gap):
        raise MethodError(
            f"graphical lasso: the solution for {len(there)} genes, {len(X)} cells and the penalty "
            f"{alpha:.3g} is not positive definite. More cells or fewer genes help"
        )
    precision[np.ix_(there, there)] = found.precision
    return precision, alpha


def best_alpha(folds: list[Fold], largest: float, n_jobs: int = 1) -> float:
    """The alpha with the highest mean score; of equal ones the largest.

    Where the score still rises at the end of the range, the next range goes on below it, down to
    ``LEAST ** 2`` times the largest alpha.
    """
    alphas = np.geomspace(largest, LEAST * largest, LADDER)
    scores: dict[float, float] = {}
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:
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
    return max(scores, key=lambda alpha: (scores[alpha], alpha))


def _bracket(scores: dict[float, float], least: float) -> tuple[float, float]:
    """The alphas next to the best; ``least`` stands for one below the smallest."""
    path = sorted(scores, reverse=True)
    at = path.index(_best(scores))
    lower = path[at + 1] if at + 1 < len(path) else min(least, path[at])
    return path[max(at - 1, 0)], lower
