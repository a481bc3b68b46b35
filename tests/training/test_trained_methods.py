"""Weights and methods: what comes with the package, which weights a method takes, what it refuses."""

from __future__ import annotations

import fnmatch
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_weights import OTHERS, RECIPE, refused, saved

from grnular_core.methods.registry import METHODS, MethodInput, RunOptions, infer, run_method
from grnular_core.methods.unrolled import own_weights
from grnular_core.models.glad import glad_scores
from grnular_core.models.inference import grnular_scores
from grnular_core.training import weights as trained
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.weights import load_model, read_trained, shipped
from grnular_core.utils.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
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
    assert found.metadata["recipe_name"] == name and found.metadata["validation"]["auprc"] > 0
    assert not any(family.startswith("DS") and not family.endswith("-like")
                   for family, _ in (*found.recipe.train, *found.recipe.valid))  # fmt: skip
    chosen = next(method for method, facts in TRAINED.items() if found.recipe.model in facts.kinds)
    assert len(infer(small_data, chosen, weights=name, device="cpu"))


def test_names_are_found_in_the_package_and_read_once(package, monkeypatch):
    assert shipped() == []
    package.mkdir(parents=True)
    (package / "README.md").write_text("about")
    assert shipped() == []
    saved(package, name="grnular-context")
    assert shipped() == ["grnular-context"]
    assert read_trained("grnular-context") is read_trained("grnular-context")
    assert load_model("grnular-context") is not load_model("grnular-context")
    refused("gnrular", "did you mean grnular")
    refused("x", "no weights 'x'.*Known: grnular")


def test_a_damaged_package_is_named(package):
    package.mkdir(parents=True)
    saved(package, name="grnular-context").write_bytes(b"")
    refused("grnular-context", "the package's weights grnular-context cannot be used")


def test_wheels_take_the_weights_along():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = told["package-data"]["grnular_core"]
    for path in (ROOT / "grnular_core" / "weights").iterdir():
        if path.suffix != ".md":
            assert any(fnmatch.fnmatch(f"weights/{path.name}", p) for p in patterns), path
    assert {Path(p).suffix for p in patterns} >= {".json", ".safetensors"}


# --- which weights for which data


@pytest.mark.parametrize("method", TRAINED)
def test_every_method_has_weights_with_a_recipe_for_any_data(method):
    X = np.ones((10, 10))
    for n_zeros in (0, 10, 11, 100):
        X.ravel()[:n_zeros] = 0
        name = own_weights(METHODS[method], X)
        assert RECIPES[name].model in TRAINED[method].kinds
        if method in ("grnular-context", "grnular-cells"):
            assert name == method
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
            scores = glad_scores if kind.startswith("glad") else grnular_scores
            wanted, _ = scores(
                work.expression,
                work.tf_index,
                model=read_trained(files[kind]).model(0, facts.model),
            )
            assert edges["weight"].max() == pytest.approx(wanted.max(), rel=1e-6)
            assert len(edges) == (wanted > 0).sum()


def test_glad_does_not_see_the_list_of_tfs(files, small_data):
    glad, glad_tf = (
        infer(small_data, m, weights=files[m], device="cpu").set_index(["regulator", "target"])
        for m in ("glad", "glad-tf")
    )
    fewer = replace(small_data, tfs=small_data.tfs[:2])
    edges = infer(fewer, "glad", weights=files["glad"], device="cpu").set_index(
        ["regulator", "target"]
    )
    both = edges.join(glad, rsuffix="_all", how="inner")
    assert len(both) == len(edges)
    np.testing.assert_allclose(both["weight"], both["weight_all"], rtol=1e-4)
    assert not np.allclose(glad["weight"].sum(), glad_tf["weight"].sum(), rtol=1e-3)


def test_the_seed_counts_for_trained_models_too(files, small_data):
    runs = [
        infer(small_data, "grnular-context", seed=s, weights=files["grnular"], device="cpu")
        for s in (0, 0, 1)
    ]
    assert runs[0].equals(runs[1]) and not runs[0].equals(runs[2])


def test_weights_that_do_not_fit_the_method_are_refused(files, small_data):
    with pytest.raises(
        InputError, match="of a model glad, which the method grnular-context .*method glad$"
    ):
        infer(small_data, "grnular-context", weights=files["glad"])
    with pytest.raises(
        InputError, match="of a model grnular, .* use the method grnular-context or"
    ):
        infer(small_data, "glad-tf", weights=files["grnular"])
    for name in set(METHODS) - set(TRAINED):
        with pytest.raises(
            InputError, match=f"the method {name} takes no weights; grnular-context, "
        ):
            run_method(small_data, name, RunOptions(weights=files["grnular"]))


def test_methods_without_shipped_weights_say_so(package, small_data):
    with pytest.raises(InputError, match="no weights 'grnular-clean'"):
        infer(small_data, "grnular", device="cpu")
    with pytest.raises(InputError, match="no weights 'glad-tf-clean'"):
        infer(small_data, "glad-tf", device="cpu")


def test_shipped_weights_are_the_default(package, small_data):
    package.mkdir(parents=True)
    saved(package, name="grnular-context")
    saved(package, OTHERS["glad"], name="glad-clean")
    for method, name in (("grnular-context", "grnular-context"), ("glad", "glad-clean")):
        edges = infer(small_data, method, device="cpu")
        assert edges.equals(infer(small_data, method, weights=name, device="cpu"))
    assert not infer(small_data, "grnular-context", device="cpu").equals(
        infer(small_data, "grnular-untrained", device="cpu")
    )
