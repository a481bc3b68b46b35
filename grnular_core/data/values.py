"""Expression as a float64 matrix with names, from any table, and the checks on its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.blocks import Matrix, column_variance, parts
from grnular_core.data.names import Duplicates, preview
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

ValueKind = Literal["counts", "log values", "normalised values, not log", "scaled values"]
ValuesAre = Literal["auto", "counts", "log"]
KINDS: dict[str, ValueKind] = {"counts": "counts", "log": "log values"}  # of ValuesAre
# The square of a larger value does not fit single precision, in which networks are fitted.
LARGEST = 1e18
LARGEST_LOG = 30.0  # log2 of a billion; no logarithm of a count comes near
# What a correction in single precision leaves of a zero, relative to the largest value; and the
# gap to the smallest other value, without which small values are no rounding.
ROUNDING, GAP = 1e-6, 100.0
SAMPLE = 300  # cells that are looked at
EQUAL = 0.01  # totals of cells that differ by less, relative to their mean, were made equal
HALF = 0.5
TOTAL, FEW = 0.499, 9  # share of a column that holds the total of each cell, among more than so many genes
WHOLE = 1e9  # above it no fraction is seen
UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")  # a column without a header, by pandas


def as_matrix(
    expression: AnnData | pd.DataFrame, name: str, copy: bool = True
) -> tuple[Matrix, list[str], list[str]]:
    """Return the values of a table as a float64 matrix.

    Parameters
    ----------
    expression : AnnData or DataFrame
        Dense, csr, csc or backed; of an AnnData its ``X``.
    name : str
        How messages call the table.
    copy : bool
        Whether ``expression`` must stay as it is. Without a copy a csr matrix may become float64 in place, and
        shares its values with the result.

    Returns
    -------
    matrix : ndarray or csr_matrix, shape (rows, columns)
        A sparse one stores no zeros.
    rows, columns : list of str
        As in ``table_names``.

    Raises
    ------
    InputError
        For another type, an AnnData without ``X``, and values that are no real numbers.
    """
    rows, columns = table_names(expression, None, name)
    if isinstance(expression, pd.DataFrame):
        other = [
            column for column, kind in zip(expression.columns, expression.dtypes, strict=True)
            if getattr(kind, "subtype", kind).kind not in "iuf"
        ]  # fmt: skip
        if other:
            raise InputError(
                f"{name}: {len(other)} columns are not numeric ({preview(other)}); a column of "
                "names belongs into the index (set_index), numbers kept as text need astype(float)"
            )
        return expression.to_numpy(dtype=np.float64, copy=True, na_value=np.nan), rows, columns
    if expression.X is None:
        raise InputError(
            f"{name} has no X; pass --layer with one of its layers: {_layers(expression)}"
        )
    return _as_float(expression.X, name, copy), rows, columns


def table_names(
    expression: AnnData | pd.DataFrame, layer: str | None, name: str
) -> tuple[list[str], list[str]]:
    """Return row and column names as text without blanks around them; a missing name is empty.

    Parameters
    ----------
    expression : AnnData or DataFrame
    layer : str or None
    name : str
        How messages call the table.

    Returns
    -------
    rows, columns : list of str

    Raises
    ------
    InputError
        For another type, a layer that is not there, and names that pandas calls Unnamed.
    """
    from anndata import AnnData

    if isinstance(expression, pd.DataFrame):
        if layer is not None:
            raise InputError(f"{name} is a plain table without layers; leave layer {layer!r} out")
        rows, columns = expression.index, expression.columns
    elif not isinstance(expression, AnnData):
        raise InputError(
            f"{name} is a {type(expression).__name__}; expected a pandas DataFrame with names of "
            "cells and genes, or an AnnData (read_expression reads a file)"
        )
    elif is_raw(expression, layer):
        if expression.raw is None:
            raise InputError(
                f"{name} has no .raw; leave the layer out to use X, or name one of its layers "
                f"({_layers(expression)})"
            )
        rows, columns = expression.obs_names, expression.raw.var_names
    elif layer is not None and layer not in expression.layers:
        raise InputError(
            f"{name} has no layer {layer!r}; it has {_layers(expression)}, and X is taken where no "
            "layer is named"
        )
    else:
        rows, columns = expression.obs_names, expression.var_names
    texts = [
        ["" if pd.isna(label) is True else str(label).strip() for label in labels]
        for labels in (rows, columns)
    ]
    for names in texts:
        _refuse_unnamed(names, name)
    return texts[0], texts[1]


def _refuse_unnamed(names: Sequence[str], where: str) -> None:
    """Refuse a column of row numbers that was written as data: it must not become a gene or a cell."""
    unnamed = [name for name in names if UNNAMED.fullmatch(name)]
    if unnamed:
        raise InputError(
            f"{where} holds {', '.join(unnamed[:3])}, pandas' name for a column without a header, such as "
            "row numbers written twice; expected genes and cells. Drop it, or write the table again from "
            "one read with index_col=0 (or write row numbers not at all: index=False)"
        )


def is_raw(adata: AnnData, layer: str | None) -> bool:
    """Return whether ``layer`` means the raw slot: the word raw, unless only a layer has that name.

    Parameters
    ----------
    adata : AnnData
    layer : str or None
        Name given by the user.

    Returns
    -------
    bool
        True also where ``adata`` has neither a raw slot nor such a layer.
    """
    return layer == "raw" and (adata.raw is not None or "raw" not in adata.layers)


def check_values(
    matrix: Matrix, cells: Sequence[str], genes: Sequence[str], scaled: bool, where: str
) -> ValueKind:
    """Refuse values that no method can take, and return their kind.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
    cells, genes : sequence of str
        Names for messages.
    scaled : bool
        Whether negative values are meant so.
    where : str
        How messages call the table.

    Returns
    -------
    str
        Counts where most values are whole and no logarithms of whole ones; values divided by the
        totals of cells are not log; else log values where none is above ``LARGEST_LOG``; scaled
        values where some are negative.

    Raises
    ------
    InputError
        Less than two cells or genes; NaN, infinite or huge values, and negative ones unless
        ``scaled``.
    """
    if min(matrix.shape) < 2:
        raise InputError(
            f"{where} holds {matrix.shape[0]} cells x {matrix.shape[1]} genes; at least two of each "
            "are needed (hundreds of cells in practice). Was it filtered too hard? If the table is "
            "turned, pass --orientation"
        )
    values = matrix.data if sparse.issparse(matrix) else matrix
    for name, wrong, fix in (
        (
            "missing (NaN) values",
            np.isnan,
            "fill them in, or drop those genes or cells. After an outer join of datasets keep the genes of all "
            "(join='inner'): zeros for genes that one of them lacks tie these together",
        ),
        ("infinite values", np.isinf, "look for a division by zero or log(0) upstream"),
        (
            f"values beyond {LARGEST:g}",
            lambda v: np.abs(v) > LARGEST,
            "expected counts or log values; was exp applied twice?",
        ),
    ):
        if any(wrong(part).any() for part in parts(values)):
            raise InputError(f"{where} holds {_place(matrix, wrong, name, cells, genes)}; {fix}")
    if values.min(initial=0.0) < 0:
        if not scaled:
            found = _place(matrix, lambda v: v < 0, "negative values", cells, genes)
            raise InputError(
                f"{where} holds {found}; expected counts or log values. If these are scaled values "
                "(z-scores) and meant so, pass --scaled"
            )
        return "scaled values"
    if all(np.array_equal(part, np.rint(part)) for part in parts(values)):
        return "counts"
    if values.max() > LARGEST_LOG:
        return "normalised values, not log"
    sample = _sample(matrix)
    if _equal_totals(sample):
        return "normalised values, not log"
    if _surely_logged(sample):
        return "log values"
    return "counts" if _mostly_whole(sample) else "log values"


def value_notes(matrix: Matrix, genes: Sequence[str], kind: ValueKind, said: str) -> list[str]:
    """Describe the values, and name genes whose values lie far from those of the others.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
    genes : sequence of str
        Names for messages.
    kind : ValueKind
        Of ``check_values``.
    said : {"auto", "counts", "log"}
        What the user says that they are.

    Returns
    -------
    list of str
    """
    sample = _sample(matrix)
    look = f"{kind}; the largest is {matrix.max():.4g}"
    if KINDS.get(said, kind) != kind:
        look += f"; they are taken for {KINDS[said]}, as said"
    elif said == "auto" and kind == "log values" and not _surely_logged(sample):
        look += "; if they are counts with fractions, as after a correction for ambient RNA, say --values-are counts"
    notes = [f"values look like {look}"]
    if kind != "scaled values":
        far = np.asarray(genes, dtype=object)[_far_columns(sample, kind)]
        if len(far):
            notes.append(
                f"the values of {len(far)} genes ({preview(far)}) lie far above those of all others; are these columns "
                "of metadata or totals, such as an age? Drop what is no gene"
            )
    return notes


def without_rounding(matrix: Matrix) -> tuple[Matrix, list[str]]:
    """Set to zero what rounding has left of zeros: tiny values, far below all others.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
        Not changed.

    Returns
    -------
    matrix : Matrix
        The same where there is nothing of this kind.
    notes : list of str
        How many values count as 0.
    """
    values = matrix.data if sparse.issparse(matrix) else matrix
    largest = max(values.max(initial=0.0), -values.min(initial=0.0))
    if not np.isfinite(largest) or largest == 0:
        return matrix, []
    bound = ROUNDING * min(largest, 1e3)  # far below 1, however large the counts
    if not any(((part != 0) & (np.abs(part) < bound)).any() for part in parts(values)):
        return matrix, []
    size = np.abs(values)
    tiny = (size > 0) & (size < bound)
    others = size[size >= bound]
    if size[tiny].max() * GAP > others.min():
        return matrix, []
    n_tiny = int(tiny.sum())
    matrix = matrix.copy()
    (matrix.data if sparse.issparse(matrix) else matrix)[tiny] = 0.0
    if sparse.issparse(matrix):
        matrix.eliminate_zeros()
    return matrix, [
        f"{n_tiny} values next to zero ({size[tiny].max():.2g} at most) count as 0: a correction "
        "has left them by rounding"
    ]


def merge_duplicates(
    matrix: Matrix, genes: Sequence[str], rule: Duplicates
) -> tuple[Matrix, list[str]]:
    """Make one column of all that share a name.

    Parameters
    ----------
    matrix : Matrix, shape (cells, genes)
    genes : sequence of str
    rule : {"sum", "mean", "first", "max-variance"}
        How columns of the same name are merged; of equal variances the first column is taken.

    Returns
    -------
    matrix : Matrix, shape (cells, names)
    names : list of str
        In the order of first occurrence.
    """
    codes, names = pd.factorize(np.asarray(genes, dtype=object))
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


def _sample(matrix: Matrix) -> np.ndarray:
    """Up to ``SAMPLE`` cells, evenly spaced, dense."""
    rows = matrix[:: max(1, -(-matrix.shape[0] // SAMPLE))]
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows)


def _mostly_whole(sample: np.ndarray) -> bool:
    positive = sample[sample > 0]
    return positive.size > 0 and float((positive == np.rint(positive)).mean()) > HALF


def _equal_totals(sample: np.ndarray) -> bool:
    """Whether all cells have the same total."""
    totals = sample.sum(axis=1)
    totals = totals[totals > 0]
    return len(totals) > 1 and bool(np.ptp(totals) <= EQUAL * totals.mean())


def _surely_logged(sample: np.ndarray) -> bool:
    """Whether taking the logarithm back gives whole numbers, equal totals, or the same few values a cell.

    Each cell of normalised counts has few different values, the logarithms of 1, 2, 3 times one factor.
    """
    for base in (np.e, 2.0, 10.0):
        with np.errstate(over="ignore"):
            back = base**sample - 1
        if _equal_totals(back):
            return True
        if back.max() < WHOLE and np.abs(back - np.rint(back)).max() < EQUAL:
            return True
    seen = [row[row > 0] for row in sample]
    shares = [len(np.unique(np.round(row, 5))) / len(row) for row in seen if len(row) > 1]
    return bool(shares) and float(np.median(shares)) < HALF and not _mostly_whole(sample)


def _far_columns(sample: np.ndarray, kind: ValueKind) -> np.ndarray:
    """Columns that are half of each cell's total, and those far above the range of nearly all others."""
    totals = sample.sum(axis=1, keepdims=True)
    share = np.divide(sample, totals, out=np.zeros_like(sample), where=totals > 0)
    far = (np.median(share, axis=0) > TOTAL) & (sample.shape[1] > FEW)
    highest = sample.max(axis=0)
    if kind == "counts" or np.median(highest) > LARGEST_LOG:
        return far
    bound = 2 * np.quantile(highest, 0.9)
    return far | (np.median(sample, axis=0) > max(bound, 0 if kind == "log values" else LARGEST_LOG))


def _as_float(matrix: Any, name: str, copy: bool) -> Matrix:
    """Make an AnnData's matrix float64, csr or dense."""
    if hasattr(matrix, "to_memory"):  # sparse in a backed file; to_memory of the AnnData closes it
        matrix = matrix.to_memory()
    kind = np.dtype(matrix.dtype).kind
    if kind not in "iuf":
        raise InputError(
            f"{name} holds {matrix.dtype} values; expected integers or floats (astype(float))"
        )
    if not sparse.issparse(matrix):
        return np.array(matrix, dtype=np.float64, copy=copy or None)
    if copy or matrix.format != "csr":
        matrix = sparse.csr_matrix(matrix, dtype=np.float64, copy=True)
    if matrix.indptr.dtype != matrix.indices.dtype:
        # files may hold 64-bit row pointers beside 32-bit columns, which scipy refuses to clean in place
        kind = sparse.get_index_dtype(maxval=max(matrix.nnz, matrix.shape[1]))
        matrix.indptr, matrix.indices = (
            part.astype(kind, copy=False) for part in (matrix.indptr, matrix.indices)
        )
    # in the same object, which frees the narrower values
    matrix.data = matrix.data.astype(np.float64, copy=False)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _layers(adata: AnnData) -> str:
    return ", ".join(map(repr, adata.layers)) or "none"


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
