"""The recipes that have a name: ``python -m grnular_core train NAME`` trains one.

Those of released weights have their names; ``context-*`` are members that a released ensemble starts
from.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from grnular_core.models.edge_features import EDGE_FEATURES
from grnular_core.models.glad import GLADConfig
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training.recipes import Recipe
from grnular_core.utils.errors import InputError

# The published model: Eq. 16 on theta, means, gradients through all inner steps. What the paper leaves open (the loss
# is that of all iterations) and what it chooses on validation graphs (P, H_d, beta) is the best of
# notebooks/09_training.ipynb there.
_PUBLISHED = GRNULarConfig(
    hidden=(100,), n_unroll=15, n_inner=5, init_epochs=400, init_tolerance=0.0, inner_gradient="through",
    reduction="mean", lam_scale=1.0, lam_per_error=False, rho="entry",
)  # fmt: skip
_EQ_16 = {"loss": "balanced", "loss_on": "theta", "beta": 2.0, "iterates": "all", "lr": 0.03, "epochs": 10}
_CLEAN = {"train": (("clean", 20),), "valid": (("clean", 20),)}
_NOISY = {"train": (("low-dropout", 20),), "valid": (("low-dropout", 20),)}
# Section 3.3: random networks in the range of DS1, no dropout, four hidden units a TF. Section 3.4: in the range of
# DS2, 400 genes, 200 hidden units, and four a TF on data with more than 50 TFs (grnular_paper/widths.py). Validation
# prefers P = 5 and the mean over cells alone in Eq. 12 in both (notebooks/09_training.ipynb).
_AS_DS1 = {"train": (("DS1-like", 20),), "valid": (("DS1-like", 20),)}
_AS_DS2 = {"train": (("DS2-like", 20),), "valid": (("DS2-like", 8),)}
# Eq. 16 on what the last iteration gives.
_LOSS = {"epochs": 20, "loss": "balanced", "beta": 2.0, "iterates": "last"}
_GLAD = {"config": GLADConfig(n_unroll=15), "lr": 0.01, **_LOSS}
# What is ours: context, and two iterations instead of 15, as more gain nothing on validation.
_CONTEXT = {
    "config": GRNULarConfig(
        rho="context", n_unroll=2, n_inner=5, inner_gradient="cut", context_width=32, context_layers=4
    ),
    "loss": "cross-entropy",
    "lr": 4e-3,
    "schedule": "rise-and-fall",
    "weight_decay": 0.01,
}
_RANKS = {
    **_CONTEXT,
    "loss": "smooth-ap",
    "config": replace(_CONTEXT["config"], init_epochs=25),
}

_MEASURED = replace(_RANKS["config"], context_features=len(EDGE_FEATURES), context_partners="within")

_VALID = (
    ("clean", 12), ("noisy(25)", 12), ("noisy(50)", 8), ("varied", 48), ("few-cells", 12),
    ("tf-rich", 28),
)  # fmt: skip
# Edge features and context say most of what there is to say: 25 steps of goodINIT do as well as all 400.
_ENSEMBLE = {
    "config": replace(_CONTEXT["config"], context_members=2, init_epochs=25),
    "schedule": "rise-and-fall",
    "weight_decay": 0.01,
    "loss": "smooth-ap",
    "lr": 1e-3,
}

_TABLE: dict[str, tuple[str, Recipe]] = {
    "grnular-context": (
        "GRNULar with a rho_nn of two networks that see context, on both simulators",
        Recipe(
            train=(
                ("varied", 380),
                ("regulons", 260),
                ("mixed-dropout", 150),
                ("few-cells", 120),
                ("mixed-clean", 90),
                ("tf-rich", 80),
            ),
            valid=(*_VALID, ("regulons", 28)),
            epochs=5,
            members=("context-chances", "context-regulons"),
            seed=1,
            **_ENSEMBLE,
        ),
    ),
    "context-chances": (
        "first network of grnular-context: by cross-entropy, SERGIO's dynamics of many kinds and noise levels",
        Recipe(
            train=(("varied", 1000), ("mixed-dropout", 180), ("mixed-clean", 100)),
            valid=(("clean", 12), ("noisy(25)", 12), ("noisy(50)", 8), ("varied", 48)),
            epochs=12,
            **_CONTEXT,
        ),
    ),
    "context-regulons": (
        "second network of grnular-context: by ranks, both simulators, also few cells and many TFs",
        Recipe(
            train=(
                ("varied", 500),
                ("regulons", 400),
                ("tf-rich", 200),
                ("mixed-dropout", 120),
                ("few-cells", 100),
                ("mixed-clean", 80),
            ),
            valid=(*_VALID, ("regulons", 28)),
            epochs=7,
            **{**_CONTEXT, "loss": "smooth-ap"},
        ),
    ),
    "grnular-cells": (
        "GRNULar for measured cells, two networks on the family nearest to published cells",
        Recipe(
            train=(("measured", 32),),
            valid=(("measured", 40),),
            epochs=0,
            members=("context-measured", "context-measured-b"),
            seed=3,
            **{**_RANKS, "config": replace(_MEASURED, context_members=2)},
        ),
    ),
    "context-measured": (
        "first network of grnular-cells: by ranks, on the family nearest to published cells; "
        "also sees shared partners and the sign inside clusters",
        Recipe(
            train=(("measured", 400),),
            valid=(("measured", 40),),
            epochs=5,
            **{**_RANKS, "config": _MEASURED},
        ),
    ),
    "context-measured-b": (
        "second network of grnular-cells: the same from other draws",
        Recipe(
            train=(("measured", 400),),
            valid=(("measured", 40),),
            epochs=5,
            seed=2,
            **{**_RANKS, "config": replace(_MEASURED, seed=2)},
        ),
    ),
    "grnular-clean": (
        "GRNULar as the paper writes it, 20 graphs without technical noise",
        Recipe(config=replace(_PUBLISHED, n_inner=10), **_EQ_16, **_CLEAN),
    ),
    "grnular-noisy": (
        "GRNULar as the paper writes it, 20 graphs without dropout or with 25 %",
        Recipe(config=replace(_PUBLISHED, n_inner=10), **_EQ_16, **_NOISY),
    ),
    "grnular-DS1": (
        "GRNULar as the paper writes it, 20 random networks in the range of DS1, without dropout",
        Recipe(config=replace(_PUBLISHED, hidden=None, reduction="cells"), **_EQ_16, **_AS_DS1),
    ),
    "grnular-DS2": (
        "GRNULar as the paper writes it, 20 random networks in the range of DS2, without dropout",
        Recipe(config=replace(_PUBLISHED, hidden=(200,), units_per_tf=4, reduction="cells"), batch=2, **_EQ_16, **_AS_DS2),
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
for _model in ("glad", "glad-tf"):
    for _range, _graphs in (("DS1", _AS_DS1), ("DS2", _AS_DS2)):
        _TABLE[f"{_model}-{_range}"] = (
            f"{_model.upper()} as the paper writes it, 20 random networks in the range of {_range}",
            Recipe(_model, **_GLAD, **_graphs),
        )
RECIPES = {name: recipe for name, (_, recipe) in _TABLE.items()}
DESCRIPTIONS = {name: text for name, (text, _) in _TABLE.items()}


def named_recipe(name: str) -> Recipe:
    """Look up a recipe.

    Parameters
    ----------
    name : str
        A key of ``RECIPES``.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        For another name, with the nearest ones.
    """
    if name in RECIPES:
        return RECIPES[name]
    near = get_close_matches(name, RECIPES, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}" if near else f"known: {', '.join(RECIPES)}"
    raise InputError(f"unknown recipe {name!r}; {hint}. The file of a recipe ends in .json")
