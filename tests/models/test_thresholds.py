"""rho_nn, lambda_nn and the soft threshold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_fits import seeded

from grnular_core.models.thresholds import LambdaNN, RhoNN, soft_threshold

REAL = st.floats(-50, 50, allow_nan=False, width=32)


def random_features() -> tuple[torch.Tensor, ...]:
    g = seeded()
    return tuple(3 * torch.randn(2, 4, 7, generator=g) for _ in range(3))


@given(REAL, st.floats(0, 1, width=32))
def test_soft_threshold_is_the_proximal_operator_of_the_l1_norm(theta, rho):
    got = float(soft_threshold(torch.tensor(theta).double(), rho))
    grid = torch.cat([torch.linspace(-50, 50, 2001).double(), torch.tensor([got, 0.0]).double()])
    cost = rho * grid.abs() + (grid - theta) ** 2 / 2
    here = rho * abs(got) + (got - theta) ** 2 / 2
    assert here <= float(cost.min()) + 1e-9


def test_rho_of_an_entry_depends_on_that_entry_alone():
    network = RhoNN(seeded())
    whole = network(*random_features())
    for which in range(3):
        changed = random_features()
        changed[which][1, 2, 3] += 1
        moved = network(*changed) != whole
        assert moved[1, 2, 3] and moved.sum() == 1


@pytest.mark.parametrize("start", [0.1, 0.3, 0.8])
def test_untrained_networks_give_nearly_their_start(start):
    rho = RhoNN(seeded(), start=start)(*random_features())
    assert rho.shape == (2, 4, 7) and ((rho - start).abs() < 0.06).all()
    gap, lam = torch.rand(5, 1, 1) * 100, torch.rand(5, 1, 1)
    got = LambdaNN(seeded(), start=start)(gap, lam)
    assert got.shape == (5, 1, 1)
    assert ((got - start).abs() < 0.06).all()


def test_networks_are_as_small_as_the_paper_says_and_all_of_them_learns():
    rho, lam = RhoNN(seeded()), LambdaNN(seeded())
    assert sum(p.numel() for p in rho.parameters()) == 28  # 3-3-3-1
    assert sum(p.numel() for p in lam.parameters()) == 13  # 2-3-1
    rho(*random_features()).square().sum().backward()
    lam(torch.rand(3, 1, 1), torch.rand(3, 1, 1)).square().sum().backward()
    for parameter in (*rho.parameters(), *lam.parameters()):
        assert parameter.grad is not None and (parameter.grad != 0).any()


@pytest.mark.parametrize("network", [RhoNN, LambdaNN])
def test_start_is_seeded_and_leaves_torchs_seed_alone(network):
    before = torch.random.get_rng_state()
    a, b, c = (torch.cat([p.flatten() for p in network(seeded(s)).parameters()]) for s in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(a, b) and not torch.equal(a, c)
