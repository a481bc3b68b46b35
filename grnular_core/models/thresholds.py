"""The learned parts of GRNULar and GLAD: rho_nn, lambda_nn, and the soft threshold they steer (the paper's Fig. 3).

Both are tiny (28 and 13 numbers), so a few simulated graphs can train them. Untrained they are
close to constants: the last layer begins with small weights and a bias such that the output is about ``start``, which
makes the untrained model a sensible method by itself.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LAST_LAYER_SHRINK = 0.1  # how much smaller than the others the last layer begins


def soft_threshold(theta: Tensor, rho: Tensor | float) -> Tensor:
    """eta_rho(theta) = sign(theta) max(|theta| - rho, 0), entry by entry (Eqs 8 and 10).

    Parameters
    ----------
    theta : Tensor
    rho : Tensor or float
        Threshold of every entry, >= 0.

    Returns
    -------
    Tensor
    """
    return theta.sign() * (theta.abs() - rho).clamp_min(0)


def _tiny_network(sizes: list[int], start: float, generator: torch.Generator) -> nn.Sequential:
    """Build tanh layers with a sigmoid at the end, whose output begins close to ``start`` in (0, 1)."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
        layer = nn.utils.skip_init(nn.Linear, n_in, n_out)  # leaves torch's global generator alone
        bound = n_in**-0.5
        with torch.no_grad():
            for parameter in (layer.weight, layer.bias):
                parameter.copy_(torch.rand(parameter.shape, generator=generator) * 2 - 1)
                parameter.mul_(bound)
        layers += [layer, nn.Tanh()]
    last = layers[-2]
    with torch.no_grad():
        last.weight.mul_(LAST_LAYER_SHRINK)
        last.bias.fill_(math.log(start / (1 - start)))
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


class RhoNN(nn.Module):
    """rho_ij = rho_nn(theta_ij, Sigma_ij, Z_ij): two hidden layers of 3 units, the same for every entry.

    GLAD runs ``network`` on a square theta by itself (``glad``), without this ``forward``.

    Parameters
    ----------
    generator : torch.Generator
    start : float
        Approximate output before training, in (0, 1).
    """

    def __init__(self, generator: torch.Generator, start: float = 0.2) -> None:
        super().__init__()
        self.network = _tiny_network([3, 3, 3, 1], start, generator)

    def forward(self, theta: Tensor, sigma: Tensor, Z: Tensor) -> Tensor:
        """Thresholds in (0, 1).

        Parameters
        ----------
        theta, sigma, Z : Tensor, shape (graphs, tfs, genes)

        Returns
        -------
        Tensor, shape (graphs, tfs, genes)
        """
        features = torch.stack([theta, sigma, Z], dim=-1)  # (graphs, tfs, genes, 3)
        return self.network(features).squeeze(-1)  # (graphs, tfs, genes)


class LambdaNN(nn.Module):
    """lam = lambda_nn(||Z - theta||_F^2, previous lam): one hidden layer of 3 units.

    Parameters
    ----------
    generator : torch.Generator
    start : float
        Approximate output before training, in (0, 1).
    """

    def __init__(self, generator: torch.Generator, start: float = 0.6) -> None:
        super().__init__()
        self.network = _tiny_network([2, 3, 1], start, generator)

    def forward(self, gap: Tensor, lam: Tensor) -> Tensor:
        """Return the strength of the pull, in (0, 1).

        Parameters
        ----------
        gap : Tensor, shape (graphs, 1, 1)
            (Mean) squared distance of Z and theta.
        lam : Tensor, shape (graphs, 1, 1)

        Returns
        -------
        Tensor, shape (graphs, 1, 1)
        """
        return self.network(torch.cat([gap, lam], dim=-1))  # (graphs, 1, 1)
