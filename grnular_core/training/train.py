"""Supervised training on simulated pairs of expression and network (section 2.3, step 4).

``train`` validates after every epoch and keeps the weights of the best one by strict AUPRC and of
the best one by AUROC, the untrained ones among the candidates. Its checkpoint is one file, replaced
whole after every epoch; a run that is killed goes on from it and ends with the same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grnular_core.models import losses
from grnular_core.models.context_rho import set_members
from grnular_core.models.grnular import GRNULar
from grnular_core.training.batches import (
    Batch,
    Prepared,
    check_training_graphs,
    evaluate,
    loss_inputs,
    make_batches,
    prepare_batches,
    run_model,
)
from grnular_core.training.checkpoints import (
    MEASURES,
    Progress,
    load_checkpoint,
    save_checkpoint,
    weights_of,
)
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.recipes import Graphs, Recipe
from grnular_core.training.weights import load_model
from grnular_core.utils.device import resolve_device
from grnular_core.utils.errors import InputError, MethodError

Say = Callable[[str], None]
SCALING_BATCHES = 8  # of the training graphs, on which members' logits are brought to one scale


def loss_of(
    recipe: Recipe, model: nn.Module, output: Any, batch: Batch, generator: torch.Generator
) -> Tensor:
    """Compute the recipe's loss of a batch: Eq. 16 for the paper's recipes.

    Parameters
    ----------
    recipe : Recipe
        Which loss, of which iterations.
    model : Module
        GRNULar or GLAD.
    output : GRNULarOutput or GLADOutput
        What the model gave for the batch.
    batch : Batch
        Its reference networks; self pairs and genes that do not vary have no say.
    generator : Generator
        For losses that draw pairs.

    Returns
    -------
    Tensor, scalar
        Mean over the graphs of the batch.
    """
    allowed = batch.allowed
    if isinstance(model, GRNULar):
        allowed = allowed & output.allowed

    def of_one(prediction: Tensor) -> Tensor:
        arguments = (prediction, batch.truth, allowed)
        if recipe.loss == "cross-entropy":
            return losses.balanced_cross_entropy(*arguments)
        if recipe.loss == "smooth-ap":
            return losses.smooth_ap_loss(*arguments, generator=generator)
        function = losses.balanced_loss if recipe.loss == "balanced" else losses.summed_loss
        return function(*arguments, beta=recipe.beta)

    on_logits = recipe.loss in ("cross-entropy", "smooth-ap")
    iterates = loss_inputs(model, output, batch.tf_index, on_logits, recipe.loss_on)
    return losses.over_iterates(of_one, iterates, recipe.iterates).mean()


def _epoch_order(recipe: Recipe, epoch: int, n_batches: int) -> list[int]:
    """Drawn from seed and epoch alone, so a resumed run sees the same order."""
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    return torch.randperm(n_batches, generator=generator).tolist()


def _rate(recipe: Recipe, done: int, total: int) -> float:
    """Give the step size before step ``done`` of ``total``."""
    if recipe.schedule == "constant":
        return recipe.lr
    share = (done + 1) / (total + 1)
    return recipe.lr * min(share / 0.1, (1 - share) / 0.9)


def _shuffled(batch: Batch, generator: torch.Generator) -> Batch:
    """Put the same number of true edges in every graph at random places."""
    truth = torch.zeros_like(batch.truth)
    for graph, allowed in enumerate(batch.allowed):
        values = batch.truth[graph][allowed]
        truth[graph][allowed] = values[torch.randperm(len(values), generator=generator)]
    return batch._replace(truth=truth)


def _train_epoch(
    recipe: Recipe,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    items: Sequence[Prepared],
    epoch: int,
) -> float:
    """Train for one pass over the batches; the mean loss over graphs."""
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch + 50_000)
    total, n_graphs = 0.0, 0
    for step, at in enumerate(_epoch_order(recipe, epoch, len(items))):
        item = items[at]
        rate = _rate(recipe, epoch * len(items) + step, recipe.epochs * len(items))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = loss_of(recipe, model, run_model(model, item), item.batch, generator)
        if not math.isfinite(float(loss.detach())):
            raise MethodError(
                f"the loss became {float(loss.detach())} in epoch {epoch + 1}; the checkpoint holds the "
                "epoch before. A smaller lr in the recipe is the likely fix"
            )
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip or math.inf)
        optimiser.step()
        total += float(loss.detach()) * len(item.batch.X)
        n_graphs += len(item.batch.X)
    return total / n_graphs


def _validated(model: nn.Module, items: Sequence[Prepared], epoch: int, **more: float) -> dict:
    """One row of the history; graphs where a score is not defined are left out of its mean."""
    quality = evaluate(model, items)
    auprc, auroc = float(np.nanmean(quality.auprc)), float(np.nanmean(quality.auroc))
    return {"epoch": epoch, "valid_auprc": auprc, "valid_auroc": auroc, **more}


def _keep_best(progress: Progress, model: nn.Module) -> None:
    """Replace the kept weights by the model's where its last validation beats all before."""
    for measure in MEASURES:
        if progress.best_row(measure) is progress.history[-1]:
            progress.best[measure] = weights_of(model)


def _data(recipe: Recipe, model: nn.Module, device: str, n_jobs: int, say: Say) -> dict:
    """Simulate graphs to train on and to validate with, and prepare them for the model."""
    say(
        f"simulating {_counted(recipe.train)} graphs to train on, {_counted(recipe.valid)} to validate"
    )
    made = {
        part: make_batches(getattr(recipe, part), part, recipe.seed, recipe.batch, n_jobs)
        for part in ("train", "valid")
    }
    if recipe.shuffled:
        generator = torch.Generator().manual_seed(recipe.seed)
        made["train"] = [_shuffled(batch, generator) for batch in made["train"]]
    say(f"preparing {len(made['train'])} + {len(made['valid'])} batches")
    return {part: prepare_batches(model, batches, device) for part, batches in made.items()}


def _load_members(recipe: Recipe, folder: Path | None) -> list[nn.Module]:
    """Load the trained networks that the recipe starts from, from ``folder`` or the package."""
    members = []
    for name in recipe.members:
        trained = folder is not None and (folder / f"{name}.json").exists()
        try:
            member = load_model(folder / name if trained else name)
        except InputError as error:
            if trained or name not in RECIPES:
                raise
            raise InputError(
                f"this recipe starts from the weights {name}, which do not come with the package; train "
                f"them first, into the same folder: python -m grnular_core train {name} --out FOLDER"
            ) from error
        for setting in ("rho", "context_width", "context_layers", "context_features"):
            there, here = getattr(member.config, setting, None), getattr(recipe.config, setting)
            if there != here:
                raise InputError(f"the member {name} has {setting} {there}, the recipe {here}")
        members.append(member)
    return members


@torch.no_grad()
def _start_from_members(
    model: nn.Module, members: Sequence[nn.Module], items: Sequence[Prepared]
) -> None:
    """Give the model its members' networks, their logits brought to one scale; lambda_nn is the first's."""
    members = [member.to(items[0].batch.X.device) for member in members]
    logits = [
        torch.cat([run_model(member, item).logits[-1][item.batch.allowed] for item in items])
        for member in members
    ]
    set_members(model.rho_nn, [member.rho_nn for member in members], logits)
    model.lambda_nn.load_state_dict(members[0].lambda_nn.state_dict())


def _counted(graphs: Graphs) -> int:
    """Count the graphs of all families."""
    return sum(count for _, count in graphs)


def train(
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    folder: Path | None = None,
    device: str = "auto",
    n_jobs: int = -1,
    say: Say = lambda text: None,
    after_epoch: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train a model from scratch, or go on from a checkpoint of this very recipe.

    Parameters
    ----------
    recipe : Recipe
    checkpoint : Path, optional
        File that is read when it is there and replaced whole after every epoch.
    folder : Path, optional
        Where weights that the recipe names as ``members`` are looked for before those of the package.
    device : str
        "auto", "cpu" or "cuda".
    n_jobs : int
        Threads that simulate (-1: all cores); no effect on the result.
    say : callable
        Called with a line of text now and then.
    after_epoch : callable
        Called with the progress after every epoch, once the checkpoint is written.

    Returns
    -------
    Progress
        With the weights of the best epochs by AUPRC and by AUROC on validation, the untrained model
        among the candidates.

    Raises
    ------
    InputError
        When the checkpoint is of another recipe or damaged (it is never overwritten then), members are
        missing or of another size, and for graphs that must not train a model.
    MethodError
        When the loss is no longer finite.
    """
    place = resolve_device(device)
    check_training_graphs(recipe)
    model = recipe.new_model().to(place)
    model.lambda_nn.requires_grad_(recipe.learn_lambda)
    optimiser = torch.optim.AdamW(model.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    progress = Progress(-1, [], {})
    if checkpoint is not None and checkpoint.exists():
        progress = load_checkpoint(checkpoint, recipe, model, optimiser)
        say(f"going on after epoch {progress.epoch} of {recipe.epochs}")
    if progress.epoch >= recipe.epochs:
        return progress
    members = _load_members(recipe, folder) if progress.epoch < 0 else []
    items = _data(recipe, model, str(place), n_jobs, say)
    if members:
        _start_from_members(model, members, items["train"][:SCALING_BATCHES])
    while progress.epoch < recipe.epochs:
        more = {}
        if progress.epoch >= 0:
            began = time.perf_counter()
            loss = _train_epoch(recipe, model, optimiser, items["train"], progress.epoch)
            more = {"loss": loss, "seconds": time.perf_counter() - began}
        progress.epoch += 1
        progress.history.append(_validated(model, items["valid"], progress.epoch, **more))
        _keep_best(progress, model)
        say(", ".join(f"{name} {value:.4g}" for name, value in progress.history[-1].items()))
        if checkpoint is not None:
            save_checkpoint(checkpoint, recipe, model, optimiser, progress)
        after_epoch(progress)
    return progress
