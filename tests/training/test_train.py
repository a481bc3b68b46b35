"""Training: what is learned, what is kept, and that a run that was stopped goes on as if it were not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import graphs

from grnular_core.models.glad import GLADConfig
from grnular_core.models.grnular import GRNULarConfig
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
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import _rate, _shuffled, loss_of, train
from grnular_core.utils.errors import InputError, MethodError

CONTEXT = GRNULarConfig(
    hidden=(8,), n_unroll=2, n_inner=2, init_epochs=25, rho="context", context_width=4,
    context_layers=1,
)  # fmt: skip
LEARNING = Recipe(
    config=CONTEXT, epochs=6, lr=0.02, loss="cross-entropy", schedule="rise-and-fall",
    weight_decay=0.01,
)  # fmt: skip
ENTRY = replace(CONTEXT, rho="entry")
KINDS = {
    "grnular": replace(LEARNING, loss="smooth-ap", iterates="last"),
    "paper": Recipe(config=ENTRY, epochs=4),
    "through": Recipe(config=replace(ENTRY, inner_gradient="through"), epochs=4),
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
    assert wrong.history[0]["valid_auprc"] == untrained
    best, best_wrong = (p.best_row("auprc")["valid_auprc"] for p in (learned, wrong))
    assert best > untrained + 0.1 and best > best_wrong + 0.1


def test_the_history_has_a_row_an_epoch_from_the_untrained_model_on(learned):
    first, *rest = learned.history
    assert [row["epoch"] for row in learned.history] == list(range(7)) and learned.epoch == 6
    assert set(first) == {"epoch", "valid_auprc", "valid_auroc"}
    assert {frozenset(row) for row in rest} == {frozenset({*first, "loss", "seconds"})}
    assert rest[-1]["loss"] < rest[0]["loss"]


def test_the_kept_weights_are_those_of_the_best_epochs(learned, small):
    progress = learned
    for measure in MEASURES:
        model = LEARNING.new_model()
        model.load_state_dict(progress.best[measure])
        found = evaluate(model, prepare_batches(model, small["valid"], "cpu"))
        best = max(row[f"valid_{measure}"] for row in progress.history)
        assert getattr(found, measure).mean() == pytest.approx(best, abs=1e-12)


def test_auprc_and_auroc_keep_weights_of_their_own(monkeypatch):
    told = iter([(0.1, 0.6), (0.3, 0.5), (0.3, 0.7), (0.2, 0.7)])
    monkeypatch.setattr(
        training,
        "evaluate",
        lambda *_: GraphScores(*(torch.tensor([x]).numpy() for x in next(told))),
    )
    seen = {}

    def look(progress: Progress) -> None:
        seen[progress.epoch] = {k: dict(v) for k, v in progress.best.items()}

    progress = train(replace(LEARNING, epochs=3), device="cpu", after_epoch=look)
    assert progress.best_row("auprc")["epoch"] == 1  # the first of equals
    assert progress.best_row("auroc")["epoch"] == 2
    for name, value in progress.best["auprc"].items():
        assert torch.equal(value, seen[1]["auprc"][name])
        assert torch.equal(progress.best["auroc"][name], seen[2]["auroc"][name])
    assert any(
        not torch.equal(v, progress.best["auroc"][n]) for n, v in progress.best["auprc"].items()
    )


def test_the_untrained_model_is_among_the_candidates(monkeypatch):
    told = iter([0.9, 0.8, 0.7])
    monkeypatch.setattr(
        training, "evaluate", lambda *_: GraphScores(*2 * (torch.tensor([next(told)]).numpy(),))
    )
    progress = train(replace(LEARNING, epochs=2), device="cpu")
    untrained = LEARNING.new_model().state_dict()
    for measure in MEASURES:
        assert progress.best_row(measure)["epoch"] == 0
        assert all(torch.equal(v, untrained[n]) for n, v in progress.best[measure].items())


@pytest.mark.parametrize("kind", KINDS)
def test_same_recipe_same_weights_and_every_kind_of_recipe_moves_its_model(kind):
    recipe = replace(KINDS[kind], epochs=2)
    seen = []
    train(recipe, device="cpu", after_epoch=lambda p: seen.append(p.history[-1]["valid_auprc"]))
    assert same(train(recipe, device="cpu"), train(recipe, device="cpu"))
    assert len(set(seen)) > 1


def test_the_global_seed_is_neither_used_nor_moved():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = train(KINDS["grnular"], device="cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(6)
    assert same(first, train(KINDS["grnular"], device="cpu"))


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


def test_no_step_has_a_larger_gradient_than_allowed(monkeypatch):
    """A loss a million times as large must not take larger steps: plain descent shows their size."""
    sizes, original = [], training.loss_of

    def shouting(*arguments):
        return 1e6 * original(*arguments)

    def watched(optimiser):
        gradients = [p.grad for group in optimiser.param_groups for p in group["params"]]
        sizes.append(float(torch.sqrt(sum((g**2).sum() for g in gradients if g is not None))))

    monkeypatch.setattr(training, "loss_of", shouting)
    step = torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: (watched(self), step(self))[1])
    train(replace(LEARNING, epochs=1))
    assert sizes and max(sizes) <= training.CLIP * (1 + 1e-5)
    assert max(sizes) > 0.99 * training.CLIP  # it was cut, not small


def test_the_rate_rises_over_a_tenth_of_the_steps_and_falls_to_nothing():
    rates = [_rate(LEARNING, step, 100) / LEARNING.lr for step in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.98 < max(rates) <= 1 and 0 < rates[0] < 0.2 and 0 < rates[-1] < 0.02
    assert len(set(rates)) > 90
    assert {_rate(KINDS["paper"], step, 100) for step in range(100)} == {0.01}


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
        (replace(LEARNING, loss="balanced"), balanced_loss, "Z"),
        (replace(KINDS["paper"], loss="balanced"), balanced_loss, "Z"),
        (replace(KINDS["paper"], loss="summed"), summed_loss, "Z"),
    ]
    for recipe, loss, what in cases:
        model = recipe.new_model()
        out = model(batch.X, batch.tf_index)
        seen = out.logits if what == "logits" else [Z for _, Z in out.unrolled]
        more = {"beta": recipe.beta} if what == "Z" else {}
        each = [float(loss(x, *given_, **more).mean().detach()) for x in seen]
        for iterates, wanted in (("last", each[-1]), ("all", sum(each) / len(each))):
            got = loss_of(replace(recipe, iterates=iterates), model, out, batch, generator)
            assert float(got.detach()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["grnular-clean", "glad-tf-clean"])
def test_the_papers_loss_is_equation_16_with_beta_two(name):
    """On the last iteration, written out: Z of GRNULar, |theta| of GLAD-TF in the rows of the TFs."""
    batch, recipe = graphs(range(2)), RECIPES[name]
    small = {"hidden": (8,), "n_inner": 2, "init_epochs": 25} if name.startswith("grnular") else {}
    recipe = replace(recipe, config=replace(recipe.config, n_unroll=2, **small))
    model = recipe.new_model()
    with torch.no_grad():
        out = model(batch.X, batch.tf_index)
        found = loss_of(recipe, model, out, batch, torch.Generator())
    theta, Z = out.unrolled[-1]
    predicted = Z if name.startswith("grnular") else theta.abs()[:, :4]  # the TFs come first
    wanted = []
    for p, truth, allowed in zip(predicted.double(), batch.truth, batch.allowed, strict=True):
        p, t = p[allowed], truth[allowed].double()
        tanh = p.tanh()
        tp, fn, fp = (tanh * t).sum(), ((1 - tanh) * t).sum(), (tanh * (1 - t)).sum()
        wanted.append(2 * (1 - 5 * tp / (5 * tp + 4 * fn + fp)))  # r balances both terms
    assert float(found) == pytest.approx(float(sum(wanted) / 2), rel=1e-4)


def test_only_what_may_train_or_choose_a_model_is_simulated():
    with pytest.raises(InputError, match="DS2 is a test network"):
        train(replace(LEARNING, valid=(("DS2", 2),)), device="cpu")


# --- stopping and going on


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_training_ends_with_the_same_weights(kind, tmp_path):
    recipe, said = KINDS[kind], []
    whole = train(recipe, device="cpu")
    checkpoint = tmp_path / "c.safetensors"
    for epoch in (0, 2):
        with pytest.raises(Stop):
            train(recipe, checkpoint=checkpoint, device="cpu", after_epoch=stopped_after(epoch))
    assert same(whole, train(recipe, checkpoint=checkpoint, device="cpu", say=said.append))
    assert said[0] == f"going on after epoch 2 of {recipe.epochs}"
    again = train(
        recipe, checkpoint=checkpoint, device="cpu", after_epoch=stopped_after(recipe.epochs)
    )
    assert same(whole, again)  # nothing left to do


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


def refused(path) -> None:
    with pytest.raises(InputError) as caught:
        load(path)
    assert "remove it to start anew" in str(caught.value) and "\n" not in str(caught.value)


@given(st.data())
def test_one_wrong_byte_in_a_checkpoint_is_noticed(whole, data):
    path, right = whole
    at = data.draw(st.integers(0, len(right) - 1) | st.integers(0, 3000))
    changed = bytearray(right)
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    refused(path)


@given(st.integers(0, 10**6), st.binary(max_size=20))
def test_a_checkpoint_cut_short_or_made_of_something_else_is_noticed(whole, length, other):
    path, right = whole
    path.write_bytes(right[: length % len(right)])
    refused(path)
    path.write_bytes(other)
    refused(path)
    path.write_bytes(right)
    assert load(path).epoch == 0
