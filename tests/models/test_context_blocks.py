"""A rho_nn that sees context, run on blocks of genes, against all pairs at once."""

from __future__ import annotations

import pytest
import torch
from small_graphs import graphs

from grnular_core.models import grnular
from grnular_core.models.context import ContextRho, make_context
from grnular_core.models.context_blocks import block_context, block_logits
from grnular_core.models.edge_features import VIEWS
from grnular_core.models.grnular import GRNULar, GRNULarConfig


def case(tfs: int = 12, genes: int = 70, layers: int = 2, seed: int = 0):
    """A ContextRho far from its start, and data with genes and a TF that cannot have edges."""
    g = torch.Generator().manual_seed(seed)
    views = torch.randn(1, tfs, genes, len(VIEWS), generator=g)
    index = torch.randperm(genes, generator=g)[:tfs]
    theta, Z = torch.rand(2, 1, tfs, genes, generator=g)
    allowed = torch.ones(1, tfs, genes, dtype=torch.bool)
    allowed[0, range(tfs), index] = False
    allowed[:, :, 5], allowed[:, -1] = False, False
    rho = ContextRho(len(VIEWS), g, 8, layers)
    with torch.no_grad():
        rho.leave.weight.mul_(10)
        for layer in rho.layers:
            layer.norm.bias.add_(torch.randn(8, generator=g))
    return rho, views, torch.rand(1, genes, generator=g), index, allowed, theta, Z


@pytest.mark.parametrize("partners", ["all", "within"])
@pytest.mark.parametrize("pairs", [1, 12 * 7, 12 * 64, 10**9])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_logits_are_the_same_for_any_size_of_block(pairs, layers, partners):
    rho, views, detected, index, allowed, theta, Z = case(layers=layers)
    with torch.no_grad():
        wanted = rho(theta, Z, make_context(views, detected, index[None], allowed, partners))
    context = block_context(views[0], detected[0], index, allowed[0], pairs, partners)
    found = block_logits(rho, theta, Z, context)
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-5, rtol=1e-5)
    assert wanted[allowed].std() > 0.1


@pytest.mark.parametrize(("tfs", "genes"), [(1, 2), (1, 30), (9, 9), (3, 40)])
def test_any_number_of_genes_and_tfs(tfs, genes):
    rho, views, detected, index, allowed, theta, Z = case(tfs, max(genes, 6))
    with torch.no_grad():
        wanted = rho(theta, Z, make_context(views, detected, index[None], allowed))
    found = block_logits(rho, theta, Z, block_context(views[0], detected[0], index, allowed[0], 5))
    assert found.isfinite().all()
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-5, rtol=1e-5)


def test_progress_rises_to_the_end():
    rho, views, detected, index, allowed, theta, Z = case()
    heard = []
    context = block_context(views[0], detected[0], index, allowed[0], 120)
    block_logits(rho, theta, Z, context, heard.append)
    assert heard == sorted(heard) and len(heard) == 21 and heard[-1] == 1


@pytest.mark.parametrize(("members", "partners"), [(1, "all"), (2, "all"), (1, "within")])
def test_a_large_graph_is_seen_in_blocks_where_no_gradient_is_asked_for(
    members, partners, monkeypatch
):
    """The same scores either way; training keeps its gradients, a batch of graphs its axis."""
    config = GRNULarConfig(
        hidden=(8,), n_unroll=2, n_inner=3, init_epochs=25, rho="context", context_width=6,
        context_members=members, context_views=len(VIEWS), context_partners=partners,
    )  # fmt: skip
    model, batch = GRNULar(config), graphs(range(1), n_genes=30)
    with torch.no_grad():
        at_once = model(batch.X, batch.tf_index)
    monkeypatch.setattr(grnular, "BLOCK_PAIRS", 100)
    seen = []
    monkeypatch.setattr(grnular, "block_logits", lambda *a: seen.append(1) or block_logits(*a))
    with torch.no_grad():
        in_blocks = model(batch.X, batch.tf_index)
    assert len(seen) == 2  # once a cell
    torch.testing.assert_close(in_blocks.scores, at_once.scores, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(in_blocks.Z, at_once.Z, atol=1e-5, rtol=1e-4)
    model(batch.X, batch.tf_index).logits[-1].sum().backward()
    assert next(model.rho_nn.parameters()).grad.abs().sum() > 0
    with torch.no_grad():
        model(*graphs(range(2), n_genes=30)[:2])
    assert len(seen) == 2
