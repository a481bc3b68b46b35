"""GLAD and GLAD-TF: the algorithms step by step, their masks, gradients and training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from small_cascade import auprc, batch, cascade

from grnular_core.models.glad import (
    GLAD,
    GLADTF,
    GLADConfig,
    entrywise,
    gene_covariance,
    tf_mask,
    tf_rows,
)
from grnular_core.models.losses import (
    balanced_loss,
    not_self,
    over_iterates,
    smooth_ap_loss,
    summed_loss,
)
from grnular_core.models.problem import standardise
from grnular_core.models.thresholds import soft_threshold

SMALL = GLADConfig(n_unroll=4)


@pytest.mark.parametrize("with_tfs", [False, True])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("tf_diagonal", ["kept", "masked"])
def test_forward_is_the_algorithm_spelled_out(with_tfs, reduction, tf_diagonal):
    config = replace(SMALL, n_unroll=3, reduction=reduction, tf_diagonal=tf_diagonal)
    model = (GLADTF if with_tfs else GLAD)(config).double()
    X, tfs, _ = batch()
    eye = torch.eye(20).double()
    z = standardise(X)
    sigma = z.mT @ z / 60
    mask = torch.zeros(20, 20)
    mask[:4], mask[:, :4] = 1, 1
    mask = (mask + eye if tf_diagonal == "kept" else mask).clamp(max=1) if with_tfs else 1
    Z = theta = torch.linalg.inv(sigma + eye)  # t = 1
    lam = torch.ones(3, 1, 1).double()
    with torch.no_grad():
        for _ in range(3):
            gap = (Z - theta).square()
            lam = model.lambda_nn(getattr(gap, reduction)((1, 2), keepdim=True), lam)
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


@pytest.mark.parametrize("tf_diagonal", ["kept", "masked"])
def test_every_iterate_of_glad_tf_is_masked_and_symmetric(tf_diagonal):
    X, _, _ = batch()
    tfs = torch.tensor([[0, 1], [19, 3], [7, 2]])
    out = GLADTF(replace(SMALL, tf_diagonal=tf_diagonal))(X, tfs)
    assert len(out.unrolled) == 4
    for theta, Z in out.unrolled:
        assert torch.equal(theta, theta.mT)
        torch.testing.assert_close(Z, Z.mT)
        for graph, own in enumerate(tfs.tolist()):
            others = [g for g in range(20) if g not in own]
            block = theta[graph][others][:, others]
            assert (block - block.diag().diag() == 0).all()
            assert ((block.diag() > 0) == (tf_diagonal == "kept")).all()
            assert (theta[graph, own] != 0).all()
            assert (Z[graph][others][:, others][block == 0] == 0).all()


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
    assert torch.equal(tf_mask(tfs, 3)[0], wanted)
    assert torch.equal(tf_mask(tfs, 3, diagonal=True)[0], wanted | torch.eye(3).bool())
    theta = torch.arange(9.0).reshape(3, 3)
    assert tf_rows(theta, [2, 0]).tolist() == [[6, 7, 0], [0, 1, 2]]
    assert tf_rows(theta).tolist() == [[0, 1, 2], [3, 0, 5], [6, 7, 0]]
    both = tf_rows(torch.stack([theta, -theta]), torch.tensor([[2, 0], [1, 2]]))
    assert both.tolist() == [[[6, 7, 0], [0, 1, 2]], [[-3, 0, -5], [-6, -7, 0]]]
    assert torch.equal(tf_rows(torch.stack([theta, theta]), [1])[1], tf_rows(theta, [1]))


def test_the_fast_way_through_rho_nn_is_the_plain_one():
    g = torch.Generator().manual_seed(0)
    features = [torch.randn(2, 5, 7, generator=g) for _ in range(3)]
    rho_nn = GLAD().rho_nn
    torch.testing.assert_close(entrywise(rho_nn.network, *features), rho_nn(*features))


@pytest.mark.parametrize("cls", [GLAD, GLADTF])
def test_a_batch_equals_its_graphs_one_by_one(cls):
    X, tfs, _ = batch()
    model = cls(SMALL)
    with torch.no_grad():
        together = model(X, tfs)
        for i in range(3):
            alone = model(X[i : i + 1], tfs[i : i + 1])
            torch.testing.assert_close(alone.theta[0], together.theta[i], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(alone.lam[0], together.lam[i])


def test_fewer_cells_than_genes_is_finite_however_small_the_offset():
    X, _ = cascade(n_cells=8)
    for start in (1.0, 1e-12):
        model = GLADTF(replace(SMALL, offset_start=start))
        out = model(torch.tensor(X)[None], torch.arange(4))
        out.theta.square().sum().backward()
        assert torch.isfinite(out.theta).all()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_covariance_is_the_correlation_or_that_of_centred_data():
    X, _, _ = batch()
    X = X * 3 + 7
    X[:, :, 5] = 2
    for scaling, wanted in (("z-score", np.corrcoef), ("centre", lambda x: np.cov(x, ddof=0))):
        sigma, varies = gene_covariance(X, scaling)
        others = [g for g in range(20) if g != 5]
        assert varies[:, others].all() and not varies[:, 5].any()
        for i in range(3):
            got = sigma[i][others][:, others]
            np.testing.assert_allclose(got, wanted(X[i, :, others].numpy().T), atol=1e-12)
            assert torch.equal(sigma[i, 5], torch.eye(20)[5].double())


def test_gradients_reach_both_networks_and_the_offset():
    X, tfs, _ = batch()
    learned = {"rho_nn", "lambda_nn", "log_offset"}
    for mode, wanted in (("through", learned), ("cut", learned - {"lambda_nn"})):
        model = GLADTF(replace(SMALL, lam_gradient=mode))
        model(X, tfs).theta.square().sum().backward()
        moved = {
            name.split(".")[0]
            for name, p in model.named_parameters()
            if p.grad is not None and (p.grad != 0).any()
        }
        assert moved == wanted


def test_gradients_through_all_cells_are_right():
    X, tfs, _ = batch(n_cells=30, n_genes=6, n_tfs=2)
    model = GLADTF(replace(SMALL, n_unroll=3)).double()
    names = [name for name, _ in model.named_parameters()]

    def theta(*values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(model, given, (X, tfs)).theta

    assert torch.autograd.gradcheck(theta, tuple(model.parameters()))


@pytest.mark.parametrize(
    "loss",
    [
        balanced_loss,
        lambda *a: summed_loss(*a, reduction="mean"),
        lambda *a: smooth_ap_loss(*a, temperature=0.05),
    ],
    ids=["Eq. 16", "Eq. 11", "smooth AP"],
)
def test_training_on_some_graphs_helps_on_others(loss):
    X, tfs, truth = batch(range(8))
    X_new, tfs_new, truth_new = batch(range(100, 120))
    allowed = not_self(tfs, 20)
    model = GLADTF()

    def step_loss():
        thetas = [tf_rows(theta, tfs).abs() for theta, _ in model(X, tfs).unrolled]
        return over_iterates(lambda theta: loss(theta, truth, allowed), thetas).mean()

    def found():
        with torch.no_grad():
            scores = tf_rows(model(X_new, tfs_new).theta, tfs_new).abs().numpy()
        return np.mean([auprc(s, t) for s, t in zip(scores, truth_new.numpy(), strict=True)])

    before, losses = found(), []
    optimiser = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(15):
        optimiser.zero_grad()
        losses.append(step_loss())
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0] and found() > before + 0.02


def test_saved_parameters_restore_the_model():
    X, tfs, _ = batch()
    a, b = GLAD(replace(SMALL, seed=3, offset_start=0.4)), GLAD(SMALL)
    assert len(a.state_dict()) == 11  # 28 + 13 + 1 numbers
    assert sum(p.numel() for p in a.parameters()) == 42
    b.load_state_dict(a.state_dict())
    with torch.no_grad():
        assert torch.equal(a(X, tfs).theta, b(X, tfs).theta)
