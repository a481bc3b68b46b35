"""The fit in place against the same fit with ordinary operations that make new tensors."""

import pytest
import torch
from small_fits import SIZES, assert_same, data, leaves, plain_good_init, plain_steps, seeded

from grnular_core.models.dnn import AdamState, Weights, _each, adam_start
from grnular_core.models.inner_fit import InPlaceFit, fit_dnn, good_init, split_cells
from grnular_core.models.parallel import pick


def mixed_state(weights: Weights) -> AdamState:
    """Adam in the middle of a fit, every graph after another number of steps."""
    state = adam_start(weights)
    steps = torch.arange(len(state.step)).reshape(-1, 1, 1) * 7.0
    moments = _each(lambda w: 0.1 * w.roll(1, -1), weights)
    return AdamState(steps.to(state.step), moments, _each(torch.square, moments))


@pytest.mark.parametrize("reduction", ["sum", "mean", "cells"])
@pytest.mark.parametrize("mixed", [False, True], ids=["in step", "mixed steps"])
@pytest.mark.parametrize("depth", SIZES)
def test_fit_dnn_equals_the_plain_steps(depth, mixed, reduction):
    weights, X_T, X_O, *pull = data(depth)
    state = mixed_state(weights) if mixed else adam_start(weights)
    wanted = plain_steps(weights, state, X_T, X_O, 12, 0.03, pull, reduction)
    assert_same(fit_dnn(weights, state, X_T, X_O, *pull, 12, 0.03, reduction), wanted)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("tolerance", [0.0, 0.02])
@pytest.mark.parametrize("depth", [2, 3])
def test_good_init_equals_the_plain_steps_of_every_graph(depth, tolerance, reduction):
    weights, X_T, X_O, *_ = data(depth, graphs=4)
    split = split_cells(60, seeded(1))
    args = split, 210, 0.02, reduction, tolerance
    fit = good_init(weights, X_T, X_O, *args)
    if tolerance:
        assert len(set(fit.adam.step.flatten().tolist())) > 2
    for i in range(4):
        one = slice(i, i + 1)
        wanted = plain_good_init(pick(weights, one), X_T[one], X_O[one], *args)
        assert_same(pick(fit, one), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes, cells", [((1, 2, 1), 1), ((1, 3, 4), 2), ((5, 3, 2, 7), 1)])
def test_one_cell_one_tf_and_constant_genes_are_fitted(sizes, cells, dtype):
    weights, X_T, X_O, Z, lam = data(sizes=sizes, cells=cells, dtype=dtype)
    X_O[..., 0] = 0  # what a constant gene is after its z-score
    X_T[..., 0] = 0
    state = adam_start(weights)
    wanted = plain_steps(weights, state, X_T, X_O, 6, 0.02, (Z, lam))
    got = fit_dnn(weights, state, X_T, X_O, Z, lam, 6, 0.02)
    assert_same(got, wanted, **({} if dtype == torch.float64 else {"atol": 1e-4, "rtol": 1e-3}))


def test_exact_zeros_among_the_weights_stay_without_a_pull():
    weights, X_T, X_O, *pull = data()
    W0 = weights.W[0].clone()
    W0[:, 0] = 0
    weights, X_T = weights._replace(W=(W0, *weights.W[1:])), torch.zeros_like(X_T)
    fitted, _ = fit_dnn(weights, adam_start(weights), X_T, X_O, *pull, 10, 0.02)
    assert (fitted.W[0][:, 0] == 0).all()  # no data on W_1, and |w| has slope 0 at 0
    wanted = plain_steps(weights, adam_start(weights), X_T, X_O, 10, 0.02, pull)[0]
    assert_same(fitted, wanted)


def test_inputs_are_left_alone_and_results_are_kept():
    weights, *rest = data(3)
    given = weights, mixed_state(weights), *rest
    copies = [leaf.clone() for leaf in leaves(given)]
    fitted = fit_dnn(*given, 5, 0.02)
    kept = [leaf.clone() for leaf in leaves(fitted)]
    split = split_cells(60, seeded(1))
    good_init(weights, *rest[:2], split, 30, 0.02, tolerance=0.5)
    fit_dnn(*fitted, *rest, 5, 0.02)
    for before, now in zip([*copies, *kept], leaves([given, fitted]), strict=True):
        assert torch.equal(before, now)


def test_constant_units_pass_the_biases_on_and_are_never_fitted():
    weights, X_T, X_O, Z, lam = data(4)
    fit = InPlaceFit(weights, adam_start(weights), X_T, X_O).run(25, 0.05, Z, lam)
    for W, M in zip(fit.W[:-1], fit.M[:-1], strict=True):
        unit = torch.zeros_like(W[:, :, -1])
        assert torch.equal(M[:, :, -1], unit)
        unit[:, -1] = 1
        assert torch.equal(W[:, :, -1], unit)


def test_no_gradient_asked_for_means_none_recorded():
    weights, X_T, X_O, Z, lam = data()
    state = adam_start(weights)
    assert not fit_dnn(weights, state, X_T, X_O, Z, lam, 3, 0.02)[0].W[0].requires_grad
    Z.requires_grad_()
    assert fit_dnn(weights, state, X_T, X_O, Z, lam, 3, 0.02)[0].W[0].requires_grad
    with torch.no_grad():
        assert not fit_dnn(weights, state, X_T, X_O, Z, lam, 3, 0.02)[0].W[0].requires_grad
