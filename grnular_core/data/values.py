"""Checks on the numbers of an expression matrix, shape (cells, genes), dense or sparse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import Duplicates
from grnular_core.utils.errors import InputError

Matrix = np.ndarray | sparse.spmatrix | sparse.sparray
ValueKind = Literal["counts", "log values", "normalised values, not log", "scaled values"]
# The square of a larger value does not fit single precision, in which networks are fitted.
LARGEST = 1e18
LARGEST_LOG = 30.0  # log2 of a billion; no logarithm of a count comes near


def check_size(n_cells: int, n_genes: int, where: str) -> None:
    """At least two cells and two genes."""
    if n_cells == 0 or n_genes == 0:
        raise InputError(
            f"{where} holds no data: {n_cells} cells x {n_genes} genes; was it filtered too hard?"
        )
    if n_cells == 1:
        raise InputError(
            f"{where} holds one cell; a network is inferred from how genes vary over cells, "
            "so at least 2 are needed (hundreds in practice). If the table is turned, pass "
            "--orientation"
        )
    if n_genes == 1:
        raise InputError(
            f"{where} holds one gene; at least a TF and a target are needed. If the table is "
            "turned, pass --orientation"
        )


def check_values(
    matrix: Matrix, cells: Sequence[str], genes: Sequence[str], scaled: bool, where: str
) -> ValueKind:
    """Refuse NaN, infinite, huge and (unless ``scaled``) negative values; say their kind."""
    values = matrix.data if sparse.issparse(matrix) else matrix
    for name, wrong, fix in (
        ("missing (NaN) values", np.isnan, "fill them in, or drop those genes or cells"),
        ("infinite values", np.isinf, "look for a division by zero or log(0) upstream"),
        (
            f"values beyond {LARGEST:g}",
            lambda v: np.abs(v) > LARGEST,
            "expected counts or log values; was exp applied twice?",
        ),
    ):
        if wrong(values).any():
            raise InputError(f"{where} holds {_place(matrix, wrong, name, cells, genes)}; {fix}")
    if (values < 0).any():
        if not scaled:
            found = _place(matrix, lambda v: v < 0, "negative values", cells, genes)
            raise InputError(
                f"{where} holds {found}; expected counts or log values. If these are scaled values "
                "(z-scores) and meant so, pass --scaled"
            )
        return "scaled values"
    if np.array_equal(values, np.rint(values)):
        return "counts"
    return "log values" if values.max() <= LARGEST_LOG else "normalised values, not log"


def log_normalised(matrix: Matrix) -> Matrix:
    """Every cell scaled to the median total of the cells that have any, then log(1 + x); a new matrix.

    Cells x genes, dense or csr; a cell without any value stays one of zeros.
    """
    total = np.asarray(matrix.sum(axis=1), dtype=float).ravel()
    there = total > 0
    middle = np.median(total[there]) if there.any() else 1.0
    scale = np.divide(middle, total, out=np.zeros_like(total), where=there)
    if sparse.issparse(matrix):
        return sparse.csr_matrix(sparse.diags(scale) @ matrix).log1p()
    return np.log1p(matrix * scale[:, None])


def column_variance(matrix: Matrix) -> np.ndarray:
    """Population variance of each gene, shape (genes,)."""
    if sparse.issparse(matrix):
        mean = np.asarray(matrix.mean(axis=0)).ravel()
        square = np.asarray(matrix.multiply(matrix).mean(axis=0)).ravel()
        return np.maximum(square - mean**2, 0.0)
    return np.var(matrix, axis=0)


def constant_columns(matrix: Matrix) -> np.ndarray:
    """Which genes have the same value in every cell, shape (genes,), bool; exact, no tolerance."""
    if sparse.issparse(matrix):
        highest = np.asarray(matrix.max(axis=0).todense()).ravel()
        lowest = np.asarray(matrix.min(axis=0).todense()).ravel()
        return highest == lowest
    return np.ptp(matrix, axis=0) == 0


def merge_duplicates(
    matrix: Matrix, genes: Sequence[str], rule: Duplicates
) -> tuple[Matrix, list[str]]:
    """One column for each name, in the order of first occurrence."""
    codes, names = pd.factorize(np.asarray(genes, dtype=object))
    if len(names) == len(genes):
        return matrix, list(genes)
    if rule in ("sum", "mean"):
        weight = np.ones(len(codes)) if rule == "sum" else 1.0 / np.bincount(codes)[codes]
        fold = sparse.csr_matrix((weight, (np.arange(len(codes)), codes)))
        return matrix @ fold, list(names)
    if rule == "first":
        keep = np.unique(codes, return_index=True)[1]
    else:
        best = np.lexsort((np.arange(len(codes)), -column_variance(matrix), codes))
        keep = best[np.unique(codes[best], return_index=True)[1]]
    return matrix[:, keep], list(names)


def _place(
    matrix: Matrix,
    wrong: Callable[[np.ndarray], np.ndarray],
    what: str,
    cells: Sequence[str],
    genes: Sequence[str],
) -> str:
    """How many values are wrong, and the cell and gene of the first."""
    if sparse.issparse(matrix):
        matrix = matrix.tocoo()
        at = np.flatnonzero(wrong(matrix.data))
        at = at[np.lexsort((matrix.col[at], matrix.row[at]))]
        rows, columns = matrix.row[at], matrix.col[at]
    else:
        rows, columns = np.nonzero(wrong(matrix))
    return f"{len(rows)} {what}, the first at cell {cells[rows[0]]}, gene {genes[columns[0]]}"
