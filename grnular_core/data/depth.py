"""Depth of cells: how many counts each has, also where a file holds their logarithms alone.

Counts that were divided by a cell's total, and perhaps logged, are whole multiples of what one count became, the cell's
smallest value: divided by it they are counts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import sparse

from grnular_core.data.blocks import Matrix
from grnular_core.data.values import ValueKind

WHOLE = 5000  # genes from which totals are those of whole cells
SAMPLE = 300  # cells that are looked at, or up to twice as many
NEAR, NEARLY_ALL = 0.05, 0.95  # distance to a whole number; share of a cell's values and of cells
BASES = (np.e, 2.0, 10.0)


def median_depth(matrix: Matrix, kind: ValueKind) -> float | None:
    """Return the median number of counts of a cell.

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (cells, genes)
        All genes of a file, before any are left out and before values are normalised.
    kind : ValueKind
        Of ``values.check_values``.

    Returns
    -------
    float or None
        None of values that no counts can be had of, and of fewer than ``WHOLE`` genes, whose totals are not those of
        whole cells.
    """
    if matrix.shape[1] < WHOLE or kind == "scaled values":
        return None
    sample = matrix[:: max(matrix.shape[0] // SAMPLE, 1)]
    if kind == "counts":
        return float(np.median(np.asarray(sample.sum(axis=1))))
    if kind == "log values":
        with np.errstate(over="ignore"):
            unlogged = ([base**cell - 1 for cell in _positive(sample)] for base in BASES)
            return next((depth for cells in unlogged if (depth := _restored_depth(cells)) is not None), None)
    return _restored_depth(_positive(sample))


def _positive(sample: Matrix) -> Iterator[np.ndarray]:
    """Yield the values above 0 of each cell that has any."""
    rows = sparse.csr_matrix(sample)
    cells = (rows.data[start:end] for start, end in zip(rows.indptr, rows.indptr[1:], strict=False))
    return (cell[cell > 0] for cell in cells if (cell > 0).any())


def _restored_depth(cells: Iterable[np.ndarray]) -> float | None:
    """Median of total over smallest value; None where values are no multiples of it in nearly all cells."""
    counts = [cell / cell.min() for cell in cells]
    whole = [np.mean(np.abs(cell - np.rint(cell)) <= NEAR) >= NEARLY_ALL for cell in counts]
    if not whole or np.mean(whole) < NEARLY_ALL:
        return None
    return float(np.median([cell.sum() for cell in counts]))
