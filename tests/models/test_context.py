"""rho_nn that sees context: what it may depend on, and that blocks of genes change nothing."""

from dataclasses import replace

import pytest
import torch
from small_graphs import CONTEXT, graphs, moved_model

from grnular_core.models import context as module
from grnular_core.models.context import _make_context, row_column_scores
from grnular_core.models.context_rho import ContextRho, weight_of
from grnular_core.models.edge_features import EDGE_FEATURES
from grnular_core.models.losses import not_self


def case(tfs: int = 4, genes: int = 9, graphs: int = 2, layers: int = 2):
    """A ContextRho that is not at its start, and what it is given, in double precision."""
    g = torch.Generator().manual_seed(0)
    features = torch.randn(graphs, tfs, genes, len(EDGE_FEATURES), generator=g).double()
    index = torch.stack([torch.randperm(genes, generator=g)[:tfs] for _ in range(graphs)])
    detected = torch.rand(graphs, genes, generator=g).double()
    theta, Z = torch.rand(2, graphs, tfs, genes, generator=g).double()
    rho = ContextRho(len(EDGE_FEATURES), g, 6, layers).double()
    with torch.no_grad():
        rho.leave.weight.mul_(10)
        for layer in rho.layers:
            layer.norm.bias.add_(torch.randn(6, generator=g))
    return rho, features, detected, index, theta, Z


def logits_of(rho, features, detected, index, theta, Z, allowed=None):
    """What the network says of the case; all pairs but a TF and itself are candidates."""
    if allowed is None:
        allowed = not_self(index, theta.shape[2])
    return rho(theta, Z, _make_context(features, detected, index, allowed))


# --- the network alone, exactly


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_pairs_that_cannot_be_edges_have_no_influence(value):
    rho, features, detected, index, theta, Z = given = case()
    constant = next(gene for gene in range(9) if not (index == gene).any())
    allowed = not_self(index, 9)
    allowed[:, :, constant] = False
    plain = logits_of(*given, allowed)
    for part in (features, theta, Z):
        part[:, :, constant] = value
    torch.testing.assert_close(logits_of(*given, allowed)[allowed], plain[allowed])


def test_more_genes_that_never_vary_change_nothing():
    rho, features, detected, index, theta, Z = given = case()

    def padded(x: torch.Tensor, axis: int) -> torch.Tensor:
        return torch.cat([x, torch.zeros_like(x.narrow(axis, 0, 3))], axis)

    parts = padded(features, 2), padded(detected, 1), index, padded(theta, 2), padded(Z, 2)
    again = logits_of(rho, *parts, padded(not_self(index, 9), 2))
    torch.testing.assert_close(again[:, :, :9], logits_of(*given))


def test_only_the_shape_of_theta_counts_and_not_its_scale():
    *given, theta, Z = case()
    again = logits_of(*given, 50 * theta, 50 * Z)
    torch.testing.assert_close(again, logits_of(*given, theta, Z), atol=1e-3, rtol=1e-3)


def test_between_tfs_the_reverse_edge_is_seen():
    """A layer that sees nothing else moves an edge between TFs by its reverse edge, and no other."""
    _, *given, _, _ = case(genes=5, tfs=2)
    rho = ContextRho(len(EDGE_FEATURES), torch.Generator().manual_seed(0), 4, 1).double()
    layer = rho.layers[0]
    with torch.no_grad():
        for part in (layer.own, layer.correlated, layer.row, layer.column):
            part.weight.zero_()
        layer.reverse.weight.copy_(torch.eye(4))
    h, seen = [], []
    layer.register_forward_pre_hook(lambda _, args: h.append(args[0]))
    layer.norm.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    logits_of(rho, *given, *torch.rand(2, 2, 2, 5, dtype=torch.float64))
    for i, (first, second) in enumerate(given[-1].tolist()):
        wanted = torch.zeros(2, 5, 4, dtype=torch.float64)
        wanted[0, second] = h[0][i, 1, first]
        wanted[1, first] = h[0][i, 0, second]
        wanted[0, first], wanted[1, second] = h[0][i, 0, first], h[0][i, 1, second]
        torch.testing.assert_close(seen[0][i], torch.nn.functional.gelu(wanted))


def test_correlated_tfs_are_mixed_by_scaled_weights():
    _, features, detected, index, _, _ = case()
    context = _make_context(features, detected, index, not_self(index, 9))
    assert context.fixed(slice(0, 9)).shape == (2, 4, 9, 3 * len(EDGE_FEATURES) + 2)
    assert (context.C.diagonal(dim1=1, dim2=2) == 0).all()
    assert (context.C >= 0).all() and (context.C.sum(2) < 1).all()


def test_row_column_scores_by_hand():
    x = torch.tensor([[[1.0, 3.0, 99.0], [5.0, 3.0, 7.0]]])
    allowed = torch.tensor([[[True, True, False], [True, True, True]]])
    found = row_column_scores(x, allowed)
    assert found[..., 0].tolist() == [[[1, 3, 0], [5, 3, 7]]]
    row = [5 - 5, 3 - 5, 7 - 5]
    torch.testing.assert_close(found[0, 0, :2, 1], torch.tensor([-0.5, 0.5]))
    torch.testing.assert_close(found[0, 1, :, 1], torch.tensor(row) / (8 / 3) ** 0.5 / 2)
    torch.testing.assert_close(found[0, :, 0, 2], torch.tensor([-0.5, 0.5]))
    assert found[0, :, 1, 2].tolist() == [0, 0] and found[0, 0, 2].tolist() == [0, 0, 0]


def test_z_is_theta_times_the_chance_of_an_edge_and_own_pairs_score_zero():
    X, tfs, _ = graphs()
    with torch.no_grad():
        out = moved_model()(X, tfs)
    own = ~not_self(tfs, 20)
    assert len(out.logits) == 2
    assert (out.scores[own] == 0).all() and (out.scores[~own] > 0).all()
    chance = out.logits[-1].sigmoid() * ~own
    torch.testing.assert_close(out.Z, out.theta * chance, atol=1e-6, rtol=1e-4)


def test_the_order_of_the_surest_edges_is_kept():
    logits = torch.tensor([-90.0, -30.0, -3.0, 0.0, 19.9, 20.1, 50.0, 51.0, 1e4])
    weight, chance = weight_of(logits), logits.double().sigmoid()
    assert (weight.diff() > 0).all() and (weight > 0).all()
    torch.testing.assert_close(weight[:2], chance[:2], rtol=1e-9, atol=0)
    torch.testing.assert_close(weight[-4:], logits[-4:].double(), rtol=1e-8, atol=0)
    assert chance[-1] == chance[-2] == chance[-3] == 1


# --- in blocks of genes


@pytest.mark.parametrize("partners", ["all", "within"])
@pytest.mark.parametrize(
    ("pairs", "layers", "tfs", "genes"),
    [(pairs, layers, 12, 70) for pairs in (1, 12 * 7, 12 * 64, 10**9) for layers in (0, 1, 3)]
    + [(5, 2, tfs, genes) for tfs, genes in ((1, 6), (1, 30), (9, 9), (3, 40))],
)
def test_logits_are_the_same_for_any_size_of_block(pairs, layers, tfs, genes, partners):
    rho, features, detected, index, theta, Z = case(tfs, genes, 1, layers)
    allowed = not_self(index, genes)
    allowed[:, :, 5], allowed[:, 1:][:, -1:] = False, False  # a gene and a TF without edges
    context = _make_context(features, detected, index, allowed, partners)
    heard: list[float] = []
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        wanted = rho(theta, Z, context)
        patch.setattr(module, "BLOCK_PAIRS", 0)
        patch.setattr(module, "PAIRS", pairs)
        context.progress = heard.append
        found = rho(theta, Z, context)
    assert heard == sorted(heard) and heard[-1] == pytest.approx(1)
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-5, rtol=1e-5)
    assert wanted.isfinite().all() and wanted[allowed].std() > 0.1


def test_blocks_give_the_same_bits_on_any_number_of_threads_and_whether_features_are_kept(monkeypatch):
    rho, features, detected, index, theta, Z = case(12, 70, 1, 3)
    monkeypatch.setattr(module, "BLOCK_PAIRS", 0)
    monkeypatch.setattr(module, "PAIRS", 12 * 7)
    found, before = [], torch.get_num_threads()
    try:
        for threads, kept in ((1, 0), (2, 0), (3, 10**9)):
            torch.set_num_threads(threads)
            monkeypatch.setattr(module, "KEPT_NUMBERS", kept)
            context = _make_context(features, detected, index, not_self(index, 70))
            with torch.no_grad():
                found += [rho(theta, Z, context), rho(theta, Z, context)]
            assert len(context._fixed) == (10 if kept else 0) and torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize(("members", "partners"), [(1, "all"), (2, "all"), (1, "within")])
def test_a_large_graph_is_seen_in_blocks_where_no_gradient_is_asked_for(
    members, partners, monkeypatch
):
    """The same scores either way; training keeps its gradients, a batch of graphs its axis."""
    more = {"context_members": members, "context_partners": partners}
    model = moved_model(replace(CONTEXT, context_features=len(EDGE_FEATURES), **more))
    batch = graphs(range(1), n_genes=30)
    with torch.no_grad():
        at_once = model(batch.X, batch.tf_index)
    monkeypatch.setattr(module, "BLOCK_PAIRS", 100)
    monkeypatch.setattr(module, "PAIRS", 40)
    blocks, seen = module.Context.blocks, []
    monkeypatch.setattr(
        module.Context, "blocks", lambda self: seen.append(len(blocks(self))) or blocks(self)
    )
    with torch.no_grad():
        in_blocks = model(batch.X, batch.tf_index)
    assert seen == [3] * 2 * members  # once an iteration and member
    torch.testing.assert_close(in_blocks.scores, at_once.scores, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(in_blocks.Z, at_once.Z, atol=1e-5, rtol=1e-4)
    model(batch.X, batch.tf_index).logits[-1].sum().backward()
    assert next(model.rho_nn.parameters()).grad.abs().sum() > 0
    with torch.no_grad():
        model(*graphs(range(2), n_genes=30)[:2])
    assert set(seen[2 * members :]) == {1}
