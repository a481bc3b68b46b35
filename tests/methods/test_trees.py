"""Compiled GRNBoost2 and GENIE3: the trees of arboreto and scikit-learn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from test_arboreto import GOLDEN, golden_data

from grnular_core.data.dataset import make_dataset
from grnular_core.methods import arboreto
from grnular_core.methods import trees as module
from grnular_core.methods.registry import infer
from grnular_core.methods.tree_kernels import Regressors, _grow, _leaf_of, new_tree
from grnular_core.methods.trees import (
    _Bags,
    _boost,
    _Bootstraps,
    _forest,
    ensemble_scores,
)
from grnular_core.simulation.simulate import preset, simulate

WINDOW = module.EARLY_STOP_WINDOW


def reference(X: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """What arboreto's own route gives: importance (tfs,) and the number of trees."""
    names = [f"t{i:02d}" for i in range(X.shape[1])]
    links, n_trees = arboreto.fit_target("grnboost2", np.asfortranarray(X), names, "y", y, seed)
    found = links.set_index("TF")["importance"].reindex(names).fillna(0)
    return found.to_numpy(dtype=float), n_trees


@pytest.mark.parametrize(("target", "seed"), list(GOLDEN))
def test_gives_the_trees_of_scikit_learn_1_2(target, seed):
    x, y = golden_data()
    found = _boost(Regressors.of(x), y[target], _Bags(seed, len(x)))
    count, *importance = GOLDEN[target, seed]
    assert found.n_trees == count
    np.testing.assert_allclose(found.importance[[0, 2]], importance, rtol=1e-10)


@given(
    seed=st.integers(0, 10**6),
    n_cells=st.integers(2, 90),
    n_tfs=st.sampled_from([1, 2, 9, 10, 25]),
    signal=st.floats(0, 1),
)
def test_equals_arboreto_on_values_without_repeats(seed, n_cells, n_tfs, signal):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, n_tfs))
    y = signal * X[:, 0] + rng.normal(size=n_cells)
    found = _boost(Regressors.of(X), y, _Bags(seed, n_cells))
    importance, n_trees = reference(X, y, seed)
    assert found.n_trees == n_trees
    np.testing.assert_allclose(found.importance, importance, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("constant", [0, 3])
def test_equals_arboreto_where_tfs_are_constant(constant):
    """Draws of features skip those known to be constant; the skipping uses up random numbers."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 12))
    X[:, : 12 - 4] = constant
    X[:30, 8] = 0  # constant in some nodes only
    y = X[:, 9] + 0.5 * rng.normal(size=60)
    found = _boost(Regressors.of(X), y, _Bags(3, 60))
    importance, n_trees = reference(X, y, 3)
    assert found.n_trees == n_trees
    np.testing.assert_allclose(found.importance, importance, rtol=1e-9, atol=1e-9)


def test_many_repeated_values_move_importances_little():
    """Sums over equal values are added in another order: a few splits differ, the ranking hardly."""
    rng = np.random.default_rng(2)
    X = np.maximum(rng.normal(size=(400, 10)), 0).astype(np.float32)
    y = np.maximum(X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.normal(size=400), 0.4)
    found = _boost(Regressors.of(X), y, _Bags(0, 400))
    importance, n_trees = reference(X, y, 0)
    assert abs(found.n_trees - n_trees) <= 0.1 * n_trees
    np.testing.assert_allclose(found.importance / found.n_trees, importance / n_trees, atol=0.01)


def test_whole_networks_equal_arboreto():
    expression, tfs, truth = linear_network(2, n_cells=60, n_genes=12, n_tfs=3)
    data = make_dataset(expression, tfs, truth)
    key = ["regulator", "target"]
    ours = infer(data, "grnboost2", seed=1).set_index(key)
    theirs = infer(data, "grnboost2-arboreto", seed=1, n_jobs=1).set_index(key)
    pd.testing.assert_frame_equal(
        ours[["weight", "sign"]].sort_index(), theirs[["weight", "sign"]].sort_index(), rtol=1e-9
    )


def test_threads_change_nothing_and_progress_counts_genes():
    expression, tfs, _ = linear_network(3, n_cells=50)
    values, index = expression.to_numpy(), np.arange(len(tfs))
    seen = []
    one = ensemble_scores("grnboost2", values, index, 0, 1)
    two = ensemble_scores(
        "grnboost2", values, index, 0, 2, lambda done, of: seen.append((done, of))
    )
    np.testing.assert_array_equal(one, two)
    assert seen == [(i, 30) for i in range(1, 31)]


def test_nothing_to_learn_gives_zeros():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 3))
    values[:, 2] = 5.0  # a constant target
    scores = ensemble_scores("grnboost2", values, np.array([0]), 0, 1)
    assert scores.shape == (1, 3)
    assert scores[0, 0] == 0  # the only TF has no other
    assert scores[0, 1] > 0
    assert scores[0, 2] == 0
    constant_tf = ensemble_scores("grnboost2", values, np.array([2]), 0, 1)
    assert not constant_tf.any()


def test_bags_are_those_of_scikit_learn_whoever_asks_first():
    from sklearn.ensemble._gradient_boosting import _random_sample_mask

    bags = _Bags(7, 50)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bags.up_to, [40, 10, 80, 6000])) == [40, 10, 80, 5000]
    random = np.random.RandomState(7)
    for stage in range(80):
        np.testing.assert_array_equal(bags.inside[stage], _random_sample_mask(50, 45, random))
        assert bags.shift[stage] == random.randint(0, 2**31 - 1)


@given(seed=st.integers(0, 10**6), n_cells=st.integers(1, 200), n_values=st.integers(1, 200))
def test_a_tree_sends_every_cell_to_the_leaf_that_holds_its_mean(seed, n_cells, n_values):
    rng = np.random.default_rng(seed)
    X = rng.integers(n_values, size=(n_cells, 4)).astype(float)
    regressors, residual = Regressors.of(X), rng.normal(size=n_cells)
    bag = np.flatnonzero(rng.random(n_cells) < 0.8).astype(np.int32)
    if not bag.size:
        return
    tree, importance = new_tree(4, n_cells, 15), np.zeros(4)
    cells = bag.copy()
    n_nodes = _grow(regressors, residual, residual, None, cells, seed, 2, 3, tree, importance)
    assert sorted(cells) == bag.tolist()
    leaves = [k for k in range(n_nodes) if tree.feature[k] < 0]
    assert sum(tree.end[k] - tree.start[k] for k in leaves) == bag.size
    left = 0.0
    for k in leaves:
        inside = cells[tree.start[k] : tree.end[k]]
        assert all(_leaf_of(cell, regressors.values, tree) == k for cell in inside)
        assert tree.mean[k] == pytest.approx(residual[inside].mean())
        left += ((residual[inside] - residual[inside].mean()) ** 2).sum() / bag.size
    assert importance.sum() == pytest.approx(residual[bag].var() - left, abs=1e-9)


def test_stops_at_once_where_no_stage_helps():
    rng = np.random.default_rng(0)
    noise = _boost(Regressors.of(rng.normal(size=(50, 3))), rng.normal(size=50), _Bags(0, 50))
    assert WINDOW <= noise.n_trees < 200


def test_stages_in_blocks_or_at_once_are_the_same(monkeypatch):
    x, y = golden_data()
    one = _boost(Regressors.of(x), y["strong"], _Bags(0, 200))
    monkeypatch.setattr(module, "STAGES_AT_ONCE", 7)
    other = _boost(Regressors.of(x), y["strong"], _Bags(0, 200))
    assert one.n_trees == other.n_trees
    np.testing.assert_array_equal(one.importance, other.importance)


def test_a_split_that_takes_nothing_leaves_no_weight_below_zero():
    """Under dropout a node's two halves may have one mean: rounding then decides the sign of its gain."""
    gene = 26
    X = simulate(preset("noisy(50)", n_cells=60, n_types=5), seed=1).expression.astype(float)
    others = np.delete(X, gene, axis=1)
    found = _boost(Regressors.of(others), X[:, gene], _Bags(0, len(X)))
    assert found.importance.min() >= 0
    assert found.importance.sum() == pytest.approx(found.n_trees)


# --- forests

FEW_TREES = 20


def forest_reference(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    model = RandomForestRegressor(FEW_TREES, max_features="sqrt", random_state=seed)
    return model.fit(X, y).feature_importances_


def our_forest(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    return _forest(Regressors.of(X), y, _Bootstraps(seed, len(X), FEW_TREES))


@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([2, 3, 10, 40, 130]),
    n_tfs=st.sampled_from([1, 2, 9, 30]),
)
def test_equals_scikit_learn_on_values_without_repeats(seed, n_cells, n_tfs):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, n_tfs))
    y = X[:, 0] + rng.normal(size=n_cells)
    np.testing.assert_allclose(our_forest(X, y, seed), forest_reference(X, y, seed), rtol=1e-9, atol=1e-12)


def test_equals_scikit_learn_where_tfs_are_constant_somewhere():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 12))
    X[:, :6] = 2.0
    y = X[:, 9] + 0.5 * rng.normal(size=80)
    np.testing.assert_allclose(our_forest(X, y, 3), forest_reference(X, y, 3), rtol=1e-9, atol=1e-12)


def test_a_forests_whole_networks_equal_arboreto(monkeypatch):
    """With a tenth of the trees, as arboreto takes a second for a thousand."""
    import arboreto.core as core

    monkeypatch.setitem(core.RF_KWARGS, "n_estimators", 100)
    monkeypatch.setattr(module, "_Bootstraps", lambda seed, n: _Bootstraps(seed, n, 100))
    expression, tfs, truth = linear_network(2, n_cells=60, n_genes=12, n_tfs=3)
    data, key = make_dataset(expression, tfs, truth), ["regulator", "target"]
    tables = [
        infer(data, name, seed=1, n_jobs=1).set_index(key)[["weight", "sign"]].sort_index()
        for name in ("genie3", "genie3-arboreto")
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-9)


def test_importances_sum_to_one_or_are_zero():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    assert our_forest(X, rng.normal(size=30), 0).sum() == pytest.approx(1)
    assert not our_forest(np.ones((30, 4)), rng.normal(size=30), 0).any()
    assert not our_forest(X, np.ones(30), 0).any()


