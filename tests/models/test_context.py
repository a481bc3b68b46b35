"""rho_nn that sees context: what it may depend on, that all of it learns, that learning helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_graphs import graph, graphs

from grnular_core.models import context as module
from grnular_core.models.context import make_context, row_column_scores
from grnular_core.models.context_rho import ContextLayer, ContextRho, weight_of
from grnular_core.models.edge_features import EDGE_FEATURES
from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.inference import grnular_scores
from grnular_core.models.losses import balanced_cross_entropy, not_self
from grnular_core.training.batches import Prepared, evaluate, prepare_batches, run_model
from grnular_core.training.train import _shuffled

SMALL = GRNULarConfig(
    hidden=(8,), n_unroll=2, n_inner=3, init_epochs=25, rho="context", context_width=6
)


def moved_model(config: GRNULarConfig = SMALL, seed: int = 0) -> GRNULar:
    """A model whose learned parts are far from where they start, as after training."""
    model = GRNULar(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.rho_nn.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model


def case(seed: int = 0, tfs: int = 4, genes: int = 9):
    """A ContextRho that is not at its start, and what it is given, in double precision."""
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(2, tfs, genes, len(EDGE_FEATURES), generator=g, dtype=torch.float64)
    index = torch.stack([torch.randperm(genes, generator=g)[:tfs] for _ in range(2)])
    detected = torch.rand(2, genes, generator=g, dtype=torch.float64)
    theta, Z = (torch.rand(2, tfs, genes, generator=g, dtype=torch.float64) for _ in range(2))
    rho = ContextRho(len(EDGE_FEATURES), g, 6, 2).double()
    with torch.no_grad():
        rho.leave.weight.mul_(10)
    return rho, features, detected, index, theta, Z


# --- the network alone, exactly


def test_permuting_genes_permutes_the_logits():
    rho, features, detected, index, theta, Z = case()
    order = torch.randperm(9, generator=torch.Generator().manual_seed(5))
    context = make_context(features, detected, index, not_self(index, 9))
    moved = torch.argsort(order)[index]
    again = make_context(features[:, :, order], detected[:, order], moved, not_self(moved, 9))
    logits = rho(theta, Z, context)
    torch.testing.assert_close(rho(theta[:, :, order], Z[:, :, order], again), logits[:, :, order])


def test_permuting_tfs_permutes_the_logits():
    rho, features, detected, index, theta, Z = case()
    order = torch.tensor([2, 0, 3, 1])
    context = make_context(features, detected, index, not_self(index, 9))
    moved = index[:, order]
    again = make_context(features[:, order], detected, moved, not_self(moved, 9))
    torch.testing.assert_close(
        rho(theta[:, order], Z[:, order], again), rho(theta, Z, context)[:, order]
    )


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_pairs_that_cannot_be_edges_have_no_influence(value):
    rho, features, detected, index, theta, Z = case()
    constant = next(gene for gene in range(9) if not (index == gene).any())
    allowed = not_self(index, 9)
    allowed[:, :, constant] = False
    plain = rho(theta, Z, make_context(features, detected, index, allowed))
    features, theta, Z = features.clone(), theta.clone(), Z.clone()
    at = torch.zeros_like(allowed)
    at[:, :, constant] = True
    for part in (features, theta, Z):
        part[at] = value
    again = rho(theta, Z, make_context(features, detected, index, allowed))
    torch.testing.assert_close(again[allowed], plain[allowed])


def test_more_genes_that_never_vary_change_nothing():
    rho, features, detected, index, theta, Z = case()
    allowed = not_self(index, 9)
    plain = rho(theta, Z, make_context(features, detected, index, allowed))

    def padded(x: torch.Tensor, axis: int) -> torch.Tensor:
        return torch.cat([x, torch.zeros_like(x.narrow(axis, 0, 3))], axis)

    context = make_context(padded(features, 2), padded(detected, 1), index, padded(allowed, 2))
    again = rho(padded(theta, 2), padded(Z, 2), context)
    torch.testing.assert_close(again[:, :, :9], plain)


def test_one_network_takes_any_number_of_genes_and_tfs():
    for tfs, genes in ((1, 2), (1, 30), (12, 12), (3, 40)):
        rho, features, detected, index, theta, Z = case(tfs=tfs, genes=genes)
        context = make_context(features, detected, index, not_self(index, genes))
        assert rho(theta, Z, context).shape == (2, tfs, genes)
        assert rho(theta, Z, context).isfinite().all()


def test_only_the_shape_of_theta_counts_and_not_its_scale():
    rho, features, detected, index, theta, Z = case()
    context = make_context(features, detected, index, not_self(index, 9))
    torch.testing.assert_close(
        rho(50 * theta, 50 * Z, context), rho(theta, Z, context), atol=1e-3, rtol=1e-3
    )


def test_between_tfs_the_reverse_edge_is_seen():
    """A layer that sees nothing else moves an edge between TFs by its reverse edge, and no other."""
    _, features, detected, index, _, _ = case(genes=5, tfs=2)
    rho = ContextRho(len(EDGE_FEATURES), torch.Generator().manual_seed(0), 4, 1).double()
    layer = rho.layers[0]
    with torch.no_grad():
        for part in (layer.own, layer.correlated, layer.row, layer.column):
            part.weight.zero_()
        layer.reverse.weight.copy_(torch.eye(4))
    context = make_context(features, detected, index, not_self(index, 5))
    seen = []
    layer.norm.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    h = []
    layer.register_forward_pre_hook(lambda _, args: h.append(args[0]))
    theta, Z = torch.rand(2, 2, 2, 5, dtype=torch.float64)
    rho(theta, Z, context)
    gelu = torch.nn.functional.gelu
    for i, (first, second) in enumerate(index.tolist()):
        wanted = torch.zeros(2, 5, 4, dtype=torch.float64)
        wanted[0, second] = h[0][i, 1, first]
        wanted[1, first] = h[0][i, 0, second]
        wanted[0, first], wanted[1, second] = h[0][i, 0, first], h[0][i, 1, second]
        torch.testing.assert_close(seen[0][i], gelu(wanted))
    assert isinstance(layer, ContextLayer)


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


def test_nothing_to_stand_out_from_gives_finite_numbers_and_gradients():
    rho, features, detected, index, theta, Z = case()
    nothing = torch.zeros_like(not_self(index, 9))
    for allowed in (nothing, not_self(index, 9)):
        flat = torch.zeros_like(theta).requires_grad_()
        context = make_context(features * 0, detected * 0, index, allowed)
        logits = rho(flat, flat, context)
        logits.sum().backward()
        assert logits.isfinite().all() and flat.grad.isfinite().all()
        assert all(p.grad is None or p.grad.isfinite().all() for p in rho.parameters())


def test_correlated_tfs_are_mixed_by_scaled_weights():
    _, features, detected, index, _, _ = case()
    context = make_context(features, detected, index, not_self(index, 9))
    assert context.fixed(slice(0, 9)).shape == (2, 4, 9, 3 * len(EDGE_FEATURES) + 2)
    assert (context.C.diagonal(dim1=1, dim2=2) == 0).all()
    assert (context.C >= 0).all() and (context.C.sum(2) < 1).all()


# --- the model


def test_permuting_genes_and_tfs_permutes_the_result():
    X, tfs, _ = graph()
    model = moved_model()
    scores, signs = grnular_scores(X, tfs, model=model)
    rng = np.random.default_rng(1)
    columns, rows = rng.permutation(20), rng.permutation(4)
    moved = np.argsort(columns)[tfs][rows]
    again, again_signs = grnular_scores(X[:, columns], moved, model=model)
    np.testing.assert_allclose(again, scores[np.ix_(rows, columns)], atol=1e-5)
    assert np.array_equal(again_signs, signs[np.ix_(rows, columns)])


def test_the_scale_of_a_gene_does_nothing():
    X, tfs, _ = graph()
    model = moved_model()
    scaled = X * np.random.default_rng(2).uniform(0.01, 100, 20)
    scores, signs = grnular_scores(X, tfs, model=model)
    again, again_signs = grnular_scores(scaled, tfs, model=model)
    np.testing.assert_allclose(again, scores, atol=1e-4)
    assert np.array_equal(again_signs, signs) and scores.std() > 0.01


def test_a_batch_equals_its_graphs_one_by_one():
    X, tfs, _ = graphs()
    model = moved_model().double()
    with torch.no_grad():
        together = model(X, tfs)
        for i in range(3):
            alone = model(X[i : i + 1], tfs[i : i + 1])
            torch.testing.assert_close(alone.logits[-1][0], together.logits[-1][i])
            torch.testing.assert_close(alone.Z[0], together.Z[i])


def test_z_is_theta_times_the_chance_of_an_edge_and_own_pairs_score_zero():
    X, tfs, _ = graphs()
    with torch.no_grad():
        out = moved_model()(X, tfs)
    own = ~not_self(tfs, 20)
    assert len(out.logits) == 2
    assert (out.scores[own] == 0).all() and (out.scores[~own] > 0).all()
    chance = out.logits[-1].sigmoid() * ~own
    torch.testing.assert_close(out.Z, out.theta * chance, atol=1e-6, rtol=1e-4)


def test_constant_genes_score_zero_and_leave_gradients_finite():
    X, tfs, truth = graphs()
    X[:, :, 1], X[:, :, 10] = 0, 2.0
    model = moved_model()
    out = model(X, tfs)
    assert (out.scores[:, 1] == 0).all() and (out.scores[:, :, [1, 10]] == 0).all()
    assert (out.scores[:, 0, 2:10] > 0).all()
    balanced_cross_entropy(out.logits[-1], truth, not_self(tfs, 20)).mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("inner_gradient", ["cut", "through"])
def test_gradients_reach_every_parameter(inner_gradient):
    X, tfs, truth = graphs()
    model = moved_model(replace(SMALL, inner_gradient=inner_gradient))
    logits = model(X, tfs).logits
    sum(balanced_cross_entropy(x, truth, not_self(tfs, 20)).mean() for x in logits).backward()
    for name, parameter in model.named_parameters():
        if name.startswith("lambda_nn") and inner_gradient == "cut":
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None and (parameter.grad != 0).any(), name


def fitted(items: list[Prepared], steps: int = 25) -> GRNULar:
    """An untrained model after some steps of Adam on prepared graphs."""
    model = GRNULar(SMALL)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        for item in items:
            optimiser.zero_grad()
            logits = run_model(model, item).logits[-1]
            balanced_cross_entropy(logits, item.batch.truth, item.batch.allowed).mean().backward()
            optimiser.step()
    return model


def test_training_on_few_graphs_helps_on_fresh_ones_and_shuffled_labels_do_not():
    made, fresh = graphs(range(8)), graphs(range(100, 112))
    wrong = _shuffled(made, torch.Generator().manual_seed(0))
    untrained = GRNULar(SMALL)
    items, shuffled, new = (prepare_batches(untrained, [b], "cpu") for b in (made, wrong, fresh))
    found = [evaluate(m, new).auprc.mean() for m in (untrained, fitted(items), fitted(shuffled))]
    assert found[1] > found[0] + 0.1 and found[1] > found[2] + 0.1


def test_the_order_of_the_surest_edges_is_kept():
    logits = torch.tensor([-90.0, -30.0, -3.0, 0.0, 19.9, 20.1, 50.0, 51.0, 1e4])
    weight, chance = weight_of(logits), logits.double().sigmoid()
    assert (weight.diff() > 0).all() and (weight > 0).all()
    torch.testing.assert_close(weight[:2], chance[:2], rtol=1e-9, atol=0)
    torch.testing.assert_close(weight[-4:], logits[-4:].double(), rtol=1e-8, atol=0)
    assert chance[-1] == chance[-2] == chance[-3] == 1


# --- in blocks of genes


def large_case(tfs: int = 12, genes: int = 70, layers: int = 2, seed: int = 0):
    """A ContextRho far from its start, and data with genes and a TF that cannot have edges."""
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(1, tfs, genes, len(EDGE_FEATURES), generator=g)
    index = torch.randperm(genes, generator=g)[:tfs]
    theta, Z = torch.rand(2, 1, tfs, genes, generator=g)
    allowed = torch.ones(1, tfs, genes, dtype=torch.bool)
    allowed[0, range(tfs), index] = False
    allowed[:, :, 5], allowed[:, -1] = False, False
    rho = ContextRho(len(EDGE_FEATURES), g, 8, layers)
    with torch.no_grad():
        rho.leave.weight.mul_(10)
        for layer in rho.layers:
            layer.norm.bias.add_(torch.randn(8, generator=g))
    return rho, features, torch.rand(1, genes, generator=g), index, allowed, theta, Z


def both(rho, theta, Z, features, detected, index, allowed, pairs, partners="all"):
    """Logits of all genes at once and in blocks of so many pairs, whose progress rises to 1."""
    context = make_context(features, detected, index[None], allowed, partners)
    heard: list[float] = []
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        wanted = rho(theta, Z, context)
        patch.setattr(module, "BLOCK_PAIRS", 0)
        patch.setattr(module, "PAIRS", pairs)
        context.progress = heard.append
        found = rho(theta, Z, context)
    assert heard == sorted(heard) and heard[-1] == pytest.approx(1)
    return wanted, found


@pytest.mark.parametrize("partners", ["all", "within"])
@pytest.mark.parametrize("pairs", [1, 12 * 7, 12 * 64, 10**9])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_logits_are_the_same_for_any_size_of_block(pairs, layers, partners):
    rho, features, detected, index, allowed, theta, Z = large_case(layers=layers)
    wanted, found = both(rho, theta, Z, features, detected, index, allowed, pairs, partners)
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-5, rtol=1e-5)
    assert wanted[allowed].std() > 0.1


@pytest.mark.parametrize(("tfs", "genes"), [(1, 2), (1, 30), (9, 9), (3, 40)])
def test_any_number_of_genes_and_tfs(tfs, genes):
    rho, features, detected, index, allowed, theta, Z = large_case(tfs, max(genes, 6))
    wanted, found = both(rho, theta, Z, features, detected, index, allowed, 5)
    assert found.isfinite().all()
    torch.testing.assert_close(found[allowed], wanted[allowed], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("members", "partners"), [(1, "all"), (2, "all"), (1, "within")])
def test_a_large_graph_is_seen_in_blocks_where_no_gradient_is_asked_for(
    members, partners, monkeypatch
):
    """The same scores either way; training keeps its gradients, a batch of graphs its axis."""
    config = GRNULarConfig(
        hidden=(8,), n_unroll=2, n_inner=3, init_epochs=25, rho="context", context_width=6,
        context_members=members, context_features=len(EDGE_FEATURES), context_partners=partners,
    )  # fmt: skip
    model, batch = GRNULar(config), graphs(range(1), n_genes=30)
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
