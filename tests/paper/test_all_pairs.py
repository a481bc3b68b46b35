"""Methods without the list of TFs, over all pairs of genes."""

import pandas as pd
import pytest
from grnular_paper import all_pairs, grids
from grnular_paper.records import recorded_folder, recorded_table

RECORD = recorded_folder()


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return recorded_table(RECORD, all_pairs.TABLE)


def test_among_pairs_with_a_tf_the_scores_are_those_of_the_grids(found):
    for experiment, point in all_pairs.POINTS.items():
        grid = grids.rows(experiment, RECORD)
        grid = grid[(grid["dataset"] == point.preset) & (grid["tf_information"] == "without")]
        grid = grid[(grid["cells"].astype(int) == point.n_cells) & (grid["cell_types"].astype(int) == point.n_types)]
        grid = grid.assign(replicate=grid["replicate"].astype(int))
        among = found[(found["experiment"] == experiment) & (found["pairs"] == "with a TF")]
        both = among.merge(grid, on=["method", "replicate"], suffixes=("", "_grid"))
        assert set(both["method"]) == set(all_pairs.METHODS) and len(both) >= 20
        assert (both["paper_auprc"] - both["paper_auprc_grid"]).abs().max() < 0.01


def test_all_pairs_hold_more_false_ones_than_those_with_a_tf(found):
    wide = found.pivot(index=["experiment", "replicate", "method"], columns="pairs", values="paper_auprc")
    assert len(wide) == 2 * all_pairs.N_GRAPHS * len(all_pairs.METHODS) and (wide["all"] < wide["with a TF"]).all()
    numbers = all_pairs.numbers(RECORD)
    clean = wide.loc["clean"].groupby("method").mean()
    assert numbers["all_glad"] == pytest.approx(clean.loc["glad", "all"])
    assert numbers["among_grnboost2"] == pytest.approx(clean.loc["grnboost2", "with a TF"])
    table = all_pairs.table(RECORD)
    assert len(table) == 2 * 2 * len(all_pairs.METHODS) and table["AUROC"].between(0.5, 1).all()


def test_a_run_of_today_gives_what_is_on_record(found, monkeypatch):
    monkeypatch.setattr(all_pairs, "METHODS", ("glad",))
    today = all_pairs._measure(n_graphs=1)
    both = today.merge(found, on=["experiment", "replicate", "method", "pairs"], suffixes=("", "_recorded"))
    assert len(both) == 4 and (both["paper_auprc"] - both["paper_auprc_recorded"]).abs().max() < 0.01


def test_rows_are_paired_by_network_and_there_are_none_without_a_record(tmp_path):
    rows = all_pairs.rows("clean", RECORD)
    assert {"glad", "glad-tf", "grnboost2-tuned"} <= set(rows["method"]) and rows["point"].nunique() == 1
    assert not rows.duplicated(["method", "tf_information", "replicate"]).any()
    assert all_pairs.rows("ds", RECORD).empty and all_pairs.rows("clean", tmp_path).empty
    assert all_pairs.table(tmp_path).empty and all_pairs.numbers(tmp_path) == {}
