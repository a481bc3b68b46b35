"""The strict protocol: golden numbers, what must never move a number, and undefined cases."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
from golden import ORDERS, golden_case, truth_table
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grnular_core.data.candidates import strict_candidates
from grnular_core.data.edges import edge_table
from grnular_core.scoring.strict import strict_scores


def random_case(seed, n_tfs=6, n_genes=20, density=0.15, signs=False, decimals=1):
    """A prediction with many ties and a truth over the same genes, TFs spread among the names."""
    rng = np.random.default_rng(seed)
    genes = [f"g{i}" for i in rng.permutation(n_genes)]
    tfs = genes[:n_tfs]
    weight = rng.random((n_tfs, n_genes)).round(decimals)
    edges = edge_table(weight, tfs, genes, signs=rng.choice([-1, 1], weight.shape))
    truth = truth_table(rng.random((n_tfs, n_genes)) < density, genes)
    truth["sign"] = rng.choice([-1, 1], len(truth)) if signs else 0
    return edges, truth, genes, tfs


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
@pytest.mark.parametrize("regulators", ["with-truth", "listed"])
def test_golden_numbers_do_not_depend_on_the_gene_order(order, regulators):
    edges, truth, genes, tfs = golden_case(order)
    assert len(truth) == 28
    found = strict_scores(edges, truth, genes, tfs, regulators)
    assert found["n_candidates"] == 145
    assert found["auprc"] == pytest.approx(0.625369, abs=5e-7)
    assert found["density"] == pytest.approx(0.193103, abs=5e-7)
    assert found["auprc_ratio"] == pytest.approx(3.238520, abs=5e-7)
    assert found["auroc"] == pytest.approx(0.652778, abs=5e-7)
    assert found["epr_truth_genes"] == pytest.approx(2.008929, abs=5e-7)
    assert found["epr_truth_genes_all_pairs"] == pytest.approx(8.839286, abs=5e-7)


def test_golden_sizes_of_the_two_early_precision_universes():
    edges, truth, genes, tfs = golden_case(ORDERS["tfs first"])
    view = strict_candidates(truth, genes, tfs, targets="truth-genes")
    assert view.n_candidates == 105
    assert len(view.targets) * (len(view.targets) - 1) == 462
    found = strict_scores(edges, truth, genes, tfs, targets="truth-genes")
    assert found["epr"] == found["epr_truth_genes"]
    assert found["epr_truth_genes_all_pairs"] == pytest.approx(8.839286, abs=5e-7)


# --- what must hold -------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_permuting_genes_tfs_and_rows_changes_nothing(seed, order):
    edges, truth, genes, tfs = random_case(seed, signs=True)
    assume(len(truth))
    expected = strict_scores(edges, truth, genes, tfs)
    order.shuffle(genes)
    order.shuffle(tfs)
    mixed = edges.sample(frac=1, random_state=seed), truth.sample(frac=1, random_state=seed)
    assert_same(strict_scores(*mixed, genes, tfs), expected)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_renaming_genes_changes_nothing(seed):
    edges, truth, genes, tfs = random_case(seed, signs=True)
    new = dict(
        zip(genes, np.random.default_rng(seed).permutation(len(genes)).astype(str), strict=True)
    )
    renamed = [t.replace({"regulator": new, "target": new}) for t in (edges, truth)]
    found = strict_scores(*renamed, [new[g] for g in genes], [new[t] for t in tfs])
    assert_same(found, strict_scores(edges, truth, genes, tfs))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
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


@given(seed=st.integers(0, 10_000), undirected=st.booleans())
@settings(max_examples=40, deadline=None)
def test_scores_stay_in_their_ranges(seed, undirected):
    edges, truth, genes, tfs = random_case(seed, signs=True)
    found = strict_scores(edges, truth, genes, tfs, undirected=undirected)
    for name in ("auprc", "auroc", "density", "direction_share", "sign_share"):
        assert math.isnan(found[name]) or 0.0 <= found[name] <= 1.0, name
    for name in ("epr", "epr_ties_expected", "signed_epr"):
        if not math.isnan(found[name]):
            assert found[name] >= 0, name
    if found["density"] > 0:
        assert found["auprc"] > 0
        assert found["auprc_ratio"] == pytest.approx(found["auprc"] / found["density"])
        assert found["epr"] <= 1 / found["density"] + 1e-9
        assert found["tf_precision_mean"] <= 1.0


@pytest.mark.parametrize("seed", range(5))
def test_a_perfect_prediction_scores_one(seed):
    _, truth, genes, tfs = random_case(seed)
    found = strict_scores(perfect_edges(truth), truth, genes, tfs)
    assert found["auprc"] == found["auroc"] == 1.0
    assert found["epr"] == pytest.approx(1 / found["density"], rel=1e-12)
    assert found["epr_ties_expected"] == pytest.approx(1 / found["density"], rel=1e-12)
    assert found["epr_n_selected_over_k"] == 1.0
    assert found["tf_precision_mean"] == pytest.approx(1.0, abs=1e-12)
    assert found["tf_precision_n_above_zero"] == found["n_regulators"]
    assert found["direction_share"] == 1.0


@pytest.mark.parametrize("seed", range(5))
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


def test_random_scores_have_a_mean_ratio_of_one():
    # a few hundred candidates would not do: average precision of random scores is biased upwards
    # by about ln(n) / (n density), test_stats.py has the exact value
    _, truth, genes, tfs = random_case(0, n_tfs=15, n_genes=120)
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(100):
        edges = edge_table(rng.random((15, 120)), tfs, genes)
        ratios.append(strict_scores(edges, truth, genes, tfs)["auprc_ratio"])
    assert 0.95 < np.mean(ratios) < 1.05


def test_one_correct_edge_alone_scores_barely_above_density():
    genes = [f"g{i}" for i in range(1001)]
    truth = pd.DataFrame({"regulator": "g0", "target": genes[1:7]})
    found = strict_scores(perfect_edges(truth[:1]), truth, genes, ["g0"])
    # one of 6 true edges found, the rest at the bottom: 1/6 * 1 + 5/6 * .006
    assert found["auprc"] == pytest.approx(1 / 6 + 5 / 6 * 0.006)
    assert found["epr"] == pytest.approx(1 / 0.006)
    assert found["epr_n_selected_over_k"] == pytest.approx(1 / 6)


def test_a_thousand_genes_and_two_hundred_tfs_take_under_half_a_second():
    edges, truth, genes, tfs = random_case(0, n_tfs=200, n_genes=1000, density=0.02, decimals=6)
    assert len(edges) > 190_000
    seconds = []
    for _ in range(3):  # processor time: what else the machine does is not counted
        start = time.process_time()
        strict_scores(edges, truth, genes, tfs)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5


def test_scores_are_plain_numbers_that_json_can_hold():
    edges, truth, genes, tfs = random_case(1, signs=True)
    found = strict_scores(edges, truth, genes, tfs)
    assert {type(value) for value in found.values()} <= {int, float, str}
    assert json.loads(json.dumps(found)).keys() == found.keys()
    undefined = [n for n, v in found.items() if isinstance(v, float) and math.isnan(v)]
    assert [n for n in found if n.endswith("_reason")] == [f"{n}_reason" for n in undefined]


def test_beelines_view_keeps_to_regulators_with_a_true_edge_whatever_the_headline_takes():
    _, truth, genes, tfs = random_case(3)
    truth = truth[truth["regulator"].isin(tfs[:3])]
    case = perfect_edges(truth), truth, genes, tfs
    listed, view = strict_scores(*case, "listed"), strict_scores(*case, targets="truth-genes")
    assert (listed["n_regulators"], view["n_regulators"]) == (6, 3)
    assert listed["epr_truth_genes"] == view["epr"] == pytest.approx(1 / view["density"])
    assert listed["epr"] > 1.5 * listed["epr_truth_genes"]


# --- undefined cases ------------------------------------------------------------------------


@pytest.mark.parametrize("regulators", ["with-truth", "listed"])
@pytest.mark.parametrize(
    "truth",
    [
        pd.DataFrame({"regulator": [], "target": []}),
        pd.DataFrame({"regulator": ["a"], "target": ["a"]}),
        pd.DataFrame({"regulator": ["x"], "target": ["y"]}),
    ],
    ids=["empty", "self-loop only", "other genes"],
)
def test_no_true_edge_is_nan_with_a_reason(truth, regulators):
    found = strict_scores(perfect_edges(truth), truth, GENES, ["a", "b"], regulators)
    undefined = [
        name
        for name in found
        if f"{name}_reason" in found and isinstance(found[name], float) and math.isnan(found[name])
    ]
    assert {"auprc", "auprc_ratio", "auroc", "epr", "epr_ties_expected", "epr_truth_genes"} <= set(
        undefined
    )
    assert {"tf_precision_mean", "direction_share", "sign_share", "signed_epr"} <= set(undefined)
    expected = "no candidate pair" if regulators == "with-truth" else "no true edge"
    assert expected in found["auprc_reason"]
    assert all(found[f"{name}_reason"] for name in undefined)


def test_no_tf_among_the_genes_is_nan_with_a_reason():
    truth = pd.DataFrame({"regulator": ["a"], "target": ["b"]})
    found = strict_scores(perfect_edges(truth), truth, GENES, ["TF9"])
    assert (found["n_regulators"], found["n_regulators_listed"]) == (0, 0)
    assert found["n_true_left_out"] == 1
    assert math.isnan(found["auprc"]) and math.isnan(found["density"])


def test_nothing_but_true_candidates_leaves_only_auroc_undefined():
    truth = pd.DataFrame({"regulator": "a", "target": list("bcde")})
    found = strict_scores(perfect_edges(truth), truth, GENES, ["a"])
    assert found["auprc"] == found["density"] == found["epr"] == 1.0
    assert math.isnan(found["auroc"]) and "every candidate" in found["auroc_reason"]


def test_both_regulator_counts_and_left_out_truth_are_reported():
    truth = pd.DataFrame([("a", "b"), ("e", "b")], columns=["regulator", "target"])
    found = strict_scores(EMPTY, truth, GENES, ["a", "c", "d"])
    assert (found["n_regulators"], found["n_regulators_listed"]) == (1, 3)
    assert (found["n_targets"], found["n_true"], found["n_true_left_out"]) == (5, 1, 1)
