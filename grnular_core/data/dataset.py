"""The one data type: expression, TF list, truth or none, and where all of it came from.

Simulated, BEELINE and a user's own data all become a ``GRNDataset`` through ``make_dataset``, which
runs the checks of ``checks.py``; every method takes one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data import names as checks
from grnular_core.data import values
from grnular_core.data.candidates import TruthCounts, clean_truth
from grnular_core.data.matrices import as_matrix
from grnular_core.utils.chunks import fingerprint
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class GRNDataset:
    """Expression of one sample of cells, ready for any method.

    ``adata`` is cells x genes without NaN, constant or repeated genes; ``tfs`` are the genes that
    may regulate, in gene order; ``truth`` has the columns ``regulator, target, sign`` with both
    ends among the genes, or is None; ``notes`` are the sentences a user should read.
    """

    adata: AnnData
    tfs: tuple[str, ...]
    truth: pd.DataFrame | None = None
    name: str = "unnamed"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    truth_counts: TruthCounts | None = None

    @property
    def genes(self) -> list[str]:
        return [str(gene) for gene in self.adata.var_names]

    @property
    def n_cells(self) -> int:
        return self.adata.n_obs

    @property
    def n_genes(self) -> int:
        return self.adata.n_vars

    @property
    def n_values(self) -> int | None:
        """How many values are stored where expression is sparse; None where it is dense."""
        return self.adata.X.nnz if sparse.issparse(self.adata.X) else None

    def expression(self, genes: Sequence[str] | None = None) -> np.ndarray:
        """Dense float64 expression, shape (cells, genes), columns in the order of ``genes``.

        Always a copy. Raises ``InputError`` for a gene that is not in the dataset.
        """
        matrix = self.adata.X
        if genes is not None:
            at = self.adata.var_names.get_indexer(list(genes))
            if (at < 0).any():
                unknown = [gene for gene, i in zip(genes, at, strict=True) if i < 0]
                raise InputError(
                    f"{self.name} holds no gene {checks.shown(unknown)}; see its genes"
                )
            matrix = matrix[:, at]
        if sparse.issparse(matrix):
            matrix = matrix.toarray()
        # one memory layout whatever the table was: sums round differently in another one
        return np.array(matrix, dtype=np.float64, order="C", copy=True)

    def fingerprint(self) -> str:
        """Identifies expression, genes and TFs, whatever the order of genes."""
        return fingerprint(self.expression(), self.genes, self.tfs)


def make_dataset(
    expression: AnnData | pd.DataFrame,
    tfs: Sequence[str] | None,
    truth: pd.DataFrame | None = None,
    *,
    name: str = "expression",
    layer: str | None = None,
    orientation: checks.Orientation = "auto",
    match: checks.Match = "exact",
    duplicates: checks.Duplicates = "error",
    scaled: bool = False,
    normalise: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> GRNDataset:
    """Check a table of expression and make a ``GRNDataset`` of it; the argument is never changed.

    ``expression`` is a DataFrame or AnnData (dense, csr, csc or backed; ``layer`` picks a layer,
    and ``"raw"`` the raw slot). ``orientation="auto"`` finds the genes by the TF list. ``tfs=None``
    lets every gene regulate. ``normalise`` is ``values.log_normalised``, for counts. Constant genes
    are dropped and listed in the notes. Raises ``InputError`` for everything that would make the
    network meaningless: see ``checks.py`` and ``values.py``.
    """
    checks.check_choice("match", match, checks.Match)
    tfs = checks.listed_names(tfs)
    matrix, rows, columns = as_matrix(expression, layer, name)
    stated = hasattr(expression, "obs_names")  # an AnnData
    by_columns, said = checks.choose_orientation(
        rows, columns, tfs, orientation, match, name, stated
    )
    notes = [said]
    cells, genes = (rows, columns) if by_columns else (columns, rows)
    matrix = matrix if by_columns else matrix.T
    if sparse.issparse(matrix):
        matrix = matrix.tocsr()
    values.check_size(*matrix.shape, name)
    if by_columns and isinstance(expression, pd.DataFrame):
        _refuse_gene_as_corner(expression.index.name, tfs, name)
    notes += _name_notes(cells, genes)
    repeated = checks.check_names(genes, duplicates, name)
    kind = values.check_values(matrix, cells, genes, scaled, name)
    notes.append(f"values look like {kind}; the largest is {matrix.max():.4g}")
    if repeated:
        matrix, genes = values.merge_duplicates(matrix, genes, duplicates)
        notes.append(
            f"{len(repeated)} repeated genes merged by {duplicates}: {checks.shown(repeated)}"
        )
        if duplicates == "sum" and kind == "log values":
            notes.append(
                "logarithms were added where a gene came twice; max-variance, first or mean fit log values"
            )
    if normalise:
        matrix, kind = _normalised(matrix, kind, name), "log values"
        notes.append(
            "normalised: each cell scaled to the median total of the cells, then log(1 + x)"
        )
    matrix, genes, dropped = _without_constant(matrix, genes, name)
    if dropped:
        notes.append(
            f"{len(dropped)} genes of constant expression dropped: {checks.shown(dropped)}"
        )
    found, missing, said = checks.choose_tfs(tfs, genes, match, name, dropped)
    notes.append(said)
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
            "genes_are_columns": by_columns,
            "tfs_listed": len(tfs) if tfs is not None else len(found),
            "tfs_missing": missing,
            "genes_constant": dropped,
        },
        notes=tuple(notes),
        truth_counts=counts,
    )


def _refuse_gene_as_corner(corner: object, tfs: Sequence[str] | None, name: str) -> None:
    """A table written without row names loses its first gene to the index."""
    if tfs is not None and isinstance(corner, str) and corner in tfs:
        raise InputError(
            f"{name}: the names of the cells stand below {corner}, which is a TF of the list; was "
            "the table written without row names? Write it with them (pandas: index=True)"
        )


def _name_notes(cells: Sequence[str], genes: Sequence[str]) -> list[str]:
    """What is odd about names, yet no reason to refuse."""
    index = pd.Index(cells, dtype=object)
    repeated = index[index.duplicated()].unique()
    notes = []
    if len(repeated):
        notes.append(
            f"{len(repeated)} cell names occur more than once ({checks.shown(repeated, 3)}); "
            "they are kept as different cells"
        )
    dates = checks.date_note(genes)
    helpers = [checks.helper_note(genes, "genes"), checks.helper_note(cells, "cells")]
    return [*notes, *(note for note in (dates, *helpers) if note)]


def _normalised(matrix: values.Matrix, kind: values.ValueKind, name: str) -> values.Matrix:
    """``values.log_normalised``; refuses what is a logarithm or scaled already."""
    if kind in ("log values", "scaled values"):
        raise InputError(
            f"{name} holds what looks like {kind}; --normalise is for counts, and would log them again: leave "
            "it out, or name the layer that holds counts (--layer)"
        )
    return values.log_normalised(matrix)


def _without_constant(
    matrix: values.Matrix, genes: list[str], name: str
) -> tuple[values.Matrix, list[str], list[str]]:
    """The genes that vary, and the names of those that do not."""
    constant = values.constant_columns(matrix)
    if not constant.any():
        return matrix, genes, []
    dropped = [gene for gene, is_constant in zip(genes, constant, strict=True) if is_constant]
    kept = [gene for gene, is_constant in zip(genes, constant, strict=True) if not is_constant]
    if len(kept) < 2:
        raise InputError(
            f"{name}: all but {len(kept)} of the {len(genes)} genes ({checks.shown(dropped, 3)}) "
            "have the same value in every cell; nothing can be inferred. Was the right table or "
            "layer given?"
        )
    return matrix[:, np.flatnonzero(~constant)], kept, dropped


def _truth_among(
    truth: pd.DataFrame, genes: Sequence[str], match: checks.Match, name: str
) -> tuple[pd.DataFrame, TruthCounts]:
    """The truth in the genes' spelling, cleaned and counted."""
    ends = {
        end: checks.renamed(truth[end], genes, match)
        for end in ("regulator", "target")
        if end in truth
    }
    truth = truth.assign(**ends)
    checks.check_truth(truth, genes, match, name)
    return clean_truth(truth, genes)


def _anndata(
    matrix: values.Matrix, cells: Sequence[str], genes: Sequence[str], tfs: Sequence[str]
) -> AnnData:
    from anndata import AnnData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated cell names have been noted
        return AnnData(
            X=matrix,
            obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
            var=pd.DataFrame({"is_tf": np.isin(genes, tfs)}, index=pd.Index(genes, dtype=str)),
        )
