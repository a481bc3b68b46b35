"""The matrix square root of GLAD's theta step, with a derivative that never divides by a gap.

For symmetric Y = U diag(y) U^T and c > 0 the root sqrt(Y^T Y + c I) has the eigenvectors of Y and
the eigenvalues g(y) = sqrt(y^2 + c). Torch's own derivative of ``eigh`` divides by differences of
eigenvalues and is infinite where two are equal, as for uncorrelated genes. The derivative of the
root itself needs the divided differences of g alone (Daleckii and Krein), and those are

    (g(a) - g(b)) / (a - b) = (a + b) / (g(a) + g(b)),

which has no such pole and is g'(a) where a = b.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _ShiftedRoot(torch.autograd.Function):
    """sqrt(Y^2 + c I) through the eigenvalues of Y; ``shifted_root`` is its public face."""

    @staticmethod
    def forward(ctx, Y: Tensor, c: Tensor) -> Tensor:
        y, U = torch.linalg.eigh(Y)  # (graphs, genes), (graphs, genes, genes)
        g = torch.hypot(y, c.sqrt().reshape(-1, 1))  # y^2 alone could overflow
        ctx.save_for_backward(y, U, g)
        return (U * g[:, None, :]) @ U.mT

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        y, U, g = ctx.saved_tensors
        inner = U.mT @ (grad + grad.mT) @ U / 2  # the gradient in the basis of the eigenvectors
        slope = (y[:, :, None] + y[:, None, :]) / (g[:, :, None] + g[:, None, :])
        grad_Y = U @ (slope * inner) @ U.mT
        grad_c = (inner.diagonal(dim1=1, dim2=2) / (2 * g)).sum(1)  # dg / dc = 1 / (2 g)
        return grad_Y, grad_c.reshape(-1, 1, 1)


def shifted_root(Y: Tensor, c: Tensor) -> Tensor:
    """sqrt(Y^T Y + c I) of symmetric Y (graphs, genes, genes) and c > 0 (graphs, 1, 1).

    The gradient with respect to Y is symmetric; only the lower triangle of Y is read. Derivatives
    exist for repeated and for zero eigenvalues alike, of first order only.
    """
    return _ShiftedRoot.apply(Y, c)


def regularised_inverse(sigma: Tensor, t: Tensor) -> Tensor:
    """(Sigma + t I)^-1 of positive semidefinite Sigma (graphs, genes, genes) and a scalar t > 0.

    By eigenvalues, those below zero by rounding set to zero: a singular Sigma (fewer cells than
    genes) is safe however small t is. Gradients flow to t, not to Sigma.
    """
    w, U = torch.linalg.eigh(sigma.detach())
    return (U / (w.clamp_min(0) + t)[:, None, :]) @ U.mT
