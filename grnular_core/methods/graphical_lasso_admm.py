"""The graphical lasso by ADMM: a fixed cost a round, whatever the penalty.

Where genes are nearly copies of each other and the penalty is small, rows of W hang together so closely
that a descent row by row needs hundreds of sweeps. The alternating direction method of multipliers (Boyd
et al. 2011, section 6.5) moves all entries at once. With Y the multiplier of ``Theta = Z``, one round is

    Theta = argmin  -log det Theta + tr(S Theta) + tr(Y Theta) + rho/2 ||Theta - Z||^2
    Z     = Theta + Y / rho, each connection shrunk towards 0 by alpha / rho
    Y     = Y + rho (Theta - Z)

The first has a closed form by one decomposition into eigenvectors, genes^3 operations. Theta is replaced by
1.6 Theta - 0.6 Z in the other two (over-relaxation, section 3.4.3), and rho is moved so that both residuals
are as large relative to what they belong to (Wohlberg 2017). ``S + Y`` with Y held within the bounds is the
dual's W: the gap between the two says how good Z is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, eigh

MAX_ROUNDS = 2000
CHECK = 10  # rounds from one look at the gap to the next
OVER = 1.6
SETTLED = 1000  # rounds after which rho stays: with a fixed rho convergence is certain
LARGEST_STEP, SMALLEST_STEP = 5.0, 1.5  # of rho


class Split(NamedTuple):
    """Z and W, both (genes, genes), the duality gap between them and the rounds taken.

    The gap is infinite while one of the two is not positive definite.
    """

    theta: np.ndarray
    W: np.ndarray
    gap: float
    rounds: int


def split(S: np.ndarray, theta: np.ndarray, W: np.ndarray, alpha: float, tolerance: float) -> Split:
    """Theta for the covariance ``S`` (genes, genes), from ``theta`` and a ``W`` that obeys the bounds.

    Ends when the gap is below ``tolerance`` or after ``MAX_ROUNDS``. What is returned is the pair with the
    smallest gap seen, that which was given included.
    """
    best = Split(theta, W, duality_gap(S, W, theta, alpha), 0)
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
            W = bounded(S, Y, alpha)
            gap = duality_gap(S, W, Z, alpha)
            if gap < best.gap:
                best = Split(Z, W, gap, n)
            if n <= SETTLED:
                apart = _ratio(np.linalg.norm(found - Z), np.linalg.norm(Z))
                still_moving = _ratio(rho * np.linalg.norm(Z - before), np.linalg.norm(Y))
                rho *= _step(_ratio(apart, still_moving))
    return best._replace(rounds=n)


def bounded(S: np.ndarray, Y: np.ndarray, alpha: float) -> np.ndarray:
    """The W of the dual next to ``S + Y``: within alpha of S, and its diagonal."""
    W = S + np.clip(Y, -alpha, alpha)
    np.fill_diagonal(W, np.diag(S))
    return W


def duality_gap(S: np.ndarray, W: np.ndarray, theta: np.ndarray, alpha: float) -> float:
    """The objective at Theta less the dual's at W; infinite if either is not positive definite."""
    try:
        logs = [np.log(np.diag(cholesky(matrix))).sum() for matrix in (theta, W)]
    except np.linalg.LinAlgError:
        return np.inf
    penalty = np.abs(theta).sum() - np.abs(np.diag(theta)).sum()
    return float((S * theta).sum() - len(S) + alpha * penalty - 2 * sum(logs))


def _smooth_step(S: np.ndarray, Z: np.ndarray, Y: np.ndarray, rho: float) -> np.ndarray:
    """The Theta with ``rho Theta - Theta^-1 = rho Z - Y - S``: same eigenvectors, a quadratic each."""
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
    return float(a / b) if a > 0 and b > 0 else 1.0


def _step(imbalance: float) -> float:
    """What rho is multiplied with; 1 while the residuals are about balanced."""
    step = min(max(np.sqrt(imbalance), 1 / LARGEST_STEP), LARGEST_STEP)
    return step if max(step, 1 / step) > SMALLEST_STEP else 1.0
