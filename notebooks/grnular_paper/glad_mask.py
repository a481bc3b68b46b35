"""What the mask of GLAD-TF does, threshold by threshold: an experiment on validation graphs.

GLAD-TF sets pairs without a TF to zero in every cell of the loop. So does a threshold, to whatever is weak.
Untrained models with one threshold for all entries show what the mask adds to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.models.glad import GLAD, GLADTF, GLADConfig, glad_scores
from grnular_core.scoring.ranking import average_precision
from grnular_core.simulation.simulate import Simulation, preset, simulate
from grnular_core.training.batches import first_seed

THRESHOLDS = (0.005, 0.02, 0.1, 0.3)  # rho of every entry, before any training
CELLS = (100, 1000)


def mask_effect(
    n_graphs: int = 6, thresholds: Sequence[float] = THRESHOLDS, cells: Sequence[int] = CELLS
) -> pd.DataFrame:
    """Mean strict AUPRC of untrained GLAD and GLAD-TF: ``cells, threshold, glad, glad-tf``.

    Networks are those of the clean preset, drawn for validation.
    """
    rows = []
    for n_cells in cells:
        seeds = range(first_seed("valid"), first_seed("valid") + n_graphs)
        drawn = [simulate(preset("clean", n_cells=n_cells), seed) for seed in seeds]
        for threshold in thresholds:
            config = GLADConfig(rho_start=threshold)
            row: dict[str, float] = {"cells": n_cells, "threshold": threshold}
            for name, model in (("glad", GLAD(config)), ("glad-tf", GLADTF(config))):
                row[name] = float(np.mean([_auprc(simulation, model) for simulation in drawn]))
            rows.append(row)
    return pd.DataFrame(rows)


def _auprc(simulation: Simulation, model: GLAD) -> float:
    tfs, truth = simulation.tf_index, simulation.adjacency != 0
    known = tfs if isinstance(model, GLADTF) else None
    scores, _ = glad_scores(simulation.expression, known, model=model)
    scores = scores if known is not None else scores[tfs]
    allowed = np.ones(truth.shape, dtype=bool)
    allowed[np.arange(len(tfs)), tfs] = False
    return average_precision(scores[allowed], truth[allowed])
