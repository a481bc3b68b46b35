"""An ensemble as rho_nn: what it says, how it is put together, that blocks and training know it."""

from dataclasses import replace

import pytest
import torch
from small_graphs import graphs
from small_weights import RECIPE, saved

from grnular_core.models import context as context_module
from grnular_core.models.context import _make_context
from grnular_core.models.context_rho import ContextRho, EnsembleRho, set_members
from grnular_core.models.edge_features import FIRST_FEATURES
from grnular_core.models.losses import not_self
from grnular_core.training import train as training
from grnular_core.training.batches import prepare_batches, run_model
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import load_model
from grnular_core.utils.errors import InputError

ALONE = RECIPE.config
TWO = replace(ALONE, context_members=2)


def network(seed: int) -> ContextRho:
    """A network far from its start."""
    rho = ContextRho(FIRST_FEATURES, torch.Generator().manual_seed(seed), 4, 1)
    with torch.no_grad():
        rho.leave.weight.mul_(10 * (1 + seed))
        rho.leave.bias.add_(seed)
    return rho


@pytest.fixture
def given():
    """Theta, Z and their context, whose blocks can be made small, and the pairs that may be edges."""
    g = torch.Generator().manual_seed(0)
    features = torch.randn(1, 5, 12, FIRST_FEATURES, generator=g)
    index = torch.randperm(12, generator=g)[:5][None]
    theta, Z = torch.rand(2, 1, 5, 12, generator=g)
    allowed = not_self(index, 12)
    return theta, Z, _make_context(features, torch.rand(1, 12, generator=g), index, allowed), allowed


def ensemble(*networks: ContextRho) -> EnsembleRho:
    rho = EnsembleRho(FIRST_FEATURES, torch.Generator().manual_seed(9), 4, 1, len(networks))
    for member, trained in zip(rho.members, networks, strict=True):
        member.load_state_dict(trained.state_dict())
    return rho


@torch.no_grad()
@pytest.mark.parametrize("pairs", [None, 1, 5 * 4, 10**6])
def test_logits_are_the_offset_and_the_members_shares_also_in_blocks(pairs, given, monkeypatch):
    theta, Z, context, allowed = given
    first, second = network(0), network(3)
    rho, heard = ensemble(first, second), []
    rho.shares.copy_(torch.tensor([0.25, 2.0]))
    rho.offset.fill_(-1.5)
    wanted = 0.25 * first(theta, Z, context) + 2 * second(theta, Z, context) - 1.5
    if pairs is not None:
        monkeypatch.setattr(context_module, "BLOCK_PAIRS", 0)
        monkeypatch.setattr(context_module, "PAIRS", pairs)
        context.progress = heard.append
    found = rho(theta, Z, context)
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-4, rtol=1e-4)
    if pairs is not None:
        assert heard == sorted(heard) and heard[-1] == pytest.approx(1)


@torch.no_grad()
@pytest.mark.parametrize("seeds", [(2,), (3, 3, 3), (0, 5), (1, 4, 1, 0)])
def test_members_are_seated_on_the_first_ones_scale(seeds, given):
    *at, allowed = given
    networks = [network(seed) for seed in seeds]
    rho = ensemble(*networks)
    logits = [one(*at)[allowed] for one in networks]
    set_members(rho, networks, logits)
    for share, values in zip(rho.shares, logits, strict=True):
        wanted = float(logits[0].std()) / len(seeds)
        assert float((share * values).std()) == pytest.approx(wanted, rel=1e-4)
    found = rho(*at)[allowed]
    assert float(found.mean()) == pytest.approx(float(logits[0].mean()), abs=1e-3)
    if len(set(seeds)) == 1:
        torch.testing.assert_close(found, logits[0], atol=1e-4, rtol=1e-4)


# --- training from members ----------------------------------------------------------------------


@pytest.fixture
def members(tmp_path, monkeypatch) -> list[str]:
    """Two files of weights, and small graphs in place of simulations."""
    made = {"train": [graphs(range(4))], "valid": [graphs(range(50, 54))]}
    monkeypatch.setattr(training, "make_batches", lambda graphs, part, *rest: made[part])
    recipes = [Recipe(config=replace(ALONE, seed=seed), loss="cross-entropy") for seed in (0, 1)]
    return [str(saved(tmp_path, recipe, f"member-{i}")) for i, recipe in enumerate(recipes)]


def test_training_starts_from_the_members_and_goes_on_to_better_ones(members):
    recipe = Recipe(
        config=TWO, loss="smooth-ap", epochs=2, lr=0.01, members=tuple(members), schedule="constant"
    )
    seated = training.train(replace(recipe, epochs=0), device="cpu")
    model = recipe.new_model()
    model.load_state_dict(seated.best["auprc"])
    for member, path in zip(model.rho_nn.members, members, strict=True):
        for name, value in load_model(path).rho_nn.state_dict().items():
            assert torch.equal(member.state_dict()[name], value)
    for name, value in load_model(members[0]).lambda_nn.state_dict().items():
        assert torch.equal(model.lambda_nn.state_dict()[name], value)
    item = prepare_batches(model, [graphs(range(4))], "cpu")[0]
    with torch.no_grad():
        logits = run_model(model, item).logits[-1][item.batch.allowed]
    assert float(logits.std()) > 0.1
    trained = training.train(recipe, device="cpu")
    assert trained.history[0] == seated.history[0]
    assert trained.history[2]["loss"] < trained.history[1]["loss"]


def test_members_of_another_kind_are_refused(members):
    recipe = Recipe(config=replace(TWO, context_width=6), epochs=1, members=tuple(members))
    with pytest.raises(InputError, match="has context_width 4, the recipe 6"):
        training.train(recipe, device="cpu")
    with pytest.raises(InputError, match="as many context_members, got 1"):
        Recipe(config=ALONE, members=tuple(members))
    with pytest.raises(InputError, match="no weights"):
        training.train(Recipe(config=TWO, members=(*members[:1], "absent")), device="cpu")
