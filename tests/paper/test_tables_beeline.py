"""The page on real data, on small records whose answers are counted by hand."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.real_data import pair_heatmap, printed_heatmaps
from grnular_paper.tables import beeline as tables
from grnular_paper.tables import beeline_scores as scores

from grnular_core.data.beeline import DATASETS, NETWORKS
from grnular_core.utils.errors import DownloadError

STRING, CHIP, OWN = NETWORKS


def scored(*lines: tuple, columns: str) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=columns.split())


def test_a_dataset_runs_where_all_of_its_networks_do():
    reasons = {("mESC", STRING): "needs the full download"}
    assert tables.runnable(reasons, ["mESC", "mDC"], NETWORKS) == ["mDC"]
    assert tables.runnable(reasons, ["mESC"], [CHIP]) == ["mESC"]
    table = tables.status_table(reasons, ["mDC"], [CHIP]).set_index("dataset")
    assert list(table.index) == list(DATASETS)
    assert table.loc["mESC", STRING] == "needs the full download"
    assert table.loc["mDC"].tolist() == ["data at hand, not asked for", "runs", "data at hand, not asked for"]  # fmt: skip


def test_a_card_has_the_sizes_that_methods_see(small_data):
    (line,) = tables.card_table({("mDC", STRING): small_data}).to_dict("records")
    assert (line["pair"], line["genes"], line["cells"], line["TFs"]) == ("[S] mDC", 30, 300, 5)
    assert line["true edges"] == line["from TFs"] == len(small_data.truth)
    assert tables.card_table({}).empty


def test_tfs_computed_now_stand_beside_the_papers_and_else_the_recorded(tmp_path, monkeypatch):
    pd.DataFrame({"dataset": ["mDC"], "tfs": [9]}).to_csv(tmp_path / "paper_table3.csv", index=False)
    now = pd.DataFrame({"dataset": ["mDC"], "tfs": [8], "genes": [500]})
    monkeypatch.setattr(tables, "table3", lambda: now)
    both, source = tables.tfs_beside_printed(tmp_path, write=True)
    assert both[["tfs (paper)", "tfs (ours)"]].iloc[0].tolist() == [9, 8] and source == "computed now"
    assert (tmp_path / "table3.csv").read_text() == "dataset,tfs\nmDC,8\n"

    def fail():
        raise DownloadError("no network")

    monkeypatch.setattr(tables, "table3", fail)
    recorded, source = tables.tfs_beside_printed(tmp_path)
    assert recorded["tfs (ours)"].iloc[0] == 8 and "from the record" in source


def test_live_rows_have_the_records_columns_also_where_nothing_runs(monkeypatch):
    made = pd.DataFrame([{"method": "ridge", "strict_auprc": 1, "experiment": "beeline"}])
    monkeypatch.setattr(tables.runs, "run_now", lambda wanted, device: (made, ["clr: no cells"]))
    rows, failures = tables.run_live([], "cpu")
    assert failures == ["clr: no cells"] and rows["strict_auprc"].tolist() == [1]
    assert {"experiment", "commit"} & set(rows) == set() and "paper_auroc" in rows
    monkeypatch.undo()
    assert tables.run_live([], "cpu")[0].empty


def test_live_rows_stand_before_the_recorded_ones_of_the_same_run():
    names = "dataset network genes method seed strict_auprc paper_auroc"
    same = {"cells": "50", "replicate": "0", "tf_information": "with"}
    live = scored(("mDC", STRING, "TFs+500", "clr", 0, 0.22, 0.9), columns=names).assign(**same)
    recorded = scored(
        ("mDC", STRING, "TFs+500", "clr", "0", 0.2, 0.9), ("mDC", STRING, "TFs+500", "clr", "1", 0.3, 0.9),
        columns=names,
    ).assign(**same)  # fmt: skip
    rows = tables.live_before_record(live, recorded)
    assert rows["strict_auprc"].tolist() == [0.22, 0.3]
    assert tables.run_numbers(rows, live, recorded) == {
        "live_rows": 1, "record_rows": 1, "live_record_percent": pytest.approx(10), "live_record_pairs": 1,
    }  # fmt: skip
    alone = tables.live_before_record(live.iloc[:0], recorded)
    assert set(alone["source"]) == {"record"}
    assert tables.run_numbers(alone, live.iloc[:0], recorded)["live_record_percent"] == 0


def test_times_are_means_over_networks_and_short_ones_are_not_spelled():
    rows = scored(
        ("clr", "mDC", 0.01, STRING, "0"), ("genie3", "mDC", 2.0, STRING, "0"), ("genie3", "mDC", 4.0, CHIP, "1"),
        ("genie3", "mESC", 9.0, STRING, "0"), columns="method dataset cpu_seconds network seed",
    )  # fmt: skip
    table = tables.times_table(rows)
    assert table.loc["CLR"].tolist() == ["< 0.1", ""] and table.loc["GENIE3"].tolist() == ["3.0", "9.0"]
    said = tables.open_methods(rows, ["genie3", "clr", "ridge"])
    assert said.startswith("Not on record for all pairs yet: **CLR, ridge**.")
    assert tables.open_methods(rows, ["genie3"]) == ""
    assert "GENIE3 1 to 2. All other methods have one." in tables.seeds_in_words(rows)
    assert tables.seeds_in_words(rows[rows["method"] == "clr"]).endswith("no method has more than one.")


def test_the_papers_rule_is_told_where_it_can_be_had(small_data, monkeypatch):
    from dataclasses import replace

    def load(dataset, network, rule):
        if network == CHIP:
            raise DownloadError("no file")
        return replace(small_data, provenance={"covered": 0.95})

    monkeypatch.setattr(tables, "load_beeline", load)
    said, absent = tables.rule_coverage("mDC", [STRING, CHIP], "top500")
    edges = len(small_data.truth)
    assert said == f"STRING: 95.0% (30 genes, 5 TFs, {edges} true edges)"
    assert absent == ["not at hand: no file"]


def test_under_the_papers_rule_methods_stand_beside_its_numbers_and_random_scores():
    rows = scored(
        ("random", STRING, 0.5, 0.9, 1.0), ("clr", STRING, 0.4, 0.9, 2.0), ("clr", STRING, 0.6, 0.9, 4.0),
        ("grnular-cells", STRING, 0.3, 0.9, 2.5), ("clr", OWN, 0.1, 0.9, 7.0), ("genie3", STRING, 0.2, 0.9, 1.0),
        columns="method network paper_auprc paper_auroc strict_auprc_ratio",
    )  # fmt: skip
    means = tables.rule_means(rows)
    printed = scored(("mDC", "genie3", STRING, 0.25), columns="dataset method network auprc")
    table = tables.rule_table(means, printed, "mDC", ["genie3", "clr", "ridge"], [STRING, OWN])
    assert table["method"].tolist() == ["GENIE3", "CLR"]
    assert table["[S] AUPRC (paper)"].tolist() == ["0.200 (0.250)", "0.500"]
    assert table["[S] strict / density"].tolist() == ["1.00", "3.00"]
    assert "[C] strict / density" not in table and table["[C] AUPRC (paper)"].iloc[1] == "0.100"
    assert tables.rule_numbers(means) == {"rule_methods": 3, "rule_below_random": 2, "rule_rank": 2}
    without = tables.rule_means(rows[rows["method"] != "grnular-cells"])
    assert tables.rule_numbers(without)["rule_rank"] == 0


def test_the_papers_protocol_is_told_by_its_controls():
    rows = scored(
        (STRING, "mDC", "random", 0.9, 0.1, 0.5), (STRING, "mDC", "clr", 0.8, 0.2, 0.7),
        (STRING, "mESC", "random", 0.6, 0.1, 0.5), (STRING, "mESC", "clr", 0.7, 0.2, 0.6),
        (STRING, "mDC", "oracle", 0.9, 0.4, 1.0), columns="network dataset method paper_auroc paper_auprc strict_auroc",
    )  # fmt: skip
    numbers = scores.paper_numbers(rows)
    assert numbers["paper_random_auroc_min"] == 0.6 and numbers["paper_random_auroc_max"] == 0.9
    assert numbers["paper_oracle_auprc_min"] == 0.4
    assert (numbers["clr_below_random"], numbers["clr_pairs"], numbers["random_above_85"]) == (1, 2, 1)
    assert numbers["strict_auroc_median"] == pytest.approx(0.65)  # of CLR alone
    assert scores.paper_numbers(rows[rows["method"] != "random"])["clr_pairs"] == 0


def test_edge_by_edge_numbers_are_of_methods_that_have_them_for_all_pairs():
    rows = scored(
        (STRING, "mDC", "clr", 0.1, 1.5, 1.2, 1.9, 7), (STRING, "mESC", "clr", 0.3, 1.5, 1.2, 1.9, 9),
        (STRING, "mDC", "grnular-cells", 0.1, 2.0, 1.0, 3.0, 7),
        (STRING, "mESC", "grnular-cells", 0.2, 2.0, 1.0, 3.0, 9),
        (STRING, "mDC", "ridge", 0.9, 1.0, 1.0, 1.0, 7), (STRING, "mDC", "oracle", 1, 1, 1, 1, 7),
        (STRING, "mESC", "oracle", 1, 1, 1, 1, 9),
        columns="network dataset method tf_precision ratio low high tfs",
    )  # fmt: skip
    methods = scores.detailed(rows, ["grnular-cells", "clr", "ridge", "oracle"])
    assert methods == ["grnular-cells", "clr"]
    means = scores.precision_means(rows, methods)
    assert means.to_dict() == {"clr": pytest.approx(0.2), "grnular-cells": pytest.approx(0.15)}
    assert list(means.index) == ["clr", "grnular-cells"]
    assert scores.precision_numbers(means) == {"precision_ahead": 1, "precision_methods": 2}
    table = scores.interval_table(rows, methods)
    assert list(table.index) == ["[S] mDC", "[S] mESC"] and table["TFs"].tolist() == [7, 9]
    assert table["CLR"].iloc[0] == "1.50 [1.20, 1.90]"


@pytest.fixture
def ranked() -> scores.Ranking:
    """Two methods on eight pairs; CLR is twice random, ridge once but eight times on blood."""
    rows = [
        (network, dataset, method, ratio, 0.5)
        for network in (STRING, CHIP)
        for dataset in ("mESC", "mDC", "mHSC-L", "mHSC-GM")
        for method, ratio in (("clr", 2.0), ("grnular-cells", 8.0 if "HSC" in dataset else 1.0))
    ]
    some = [(STRING, "mDC", "ridge", 99.0, 0.5), *((n, d, "oracle", 50.0, 1.0) for n, d, *_ in rows[::2])]
    table = scored(*rows, *some, columns="network dataset method strict_auprc_ratio strict_auroc")
    again = table[table["method"] == "clr"].copy()  # a second seed: seeds are averaged first
    return scores.ranking(pd.concat([table, again]), ["clr", "grnular-cells", "ridge", "oracle"])


def test_methods_are_ranked_by_their_geometric_mean_over_all_pairs(ranked):
    assert ranked.methods == ["grnular-cells", "clr"]
    assert ranked.geometric.to_dict() == {"grnular-cells": pytest.approx(8**0.5), "clr": pytest.approx(2)}
    assert ranked.arithmetic["grnular-cells"] == 4.5 and ranked.arithmetic["ridge"] == 99
    table = scores.summary_table(ranked)
    assert table["pairs"].tolist() == [8, 8]
    assert table.loc["CLR", ["arithmetic mean", "geometric mean", "95 % low"]].tolist() == pytest.approx([2, 2, 2])
    assert table["rank"].iloc[0] == "1 [1, 2]"
    numbers = scores.mean_numbers(ranked)
    assert numbers["best_method"] == "GRNULar-cells (this work)" and numbers["mean_grnular-cells"] == 4.5
    assert np.isnan(numbers["ratio_ridge"]) and numbers["mean_ridge"] == 99


def test_tests_are_told_from_the_side_of_either_method(ranked):
    tests = scores.pairwise_tests(ranked)
    ours, theirs = (scores.against(tests, m).iloc[0] for m in ("grnular-cells", "clr"))
    assert ours["GRNULar-cells (this work) against"] == "CLR" and ours["times"] == "1.41"
    assert theirs["CLR against"] == "GRNULar-cells (this work)" and theirs["times"] == "0.71"
    assert float(ours["effect"]) == -float(theirs["effect"]) and ours["pairs"] == 8
    assert ours["p"] == theirs["p (Holm)"]  # one test: nothing to correct


def test_means_are_told_without_each_dataset_and_without_both_of_blood(ranked):
    table = scores.left_out_table(ranked)
    assert list(table.index) == ["none", *dict.fromkeys(ranked.datasets), "mHSC-L and mHSC-GM"]
    assert table.loc["none"].tolist() == ["4.50 / 2.83", "2.00 / 2.00"]
    assert table.loc["mHSC-L and mHSC-GM"].tolist() == ["1.00 / 1.00", "2.00 / 2.00"]
    assert scores.blood_numbers(ranked) == {"blood_rank": 2, "blood_methods": 2}


def test_heat_maps_say_what_they_show():
    plt.close("all")
    rows = scored(("STRING", "mDC", "clr", 1.5, 0.5), columns="network dataset method ratio auroc")
    shown = pair_heatmap(rows, "ratio", ["clr"], "ratio", "EPR")
    assert "1.50" in shown.html and "Heat map of EPR" in shown.html
    printed = printed_heatmaps(rows.rename(columns={"ratio": "auprc"}), ["clr"])
    assert "AUROC, printed in the paper" in printed.html
    assert not plt.get_fignums()
