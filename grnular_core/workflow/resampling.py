"""Datasets made of a given one: fewer genes, other cells, values permuted over cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data import blocks
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.names import preview
from grnular_core.utils.device import is_large
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

CLUSTERS, ALL = "clusters", "all"


def with_cells(data: GRNDataset, matrix: blocks.Matrix, what: str) -> GRNDataset:
    """Put other cells in the place of a dataset's own.

    Parameters
    ----------
    data : GRNDataset
        Stays as it is.
    matrix : ndarray or sparse matrix, (cells, genes)
        Of the same genes.
    what : str
        What these cells are, for messages.

    Returns
    -------
    GRNDataset
        Genes that have one value in all cells are left out, as everywhere.

    Raises
    ------
    InputError
        When that leaves no TF or fewer than two genes.
    """
    varies = ~blocks.constant_columns(matrix)
    genes = np.array(data.genes, dtype=object)[varies]
    tfs = tuple(tf for tf in data.tfs if tf in frozenset(genes))
    if not tfs or len(genes) < 2:
        raise InputError(
            f"{data.name}: {what} leaves {len(genes)} genes that vary, {len(tfs)} of them "
            f"TFs; {matrix.shape[0]} cells are too few"
        )
    return replace(data, adata=new_anndata(matrix[:, np.flatnonzero(varies)], genes), tfs=tfs)


def permuted(
    data: GRNDataset, rng: np.random.Generator, groups: np.ndarray | None = None
) -> GRNDataset:
    """Permute the values of every gene over the cells, independently of the other genes.

    Every gene keeps its mean, its variance and its zeros; no two genes go together any more.

    Parameters
    ----------
    data : GRNDataset
        Stays as it is; sparse data give sparse data.
    rng : Generator
        Genes draw in the order of their names, so that the order of the columns does not matter.
    groups : ndarray, (cells,), optional
        Labels: values move only among cells of one group, so that genes still go together as far as
        the groups explain it.

    Returns
    -------
    GRNDataset
        The same genes and TFs.

    Raises
    ------
    InputError
        When there are not as many labels as cells.
    """
    rows = _rows_of_groups(data.n_cells, groups)
    genes = np.argsort(np.array(data.genes, dtype=str), kind="stable")
    if sparse.issparse(data.adata.X):
        matrix = _permuted_csc(sparse.csc_matrix(data.adata.X, copy=True), genes, rows, rng)
    else:
        matrix = np.array(data.adata.X, copy=True)
        for gene in genes:
            for group in rows:
                matrix[group, gene] = matrix[rng.permutation(group), gene]
    return replace(data, adata=new_anndata(matrix, data.genes))


def _rows_of_groups(n_cells: int, groups: np.ndarray | None) -> list[np.ndarray]:
    """List the cells of each group."""
    if groups is None:
        return [np.arange(n_cells)]
    if len(groups) != n_cells:
        raise InputError(f"{len(groups)} group labels for {n_cells} cells; give one for each cell")
    codes, _ = pd.factorize(np.asarray(groups), use_na_sentinel=False)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _permuted_csc(
    matrix: sparse.csc_matrix, genes: np.ndarray, rows: list[np.ndarray], rng: np.random.Generator
) -> sparse.csr_matrix:
    """Give stored values the places to which a permutation of each group's cells moves them."""
    moved_to = np.empty(matrix.shape[0], dtype=matrix.indices.dtype)
    for gene in genes:
        start, stop = matrix.indptr[gene : gene + 2]
        for group in rows:
            moved_to[rng.permutation(group)] = group  # to the same places as in a dense matrix
        matrix.indices[start:stop] = moved_to[matrix.indices[start:stop]]
    matrix.has_sorted_indices = False
    return matrix.tocsr()


def new_anndata(matrix: blocks.Matrix, genes: Sequence[str]) -> AnnData:
    """Make an AnnData whose cells get new names: one that is drawn twice would have the same.

    Parameters
    ----------
    matrix : ndarray or sparse matrix, (cells, genes)
        Its values, not copied.
    genes : sequence of str

    Returns
    -------
    AnnData, (cells, genes)
        Without any annotation.
    """
    from anndata import AnnData

    cells = [f"c{cell}" for cell in range(matrix.shape[0])]
    return AnnData(X=matrix, obs=pd.DataFrame(index=cells), var=pd.DataFrame(index=list(genes)))


# --- groups of cells


@dataclass(frozen=True, eq=False)
class CellGroups:
    """Among which cells values are permuted."""

    labels: np.ndarray | None  # (cells,), None: among all cells
    description: str  # a sentence for the user


def cell_groups(
    table: AnnData | pd.DataFrame | None, data: GRNDataset, name: str | None = None
) -> CellGroups:
    """Find the groups of cells that a name means.

    Parameters
    ----------
    table : AnnData, DataFrame or None
        The file that was read, for its columns.
    data : GRNDataset
        The dataset made of it.
    name : str, optional
        A column of ``.obs``, or else ``clusters`` (the default: k-means clusters on the first principal
        components of the z-scored genes, those of ``grnular-context``) or ``all``.

    Returns
    -------
    CellGroups
        Labels and a sentence. Cells without a label in a column are one group, which the sentence states.

    Raises
    ------
    InputError
        For a column that is not there, and for one whose labels most cells share with no other:
        permuted among themselves they would stay as they are.
    """
    obs = getattr(table, "obs", pd.DataFrame())
    if name is not None and name in obs and len(obs) == data.n_cells:
        return _column_groups(obs[name], data)
    if name == ALL:
        return CellGroups(None, "values are permuted among all cells")
    if name in (CLUSTERS, None):
        labels = _clusters(data)
        n = len(np.unique(labels))
        return CellGroups(
            labels, f"values are permuted inside each of {n} clusters found in the cells"
        )
    there = ", ".join(map(str, obs.columns[:8])) or "none"
    raise InputError(
        f"no column {name!r} of cells in {data.name} (it has {there}); name one of an .h5ad file's "
        f".obs, or one of the words {CLUSTERS} and {ALL}"
    )


def _column_groups(column: pd.Series, data: GRNDataset) -> CellGroups:
    """Take the labels of a column as groups."""
    labels, missing = column.astype(str), int(column.isna().sum())
    counts = labels.value_counts()
    alone = int((counts == 1).sum())
    if 2 * alone > len(labels):
        raise InputError(
            f"the column {column.name!r} of {data.name} gives {alone} of {len(labels)} cells a label that no other cell has "
            f"({preview(list(dict.fromkeys(labels)), 3)}), so there is nothing to permute among; name a column "
            "of groups, such as a batch or a cell type"
        )
    note = f"values are permuted inside each of {len(counts)} groups, the column {column.name!r} of .obs"
    if missing:
        note += f"; {missing} cells without a label there are taken for one group"
    return CellGroups(labels.to_numpy(), note)


def _clusters(data: GRNDataset) -> np.ndarray:
    """Cluster the cells, (cells,); large data are not made dense."""
    if is_large(data.n_cells, data.n_genes, len(data.tfs)):
        from grnular_core.models.cells import Cells, cluster_labels, scale_of

        matrix = data.adata.X
        return cluster_labels(Cells.of(matrix, scale_of(matrix), np.arange(data.n_genes)))
    from grnular_core.methods.correlation import standardised
    from grnular_core.models.cells import cluster_cells

    return cluster_cells(standardised(data.expression()))


# --- fewer genes


def most_variable(data: GRNDataset, n_genes: int) -> GRNDataset:
    """Keep the most variable TFs and the most variable other genes.

    Two rankings, since TFs are weakly expressed and few of them would come through one. Counts and
    other values that are no logarithms are scaled to the median total of a cell and logged for the
    comparison only; the values themselves stay.

    Parameters
    ----------
    data : GRNDataset
        Stays as it is.
    n_genes : int
        How many TFs, and how many other genes, 1 or more; genes of equal variance go by name.

    Returns
    -------
    GRNDataset
        ``data`` itself where it has no more genes; a reference network is cut with the genes.

    Raises
    ------
    InputError
        For fewer than 1 and when no true edge is left.
    """
    if n_genes < 1:
        raise InputError(f"{n_genes} TFs and other genes hold no network; keep 1 or more of each")
    unlogged = data.provenance.get("values") in ("counts", "normalised values, not log")
    variance = blocks.column_variance(data.adata.X, normalise=unlogged)
    # by name among equals: the order of the columns must not choose
    names = np.array(data.genes, dtype=str)
    order = np.lexsort((names, -variance))
    is_tf = np.isin(names, data.tfs)[order]
    keep = np.sort(np.concatenate([order[is_tf][:n_genes], order[~is_tf][:n_genes]]))
    if len(keep) == data.n_genes:
        return data
    genes = names[keep].tolist()
    tfs = tuple(tf for tf in data.tfs if tf in frozenset(genes))
    note = (
        f"kept: the most variable {len(tfs)} of {len(data.tfs)} TFs and {len(genes) - len(tfs)} of "
        f"{data.n_genes - len(data.tfs)} other genes"
    )
    truth = data.truth
    if truth is not None:
        truth = truth[truth["regulator"].isin(genes) & truth["target"].isin(genes)]
        note += f"; {len(truth)} of {len(data.truth)} true edges lie between these, and are scored"
        if truth.empty:
            raise InputError(
                f"none of the {len(data.truth)} true edges lies between two of the {len(genes)} most "
                "variable genes; keep more of them, or leave the truth out"
            )
        truth = truth.reset_index(drop=True)
    return replace(
        data,
        adata=data.adata[:, keep].copy(),
        tfs=tfs,
        truth=truth,
        notes=(*data.notes, note),
        provenance={**data.provenance, "genes_kept": n_genes},
    )
