"""Tables of the pages on simulated data, on small records whose answers are counted by hand."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from grnular_paper import grids
from grnular_paper.records import KEY, Record, recorded_folder
from grnular_paper.runs import run_now
from grnular_paper.tables import clean, ds, noisy, simulated


def recorded(*rows: dict) -> pd.DataFrame:
    """Rows with the record's key columns, as texts."""
    same = dict.fromkeys(KEY, "") | {
        "experiment": "clean", "dataset": "clean", "network": "simulated", "genes": "100", "seed": "0",
        "replicate": "0", "cells": "100", "tf_information": "with", "cpu_seconds": 1.0,
    }  # fmt: skip
    return pd.DataFrame([same | row for row in rows])


def test_compiled_trees_are_matched_with_arboretos_by_the_whole_key():
    runs = [  # gene rule, seed, compiled, arboreto: levels apart, each pair within 1 %
        ("TFs+500", "0", 0.20, 0.202),
        ("TFs+500", "1", 0.40, 0.404),
        ("top500", "0", 0.80, 0.80),  # the largest is shown, not the mean
    ]
    rows = [
        {
            "experiment": "beeline", "dataset": "mDC", "network": "STRING", "genes": genes, "seed": seed,
            "method": method, "strict_auprc": score, "cpu_seconds": seconds,
        }
        for genes, seed, ours, theirs in runs
        for method, score, seconds in (("genie3", ours, 2.0), ("genie3-arboreto", theirs, 60.0))
    ]  # fmt: skip
    alone = {**rows[0], "seed": "2", "strict_auprc": 0.9}  # arboreto has no such run
    table = clean.compiled_against_arboreto(recorded(*rows, alone))
    assert table.to_dict("records") == [
        {
            "method": "GENIE3", "data": "mDC", "runs": 3, "largest difference in AUPRC": "0.99%",
            "arboreto, CPU s": 60.0, "compiled, CPU s": 2.0,
        }
    ]  # fmt: skip
    assert clean.compiled_against_arboreto(recorded(alone)).empty


def test_the_record_has_compiled_trees_next_to_arboretos():
    rows = [Record(name, recorded_folder()).rows() for name in ("clean", "noisy", "ds", "beeline")]
    found = clean.compiled_against_arboreto(pd.concat(rows))
    gaps = found["largest difference in AUPRC"].str.rstrip("%").astype(float)
    assert len(found) > 5 and gaps.max() < 2


def test_glassos_spread_is_that_of_one_point():
    rows = [
        {"method": "glasso", "cell_types": types, "strict_auprc": score, "cells": cells}
        for types, cells, score in (("2", "100", 0.2), ("2", "100", 0.6), ("10", "100", 0.5), ("2", "500", 0.9))
    ]  # fmt: skip
    other = {"method": "clr", "cell_types": "2", "strict_auprc": 0.99}
    numbers = clean.glasso_spread(recorded(*rows, other))
    assert numbers["lasso_2_low"] == 0.2 and numbers["lasso_2_high"] == 0.6
    assert numbers["lasso_10_low"] == 0.5


def test_growth_compares_ten_types_with_two_and_ignores_five():
    rows = pd.DataFrame(
        [
            ("clr", "with", types, 100, graph, graph, 0.3 + 0.01 * graph + gain)
            for types, gain in ((2, 0.0), (5, -0.3), (10, 0.1))
            for graph in range(8)
        ],
        columns=["method", "tf_information", "panel", "place", "unit", "replicate", "paper_auprc"],
    )
    (line,) = clean.growth_with_types(rows).to_dict("records")
    assert (line["method"], line["networks"], line["grows at"]) == ("CLR", 8, "1 of 1 points")
    assert line["AUPRC grows"] == "yes" and line["mean difference"].startswith("+0.100 [")


def test_pairs_are_the_true_ones_and_all_others_but_a_tf_with_itself():
    x = np.array([1.0, -1, 1, -1])
    expression = np.column_stack([x, x, [1, 1, -1, -1], -x])  # r of TF 0: 1, 1, 0, -1
    adjacency = np.array([[False, True, False, False]])
    pair = SimpleNamespace(tf_index=np.array([0]), adjacency=adjacency)
    assert clean._correlation_of_pairs(expression, pair) == pytest.approx((1, 0.5, 0.5))


def test_type_means_are_taken_away_gene_by_gene():
    left = clean._without_type_means(np.array([[1.0, 5], [3, 5], [10, 7]]), np.array([0, 0, 1]))
    assert left.tolist() == [[-1, 0], [1, 0], [0, 0]]


def test_genie3_stands_beside_grnboost2_on_shared_graphs():
    rows = [
        ("grnboost2", "M = 100", 0, 0.4), ("genie3", "M = 100", 0, 0.2), ("grnboost2", "M = 100", 1, 0.9),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["method", "point", "replicate", "strict_auprc"])
    found = clean.genie3_beside_grnboost2(table.assign(tf_information="with"))
    assert found.loc["M = 100"].to_dict() == {"graphs": "1", "GRNBoost2": 0.4, "GENIE3": 0.2}
    alone = table[table["method"] == "grnboost2"].assign(tf_information="with")
    assert clean.genie3_beside_grnboost2(alone).empty


@pytest.fixture
def under_dropout() -> pd.DataFrame:
    """Two runs a dropout of one method, with and without the list of TFs."""
    rows = [
        ("grnular", known, q, 0.905 - q / 1000 + shift, 0.87, 0.7)
        for q, known, shift in product((25, 75), ("with", "without"), (-0.01, 0.01))
    ]
    names = ["method", "tf_information", "panel", "paper_auroc", "paper_floor_auroc", "strict_auroc"]
    return pd.DataFrame(rows, columns=names)


def test_auroc_is_shown_beside_that_of_random_scores(under_dropout):
    means = noisy.auroc_means(under_dropout)
    assert means["paper"].tolist() == pytest.approx([0.88, 0.83])
    table = noisy.auroc_table(means)
    assert table["above random"].tolist() == pytest.approx([0.01, -0.04])
    assert table["dropout %"].tolist() == [25, 75]


def test_dropout_in_words_says_where_a_method_falls_below_random(under_dropout):
    left = pd.DataFrame({"genes": 0.5, "tfs": 0.4, "edges": 0.2, "oracle": 0.31}, index=[75])
    text = noisy.dropout_in_words(left, noisy.auroc_means(under_dropout))
    assert "only 50 % of the genes and 40 % of the TFs" in text and "reaches 0.31" in text
    assert "is 0.88 at 25 % and 0.83 at 75 %" in text and "not robust" in text
    above = noisy.auroc_means(under_dropout.assign(paper_floor_auroc=0.5))
    assert "not robust" not in noisy.dropout_in_words(left, above)
    first = noisy.auroc_means(under_dropout[under_dropout["panel"] == 25])
    assert "AUROC" not in noisy.dropout_in_words(left, first)


def test_a_gene_without_a_count_is_not_seen():
    made = SimpleNamespace(
        expression=np.array([[1.0, 0, 0, 2], [0, 0, 0, 1]]),
        tf_index=np.array([0, 1]),
        grn=SimpleNamespace(regulator=np.array([0, 0, 1]), target=np.array([3, 2, 3])),
    )
    assert noisy.seen(made) == (0.5, 0.5, pytest.approx(1 / 3))
    table = noisy.survival_table(pd.DataFrame([[0.5, 0.5, 1 / 3, 0.2]], [75], ["genes", "tfs", "edges", "oracle"]))  # fmt: skip
    assert table.iloc[0].tolist() == [75, "50%", "50%", "33%", 0.2]


def test_survival_is_the_mean_over_graphs():
    left = noisy.survival(n_graphs=1, n_cells=60)
    assert list(left.index) == list(grids.DROPOUTS)
    assert (left.diff().dropna() <= 0).all(axis=None)  # the more dropout, the less is left
    assert left["oracle"].between(0, 1).all()


def test_multiples_of_random_are_means_with_their_number():
    rows = pd.DataFrame(
        [("clr", "with", "DS1", 2.0), ("clr", "with", "DS1", 3.0), ("glad", "without", "DS2", 1.5)],
        columns=["method", "tf_information", "point", "strict_auprc_ratio"],
    )
    means = ds.ratio_means(rows)
    table = ds.ratio_table(means).set_index(["method", "TF list"])
    assert table.loc[("CLR", "with")].tolist() == ["2.50 (2)", "", ""]
    assert table.loc[("GLAD", "without"), "DS2"] == "1.50 (1)"
    assert len(table) == len(grids.all_curves("ds"))


def test_methods_with_fewer_noise_replicates_than_others_are_named_with_their_numbers():
    curves = grids.all_curves("ds")
    rows = [(*curve, name, 2.0) for curve in curves for name in ds.DATASETS for _ in range(4)]
    whole = pd.DataFrame(rows, columns=["method", "tf_information", "point", "strict_auprc_ratio"])
    assert ds.fewer_in_words(ds.ratio_means(whole)) == ""
    of_trees = (whole["method"] == "grnboost2") & (whole["tf_information"] == "without")
    late = of_trees & (whole["point"] == "DS3") & whole.duplicated()
    absent = (whole["method"] == "genie3") & (whole["point"] == "DS2")
    words = ds.fewer_in_words(ds.ratio_means(whole[~late & ~absent]))
    assert words.startswith("Not every method was run on all 4 noise replicates")
    assert words.endswith("GRNBoost2 without the list (1 of DS3); GENIE3 (none of DS2).")


def test_tfs_seen_in_one_cell_of_a_hundred_are_apart_from_the_hidden():
    found = pd.DataFrame(
        {
            "detected": [0.5, 0.01, 0.005],
            "targets": [0.4, 0.2, 0.1],
            "grnular-context": [0.3, 0.1, 0.0],
            "correlation": [0.2, 0.0, 0.0],
        }
    )
    table = ds._detected_and_hidden(found, "DS1")
    assert table["number"].tolist() == [2, 1]
    assert table["share of genes each regulates"].tolist() == ["30.0%", "10.0%"]
    assert table["GRNULar-context (this work), within TF"].tolist() == pytest.approx([0.2, 0])
    numbers = ds.hidden_numbers(found)
    assert (numbers["ds1_tfs"], numbers["ds1_hidden"], numbers["ds1_visible"]) == (3, 1, 2)
    assert numbers["ds1_visible_targets"] == pytest.approx(30)
    assert numbers["ds1_within_correlation"] == pytest.approx(0.2 / 3)
    assert ds.hidden_numbers(found.iloc[:0])["ds1_tfs"] == 0


def test_hidden_units_are_four_a_tf_and_at_most_500():
    assert ds.hidden_units() == "40, 148 and 500"


def test_what_is_planned_and_not_on_record_is_counted():
    missing = pd.DataFrame({"rows": [3, 0], "planned": [5, 10]})
    text = simulated.on_record(9, pd.DataFrame(index=range(7)), missing)
    assert text == "9 recorded runs, 7 of them of methods in the figures; 12 more are planned, tuned settings aside."
    assert "these are all that are planned, fewer for slow methods" in simulated.on_record(9, pd.DataFrame(index=range(7)), missing[:0])


def test_live_tasks_are_the_chosen_methods_graph_by_graph():
    tasks = simulated.live_tasks(grids.points("clean", [100], [2]), grids._curves("clean"), ["clr", "glad"], 2)
    assert [(t.replicate, t.method, t.tf_information) for t in tasks] == [
        (0, "glad", "without"), (0, "clr", "with"), (1, "glad", "without"), (1, "clr", "with"),
    ]  # fmt: skip


def test_a_live_part_tells_its_largest_difference_and_its_failures():
    methods = ["clr", "ridge", "none"]
    curves = [(name, "with") for name in methods]
    tasks = simulated.live_tasks(grids.points("clean", [60], [2]), curves, methods, 1)
    rows, _ = run_now(tasks)
    part = simulated.live_part(tasks, rows.assign(strict_auprc=rows["strict_auprc"] * [1.25, 1]))
    assert part.gap == pytest.approx(0.2)
    first, failed = part.text.splitlines()
    assert first == "2 runs, 2 of them recorded; no AUPRC or AUROC differs by more than 20.00 %"
    assert "none" in failed
    assert np.isnan(simulated.live_part([], rows).gap)


def test_the_graphs_behind_a_point_are_those_of_the_method_that_has_most():
    names = ["method", "tf_information", "panel", "place", "replicate"]
    rows = [("clr", "with", 5, 100, r) for r in "0120"] + [("ridge", "with", 5, 100, "7"), ("clr", "without", 5, 100, "8")]
    found = simulated.graph_numbers(pd.DataFrame(rows, columns=names))
    assert found == {"most_graphs": 3, "fewer_without": "CLR 1", "fewer_with": "ridge 1"}
    more = pd.DataFrame([*rows, *(("ridge", "with", 5, 500, r) for r in "012")], columns=names)
    assert simulated.graph_numbers(more)["fewer_with"] == "ridge 1 to 3"
    none = {"most_graphs": 0, "fewer_without": "no method", "fewer_with": "no method"}
    assert simulated.graph_numbers(pd.DataFrame(columns=names)) == none
