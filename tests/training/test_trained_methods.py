"""Weights and methods: what comes with the package, which weights a method takes, what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from small_weights import OTHERS, RECIPE, refused, saved

from grnular_core.methods.registry import METHODS, MethodInput, RunOptions, infer, run_method
from grnular_core.methods.unrolled import default_weights
from grnular_core.models.inference import model_scores
from grnular_core.training import weights as trained
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.weights import load_model, read_trained, shipped
from grnular_core.utils.errors import InputError

TRAINED = {name: entry for name, entry in METHODS.items() if entry.kinds}


# --- what comes with the package


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A package with a folder of weights of its own, still empty."""
    monkeypatch.setattr(trained, "files", lambda name: tmp_path / "package")
    trained._shipped.cache_clear()
    yield tmp_path / "package" / "weights"
    trained._shipped.cache_clear()


@pytest.mark.parametrize("name", shipped())
def test_what_is_shipped_can_be_used(name, small_data):
    found = read_trained(name)
    assert found.metadata["recipe_name"] == name.removesuffix("-auroc") and found.metadata["validation"]["auprc"] > 0
    assert not any(family.startswith("DS") and not family.endswith("-like")
                   for family, _ in (*found.recipe.train, *found.recipe.valid))  # fmt: skip
    chosen = next(method for method, facts in TRAINED.items() if found.recipe.model in facts.kinds)
    assert len(infer(small_data, chosen, weights=name, device="cpu"))


def test_names_are_found_in_the_package_read_once_and_damage_is_named(package):
    package.mkdir(parents=True)
    (package / "README.md").write_text("about")
    assert shipped() == []
    path = saved(package, name="grnular-context")
    assert shipped() == ["grnular-context"]
    assert read_trained("grnular-context") is read_trained("grnular-context")
    assert load_model("grnular-context") is not load_model("grnular-context")
    refused("gnrular", "did you mean grnular")
    refused("x", "no weights 'x'.*Known: grnular")
    trained._shipped.cache_clear()
    path.write_bytes(b"")
    refused("grnular-context", "the package's weights grnular-context cannot be used")


# --- which weights for which data


@pytest.mark.parametrize("method", TRAINED)
def test_every_method_has_weights_with_a_recipe_for_any_data(method):
    X = np.ones((10, 10))
    for n_zeros in (0, 10, 11, 100):
        X.ravel()[:n_zeros] = 0
        name = default_weights(METHODS[method], X)
        assert RECIPES[name].model in TRAINED[method].kinds
        if method in ("grnular-context", "grnular-cells", "grnular-curated"):
            assert (name,) == METHODS[method].weights
        else:
            assert name.endswith("-noisy" if n_zeros > 10 else "-clean")


def test_models_and_regdiffusion_run_on_a_device():
    for name, method in METHODS.items():
        assert method.uses_device == (bool(method.model) or name == "regdiffusion")


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    """Weights of every kind of model."""
    recipes = {"grnular": RECIPE, **OTHERS}
    return {kind: saved(tmp_path, recipe, kind) for kind, recipe in recipes.items()}


def test_methods_use_the_weights_they_are_given(files, small_data):
    work = MethodInput.of(small_data)
    for method, facts in TRAINED.items():
        for kind in facts.kinds:
            edges = infer(small_data, method, weights=files[kind], device="cpu")
            if facts.joins:
                run = run_method(small_data, method, RunOptions(weights=files[kind], device="cpu"))
                assert run.weights_digest == read_trained(files[kind]).digest
                assert not edges.equals(infer(small_data, method, device="cpu"))
                continue
            model = read_trained(files[kind]).model(0, facts.model)
            wanted, _ = model_scores(model, work.expression, work.tf_index)
            assert edges["weight"].max() == pytest.approx(wanted.max(), rel=1e-6)
            assert len(edges) == (wanted > 0).sum()


def test_weights_that_do_not_fit_the_method_are_refused(files, small_data):
    for method, kind, part in (
        ("grnular-context", "glad", "a model glad, which the method grnular-context .*glad$"),
        ("glad-tf", "grnular", "a model grnular, .* use the method grnular-context or"),
    ):
        with pytest.raises(InputError, match=part):
            infer(small_data, method, weights=files[kind])
    for name in set(METHODS) - set(TRAINED):
        with pytest.raises(InputError, match=f"the method {name} takes no weights; grnular"):
            run_method(small_data, name, RunOptions(weights=files["grnular"]))


def test_shipped_weights_are_the_default_and_missing_ones_are_named(package, small_data):
    for method in ("grnular", "glad-tf"):
        with pytest.raises(InputError, match=f"no weights '{method}-clean'"):
            infer(small_data, method, device="cpu")
    package.mkdir(parents=True)
    saved(package, name="grnular-context")
    saved(package, OTHERS["glad"], name="glad-clean")
    for method, name in (("grnular-context", "grnular-context"), ("glad", "glad-clean")):
        edges = infer(small_data, method, device="cpu")
        assert edges.equals(infer(small_data, method, weights=name, device="cpu"))
        other = infer(small_data, method, seed=1, device="cpu")
        assert edges.equals(other) == (method == "glad")  # f_W is drawn from the seed
