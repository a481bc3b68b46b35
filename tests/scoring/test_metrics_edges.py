"""Precision of each TF, directions of TF-TF pairs and signs."""

import math

import numpy as np
import pandas as pd
import pytest

from grnular_core.data.candidates import strict_candidates
from grnular_core.scoring.strict import per_tf_precision, strict_scores

GENES = list("abcde")
EMPTY = pd.DataFrame(columns=["regulator", "target", "weight"])


def perfect_edges(truth):
    return truth[["regulator", "target"]].assign(weight=1.0)


def test_precision_per_tf_is_normalised_by_its_own_number_of_targets():
    truth = pd.DataFrame(
        [("a", "b"), ("a", "c"), ("b", "a")] + [("c", t) for t in "abde"],
        columns=["regulator", "target"],
    )
    candidates = strict_candidates(truth, GENES, list("abcd"), regulators="listed")
    scores = np.zeros((4, 5))
    scores[0] = [9, 3, 0, 2, 0]  # its own column must not count; 1 of 2 right
    found = per_tf_precision(scores, candidates).set_index("regulator")
    assert found["n_true"].tolist() == [2, 1, 4, 0]
    assert found["n_candidates"].tolist() == [4, 4, 4, 4]
    assert found.loc["a", "precision"] == pytest.approx(0.5)
    assert found.loc["a", "normalised"] == pytest.approx((0.5 - 2 / 4) / (1 - 2 / 4))
    assert found.loc["b", "normalised"] == pytest.approx(0.0)  # nothing predicted is chance
    assert found.loc["c", "reason"] == "every candidate target is true"
    assert found.loc["d", "reason"] == "no true target"
    assert found.loc[["c", "d"], "normalised"].isna().all()


def test_tf_summary_counts_tfs_above_chance_only():
    truth = pd.DataFrame([("a", "b"), ("b", "c"), ("c", "d")], columns=["regulator", "target"])
    edges = pd.DataFrame(
        [("a", "b", 1.0), ("b", "a", 1.0)], columns=["regulator", "target", "weight"]
    )
    found = strict_scores(edges, truth, GENES, list("abc"))
    assert found["tf_precision_n_tfs"] == 3
    assert found["tf_precision_n_above_zero"] == 1
    assert found["tf_precision_mean"] == pytest.approx((1 + (0 - 1 / 4) / (3 / 4) + 0) / 3)


def test_direction_counts_one_way_tf_pairs_with_ties_one_half():
    truth = pd.DataFrame(
        [("a", "b"), ("a", "c"), ("d", "a"), ("b", "c"), ("c", "b"), ("a", "e")],
        columns=["regulator", "target"],
    )
    edges = pd.DataFrame(
        [("a", "b", 2.0), ("b", "a", 1.0), ("c", "a", 1.0), ("e", "a", 5.0)],
        columns=["regulator", "target", "weight"],
    )
    found = strict_scores(edges, truth, GENES, list("abcd"))  # e is no TF, b <-> c is both ways
    assert found["direction_n_pairs"] == 3
    assert found["direction_share"] == pytest.approx((1 + 0 + 0.5) / 3)
    perfect = strict_scores(perfect_edges(truth), truth, GENES, list("abcd"))
    assert perfect["direction_share"] == 1.0


def test_an_undirected_prediction_scores_both_directions_alike():
    truth = pd.DataFrame([("a", "b"), ("a", "c")], columns=["regulator", "target"])
    reverse = pd.DataFrame({"regulator": ["b"], "target": ["a"], "weight": [1.0]})
    directed = strict_scores(reverse, truth, GENES, ["a", "b"])
    assert (directed["direction_share"], directed["auprc"]) == (0.0, 0.5)
    both = strict_scores(reverse, truth, GENES, ["a", "b"], undirected=True)
    assert (both["direction_share"], both["auprc"]) == (0.5, pytest.approx((1 + 2 / 4) / 2))


def test_direction_looks_at_reverse_edges_of_tfs_without_a_true_target():
    truth = pd.DataFrame([("a", "b")], columns=["regulator", "target"])
    edges = pd.DataFrame(
        [("a", "b", 1.0), ("b", "a", 2.0)], columns=["regulator", "target", "weight"]
    )
    assert strict_scores(edges, truth, GENES, ["a", "b"])["direction_share"] == 0.0


def test_no_one_way_pair_leaves_the_direction_undefined():
    truth = pd.DataFrame([("a", "b"), ("b", "a")], columns=["regulator", "target"])
    found = strict_scores(EMPTY, truth, GENES, ["a", "b"])
    assert math.isnan(found["direction_share"])
    assert "one direction" in found["direction_share_reason"]


SIGNED_TRUTH = pd.DataFrame(
    [("a", "b", 1), ("a", "c", -1), ("a", "d", 1), ("b", "a", 0)],
    columns=["regulator", "target", "sign"],
)


def test_sign_share_is_over_true_edges_of_known_sign_among_those_selected():
    edges = pd.DataFrame(
        [
            ("a", "b", 9.0, 1),  # right
            ("a", "c", 8.0, 1),  # wrong
            ("b", "a", 7.0, 1),  # true, but its sign is not known
            ("a", "e", 6.0, 1),  # not true
            ("a", "d", 5.0, 1),  # beyond rank 4
        ],
        columns=["regulator", "target", "weight", "sign"],
    )
    found = strict_scores(edges, SIGNED_TRUTH, GENES, ["a", "b"])
    assert (found["sign_share"], found["sign_n_edges"]) == (0.5, 2)
    unknown = strict_scores(edges.assign(sign=0), SIGNED_TRUTH, GENES, ["a", "b"])
    assert unknown["sign_share_reason"] == "the prediction has no signs"


def test_signed_early_precision_ignores_true_edges_of_another_sign():
    edges = pd.DataFrame(
        [("a", "c", 9.0), ("b", "a", 8.0), ("a", "b", 7.0), ("b", "c", 6.0), ("a", "d", 5.0)],
        columns=["regulator", "target", "weight"],
    )
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
