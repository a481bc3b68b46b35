"""Where a training stands, as one file that is replaced whole and knows when it is damaged.

A checkpoint is a safetensors file: tensors of the model, of Adam and of the best weights,
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
    """Where a training stands."""

    epoch: int  # how many are done; -1 before the untrained model was validated
    history: list[dict[str, float]]  # one row an epoch, from 0 (untrained)
    best: dict[str, Tensors]  # "auprc" and "auroc": the weights that were best by it on validation

    def best_row(self, measure: str) -> dict[str, float]:
        """Find the row of the history whose weights are kept as best.

        Parameters
        ----------
        measure : {"auprc", "auroc"}
            Of validation.

        Returns
        -------
        dict
            The first of equals.
        """
        return max(self.history, key=lambda row: row[f"valid_{measure}"])


def weights_of(model: nn.Module) -> Tensors:
    """Copy a model's parameters to the CPU.

    Parameters
    ----------
    model : Module

    Returns
    -------
    dict of str to Tensor
    """
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _digest(text: str, tensors: Tensors) -> str:
    """Hash text and tensors, whatever their order."""
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
    """Write everything ``train`` needs to go on, in place of what was there.

    Parameters
    ----------
    path : Path
    recipe : Recipe
    model : Module
    optimiser : Optimizer
    progress : Progress
        Epoch, history and best weights.

    Raises
    ------
    WriteError
        For a full disk or missing rights.
    """
    tensors = {f"model/{name}": value for name, value in weights_of(model).items()}
    for measure, weights in progress.best.items():
        tensors |= {f"best/{measure}/{name}": value for name, value in weights.items()}
    for number, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"adam/{number}/{name}"] = torch.as_tensor(value).detach().cpu().clone()
    text = json.dumps({
        "recipe": recipe.as_dict(), "epoch": progress.epoch, "history": progress.history,
    })  # fmt: skip
    data = save(tensors, metadata={"training": text, "sha256": _digest(text, tensors)})
    with atomic_write(path) as part:
        part.write_bytes(data)


def load_checkpoint(
    path: Path, recipe: Recipe, model: nn.Module, optimiser: torch.optim.Optimizer
) -> Progress:
    """Put model and optimiser where the checkpoint left them.

    Parameters
    ----------
    path : Path
    recipe : Recipe
    model : Module
        Gets the parameters.
    optimiser : Optimizer
        Gets the moments.

    Returns
    -------
    Progress

    Raises
    ------
    InputError
        For a checkpoint of another recipe and for what is no whole checkpoint.
    """
    saved, tensors = _read(path)
    if saved["recipe"] != recipe.as_dict():
        raise InputError(
            f"{path} was written by another recipe ({_difference(saved['recipe'], recipe)}); give "
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
    return Progress(saved["epoch"], saved["history"], best)


def _part(tensors: Tensors, prefix: str) -> Tensors:
    """Take the tensors whose names begin with a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, Any], Tensors]:
    """Read text and tensors of a checkpoint that is as it was written."""
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
    """Name the first setting in which two recipes differ."""
    there, here = (
        {**part, **{f"config.{name}": value for name, value in part["config"].items()}, "config": 0}
        for part in (theirs, recipe.as_dict())
    )
    name = next(n for n in {**there, **here} if there.get(n, "nothing") != here.get(n, "nothing"))
    return f"{name} is {there.get(name, 'nothing')} there and {here.get(name, 'nothing')} here"
