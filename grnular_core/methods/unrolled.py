"""Methods that run an unrolled model, GRNULar or GLAD: untrained, or with trained weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from grnular_core.data.blocks import Matrix
from grnular_core.methods.interface import Method, MethodInput, RunOptions, Scores

if TYPE_CHECKING:  # torch is loaded only when a model is
    from torch import nn

# Clean simulations have at most 2 % zeros, those with a dropout of 25 % have 25 %.
ZEROS_OF_NOISY_DATA = 0.1


def default_weights(method: Method, expression: Matrix) -> str:
    """Name of the weights that a trained method uses on a dataset by default.

    The paper trains its models twice, for data without and with technical noise; data of which more than a
    tenth are zeros count as noisy. GRNULar-context and GRNULar-cells have one set of weights.

    Parameters
    ----------
    method : Method
        An entry with ``weights``.
    expression : ndarray or sparse matrix, (cells, genes)

    Returns
    -------
    str
    """
    if len(method.weights) == 1:
        return method.weights[0]
    there = (
        expression.count_nonzero() if sparse.issparse(expression) else np.count_nonzero(expression)
    )
    clean, noisy = method.weights
    return noisy if 1 - there / np.prod(expression.shape) > ZEROS_OF_NOISY_DATA else clean


def trained_scores(method: Method, given: MethodInput, options: RunOptions) -> Scores:
    """Scores of a method with the weights of the run, by default those of ``default_weights``.

    Parameters
    ----------
    method : Method
    given : MethodInput
    options : RunOptions

    Returns
    -------
    Scores
        With the digest of the weights.

    Raises
    ------
    InputError
        For weights that are not there or damaged, and when the device is not there.
    """
    from grnular_core.training.weights import read_trained

    found = read_trained(options.weights or default_weights(method, given.matrix))
    scores = _scores(found.model(options.seed, method.model), method, given, options)
    return scores._replace(weights_digest=found.digest)


def untrained_scores(method: Method, given: MethodInput, options: RunOptions) -> Scores:
    """Scores of GRNULar before any training; the seed draws its learned parts and its network.

    Parameters
    ----------
    method : Method
    given : MethodInput
    options : RunOptions

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        When the device is not there.
    """
    from grnular_core.models.grnular import GRNULar, GRNULarConfig

    return _scores(GRNULar(GRNULarConfig(seed=options.seed)), method, given, options)


def _scores(model: nn.Module, method: Method, given: MethodInput, options: RunOptions) -> Scores:
    """Scores of a model; large data stay sparse where they are."""
    from grnular_core.models.inference import model_scores, works_in_blocks

    large = works_in_blocks(model, given.matrix.shape, len(given.tfs))
    expression = given.matrix if large else given.expression
    return Scores(
        *model_scores(
            model,
            expression,
            given.tf_index,
            device=options.device,
            precision=options.precision or method.precision,
            progress=options.progress,
        )
    )
