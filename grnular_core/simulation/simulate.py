"""Simulated single-cell data with a known network, for training and for evaluation.

``simulate(preset, seed)`` draws a network (or takes one of SERGIO's), its clean expression and the
technical noise. A seed determines the dataset.

Dropout leaves genes without a single count. ``make_dataset`` drops them as it drops any constant
gene, and with them true edges. Scored over the genes that are left, a dataset looks easier the more
was lost; so the runs of the paper are scored over all simulated genes.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.simulation.networks import GRN, GraphSpec, random_grn, rewired
from grnular_core.simulation.noise import TechnicalNoise, add_noise, cell_sizes
from grnular_core.simulation.regulons import Regulons, random_regulons, regulon_levels
from grnular_core.simulation.sergio import Kinetics, random_rates, sergio_network, steady_state
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Preset:
    """Everything that fixes a kind of data."""

    # Of regulons only the numbers of genes and TFs, ``hub_spread`` and ``repression`` count.
    graph: GraphSpec = field(default_factory=GraphSpec)
    kinetics: Kinetics = field(
        default_factory=Kinetics
    )  # of regulons only types, cells and anchors
    technical: TechnicalNoise = field(default_factory=TechnicalNoise)
    network: str | None = None  # a dataset of SERGIO's, whose network and rates are taken
    rewired: bool = False  # other edges between the genes of that network (``networks.rewired``)
    regulons: Regulons | None = None  # the simulator of regulons in place of SERGIO's dynamics


@dataclass(frozen=True, eq=False)
class Simulation:
    """One simulated dataset.

    Genes without any expression are still there: a method that cannot see them misses their edges.
    """

    expression: np.ndarray  # (cells, genes), float32
    cell_types: np.ndarray  # (cells,), numbers from 0
    grn: GRN
    preset: Preset
    seed: int
    name: str = "simulated"
    rates: np.ndarray | None = None  # (masters, types) production rates; None for regulons
    # (cells,) totals over all genes of a cell, where these are more than the data hold
    sizes: np.ndarray | None = None

    @property
    def tf_index(self) -> np.ndarray:
        """Positions of the genes that may regulate, (tfs,), ascending."""
        return self.grn.tfs

    @property
    def adjacency(self) -> np.ndarray:
        """Reference network (tfs, genes), bool, rows in the order of ``tf_index``."""
        return self.grn.adjacency()

    def genes(self) -> list[str]:
        """Name all genes: gene 0 is G0001, so the order of names is that of the columns.

        Returns
        -------
        list of str, length genes
        """
        return [f"G{gene + 1:04d}" for gene in range(self.grn.n_genes)]

    def provenance(self) -> dict[str, Any]:
        """Give every setting that made the dataset: with the seed they make it again.

        Returns
        -------
        dict
            Without ``graph`` for a network of SERGIO's: nothing was drawn from one.
        """
        made = {"source": "simulation", "preset": self.name, "seed": self.seed}
        settings = asdict(self.preset)
        if self.preset.network:
            del settings["graph"]
        return {**made, **settings}


# Section 3.2 of the paper, where the defaults of the settings come from; what it leaves open is as in SERGIO.
_CLEAN = Preset()
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
    """Look up the settings of a name; the arguments change their sizes.

    Parameters
    ----------
    name : str
        - ``clean``: section 3.2 of the paper (100 genes, 10 TFs, sparsity 0.1, K in [1, 5] of either
          sign, 5 cell types, 1,000 cells, dpd noise 0.1, decay 1, no technical noise);
        - ``noisy(q)``: the same with dropout at percentile q, shape 20;
        - ``DS1``, ``DS2``, ``DS3``: networks and rates of SERGIO's datasets with 9 types of 300 cells,
          noise 1, decay 0.8 and dropout at percentile 82 with shape 6.5 (DS3: 20);
        - ``DS1-clean`` ...: without dropout;
        - ``DS1-like`` ...: random networks of that size with the same kinetics, clean, for training;
        - ``DS1-rewired`` ...: the dataset with other edges between genes of the same numbers of
          regulators and targets.
    n_genes : int, optional
        Keeps the share of TFs; not for a network of SERGIO's.
    n_cells, n_types : int, optional
        Cells in all, and cell types; SERGIO's networks have rates for their types only.
    full_noise : bool
        Adds outlier genes, library size and UMI counts.

    Returns
    -------
    Preset

    Raises
    ------
    InputError
        For another name and for sizes that a preset cannot have.
    """
    found = _named(name)
    graph, kinetics, technical = found.graph, found.kinetics, found.technical
    for what, given in (("n_genes", n_genes), ("n_cells", n_cells), ("n_types", n_types)):
        if given is not None and given < 1:
            raise InputError(f"{what} is 1 or more, got {given}")
    if n_genes is not None:
        if found.network:
            raise InputError(f"{name} has a network of fixed size; n_genes cannot change it")
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
    return Preset(graph, kinetics, technical, found.network, found.rewired)


def _named(name: str) -> Preset:
    """Look up the settings of a name in their own sizes."""
    if name == "clean":
        return _CLEAN
    if match := re.fullmatch(r"noisy\((\d+(?:\.\d+)?)\)", name):
        return replace(_CLEAN, technical=TechnicalNoise(dropout=(NOISY_SHAPE, float(match[1]))))
    if match := re.fullmatch(r"(DS[123])(-clean|-like|-rewired)?", name):
        dataset, kind = match[1], match[2]
        n_genes, n_tfs, shape = _DS_SIZES[dataset]
        graph = replace(_CLEAN.graph, n_genes=n_genes, n_tfs=n_tfs)
        lost = TechnicalNoise(dropout=(shape, DS_DROPOUT))
        noise = TechnicalNoise() if kind in ("-clean", "-like") else lost
        network = None if kind == "-like" else dataset
        return Preset(graph, _DS_KINETICS, noise, network, rewired=kind == "-rewired")
    raise InputError(
        f"unknown preset {name!r}; use clean, noisy(q) with q from 0 to 100, DS1, DS2, DS3, "
        "DS1-clean ..., DS1-like ... or DS1-rewired ..."
    )


def simulate(settings: Preset | str = "clean", seed: int = 0) -> Simulation:
    """Draw one dataset.

    Network, dynamics and noise have random streams of their own, so changing the noise leaves network
    and clean expression as they are.

    Parameters
    ----------
    settings : Preset or str
        The kind of data, or the name of a preset.
    seed : int
        0 or more.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        For an unknown preset or a negative seed.
    """
    if seed < 0:
        raise InputError(f"a seed is a whole number from 0, got {seed}")
    name = settings if isinstance(settings, str) else "simulated"
    settings = preset(settings) if isinstance(settings, str) else settings
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
    if settings.regulons:
        groups = random_regulons(settings.graph, settings.regulons, streams[0])
        grn, rates = groups.grn(settings.regulons.associated, settings.regulons.listed), None
        X, types = regulon_levels(groups, settings.kinetics, settings.regulons, streams[1])
    else:
        grn, rates = _network(settings, streams[0])
        X, types = steady_state(grn, rates, settings.kinetics, streams[1])
    sizes = cell_sizes(settings.technical, len(X), streams[3])
    X = add_noise(X, types, settings.technical, streams[2], sizes)
    return Simulation(X, types, grn, settings, seed, name, rates, sizes)


def _network(settings: Preset, rng: np.random.Generator) -> tuple[GRN, np.ndarray]:
    """Draw the network and its master regulators' rates, or read SERGIO's where the preset names one."""
    if settings.network:
        grn, rates = sergio_network(settings.network)
        return (rewired(grn, rng) if settings.rewired else grn), rates
    grn = random_grn(settings.graph, rng)
    return grn, random_rates(len(grn.masters()), settings.kinetics, rng)


def simulate_many(
    settings: Sequence[Preset | str], seeds: Sequence[int], n_jobs: int = -1
) -> Iterator[Simulation]:
    """Draw datasets in parallel threads, one for each pair of settings and seed, in order.

    The same data for any ``n_jobs``.

    Parameters
    ----------
    settings : sequence of Preset or str
    seeds : sequence of int
        As many as settings.
    n_jobs : int
        Number of threads; -1 takes all cores.

    Returns
    -------
    iterator of Simulation
        At most twice as many datasets as threads wait in memory; those not begun are dropped when
        the caller stops asking or one fails.

    Raises
    ------
    InputError
        For another number of seeds than of settings, and for ``n_jobs`` below 1 other than -1.
    """
    if n_jobs < 1 and n_jobs != -1:
        raise InputError(f"n_jobs is 1 or more, or -1 for all cores; got {n_jobs}")
    if len(settings) != len(seeds):
        raise InputError(f"{len(settings)} settings and {len(seeds)} seeds; give one for each")
    workers = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    return _in_order(list(zip(settings, seeds, strict=True)), workers)


def _in_order(jobs: list[tuple[Preset | str, int]], workers: int) -> Iterator[Simulation]:
    """Yield the results of a pool in order, keeping a few jobs ahead."""
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


def truth_table(simulation: Simulation) -> pd.DataFrame:
    """List the reference network.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    DataFrame
        Columns ``regulator, target, sign, K, coop``, sorted by name.
    """
    grn, names = simulation.grn, np.array(simulation.genes(), dtype=object)
    table = pd.DataFrame(
        {
            "regulator": names[grn.regulator],
            "target": names[grn.target],
            "sign": np.sign(grn.K).astype(int),
            "K": grn.K,
            "coop": grn.coop,
        }
    )
    return table.sort_values(["regulator", "target"], ignore_index=True)


def tf_names(simulation: Simulation) -> list[str]:
    """Name the genes that may regulate, also those that do not.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    list of str, length tfs
        In gene order.
    """
    genes = simulation.genes()
    return [genes[tf] for tf in simulation.tf_index]


def simulated_anndata(simulation: Simulation) -> AnnData:
    """Give all cells and all genes as AnnData, also constant genes.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    AnnData, shape (cells, genes)
        With ``obs["cell_type"]`` and ``var["is_tf"]``.
    """
    from anndata import AnnData

    n_cells, n_genes = simulation.expression.shape
    cells = [f"C{cell + 1:05d}" for cell in range(n_cells)]
    kinds = [f"type{kind + 1}" for kind in range(simulation.preset.kinetics.n_types)]
    types = pd.Categorical.from_codes(simulation.cell_types, categories=kinds)
    is_tf = np.isin(np.arange(n_genes), simulation.tf_index)
    return AnnData(
        X=simulation.expression,
        obs=pd.DataFrame({"cell_type": types}, index=pd.Index(cells, dtype=str)),
        var=pd.DataFrame({"is_tf": is_tf}, index=pd.Index(simulation.genes(), dtype=str)),
    )


def simulated_dataset(simulation: Simulation) -> GRNDataset:
    """Give the simulation as any method takes it, without constant genes.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    GRNDataset
        With the reference network and its signs.

    Raises
    ------
    InputError
        When technical noise has left no TF, no true edge or fewer than two genes that vary.
    """
    adata, truth, tfs = simulated_anndata(simulation), truth_table(simulation), tf_names(simulation)
    data = make_dataset(
        adata,
        tfs,
        truth[["regulator", "target", "sign"]],
        name=f"{simulation.name}, seed {simulation.seed}",
        orientation="cells-x-genes",
        provenance=simulation.provenance(),
    )
    data.adata.obs["cell_type"] = adata.obs["cell_type"]
    return data
