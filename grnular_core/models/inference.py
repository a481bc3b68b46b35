"""Models on one dataset: from an expression array to scores and signs of all TF-gene pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import nn

from grnular_core.data.blocks import Matrix
from grnular_core.models.glad import GLAD, tf_rows
from grnular_core.models.grnular import GRNULar
from grnular_core.models.problem import checked_input, content_order
from grnular_core.utils.device import is_large, resolve_device

Precision = Literal["single", "double"]


def model_scores(
    model: nn.Module,
    expression: Matrix,
    tf_index: Sequence[int],
    *,
    device: str = "cpu",
    precision: Precision = "single",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and signs of every TF on every gene, from a model of any kind.

    Genes and TFs enter the model in ``content_order``, so a permutation of the columns or of
    ``tf_index`` permutes the result and changes nothing else. Large data go through ``large`` where the model can.

    Parameters
    ----------
    model : GRNULar or GLAD
    expression : ndarray or csr, shape (cells, genes)
    tf_index : sequence of int
        Positions of the TFs among the genes.
    device : str
    precision : {"single", "double"}
        "double" runs all of it in double precision, so that rounding, and with it the processor and the
        number of threads, hardly moves what hundreds of Adam steps end with; "single" takes the model
        as it is.
    progress : callable, optional
        Called with (done, all).

    Returns
    -------
    tuple of ndarray, each (tfs, genes)
        Scores >= 0, 0 for a TF on itself and for genes of constant expression; and signs +1, 0, -1. Signs of
        GRNULar are those of the correlation over cells: on simulated ones the fitted network's own tells less of
        who activates and who represses. Those of GLAD are of -theta, the partial correlation; its scores are
        |theta|, which is symmetric, so two TFs score each other alike.

    Raises
    ------
    InputError
        When the expression is no table of finite numbers, ``tf_index`` does not list TFs, or the device is
        unknown or not there.
    """
    if precision == "double":
        model = deepcopy(model).double()
    if works_in_blocks(model, np.shape(expression), len(tf_index)):
        from grnular_core.models.large import large_scores

        return large_scores(expression, tf_index, model, device=device, progress=progress)
    X, tfs = checked_input(expression.toarray() if sparse.issparse(expression) else expression, tf_index)
    place = resolve_device(device)
    order = content_order(X)
    rank = np.argsort(order)  # gene -> its place in the canonical order
    tf_order = np.argsort(rank[tfs])
    index = torch.as_tensor(rank[tfs][tf_order], device=place)
    with torch.no_grad():
        output = model.to(place)(X[:, order][None].to(place), index, progress)
    if isinstance(model, GLAD):
        varies = output.varies[0]
        signed = -tf_rows(output.theta[0] * varies * varies[:, None], index)
        found = signed.abs(), signed
    else:
        found = output.scores[0], output.sigma[0]
    scores, sign = np.zeros((2, len(tfs), X.shape[1]))
    at = np.ix_(tf_order, order)
    scores[at], sign[at] = (part.cpu().numpy() for part in found)
    return scores, np.where(scores > 0, np.sign(sign), 0).astype(int)


def works_in_blocks(model: nn.Module, shape: tuple[int, ...], n_tfs: int) -> bool:
    """Whether data go through a model a block at a time, so that they may stay sparse.

    Parameters
    ----------
    model : Module
        Only GRNULar itself can.
    shape : tuple of int
        (cells, genes).
    n_tfs : int

    Returns
    -------
    bool
    """
    return type(model) is GRNULar and len(shape) == 2 and is_large(*shape, n_tfs)
