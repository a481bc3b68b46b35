"""Which weights ship for measured cells: compared on simulated graphs that nobody trained on, from the record.

The rule: the best on the family that comes nearest to published cells (``resemblance.py``), in small data and at
the sizes of published sets. Other families are shown beside it. No real network has a part in this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TABLE = "choice.csv"
COMPARED = (
    "within-clusters", "context-associated", "context-matched", "context-uneven", "context-shrunk",
    "grnular-cells",
)  # fmt: skip
FAMILIES = ("measured-large", "measured", "associated", "uneven", "matched", "deep", "regulons")


def table(folder: Path) -> pd.DataFrame:
    """Geometric means over a family's graphs: a line a model, a column a family."""
    rows = pd.read_csv(folder / TABLE)
    logs = np.log(rows["ratio"]).groupby([rows["model"], rows["family"]]).mean().unstack()
    return np.exp(logs).loc[list(COMPARED), list(FAMILIES)].rename_axis(None).rename_axis(None, axis=1)  # fmt: skip
