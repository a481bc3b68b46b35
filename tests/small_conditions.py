"""Simulated cells of two conditions: the same regulons, one of which may be off in the second; donors may differ."""

from dataclasses import replace

import numpy as np
import pandas as pd
from anndata import AnnData

from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.regulons import Regulons, random_regulons, regulon_levels
from grnular_core.simulation.sergio import Kinetics

SPEC = GraphSpec(n_genes=40, n_tfs=6)
REGULONS = Regulons(count=4, second=0.0, circuit=0.0, explained=0.8, hidden_state=0.1, own=0.5, state_genes=0.2, state_tfs=0.2)
TFS = [f"G{i}" for i in range(6)]


def two_conditions(
    seed: int, n_cells: int = 200, off: bool = False, means: float = 0.3, donors: int = 0, heterogeneity: float = 1.0
) -> tuple[AnnData, set[tuple[str, str]]]:
    """Cells of ``ctrl`` and ``stim`` with means that differ, and pairs that the planted difference can change.

    With ``donors`` in each group, genes' means and strengths of regulons differ from one donor to the next.
    """
    rng = np.random.default_rng([7, seed])
    drawn = random_regulons(SPEC, REGULONS, np.random.default_rng([8, seed]))
    order = np.concatenate([drawn.tfs, np.setdiff1d(np.arange(SPEC.n_genes), drawn.tfs)])  # TFs are the first genes
    largest = int(np.argmax((drawn.response != 0).sum(axis=0)))
    units = [(condition, donor) for condition in ("ctrl", "stim") for donor in range(max(donors, 1))]
    n = n_cells // max(donors, 1)
    kinetics = Kinetics(n_types=1, n_cells=len(units) * n)
    parts, obs = [], []
    for place, (condition, donor) in enumerate(units):
        response = drawn.response.copy()
        if donors:
            response *= rng.lognormal(0, heterogeneity, response.shape[1]) * rng.choice([-1, 1], response.shape[1], p=[0.3, 0.7])
        if off and condition == "stim":
            response[:, largest] = 0
        # the same seed gives the same responses to the state: units take different cells
        levels, _ = regulon_levels(replace(drawn, response=response), kinetics, REGULONS, np.random.default_rng([9, seed]))
        own = levels[place :: len(units)][:n, order]
        shift = np.exp(means * rng.normal(size=SPEC.n_genes)) if donors or condition == "stim" else 1.0
        parts.append(np.log1p(rng.poisson(4 * own * shift)))
        obs += [(condition, f"{condition}{donor}")] * n
    cells = AnnData(
        np.vstack(parts).astype(float),
        obs=pd.DataFrame(obs, columns=["condition", "donor"], index=[f"c{i}" for i in range(len(obs))]),
        var=pd.DataFrame(index=[f"G{i}" for i in range(SPEC.n_genes)]),
    )
    touched = np.flatnonzero(drawn.response[order, largest])
    drivers = np.flatnonzero(drawn.effect[:, largest])
    inside = {f"G{i}" for i in (*touched, *drivers)}
    return cells, {(tf, gene) for tf in TFS for gene in cells.var_names if {tf, gene} <= inside and tf != gene}
