"""Technical noise of single-cell measurements, as the simulator SERGIO adds it to clean levels.

SERGIO has four steps, each optional, in this order: outlier genes, library size, dropout, UMI counts
(Dibaeinia and Sinha 2020). This work adds three: before them programs, by which many genes of a cell go up
and down together without any TF, and levels, which differ between genes; after them amplification,
for protocols that count reads and not molecules. Each step takes expression (cells, genes) and leaves
it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError


@dataclass(frozen=True)
class TechnicalNoise:
    """Which steps to take; the defaults take none.

    Raises ``InputError`` for values out of range.
    """

    # Share of genes, mean and standard deviation of the log of their factor.
    outlier: tuple[float, float, float] | None = None
    # Mean and standard deviation of the log of a cell's total.
    library: tuple[float, float] | None = None
    dropout: tuple[float, float] | None = None  # shape and percentile, see ``_dropout``
    umi: bool = False  # Poisson counts
    programs: tuple[int, float] | None = None  # how many, and their spread, see ``_cell_programs``
    # Mean and standard deviation of the log of a gene's mean.
    levels: tuple[float, float] | None = None
    # Standard deviation of the log of the factor of an entry, in reads of amplified molecules.
    amplification: float | None = None
    # With it ``library`` is the total of all genes of a cell, of which these are a part; itself it is the
    # standard deviation of the log of what of a cell's depth that total misses, see ``_whole_library``.
    whole: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.programs is not None:
            count, spread = self.programs
            if not (count >= 0 and 0 <= spread < np.inf):
                raise InputError(
                    "programs takes a number and a spread, 0 or more each, got "
                    f"{count} and {spread}"
                )
        if self.outlier is not None:
            share, mean, sd = self.outlier
            if not 0 <= share <= 1:
                raise InputError(f"the share of outlier genes is from 0 to 1, got {share}")
            _check_lognormal("outlier", mean, sd)
        if self.levels is not None:
            _check_lognormal("levels", *self.levels)
        if self.library is not None:
            _check_lognormal("library", *self.library)
        if self.whole is not None:
            _check_lognormal("whole", 0.0, self.whole)
            if self.library is None:
                raise InputError("whole is about the library size of a cell; set library as well")
        if self.amplification is not None:
            _check_lognormal("amplification", 0.0, self.amplification)
        if self.dropout is not None:
            shape, percentile = self.dropout
            if not (0 < shape < np.inf and 0 <= percentile <= 100):
                raise InputError(
                    "dropout takes a shape above 0 and a percentile from 0 to 100, got "
                    f"{shape} and {percentile}"
                )


def _check_lognormal(what: str, mean: float, sd: float) -> None:
    """Refuse moments that no logarithm has."""
    if not (np.isfinite(mean) and 0 <= sd < np.inf):
        raise InputError(
            f"{what} takes the mean and standard deviation (0 or more) of a logarithm, got {mean} "
            f"and {sd}"
        )


def _cell_programs(
    X: np.ndarray, types: np.ndarray, count: int, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Multiply a gene by exp(sum over programs of a f), with activities f of cells and responses a of genes.

    Every other program has one activity for each cell type, as what makes types differ; the others one
    for each cell, as its size, quality or phase. Activities are standard normal. Responses are normal
    around the program's mean response, such that what all programs do to the logarithm of a gene has
    about the standard deviation ``spread``.
    """
    part = spread / np.sqrt(2 * max(count, 1))
    response = rng.normal(rng.normal(0, part, (count, 1)), part, (count, X.shape[1]))
    activity = rng.standard_normal((len(X), count))
    of_types = rng.standard_normal((int(types.max(initial=0)) + 1, count))
    activity[:, ::2] = of_types[types, ::2]
    # programs of huge spread stay finite
    return X * np.exp(np.clip(activity @ response, -20, 20)).astype(X.dtype)


def _gene_levels(X: np.ndarray, mean: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Scale every gene to a log-normal mean, independent of its role.

    ``mean`` and ``sd`` are those of the mean's logarithm; a gene that is 0 everywhere stays so.
    """
    found = X.mean(0, dtype=np.float64)
    level = rng.lognormal(mean, sd, X.shape[1])
    return X * np.divide(level, found, out=np.zeros_like(level), where=found > 0).astype(X.dtype)


def _outlier_genes(
    X: np.ndarray, share: float, mean: float, sd: float, rng: np.random.Generator
) -> np.ndarray:
    """Multiply each gene, with probability ``share``, by a log-normal factor, one for all cells.

    ``mean`` and ``sd`` are those of the factor's logarithm.
    """
    chosen = rng.random(X.shape[1]) < share
    factor = np.where(chosen, rng.lognormal(mean, sd, X.shape[1]), 1.0)
    return X * factor.astype(X.dtype)


def _library_size(X: np.ndarray, mean: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Scale every cell to a log-normal total over these genes; an empty cell stays empty.

    ``mean`` and ``sd`` are those of the total's logarithm.
    """
    total = X.sum(1, keepdims=True, dtype=np.float64)
    size = rng.lognormal(mean, sd, (len(X), 1))
    return X * np.divide(size, total, out=np.zeros_like(size), where=total > 0).astype(X.dtype)


def cell_sizes(noise: TechnicalNoise, n_cells: int, rng: np.random.Generator) -> np.ndarray | None:
    """Draw the totals of whole cells, where the noise has them.

    Parameters
    ----------
    noise : TechnicalNoise
    n_cells : int
    rng : Generator

    Returns
    -------
    ndarray of float, shape (cells,), or None
    """
    return None if noise.whole is None else rng.lognormal(*noise.library, n_cells)


def _whole_library(
    X: np.ndarray, sizes: np.ndarray, missed: float, rng: np.random.Generator
) -> np.ndarray:
    """Scale every cell by its size, over the mean total of these genes.

    ``_library_size`` gives these genes alone a total that does not depend on them: where one rises, all
    others fall. In published matrices they are a twentieth of a cell's genes, and the rest takes
    that up. ``missed`` is the standard deviation of the log of another factor of each cell, which no
    total shows.
    """
    total = X.sum(1, dtype=np.float64).mean()
    factor = sizes / total if total > 0 else np.zeros_like(sizes)
    factor = factor * rng.lognormal(0, missed, len(X))
    return X * factor[:, None].astype(X.dtype)


def _dropout(
    X: np.ndarray, shape: float, percentile: float, rng: np.random.Generator
) -> np.ndarray:
    """Set entries to 0; the lower an entry, the likelier.

    An entry x is kept with probability 1 / (1 + exp(-shape (log(1 + x) - m))), where m is the
    ``percentile`` of log(1 + x) over all cells and genes. With shape 20 this is almost a threshold
    on the level of expression: at percentile 75 three quarters of the *genes* nearly disappear. An
    entry at the percentile is kept with probability 1/2, so percentile 0 still drops some.
    """
    logged = np.log1p(X)
    middle = np.percentile(logged, percentile)
    keep = 1 / (1 + np.exp(-np.clip(shape * (logged - middle), -60, 60)))  # exp stays finite
    return np.where(rng.random(X.shape, dtype=np.float32) < keep, X, X.dtype.type(0))


def _umi_counts(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw Poisson counts with the levels as means."""
    return rng.poisson(X).astype(X.dtype)


def _amplify(X: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Multiply every entry by a log-normal factor of mean 1; ``sd`` is that of its logarithm."""
    factor = rng.lognormal(-(sd**2) / 2, sd, X.shape)
    return X * factor.astype(X.dtype)


def add_noise(
    X: np.ndarray,
    types: np.ndarray,
    noise: TechnicalNoise,
    rng: np.random.Generator,
    sizes: np.ndarray | None = None,
) -> np.ndarray:
    """Take the steps that ``noise`` names: programs and levels, SERGIO's in its order, amplification.

    Parameters
    ----------
    X : ndarray of float, shape (cells, genes)
        Clean expression >= 0.
    types : ndarray of int, shape (cells,)
        Cell types from 0.
    noise : TechnicalNoise
    rng : Generator
    sizes : ndarray of float, shape (cells,), optional
        Totals of whole cells (``cell_sizes``).

    Returns
    -------
    ndarray, shape (cells, genes)
        ``X`` itself where no step is taken.
    """
    if noise.programs:
        X = _cell_programs(X, types, *noise.programs, rng)
    if noise.levels:
        X = _gene_levels(X, *noise.levels, rng)
    if noise.outlier:
        X = _outlier_genes(X, *noise.outlier, rng)
    if sizes is not None:
        X = _whole_library(X, sizes, noise.whole or 0.0, rng)
    elif noise.library:
        X = _library_size(X, *noise.library, rng)
    if noise.dropout:
        X = _dropout(X, *noise.dropout, rng)
    if noise.umi:
        X = _umi_counts(X, rng)
    if noise.amplification:
        X = _amplify(X, noise.amplification, rng)
    return X
