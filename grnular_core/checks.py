"""Checks on a table of expression before any method sees it.

Each function looks at one thing and either returns what it found or refuses with an ``InputError``
that says what was got, what was expected and the likely fix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.errors import InputError

Matrix = np.ndarray | sparse.spmatrix | sparse.sparray
Orientation = Literal["auto", "cells-x-genes", "genes-x-cells"]
Match = Literal["exact", "ignore-case", "ignore-version"]
Duplicates = Literal["error", "sum", "mean", "first", "max-variance"]
ValueKind = Literal["counts", "log or normalised", "scaled"]


def shown(names: Sequence[object], most: int = 5) -> str:
    """A short list of names for a message: the first few, and how many more."""
    names = [str(n) for n in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def name_key(name: str, match: Match) -> str:
    """The form in which two names are compared."""
    if match == "ignore-case":
        return name.upper()
    if match == "ignore-version":
        stem, dot, version = name.rpartition(".")
        return stem if dot and version.isdigit() else name
    return name


def match_names(wanted: Sequence[str], genes: Sequence[str], match: Match = "exact") -> list[str]:
    """Genes, in their own order, that occur in ``wanted`` under the rule ``match``."""
    keys = {name_key(name, match) for name in wanted}
    return [gene for gene in genes if name_key(gene, match) in keys]


def renamed(names: pd.Series, genes: Sequence[str], match: Match) -> pd.Series:
    """Names spelled as the gene they match; names that match none are left as they are.

    Raises ``InputError`` when, under a loose rule, two genes share one form.
    """
    if match == "exact":
        return names
    keys = [name_key(gene, match) for gene in genes]
    if len(set(keys)) < len(keys):
        repeated = pd.Series(keys)[pd.Series(keys).duplicated()]
        raise InputError(f"--match {match} makes several genes the same: {shown(list(repeated))}")
    spelled = dict(zip(keys, genes, strict=True))
    return names.map(lambda name: spelled.get(name_key(name, match), name))


def check_truth(truth: pd.DataFrame, genes: Sequence[str], match: Match, where: str) -> None:
    """At least one edge of the truth must lie between two different genes of the data."""
    inside = truth["regulator"].isin(genes) & truth["target"].isin(genes)
    if not (inside & (truth["regulator"] != truth["target"])).any():
        names = list(pd.unique(truth[["regulator", "target"]].to_numpy().ravel()))
        raise InputError(
            f"no edge of the truth ({len(truth)} edges, e.g. {shown(names, 3)}) lies between two genes "
            f"of {where} ({shown(genes, 3)}).{_match_hint(names, genes, match)}"
        )


def check_size(n_cells: int, n_genes: int, where: str) -> None:
    """At least two cells and two genes."""
    if n_cells == 0 or n_genes == 0:
        raise InputError(f"{where} holds no data: {n_cells} cells x {n_genes} genes")
    if n_cells == 1:
        raise InputError(
            f"{where} holds one cell; a network is inferred from how genes vary over cells, "
            "so at least 2 are needed (hundreds in practice). If the table is genes x cells, "
            "pass --orientation genes-x-cells"
        )
    if n_genes == 1:
        raise InputError(f"{where} holds one gene; at least a TF and a target are needed")


def choose_orientation(
    rows: Sequence[str],
    columns: Sequence[str],
    tfs: Sequence[str] | None,
    orientation: Orientation = "auto",
    match: Match = "exact",
    where: str = "the expression table",
) -> tuple[bool, str]:
    """Decide whether genes are the columns. Returns (genes are columns, a sentence that says why).

    ``auto`` counts the TFs found among row names and among column names. Raises ``InputError``
    with names and counts when neither or both hold TFs.
    """
    if orientation == "cells-x-genes":
        return True, "genes are the columns, as told"
    if orientation == "genes-x-cells":
        return False, "genes are the rows, as told"
    if orientation != "auto":
        raise InputError(
            f"orientation {orientation!r}; expected auto, cells-x-genes or genes-x-cells"
        )
    if tfs is None:
        raise InputError(
            f"cannot tell whether the rows ({shown(rows, 3)}) or the columns ({shown(columns, 3)}) "
            f"of {where} are genes without a TF list; pass --orientation"
        )
    in_rows, in_columns = len(match_names(tfs, rows, match)), len(match_names(tfs, columns, match))
    counts = (
        f"{in_rows} of {len(rows)} row names ({shown(rows, 3)}) and {in_columns} of "
        f"{len(columns)} column names ({shown(columns, 3)}) are in the TF list"
    )
    if in_rows == 0 and in_columns == 0:
        raise InputError(
            f"no TF of the list ({len(tfs)} names: {shown(tfs, 3)}) occurs in {where}: {counts}."
            f"{_match_hint(tfs, [*rows, *columns], match)}"
        )
    if min(in_rows, in_columns) * 5 > max(in_rows, in_columns):
        raise InputError(
            f"cannot tell whether rows or columns of {where} are genes: {counts}; pass --orientation"
        )
    axis = "columns" if in_columns > in_rows else "rows"
    return in_columns > in_rows, f"genes are the {axis}: {counts}"


def _match_hint(tfs: Sequence[str], names: Sequence[str], match: Match) -> str:
    """What a looser comparison of names would find."""
    for rule in ("ignore-case", "ignore-version"):
        found = len(match_names(tfs, names, rule)) if rule != match else 0
        if found:
            return f" With --match {rule} {found} would match"
    return " Is it the list of another species, or symbols against Ensembl ids?"


def check_names(genes: Sequence[str], duplicates: Duplicates, where: str) -> list[str]:
    """Names that occur more than once; an error unless a rule for them was given."""
    blank = [i for i, gene in enumerate(genes) if not str(gene).strip()]
    if blank:
        raise InputError(f"{where}: gene number {blank[0] + 1} has no name ({len(blank)} in all)")
    counts = pd.Series(list(genes)).value_counts(sort=False)
    repeated = [str(name) for name in counts.index[counts > 1]]
    if repeated and duplicates == "error":
        raise InputError(
            f"{where}: {len(repeated)} gene names occur more than once ({shown(repeated)}); "
            "say what to do with them: --duplicates sum, mean, first or max-variance"
        )
    return repeated


def merge_duplicates(
    matrix: Matrix, genes: Sequence[str], rule: Duplicates
) -> tuple[Matrix, list[str]]:
    """One column for each name, in the order of first occurrence. ``matrix`` is (cells, genes)."""
    codes, names = pd.factorize(np.asarray(genes, dtype=object))
    if len(names) == len(genes):
        return matrix, list(genes)
    if rule in ("sum", "mean"):
        weight = 1.0 if rule == "sum" else 1.0 / np.bincount(codes)[codes]
        weight = np.broadcast_to(weight, codes.shape)
        fold = sparse.csr_matrix((weight, (np.arange(len(codes)), codes)))
        return matrix @ fold, list(names)
    if rule == "first":
        keep = np.unique(codes, return_index=True)[1]
    else:
        best = np.lexsort((np.arange(len(codes)), -column_variance(matrix), codes))
        keep = best[np.unique(codes[best], return_index=True)[1]]
    return matrix[:, keep], list(names)


def column_variance(matrix: Matrix) -> np.ndarray:
    """Population variance of each gene, shape (genes,), for dense and sparse (cells, genes)."""
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


def check_values(
    matrix: Matrix, cells: Sequence[str], genes: Sequence[str], scaled: bool, where: str
) -> ValueKind:
    """Refuse NaN, infinite and (unless ``scaled``) negative values; say what kind they are."""
    values = matrix.data if sparse.issparse(matrix) else matrix
    for name, wrong, fix in (
        ("missing (NaN) values", np.isnan, "fill them in or drop those genes or cells"),
        ("infinite values", np.isinf, "look for a division by zero or log(0) upstream"),
    ):
        if wrong(values).any():
            cell, gene, count = _first(matrix, wrong)
            raise InputError(
                f"{where} holds {count} {name}, the first at cell {cells[cell]}, gene {genes[gene]}; {fix}"
            )
    if (values < 0).any():
        if not scaled:
            cell, gene, count = _first(matrix, lambda v: v < 0)
            raise InputError(
                f"{where} holds {count} negative values, the first at cell {cells[cell]}, gene "
                f"{genes[gene]}; expected counts or log-normalised expression. If these are scaled "
                "values (z-scores) and meant so, pass --scaled"
            )
        return "scaled"
    return "counts" if np.array_equal(values, np.rint(values)) else "log or normalised"


def _first(matrix: Matrix, wrong) -> tuple[int, int, int]:
    """Cell, gene and count of the values for which ``wrong`` holds."""
    if sparse.issparse(matrix):
        matrix = matrix.tocoo()
        at = np.flatnonzero(wrong(matrix.data))
        order = np.lexsort((matrix.col[at], matrix.row[at]))
        return int(matrix.row[at[order[0]]]), int(matrix.col[at[order[0]]]), len(at)
    rows, columns = np.nonzero(wrong(matrix))
    return int(rows[0]), int(columns[0]), len(rows)


def choose_tfs(
    tfs: Sequence[str] | None, genes: Sequence[str], match: Match, where: str
) -> tuple[list[str], list[str], str]:
    """TFs in the data (gene order), TFs of the list that are missing, and a sentence about both."""
    if tfs is None:
        return list(genes), [], f"no TF list given: all {len(genes)} genes may regulate"
    found = match_names(tfs, genes, match)
    have = {name_key(gene, match) for gene in found}
    missing = [tf for tf in tfs if name_key(tf, match) not in have]
    if not found:
        raise InputError(
            f"no TF of the list ({len(tfs)} names: {shown(tfs, 3)}) is left among the {len(genes)} genes "
            f"of {where} ({shown(genes, 3)}).{_match_hint(tfs, genes, match)}"
        )
    said = f"{len(found)} of the {len(tfs)} TFs of the list are in the data"
    return found, missing, said + (f"; missing: {shown(missing)}" if missing else "")
