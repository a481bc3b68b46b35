"""Training: what is learned, what is kept, and that a run that was stopped goes on as if it were not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import graphs
from small_weights import RECIPE

from grnular_core.models.glad import GLADConfig
from grnular_core.models.losses import (
    balanced_cross_entropy,
    balanced_loss,
    smooth_ap_loss,
    summed_loss,
)
from grnular_core.training import train as training
from grnular_core.training.batches import GraphScores, evaluate, prepare_batches
from grnular_core.training.checkpoints import (
    MEASURES,
    Progress,
    load_checkpoint,
    save_checkpoint,
    weights_of,
)
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import _rate, _shuffled, loss_of, train
from grnular_core.utils.errors import InputError, MethodError

CONTEXT = RECIPE.config
LEARNING = Recipe(
    config=CONTEXT, epochs=6, lr=0.02, loss="cross-entropy", schedule="rise-and-fall",
    weight_decay=0.01,
)  # fmt: skip
ENTRY = replace(CONTEXT, rho="entry")
KINDS = {
    "grnular": replace(LEARNING, loss="smooth-ap", iterates="last"),
    "published": Recipe(config=ENTRY, epochs=4),
    "cut": Recipe(config=replace(ENTRY, inner_gradient="cut"), epochs=4, loss_on="Z"),
    "glad-tf": Recipe("glad-tf", GLADConfig(n_unroll=2), epochs=4, loss="summed"),
}


@pytest.fixture(scope="module", autouse=True)
def small():
    """Small graphs in place of simulations, others to train on than to validate with."""
    made = {
        "train": [graphs(range(i, i + 2)) for i in (0, 2, 4)],
        "valid": [graphs(range(50, 54)), graphs(range(54, 56), n_genes=16)],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "make_batches", lambda graphs, part, *rest: made[part])
        yield made


@pytest.fixture(scope="module")
def learned(small) -> Progress:
    """A finished training."""
    return train(LEARNING, device="cpu")


def same(a: Progress, b: Progress) -> bool:
    """All that a training leaves but how long it took."""
    rows = [[{**row, "seconds": 0} for row in progress.history] for progress in (a, b)]
    weights = [
        torch.equal(value, b.best[measure][name])
        for measure in MEASURES
        for name, value in a.best[measure].items()
    ]
    return a.epoch == b.epoch and rows[0] == rows[1] and all(weights)


class Stop(Exception):
    pass


def stopped_after(epoch: int):
    def look(progress: Progress) -> None:
        if progress.epoch == epoch:
            raise Stop

    return look


# --- learning


def test_training_helps_and_shuffled_labels_do_not(learned):
    wrong = train(replace(LEARNING, shuffled=True), device="cpu")
    untrained = learned.history[0]["valid_auprc"]
    best, best_wrong = (p.best_row("auprc")["valid_auprc"] for p in (learned, wrong))
    assert best > untrained + 0.1 and best > best_wrong + 0.1


def test_the_history_has_a_row_an_epoch_and_the_best_weights_are_kept(learned, small):
    first, *rest = learned.history
    assert [row["epoch"] for row in learned.history] == list(range(7)) and learned.epoch == 6
    assert set(first) == {"epoch", "valid_auprc", "valid_auroc"}
    assert {frozenset(row) for row in rest} == {frozenset({*first, "loss", "seconds"})}
    assert rest[-1]["loss"] < rest[0]["loss"]
    for measure in MEASURES:
        model = LEARNING.new_model()
        model.load_state_dict(learned.best[measure])
        found = evaluate(model, prepare_batches(model, small["valid"], "cpu"))
        best = max(row[f"valid_{measure}"] for row in learned.history)
        assert getattr(found, measure).mean() == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(
    ("validation", "best"),
    [
        ([(0.1, 0.6), (0.3, 0.5), (0.3, 0.7), (0.2, 0.7)], (1, 2)),  # the first of equals
        ([(0.9, 0.9), (0.8, 0.8), (0.7, 0.7)], (0, 0)),  # the untrained model is a candidate
    ],
)
def test_auprc_and_auroc_keep_weights_of_their_own(validation, best, monkeypatch):
    scores = iter(validation)
    found = lambda *_: GraphScores(*(np.array([x]) for x in next(scores)))  # noqa: E731
    monkeypatch.setattr(training, "evaluate", found)
    seen = []

    def look(progress: Progress) -> None:
        seen.append({measure: dict(kept) for measure, kept in progress.best.items()})

    recipe = replace(LEARNING, epochs=len(validation) - 1)
    progress = train(recipe, device="cpu", after_epoch=look)
    untrained = LEARNING.new_model().state_dict()
    for measure, epoch in zip(MEASURES, best, strict=True):
        assert progress.best_row(measure)["epoch"] == epoch
        for name, value in progress.best[measure].items():
            assert torch.equal(value, seen[epoch][measure][name])
            assert epoch or torch.equal(value, untrained[name])
    moved = [torch.equal(v, progress.best["auroc"][n]) for n, v in progress.best["auprc"].items()]
    assert all(moved) == (best[0] == best[1])


def test_a_loss_that_is_no_number_stops_the_training(monkeypatch, tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    with pytest.raises(Stop):
        train(LEARNING, checkpoint=checkpoint, device="cpu", after_epoch=stopped_after(1))
    before = checkpoint.read_bytes()
    monkeypatch.setattr(training, "loss_of", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(MethodError, match="nan in epoch 2.*smaller lr"):
        train(LEARNING, checkpoint=checkpoint, device="cpu")
    assert checkpoint.read_bytes() == before


# --- its parts


def test_the_rate_rises_over_a_tenth_of_the_steps_and_falls_to_nothing():
    rates = [_rate(LEARNING, step, 100) / LEARNING.lr for step in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.98 < max(rates) <= 1 and 0 < rates[0] < 0.2 and 0 < rates[-1] < 0.02
    assert len(set(rates)) > 90
    assert {_rate(KINDS["published"], step, 100) for step in range(100)} == {0.01}


def test_shuffled_labels_keep_their_number_and_no_self_pair():
    batch = graphs(range(3))
    wrong = _shuffled(batch, torch.Generator().manual_seed(0))
    assert torch.equal(wrong.truth.sum((1, 2)), batch.truth.sum((1, 2)))
    assert not wrong.truth[~batch.allowed].any() and not torch.equal(wrong.truth, batch.truth)
    assert torch.equal(wrong.X, batch.X)


def test_the_loss_is_the_recipes():
    batch = graphs(range(3))
    given_ = (batch.truth, batch.allowed)
    generator = torch.Generator().manual_seed(0)
    cases = [
        (LEARNING, balanced_cross_entropy, "logits"),
        (replace(LEARNING, loss="smooth-ap"), smooth_ap_loss, "logits"),
        (replace(LEARNING, loss="balanced", loss_on="Z"), balanced_loss, "Z"),
        (KINDS["published"], balanced_loss, "theta"),
        (KINDS["cut"], balanced_loss, "Z"),
        (replace(KINDS["published"], loss="summed"), summed_loss, "theta"),
    ]
    for recipe, loss, what in cases:
        model = recipe.new_model()
        out = model(batch.X, batch.tf_index)
        iterates_of = {"logits": out.logits, "theta": [t for t, _ in out.unrolled], "Z": [Z for _, Z in out.unrolled]}
        seen = iterates_of[what]
        more = {"beta": recipe.beta} if what != "logits" else {}
        each = [float(loss(x, *given_, **more).mean().detach()) for x in seen]
        for iterates, wanted in (("last", each[-1]), ("all", sum(each) / len(each))):
            got = loss_of(replace(recipe, iterates=iterates), model, out, batch, generator)
            assert float(got.detach()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("kind", ["grnular", "published"])
def test_genes_that_do_not_vary_have_no_say_in_the_loss(kind):
    batch, model, found = graphs(range(2)), KINDS[kind].new_model(), []
    batch.X[:, :, 9] = 0
    for wrong in (False, True):
        truth = batch.truth.clone()
        truth[:, :, 9] = wrong
        output = model(batch.X, batch.tf_index)
        loss = loss_of(KINDS[kind], model, output, batch._replace(truth=truth), torch.Generator().manual_seed(0))
        found.append(float(loss.detach()))
    assert found[0] == found[1]


def test_every_epoch_has_all_batches_in_an_order_of_its_own():
    orders = [training._epoch_order(LEARNING, epoch, 20) for epoch in range(3)]
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert len(set(map(tuple, orders))) == 3 and orders[1] == training._epoch_order(LEARNING, 1, 20)


def test_a_steps_gradient_is_clipped_to_the_norm_of_the_recipe(monkeypatch):
    norms = []
    real = torch.nn.utils.clip_grad_norm_

    def clip(parameters, most):
        parameters = list(parameters)
        real(parameters, most)
        norms.append(float(torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm()))

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    for clip_at in (1e-4, 0.0):
        train(replace(KINDS["published"], epochs=1, clip=clip_at), device="cpu")
    half = len(norms) // 2
    assert max(norms[:half]) <= 1e-4 * (1 + 1e-4) < min(norms[half:])


def test_only_what_may_train_or_choose_a_model_is_simulated():
    with pytest.raises(InputError, match="DS2 is a test network"):
        train(replace(LEARNING, valid=(("DS2", 2),)), device="cpu")


# --- stopping and going on


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_training_ends_with_the_same_weights_whatever_the_global_seed(kind, tmp_path):
    recipe, lines = KINDS[kind], []
    before = torch.random.get_rng_state()
    whole = train(recipe, device="cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    assert len({row["valid_auprc"] for row in whole.history}) > 1  # it learns something
    torch.manual_seed(6)
    checkpoint = tmp_path / "c.safetensors"
    for epoch in (0, 2):
        with pytest.raises(Stop):
            train(recipe, checkpoint=checkpoint, device="cpu", after_epoch=stopped_after(epoch))
    assert same(whole, train(recipe, checkpoint=checkpoint, device="cpu", say=lines.append))
    assert lines[0] == f"going on after epoch 2 of {recipe.epochs}"
    nothing_left = stopped_after(recipe.epochs)
    assert same(whole, train(recipe, checkpoint=checkpoint, after_epoch=nothing_left))


def test_a_checkpoint_of_another_recipe_is_refused_and_left_alone(tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    train(replace(LEARNING, epochs=1), checkpoint=checkpoint, device="cpu")
    before = checkpoint.read_bytes()
    for change, part in (
        ({"lr": 0.5}, "lr is 0.02 there and 0.5 here"),
        ({"config": replace(CONTEXT, n_unroll=3)}, "config.n_unroll is 2 there and 3 here"),
        ({"shuffled": True}, "shuffled is False there"),
    ):
        with pytest.raises(InputError, match=f"by another recipe .{part}"):
            train(replace(LEARNING, epochs=1, **change), checkpoint=checkpoint, device="cpu")
    assert checkpoint.read_bytes() == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A checkpoint as a training writes it, and its bytes."""
    path = tmp_path_factory.mktemp("checkpoint") / "c.safetensors"
    model = LEARNING.new_model()
    optimiser = torch.optim.AdamW(model.parameters(), 0.01)
    sum(p.square().sum() for p in model.rho_nn.parameters()).backward()
    optimiser.step()
    best = {measure: weights_of(model) for measure in MEASURES}
    row = {"epoch": 0, "valid_auprc": 0.5, "valid_auroc": 0.5}
    save_checkpoint(path, LEARNING, model, optimiser, Progress(0, [row], best))
    return path, path.read_bytes()


def load(path):
    model = LEARNING.new_model()
    return load_checkpoint(path, LEARNING, model, torch.optim.AdamW(model.parameters(), 0.01))


@given(st.data(), st.sampled_from(["one byte", "cut", "other"]))
def test_a_damaged_checkpoint_is_noticed(whole, data, damage):
    path, right = whole
    at = data.draw(st.integers(0, len(right) - 1) | st.integers(0, 3000))
    changed = bytearray(right)
    changed[at] ^= data.draw(st.integers(1, 255))
    other = data.draw(st.binary(max_size=20))
    path.write_bytes({"one byte": bytes(changed), "cut": right[:at], "other": other}[damage])
    with pytest.raises(InputError) as caught:
        load(path)
    assert "remove it to start anew" in str(caught.value) and "\n" not in str(caught.value)
    path.write_bytes(right)
    assert load(path).epoch == 0
