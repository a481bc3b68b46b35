"""Families of simulated data from the simulator of regulons, for training and validation.

They come nearer to published cells from one to the next: in depth, in what counts as true, in states and
in sizes (``resemblance.py`` measures it). What was in view are summaries of expression, never a network.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.regulons import Regulons
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import Preset

# where a third or more of the genes are listed as TFs, as in real data chosen by TFs
TF_RICH_SIZES = (
    (100, 25, 400), (100, 40, 300), (150, 60, 500), (200, 50, 800), (200, 80, 400),
    (250, 110, 400), (300, 40, 600),
)  # fmt: skip
# shares of TFs and numbers of cells as in published sets of cells
CELL_SIZES = (
    (150, 60, 500), (200, 50, 800), (200, 80, 400), (250, 60, 800), (250, 110, 400), (300, 120, 500),
)  # fmt: skip
# nearer to those of published sets: as many TFs as half of the cells and more
MEASURED_SIZES = (
    (200, 80, 250), (250, 30, 500), (250, 110, 300), (300, 150, 300), (300, 60, 600), (400, 120, 400),
)  # fmt: skip

# genes, TFs and cells about those of five published sets
PUBLISHED_SIZES = (
    (1100, 600, 420), (800, 320, 380), (950, 450, 425), (630, 130, 890), (560, 60, 850),
)  # fmt: skip


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def regulons(
    shape: np.random.Generator, rng: np.random.Generator, sizes: tuple = TF_RICH_SIZES
) -> Preset:
    """Groups of genes under common TFs, moved by cell states as well (``regulons.py``); counts.

    TFs are regulated as often as other genes, what a TF's mRNA says of its activity varies, and states
    move TFs and genes that have nothing to do with each other. Ranges were set by hand with summaries of
    real expression in view: zeros, correlations of genes with TFs. No network was looked at.
    """
    n_genes, n_tfs, n_cells = sizes[shape.integers(len(sizes))]
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
        count=round(log_uniform(rng, 5, max(8, n_genes / 6))),
        size_spread=float(rng.uniform(0.3, 1.1)),
        members=float(rng.uniform(0.3, 0.95)),
        second=float(rng.uniform(0, 0.3)),
        drivers=log_uniform(rng, 1, 6),
        circuit=float(rng.random()),
        explained=float(rng.uniform(0.15, 0.95)),
        dimensions=int(rng.integers(1, 6)),
        moved=float(rng.uniform(0.3, 1)),
        state_tfs=float(rng.uniform(0, 1.5)),
        state_genes=float(rng.uniform(0, 1.5)),
        jitter=float(rng.uniform(0, 0.3)),
        own=float(rng.uniform(0.4, 1.2)),
        hidden_state=float(rng.random()),
        amplitude=log_uniform(rng, 0.18, 1),
    )
    technical = TechnicalNoise(
        levels=(0.5, float(rng.uniform(0.5, 1.5))),
        library=(np.log(n_genes) + float(rng.uniform(-0.5, 3)), float(rng.uniform(0.1, 0.6))),
        dropout=(log_uniform(rng, 2, 10), float(rng.uniform(5, 40)))
        if rng.random() < 0.25
        else None,
        umi=bool(rng.random() < 0.8),
        programs=drawn_programs(rng),
    )
    return Preset(graph, kinetics, technical, regulons=groups)


def deep(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """Regulons in counts as deep as those of published cells, with as many TFs among the genes.

    Sizes and depth are the ranges in which summaries of expression lie where they lie in real sets of cells:
    share of zeros, largest correlation of a gene with a TF, the fifth largest beside it, both also inside
    clusters of cells. No network was looked at.
    """
    found = regulons(shape, rng, CELL_SIZES)
    depth = np.log(found.graph.n_genes) + float(rng.uniform(1, 2.7))
    spread = float(rng.uniform(0.15, 0.6))
    return replace(found, technical=replace(found.technical, library=(depth, spread), umi=True))


def associated(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """As ``deep``, with the truth of functional association; most of it in reads of amplified molecules."""
    found = deep(shape, rng)
    noise = log_uniform(rng, 0.2, 1.0) if rng.random() < 0.6 else None
    return replace(
        found,
        technical=replace(found.technical, amplification=noise),
        regulons=replace(found.regulons, associated=True),
    )


def matched(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """As ``associated``, with strong states and weak regulons, as summaries of published cells ask for.

    What clusters of cells and the first component explain, and how strong the correlations of TFs and genes are
    overall and inside clusters, lie where they lie in five real sets of cells. No network was looked at.
    """
    found = associated(shape, rng)
    state = log_uniform(rng, 3, 10)
    groups = replace(
        found.regulons,
        dimensions=1 if rng.random() < 0.6 else int(rng.integers(2, 4)),
        moved=float(rng.uniform(0.6, 1)),
        state_tfs=state * float(rng.uniform(0.7, 1.3)),
        state_genes=state * float(rng.uniform(0.7, 1.3)),
        own=log_uniform(rng, 1.5, 3),
        amplitude=log_uniform(rng, 0.12, 0.4),
    )
    programs = (1, log_uniform(rng, 0.2, 0.8)) if rng.random() < 0.5 else None
    return replace(found, technical=replace(found.technical, programs=programs), regulons=groups)


def uneven(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """As ``associated``, with a few strong regulons among many weak ones, and weaker to strong states.

    Nothing that moves single cells goes without a regulon, so what goes together inside clusters of cells
    belongs together.
    """
    found = associated(shape, rng)
    state = log_uniform(rng, 0.3, 5)
    groups = replace(
        found.regulons,
        strength_spread=float(rng.uniform(0.3, 1.5)),
        size_spread=float(rng.uniform(0.5, 1.5)),
        state_tfs=state * float(rng.uniform(0.7, 1.3)),
        state_genes=state * float(rng.uniform(0.7, 1.3)),
        own=log_uniform(rng, 0.5, 2.5),
        amplitude=log_uniform(rng, 0.12, 0.6),
    )
    programs = (1, log_uniform(rng, 0.2, 1.0)) if rng.random() < 0.5 else None
    return replace(found, technical=replace(found.technical, programs=programs), regulons=groups)


def measured(
    shape: np.random.Generator, rng: np.random.Generator, sizes: tuple = MEASURED_SIZES
) -> Preset:
    """As ``uneven`` in larger data, as summaries of published cells ask for (``resemblance.py``): more TFs
    for the cells at hand, one strong state of cells before all others, few negative correlations inside
    clusters, not least because cells are scaled by totals over more genes than the data hold.

    Genes belong to several regulons, and the truth lists the stronger pairs.
    """
    found = uneven(shape, rng)
    n_genes, n_tfs, n_cells = sizes[shape.integers(len(sizes))]
    state = log_uniform(rng, 2, 8)
    groups = replace(
        found.regulons,
        count=round(log_uniform(rng, 5, n_genes / 8)),
        dimensions=1 if rng.random() < 0.9 else int(rng.integers(2, 4)),
        moved=float(rng.uniform(0.6, 1)),
        state_tfs=state * float(rng.uniform(0.7, 1.3)),
        state_genes=state * float(rng.uniform(0.7, 1.3)),
        strength_spread=float(rng.uniform(0.2, 1.2)),
        overlap=float(rng.uniform(0, 2)),
        listed=float(rng.uniform(0.2, 1)),
    )
    graph = replace(
        found.graph, n_genes=n_genes, n_tfs=n_tfs, repression=float(rng.uniform(0, 0.08))
    )
    depth = np.log(n_genes) + float(rng.uniform(1, 2.7))
    technical = replace(
        found.technical,
        library=(depth, found.technical.library[1]),
        whole=log_uniform(rng, 0.05, 0.35),
        programs=found.technical.programs if rng.random() < 0.5 else None,
    )
    kinetics = replace(found.kinetics, n_cells=n_cells)
    return Preset(graph, kinetics, technical, regulons=groups)


def measured_large(shape: np.random.Generator, rng: np.random.Generator) -> Preset:
    """``measured`` at the sizes of published sets: to compare models, as training on it takes long."""
    return measured(shape, rng, PUBLISHED_SIZES)


def drawn_programs(rng: np.random.Generator) -> tuple[int, float] | None:
    """None, one that tells cell types apart, or several of both kinds."""
    kind = rng.random()
    if kind < 0.2:
        return None
    return (1 if kind < 0.6 else int(rng.integers(2, 9)), log_uniform(rng, 0.3, 2.0))
