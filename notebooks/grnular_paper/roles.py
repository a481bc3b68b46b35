"""Roles of data: what models learn from, what they are chosen on, and what tests them.

- *Training*: simulated graphs, and real cells without any network.
- *Development*: real cells with reference networks, on which models, features and families of graphs are chosen. A small
  readout may be fitted on them where the method's name and card say so, with sets and TFs held out in turn.
- *Test*: BEELINE's pairs. They are scored when a model is frozen, and each time is a ``Look``.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from grnular_core.data.beeline import DATASETS, NETWORKS
from grnular_core.utils.errors import InputError
from grnular_paper.more_cells import SETS

TRAINING, DEVELOPMENT, TEST = "training", "development", "test"
ROLES = {**dict.fromkeys(SETS, DEVELOPMENT), **dict.fromkeys(DATASETS, TEST)}  # simulations are all for training
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


def _role(dataset: str) -> str:
    """Return the role of a dataset of real cells."""
    if dataset not in ROLES:
        raise InputError(f"{dataset!r} has no role; expected one of {', '.join(ROLES)}, or give it one in ROLES")
    return ROLES[dataset]


def roles_table() -> pd.DataFrame:
    """Return the roles as readers see them.

    Returns
    -------
    DataFrame
        Columns ``role, data, networks are used``.
    """
    of = {name: [dataset for dataset in ROLES if _role(dataset) == name] for name in (DEVELOPMENT, TEST)}
    return pd.DataFrame(
        [
            [TRAINING, "simulated graphs; real cells", "those of the simulations alone"],
            [DEVELOPMENT, ", ".join(of[DEVELOPMENT]), "to choose models; to fit a readout that says so"],
            [TEST, ", ".join(of[TEST]), f"{len(TEST_PAIRS)} pairs, to score frozen models; models scored since: {len(LOOKS)}"],
        ],
        columns=["role", "data", "networks are used"],
    )


def looks_table() -> pd.DataFrame:
    """Return every scoring of a frozen model on the test pairs as readers see it.

    Returns
    -------
    DataFrame
        Columns ``method, commit, command``.
    """
    return pd.DataFrame([(look.method, look.tag, f"`{look.command}`") for look in LOOKS], columns=["method", "commit", "command"])
