"""Sums over large matrices, a block of values at a time: a copy of all would double the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

Matrix = np.ndarray | sparse.spmatrix | sparse.sparray
PART = 1 << 22  # values of a block


def log_normalised(matrix: Matrix, copy: bool = True) -> Matrix:
    """Scale every cell to the median total of the cells, then take log(1 + x).

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (cells, genes)
        Counts. A cell without any does not count for the median and stays one of zeros.
    copy : bool
        Whether ``matrix`` must stay as it is.

    Returns
    -------
    ndarray or csr_matrix, shape (cells, genes)
        ``matrix`` itself, changed, where it is sparse and need not stay.
    """
    scale = _to_median_total(matrix)
    if not sparse.issparse(matrix):
        return np.log1p(matrix * scale[:, None])
    matrix = matrix.copy() if copy else matrix
    for rows, stored in _row_blocks(matrix):
        part = matrix.data[stored]
        np.log1p(part * _by_value(scale, matrix, rows), out=part)
    return matrix


def column_variance(matrix: Matrix, normalise: bool = False) -> np.ndarray:
    """Return the population variance of each gene, shape (genes,).

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
        Dense or csr.
    normalise : bool
        Of ``log_normalised`` values, without making them all at once.

    Returns
    -------
    ndarray of float64, shape (genes,)
        Never negative.
    """
    if not sparse.issparse(matrix):
        return np.var(log_normalised(matrix) if normalise else matrix, axis=0)
    matrix = matrix.tocsr()
    scale = _to_median_total(matrix) if normalise else None
    n_cells, n_genes = matrix.shape
    total, square = np.zeros(n_genes), np.zeros(n_genes)
    for rows, stored in _row_blocks(matrix):
        values, genes = matrix.data[stored], matrix.indices[stored]
        if scale is not None:
            values = np.log1p(values * _by_value(scale, matrix, rows))
        total += np.bincount(genes, values, n_genes)
        square += np.bincount(genes, np.square(values), n_genes)
    return np.maximum(square / n_cells - (total / n_cells) ** 2, 0.0)


def constant_columns(matrix: Matrix) -> np.ndarray:
    """Find the genes that have the same value in every cell, bool, shape (genes,); no tolerance.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)

    Returns
    -------
    ndarray of bool, shape (genes,)
    """
    if not sparse.issparse(matrix):
        return np.ptp(matrix, axis=0) == 0
    matrix = matrix.tocsr()
    n_cells, n_genes = matrix.shape
    seen = np.zeros(n_genes, dtype=np.int64)
    for _, stored in _row_blocks(matrix):
        seen += np.bincount(matrix.indices[stored][matrix.data[stored] != 0], minlength=n_genes)
    constant = seen == 0
    everywhere = np.flatnonzero(seen == n_cells)
    if len(everywhere):
        there = matrix[:, everywhere]
        high, low = (np.asarray(of(axis=0).todense()).ravel() for of in (there.max, there.min))
        constant[everywhere] = high == low
    return constant


def without_columns(matrix: Matrix, out: np.ndarray) -> Matrix:
    """Leave out columns; those of zeros without a copy of the values.

    Parameters
    ----------
    matrix : ndarray or csr_matrix, shape (cells, genes)
        A csr matrix is used up where only columns of zeros go.
    out : ndarray of bool, shape (genes,)

    Returns
    -------
    ndarray or csr_matrix, shape (cells, genes - out.sum())
    """
    kept = np.flatnonzero(~out)
    if not sparse.issparse(matrix) or any(out[part].any() for part in parts(matrix.indices)):
        return matrix[:, kept]
    place = (np.cumsum(~out) - 1).astype(matrix.indices.dtype)
    for part in parts(matrix.indices):
        part[:] = place[part]
    stored = (matrix.data, matrix.indices, matrix.indptr)
    return sparse.csr_matrix(stored, shape=(matrix.shape[0], len(kept)))


def count_detected(matrix: Matrix, axis: int) -> np.ndarray:
    """Count the values other than 0 along an axis.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
        Dense or csr.
    axis : {0, 1}
        0 counts the cells of each gene, 1 the genes of each cell.

    Returns
    -------
    ndarray of int, shape (genes,) or (cells,)
    """
    if sparse.issparse(matrix) and matrix.data.all():
        return matrix.getnnz(axis)
    return np.asarray((matrix != 0).sum(axis)).ravel()


def parts(values: np.ndarray) -> Iterator[np.ndarray]:
    """Return all values, ``PART`` at a time, as they lie in memory.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    iterator of ndarray, each (n,)
        Views where the values lie together.
    """
    flat = values.ravel(order="K")
    return (flat[i : i + PART] for i in range(0, len(flat), PART))


def _to_median_total(matrix: Matrix) -> np.ndarray:
    """Factors (cells,) that bring the total of every cell to the median one; 0 for a cell of zeros."""
    total = np.asarray(matrix.sum(axis=1), dtype=float).ravel()
    there = total > 0
    middle = np.median(total[there]) if there.any() else 1.0
    return np.divide(middle, total, out=np.zeros_like(total), where=there)


def _row_blocks(matrix: sparse.csr_matrix) -> Iterator[tuple[slice, slice]]:
    """Cells of about ``PART`` values, and where these are stored."""
    edges = np.searchsorted(matrix.indptr, np.arange(0, matrix.nnz, PART), side="left")
    edges = np.unique([0, *edges, matrix.shape[0]])
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        yield slice(start, stop), slice(*matrix.indptr[[start, stop]])


def _by_value(of_cells: np.ndarray, matrix: sparse.csr_matrix, rows: slice) -> np.ndarray:
    """Repeat a number of every cell for each of its stored values."""
    return np.repeat(of_cells[rows], np.diff(matrix.indptr[rows.start : rows.stop + 1]))
