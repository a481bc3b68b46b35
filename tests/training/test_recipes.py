"""Recipes: plain values that come back as they were, and values that no recipe has."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.training.batches import check_training_graphs
from grnular_core.training.named_recipes import DESCRIPTIONS, RECIPES, named_recipe
from grnular_core.training.recipes import MODELS, Recipe
from grnular_core.training.weights import read_trained
from grnular_core.utils.errors import InputError

GRAPHS = st.lists(
    st.tuples(st.sampled_from(["clean", "noisy(25)", "varied"]), st.integers(1, 99)), min_size=1
).map(tuple)


@st.composite
def recipes(draw) -> Recipe:
    model = draw(st.sampled_from(list(MODELS)))
    sizes = st.none() | st.lists(st.integers(1, 99), min_size=1, max_size=3).map(tuple)
    context = draw(st.booleans()) and not model.startswith("glad")
    config = (
        GLADConfig(n_unroll=draw(st.integers(1, 30)), rho_start=draw(st.floats(0.1, 0.9)))
        if model.startswith("glad")
        else GRNULarConfig(hidden=draw(sizes), rho="context" if context else "entry")
    )
    return Recipe(
        model, config, draw(GRAPHS), draw(GRAPHS), draw(st.integers(0, 50)), draw(st.integers(1, 9)),
        draw(st.floats(1e-6, 1)), draw(st.sampled_from(["constant", "rise-and-fall"])),
        loss="cross-entropy" if context else "balanced", shuffled=draw(st.booleans()),
    )  # fmt: skip


@given(recipes())
def test_a_recipe_comes_back_from_json_as_it_was(recipe):
    text = json.dumps(recipe.as_dict(), allow_nan=False)
    assert Recipe.from_dict(json.loads(text)) == recipe
    assert set(json.loads(text)) == {field.name for field in fields(Recipe)}
    model = recipe.new_model()
    kinds = {"grnular": GRNULar, "grnular-base": GRNULarBase, "glad": GLAD, "glad-tf": GLADTF}
    assert type(model) is kinds[recipe.model] and model.config is recipe.config


@pytest.mark.parametrize("name", RECIPES)
def test_named_recipes_can_be_trained(name):
    recipe = RECIPES[name]
    check_training_graphs(recipe)
    assert DESCRIPTIONS[name] and set(DESCRIPTIONS) == set(RECIPES)
    # an ensemble learns from other graphs than its members did
    assert recipe.seed not in [RECIPES[member].seed for member in recipe.members]
    assert not recipe.shuffled


@pytest.mark.parametrize("name", [name for name in RECIPES if not name.startswith("context")])
def test_weights_of_the_package_are_those_of_their_recipe(name):
    assert read_trained(name).recipe == RECIPES[name]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("grnular-clean", "clean"),
        ("grnular-noisy", "low-dropout"),
        ("grnular-DS1", "DS1-like"),
        ("grnular-DS2", "DS2-like"),
    ],
)
def test_the_published_recipes_have_the_papers_settings(name, family):
    recipe = RECIPES[name]
    config = recipe.config
    assert config.reduction in ("mean", "cells") and (config.lam_scale, config.lam_per_error) == (1, False)
    assert config.n_unroll == 15 and config.n_inner in (2, 5, 10, 20)
    assert config.hidden in ((40,), (60,), (100,), (200,), None)  # None: four units a TF
    assert (config.rho, config.init_tolerance) == ("entry", 0)
    assert recipe.loss == "balanced" and recipe.beta in (0.5, 1, 2, 5)
    assert recipe.train == ((family, 20),) and [kind for kind, _ in recipe.valid] == [family]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"model": "granular"}, "unknown model 'granular'"),
        ({"model": "glad"}, "takes a GLADConfig, got GRNULarConfig"),
        ({"loss": "mse"}, "loss of a recipe is one of .*'balanced'"),
        ({"schedule": "cosine"}, "schedule of a recipe"),
        ({"iterates": "first"}, "iterates of a recipe"),
        ({"loss": "cross-entropy"}, "needs logits"),
        ({"loss_on": "W"}, "loss_on of a recipe is one of"),
        ({"clip": -1.0}, "clip >= 0"),
        ({"config": GRNULarConfig(inner_gradient="cut")}, 'use "through", or loss_on "Z"'),
        ({"epochs": 1.5}, "epochs of a recipe is a finite int, got 1.5"),
        ({"epochs": True}, "finite int"),
        ({"epochs": -1}, "epochs >= 0"),
        ({"batch": 0}, "batch >= 1"),
        ({"lr": 0}, "lr > 0"),
        ({"lr": float("nan")}, "finite float"),
        ({"lr": "0.1"}, "finite float"),
        ({"shuffled": 1}, "finite bool"),
        ({"valid": ()}, "at least one graph"),
        ({"train": (("clean", 0),)}, "at least one graph"),
        ({"config": GRNULarConfig(rho="entries")}, "rho of a recipe's config is one of"),
        ({"config": GRNULarConfig(n_unroll="4")}, "n_unroll of a recipe's config"),
    ],
)
def test_impossible_values_are_refused_by_name(change, part):
    with pytest.raises(InputError, match=part):
        replace(Recipe(), **change)


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        {"model": "grnular"},
        {**Recipe().as_dict(), "colour": "red"},
        {**Recipe().as_dict(), "model": "tree"},
        {**Recipe().as_dict(), "config": None},
        {**Recipe().as_dict(), "config": {"depth": 3}},
        {**Recipe().as_dict(), "train": [["clean"]]},
        {**Recipe().as_dict(), "loss": "mse"},
    ],
)
def test_other_json_is_no_recipe(values):
    with pytest.raises(InputError):
        Recipe.from_dict(values)


def test_an_unknown_name_gets_the_nearest():
    assert named_recipe("grnular-context") is RECIPES["grnular-context"]
    with pytest.raises(InputError, match="did you mean glad-clean"):
        named_recipe("glad-claen")
    with pytest.raises(InputError, match="known: grnular-context, context-chances"):
        named_recipe("xyz")
