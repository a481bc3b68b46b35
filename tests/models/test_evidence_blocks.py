"""The views made block by block against those made at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from large_cases import KINDS, expression, tf_positions
from scipy import sparse

from grnular_core.models import edge_features_blocks as module
from grnular_core.models.cells import Cells, scale_of
from grnular_core.models.edge_features import VIEWS, evidence
from grnular_core.models.edge_features_blocks import evidence_blocks, gene_blocks


def in_blocks(X: np.ndarray, tfs: np.ndarray, **options) -> torch.Tensor:
    matrix = sparse.csr_matrix(X)
    return evidence_blocks(
        Cells.of(matrix, scale_of(matrix), np.arange(X.shape[1])), tfs, **options
    )


@pytest.mark.parametrize("genes", [1, 17, 2048])
@pytest.mark.parametrize("shape", [(300, 90), (70, 90)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_view_is_the_same(kind, shape, genes, monkeypatch):
    monkeypatch.setattr(module, "GENES", genes)
    X, tfs = expression(kind, *shape), tf_positions()
    wanted = evidence(torch.tensor(X)[None], torch.tensor(tfs)[None])[0]
    for numbers in (700, 10**9):
        found = in_blocks(X, tfs, numbers=numbers)
        assert found.shape == wanted.shape and found.dtype == wanted.dtype
        for i, name in enumerate(VIEWS):
            np.testing.assert_allclose(found[..., i], wanted[..., i], atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "X", [np.ones((1, 12)), np.zeros((30, 12)), np.full((30, 12), 2.5), np.eye(12)]
)
def test_data_that_say_little_give_finite_views(X):
    found = in_blocks(X, np.array([3, 0, 7]))
    assert found.isfinite().all() and (found.abs() <= 3).all()


def test_progress_rises_to_the_end():
    heard = []
    in_blocks(expression("counts"), tf_positions(), numbers=900, progress=heard.append)
    assert heard == sorted(heard) and len(heard) > 10 and 0.85 < heard[-1] <= 1


def test_blocks_cover_all_genes_once():
    for size in (1, 4, 10, 99):
        parts = gene_blocks(10, size)
        assert [g for part in parts for g in range(10)[part]] == list(range(10))
