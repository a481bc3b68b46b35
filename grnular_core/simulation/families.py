"""Families of simulated data for training and validation: presets with settings drawn at random.

Only simulations: no model is trained or validated on a real network or on SERGIO's DS1 to DS3. (The
highly expressed global regulators of the varied family follow DS1.) A family takes
two random streams: ``shape``, the same for each ``GROUP`` of following seeds, draws sizes, so that these
graphs can train as one batch; ``rng`` draws all else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.regulons import Regulons
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import Preset, Simulation, preset
from grnular_core.utils.errors import InputError

GROUP = 4
# (genes, TFs, cells) of the varied family: from small and dense to real data's few cells per gene
SIZES = (
    (60, 4, 300), (60, 12, 600), (100, 10, 1000), (100, 10, 400), (100, 25, 1000), (100, 40, 300),
    (150, 8, 1500), (150, 30, 500), (200, 20, 1000), (200, 60, 400),
)  # fmt: skip
# A third or more of the genes are TFs, as in real data whose genes are chosen by TFs.
TF_RICH_SIZES = (
    (100, 25, 400), (100, 40, 300), (150, 60, 500), (200, 50, 800), (200, 80, 400),
    (250, 110, 400), (300, 40, 600),
)  # fmt: skip
# As many TFs as half of the cells and more, as in published sets of cells.
MEASURED_SIZES = (
    (200, 80, 250), (250, 30, 500), (250, 110, 300), (300, 150, 300), (300, 60, 600), (400, 120, 400),
)  # fmt: skip
TARGET_TOTAL = 1e4  # total to which cells are scaled before taking logarithms


def _mixed_clean(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Take the paper's clean setting with 2, 5 or 10 cell types and 500 to 2,000 cells."""
    sizes = {
        "n_types": int(shape.choice([2, 5, 10])),
        "n_cells": int(shape.choice([500, 1000, 2000])),
    }
    return preset("clean", **sizes)


def _low_dropout(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Take the paper's training data for its noisy setting: no dropout or 25 %, in equal parts."""
    return preset("clean" if rng.random() < 0.5 else "noisy(25)")


def _mixed_dropout(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Take the paper's graphs with any dropout from 5 to 75 %, soft or steep."""
    lost = (float(rng.choice([6.5, 20.0])), float(rng.uniform(5, 75)))
    return replace(_mixed_clean(shape, rng), technical=TechnicalNoise(dropout=lost))


def _few_cells(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Take the paper's graphs with 60 to 400 cells, half of them with dropout from 5 to 60 %."""
    sizes = {
        "n_types": int(shape.choice([2, 5, 10])),
        "n_cells": int(shape.choice([60, 100, 150, 250, 400])),
    }
    lost = (float(rng.choice([6.5, 20.0])), float(rng.uniform(5, 60)))
    noise = TechnicalNoise(dropout=lost) if rng.random() < 0.5 else TechnicalNoise()
    return replace(preset("clean", **sizes), technical=noise)


def _varied(shape: np.random.Generator, rng: np.random.Generator, sizes: tuple = SIZES) -> Preset:
    """Many kinds of networks, kinetics and noise, so that a trained model generalises beyond one kind."""
    n_genes, n_tfs, n_cells = sizes[shape.integers(len(sizes))]
    n_global = int(rng.integers(1, 1 + max(n_tfs // 4, 1))) if rng.random() < 0.5 else 0
    n_inputs = int(rng.integers(0, 1 + min(6, n_tfs - n_global))) if n_global else 0
    graph = GraphSpec(
        n_genes=n_genes,
        n_tfs=n_tfs,
        sparsity=min(_log_uniform(rng, 0.8, 5) / n_tfs, 0.5),  # times n_tfs: regulators of a gene
        hub_spread=float(rng.choice([0.0, rng.uniform(0.3, 2)])),
        global_tfs=n_global,
        global_chance=float(rng.uniform(0.3, 0.95)),
        global_inputs=n_inputs,
        tf_edges=float(rng.uniform(0, 0.9)),
        module_size=float(rng.choice([1.0, _log_uniform(rng, 2, n_genes / 2)])),
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
        noise=_log_uniform(rng, 0.07, 1.4),
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
        dropout=(_log_uniform(rng, 3, 25), float(rng.uniform(2, 90))) if dropped else None,
        umi=bool(counted and rng.random() < 0.7),
    )


def _tf_rich(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Cell types or a path of differentiation, and many TFs that are themselves regulated.

    Few TFs have many targets and few genes many regulators; the mean expression of a gene is independent
    of its role; programs that no TF drives change many genes together; counts are noisy. Ranges are
    those of published single-cell experiments in general: no dataset was fitted.
    """
    found = _varied(shape, rng, TF_RICH_SIZES)
    n_genes, n_tfs = found.graph.n_genes, found.graph.n_tfs
    graph = replace(
        found.graph,
        sparsity=_log_uniform(rng, 0.4, 4) / n_tfs,
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
        noise=_log_uniform(rng, 0.2, 1.5),
    )
    technical = TechnicalNoise(
        levels=(0.5, float(rng.uniform(0.2, 1.2))),
        library=(np.log(n_genes) + float(rng.uniform(0, 3)), float(rng.uniform(0.2, 0.7))),
        dropout=(_log_uniform(rng, 2, 10), float(rng.uniform(5, 50)))
        if rng.random() < 0.6
        else None,
        umi=bool(rng.random() < 0.5),
        programs=_programs(rng),
    )
    return replace(found, graph=graph, kinetics=kinetics, technical=technical)


def _regulons(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Draw groups of genes under common TFs, moved by cell states as well (``regulons.py``); counts.

    TFs are regulated as often as other genes, the correlation of a TF's mRNA with its activity varies, and
    states change unrelated TFs and genes together. Ranges were set by hand by summaries of
    real expression: zeros, correlations of genes with TFs. No network was used.
    """
    n_genes, n_tfs, n_cells = TF_RICH_SIZES[shape.integers(len(TF_RICH_SIZES))]
    path = bool(rng.random() < 0.5)
    graph = GraphSpec(
        n_genes=n_genes,
        n_tfs=n_tfs,
        hub_spread=float(rng.uniform(0, 0.8)),
        repression=float(rng.uniform(0, 0.35)),
    )
    kinetics = Kinetics(
        n_types=int(rng.integers(10, 41)) if path else int(rng.integers(1, 9)),
        n_cells=n_cells,
        anchors=int(rng.integers(2, 7)) if path else 0,
    )
    groups = Regulons(
        count=round(_log_uniform(rng, 5, max(8, n_genes / 6))),
        size_spread=float(rng.uniform(0.3, 1.1)),
        members=float(rng.uniform(0.3, 0.95)),
        second=float(rng.uniform(0, 0.3)),
        drivers=_log_uniform(rng, 1, 6),
        circuit=float(rng.random()),
        explained=float(rng.uniform(0.15, 0.95)),
        dimensions=int(rng.integers(1, 6)),
        moved=float(rng.uniform(0.3, 1)),
        state_tfs=float(rng.uniform(0, 1.5)),
        state_genes=float(rng.uniform(0, 1.5)),
        jitter=float(rng.uniform(0, 0.3)),
        own=float(rng.uniform(0.4, 1.2)),
        hidden_state=float(rng.random()),
        amplitude=_log_uniform(rng, 0.18, 1),
    )
    technical = TechnicalNoise(
        levels=(0.5, float(rng.uniform(0.5, 1.5))),
        library=(np.log(n_genes) + float(rng.uniform(-0.5, 3)), float(rng.uniform(0.1, 0.6))),
        dropout=(_log_uniform(rng, 2, 10), float(rng.uniform(5, 40)))
        if rng.random() < 0.25
        else None,
        umi=bool(rng.random() < 0.8),
        programs=_programs(rng),
    )
    return Preset(graph, kinetics, technical, regulons=groups)


def _measured(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Regulons in data that come near to published sets of cells, by summaries of their expression.

    Deep counts, mostly of amplified molecules; many TFs relative to the cells; one dominant state of the
    cells; few negative correlations inside clusters, not least because cells are scaled by
    totals over more genes than the data hold. Genes belong to several regulons, of which few are
    strong and many weak, and the network lists the stronger pairs. No real network was used.
    """
    found = _regulons(shape, rng)
    # Unused draw: it fixes the later ones, and so the graphs of the released weights.
    rng.uniform(size=1)
    depth_spread = float(rng.uniform(0.15, 0.6))
    amplification = _log_uniform(rng, 0.2, 1.0) if rng.random() < 0.6 else None
    rng.uniform(size=2)
    size_spread = float(rng.uniform(0.5, 1.5))
    rng.uniform(size=2)
    own, amplitude = _log_uniform(rng, 0.5, 2.5), _log_uniform(rng, 0.12, 0.6)
    programs = (1, _log_uniform(rng, 0.2, 1.0)) if rng.random() < 0.5 else None

    n_genes, n_tfs, n_cells = MEASURED_SIZES[shape.integers(len(MEASURED_SIZES))]
    state = _log_uniform(rng, 2, 8)
    groups = replace(
        found.regulons,
        count=round(_log_uniform(rng, 5, n_genes / 8)),
        size_spread=size_spread,
        dimensions=1 if rng.random() < 0.9 else int(rng.integers(2, 4)),
        moved=float(rng.uniform(0.6, 1)),
        state_tfs=state * float(rng.uniform(0.7, 1.3)),
        state_genes=state * float(rng.uniform(0.7, 1.3)),
        own=own,
        amplitude=amplitude,
        strength_spread=float(rng.uniform(0.2, 1.2)),
        overlap=float(rng.uniform(0, 2)),
        associated=True,
        listed=float(rng.uniform(0.2, 1)),
    )
    graph = replace(
        found.graph, n_genes=n_genes, n_tfs=n_tfs, repression=float(rng.uniform(0, 0.08))
    )
    depth = np.log(n_genes) + float(rng.uniform(1, 2.7))
    technical = replace(
        found.technical,
        library=(depth, depth_spread),
        umi=True,
        amplification=amplification,
        whole=_log_uniform(rng, 0.05, 0.35),
        programs=programs if rng.random() < 0.5 else None,
    )
    return Preset(graph, replace(found.kinetics, n_cells=n_cells), technical, regulons=groups)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _programs(rng: np.random.Generator) -> tuple[int, float] | None:
    """None, one that differs between cell types, or several of both kinds."""
    kind = rng.random()
    if kind < 0.2:
        return None
    return (1 if kind < 0.6 else int(rng.integers(2, 9)), _log_uniform(rng, 0.3, 2.0))


FAMILIES: dict[str, Callable[[np.random.Generator, np.random.Generator], Preset]] = {
    "mixed-clean": _mixed_clean,
    "low-dropout": _low_dropout,
    "mixed-dropout": _mixed_dropout,
    "few-cells": _few_cells,
    "varied": _varied,
    "tf-rich": _tf_rich,
    "regulons": _regulons,
    "measured": _measured,
}


def family_preset(family: str, seed: int) -> Preset:
    """Draw the preset of one seed.

    Parameters
    ----------
    family : str
        A name of ``FAMILIES``; any other is that of a preset itself (``simulate.preset``).
    seed : int
        Seeds of one group, ``seed // GROUP``, give one size.

    Returns
    -------
    Preset

    Raises
    ------
    InputError
        When there is neither a family nor a preset of that name.
    """
    if family not in FAMILIES:
        try:
            return preset(family)
        except InputError as error:
            raise InputError(f"{error}; or a family: {', '.join(FAMILIES)}") from None
    shape = np.random.default_rng([seed // GROUP, 1])
    return FAMILIES[family](shape, np.random.default_rng([seed, 2]))


def observed(simulation: Simulation) -> np.ndarray:
    """Give expression as a user would hand it in.

    Data with a library size are, in half of the cases, divided by the cell's total and logged, as
    real matrices mostly are; the seed decides.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    ndarray of float32, shape (cells, genes)
    """
    X = simulation.expression
    if simulation.preset.technical.library is None or simulation.seed % 2:
        return X
    total = X.sum(1, keepdims=True) if simulation.sizes is None else simulation.sizes[:, None]
    return np.log1p(X * (TARGET_TOTAL / np.maximum(total, 1e-9)), dtype=np.float32)
