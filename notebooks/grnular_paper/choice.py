"""Which weights ship for measured cells: compared on simulated graphs that nobody trained on.

The rule: the best on the family that comes nearest to published cells (``resemblance.py``), in small data and at
the sizes of published sets. Other families are shown beside it. No real network has a part in this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.methods.registry import METHODS, Run, run_method
from grnular_core.scoring.strict import strict_scores
from grnular_core.simulation.families import GROUP, family_preset, observed
from grnular_core.simulation.simulate import simulate
from grnular_core.simulation.simulated import simulated_dataset, tf_names, truth_table
from grnular_core.utils.files import atomic_write

TABLE = "choice.csv"
COMPARED = (
    "within-clusters", "context-associated", "context-matched", "context-uneven", "context-shrunk",
    "grnular-cells",
)  # fmt: skip
FAMILIES = ("measured-large", "measured", "associated", "uneven", "matched", "deep", "regulons")
FIRST_SEED, N_GRAPHS = 3_800_000, {"measured-large": 8}
USUAL = 12  # graphs of the other families


def graphs(family: str) -> Iterator[int]:
    """Seeds of a family's graphs, each of another size."""
    return iter(range(FIRST_SEED, FIRST_SEED + GROUP * N_GRAPHS.get(family, USUAL), GROUP))


def ratios(family: str, seed: int, compared: Sequence[str] = COMPARED) -> list[dict[str, object]]:
    """Strict AUPRC / density of each method, or of GRNULar with each weights, on one graph."""
    made = simulate(family_preset(family, seed), seed)
    made = replace(made, expression=observed(made))
    data, truth, rows = simulated_dataset(made), truth_table(made), []
    for name in compared:
        own = name in METHODS and not name.startswith("grnular-context")
        method, run = (name, Run(0, "cpu")) if own else ("grnular-context", Run(0, "cpu", weights=name))
        edges = run_method(data, method, run).edges
        ratio = strict_scores(edges, truth, made.genes(), tf_names(made))["auprc_ratio"]
        rows.append({"family": family, "seed": seed, "model": name, "ratio": ratio})
    return rows


def record_choice(folder: Path) -> None:
    """Write ``choice.csv``: a row a graph and model."""
    rows = [row for family in FAMILIES for seed in graphs(family) for row in ratios(family, seed)]
    with atomic_write(folder / TABLE) as part:
        pd.DataFrame(rows).to_csv(part, index=False, float_format="%.5g", lineterminator="\n")


def table(folder: Path) -> pd.DataFrame:
    """Geometric means over a family's graphs: a line a model, a column a family."""
    rows = pd.read_csv(folder / TABLE)
    logs = np.log(rows["ratio"]).groupby([rows["model"], rows["family"]]).mean().unstack()
    return np.exp(logs).loc[list(COMPARED), list(FAMILIES)].rename_axis(None).rename_axis(None, axis=1)  # fmt: skip
