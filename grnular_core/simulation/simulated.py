"""Simulated data as AnnData and as ``GRNDataset``.

Dropout leaves genes without a single count. ``make_dataset`` drops them as it drops any constant
gene, and with them true edges. Scored over the genes that are left, a data set looks easier the
more was lost; so simulated runs are scored over all simulated genes (``synthetic.score_row``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.simulation.simulate import Simulation

if TYPE_CHECKING:
    from anndata import AnnData


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


def simulated_dataset(simulation: Simulation) -> GRNDataset:
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
    return data
