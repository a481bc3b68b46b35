"""GLAD and GLAD-TF: the algorithms step by step, their masks, gradients and training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import linear_network
from scipy.linalg import sqrtm
from sklearn.metrics import average_precision_score

from grnular_core.models.glad import (
    GLAD,
    GLADTF,
    GLADConfig,
    _gene_covariance,
    _regularised_inverse,
    shifted_root,
    tf_mask,
    tf_rows,
)
from grnular_core.models.inference import model_scores
from grnular_core.models.losses import not_self
from grnular_core.models.problem import standardise
from grnular_core.models.thresholds import soft_threshold

SMALL = GLADConfig(n_unroll=4)


def cascade(seed: int = 0, n_cells: int = 60, n_genes: int = 20, n_tfs: int = 4):
    """Expression (cells, genes) and signed truth (tfs, genes): two TFs a gene, TFs of TFs too."""
    rng = np.random.default_rng(seed)
    truth, X = np.zeros((n_tfs, n_genes)), rng.normal(size=(n_cells, n_genes))
    for j in range(1, n_genes):
        for k in rng.choice(min(j, n_tfs), size=min(j, n_tfs, 2), replace=False):
            truth[k, j] = rng.choice([-1, 1])
            X[:, j] += truth[k, j] * X[:, k]
        X[:, j] /= X[:, j].std()
    return X, truth


def batch(seeds=range(3), **sizes) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """X (graphs, cells, genes), TF positions (graphs, tfs) and truth (graphs, tfs, genes)."""
    made = [cascade(seed, **sizes) for seed in seeds]
    X, truth = (torch.tensor(np.stack(part)) for part in zip(*made, strict=True))
    return X, torch.arange(truth.shape[1]).expand(len(X), -1), truth


def auprc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Over all candidates (tfs, genes), TF k being gene k."""
    allowed = not_self(torch.arange(len(truth))[None], truth.shape[1])[0].numpy()
    return average_precision_score(truth[allowed] != 0, scores[allowed])


@pytest.mark.parametrize("with_tfs", [False, True])
def test_forward_is_the_algorithm_spelled_out(with_tfs):
    config = replace(SMALL, n_unroll=3)
    model = (GLADTF if with_tfs else GLAD)(config).double()
    X, tfs, _ = batch()
    eye = torch.eye(20).double()
    z = standardise(X)
    sigma = z.mT @ z / 60
    mask = torch.zeros(20, 20)
    mask[:4], mask[:, :4] = 1, 1
    mask = (mask + eye).clamp(max=1) if with_tfs else 1
    Z = theta = torch.linalg.inv(sigma + eye)  # t = 1
    lam = torch.ones(3, 1, 1).double()
    with torch.no_grad():
        for _ in range(3):
            gap = (Z - theta).square()
            lam = model.lambda_nn(gap.mean((1, 2), keepdim=True), lam)
            Y = sigma / lam - Z
            inside = (Y.mT @ Y + 4 / lam * eye).numpy()
            theta = (torch.tensor(np.stack([sqrtm(m) for m in inside])) - Y) / 2
            Z = soft_threshold(theta, model.rho_nn(theta, sigma, Z)) * mask
            theta = theta * mask
        out = model(X, tfs)
    torch.testing.assert_close(out.theta, theta, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(out.Z, Z, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(out.lam, lam.flatten())
    assert len(out.unrolled) == 3 and torch.equal(out.unrolled[-1][0], out.theta)


def test_every_iterate_of_glad_tf_is_masked_and_symmetric():
    tfs = torch.tensor([[0, 1], [19, 3], [7, 2]])
    out, mask = GLADTF(SMALL)(batch()[0], tfs), tf_mask(tfs, 20)
    assert len(out.unrolled) == 4
    for theta, Z in out.unrolled:
        assert torch.equal(theta, theta.mT) and torch.equal(theta != 0, mask)
        torch.testing.assert_close(Z, Z.mT)
        assert (Z[~mask] == 0).all()


def test_one_row_of_tfs_serves_all_graphs_and_all_genes_as_tfs_is_glad():
    X, tfs, _ = batch()
    with torch.no_grad():
        assert torch.equal(GLADTF(SMALL)(X, tfs).theta, GLADTF(SMALL)(X, tfs[0]).theta)
        glad = GLAD(SMALL)(X).theta
        assert torch.equal(GLADTF(SMALL)(X).theta, glad)
        assert torch.equal(GLADTF(SMALL)(X, torch.arange(20)).theta, glad)
        assert torch.equal(GLAD(SMALL)(X, tfs).theta, glad)


def test_masks_and_rows_by_hand():
    tfs = torch.tensor([[2]])
    wanted = torch.tensor([[0, 0, 1], [0, 0, 1], [1, 1, 1]]).bool()
    assert torch.equal(tf_mask(tfs, 3)[0], wanted | torch.eye(3).bool())
    theta = torch.arange(9.0).reshape(3, 3)
    assert tf_rows(theta, torch.tensor([2, 0])).tolist() == [[6, 7, 0], [0, 1, 2]]
    both = tf_rows(torch.stack([theta, -theta]), torch.tensor([[2, 0], [1, 2]]))
    assert both.tolist() == [[[6, 7, 0], [0, 1, 2]], [[-3, 0, -5], [-6, -7, 0]]]
    one = torch.tensor([1])
    assert torch.equal(tf_rows(torch.stack([theta, theta]), one)[1], tf_rows(theta, one))


def test_fewer_cells_than_genes_is_finite_however_small_the_offset():
    X, _ = cascade(n_cells=8)
    for start in (0.0, -27.0):
        model = GLADTF(SMALL)
        model.log_offset.data.fill_(start)
        out = model(torch.tensor(X)[None], torch.arange(4))
        out.theta.square().sum().backward()
        assert torch.isfinite(out.theta).all()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_covariance_is_the_correlation_and_a_constant_gene_is_independent():
    X, _, _ = batch()
    X = X * 3 + 7
    X[:, :, 5] = 2
    sigma, varies = _gene_covariance(X)
    others = [g for g in range(20) if g != 5]
    assert varies[:, others].all() and not varies[:, 5].any()
    for i in range(3):
        got = sigma[i][others][:, others]
        np.testing.assert_allclose(got, np.corrcoef(X[i, :, others].numpy().T), atol=1e-12)
        assert torch.equal(sigma[i, 5], torch.eye(20)[5].double())


# --- scores


def test_edges_and_signs_of_a_known_network_are_found_untrained():
    expression, tf_names, truth = linear_network(n_cells=200)
    genes = list(expression.columns)
    wanted = np.zeros((5, 30))
    for edge in truth.itertuples():
        wanted[genes.index(edge.regulator), genes.index(edge.target)] = edge.sign
    for model in (GLADTF(), GLAD()):
        scores, signs = model_scores(model, expression.to_numpy(), range(5))
        assert auprc(scores, wanted) > 0.98
        assert (signs[wanted != 0] == wanted[wanted != 0]).all()


# --- matrix functions


def symmetric(*eigenvalues: float, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    n = len(eigenvalues)
    U = torch.linalg.qr(torch.randn(n, n, generator=g, dtype=torch.float64)).Q
    return U @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ U.T


SPECTRA = [(3, 1, -2), (2, 2, 2), (0, 0, 0, 1), (-1, -1, 4, 4), (5, -5, 1e-9), (1, 1 + 1e-12, -1)]


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_the_root_is_a_root_and_its_gradient_is_right(spectrum):
    Y = torch.stack([symmetric(*spectrum, seed=s) for s in (0, 1)])
    c = torch.tensor([0.7, 4.0]).double().reshape(2, 1, 1)
    root = shifted_root(Y, c)
    torch.testing.assert_close(root @ root, Y @ Y + c * torch.eye(Y.shape[1]).double())
    np.testing.assert_allclose(root[0], sqrtm((Y @ Y + c * torch.eye(Y.shape[1]))[0]), atol=1e-9)
    half = (Y / 2).requires_grad_()  # gradcheck moves one entry at a time: keep Y symmetric
    inputs = (half, c.clone().requires_grad_())
    assert torch.autograd.gradcheck(lambda a, c: shifted_root(a + a.mT, c), inputs)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_the_root_and_its_gradient_are_finite_in_float32(scale):
    Y = (scale * torch.eye(5)).repeat(2, 1, 1).requires_grad_()
    c = torch.ones(2, 1, 1, requires_grad=True)
    shifted_root(Y, c).sum().backward()
    assert torch.isfinite(Y.grad).all() and torch.isfinite(c.grad).all()


def test_the_regularised_inverse_and_the_gradient_of_its_offset():
    sigma = torch.stack([symmetric(3, 1, 0, 0), symmetric(1, 1, 1, 1)])
    t = torch.tensor(0.5).double().requires_grad_()
    wanted = torch.linalg.inv(sigma + 0.5 * torch.eye(4).double())
    torch.testing.assert_close(_regularised_inverse(sigma, t), wanted)
    assert torch.autograd.gradcheck(lambda t: _regularised_inverse(sigma, t), t)
