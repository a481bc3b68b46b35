"""Simulated graphs in batches: their seeds, their truth, and how models are scored on them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from small_graphs import graphs

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig, tf_rows
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.simulation.families import family_preset, observed
from grnular_core.simulation.simulate import preset, simulate
from grnular_core.training import batches
from grnular_core.training.batches import (
    LAST_SEED,
    SEED_STEP,
    _edge_scores,
    check_training_graphs,
    evaluate,
    first_seed,
    loss_inputs,
    make_batches,
    prepare_batches,
    run_model,
)
from grnular_core.training.recipes import Recipe
from grnular_core.utils.errors import InputError

QUICK = GRNULarConfig(hidden=(8,), n_unroll=2, n_inner=2, init_epochs=25)
ALL = [
    GRNULar(QUICK),
    GRNULarBase(QUICK),
    GRNULar(replace(QUICK, rho="context")),
    GLAD(GLADConfig(n_unroll=3)),
    GLADTF(GLADConfig(n_unroll=3)),
]
NAMES = ["grnular", "base", "context", "glad", "glad-tf"]


@pytest.fixture
def small(monkeypatch):
    """Families of 12 genes in two sizes; the sizes change with every group of four."""

    def settings(family, seed):
        return preset(family, n_genes=12, n_cells=20 + 10 * (seed // 4 % 2), n_types=2)

    monkeypatch.setattr(batches, "family_preset", settings)
    return settings


def test_the_seeds_of_training_validation_and_test_never_meet():
    """Also at the last seed and with the most graphs that a recipe may have."""
    taken = [
        (first_seed(part, seed), first_seed(part, seed) + SEED_STEP - 1)
        for part in ("train", "valid", "test")
        for seed in (0, 1, LAST_SEED)
    ]
    for (_, end), (start, _) in pairwise(taken):
        assert end < start
    assert first_seed("train", 1) - first_seed("train", 0) == SEED_STEP


@pytest.mark.parametrize("seed", [0, 7])
def test_a_batch_holds_the_simulations_of_its_seeds(small, seed):
    made = make_batches((("clean", 6), ("noisy(25)", 2)), "valid", seed, batch=4, n_jobs=2)
    assert [b.X.shape for b in made] == [(4, 20, 12), (2, 30, 12), (2, 20, 12)]
    first = first_seed("valid", seed)
    found = [graph for batch in made for graph in zip(*batch, strict=True)]
    wanted = [("clean", first + i) for i in range(6)] + [("noisy(25)", first + i) for i in range(2)]
    for (X, tfs, truth), (family, graph_seed) in zip(found, wanted, strict=True):
        one = simulate(small(family, graph_seed), graph_seed)
        assert np.array_equal(X, observed(one)) and truth.dtype == torch.bool
        assert np.array_equal(tfs, one.tf_index) and np.array_equal(truth, one.adjacency != 0)


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_models_are_scored_over_all_candidates_of_every_graph(model):
    batch = graphs(range(3))
    (item,) = prepare_batches(model, [batch], "cpu")
    with torch.no_grad():
        output = run_model(model, item)
        found, plain = evaluate(model, [item, item]), model(item.batch.X, batch.tf_index)
    values = _edge_scores(model, output, batch.tf_index)
    torch.testing.assert_close(values, _edge_scores(model, plain, batch.tf_index))
    assert values.shape == batch.truth.shape and (values >= 0).all()
    candidates = np.ones((4, 20), dtype=bool)
    candidates[range(4), range(4)] = False  # the TFs are the first four genes
    for i in range(3):
        s, t = values[i].numpy()[candidates], batch.truth[i].numpy()[candidates]
        for got, measure in zip(found, (average_precision_score, roc_auc_score), strict=True):
            assert got[i] == got[i + 3] == pytest.approx(measure(t, s))


@pytest.mark.parametrize("model", ALL, ids=NAMES)
def test_the_loss_sees_logits_z_or_theta_of_every_iteration(model):
    batch = graphs(range(2))
    with torch.no_grad():
        out = model(batch.X, batch.tf_index)
    got = loss_inputs(model, out, batch.tf_index)
    if isinstance(model, GLAD):
        wanted = [tf_rows(theta.abs(), batch.tf_index) for theta, _ in out.unrolled]
    else:
        wanted = out.logits or [theta for theta, _ in out.unrolled]
    assert len(got) == model.config.n_unroll
    assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))
    if model is ALL[NAMES.index("context")]:
        assert len(out.logits) == 2
    on_Z = loss_inputs(model, out, batch.tf_index, logits=False, on="Z")
    Zs = [tf_rows(Z.abs(), batch.tf_index) if isinstance(model, GLAD) else Z for _, Z in out.unrolled]
    assert all(torch.equal(a, b) for a, b in zip(on_Z, Zs, strict=True))


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"train": (("DS1", 4),)}, "DS1 is a test network.*DS1-like"),
        ({"valid": (("clean", 4), ("DS3-clean", 1))}, "DS3-clean is a test network"),
        ({"train": (("cleen", 4),)}, "unknown preset 'cleen'.*or a family"),
        ({"valid": (("clean", 10_001),)}, "at most 10000"),
        ({"seed": 100}, "from 0 to 99"),
        ({"seed": -1}, "from 0 to 99"),
    ],
)
def test_graphs_that_must_not_train_or_choose_a_model_are_refused(change, part):
    with pytest.raises(InputError, match=part):
        check_training_graphs(Recipe(**change))
    check_training_graphs(Recipe(train=(("DS1-like", 4), ("DS3-rewired", 4), ("varied", 10_000)), seed=99))
    assert family_preset("DS1-like", 0).network is None
