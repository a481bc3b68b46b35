"""What the unrolled cells work on: z-scores, TF columns, covariance, candidate edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from grnular_core.utils.errors import InputError

CONSTANT = 1e-6  # standard deviation below this share of the largest value is rounding, not signal


class Problem(NamedTuple):
    """One batch of data in the form the cells use."""

    X: Tensor  # (graphs, cells, genes), z-scored
    X_T: Tensor  # (graphs, cells, tfs)
    sigma: Tensor  # covariance of TFs and genes, (graphs, tfs, genes)
    allowed: Tensor  # True where an edge is possible, (graphs, tfs, genes)


def standardise(X: Tensor) -> Tensor:
    """z-score every gene over the cells (axis -2); a gene of constant expression becomes 0."""
    X = X.double()
    centred = X - X.mean(-2, keepdim=True)
    spread = centred.square().mean(-2, keepdim=True).sqrt()
    constant = spread <= CONSTANT * X.abs().amax(-2, keepdim=True)
    return torch.where(constant, 0.0, centred / spread.masked_fill(constant, 1.0))


def covariance(X: Tensor, X_T: Tensor) -> Tensor:
    """covTF of Algorithms 1 and 2 on centred data: (graphs, tfs, genes)."""
    return X_T.transpose(1, 2) @ X / X.shape[1]


def prepare(X: Tensor, tf_index: Tensor, dtype: torch.dtype) -> Problem:
    """z-score X (graphs, cells, genes) and pick the TFs, tf_index (graphs, tfs) or (tfs,)."""
    X = standardise(X).to(dtype)
    n_graphs, n_cells, n_genes = X.shape
    index = tf_index.to(X.device).expand(n_graphs, -1)  # (graphs, tfs)
    X_T = X.gather(2, index[:, None, :].expand(-1, n_cells, -1))  # (graphs, cells, tfs)
    own = index[:, :, None] == torch.arange(n_genes, device=X.device)  # (graphs, tfs, genes)
    varies = (X != 0).any(1)  # (graphs, genes)
    allowed = ~own & varies[:, None, :] & varies.gather(1, index)[:, :, None]
    return Problem(X, X_T, covariance(X, X_T), allowed)


def content_order(X: Tensor) -> np.ndarray:
    """An order of the genes of X (cells, genes) that depends on their values alone.

    Genes are compared by their standardised values in the first cell, then in the second, ...
    """
    keys = np.round(standardise(X).numpy().T * 1e6).astype(">i8") + (1 << 62)  # (genes, cells)
    rows = [row.tobytes() for row in keys.astype(">u8")]
    return np.array(sorted(range(len(rows)), key=rows.__getitem__), dtype=int)


def checked_input(expression: np.ndarray, tf_index: Sequence[int]) -> tuple[Tensor, np.ndarray]:
    """The expression as a tensor and the TFs as an array, or an ``InputError``."""
    X = torch.as_tensor(np.array(expression, dtype=np.float64))
    if X.ndim != 2 or not torch.isfinite(X).all():
        raise InputError("expression must be a cells x genes array of finite numbers")
    return X, checked_tfs(tf_index, X.shape[1])


def checked_tfs(tf_index: Sequence[int], n_genes: int) -> np.ndarray:
    """The positions of the TFs as an array, or an ``InputError``."""
    tfs = np.asarray(tf_index, dtype=int)
    if tfs.ndim != 1 or not len(tfs) or len(set(tfs.tolist())) < len(tfs):
        raise InputError("tf_index must list at least one TF, each once")
    if tfs.min() < 0 or tfs.max() >= n_genes:
        raise InputError(f"tf_index must hold positions from 0 to {n_genes - 1}, got {tfs}")
    return tfs
