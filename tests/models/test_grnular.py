"""The unrolled model: what comes out, what it may depend on, and what it may not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from grnular_core.models import dnn, inner_fit
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.models.inference import model_scores
from grnular_core.models.losses import not_self
from grnular_core.models.problem import content_order, prepare, standardise
from grnular_core.utils.errors import InputError

SMALL = GRNULarConfig(hidden=(12,), n_unroll=4, n_inner=5, init_epochs=30)


def network(seed: int = 0, n_cells: int = 200, n_genes: int = 20):
    """Expression (cells, genes), TF positions and signed truth (tfs, genes): tanh regulation."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((4, n_genes))
    truth[:, 4:] = rng.choice([-1, 0, 0, 0, 1], size=(4, n_genes - 4))
    X = rng.normal(size=(n_cells, n_genes))
    X[:, 4:] = np.tanh(X[:, :4] * 1.5) @ truth[:, 4:] + 0.4 * X[:, 4:]
    return 3 + X, np.arange(4), truth


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    made = [network(seed) for seed in range(3)]
    return torch.tensor(np.stack([m[0] for m in made])), torch.tensor(made[0][1])


def infer(config: GRNULarConfig):
    with torch.no_grad():
        return GRNULar(config)(*batch())


def test_forward_is_algorithm_2_spelled_out():
    c = replace(SMALL, n_unroll=2)
    model = GRNULar(c).double()
    X, tfs = batch()
    generator = torch.Generator().manual_seed(c.seed)
    X = standardise(X)
    X_T, sigma = X[:, :, :4], X[:, :, :4].transpose(1, 2) @ X / X.shape[1]
    W = dnn.init_weights(3, (4, 12, 20), generator, c.init_scale, dtype=torch.float64)
    split = inner_fit.split_cells(X.shape[1], generator)
    W, adam, error = inner_fit.good_init(W, X_T, X, split, c.init_epochs, c.lr, "mean", c.init_tolerance)
    theta, lam = dnn.path_product(W), torch.ones(3, 1, 1).double()
    Z = torch.zeros_like(theta)
    with torch.no_grad():
        for _ in range(2):
            lam = model.lambda_nn(((Z - theta) ** 2).mean((1, 2), keepdim=True), lam)
            pull = lam * c.lam_scale * error.reshape(3, 1, 1)
            W, adam = inner_fit.fit_dnn(W, adam, X_T, X, Z, pull, c.n_inner, c.lr)
            theta = dnn.path_product(W)
            Z = (theta - model.rho_nn(theta, sigma, Z)).clamp(min=0)
        out = model(*batch())
    own = torch.eye(4, 20, dtype=torch.bool)
    torch.testing.assert_close(out.theta, theta.masked_fill(own, 0))
    torch.testing.assert_close(out.Z, Z.masked_fill(own, 0))
    torch.testing.assert_close(out.sigma, sigma.masked_fill(own, 0))
    torch.testing.assert_close(out.lam, lam.flatten())
    torch.testing.assert_close(out.lam_scale, c.lam_scale * error)


def test_the_sign_is_that_of_the_correlation_and_both_directions_agree():
    X, tfs, _ = network()
    scores, signs = model_scores(GRNULar(SMALL), X, tfs)
    expected = np.sign(np.corrcoef(X.T)[tfs])
    assert np.array_equal(signs[scores > 0], expected[scores > 0])
    between = signs[:, tfs]
    assert np.array_equal(between, between.T) and set(np.unique(signs)) == {-1, 0, 1}


def test_edges_and_signs_of_a_known_network_are_found_by_the_iterations():
    X, tfs, truth = network(n_cells=300, n_genes=30)
    candidates = not_self(torch.tensor(tfs)[None], 30)[0].numpy()
    start, scores = (
        model_scores(GRNULar(GRNULarConfig(n_unroll=n)), X, tfs)[0][candidates] for n in (0, 15)
    )
    edges = truth != 0
    found = average_precision_score(edges[candidates], scores)
    assert found > max(0.95, average_precision_score(edges[candidates], start) + 0.05)
    signs = model_scores(GRNULar(), X, tfs)[1]
    assert (signs[edges] == truth[edges]).mean() > 0.95


def test_options_of_the_fit_change_the_result_and_the_gradients_mode_does_not():
    base, through, *others = (
        infer(replace(SMALL, **change))
        for change in (
            {},
            {"inner_gradient": "through"},
            {"reduction": "sum"},
            {"lam_scale": 1.0},
            {"lam_per_error": False},
            {"lam_scale": 1.0, "lam_per_error": False},
        )
    )
    torch.testing.assert_close(base.theta, through.theta)
    torch.testing.assert_close(base.Z, through.Z)
    for other in others:
        assert torch.isfinite(other.theta).all()
        assert not torch.allclose(other.theta, base.theta, rtol=1e-3)
    assert torch.equal(others[-1].lam_scale, torch.ones(3))  # the paper's lam is lambda_nn's own


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


@pytest.mark.parametrize(
    ("tolerance", "per_error", "n_held"), [(0.0, False, 0), (0.01, False, 10), (0.0, True, 10), (0.01, True, 10)]
)
def test_cells_whose_error_decides_something_are_not_fitted(tolerance, per_error, n_held):
    config = GRNULarConfig(init_tolerance=tolerance, lam_per_error=per_error)
    fitted, held = config.split_cells(50, torch.Generator().manual_seed(0))
    assert len(fitted) == 50 - n_held
    assert not n_held or sorted([*fitted.tolist(), *held.tolist()]) == list(range(50))
