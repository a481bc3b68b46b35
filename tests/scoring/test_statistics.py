"""Chance, intervals over TFs and units, and the tests between methods."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from golden import random_case
from scipy import stats as distributions
from sklearn.metrics import average_precision_score

from grnular_core.data.candidates import candidate_pairs, score_matrix, strict_candidates
from grnular_core.scoring.ranking import auprc_and_auroc, early_precision
from grnular_core.scoring.statistics import (
    _rank_biserial,
    bootstrap_over_tfs,
    compare_methods,
    holm,
    mean_interval,
    random_scores_summary,
    rank_intervals,
)
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError


def case_of_one_edge():
    truth = pd.DataFrame({"regulator": ["a"], "target": ["b"]})
    return truth.assign(weight=1.0), truth, list("abcde")


# --- random scores --------------------------------------------------------------------------


def test_drawing_ranks_is_scoring_random_numbers():
    _, truth, genes, tfs = random_case(1)
    candidates = strict_candidates(truth, genes, tfs)
    labels = candidates.truth[candidates.mask]
    rng = np.random.default_rng(0)
    slow = []
    for _ in range(1500):
        scores = rng.random(len(labels)) + 0.1
        area, roc = auprc_and_auroc(scores, labels)
        slow.append((area, area / candidates.density, roc, early_precision(scores, labels).ratio))
    found = random_scores_summary(candidates, n=1500, seed=1)
    # both sides are random: four standard errors of their difference
    error = np.std(slow, axis=0) * np.sqrt(2 / 1500)
    assert (np.abs(found["mean"] - np.mean(slow, axis=0)) < 4 * error).all()
    spread = np.quantile(slow, 0.975, axis=0) - np.quantile(slow, 0.025, axis=0)
    assert (found["high"] - found["low"]).to_numpy() == pytest.approx(spread, rel=0.15)


def test_random_scores_repeat_with_the_seed_and_accept_a_generator():
    _, truth, genes, tfs = random_case(2)
    candidates = strict_candidates(truth, genes, tfs)
    mixed = strict_candidates(truth, genes[::-1], tfs[::-1])
    first = random_scores_summary(candidates, seed=7)
    pd.testing.assert_frame_equal(first, random_scores_summary(mixed, seed=7))
    same = random_scores_summary(candidates, seed=np.random.default_rng(7))
    pd.testing.assert_frame_equal(first, same)
    assert not first.equals(random_scores_summary(candidates, seed=8))


def test_random_scores_without_a_true_pair_are_nan_with_a_reason():
    empty = pd.DataFrame({"regulator": [], "target": [], "sign": []})
    found = random_scores_summary(candidate_pairs(empty, ["a"], list("abc")))
    assert found[["mean", "low", "high"]].isna().all(axis=None)
    assert (found["reason"] == "no true edge among the candidates").all()
    full = pd.DataFrame({"regulator": "a", "target": ["b", "c"]})
    found = random_scores_summary(strict_candidates(full, list("abc"), ["a"]))
    assert found.loc["auprc", "mean"] == 1.0
    assert np.isnan(found.loc["auroc", "mean"])
    assert found.loc["auroc", "reason"] == "every candidate is a true edge"


# --- bootstrap over TFs ---------------------------------------------------------------------


def test_the_bootstrap_is_average_precision_with_tfs_counted_as_often_as_drawn():
    edges, truth, genes, tfs = random_case(3)
    found = bootstrap_over_tfs(edges, truth, genes, tfs, n=150, seed=5)
    chosen = strict_candidates(truth, sorted(genes), tfs)
    scores = score_matrix(edges, chosen.regulators, chosen.targets)
    n_tfs = len(chosen.regulators)
    draws = []
    for times in np.random.default_rng(5).multinomial(n_tfs, np.full(n_tfs, 1 / n_tfs), size=150):
        weight = np.repeat(times[:, None], len(genes), axis=1)[chosen.mask]
        labels = chosen.truth[chosen.mask]
        area = average_precision_score(labels, scores[chosen.mask], sample_weight=weight)
        draws.append((area, area / np.average(labels, weights=weight)))
    expected = np.quantile(draws, [0.025, 0.975], axis=0).T
    assert found[["low", "high"]].to_numpy() == pytest.approx(expected, abs=1e-12)
    strict = strict_scores(edges, truth, genes, tfs)
    assert found["estimate"].tolist() == pytest.approx([strict["auprc"], strict["auprc_ratio"]])
    assert (found["n_tfs"] == n_tfs).all()
    assert (found["reason"] == "").all()


def test_the_bootstrap_does_not_depend_on_gene_or_row_order():
    case = random_case(4)
    found = bootstrap_over_tfs(*case, n=50, seed=1)
    turned = bootstrap_over_tfs(*(part[::-1] for part in case), n=50, seed=1)
    pd.testing.assert_frame_equal(found, turned, rtol=1e-12)
    assert not found["low"].equals(bootstrap_over_tfs(*case, n=50, seed=2)["low"])


def test_the_bootstrap_of_one_tf_or_of_no_truth_is_nan_with_a_reason():
    edges, truth, genes = case_of_one_edge()
    found = bootstrap_over_tfs(edges, truth, genes, ["a"], n=10).loc["auprc"]
    assert found["estimate"] == 1.0 and np.isnan(found["low"])
    assert "one TF only" in found["reason"]
    found = bootstrap_over_tfs(edges, truth[:0], genes, ["a"], n=10).loc["auprc_ratio"]
    assert np.isnan(found["estimate"]) and found["reason"] == "no candidate pair"


def test_drawing_nothing_is_refused():
    edges, truth, genes, tfs = random_case(0)
    with pytest.raises(InputError, match="at least 1"):
        bootstrap_over_tfs(edges, truth, genes, tfs, n=0)
    with pytest.raises(InputError, match="at least 1"):
        random_scores_summary(strict_candidates(truth, genes, tfs), n=0)


# --- intervals and tests over units ---------------------------------------------------------


def test_ranks_are_sure_where_every_cluster_agrees_and_open_where_one_decides():
    sure = pd.DataFrame({"a": [3.0, 4, 5, 6], "b": [2.0, 3, 4, 5], "c": [1.0, 2, 3, 4]})
    found = rank_intervals(sure, list("xxyy"))
    assert found["rank"].tolist() == found["low"].tolist() == found["high"].tolist() == [1, 2, 3]
    assert found["best"].tolist() == [1, 0, 0]
    # b is ahead by one cluster of three alone, which half of the draws and more hold
    moved = pd.DataFrame({"a": [1.0, 1, 1], "b": [0.9, 0.9, 9]})
    found = rank_intervals(moved, list("xyz"), n=4000)
    assert found["rank"].tolist() == [2, 1] and found["high"].tolist() == [2, 2]
    # a is ahead where z alone is drawn, 1 of 27 times: inside 95 %, and outside 90 %
    rare = pd.DataFrame({"a": [-1, -1, 0.4], "b": 0.0})
    assert rank_intervals(rare, list("xyz"), n=4000)["low"].tolist() == [1, 1]
    assert found.loc["b", "best"] == pytest.approx(1 - (2 / 3) ** 3, abs=0.03)


def test_ranks_do_not_depend_on_the_order_of_units_or_methods():
    rng = np.random.default_rng(0)
    table, clusters = pd.DataFrame(rng.random((9, 4)), columns=list("abcd")), np.array([*"xyz"] * 3)
    order = rng.permutation(9)
    found = rank_intervals(table, clusters, n=50)
    other = rank_intervals(table.iloc[order][list("dbca")], clusters[order], n=50)
    pd.testing.assert_frame_equal(found, other.loc[list("abcd")])


def test_drawn_clusters_count_by_their_units():
    scores = pd.DataFrame({"A": [1.0] * 9 + [0.0], "B": [0.0] * 9 + [5.0]})
    found = rank_intervals(scores, ["big"] * 9 + ["small"], n=4000)
    assert found.loc["A", "best"] == pytest.approx(0.75, abs=0.03)  # else: the small one twice


@pytest.mark.parametrize(
    ("values", "clusters"), [([1.0, np.nan], "xy"), ([1.0, 2.0], "xx"), ([1.0, 2.0], "x")]
)
def test_ranks_of_gaps_or_of_one_cluster_are_refused(values, clusters):
    with pytest.raises(InputError, match="ranks need"):
        rank_intervals(pd.DataFrame({"a": values}), list(clusters))


def test_the_mean_interval_is_students_and_needs_two_values():
    values = [0.4, 0.5, 0.45, 0.7]
    found = mean_interval([*values, float("nan")])
    expected = distributions.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found["n"] == 4 and "reason" not in found
    assert found["mean"] == pytest.approx(np.mean(values))
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))
    for few in ([], [0.5]):
        found = mean_interval(few)
        assert np.isnan(found["low"]) and "needs two" in found["reason"]


def scores_table(**methods):
    """Tidy scores: one list per method, over graphs 0, 1, 2, ..."""
    wide = pd.DataFrame(methods).rename_axis(index="graph", columns="method")
    return wide.stack().rename("auprc").reset_index()


def compared(**methods):
    """The first row of the comparison of these methods."""
    return compare_methods(scores_table(**methods), "auprc", "graph", "method").iloc[0]


def exact_signed_rank_p(difference):
    """Two-sided p by trying every sign: how often the rank sum lies as far from its middle."""
    difference = np.array(difference)[np.array(difference) != 0]
    ranks = distributions.rankdata(np.abs(difference))
    middle = ranks.sum() / 2
    far = abs(ranks[difference > 0].sum() - middle)
    sums = [np.dot(ranks, signs) for signs in product([0, 1], repeat=len(ranks))]
    return np.mean([abs(total - middle) >= far - 1e-9 for total in sums])


@pytest.mark.parametrize(
    "difference",
    [
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.7, 0.8],
        [0.1, 0.1, -0.1, 0.3, 0.3, 0.2, 0.2],  # ties
        [0.0, 0.0, 0.1, 0.2, 0.3, -0.4, 0.5, 0.6],  # units without a difference
    ],
)
def test_the_test_between_two_methods_is_the_exact_two_sided_signed_rank_test(difference):
    base = np.linspace(0.3, 0.6, len(difference))
    found = compared(a=base + difference, b=base)
    assert found["p"] == pytest.approx(exact_signed_rank_p(difference), abs=1e-9)
    assert found["p_holm"] == found["p"]
    assert found["mean_difference"] == pytest.approx(np.mean(difference))
    expected = mean_interval(difference)
    assert (found["low"], found["high"]) == pytest.approx((expected["low"], expected["high"]))


def test_six_units_that_all_agree_are_significant_and_swapping_methods_flips_the_effect():
    better, worse = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [0.4, 0.45, 0.5, 0.52, 0.53, 0.6]
    found, turned = compared(a=better, b=worse), compared(a=worse, b=better)
    assert found["p"] == turned["p"] == pytest.approx(2 / 2**6)
    assert (found["effect_size"], turned["effect_size"], turned["method_a"]) == (1.0, -1.0, "a")
    same = compared(a=better, b=better)
    assert (same["p"], same["effect_size"]) == (1.0, 0.0)


def test_fewer_than_six_units_give_points_only():
    found = compared(a=[0.5] * 5, b=[0.4] * 5)
    assert found[["p", "p_holm", "low", "high"]].isna().all()
    assert found["reason"] == "points only: 5 paired units, a test needs 6"
    assert found["mean_difference"] == pytest.approx(0.1)


def test_units_are_paired_by_name_and_units_with_one_score_are_left_out():
    table = scores_table(a=[0.9, 0.5, 0.6, 0.7, 0.8, 0.4, 0.3], b=[0.1] * 7)
    table.loc[0, "auprc"] = np.nan
    expected = compare_methods(table, "auprc", "graph", "method")
    assert expected.loc[0, "n_units"] == 6
    mixed = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(compare_methods(mixed, "auprc", "graph", "method"), expected)


def test_the_effect_size_weighs_wins_by_their_rank():
    assert _rank_biserial([1.0, -2.0, 3.0]) == pytest.approx((1 - 2 + 3) / 6)
    # differences equal up to rounding are ties
    assert _rank_biserial([0.3 - 0.1, 0.5 - 0.7, 0.1]) == _rank_biserial([0.2, -0.2, 0.1])
    assert _rank_biserial([0.0, 0.0]) == 0.0
    assert np.isnan(_rank_biserial([]))


def test_holm_steps_down_over_the_pairs_that_were_tested():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def test_three_methods_give_three_pairs_corrected_together():
    rng = np.random.default_rng(0)
    base = rng.random(10)
    a, b = (base + shift + 0.01 * rng.random(10) for shift in (0.2, 0))
    found = compare_methods(scores_table(c=base, a=a, b=b), "auprc", "graph", "method")
    pairs = list(zip(found["method_a"], found["method_b"], strict=True))
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["p_holm"].to_numpy() == pytest.approx(holm(found["p"]))
    assert (found["p_holm"] > found["p"]).all()


def test_unclear_tables_are_refused():
    table = scores_table(a=[0.1] * 6, b=[0.2] * 6)
    with pytest.raises(InputError, match="missing.*auroc"):
        compare_methods(table, "auroc", "graph", "method")
    with pytest.raises(InputError, match="method a has more than one row for graph 0"):
        compare_methods(pd.concat([table, table[:1]]), "auprc", "graph", "method")
