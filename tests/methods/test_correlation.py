"""Correlation, CLR: known answers, invariances, degenerate input."""

import numpy as np
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from grnular_core.methods import correlation as baselines
from grnular_core.methods.ridge import ridge

FUNCTIONS = (baselines.correlation, baselines.within_clusters, baselines.clr, ridge)


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


def test_sparse_expression_and_blocks_of_genes_give_the_same_correlation(monkeypatch):
    x, tf_index = small()
    x = np.where(x > np.median(x), x, 0.0)
    whole = baselines.correlation(x, tf_index, signed=True)
    for limit, value in (("GENES", 5), ("VALUES", 3 * len(x)), ("PART", 4 * len(x))):
        monkeypatch.setattr(baselines, limit, value)
        for matrix in (x, sparse.csr_matrix(x)):
            found = baselines.correlation(matrix, tf_index, signed=True)
            np.testing.assert_allclose(found.weight, whole.weight, atol=1e-12)
    assert [block.stop - block.start for block in baselines.ZScores.of(x).blocks()] == [3, 3, 3, 3, 2]


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


def test_with_two_tfs_clr_is_how_far_an_edge_stands_out_of_its_tfs_row():
    x, tf_index = small()[0], np.array([0, 1])
    plain, context = (function(x, tf_index).weight for function in (baselines.correlation, baselines.clr))
    for row, tf in enumerate(tf_index):
        others = np.delete(np.arange(x.shape[1]), tf)
        values = plain[row, others]
        wanted = np.maximum((values - values.mean()) / values.std(), 0)
        np.testing.assert_allclose(context[row, others], wanted)


@given(seed=st.integers(0, 1000), scale=st.floats(1e-6, 1e6))
def test_units_and_order_of_genes_change_nothing_and_no_tf_scores_itself(seed, scale):
    x, tf_index = small(seed)
    order = np.random.default_rng(seed).permutation(x.shape[1])
    moved = x[:, order] * np.where(order == 7, scale, 1)
    for function in FUNCTIONS:
        weight = function(x, tf_index).weight
        assert (np.diag(weight) == 0).all()
        found = function(moved, np.argsort(order)[tf_index]).weight
        np.testing.assert_allclose(weight[:, order], found, atol=1e-8)


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


def test_inside_clusters_types_do_not_count_and_what_goes_together_does():
    """Genes 0-29 differ between two types; 30 and 31 go against each other inside types alone."""
    rng = np.random.default_rng(0)
    X, kind = rng.normal(size=(300, 32)), np.arange(300) % 2
    X[:, :30] += 8 * kind[:, None] * rng.choice([-1, 1], 30)
    X[:, 31] = 0.5 * rng.normal(size=300) - X[:, 30]
    X[:, 6] = 100.0 * kind  # differs between types alone
    tfs = np.array([0, 6, 30])
    plain, inside = baselines.correlation(X, tfs), baselines.within_clusters(X, tfs)
    assert np.median(plain.weight[0, 1:30]) > 0.9
    assert np.median(inside.weight[0, 1:30]) < 0.15 and inside.weight[1].max() < 0.5
    # eight clusters also cut along the strongest axis inside types, which costs some
    assert inside.weight[2, 31] > 0.4 and inside.weight[2, 31] == inside.weight.max()
    assert inside.sign[2, 31] == -1
    # positive ones first, in the order of the correlation
    signed = baselines.within_clusters(X, tfs, signed=True)
    assert signed.weight[2, 31] < 0.3 and signed.sign[2, 31] == -1
    np.testing.assert_allclose(2 * signed.weight[0, 1:] - 1, (inside.weight * inside.sign)[0, 1:], atol=1e-12)
    few = [f(X[:9], tfs).weight for f in (baselines.within_clusters, baselines.correlation)]
    np.testing.assert_allclose(*few, atol=1e-12)  # few cells are one cluster


def test_over_several_numbers_of_clusters_the_correlation_is_their_mean():
    x, tf_index = small()
    one, two, both = (baselines.within_clusters(x, tf_index, k) for k in ((2,), (5,), (2, 5)))
    mean = (one.weight * one.sign + two.weight * two.sign) / 2
    np.testing.assert_allclose(both.weight * both.sign, mean, atol=1e-12)
    assert not np.allclose(one.weight, two.weight)
