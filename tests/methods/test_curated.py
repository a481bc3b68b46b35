"""The readout that joins three scores of an edge."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data.candidates import score_matrix
from grnular_core.data.dataset import make_dataset
from grnular_core.methods.curated import (
    FEATURES,
    SCORES,
    Readout,
    _log_likelihood_ratio,
    expected_precision,
    joined,
    rank_features,
    shipped_readout,
)
from grnular_core.methods.interface import MethodInput, RunOptions, Scores
from grnular_core.methods.registry import METHODS, infer, run_method

TFS = np.array([0, 2])
EDGE = np.array([[False, True, True, True], [True, True, False, True]])


def test_the_surprise_of_a_rank_is_the_log_of_how_many_edges_are_above():
    weight = np.array([[0.0, 5.0, 1.0, 2.0], [3.0, 4.0, 0.0, 6.0]])
    surprise, *_ = rank_features(weight, TFS)
    order = np.argsort(-weight[EDGE])
    assert np.exp(surprise[EDGE][order]) == pytest.approx(6 / np.arange(1, 7))
    assert not surprise[~EDGE].any()


@given(seed=st.integers(0, 1000), n_tfs=st.integers(1, 5), n_genes=st.integers(6, 30))
def test_features_are_those_of_ranks_alone_and_standardised_within_tfs_and_genes(seed, n_tfs, n_genes):
    rng = np.random.default_rng(seed)
    weight, tfs = rng.random((n_tfs, n_genes)), rng.permutation(n_genes)[:n_tfs]
    found = list(rank_features(weight, tfs))
    again = list(rank_features(np.exp(3 * weight), tfs))
    np.testing.assert_allclose(found, again, atol=1e-12)
    edge = np.ones(weight.shape, dtype=bool)
    edge[np.arange(n_tfs), tfs] = False
    for feature, axis in zip(found[1:], (1, 0), strict=True):
        for values, here in zip(np.moveaxis(feature, axis, -1), np.moveaxis(edge, axis, -1), strict=True):
            own = values[here]
            if len(own):
                assert own.mean() == pytest.approx(0, abs=1e-9)
            assert len(own) < 2 or own.std() == pytest.approx(1)
    assert not np.stack(found)[:, ~edge].any()


def test_equal_scores_share_a_rank_and_say_nothing_within_a_tf():
    surprise, within_tf, within_gene = rank_features(np.ones((2, 4)), TFS)
    assert np.ptp(surprise[EDGE]) == 0
    assert not within_tf.any() and not within_gene.any()


def test_the_log_likelihood_ratio_is_linear_in_the_features():
    rng = np.random.default_rng(3)
    weights = [rng.random((2, 4)) for _ in SCORES]
    readout = Readout(rng.normal(size=len(FEATURES)), 0.7)
    features = np.stack([f for w in weights for f in rank_features(w, TFS)], axis=-1)
    found = _log_likelihood_ratio(weights, TFS, readout)
    np.testing.assert_allclose(found, features @ readout.weights + 0.7)
    ratios = joined([Scores(w, -np.ones((2, 4)), weights_digest="abc") for w in weights], TFS, readout)
    np.testing.assert_allclose(np.log(ratios.weight[EDGE]), found[EDGE])
    assert not ratios.weight[~EDGE].any() and ratios.weights_digest == "abc"


def test_huge_likelihood_ratios_stay_in_order_and_finite():
    weight = np.array([[0.0, 5.0, 1.0, 2.0], [3.0, 4.0, 0.0, 6.0]])
    parts = [Scores(weight, np.ones((2, 4))) for _ in SCORES]

    def ratios(largest: float) -> np.ndarray:
        """Of the edges by rising weight, where the last one's logarithm is ``largest``."""
        readout = Readout(np.eye(len(FEATURES))[0] * largest / np.log(6), 0.0)
        return joined(parts, TFS, readout).weight[EDGE][np.argsort(weight[EDGE])]

    assert (np.diff(ratios(40.0)) > 0).all()
    assert np.isfinite(ratios(4000.0)).all()


def test_the_method_joins_the_scores_of_its_three_methods():
    data = make_dataset(*linear_network(n_genes=40, n_tfs=6)[:2], orientation="cells-x-genes")
    run = run_method(data, "grnular-curated", RunOptions(seed=1, device="cpu"))
    given, options = MethodInput.of(data), RunOptions(seed=1, device="cpu")
    parts = [METHODS[name].scores(given, options) for name in SCORES]
    wanted = joined(parts, given.tf_index, shipped_readout())
    found = score_matrix(run.edges, given.tfs, given.genes)
    np.testing.assert_allclose(found, wanted.weight)
    cells = run_method(data, "grnular-cells", RunOptions(seed=1, device="cpu"))
    assert run.weights_digest == cells.weights_digest != ""
    signed = infer(data, "correlation-signed").set_index(["regulator", "target"])["sign"]
    assert run.edges.set_index(["regulator", "target"])["sign"].eq(signed).all()


def test_precision_is_that_of_the_range_and_rises_with_the_ratio():
    found = expected_precision(np.array([0.0, 0.5, 0.51, 32.0, 32.1, 1e6]))
    assert list(found) == ["precision", "precision_low", "precision_high"]
    assert found["precision"].is_monotonic_increasing
    assert found["precision"].iloc[1] == found["precision"].iloc[0] < found["precision"].iloc[2]
    assert found["precision"].iloc[3] < found["precision"].iloc[4] == found["precision"].iloc[5]
    assert (found["precision_low"] <= found["precision"]).all() and (found["precision"] <= found["precision_high"]).all()
    assert not len(expected_precision(np.array([])))
