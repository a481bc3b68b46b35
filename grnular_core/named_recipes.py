"""The recipes that have a name: ``python -m grnular_core train NAME`` trains one.

The names are those of the weights in ``grnular_core/weights`` as well.
"""

from __future__ import annotations

from difflib import get_close_matches

from grnular_core.errors import InputError
from grnular_core.glad import GLADConfig
from grnular_core.grnular import GRNULarConfig
from grnular_core.recipes import Recipe

# Eq. 12 with its sums, lam as lambda_nn gives it, all 400 epochs of goodINIT.
_PAPER = GRNULarConfig(
    hidden=(40,), n_unroll=15, n_inner=5, init_epochs=400, init_tolerance=0.0,
    reduction="sum", lam_scale=1.0, lam_per_error=False, rho="entry",
)  # fmt: skip
_CLEAN = {"train": (("clean", 20),), "valid": (("clean", 20),)}
_NOISY = {"train": (("low-dropout", 20),), "valid": (("low-dropout", 20),)}
# Eq. 16 on what the last cell gives.
_LOSS = {"epochs": 20, "loss": "balanced", "beta": 2.0, "iterates": "last"}
_GLAD = {"config": GLADConfig(n_unroll=15), "lr": 0.03, **_LOSS}

_TABLE: dict[str, tuple[str, Recipe]] = {
    "grnular": (
        "GRNULar with a rho_nn that sees context, on graphs of many kinds and noise levels",
        Recipe(
            config=GRNULarConfig(rho="context", n_inner=5, n_unroll=4),
            train=(("varied", 320), ("mixed-dropout", 120), ("mixed-clean", 40)),
            valid=(("clean", 12), ("noisy(25)", 12), ("noisy(50)", 12), ("varied", 32)),
            epochs=15,
            loss="cross-entropy",
            lr=4e-3,
            schedule="rise-and-fall",
            weight_decay=0.01,
        ),
    ),
    "paper-clean": (
        "GRNULar as the paper writes it, 20 graphs without technical noise",
        Recipe(config=_PAPER, **_LOSS, **_CLEAN),
    ),
    "paper-noisy": (
        "GRNULar as the paper writes it, 20 graphs without dropout or with 25 %",
        Recipe(config=_PAPER, **_LOSS, **_NOISY),
    ),
    "glad-clean": (
        "GLAD as the paper writes it, without the list of TFs, 20 graphs without noise",
        Recipe("glad", **_GLAD, **_CLEAN),
    ),
    "glad-noisy": (
        "GLAD as the paper writes it, without the list of TFs, dropout 0 or 25 %",
        Recipe("glad", **_GLAD, **_NOISY),
    ),
    "glad-tf-clean": (
        "GLAD-TF as the paper writes it, 20 graphs without noise",
        Recipe("glad-tf", **_GLAD, **_CLEAN),
    ),
    "glad-tf-noisy": (
        "GLAD-TF as the paper writes it, dropout 0 or 25 %",
        Recipe("glad-tf", **_GLAD, **_NOISY),
    ),
}
RECIPES = {name: recipe for name, (_, recipe) in _TABLE.items()}
DESCRIPTIONS = {name: text for name, (text, _) in _TABLE.items()}


def named_recipe(name: str) -> Recipe:
    """The recipe of that name, or an ``InputError`` with the nearest names."""
    if name in RECIPES:
        return RECIPES[name]
    near = get_close_matches(name, RECIPES, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(RECIPES)}"
    raise InputError(f"unknown recipe {name!r}; {hint} A file of a recipe ends in .json")
