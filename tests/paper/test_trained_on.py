"""Which models learned from the distribution that they are scored on, by the recipes of their weights."""

from dataclasses import replace

import pytest
from grnular_paper import trained_on
from grnular_paper.more_networks import CURATED, KINDS
from grnular_paper.trained_on import fitted_there, trained_share, trained_there, training_presets, weights_for

from grnular_core.simulation.simulate import preset
from grnular_core.training.named_recipes import RECIPES

RANDOM = ("clean", "noisy(25)", "noisy(50)", "noisy(75)")
SERGIO = ("DS1", "DS2", "DS3")


@pytest.mark.parametrize("method", ["grnular", "glad-tf", "glad"])
def test_the_papers_models_are_trained_on_what_their_recipes_name(method):
    assert [trained_share(method, name) for name in RANDOM] == [1, 0.5, 0, 0]
    assert not any(trained_there(method, name) for name in SERGIO)  # random networks of that size, without dropout


def test_of_the_models_of_this_work_context_alone_has_seen_such_graphs_among_many_others():
    assert all(0 < trained_share("grnular-context", name) < 0.01 for name in RANDOM)
    assert not any(trained_there("grnular-context", name) for name in SERGIO)
    assert not any(trained_there(method, name) for method in ("grnular-cells", "correlation") for name in (*RANDOM, *SERGIO))


def test_weights_are_those_of_the_runs():
    assert [weights_for("grnular", name) for name in ("clean", "noisy(25)", "DS3")] == ["grnular-clean", "grnular-noisy", "grnular-DS1"]
    assert weights_for("grnular-context", "DS1") == "grnular-context" and weights_for("clr", "clean") is None


def test_members_of_an_ensemble_count_and_a_recipe_without_epochs_does_not():
    counts = {name: sum(count for _, count in recipe.train) for name, recipe in RECIPES.items()}
    names = ("grnular-context", "context-chances", "context-regulons")
    assert len(training_presets("grnular-context")) == sum(counts[name] for name in names)
    assert len(training_presets("grnular-cells")) == counts["context-measured"] + counts["context-measured-b"]


def test_dropout_may_differ_by_a_point_and_nothing_else(monkeypatch):
    drawn = preset("noisy(49.5)")
    other = replace(drawn, technical=replace(drawn.technical, dropout=(6.5, 50.0)))
    monkeypatch.setattr(trained_on, "training_presets", lambda weights: (drawn, other, preset("noisy(48)"), preset("clean")))
    assert trained_share("grnular", "noisy(50)") == 0.25 and trained_share("grnular", "clean") == 0.25


def test_the_readout_of_grnular_curated_is_fitted_on_curated_networks():
    assert fitted_there("grnular-curated", [name for name, kind in KINDS.items() if kind == CURATED])
    assert not fitted_there("grnular-curated", ["STRING"]) and not fitted_there("grnular-cells", list(KINDS))
