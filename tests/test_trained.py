"""Weights as files: what is in them, that they come back, that nothing damaged is used."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from grnular_core import __version__, trained
from grnular_core.checkpoints import Progress, weights_of
from grnular_core.errors import InputError
from grnular_core.glad import GLADConfig, glad_scores
from grnular_core.grnular import GRNULarConfig
from grnular_core.inference import grnular_scores
from grnular_core.methods import METHODS, Run, Work, infer, run_method
from grnular_core.model_methods import KINDS
from grnular_core.named_recipes import RECIPES
from grnular_core.recipes import Recipe
from grnular_core.trained import load_model, read_trained, save_trained, shipped, weights_for

ROOT = Path(__file__).resolve().parents[1]
QUICK = {"n_unroll": 2, "n_inner": 2, "init_epochs": 25, "hidden": (8,)}
RECIPE = Recipe(config=GRNULarConfig(rho="context", context_width=4, context_layers=1, **QUICK))
OTHERS = {
    "grnular-base": Recipe("grnular-base", GRNULarConfig(**QUICK)),
    "glad": Recipe("glad", GLADConfig(n_unroll=3)),
    "glad-tf": Recipe("glad-tf", GLADConfig(n_unroll=3)),
}
HISTORY = [
    {"epoch": 0, "valid_auprc": 0.4, "valid_auroc": 0.6},
    {"epoch": 1, "valid_auprc": 0.7, "valid_auroc": 0.8, "loss": 1.5, "seconds": 2.0},
    {"epoch": 2, "valid_auprc": 0.6, "valid_auroc": 0.9, "loss": 1.2, "seconds": 3.0},
]
EACH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def finished(recipe: Recipe) -> Progress:
    """A training's end, with weights that are far from the untrained ones."""
    best = {}
    for seed, measure in enumerate(("auprc", "auroc")):
        model = recipe.new_model()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
        best[measure] = weights_of(model)
    return Progress(2, HISTORY, best)


def saved(folder: Path, recipe: Recipe = RECIPE, name: str = "mine", **more) -> Path:
    return save_trained(folder, name, recipe, finished(recipe), **more)


def edit(path: Path, **changes) -> None:
    """Change the .json of weights and make its digest right again."""
    told = json.loads(path.read_text())
    for key, value in changes.items():
        told[key] = value
    told["sha256_of_the_rest"] = trained._digest(told)
    path.write_text(json.dumps(told))


def refused(path: str | Path, part: str | None = None) -> None:
    with pytest.raises(InputError, match=part) as caught:
        read_trained(path)
    assert "\n" not in str(caught.value)


# --- the files


def test_weights_come_back_by_either_file_and_by_their_common_name(tmp_path):
    path = saved(tmp_path)
    wanted = finished(RECIPE).best["auprc"]
    for name in (path, str(path), path.with_suffix(".json"), path.with_suffix("")):
        found = read_trained(name)
        assert found.name == "mine" and found.recipe == RECIPE
        model = load_model(name)
        assert model.config == RECIPE.config
        for key, value in model.state_dict().items():
            assert torch.equal(value, wanted[key])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.json", "mine.safetensors"]


def test_a_dot_in_the_name_is_no_ending(tmp_path):
    saved(tmp_path, name="grnular.v2")
    assert read_trained(tmp_path / "grnular.v2").name == "grnular.v2"


def test_the_parameters_file_holds_parameters_and_nothing_else(tmp_path):
    data = saved(tmp_path, measure="auroc").read_bytes()
    wanted = finished(RECIPE).best["auroc"]
    tensors = load(data)
    assert set(tensors) == set(wanted) and all(
        torch.equal(v, wanted[k]) for k, v in tensors.items()
    )
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert set(header) == set(wanted)
    assert len(data) < 1500 + 4 * sum(v.numel() for v in wanted.values()) + 200 * len(wanted)


def test_the_json_tells_how_the_weights_came_about(tmp_path):
    told = json.loads(saved(tmp_path, recipe_name="own").with_suffix(".json").read_text())
    assert Recipe.from_dict(told["recipe"]) == RECIPE and told["recipe_name"] == "own"
    assert told["data"]["train"] == {"graphs": [["clean", 20]], "first_seed": 1_000_000}
    assert told["data"]["valid"] == {"graphs": [["clean", 20]], "first_seed": 2_000_000}
    assert told["validation"] == {
        "chosen_by": "auprc", "best_epoch": 1, "auprc": 0.7, "auroc": 0.8, "untrained_auprc": 0.4,
        "untrained_auroc": 0.6,
    }  # fmt: skip
    assert [row["epoch"] for row in told["history"]] == [0, 1, 2]
    assert told["version"] == __version__ and told["commit"] and told["format"] == 1
    data = (tmp_path / "mine.safetensors").read_bytes()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    other = json.loads(saved(tmp_path, measure="auroc").with_suffix(".json").read_text())
    assert other["validation"]["best_epoch"] == 2 and other["validation"]["chosen_by"] == "auroc"


def test_same_training_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name)
    for ending in ("json", "safetensors"):
        a, b = (tmp_path / name / f"mine.{ending}" for name in "ab")
        assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_of_model_comes_back(kind, tmp_path):
    model = load_model(saved(tmp_path, OTHERS[kind]))
    assert type(model) is type(OTHERS[kind].new_model())


def test_the_seed_changes_what_is_drawn_and_no_parameter(tmp_path):
    path = saved(tmp_path)
    one, other = load_model(path), load_model(path, seed=5)
    assert one.config.seed == 0 and other.config == replace(RECIPE.config, seed=5)
    assert all(torch.equal(v, other.state_dict()[k]) for k, v in one.state_dict().items())


def test_nobody_can_change_what_the_next_one_loads(tmp_path):
    found = read_trained(saved(tmp_path))
    with torch.no_grad():
        for parameter in found.model().parameters():
            parameter.zero_()
    assert any(value.any() for value in found.model().parameters())


# --- damage


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("weights")
    saved(folder)
    return folder, {path.name: path.read_bytes() for path in folder.iterdir()}


def put_back(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


@EACH
@given(st.data(), st.sampled_from(["mine.json", "mine.safetensors"]))
def test_one_wrong_byte_is_noticed(whole, data, name):
    folder, files = whole
    put_back(folder, files)
    changed = bytearray(files[name])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / name).write_bytes(changed)
    try:  # another blank in a .json is none
        same = name == "mine.json" and json.loads(changed) == json.loads(files[name])
    except ValueError:
        same = False
    if not same:
        refused(folder / "mine")


@EACH
@given(
    st.integers(0, 10**6), st.sampled_from(["mine.json", "mine.safetensors"]), st.binary(max_size=9)
)
def test_files_cut_short_or_made_of_something_else_are_noticed(whole, length, name, other):
    folder, files = whole
    put_back(folder, files)
    right = files[name].rstrip()  # the last line break may be missing
    for wrong in (right[: length % len(right)], other):
        (folder / name).write_bytes(wrong)
        refused(folder / "mine")


def test_files_of_different_weights_do_not_go_together(tmp_path):
    saved(tmp_path, name="a")
    saved(tmp_path, name="b", measure="auroc")
    shutil.copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    refused(tmp_path / "b", "b.safetensors is damaged, or belongs to another .json")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"format": 2}, "its format is 2 and this version, .*, reads 1"),
        ({"recipe": {"model": "grnular"}}, "no recipe of this version"),
        ({"recipe": OTHERS["glad"].as_dict()}, "install the version that wrote it"),
        ({"recipe": replace(RECIPE, config=replace(RECIPE.config, context_width=5)).as_dict()},
         r"its rho_nn.enter.bias is \(4,\) .* model has \(5,\)"),
    ],
)  # fmt: skip
def test_weights_of_another_version_are_refused(tmp_path, changes, part):
    saved(tmp_path)
    edit(tmp_path / "mine.json", **changes)
    refused(tmp_path / "mine", part)


@pytest.mark.parametrize("wrong", ["nan", "double", "missing", "more", "none"])
def test_parameters_that_are_not_the_models_are_refused(tmp_path, wrong):
    path = saved(tmp_path)
    tensors = load(path.read_bytes())
    first = sorted(tensors)[0]
    if wrong == "nan":
        tensors[first].view(-1)[0] = torch.nan
    elif wrong == "double":
        tensors[first] = tensors[first].double()
    elif wrong == "more":
        tensors["more"] = torch.zeros(2)
    else:
        tensors = {} if wrong == "none" else {k: v for k, v in tensors.items() if k != first}
    data = save(tensors)
    path.write_bytes(data)
    edit(tmp_path / "mine.json", sha256=hashlib.sha256(data).hexdigest())
    refused(path, "not finite" if wrong == "nan" else "this version's model")


def test_an_edited_json_is_refused(tmp_path):
    saved(tmp_path)
    about = tmp_path / "mine.json"
    about.write_text(about.read_text().replace('"n_unroll": 2', '"n_unroll": 9'))
    refused(tmp_path / "mine", "edited or is damaged")


def test_a_missing_file_is_named(tmp_path):
    path = saved(tmp_path)
    path.unlink()
    refused(tmp_path / "mine.json", "mine.safetensors cannot be read")
    saved(tmp_path)
    path.with_suffix(".json").unlink()
    refused(path, "mine.json cannot be read")
    refused(tmp_path / "nothing", "no weights .*NAME.json beside it")
    refused(tmp_path, "no weights")


def test_a_pickle_is_never_opened(tmp_path):
    path = saved(tmp_path)
    torch.save(finished(RECIPE).best["auprc"], path)
    data = path.read_bytes()
    edit(tmp_path / "mine.json", sha256=hashlib.sha256(data).hexdigest())
    refused(path, "safetensors is damaged")


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
    assert found.told["recipe_name"] == name and found.told["validation"]["auprc"] > 0
    assert not any(family.startswith("DS") and not family.endswith("-like")
                   for family, _ in (*found.recipe.train, *found.recipe.valid))  # fmt: skip
    chosen = next(method for method, kinds in KINDS.items() if found.recipe.model in kinds)
    assert len(infer(small_data, chosen, weights=name, device="cpu"))


def test_names_are_found_in_the_package_and_read_once(package, monkeypatch):
    assert shipped() == []
    package.mkdir(parents=True)
    (package / "README.md").write_text("about")
    assert shipped() == []
    saved(package, name="grnular")
    assert shipped() == ["grnular"]
    assert read_trained("grnular") is read_trained("grnular")
    assert load_model("grnular") is not load_model("grnular")
    refused("gnrular", "did you mean grnular")
    refused("x", "no weights 'x'.*Known: grnular")


def test_a_damaged_package_is_named(package):
    package.mkdir(parents=True)
    saved(package, name="grnular").write_bytes(b"")
    refused("grnular", "the package's weights grnular cannot be used")


def test_wheels_take_the_weights_along():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = told["package-data"]["grnular_core"]
    for path in (ROOT / "grnular_core" / "weights").iterdir():
        if path.suffix != ".md":
            assert any(fnmatch.fnmatch(f"weights/{path.name}", p) for p in patterns), path
    assert {Path(p).suffix for p in patterns} >= {".json", ".safetensors"}


# --- which weights for which data


@pytest.mark.parametrize("method", KINDS)
def test_every_method_has_weights_with_a_recipe_for_any_data(method):
    X = np.ones((10, 10))
    for n_zeros in (0, 10, 11, 100):
        X.ravel()[:n_zeros] = 0
        name = weights_for(method, X)
        assert RECIPES[name].model in KINDS[method]
        if method != "grnular":
            assert name.endswith("-noisy" if n_zeros > 10 else "-clean")


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    """Weights of every kind of model."""
    recipes = {"grnular": RECIPE, **OTHERS}
    return {kind: saved(tmp_path, recipe, kind) for kind, recipe in recipes.items()}


def test_methods_use_the_weights_they_are_given(files, small_data):
    work = Work.of(small_data)
    for method, kinds in KINDS.items():
        for kind in kinds:
            edges = infer(small_data, method, weights=files[kind], device="cpu")
            scores = glad_scores if kind.startswith("glad") else grnular_scores
            wanted, _ = scores(
                work.expression, work.tf_index, model=load_model(files[kind], seed=0)
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
        infer(small_data, "grnular", seed=s, weights=files["grnular"], device="cpu")
        for s in (0, 0, 1)
    ]
    assert runs[0].equals(runs[1]) and not runs[0].equals(runs[2])


def test_weights_that_do_not_fit_the_method_are_refused(files, small_data):
    with pytest.raises(
        InputError, match="of a model glad, which the method grnular .*method glad$"
    ):
        infer(small_data, "grnular", weights=files["glad"])
    with pytest.raises(InputError, match="of a model grnular, .* use the method grnular or"):
        infer(small_data, "glad-tf", weights=files["grnular"])
    for name in set(METHODS) - set(KINDS):
        with pytest.raises(InputError, match=f"the method {name} takes no weights; grnular, "):
            run_method(small_data, name, Run(weights=files["grnular"]))


def test_methods_without_shipped_weights_say_so(package, small_data):
    with pytest.raises(InputError, match="no weights 'paper-clean'"):
        infer(small_data, "grnular-paper", device="cpu")
    with pytest.raises(InputError, match="no weights 'glad-tf-clean'"):
        infer(small_data, "glad-tf", device="cpu")


def test_shipped_weights_are_the_default(package, small_data):
    package.mkdir(parents=True)
    saved(package, name="grnular")
    saved(package, OTHERS["glad"], name="glad-clean")
    for method, name in (("grnular", "grnular"), ("glad", "glad-clean")):
        edges = infer(small_data, method, device="cpu")
        assert edges.equals(infer(small_data, method, weights=name, device="cpu"))
    assert not infer(small_data, "grnular", device="cpu").equals(
        infer(small_data, "grnular-untrained", device="cpu")
    )
