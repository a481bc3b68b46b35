"""`infer` with all that it can add: stability, null, other files, scores, lists by name."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runs import OLD, run_infer
from conftest import linear_network

from grnular_core.cli import infer as infer_command
from grnular_core.cli.main import main
from grnular_core.data.dataset import make_dataset
from grnular_core.data.edges import read_edges
from grnular_core.utils.errors import InputError
from grnular_core.workflow import analysis
from grnular_core.workflow.analysis import Plan, _rest_of_runs, expected_cost
from grnular_core.workflow.exports import FORMATS

pytest_plugins = ("cli_folder",)


@pytest.fixture
def linear(folder: Path) -> Path:
    expression, tfs, truth = linear_network(n_genes=16)
    expression.to_csv("cells.csv")
    truth.to_csv("net.csv", index=False)
    Path("five.txt").write_text("\n".join(tfs) + "\n")
    return folder


def infer_linear(*more: str, out: str = "out.csv") -> int:
    words = ["infer", "cells.csv", "--tfs", "five.txt", "--method", "ridge", *more, "-o", out]
    return main(words)


def test_stability_and_null_add_columns_and_leave_the_edges_as_they_are(linear, capsys):
    assert infer_linear() == 0
    plain = pd.read_csv("out.csv")
    assert infer_linear("--stability", "4", "--decoys", "3", "--top", "10", out="more.csv") == 0
    more = pd.read_csv("more.csv")
    assert list(more) == [*plain, "stability", "mean_rank", "q_value"]
    pd.testing.assert_frame_equal(more[list(plain)], plain.head(10))  # of --top 10
    assert more["stability"].notna().all()
    assert set(more["stability"].dropna() * 4) <= {0, 1, 2, 3, 4}
    assert more["q_value"].is_monotonic_increasing and more["q_value"].between(0, 1).all()
    err = capsys.readouterr().err
    assert "; 8 runs" in err and "edges at an FDR against permuted decoys: " in err
    assert "still to run: 4 on bootstraps of the cells and 3 with permuted decoys of all gen" in err
    assert infer_linear("--stability", "4", "--decoys", "3", "--top", "10", out="again.csv") == 0
    assert Path("again.csv").read_bytes() == Path("more.csv").read_bytes()
    assert infer_linear("--stability", "4", "--top", "all", out="all.csv") == 0
    every = pd.read_csv("all.csv")
    pd.testing.assert_frame_equal(every[list(plain)], plain)
    n = 5 * 15 // 10  # a tenth of all pairs
    assert every["stability"].notna().tolist() == [True] * n + [False] * (len(plain) - n)


def test_of_many_edges_the_strongest_are_written_and_it_is_said_how_to_get_all(linear, capsys, monkeypatch):
    more = ["--truth", "net.csv", "--also", "report", "--also", "beeline", "--also", "decoupler"]
    assert infer_linear(*more) == 0
    plain, err = pd.read_csv("out.csv"), capsys.readouterr().err
    scores = json.loads(Path("out.report.json").read_text())["scores"]
    assert "kept" not in err and f"wrote {len(plain)} edges to" in err
    monkeypatch.setattr("grnular_core.data.edges.MOST", 20)
    assert infer_linear(*more) == 0
    err = capsys.readouterr().err
    assert f"note: the 20 strongest of {len(plain)} edges are kept; --top all keeps every edge" in err
    assert f"wrote 20 of {len(plain)} edges to out.csv" in err
    for name, separator in (("out.csv", ","), ("out.rankedEdges.csv", "\t")):
        assert len(pd.read_csv(name, sep=separator)) == 20
    report = json.loads(Path("out.report.json").read_text())
    assert report["result"]["edges"] == len(plain) and report["result"]["edges_kept"] == 20
    assert report["scores"] == scores  # of all edges
    for top, n in (("all", len(plain)), ("3", 3)):
        assert infer_linear("--top", top) == 0
        assert len(pd.read_csv("out.csv")) == n and "note: the" not in capsys.readouterr().err


def test_parquet_is_written_by_its_name_and_read_again(linear, capsys, monkeypatch):
    pytest.importorskip("pyarrow")
    more = ["--stability", "2", "--also", "graphml"]
    assert infer_linear(*more) == infer_linear(*more, out="out.parquet") == 0
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), pd.read_csv("out.csv"))
    pd.testing.assert_frame_equal(read_edges("out.parquet"), read_edges("out.csv"), check_exact=True)
    assert Path("out.graphml").exists()
    assert infer_linear(out="out.parquet.gz") == 2 and "leave the ending .gz" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert infer_linear(out="new.parquet") == 2 and not Path("new.parquet").exists()
    assert "pip install pyarrow, or the extra [parquet]" in capsys.readouterr().err


def test_where_values_are_permuted_can_be_chosen(linear):
    q = {}
    for within in ("clusters", "all"):
        assert infer_linear("--decoys", "3", "--decoys-within", within) == 0
        q[within] = pd.read_csv("out.csv")["q_value"]
    assert infer_linear("--decoys", "3", out="default.csv") == 0
    np.testing.assert_array_equal(pd.read_csv("default.csv")["q_value"], q["clusters"])
    assert (q["all"] != q["clusters"]).any()


def test_all_files_are_written_and_the_report_says_what_was_done(linear, capsys):
    counts = (pd.read_csv("cells.csv", index_col=0).abs() * 10).round()
    counts.to_csv("cells.csv")
    more = ["--truth", "net.csv", "--decoys", "2", "--seed", "4", "--normalize", "--genes", "11"]
    assert infer_linear("--also", "all", *more) == 0
    assert {f"out{form.ending}" for form in FORMATS.values()} <= set(os.listdir())
    report = json.loads(Path("out.report.json").read_text())
    assert report["input"]["expression"] == "cells.csv" and len(report["input"]["sha256"]) == 64
    assert report["method"]["name"] == "ridge" and report["method"]["seed"] == 4
    assert report["method"]["decoy_runs"] == 2 and report["data"]["values"] == "log values"
    assert report["input"]["options"]["normalise"] and report["input"]["options"]["n_top_genes"] == 11
    assert report["data"]["genes"] == 16 and report["seconds"]["decoys"] >= 0
    assert set(report["result"]["edges_at_fdr"]) == {"0.05", "0.1"}
    assert 0.8 < report["scores"]["auroc"] <= 1 and report["input"]["truth"] == "net.csv"
    err = capsys.readouterr().err
    assert "strict AUPRC" in err and "wrote out.svg" in err
    assert str(linear) not in json.dumps(report)


def test_without_an_edge_the_graphs_alone_are_not_written(linear, capsys, monkeypatch):
    original = infer_command.infer_network

    def nothing(*words):
        found = original(*words)
        return replace(found, edges=found.edges.head(0))

    monkeypatch.setattr(infer_command, "infer_network", nothing)
    assert infer_linear("--also", "all") == 0
    others = [word for word in FORMATS if word not in ("graphml", "cytoscape", "picture")]
    assert {name for name in os.listdir() if name.startswith("out")} == {"out.csv"} | {
        f"out{FORMATS[word].ending}" for word in others
    }
    assert "so graphml, cytoscape, picture are not written" in capsys.readouterr().err


def write_cells(path: str) -> bytes:
    make_dataset(pd.read_csv("cells.csv", index_col=0), ["G00"]).adata.write_h5ad(path)
    return Path(path).read_bytes()


def test_no_other_file_takes_the_place_of_an_input_behind_a_link(linear, capsys):
    before = write_cells("c.h5ad")
    os.symlink("c.h5ad", "link.h5ad")
    words = ["infer", "c.h5ad", "--tfs", "five.txt", "--method", "clr", "--also", "h5ad"]
    assert main([*words, "-o", "link.csv"]) == 2
    assert "--also h5ad writes link.h5ad, which is the input c.h5ad" in capsys.readouterr().err
    assert Path("c.h5ad").read_bytes() == before and not Path("link.csv").exists()


def test_cells_that_no_run_has_written_are_not_replaced(linear, capsys):
    before = write_cells("out.h5ad")
    assert infer_linear("--also", "h5ad") == 2
    assert "out.h5ad, which is there and holds no network of an earlier" in capsys.readouterr().err
    assert Path("out.h5ad").read_bytes() == before and not Path("out.csv").exists()
    os.remove("out.h5ad")
    assert infer_linear("--also", "h5ad") == 0
    assert infer_linear("--also", "h5ad", "--seed", "1") == 0  # our own may be replaced
    Path("out.h5ad").write_text("no h5ad")
    assert infer_linear("--also", "h5ad") == 2


def test_stability_is_about_a_share_of_the_pairs_and_says_what_chance_gives(linear, capsys):
    assert infer_linear("--stability", "10", "--method", "random") == 0
    found = pd.read_csv("out.csv")
    assert found["stability"].notna().sum() == 5 * 15 // 10
    message = capsys.readouterr().err
    assert "by chance an edge is among them in 9.3 % of the runs" in message
    assert found["stability"].mean() < 0.4  # of random scores; among all pairs it would be 1
    assert infer_linear("--stability", "2", "--top", "5000", "--method", "clr") == 0
    assert "by chance an edge is among them in 100 % of the runs" in capsys.readouterr().err


def test_a_list_by_name_is_fetched_and_named(linear, capsys, monkeypatch):
    Path("list.csv").write_text("TF,Sources\ng00,a\ng01,b\n")
    monkeypatch.setattr("grnular_core.data.gene_lists.fetch", lambda key: Path("list.csv"))
    message = "note: --tfs mouse: 2 names of tf_lists/lambert2018.txt"
    assert main(["infer", "cells.csv", "--tfs", "mouse", "--method", "clr", "-o", "out.csv"]) == 0
    assert set(read_edges("out.csv")["regulator"]) == {"G00", "G01"}
    assert message in capsys.readouterr().err
    words = ["evaluate", "out.csv", "--truth", "net.csv", "--expression", "cells.csv"]
    assert main([*words, "--tfs", "mouse"]) == 0 and message in capsys.readouterr().err


def test_where_no_method_is_named_the_run_and_the_report_say_on_what_evidence_the_default_stands(linear, capsys):
    words = ["infer", "cells.csv", "--tfs", "five.txt", "--scaled", "--also", "report", "-o", "out.csv"]
    evidence = "for real cells (first against curated networks of eight sets of human and mouse cells"
    small = "note: precision was checked on sets of 500 to 2,000 genes, and says little of the 16 here"
    assert main(words) == 0
    err, report = capsys.readouterr().err, json.loads(Path("out.report.json").read_text())
    assert f"method: grnular-curated, as no --method is given, {evidence}" in err and small in err
    assert report["method"]["name"] == "grnular-curated" and report["method"]["evidence"].startswith(evidence)
    assert f"This method is {evidence}" in report["methods_text"] and small.removeprefix("note: ") in report["data"]["notes"]
    assert "takes minutes" not in err  # the time is predicted
    assert main([*words, "--method", "grnular-curated", "--weights", "grnular-cells"]) == 0
    err, report = capsys.readouterr().err, json.loads(Path("out.report.json").read_text())
    assert "as no --method" not in err and "precision" not in err
    assert report["method"]["evidence"] is None and "This method is" not in report["methods_text"]
    assert main([*words, "--method", "ridge"]) == 0
    assert "precision" not in capsys.readouterr().err


def test_nothing_is_written_when_a_later_run_fails(folder, monkeypatch):
    Path("out.csv").write_text(OLD)

    def fail(*_):
        raise InputError("too few cells")

    monkeypatch.setattr(analysis, "edge_stability", fail)
    assert run_infer("--stability", "2", "--also", "all") == 2
    assert Path("out.csv").read_text() == OLD
    assert sorted(os.listdir()) == ["out.csv", "tfs.txt", "x.csv"]


# --- the plan


def test_time_is_told_before_and_again_after_the_first_run(small_data, monkeypatch):
    plan = Plan(bootstraps=10, decoys=5)
    assert "runs" not in expected_cost(small_data, "clr")
    message = expected_cost(small_data, "grnular-context", plan=plan)
    assert message.endswith("a run; 16 runs")  # the sum of such short ones says nothing
    monkeypatch.setattr("grnular_core.workflow.analysis.expected_seconds", lambda *of: 12.0)
    message = expected_cost(small_data, "grnular-context", plan=plan)
    assert message.endswith("about 12 s a run; 16 runs, about 4.2 minutes")
    # a run with decoys has twice the genes
    assert "about 20.0 minutes (the first took 60.0 s" in _rest_of_runs(plan, 60.0)


def test_memory_counts_the_decoys_and_its_refusal_names_them(small_data, monkeypatch):
    needed = []
    with monkeypatch.context() as patch:
        patch.setattr(analysis, "check_memory", lambda *given: needed.append(given[1]) or "")
        for plan in (Plan(), Plan(decoys=1)):
            expected_cost(small_data, "clr", plan=plan)
    assert needed == [small_data.n_genes, 2 * small_data.n_genes]
    monkeypatch.setattr("grnular_core.methods.resources.machine_bytes", lambda: 1)
    with pytest.raises(InputError, match="decoys double the genes: leave --decoys out"):
        expected_cost(small_data, "clr", plan=Plan(decoys=1))
    with pytest.raises(InputError, match="shorter TF list$"):
        expected_cost(small_data, "clr")
