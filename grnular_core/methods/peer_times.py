"""How long methods other than GRNULar take on a CPU, said before they start.

The work of each is counted by what its algorithm does with cells, genes and TFs; what a unit of it takes is
fitted to seconds that were measured, for trees, TIGRESS, GLAD-TF and RegDiffusion those in the record
(``tests/methods/test_peer_times.py`` holds them to these). The time of boosted trees also depends on when they stop:
where there is little to learn, up to nine times sooner than is said. Machines differ, too: all this is rough.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

# (cells, genes, TFs) -> seconds
Law = Callable[[int, int, int], float]


def _forests(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """A forest for each gene; every split looks at the square root of all TFs."""
    return 1.3e-4 * n_cells * n_genes * math.sqrt(n_tfs)


def _boosting(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """Trees for each gene until they stop; every split looks at a share of all TFs."""
    return n_cells * n_genes * (3.4e-7 * n_tfs + 1.3e-5)


def _tigress(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """For each half of the cells: products of all TFs and genes, a path for each gene, standardising."""
    products = 1.4e-8 * n_cells * n_tfs * (n_tfs + n_genes)
    return products + n_genes * (3.9e-5 * n_tfs + 1.8e-6 * n_cells + 9e-4)


def _diffusion(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """A number of steps that is always the same, each on one batch of cells and on genes x genes."""
    return 0.2 * n_genes + 9.3e-5 * n_genes**2


def _unrolled_lasso(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """Square roots and products of matrices, genes x genes."""
    return 1.5e-6 * n_genes**2 + 2.4e-10 * n_genes**3


def _standardised(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """Standardising takes longer than the product that follows."""
    return 4.7e-8 * n_cells * n_genes


def _clustered(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """Principal components and k-means, then products in each cluster."""
    return 1.1e-7 * n_cells * n_genes


def _ridges(n_cells: int, n_genes: int, n_tfs: int) -> float:
    """For every penalty the coefficients and the errors of all genes."""
    return n_genes * (1.1e-6 * n_tfs + 1.7e-7 * n_cells + 3e-10 * n_cells * n_tfs)


ON_ALL_CORES: dict[str, Law] = {"genie3": _forests, "grnboost2": _boosting, "tigress": _tigress}
# these leave their cores to numpy and torch: seconds as measured, which more cores shorten little
AS_MEASURED: dict[str, Law] = {
    "regdiffusion": _diffusion,
    "glad": _unrolled_lasso,
    "glad-tf": _unrolled_lasso,
    "correlation": _standardised,
    "clr": _standardised,
    "within-clusters": _clustered,
    "ridge": _ridges,
}
LAWS = {**ON_ALL_CORES, **AS_MEASURED}


def peer_seconds(
    n_cells: int, n_genes: int, n_tfs: int, method: str, n_jobs: int = -1
) -> float | None:
    """Rough seconds of one run with ``n_jobs`` processes (-1: one for each core); None for a method
    that has no law, as ``glasso``, whose time the sizes do not tell. Less than a second is right only as that."""
    if method not in LAWS:
        return None
    seconds = LAWS[method](n_cells, n_genes, n_tfs)
    if method in AS_MEASURED:
        return seconds
    cores = os.cpu_count() or 1
    return seconds / (cores if n_jobs < 1 else min(n_jobs, cores))
