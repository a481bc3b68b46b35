"""Baselines: known answers, invariances, degenerate input."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import linear_network
from grnular_paper.synthetic import replicate_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from grnular_core.methods import correlation as baselines

FUNCTIONS = (baselines.correlation, baselines.clr, baselines.ridge)


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
    for function in (*FUNCTIONS, baselines.glasso):
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


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 100))
def test_scaling_a_gene_changes_nothing(seed, scale):
    x, tf_index = small(seed)
    scaled = x.copy()
    scaled[:, 7] *= scale
    for function in FUNCTIONS:
        np.testing.assert_allclose(
            function(x, tf_index).weight, function(scaled, tf_index).weight, atol=1e-8
        )


@settings(max_examples=20, deadline=None)
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


def test_glasso_finds_direct_and_drops_indirect_links():
    rng = np.random.default_rng(3)
    a = rng.normal(size=2000)
    b = a + rng.normal(size=2000)
    c = b + rng.normal(size=2000)
    x = np.column_stack([a, b, c, rng.normal(size=2000)])
    weight = baselines.glasso(x, np.arange(2)).weight
    assert weight[0, 1] > 0.3 and weight[1, 2] > 0.3
    assert weight[0, 2] < 0.1 and weight[0, 3] < 0.1


def test_glasso_chooses_the_same_penalty_on_one_thread_and_on_two():
    """Without a limit rounding chose another one for these cells: AUPRC 0.3265 and not 0.3269."""
    simulation = replicate_of("noisy(25)", 7, 100, 5)
    scores = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            scores.append(baselines.glasso(simulation.expression, simulation.tf_index).weight)
    np.testing.assert_array_equal(*scores)
