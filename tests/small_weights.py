"""Weights of small models as files, and how they are refused."""

import json
from pathlib import Path

import pytest
import torch

from grnular_core.models.glad import GLADConfig
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training import weights as trained
from grnular_core.training.checkpoints import Progress, weights_of
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import read_trained, save_trained
from grnular_core.utils.errors import InputError

QUICK = {"n_unroll": 2, "n_inner": 2, "init_epochs": 25, "hidden": (8,)}
RECIPE = Recipe(config=GRNULarConfig(rho="context", context_width=4, context_layers=1, **QUICK))
OTHERS = {
    "grnular-base": Recipe("grnular-base", GRNULarConfig(**QUICK)),
    "glad": Recipe("glad", GLADConfig(n_unroll=3)),
    "glad-tf": Recipe("glad-tf", GLADConfig(n_unroll=3)),
}
HISTORY = [
    {"epoch": 0, "valid_auprc": 0.4, "valid_auroc": 0.6},
    {"epoch": 1, "valid_auprc": 0.7, "valid_auroc": 0.8, "loss": 1.5, "seconds": 2.0},
    {"epoch": 2, "valid_auprc": 0.6, "valid_auroc": 0.9, "loss": 1.2, "seconds": 3.0},
]


def finished(recipe: Recipe) -> Progress:
    """A training's end, with weights that are far from the untrained ones."""
    best = {}
    for seed, measure in enumerate(("auprc", "auroc")):
        model = recipe.new_model()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
        best[measure] = weights_of(model)
    return Progress(2, HISTORY, best)


def saved(folder: Path, recipe: Recipe = RECIPE, name: str = "mine", **more) -> Path:
    return save_trained(folder, name, recipe, finished(recipe), **more)


def edit(path: Path, **changes) -> None:
    """Change the .json of weights and make its digest right again."""
    about = json.loads(path.read_text())
    for key, value in changes.items():
        about[key] = value
    about["sha256_of_the_rest"] = trained._digest(about)
    path.write_text(json.dumps(about))


def refused(path: str | Path, part: str | None = None) -> None:
    with pytest.raises(InputError, match=part) as caught:
        read_trained(path)
    assert "\n" not in str(caught.value)
