"""Simulated data as AnnData and as ``GRNDataset``, and scores that count the genes nobody sees.

Dropout leaves genes without a single count. ``make_dataset`` drops them as it drops any constant
gene, and with them true edges. Scored over the genes that are left, a data set looks easier the
more was lost; ``all_gene_scores`` scores over all simulated genes instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.dataset import GRNDataset, make_dataset
from grnular_core.metrics import strict_scores
from grnular_core.simulate import Simulation

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class SimulatedDataset(GRNDataset):
    """A ``GRNDataset`` that also knows what the simulation held before constant genes were dropped.

    ``all_genes`` and ``all_tfs`` are names in gene order; ``all_truth`` is the table of
    ``truth_table``. Cell types are in ``adata.obs["cell_type"]``.
    """

    all_genes: tuple[str, ...] = field(default=(), repr=False)
    all_tfs: tuple[str, ...] = field(default=(), repr=False)
    all_truth: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def truth_table(simulation: Simulation) -> pd.DataFrame:
    """The network with the columns ``regulator, target, sign, K, coop``, sorted by name."""
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
    """The genes that may regulate, in gene order, also those that do not."""
    genes = simulation.genes()
    return [genes[tf] for tf in simulation.tf_index]


def simulated_anndata(simulation: Simulation) -> AnnData:
    """All cells and all genes, also constant ones; ``obs["cell_type"]`` and ``var["is_tf"]``."""
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


def simulated_dataset(simulation: Simulation) -> SimulatedDataset:
    """The simulation as any method takes it: without constant genes, truth with signs.

    Raises ``InputError``, as ``make_dataset`` does, when technical noise has left no TF, no true
    edge or fewer than two genes that vary.
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
    return SimulatedDataset(
        **vars(data),
        all_genes=tuple(simulation.genes()),
        all_tfs=tuple(tfs),
        all_truth=truth,
    )


def all_gene_scores(
    edges: pd.DataFrame,
    data: SimulatedDataset,
    regulators: str = "with-truth",
    targets: str = "genes",
) -> dict[str, float | int | str]:
    """``strict_scores`` over all simulated genes: edges of genes that were dropped count as missed.

    Every method scores 0 on those pairs, so they stand last, tied with all else that it left out.
    The candidates are the same whatever the noise, so numbers compare between noise levels.
    """
    return strict_scores(edges, data.all_truth, data.all_genes, data.all_tfs, regulators, targets)


def invisible(data: SimulatedDataset) -> tuple[Sequence[str], int]:
    """Genes that the noise has left constant, and how many true edges touch one of them."""
    dropped = [gene for gene in data.all_genes if gene not in data.adata.var_names]
    return dropped, len(data.all_truth) - (0 if data.truth is None else len(data.truth))
