"""Correlation and what is close to it, and the controls that every method is compared with.

Each function takes expression of shape (cells, genes) and the positions of the TFs among the genes, and
returns scores and signs of shape (tfs, genes). A TF's score for itself is 0. The quick ones are hard to
beat; the controls know nothing of single edges (``random``, ``degree``), or all (``oracle``).

Parameters
----------
expression : ndarray, (cells, genes)
tf_index : ndarray of int, (tfs,)
signed : bool
    Whether positive correlations come first: the score is (1 + r) / 2, as in signed co-expression networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grnular_core.data.blocks import PART, Matrix
from grnular_core.data.candidates import score_matrix, sign_matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.interface import Scores
from grnular_core.utils.errors import InputError

GENES, VALUES = 2048, 1 << 26  # of a block of z-scores, at most


def standardised(expression: np.ndarray) -> np.ndarray:
    """Z-scores of each gene over the cells.

    Returns
    -------
    ndarray, (cells, genes)
        Mean 0 and standard deviation 1; a gene that is constant up to rounding becomes 0.
    """
    centred = expression - expression.mean(axis=0)
    deviation = expression.std(axis=0)
    # a gene that is constant up to rounding has no scale of its own
    usable = deviation > 1e-12 * np.maximum(np.abs(expression).max(axis=0, initial=0.0), 1e-300)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=usable)


@dataclass(frozen=True)
class ZScores:
    """Z-scores of an expression matrix, made dense for some genes at a time."""

    matrix: Matrix  # (cells, genes), dense or csc
    dtype: type = np.float64

    @classmethod
    def of(cls, matrix: Matrix, dtype: type = np.float64) -> ZScores:
        """Take an expression matrix; a sparse one is turned to csc.

        Parameters
        ----------
        matrix : ndarray or sparse matrix, (cells, genes)
        dtype : type
            Of the z-scores.

        Returns
        -------
        ZScores
        """
        return cls(matrix.tocsc() if sparse.issparse(matrix) else matrix, dtype)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.matrix.shape[0]

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return self.matrix.shape[1]

    def blocks(self) -> list[slice]:
        """Return all genes in order, ``GENES`` at a time, fewer where there are many cells.

        Returns
        -------
        list of slice
        """
        width = max(1, min(GENES, VALUES // self.n_cells))
        return [slice(i, min(i + width, self.n_genes)) for i in range(0, self.n_genes, width)]

    def columns(self, genes: slice | np.ndarray) -> np.ndarray:
        """Make the z-scores of some genes, as ``standardised``.

        Parameters
        ----------
        genes : slice or ndarray of int

        Returns
        -------
        ndarray, (cells, genes)
        """
        chosen = self.matrix[:, genes]
        found = np.empty(chosen.shape, self.dtype)
        # some at a time: while z-scores are made they take four times their memory
        for some in np.array_split(np.arange(chosen.shape[1]), -(-found.size // PART) or 1):
            part = chosen[:, some]
            dense = part.toarray() if sparse.issparse(part) else part
            # sums are rounded by the order of values in memory
            found[:, some] = standardised(np.ascontiguousarray(dense))
        return found


def without_self(scores: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
    """Set scores to 0 where TF and gene are the same gene.

    Parameters
    ----------
    scores : ndarray, (tfs, genes)

    Returns
    -------
    ndarray, (tfs, genes)
        A copy.
    """
    scores = scores.copy()
    scores[np.arange(len(tf_index)), tf_index] = 0
    return scores


def pearson(expression: Matrix, tf_index: np.ndarray) -> np.ndarray:
    """Pearson correlation of every TF with every gene, in blocks of genes.

    Returns
    -------
    ndarray, (tfs, genes)
        0 for constant genes; a TF with itself has 1.
    """
    z = ZScores.of(expression)
    x, r = z.columns(tf_index), np.empty((len(tf_index), z.n_genes))
    for block in z.blocks():
        r[:, block] = x.T @ z.columns(block) / z.n_cells
    return np.clip(r, -1, 1)


def correlation(expression: Matrix, tf_index: np.ndarray, signed: bool = False) -> Scores:
    """Absolute Pearson correlation over cells, or the signed score of it.

    Returns
    -------
    Scores
    """
    r = without_self(pearson(expression, tf_index), tf_index)
    return Scores(without_self((1 + r) / 2, tf_index) if signed else np.abs(r), np.sign(r))


def within_clusters(
    expression: np.ndarray,
    tf_index: np.ndarray,
    n_clusters: Sequence[int] = (8,),
    signed: bool = False,
    starts: int = 1,
) -> Scores:
    """Correlation inside clusters of cells: co-expression with cell types taken out.

    Types of cells differ in most genes, whatever regulates them, so over all cells almost any two markers go
    together. Inside a cluster of like cells genes go together for nearer reasons.

    Parameters
    ----------
    n_clusters : sequence of int
        Numbers of clusters; with several the correlation is their mean.
    starts : int
        How often k-means starts anew.

    Returns
    -------
    Scores
        Absolute correlation r of expression less its cluster's mean, or the signed score of it. Clusters are those
        of ``cells.cluster_cells``, from z-scores; there is one when there are fewer than 10 cells, where
        this is plain correlation. For a gene that does not vary inside clusters r is 0.
    """
    from grnular_core.models.cells import inside_clusters  # loads torch

    z = standardised(expression)
    r = np.zeros((len(tf_index), z.shape[1]))
    for k in n_clusters:
        left = inside_clusters(z, k, starts)
        # a gene that differs between clusters alone leaves rounding behind
        left[:, np.abs(left).max(0, initial=0) < 1e-9] = 0
        r += pearson(left, tf_index) / len(n_clusters)
    r = without_self(r, tf_index)
    return Scores(without_self((1 + r) / 2, tf_index) if signed else np.abs(r), np.sign(r))


def clr(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Context likelihood of relatedness on absolute Pearson correlation.

    How far an edge stands out from the other edges of its TF and of its gene: with z the correlation standardised
    over the TF's genes, and over the gene's TFs, negative values set to 0, the score is
    ``sqrt(z_tf ** 2 + z_gene ** 2)``.

    Parameters
    ----------
    tf_index : ndarray of int, (tfs,)
        With fewer than three of them a gene has no background, and the TF's alone counts.

    Returns
    -------
    Scores

    References
    ----------
    Faith et al. (2007), PLoS Biology 5:e8.
    """
    scores, signs, *_ = correlation(expression, tf_index)
    known = without_self(np.ones_like(scores), tf_index)
    z = np.maximum(_z_along(scores, known, axis=1), 0) ** 2
    if len(tf_index) >= 3:
        z += np.maximum(_z_along(scores, known, axis=0), 0) ** 2
    return Scores(without_self(np.sqrt(z), tf_index), signs)


def _z_along(values: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    """Values standardised along an axis over the entries of weight 1."""
    count = weight.sum(axis=axis, keepdims=True)
    mean = (values * weight).sum(axis=axis, keepdims=True) / np.maximum(count, 1)
    variance = ((values - mean) ** 2 * weight).sum(axis=axis, keepdims=True) / np.maximum(count, 1)
    deviation = np.sqrt(variance)
    return np.divide(values - mean, deviation, out=np.zeros_like(values), where=deviation > 1e-12)


def _unsigned(scores: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Scores of a control, whose edges have no sign and never end in their own TF."""
    return Scores(without_self(scores, tf_index), np.zeros_like(scores))


def random(expression: np.ndarray, tf_index: np.ndarray, seed: int = 0) -> Scores:
    """Control: uniform random scores, signs unknown. The expected AUPRC is the density of true edges.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Scores
    """
    scores = np.random.default_rng(seed).uniform(size=(len(tf_index), expression.shape[1]))
    return _unsigned(scores, tf_index)


def degree(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge of a TF scores the TF's mean |correlation|; it knows hubs, and no edge.

    Returns
    -------
    Scores
    """
    r = correlation(expression, tf_index).weight
    others = max(expression.shape[1] - 1, 1)
    scores = np.repeat(r.sum(axis=1, keepdims=True) / others, expression.shape[1], axis=1)
    return _unsigned(scores, tf_index)


def target_is_tf(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge whose target is a TF scores 1, every other 0; it knows the TF list, and no edge.

    Returns
    -------
    Scores
    """
    scores = np.zeros((len(tf_index), expression.shape[1]))
    scores[:, tf_index] = 1
    return _unsigned(scores, tf_index)


def target_mean(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Control: every edge scores the mean expression of its target; it knows what is expressed, and no edge.

    Returns
    -------
    Scores
        Above the least mean of all genes, since a weight is not negative and scaled expression may be.
    """
    mean = expression.mean(axis=0)
    scores = np.tile(mean - mean.min(), (len(tf_index), 1))
    return _unsigned(scores, tf_index)


def oracle(data: GRNDataset, tfs: list[str], genes: list[str]) -> Scores:
    """Control: the reference network itself, the highest score that a protocol can give.

    Parameters
    ----------
    data : GRNDataset
    tfs, genes : list of str
        Rows and columns of the scores.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        When the dataset has no reference network.
    """
    if data.truth is None:
        raise InputError(f"the oracle needs a reference network, and {data.name} has none")
    edges = data.truth.assign(weight=1.0)
    return Scores(score_matrix(edges, tfs, genes), sign_matrix(edges, tfs, genes))
