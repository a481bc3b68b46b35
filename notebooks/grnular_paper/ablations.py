"""What each choice of the model is worth: one factor changed at a time, all else as it was.

Every variant is a recipe. It is trained (``epochs`` 0 leaves it untrained), then scored on test
graphs that no training or validation has seen, the same for all variants, so that values of one
factor are compared in pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from grnular_core.models.grnular import GRNULarConfig
from grnular_core.simulation.simulate import preset
from grnular_core.training.batches import evaluate, make_batches, prepare_batches, run_model
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import train
from grnular_core.utils.device import resolve_device
from grnular_paper.records import Record

UNTRAINED = Recipe(epochs=0, valid=(("clean", 1),), train=(("clean", 1),))
# Trained as the paper says, from the untrained model's settings, on the noisy setting's data.
PAPER_LIKE = Recipe(
    config=GRNULarConfig(n_inner=5),
    train=(("low-dropout", 20),),
    valid=(("low-dropout", 12),),
    epochs=10,
    lr=0.03,
)
# The model that is shipped, trained on a fraction of the graphs.
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


@dataclass(frozen=True)
class Variant:
    """One ``value`` of one ``factor``, named as in the paper; ``base`` says what the rest is."""

    factor: str
    value: str
    base: str
    recipe: Recipe

    @property
    def label(self) -> str:
        """The variant's name in the record."""
        return f"{self.base}: {self.factor} = {self.value}"


def with_config(recipe: Recipe, **changes: object) -> Recipe:
    """The recipe with other settings of its model."""
    return replace(recipe, config=replace(recipe.config, **changes))


def _of(
    factor: str,
    base: str,
    recipe: Recipe,
    values: dict[str, dict[str, object]],
    change: Callable[..., Recipe] = with_config,
) -> list[Variant]:
    """A variant for every value; ``change`` says whether it sets the model or the recipe itself."""
    return [
        Variant(factor, value, base, change(recipe, **settings))
        for value, settings in values.items()
    ]


def _of_recipe(
    factor: str, base: str, recipe: Recipe, values: dict[str, dict[str, object]]
) -> list[Variant]:
    return _of(factor, base, recipe, values, replace)


def untrained_variants() -> list[Variant]:
    """Choices of the loop itself; nothing has been trained."""
    fixed = with_config(UNTRAINED, init_tolerance=0.0)
    return [
        *_of("P", "untrained", UNTRAINED, {str(p): {"n_inner": p} for p in (2, 5, 10, 20)}),
        *_of("L", "untrained", UNTRAINED, {str(n): {"n_unroll": n} for n in (1, 5, 15, 30)}),
        *_of("H1", "untrained", UNTRAINED, {str(h): {"hidden": (h,)} for h in (20, 40, 100)}),
        *_of(
            "layers", "untrained", UNTRAINED,
            {"2": {"hidden": (40,)}, "3": {"hidden": (40, 40)}},
        ),
        *_of("E1", "untrained", fixed, {str(e): {"init_epochs": e} for e in (100, 200, 400)}),
        *_of(
            "initial weights", "untrained", UNTRAINED,
            {"0.1 of usual": {"init_scale": 0.1}, "usual": {"init_scale": 1.0}},
        ),
        *_of(
            "penalty", "untrained", UNTRAINED,
            {
                "printed sums": {"reduction": "sum", "lam_scale": 1.0, "lam_per_error": False},
                "means": {"lam_scale": 1.0, "lam_per_error": False},
                "means x 50": {"lam_per_error": False},
                "means x 50 x error": {},
            },
        ),
        *_of_recipe(
            "algorithm", "untrained", UNTRAINED,
            {"1 (base)": {"model": "grnular-base"}, "2": {"model": "grnular"}},
        ),
    ]  # fmt: skip


def trained_variants() -> list[Variant]:
    """Choices of the paper's training."""
    base = "trained"
    return [
        *_of_recipe("training", base, PAPER_LIKE, {"none": {"epochs": 0}, "20 graphs": {}}),
        *_of_recipe("beta", base, PAPER_LIKE, {str(b): {"beta": b} for b in (0.5, 1.0, 2.0, 5.0)}),
        *_of_recipe(
            "loss", base, PAPER_LIKE,
            {"Eq. 16": {}, "Eq. 11": {"loss": "summed"}, "average precision": {"loss": "smooth-ap"}},
        ),
        *_of_recipe("loss of", base, PAPER_LIKE, {w: {"iterates": w} for w in ("all", "last")}),
        *_of(
            "gradient", base, PAPER_LIKE, {w: {"inner_gradient": w} for w in ("cut", "through")}
        ),
    ]  # fmt: skip


def context_variants() -> list[Variant]:
    """Choices of the rho_nn that sees context, trained on few graphs."""
    base = "context"
    return [
        *_of("L", base, CONTEXT, {str(n): {"n_unroll": n} for n in (1, 2, 4, 8)}),
        *_of("E1", base, CONTEXT, {str(e): {"init_epochs": e} for e in (25, 100, 400)}),
        *_of(
            "layers", base, CONTEXT, {str(n): {"context_layers": n} for n in (0, 1, 3)}
        ),
        *_of("members", base, CONTEXT, {str(n): {"context_members": n} for n in (1, 2)}),
        *_of_recipe(
            "training", base, CONTEXT,
            {"none": {"epochs": 0}, "shuffled labels": {"shuffled": True}, "120 graphs": {}},
        ),
        *_of_recipe(
            "loss", base, CONTEXT,
            {"cross-entropy": {}, "average precision": {"loss": "smooth-ap"}},
        ),
    ]  # fmt: skip


def variants() -> list[Variant]:
    """All of them."""
    return [*untrained_variants(), *trained_variants(), *context_variants()]


def checkpoint_of(variant: Variant, folder: Path | None) -> Path | None:
    """Where its training can go on after a kill; None without a folder, and where nothing is trained."""
    if folder is None or not variant.recipe.epochs:
        return None
    name = "".join(c if c.isalnum() else "-" for c in variant.label)
    return folder / f"{name}.safetensors"


def run_variant(
    variant: Variant,
    presets: Sequence[str] = ("clean", "noisy(25)"),
    n_graphs: int = 12,
    *,
    device: str = "cpu",
    n_jobs: int = -1,
    checkpoints: Path | None = None,
) -> list[dict[str, object]]:
    """Train and score one variant: a row of the record for every test graph of every preset.

    ``seconds`` is a graph's share of one batch of four, evidence and goodINIT included: one run
    on whatever else the machine does, good for an order of magnitude.
    """
    place = resolve_device(device)
    path = checkpoint_of(variant, checkpoints)
    progress = train(variant.recipe, checkpoint=path, device=device, n_jobs=n_jobs)
    model = variant.recipe.new_model().to(place)
    model.load_state_dict(progress.best["auprc"])
    rows = []
    for name in presets:
        settings = preset(name)
        batches = make_batches(((name, n_graphs),), "test", n_jobs=n_jobs)
        quality = evaluate(model, prepare_batches(model, batches, str(place)))
        began = time.perf_counter()
        with torch.no_grad():
            run_model(model, prepare_batches(model, batches[:1], str(place))[0])
        seconds = (time.perf_counter() - began) / len(batches[0].X)
        density = [float(t[a].float().mean()) for b in batches for t, a in zip(b.truth, b.allowed, strict=True)]  # fmt: skip
        dropout = settings.technical.dropout
        for replicate, (auprc, auroc) in enumerate(zip(*quality, strict=True)):
            rows.append(
                {
                    "dataset": name, "network": "simulated", "genes": settings.graph.n_genes,
                    "cells": settings.kinetics.n_cells, "cell_types": settings.kinetics.n_types,
                    "dropout_percentile": dropout[1] if dropout else 0.0, "replicate": replicate,
                    "method": variant.label, "tf_information": "with", "seed": variant.recipe.seed,
                    "density": density[replicate], "strict_auprc": auprc,
                    "strict_auprc_ratio": auprc / density[replicate], "strict_auroc": auroc,
                    "strict_epr": None, "paper_auprc": None, "paper_auroc": None,
                    "paper_floor_auroc": None, "seconds": seconds, "cpu_seconds": None,
                    "device": str(place),
                }
            )  # fmt: skip
    return rows


def run_missing_variants(
    record: Record,
    wanted: Iterable[Variant],
    *,
    checkpoints: Path | None = None,
    say: Callable[[str], None] = print,
    **options: object,
) -> None:
    """Run every variant that has no row in the record, adding rows as they come.

    Trainings keep their checkpoint in the folder ``checkpoints`` until their rows are on record.
    """
    have = set(record.rows()["method"])
    for variant in wanted:
        if variant.label in have:
            continue
        rows = run_variant(variant, checkpoints=checkpoints, **options)
        record.add(rows)
        if path := checkpoint_of(variant, checkpoints):
            path.unlink(missing_ok=True)
        mean = sum(row["strict_auprc"] for row in rows) / len(rows)
        say(f"{variant.label}: mean AUPRC {mean:.3f} over {len(rows)} graphs")
