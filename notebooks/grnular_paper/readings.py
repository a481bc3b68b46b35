"""How the paper's training can be read: learning curves of every reading, and the one that does best.

The paper leaves open what its loss compares, through what its gradient flows, and how large steps are. Each
reading changes one thing of ``ablations.AS_PRINTED``, for networks without dropout and with little. What the paper
chose on validation graphs (P, H_d, beta) is chosen on them here as well, by ``chosen``.

Parameters
----------
curves : DataFrame
    Recorded rows of "readings": one an epoch of a training.
graphs : str
    Family of training and validation graphs, a key of ``WEIGHTS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from grnular_core.models.glad import GLADConfig
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import train
from grnular_core.training.weights import read_trained
from grnular_paper.ablations import AS_PRINTED, with_config
from grnular_paper.records import READINGS
from grnular_paper.tasks import Task

SEEDS = (0, 1, 2)
PUBLISHED = "loss of all iterations"  # the reading that is the published model: best on validation graphs
GRAPHS = ("clean", "low-dropout")
OVER_CELLS, SCALED = "mean over cells alone", {"reduction": "cells"}  # in Eq. 12, in place of the mean over all entries
SCALES: dict[str, dict[str, str]] = {"": {}, f", {OVER_CELLS}": SCALED}
LARGE = ("DS1", "DS2")
# Trainings with ``PUBLISHED`` and the widest f_W, by P.
WIDE = {5: f"{PUBLISHED}, H_d = 100", 10: f"{PUBLISHED}, P = 10, H_d = 100"}
LONGER = 2  # times the epochs, where the best one of the released weights is the last
SCALINGS = tuple(f"P = {p}{end}" for p in WIDE for end in SCALES)  # each of these P with each scale of Eq. 12
WEIGHTS = {"clean": "grnular-clean", "low-dropout": "grnular-noisy", **{f"{of}-like": f"grnular-{of}" for of in LARGE}}
GLAD_AS_PRINTED = Recipe("glad", GLADConfig(), epochs=AS_PRINTED.epochs, lr=AS_PRINTED.lr, iterates="last")


@dataclass(frozen=True)
class Reading(Task):
    """One way to train a model on one kind of graphs, from one seed."""

    name: str  # what it changes
    recipe: Recipe  # how to train, on any graphs
    graphs: str  # family of the training and validation graphs
    seed: int  # of the graphs and of the first weights
    n_graphs: int = 20  # so many to train on
    n_valid: int = 20  # and so many to validate with
    experiment = READINGS

    @property
    def label(self) -> str:
        """The training in words."""
        return f"{self.name} on {self.graphs}, seed {self.seed}"

    def _identities(self) -> list[Mapping[str, object]]:
        """A training is recorded with all its epochs or not at all."""
        return [{"graphs": self.graphs, "reading": self.name, "seed": self.seed}]

    def whole_recipe(self) -> Recipe:
        """The recipe with its graphs and its seed.

        Returns
        -------
        Recipe
        """
        train, valid = (((self.graphs, n),) for n in (self.n_graphs, self.n_valid))
        return replace(with_config(self.recipe, seed=self.seed), train=train, valid=valid, seed=self.seed)

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> list[dict[str, object]]:
        """Train: a row an epoch, from 0 (untrained)."""
        checkpoint = None
        if parts is not None:
            parts.mkdir(parents=True, exist_ok=True)
            checkpoint = parts / "training.safetensors"
        progress = train(self.whole_recipe(), checkpoint=checkpoint, device=device, n_jobs=n_jobs)
        fixed = {"graphs": self.graphs, "reading": self.name, "seed": self.seed}
        return [{"loss": None, "seconds": 0.0} | row | fixed for row in progress.history]


def readings() -> dict[str, Recipe]:
    """What the paper leaves open, one thing changed at a time.

    Returns
    -------
    dict of str to Recipe
        By name, the reference first, which follows the text but for the means in Eq. 12.
    """
    base = AS_PRINTED
    return {
        "reference": base,
        "loss on Z": replace(base, loss_on="Z"),
        "loss on Z, inner gradient cut": with_config(replace(base, loss_on="Z"), inner_gradient="cut"),
        "sums in Eq. 12": with_config(base, reduction="sum"),
        "λ not learned": replace(base, learn_lambda=False),
        "Eq. 11": replace(base, loss="summed"),
        "loss of all iterations": replace(base, iterates="all"),
        "Adam's step 0.01": replace(base, lr=0.01),
        "Adam's step 0.1": replace(base, lr=0.1),
        "gradient not clipped": replace(base, clip=0.0),
    }


def choices() -> dict[str, Recipe]:
    """What is chosen on validation graphs: P, H_d and beta, one at a time, and together with ``PUBLISHED``.

    The last ones also have the scale of Eq. 12 changed, which the text leaves open.

    Returns
    -------
    dict of str to Recipe
    """
    base, published = AS_PRINTED, readings()[PUBLISHED]
    together = {name: with_config(published, n_inner=p, hidden=(100,)) for p, name in WIDE.items()}
    return {
        **{f"P = {p}": with_config(base, n_inner=p) for p in (2, 10, 20)},
        **{f"H_d = {h}": with_config(base, hidden=(h,)) for h in (60, 100)},
        **{f"beta = {b:g}": replace(base, beta=b) for b in (0.5, 1.0, 5.0)},
        **together,
        **{f"{name}, {OVER_CELLS}": with_config(of, **SCALED) for name, of in together.items()},
    }


def couplings() -> dict[str, Recipe]:
    """The paper's model trained with a stronger pull of f_W towards Z than means give it.

    With the mean over cells alone and sums over genes in Eq. 12 it is as many times as strong as there are TFs; beside it
    stands that of this work's models.

    Returns
    -------
    dict of str to Recipe
        By name, each beside the reading of the same settings.
    """
    both = {"reference": AS_PRINTED, WIDE[10]: choices()[WIDE[10]]}
    pulls = {OVER_CELLS: SCALED, "stronger coupling": {"lam_scale": GRNULarConfig().lam_scale, "lam_per_error": True}}
    return {
        name: recipe
        for own, of in both.items()
        for name, recipe in ((own, of), *((f"{own}, {pull}", with_config(of, **settings)) for pull, settings in pulls.items()))
    }  # fmt: skip


def scalings(of: str) -> dict[str, Recipe]:
    """How the sums of Eq. 12 are scaled in the range of DS1 or DS2, whose models infer from the most TFs.

    Parameters
    ----------
    of : {"DS1", "DS2"}

    Returns
    -------
    dict of str to Recipe
        Trainings of that range with each P and each scale of Eq. 12, means and P = 5 first.
    """
    of_means = {f"P = {p}": with_config(RECIPES[f"grnular-{of}"], n_inner=p, reduction="mean") for p in WIDE}
    return {f"{name}{end}": with_config(base, **pull) for name, base in of_means.items() for end, pull in SCALES.items()}


def scaling_names(graphs: str) -> dict[str, str]:
    """Trainings with each P and each scale of Eq. 12, all else as in the published model of a family of graphs.

    Returns
    -------
    dict of str to str
        One of ``SCALINGS`` -> name of the training in the record.
    """
    if graphs not in GRAPHS:
        return {name: name for name in SCALINGS}
    return {f"P = {p}{end}": f"{name}{end}" for p, name in WIDE.items() for end in SCALES}


def published_scaling(graphs: str) -> str:
    """The one of ``SCALINGS`` that the released weights of a family of graphs have.

    Returns
    -------
    str
    """
    config = read_trained(WEIGHTS[graphs]).recipe.config
    return f"P = {config.n_inner}" + (f", {OVER_CELLS}" if config.reduction == SCALED["reduction"] else "")


def longer() -> dict[str, Recipe]:
    """The released training in the range of DS2, whose best epoch is its last, with ``LONGER`` times the epochs.

    Returns
    -------
    dict of str to Recipe
        One, by the name of the training in the record.
    """
    released = RECIPES["grnular-DS2"]
    epochs = LONGER * released.epochs
    return {f"{published_scaling('DS2-like')}, {epochs} epochs": replace(released, epochs=epochs)}


def _scaling_seeds(of: str, name: str) -> tuple[int, ...]:
    """Three, but one in the range of DS2 where means leave far less to learn: a training takes up to an hour there."""
    return SEEDS[:1] if of == "DS2" and OVER_CELLS not in name else SEEDS


def glad_readings() -> dict[str, Recipe]:
    """The same for GLAD and GLAD-TF, which have no inner steps.

    Returns
    -------
    dict of str to Recipe
    """
    found = {}
    for model, name in (("glad", "GLAD"), ("glad-tf", "GLAD-TF")):
        base = replace(GLAD_AS_PRINTED, model=model)
        found |= {
            f"{name}: reference": base,
            f"{name}: loss on Z": replace(base, loss_on="Z"),
            f"{name}: λ not learned": replace(base, learn_lambda=False),
            f"{name}: loss of all iterations": replace(base, iterates="all"),
            f"{name}: Adam's step 0.01": replace(base, lr=0.01),
            f"{name}: Adam's step 0.1": replace(base, lr=0.1),
            f"{name}: L = 30": with_config(base, n_unroll=30),
            **{f"{name}: beta = {b:g}": replace(base, beta=b) for b in (0.5, 1.0, 5.0)},
        }
    return found


def tasks() -> list[Reading]:
    """All trainings, seed by seed.

    Returns
    -------
    list of Reading
    """
    large = [
        Reading(name, recipe, f"{of}-like", seed, n_valid=sum(n for _, n in recipe.valid))
        for of in LARGE
        for seed in SEEDS
        for name, recipe in scalings(of).items()
        if seed in _scaling_seeds(of, name)
    ]
    large += [Reading(name, r, "DS2-like", 0, n_valid=sum(n for _, n in r.valid)) for name, r in longer().items()]
    large += [Reading(name, recipe, "DS1-like", 0) for name, recipe in glad_readings().items() if "beta" not in name]
    return large + [
        Reading(name, recipe, family, seed)
        for recipes in (readings() | choices() | couplings(), glad_readings())
        for seed in SEEDS
        for name, recipe in recipes.items()
        for family in GRAPHS
    ]


def shortened(epochs: int) -> Recipe:
    """The reference with fewer epochs.

    Parameters
    ----------
    epochs : int

    Returns
    -------
    Recipe
    """
    return replace(AS_PRINTED, epochs=epochs)


def best(curves: pd.DataFrame) -> pd.DataFrame:
    """The start and the best epoch of every training.

    Returns
    -------
    DataFrame
        ``graphs, reading, seed``, ``start`` and ``best`` (AUPRC on validation graphs) and its ``epoch``.
    """
    curves = curves.astype({"seed": int, "epoch": int})
    key = ["graphs", "reading", "seed"]
    top = curves.loc[curves.groupby(key, sort=False)["valid_auprc"].idxmax()]
    start = curves[curves["epoch"] == 0].set_index(key)["valid_auprc"].rename("start")
    top = top.rename(columns={"valid_auprc": "best"})[[*key, "epoch", "best"]]
    return top.join(start, on=key)[[*key, "start", "best", "epoch"]].reset_index(drop=True)


def best_reading(curves: pd.DataFrame) -> str:
    """The reading that does best on validation graphs.

    Returns
    -------
    str
        A key of ``readings``: the highest mean over the families and seeds that all recorded have.
    """
    return _best_of(best(curves), list(readings()), ["graphs", "seed"])


def chosen(curves: pd.DataFrame, graphs: str) -> str:
    """The published model's P, H_d and beta: what does best on validation graphs.

    Returns
    -------
    str
        ``PUBLISHED`` or a key of ``choices``: the highest mean over the seeds that all recorded have.
    """
    return _best_of(best(curves[curves["graphs"] == graphs]), [PUBLISHED, *choices()], ["seed"])


def _best_of(found: pd.DataFrame, names: list[str], units: list[str]) -> str:
    """The name with the highest mean of ``best`` over the units that all names recorded have."""
    wide = found.pivot_table(index=units, columns="reading", values="best")
    wide = wide[[name for name in names if name in wide]].dropna()
    return str(wide.mean().idxmax())
