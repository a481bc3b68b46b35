"""`simulate`: what it writes, that the other commands read it, and that nothing half remains."""

import json
import os
from pathlib import Path

import anndata
import numpy as np
import pytest
from cli_runs import killed

from grnular_core.cli.main import main
from grnular_core.simulation import export as simulation_files
from grnular_core.simulation.simulate import preset, simulate

FILES = ["cell_types.csv", "simulation.json", "tfs.txt", "truth.csv"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, out: str = "out", name: str = "clean") -> int:
    sizes = [] if name.startswith("DS") else ["--genes", "30"]
    return main(["simulate", name, *sizes, "--cells", "60", *words, "--out", out])


# --- what is written


def test_the_settings_make_the_same_data_again(capsys):
    assert run("--seed", "7", "--types", "2", "--full-noise", name="noisy(40)") == 0
    assert "wrote 1 dataset of 60 cells of 2 types, 30 genes and 3 TFs, " in capsys.readouterr().err
    about = json.loads(Path("out/simulation.json").read_text())
    assert (about["preset"], about["seed"], about["n_cells"]) == ("noisy(40)", 7, 60)
    assert {name: steps for name, steps in about["technical"].items() if steps} == {
        "outlier": [0.01, 0.8, 1.0], "library": [4.6, 0.4], "dropout": [20.0, 40.0], "umi": True,
    }  # fmt: skip
    settings = preset("noisy(40)", n_genes=30, n_cells=60, n_types=2, full_noise=True)
    again = simulate(settings, 7)
    assert about["graph"]["K"] == [1.0, 5.0] and about["kinetics"]["dt"] == 0.01
    assert np.array_equal(anndata.read_h5ad("out/expression.h5ad").X, again.expression)
    rates = [about["production_rates"][again.genes()[gene]] for gene in again.grn.masters()]
    assert np.array_equal(rates, again.rates)


def test_replicates_have_the_seeds_that_follow():
    folders = ["seed_3", "seed_4", "seed_5"]
    assert run("--seed", "3", "--replicates", "3", "--jobs", "2") == 0
    assert sorted(os.listdir("out")) == [*folders, "simulation.json"]
    assert json.loads(Path("out/simulation.json").read_text())["folders"] == folders
    assert run("--seed", "4", out="one") == 0
    for file in FILES:
        assert Path("one", file).read_bytes() == Path("out/seed_4", file).read_bytes()


def test_replicates_of_a_sergio_data_set_share_its_network(real_data):
    assert run("--replicates", "2", name="DS1") == 0
    truths = [Path(f"out/seed_{seed}/truth.csv").read_bytes() for seed in (0, 1)]
    assert truths[0] == truths[1] and truths[0].count(b"\n") == 259


@pytest.mark.parametrize("kind", ["h5ad", "csv"])
def test_infer_and_evaluate_read_what_it_wrote(kind, capsys):
    assert run("--format", kind) == 0
    given = [f"out/expression.{kind}", "--tfs", "out/tfs.txt"]
    assert main(["infer", *given, "--method", "clr", "-o", "edges.csv"]) == 0
    capsys.readouterr()
    given = ["--expression", *given, "--truth", "out/truth.csv"]
    assert main(["evaluate", "edges.csv", *given]) == 0
    strict = json.loads(capsys.readouterr().out)["strict"]
    about = json.loads(Path("out/simulation.json").read_text())
    assert strict["n_true"] == about["n_edges"] and strict["n_targets"] == 30
    assert strict["auprc"] > 1.5 * strict["density"] and strict["sign_share"] > 0.5


# --- what is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing", "--out", "out"], "unknown preset 'nothing'; use clean, noisy(q)"),
        (["noisy(200)", "--out", "out"], "a percentile from 0 to 100"),
        (["DS1", "--genes", "9", "--out", "out"], "DS1 has a network of fixed size"),
        (["clean", "--cells", "2", "--out", "out"], "at least one cell of every type"),
        (["clean", "--out", "no/where"], "the folder no does not exist; create it first"),
        (["clean", "--out", "file"], "--out file is a file; give the name of a folder"),
        (["clean", "--out", "mine", "--force"], "--out mine holds other files"),
        (["clean", "--cells", "2000000000", "--out", "out"], "take fewer --cells or --jobs"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(words, message, capsys):
    Path("file").touch()
    Path("mine").mkdir()
    Path("mine/thesis.tex").touch()
    assert main(["simulate", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and message in err and err.count("\n") == 1
    assert sorted(os.listdir()) == ["file", "mine"] and os.listdir("mine") == ["thesis.tex"]


@pytest.mark.parametrize(
    "words",
    [["--replicates", "0"], ["--replicates", "2147483647"], ["--out", ""]],
)
def test_bad_options_are_refused_with_the_usage(words):
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 2 and os.listdir() == []


def test_a_simulation_is_replaced_by_force_alone(capsys):
    Path("out").mkdir()
    assert run() == 0  # an empty folder is as good as none
    before = Path("out/truth.csv").read_bytes()
    assert run("--seed", "1") == 2
    assert "holds a simulation; give another folder, or --force" in capsys.readouterr().err
    assert Path("out/truth.csv").read_bytes() == before
    assert run("--seed", "1", "--format", "csv", "--force") == 0
    assert Path("out/truth.csv").read_bytes() != before
    assert not Path("out/expression.h5ad").exists() and os.listdir() == ["out"]
    assert run("--replicates", "2", "--force") == 0 and run("--force") == 0
    assert sorted(os.listdir("out")) == sorted([*FILES, "expression.h5ad"])


@pytest.mark.parametrize("name", ["notes.md", "results/", "seed_x/truth.csv"])
def test_force_deletes_nothing_that_simulate_did_not_write(name, capsys):
    assert run() == 0
    (Path("out") / name).parent.mkdir(exist_ok=True)
    (Path("out") / name).mkdir() if name.endswith("/") else (Path("out") / name).touch()
    before = sorted(Path().rglob("*"))
    assert run("--force") == 2
    message = f"did not write and --force would delete ({name.rstrip('/')}); move them"
    assert message in capsys.readouterr().err and sorted(Path().rglob("*")) == before


# --- whole or not at all


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "full"), 5)])
def test_a_failure_half_way_leaves_what_was_there(monkeypatch, error, code):
    assert run() == 0
    before = Path("out/truth.csv").read_bytes()

    def fail(*_):
        raise error

    monkeypatch.setattr(simulation_files, "_write_json", fail)
    assert run("--seed", "1", "--force") == code
    assert run("--seed", "1", out="new") == code
    assert os.listdir() == ["out"] and Path("out/truth.csv").read_bytes() == before


def test_a_killed_run_leaves_no_half_folder():
    words = ["simulate", "clean", "--genes", "30", "--cells", "60", "--replicates", "3"]
    killed(12, *words, "--jobs", "1", "--out", "out")
    (left,) = os.listdir()
    assert left.startswith(".out-") and left.endswith(".part") and os.listdir(left)
    assert run() == 0  # what is left is in nobody's way
