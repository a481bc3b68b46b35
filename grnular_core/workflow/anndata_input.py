"""The part of an AnnData that is meant: its values in memory, its genes and their names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import Match, match_names, preview
from grnular_core.data.odd_names import genomes, without_genome
from grnular_core.data.values import as_matrix, is_raw, table_names
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

    Table = AnnData | pd.DataFrame

DISTINCT = 0.8  # share of genes with another name than all before, in a column of symbols


def selected(table: Table, layer: str | None, where: str) -> Table:
    """Take the expression that is meant into memory, with the metadata of its genes.

    Parameters
    ----------
    table : AnnData or DataFrame
        In memory, a view, backed by a file, or of dask arrays; it stays as it is.
    layer : str or None
        A layer, ``raw`` for the raw slot, or None for ``X``.
    where : str
        The file's name, for messages.

    Returns
    -------
    AnnData or DataFrame
        A DataFrame as it is. An AnnData with the values as ``X``, not copied where they are in memory,
        and the columns of ``.var``; genes of the raw slot have its columns, and those of ``.var`` besides.

    Raises
    ------
    InputError
        For another type, and for a layer that is not there.
    """
    rows, columns = table_names(table, layer, where)
    if isinstance(table, pd.DataFrame):
        return table
    in_raw = is_raw(table, layer)
    source = table.raw if in_raw else table
    matrix = source.X if in_raw or layer is None else table.layers[layer]
    if matrix is None:
        as_matrix(table, where)  # says what else there is
    var = source.var
    if in_raw and table.var_names.is_unique:
        others = [column for column in table.var if column not in var]
        var = var.join(table.var[others].reindex(var.index))
    return _anndata(_in_memory(matrix), rows, var.set_axis(columns, axis=0))


def _in_memory(matrix: Any) -> Any:
    """Load a matrix that is backed by a file or a dask array; compressed rows or columns, or dense."""
    for load in ("to_memory", "compute"):
        matrix = getattr(matrix, load)() if hasattr(matrix, load) else matrix
    if not sparse.issparse(matrix):
        return np.asarray(matrix)
    return matrix if matrix.format in ("csr", "csc") else matrix.tocsr()


def _anndata(matrix: Any, cells: Sequence[str], var: pd.DataFrame) -> AnnData:
    """Put values and names together, without a copy of the values."""
    from anndata import AnnData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        return AnnData(X=matrix, obs=pd.DataFrame(index=pd.Index(cells, dtype=object)), var=var)


def genes_only(table: Table) -> tuple[Table, str | None]:
    """Leave out features that are no genes, such as antibodies.

    A table stays as it is where none, or all, are Gene Expression in ``feature_types`` of ``.var``.

    Parameters
    ----------
    table : AnnData or DataFrame
        Of ``selected``.

    Returns
    -------
    table : AnnData or DataFrame
    note : str or None
        How many were left out, and their kinds.
    """
    if isinstance(table, pd.DataFrame) or "feature_types" not in table.var:
        return table, None
    kinds = table.var["feature_types"].astype(str)
    is_gene = (kinds == "Gene Expression").to_numpy()
    if is_gene.all() or not is_gene.any():
        return table, None
    kept = _anndata(table.X[:, np.flatnonzero(is_gene)], table.obs_names, table.var[is_gene])
    others = preview(dict.fromkeys(kinds[~is_gene]), 3)
    return kept, (
        f"{(~is_gene).sum()} of {len(is_gene)} features are no Gene Expression ({others}); they are left out"
    )


def with_gene_symbols(table: Table, column: str, where: str) -> AnnData:
    """Name genes by a column of ``.var``, as where Ensembl ids are the index.

    Parameters
    ----------
    table : AnnData or DataFrame
        Of ``selected``; stays as it is.
    column : str
        Of ``.var``.
    where : str
        The file's name, for messages.

    Returns
    -------
    AnnData
        The same cells and values.

    Raises
    ------
    InputError
        For a plain table, a column that is not there, and one in which names are missing or mostly repeated.
    """
    if isinstance(table, pd.DataFrame):
        raise InputError(f"{where} is a plain table; --gene-names is for a column of an .h5ad file")
    var = table.var.rename(columns=str)  # of a table without a header, 0 is the name of a column
    column = str(column)
    if column not in var:
        there = ", ".join(map(str, var.columns[:8])) or "none"
        raise InputError(f"{where} has no column {column!r} of genes; it has {there}")
    missing = var.index[var[column].isna()]
    if len(missing):  # as text they would all be one gene called nan
        raise InputError(
            f"{where}: the column {column!r} has no name for {len(missing)} of {len(var)} genes "
            f"({preview(missing, 3)}); drop these, or keep their ids: adata.var[{column!r}] = "
            f"adata.var[{column!r}].astype(object).fillna(adata.var_names.to_series())"
        )
    names = var[column].astype(str).to_list()
    if 2 * len(set(names)) < len(names):
        raise InputError(
            f"{where}: the column {column!r} holds {len(set(names))} different words for {len(names)} genes "
            f"({preview(names, 3)}); expected their names. Is it a column of classes?"
        )
    return _anndata(table.X, table.obs_names, var.set_axis(names, axis=0))


def reading_hint(table: Table, tfs: Sequence[str] | None, match: Match, layer: str | None) -> str:
    """Describe other layers and name columns of an h5ad file that may be meant.

    Parameters
    ----------
    table : AnnData or DataFrame
    tfs, match, layer
        The TF list, how names are compared, and the selected layer.

    Returns
    -------
    str
        The end of a message: a column of ``.var`` with names of the list where the index has none, a
        raw slot that has them, or layers where X is scaled. Often empty.
    """
    if not hasattr(table, "var_names"):
        return ""
    in_raw = is_raw(table, layer) and table.raw is not None
    var = table.raw.var if in_raw else table.var
    if tfs and not match_names(tfs, var.index, match):
        column = _symbol_column(var, tfs, match)
        if column is not None:
            return (
                f" The column {column!r} of its genes holds names of the list: pass --gene-names "
                f"{column}"
            )
        n = 0 if table.raw is None or in_raw else len(match_names(tfs, table.raw.var_names, match))
        if n and layer is None:
            return f" Its .raw holds {n} of these names among its genes: pass --layer raw"
    there = [*table.layers, *(["raw"] if table.raw is not None else [])]
    if layer is None and there and table.X is not None and table.X.min() < 0:
        return f" The file also holds other values: pass --layer {' or '.join(there)}"
    return ""


def _symbol_column(var: pd.DataFrame, tfs: Sequence[str], match: Match) -> str | None:
    """Find the column of ``.var`` with most TFs among those that name each gene differently.

    A column of classes, such as T, Q and S, may hold the name of a TF too.
    """
    found = {}
    for column in var.columns:
        names = pd.unique(var[column].astype(str))
        n = len(match_names(tfs, names, match))
        if n and len(names) >= DISTINCT * len(var):
            found[column] = n
    return max(found, key=found.get) if found else None


# --- genes of several genomes, as of cells of two species that were mixed


def of_genome(table: Table, genome: str, where: str) -> Table:
    """Keep the genes of one genome, under their names without it: GATA1 of GRCh38_GATA1.

    Parameters
    ----------
    table : AnnData or DataFrame
        Stays as it is. Where no names have the genome, the column ``genome`` of ``.var`` decides.
    genome : str
        Such as GRCh38.
    where : str
        The file's name, for messages.

    Returns
    -------
    AnnData or DataFrame
        The same cells.

    Raises
    ------
    InputError
        When no gene is of that genome, with the genomes that are there.
    """
    plain = isinstance(table, pd.DataFrame)
    names = list(map(str, table.columns if plain else table.var_names))
    bare = [without_genome(name, genome) for name in names]
    if any(bare):
        kept = np.array([name is not None for name in bare])
        names = [name for name in bare if name is not None]
    elif plain and any(without_genome(str(name), genome) for name in table.index):
        return of_genome(table.T, genome, where).T
    else:
        kept = np.array([word == genome for word in _column(table)] or [False] * len(names))
        names = [name for name, is_kept in zip(names, kept, strict=True) if is_kept]
    if not kept.any():
        sides = map(str, [*table.columns, *table.index] if plain else table.var_names)
        there = dict.fromkeys([*genomes(sides), *_column(table)])
        raise InputError(
            f"{where} has no genes of the genome {genome!r}; it has {preview(there) or 'none with a genome'}"
        )
    if plain:
        return table.loc[:, kept].set_axis(names, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        chosen = table[:, kept].copy()
        chosen.var_names = names
    return chosen


def genome_note(table: Table) -> str | None:
    """Describe the genomes of an AnnData with genes of several.

    Parameters
    ----------
    table : AnnData or DataFrame

    Returns
    -------
    str or None
        None for one genome.
    """
    if isinstance(table, pd.DataFrame):
        return None
    there = list(dict.fromkeys(word for word in _column(table) if word))
    there = there if len(there) > 1 else list(genomes(map(str, table.var_names)))
    if len(there) < 2:
        return None
    return f"the genes are those of several genomes ({preview(there)}): --genome {there[0]} keeps those of one"


def _column(table: Table) -> list[str]:
    """Return the genome of each gene as ``.var`` has it; empty without such a column."""
    if isinstance(table, pd.DataFrame) or "genome" not in table.var:
        return []
    return table.var["genome"].astype(str).to_list()
