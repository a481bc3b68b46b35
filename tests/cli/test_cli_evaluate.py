"""`evaluate`: one JSON object with scores that can be worked out by hand."""

import json
from pathlib import Path

import pandas as pd
import pytest
from cli_runs import EDGES, TRUTH, run_evaluate
from small_data import small_anndata

from grnular_core.cli.main import main

pytest_plugins = ("cli_folder",)


def evaluated(capsys, *more: str) -> dict:
    """The one JSON object on standard output; a second one or a note there would not parse."""
    assert run_evaluate(*more) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_evaluate_gives_the_scores_worked_out_by_hand(scored, capsys):
    """Candidates by falling score, true ones in capitals: AC ab bd BC {ad BA}.

    Precision at each true one is 1, 2/4 and 3/6; of the 9 pairs of true and false, 4 are in order
    and 1 is tied. The paper sees AC ab bd BC {ad cd}, each pair once; B -> A lies below the diagonal.
    """
    scores = evaluated(capsys)
    assert list(scores) == ["strict", "paper"]
    strict, paper = scores["strict"], scores["paper"]
    assert (strict["n_candidates"], strict["n_true"], strict["density"]) == (6, 3, 0.5)
    assert strict["auprc"] == pytest.approx((1 + 2 / 4 + 3 / 6) / 3)
    assert strict["auprc_ratio"] == pytest.approx(4 / 3)
    assert strict["auroc"] == pytest.approx(4.5 / 9)
    assert strict["epr"] == pytest.approx((1 / 3) / 0.5)
    assert (paper["n_pairs"], paper["n_true_seen"]) == (6, 2)
    assert paper["auprc"] == pytest.approx((1 + 2 / 4) / 2)
    assert paper["auroc"] == pytest.approx(6 / 8)
    assert paper["floor_auroc"] == pytest.approx(1 - (3 / 4) / 2)


def test_the_paper_protocol_follows_the_gene_order_of_the_file(scored, capsys):
    table = pd.read_csv("abcd.csv", index_col=0)
    strict = evaluated(capsys)["strict"]
    table[list("DCBA")].to_csv("abcd.csv")
    turned = evaluated(capsys)
    assert turned["strict"] == strict
    assert turned["paper"]["n_true_seen"] == 1  # B -> A alone, the second of six
    assert turned["paper"]["auprc"] == pytest.approx(1 / 2)


def test_a_symmetric_truth_is_seen_in_both_directions(scored, capsys):
    scores = evaluated(capsys, "--symmetric-truth")
    assert scores["paper"]["auprc"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert scores["strict"]["auprc"] == pytest.approx(2 / 3)


def test_undefined_numbers_are_null_with_a_reason(scored, capsys):
    scores = evaluated(capsys)["strict"]
    assert scores["sign_share"] is None and "no signs" in scores["sign_share_reason"]
    Path("edges.csv").write_text("regulator,target,weight\n")
    empty = evaluated(capsys)["paper"]
    assert empty["precision"] is None and empty["precision_reason"] == "nothing predicted"


def test_edges_that_are_not_scored_are_said_and_move_one_number_alone(scored, capsys):
    expected = evaluated(capsys)
    Path("edges.csv").write_text(EDGES + "A,X,9\nC,A,9\n")
    assert run_evaluate() == 0
    out, err = capsys.readouterr()
    assert "1 of 6 edges name a gene that is not in the expression, e.g. A -> X;" in err
    assert "1 of 6 edges start at a gene that is not in the TF list, e.g. C -> A;" in err
    for protocol, scores in json.loads(out).items():
        moved = {key for key, value in scores.items() if value != expected[protocol][key]}
        assert moved <= {"epr_truth_genes_all_pairs"}


def test_evaluate_takes_the_layouts_that_infer_takes(scored, capsys):
    expected = evaluated(capsys)
    Path("abcd.csv").write_text(pd.read_csv("abcd.csv", index_col=0).T.to_csv())
    Path("ab.txt").write_text("TF,Sources\nA,x\nB,y\n")
    Path("truth.csv").write_text(TRUTH.replace(",", "\t").replace("\n", "\r\n"))
    Path("edges.csv").write_text(EDGES.replace("regulator,target,weight", "TF,target,importance"))
    assert evaluated(capsys) == expected
    Path("edges.csv").write_text(EDGES.lower())
    Path("truth.csv").write_text(TRUTH.lower())
    assert evaluated(capsys, "--match", "ignore-case") == expected


def test_intervals_are_given_when_draws_are_asked_for(scored, capsys):
    found = evaluated(capsys, "--draws", "400")
    assert {k: found[k] for k in ("strict", "paper")} == evaluated(capsys)
    intervals = found["intervals"]
    assert intervals["n_draws"] == 400
    assert intervals["random_scores"]["auroc"]["mean"] == pytest.approx(0.5, abs=0.05)
    drawn = intervals["bootstrap_over_tfs"]["auprc"]
    assert drawn["estimate"] == found["strict"]["auprc"] and drawn["n_tfs"] == 2
    assert 0 < drawn["low"] <= drawn["estimate"] <= drawn["high"] <= 1


def test_values_do_not_matter_and_every_gene_is_a_candidate_also_a_constant_one(scored, capsys):
    expected = evaluated(capsys)
    Path("abcd.csv").write_text(",A,B,C,D\nc1,-1,NA,0,0\n")
    assert evaluated(capsys) == expected
    Path("abcd.csv").write_text(",A,B,C,D,E\nc1,1,2,3,4,0\nc2,2,1,4,3,0\n")
    assert evaluated(capsys)["strict"]["n_candidates"] == 8


def test_evaluate_reads_the_genes_of_a_layer_or_raw(scored, capsys):
    adata = small_anndata()
    adata.var["symbol"], adata.var_names = adata.var_names, [f"ID{i}" for i in range(6)]
    adata.raw = adata
    adata[:, :3].copy().write_h5ad("x.h5ad")
    Path("truth.csv").write_text("TF,target\nGATA1,SPI1\n")
    Path("edges.csv").write_text("regulator,target,weight\nGATA1,SPI1,1\n")
    given = ["--truth", "truth.csv", "--expression", "x.h5ad", "--gene-names", "symbol"]
    given += ["--tfs", "tfs.txt"]
    sizes = []
    for more in ([], ["--layer", "raw"]):
        assert main(["evaluate", "edges.csv", *given, *more]) == 0
        sizes.append(json.loads(capsys.readouterr().out)["strict"]["n_candidates"])
    assert sizes == [2, 5]
    assert main(["evaluate", "edges.csv", *given, "--layer", "x"]) == 2
    Path("truth.csv").write_text("TF,target\nSPI1,GATA1\nHLA-A,GATA1\n")
    assert main(["evaluate", "edges.csv", *given[:-1], "all", "--layer", "raw"]) == 0
    assert json.loads(capsys.readouterr().out)["strict"]["n_regulators"] == 2
