"""Fits to cells that are made dense for a step, against fits to a dense table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from large_cases import expression, tf_positions
from scipy import sparse

from grnular_core.models import large_fit as module
from grnular_core.models.adam import adam_start
from grnular_core.models.cells import Cells, scale_of
from grnular_core.models.inner_fit import draw_batches, fit_fast, good_init, split_cells
from grnular_core.models.large_fit import StreamedFit, streamed_error, streamed_init
from grnular_core.models.network import init_weights
from grnular_core.models.problem import standardise

LR = 0.02


def case():
    """Cells, their TFs, the same dense, and weights."""
    X, tfs = expression("counts"), tf_positions()
    cells = Cells.of(sparse.csr_matrix(X), scale_of(X), np.arange(90))
    X_O = standardise(torch.tensor(X))[None].float()
    weights = init_weights(1, (14, 10, 90), torch.Generator().manual_seed(1))
    return cells, tfs, X_O[:, :, tfs], X_O, weights


def drawn(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_same(a, b) -> None:
    for x, y in zip((*a.W, *a.b), (*b.W, *b.b), strict=True):
        torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("step_cells", [40, 1000])
@pytest.mark.parametrize("tolerance", [0.0, 0.01])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_good_init_is_that_of_the_dense_table(step_cells, tolerance, reduction, monkeypatch):
    monkeypatch.setattr(module, "STEP_CELLS", step_cells)
    cells, tfs, X_T, X_O, weights = case()
    split = split_cells(300, 0.2, drawn(1))
    batches = draw_batches(split[0], step_cells, 60, drawn())
    wanted = good_init(weights, X_T, X_O, split, 60, LR, reduction, tolerance, batches)
    found = streamed_init(weights, cells, tfs, split, 60, LR, drawn(), reduction, tolerance)
    assert_same(found.weights, wanted.weights)
    assert_same(found.adam.m, wanted.adam.m)
    assert torch.equal(found.adam.step, wanted.adam.step)
    torch.testing.assert_close(found.error, wanted.error, rtol=1e-4, atol=0)


@pytest.mark.parametrize("step_cells", [40, 1000])
def test_the_steps_of_a_cell_are_those_on_the_dense_table(step_cells, monkeypatch):
    monkeypatch.setattr(module, "STEP_CELLS", step_cells)
    cells, tfs, X_T, X_O, weights = case()
    Z, lam = torch.rand(1, 14, 90, generator=drawn(5)), torch.full((1, 1, 1), 2.0)
    rows = torch.arange(300)
    batches = draw_batches(rows, step_cells, 7, drawn())
    wanted, _ = fit_fast(
        weights, adam_start(weights), X_T, X_O, Z, lam, 7, LR, batches=batches
    )  # fmt: skip
    fit = StreamedFit(weights, adam_start(weights), cells, tfs, rows, 7, drawn())
    assert_same(fit.run(7, LR, Z, lam).weights, wanted)


def test_few_cells_are_all_in_every_step(monkeypatch):
    monkeypatch.setattr(StreamedFit, "_look_at", lambda self, rows, seen=[]: seen.append(rows))
    cells, tfs, _, _, weights = case()
    fit = StreamedFit(weights, adam_start(weights), cells, tfs, torch.arange(300), 9, drawn())
    assert fit.batches is None and fit.X_O.shape == (1, 300, 90)


def test_the_error_is_that_over_all_cells(monkeypatch):
    monkeypatch.setattr(module, "STEP_CELLS", 70)
    monkeypatch.setattr(Cells.slices, "__defaults__", (1_000,))
    cells, tfs, X_T, X_O, weights = case()
    rows = torch.arange(20, 300)
    error = (X_O - (X_T @ weights.W[0]).relu() @ weights.W[1])[:, rows].square().mean().reshape(1)
    torch.testing.assert_close(streamed_error(weights, cells, tfs, rows), error, rtol=1e-5, atol=0)


def test_progress_ends_where_the_fit_stops():
    cells, tfs, _, _, weights = case()
    heard = []
    streamed_init(
        weights, cells, tfs, split_cells(300, 0.2, drawn()), 60, LR, drawn(), progress=heard.append
    )
    assert heard == [25 / 60, 50 / 60, 1.0]
