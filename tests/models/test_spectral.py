"""The matrix functions of GLAD: the shifted root and the regularised inverse, with gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from grnular_core.models.spectral import regularised_inverse, shifted_root


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
    torch.testing.assert_close(regularised_inverse(sigma, t), wanted)
    assert torch.autograd.gradcheck(lambda t: regularised_inverse(sigma, t), t)
