"""Fits to cells that are made dense for a step, against fits to a dense table."""

import numpy as np
import pytest
import torch
from large_cases import expression, tf_positions
from scipy import sparse
from small_fits import assert_same, plain_good_init, plain_steps, seeded

from grnular_core.models import cost
from grnular_core.models.cells import Cells, scale_of
from grnular_core.models.dnn import adam_start, init_weights
from grnular_core.models.inner_fit import fit_until_flat, split_cells
from grnular_core.models.large import LargeFit, _draw_batches
from grnular_core.models.problem import standardise

LR = 0.02
CLOSE = {"atol": 1e-5, "rtol": 1e-4}


def case():
    """Cells, their TFs, the same dense, and weights."""
    X, tfs = expression("counts"), tf_positions()
    cells = Cells.of(sparse.csr_matrix(X), scale_of(X), dtype=np.float64)
    X_O = standardise(torch.tensor(X))[None]
    weights = init_weights(1, (14, 10, 90), seeded(1), dtype=torch.float64)
    return cells, tfs, X_O[:, :, tfs], X_O, weights


@pytest.fixture(params=[40, 1000], ids=["drawn cells", "all cells"])
def step_cells(request, monkeypatch) -> int:
    monkeypatch.setattr(cost, "STEP_CELLS", request.param)
    return request.param


@pytest.mark.parametrize("tolerance", [0.0, 0.01])
@pytest.mark.parametrize("reduction", ["mean", "sum", "cells"])
def test_good_init_is_that_of_the_dense_table(step_cells, tolerance, reduction):
    cells, tfs, X_T, X_O, weights = case()
    fitted, held = split = split_cells(300, seeded(1))
    drawn = _draw_batches(fitted, step_cells, 60, seeded(3))
    args = weights, X_T, X_O, split, 60, LR, reduction, tolerance
    wanted = plain_good_init(*args, cells=drawn, share=1.0 if drawn is None else 40 / 300)
    start = adam_start(weights)
    fit = LargeFit(weights, start, cells, tfs, fitted, 60, seeded(3), reduction, held)
    heard: list[float] = []
    found = fit_until_flat(fit, 60, LR, tolerance, heard.append)
    assert_same(found.weights, wanted.weights, **CLOSE)
    assert_same(found.adam.m, wanted.adam.m, **CLOSE)
    assert torch.equal(found.adam.step, wanted.adam.step)
    torch.testing.assert_close(found.error, wanted.error, rtol=1e-4, atol=0)
    assert tolerance or heard == [25 / 60, 50 / 60, 1.0]


def test_the_steps_of_an_iteration_are_those_on_the_dense_table(step_cells):
    cells, tfs, X_T, X_O, weights = case()
    pull = torch.rand(1, 14, 90, generator=seeded(5)).double(), torch.full((1, 1, 1), 2.0).double()
    rows, start = torch.arange(300), adam_start(weights)
    drawn = _draw_batches(rows, step_cells, 7, seeded(3))
    wanted, _ = plain_steps(weights, start, X_T, X_O, 7, LR, pull, cells=drawn)
    fit = LargeFit(weights, start, cells, tfs, rows, 7, seeded(3))
    assert_same(fit.run(7, LR, *pull).weights, wanted, **CLOSE)


def test_batches_show_every_cell_as_often_as_any_other():
    cells = torch.arange(100, 130)
    batches = _draw_batches(cells, 7, 60, seeded(3))
    assert batches.shape == (60, 7)
    times = torch.bincount(batches.flatten(), minlength=130)[100:]
    assert len(times) == 30 and times.tolist() == [14] * 30
    assert not torch.equal(batches[:4], batches[30:34])
    assert torch.equal(batches, _draw_batches(cells, 7, 60, seeded(3)))
    assert _draw_batches(cells, 7, 0, seeded(3)).shape == (0, 7)
    assert _draw_batches(cells, 30, 5, seeded(3)) is None
