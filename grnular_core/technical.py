"""Technical noise of single-cell measurements, as the simulator SERGIO adds it to clean levels.

Four steps, each optional, in this order: outlier genes, library size, dropout, UMI counts
(Dibaeinia and Sinha 2020). All take and return expression (cells, genes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.errors import InputError


@dataclass(frozen=True)
class TechnicalNoise:
    """Which steps to take; the defaults take none.

    ``outlier``: (share of genes, mean and standard deviation of the log of their factor).
    ``library``: (mean, standard deviation) of the log of a cell's total. ``dropout``: (shape,
    percentile). ``umi``: draw Poisson counts.
    """

    outlier: tuple[float, float, float] | None = None
    library: tuple[float, float] | None = None
    dropout: tuple[float, float] | None = None
    umi: bool = False

    def __post_init__(self) -> None:
        if self.outlier and not 0 <= self.outlier[0] <= 1:
            raise InputError(f"the share of outlier genes is from 0 to 1, got {self.outlier[0]}")
        if self.dropout and not (self.dropout[0] > 0 and 0 <= self.dropout[1] <= 100):
            raise InputError(
                "dropout takes a shape above 0 and a percentile from 0 to 100, got "
                f"{self.dropout[0]} and {self.dropout[1]}"
            )


def outlier_genes(
    X: np.ndarray, share: float, mean: float, sd: float, rng: np.random.Generator
) -> np.ndarray:
    """Multiply each gene, with probability ``share``, by a log-normal factor."""
    chosen = rng.random(X.shape[1]) < share
    factor = np.where(chosen, rng.lognormal(mean, sd, X.shape[1]), 1.0)
    return X * factor.astype(X.dtype)


def library_size(X: np.ndarray, mean: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Scale every cell to a log-normal total; an empty cell stays empty."""
    total = X.sum(1, keepdims=True, dtype=np.float64)
    size = rng.lognormal(mean, sd, (len(X), 1))
    return X * np.divide(size, total, out=np.zeros_like(size), where=total > 0).astype(X.dtype)


def dropout(X: np.ndarray, shape: float, percentile: float, rng: np.random.Generator) -> np.ndarray:
    """Set entries to 0; the lower an entry, the likelier.

    An entry x is kept with probability 1 / (1 + exp(-shape (log(1 + x) - m))), where m is the
    ``percentile`` of log(1 + x) over all cells and genes. With shape 20 this is almost a threshold
    on the level of expression: at percentile 75 three quarters of the *genes* disappear.
    """
    logged = np.log1p(X)
    middle = np.percentile(logged, percentile)
    keep = 1 / (1 + np.exp(-np.clip(shape * (logged - middle), -60, 60)))
    return np.where(rng.random(X.shape, dtype=np.float32) < keep, X, X.dtype.type(0))


def umi_counts(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Poisson counts with the levels as means."""
    return rng.poisson(X).astype(X.dtype)


def add_noise(X: np.ndarray, noise: TechnicalNoise, rng: np.random.Generator) -> np.ndarray:
    """Take the steps that ``noise`` names, in SERGIO's order; ``X`` is left as it is."""
    if noise.outlier:
        X = outlier_genes(X, *noise.outlier, rng)
    if noise.library:
        X = library_size(X, *noise.library, rng)
    if noise.dropout:
        X = dropout(X, *noise.dropout, rng)
    if noise.umi:
        X = umi_counts(X, rng)
    return X
