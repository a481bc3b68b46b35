"""Whether a model learned from the distribution that it is scored on, by the recipe of its weights.

Test graphs are never those of training; here the question is whether they are drawn in the same way.

Parameters
----------
method : str
    Name in the registry of methods.
name : str
    Name of a preset of the simulator.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from grnular_core.methods.curated import fitted_networks
from grnular_core.methods.registry import METHODS
from grnular_core.simulation.families import family_preset
from grnular_core.simulation.simulate import Preset, preset
from grnular_core.training.batches import first_seed
from grnular_core.training.named_recipes import RECIPES

NEAR = 1.0  # points of dropout: families draw its percentile from a range, and no graph has exactly 50 %


def weights_for(method: str, name: str) -> str | None:
    """Name of the weights that a method takes on a preset.

    Returns
    -------
    str or None
        Those for SERGIO's networks where it has some, else those for cells without or with dropout; None for a method that
        is not trained.
    """
    entry, settings = METHODS[method], preset(name)
    if settings.network and entry.range_weights:
        return entry.papers_weights("DS1")
    return entry.weights[-1 if settings.technical.dropout else 0] if entry.weights else None


@lru_cache
def training_presets(weights: str) -> tuple[Preset, ...]:
    """Settings of every graph that these weights were trained on.

    Parameters
    ----------
    weights : str
        A key of ``RECIPES``.

    Returns
    -------
    tuple of Preset
        With those of the weights that training started from; a recipe without epochs adds none.
    """
    recipe = RECIPES[weights]
    first = first_seed("train", recipe.seed)
    own = [family_preset(family, first + i) for family, count in recipe.train for i in range(count)]
    return (*(own if recipe.epochs else ()), *(found for member in recipe.members for found in training_presets(member)))


def trained_share(method: str, name: str) -> float:
    """Share of the training graphs of a method that have the settings of a preset, dropout within ``NEAR`` points.

    Returns
    -------
    float
        0 for a method that is not trained.
    """
    weights = weights_for(method, name)
    if weights is None:
        return 0.0
    drawn, wanted = training_presets(weights), preset(name)
    return sum(_alike(one, wanted) for one in drawn) / len(drawn)


def trained_there(method: str, name: str) -> bool:
    """Whether graphs with the settings of a preset are among the training graphs of a method.

    Returns
    -------
    bool
    """
    return trained_share(method, name) > 0


def fitted_there(method: str, networks: Collection[str]) -> bool:
    """Whether a method has a readout that was fitted on some of these reference networks.

    Parameters
    ----------
    networks : collection of str
        Names of reference networks of real cells.

    Returns
    -------
    bool
    """
    return bool(METHODS[method].joins) and not set(networks).isdisjoint(fitted_networks())


def _alike(one: Preset, other: Preset) -> bool:
    """Whether two presets differ by no more than ``NEAR`` points of dropout."""
    mine, theirs = one.technical.dropout, other.technical.dropout
    if mine is None or theirs is None or abs(mine[1] - theirs[1]) > NEAR:
        return one == other
    return replace(one, technical=replace(one.technical, dropout=(mine[0], theirs[1]))) == other
