"""Roles of data: what models learn from, what they are chosen on, and what tests them.

- *Training*: simulated graphs, and real cells without any network.
- *Development*: the real cells of ``more_cells.SETS`` with reference networks, on which models, features and families of
  graphs are chosen. A small readout may be fitted on them where the method's name and card say so, with sets and TFs
  held out in turn.
- *Test*: BEELINE's pairs. They are scored when a model is frozen, and each time is a ``Look``.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from grnular_core.data.beeline import DATASETS, NETWORKS

# BEELINE's pairs with its full set of genes; the other three, of mHSC-E, have TFs alone.
TEST_PAIRS = tuple((dataset, network) for dataset in DATASETS if dataset != "mHSC-E" for network in NETWORKS)


class Look(NamedTuple):
    """One scoring of a frozen model on the test pairs."""

    method: str  # name in the registry of methods
    tag: str  # of the frozen state of this repository
    command: str  # what was run


# Models made before these roles were written down are no entries: BEELINE's scores guided how they were designed.
LOOKS: tuple[Look, ...] = (
    Look(
        "grnular-curated", "338233e",
        "python -m papermill notebooks/04_beeline.ipynb out.ipynb -f notebooks/params/full/04_beeline.yml "
        "-y '{methods: [grnular-curated]}'",
    ),
)  # fmt: skip


def looks_table() -> pd.DataFrame:
    """Return every scoring of a frozen model on the test pairs as readers see it.

    Returns
    -------
    DataFrame
        Columns ``method, commit, command``.
    """
    return pd.DataFrame([(look.method, look.tag, f"`{look.command}`") for look in LOOKS], columns=["method", "commit", "command"])
