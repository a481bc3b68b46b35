"""Models on one dataset: from an expression array to scores and signs of all TF-gene pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import nn

from grnular_core.data.values import Matrix
from grnular_core.models.glad import GLAD, glad_scores
from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.problem import checked_input, content_order
from grnular_core.utils.device import is_large, resolve_device

Precision = Literal["single", "double"]


def grnular_scores(
    expression: Matrix,
    tf_index: Sequence[int],
    config: GRNULarConfig | None = None,
    *,
    model: GRNULar | None = None,
    seed: int | None = None,
    device: str = "cpu",
    precision: Precision = "single",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores >= 0 (theta) and signs (+1, 0, -1) of every TF on every gene, each (tfs, genes).

    ``expression`` has shape (cells, genes), dense or csr; a TF on itself and genes of constant
    expression get 0. ``model`` is a trained one, else an untrained model of ``config`` is made; ``seed`` replaces
    the configuration's. The sign is that of their correlation over cells: on simulated ones the fitted
    network's own tells less of who activates and who represses.

    Genes and TFs enter the network in ``content_order``, so a permutation of the columns or of
    ``tf_index`` permutes the result and changes nothing else. Large data (``memory.is_large``) take
    the way of ``streamed.py``. Raises ``InputError``.
    """
    if model is None:
        config = config or GRNULarConfig()
        model = GRNULar(config if seed is None else replace(config, seed=seed))
    model = in_precision(model, precision)
    if is_streamed(model, np.shape(expression), len(tf_index)):
        from grnular_core.models.large import streamed_scores

        return streamed_scores(expression, tf_index, model, device=device, progress=progress)
    X, tfs = checked_input(dense(expression), tf_index)
    place = resolve_device(device)
    order = content_order(X)
    rank = np.argsort(order)  # gene -> its place in the canonical order
    tf_order = np.argsort(rank[tfs])
    index = torch.as_tensor(rank[tfs][tf_order], device=place)
    with torch.no_grad():
        output = model.to(place)(X[:, order][None].to(place), index, progress)
    result = []
    for part in (output.scores, output.sigma):
        values = np.zeros(part.shape[1:])
        values[np.ix_(tf_order, order)] = part[0].cpu().numpy()
        result.append(values)
    scores, sigma = result
    return scores, np.where(scores > 0, np.sign(sigma), 0).astype(int)


def in_precision(model: nn.Module, precision: Precision) -> nn.Module:
    """The model itself, or for "double" a copy of it in double precision."""
    return deepcopy(model).double() if precision == "double" else model


def is_streamed(model: nn.Module, shape: tuple[int, ...], n_tfs: int) -> bool:
    """Whether data (cells, genes) go through the model a block at a time; only GRNULar itself can."""
    return type(model) is GRNULar and len(shape) == 2 and is_large(*shape, n_tfs)


def dense(expression: Matrix) -> np.ndarray:
    """The expression as an array."""
    return expression.toarray() if sparse.issparse(expression) else expression


def model_scores(
    model: nn.Module,
    expression: Matrix,
    tf_index: Sequence[int],
    *,
    device: str = "cpu",
    precision: Precision = "single",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and signs (tfs, genes) from a model of any kind; see its own function.

    ``precision`` "double" runs all of it in double precision, so that the numbers of hundreds of Adam
    steps do not depend on the processor; "single" takes the model as it is.
    """
    model = in_precision(model, precision)
    if isinstance(model, GLAD):
        expression, scores = dense(expression), glad_scores
    else:
        scores = grnular_scores
    return scores(expression, tf_index, model=model, device=device, progress=progress)
