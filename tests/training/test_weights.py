"""Weights as files: what is in them, that they come back, that nothing damaged is used."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from small_weights import OTHERS, RECIPE, edit, finished, refused, saved

from grnular_core import __version__
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import load_model, read_trained

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
    saved(tmp_path, name="grnular.v2")  # a dot in the name is no ending
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
    (tmp_path / "again").mkdir()
    saved(tmp_path / "again", measure="auroc")
    for name in ("mine.json", "mine.safetensors"):  # same training, same bytes
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_json_tells_how_the_weights_came_about(tmp_path):
    about = json.loads(saved(tmp_path, recipe_name="own").with_suffix(".json").read_text())
    assert Recipe.from_dict(about["recipe"]) == RECIPE and about["recipe_name"] == "own"
    assert about["data"]["train"] == {"graphs": [["clean", 20]], "first_seed": 1_000_000}
    assert about["data"]["valid"] == {"graphs": [["clean", 20]], "first_seed": 2_000_000}
    assert about["validation"] == {
        "chosen_by": "auprc", "best_epoch": 1, "auprc": 0.7, "auroc": 0.8, "untrained_auprc": 0.4,
        "untrained_auroc": 0.6,
    }  # fmt: skip
    assert [row["epoch"] for row in about["history"]] == [0, 1, 2]
    assert about["version"] == __version__ and about["commit"] and about["format"] == 1
    data = (tmp_path / "mine.safetensors").read_bytes()
    assert about["sha256"] == hashlib.sha256(data).hexdigest()
    other = json.loads(saved(tmp_path, measure="auroc").with_suffix(".json").read_text())
    assert other["validation"]["best_epoch"] == 2 and other["validation"]["chosen_by"] == "auroc"


def test_the_seed_changes_what_is_drawn_and_a_changed_model_not_the_next_one(tmp_path):
    path = saved(tmp_path)
    one, other = load_model(path), load_model(path, seed=5)
    assert one.config.seed == 0 and other.config == replace(RECIPE.config, seed=5)
    assert all(torch.equal(v, other.state_dict()[k]) for k, v in one.state_dict().items())
    found = read_trained(path)
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


@given(
    st.data(),
    st.sampled_from(["mine.json", "mine.safetensors"]),
    st.sampled_from(["one byte", "cut", "other"]),
)
def test_damaged_files_are_noticed(whole, data, name, damage):
    folder, files = whole
    for one, content in files.items():
        (folder / one).write_bytes(content)
    right = files[name].rstrip()  # the last line break may be missing
    at = data.draw(st.integers(0, len(right) - 1))
    changed = bytearray(right)
    changed[at] ^= data.draw(st.integers(1, 255))
    other = data.draw(st.binary(max_size=9))
    wrong = {"one byte": bytes(changed), "cut": right[:at], "other": other}[damage]
    (folder / name).write_bytes(wrong)
    try:  # another blank in a .json is none
        same = name == "mine.json" and json.loads(wrong) == json.loads(right)
    except ValueError:
        same = False
    if not same:
        refused(folder / "mine")


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


def test_an_edited_json_and_a_pickle_are_refused(tmp_path):
    path = saved(tmp_path)
    about = tmp_path / "mine.json"
    right = about.read_text()
    about.write_text(right.replace('"n_unroll": 2', '"n_unroll": 9'))
    refused(path, "edited or is damaged")
    about.write_text(right)
    torch.save(finished(RECIPE).best["auprc"], path)
    edit(about, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    refused(path, "safetensors is damaged")


def test_a_missing_file_is_named(tmp_path):
    path = saved(tmp_path)
    path.unlink()
    refused(tmp_path / "mine.json", "mine.safetensors cannot be read")
    saved(tmp_path)
    path.with_suffix(".json").unlink()
    refused(path, "mine.json cannot be read")
    refused(tmp_path / "nothing", "no weights .*NAME.json beside it")
    refused(tmp_path, "no weights")
