"""Supervised training on simulated pairs of expression and network (section 2.3, step 4).

``train`` validates after every epoch and keeps the weights of the best one by strict AUPRC and of
the best one by AUROC, the untrained ones among the candidates. Its checkpoint is one file, replaced
whole after every epoch; a run that is killed goes on from it and ends with the same weights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from grnular_core import losses
from grnular_core.batches import (
    Batch,
    Prepared,
    evaluate,
    make_batches,
    predictions,
    prepare_batches,
    run_model,
)
from grnular_core.device import resolve_device
from grnular_core.errors import InputError
from grnular_core.files import atomic_write
from grnular_core.recipes import Recipe

Say = Callable[[str], None]
CLIP = 1.0  # largest norm of a step's gradient: one odd graph must not undo an epoch


def loss_of(
    recipe: Recipe, model: nn.Module, output: Any, batch: Batch, generator: torch.Generator
) -> Tensor:
    """The recipe's loss, mean over the graphs of the batch."""

    def one(prediction: Tensor) -> Tensor:
        arguments = (prediction, batch.truth, batch.allowed)
        if recipe.loss == "cross-entropy":
            return losses.balanced_cross_entropy(*arguments)
        if recipe.loss == "smooth-ap":
            return losses.smooth_ap_loss(*arguments, generator=generator)
        function = losses.balanced_loss if recipe.loss == "balanced" else losses.summed_loss
        return function(*arguments, beta=recipe.beta)

    iterates = predictions(model, output, batch.tf_index)
    return losses.over_iterates(one, iterates, recipe.iterates).mean()


@dataclass
class Progress:
    """Where a training stands after ``epoch`` epochs."""

    epoch: int
    history: list[dict[str, float]]
    best: dict[str, dict[str, Tensor]]  # "auprc" and "auroc": the weights that were best by it


def _epoch_order(recipe: Recipe, epoch: int, n_batches: int) -> list[int]:
    """Drawn from seed and epoch alone, so a resumed run sees the same order."""
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    return torch.randperm(n_batches, generator=generator).tolist()


def _rate(recipe: Recipe, done: int, total: int) -> float:
    """The step size before step ``done`` of ``total``."""
    if recipe.schedule == "constant":
        return recipe.lr
    share = (done + 1) / (total + 1)
    return recipe.lr * min(share / 0.1, (1 - share) / 0.9)


def _shuffled(batch: Batch, generator: torch.Generator) -> Batch:
    """The same number of true edges in every graph, at random places."""
    truth = torch.zeros_like(batch.truth)
    for graph, allowed in enumerate(batch.allowed):
        values = batch.truth[graph][allowed]
        truth[graph][allowed] = values[torch.randperm(len(values), generator=generator)]
    return batch._replace(truth=truth)


def train_epoch(
    recipe: Recipe,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    items: Sequence[Prepared],
    epoch: int,
) -> float:
    """One pass over the batches; the mean loss over graphs."""
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch + 50_000)
    total, n_graphs = 0.0, 0
    for step, at in enumerate(_epoch_order(recipe, epoch, len(items))):
        item = items[at]
        rate = _rate(recipe, epoch * len(items) + step, recipe.epochs * len(items))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = loss_of(recipe, model, run_model(model, item), item.batch, generator)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        total += float(loss.detach()) * len(item.batch.X)
        n_graphs += len(item.batch.X)
    return total / n_graphs


def _validated(model: nn.Module, items: Sequence[Prepared], epoch: int, **more: float) -> dict:
    quality = evaluate(model, items)
    auprc, auroc = float(quality.auprc.mean()), float(quality.auroc.mean())
    return {"epoch": epoch, "valid_auprc": auprc, "valid_auroc": auroc, **more}


def _weights_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _keep_best(progress: Progress, model: nn.Module) -> None:
    """Replace the kept weights by the model's where its last validation beats all before."""
    for measure in ("auprc", "auroc"):
        values = [row[f"valid_{measure}"] for row in progress.history]
        if len(values) == 1 or values[-1] > max(values[:-1]):
            progress.best[measure] = _weights_of(model)


def train(
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    device: str = "auto",
    n_jobs: int = -1,
    say: Say = lambda text: None,
) -> Progress:
    """Train from scratch, or from ``checkpoint`` where it holds a part of this very recipe.

    Raises ``InputError`` when the checkpoint is of another recipe or damaged: it is never
    overwritten then.
    """
    place = resolve_device(device)
    model = recipe.new_model().to(place)
    optimiser = torch.optim.AdamW(model.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    progress = Progress(-1, [], {})
    if checkpoint is not None and checkpoint.exists():
        progress = load_checkpoint(checkpoint, recipe, model, optimiser)
        say(f"going on after epoch {progress.epoch} of {recipe.epochs}")
    if progress.epoch >= recipe.epochs:
        return progress
    made = {
        part: make_batches(getattr(recipe, part), part, recipe.seed, recipe.batch, n_jobs)
        for part in ("train", "valid")
    }
    if recipe.shuffled:
        generator = torch.Generator().manual_seed(recipe.seed)
        made["train"] = [_shuffled(batch, generator) for batch in made["train"]]
    items = {part: prepare_batches(model, batches, str(place)) for part, batches in made.items()}
    say(f"{len(items['train'])} batches to train on, {len(items['valid'])} to validate")
    while progress.epoch < recipe.epochs:
        more = {}
        if progress.epoch >= 0:
            began = time.perf_counter()
            loss = train_epoch(recipe, model, optimiser, items["train"], progress.epoch)
            more = {"loss": loss, "seconds": time.perf_counter() - began}
        progress.epoch += 1
        progress.history.append(_validated(model, items["valid"], progress.epoch, **more))
        _keep_best(progress, model)
        say(", ".join(f"{name} {value:.4g}" for name, value in progress.history[-1].items()))
        if checkpoint is not None:
            save_checkpoint(checkpoint, recipe, model, optimiser, progress)
    return progress


def save_checkpoint(
    path: Path,
    recipe: Recipe,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Everything ``train`` needs to go on, as one safetensors file."""
    tensors = {f"model/{name}": value for name, value in _weights_of(model).items()}
    for measure, weights in progress.best.items():
        tensors |= {f"best/{measure}/{name}": value for name, value in weights.items()}
    for number, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"adam/{number}/{name}"] = torch.as_tensor(value).detach().cpu().clone()
    told: dict[str, Any] = {
        "recipe": recipe.as_dict(), "epoch": progress.epoch, "history": progress.history,
    }  # fmt: skip
    with atomic_write(path) as part:
        save_file(tensors, part, metadata={"training": json.dumps(told)})


def load_checkpoint(
    path: Path, recipe: Recipe, model: nn.Module, optimiser: torch.optim.Optimizer
) -> Progress:
    """Put model and optimiser where the checkpoint left them."""
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {})["training"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise InputError(f"{path} is no checkpoint or damaged ({error}); remove it") from None
    if told["recipe"] != recipe.as_dict():
        raise InputError(
            f"{path} was written by another recipe; give another folder, or remove it to start anew"
        )

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    model.load_state_dict(part("model/"))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in part("adam/").items():
        number, what = name.split("/")
        state.setdefault(int(number), {})[what] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    best = {measure: part(f"best/{measure}/") for measure in ("auprc", "auroc")}
    return Progress(told["epoch"], told["history"], best)
