"""Fits to cells that are made dense for a step, against fits to a dense table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from large_cases import expression, tf_positions
from scipy import sparse

from grnular_core.models import cost
from grnular_core.models.cells import Cells, scale_of
from grnular_core.models.fast_fit import fit_until_flat
from grnular_core.models.inner_fit import (
    CHECK_EVERY,
    GoodStart,
    _each,
    adam_start,
    adam_step,
    gradient,
    init_weights,
    objective,
    split_cells,
)
from grnular_core.models.large import LargeFit, draw_batches
from grnular_core.models.problem import standardise

LR = 0.02


def case():
    """Cells, their TFs, the same dense, and weights."""
    X, tfs = expression("counts"), tf_positions()
    cells = Cells.of(sparse.csr_matrix(X), scale_of(X), dtype=np.float64)
    X_O = standardise(torch.tensor(X))[None]
    weights = init_weights(1, (14, 10, 90), torch.Generator().manual_seed(1), dtype=torch.float64)
    return cells, tfs, X_O[:, :, tfs], X_O, weights


def drawn(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_same(a, b) -> None:
    for x, y in zip((*a.W, *a.b), (*b.W, *b.b), strict=True):
        torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-4)


def plain(weights, adam, X_T, X_O, rows, batches, n_steps, pull=(None, None), reduction="mean"):
    """Steps on the dense table, with ordinary operations; the sum over a sample stands for all."""
    for step in range(n_steps):
        seen = rows if batches is None else batches[step]
        slope = gradient(weights, X_T[:, seen], X_O[:, seen], *pull, reduction)
        if reduction == "sum" and batches is not None:  # without a pull
            slope = _each(lambda g: g * (300 / 40), slope)
        weights, adam = adam_step(weights, slope, adam, LR)
    return weights, adam


def plain_good_init(weights, X_T, X_O, split, batches, reduction, tolerance) -> GoodStart:
    (fitted, held), adam = split, adam_start(weights)
    best = objective(weights, X_T[:, held], X_O[:, held])
    for taken in range(0, 60, CHECK_EVERY):
        n = min(CHECK_EVERY, 60 - taken)
        part = None if batches is None else batches[taken:]
        weights, adam = plain(weights, adam, X_T, X_O, fitted, part, n, reduction=reduction)
        error = objective(weights, X_T[:, held], X_O[:, held])
        going = tolerance == 0 or bool(error < (1 - tolerance) * best)
        best = torch.minimum(best, error)
        if not going:
            break
    return GoodStart(weights, adam, best)


def large_init(weights, cells, tfs, split, reduction="mean", tolerance=0.0, heard=None):
    fit = LargeFit(weights, adam_start(weights), cells, tfs, split[0], 60, drawn(), reduction, split[1])
    return fit_until_flat(fit, 60, LR, tolerance, *([heard.append] if heard is not None else []))


@pytest.mark.parametrize("step_cells", [40, 1000])
@pytest.mark.parametrize("tolerance", [0.0, 0.01])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_good_init_is_that_of_the_dense_table(step_cells, tolerance, reduction, monkeypatch):
    monkeypatch.setattr(cost, "STEP_CELLS", step_cells)
    cells, tfs, X_T, X_O, weights = case()
    split = split_cells(300, drawn(1))
    batches = draw_batches(split[0], step_cells, 60, drawn())
    wanted = plain_good_init(weights, X_T, X_O, split, batches, reduction, tolerance)
    found = large_init(weights, cells, tfs, split, reduction, tolerance)
    assert_same(found.weights, wanted.weights)
    assert_same(found.adam.m, wanted.adam.m)
    assert torch.equal(found.adam.step, wanted.adam.step)
    torch.testing.assert_close(found.error, wanted.error, rtol=1e-4, atol=0)


@pytest.mark.parametrize("step_cells", [40, 1000])
def test_the_steps_of_a_cell_are_those_on_the_dense_table(step_cells, monkeypatch):
    monkeypatch.setattr(cost, "STEP_CELLS", step_cells)
    cells, tfs, X_T, X_O, weights = case()
    Z, lam = torch.rand(1, 14, 90, generator=drawn(5)).double(), torch.full((1, 1, 1), 2.0).double()
    rows = torch.arange(300)
    batches = draw_batches(rows, step_cells, 7, drawn())
    wanted, _ = plain(weights, adam_start(weights), X_T, X_O, rows, batches, 7, (Z, lam))
    fit = LargeFit(weights, adam_start(weights), cells, tfs, rows, 7, drawn())
    assert_same(fit.run(7, LR, Z, lam).weights, wanted)


def test_the_error_is_that_over_all_cells(monkeypatch):
    monkeypatch.setattr(cost, "STEP_CELLS", 70)
    cells, tfs, X_T, X_O, weights = case()
    rows = torch.arange(20, 300)
    error = (X_O - (X_T @ weights.W[0]).relu() @ weights.W[1])[:, rows].square().mean().reshape(1)
    fit = LargeFit(weights, adam_start(weights), cells, tfs, rows, 9, drawn(), held=rows)
    torch.testing.assert_close(fit.held_out_error(), error, rtol=1e-5, atol=0)


def test_progress_ends_where_the_fit_stops():
    cells, tfs, _, _, weights = case()
    heard: list[float] = []
    large_init(weights, cells, tfs, split_cells(300, drawn()), heard=heard)
    assert heard == [25 / 60, 50 / 60, 1.0]


def test_batches_show_every_cell_as_often_as_any_other():
    cells = torch.arange(100, 130)
    batches = draw_batches(cells, 7, 60, drawn())
    assert batches.shape == (60, 7)
    times = torch.bincount(batches.flatten(), minlength=130)[100:]
    assert len(times) == 30 and times.tolist() == [14] * 30
    assert not torch.equal(batches[:4], batches[30:34])
    assert torch.equal(batches, draw_batches(cells, 7, 60, drawn()))
    assert draw_batches(cells, 7, 0, drawn()).shape == (0, 7)
    assert draw_batches(cells, 30, 5, drawn()) is None
