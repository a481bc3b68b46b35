"""Families of simulated data for training and validation: which presets, drawn how.

Only simulations: no model is trained or validated on a real network or on SERGIO's DS1-DS3. (That
global regulators are highly expressed went into the varied family after a look at DS1.) Graphs of
one ``GROUP`` of following seeds have one size, so that they train as one batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from grnular_core.simulation.families_regulons import (
    TF_RICH_SIZES,
    associated,
    deep,
    drawn_programs,
    log_uniform,
    matched,
    measured,
    measured_large,
    regulons,
    uneven,
)
from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import Preset, Simulation, preset
from grnular_core.utils.errors import InputError

GROUP = 4
# (genes, TFs, cells) of the varied family: from small and dense to real data's few cells per gene
SIZES = (
    (60, 4, 300), (60, 12, 600), (100, 10, 1000), (100, 10, 400), (100, 25, 1000), (100, 40, 300),
    (150, 8, 1500), (150, 30, 500), (200, 20, 1000), (200, 60, 400),
)  # fmt: skip
LARGE_SIZES = ((300, 30, 1000), (400, 37, 2000), (400, 100, 500))
TARGET_TOTAL = 1e4  # what a user would scale each cell to before taking logarithms


def mixed_clean(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """The paper's clean setting with 2, 5 or 10 cell types and 500 to 2,000 cells."""
    sizes = {
        "n_types": int(shape.choice([2, 5, 10])),
        "n_cells": int(shape.choice([500, 1000, 2000])),
    }
    return preset("clean", **sizes)


def low_dropout(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """The paper's training data for its noisy setting: no dropout or 25 %, in equal parts."""
    return preset("clean" if rng.random() < 0.5 else "noisy(25)")


def mixed_dropout(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """The paper's graphs with any dropout from 5 to 75 %, soft or steep."""
    lost = (float(rng.choice([6.5, 20.0])), float(rng.uniform(5, 75)))
    return replace(mixed_clean(shape, rng), technical=TechnicalNoise(dropout=lost))


def few_cells(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """The paper's graphs seen in 60 to 400 cells, half of them with dropout from 5 to 60 %."""
    sizes = {
        "n_types": int(shape.choice([2, 5, 10])),
        "n_cells": int(shape.choice([60, 100, 150, 250, 400])),
    }
    lost = (float(rng.choice([6.5, 20.0])), float(rng.uniform(5, 60)))
    noise = TechnicalNoise(dropout=lost) if rng.random() < 0.5 else TechnicalNoise()
    return replace(preset("clean", **sizes), technical=noise)


def varied(shape: np.random.Generator, rng: np.random.Generator, sizes: tuple = SIZES) -> Preset:
    """Many kinds of networks, kinetics and noise, so that what is learned holds beyond one kind."""
    n_genes, n_tfs, n_cells = sizes[shape.integers(len(sizes))]
    n_global = int(rng.integers(1, 1 + max(n_tfs // 4, 1))) if rng.random() < 0.5 else 0
    n_inputs = int(rng.integers(0, 1 + min(6, n_tfs - n_global))) if n_global else 0
    graph = GraphSpec(
        n_genes=n_genes,
        n_tfs=n_tfs,
        sparsity=min(log_uniform(rng, 0.8, 5) / n_tfs, 0.5),  # times n_tfs: regulators of a gene
        hub_spread=float(rng.choice([0.0, rng.uniform(0.3, 2)])),
        global_tfs=n_global,
        global_chance=float(rng.uniform(0.3, 0.95)),
        global_inputs=n_inputs,
        tf_edges=float(rng.uniform(0, 0.9)),
        module_size=float(rng.choice([1.0, log_uniform(rng, 2, n_genes / 2)])),
        module_noise=float(rng.uniform(0, 0.3)),
        extra_regulators=bool(rng.random() < 0.7),
        repression=float(rng.uniform(0, 0.6)),
        sign_by_tf=bool(rng.random() < 0.5),
    )
    narrow = {"low": (0.2, 0.5), "high": (0.7, 1.0)}
    wide = {"low": (0.05, 1.5), "high": (0.5, 4.0)}
    kinetics = Kinetics(
        n_types=int(rng.integers(1, 13)),
        n_cells=n_cells,
        noise=log_uniform(rng, 0.07, 1.4),
        decay=float(rng.uniform(0.6, 1.1)),
        **(narrow if rng.random() < 0.6 else wide),
    )
    return Preset(graph, kinetics, _varied_noise(rng, n_genes))


def _varied_noise(rng: np.random.Generator, n_genes: int) -> TechnicalNoise:
    """Any of the four kinds of technical noise; counts only together with a library size."""
    counted = rng.random() < 0.4
    dropped = rng.random() < 0.75
    return TechnicalNoise(
        outlier=(0.01, float(rng.uniform(0.5, 3)), 1.0) if rng.random() < 0.3 else None,
        library=(np.log(n_genes) + float(rng.uniform(0, 3)), float(rng.uniform(0.2, 0.6)))
        if counted
        else None,
        dropout=(log_uniform(rng, 3, 25), float(rng.uniform(2, 90))) if dropped else None,
        umi=bool(counted and rng.random() < 0.7),
    )


def large(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """The varied family at 300 to 400 genes."""
    return varied(shape, rng, LARGE_SIZES)


def tf_rich(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Cell types or a path of differentiation, and many TFs that are themselves regulated.

    Few TFs have many targets and few genes many regulators; how high a gene is expressed says nothing
    about its role; programs that no TF drives move many genes together; counts are noisy. Ranges are
    those of published single-cell experiments in general: no data set was fitted.
    """
    found = varied(shape, rng, TF_RICH_SIZES)
    n_genes, n_tfs = found.graph.n_genes, found.graph.n_tfs
    graph = replace(
        found.graph,
        sparsity=log_uniform(rng, 0.4, 4) / n_tfs,
        hub_spread=float(rng.uniform(0.3, 2)),
        in_spread=float(rng.uniform(0, 1.2)),
        global_tfs=min(found.graph.global_tfs, 4),
        global_chance=float(rng.uniform(0.1, 0.5)),
        tf_edges=float(rng.uniform(0, 0.5)),
        tf_targets=bool(rng.random() < 0.8),
    )
    kinetics = replace(
        found.kinetics,
        n_types=int(rng.integers(3, 41)),
        anchors=int(rng.integers(2, 9)) if rng.random() < 0.6 else 0,
        noise=log_uniform(rng, 0.2, 1.5),
    )
    technical = TechnicalNoise(
        levels=(0.5, float(rng.uniform(0.2, 1.2))),
        library=(np.log(n_genes) + float(rng.uniform(0, 3)), float(rng.uniform(0.2, 0.7))),
        dropout=(log_uniform(rng, 2, 10), float(rng.uniform(5, 50)))
        if rng.random() < 0.6
        else None,
        umi=bool(rng.random() < 0.5),
        programs=drawn_programs(rng),
    )
    return replace(found, graph=graph, kinetics=kinetics, technical=technical)


FAMILIES: dict[str, Callable[[np.random.Generator, np.random.Generator], Preset]] = {
    "mixed-clean": mixed_clean,
    "low-dropout": low_dropout,
    "mixed-dropout": mixed_dropout,
    "few-cells": few_cells,
    "varied": varied,
    "large": large,
    "tf-rich": tf_rich,
    "regulons": regulons,
    "deep": deep,
    "associated": associated,
    "matched": matched,
    "uneven": uneven,
    "measured": measured,
    "measured-large": measured_large,
}


def family_preset(family: str, seed: int) -> Preset:
    """The preset of one seed; every other name is a preset itself (``simulate.preset``)."""
    if family not in FAMILIES:
        try:
            return preset(family)
        except InputError as error:
            raise InputError(f"{error}; or one of the families {', '.join(FAMILIES)}") from None
    shape = np.random.default_rng([seed // GROUP, 1])
    return FAMILIES[family](shape, np.random.default_rng([seed, 2]))


def observed(simulation: Simulation) -> np.ndarray:
    """Expression (cells, genes) as a user would hand it in.

    Data with a library size are, in half of the cases, divided by the cell's total and logged, as
    real matrices mostly are; the seed decides.
    """
    X = simulation.expression
    if simulation.preset.technical.library is None or simulation.seed % 2:
        return X
    total = X.sum(1, keepdims=True) if simulation.sizes is None else simulation.sizes[:, None]
    return np.log1p(X * (TARGET_TOTAL / np.maximum(total, 1e-9)), dtype=np.float32)
