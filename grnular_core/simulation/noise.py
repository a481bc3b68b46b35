"""Technical noise of single-cell measurements, as the simulator SERGIO adds it to clean levels.

Four steps, each optional, in this order: outlier genes, library size, dropout, UMI counts
(Dibaeinia and Sinha 2020). Before them, and not in SERGIO: programs, by which many genes of a cell go up
and down together without any TF's doing, and levels, which differ between genes. After them, and not in
SERGIO: amplification, for protocols that count reads and not molecules. All take and return expression (cells,
genes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError


@dataclass(frozen=True)
class TechnicalNoise:
    """Which steps to take; the defaults take none.

    ``programs``: (how many, spread), see ``cell_programs``. ``levels``: (mean, standard deviation) of the
    log of a gene's mean, see ``gene_levels``.
    ``outlier``: (share of genes, mean and standard deviation of the log of their factor).
    ``library``: (mean, standard deviation) of the log of a cell's total; with ``whole`` that of all genes
    of a cell, of which these are a part, and ``whole`` the standard deviation of the log of what of its
    depth that total misses: see ``whole_library``. ``dropout``: (shape,
    percentile). ``umi``: draw Poisson counts. ``amplification``: the standard deviation of the log of
    what an entry is multiplied by, as where reads of amplified molecules are counted.
    """

    outlier: tuple[float, float, float] | None = None
    library: tuple[float, float] | None = None
    dropout: tuple[float, float] | None = None
    umi: bool = False
    programs: tuple[int, float] | None = None
    levels: tuple[float, float] | None = None
    amplification: float | None = None
    whole: float | None = None

    def __post_init__(self) -> None:
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
    if not (np.isfinite(mean) and 0 <= sd < np.inf):
        raise InputError(
            f"{what} takes the mean and standard deviation (0 or more) of a logarithm, got {mean} "
            f"and {sd}"
        )


def cell_programs(
    X: np.ndarray, types: np.ndarray, count: int, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Multiply by exp(sum of a f): ``count`` programs of activity f, to which genes respond by a.

    Every other program has an activity for each of the cell ``types`` (cells,), as what makes cell types
    differ; the others one for each cell, as its size, quality or phase. Activities are standard normal.
    Responses of the genes are normal around the program's mean response, such that what all programs
    do to the logarithm of a gene has about the standard deviation ``spread``.
    """
    part = spread / np.sqrt(2 * max(count, 1))
    response = rng.normal(rng.normal(0, part, (count, 1)), part, (count, X.shape[1]))
    activity = rng.standard_normal((len(X), count))
    of_types = rng.standard_normal((int(types.max(initial=0)) + 1, count))
    activity[:, ::2] = of_types[types, ::2]
    # programs of huge spread stay finite
    return X * np.exp(np.clip(activity @ response, -20, 20)).astype(X.dtype)


def gene_levels(X: np.ndarray, mean: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Scale every gene to a log-normal mean: how high it is expressed says nothing about its role.

    ``mean`` and ``sd`` are those of the mean's logarithm; a gene that is 0 everywhere stays so.
    """
    found = X.mean(0, dtype=np.float64)
    level = rng.lognormal(mean, sd, X.shape[1])
    return X * np.divide(level, found, out=np.zeros_like(level), where=found > 0).astype(X.dtype)


def outlier_genes(
    X: np.ndarray, share: float, mean: float, sd: float, rng: np.random.Generator
) -> np.ndarray:
    """Multiply each gene, with probability ``share``, by a log-normal factor.

    ``mean`` and ``sd`` are those of the factor's logarithm; one factor for all cells of a gene.
    """
    chosen = rng.random(X.shape[1]) < share
    factor = np.where(chosen, rng.lognormal(mean, sd, X.shape[1]), 1.0)
    return X * factor.astype(X.dtype)


def library_size(X: np.ndarray, mean: float, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Scale every cell to a log-normal total; an empty cell stays empty.

    ``mean`` and ``sd`` are those of the total's logarithm.
    """
    total = X.sum(1, keepdims=True, dtype=np.float64)
    size = rng.lognormal(mean, sd, (len(X), 1))
    return X * np.divide(size, total, out=np.zeros_like(size), where=total > 0).astype(X.dtype)


def cell_sizes(noise: TechnicalNoise, n_cells: int, rng: np.random.Generator) -> np.ndarray | None:
    """Totals (cells,) of whole cells where the noise has them, else None."""
    return None if noise.whole is None else rng.lognormal(*noise.library, n_cells)


def whole_library(
    X: np.ndarray, sizes: np.ndarray, missed: float, rng: np.random.Generator
) -> np.ndarray:
    """Scale every cell by its size (cells,), over the mean total of these genes.

    ``library_size`` gives these genes alone a total that does not depend on them: where one rises, all
    others fall. In published matrices they are a twentieth of a cell's genes, and the rest takes that up.
    ``missed`` is the standard deviation of the log of another factor of each cell, which no total shows.
    """
    total = X.sum(1, dtype=np.float64).mean()
    factor = sizes / total if total > 0 else np.zeros_like(sizes)
    factor = factor * rng.lognormal(0, missed, len(X))
    return X * factor[:, None].astype(X.dtype)


def dropout(X: np.ndarray, shape: float, percentile: float, rng: np.random.Generator) -> np.ndarray:
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


def umi_counts(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Poisson counts with the levels as means."""
    return rng.poisson(X).astype(X.dtype)


def amplified(X: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
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
    """Take the steps that ``noise`` names: programs and levels, then SERGIO's in its order, then amplification.

    ``X`` (cells, genes) of cell ``types`` (cells,) is left as it is. ``sizes`` are those of ``cell_sizes``.
    """
    if noise.programs:
        X = cell_programs(X, types, *noise.programs, rng)
    if noise.levels:
        X = gene_levels(X, *noise.levels, rng)
    if noise.outlier:
        X = outlier_genes(X, *noise.outlier, rng)
    if sizes is not None:
        X = whole_library(X, sizes, noise.whole or 0.0, rng)
    elif noise.library:
        X = library_size(X, *noise.library, rng)
    if noise.dropout:
        X = dropout(X, *noise.dropout, rng)
    if noise.umi:
        X = umi_counts(X, rng)
    if noise.amplification:
        X = amplified(X, noise.amplification, rng)
    return X
