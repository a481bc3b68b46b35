"""The paper's protocol: golden numbers, its dependence on gene order, and its AUROC's floor."""

import math

import numpy as np
import pandas as pd
import pytest
from golden import ORDERS, D, golden_case
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from grnular_core.data.edges import edge_table
from grnular_core.scoring.paper import (
    _paper_matrix,
    _paper_scores_of_matrices,
    _truth_matrix,
    floor_auroc,
    paper_scores,
    paper_scores_over_orders,
)

NAMES = ["n_true_seen", "shd", "precision", "recall", "auprc", "auroc"]
GOLDEN = {
    "tfs first": [25, 68, 0.197183, 0.56, 0.535892, 0.748341],
    "tfs last": [3, 68, 0.042254, 1.0, 0.177015, 0.955247],
    "shuffled": [13, 68, 0.112676, 0.615385, 0.242192, 0.763853],
}


PAIR = ["regulator", "target"]


def random_truth(seed, n_genes, n_tfs, n_edges):
    """Genes (TFs first) and a directed truth with exactly ``n_edges`` edges out of the TFs."""
    genes = [f"g{i:04d}" for i in range(n_genes)]
    places = [(i, j) for i in range(n_tfs) for j in range(n_genes) if i != j]
    chosen = np.random.default_rng(seed).choice(len(places), n_edges, replace=False)
    pairs = [(genes[i], genes[j]) for i, j in (places[n] for n in chosen)]
    return genes, genes[:n_tfs], pd.DataFrame(pairs, columns=PAIR)


def matrix_of(size, **entries):
    """A square matrix of zeros but for ``entries``, such as ``_01=2`` for row 0, column 1."""
    matrix = np.zeros((size, size))
    for place, value in entries.items():
        matrix[int(place[1]), int(place[2])] = value
    return matrix


@pytest.mark.parametrize(
    ("order", "expected"), [(ORDERS[k], GOLDEN[k]) for k in GOLDEN], ids=GOLDEN
)
def test_golden_numbers_in_three_gene_orders(order, expected):
    found = paper_scores(*golden_case(order))
    assert [found[name] for name in NAMES] == pytest.approx(expected, abs=5e-7)
    assert found["n_pairs"] == 435


def test_golden_numbers_of_the_small_symmetric_case():
    adj, scores = matrix_of(5, _01=1, _12=1, _14=1) > 0, matrix_of(5, _01=0.02, _02=0.01)
    found = _paper_scores_of_matrices(scores + scores.T, adj | adj.T, np.ones(5, dtype=bool))
    names = ["fdr", "tpr", "fpr", "shd", "precision", "recall", "fbeta", "auprc", "auroc"]
    expected = [0.5, 0.333333, 0.142857, 3, 0.5, 0.333333, 0.4, 0.533333, 0.619048]
    assert [found[name] for name in names] == pytest.approx(expected, abs=5e-7)
    assert found["floor_auroc"] == 0.5  # any pair may be predicted


def test_the_matrix_halves_tf_gene_entries_and_averages_tf_tf_entries():
    genes = ["x", "t1", "y", "t2"]
    rows = [("t1", "x", 2.0), ("t2", "y", -4.0), ("t1", "t2", 1.0), ("t2", "t1", 5.0)]
    rows += [("x", "t1", 9.0), ("t1", "t1", 9.0)]  # x is no TF, and t1 does not regulate itself
    edges = pd.DataFrame(rows, columns=[*PAIR, "weight"])
    assert _paper_matrix(edges, genes, ["t2", "t1"]).tolist() == [
        [0, 1, 0, 0],
        [1, 0, 0, 3],
        [0, 0, 0, 2],
        [0, 3, 2, 0],
    ]
    assert _paper_matrix(edges, genes, genes)[0, 1] == (9 + 2) / 2


def test_only_edges_whose_regulator_comes_first_count_unless_the_truth_is_made_symmetric():
    genes = ["a", "b", "c"]
    truth = pd.DataFrame([("b", "a"), ("b", "c")], columns=PAIR)
    edges = truth.assign(weight=1.0)
    directed = paper_scores(edges, truth, genes, ["b"])
    assert (directed["n_true_seen"], directed["shd"], directed["precision"]) == (1, 1, 0.5)
    symmetric = paper_scores(edges, truth, genes, ["b"], symmetric_truth=True)
    assert (symmetric["n_true_seen"], symmetric["shd"], symmetric["auprc"]) == (2, 0, 1.0)
    assert _truth_matrix(truth, genes).tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0]]


@given(seed=st.integers(0, 1000), order=st.randoms(use_true_random=False))
def test_a_symmetric_truth_makes_the_gene_order_irrelevant(seed, order):
    genes, tfs, truth = random_truth(seed, 15, 4, 12)
    edges = edge_table(np.random.default_rng(seed).random((4, 15)).round(1), tfs, genes)
    expected = paper_scores(edges, truth, genes, tfs, symmetric_truth=True)
    order.shuffle(genes)
    found = paper_scores(edges, truth, genes, tfs, symmetric_truth=True)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("n_genes", "n_tfs", "n_edges", "repeats", "expected"),
    [(100, 10, 124, 20, 0.915), (400, 37, 400, 2, 0.918)],
)
def test_the_floor_formula_is_what_random_scores_reach(n_genes, n_tfs, n_edges, repeats, expected):
    genes, tfs, truth = random_truth(1, n_genes, n_tfs, n_edges)
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        paper_scores(
            edge_table(rng.random((n_tfs, n_genes)), tfs, genes), truth, genes, tfs,
            symmetric_truth=True,
        )
        for _ in range(repeats)
    )  # fmt: skip
    assert found["floor_auroc"].nunique() == 1
    assert found.loc[0, "floor_auroc"] == pytest.approx(expected, abs=0.005)
    assert found["auroc"].mean() == pytest.approx(found.loc[0, "floor_auroc"], abs=0.01)


def test_a_true_pair_that_no_tf_list_reaches_lowers_the_floor():
    rng = np.random.default_rng(0)
    truth, candidate = rng.random(400) < 0.3, rng.random(400) < 0.4
    assert (truth & ~candidate).any()
    reached = [roc_auc_score(truth, np.where(candidate, rng.random(400), 0)) for _ in range(300)]
    assert floor_auroc(truth, candidate) == pytest.approx(np.mean(reached), abs=0.01)


def test_orders_depend_on_the_seed_only_and_each_is_scored_as_paper_scores_would():
    edges, truth, genes, tfs = golden_case(np.arange(D))
    found = paper_scores_over_orders(edges, truth, genes, tfs, n_orders=6, seed=3)
    assert len(found) == 6 and found["auprc"].nunique() > 1
    order = [genes[i] for i in np.random.default_rng(3).permutation(D)]
    expected = paper_scores(edges, truth, order, tfs)
    assert found.iloc[0].to_dict() == pytest.approx(expected, abs=1e-12)
    turned = (edges[::-1], truth[::-1], genes[::-1], tfs[::-1])
    pd.testing.assert_frame_equal(found, paper_scores_over_orders(*turned, n_orders=6, seed=3))
    other = paper_scores_over_orders(*turned, n_orders=6, seed=4)
    assert not found["auprc"].equals(other["auprc"])


def test_duplicates_and_self_loops_change_nothing():
    edges, truth, genes, tfs = golden_case(np.arange(D))
    loops = pd.DataFrame({"regulator": genes, "target": genes, "weight": 5.0})
    found = paper_scores(
        pd.concat([edges, edges, loops]), pd.concat([truth, loops, truth]), genes, tfs
    )
    assert found == paper_scores(edges, truth, genes, tfs)


def test_nothing_predicted_is_nan_with_a_reason_where_undefined():
    edges, truth, genes, tfs = golden_case(np.arange(D))
    found = paper_scores(edges[:0], truth, genes, tfs)
    reasons = {name: words for name, words in found.items() if name.endswith("_reason")}
    assert reasons.keys() == {"precision_reason", "fdr_reason"}
    assert math.isnan(found["precision"]) and reasons["precision_reason"] == "nothing predicted"
    assert (found["recall"], found["fbeta"], found["fpr"], found["auroc"]) == (0, 0, 0, 0.5)
    assert (found["auprc"], found["shd"]) == (pytest.approx(25 / 435), 25)


def test_no_true_pair_in_sight_is_nan_with_a_reason():
    truth = pd.DataFrame([("b", "a")], columns=PAIR)
    found = paper_scores(truth.assign(weight=1.0), truth, ["a", "b"], ["b"])
    assert found["n_true_seen"] == 0
    for name in ("auprc", "auroc", "floor_auroc", "tpr", "recall", "fbeta"):
        assert math.isnan(found[name]) and "no true edge" in found[f"{name}_reason"]
    assert (found["fdr"], found["fpr"], found["shd"]) == (1.0, 1.0, 1)


@pytest.mark.parametrize("n_tfs", [4, 15])
def test_random_auroc_is_the_mean_of_random_predictions(n_tfs):
    rng = np.random.default_rng(n_tfs)
    genes = [f"g{i:02d}" for i in range(30)]
    order = [genes[i] for i in rng.permutation(30)]
    tfs, pairs = genes[:n_tfs], [(a, b) for a in genes[:n_tfs] for b in genes if a != b]
    # true edges mostly between TFs, and some that no TF of the list has
    chosen = [p for p in pairs if rng.random() < (0.5 if p[1] in tfs else 0.1)]
    truth = pd.DataFrame([*chosen, (genes[-1], genes[-2])], columns=PAIR)
    drawn = [
        paper_scores(edge_table(rng.uniform(size=(n_tfs, 30)), tfs, genes), truth, order, tfs)
        for _ in range(150)
    ]
    reached = [scores["auroc"] for scores in drawn]
    error = np.std(reached) / np.sqrt(150)
    assert drawn[0]["random_auroc"] == pytest.approx(np.mean(reached), abs=4 * error)
