"""The weights that ship, on graphs nobody trained on: what the page on the method promises."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from grnular_core.methods.registry import infer
from grnular_core.scoring.strict import strict_scores
from grnular_core.simulation.families import FAMILIES, GROUP, family_preset, observed
from grnular_core.simulation.simulate import (
    Simulation,
    preset,
    simulate,
    simulated_dataset,
    tf_names,
    truth_table,
)

SEEDS = range(3_500_000, 3_500_003)  # beyond those of the record's test graphs
SIZES = range(3_700_000, 3_700_000 + 12 * GROUP, GROUP)  # of graphs of different sizes
OTHERS = ("correlation", "clr", "ridge")


@cache
def simulated(settings: str, seed: int) -> Simulation:
    """A dataset of a preset, or of a family as a user would hand it in."""
    if settings not in FAMILIES:
        return simulate(preset(settings), seed)
    made = simulate(family_preset(settings, seed), seed)
    return replace(made, expression=observed(made))


def mean_of(score: str, settings: str, method: str, seeds: Iterable[int] = SEEDS) -> float:
    """Mean over graphs of one of a method's strict scores."""
    found = []
    for seed in seeds:
        made = simulated(settings, seed)
        edges = infer(simulated_dataset(made), method, device="cpu")
        found.append(strict_scores(edges, truth_table(made), made.genes(), tf_names(made))[score])
    return float(np.mean(found))


def test_on_clean_data_the_released_model_is_nearly_right_and_above_all_others():
    released = mean_of("auprc", "clean", "grnular-context")
    others = (*OTHERS, "grnular-untrained", "glad-tf")
    assert released >= 0.9
    assert released > max(mean_of("auprc", "clean", method) for method in others)


def test_under_dropout_it_is_far_above_the_others():
    best = max(mean_of("auprc", "noisy(25)", method) for method in OTHERS)
    assert mean_of("auprc", "noisy(25)", "grnular-context") >= 1.3 * best


@pytest.mark.parametrize(("settings", "least"), [("clean", 0.97), ("noisy(50)", 0.9)])
def test_signs_of_the_edges_that_are_found_are_right(settings, least):
    assert mean_of("sign_share", settings, "grnular-context") >= least


@pytest.mark.slow
def test_on_regulons_the_model_for_real_cells_is_above_the_others():
    """Also above correlation inside clusters, which is one of the edge features that it sees."""
    others = (*OTHERS, "within-clusters")
    best = max(mean_of("auprc", "measured", method, SIZES) for method in others)
    assert mean_of("auprc", "measured", "grnular-cells", SIZES) > 1.05 * best
