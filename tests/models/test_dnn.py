"""f_W: its start, gradients, Adam, path product, goodINIT and fitDNN-fast."""

import itertools

import pytest
import torch
from small_fits import SIZES, data, leaves, seeded

from grnular_core.models.dnn import (
    _each,
    activations,
    adam_start,
    gradient,
    init_weights,
    objective,
    path_product,
)
from grnular_core.models.inner_fit import fit_dnn, split_cells
from grnular_core.models.parallel import pick


def closest(a, b) -> float:
    return max(float((x - y).abs().max()) for x, y in zip(leaves(a), leaves(b), strict=True))


def test_the_start_is_seeded_of_the_asked_scale_and_the_same_for_every_graph():
    before = torch.random.get_rng_state()
    many = init_weights(3, (50, 400, 300), seeded(5), scale=0.5)
    one, other = (init_weights(1, (50, 400, 300), seeded(seed), scale=0.5) for seed in (5, 6))
    assert torch.equal(before, torch.random.get_rng_state())
    assert [w.shape for w in many.W] == [(3, 50, 400), (3, 400, 300)]
    assert [b.shape for b in many.b] == [(3, 1, 400), (3, 1, 300)]
    for i in range(3):
        assert closest(pick(many, slice(i, i + 1)), one) == 0
    assert closest(one, other) > 0.1
    for W, n_in in zip(one.W, (50, 400), strict=True):
        assert float(W.std()) == pytest.approx(0.5 / n_in**0.5, rel=0.02)
    assert float(one.b[0].abs().max()) == 0


@pytest.mark.parametrize("depth", [2, 3])
def test_f_w_equals_torchs_own_layers(depth):
    weights, X_T, *_ = data(depth, 2)
    out = X_T[1]
    for i, (W, b) in enumerate(zip(*weights, strict=True)):
        out = torch.nn.functional.linear(out, W[1].T, b[1, 0])
        out = out.relu() if i < depth - 1 else out
    torch.testing.assert_close(activations(weights, X_T)[-1][1], out)


@pytest.mark.parametrize("depth", [2, 3])
def test_path_product_sums_the_strength_of_all_paths(depth):
    weights, *_ = data(depth, 2)
    theta = path_product(weights)
    for t, g in itertools.product(range(SIZES[depth][0]), range(SIZES[depth][-1])):
        total = 0.0
        for path in itertools.product(*map(range, SIZES[depth][1:-1])):
            strength = 1.0
            for W, (i, j) in zip(weights.W, itertools.pairwise((t, *path, g)), strict=True):
                strength *= abs(float(W[0, i, j]))
            total += strength
        assert float(theta[0, t, g]) == pytest.approx(total)


@pytest.mark.parametrize("reduction", ["sum", "mean", "cells"])
def test_objective_is_equation_12(reduction):
    weights, X_T, X_O, Z, lam = data(graphs=2)
    value = objective(weights, X_T, X_O, Z, lam, reduction)
    residual = X_O - activations(weights, X_T)[-1]
    gap = path_product(weights) - Z
    for i in range(2):
        error, penalty = (residual[i] ** 2).sum(), (gap[i] ** 2).sum()
        if reduction == "mean":
            error, penalty = error / residual[i].numel(), penalty / gap[i].numel()
        if reduction == "cells":
            error, penalty = (of / X_O.shape[2] for of in (error / X_O.shape[1], penalty))
        assert float(value[i]) == pytest.approx(float(error + lam[i, 0, 0] / 2 * penalty))
        plain = objective(weights, X_T, X_O, reduction=reduction)
        assert float(plain[i]) == pytest.approx(float(error))


@pytest.mark.parametrize("reduction", ["sum", "mean", "cells"])
@pytest.mark.parametrize("penalty", [True, False])
@pytest.mark.parametrize("depth", [2, 3])
def test_gradient_equals_autograd(depth, penalty, reduction):
    weights, X_T, X_O, Z, lam = data(depth, 2)
    pull = (Z, lam) if penalty else (None, None)
    tracked = _each(lambda w: w.clone().requires_grad_(), weights)
    objective(tracked, X_T, X_O, *pull, reduction).sum().backward()
    wanted = _each(lambda w: w.grad, tracked)
    assert closest(gradient(weights, X_T, X_O, *pull, reduction), wanted) < 1e-9


@pytest.mark.parametrize("depth", [2, 3])
def test_fit_dnn_equals_autograd_with_torchs_adam(depth):
    weights, X_T, X_O, Z, lam = data(depth, 2)
    fitted, state = fit_dnn(weights, adam_start(weights), X_T, X_O, Z, lam, 20, 0.03)
    tracked = _each(lambda w: w.clone().requires_grad_(), weights)
    adam = torch.optim.Adam(leaves(tracked), lr=0.03)
    for _ in range(20):
        adam.zero_grad()
        objective(tracked, X_T, X_O, Z, lam).sum().backward()
        adam.step()
    assert closest(fitted, _each(torch.Tensor.detach, tracked)) < 1e-5
    assert state.step.flatten().tolist() == [20, 20]


@pytest.mark.parametrize("depth", [2, 3])
def test_gradients_flow_through_the_inner_steps(depth):
    weights, X_T, X_O, Z, lam = data(depth, 2, cells=8)
    W0 = weights.W[0].clone()
    W0[:, 0] = 0  # exact zeros give zero moments, whose root has no finite derivative
    weights = weights._replace(W=(W0, *weights.W[1:]))

    def theta_of(Z, lam):
        return path_product(fit_dnn(weights, adam_start(weights), X_T, X_O, Z, lam, 3, 0.01)[0])

    Z.requires_grad_(), lam.requires_grad_()
    grad_Z, grad_lam = torch.autograd.grad(theta_of(Z, lam).sum(), (Z, lam))
    assert torch.isfinite(grad_Z).all() and (grad_Z != 0).any()
    step = torch.zeros_like(lam)
    step[0] = 1e-6
    with torch.no_grad():
        slope = (theta_of(Z, lam + step) - theta_of(Z, lam - step)).sum() / 2e-6
    assert float(grad_lam[0]) == pytest.approx(float(slope), rel=1e-3)


@pytest.mark.parametrize(("cells", "sizes"), [(1, (1, 1)), (2, (1, 1)), (10, (8, 2))])
def test_split_leaves_at_least_one_cell_on_each_side(cells, sizes):
    parts = split_cells(cells, seeded())
    assert tuple(map(len, parts)) == sizes
    assert set(torch.cat(parts).tolist()) == set(range(cells))
