"""Steps of LARS: counts that can be checked by hand, scikit-learn's path, regressors that depend."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path_gram, lasso_path

from grnular_core.methods.correlation import standardised
from grnular_core.methods.lars import ROUNDING, steps_in_model

pytestmark = pytest.mark.filterwarnings("error")


def steps(gram: np.ndarray, products: list[float], n_steps: int) -> list[int]:
    return steps_in_model(gram, np.array(products)[:, None], n_steps)[:, 0].tolist()


def by_scikit_learn(gram: np.ndarray, products: np.ndarray, n_steps: int) -> tuple[np.ndarray, int]:
    """Counts of one target, and how many steps took a TF out."""
    _, _, path = lars_path_gram(products, gram, n_samples=1, max_iter=n_steps, method="lasso")
    held = np.abs(path[:, 1 : n_steps + 1]) > ROUNDING
    left = n_steps - held.shape[1]
    dropped = int((held[:, :-1] & ~held[:, 1:]).sum())
    return held.sum(axis=1) + (left * held[:, -1] if left and held.shape[1] else 0), dropped


def correlated(
    seed: int, n_cells: int, n_tfs: int, shared: float, n_targets: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted TFs (cells, tfs) that share half as many factors, and targets; both centred."""
    rng = np.random.default_rng(seed)
    x = (
        shared
        * rng.normal(size=(n_cells, n_tfs // 2 + 1))
        @ rng.normal(size=(n_tfs // 2 + 1, n_tfs))
    )
    x += rng.normal(size=(n_cells, n_tfs))
    effects = rng.normal(size=(n_tfs, n_targets)) * (rng.random((n_tfs, n_targets)) < 0.4)
    y = x @ effects + rng.normal(size=(n_cells, n_targets))
    return standardised(x) * rng.uniform(0.4, 1, n_tfs), standardised(y)


def test_uncorrelated_tfs_enter_in_the_order_of_their_correlation():
    """Three steps: the strongest is in for all of them, the next for two, the third for one."""
    assert steps(np.eye(4), [0.3, -0.9, 0.1, 0.5], 3) == [1, 3, 0, 2]


def test_a_tf_that_only_copies_a_stronger_one_does_not_enter():
    # TF 1 is TF 0 at half weight: what it explains is explained as soon as TF 0 is in
    gram = np.array([[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 1]])
    assert steps(gram, [0.8, 0.4, 0.1], 2) == [2, 0, 1]


def test_of_equal_tfs_the_first_enters_and_the_other_leaves_the_rest_alone():
    """Equal even in weight: no step is lost to the second, and TF 2 still enters."""
    gram = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert steps(gram, [0.8, 0.8, 0.1], 2) == [2, 0, 1]
    assert steps(gram[::-1, ::-1], [0.1, 0.8, 0.8], 2) == [1, 2, 0]
    gram = np.eye(4)
    gram[0, 1] = gram[1, 0] = 1
    first, second, *others = steps(gram, [0.5, 0.5, 0.9, 0.1], 4)
    assert {first, second} == {0, 3} and others == [4, 2]


def test_a_path_that_ends_early_keeps_its_last_model():
    assert steps(np.eye(2), [0.5, 0.2], 5) == [5, 4]
    assert steps(np.eye(2), [0.5, 0.0], 3) == [3, 0]
    assert steps(np.eye(2), [0.5, 1e-8], 3) == [3, 0]
    assert steps(np.eye(2), [0.0, 0.0], 3) == [0, 0]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([3, 5, 10, 40, 200]),
    n_tfs=st.integers(1, 25),
    shared=st.sampled_from([0.0, 1.0, 3.0]),
    n_steps=st.sampled_from([1, 3, 5, 12, 40]),
    constant=st.booleans(),
)
def test_counts_are_those_of_scikit_learn(seed, n_cells, n_tfs, shared, n_steps, constant):
    x, y = correlated(seed, n_cells, n_tfs, shared)
    if constant:
        x[:, 0] = y[:, 0] = 0
    y[:, -1] = x[:, -1]  # a target that one TF fits exactly
    gram, products = x.T @ x / n_cells, x.T @ y / n_cells
    before = gram.copy(), products.copy()
    found = steps_in_model(gram, products, n_steps)
    for target in range(y.shape[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            expected, _ = by_scikit_learn(gram, products[:, target].copy(), n_steps)
        np.testing.assert_array_equal(found[:, target], expected)
    np.testing.assert_array_equal(gram, before[0])
    np.testing.assert_array_equal(products, before[1])


def test_counts_are_those_of_scikit_learn_where_tfs_leave_again():
    left = 0
    for seed in range(10):
        x, y = correlated(seed, 100, 12, 3.0)
        gram, products = x.T @ x / 100, x.T @ y / 100
        expected = [by_scikit_learn(gram, column, 30) for column in products.T]
        left += sum(dropped for _, dropped in expected)
        found = steps_in_model(gram, products, 30)
        np.testing.assert_array_equal(found, np.array([counts for counts, _ in expected]).T)
    assert left > 50


def test_the_path_is_that_of_the_lasso_even_where_a_tf_leaves():
    """At each step the TFs in the model are those of the lasso, fitted by coordinate descent."""
    rng = np.random.default_rng(0)
    left = 0
    for _ in range(10):
        x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(200, 8))
        y = x[:, 0] + 0.5 * x[:, 1] + rng.normal(size=200)
        x, y = standardised(x), (y - y.mean()) / y.std()
        gram, products = x.T @ x / 200, x.T @ y / 200
        alphas, active, _ = lars_path_gram(products, gram, n_samples=1, max_iter=6, method="lasso")
        _, coefficients, _ = lasso_path(x, y, alphas=alphas[1:], tol=1e-12, max_iter=10**6)
        expected = (np.abs(coefficients) > 1e-8).sum(axis=1)
        np.testing.assert_array_equal(steps(gram, products, 6), expected)
        left += len(active) < 6
    assert left > 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n_tfs=st.integers(2, 12), n_steps=st.sampled_from([2, 5, 20]))
def test_a_tf_is_as_good_as_absent_where_the_target_is_itself(seed, n_tfs, n_steps):
    x, _ = correlated(seed, 50, n_tfs, 1.0)
    gram = x.T @ x / 50
    found = steps_in_model(gram, gram, n_steps, np.arange(n_tfs))
    for tf in range(n_tfs):
        others = np.delete(np.arange(n_tfs), tf)
        alone = steps_in_model(gram[np.ix_(others, others)], gram[others][:, [tf]], n_steps)
        np.testing.assert_array_equal(found[others, tf], alone[:, 0])
        assert found[tf, tf] == 0


def test_no_tfs_or_no_targets_have_no_counts():
    assert steps_in_model(np.zeros((0, 0)), np.zeros((0, 3)), 5).shape == (0, 3)
    assert steps_in_model(np.eye(2), np.zeros((2, 0)), 5).shape == (2, 0)
