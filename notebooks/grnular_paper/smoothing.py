"""LOESS: a local straight line at every point, neighbours weighted by distance (Cleveland 1979).

At each place the nearest ``span`` share of the observations gets tricube weights (1 - (d / h)^3)^3,
h being the distance to the furthest of them, and a weighted straight line is fitted. All places are
fitted at once: arrays are (places, observations).

Parameters
----------
x, y : ndarray, shape (observations,)
    Where the observations are, and their values.
span : float
    Share of the observations in each local fit, above 0 and up to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError

FLAT = 1e-10  # share of spread in x below which neighbours are one point: their mean is taken


@dataclass(frozen=True)
class Fit:
    """A smoothed curve with the spread of the observations around it."""

    at: np.ndarray  # (places,), where it was fitted
    value: np.ndarray  # (places,), height of the curve
    deviation: np.ndarray  # (places,), running standard deviation around it


def loess(x: np.ndarray, y: np.ndarray, span: float = 0.75) -> np.ndarray:
    """Smooth ``y`` along ``x``.

    Each local fit uses a share ``span`` of the observations. Neighbours that all have the same x give their
    weighted mean.

    Returns
    -------
    ndarray, shape (observations,)
        Height of the curve at every ``x``.

    Raises
    ------
    InputError
        For fewer than 3 observations, values that are not finite, or a span out of bounds.
    """
    x, y = _checked(x, y, span)
    return _fit(_tricube(x, x, span), x, y, x)


def smooth(x: np.ndarray, y: np.ndarray, at: np.ndarray, span: float = 0.75) -> Fit:
    """LOESS at ``at`` with the standard deviation of the observations around it.

    The deviation is the root of the weighted mean of squared residuals, with the weights of the fit.

    Parameters
    ----------
    at : ndarray, shape (places,)
        Places of the curve.

    Returns
    -------
    Fit
        Curve and deviation.
    """
    x, y = _checked(x, y, span)
    at = np.asarray(at, dtype=float)
    residual = y - loess(x, y, span)
    weight = _tricube(x, at, span)
    deviation = np.sqrt((weight @ residual**2) / weight.sum(axis=1))
    return Fit(at, _fit(weight, x, y, at), deviation)


def explained(x: np.ndarray, y: np.ndarray, span: float = 0.75) -> float:
    """R2 of predicting each ``y`` by a LOESS on ``x`` fitted without it; 0 is no better than the mean.

    Negative when it is worse. NaN when ``y`` does not vary. An observation whose own weight is all that
    its fit has is predicted by the mean.

    Returns
    -------
    float
    """
    x, y = _checked(x, y, span)
    total = float(((y - y.mean()) ** 2).sum())
    if total == 0:
        return float("nan")
    own = _own_share(x, span)
    alone = own > 1 - 1e-9
    error = np.where(alone, y - y.mean(), (y - loess(x, y, span)) / np.where(alone, 1, 1 - own))
    return 1 - float((error**2).sum()) / total


def _tricube(x: np.ndarray, at: np.ndarray, span: float) -> np.ndarray:
    """Weights (places, observations), 0 to 1, of the nearest ``span`` share of the observations."""
    distance = np.abs(at[:, None] - x)
    nearest = min(max(int(np.ceil(span * len(x))), 3), len(x))
    reach = np.partition(distance, nearest - 1, axis=1)[:, nearest - 1 : nearest]
    # the furthest neighbour would get weight 0: a hair more lets it count where it is the second point
    reach = np.maximum(reach * (1 + 1e-6), np.finfo(float).tiny)
    return (1 - (np.minimum(distance, reach) / reach) ** 3) ** 3


def _sums(weight: np.ndarray, x: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weighted sums of 1, u and u^2 for u = x - at, the determinant, and where x is one point."""
    shifted = x - at[:, None]
    s0, s1 = weight.sum(axis=1), (weight * shifted).sum(axis=1)
    s2 = (weight * shifted**2).sum(axis=1)
    determinant = s0 * s2 - s1**2
    flat = determinant <= FLAT * s0**2 * np.ptp(x) ** 2
    return s0, s1, s2, np.where(flat, 1, determinant), flat


def _fit(weight: np.ndarray, x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Height at ``at`` of the weighted straight lines."""
    s0, s1, s2, determinant, flat = _sums(weight, x, at)
    t0, t1 = weight @ y, (weight * (x - at[:, None])) @ y
    return np.where(flat, t0 / s0, (s2 * t0 - s1 * t1) / determinant)


def _own_share(x: np.ndarray, span: float) -> np.ndarray:
    """How much of its own fit each observation is: the diagonal of the smoother's matrix."""
    weight = _tricube(x, x, span)
    s0, _, s2, determinant, flat = _sums(weight, x, x)
    own = np.diagonal(weight)  # u = 0 at the observation itself
    return np.where(flat, own / s0, own * s2 / determinant)


def _checked(x: np.ndarray, y: np.ndarray, span: float) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 3:
        raise InputError(f"x {x.shape} and y {y.shape}: expected two rows of 3 or more numbers")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("x or y holds values that are not finite; leave these cells out")
    if not 0 < span <= 1:
        raise InputError(f"span {span}; expected a share above 0 and up to 1")
    return x, y
