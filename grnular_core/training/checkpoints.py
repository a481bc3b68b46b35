"""Where a training stands, as one file that is replaced whole and knows when it is damaged.

A checkpoint is a safetensors file: tensors of the model, of Adam and of the best weights so far,
and as text the recipe, the epoch and the history. Nothing in it is ever executed. A digest over all
of it tells a damaged file from a whole one; safetensors itself would not see a changed number.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from grnular_core.training.recipes import Recipe
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write

Tensors = dict[str, Tensor]
MEASURES = ("auprc", "auroc")


@dataclass
class Progress:
    """Where a training stands after ``epoch`` epochs."""

    epoch: int
    history: list[dict[str, float]]  # one row an epoch, from 0 (untrained)
    best: dict[str, Tensors]  # "auprc" and "auroc": the weights that were best by it

    def best_row(self, measure: str) -> dict[str, float]:
        """The row of the history whose weights are kept as best by that measure: the first."""
        return max(self.history, key=lambda row: row[f"valid_{measure}"])


def weights_of(model: nn.Module) -> Tensors:
    """A copy of the model's parameters on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _digest(text: str, tensors: Tensors) -> str:
    found = hashlib.sha256(text.encode())
    for name, value in sorted(tensors.items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        found.update(value.contiguous().numpy().tobytes())
    return found.hexdigest()


def save_checkpoint(
    path: Path,
    recipe: Recipe,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Everything ``training.train`` needs to go on."""
    tensors = {f"model/{name}": value for name, value in weights_of(model).items()}
    for measure, weights in progress.best.items():
        tensors |= {f"best/{measure}/{name}": value for name, value in weights.items()}
    for number, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"adam/{number}/{name}"] = torch.as_tensor(value).detach().cpu().clone()
    told: dict[str, Any] = {
        "recipe": recipe.as_dict(), "epoch": progress.epoch, "history": progress.history,
    }  # fmt: skip
    text = json.dumps(told)
    data = save(tensors, metadata={"training": text, "sha256": _digest(text, tensors)})
    with atomic_write(path) as part:
        part.write_bytes(data)


def load_checkpoint(
    path: Path, recipe: Recipe, model: nn.Module, optimiser: torch.optim.Optimizer
) -> Progress:
    """Put model and optimiser where the checkpoint left them.

    Raises ``InputError`` for a checkpoint of another recipe and for what is no whole checkpoint.
    """
    told, tensors = _read(path)
    if told["recipe"] != recipe.as_dict():
        raise InputError(
            f"{path} was written by another recipe ({_difference(told['recipe'], recipe)}); give "
            "another folder, or remove it to start anew"
        )
    model.load_state_dict(_part(tensors, "model/"))
    state: dict[int, Tensors] = {}
    for name, value in _part(tensors, "adam/").items():
        number, what = name.split("/")
        state.setdefault(int(number), {})[what] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    best = {measure: _part(tensors, f"best/{measure}/") for measure in MEASURES}
    return Progress(told["epoch"], told["history"], best)


def _part(tensors: Tensors, prefix: str) -> Tensors:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, Any], Tensors]:
    """Text and tensors of a checkpoint that is as it was written."""
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = about["training"]
        if about["sha256"] != _digest(text, tensors):
            raise ValueError("its contents have changed")
        return json.loads(text), tensors
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError, OSError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{path} is no checkpoint of this version, or damaged ({' '.join(why.split())}); "
            "remove it to start anew"
        ) from None


def _difference(theirs: dict[str, Any], recipe: Recipe) -> str:
    """The first setting in which two recipes differ, for the message."""
    there, here = (
        {**part, **{f"config.{name}": value for name, value in part["config"].items()}, "config": 0}
        for part in (theirs, recipe.as_dict())
    )
    name = next(n for n in {**there, **here} if there.get(n, "nothing") != here.get(n, "nothing"))
    return f"{name} is {there.get(name, 'nothing')} there and {here.get(name, 'nothing')} here"
