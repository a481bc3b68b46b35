"""The page on real data, on small records whose answers are counted by hand."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.real_data import _seeds_in_words, pair_heatmap, printed_heatmaps
from grnular_paper.tables import beeline as tables
from grnular_paper.tables import beeline_scores as scores

from grnular_core.data.beeline import NETWORKS
from grnular_core.utils.errors import DownloadError

STRING, CHIP, OWN = NETWORKS
NAMES = {"S": STRING, "N": CHIP, "C": OWN}


def scored(*lines: tuple, columns: str) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=columns.split())


def test_a_dataset_runs_where_all_of_its_networks_do():
    reasons = {("mESC", STRING): "needs the full download"}
    assert tables.runnable(reasons, ["mESC", "mDC"], NETWORKS) == ["mDC"]
    assert tables.runnable(reasons, ["mESC"], [CHIP]) == ["mESC"]
    words = tables.sources_in_words(reasons | {("mESC", CHIP): "needs the full download"}, ["mDC"])
    assert words == "mDC computed for this page, all else from the record. Without data: mESC: needs the full download."
    assert tables.sources_in_words({}, []) == "No dataset computed for this page, all else from the record."


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
    assert tables.table3_numbers(both) == {"table3_equal": 0} and tables.table3_numbers(
        both.assign(**{"tfs (ours)": 9})
    ) == {"table3_equal": 1}
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
    assert said.startswith("On some of the pairs alone: **CLR, ridge**;")
    assert tables.open_methods(rows, ["genie3"]) == ""
    assert "GENIE3 1 to 2. All other methods have one." in tables.seeds_in_words(rows)
    assert tables.seeds_in_words(rows[rows["method"] == "clr"]).endswith("no method has more than one.")


def test_the_papers_rule_is_told_where_it_can_be_had(small_data, monkeypatch):
    def load(dataset, network, rule):
        if network == CHIP:
            raise DownloadError("no file")
        return replace(small_data, provenance={"covered": 0.95})

    monkeypatch.setattr(tables, "load_beeline", load)
    said, absent = tables.rule_coverage("mDC", [STRING, CHIP], "top500")
    edges = len(small_data.truth)
    assert said == f"STRING: 95.0% (30 genes, 5 TFs, {edges} true edges)"
    assert absent == ["not at hand: no file"]


def draws(network: str, *values: float, auroc: float = 0.9) -> list[tuple]:
    """A line of the record a draw of random scores."""
    return [("mDC", network, "random", str(seed), v, auroc, 0.85, 1.0) for seed, v in enumerate(values)]


RULE_COLUMNS = "dataset network method seed paper_auprc paper_auroc paper_floor_auroc strict_auprc_ratio"


def test_what_the_paper_prints_stands_beside_the_draws_that_reach_it():
    rows = scored(
        *draws(STRING, 0.1, 0.2, 0.3, 0.4), *draws(CHIP, 0.1, 0.1),
        ("mDC", STRING, "grnular", "0", 0.2, 0.96, 0.85, 1.5), ("mDC", STRING, "grnular", "1", 0.4, 0.98, 0.85, 1.5),
        columns=RULE_COLUMNS,
    )  # fmt: skip
    printed = scored(
        ("mDC", "grnular", STRING, 0.3, 0.97), ("mDC", "genie3", STRING, 0.9, 0.5), ("mDC", "grnular", OWN, 0.2, 0.9),
        columns="dataset method network auprc auroc",
    )  # fmt: skip
    found = tables.printed_beside_chance(rows, printed, "mDC", [STRING, CHIP, OWN]).set_index(["network", "score"])
    line = found.loc[STRING, "AUPRC"]
    assert (line["printed"], line["share"], line["draws"]) == (0.3, 0.5, 4)  # one that equals it reaches it
    assert line["ours"] == pytest.approx(0.3) and line["random"] == pytest.approx(0.25)
    assert (line["low"], line["high"]) == pytest.approx((0.1075, 0.3925)) and np.isnan(line["floor"])
    assert (line["below"], line["others"]) == (0, 1)
    line = found.loc[STRING, "AUROC"]
    assert (line["below"], line["others"]) == (1, 1)
    assert (line["share"], line["floor"], line["random"]) == (0, 0.85, pytest.approx(0.9))
    assert np.isnan(found.loc[(CHIP, "AUPRC"), ["printed", "share", "ours"]].astype(float)).all()
    assert found.loc[(OWN, "AUPRC"), "draws"] == 0 and np.isnan(found.loc[(OWN, "AUPRC"), "share"])
    shown = tables.chance_table(found.loc[[STRING]].reset_index(), rows, printed, "mDC", ["grnular", "clr"]).set_index("")
    auprc, auroc = shown["[S] AUPRC"], shown["[S] AUROC"]
    assert auprc["GRNULar (published)"].endswith(" (0.3)") and auroc["GRNULar (published)"] == "0.970 (0.97)" and "CLR" not in shown.index
    assert auroc["*floor*"] == "0.850" and auprc["*floor*"] == ""
    assert auprc["*draws ≥ printed GRNULar*"] == "50%" and auprc["*random scores*"] == "0.250 [0.108, 0.393]"
    numbers = tables.chance_numbers(found.loc[[STRING]].reset_index())
    assert numbers["chance_percent_S_auprc"] == 50 and numbers["chance_draws"] == 4


def test_every_method_stands_beside_random_scores_by_the_papers_protocol():
    rows = scored(
        *((STRING, d, "random", auprc, 0.9) for d, auprc in (("mDC", 0.1), ("mESC", 0.2))),
        (STRING, "mDC", "clr", 0.2, 0.8), (STRING, "mESC", "clr", 0.1, 0.95), (STRING, "mDC", "ridge", 0.3, 0.95),
        columns="network dataset method paper_auprc paper_auroc",
    )  # fmt: skip
    table = scores.paper_table(rows, ["clr", "ridge", "random", "genie3"])
    assert table.to_numpy().tolist() == [["ridge", "3.00", "1 of 1", "+0.050", "1 of 1"], ["CLR", "1.00", "1 of 2", "-0.025", "1 of 2"]]
    assert scores.paper_table(rows[rows["method"] != "random"], ["clr"]).empty


def test_under_the_papers_rule_methods_are_counted_against_the_mean_of_random_scores():
    rows = scored(
        *draws(STRING, 0.2, 0.4), ("mDC", STRING, "clr", "0", 0.25, 0.9, 0.85, 2.0), ("mDC", STRING, "ridge", "0", 0.35, 0.9, 0.85, 0.9),
        ("mDC", STRING, "oracle", "0", 0.7, 0.9, 0.85, 9.0), ("mDC", OWN, "genie3", "0", 0.1, 0.9, 0.85, 5.0),
        ("mDC", STRING, "clr-tuned", "0", 0.1, 0.9, 0.85, 5.0), columns=RULE_COLUMNS,
    )  # fmt: skip
    assert tables.rule_numbers(rows, ["clr", "ridge", "genie3", "oracle"]) == {
        "rule_methods": 2, "rule_below_random": 1, "rule_above_strict": 1, "rule_oracle": 0.7,
    }  # fmt: skip


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
    means["degree"] = 1.0  # a control
    assert scores.precision_numbers(means) == {"precision_ahead": 1, "precision_methods": 2}


@pytest.fixture
def by_edge() -> pd.DataFrame:
    """Two pairs: on the first both methods are above 1 over TFs, on the second neither."""
    return scored(
        (STRING, "mDC", "clr", 1.5, 1.2, 1.9), (STRING, "mDC", "grnular-cells", 2.0, 1.1, 3.0),
        (OWN, "mDC", "clr", 1.02, 0.8, 1.3), (OWN, "mDC", "grnular-cells", 0.99, 0.7, 1.2),
        (OWN, "mDC", "degree", 3.0, 2.0, 4.0), columns="network dataset method ratio low high",
    )  # fmt: skip


def test_a_pair_tells_methods_apart_where_half_of_them_are_above_chance_over_tfs(by_edge):
    chance = scored(
        (STRING, "mDC", 0.9, 1.1, 7, 40, 0.6, 0.2), (OWN, "mDC", 0.98, 1.01, 3, 900, 0.2, 0.2),
        columns="network dataset low high regulators true true_into_tfs candidates_into_tfs",
    )  # fmt: skip
    table = scores.informative_table(by_edge, chance)
    assert list(table.index) == ["[S] mDC", "[C] mDC"] and table["beyond random"].max() <= 2  # no control
    assert table["beyond random"].tolist() == [2, 1] and table["above 1"].tolist() == [2, 0]
    assert table["into TFs"].tolist() == ["60% / 20%", "20% / 20%"]
    assert table["best"].iloc[0] == "GRNULar-cells 2.00 [1.10, 3.00]"
    assert table["random"].iloc[0] == "0.90 to 1.10"
    assert scores.informative_pairs(table) == ["[S] mDC"] and scores.informative_pairs(table.iloc[:0]) == []
    assert scores.informative_numbers(table) == {
        "informative_pairs": 1, "informative_all": 2, "informative_own": 0, "informative_own_all": 1,
    }  # fmt: skip
    numbers = scores.target_numbers(chance)
    assert numbers["into_tfs_low"] == numbers["into_tfs_high"] == 60
    assert numbers["into_tfs_times_high"] == pytest.approx(3)


def test_the_spread_over_tfs_of_a_mean_is_that_of_its_pairs(by_edge):
    error = [np.log(high / low) / (2 * 1.96) for low, high in ((1.2, 1.9), (0.8, 1.3))]
    found = scores._over_tfs(by_edge, ["[S] mDC", "[C] mDC"])
    assert found["clr"] == pytest.approx(np.hypot(*error) / 2)
    assert np.isnan(found["degree"])  # not on both pairs


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


def test_means_over_informative_pairs_are_over_these_alone(ranked):
    logs = ranked.by_pair
    blood = [pair for pair in logs.index if "mHSC" in pair]
    means = scores.informative_means(ranked, blood)
    assert means["informative_grnular-cells"] == pytest.approx(8) and means["informative_clr"] == pytest.approx(2)
    assert means["informative_best"] == "GRNULar-cells (this work) with 8.00"
    assert scores.informative_means(ranked, [p for p in logs.index if p not in blood])["informative_best"].startswith("CLR")
    assert scores.informative_means(ranked, ["no such pair"]) == {}


def test_methods_are_ranked_by_their_geometric_mean_over_all_pairs(ranked):
    assert ranked.methods == ["grnular-cells", "clr"]
    assert ranked.geometric.to_dict() == {"grnular-cells": pytest.approx(8**0.5), "clr": pytest.approx(2)}
    of = [(n, d.split("] ")[1], m) for d in ranked.by_pair.index for n in [NAMES[d[1]]] for m in ("clr", "grnular-cells")]
    edges = scored(*((*pair, 1.0, 4.0, 0.25) for pair in of), columns="network dataset method low high tf_precision")
    others = scored(*((*pair, 1.5) for pair in of[:-1]), columns="network dataset method ratio_others")
    first = scored(*((*pair, epr) for pair, epr in zip(of, [3, 1] * 7 + [3, 9], strict=True)), columns="network dataset method strict_epr")
    table = scores.summary_table(ranked, edges, others, ["[S] mDC", "[S] mHSC-L"], first)
    assert table["EPR"].tolist() == ["1.00", "3.00"] and set(table["precision at k"]) == {"0.25"}
    assert table.loc["CLR", "geometric mean"] == "2.00 [2.00, 2.00]"
    half = 3.1824 * np.log(8) / np.sqrt(3) / np.sqrt(4)  # four datasets, two of each ratio
    said = f"{8**0.5:.2f} [{8**0.5 / np.exp(half):.2f}, {8**0.5 * np.exp(half):.2f}]"
    assert table.loc["GRNULar-cells (this work)", "geometric mean"] == said
    assert table["arithmetic mean"].tolist() == ["4.50", "2.00"]  # of 8 and 1, four pairs each, and of 2
    assert table["mean rank"].tolist() == ["1.5", "1.5"]  # each is first on four of eight pairs
    half = np.log(4) / 2 / np.sqrt(8)  # eight pairs, each as wide as a factor of four
    assert table.loc["CLR", "over TFs"] == f"[{2 * np.exp(-half):.2f}, {2 * np.exp(half):.2f}]"
    assert table["informative pairs"].tolist() == ["2.83", "2.00"]
    assert sorted(table["non-TF targets"]) == ["", "1.50"]  # one pair of one method is not there
    assert table["rank"].iloc[0] == "1 [1, 2]"
    empty = scores.summary_table(ranked, edges.iloc[:0], others.iloc[:0], [], first.iloc[:0])
    assert set(empty["EPR"]) == set(empty["precision at k"]) == set(empty["over TFs"]) == set(empty["non-TF targets"]) == set(empty["informative pairs"]) == {""}
    numbers = scores.mean_numbers(ranked)
    assert numbers["best_method"] == "GRNULar-cells (this work)"
    assert np.isnan(numbers["ratio_ridge"])


def test_a_mean_rank_counts_places_pair_by_pair_where_ties_share_theirs():
    ratios = {"ridge": (3.0, 2.0, 2.0), "grnular": (2.0, 2.0, 9.0), "ridge-tuned": (1.0, 1.0, 1.0), "clr": (9.0, 9.0)}
    lines = [(STRING, d, m, r, 0.5) for m, of in ratios.items() for d, r in zip(("mDC", "mESC", "hESC"), of, strict=False)]
    rows = scored(*lines, columns="network dataset method strict_auprc_ratio strict_auroc").assign(strict_epr=1.0)
    shown = scores.with_tuned(["ridge", "grnular", "clr"], rows)
    assert shown == ["ridge", "grnular", "clr", "ridge-tuned"]
    edges = scored(*((*line[:3], 1.0, 4.0, 0.25) for line in lines), columns="network dataset method low high tf_precision")
    others = scored(*((*line[:3], 1.5) for line in lines if line[2] != "ridge"), columns="network dataset method ratio_others")
    table = scores.summary_table(scores.ranking(rows, shown), edges, others, ["[S] mDC"], rows)
    # CLR lacks a pair, so it has no row and takes no place; Ridge: 1, 1.5 and 2, GRNULar: 2, 1.5 and 1
    assert table["mean rank"].to_dict() == {"GRNULar (published)": "1.5", "ridge": "1.5", "ridge (tuned)": "3.0"}
    assert table["rank"].str.split().str[0].tolist() == ["1", "2", "3"]  # of the geometric mean, which differs
    assert table["non-TF targets"].tolist() == ["1.50", "", "1.50"]


def test_tuned_settings_stand_beside_those_of_the_package():
    lines = [("STRING", d, m, r) for d, m, r in (
        ("mDC", "ridge", 2.0), ("mESC", "ridge", 8.0), ("mDC", "ridge-tuned", 1.0), ("mESC", "ridge-tuned", 9.0),
        ("hHep", "ridge", 5.0), ("mDC", "clr", 1.0))]  # fmt: skip
    table = scores.tuned_table(scored(*lines, columns="network dataset method strict_auprc_ratio"))
    assert table.iloc[0, 1:].tolist() == [2, "4.00", "3.00", 1] and len(table) == 1


def test_tests_are_over_datasets_and_told_from_the_side_of_either_method():
    ratios = {dataset: 2.0 ** (1 + rise) for rise, dataset in enumerate(("mESC", "mDC", "hHep", "mHSC-GM", "mHSC-L", "hESC"))}
    rows = [(n, d, "clr", 1.0, 0.5) for n in (STRING, CHIP) for d in ratios]
    # against STRING a fourth of the ratio: what counts is the mean over the networks of a dataset
    rows += [(n, d, "ridge", of / (4 if n == STRING else 1), 0.5) for n in (STRING, CHIP) for d, of in ratios.items()]
    rows += [(n, d, "glasso", 2.0**of, 0.5) for n in (STRING, CHIP) for d, of in zip(ratios, (1, -1, 2, -2, 3, -3), strict=True)]
    table = scored(*rows, columns="network dataset method strict_auprc_ratio strict_auroc")
    tests = scores.pairwise_tests(scores.ranking(table, ["clr", "ridge", "glasso"]))
    ours, theirs = (scores.against(tests, m).iloc[0] for m in ("ridge", "clr"))
    assert ours["ridge against"] == "CLR" and theirs["CLR against"] == "ridge" and ours["datasets"] == 6
    # powers of two from 0 to 5: their mean, and Student's half width with 5 degrees of freedom
    half = 2.5706 * np.std(range(6), ddof=1) / np.sqrt(6)
    assert ours["times"] == f"{2**2.5:.2f} [{2 ** (2.5 - half):.2f}, {2 ** (2.5 + half):.2f}]"
    assert theirs["times"] == f"{2**-2.5:.2f} [{2 ** (-2.5 - half):.2f}, {2 ** (half - 2.5):.2f}]"
    assert float(ours["effect"]) == 1 == -float(theirs["effect"])
    (of_ridge,) = tests[(tests["method_a"] == "clr") & (tests["method_b"] == "ridge")].itertuples()
    assert of_ridge.p == 2 / 32  # five datasets that differ, all upwards
    assert of_ridge.p_holm == 3 * 2 / 32  # the least of three
    assert tables.surely_below(tests, "ridge") == ["CLR"] and tables.surely_below(tests, "clr") == []
    assert tables.surely_below(tests.replace("clr", "random"), "ridge") == []  # a control is no method
    assert scores.against(tests, "glasso").iloc[:, 0].tolist() == ["ridge", "CLR"]  # the surest first


def test_fewer_than_six_datasets_have_no_test(ranked):
    tests = scores.pairwise_tests(ranked)
    only = scores.against(tests, "clr").iloc[0]
    assert only["times"] == "0.71" and only["datasets"] == 4 and tests[["p", "p_holm"]].isna().all(axis=None)


def test_means_are_told_without_each_dataset_and_without_both_of_blood(ranked):
    table = scores.left_out_table(ranked)
    assert list(table) == ["none", *dict.fromkeys(ranked.datasets), "both mHSC"]
    assert table["none"].tolist() == ["2.83", "2.00"] and table["both mHSC"].tolist() == ["1.00", "2.00"]
    numbers = scores.blood_numbers(ranked)
    assert numbers["blood_rank"] == numbers["blood_methods"] == 2
    assert (numbers["clr_blood"], numbers["clr_other"]) == pytest.approx((2.0, 2.0)) and np.isnan(numbers["correlation_blood"])


def test_heat_maps_say_what_they_show():
    rows = scored(("STRING", "mDC", "clr", 1.5, 0.5), columns="network dataset method ratio auroc")
    shown = pair_heatmap(rows, "ratio", ["clr"], "ratio", "EPR")
    assert "1.50" in shown.html and "Heat map of EPR" in shown.html
    assert "n = 1 pairs of network and dataset, one run a method; [S] STRING, [N]" in shown.html
    assert _seeds_in_words(pd.concat([rows.assign(seed=s) for s in (0, 1)])) == "means over 2 seeds"
    printed = printed_heatmaps(rows.rename(columns={"ratio": "auprc"}), ["clr"])
    assert "AUROC, printed in the paper" in printed.html
    assert not plt.get_fignums()
