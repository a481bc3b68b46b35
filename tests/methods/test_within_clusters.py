"""Correlation inside clusters: blind to what cell types differ in, sharp on what goes on inside."""

from __future__ import annotations

import numpy as np
import pytest

from grnular_core.methods.correlation import correlation
from grnular_core.methods.within_clusters import within_clusters


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
    plain, inside = correlation(X, tfs).weight, within_clusters(X, tfs).weight
    assert np.median(plain[0, 1:30]) > 0.9
    assert np.median(inside[0, 1:30]) < 0.15
    # eight clusters also cut along the strongest axis inside types, which costs some
    assert inside[1, 31] > 0.4 and inside[1, 31] == inside.max()


def test_signs_are_those_inside():
    X = two_types()
    X[:, 31] *= -1
    assert within_clusters(X, np.array([30])).sign[0, 31] == -1


def test_few_cells_are_one_cluster_and_plain_correlation():
    X = np.random.default_rng(0).normal(size=(9, 6))
    tfs = np.array([1, 4])
    np.testing.assert_allclose(
        within_clusters(X, tfs).weight, correlation(X, tfs).weight, atol=1e-12
    )


def test_a_gene_that_is_constant_or_differs_between_types_alone_scores_zero():
    X = two_types()
    X[:, 5] = 3.0
    X[:, 6] = 100.0 * (np.arange(len(X)) % 2)
    found = within_clusters(X, np.array([0, 6]))
    assert (found.weight[:, 5] == 0).all() and found.weight[1].max() < 0.5
    assert np.isfinite(found.weight).all()


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor):
    X, tfs = two_types(), np.array([0, 30])
    Y = X.copy()
    Y[:, 3] *= factor
    np.testing.assert_allclose(
        within_clusters(X, tfs).weight, within_clusters(Y, tfs).weight, atol=1e-6
    )
