"""``python -m grnular_core train``: a recipe in, trained weights out."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from grnular_core.cli.terminal import answer, jobs, say, text, whole
from grnular_core.data.text import check_file
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place, write_csv, write_error

if TYPE_CHECKING:
    from grnular_core.cli.terminal import Commands
    from grnular_core.training.checkpoints import Progress
    from grnular_core.training.recipes import Recipe

TRAIN = """\
Train a model on simulated data: graphs, expression and noise are drawn by its recipe.

RECIPE is a name (without one, they are listed) or a .json file: a recipe, or the .json of weights,
which holds the recipe that made them. FOLDER gets

  NAME.safetensors, NAME.json              best by strict AUPRC on the validation graphs
  NAME-auroc.safetensors, NAME-auroc.json  best by AUROC
  NAME-curves.csv                          loss and validation, a line an epoch
  NAME-checkpoint.safetensors              state from which a stopped training resumes

An ensemble starts from trained members (grnular-context from context-chances and context-regulons,
grnular-cells from context-measured and context-measured-b): train them into the same folder first.

A training that was stopped at any moment resumes when the same command is given again, and ends with the
same weights. The untrained model is among the candidates for the best. Use weights
with: infer --weights FOLDER/NAME.safetensors
"""
CHECKPOINT, CURVES, LOCK = "-checkpoint.safetensors", "-curves.csv", ".train.lock"
COLUMNS = ("epoch", "loss", "valid_auprc", "valid_auroc", "seconds")


def add_train(commands: Commands) -> None:
    """Add the command to the parser.

    Parameters
    ----------
    commands : subparsers
    """
    train = commands.add_parser("train", help="simulations -> trained weights", description=TRAIN)
    add = train.add_argument
    add("recipe", type=text, nargs="?", metavar="RECIPE")
    add(
        "-o", "--out", type=text, metavar="FOLDER", help="folder for weights, curves and checkpoint"
    )
    add("--epochs", type=whole, metavar="N", help="other than the recipe's")
    add("--seed", type=whole, metavar="N", help="of graphs and model; other than the recipe's")
    add("--device", default="auto", help="auto, cpu or cuda (default auto)")
    add(
        "--jobs", type=jobs, default=-1, metavar="N",
        help="threads that simulate (default: all cores); no effect on the result",
    )  # fmt: skip
    add(
        "--weights-name",
        type=text,
        metavar="NAME",
        help="of the files (default: the recipe's name)",
    )
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    """Train, or list the recipes."""
    from grnular_core.training.named_recipes import DESCRIPTIONS
    from grnular_core.training.train import train
    from grnular_core.training.weights import save_trained

    if options.recipe is None:
        width = max(map(len, DESCRIPTIONS))
        for name, text in DESCRIPTIONS.items():
            answer(f"{name:{width}}  {text}")
        return
    if options.out is None:
        raise InputError("train needs a folder for its results: --out FOLDER")
    recipe_name, recipe = _find_recipe(options.recipe)
    recipe = _changed(recipe, options.epochs, options.seed)
    name = options.weights_name or recipe_name
    if not re.fullmatch(r"\w[\w.-]*", name) or name.endswith((".json", ".safetensors")):
        raise InputError(
            f"--weights-name {name!r}: letters, digits, '-', '_' and '.' without ending"
        )
    with _claimed(Path(options.out)) as folder:
        say(f"training {name} for {recipe.epochs} epochs")
        try:
            progress = train(
                recipe,
                checkpoint=folder / (name + CHECKPOINT),
                folder=folder,
                device=options.device,
                n_jobs=options.jobs,
                say=say,
                after_epoch=lambda progress: _write_curves(folder / (name + CURVES), progress),
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "stopped; the same command resumes after the last epoch"
            ) from None
        _write_curves(folder / (name + CURVES), progress)
        for measure, ending in (("auprc", ""), ("auroc", "-auroc")):
            path = save_trained(folder, name + ending, recipe, progress, measure, recipe_name)
            say(f"wrote {path}, {_described(progress, measure)}")


def _described(progress: Progress, measure: str) -> str:
    best, first = progress.best_row(measure), progress.history[0]
    which = f"epoch {best['epoch']}" if best["epoch"] else "the untrained model"
    key = f"valid_{measure}"
    return f"best by {measure.upper()}: {which}, {best[key]:.4f} (untrained {first[key]:.4f})"


def _find_recipe(given: str) -> tuple[str, Recipe]:
    """Find name and recipe, from a name or a file."""
    from grnular_core.training.named_recipes import named_recipe
    from grnular_core.training.recipes import Recipe

    if not given.endswith(".json"):
        return given, named_recipe(given)
    check_file(Path(given))
    try:
        values = json.loads(Path(given).read_bytes())
        return Path(given).stem, Recipe.from_dict(values.get("recipe", values))
    except OSError as error:
        raise InputError(f"{given} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise InputError(
            f"{given} holds no recipe: its brackets are nested too deeply; is it the right file?"
        ) from None
    except (AttributeError, ValueError) as error:
        raise InputError(f"{given} holds no recipe: {error}") from None


def _changed(recipe: Recipe, epochs: int | None, seed: int | None) -> Recipe:
    """Take the recipe with another number of epochs, and another seed of graphs and model."""
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    if seed is not None:
        recipe = replace(recipe, seed=seed, config=replace(recipe.config, seed=seed))
    return recipe


@contextmanager
def _claimed(folder: Path) -> Iterator[Path]:
    """Hold the folder, made where it is missing, against a second training.

    Temporary files of a killed training are removed.
    """
    from filelock import FileLock, Timeout

    if place(folder) not in ("folder", "missing"):
        raise InputError(f"--out {folder} is a file; give the name of a folder")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"--out {folder}: the folder is not writable; choose another")
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"another training is at work in {folder}; give another folder") from None
    try:
        for part in folder.glob(".*-*.part"):
            part.unlink(missing_ok=True)
        yield folder
    finally:
        lock.release()


def _write_curves(path: Path, progress: Progress) -> None:
    """Write the history as csv, one line an epoch; epoch 0 is the untrained model."""
    write_csv(pd.DataFrame(progress.history, columns=COLUMNS), path)
