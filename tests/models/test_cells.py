"""Cells kept as the values that are not 0: the same z-scores, order, ranks and clusters as dense."""

import tracemalloc

import numpy as np
import pytest
import torch
from large_cases import KINDS, expression
from scipy import sparse
from scipy.stats import rankdata

from grnular_core.models import cells as module
from grnular_core.models.cells import (
    Cells,
    cluster_cells,
    cluster_labels,
    cluster_means,
    gene_order,
    scale_of,
)
from grnular_core.models.edge_features import _rank_scores
from grnular_core.models.problem import content_order, standardise
from grnular_core.utils.errors import InputError

FORMS = {"dense": np.array, "csr": sparse.csr_matrix}


def cells_of(X: np.ndarray, form: str = "csr", order: np.ndarray | None = None) -> Cells:
    """Cells with the genes in their order in X, or in another."""
    matrix = FORMS[form](X)
    return Cells.of(matrix, scale_of(matrix), np.arange(X.shape[1]) if order is None else order)


def z_scores(X: np.ndarray) -> np.ndarray:
    return standardise(torch.tensor(X)).numpy()


@pytest.fixture(autouse=True)
def small_blocks(request, monkeypatch):
    """A few rows a block, so that tests go over many."""
    monkeypatch.setattr(module, "BLOCK", getattr(request, "param", 3_000))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_rows_come_back_as_z_scores(kind, form):
    X = expression(kind)
    order = np.random.default_rng(1).permutation(90)
    cells, wanted = cells_of(X, form, order), z_scores(X)[:, order]
    assert cells.n_cells == 300 and cells.n_genes == 90 and len(cells.slices()) > 5
    for rows in (slice(0, 300), slice(40, 41), np.array([5, 2, 250, 2])):
        np.testing.assert_allclose(cells.dense(rows), wanted[rows], atol=2e-6)
    assert np.array_equal(cells.varies, wanted.any(0))
    np.testing.assert_allclose(cells.detected, (X != 0).mean(0)[order])


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_genes_is_that_of_their_content(kind):
    for X in (expression(kind), np.zeros((30, 4)), np.eye(200)[:, ::-1].copy()):
        for make in FORMS.values():
            found = gene_order(make(X), scale_of(make(X)))
            assert np.array_equal(found, content_order(torch.tensor(X)))


def test_genes_are_told_apart_by_the_last_cell():
    X = np.ones((200, 3))
    X[:100] = 0
    X[199, 1], X[198, 1], X[199, 2], X[197, 2] = 0, 5, 0, 5
    matrix = sparse.csr_matrix(X)
    assert np.array_equal(gene_order(matrix, scale_of(matrix)), content_order(torch.tensor(X)))


@pytest.mark.parametrize("small_blocks", [3_000, 10**9], indirect=True)
def test_zeros_that_are_stored_are_zeros_and_the_matrix_is_left_as_it_is():
    X = expression("counts")
    matrix = sparse.csr_matrix(X + 1)
    matrix.data -= 1
    before = matrix.data.copy()
    cells = Cells.of(matrix, scale_of(matrix), np.arange(90))
    assert np.array_equal(matrix.data, before) and len(cells.z) == np.count_nonzero(X)
    np.testing.assert_allclose(cells.detected, (X != 0).mean(0))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    X = expression("counts")
    X[3, 4] = bad
    for make in FORMS.values():
        with pytest.raises(InputError, match="finite numbers"):
            scale_of(make(X))


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_are_those_of_the_dense_table(kind):
    X = expression(kind)
    cells, found = cells_of(X), _rank_scores(cells_of(X))
    wanted = standardise(torch.tensor(rankdata(X, axis=0)))
    np.testing.assert_allclose(
        cells.dense(slice(0, 300), found.values, found.zero), wanted, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(300, 90), (80, 200), (9, 20)])
@pytest.mark.parametrize("kind", KINDS)
def test_clusters_are_those_of_the_dense_table(kind, shape):
    X = expression(kind, *shape)
    cells, wanted = cells_of(X), cluster_cells(z_scores(X))
    labels = cluster_labels(cells)
    assert np.array_equal(labels, wanted)
    share, means = cluster_means(cells, labels)
    for cluster in range(len(share)):
        assert share[cluster] == pytest.approx((labels == cluster).mean())
        np.testing.assert_allclose(
            means[cluster], z_scores(X)[labels == cluster].mean(0), atol=2e-6
        )


def test_clusters_of_a_sparse_table_are_the_groups_of_cells(monkeypatch):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 50)
    X = rng.poisson(np.exp(1.5 * rng.normal(size=(4, 60)))[group]).astype(float)
    before, found = np.random.get_state()[1].copy(), []
    for limit in (10**9, 0):  # dense, and sparse all the way
        monkeypatch.setattr(module, "LARGE_VALUES", limit)
        labels = cluster_labels(cells_of(X))
        assert all(len(set(group[labels == cluster])) == 1 for cluster in set(labels))
        found.append(labels)
        assert np.array_equal(labels, cluster_labels(cells_of(X)))
    assert len(found[0]) == 200 and 4 <= len(set(found[0])) <= 8
    assert np.array_equal(before, np.random.get_state()[1])
    for too_little in (np.ones((50, 6)), X[:9]):
        assert not cluster_labels(cells_of(too_little)).any()


@pytest.mark.parametrize("small_blocks", [300_000], indirect=True)
def test_a_sparse_table_is_never_made_dense():
    matrix = sparse.random(4000, 3000, 0.01, format="csr", random_state=0)
    tracemalloc.start()
    cells = Cells.of(matrix, scale_of(matrix), gene_order(matrix, scale_of(matrix)))
    _rank_scores(cells)
    cluster_means(cells, cluster_labels(cells))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < matrix.shape[0] * matrix.shape[1] * 4 / 3  # a third of it in single precision
