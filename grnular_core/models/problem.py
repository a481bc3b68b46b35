"""Input of an unrolled model: z-scores, TF columns, covariance, candidate edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from grnular_core.models.context import Context

CONSTANT = 1e-6  # standard deviation below this share of the largest value is rounding, not signal


class Problem(NamedTuple):
    """One batch of data in the form that Algorithms 1 and 2 use."""

    X: Tensor  # (graphs, cells, genes), z-scores
    X_T: Tensor  # (graphs, cells, tfs), the TFs' columns of X
    sigma: Tensor  # (graphs, tfs, genes), covariance
    # bool, (graphs, tfs, genes), where an edge is possible: not from a TF to itself, no gene of constant expression
    allowed: Tensor
    context: Context | None = None  # edge features of a rho_nn with context (this work)


def standardise(X: Tensor) -> Tensor:
    """z-score every gene over the cells, in double precision.

    Parameters
    ----------
    X : Tensor, shape (..., cells, genes)

    Returns
    -------
    Tensor, shape (..., cells, genes)
        A gene of constant expression is 0.
    """
    X = X.double()
    centred = X - X.mean(-2, keepdim=True)
    spread = centred.square().mean(-2, keepdim=True).sqrt()
    constant = spread <= CONSTANT * X.abs().amax(-2, keepdim=True)
    return torch.where(constant, 0.0, centred / spread.masked_fill(constant, 1.0))


def cov_tf(X: Tensor, X_T: Tensor) -> Tensor:
    """Compute covTF of Algorithms 1 and 2.

    Parameters
    ----------
    X : Tensor, shape (graphs, cells, genes)
        Centred.
    X_T : Tensor, shape (graphs, cells, tfs)

    Returns
    -------
    Tensor, shape (graphs, tfs, genes)
    """
    return X_T.transpose(1, 2) @ X / X.shape[1]


def candidate_edges(tf_index: Tensor, varies: Tensor) -> Tensor:
    """Where an edge is possible.

    Parameters
    ----------
    tf_index : Tensor of int, shape (graphs, tfs)
    varies : Tensor of bool, shape (graphs, genes)
        False for genes of constant expression.

    Returns
    -------
    Tensor of bool, shape (graphs, tfs, genes)
        False for a TF on itself and for pairs with a gene that does not vary.
    """
    own = tf_index[:, :, None] == torch.arange(varies.shape[1], device=varies.device)
    return ~own & varies[:, None, :] & varies.gather(1, tf_index)[:, :, None]


def prepare(X: Tensor, tf_index: Tensor, dtype: torch.dtype) -> Problem:
    """z-score expression and pick the TFs.

    Parameters
    ----------
    X : Tensor, shape (graphs, cells, genes)
        Expression in any units.
    tf_index : Tensor of int, shape (graphs, tfs), or (tfs,) for all graphs
        Positions of the TFs among the genes.
    dtype : torch.dtype
        Of the result; z-scores are computed in double precision.

    Returns
    -------
    Problem
    """
    X = standardise(X).to(dtype)
    index = tf_index.to(X.device).expand(len(X), -1)  # (graphs, tfs)
    X_T = X.gather(2, index[:, None, :].expand(-1, X.shape[1], -1))  # (graphs, cells, tfs)
    return Problem(X, X_T, cov_tf(X, X_T), candidate_edges(index, (X != 0).any(1)))


def content_order(X: Tensor) -> np.ndarray:
    """Return an order of the genes that depends on their values alone.

    Genes are compared by their z-scores in the first cell, then in the second, ...

    Parameters
    ----------
    X : Tensor, shape (cells, genes)

    Returns
    -------
    ndarray of int, shape (genes,)
    """
    keys = np.round(standardise(X).numpy().T * 1e6).astype(">i8") + (1 << 62)  # (genes, cells)
    rows = [row.tobytes() for row in keys.astype(">u8")]
    return np.array(sorted(range(len(rows)), key=rows.__getitem__), dtype=int)


def checked_input(expression: np.ndarray, tf_index: Sequence[int]) -> tuple[Tensor, np.ndarray]:
    """Return the expression as a tensor and the TFs as an array.

    Parameters
    ----------
    expression : array_like, shape (cells, genes)
    tf_index : sequence of int

    Returns
    -------
    tuple of Tensor and ndarray

    Raises
    ------
    InputError
        When the expression is no table of finite numbers, or ``tf_index`` does not list TFs.
    """
    X = torch.as_tensor(np.array(expression, dtype=np.float64))
    if X.ndim != 2 or not torch.isfinite(X).all():
        raise InputError("expression must be a cells x genes array of finite numbers")
    return X, checked_tfs(tf_index, X.shape[1])


def checked_tfs(tf_index: Sequence[int], n_genes: int) -> np.ndarray:
    """Return the positions of the TFs as an array.

    Parameters
    ----------
    tf_index : sequence of int
    n_genes : int

    Returns
    -------
    ndarray of int, shape (tfs,)

    Raises
    ------
    InputError
        When there is none, one twice, or one that is no position of ``n_genes``.
    """
    tfs = np.asarray(tf_index, dtype=int)
    if tfs.ndim != 1 or not len(tfs) or len(set(tfs.tolist())) < len(tfs):
        raise InputError("tf_index must list at least one TF, each once")
    if tfs.min() < 0 or tfs.max() >= n_genes:
        raise InputError(f"tf_index must hold positions from 0 to {n_genes - 1}, got {tfs}")
    return tfs
