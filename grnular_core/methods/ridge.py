"""Ridge regression of every gene on all TFs, with a penalty of its own for each gene.

Genes are worked on in blocks, so that sparse expression is never dense as a whole; small data are one block.
For a gene y that is no TF the coefficients are ``P X'y`` with ``P = (X'X + a I)^-1``, X being the TFs. For TF j among
the others, block inversion of the same P gives ``-P[:, j] / P[j, j]``: one eigendecomposition of ``X'X`` serves all genes
and all penalties a.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import qr
from scipy.linalg.blas import get_blas_funcs

from grnular_core.data.blocks import Matrix
from grnular_core.methods.correlation import ZScores
from grnular_core.methods.interface import Scores
from grnular_core.utils.device import is_large

# penalties as shares of the number of cells: from almost none to almost only the mean
PENALTIES = np.logspace(-3, 2, 11)
FOLDS = 5


def ridge(matrix: Matrix, tf_index: np.ndarray, seed: int = 0, penalty: float | None = None) -> Scores:
    """Absolute coefficients of a ridge regression of each gene on all TFs, itself left out.

    Expression is standardised. Each gene's penalty is the one of ``PENALTIES`` (times the number of cells)
    with the least squared error in 5-fold cross-validation over shuffled cells. Large data (``utils.device.is_large``) are
    worked on in single precision.

    Parameters
    ----------
    matrix : ndarray or sparse matrix, (cells, genes)
        With fewer than five cells there are as many folds as cells.
    tf_index : ndarray of int, (tfs,)
    seed : int
        Of the shuffle.
    penalty : float, optional
        Times the number of cells, of all genes; None for that of cross-validation.

    Returns
    -------
    Scores
    """
    z = ZScores.of(matrix, np.float32 if is_large(*matrix.shape, len(tf_index)) else np.float64)
    x, n_cells = z.columns(tf_index), z.n_cells
    whole = _Eigen.of(x.T @ x)
    folds = np.arange(n_cells) % min(FOLDS, n_cells)
    np.random.default_rng(seed).shuffle(folds)
    fits = [] if penalty is not None else [_Fold.of(x, folds == fold) for fold in range(folds.max() + 1)]
    coefficients = np.zeros((len(tf_index), z.n_genes))
    place = np.full(z.n_genes, -1)
    place[tf_index] = np.arange(len(tf_index))
    for block in z.blocks():
        y, tf = z.columns(block), place[block]
        cross = x.T @ y
        if penalty is None:
            chosen = PENALTIES[np.argmin(sum(fit.errors(cross, y, tf) for fit in fits), axis=0)]
        else:
            chosen = np.full(y.shape[1], penalty)
        coefficients[:, block] = whole.coefficients(cross, tf, chosen * n_cells)
    coefficients[~x.any(axis=0)] = 0  # a constant TF: rounding only
    return Scores(np.abs(coefficients), np.sign(coefficients))


class _Eigen(NamedTuple):
    """Eigenvalues and vectors of X'X."""

    values: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, gram: np.ndarray) -> _Eigen:
        values, vectors = np.linalg.eigh(gram.astype(np.float64))
        return cls(np.maximum(values, 0), vectors.astype(gram.dtype))

    def sources(self, cross: np.ndarray, tf: np.ndarray) -> np.ndarray:
        """V'X'y of genes that are no TF, and V'e_j of TF j, whose column of P this gives."""
        return np.where(tf < 0, self.vectors.T @ cross, self.vectors[tf].T)

    def coefficients(self, cross: np.ndarray, tf: np.ndarray, penalties: np.ndarray) -> np.ndarray:
        """Coefficients (tfs, genes) for X'y of the same shape and a penalty for each gene."""
        found = self.vectors @ (self.sources(cross, tf) / (self.values[:, None] + penalties).astype(cross.dtype))
        of_tf = np.flatnonzero(tf >= 0)
        found[:, of_tf] /= -found[tf[of_tf], of_tf]
        found[tf[of_tf], of_tf] = 0
        return found


class _Fold(NamedTuple):
    """The fit to all cells but those of one fold.

    Of X V = Q R errors need only R: what is orthogonal to Q is the same for all penalties.
    """

    inside: np.ndarray  # bool, (cells,): the fold's cells
    x: np.ndarray  # X of these
    eigen: _Eigen  # of X'X of the others
    Q: np.ndarray  # (cells of the fold, k)
    R: np.ndarray  # (k, tfs), 0 below its diagonal

    @classmethod
    def of(cls, x: np.ndarray, inside: np.ndarray) -> _Fold:
        others = x[~inside]
        eigen = _Eigen.of(others.T @ others)
        Q, R = qr(x[inside] @ eigen.vectors, mode="economic", check_finite=False)
        return cls(inside, x[inside], eigen, Q, R)

    def errors(self, cross: np.ndarray, y: np.ndarray, tf: np.ndarray) -> np.ndarray:
        """Return squared errors (penalties, genes) on the fold's cells, less a number a gene; ``cross`` is X'y of all."""
        left, of_tf = y[self.inside], np.flatnonzero(tf >= 0)
        vectors, own = self.eigen.vectors[tf[of_tf]], self.Q.T @ self.x[:, tf[of_tf]]
        sources = self.eigen.sources(cross - self.x.T @ left, tf)
        left = self.Q.T @ left
        errors = np.empty((len(PENALTIES), y.shape[1]))
        for i, penalty in enumerate(PENALTIES * (~self.inside).sum()):
            inverse = (1 / (self.eigen.values + penalty)).astype(y.dtype)
            predicted = self._product(inverse[:, None] * sources)
            # of a TF this is X P[:, j]; its own coefficient, -1, is left out
            predicted[:, of_tf] = own - predicted[:, of_tf] / ((vectors**2) @ inverse)
            errors[i] = ((left - predicted) ** 2).sum(axis=0, dtype=np.float64)
        return errors

    def _product(self, right: np.ndarray) -> np.ndarray:
        """R @ right; of a triangle half the operations."""
        if self.R.shape[0] < self.R.shape[1]:
            return self.R @ right
        trmm = get_blas_funcs("trmm", (self.R,))
        return trmm(1.0, self.R.T, right.T, side=1, lower=1, overwrite_b=1).T
