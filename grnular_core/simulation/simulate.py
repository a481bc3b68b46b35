"""Simulated single-cell data with a known network: what trains the models and what tests them.

``simulate(preset, seed)`` draws a network (or takes one of SERGIO's), its clean expression and the
technical noise. One seed gives one data set, whatever else runs beside it.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from grnular_core.simulation.networks import GRN, GraphSpec, random_grn
from grnular_core.simulation.noise import TechnicalNoise, add_noise, cell_sizes
from grnular_core.simulation.regulons import Regulons, random_groups, regulon_levels
from grnular_core.simulation.sergio import Kinetics, random_rates, steady_state
from grnular_core.utils.errors import InputError


@dataclass(frozen=True)
class Preset:
    """Everything that fixes a kind of data. ``network`` names a data set of SERGIO's whose network
    and rates replace those drawn from ``graph`` and ``kinetics``. With ``regulons`` expression comes from
    ``regulons.py`` in place of SERGIO's dynamics: of ``kinetics`` it takes types, cells and anchors, of
    ``graph`` the numbers of genes and TFs, ``hub_spread`` and ``repression``."""

    graph: GraphSpec = field(default_factory=GraphSpec)
    kinetics: Kinetics = field(default_factory=Kinetics)
    technical: TechnicalNoise = field(default_factory=TechnicalNoise)
    network: str | None = None
    regulons: Regulons | None = None


@dataclass(frozen=True, eq=False)
class Simulation:
    """One simulated data set: ``expression`` (cells, genes) float32, the network, the cell types.

    ``cell_types`` (cells,) are numbers from 0, ``rates`` (masters, types) the production rates of
    ``grn.masters()``, None where there are none. ``adjacency`` (tfs, genes) is the truth, rows in the order of ``grn.tfs``.
    ``sizes`` (cells,) are totals over all genes of a cell where these are more than the data hold, else None.
    Genes without any expression are still there: a method that cannot see them misses their edges.
    """

    expression: np.ndarray
    cell_types: np.ndarray
    grn: GRN
    preset: Preset
    seed: int
    name: str = "simulated"
    rates: np.ndarray | None = None
    sizes: np.ndarray | None = None

    @property
    def tf_index(self) -> np.ndarray:
        return self.grn.tfs

    @property
    def adjacency(self) -> np.ndarray:
        return self.grn.adjacency()

    def genes(self) -> list[str]:
        """Names of all genes: gene 0 is G0001, so the order of names is that of the columns."""
        return [f"G{gene + 1:04d}" for gene in range(self.grn.n_genes)]

    def provenance(self) -> dict[str, Any]:
        """Every setting that made the data set: with the seed they make it again.

        A data set of SERGIO's network has no ``graph``: nothing was drawn from one.
        """
        made = {"source": "simulation", "preset": self.name, "seed": self.seed}
        settings = asdict(self.preset)
        if self.preset.network:
            del settings["graph"]
        return {**made, **settings}


# Section 3.2 of the paper, and what it leaves at the defaults of SERGIO.
_CLEAN = Preset(
    GraphSpec(
        n_genes=100, n_tfs=10, sparsity=0.1, tf_edges=0.2, K=(1.0, 5.0), repression=0.5, coop=2.0
    ),
    Kinetics(
        n_types=5, n_cells=1000, noise=0.1, noise_type="dpd", decay=1.0, sampling_state=15, dt=0.01,
        low=(0.2, 0.5), high=(0.7, 1.0),
    ),
)  # fmt: skip
NOISY_SHAPE = 20.0
# Mean and spread of outliers, library size and counts are those SERGIO's demo shows for DS1.
FULL_NOISE = TechnicalNoise(outlier=(0.01, 0.8, 1.0), library=(4.6, 0.4), umi=True)
_DS_KINETICS = replace(_CLEAN.kinetics, n_types=9, n_cells=2700, noise=1.0, decay=0.8)
_DS_SIZES = {"DS1": (100, 10, 6.5), "DS2": (400, 37, 6.5), "DS3": (1200, 127, 20.0)}
DS_DROPOUT = 82.0


def preset(
    name: str,
    *,
    n_genes: int | None = None,
    n_cells: int | None = None,
    n_types: int | None = None,
    full_noise: bool = False,
) -> Preset:
    """The settings called ``name``; the arguments change their sizes.

    ``clean``: section 3.2 of the paper (100 genes, 10 TFs, sparsity 0.1, K in [1, 5] of either
    sign, 5 cell types, 1,000 cells, dpd noise 0.1, decay 1, no technical noise). ``noisy(q)``: the
    same with dropout at percentile q, shape 20. ``DS1``, ``DS2``, ``DS3``: the networks and rates
    of SERGIO's data sets with 9 types of 300 cells, noise 1, decay 0.8 and dropout at percentile 82
    with shape 6.5 (DS3: 20); ``DS1-clean`` and so on without dropout; ``DS1-like`` and so on are
    random networks of that size with the same kinetics, clean, as for training. ``full_noise``
    adds outlier genes, library size and UMI counts. Another number of genes keeps the share of TFs.
    Raises ``InputError`` for another name and for sizes that a preset cannot have.
    """
    found = _named(name)
    graph, kinetics, technical = found.graph, found.kinetics, found.technical
    for what, given in (("n_genes", n_genes), ("n_cells", n_cells), ("n_types", n_types)):
        if given is not None and given < 1:
            raise InputError(f"{what} is 1 or more, got {given}")
    if n_genes is not None:
        if found.network:
            raise InputError(f"{name} has its own network of fixed size; n_genes cannot change it")
        share = graph.n_tfs / graph.n_genes
        graph = replace(graph, n_genes=n_genes, n_tfs=max(1, round(share * n_genes)))
    if n_types is not None and found.network and n_types != kinetics.n_types:
        raise InputError(
            f"{name} has production rates for {kinetics.n_types} cell types, no others"
        )
    sizes = {"n_cells": n_cells, "n_types": n_types}
    kinetics = replace(kinetics, **{key: n for key, n in sizes.items() if n is not None})
    if full_noise:
        technical = replace(FULL_NOISE, dropout=technical.dropout)
    return Preset(graph, kinetics, technical, found.network)


def _named(name: str) -> Preset:
    if name == "clean":
        return _CLEAN
    if match := re.fullmatch(r"noisy\((\d+(?:\.\d+)?)\)", name):
        return replace(_CLEAN, technical=TechnicalNoise(dropout=(NOISY_SHAPE, float(match[1]))))
    if match := re.fullmatch(r"(DS[123])(-clean|-like)?", name):
        dataset, kind = match[1], match[2]
        n_genes, n_tfs, shape = _DS_SIZES[dataset]
        graph = replace(_CLEAN.graph, n_genes=n_genes, n_tfs=n_tfs)
        if kind == "-like":
            return Preset(graph, _DS_KINETICS)
        noise = TechnicalNoise() if kind else TechnicalNoise(dropout=(shape, DS_DROPOUT))
        return Preset(graph, _DS_KINETICS, noise, dataset)
    raise InputError(
        f"unknown preset {name!r}; use clean, noisy(q) with q from 0 to 100, DS1, DS2, DS3, "
        "DS1-clean ... or DS1-like ..."
    )


def simulate(settings: Preset | str = "clean", seed: int = 0) -> Simulation:
    """Draw one data set. Network, dynamics and noise have random streams of their own, so changing
    the noise leaves network and clean expression as they are."""
    if seed < 0:
        raise InputError(f"a seed is a whole number from 0, got {seed}")
    name = settings if isinstance(settings, str) else "simulated"
    settings = preset(settings) if isinstance(settings, str) else settings
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
    if settings.regulons:
        groups = random_groups(settings.graph, settings.regulons, streams[0])
        grn, rates = groups.grn(settings.regulons.associated, settings.regulons.listed), None
        X, types = regulon_levels(groups, settings.kinetics, settings.regulons, streams[1])
    else:
        grn, rates = _network(settings, streams[0])
        X, types = steady_state(grn, rates, settings.kinetics, streams[1])
    sizes = cell_sizes(settings.technical, len(X), streams[3])
    X = add_noise(X, types, settings.technical, streams[2], sizes)
    return Simulation(X, types, grn, settings, seed, name, rates, sizes)


def _network(settings: Preset, rng: np.random.Generator) -> tuple[GRN, np.ndarray]:
    """The network and its master regulators' rates, SERGIO's where the preset names one."""
    if settings.network:
        from grnular_core.simulation.sergio_inputs import sergio_network

        return sergio_network(settings.network)
    grn = random_grn(settings.graph, rng)
    return grn, random_rates(len(grn.masters()), settings.kinetics, rng)


def simulate_many(
    settings: Sequence[Preset | str], seeds: Sequence[int], n_jobs: int = -1
) -> Iterator[Simulation]:
    """Data sets of the pairs of settings and seeds, in order, simulated in parallel threads.

    Same pairs, same data, whatever ``n_jobs`` (-1: all cores). At most twice as many data sets as
    threads wait in memory; those not begun are dropped when the caller stops asking or one fails.
    """
    if n_jobs < 1 and n_jobs != -1:
        raise InputError(f"n_jobs is 1 or more, or -1 for all cores; got {n_jobs}")
    if len(settings) != len(seeds):
        raise InputError(f"{len(settings)} settings and {len(seeds)} seeds; give one for each")
    workers = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    return _in_order(list(zip(settings, seeds, strict=True)), workers)


def _in_order(jobs: list[tuple[Preset | str, int]], workers: int) -> Iterator[Simulation]:
    pool = ThreadPoolExecutor(workers)
    try:
        waiting = deque(pool.submit(simulate, *job) for job in jobs[: 2 * workers])
        following = iter(jobs[2 * workers :])
        while waiting:
            yield waiting.popleft().result()
            if job := next(following, None):
                waiting.append(pool.submit(simulate, *job))
    finally:
        pool.shutdown(cancel_futures=True)
