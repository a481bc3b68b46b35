"""`compare`: what it writes and says, and what it refuses before any work."""

import json
from pathlib import Path

import pandas as pd
import pytest
from small_conditions import TFS, two_conditions
from small_data import small_table, write_tfs

import grnular_core as gc
from grnular_core.cli.main import main


@pytest.fixture(scope="module")
def cells():
    found, _ = two_conditions(1, n_cells=120, off=True)
    found.obs["donor"] = found.obs["condition"] + pd.Series([*"ab"] * 120, found.obs_names)
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch, cells) -> Path:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    write_tfs(tmp_path, TFS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*more: str, expression: str = "cells.h5ad") -> int:
    groups = ["--groupby", "condition", "--a", "ctrl", "--b", "stim", "--permutations", "10"]
    return main(["compare", expression, "--tfs", "tfs.txt", *groups, *more, "-o", "differences.csv"])


@pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
def test_the_command_writes_the_table_of_python_a_report_and_a_picture(folder, capsys, cells):
    assert run("--also", "picture", "--also", "report") == 0
    said = capsys.readouterr().err
    assert "note: cells are taken as independent" in said and "edges that differ between ctrl and stim: " in said
    table = pd.read_csv("differences.csv")
    expected = gc.compare(cells, tfs=TFS, groupby="condition", a="ctrl", b="stim", n_permutations=10)
    pd.testing.assert_frame_equal(table, expected)
    report = json.loads(Path("differences.report.json").read_text())
    assert report["comparison"]["edges_at_fdr"]["0.1"] > 0 and report["input"]["tfs"] == "tfs.txt"
    picture = Path("differences.svg").read_text()
    assert "stronger in ctrl" in picture and "stronger in stim" in picture


def test_fewer_rows_have_the_p_and_q_of_all_edges_and_the_values_are_what_is_said(folder, capsys, monkeypatch):
    assert run("--values-are", "counts", "--also", "report") == 0
    assert "taken for counts, as said" in capsys.readouterr().err
    whole = pd.read_csv("differences.csv")
    report = json.loads(Path("differences.report.json").read_text())
    assert report["input"]["options"]["values_are"] == "counts"
    assert run("--top", "7") == 0
    pd.testing.assert_frame_equal(pd.read_csv("differences.csv"), whole.head(7))
    monkeypatch.setattr("grnular_core.data.edges.MOST", 5)
    assert run() == 0 and f"note: the 5 clearest of {len(whole)} edges are kept; --top all" in capsys.readouterr().err


def test_without_a_difference_there_is_no_picture_and_that_is_said(folder, capsys, cells):
    half = cells[cells.obs["condition"] == "ctrl"].copy()
    half.obs["condition"] = ["ctrl", "stim"] * (half.n_obs // 2)
    half.write_h5ad("cells.h5ad")
    assert run("--also", "picture") == 0
    assert "no edge differs at an FDR of 0.1" in capsys.readouterr().err
    assert Path("differences.csv").exists() and not Path("differences.svg").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--samples", "donor"], "2 samples of ctrl and 2 of stim"),
        (["--method", "corelation"], "did you mean correlation"),
        (["--tfs", "list.txt"], "list.txt"),
        (["--genome", "GRCh38"], "GRCh38"),
    ],
)
def test_unusable_input_ends_with_2_and_writes_nothing(folder, capsys, more, message):
    assert run(*more) == 2
    assert message in capsys.readouterr().err and not Path("differences.csv").exists()


def test_a_table_has_no_conditions(folder, capsys):
    small_table().to_csv("x.csv")
    assert run(expression="x.csv") == 2
    assert "it has no .obs" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["compare", "cells.h5ad", "--tfs", "tfs.txt", "-o", "d.csv"])
