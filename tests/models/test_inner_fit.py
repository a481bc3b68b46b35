"""f_W: its start, gradients, Adam, path product, goodINIT and fitDNN-fast."""

from __future__ import annotations

import itertools

import pytest
import torch

from grnular_core.models.inner_fit import (
    Weights,
    _each,
    activations,
    adam_start,
    adam_step,
    fit_dnn,
    good_init,
    gradient,
    init_weights,
    objective,
    path_product,
    split_cells,
)

SIZES = {2: (3, 5, 6), 3: (3, 5, 4, 6)}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def problem(depth: int = 2, graphs: int = 2, cells: int = 30, seed: int = 0):
    """Random weights with random biases, X_T, X_O, Z >= 0 and lam, in float64."""
    g = seeded(seed)
    sizes = SIZES[depth]
    weights = init_weights(graphs, sizes, g, dtype=torch.float64)
    weights = _each(lambda w: w + 0.3 * torch.randn(w.shape, generator=g).double(), weights)
    X_T = torch.randn(graphs, cells, sizes[0], generator=g).double()
    X_O = torch.randn(graphs, cells, sizes[-1], generator=g).double()
    Z = torch.rand(graphs, sizes[0], sizes[-1], generator=g).double()
    lam = torch.rand(graphs, 1, 1, generator=g).double() + 0.5
    return weights, X_T, X_O, Z, lam


def leaves(weights: Weights) -> list[torch.Tensor]:
    return [w for layers in weights for w in layers]


def closest(a: Weights, b: Weights) -> float:
    return max(float((x - y).abs().max()) for x, y in zip(leaves(a), leaves(b), strict=True))


def of_graph(weights: Weights, i: int) -> Weights:
    return _each(lambda w: w[i : i + 1], weights)


def split_all(cells: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(cells), torch.arange(cells)


def test_the_start_is_the_same_for_every_graph_and_every_run():
    many = init_weights(3, (4, 7, 9), seeded(5))
    one = init_weights(1, (4, 7, 9), seeded(5))
    other = init_weights(1, (4, 7, 9), seeded(6))
    assert [w.shape for w in many.W] == [(3, 4, 7), (3, 7, 9)]
    assert [b.shape for b in many.b] == [(3, 1, 7), (3, 1, 9)]
    for i in range(3):
        assert closest(of_graph(many, i), one) == 0
    assert closest(one, other) > 0.1


def test_the_start_has_the_asked_scale_and_leaves_torchs_seed_alone():
    before = torch.random.get_rng_state()
    weights = init_weights(1, (50, 400, 300), seeded(), scale=0.5)
    assert torch.equal(before, torch.random.get_rng_state())
    assert float(weights.W[0].std()) == pytest.approx(0.5 / 50**0.5, rel=0.02)
    assert float(weights.W[1].std()) == pytest.approx(0.5 / 400**0.5, rel=0.02)
    assert float(weights.b[0].abs().max()) == 0


@pytest.mark.parametrize("depth", SIZES)
def test_f_w_equals_torchs_own_layers(depth):
    weights, X_T, *_ = problem(depth)
    out = X_T[1]
    for i, (W, b) in enumerate(zip(*weights, strict=True)):
        out = torch.nn.functional.linear(out, W[1].T, b[1, 0])
        out = out.relu() if i < depth - 1 else out
    torch.testing.assert_close(activations(weights, X_T)[-1][1], out)


@pytest.mark.parametrize("depth", SIZES)
def test_path_product_sums_the_strength_of_all_paths(depth):
    weights, *_ = problem(depth)
    theta = path_product(weights)
    for t, g in itertools.product(range(SIZES[depth][0]), range(SIZES[depth][-1])):
        total = 0.0
        for path in itertools.product(*map(range, SIZES[depth][1:-1])):
            strength = 1.0
            for W, (i, j) in zip(weights.W, itertools.pairwise((t, *path, g)), strict=True):
                strength *= abs(float(W[0, i, j]))
            total += strength
        assert float(theta[0, t, g]) == pytest.approx(total)


def test_no_path_means_zero_theta():
    weights, *_ = problem()
    W0 = weights.W[0].clone()
    W0[:, 1] = 0
    theta = path_product(weights._replace(W=(W0, weights.W[1])))
    assert (theta[:, 1] == 0).all() and (theta[:, 0] > 0).all()


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_objective_is_equation_12(reduction):
    weights, X_T, X_O, Z, lam = problem()
    value = objective(weights, X_T, X_O, Z, lam, reduction)
    residual = X_O - activations(weights, X_T)[-1]
    gap = path_product(weights) - Z
    for i in range(2):
        error, penalty = (residual[i] ** 2).sum(), (gap[i] ** 2).sum()
        if reduction == "mean":
            error, penalty = error / residual[i].numel(), penalty / gap[i].numel()
        assert float(value[i]) == pytest.approx(float(error + lam[i, 0, 0] / 2 * penalty))
        plain = objective(weights, X_T, X_O, reduction=reduction)
        assert float(plain[i]) == pytest.approx(float(error))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("penalty", [True, False])
@pytest.mark.parametrize("depth", SIZES)
def test_gradient_equals_autograd(depth, penalty, reduction):
    weights, X_T, X_O, Z, lam = problem(depth)
    pull = (Z, lam) if penalty else (None, None)
    tracked = _each(lambda w: w.clone().requires_grad_(), weights)
    objective(tracked, X_T, X_O, *pull, reduction).sum().backward()
    wanted = _each(lambda w: w.grad, tracked)
    assert closest(gradient(weights, X_T, X_O, *pull, reduction), wanted) < 1e-9


@pytest.mark.parametrize("depth", SIZES)
def test_fit_dnn_equals_autograd_with_torchs_adam(depth):
    weights, X_T, X_O, Z, lam = problem(depth)
    fitted, state = fit_dnn(weights, adam_start(weights), X_T, X_O, Z, lam, 20, 0.03)
    tracked = _each(lambda w: w.clone().requires_grad_(), weights)
    adam = torch.optim.Adam(leaves(tracked), lr=0.03)
    for _ in range(20):
        adam.zero_grad()
        objective(tracked, X_T, X_O, Z, lam).sum().backward()
        adam.step()
    assert closest(fitted, _each(torch.Tensor.detach, tracked)) < 1e-5
    assert state.step.flatten().tolist() == [20, 20]


def test_adam_goes_on_where_it_stopped():
    weights, X_T, X_O, Z, lam = problem()
    whole = fit_dnn(weights, adam_start(weights), X_T, X_O, Z, lam, 10, 0.03)
    half = fit_dnn(weights, adam_start(weights), X_T, X_O, Z, lam, 5, 0.03)
    both = fit_dnn(*half, X_T, X_O, Z, lam, 5, 0.03)
    afresh = fit_dnn(half[0], adam_start(weights), X_T, X_O, Z, lam, 5, 0.03)
    assert closest(whole[0], both[0]) == 0
    assert closest(whole[0], afresh[0]) > 1e-3


def test_adam_changes_nothing_in_place():
    weights, X_T, X_O, Z, lam = problem()
    copy = _each(torch.clone, weights)
    state = adam_start(weights)
    adam_step(weights, gradient(weights, X_T, X_O), state, 0.1)
    assert closest(weights, copy) == 0 and float(state.step.sum()) == 0


@pytest.mark.parametrize("depth", SIZES)
def test_gradients_flow_through_the_inner_steps(depth):
    weights, X_T, X_O, Z, lam = problem(depth, cells=8)
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


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_stronger_lam_pulls_theta_closer_to_Z(reduction):
    weights, X_T, X_O, Z, lam = problem()
    distance = []
    for strength in (0.0, 10.0, 1000.0):
        args = (X_T, X_O, Z, torch.full_like(lam, strength), 300, 0.02, reduction)
        fitted, _ = fit_dnn(weights, adam_start(weights), *args)
        distance.append(float((path_product(fitted) - Z).norm()))
    assert distance[0] > 1.5 * distance[1] > distance[2]
    assert distance[2] < 0.1 * distance[0]


@pytest.mark.parametrize("depth", SIZES)
def test_good_init_learns_a_network_it_can_represent(depth):
    true, X_T, *_ = problem(depth, graphs=1, cells=200)
    X_O = activations(true, X_T)[-1]
    start = init_weights(1, (3, 40, 6) if depth == 2 else (3, 20, 20, 6), seeded(1), 0.5,
                         dtype=torch.float64)  # fmt: skip
    fit = good_init(start, X_T, X_O, split_all(200), 400, 0.02)
    assert float(objective(fit.weights, X_T, X_O)) < 0.02 * float(X_O.var())


def test_a_batch_equals_its_graphs_one_by_one_also_when_they_stop_early():
    g = seeded()
    X_T = torch.randn(3, 80, 4, generator=g).double()
    noise = torch.randn(3, 80, 6, generator=g).double()
    X_O = X_T @ torch.randn(3, 4, 6, generator=g).double()
    X_O = X_O + torch.tensor([0.01, 0.5, 5.0]).reshape(3, 1, 1) * noise  # three stopping times
    start = init_weights(3, (4, 16, 6), seeded(1), dtype=torch.float64)
    split = split_cells(80, seeded(2))
    Z, lam = torch.zeros(3, 4, 6).double(), torch.ones(3, 1, 1).double()

    def fit(i):
        data = X_T[i], X_O[i]
        good = good_init(_each(lambda w: w[i], start), *data, split, 300, 0.02, tolerance=0.02)
        return good, fit_dnn(good.weights, good.adam, *data, Z[i], lam[i], 10, 0.02)[0]

    together, after = fit(slice(0, 3))
    steps = together.adam.step.flatten().tolist()
    assert len(set(steps)) == 3 and min(steps) < 100
    for i in range(3):
        alone, alone_after = fit(slice(i, i + 1))
        assert float(alone.adam.step) == steps[i]
        assert closest(of_graph(together.weights, i), alone.weights) < 1e-8
        assert closest(of_graph(after, i), alone_after) < 1e-8
        assert float(alone.error) == pytest.approx(float(together.error[i]))


def test_good_init_stops_when_the_held_out_error_no_longer_falls():
    _, X_T, X_O, *_ = problem(cells=60)  # nothing to learn: X_O is noise
    start = init_weights(2, (3, 40, 6), seeded(), dtype=torch.float64)
    split = split_cells(60, seeded())
    early = good_init(start, X_T, X_O, split, 400, 0.05, tolerance=0.01)
    late = good_init(start, X_T, X_O, split, 400, 0.05)
    assert float(early.adam.step.max()) <= 100 and float(late.adam.step.min()) == 400
    assert (late.error <= early.error).all()  # the lowest seen, not that of the last step
    assert (early.error > 0.5).all()  # honest: not the error of the memorised cells


def test_held_out_cells_are_not_fitted():
    _, X_T, X_O, *_ = problem(cells=40)
    start = init_weights(2, (3, 10, 6), seeded(), dtype=torch.float64)
    fitted, held = split_cells(40, seeded())
    assert sorted([*fitted.tolist(), *held.tolist()]) == list(range(40)) and len(held) == 8
    changed = X_O.clone()
    changed[:, held] += 100
    a = good_init(start, X_T, X_O, (fitted, held), 30, 0.02)
    b = good_init(start, X_T, changed, (fitted, held), 30, 0.02)
    assert closest(a.weights, b.weights) == 0 and (b.error > a.error + 100).all()


@pytest.mark.parametrize(("cells", "sizes"), [(1, (1, 1)), (2, (1, 1)), (10, (8, 2))])
def test_split_leaves_at_least_one_cell_on_each_side(cells, sizes):
    assert tuple(map(len, split_cells(cells, seeded()))) == sizes


def test_no_epochs_leave_the_start_as_it_is():
    weights, X_T, X_O, *_ = problem()
    fit = good_init(weights, X_T, X_O, split_all(30), 0, 0.03, tolerance=0.01)
    assert closest(fit.weights, weights) == 0
    torch.testing.assert_close(fit.error, objective(weights, X_T, X_O))
