"""The one data type: expression, TF list, reference network or none, and where they came from.

Simulated, BEELINE and a user's own data all become a ``GRNDataset`` through ``make_dataset``, which
runs the checks of ``names.py`` and ``values.py``; every method takes one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data import blocks, names, odd_names, values
from grnular_core.data.candidates import TruthCounts, clean_truth
from grnular_core.data.depth import median_depth
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


GENE_IDS = ("gene_ids", "Accession")  # columns of .var: Cell Ranger's in scanpy and here, that of loom files


@dataclass(frozen=True)
class GRNDataset:
    """Expression of one sample of cells, ready for any method."""

    adata: AnnData  # cells x genes, float64, without NaN, constant or repeated genes
    tfs: tuple[str, ...]  # the genes that may regulate, in gene order
    truth: pd.DataFrame | None = None  # regulator, target, sign; both ends among the genes
    name: str = "unnamed"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # the sentences a user should read
    truth_counts: TruthCounts | None = None  # of edges dropped from the reference network

    @property
    def genes(self) -> list[str]:
        """Names of the genes, in their order."""
        return [str(gene) for gene in self.adata.var_names]

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.adata.n_obs

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return self.adata.n_vars

    @property
    def n_values(self) -> int | None:
        """How many values are stored where expression is sparse; None where it is dense."""
        return self.adata.X.nnz if sparse.issparse(self.adata.X) else None

    def expression(self, genes: Sequence[str] | None = None) -> np.ndarray:
        """Return dense expression.

        Parameters
        ----------
        genes : sequence of str, optional
            Order of the columns; by default that of ``genes``.

        Returns
        -------
        ndarray of float64, shape (cells, genes)
            Always a copy.

        Raises
        ------
        InputError
            For a gene that is not in the dataset.
        """
        matrix = self.adata.X
        if genes is not None:
            at = self.adata.var_names.get_indexer(list(genes))
            if (at < 0).any():
                unknown = [gene for gene, i in zip(genes, at, strict=True) if i < 0]
                raise InputError(f"{self.name} holds no gene {names.preview(unknown)}")
            matrix = matrix[:, at]
        if sparse.issparse(matrix):
            matrix = matrix.toarray()
        # one memory layout for all tables, since sums round differently in another one
        return np.array(matrix, dtype=np.float64, order="C", copy=True)


def make_dataset(
    expression: AnnData | pd.DataFrame,
    tfs: Sequence[str] | None,
    truth: pd.DataFrame | None = None,
    *,
    name: str = "expression",
    orientation: names.Orientation = "auto",
    match: names.Match = "exact",
    duplicates: names.Duplicates = "auto",
    scaled: bool = False,
    normalise: bool = False,
    values_are: values.ValuesAre = "auto",
    provenance: Mapping[str, Any] | None = None,
    copy: bool = True,
) -> GRNDataset:
    """Check a table of expression and make a dataset of it.

    Parameters
    ----------
    expression : AnnData or DataFrame
        Dense, csr, csc or backed; of an AnnData its ``X``.
    tfs : sequence of str or None
        Genes that may regulate; None lets every gene.
    truth : DataFrame, optional
        Reference network with the columns ``regulator, target`` and perhaps ``sign``.
    name : str
        How messages call the data.
    orientation : {"auto", "cells-x-genes", "genes-x-cells"}
        ``auto`` finds the genes by the TF list.
    match : {"exact", "ignore-case", "ignore-version"}
        How names of TFs and of the reference network are compared with the genes.
    duplicates : {"auto", "error", "sum", "mean", "first", "max-variance"}
        How genes of the same name are merged; ``auto`` adds counts of genes that have ids of their own
        (one of ``GENE_IDS`` in ``.var``, as in the files of Cell Ranger), and refuses others.
    scaled : bool
        Whether negative values (z-scores) are meant so.
    normalise : bool
        Apply ``blocks.log_normalised``; for counts.
    values_are : {"auto", "counts", "log"}
        What the values are, where their look may deceive.
    provenance : mapping, optional
        Origin of the data, kept with the dataset.
    copy : bool
        Whether ``expression`` must stay as it is; without, large sparse data take half the memory.

    Returns
    -------
    GRNDataset
        Genes of constant expression are dropped, and so are columns of metadata; notes say so.

    Raises
    ------
    InputError
        For everything that would make the network meaningless.
    """
    names.check_choice("match", match, names.Match)
    names.check_choice("values-are", values_are, values.ValuesAre)
    tfs = _listed_names(tfs)
    matrix, rows, columns = values.as_matrix(expression, name, copy)
    stated = hasattr(expression, "obs_names")  # an AnnData
    by_columns, reason = names.choose_orientation(
        rows, columns, tfs, orientation, match, name, stated
    )
    notes = [reason]
    cells, genes = (rows, columns) if by_columns else (columns, rows)
    matrix = matrix if by_columns else matrix.T
    if sparse.issparse(matrix):
        matrix = matrix.tocsr()
    if by_columns and isinstance(expression, pd.DataFrame):
        _refuse_gene_as_corner(expression.index.name, tfs, name)
    notes += names.name_notes(cells, genes)
    matrix, cells, genes, left_out = _without_helpers(matrix, cells, genes, tfs, stated)
    notes += left_out
    if duplicates == "auto" and not _have_ids(expression):
        duplicates = "error"
    repeated = names.check_names(genes, duplicates, name)
    if not scaled:
        matrix, rounding = values.without_rounding(matrix)
        notes += rounding
    kind = values.check_values(matrix, cells, genes, scaled, name)
    notes += values.value_notes(matrix, genes, kind, values_are)
    kind = values.KINDS.get(values_are, kind)
    if repeated:
        if duplicates == "auto":
            duplicates = "sum" if kind == "counts" else "error"
            names.check_names(genes, duplicates, name)
        matrix, genes = values.merge_duplicates(matrix, genes, duplicates)
        notes.append(
            f"{len(repeated)} repeated genes merged by {duplicates}: {names.preview(repeated)}"
        )
        if duplicates == "sum" and kind == "log values":
            notes.append(
                "logarithms were added where a gene came twice; max-variance, first or mean fit log values"
            )
    depth = median_depth(matrix, kind)
    if normalise:
        if kind in ("log values", "scaled values"):
            raise InputError(
                f"{name} holds what looks like {kind}; --normalise is for counts, and would log them again: leave "
                "it out, name the layer that holds counts (--layer), or say that these are counts "
                "(--values-are counts)"
            )
        matrix, kind = blocks.log_normalised(matrix, copy=False), "log values"
        notes.append(
            "normalised: each cell scaled to the median total of the cells, then log(1 + x)"
        )
    matrix, genes, dropped = _without_constant(matrix, genes, name)
    if dropped:
        notes.append(
            f"{len(dropped)} genes of constant expression dropped: {names.preview(dropped)}"
        )
    found, missing, reason = names.choose_tfs(tfs, genes, match, name, dropped)
    notes.append(reason)
    counts = None
    if truth is not None:
        truth, counts = _truth_among(truth, genes, match, name)
    return GRNDataset(
        adata=_anndata(matrix, cells, genes, found),
        tfs=tuple(found),
        truth=truth,
        name=name,
        provenance={
            **(provenance or {}),
            "values": kind,
            "depth": depth,  # None where unknown
            "genes_are_columns": by_columns,
            "tfs_listed": len(tfs) if tfs is not None else len(found),
            "tfs_missing": missing,
            "genes_constant": dropped,
        },
        notes=tuple(notes),
        truth_counts=counts,
    )


def _listed_names(tfs: Iterable[str] | None) -> list[str] | None:
    """Return a TF list as names, each once; None stays None."""
    if tfs is None:
        return None
    if isinstance(tfs, str):
        raise InputError(
            f"tfs is the single text {tfs[:40]!r}; give a list of names (read_tfs reads a file)"
        )
    tfs = sorted(tfs) if isinstance(tfs, (set, frozenset)) else list(tfs)
    listed = [str(tf).strip() for tf in tfs if not pd.isna(tf) and str(tf).strip()]
    if not listed:
        raise InputError(
            "the TF list is empty; give at least one name, or let every gene regulate (--tfs "
            "all, in Python tfs=None)"
        )
    return list(dict.fromkeys(listed))


def _without_helpers(
    matrix: blocks.Matrix,
    cells: list[str],
    genes: list[str],
    tfs: Sequence[str] | None,
    stated: bool,
) -> tuple[blocks.Matrix, list[str], list[str], list[str]]:
    """Leave out metadata and totals among genes, and among cells unless ``stated``; also notes."""
    notes = []
    listed = frozenset(tfs or ())  # membership only: no order comes from it
    kept = []
    for there, what in ((cells, "cells"), (genes, "genes")):
        found = [] if stated and there is cells else odd_names.helpers(there, listed)
        out = frozenset(found)
        kept.append([i for i, label in enumerate(there) if label not in out])
        if found:
            notes.append(
                f"{len(found)} {what} are named like metadata or totals ({names.preview(found)}) and are left out; "
                "rename what is none"
            )
    if notes:
        matrix = matrix[kept[0]][:, kept[1]]
        cells, genes = [cells[i] for i in kept[0]], [genes[i] for i in kept[1]]
    return matrix, cells, genes, notes


def _have_ids(expression: AnnData | pd.DataFrame) -> bool:
    """Return whether genes have ids beside their names, by which those of one name differ."""
    if isinstance(expression, pd.DataFrame):
        return False
    return any(expression.var[ids].is_unique for ids in GENE_IDS if ids in expression.var)


def _refuse_gene_as_corner(corner: object, tfs: Sequence[str] | None, name: str) -> None:
    """Refuse a table written without row names, which loses its first gene to the index."""
    if tfs is not None and isinstance(corner, str) and corner in tfs:
        raise InputError(
            f"{name}: the names of the cells stand below {corner}, which is a TF of the list; was "
            "the table written without row names? Write it with them (pandas: index=True)"
        )


def _without_constant(
    matrix: blocks.Matrix, genes: list[str], name: str
) -> tuple[blocks.Matrix, list[str], list[str]]:
    """Keep the genes that vary, and return the names of the others."""
    constant = blocks.constant_columns(matrix)
    if not constant.any():
        return matrix, genes, []
    dropped = [gene for gene, is_constant in zip(genes, constant, strict=True) if is_constant]
    kept = [gene for gene, is_constant in zip(genes, constant, strict=True) if not is_constant]
    if len(kept) < 2:
        raise InputError(
            f"{name}: all but {len(kept)} of the {len(genes)} genes ({names.preview(dropped, 3)}) "
            "have the same value in every cell; nothing can be inferred. Was the right table or "
            "layer given?"
        )
    return blocks.without_columns(matrix, constant), kept, dropped


def _truth_among(
    truth: pd.DataFrame, genes: Sequence[str], match: names.Match, name: str
) -> tuple[pd.DataFrame, TruthCounts]:
    """Bring the reference network into the genes' spelling, clean and count it."""
    ends = [end for end in ("regulator", "target") if end in truth]
    truth = truth.assign(**{end: names.match_spelling(truth[end], genes, match) for end in ends})
    names.check_truth(truth, genes, match, name)
    return clean_truth(truth, genes)


def _anndata(
    matrix: blocks.Matrix, cells: Sequence[str], genes: Sequence[str], tfs: Sequence[str]
) -> AnnData:
    from anndata import AnnData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated cell names have been noted
        return AnnData(
            X=matrix,
            obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
            var=pd.DataFrame({"is_tf": np.isin(genes, tfs)}, index=pd.Index(genes, dtype=str)),
        )
