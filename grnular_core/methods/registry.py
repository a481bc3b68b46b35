"""The registry of methods, one entry each, and ``infer``, the one way to run any of them.

Genes are sorted by name before a method sees them, so no result depends on the order of columns. A new
method is one entry of ``METHODS``. Neither torch nor matplotlib is loaded before a method needs it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import edge_table
from grnular_core.methods import correlation, curated
from grnular_core.methods.curated import SCORES, expected_precision, joined, shipped_readout
from grnular_core.methods.interface import (
    ARBORETO,
    REGDIFFUSION,
    Method,
    MethodInput,
    Precision,
    Progress,
    RunOptions,
    Scores,
    ScoresOf,
)
from grnular_core.methods.resources import LAWS, Memory, check_memory
from grnular_core.methods.ridge import ridge
from grnular_core.utils.errors import InputError, MethodError

FOR_CELLS = "grnular-curated"  # what runs where nobody names a method: data are real cells
RENAMED = {"grnular-paper": "grnular"}


def _call(module: str, function: str, *arguments: object) -> ScoresOf:
    """Find a function of a module of this package when the method is run, and call it."""

    def scores(given: MethodInput, options: RunOptions) -> Scores:
        found = getattr(import_module(f"grnular_core.methods.{module}"), function)
        return found(*arguments, given, options)

    return scores


def _unrolled(name: str, function: str = "trained_scores") -> ScoresOf:
    """Run an unrolled model as the entry of that name says."""
    return lambda given, options: _call("unrolled", function, METHODS[name])(given, options)


def _ensemble(
    name: Literal["grnboost2", "genie3"], given: MethodInput, options: RunOptions, n_trees: int = 1_000
) -> Scores:
    """Trees do not tell which way a TF acts: the sign is that of the correlation."""
    from grnular_core.methods.trees import Forest, ensemble_scores

    how = options.seed, options.n_jobs, options.progress
    importance = ensemble_scores(name, given.expression, given.tf_index, *how, forest=Forest(n_trees=n_trees))
    return Scores(importance, np.sign(correlation.pearson(given.expression, given.tf_index)))


def _tigress(given: MethodInput, options: RunOptions) -> Scores:
    from grnular_core.methods.tigress import tigress

    return tigress(
        given.expression, given.tf_index, options.seed, n_jobs=options.n_jobs,
        progress=options.progress, parts=given.part_store("tigress", options),
    )  # fmt: skip


def _diffusion(given: MethodInput, options: RunOptions) -> Scores:
    from grnular_core.methods.regdiffusion import diffusion_scores

    return diffusion_scores(given.expression, given.tf_index, options.seed, options.device)


def _glasso(given: MethodInput, options: RunOptions) -> Scores:
    from grnular_core.methods.glasso import glasso

    return glasso(given.expression, given.tf_index, options.n_jobs)


def _curated(given: MethodInput, options: RunOptions) -> Scores:
    """Every edge scores its likelihood ratio."""
    parts = [part.scores(given, options) for part in METHODS["grnular-curated"].joins]
    return joined(parts, given.tf_index, shipped_readout())


def _within_clusters(
    n_clusters: Sequence[int], signed: bool, given: MethodInput, options: RunOptions
) -> Scores:
    """Correlation inside clusters, with k-means started ten times."""
    return correlation.within_clusters(given.expression, given.tf_index, n_clusters, signed, 10)


def _tuned(name: str, label: str, colour: str, **fields: Any) -> Method:
    """Make the entry of a competing method with settings from ``tuned.SETTINGS``."""
    return Method(
        f"{name}-tuned", f"{label} (tuned)", colour,
        f"{label} with settings chosen on simulated validation graphs",
        _call("tuned", "tuned_method", name), **{"stochastic": True, **fields},
    )  # fmt: skip


_PARTS = {part.name: part for part in (
    Method(
        "grnular-cells", "GRNULar-cells (this work)", "#882255",
        "GRNULar of this work, for real cells: which TFs and genes belong together, learned on regulons",
        _unrolled("grnular-cells"), cost="minutes", stochastic=True, uses_device=True,
        model="grnular", weights=("grnular-cells",),
        memory=Memory(per_pair=1600, per_value=64, in_blocks=True),
    ),
    Method(
        "ridge", "ridge", "#A9A952",
        "|Coefficients| of ridge regressions on the TFs, penalty by cross-validation",
        lambda given, options: ridge(given.matrix, given.tf_index, options.seed),
        marker="<", stochastic=True,
        law=LAWS["ridge"],
    ),
    Method(
        "correlation-signed", "correlation, signed", "#00734F",
        "Pearson correlation over cells, positive ones first",
        lambda given, options: correlation.correlation(given.matrix, given.tf_index, signed=True),
        law=LAWS["correlation"],
    ),
)}  # fmt: skip
_ENTRIES = (
    Method(
        "grnular-context", "GRNULar-context (this work)", "#D55E00",
        "GRNULar of this work, for simulated cells and direct edges: rho_nn sees the edges around an edge",
        _unrolled("grnular-context"), marker="o", stochastic=True, uses_device=True,
        model="grnular", weights=("grnular-context",),
        memory=Memory(per_pair=1500, per_value=64, in_blocks=True),
    ),
    _PARTS["grnular-cells"],
    Method(
        "grnular-curated", "GRNULar-curated (this work)", "#F0468F",
        "GRNULar-cells, ridge and signed correlation, joined by a readout fitted on curated networks of eight sets",
        _curated, cost="minutes", stochastic=True, uses_device=True, states_precision=True, evidence=curated.EVIDENCE,
        model="grnular", weights=("grnular-cells",), joins=tuple(_PARTS[name] for name in SCORES),
        memory=Memory(per_pair=1600, per_value=64, in_blocks=True),
    ),
    Method(
        "grnular-untrained", "GRNULar (untrained)", "#B0713C",
        "GRNULar (Algorithm 2 of the paper) with its learned parts at their starting values",
        _unrolled("grnular-untrained", "untrained_scores"), stochastic=True, uses_device=True, precision="double",
        model="grnular", memory=Memory(per_pair=300, in_blocks=True),
    ),
    Method(
        "grnular", "GRNULar (published)", "#E69F00",
        "GRNULar as published (Algorithm 2): rho_nn sees one edge alone, and learns from 20 graphs",
        _unrolled("grnular"), marker="s", stochastic=True, uses_device=True, precision="double",
        model="grnular", weights=("grnular-clean", "grnular-noisy"), range_weights="grnular",
        memory=Memory(per_pair=300, in_blocks=True),
    ),
    Method(
        "grnular-base", "GRNULar-base (published)", "#7F7F00",
        "GRNULar-base as published (Algorithm 1): every iteration fits a new network, with the weights of grnular",
        _unrolled("grnular-base"), marker="*", cost="minutes", stochastic=True, uses_device=True,
        precision="double", model="grnular-base", weights=("grnular-clean", "grnular-noisy"),
        range_weights="grnular", memory=Memory(per_pair=300),
    ),
    Method(
        "glad", "GLAD", "#CC79A7",
        "GLAD: unrolled graphical lasso over all genes, the TF list not used (Algorithm 3)",
        _unrolled("glad"), marker="D", uses_device=True,
        model="glad", weights=("glad-clean", "glad-noisy"), range_weights="glad",
        memory=Memory(per_square=280), law=LAWS["glad"],
    ),
    Method(
        "glad-tf", "GLAD-TF", "#AA4499",
        "GLAD-TF: GLAD with pairs without a TF set to zero in every iteration (Algorithm 4)",
        _unrolled("glad-tf"), marker="d", uses_device=True,
        model="glad-tf", weights=("glad-tf-clean", "glad-tf-noisy"), range_weights="glad-tf",
        memory=Memory(per_square=280), law=LAWS["glad"],
    ),
    Method(
        "grnboost2", "GRNBoost2", "#0072B2",
        "GRNBoost2: gradient-boosted trees with arboreto's settings, grown by a compiled loop",
        partial(_ensemble, "grnboost2"), marker="^", cost="minutes", stochastic=True,
        law=LAWS["boosting"], shares_cores=True,
    ),
    _tuned("grnboost2", "GRNBoost2", "#0066A1", marker="p", cost="minutes"),
    Method(
        "grnboost2-arboreto", "GRNBoost2 (arboreto)", "#0A5FA0",
        "The same trees from arboreto and scikit-learn, early stop restored; 3 to 24 times slower",
        _call("arboreto", "arboreto_method", "grnboost2", True), cost="minutes", stochastic=True, package=ARBORETO,
    ),
    Method(
        "grnboost2-shipped", "GRNBoost2 (as shipped)", "#444444",
        "GRNBoost2 as arboreto 0.1.6 runs with today's scikit-learn: stops too early",
        _call("arboreto", "arboreto_method", "grnboost2", False), cost="minutes", stochastic=True, package=ARBORETO,
    ),
    Method(
        "genie3", "GENIE3", "#56B4E9",
        "GENIE3: random forests of 1,000 trees with arboreto's settings, grown by a compiled loop",
        partial(_ensemble, "genie3"), marker="v", cost="minutes", stochastic=True,
        law=LAWS["forest"], shares_cores=True,
    ),
    Method(
        "genie3-100", "GENIE3 (100 trees)", "#7CC5EC", "GENIE3 with a tenth of its trees, where 1,000 take hours",
        partial(_ensemble, "genie3", n_trees=100), cost="minutes", stochastic=True,
        law=lambda *size: LAWS["forest"](*size) / 10, shares_cores=True,
    ),
    _tuned("genie3", "GENIE3", "#2F6F95", cost="minutes"),
    Method(
        "genie3-arboreto", "GENIE3 (arboreto)", "#3E9BD0",
        "The same forests from arboreto and scikit-learn; several times slower",
        _call("arboreto", "arboreto_method", "genie3", True), cost="hours", stochastic=True, package=ARBORETO,
    ),
    Method(
        "tigress", "TIGRESS", "#332288",
        "TIGRESS: least-angle regression on 1,000 random halves of the cells, by a compiled loop",
        _tigress, marker=">", stochastic=True,
        law=LAWS["tigress"], shares_cores=True,
    ),
    _tuned("tigress", "TIGRESS", "#3A2A8F"),
    Method(
        "regdiffusion", "RegDiffusion", "#661100",
        "RegDiffusion: a diffusion model of expression, from its own package (optional)",
        _diffusion, cost="minutes", stochastic=True, uses_device=True, package=REGDIFFUSION,
        memory=Memory(per_square=60), law=LAWS["diffusion"],
    ),
    Method(
        "glasso", "GLASSO", "#999999",
        "Graphical lasso, penalty by cross-validation (scikit-learn; compiled above 150 genes)",
        _glasso, marker="X", cost="minutes", memory=Memory(per_square=800),
    ),
    _tuned("glasso", "GLASSO", "#8C8C8C", cost="minutes", stochastic=False, memory=Memory(per_square=800)),
    Method(
        "correlation", "correlation", "#009E73",
        "|Pearson correlation| over cells",
        lambda given, options: correlation.correlation(given.matrix, given.tf_index), marker="P",
        law=LAWS["correlation"],
    ),
    _PARTS["correlation-signed"],
    Method(
        "within-clusters", "within-cluster correlation", "#44AA99",
        "|Pearson correlation| inside clusters of cells (k-means on principal components)",
        lambda given, options: correlation.within_clusters(given.expression, given.tf_index),
        law=LAWS["clusters"],
    ),
    *(
        Method(
            f"cluster-correlation-{name}", f"within {text}", colour,
            f"Correlation within {text}: of ten starts of k-means the best",
            partial(_within_clusters, n_clusters, signed), marker=marker,
        )
        for name, text, colour, marker, n_clusters, signed in (
            ("4", "4 clusters", "#6FC7B8", "8", (4,), False),
            ("4-signed", "4 clusters, signed", "#2A7F74", "H", (4,), True),
            ("mean", "2 to 16 clusters", "#8FD6CA", "+", range(2, 17), False),
            ("mean-signed", "2 to 16 clusters, signed", "#1D5F57", "x", range(2, 17), True),
        )
    ),
    Method(
        "clr", "CLR", "#117733",
        "Context likelihood of relatedness on |correlation|",
        lambda given, options: correlation.clr(given.expression, given.tf_index), marker="h",
        law=LAWS["correlation"],
    ),
    _PARTS["ridge"],
    _tuned("ridge", "ridge", "#9C9C45", stochastic=False),
    Method(
        "degree", "degree", "#666666",
        "Control: every edge scores its TF's mean |correlation|",
        lambda given, options: correlation.degree(given.expression, given.tf_index),
    ),
    Method(
        "target-is-tf", "target is a TF", "#7A6F8F",
        "Control: edges whose target is a TF score 1, all others 0",
        lambda given, options: correlation.target_is_tf(given.expression, given.tf_index), marker="1",
    ),
    Method(
        "target-mean", "target's mean", "#8F846A",
        "Control: every edge scores the mean expression of its target",
        lambda given, options: correlation.target_mean(given.expression, given.tf_index),
    ),
    Method(
        "random", "random", "#BBBBBB",
        "Control: uniform random scores",
        lambda given, options: correlation.random(given.expression, given.tf_index, options.seed),
        stochastic=True,
    ),
    Method(
        "oracle", "oracle", "#000000",
        "Control: the reference network itself",
        lambda given, options: correlation.oracle(given.data, given.tfs, given.genes), needs_truth=True,
    ),
)  # fmt: skip
METHODS: dict[str, Method] = {entry.name: entry for entry in _ENTRIES}


def method(name: str) -> Method:
    """Look up the entry of a method.

    Parameters
    ----------
    name : str
        Whatever its case.

    Returns
    -------
    Method

    Raises
    ------
    InputError
        For an unknown name, with the nearest ones, and for an old one, with the new one.
    """
    wanted = str(name).lower()
    if wanted in METHODS:
        return METHODS[wanted]
    if wanted in RENAMED:
        raise InputError(f"the method {name!r} is now called {RENAMED[wanted]!r}")
    near = get_close_matches(wanted, METHODS, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(METHODS)}"
    raise InputError(f"unknown method {name!r}; {hint}")


def with_precision(edges: pd.DataFrame, name: str, weights: str | Path | None = None) -> pd.DataFrame:
    """Add the expected precision of each edge, where the method's own weights state one.

    Parameters
    ----------
    edges : DataFrame
        An edge table.
    name : str
        The method that it is of.
    weights : str or Path, optional
        Given in place of the method's own; nothing is known of their precision.

    Returns
    -------
    DataFrame
        With the columns of ``curated.expected_precision``, or as it was.
    """
    if not METHODS[name].states_precision or weights is not None:
        return edges
    return edges.join(expected_precision(edges["weight"].to_numpy()))


def check_method(chosen: Method, weights: str | Path | None = None) -> None:
    """Refuse a run that cannot start, before any data are read.

    Parameters
    ----------
    chosen : Method
    weights : str or Path, optional
        Trained weights that the run names.

    Raises
    ------
    InputError
        When the method takes no weights, when there are none of that name, when they are damaged, and when
        they are those of another model.
    MethodError
        When the optional package that it needs cannot be imported.
    """
    if weights is not None:
        _check_weights(chosen, weights)
    if chosen.package is not None:
        chosen.package.load()


def _check_weights(chosen: Method, weights: str | Path) -> None:
    """Refuse weights that the method cannot run."""
    from grnular_core.training.weights import read_trained

    if not chosen.kinds:
        able = ", ".join(name for name, other in METHODS.items() if other.kinds)
        raise InputError(f"the method {chosen.name} takes no weights; {able} do")
    kind = read_trained(weights).recipe.model
    if kind not in chosen.kinds:
        able = " or ".join(name for name, other in METHODS.items() if kind in other.kinds)
        raise InputError(
            f"the weights {weights} are those of a model {kind}, which the method {chosen.name} does not "
            f"run; use the method {able}"
        )


@dataclass(frozen=True)
class Inference:
    """An edge table and what it cost."""

    edges: pd.DataFrame  # see ``data.edges.edge_table``
    seconds: float  # wall clock
    cpu_seconds: float  # over all processes
    weights_digest: str = ""  # as in ``Scores``


def run_method(data: GRNDataset, name: str | Method, options: RunOptions) -> Inference:
    """Infer a network with one method and take the time.

    A run that goes on from parts kept on disk counts the earlier ones at their CPU seconds divided by the
    number of jobs.

    Parameters
    ----------
    data : GRNDataset
    name : str or Method
        A method of ``METHODS``, or an entry that is none of them.
    options : RunOptions

    Returns
    -------
    Inference

    Raises
    ------
    InputError
        For an unknown method, weights it cannot use, and data that memory cannot hold.
    MethodError
        When the method fails or its optional package is missing.
    """
    chosen = name if isinstance(name, Method) else method(name)
    check_method(chosen, options.weights)
    check_memory(data.n_cells, data.n_genes, len(data.tfs), chosen, data.n_values)
    given = MethodInput.of(data)
    wall, cpu = time.perf_counter(), time.process_time()
    scores = chosen.scores(given, options)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if scores.cpu_seconds is not None:
        jobs = (os.cpu_count() or 1) if options.n_jobs == -1 else options.n_jobs
        cpu = scores.cpu_seconds
        wall = max(wall, cpu / jobs)
    if not np.isfinite(scores.weight).all():
        count = int((~np.isfinite(scores.weight)).sum())
        raise MethodError(f"{chosen.name} gave {count} scores that are not finite")
    edges = edge_table(scores.weight, given.tfs, given.genes, scores.sign)
    return Inference(edges, wall, cpu, scores.weights_digest)


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
    precision: Precision | None = None,
) -> pd.DataFrame:
    """Infer a network with one method.

    Same data, method and seed give the same table, whatever the order of genes and the number of jobs.

    Parameters
    ----------
    data : GRNDataset
    name : str
        A method of ``METHODS``. Without one it is ``grnular-curated``, for real cells; for simulated ones, and
        direct edges, there is ``grnular-context``.
    seed, device, n_jobs, progress, parts, weights, precision
        As in ``RunOptions``.

    Returns
    -------
    DataFrame
        Edge table (see ``data.edges.edge_table``), strongest edge first.

    Raises
    ------
    InputError, MethodError
        As ``run_method``.
    """
    options = RunOptions(seed, device, n_jobs, progress, parts, weights, precision)
    return run_method(data, name, options).edges
