"""Simulated graphs in batches, and a model's scores on them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from grnular_core.models.glad import tf_rows
from grnular_core.models.grnular import GRNULar
from grnular_core.models.losses import not_self
from grnular_core.scoring.ranking import auprc_and_auroc
from grnular_core.simulation.families import GROUP, family_preset, observed
from grnular_core.simulation.simulate import simulate_many
from grnular_core.training.recipes import Graphs, Recipe
from grnular_core.utils.errors import InputError

# Seeds of training, validation and test graphs never meet; a recipe's seed moves all three.
FIRST_SEED = {"train": 1_000_000, "valid": 2_000_000, "test": 3_000_000}
SEED_STEP = 10_000  # from one recipe's seed to the next
LAST_SEED = 99  # one more would meet the seeds of the next part


class Batch(NamedTuple):
    """Graphs of one size: X (graphs, cells, genes), tf_index (graphs, tfs), truth of 0 and 1."""

    X: Tensor
    tf_index: Tensor
    truth: Tensor  # (graphs, tfs, genes), bool

    @property
    def allowed(self) -> Tensor:
        return not_self(self.tf_index, self.X.shape[2])


def first_seed(part: str, seed: int = 0) -> int:
    """The seed of a part's first graph; the others follow one by one."""
    return FIRST_SEED[part] + SEED_STEP * seed


def check_graphs(recipe: Recipe) -> None:
    """Refuse, before any is simulated, graphs that a model must not be trained on or chosen by.

    Those are SERGIO's own networks, which are for tests alone, unknown families, and so many that
    the seeds of training and validation would meet.
    """
    if not 0 <= recipe.seed <= LAST_SEED:
        raise InputError(f"a recipe's seed is from 0 to {LAST_SEED}, got {recipe.seed}")
    for family, count in (*recipe.train, *recipe.valid):
        if family_preset(family, 0).network:
            raise InputError(
                f"{family} is a test network of SERGIO's and must not train or choose a model; use "
                f"{family[:3]}-like, random networks of its size"
            )
        if count > SEED_STEP:
            raise InputError(
                f"{count} graphs of {family}; at most {SEED_STEP} have seeds of their own"
            )


def make_batches(
    graphs: Graphs, part: str, seed: int = 0, batch: int = GROUP, n_jobs: int = -1
) -> list[Batch]:
    """Simulate the graphs of one ``part`` ("train", "valid" or "test"), batched by size."""
    first = first_seed(part, seed)
    jobs = [(family, first + i) for family, count in graphs for i in range(count)]
    presets = [family_preset(*job) for job in jobs]
    simulated = simulate_many(presets, [seed for _, seed in jobs], n_jobs)
    examples = ((observed(s), s.tf_index, s.adjacency) for s in simulated)
    batches = []
    for _, same in groupby(examples, key=lambda e: (e[0].shape, len(e[1]))):
        members = list(same)
        for start in range(0, len(members), batch):
            parts = zip(*members[start : start + batch], strict=True)
            batches.append(Batch(*(torch.as_tensor(np.stack(part)) for part in parts)))
    return batches


class Prepared(NamedTuple):
    """A batch with what does not depend on learned parts, computed once."""

    start: Any
    batch: Batch


def prepare_batches(model: nn.Module, batches: Sequence[Batch], device: str) -> list[Prepared]:
    """Move batches to the device and prepare them; GLAD's start is X itself."""
    prepared = []
    for batch in batches:
        batch = Batch(*(part.to(device) for part in batch))
        start = model.prepare(batch.X, batch.tf_index) if isinstance(model, GRNULar) else batch.X
        prepared.append(Prepared(start, batch))
    return prepared


def run_model(model: nn.Module, item: Prepared) -> Any:
    """The model's output on a prepared batch."""
    if isinstance(model, GRNULar):
        return model.unroll(item.start)
    return model(item.start, item.batch.tf_index)


def predictions(
    model: nn.Module, output: Any, tf_index: Tensor, logits: bool = True
) -> list[Tensor]:
    """What the loss looks at, for every cell: Z of GRNULar, |theta| of GLAD.

    With ``logits``, the logits of a GRNULar whose rho_nn sees context take the place of Z.
    """
    if isinstance(model, GRNULar):
        return (list(output.logits) if logits else []) or [Z for _, Z in output.unrolled]
    return [tf_rows(theta.abs(), tf_index) for theta, _ in output.unrolled]


def scores(model: nn.Module, output: Any, tf_index: Tensor) -> Tensor:
    """What edges are ranked by, (graphs, tfs, genes), >= 0."""
    if isinstance(model, GRNULar):
        return output.scores
    return tf_rows(output.theta.abs(), tf_index)


class Quality(NamedTuple):
    """Strict AUPRC and AUROC of every graph (graphs,)."""

    auprc: np.ndarray
    auroc: np.ndarray


@torch.no_grad()
def evaluate(model: nn.Module, items: Sequence[Prepared]) -> Quality:
    """Score a model on prepared batches: all TFs on all genes, self-pairs left out."""
    found = []
    for item in items:
        values = scores(model, run_model(model, item), item.batch.tf_index)
        for s, truth, allowed in zip(values, item.batch.truth, item.batch.allowed, strict=True):
            s, t = s[allowed].double().cpu().numpy(), truth[allowed].cpu().numpy()
            found.append(auprc_and_auroc(s, t))
    return Quality(*(np.array(part) for part in zip(*found, strict=True)))
