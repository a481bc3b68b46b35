"""The strict protocol: golden numbers, what must never move a number, and undefined cases."""

import math

import numpy as np
import pandas as pd
import pytest
from golden import ORDERS, golden_case, random_case
from hypothesis import assume, given
from hypothesis import strategies as st

from grnular_core.data.candidates import strict_candidates
from grnular_core.scoring.strict import _tf_precision, strict_scores


def table(*rows):
    """Rows of a truth or a prediction: two, three or four columns."""
    return pd.DataFrame(rows, columns=["regulator", "target", "weight", "sign"][: len(rows[0])])


def perfect_edges(truth):
    return truth[["regulator", "target"]].assign(weight=1.0)


GENES = list("abcde")
EMPTY = pd.DataFrame(columns=["regulator", "target", "weight"])


def assert_same(one, other, tolerance=1e-12):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, str):
            assert other[name] == value
        else:
            assert other[name] == pytest.approx(value, abs=tolerance, rel=0, nan_ok=True), name


# --- golden numbers -------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_golden_numbers_do_not_depend_on_the_gene_order(order):
    edges, truth, genes, tfs = golden_case(order)
    assert len(truth) == 28
    found = strict_scores(edges, truth, genes, tfs)
    assert found["n_candidates"] == 145
    names = (
        "auprc",
        "density",
        "auprc_ratio",
        "auroc",
        "epr_truth_genes",
        "epr_truth_genes_all_pairs",
    )
    expected = [0.625369, 0.193103, 3.238520, 0.652778, 2.008929, 8.839286]
    assert [found[name] for name in names] == pytest.approx(expected, abs=5e-7, rel=0)


# --- what must hold -------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_permuting_genes_tfs_and_rows_changes_nothing(seed, order):
    edges, truth, genes, tfs = random_case(seed, signs=True)
    assume(len(truth))
    expected = strict_scores(edges, truth, genes, tfs)
    order.shuffle(genes)
    order.shuffle(tfs)
    mixed = edges.sample(frac=1, random_state=seed), truth.sample(frac=1, random_state=seed)
    assert_same(strict_scores(*mixed, genes, tfs), expected)


@given(seed=st.integers(0, 10_000))
def test_duplicates_self_loops_and_foreign_names_change_nothing(seed):
    edges, truth, genes, tfs = random_case(seed, signs=True)
    expected = strict_scores(edges, truth, genes, tfs)
    loops = pd.DataFrame({"regulator": genes, "target": genes, "weight": 9.0, "sign": 1})
    foreign = pd.DataFrame({"regulator": [tfs[0], "?"], "target": ["?", genes[1]], "weight": 9.0})
    weaker = edges.assign(weight=edges["weight"] / 2, sign=-edges["sign"])
    noisy_edges = pd.concat([loops, weaker, edges, edges, foreign.assign(sign=1)])
    noisy_truth = pd.concat(
        [loops.drop(columns="weight"), truth, truth, foreign[:1].assign(sign=1)]
    )
    assert_same(strict_scores(noisy_edges, noisy_truth, genes, tfs), expected)


@pytest.mark.parametrize("seed", range(3))
def test_a_perfect_prediction_scores_one(seed):
    _, truth, genes, tfs = random_case(seed)
    found = strict_scores(perfect_edges(truth), truth, genes, tfs)
    assert found["auprc"] == found["auroc"] == 1.0
    for name in ("epr", "epr_ties_expected"):
        assert found[name] == pytest.approx(1 / found["density"], rel=1e-12)
    assert found["epr_n_selected_over_k"] == 1.0
    assert found["tf_precision_mean"] == pytest.approx(1.0, abs=1e-12)
    assert found["tf_precision_n_above_zero"] == found["n_regulators"]
    assert found["direction_share"] == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_an_empty_prediction_scores_the_density_and_has_no_early_precision(seed):
    _, truth, genes, tfs = random_case(seed)
    found = strict_scores(EMPTY, truth, genes, tfs)
    assert found["auprc"] == pytest.approx(found["density"], abs=1e-15)
    assert found["auprc_ratio"] == pytest.approx(1.0, abs=1e-12)
    assert found["auroc"] == 0.5
    for name in ("epr", "epr_truth_genes", "epr_truth_genes_all_pairs"):
        assert math.isnan(found[name])
        assert "no nonzero score" in found[f"{name}_reason"]
    assert found["epr_ties_expected"] == pytest.approx(1.0, abs=1e-12)
    assert found["tf_precision_mean"] == pytest.approx(0.0, abs=1e-12)
    assert found["tf_precision_n_above_zero"] == 0
    assert found["direction_share"] == 0.5


def test_scores_are_plain_numbers_that_json_can_hold_and_each_gap_has_its_reason():
    edges, truth, genes, tfs = random_case(1, signs=True)
    for prediction in (edges, edges[:0]):
        found = strict_scores(prediction, truth, genes, tfs)
        assert {type(value) for value in found.values()} <= {int, float, str}
        undefined = [n for n, v in found.items() if isinstance(v, float) and math.isnan(v)]
        assert [n for n in found if n.endswith("_reason")] == [f"{n}_reason" for n in undefined]


def test_beelines_view_keeps_to_genes_of_the_reference_network():
    _, truth, genes, tfs = random_case(3)
    truth = truth[truth["regulator"].isin(tfs[:3])]
    there = [gene for gene in genes if gene in set(truth["regulator"]) | set(truth["target"])]
    assert len(there) < len(genes)
    whole, view = (strict_scores(perfect_edges(truth), truth, of, tfs) for of in (genes, there))
    assert whole["n_regulators"] == view["n_regulators"] == 3
    assert whole["epr_truth_genes"] == view["epr"] == pytest.approx(1 / view["density"])
    assert whole["epr"] > whole["epr_truth_genes"]


# --- undefined cases ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "truth",
    [
        pd.DataFrame({"regulator": [], "target": []}),
        pd.DataFrame({"regulator": ["a"], "target": ["a"]}),
        pd.DataFrame({"regulator": ["x"], "target": ["y"]}),
    ],
    ids=["empty", "self-loop only", "other genes"],
)
def test_no_true_edge_is_nan_with_a_reason(truth):
    found = strict_scores(perfect_edges(truth), truth, GENES, ["a", "b"])
    undefined = {
        "auprc", "auprc_ratio", "auroc", "epr", "epr_ties_expected", "epr_truth_genes",
        "tf_precision_mean", "direction_share", "sign_share", "signed_epr",
    }  # fmt: skip
    assert all(math.isnan(found[name]) and found[f"{name}_reason"] for name in undefined)
    assert "no candidate pair" in found["auprc_reason"]


def test_nothing_but_true_candidates_leaves_only_auroc_undefined():
    truth = pd.DataFrame({"regulator": "a", "target": list("bcde")})
    found = strict_scores(perfect_edges(truth), truth, GENES, ["a"])
    assert found["auprc"] == found["density"] == found["epr"] == 1.0
    assert math.isnan(found["auroc"]) and "every candidate" in found["auroc_reason"]


def test_both_regulator_counts_and_left_out_truth_are_reported():
    found = strict_scores(EMPTY, table(("a", "b"), ("e", "b")), GENES, ["a", "c", "d"])
    assert (found["n_regulators"], found["n_regulators_listed"]) == (1, 3)
    assert (found["n_targets"], found["n_true"], found["n_true_left_out"]) == (5, 1, 1)


# --- each TF, directions, signs --------------------------------------------------------------


def test_precision_per_tf_is_normalised_by_its_own_number_of_targets():
    truth = table(("a", "b"), ("a", "c"), ("b", "a"), *(("c", t) for t in "abde"), ("d", "a"))
    candidates = strict_candidates(truth, GENES, list("abcd"))
    scores = np.zeros((4, 5))
    scores[0] = [9, 3, 0, 2, 0]  # its own column must not count; 1 of 2 right
    scores[3, 0] = 1
    # nothing predicted for b is chance; c, whose candidates are all true, is left out
    assert _tf_precision(scores, candidates) == pytest.approx([(0.5 - 2 / 4) / (1 - 2 / 4), 0, 1])


def test_tf_summary_counts_tfs_above_chance_only():
    truth = table(("a", "b"), ("b", "c"), ("c", "d"))
    found = strict_scores(table(("a", "b", 1.0), ("b", "a", 1.0)), truth, GENES, list("abc"))
    assert (found["tf_precision_n_tfs"], found["tf_precision_n_above_zero"]) == (3, 1)
    assert found["tf_precision_mean"] == pytest.approx((1 + (0 - 1 / 4) / (3 / 4) + 0) / 3)


def test_direction_counts_one_way_tf_pairs_with_ties_one_half():
    truth = table(("a", "b"), ("a", "c"), ("d", "a"), ("b", "c"), ("c", "b"), ("a", "e"))
    edges = table(("a", "b", 2.0), ("b", "a", 1.0), ("c", "a", 1.0), ("e", "a", 5.0))
    found = strict_scores(edges, truth, GENES, list("abcd"))  # e is no TF, b <-> c is both ways
    assert found["direction_n_pairs"] == 3
    assert found["direction_share"] == pytest.approx((1 + 0 + 0.5) / 3)
    # the reverse edge counts too where its TF has no true target
    found = strict_scores(table(("a", "b", 1.0), ("b", "a", 2.0)), truth[:1], GENES, ["a", "b"])
    assert found["direction_share"] == 0.0
    none = strict_scores(EMPTY, table(("a", "b"), ("b", "a")), GENES, ["a", "b"])
    assert math.isnan(none["direction_share"])
    assert "one direction" in none["direction_share_reason"]


SIGNED_TRUTH = table(("a", "b"), ("a", "c"), ("a", "d"), ("b", "a")).assign(sign=[1, -1, 1, 0])


def test_sign_share_is_over_true_edges_of_known_sign_among_those_selected():
    edges = table(
        ("a", "b", 9.0, 1),  # right
        ("a", "c", 8.0, 1),  # wrong
        ("b", "a", 7.0, 1),  # true, but its sign is not known
        ("a", "e", 6.0, 1),  # not true
        ("a", "d", 5.0, 1),  # beyond rank 4
    )
    found = strict_scores(edges, SIGNED_TRUTH, GENES, ["a", "b"])
    assert (found["sign_share"], found["sign_n_edges"]) == (0.5, 2)
    unknown = strict_scores(edges.assign(sign=0), SIGNED_TRUTH, GENES, ["a", "b"])
    assert unknown["sign_share_reason"] == "the prediction has no signs"


def test_signed_early_precision_ignores_true_edges_of_another_sign():
    edges = table(
        ("a", "c", 9.0), ("b", "a", 8.0), ("a", "b", 7.0), ("b", "c", 6.0), ("a", "d", 5.0)
    )  # fmt: skip
    found = strict_scores(edges, SIGNED_TRUTH, GENES, ["a", "b"])
    # targets among truth genes: 2 regulators x 4 - 2 = 6 pairs; activating: 4 pairs left, 2 true,
    # the first two are a-b and b-c; repressing: 3 pairs left, 1 true, first is a-c
    assert found["signed_epr_activating"] == pytest.approx(0.5 / (2 / 4))
    assert found["signed_epr_repressing"] == pytest.approx(1 / (1 / 3))
    assert found["signed_epr"] == pytest.approx((1 + 3) / 2)
    flipped = strict_scores(edges.assign(sign=-1), SIGNED_TRUTH, GENES, ["a", "b"])
    assert flipped["signed_epr"] == found["signed_epr"]


def test_signed_early_precision_uses_only_the_sign_that_the_truth_has():
    truth = SIGNED_TRUTH.assign(sign=[1, 1, 1, 0])
    found = strict_scores(perfect_edges(truth), truth, GENES, ["a", "b"])
    assert found["signed_epr"] == found["signed_epr_activating"]
    assert math.isnan(found["signed_epr_repressing"])
    assert found["signed_epr_repressing_reason"] == "no true edge among the candidates"
