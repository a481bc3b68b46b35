"""Simulated graphs in batches, and how models see and are scored on them."""

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
    """Simulated graphs of one size."""

    X: Tensor  # (graphs, cells, genes) expression
    tf_index: Tensor  # (graphs, tfs) positions of the TFs among the genes
    truth: Tensor  # (graphs, tfs, genes), bool: the reference network

    @property
    def allowed(self) -> Tensor:
        """Candidates (graphs, tfs, genes), bool: all but self pairs."""
        return not_self(self.tf_index, self.X.shape[2])


def first_seed(part: str, seed: int = 0) -> int:
    """Give the seed of a part's first graph; the others follow one by one.

    Parameters
    ----------
    part : {"train", "valid", "test"}
    seed : int
        The recipe's, from 0 to ``LAST_SEED``: with it no two parts share a graph.

    Returns
    -------
    int
    """
    return FIRST_SEED[part] + SEED_STEP * seed


def check_training_graphs(recipe: Recipe) -> None:
    """Refuse, before any is simulated, graphs that a model must not be trained on or chosen by.

    Parameters
    ----------
    recipe : Recipe
        Its ``train`` and ``valid`` graphs and its seed.

    Raises
    ------
    InputError
        For SERGIO's own networks, which are for tests alone, unknown families, and so many graphs or
        so large a seed that training and validation would share graphs.
    """
    if not 0 <= recipe.seed <= LAST_SEED:
        raise InputError(f"a recipe's seed is from 0 to {LAST_SEED}, got {recipe.seed}")
    for family, count in (*recipe.train, *recipe.valid):
        drawn = family_preset(family, 0)
        if drawn.network and not drawn.rewired:
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
    """Simulate the graphs of one part, batched by size.

    Parameters
    ----------
    graphs : tuple of (str, int)
        Families or presets, and how many graphs of each.
    part : {"train", "valid", "test"}
        Which seeds to take.
    seed : int
        The recipe's.
    batch : int
        Largest number of graphs in a batch.
    n_jobs : int
        Threads that simulate (-1: all cores); no effect on the result.

    Returns
    -------
    list of Batch
        In the order of the seeds.
    """
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

    start: Any  # GRNULar's fit before its iterations; X for GLAD
    batch: Batch


def prepare_batches(model: nn.Module, batches: Sequence[Batch], device: str) -> list[Prepared]:
    """Move batches to the device and precision of the model, and compute what no learned part has a say in.

    Parameters
    ----------
    model : Module
        GRNULar, whose initial fit is made here, or GLAD.
    batches : sequence of Batch
    device : str
        Where the model is.

    Returns
    -------
    list of Prepared
    """
    prepared, dtype = [], next(model.parameters()).dtype
    for batch in batches:
        batch = Batch(batch.X.to(device, dtype), *(part.to(device) for part in batch[1:]))
        start = model.prepare(batch.X, batch.tf_index) if isinstance(model, GRNULar) else batch.X
        prepared.append(Prepared(start, batch))
    return prepared


def run_model(model: nn.Module, item: Prepared) -> Any:
    """Run the model on a prepared batch.

    Parameters
    ----------
    model : Module
        The one that the batch was prepared for.
    item : Prepared

    Returns
    -------
    GRNULarOutput or GLADOutput
    """
    if isinstance(model, GRNULar):
        return model.unroll(item.start)
    return model(item.start, item.batch.tf_index)


def loss_inputs(
    model: nn.Module, output: Any, tf_index: Tensor, logits: bool = True, on: str = "theta"
) -> list[Tensor]:
    """Collect what the loss compares with the reference network, for every iteration.

    Parameters
    ----------
    model : Module
        GRNULar or GLAD.
    output : GRNULarOutput or GLADOutput
        What ``run_model`` gave.
    tf_index : Tensor, shape (graphs, tfs)
    logits : bool
    on : {"theta", "Z"}
        What to take otherwise.

    Returns
    -------
    list of Tensor, each of shape (graphs, tfs, genes)
        Of GLAD the absolute values of the TFs' rows.
    """
    if isinstance(model, GRNULar) and logits and output.logits:
        return list(output.logits)
    found = [theta if on == "theta" else Z for theta, Z in output.unrolled]
    if isinstance(model, GRNULar):
        return found
    return [tf_rows(values.abs(), tf_index) for values in found]


def _edge_scores(model: nn.Module, output: Any, tf_index: Tensor) -> Tensor:
    """Give what edges are ranked by (graphs, tfs, genes), >= 0."""
    if isinstance(model, GRNULar):
        return output.scores
    return tf_rows(output.theta.abs(), tf_index)


class GraphScores(NamedTuple):
    """Strict AUPRC and AUROC of every graph; NaN for one without a true edge."""

    auprc: np.ndarray  # (graphs,)
    auroc: np.ndarray  # (graphs,)


@torch.no_grad()
def evaluate(model: nn.Module, items: Sequence[Prepared]) -> GraphScores:
    """Score a model on prepared batches, all TFs on all genes, self pairs left out.

    Parameters
    ----------
    model : Module
    items : sequence of Prepared

    Returns
    -------
    GraphScores
        In the order of the batches.
    """
    found = []
    for item in items:
        values = _edge_scores(model, run_model(model, item), item.batch.tf_index)
        for s, truth, allowed in zip(values, item.batch.truth, item.batch.allowed, strict=True):
            s, t = s[allowed].double().cpu().numpy(), truth[allowed].cpu().numpy()
            found.append(auprc_and_auroc(s, t))
    return GraphScores(*(np.array(part) for part in zip(*found, strict=True)))
