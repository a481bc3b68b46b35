"""The registry of methods: each maps (data, seed) to an edge table.

``infer`` is the one way to run any of them. Genes are sorted by name before a method sees them, so
no result depends on the order of columns.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import edge_table
from grnular_core.data.values import Matrix
from grnular_core.methods import controls
from grnular_core.methods import correlation as baselines
from grnular_core.methods.correlation import Scores
from grnular_core.methods.ensemble_methods import arboreto_trees, compiled_trees, tigress_scores
from grnular_core.methods.memory import check_memory
from grnular_core.methods.model_methods import fitting_weights, trained, untrained
from grnular_core.methods.unrolled_methods import FOR_CELLS
from grnular_core.utils.errors import InputError, MethodError

Progress = Callable[[int, int], None]
Cost = Literal["seconds", "minutes", "hours"]


@dataclass(frozen=True)
class Run:
    """How to run a method: everything that is not the data.

    ``parts`` is a folder where long methods keep finished parts, to go on after a kill.
    ``weights``: name or file of a trained model to use in place of the method's own.
    """

    seed: int = 0
    device: str = "auto"
    n_jobs: int = -1
    progress: Progress | None = None
    parts: Path | None = None
    weights: str | Path | None = None


@dataclass(frozen=True)
class Work:
    """A dataset as methods see it: genes sorted by name, TFs as positions among them."""

    data: GRNDataset
    genes: list[str]
    tfs: list[str]
    tf_index: np.ndarray

    @classmethod
    def of(cls, data: GRNDataset) -> Work:
        genes = sorted(data.genes)
        tfs = sorted(data.tfs)
        position = {gene: i for i, gene in enumerate(genes)}
        index = np.array([position[tf] for tf in tfs], dtype=int)
        return cls(data, genes, tfs, index)

    @cached_property
    def expression(self) -> np.ndarray:
        """(cells, genes), dense float64; made when a method first asks for it."""
        return self.data.expression(self.genes)

    @cached_property
    def matrix(self) -> Matrix:
        """(cells, genes), dense or csr as the dataset has it; values are not copied if csr."""
        stored, columns = self.data.adata.X, self.data.adata.var_names.get_indexer(self.genes)
        if np.array_equal(columns, np.arange(len(columns))):
            return stored
        if not sparse.issparse(stored):
            return stored[:, columns]
        place = np.argsort(columns).astype(stored.indices.dtype)
        return sparse.csr_matrix((stored.data, place[stored.indices], stored.indptr), stored.shape)


@dataclass(frozen=True)
class Method:
    """One entry of the registry. ``scores`` returns scores and signs, each (tfs, genes)."""

    name: str
    description: str
    scores: Callable[[Work, Run], Scores]
    cost: Cost = "seconds"  # at BEELINE's size: about 1,000 genes, 400 cells
    stochastic: bool = False
    uses_device: bool = False  # runs on a GPU where there is one
    needs_truth: bool = False


def within_cells(work: Work, run: Run) -> Scores:
    from grnular_core.methods.within_clusters import within_clusters  # loads torch

    return within_clusters(work.expression, work.tf_index)


def diffusion(work: Work, run: Run) -> Scores:
    from grnular_core.methods.regdiffusion import diffusion_scores
    from grnular_core.utils.device import resolve_device  # loads torch

    device = str(resolve_device(run.device))
    return diffusion_scores(work.expression, work.tf_index, run.seed, device)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "grnular-context",
            "GRNULar: unrolled multi-task neural regression, trained on many kinds of simulations",
            trained("grnular-context"),
            stochastic=True,
            uses_device=True,
        ),
        Method(
            "grnular-cells",
            "GRNULar for measured cells: which TFs and genes belong together, learned on regulons",
            trained("grnular-cells"),
            stochastic=True,
            uses_device=True,
        ),
        Method(
            "grnular-untrained",
            "GRNULar (Algorithm 2 of the paper) with its learned parts at their starting values",
            untrained,
            stochastic=True,
            uses_device=True,
        ),
        Method(
            "grnular",
            "GRNULar with the recipe of the paper: rho_nn sees one edge alone, and learns from 20 graphs",
            trained("grnular"),
            stochastic=True,
            uses_device=True,
        ),
        Method(
            "glad",
            "GLAD: unrolled graphical lasso over all genes, the TF list not used (Algorithm 3)",
            trained("glad"),
            uses_device=True,
        ),
        Method(
            "glad-tf",
            "GLAD-TF: GLAD with pairs without a TF set to zero in every cell (Algorithm 4)",
            trained("glad-tf"),
            uses_device=True,
        ),
        Method(
            "grnboost2",
            "GRNBoost2: gradient-boosted trees with arboreto's settings, grown by a compiled loop",
            compiled_trees("grnboost2"),
            cost="minutes",
            stochastic=True,
        ),
        Method(
            "grnboost2-arboreto",
            "The same trees from arboreto and scikit-learn, early stop restored; ten times slower",
            arboreto_trees("grnboost2"),
            cost="minutes",
            stochastic=True,
        ),
        Method(
            "grnboost2-shipped",
            "GRNBoost2 as arboreto 0.1.6 runs with today's scikit-learn: stops too early",
            arboreto_trees("grnboost2", restored=False),
            cost="minutes",
            stochastic=True,
        ),
        Method(
            "genie3",
            "GENIE3: random forests of 1,000 trees with arboreto's settings, grown by a compiled loop",
            compiled_trees("genie3"),
            cost="minutes",
            stochastic=True,
        ),
        Method(
            "genie3-arboreto",
            "The same forests from arboreto and scikit-learn; several times slower",
            arboreto_trees("genie3"),
            cost="hours",
            stochastic=True,
        ),
        Method(
            "tigress",
            "TIGRESS: least-angle regression on 1,000 random halves of the cells, by a compiled loop",
            tigress_scores,
            stochastic=True,
        ),
        Method(
            "regdiffusion",
            "RegDiffusion: a diffusion model of expression, from its own package (optional)",
            diffusion,
            cost="minutes",
            stochastic=True,
            uses_device=True,
        ),
        Method(
            "glasso",
            "Graphical lasso, penalty by cross-validation (scikit-learn; compiled above 150 genes)",
            lambda work, run: baselines.glasso(work.expression, work.tf_index, run.n_jobs),
            cost="minutes",
        ),
        Method(
            "correlation",
            "|Pearson correlation| over cells",
            lambda work, run: baselines.correlation(work.expression, work.tf_index),
        ),
        Method(
            "within-clusters",
            "|Pearson correlation| inside clusters of cells (k-means on principal components)",
            within_cells,
        ),
        Method(
            "clr",
            "Context likelihood of relatedness on |correlation|",
            lambda work, run: baselines.clr(work.expression, work.tf_index),
        ),
        Method(
            "ridge",
            "|Coefficients| of ridge regressions on the TFs, penalty by cross-validation",
            lambda work, run: baselines.ridge(work.expression, work.tf_index, run.seed),
            stochastic=True,
        ),
        Method(
            "degree",
            "Control: every edge scores its TF's mean |correlation|",
            lambda work, run: controls.degree(work.expression, work.tf_index),
        ),
        Method(
            "random",
            "Control: uniform random scores",
            lambda work, run: controls.random(work.expression, work.tf_index, run.seed),
            stochastic=True,
        ),
        Method(
            "oracle",
            "Control: the truth itself",
            lambda work, run: controls.oracle(work.data, work.tfs, work.genes),
            needs_truth=True,
        ),
    )
}


def method(name: str) -> Method:
    """The method of that name, whatever its case, or an ``InputError`` with the nearest names."""
    if str(name).lower() in METHODS:
        return METHODS[str(name).lower()]
    near = get_close_matches(str(name).lower(), METHODS, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(METHODS)}"
    raise InputError(f"unknown method {name!r}; {hint}")


@dataclass(frozen=True)
class Inference:
    """An edge table and what it cost: wall-clock seconds and CPU seconds over all processes.

    ``weights`` as in ``Scores``.
    """

    edges: pd.DataFrame
    seconds: float
    cpu_seconds: float
    weights: str = ""


def run_method(data: GRNDataset, name: str, run: Run) -> Inference:
    """Infer a network with one method and take the time.

    A run that goes on from parts kept on disk counts the earlier ones at their CPU seconds divided by
    the number of jobs. Raises ``InputError`` for an unknown method and for weights it cannot use,
    ``MethodError`` when it fails.
    """
    chosen = method(name)
    if run.weights is not None:
        fitting_weights(chosen.name, run.weights)
    check_memory(data.n_cells, data.n_genes, len(data.tfs), chosen.name, data.n_values)
    work = Work.of(data)
    wall, cpu = time.perf_counter(), time.process_time()
    scores = chosen.scores(work, run)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if scores.cpu_seconds is not None:
        jobs = (os.cpu_count() or 1) if run.n_jobs == -1 else run.n_jobs
        cpu = scores.cpu_seconds
        wall = max(wall, cpu / jobs)
    if not np.isfinite(scores.weight).all():
        count = int((~np.isfinite(scores.weight)).sum())
        raise MethodError(f"{name} gave {count} scores that are not finite")
    edges = edge_table(scores.weight, work.tfs, work.genes, scores.sign)
    return Inference(edges, wall, cpu, scores.weights)


def infer(
    data: GRNDataset,
    name: str = FOR_CELLS,
    *,
    seed: int = 0,
    device: str = "auto",
    n_jobs: int = -1,
    progress: Progress | None = None,
    parts: Path | None = None,
    weights: str | Path | None = None,
) -> pd.DataFrame:
    """Infer a network with one method: an edge table (see ``edges.py``), strongest edge first.

    Without a name it is the one for measured cells; for simulated ones, and direct edges, there is ``grnular-context``.
    Same data, method and seed give the same table, whatever the order of genes and the number of
    jobs.
    """
    return run_method(data, name, Run(seed, device, n_jobs, progress, parts, weights)).edges
