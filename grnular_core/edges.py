"""The edge table, the one format in which every method answers.

Columns ``regulator, target, weight, sign, rank``: one row per predicted interaction, strongest
first. ``weight`` is non-negative and only its order carries meaning (weights of two methods are not
comparable); ``sign`` is +1 (activates), -1 (represses) or 0 (unknown); ``rank`` counts from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.errors import InputError
from grnular_core.files import atomic_write

EDGE_COLUMNS = ("regulator", "target", "weight", "sign", "rank")


def edge_table(
    scores: np.ndarray,
    tfs: Sequence[str],
    genes: Sequence[str],
    signs: np.ndarray | None = None,
) -> pd.DataFrame:
    """Turn a score matrix into an edge table.

    ``scores`` has shape (tfs, genes), ``scores[i, j]`` being the strength of ``tfs[i] -> genes[j]``;
    ``signs``, of the same shape, gives the direction of the effect. Zeros and self-loops are left
    out. Equal weights are ordered by regulator, then target name, so that the table never depends
    on the order of the columns.

    Raises ``InputError`` when a score is not finite or negative, or when shapes disagree.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (len(tfs), len(genes)):
        raise InputError(
            f"scores have shape {scores.shape}, expected ({len(tfs)} tfs, {len(genes)} genes)"
        )
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise InputError("scores hold NaN, infinite or negative values; a weight is finite and >= 0")
    row, column = np.nonzero(scores)
    tfs, genes = np.asarray(tfs, dtype=object), np.asarray(genes, dtype=object)
    other = tfs[row] != genes[column]
    row, column = row[other], column[other]
    table = pd.DataFrame(
        {
            "regulator": tfs[row],
            "target": genes[column],
            "weight": scores[row, column],
            "sign": 0 if signs is None else np.sign(np.asarray(signs)[row, column]).astype(int),
        }
    )
    return ranked(table)


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by falling weight (ties by name) and number the rows: a complete edge table."""
    table = table.sort_values(
        ["weight", "regulator", "target"], ascending=[False, True, True], kind="mergesort"
    ).reset_index(drop=True)
    table["rank"] = np.arange(1, len(table) + 1)
    return table[list(EDGE_COLUMNS)]


def write_edges(edges: pd.DataFrame, path: str | Path) -> None:
    """Write an edge table as csv (gzip when the name ends in ``.gz``), whole or not at all."""
    path = Path(path)
    compression = "gzip" if path.suffix == ".gz" else None
    with atomic_write(path) as part:
        edges.to_csv(part, index=False, float_format="%.10g", compression=compression)


def read_edges(path: str | Path) -> pd.DataFrame:
    """Read an edge table; ``sign`` and ``rank`` may be missing (unknown sign, rank by weight).

    Raises ``InputError`` that names the columns found when ``regulator``, ``target`` or ``weight``
    is missing, or when a weight is not a finite number.
    """
    path = Path(path)
    try:
        table = pd.read_csv(
            path, sep=None, engine="python", dtype={"regulator": str, "target": str}, keep_default_na=False
        )
    except FileNotFoundError as error:
        raise InputError(f"no edge table at {path}") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} is not a readable csv or tsv table: {error}") from error
    missing = [c for c in ("regulator", "target", "weight") if c not in table.columns]
    if missing:
        raise InputError(
            f"{path} has the columns {list(table.columns)[:8]}; missing {missing}. "
            "An edge table has regulator,target,weight and may have sign,rank"
        )
    weight = pd.to_numeric(table["weight"], errors="coerce")
    if not np.isfinite(weight).all():
        first = int(np.flatnonzero(~np.isfinite(weight))[0])
        raise InputError(
            f"{path}, data row {first + 1}: weight {table['weight'].iloc[first]!r} is not a finite number"
        )
    table["weight"] = weight.abs()
    if "sign" not in table:
        table["sign"] = np.sign(weight).astype(int) if (weight < 0).any() else 0
    return ranked(table)
