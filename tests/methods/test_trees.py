"""Compiled GRNBoost2 and GENIE3: the trees of arboreto and scikit-learn."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from grnular_core.data.dataset import make_dataset
from grnular_core.methods import arboreto
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

FEW_TREES = 20
ENSEMBLES = pytest.mark.parametrize("ensemble", ["grnboost2", "genie3"])


def ours(ensemble: str, X: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Importance (tfs,) and the number of trees."""
    if ensemble == "genie3":
        return _forest(Regressors.of(X), y, _Bootstraps(seed, len(X), FEW_TREES)), FEW_TREES
    return _boost(Regressors.of(X), y, _Bags(seed, len(X)))


def reference(ensemble: str, X: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """The same by scikit-learn's forest and by arboreto's own route."""
    if ensemble == "genie3":
        model = RandomForestRegressor(FEW_TREES, max_features="sqrt", random_state=seed)
        return model.fit(X, y).feature_importances_, FEW_TREES
    names = [f"t{i:02d}" for i in range(X.shape[1])]
    links, n_trees = arboreto._fit_target("grnboost2", np.asfortranarray(X), names, "y", y, seed)
    found = links.set_index("TF")["importance"].reindex(names).fillna(0)
    return found.to_numpy(dtype=float), n_trees


def assert_same_trees(ensemble: str, X: np.ndarray, y: np.ndarray, seed: int) -> None:
    importance, n_trees = ours(ensemble, X, y, seed)
    expected, expected_trees = reference(ensemble, X, y, seed)
    assert n_trees == expected_trees
    atol = 1e-9 if ensemble == "grnboost2" else 1e-12  # they sum to n_trees, to 1
    np.testing.assert_allclose(importance, expected, rtol=1e-9, atol=atol)


@ENSEMBLES
@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([2, 3, 10, 40, 130]),
    n_tfs=st.sampled_from([1, 2, 9, 10, 30]),
    signal=st.floats(0, 1),
)
def test_trees_are_the_reference_on_values_without_repeats(ensemble, seed, n_cells, n_tfs, signal):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, n_tfs))
    assert_same_trees(ensemble, X, signal * X[:, 0] + rng.normal(size=n_cells), seed)


@ENSEMBLES
@pytest.mark.parametrize("constant", [0, 3])
def test_trees_are_the_reference_where_tfs_are_constant(ensemble, constant):
    """Draws of features skip those known to be constant; the skipping uses up random numbers."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 12))
    X[:, :8] = constant
    X[:30, 8] = 0  # constant in some nodes only
    assert_same_trees(ensemble, X, X[:, 9] + 0.5 * rng.normal(size=60), 3)


def test_many_repeated_values_move_importances_little():
    """Sums over equal values are added in another order: a few splits differ, the ranking hardly."""
    rng = np.random.default_rng(2)
    X = np.maximum(rng.normal(size=(400, 10)), 0).astype(np.float32)
    y = np.maximum(X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.normal(size=400), 0.4)
    (found, n_trees), (expected, n) = ours("grnboost2", X, y, 0), reference("grnboost2", X, y, 0)
    assert abs(n_trees - n) <= 0.1 * n
    np.testing.assert_allclose(found / n_trees, expected / n, atol=0.01)


@ENSEMBLES
def test_whole_networks_equal_arboreto(ensemble, monkeypatch):
    """A forest with a tenth of the trees, as arboreto takes a second for a thousand."""
    import arboreto.core as core

    monkeypatch.setitem(core.RF_KWARGS, "n_estimators", 100)
    compiled = {"grnboost2": "grnboost2", "genie3": "genie3-100"}[ensemble]
    data = make_dataset(*linear_network(2, n_cells=60, n_genes=12, n_tfs=3))
    tables = [
        infer(data, name, seed=1, n_jobs=1).set_index(["regulator", "target"]).sort_index()
        for name in (compiled, f"{ensemble}-arboreto")
    ]
    pd.testing.assert_frame_equal(*(table[["weight", "sign"]] for table in tables), rtol=1e-9)


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


@ENSEMBLES
def test_nothing_to_learn_gives_zeros(ensemble):
    values = np.random.default_rng(0).normal(size=(40, 3))
    values[:, 2] = 5.0  # a constant target
    scores = ensemble_scores(ensemble, values, np.array([0]), 0, 1)
    # the only TF has no other
    assert scores[0, 0] == 0 and scores[0, 1] > 0 and scores[0, 2] == 0
    assert not ensemble_scores(ensemble, values, np.array([2]), 0, 1).any()
    assert not ours(ensemble, values, np.ones(40), 0)[0].any()


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


def test_a_split_that_takes_nothing_leaves_no_weight_below_zero():
    """Under dropout a node's two halves may have one mean: rounding then decides the sign of its gain."""
    gene = 26
    X = simulate(preset("noisy(50)", n_cells=60, n_types=5), seed=1).expression.astype(float)
    others = np.delete(X, gene, axis=1)
    found = _boost(Regressors.of(others), X[:, gene], _Bags(0, len(X)))
    assert found.importance.min() >= 0
    assert found.importance.sum() == pytest.approx(found.n_trees)
