"""The page on metric pitfalls: its toy networks, areas and floors, counted by hand."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.pitfalls import curve_areas, order_histogram
from grnular_paper.tables import pitfalls

from grnular_core.utils.errors import DownloadError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_toy_network_has_its_edges_and_no_loops(rng):
    toy = pitfalls.toy_network(rng, 12, 3, 20)
    assert toy.tfs == toy.genes[:3] and len(toy.truth.drop_duplicates()) == 20
    assert (toy.truth["regulator"] != toy.truth["target"]).all()
    assert set(toy.truth["regulator"]) <= set(toy.tfs)
    apart = pitfalls.toy_network(rng, 12, 3, 27, tf_to_tf=False)  # all pairs there are
    assert not set(apart.truth["target"]) & set(apart.tfs)
    assert len(pitfalls._random_edges(rng, toy)) == 3 * 11


def test_the_floor_follows_its_formula(rng):
    floors = pitfalls.floor_table(rng, 8, ((100, 10, 100),))
    # 900 TF-gene pairs, 100 of them true; 4950 pairs in all, of which 4850 are negatives
    # and 800 + 45 of these have a TF
    assert floors["floor (formula)"].iloc[0] == pytest.approx(1 - 0.5 * 845 / 4850)
    assert abs(floors["random scores, strict"].iloc[0] - 0.5) < 0.1
    numbers = pitfalls.floor_numbers(floors)
    assert numbers["floor_worst"] == pytest.approx(1 - 845 / 4850)
    assert numbers["floor_gap"] == abs(numbers["floor_100"] - numbers["floor_random_100"]) < 0.02


def test_the_bonus_of_tf_pairs_lifts_random_scores_above_the_formula(rng):
    found = pitfalls.floor_by_share(rng, 12, 3)
    assert found["share"].tolist() == pytest.approx([0.02, 0.51, 1.0])
    assert np.allclose(found["simulated"], found["exact"], atol=0.05)
    assert found["formula"].is_monotonic_decreasing


def test_the_order_of_genes_decides_what_a_perfect_prediction_gets(rng):
    toy = pitfalls.toy_network(rng, 20, 4, 15, tf_to_tf=False)
    orders, table = pitfalls.perfect_over_orders(toy, 5, seed=1)
    assert orders.shape == (5,) and table["gene order"].tolist()[1] == "5 random orders (mean)"
    assert table.iloc[0, 1:].tolist() == [1, 1]  # TFs first: every edge is seen
    assert np.isnan(table.iloc[2, 1]) and table.iloc[2, 2] == 1  # none is seen: no score
    numbers = pitfalls.order_numbers(np.array([0.2, 0.4]), table)
    assert numbers["order_mean"] == pytest.approx(0.3)
    assert numbers["order_sd"] == pytest.approx(np.sqrt(0.02))


def test_one_edge_of_two_has_an_average_precision_of_the_steps():
    curve = pitfalls.one_edge_found(n_candidates=4, n_true=2)
    # recall 1/2 at precision 1, then all four at precision 1/2
    assert curve.average_precision == pytest.approx(0.5 * 1 + 0.5 * 0.5)
    assert curve.trapezoid == pytest.approx(0.5 * 1 + 0.5 * (1 + 0.5) / 2)
    assert curve.density == 0.5
    _, ax = plt.subplots()
    curve_areas(ax, curve)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "straight lines: area 0.88", "average precision: 0.75", "density",
    ]  # fmt: skip


def test_the_histogram_has_every_order():
    _, ax = plt.subplots()
    order_histogram(ax, np.array([0.1, 0.5, 0.5, 0.9]))
    assert sum(bar.get_height() for bar in ax.patches) == 4


def test_without_data_the_bonus_is_an_empty_table_and_a_line(monkeypatch):
    def fail(*words):
        raise DownloadError("no network")

    monkeypatch.setattr(pitfalls, "load_beeline", fail)
    table, absent = pitfalls.bonus_of_tf_pairs("mESC", 0)
    assert table.empty and absent == ["mESC STRING is not available: no network"]
    assert np.isnan(pitfalls.bonus_numbers(table)["bonus_random"])


def test_the_bonus_is_counted_on_each_network(monkeypatch, small_data):
    monkeypatch.setattr(pitfalls, "load_beeline", lambda *words: small_data)
    table, absent = pitfalls.bonus_of_tf_pairs("mESC", 0)
    assert not absent and len(table) == 3 and table["pair"].iloc[0] == "[S] mESC"
    assert table["TFs / genes"].iloc[0] == 5 / 30 and table["true edges among TFs"].iloc[0] == 0
    numbers = pitfalls.bonus_numbers(table)
    assert numbers["bonus_floor"] == table["floor (formula)"].iloc[0]


def test_fractions_have_three_digits_and_counts_none():
    table = pitfalls.three_digits(pd.DataFrame({"n": [3], "x": [0.12345], "w": ["a"]}))
    assert table.iloc[0].tolist() == ["3", "0.123", "a"]


def test_a_true_edge_counts_whichever_end_comes_first():
    truth = pd.DataFrame({"regulator": ["t"], "target": ["g"]})
    toy = pitfalls.Toy(["g", "t"], ["t"], truth)
    assert pitfalls._paper(truth.assign(weight=1.0), toy)["n_true_seen"] == 1
