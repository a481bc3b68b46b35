"""Scores of GLAD and GLAD-TF: what they may depend on, odd data, a known network, the way to ask."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import linear_network
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cascade import auprc, cascade

from grnular_core.models.glad import GLADTF, GLADConfig, glad_scores, tf_rows
from grnular_core.utils.errors import InputError

SMALL = GLADConfig(n_unroll=4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.booleans())
def test_permuting_genes_and_tfs_permutes_the_result(seed, with_tfs):
    X, _ = cascade(seed)
    rng = np.random.default_rng(seed)
    columns, tfs = rng.permutation(20), rng.permutation(20)[:4] if with_tfs else np.arange(20)
    rows = rng.permutation(len(tfs))
    scores, signs = glad_scores(X, tfs, SMALL)
    moved = np.argsort(columns)[tfs][rows]
    again, again_signs = glad_scores(X[:, columns], moved, SMALL)
    np.testing.assert_allclose(again, scores[np.ix_(rows, columns)], atol=1e-6)
    assert np.array_equal(again_signs, signs[np.ix_(rows, columns)])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 19), st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_scaling_and_shifting_a_gene_changes_nothing(gene, factor, shift):
    X, _ = cascade()
    other = X.copy()
    other[:, gene] = other[:, gene] * factor + shift
    for tfs in (None, range(4)):
        scores, signs = glad_scores(X, tfs, SMALL)
        again, again_signs = glad_scores(other, tfs, SMALL)
        np.testing.assert_allclose(again, scores, atol=1e-5)
        assert np.array_equal(again_signs, signs)


@pytest.mark.parametrize("tfs", [None, [0, 1, 2]])
def test_constant_genes_score_zero_and_leave_gradients_finite(tfs):
    X, _ = cascade()
    X[:, [1, 10, 11]] = 0, 7, 1 / 3
    scores, signs = glad_scores(X, tfs, SMALL)
    assert np.isfinite(scores).all() and (scores[:, [1, 10, 11]] == 0).all()
    assert (scores[1] == 0).all() and (signs[scores == 0] == 0).all()
    assert (scores[0, [2, 3, 4]] > 0).all() and (np.diagonal(scores) == 0).all()
    model = GLADTF(SMALL)
    index = None if tfs is None else torch.tensor(tfs)
    sum((t + Z).sum() for t, Z in model(torch.tensor(X)[None], index).unrolled).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize(
    "X", [np.zeros((5, 4)), np.ones((1, 4)), np.eye(2, 4), np.eye(3, 4) * 1e300]
)
@pytest.mark.parametrize("scaling", ["z-score", "centre"])
def test_degenerate_data_give_finite_numbers(X, scaling):
    for tfs in (None, [0, 1]):
        scores, signs = glad_scores(X, tfs, replace(SMALL, scaling=scaling))
        assert np.isfinite(scores).all() and set(np.unique(signs)) <= {-1, 0, 1}


def test_edges_and_signs_of_a_known_network_are_found_untrained():
    expression, tf_names, truth = linear_network(n_cells=200)
    genes = list(expression.columns)
    wanted = np.zeros((5, 30))
    for edge in truth.itertuples():
        wanted[genes.index(edge.regulator), genes.index(edge.target)] = edge.sign
    for tfs in (range(5), None):
        scores, signs = (part[:5] for part in glad_scores(expression.to_numpy(), tfs))
        assert auprc(scores, wanted) > 0.98
        assert (signs[wanted != 0] == wanted[wanted != 0]).all()


def test_glad_tells_direct_from_indirect_neighbours_in_a_chain():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 15))
    for j in range(1, 15):
        X[:, j] += 1.5 * X[:, j - 1] * rng.choice([-1, 1])
        X[:, j] /= X[:, j].std()
    chain = np.abs(np.subtract.outer(np.arange(15), np.arange(15))) == 1
    scores, _ = glad_scores(X, None)
    assert np.array_equal(scores, scores.T)
    assert auprc(scores, chain) > 0.98


def test_scores_are_the_last_theta_or_z_of_the_model():
    X, _ = cascade()
    model = GLADTF(SMALL)
    with torch.no_grad():
        out = model(torch.tensor(X)[None], torch.tensor([3, 0]))
    scores, signs = glad_scores(X, [3, 0], model=model)
    theta = tf_rows(out.theta[0], [3, 0]).numpy()
    np.testing.assert_allclose(scores, np.abs(theta), atol=1e-5)
    assert np.array_equal(signs, -np.sign(theta))
    sparse = glad_scores(X, [3, 0], replace(SMALL, score="Z"))[0]
    np.testing.assert_allclose(sparse, tf_rows(out.Z[0], [3, 0]).abs().numpy(), atol=1e-5)
    assert (sparse == 0).sum() > (scores == 0).sum() == 2


def test_same_seed_same_numbers_and_the_global_seed_is_left_alone():
    X, _ = cascade()
    before = torch.random.get_rng_state()
    a, b, c = (glad_scores(X, [0, 1], SMALL, seed=s)[0] for s in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    assert np.array_equal(a, glad_scores(X, [0, 1], replace(SMALL, seed=1))[0])
    assert torch.equal(before, torch.random.get_rng_state())


def test_progress_counts_the_cells():
    seen = []
    glad_scores(cascade()[0], [0], SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 4) for i in range(5)]


@pytest.mark.parametrize(
    "X, tfs, part",
    [
        (np.full((5, 4), np.nan), [0], "finite"),
        (np.ones(5), None, "cells x genes"),
        (np.eye(5), [], "at least one TF"),
        (np.eye(5), [1, 1], "each once"),
        (np.eye(5), [5], "0 to 4"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(X, tfs, part):
    with pytest.raises(InputError, match=part):
        glad_scores(X, tfs, SMALL)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_and_cpu_agree():
    X, _ = cascade()
    cpu, gpu = (glad_scores(X, [0, 1], SMALL, device=d)[0] for d in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu, gpu, atol=1e-4)


def test_a_network_of_the_papers_size_takes_a_fraction_of_a_second():
    X, _ = cascade(n_cells=500, n_genes=100, n_tfs=10)
    start = time.process_time()
    glad_scores(X, range(10))
    assert time.process_time() - start < 1  # about 0.03 s on one core
