"""A user's files as a dataset, with notes on everything that was changed or looks unusual."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grnular_core.data import names as checks
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.gene_lists import (
    TFList,
    read_network,
    refuse_own_list,
    species_note,
    tf_list,
)
from grnular_core.data.names import Duplicates, Match, Orientation, match_names, preview
from grnular_core.data.readers import read_expression
from grnular_core.data.values import is_raw
from grnular_core.utils.errors import InputError
from grnular_core.workflow.resampling import most_variable

if TYPE_CHECKING:
    from anndata import AnnData

    Table = AnnData | pd.DataFrame

RARE = 10  # cells that see a gene: with less its edges hang on these
FEW = 50  # cells
MANY = 50  # genes; below this number the share of detected genes is not informative
_UNLOGGED = {
    kind: f"{what} are used as they are; most methods do better on values that are scaled to one total and "
    "logged: --normalise does that"
    for kind, what in {
        "counts": "counts",
        "normalised values, not log": "values that are no logarithms",
    }.items()
}


@dataclass(frozen=True)
class InputOptions:
    """Options of the input; empty and None mean not given.

    Parameters
    ----------
    expression : str, Path, AnnData or DataFrame
        A csv or tsv table, an mtx file or 10x folder, an h5ad file, or an AnnData or DataFrame.
    tfs : str, Path or sequence of str
        ``human``, ``mouse``, ``all``, a file, or the names themselves.
    truth : str, Path or DataFrame, optional
        A reference network, as a file or as a table ``regulator, target`` (``, sign``).
    n_genes : int, optional
        As in ``most_variable``: keep so many TFs and so many other genes.
    gene_names : str, optional
        As in ``with_gene_names``: a column of ``.var``.
    layer, orientation, match, duplicates, scaled, normalise
        As in ``make_dataset``; without ``match`` it is what fits the TF list.
    """

    expression: str | Path | Table
    tfs: str | Path | Sequence[str]
    truth: str | Path | pd.DataFrame | None = None
    n_genes: int | None = None
    gene_names: str | None = None
    layer: str | None = None
    orientation: Orientation = "auto"
    match: Match | None = None
    duplicates: Duplicates = "error"
    scaled: bool = False
    normalise: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return how the data were read, for a report: all but the files.

        Returns
        -------
        dict
            Option -> value.
        """
        names = [option.name for option in fields(self)]
        return {n: getattr(self, n) for n in names if n not in ("expression", "tfs", "truth")}


@dataclass(frozen=True, eq=False)
class UserData:
    """The input, read and checked.

    Parameters
    ----------
    data : GRNDataset
        Checked, and restricted to the selected genes.
    table : AnnData or DataFrame
        The table before the checks.
    notes : tuple of str
        Notes for the user on both.
    """

    data: GRNDataset
    table: Table
    notes: tuple[str, ...] = ()

    def as_anndata(self) -> AnnData:
        """Return all cells and genes of the file.

        Returns
        -------
        AnnData, (cells, genes)
            The table itself where it is one; a plain table becomes one, turned where genes are rows.
        """
        if not isinstance(self.table, pd.DataFrame):
            return self.table
        from anndata import AnnData

        table = self.table if self.data.provenance["genes_are_columns"] else self.table.T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # repeated names were noted or merged
            return AnnData(
                X=table.to_numpy(dtype=float),
                # names alone: the corner of the table, often empty, is no name that h5ad can hold
                obs=pd.DataFrame(index=[str(cell) for cell in table.index]),
                var=pd.DataFrame(index=[str(gene) for gene in table.columns]),
            )


def read_user_data(
    options: InputOptions, say: Callable[[str], None] = lambda text: None
) -> UserData:
    """Read a user's files and check them.

    Parameters
    ----------
    options : InputOptions
        Options of the input.
    say : callable
        Is given every note, as a line.

    Returns
    -------
    UserData
        The dataset, the table and the notes.

    Raises
    ------
    InputError, DownloadError
        For everything that would make the network wrong, and a TF list that cannot be fetched.
    """
    listed = _listed_tfs(options)
    truth = options.truth
    if not isinstance(truth, pd.DataFrame):
        truth = read_network(truth) if truth else None
    table, where = options.expression, "the table"
    if isinstance(table, str | Path):
        table, where = read_expression(table), str(table)
    genes, left_out = genes_only(table, options.layer)
    if options.gene_names:
        genes = with_gene_names(genes, options.gene_names, where, options.layer)
    data = _dataset(genes, listed, truth, options, where)
    empty, cut = _empty_note(data), _cut_note(data, truth, listed.match)
    if options.n_genes:
        data = most_variable(data, options.n_genes)
    known = checks.truth_note(data.truth, data.tfs, where) if data.truth is not None else None
    notes = (
        *listed.notes,
        left_out,
        *data.notes,
        _UNLOGGED.get(data.provenance["values"]),
        cut,
        known,
        species_note(listed.species, data.tfs),
        _few_note(data),
        empty,
        _rare_note(data),
    )
    notes = tuple(note for note in notes if note)
    for note in notes:
        say(f"note: {note}")
    return UserData(data, table, notes)


def _listed_tfs(options: InputOptions) -> TFList:
    """Find the TFs given by a word, a file or their names."""
    if not isinstance(options.tfs, str | Path):
        return TFList(list(options.tfs), options.match or "exact")
    if isinstance(options.expression, str | Path):
        refuse_own_list(str(options.tfs), str(options.expression))
    return tf_list(str(options.tfs), options.match)


def _dataset(
    table: Table, listed: TFList, truth: pd.DataFrame | None, options: InputOptions, where: str
) -> GRNDataset:
    """Make the dataset; an error also names other layers or columns of the file that may be meant."""
    try:
        return make_dataset(
            table,
            listed.names,
            truth,
            name=where,
            layer=options.layer or None,
            orientation=options.orientation,
            match=listed.match,
            duplicates=options.duplicates,
            scaled=options.scaled,
            normalise=options.normalise,
        )
    except InputError as error:
        hint = reading_hint(table, listed.names, listed.match, options.layer)
        if not hint:
            raise
        message = str(error)
        raise InputError(message + ("" if message.endswith(("?", ".")) else ".") + hint) from error


# --- notes


def _cut_note(data: GRNDataset, truth: pd.DataFrame | None, match: Match) -> str | None:
    """Count the edges of a reference network that are scored; None where all are or there is none."""
    if truth is None or data.truth_counts.n_kept == data.truth_counts.n_given:
        return None
    return f"{data.truth_counts}.{checks.truth_hint(truth, data.genes, match)}"


def _empty_note(data: GRNDataset) -> str | None:
    """Warn of cells that show next to none of the genes (empty droplets), before genes are left out."""
    seen = np.asarray((data.adata.X != 0).sum(axis=1)).ravel()
    nothing, most = int((seen == 0).sum()), int(seen.max())
    few = int((10 * seen < most).sum())
    if not nothing and (10 * few < data.n_cells or most < MANY):
        return None
    return (
        f"{few} of {data.n_cells} cells show less than a tenth of the {most} genes that the richest cell shows, "
        f"{nothing} of them none; empty droplets look so, and make all genes rise together. Take Cell Ranger's "
        "filtered folder, or drop them (scanpy: filter_cells, min_genes)"
    )


def _few_note(data: GRNDataset) -> str | None:
    """Warn of too few cells for any network."""
    if data.n_cells >= FEW:
        return None
    return (
        f"{data.n_cells} cells are few: with less than {FEW} next to every pair of genes goes together or not by "
        "chance; several hundred are usual. --stability shows how few edges are found again"
    )


def _rare_note(data: GRNDataset) -> str | None:
    """Warn of genes that are detected in few cells."""
    if data.n_cells < 10 * RARE:
        return None
    seen = np.asarray((data.adata.X != 0).sum(axis=0)).ravel()
    rare = [gene for gene, n in zip(data.genes, seen, strict=True) if n < RARE]
    if not rare:
        return None
    return (
        f"{len(rare)} of {data.n_genes} genes are detected in fewer than {RARE} cells ({preview(rare, 3)}), and "
        "their edges hang on these; better drop them (scanpy: filter_genes, min_cells), or keep fewer "
        "genes (--genes)"
    )


# --- metadata of an AnnData


def genes_only(table: Table, layer: str | None = None) -> tuple[Table, str | None]:
    """Leave out features that are no genes, such as antibodies.

    A table stays as it is where none, or all, are Gene Expression in ``feature_types`` of ``.var``.

    Parameters
    ----------
    table : AnnData or DataFrame
        The table before the checks.
    layer : str, optional
        The layer that is meant, or ``raw``.

    Returns
    -------
    table : AnnData or DataFrame
        Without other features.
    note : str or None
        How many were left out, and their kinds.
    """
    if isinstance(table, pd.DataFrame):
        return table, None
    in_raw = is_raw(table, layer) and table.raw is not None
    kinds = (table.raw.var if in_raw else table.var).get("feature_types")
    if kinds is None:
        return table, None
    kinds = kinds.astype(str)
    is_gene = (kinds == "Gene Expression").to_numpy()
    if is_gene.all() or not is_gene.any():
        return table, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        kept = table.copy() if in_raw else table[:, is_gene].copy()
        if in_raw:
            kept.raw = table.raw[:, is_gene].to_adata()
    others = preview(dict.fromkeys(kinds[~is_gene]), 3)
    return kept, (
        f"{(~is_gene).sum()} of {len(is_gene)} features are no Gene Expression ({others}); they are left out"
    )


def with_gene_names(table: Table, column: str, where: str, layer: str | None = None) -> AnnData:
    """Name genes by a column of ``.var``, as where Ensembl ids are the index.

    Parameters
    ----------
    table : AnnData or DataFrame
        Stays as it is.
    column : str
        Of ``.var``. Where ``layer`` means the raw slot its genes are named, by a column of its own
        or else by the one of ``.var``.
    where : str
        The file's name, for messages.
    layer : str, optional
        The layer that is meant.

    Returns
    -------
    AnnData
        The same cells and values.

    Raises
    ------
    InputError
        For a plain table, a column that is not there, and one in which names are missing.
    """
    if isinstance(table, pd.DataFrame):
        raise InputError(f"{where} is a plain table; --gene-names is for a column of an .h5ad file")
    in_raw = is_raw(table, layer) and table.raw is not None
    var = table.raw.var if in_raw else table.var
    if column not in var and in_raw and column in table.var:
        var = table.var.reindex(var.index)
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
    named = table.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        if in_raw:
            raw = table.raw.to_adata()
            raw.var_names = names
            named.raw = raw
        else:
            named.var_names = names
    return named


def reading_hint(table: Table, tfs: Sequence[str] | None, match: Match, layer: str | None) -> str:
    """Describe other layers and name columns of an h5ad file that may be meant.

    Parameters
    ----------
    table : AnnData or DataFrame
        The error.
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
        for column in var.columns:
            if len(match_names(tfs, var[column].astype(str), match)):
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
