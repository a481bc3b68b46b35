"""Compiled GENIE3: the forests of arboreto and scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from grnular_core.data.dataset import make_dataset
from grnular_core.methods.forest import Bootstraps, forest
from grnular_core.methods.registry import infer
from grnular_core.methods.tree_data import Regressors

N_TREES = 20


def reference(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    model = RandomForestRegressor(N_TREES, max_features="sqrt", random_state=seed)
    return model.fit(X, y).feature_importances_


def ours(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    return forest(Regressors.of(X), y, Bootstraps(seed, len(X), N_TREES))


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([2, 3, 10, 40, 130]),
    n_tfs=st.sampled_from([1, 2, 9, 30]),
)
def test_equals_scikit_learn_on_values_without_repeats(seed, n_cells, n_tfs):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, n_tfs))
    y = X[:, 0] + rng.normal(size=n_cells)
    np.testing.assert_allclose(ours(X, y, seed), reference(X, y, seed), rtol=1e-9, atol=1e-12)


def test_equals_scikit_learn_where_tfs_are_constant_somewhere():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 12))
    X[:, :6] = 2.0
    y = X[:, 9] + 0.5 * rng.normal(size=80)
    np.testing.assert_allclose(ours(X, y, 3), reference(X, y, 3), rtol=1e-9, atol=1e-12)


def test_many_repeated_values_move_importances_little():
    rng = np.random.default_rng(2)
    X = np.maximum(rng.normal(size=(300, 10)), 0).astype(np.float32)
    y = np.maximum(X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.normal(size=300), 0.4)
    np.testing.assert_allclose(ours(X, y, 0), reference(X, y, 0), atol=0.01)


def test_whole_networks_equal_arboreto(monkeypatch):
    """With a tenth of the trees, as arboreto takes a second for a thousand."""
    import arboreto.core as core

    from grnular_core.methods import ensembles

    monkeypatch.setitem(core.RF_KWARGS, "n_estimators", 100)
    monkeypatch.setattr(ensembles, "Bootstraps", lambda seed, n: Bootstraps(seed, n, 100))
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
    assert ours(X, rng.normal(size=30), 0).sum() == pytest.approx(1)
    assert not ours(np.ones((30, 4)), rng.normal(size=30), 0).any()
    assert not ours(X, np.ones(30), 0).any()


def test_bootstraps_draw_as_many_cells_as_there_are():
    draws = Bootstraps(0, 50, 7)
    assert (draws.weight.sum(1) == 50).all() and len(set(draws.shift)) == 7
    again = Bootstraps(0, 50, 3)
    np.testing.assert_array_equal(again.weight, draws.weight[:3])
