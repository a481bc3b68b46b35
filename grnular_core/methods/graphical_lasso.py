"""The graphical lasso by block coordinate descent on the covariance, as one compiled loop.

    minimise  -log det Theta + tr(S Theta) + alpha * sum over i != j of abs(Theta_ij)

This is scikit-learn's objective: the diagonal is not penalised. Its dual is to maximise log det W
over all W with S's diagonal and ``abs(W_ij - S_ij) <= alpha`` elsewhere, and ``Theta = W^-1``
(Banerjee et al. 2008). A gene's row of W, the others fixed, is a lasso regression (Friedman et al.
2008); with all of them in turn the determinant never falls.

**Starts.** Each row's regression has a solution that keeps W positive definite only if the other rows
obey the bounds. So a solution for another alpha is moved towards S until it obeys those of this one,
which leaves it positive definite: S itself may have any rank. Without such a start it is the
diagonal of S that is moved, which obeys them for the largest alpha that connects any two genes.

**Parts.** Genes that no chain of ``abs(S_ij) > alpha`` connects have no connection in Theta either
(Witten et al. 2011; Mazumder and Hastie 2012): every connected group is solved by itself.

**Close to singular.** Where genes are nearly copies of each other and the penalty is small, rows of W hang
together so closely that a descent row by row needs hundreds of sweeps. After ``DESCENTS`` steps for each pair
of genes the alternating direction method of multipliers (Boyd et al. 2011) moves all entries at once, at a
fixed cost a round. With Y the multiplier of ``Theta = Z``, one round is

    Theta = argmin  -log det Theta + tr(S Theta) + tr(Y Theta) + rho/2 ||Theta - Z||^2
    Z     = Theta + Y / rho, each connection shrunk towards 0 by alpha / rho
    Y     = Y + rho (Theta - Z)

The first has a closed form by one decomposition into eigenvectors, genes^3 operations. Theta is replaced by
1.6 Theta - 0.6 Z in the other two (over-relaxation), and rho is moved so that both residuals are as large
relative to what they belong to (Wohlberg 2017). ``S + Y`` with Y held within the bounds is the dual's W.

All loops are in this file, because numba keeps compiled code until the file of its function changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, eigh
from scipy.sparse.csgraph import connected_components

from grnular_core.utils.jit import compiled, part_of_compiled

TOLERANCE = 1e-5  # duality gap a gene
DESCENTS = 100  # steps of a coefficient for each pair of genes, before ADMM continues
# a row is not taken over if it leaves less than this share of its gene's variance
LEAST_LEFT = 1e-10
# of ADMM
MAX_ROUNDS = 2000
CHECK = 10  # rounds between two evaluations of the gap
OVER = 1.6
SETTLED = 1000  # rounds after which rho stays: with a fixed rho convergence is certain
LARGEST_STEP, SMALLEST_STEP = 5.0, 1.5  # of rho


class Dual(NamedTuple):
    """Where another solution can start."""

    covariance: np.ndarray  # (genes, genes), W
    coefficients: np.ndarray  # (genes, genes), those of each row's regression
    alpha: float  # their penalty


class Solution(NamedTuple):
    """Solution of the graphical lasso."""

    precision: np.ndarray  # (genes, genes), Theta, with zeros where there is no connection
    dual: Dual
    # Sum of the duality gaps of all parts: the objective is at most that far above its least value.
    # Infinite where no positive definite Theta was found.
    gap: float


def graphical_lasso(
    S: np.ndarray, alpha: float, tolerance: float = TOLERANCE, start: Dual | None = None
) -> Solution:
    """Theta of the graphical lasso.

    Parameters
    ----------
    S : ndarray, (genes, genes)
        Covariance of any rank, with a positive diagonal.
    alpha : float
    tolerance : float
        Sweeps end when the duality gap of a part is below this times its genes; after too many steps
        (``DESCENTS``) ADMM continues.
    start : Dual, optional
        Of any penalty and any ``S`` of the same diagonal; the solution of the next larger penalty is best.

    Returns
    -------
    Solution
    """
    W = _obeying_bounds(S, alpha, start)
    B = np.zeros_like(S) if start is None else start.coefficients.copy()
    precision, covariance = np.zeros_like(S), np.diag(np.diag(S))
    gap = 0.0
    for genes in _connected(S, alpha) if len(S) else ():
        block = np.ix_(genes, genes)
        if len(genes) == 1:
            precision[block] = 1 / S[block]
            continue
        parts = (np.ascontiguousarray(matrix[block]) for matrix in (S, W, B))
        precision[block], covariance[block], B[block], more = _solve(*parts, alpha, tolerance)
        gap += more
    return Solution(precision, Dual(covariance, B, alpha), gap)


def _obeying_bounds(S: np.ndarray, alpha: float, start: Dual | None) -> np.ndarray:
    """Make a positive definite W that obeys the bounds of this penalty."""
    diagonal = np.diag(np.diag(S))
    W, largest = (diagonal, largest_alpha(S)) if start is None else start[::2]
    return S + (min(alpha / largest, 1) if largest > 0 else 1) * (W - S)


def largest_alpha(S: np.ndarray) -> float:
    """Find the least penalty that leaves no two genes connected.

    Parameters
    ----------
    S : ndarray, (genes, genes)

    Returns
    -------
    float
        0 for a single gene.
    """
    return float(np.abs(S - np.diag(np.diag(S))).max(initial=0.0))


def _connected(S: np.ndarray, alpha: float) -> Iterator[np.ndarray]:
    """Positions of the genes of each part that is solved by itself."""
    _, part = connected_components(np.abs(S) > alpha, directed=False)
    order = np.argsort(part, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(part[order])) + 1)


def _solve(
    S: np.ndarray, W: np.ndarray, B: np.ndarray, alpha: float, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Theta, W, coefficients and duality gap of one connected part.

    Where sweeps do not reach the tolerance, ADMM continues from their solution.
    """
    theta, gap, inner = np.linalg.inv(W), np.inf, 1e-2 * alpha
    left = DESCENTS * len(S) ** 2
    while gap > tolerance * len(S) and left > 0:
        moved, left = _sweep_rows(S, W, B, alpha, inner, left)
        theta = _theta(W, B)
        gap = _duality_gap(S, W, theta, alpha)
        # regressions need not be more exact than the rows of W they use
        inner = min(inner, max(0.1 * moved, 1e-5 * alpha))
    if gap > tolerance * len(S):
        theta, W, gap = _solve_by_admm(S, theta, W, alpha, tolerance * len(S))
        B = _coefficients(theta)
    return theta, W, B, gap


def _coefficients(theta: np.ndarray) -> np.ndarray:
    """Each gene's regression on the others, in the rows, from Theta."""
    B = -theta / np.diag(theta)[:, None]
    np.fill_diagonal(B, 0)
    return B


def _theta(W: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Theta from the regressions; each entry is the mean of the estimates from its two genes."""
    left = np.diag(W) - (W * B).sum(axis=1)
    theta = -B / left[:, None]
    theta = (theta + theta.T) / 2
    np.fill_diagonal(theta, 1 / left)
    return theta


class _AdmmSolution(NamedTuple):
    """Z and W, both (genes, genes), the duality gap between them.

    The gap is infinite while one of the two is not positive definite.
    """

    theta: np.ndarray
    W: np.ndarray
    gap: float


def _solve_by_admm(
    S: np.ndarray, theta: np.ndarray, W: np.ndarray, alpha: float, tolerance: float
) -> _AdmmSolution:
    """Find Theta for the covariance ``S`` from ``theta`` and a ``W`` that obeys the bounds, all (genes, genes).

    Ends when the gap is below ``tolerance`` or after ``MAX_ROUNDS``. Returns the pair with the smallest gap,
    the starting pair included.
    """
    best = _AdmmSolution(theta, W, _duality_gap(S, W, theta, alpha))
    Z, Y = theta.copy(), W - S
    rho = _ratio(np.linalg.norm(Y), np.linalg.norm(Z))
    for n in range(1, MAX_ROUNDS + 1):
        if best.gap <= tolerance:
            break
        found = _smooth_step(S, Z, Y, rho)
        moved = OVER * found + (1 - OVER) * Z
        before, Z = Z, _shrunk(moved + Y / rho, alpha / rho)
        Y = Y + rho * (moved - Z)
        if n % CHECK == 0:
            W = _bounded(S, Y, alpha)
            gap = _duality_gap(S, W, Z, alpha)
            if gap < best.gap:
                best = _AdmmSolution(Z, W, gap)
            if n <= SETTLED:
                apart = _ratio(np.linalg.norm(found - Z), np.linalg.norm(Z))
                still_moving = _ratio(rho * np.linalg.norm(Z - before), np.linalg.norm(Y))
                rho *= _step(_ratio(apart, still_moving))
    return best


def _bounded(S: np.ndarray, Y: np.ndarray, alpha: float) -> np.ndarray:
    """Find the W of the dual next to ``S + Y``: within alpha of S, and its diagonal."""
    W = S + np.clip(Y, -alpha, alpha)
    np.fill_diagonal(W, np.diag(S))
    return W


def _duality_gap(S: np.ndarray, W: np.ndarray, theta: np.ndarray, alpha: float) -> float:
    """Subtract the dual's objective at W from that at Theta; infinite if either is not positive definite."""
    try:
        logs = [np.log(np.diag(cholesky(matrix))).sum() for matrix in (theta, W)]
    except np.linalg.LinAlgError:
        return np.inf
    penalty = np.abs(theta).sum() - np.abs(np.diag(theta)).sum()
    return float((S * theta).sum() - len(S) + alpha * penalty - 2 * sum(logs))


def _smooth_step(S: np.ndarray, Z: np.ndarray, Y: np.ndarray, rho: float) -> np.ndarray:
    """Solve ``rho Theta - Theta^-1 = rho Z - Y - S``: same eigenvectors, a quadratic each."""
    values, vectors = eigh(rho * Z - Y - S, driver="evd", overwrite_a=True, check_finite=False)
    values = (values + np.sqrt(values**2 + 4 * rho)) / (2 * rho)
    theta = (vectors * values) @ vectors.T
    return (theta + theta.T) / 2


def _shrunk(theta: np.ndarray, by: float) -> np.ndarray:
    """Every connection moved towards 0; the diagonal, which has no penalty, stays."""
    shrunk = np.sign(theta) * np.maximum(np.abs(theta) - by, 0)
    np.fill_diagonal(shrunk, np.diag(theta))
    return shrunk


def _ratio(a: float, b: float) -> float:
    """Divide; 1 where either is 0."""
    return float(a / b) if a > 0 and b > 0 else 1.0


def _step(imbalance: float) -> float:
    """Factor by which rho is multiplied; 1 while the residuals are balanced."""
    step = min(max(np.sqrt(imbalance), 1 / LARGEST_STEP), LARGEST_STEP)
    return step if max(step, 1 / step) > SMALLEST_STEP else 1.0


@compiled
def _sweep_rows(S, W, B, alpha, inner, left):  # pragma: no cover - compiled
    """One regression for every row of W in turn; returns how far any of its entries moved, and ``left``.

    ``W`` (genes, genes) and ``B``, whose rows are the coefficients, are changed in place. A regression
    ends when no coefficient moves its gene's product with the others by more than ``inner``. ``left``
    counts down the steps of coefficients: at 0 or below the sweep ends, W obeying its bounds.
    """
    n_genes = len(S)
    products, held = np.empty(n_genes), np.empty(n_genes, np.int64)
    moved = 0.0
    for j in range(n_genes):
        left = _regress(S, W, B, j, alpha, inner, products, held, left)
        moved = max(moved, _take_over(S, W, B, j, alpha, products))
        if left <= 0:
            break
    return moved, left


@part_of_compiled
def _regress(S, W, B, j, alpha, inner, products, held, left):  # pragma: no cover - compiled
    """Fit the lasso of gene j on the others by coordinate descent, from row j of ``B``; returns ``left``.

    All genes are updated, then those with a coefficient (``held``) until convergence, and so on.
    ``products`` is W times the coefficients.
    """
    n_genes = products.size
    for i in range(n_genes):
        products[i] = 0.0
    for k in range(n_genes):
        if B[j, k] != 0:
            for i in range(n_genes):
                products[i] += B[j, k] * W[k, i]
    for _ in range(100):
        n_held, largest = 0, 0.0
        for k in range(n_genes):
            if k != j:
                largest = max(largest, _descend(S, W, B, j, k, alpha, products))
                if B[j, k] != 0:
                    held[n_held] = k
                    n_held += 1
        left -= n_genes
        if largest <= inner or left <= 0:
            return left
        for _ in range(200):
            largest = 0.0
            left -= n_held
            for i in range(n_held):
                largest = max(largest, _descend(S, W, B, j, held[i], alpha, products))
            if largest <= inner or left <= 0:
                break
    return left


@part_of_compiled
def _take_over(S, W, B, j, alpha, products):  # pragma: no cover - compiled
    """Row and column j of W from its regression, unless W would no longer be positive definite.

    Products are kept within the bounds where the regression is not exact. Returns how far any moved.
    """
    left, moved = W[j, j], 0.0
    for i in range(products.size):
        if i != j:
            products[i] = min(max(products[i], S[j, i] - alpha), S[j, i] + alpha)
            left -= products[i] * B[j, i]
    if left <= LEAST_LEFT * W[j, j]:
        return alpha
    for i in range(products.size):
        if i != j:
            moved = max(moved, abs(products[i] - W[j, i]))
            W[j, i] = W[i, j] = products[i]
    return moved


@part_of_compiled
def _descend(S, W, B, j, k, alpha, products):  # pragma: no cover - compiled
    """Find the best coefficient of gene k, the others as they are; returns how much it moves its product."""
    rest = S[j, k] - products[k] + W[k, k] * B[j, k]
    size = max(abs(rest) - alpha, 0.0) / W[k, k]
    new = size if rest > 0 else -size
    change = new - B[j, k]
    if change == 0:
        return 0.0
    B[j, k] = new
    for i in range(products.size):
        products[i] += change * W[k, i]
    return abs(change) * W[k, k]
