"""The registry's methods that run an unrolled model: untrained, or with trained weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from grnular_core.data.values import Matrix
from grnular_core.methods.correlation import Scores
from grnular_core.methods.unrolled_methods import TRAINED
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:  # torch is loaded only when a model is
    from torch import nn

    from grnular_core.methods.registry import Run, Work
    from grnular_core.training.weights import Trained

# Clean simulations have at most 2 % zeros, those with a dropout of 25 % have 25 %.
ZEROS_OF_NOISY_DATA = 0.1


def weights_for(method: str, expression: Matrix) -> str:
    """The name of the weights that a method uses on data of shape (cells, genes), dense or sparse.

    ``grnular-context`` is trained for all of them, ``grnular-cells`` for measured cells. The paper trains its
    models twice, for data without and with technical noise; data of which more than a tenth are zeros
    count as noisy.
    """
    weights = TRAINED[method].weights
    if len(weights) == 1:
        return weights[0]
    there = (
        expression.count_nonzero() if sparse.issparse(expression) else np.count_nonzero(expression)
    )
    clean, noisy = weights
    return noisy if 1 - there / np.prod(expression.shape) > ZEROS_OF_NOISY_DATA else clean


def untrained(work: Work, run: Run) -> Scores:
    """GRNULar as it is before any training; the seed draws its parts and its network."""
    from grnular_core.models.grnular import GRNULar, GRNULarConfig

    return _scores(GRNULar(GRNULarConfig(seed=run.seed)), work, run)


def trained(name: str) -> Callable[[Work, Run], Scores]:
    """The method of that name with the weights of the run, or else its own for such data."""

    def scores(work: Work, run: Run) -> Scores:
        found = fitting_weights(name, run.weights or weights_for(name, work.matrix))
        return _scores(found.model(run.seed), work, run)._replace(weights=found.digest)

    return scores


def _scores(model: nn.Module, work: Work, run: Run) -> Scores:
    """Scores of a model; large data stay sparse where they are."""
    from grnular_core.models.inference import is_streamed, model_scores

    large = is_streamed(model, work.matrix.shape, len(work.tfs))
    expression = work.matrix if large else work.expression
    how = {"device": run.device, "progress": run.progress}
    return Scores(*model_scores(model, expression, work.tf_index, **how))


def fitting_weights(method: str, weights: str | Path) -> Trained:
    """The trained model of that name or file, if the method can run it, else an ``InputError``."""
    from grnular_core.training.weights import read_trained

    if method not in TRAINED:
        raise InputError(f"the method {method} takes no weights; {', '.join(TRAINED)} do")
    found = read_trained(weights)
    kind = found.recipe.model
    if kind not in TRAINED[method].runs:
        able = " or ".join(name for name, other in TRAINED.items() if kind in other.runs)
        raise InputError(
            f"the weights {weights} are those of a model {kind}, which the method {method} does not "
            f"run; use the method {able}"
        )
    return found
