"""Any table of expression as a float64 matrix with names; the caller's object is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import refuse_unnamed, shown
from grnular_core.data.values import Matrix
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def as_matrix(
    expression: AnnData | pd.DataFrame, layer: str | None, name: str
) -> tuple[Matrix, list[str], list[str]]:
    """A float64 copy, dense or csr, with its row and column names.

    Raises ``InputError`` for another type, a layer that is not there, and values that are no
    real numbers.
    """
    rows, columns = table_names(expression, layer, name)
    if isinstance(expression, pd.DataFrame):
        _refuse_other_columns(expression, name)
        return expression.to_numpy(dtype=np.float64, copy=True, na_value=np.nan), rows, columns
    if is_raw(expression, layer):
        matrix = expression.raw.X
    else:
        matrix = expression.X if layer is None else expression.layers[layer]
    if matrix is None:
        if not expression.layers:
            raise InputError(f"{name} has no X and no layers: there is no expression in it")
        raise InputError(f"{name} has no X; pass --layer with one of {_layers(expression)}")
    return _as_float(matrix, name), rows, columns


def table_names(
    expression: AnnData | pd.DataFrame, layer: str | None, name: str
) -> tuple[list[str], list[str]]:
    """Row and column names as text without blanks around them; a missing name is empty."""
    rows, columns = _names(expression, layer, name)
    for names in (rows, columns):
        refuse_unnamed(names, name)
    return rows, columns


def _names(
    expression: AnnData | pd.DataFrame, layer: str | None, name: str
) -> tuple[list[str], list[str]]:
    from anndata import AnnData

    if isinstance(expression, pd.DataFrame):
        if layer is not None:
            raise InputError(
                f"layer {layer!r} asked of {name}, which is a plain table without layers; leave "
                "it out"
            )
        return _texts(expression.index), _texts(expression.columns)
    if not isinstance(expression, AnnData):
        raise InputError(
            f"{name} is a {type(expression).__name__}; expected a pandas DataFrame with names of "
            "cells and genes, or an AnnData (read_expression reads a file)"
        )
    if is_raw(expression, layer):
        if expression.raw is None:
            raise InputError(
                f"{name} has no .raw; leave the layer out to use X, or name one of its layers "
                f"({_layers(expression)})"
            )
        return _texts(expression.obs_names), _texts(expression.raw.var_names)
    if layer is not None and layer not in expression.layers:
        default = ". X is taken where no layer is named" if layer == "X" else ""
        raise InputError(f"{name} has no layer {layer!r}; it has {_layers(expression)}{default}")
    return _texts(expression.obs_names), _texts(expression.var_names)


def is_raw(adata: AnnData, layer: str | None) -> bool:
    """Whether ``layer`` means the raw slot: the word raw, unless only a layer has that name."""
    return layer == "raw" and (adata.raw is not None or "raw" not in adata.layers)


def _texts(names: pd.Index) -> list[str]:
    return ["" if pd.isna(name) is True else str(name).strip() for name in names]


def _layers(adata: AnnData) -> str:
    return ", ".join(map(repr, adata.layers)) or "none"


def _refuse_other_columns(table: pd.DataFrame, name: str) -> None:
    """Every column must hold integers or floats."""
    other = [
        column for column, kind in zip(table.columns, table.dtypes, strict=True)
        if getattr(kind, "subtype", kind).kind not in "iuf"
    ]  # fmt: skip
    if other:
        raise InputError(
            f"{name}: {len(other)} columns are not numeric ({shown(other)}); a column of names "
            "belongs into the index (set_index), numbers kept as text need astype(float)"
        )


def _as_float(matrix: Any, name: str) -> Matrix:
    """A float64 copy of an AnnData's matrix, csr or dense."""
    if hasattr(matrix, "to_memory"):  # sparse in a backed file; to_memory of the AnnData closes it
        matrix = matrix.to_memory()
    kind = np.dtype(matrix.dtype).kind
    if kind not in "iuf":
        raise InputError(
            f"{name} holds {matrix.dtype} values; expected integers or floats (astype(float))"
        )
    if not sparse.issparse(matrix):
        return np.array(matrix, dtype=np.float64, copy=True)
    matrix = sparse.csr_matrix(matrix, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    return matrix
