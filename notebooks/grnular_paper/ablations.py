"""Ablation study: one factor of the model changed at a time, all else as it was.

Every variant is a recipe. It is trained (``epochs`` 0 leaves it untrained), then scored on test
graphs that no training or validation has seen, the same for all variants, so that values of one
factor are compared in pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.models.inference import model_scores
from grnular_core.scoring.ranking import average_precision
from grnular_core.simulation.simulate import Simulation, preset, simulate
from grnular_core.training.batches import evaluate, first_seed, make_batches, prepare_batches, run_model
from grnular_core.training.checkpoints import Progress
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import train
from grnular_core.utils.device import resolve_device
from grnular_paper.synthetic import graph_row
from grnular_paper.tasks import Task

THRESHOLDS = (0.005, 0.02, 0.1, 0.3)  # of GLAD: rho of every entry, before any training
MASK_CELLS = (100, 1000)
UNTRAINED = Recipe(epochs=0, valid=(("clean", 1),), train=(("clean", 1),))
# Trained as printed: Eq. 16 on theta, gradients through all L x P steps; means as in the 2020 code.
AS_PRINTED = Recipe(
    config=GRNULarConfig(hidden=(40,), n_inner=5, init_tolerance=0.0, lam_scale=1.0, lam_per_error=False),
    train=(("low-dropout", 20),),
    valid=(("low-dropout", 20),),
    epochs=10,
    lr=0.03,
    iterates="last",
)
# A smaller GRNULar-context, trained on a fraction of the graphs.
CONTEXT = Recipe(
    config=GRNULarConfig(rho="context", n_unroll=4, n_inner=5),
    train=(("varied", 60), ("mixed-dropout", 40), ("mixed-clean", 20)),
    valid=(("clean", 8), ("noisy(25)", 8)),
    epochs=8,
    lr=4e-3,
    schedule="rise-and-fall",
    weight_decay=0.01,
    loss="cross-entropy",
)


IN_RECORD = {"H_d": "H1"}  # factors that have another name in the record


@dataclass(frozen=True)
class Variant(Task):
    """One value of one factor of the model, with its recipe and the test graphs that score it."""

    factor: str  # what is changed, named as in the paper
    value: str  # what it is changed to
    # What the rest is: "untrained" for the loop itself, "trained" as printed, or "context" for the
    # rho_nn that sees context.
    base: str
    recipe: Recipe  # how to make and train it
    presets: tuple[str, ...] = ("clean", "noisy(25)")  # presets of the test graphs
    n_graphs: int = 12  # test graphs of each preset
    # Model run with the trained parts, if another than is trained: "grnular-base" learns the same.
    run_as: str = ""
    experiment = "ablations"

    @property
    def label(self) -> str:
        """The variant's name in the record."""
        return f"{self.base}: {IN_RECORD.get(self.factor, self.factor)} = {self.value}"

    def _identities(self) -> list[Mapping[str, object]]:
        """A variant is recorded with all its graphs or not at all."""
        return [{"method": self.label}]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> list[dict[str, object]]:
        """Train and score: a row of the record for every test graph of every preset.

        Scores are computed in double precision, in which they do not depend on the processor.
        ``seconds`` is a graph's share of one batch of four, edge features and goodINIT included: one run on
        whatever else the machine does, good for an order of magnitude.
        """
        place = resolve_device(device)
        checkpoint = None
        if parts is not None and self.recipe.epochs:
            parts.mkdir(parents=True, exist_ok=True)
            checkpoint = parts / "training.safetensors"
        progress = _trained(self.recipe, checkpoint, device, n_jobs)
        model = replace(self.recipe, model=self.run_as or self.recipe.model).new_model()
        model.load_state_dict(progress.best["auprc"])
        model.to(place).double()
        rows = []
        for name in self.presets:
            batches = make_batches(((name, self.n_graphs),), "test", n_jobs=n_jobs)
            quality = evaluate(model, prepare_batches(model, batches, str(place)))
            began = time.perf_counter()
            with torch.no_grad():
                run_model(model, prepare_batches(model, batches[:1], str(place))[0])
            seconds = (time.perf_counter() - began) / len(batches[0].X)
            density = [float(t[a].float().mean()) for b in batches for t, a in zip(b.truth, b.allowed, strict=True)]  # fmt: skip
            for replicate, (auprc, auroc) in enumerate(zip(*quality, strict=True)):
                row = graph_row(name, self.label, replicate, density[replicate], auprc, auroc)
                cost = {"seconds": seconds, "cpu_seconds": None, "device": str(place)}
                rows.append(row | cost | {"seed": self.recipe.seed})
        return rows


@lru_cache(maxsize=64)
def _trained(recipe: Recipe, checkpoint: Path | None, device: str, n_jobs: int) -> Progress:
    """Train, once in a process for all variants of the same recipe."""
    return train(recipe, checkpoint=checkpoint, device=device, n_jobs=n_jobs)


def with_config(recipe: Recipe, **changes: object) -> Recipe:
    """The recipe with other settings of its model.

    Parameters
    ----------
    recipe : Recipe
        Left as it is.
    **changes : object
        Fields of its ``config`` and their new values.

    Returns
    -------
    Recipe
    """
    return replace(recipe, config=replace(recipe.config, **changes))


def _of(
    factor: str,
    base: str,
    recipe: Recipe,
    values: dict[str, dict[str, object]],
    change: Callable[..., Recipe] = with_config,
) -> list[Variant]:
    """A variant for every value; ``change`` says whether it sets the model or the recipe itself."""
    return [Variant(factor, value, base, change(recipe, **settings)) for value, settings in values.items()]


def _of_recipe(factor: str, base: str, recipe: Recipe, values: dict[str, dict[str, object]]) -> list[Variant]:
    return _of(factor, base, recipe, values, replace)


def _untrained_variants() -> list[Variant]:
    """Choices of the loop itself; nothing has been trained."""
    fixed = with_config(UNTRAINED, init_tolerance=0.0)
    return [
        *_of("P", "untrained", UNTRAINED, {str(p): {"n_inner": p} for p in (2, 5, 10, 20)}),
        *_of("L", "untrained", UNTRAINED, {str(n): {"n_unroll": n} for n in (1, 5, 15, 30)}),
        *_of("H_d", "untrained", UNTRAINED, {str(h): {"hidden": (h,)} for h in (20, 40, 100)}),
        *_of("layers", "untrained", UNTRAINED, {"2": {"hidden": (40,)}, "3": {"hidden": (40, 40)}}),
        *_of("E1", "untrained", fixed, {str(e): {"init_epochs": e} for e in (100, 200, 400)}),
        *_of("initial weights", "untrained", UNTRAINED, {"0.1 of usual": {"init_scale": 0.1}, "usual": {"init_scale": 1.0}}),
        *_of(
            "penalty", "untrained", UNTRAINED,
            {
                "printed sums": {"reduction": "sum", "lam_scale": 1.0, "lam_per_error": False},
                "means": {"lam_scale": 1.0, "lam_per_error": False},
                "means x 50": {"lam_per_error": False},
                "means x 50 x error": {},
            },
        ),
        *_of_recipe("algorithm", "untrained", UNTRAINED, {"1 (base)": {"model": "grnular-base"}, "2": {"model": "grnular"}}),
    ]  # fmt: skip


def _trained_variants() -> list[Variant]:
    """What the paper says of training, inner steps, goodINIT and both algorithms, each trained anew."""
    base = "trained"
    algorithms = [
        Variant("algorithm", f"{name}, P = {steps}", base, with_config(AS_PRINTED, n_inner=steps), run_as=model)
        for steps in (5, 20)
        for name, model in (("1 (base)", "grnular-base"), ("2", ""))
    ]
    counts = {f"{n} graphs": {"train": (("low-dropout", n),)} for n in (4, 20, 60)}
    return [
        *_of_recipe("training", base, AS_PRINTED, {"none": {"epochs": 0}, **counts}),
        *_of("P", base, AS_PRINTED, {str(p): {"n_inner": p} for p in (2, 5, 10, 20)}),
        *_of("E1", base, AS_PRINTED, {str(e): {"init_epochs": e} for e in (100, 400)}),
        *algorithms,
    ]  # fmt: skip


def _context_variants() -> list[Variant]:
    """Choices of the rho_nn that sees context, trained on few graphs."""
    base = "context"
    return [
        *_of("L", base, CONTEXT, {str(n): {"n_unroll": n} for n in (1, 2, 4, 8)}),
        *_of("E1", base, CONTEXT, {str(e): {"init_epochs": e} for e in (25, 100, 400)}),
        *_of("layers", base, CONTEXT, {str(n): {"context_layers": n} for n in (0, 1, 3)}),
        *_of("members", base, CONTEXT, {str(n): {"context_members": n} for n in (1, 2)}),
        *_of_recipe("training", base, CONTEXT, {"none": {"epochs": 0}, "shuffled labels": {"shuffled": True}, "120 graphs": {}}),
        *_of_recipe("loss", base, CONTEXT, {"cross-entropy": {}, "average precision": {"loss": "smooth-ap"}}),
    ]  # fmt: skip


def variants(n_graphs: int = 12) -> list[Variant]:
    """All of them, each to be scored on so many test graphs of a preset.

    Parameters
    ----------
    n_graphs : int
        Test graphs of each preset.

    Returns
    -------
    list of Variant
        Of the untrained loop, the paper's training and the rho_nn that sees context.
    """
    found = [*_untrained_variants(), *_trained_variants(), *_context_variants()]
    return [replace(variant, n_graphs=n_graphs) for variant in found]


def mask_effect(n_graphs: int = 6, thresholds: Sequence[float] = THRESHOLDS, cells: Sequence[int] = MASK_CELLS) -> pd.DataFrame:
    """What the mask of GLAD-TF does, threshold by threshold, on networks of the clean preset for validation.

    GLAD-TF sets pairs without a TF to zero in every iteration of the loop. So does a threshold, to
    whatever is weak. Untrained models with one threshold for all entries show what the mask adds to it.

    Parameters
    ----------
    n_graphs : int
    thresholds : sequence of float
        rho of every entry.
    cells : sequence of int
        Cells of a network.

    Returns
    -------
    DataFrame
        ``cells, threshold`` and mean strict AUPRC of ``glad`` and ``glad-tf``.
    """
    rows = []
    for n_cells in cells:
        seeds = range(first_seed("valid"), first_seed("valid") + n_graphs)
        drawn = [simulate(preset("clean", n_cells=n_cells), seed) for seed in seeds]
        for threshold in thresholds:
            config = GLADConfig(rho_start=threshold)
            row: dict[str, float] = {"cells": n_cells, "threshold": threshold}
            for name, model in (("glad", GLAD(config)), ("glad-tf", GLADTF(config))):
                row[name] = float(np.mean([_glad_auprc(simulation, model) for simulation in drawn]))
            rows.append(row)
    return pd.DataFrame(rows)


def _glad_auprc(simulation: Simulation, model: GLAD) -> float:
    tfs, truth = simulation.tf_index, simulation.adjacency != 0
    scores, _ = model_scores(model, simulation.expression, tfs)
    allowed = np.ones(truth.shape, dtype=bool)
    allowed[np.arange(len(tfs)), tfs] = False
    return average_precision(scores[allowed], truth[allowed])
