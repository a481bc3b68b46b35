"""`train`: what it writes, that it goes on after any kill, what it refuses; `infer --weights`."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cli_runs import killed, run_infer
from fault_runs import TINY, small_batches
from filelock import FileLock
from small_data import small_table, write_tfs

from grnular_core.cli.main import main
from grnular_core.data.edges import read_edges
from grnular_core.models.glad import GLADConfig
from grnular_core.training import train as training
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import read_trained

TINY = replace(TINY, epochs=3, schedule="rise-and-fall", weight_decay=0.01)
WEIGHTS = ["tiny-auroc.json", "tiny-auroc.safetensors", "tiny.json", "tiny.safetensors"]
STATE = ["tiny-checkpoint.safetensors", "tiny-curves.csv"]
FILES = sorted([*WEIGHTS, *STATE])


def write_recipe(recipe: Recipe, path: str = "tiny.json") -> None:
    Path(path).write_text(json.dumps(recipe.as_dict()))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own working directory with a recipe; simulations are replaced by small graphs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "make_batches", small_batches)
    write_recipe(TINY)
    return tmp_path


def run(*words: str, recipe: str = "tiny.json", out: str = "out") -> int:
    return main(["train", recipe, "--out", out, "--device", "cpu", "--jobs", "1", *words])


def shown(folder: str) -> list[str]:
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def contents(folder: str) -> dict[str, bytes]:
    """The weights and the story of how they came about, without the state of the checkout."""
    found = {name: (Path(folder) / name).read_bytes() for name in WEIGHTS}
    for name in WEIGHTS:
        if name.endswith(".json"):
            content = json.loads(found[name])
            del content["commit"], content["sha256_of_the_rest"]
            found[name] = content
    return found


# --- what is written


def test_weights_curves_and_checkpoint_are_written(capsys):
    assert run() == 0
    assert shown("out") == FILES
    assert "wrote out/tiny.safetensors, best by AUPRC: " in capsys.readouterr().err
    with open("out/tiny-curves.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    for name, measure in (("tiny", "auprc"), ("tiny-auroc", "auroc")):
        found = read_trained(Path("out") / name)
        best = max(float(row[f"valid_{measure}"]) for row in rows)
        assert found.recipe == TINY and found.metadata["validation"][measure] == best
        assert found.metadata["validation"]["chosen_by"] == measure


def test_same_command_same_weights_and_a_finished_training_is_not_repeated(capsys):
    assert run() == run(out="other") == 0
    assert contents("out") == contents("other")
    capsys.readouterr()
    assert run() == 0
    assert "simulating" not in capsys.readouterr().err
    assert contents("out") == contents("other")
    assert run(recipe="out/tiny.json", out="again") == 0  # the json of weights is a recipe too
    assert contents("again") == contents("out")


def test_epochs_and_seed_replace_those_of_the_recipe():
    assert run("--epochs", "1", "--seed", "4", "--weights-name", "mine.v1") == 0
    found = read_trained("out/mine.v1")
    assert found.recipe == replace(TINY, epochs=1, seed=4, config=replace(TINY.config, seed=4))
    assert found.metadata["data"]["train"]["first_seed"] == 1_040_000


def test_recipes_are_listed_and_found_by_name(capsys, monkeypatch):
    assert main(["train"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    own = replace(TINY, model="glad", config=GLADConfig(n_unroll=2), loss="balanced")
    monkeypatch.setitem(RECIPES, "own", own)
    assert run("--epochs", "1", recipe="own") == 0
    assert read_trained("out/own").recipe.model == "glad"


def test_an_ensemble_starts_from_members_trained_into_its_folder(capsys, monkeypatch):
    members = ("first", "second")
    for seed, name in enumerate(members):
        member = replace(TINY, epochs=1, seed=seed, config=replace(TINY.config, seed=seed))
        monkeypatch.setitem(RECIPES, name, member)
    config = replace(TINY.config, context_members=2)
    write_recipe(replace(TINY, epochs=0, members=members, config=config))
    assert "train them first, into the same folder: python -m grnular_core tra" in error_of(capsys)
    for name in members:
        assert run(recipe=name) == 0
    assert run() == 0
    found = read_trained("out/tiny").tensors
    for place, name in enumerate(members):
        own = {k: v for k, v in read_trained(f"out/{name}").tensors.items() if "rho_nn." in k}
        for key, value in own.items():
            assert torch.equal(found[key.replace("rho_nn.", f"rho_nn.members.{place}.")], value)
        assert own


# --- stopping and going on


def test_a_stopped_training_says_how_to_go_on(monkeypatch, capsys):
    original = training._train_epoch

    def interrupted(recipe, model, optimiser, items, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return original(recipe, model, optimiser, items, epoch)

    monkeypatch.setattr(training, "_train_epoch", interrupted)
    assert run() == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert shown("out") == STATE


def test_a_training_that_was_killed_ends_with_the_same_weights():
    assert run(out="whole") == 0
    setup = "import fault_runs; fault_runs.use_small_graphs()"
    words = ["train", "tiny.json", "--out", "out", "--device", "cpu", "--jobs", "1"]
    killed(12, *words, setup=setup)
    assert not set(WEIGHTS) & set(os.listdir("out"))
    assert run() == 0
    assert contents("out") == contents("whole")
    assert shown("out") == shown("whole") == FILES and not list(Path("out").glob(".*.part"))


# --- what is refused


def error_of(capsys, *words: str, **more: str) -> str:
    """The one line of a refusal."""
    capsys.readouterr()
    assert run(*words, **more) == 2
    (line,) = [s for s in capsys.readouterr().err.splitlines() if s.startswith("error: ")]
    return line


@pytest.mark.parametrize(
    ("words", "more", "part"),
    [
        ((), {"recipe": "glad-claen"}, "did you mean glad-clean"),
        ((), {"recipe": "none.json"}, "no file none.json; "),
        ((), {"recipe": "list.json"}, "list.json holds no recipe"),
        ((), {"recipe": "text.json"}, "text.json holds no recipe"),
        ((), {"recipe": "deep.json"}, "deep.json holds no recipe: its brackets are nested"),
        ((), {"recipe": "pipe.json"}, "pipe.json is a pipe or device"),
        ((), {"recipe": "ds.json"}, "DS1 is a test network of SERGIO's"),
        ((), {"out": "tiny.json"}, "is a file; give the name of a folder"),
        (("--seed", "100"), {}, "seed is from 0 to 99"),
        (("--weights-name", "a/b"), {}, "--weights-name 'a/b'"),
        (("--weights-name", "a.json"), {}, "--weights-name 'a.json'"),
        (("--device", "gpu"), {}, "unknown device 'gpu'"),
    ],
)
def test_impossible_arguments_are_refused(words, more, part, capsys):
    Path("list.json").write_text("[]")
    Path("text.json").write_text("recipe")
    Path("deep.json").write_text("[" * 100_000)
    os.mkfifo("pipe.json")
    write_recipe(replace(TINY, train=(("DS1", 2),)), "ds.json")
    assert part in error_of(capsys, *words, **more)


def test_a_folder_that_cannot_be_made_has_its_own_exit_code(capsys):
    assert run(out="no/such/out") == 5
    assert "no folder no/such; create it first" in capsys.readouterr().err
    assert main(["train", "tiny.json"]) == 2
    assert "--out FOLDER" in capsys.readouterr().err


def test_two_trainings_do_not_share_a_folder(capsys):
    os.mkdir("out")
    with FileLock("out/.train.lock"):
        assert "another training is at work in out" in error_of(capsys)
    assert run() == 0


# --- using the weights


def test_infer_takes_weights_and_says_when_they_do_not_fit(capsys):
    small_table().to_csv("x.csv")
    write_tfs(Path("."))
    assert run("--epochs", "1") == 0
    given = ("--method", "grnular-context", "--device", "cpu")
    assert run_infer(*given, "--weights", "out/tiny.safetensors") == 0
    trained = read_edges("out.csv")
    assert run_infer("--method", "grnular-untrained", "--device", "cpu", out="untrained.csv") == 0
    assert len(trained) and not trained.equals(read_edges("untrained.csv"))
    capsys.readouterr()
    assert run_infer(*given, "--weights", "tiny.json", out="not.csv") == 2
    assert "is not that of weights" in capsys.readouterr().err and not Path("not.csv").exists()
