"""Correlation, CLR, ridge: known answers, invariances, degenerate input."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from grnular_core.methods import correlation as baselines

FUNCTIONS = (baselines.correlation, baselines.within_clusters, baselines.clr, baselines.ridge)


def small(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    expression, tfs, _ = linear_network(seed, n_cells=80, n_genes=14, n_tfs=4)
    return expression.to_numpy(), np.arange(len(tfs))


def test_correlation_equals_numpy():
    x, tf_index = small()
    expected = np.corrcoef(x.T)[tf_index]
    scores = baselines.correlation(x, tf_index)
    mask = np.eye(4, 14, dtype=bool)
    np.testing.assert_allclose(scores.weight[~mask], np.abs(expected)[~mask], atol=1e-12)
    np.testing.assert_array_equal(scores.sign[~mask], np.sign(expected)[~mask])


def test_a_tf_never_scores_itself():
    x, tf_index = small()
    for function in FUNCTIONS:
        assert (np.diag(function(x, tf_index).weight) == 0).all(), function.__name__


@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_ridge_path_equals_one_regression_per_gene(penalty, monkeypatch):
    x, tf_index = small()
    monkeypatch.setattr(baselines, "RIDGE_PENALTIES", np.array([penalty]))
    z = baselines.standardised(x)
    (weights,) = baselines._ridge_path(z, tf_index)
    for gene in range(x.shape[1]):
        others = [tf for tf in tf_index if tf != gene]
        model = Ridge(alpha=penalty * len(z), fit_intercept=False).fit(z[:, others], z[:, gene])
        np.testing.assert_allclose(weights[others, gene], model.coef_, atol=1e-10)


def test_ridge_chooses_a_small_penalty_for_signal_and_a_large_one_for_noise():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6))
    x[:, 4] = x[:, 0] + 0.01 * rng.normal(size=200)
    scores = baselines.ridge(x, np.arange(3)).weight
    assert scores[0, 4] > 0.9
    assert scores[:, 5].max() < 0.05


def test_clr_lifts_the_edge_that_stands_out_in_its_row_and_column():
    rng = np.random.default_rng(1)
    common = rng.normal(size=500)
    x = rng.normal(size=(500, 12))
    x[:, :6] += 3 * common[:, None]  # a block that correlates with itself whatever its edges
    x[:, 7] = x[:, 6] + rng.normal(size=500)  # one lone, weaker edge
    tf_index = np.array([0, 1, 6])
    plain = baselines.correlation(x, tf_index).weight
    context = baselines.clr(x, tf_index).weight
    assert plain[2, 7] < plain[0, 3]
    assert context[2, 7] > context[0, 3]


@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 100))
def test_scaling_a_gene_changes_nothing(seed, scale):
    x, tf_index = small(seed)
    scaled = x.copy()
    scaled[:, 7] *= scale
    for function in FUNCTIONS:
        np.testing.assert_allclose(
            function(x, tf_index).weight, function(scaled, tf_index).weight, atol=1e-8
        )


@given(seed=st.integers(0, 1000))
def test_permuting_genes_permutes_the_scores(seed):
    x, tf_index = small(seed)
    order = np.random.default_rng(seed).permutation(x.shape[1])
    moved = np.argsort(order)[tf_index]
    for function in FUNCTIONS:
        np.testing.assert_allclose(
            function(x, tf_index).weight[:, order], function(x[:, order], moved).weight, atol=1e-8
        )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_constant_genes_and_two_cells_give_finite_scores(function):
    x, tf_index = small()
    x[:, 9] = 3.0
    x[:, 1] = 0.1  # a constant TF; 0.1 is not exact in binary
    scores = function(x, tf_index)
    assert np.isfinite(scores.weight).all()
    assert (scores.weight[:, 9] == 0).all()
    assert (scores.weight[1] == 0).all()
    assert np.isfinite(function(x[:2], tf_index).weight).all()




# --- inside clusters


def two_types(n_cells: int = 300, seed: int = 0) -> np.ndarray:
    """Genes 0-29 differ between two types; 30 and 31 go together inside types alone."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, 32))
    kind = np.arange(n_cells) % 2
    X[:, :30] += 8 * kind[:, None] * rng.choice([-1, 1], 30)
    X[:, 31] = X[:, 30] + 0.5 * rng.normal(size=n_cells)
    return X


def test_markers_of_types_do_not_count_and_what_goes_together_inside_does():
    X, tfs = two_types(), np.array([0, 30])
    plain, inside = baselines.correlation(X, tfs).weight, baselines.within_clusters(X, tfs).weight
    assert np.median(plain[0, 1:30]) > 0.9
    assert np.median(inside[0, 1:30]) < 0.15
    # eight clusters also cut along the strongest axis inside types, which costs some
    assert inside[1, 31] > 0.4 and inside[1, 31] == inside.max()


def test_signs_are_those_inside():
    X = two_types()
    X[:, 31] *= -1
    assert baselines.within_clusters(X, np.array([30])).sign[0, 31] == -1


def test_few_cells_are_one_cluster_and_plain_correlation():
    X = np.random.default_rng(0).normal(size=(9, 6))
    tfs = np.array([1, 4])
    np.testing.assert_allclose(
        baselines.within_clusters(X, tfs).weight, baselines.correlation(X, tfs).weight, atol=1e-12
    )


def test_a_gene_that_is_constant_or_differs_between_types_alone_scores_zero():
    X = two_types()
    X[:, 5] = 3.0
    X[:, 6] = 100.0 * (np.arange(len(X)) % 2)
    found = baselines.within_clusters(X, np.array([0, 6]))
    assert (found.weight[:, 5] == 0).all() and found.weight[1].max() < 0.5
    assert np.isfinite(found.weight).all()


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor):
    X, tfs = two_types(), np.array([0, 30])
    Y = X.copy()
    Y[:, 3] *= factor
    np.testing.assert_allclose(
        baselines.within_clusters(X, tfs).weight, baselines.within_clusters(Y, tfs).weight, atol=1e-6
    )
