"""The unrolled model: what comes out, what it may depend on, and what it may not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.models.inference import grnular_scores, model_scores
from grnular_core.models.inner_fit import (
    fit_dnn,
    good_init,
    init_weights,
    path_product,
    split_cells,
)
from grnular_core.models.problem import content_order, prepare, standardise
from grnular_core.utils.device import resolve_device
from grnular_core.utils.errors import InputError

SMALL = GRNULarConfig(hidden=(12,), n_unroll=4, n_inner=5, init_epochs=30)


def network(seed: int = 0, n_cells: int = 200, n_genes: int = 20, n_tfs: int = 4):
    """Expression (cells, genes), TF positions and signed truth (tfs, genes): tanh regulation."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((n_tfs, n_genes))
    truth[:, n_tfs:] = rng.choice([-1, 0, 0, 0, 1], size=(n_tfs, n_genes - n_tfs))
    X = rng.normal(size=(n_cells, n_genes))
    X[:, n_tfs:] = np.tanh(X[:, :n_tfs] * 1.5) @ truth[:, n_tfs:] + 0.4 * X[:, n_tfs:]
    return 3 + X, np.arange(n_tfs), truth


def batch(n_graphs: int = 3, **sizes) -> tuple[torch.Tensor, torch.Tensor]:
    made = [network(seed, **sizes) for seed in range(n_graphs)]
    return torch.tensor(np.stack([m[0] for m in made])), torch.tensor(made[0][1])


def infer(config: GRNULarConfig = SMALL, **sizes):
    X, tfs = batch(**sizes)
    with torch.no_grad():
        return GRNULar(config)(X, tfs)


@pytest.mark.parametrize("hidden", [None, (12,), (8, 8)])
def test_shapes_and_ranges(hidden):
    out = infer(replace(SMALL, hidden=hidden))
    assert out.theta.shape == out.Z.shape == out.sigma.shape == (3, 4, 20)
    assert out.lam.shape == out.lam_scale.shape == (3,)
    assert (out.theta >= 0).all() and (out.Z >= 0).all() and (out.Z <= out.theta).all()
    assert ((out.lam > 0) & (out.lam < 1)).all() and (out.lam_scale > 0).all()
    assert len(out.unrolled) == 4 and torch.equal(out.unrolled[-1][0], out.theta)


def test_forward_is_algorithm_2_spelled_out():
    c = replace(SMALL, n_unroll=2)
    model = GRNULar(c).double()
    X, tfs = batch()
    generator = torch.Generator().manual_seed(c.seed)
    X = standardise(X)
    X_T, sigma = X[:, :, :4], X[:, :, :4].transpose(1, 2) @ X / X.shape[1]
    W = init_weights(3, (4, 12, 20), generator, c.init_scale, dtype=torch.float64)
    split = split_cells(X.shape[1], generator)
    W, adam, error = good_init(W, X_T, X, split, c.init_epochs, c.lr, "mean", c.init_tolerance)
    theta, lam = path_product(W), torch.ones(3, 1, 1).double()
    Z = torch.zeros_like(theta)
    with torch.no_grad():
        for _ in range(2):
            lam = model.lambda_nn(((Z - theta) ** 2).mean((1, 2), keepdim=True), lam)
            pull = lam * c.lam_scale * error.reshape(3, 1, 1)
            W, adam = fit_dnn(W, adam, X_T, X, Z, pull, c.n_inner, c.lr)
            theta = path_product(W)
            Z = (theta - model.rho_nn(theta, sigma, Z)).clamp(min=0)
        out = model(*batch())
    own = torch.eye(4, 20, dtype=torch.bool)
    torch.testing.assert_close(out.theta, theta.masked_fill(own, 0))
    torch.testing.assert_close(out.Z, Z.masked_fill(own, 0))
    torch.testing.assert_close(out.lam, lam.flatten())
    torch.testing.assert_close(out.lam_scale, c.lam_scale * error)


def test_no_tf_regulates_itself():
    X, _ = batch()
    tfs = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [7, 0, 19, 5]])
    with torch.no_grad():
        out = GRNULar(SMALL)(X, tfs)
    for graph, row in enumerate(tfs.tolist()):
        for k, gene in enumerate(row):
            for part in (out.theta, out.Z, out.sigma):
                assert part[graph, k, gene] == 0
    assert (out.theta == 0).sum() == 12


def test_a_batch_equals_its_graphs_one_by_one():
    X, tfs = batch()
    model = GRNULar(SMALL).double()
    with torch.no_grad():
        together = model(X, tfs)
        for i in range(3):
            alone = model(X[i : i + 1], tfs)
            torch.testing.assert_close(alone.theta[0], together.theta[i], atol=1e-6, rtol=1e-6)
            torch.testing.assert_close(alone.Z[0], together.Z[i], atol=1e-6, rtol=1e-6)


def test_same_seed_same_numbers_other_seed_other_numbers():
    X, tfs, _ = network()
    a, b = grnular_scores(X, tfs, SMALL), grnular_scores(X, tfs, SMALL)
    assert np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])
    assert not np.array_equal(a[0], grnular_scores(X, tfs, SMALL, seed=1)[0])
    same = grnular_scores(X, tfs, replace(SMALL, seed=1))
    assert np.array_equal(same[0], grnular_scores(X, tfs, SMALL, seed=1)[0])


def test_the_global_seed_is_neither_used_nor_moved():
    X, tfs, _ = network()
    first = grnular_scores(X, tfs, SMALL)[0]
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    assert np.array_equal(first, grnular_scores(X, tfs, SMALL)[0])
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_sign_is_that_of_the_correlation_and_both_directions_agree():
    X, tfs, _ = network()
    scores, signs = grnular_scores(X, tfs, SMALL)
    expected = np.sign(np.corrcoef(X.T)[tfs])
    assert np.array_equal(signs[scores > 0], expected[scores > 0])
    between = signs[:, tfs]
    assert np.array_equal(between, between.T) and set(np.unique(signs)) == {-1, 0, 1}


def test_permuting_genes_and_tfs_permutes_the_result():
    X, tfs, _ = network()
    scores, signs = grnular_scores(X, tfs, SMALL)
    rng = np.random.default_rng(1)
    columns, rows = rng.permutation(20), rng.permutation(4)
    moved = np.argsort(columns)[tfs][rows]  # where each TF went, TFs in another order
    again, again_signs = grnular_scores(X[:, columns], moved, SMALL)
    np.testing.assert_allclose(again, scores[np.ix_(rows, columns)], atol=1e-4)
    assert np.array_equal(again_signs, signs[np.ix_(rows, columns)])


def test_scaling_and_shifting_a_gene_changes_nothing():
    X, tfs, _ = network()
    scores, signs = grnular_scores(X, tfs, SMALL)
    other = X.copy()
    other[:, 7] *= 1000
    other[:, 2] = other[:, 2] * 0.01 + 5
    again, again_signs = grnular_scores(other, tfs, SMALL)
    np.testing.assert_allclose(again, scores, atol=1e-4)
    assert np.array_equal(again_signs, signs)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_constant_genes_and_tfs_score_zero(kind):
    X, tfs, _ = network()
    X = (X * 100).astype(kind)
    X[:, 10], X[:, 1], X[:, 11] = 0, 7, 1 / 3
    scores, signs = grnular_scores(X, tfs, SMALL)
    assert np.isfinite(scores).all()
    assert (scores[:, [1, 10, 11]] == 0).all() and (scores[1] == 0).all()
    assert (signs[scores == 0] == 0).all() and (scores[0, 2:10] > 0).all()


@pytest.mark.parametrize(
    "X", [np.zeros((5, 4)), np.ones((1, 4)), np.eye(2, 4), np.eye(3, 4) * 1e300]
)
def test_degenerate_data_give_finite_numbers(X):
    scores, signs = grnular_scores(X, [0, 1], SMALL)
    assert np.isfinite(scores).all() and set(np.unique(signs)) <= {-1, 0, 1}


@pytest.mark.parametrize("inner_gradient", ["cut", "through"])
def test_constant_genes_leave_gradients_finite(inner_gradient):
    X, tfs = batch()
    X[:, :, [1, 10]] = 2.0
    model = GRNULar(replace(SMALL, inner_gradient=inner_gradient))
    sum((theta + Z).sum() for theta, Z in model(X, tfs).unrolled).backward()
    for parameter in model.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


def test_edges_and_signs_of_a_known_network_are_found():
    X, tfs, truth = network(n_cells=300, n_genes=30)
    scores, signs = grnular_scores(X, tfs)
    candidates = np.ones_like(truth, dtype=bool)
    candidates[np.arange(4), tfs] = False
    assert average_precision_score(truth[candidates] != 0, scores[candidates]) > 0.95
    edges = truth != 0
    assert (signs[edges] == truth[edges]).mean() > 0.95


def test_the_unrolled_cells_are_what_finds_the_edges():
    X, tfs, truth = network(n_cells=300, n_genes=30)
    found = [
        average_precision_score((truth != 0)[:, 4:].ravel(), scores[:, 4:].ravel())
        for config in (GRNULarConfig(n_unroll=0), GRNULarConfig())
        for scores in (grnular_scores(X, tfs, config)[0],)
    ]
    assert found[1] > found[0] + 0.05


def test_training_reaches_what_each_mode_promises():
    X, tfs = batch(n_graphs=2)
    moved = {}
    for mode in ("cut", "through"):
        model = GRNULar(replace(SMALL, inner_gradient=mode, n_unroll=2, n_inner=3))
        out = model(X, tfs)
        assert out.theta.requires_grad == (mode == "through") and out.Z.requires_grad
        (out.theta.sum() + out.Z.square().sum()).backward()
        moved[mode] = {
            name.split(".")[0]
            for name, p in model.named_parameters()
            if p.grad is not None and (p.grad != 0).any()
        }
    assert moved == {"cut": {"rho_nn"}, "through": {"rho_nn", "lambda_nn"}}


def test_both_modes_infer_the_same():
    cut, through = (infer(replace(SMALL, inner_gradient=mode)) for mode in ("cut", "through"))
    torch.testing.assert_close(cut.theta, through.theta)
    torch.testing.assert_close(cut.Z, through.Z)


def test_saved_parameters_restore_the_model():
    X, tfs, _ = network()
    model = GRNULar(replace(SMALL, seed=3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3)
    other = GRNULar(SMALL)
    other.load_state_dict(model.state_dict())
    other.config = model.config
    a, b = (grnular_scores(X, tfs, model=m)[0] for m in (model, other))
    assert np.array_equal(a, b) and not np.array_equal(a, grnular_scores(X, tfs, SMALL)[0])


def test_reduction_and_lam_options_change_the_result():
    base, *others = (
        infer(replace(SMALL, **change)).theta
        for change in ({}, {"reduction": "sum"}, {"lam_scale": 1.0}, {"lam_per_error": False})
    )
    for theta in others:
        assert torch.isfinite(theta).all() and not torch.allclose(theta, base, rtol=1e-3)


def test_the_papers_lam_is_the_networks_own_output():
    out = infer(replace(SMALL, lam_scale=1.0, lam_per_error=False))
    assert torch.equal(out.lam_scale, torch.ones(3))


def test_hidden_units_follow_the_paper():
    sizes = [GRNULarConfig().layer_sizes(n, 9)[1:-1] for n in (2, 10, 50, 127, 250)]
    assert sizes == [(40,), (40,), (200,), (500,), (500,)]
    assert GRNULarConfig().step_size((10, 40, 9)) == GRNULarConfig().lr
    assert GRNULarConfig().step_size((10, 160, 9)) == pytest.approx(GRNULarConfig().lr / 2)


def test_standardise_and_covariance():
    X, tfs = batch()
    z = standardise(X)
    torch.testing.assert_close(z.mean(1), torch.zeros(3, 20).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(z.square().mean(1), torch.ones(3, 20).double())
    problem = prepare(X, tfs, torch.float64)
    for i in range(3):
        wanted = np.corrcoef(X[i].numpy().T)[:4]
        np.testing.assert_allclose(problem.sigma[i], wanted, atol=1e-12)
        assert torch.equal(problem.X_T[i], z[i][:, :4])


def test_content_order_sorts_by_the_first_cells_and_ignores_columns_and_scale():
    X, _, _ = network()
    X[0, :5] = X[0, 0]
    X[:, 6] = X[:, 7]  # equal genes are interchangeable
    rng = np.random.default_rng(0)
    columns = rng.permutation(20)
    a = X[:, content_order(torch.tensor(X))]
    b = X[:, columns][:, content_order(torch.tensor(X[:, columns] * 3.7))]
    assert np.array_equal(a, b)
    first = standardise(torch.tensor(a))[0]
    assert (first[1:] >= first[:-1] - 1e-6).all()


def test_progress_counts_the_cells():
    X, tfs, _ = network()
    seen = []
    grnular_scores(X, tfs, SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 4) for i in range(5)]


@pytest.mark.parametrize(
    "X, tfs, part",
    [
        (np.full((5, 4), np.nan), [0], "finite"),
        (np.ones(5), [0], "cells x genes"),
        (np.eye(5), [], "at least one TF"),
        (np.eye(5), [1, 1], "each once"),
        (np.eye(5), [5], "0 to 4"),
        (np.eye(5), [-1], "0 to 4"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(X, tfs, part):
    with pytest.raises(InputError, match=part):
        grnular_scores(X, tfs, SMALL)


def test_devices():
    assert resolve_device("cpu") == torch.device("cpu")
    auto = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto") == resolve_device() == torch.device(auto)
    for wrong in ("gpu", "mps", "cuda:99", ""):
        with pytest.raises(InputError):
            resolve_device(wrong)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    X, tfs, _ = network()
    with pytest.raises(InputError, match="0 GPUs"):
        grnular_scores(X, tfs, SMALL, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_and_cpu_agree():
    X, tfs, _ = network()
    cpu, gpu = (grnular_scores(X, tfs, SMALL, device=d)[0] for d in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu, gpu, atol=0.05 * cpu.max())


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_inner": -1}, {"lam_scale": -2.0}, {"context_width": 0}, {"init_tolerance": 1.5},
        {"lr": -1.0}, {"hidden": (0,)}, {"hidden": ("a",)},
    ],
)  # fmt: skip
def test_settings_that_no_model_has_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        GRNULarConfig(**wrong)


@pytest.mark.parametrize("cls", [GRNULar, GRNULarBase])
def test_double_precision_is_another_model_of_the_same_numbers(cls):
    X, tfs, _ = network()
    model = cls(replace(SMALL, init_tolerance=0.0))
    single, _ = model_scores(model, X, tfs)
    double, _ = model_scores(model, X, tfs, precision="double")
    assert next(model.parameters()).dtype == torch.float32
    assert not np.array_equal(single, double)
    np.testing.assert_allclose(single, double, atol=1e-3)
    assert not np.array_equal(double, double.astype(np.float32))
