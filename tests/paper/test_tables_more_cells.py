"""Tables of more real cells: means by kind, intervals over sets, controls."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.more_cells import _draw_means, _pair_grid, kind_panels, pair_heatmap
from grnular_paper.more_cells import SETS
from grnular_paper.tables import more_cells as tables
from grnular_paper.tables import more_cells_seeds as seeds
from grnular_paper.tables.more_cells import (
    _sets_won,
    choice_numbers,
    curated_numbers,
    geometric_means,
    kind_numbers,
    kind_table,
    live_numbers,
    network_table,
    set_scores,
    variant_table,
)

RATIOS = {  # by network and set: correlation, clr (two seeds), degree
    ("TRRUST", "marrow"): (2.0, (1.0, 3.0), 1.0),
    ("CollecTRI", "marrow"): (8.0, (4.0, 4.0), 2.0),
    ("CollecTRI", "tuck"): (1.0, (2.0, 2.0), 1.0),
    ("ENCODE", "marrow"): (1.0, (1.5, 1.5), 3.0),
}


def line(network: str, dataset: str, method: str, ratio: float, seed: int = 0, tf_list: str = "BEELINE"):
    kind = "ChIP" if network == "ENCODE" else "curated"
    return {
        "dataset": dataset, "network": network, "kind": kind, "tf_list": tf_list, "method": method, "seed": str(seed),
        "strict_auprc": ratio / 100, "strict_auprc_ratio": ratio, "strict_auroc": 0.6, "ratio_others": ratio / 2,
    }  # fmt: skip


@pytest.fixture
def rows() -> pd.DataFrame:
    lines = []
    for (network, dataset), (correlation, clr, degree) in RATIOS.items():
        for tf_list, factor in (("BEELINE", 1.0), ("strict", 1.5)):
            lines.append(line(network, dataset, "correlation", correlation * factor, tf_list=tf_list))
            lines.append(line(network, dataset, "degree", degree * factor, tf_list=tf_list))
            lines += [line(network, dataset, "clr", clr[i] * factor, i, tf_list) for i in (0, 1)]
    lines.append(line("CollecTRI", "tuck", "ridge", 9.0))  # not on the other set
    return pd.DataFrame(lines)


def test_a_set_counts_by_the_geometric_mean_over_its_networks_of_means_over_seeds(rows):
    scores = set_scores(rows, "curated")
    assert list(scores.index) == ["marrow", "tuck"] and set(scores) == {"clr", "correlation", "degree"}
    assert scores.loc["marrow", "correlation"] == pytest.approx(4.0)
    assert scores.loc["marrow", "clr"] == pytest.approx(np.sqrt(2.0 * 4.0))
    assert set_scores(rows, "ChIP").loc["marrow", "clr"] == 1.5


def test_means_over_sets_are_geometric_with_an_interval_from_drawing_sets(rows):
    means = geometric_means(set_scores(rows, "curated"))
    assert means.loc["correlation", "mean"] == pytest.approx(2.0)
    assert (means.loc["correlation", "low"], means.loc["correlation", "high"]) == pytest.approx((1.0, 4.0))
    assert geometric_means(set_scores(rows, "ChIP"))["low"].isna().all()  # one set
    many = pd.DataFrame({"clr": np.exp(np.random.default_rng(0).normal(0.5, 0.3, 200))})
    found = geometric_means(many).loc["clr"]
    error = 1.96 * 0.3 / np.sqrt(200)
    assert np.log(found["high"] / found["low"]) == pytest.approx(2 * error, rel=0.15)


def test_sets_are_won_among_methods_that_infer(rows):
    won = _sets_won(set_scores(rows, "curated"))
    assert won.to_dict() == {"correlation": 1, "clr": 1}
    assert tables.best_control(set_scores(rows, "ChIP")) == "degree"


def test_the_table_tells_means_both_lists_and_the_best_control(rows):
    table = kind_table(rows, "curated").set_index("method")
    assert list(table.index) == ["CLR", "correlation", "degree"]
    correlation = table.loc["correlation"]
    assert correlation["AUPRC / density"] == "2.00 [1.00, 4.00]" and correlation["strict TFs"] == "3.00"
    assert correlation["targets no TFs"] == "1.00" and correlation["sets won"] == "1 of 2"
    assert table.loc["CLR", "above correlation"] == "1 of 2" and table.loc["CLR", "least"] == "0.71"
    over = np.sqrt(4 / np.sqrt(2) * 1)
    assert correlation["over degree"].startswith(f"{over:.2f} [") and table.loc["degree", "sets won"] == "control"
    assert kind_table(rows[:0], "curated").empty


def test_numbers_for_sentences_say_who_is_above_the_controls(rows):
    found = kind_numbers(rows, "ChIP")
    assert (found["chip_best"], found["chip_best_ratio"], found["chip_control"]) == ("CLR", 1.5, "degree")
    assert found["chip_surely"] == 0 and found["chip_methods"] == 2 and found["chip_ratio_degree"] == pytest.approx(3)
    found = kind_numbers(rows, "curated")
    assert found["curated_sets"] == 2
    assert found["curated_models"].startswith("GRNULar-curated (this work) (not recorded for all sets), GRNULar-cells")
    more = pd.concat([rows, pd.DataFrame([line(n, d, "grnular-cells", 1.5) for n, d in RATIOS])])
    assert "GRNULar-cells (this work) 1.50 and" in kind_numbers(more, "curated")["curated_models"]
    assert kind_numbers(rows[:0], "curated") == {}


def test_the_fitted_method_is_compared_with_the_best_other_one(rows):
    assert curated_numbers(rows) == {}
    fitted = pd.DataFrame([line(n, d, "grnular-curated", r) for (n, d), r in zip(RATIOS, (8, 8, 2, 6), strict=False)])
    fitted["ratio_others"] *= 3
    more = pd.concat([rows, fitted])
    scores = set_scores(more, "curated")
    found = curated_numbers(more)
    for part in ("", "_low", "_high"):  # over targets that are no TFs three times as much, with its own interval
        assert found[f"fitted_others{part}"] == pytest.approx(3 * found[f"fitted_{part[1:] or 'over'}"])
    assert (found["fitted_other"], found["fitted_sets"]) == ("CLR", 2)
    over = np.sqrt((scores["grnular-curated"] / scores["clr"]).prod())
    assert found["fitted_over"] == pytest.approx(over) and found["fitted_low"] <= over <= found["fitted_high"]
    beside = scores["grnular-curated"] / scores["correlation"]
    assert found["fitted_least"] == beside.min() and found["fitted_where"] == beside.idxmin()
    assert found["fitted_above"] == (beside > 1).sum()
    chip = set_scores(more, "ChIP")
    assert found["fitted_chip"] == pytest.approx((chip["grnular-curated"] / chip["correlation"]).iloc[0])


def test_variants_are_compared_with_the_first(rows):
    chosen = rows[(rows["tf_list"] == "BEELINE") & (rows["method"].isin(["correlation", "clr"]))]
    variants = chosen.assign(variant=chosen["method"]).drop(columns=["method", "tf_list"])
    table = variant_table(variants, rows).set_index("readout")
    beside = set_scores(rows, "curated")
    beside = beside["clr"] / beside["correlation"]
    assert table.loc["clr", "least"] == f"{beside.min():.2f}" and table.loc["correlation", "above correlation"] == f"0 of {len(beside)}"
    assert list(table.index) == list(variants["variant"].unique())
    assert table.iloc[0]["curated, over the first"] == ""
    means = geometric_means(set_scores(rows, "curated"))["mean"]
    assert table["curated"].to_dict() == {name: f"{means[name]:.2f}" for name in table.index}


def test_the_readout_of_a_set_is_chosen_by_the_other_sets():
    scores = {"one": (4.0, 2.0, 2.0), "two": (1.0, 3.0, 3.0)}  # the first wins on set a alone
    lines = [
        {"variant": name, "dataset": of, "network": "TRRUST", "kind": "curated", "strict_auprc_ratio": ratio}
        for name, ratios in scores.items()
        for of, ratio in zip(SETS, ratios, strict=False)
    ]
    found = choice_numbers(pd.DataFrame(lines), ["one", "two"], {"over_two": "two"})
    assert found["over_two"] == pytest.approx((9 / 16) ** (1 / 3))
    assert found["choice_ratio"] == pytest.approx((1 * 2 * 2) ** (1 / 3))
    assert found["first_ratio"] == pytest.approx(16 ** (1 / 3))
    assert found["choice_names"] == "“one” for 2 of 3 sets, “two” for 1 of 3 sets"


def test_networks_stand_one_by_one(rows):
    table = network_table(rows, ["correlation", "clr", "ridge"]).set_index("method")
    assert list(table) == ["TRRUST (curated, 1 sets)", "CollecTRI (curated, 2 sets)", "ENCODE (ChIP, 1 sets)"]
    assert table.loc["correlation", "CollecTRI (curated, 2 sets)"] == "2.83" and list(table.index) == ["correlation", "CLR"]


def test_pairs_that_are_not_scored_stand_in_brackets():
    pairs = pd.DataFrame(
        [
            ("tuck", "TRRUST", "curated", "BEELINE", 459, 510, 46, 11, 17, 0.003, 0),
            ("tuck", "Non-Specific", "mixed", "BEELINE", 459, 510, 46, 27, 194, 0.014, 1),
            ("tuck", "Non-Specific", "mixed", "strict", 459, 510, 29, 18, 184, 0.02, 1),
            ("lungT", "TRRUST", "curated", "BEELINE", 500, 1396, 147, 59, 309, 0.003, 1),
        ],
        columns=["dataset", "network", "kind", "tf_list", "cells", "genes", "tfs", "regulators", "true", "density", "kept"],
    )  # fmt: skip
    table = tables.pair_table(pairs).set_index("set")
    assert table.loc["tuck", "TRRUST"] == "(11 / 17 / 0.3 %)" and table.loc["tuck", "Non-Specific"] == "27 / 194 / 1.4 %"
    assert table.loc["lungT", "Non-Specific"] == "–"
    sizes = tables.set_table(pairs).set_index("set")
    assert sizes.loc["tuck", "TFs, strict list"] == 29 and sizes.loc["lungT", "cells"] == 500


def test_the_share_of_true_edges_is_that_of_each_set_once_in_percent():
    rows = pd.DataFrame(
        [("a", "CollecTRI", "BEELINE", 0.01), ("a", "CollecTRI", "BEELINE", 0.01), ("b", "CollecTRI", "BEELINE", 0.002),
         ("b", "CollecTRI", "strict", 0.5), ("b", "TRRUST", "BEELINE", 0.3)],
        columns=["dataset", "network", "tf_list", "density"],
    )  # fmt: skip
    assert tables.density_numbers(rows) == {"edges_low": pytest.approx(0.2), "edges_high": pytest.approx(1.0)}
    assert tables.density_numbers(rows[:0]) == {}


def test_rows_computed_now_are_compared_with_the_record(rows):
    live = rows[rows["method"] == "correlation"].assign(seed=0)
    live.loc[live.index[0], "strict_auprc"] *= 1.01
    found = live_numbers(live, rows)
    assert found["live_record_pairs"] == len(live) == found["live_rows"]
    assert found["live_record_percent"] == pytest.approx(1.0)
    assert live_numbers(live[:0], rows)["live_record_percent"] == 0


def test_the_scores_of_a_run_by_hand_are_listed_without_the_strict_list_of_tfs(rows):
    live = rows[rows["method"] == "correlation"].assign(density=0.01)
    listed = tables.live_table(live)
    assert set(live["tf_list"]) == {"BEELINE", "strict"}
    assert listed["AUPRC / density"].tolist() == [2.0, 8.0, 1.0, 1.0]
    assert listed["set"].tolist() == ["marrow", "marrow", "tuck", "marrow"] and set(listed["method"]) == {"correlation"}
    assert tables.live_table(live[:0]).empty and list(tables.live_table(live[:0])) == list(listed)


def test_a_method_is_compared_with_correlation_on_every_kind_in_words(rows):
    words = tables.method_in_words(rows)
    assert words.startswith("**CLR is above plain correlation on 2 of 2 kinds of networks**: 2.38 [2.00, 2.83] against 2.00 on curated networks (above it on 1 of 2 sets)")
    assert "2.83 on *marrow* (curated), stands beside 4.00 of correlation" in words
    below = rows.assign(strict_auprc_ratio=rows["strict_auprc_ratio"].where(rows["method"] != "clr", 0.5))
    assert tables.method_in_words(below).startswith("**CLR is above plain correlation on none of the 2 kinds")
    assert tables.method_in_words(rows[rows["method"] != "clr"]) == ""


def test_captions_say_how_many_sets_and_the_page_once_how_many_seeds(rows):
    assert seeds.seeds_in_words(rows) == "Seeds: 2 of CLR; 1 of the other methods."
    assert seeds.seeds_in_words(rows[rows["method"] == "clr"]) == "Seeds: 2 of each method."
    assert seeds.seeds_in_words(rows[:0]) == "Seeds: 0 of each method."
    caption = tables.kind_caption(rows, "curated")
    assert "on curated networks: geometric mean over 2 sets" in caption and "Seeds" not in caption


def test_sets_with_fewer_seeds_than_others_are_named_and_so_are_methods_with_one():
    runs = {
        ("grnular-cells", "kang"): 1, ("grnular-cells", "tuck"): 3, ("grnular-cells", "lungT"): 3, ("grnular", "kang"): 1,
        ("grnular", "tuck"): 1, ("clr", "kang"): 1, ("clr", "tuck"): 1, ("ridge", "tuck"): 3, ("ridge", "kang"): 3,
    }  # fmt: skip
    of = pd.DataFrame(
        [(m, d, network, str(s)) for (m, d), n in runs.items() for s in range(n) for network in ("TRRUST", "ChEA")],
        columns=["method", "dataset", "network", "seed"],
    )
    assert seeds.seeds_in_words(of) == "Seeds: 1 (kang) to 3 of GRNULar-cells (this work); 3 of ridge; 1 of the other methods."
    words = seeds.one_seed_in_words(of)
    assert words.endswith(": GRNULar (published); GRNULar-cells (this work) on *kang*.") and "CLR" not in words
    more = of[(of["method"] == "grnular-cells") & (of["dataset"] == "tuck")].assign(dataset="kang")
    whole = pd.concat([of, more]).drop_duplicates()  # the missing seeds are recorded
    assert seeds.seeds_in_words(whole) == "Seeds: 3 of GRNULar-cells (this work), ridge; 1 of the other methods."
    assert seeds.one_seed_in_words(whole).endswith(": GRNULar (published).")
    short = whole[(whole["network"] != "ChEA") | (whole["seed"] == "0")]  # one network of the set has fewer
    assert seeds.seeds_in_words(short) == "Seeds: 1 of each method."
    assert seeds.one_seed_in_words(whole[whole["method"] == "ridge"]) == ""


def test_methods_without_all_sets_are_named(rows):
    assert "**ridge**" in tables.open_methods(rows, ["correlation", "clr", "ridge"])
    assert tables.open_methods(rows, ["correlation", "clr"]) == ""


def test_a_panel_has_a_point_a_set_and_the_mean_of_every_method(rows):
    figure = kind_panels(rows)
    left, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["CLR", "correlation", "degree"]
    assert left.get_title(loc="left") == "curated, 2 sets" and right.get_title(loc="left") == "ChIP, 1 set"
    _, ax = plt.subplots()
    scores = set_scores(rows, "curated")
    _draw_means(ax, scores, ["correlation"])
    np.testing.assert_allclose(ax.collections[0].get_offsets()[:, 0], scores["correlation"])
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(2.0)


def test_the_heat_map_has_all_pairs_by_network(rows):
    grid = _pair_grid(rows, ["clr", "ridge", "genie3"])
    assert list(grid.index) == ["TRRUST, marrow", "CollecTRI, marrow", "CollecTRI, tuck", "ENCODE, marrow"]
    assert list(grid) == ["clr", "ridge"] and grid.loc["TRRUST, marrow", "clr"] == 2
    assert "pairs of network and set down" in pair_heatmap(rows).alt
