"""rho_nn, lambda_nn and the soft threshold."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.models.thresholds import LambdaNN, RhoNN, soft_threshold

REAL = st.floats(-50, 50, allow_nan=False, width=32)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_features(seed: int = 0) -> tuple[torch.Tensor, ...]:
    g = seeded(seed)
    return tuple(3 * torch.randn(2, 4, 7, generator=g) for _ in range(3))


@given(REAL, st.floats(0, 1, width=32))
def test_soft_threshold_is_the_proximal_operator_of_the_l1_norm(theta, rho):
    got = float(soft_threshold(torch.tensor(theta).double(), rho))
    grid = torch.cat([torch.linspace(-50, 50, 2001).double(), torch.tensor([got, 0.0]).double()])
    cost = rho * grid.abs() + (grid - theta) ** 2 / 2
    here = rho * abs(got) + (got - theta) ** 2 / 2
    assert here <= float(cost.min()) + 1e-9


def test_soft_threshold_by_hand():
    theta = torch.tensor([-2.0, -0.3, 0.0, 0.3, 2.0])
    wanted = torch.tensor([-1.5, 0.0, 0.0, 0.0, 1.5])
    torch.testing.assert_close(soft_threshold(theta, 0.5), wanted)
    rho = torch.tensor([2.0, 0.1, 0.0, 0.3, 0.0])
    wanted = torch.tensor([0.0, -0.2, 0.0, 0.0, 2.0])
    torch.testing.assert_close(soft_threshold(theta, rho), wanted)


def test_rho_is_a_threshold_in_0_1_for_every_entry():
    rho = RhoNN(seeded())(*random_features())
    assert rho.shape == (2, 4, 7)
    assert ((rho > 0) & (rho < 1)).all()


def test_rho_of_an_entry_depends_on_that_entry_alone():
    network = RhoNN(seeded())
    theta, sigma, Z = random_features()
    whole = network(theta, sigma, Z)
    for features in ((theta, 0), (sigma, 1), (Z, 2)):
        changed = [theta, sigma, Z]
        changed[features[1]] = features[0].clone()
        changed[features[1]][1, 2, 3] += 1
        moved = network(*changed) != whole
        assert moved[1, 2, 3] and moved.sum() == 1


@pytest.mark.parametrize("start", [0.1, 0.3, 0.8])
def test_untrained_networks_give_nearly_their_start(start):
    rho = RhoNN(seeded(), start=start)(*random_features())
    assert ((rho - start).abs() < 0.06).all()
    gap, lam = torch.rand(5, 1, 1) * 100, torch.rand(5, 1, 1)
    got = LambdaNN(seeded(), start=start)(gap, lam)
    assert got.shape == (5, 1, 1)
    assert ((got - start).abs() < 0.06).all()


def test_networks_are_as_small_as_the_paper_says():
    assert sum(p.numel() for p in RhoNN(seeded()).parameters()) == 28  # 3-3-3-1
    assert sum(p.numel() for p in LambdaNN(seeded()).parameters()) == 13  # 2-3-1


@pytest.mark.parametrize("network", [RhoNN, LambdaNN])
def test_start_is_seeded_and_leaves_torchs_seed_alone(network):
    before = torch.random.get_rng_state()
    a, b, c = (network(seeded(s)) for s in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    for x, y in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(x, y)
    assert any(not torch.equal(x, y) for x, y in zip(a.parameters(), c.parameters(), strict=True))


def test_every_parameter_gets_a_gradient():
    theta, sigma, Z = random_features()
    rho, lam = RhoNN(seeded()), LambdaNN(seeded())
    rho(theta, sigma, Z).square().sum().backward()
    lam(torch.rand(3, 1, 1), torch.rand(3, 1, 1)).square().sum().backward()
    for parameter in (*rho.parameters(), *lam.parameters()):
        assert parameter.grad is not None and (parameter.grad != 0).any()


def test_saved_parameters_restore_the_network():
    a, b = RhoNN(seeded(1)), RhoNN(seeded(2))
    b.load_state_dict(a.state_dict())
    assert torch.equal(a(*random_features()), b(*random_features()))
