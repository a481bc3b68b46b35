"""What every unrolled model keeps: order and units say nothing, degenerate data do no harm, seeds count."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_graphs import CONTEXT, graph, graphs, moved_model

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.models.inference import model_scores
from grnular_core.utils.errors import InputError

ENTRY = GRNULarConfig(hidden=(12,), n_unroll=3, n_inner=5, init_epochs=30)
UNROLLED = GLADConfig(n_unroll=3)
MODELS = {
    "grnular": lambda: GRNULar(ENTRY),
    "grnular-base": lambda: GRNULarBase(ENTRY),
    "grnular-context": moved_model,
    "ensemble": lambda: moved_model(replace(CONTEXT, context_members=2, context_layers=1)),
    "glad": lambda: GLAD(UNROLLED),
    "glad-tf": lambda: GLADTF(UNROLLED),
}
every_model = pytest.mark.parametrize("kind", MODELS)
UNTRAINED = {"grnular": (GRNULar, ENTRY), "glad-tf": (GLADTF, UNROLLED)}


@every_model
def test_permuting_genes_and_tfs_permutes_the_result(kind):
    X, tfs, _ = graph()
    scores, signs = model_scores(MODELS[kind](), X, tfs)
    rng = np.random.default_rng(1)
    columns, rows = rng.permutation(20), rng.permutation(4)
    moved = np.argsort(columns)[tfs][rows]  # where each TF went, TFs in another order
    again, again_signs = model_scores(MODELS[kind](), X[:, columns], moved)
    np.testing.assert_allclose(again, scores[np.ix_(rows, columns)], atol=1e-5)
    assert np.array_equal(again_signs, signs[np.ix_(rows, columns)])


@every_model
def test_the_scale_of_a_gene_does_nothing_nor_where_zeros_do_not_count_its_origin(kind):
    X, tfs, _ = graph()
    scores, signs = model_scores(MODELS[kind](), X, tfs)
    rng = np.random.default_rng(2)
    other = X * rng.uniform(0.01, 100, 20)
    if kind not in ("grnular-context", "ensemble"):
        other += rng.uniform(-5, 5, 20)
    again, again_signs = model_scores(MODELS[kind](), other, tfs)
    np.testing.assert_allclose(again, scores, atol=1e-4)
    assert np.array_equal(again_signs, signs) and scores.std() > 0.01


@every_model
def test_a_batch_equals_its_graphs_one_by_one(kind):
    X, tfs, _ = graphs()
    model = MODELS[kind]().double()
    with torch.no_grad():
        together = model(X, tfs)
        for i in range(3):
            alone = model(X[i : i + 1], tfs[i : i + 1])
            for name in ("theta", "Z", "lam"):
                one, whole = getattr(alone, name)[0], getattr(together, name)[i]
                torch.testing.assert_close(one, whole, atol=1e-6, rtol=1e-6)
            if getattr(together, "logits", ()):
                one, whole = alone.logits[-1][0], together.logits[-1][i]
                torch.testing.assert_close(one, whole, atol=1e-5, rtol=1e-5)


@every_model
def test_constant_genes_score_zero_and_leave_gradients_finite(kind):
    X, tfs, _ = graph()
    for dtype in (np.float32, np.float64, np.int64):
        table = (100 * X).astype(dtype)
        table[:, 1], table[:, 10], table[:, 11] = 7, 0, 1 / 3
        scores, signs = model_scores(MODELS[kind](), table, tfs)
        assert np.isfinite(scores).all()
        assert (scores[:, [1, 10, 11]] == 0).all() and (scores[1] == 0).all()
        assert (signs[scores == 0] == 0).all() and (scores[0, 2:10] > 0).all()
        assert (scores[range(4), range(4)] == 0).all()
    for mode in ["none"] if "glad" in kind else ["cut", "through"]:
        model = MODELS[kind]()
        if mode != "none":
            model.config = replace(model.config, inner_gradient=mode)
        out = model(torch.tensor(table)[None], torch.tensor(tfs))
        seen = [*out.unrolled, getattr(out, "logits", ())]
        sum(x.sum() for parts in seen for x in parts).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@every_model
@pytest.mark.parametrize(
    "X", [np.zeros((5, 4)), np.ones((1, 4)), np.eye(2, 4), np.eye(3, 4) * 1e300]
)
def test_degenerate_data_give_finite_numbers(kind, X):
    scores, signs = model_scores(MODELS[kind](), X, [0, 1])
    assert np.isfinite(scores).all() and set(np.unique(signs)) <= {-1, 0, 1}


@every_model
def test_progress_counts_the_iterations(kind):
    X, tfs, _ = graph()
    model, seen = MODELS[kind](), []
    model_scores(model, X, tfs, progress=lambda done, total: seen.append((done, total)))
    n_unroll = model.config.n_unroll
    assert seen == [(i, n_unroll) for i in range(n_unroll + 1)]


@pytest.mark.parametrize("kind", UNTRAINED)
def test_a_seed_fixes_the_numbers_and_the_global_one_is_neither_used_nor_moved(kind):
    X, tfs, _ = graph()
    model, config = UNTRAINED[kind]
    first, other = (model_scores(model(replace(config, seed=seed)), X, tfs)[0] for seed in (0, 1))
    assert not np.array_equal(first, other)
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    assert np.array_equal(first, model_scores(model(config), X, tfs)[0])
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("kind", "mode", "learned"),
    [
        ("grnular", "cut", {"rho_nn"}),
        ("grnular", "through", {"rho_nn", "lambda_nn"}),
        ("grnular-base", "cut", {"rho_nn"}),
        ("grnular-base", "through", {"rho_nn", "lambda_nn"}),
        ("grnular-context", "cut", {"rho_nn"}),
        ("grnular-context", "through", {"rho_nn", "lambda_nn"}),
        ("glad-tf", None, {"rho_nn", "lambda_nn", "log_offset"}),
    ],
)
def test_training_reaches_what_each_mode_promises(kind, mode, learned):
    X, tfs, _ = graphs(range(2))
    model = MODELS[kind]()
    if mode:
        model.config = replace(model.config, inner_gradient=mode, lam_scale=1.0)
    out = model(X, tfs)
    if mode:
        assert out.theta.requires_grad == (mode == "through") and out.Z.requires_grad
    seen = out.logits or (out.Z,) if mode else (out.Z,)
    (out.theta.sum() + sum(x.square().sum() for x in seen)).backward()
    moved = {n for n, p in model.named_parameters() if p.grad is not None and (p.grad != 0).any()}
    assert {name.split(".")[0] for name in moved} == learned
    if kind == "grnular-context":  # all of it learns
        assert {n for n, _ in model.named_parameters() if n.startswith("rho_nn")} <= moved


@every_model
@pytest.mark.parametrize(
    ("X", "tfs", "part"),
    [
        (np.full((5, 4), np.nan), [0], "finite"),
        (np.ones(5), [0], "cells x genes"),
        (np.eye(5), [], "at least one TF"),
        (np.eye(5), [1, 1], "each once"),
        (np.eye(5), [5], "0 to 4"),
        (np.eye(5), [-1], "0 to 4"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(kind, X, tfs, part):
    with pytest.raises(InputError, match=part):
        model_scores(MODELS[kind](), X, tfs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_model
def test_gpu_and_cpu_agree(kind):
    X, tfs, _ = graph()
    cpu, gpu = (model_scores(MODELS[kind](), X, tfs, device=d)[0] for d in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu, gpu, atol=0.05 * cpu.max())
