"""Data sets made of one that is given: fewer genes, cells drawn again, values shuffled over cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data import values
from grnular_core.data.dataset import GRNDataset
from grnular_core.utils.errors import InputError


def drawn_cells(data: GRNDataset, rng: np.random.Generator) -> GRNDataset:
    """A bootstrap of the cells: as many as there are, drawn with replacement.

    Genes that have one value in all drawn cells are left out, as everywhere. Raises ``InputError``
    when that leaves no TF or fewer than two genes.
    """
    rows = np.sort(rng.integers(data.n_cells, size=data.n_cells))
    matrix = data.adata.X[rows]
    varies = ~values.constant_columns(matrix)
    genes = np.array(data.genes, dtype=object)[varies]
    tfs = tuple(tf for tf in data.tfs if tf in frozenset(genes))
    if not tfs or len(genes) < 2:
        raise InputError(
            f"{data.name}: cells drawn anew leave {len(genes)} genes that vary, {len(tfs)} of them "
            f"TFs; {data.n_cells} cells are too few to say how stable edges are"
        )
    return replace(data, adata=anndata_of(matrix[:, np.flatnonzero(varies)], genes), tfs=tfs)


def shuffled(
    data: GRNDataset, rng: np.random.Generator, groups: np.ndarray | None = None
) -> GRNDataset:
    """The same values of every gene in other cells, each gene shuffled on its own.

    Every gene keeps its mean, its variance and its zeros; no two genes go together any more.
    ``groups`` (cells,) of labels: values move only among cells of one group, so that genes still go
    together as far as the groups explain it. Sparse data stay sparse. Genes draw in the order of their
    names, so that the order of the columns does not matter.
    """
    rows = _rows_of_groups(data.n_cells, groups)
    genes = np.argsort(np.array(data.genes, dtype=str), kind="stable")
    if sparse.issparse(data.adata.X):
        matrix = _shuffled_csc(sparse.csc_matrix(data.adata.X, copy=True), genes, rows, rng)
    else:
        matrix = np.array(data.adata.X, copy=True)
        for gene in genes:
            for group in rows:
                matrix[group, gene] = matrix[rng.permutation(group), gene]
    return replace(data, adata=anndata_of(matrix, np.array(data.genes, dtype=object)))


def _rows_of_groups(n_cells: int, groups: np.ndarray | None) -> list[np.ndarray]:
    if groups is None:
        return [np.arange(n_cells)]
    if len(groups) != n_cells:
        raise InputError(f"{len(groups)} group labels for {n_cells} cells; give one for each cell")
    codes, _ = pd.factorize(np.asarray(groups), use_na_sentinel=False)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _shuffled_csc(
    matrix: sparse.csc_matrix, genes: np.ndarray, rows: list[np.ndarray], rng: np.random.Generator
) -> sparse.csr_matrix:
    """Stored values get the places to which a permutation of each group's cells moves them.

    ``genes`` is the order in which they draw.
    """
    moved_to = np.empty(matrix.shape[0], dtype=matrix.indices.dtype)
    for gene in genes:
        start, stop = matrix.indptr[gene : gene + 2]
        for group in rows:
            moved_to[rng.permutation(group)] = group  # to the same places as in a dense matrix
        matrix.indices[start:stop] = moved_to[matrix.indices[start:stop]]
    matrix.has_sorted_indices = False
    return matrix.tocsr()


def most_variable(data: GRNDataset, n_genes: int) -> GRNDataset:
    """The ``n_genes`` most variable TFs and the ``n_genes`` most variable other genes.

    Two rankings, since TFs are weakly expressed and few of them would come through one. Counts and
    other values that are no logarithms are scaled to the median total of a cell and logged for the
    comparison only; the values themselves stay. Raises ``InputError`` for less than 1 and when no
    true edge is left.
    """
    if n_genes < 1:
        raise InputError(f"{n_genes} TFs and other genes hold no network; keep 1 or more of each")
    # genes of equal variance by name: the order of the columns must not choose among them
    order = np.lexsort((np.array(data.genes, dtype=str), -_comparable_variance(data)))
    is_tf = np.isin(data.genes, data.tfs)[order]
    keep = np.sort(np.concatenate([order[is_tf][:n_genes], order[~is_tf][:n_genes]]))
    if len(keep) == data.n_genes:
        return data
    genes = [data.genes[gene] for gene in keep]
    tfs = tuple(tf for tf in data.tfs if tf in frozenset(genes))
    said = (
        f"kept: the most variable {len(tfs)} of {len(data.tfs)} TFs and {len(genes) - len(tfs)} of "
        f"{data.n_genes - len(data.tfs)} other genes"
    )
    truth = data.truth
    if truth is not None:
        truth = truth[truth["regulator"].isin(genes) & truth["target"].isin(genes)]
        said += f"; {len(truth)} of {len(data.truth)} true edges lie between these, and are scored"
        if truth.empty:
            raise InputError(
                f"none of the {len(data.truth)} true edges lies between two of the {len(genes)} most "
                "variable genes; keep more of them, or leave the truth out"
            )
    return replace(
        data,
        adata=data.adata[:, keep].copy(),
        tfs=tfs,
        truth=None if truth is None else truth.reset_index(drop=True),
        notes=(*data.notes, said),
        provenance={**data.provenance, "genes_kept": n_genes},
    )


def _comparable_variance(data: GRNDataset) -> np.ndarray:
    """Variance of every gene on a logarithmic scale, (genes,)."""
    matrix = data.adata.X
    if data.provenance.get("values") in ("counts", "normalised values, not log"):
        matrix = values.log_normalised(matrix)
    return values.column_variance(matrix)


def anndata_of(matrix: values.Matrix, genes: Sequence[str]) -> object:
    """Cells get new names: one that is drawn twice would have the same."""
    from anndata import AnnData

    cells = [f"c{cell}" for cell in range(matrix.shape[0])]
    return AnnData(X=matrix, obs=pd.DataFrame(index=cells), var=pd.DataFrame(index=list(genes)))
