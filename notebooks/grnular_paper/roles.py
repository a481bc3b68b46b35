"""Roles of data: what models learn from, what they are chosen on, and what tests them.

- *Training*: simulated graphs, and real cells without any network.
- *Development*: the real cells of ``more_cells.SETS`` with reference networks, on which models, features and families of
  graphs are chosen. A small readout may be fitted on them where the method's name and card say so, with sets and TFs
  held out in turn.
- *Test*: BEELINE's pairs, hESC with the networks of the development sets, and for the published model the networks of DS1
  to DS3. A model is frozen at a commit and scored there, and each time is a ``Look``.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

BEELINE, SERGIO, OTHER_NETWORKS = "BEELINE", "DS1 to DS3", "hESC, curated and ChIP networks"


class Look(NamedTuple):
    """One scoring of a frozen model on test data."""

    method: str  # name in the registry of methods
    commit: str  # of the state of this repository that was scored
    data: str  # BEELINE, SERGIO or OTHER_NETWORKS
    what: str  # what was scored, in words
    command: str  # what adds its rows to a record that lacks them


def _on_beeline(method: str) -> str:
    return (
        "python -m papermill notebooks/04_beeline.ipynb out.ipynb -y '{datasets: [mESC, mDC, hHep, mHSC-GM, mHSC-L, hESC], "
        f"methods: [{method}], seeds: [0, 1, 2, 3, 4], write_record: true}}'"
    )


_ON_SERGIO = "python -m papermill notebooks/03_ds1_ds3.ipynb out.ipynb -y 'write_record: true'"
_FIRST = "weights trained with means in Eq. 12 and P = 5"
# GRNULar-context, GRNULar-cells, the untrained loop and earlier weights of the published model were scored before these
# roles were set, and are no entries.
LOOKS: tuple[Look, ...] = (
    Look("grnular", "4244f06", SERGIO, _FIRST, _ON_SERGIO),
    Look("grnular", "4244f06", BEELINE, _FIRST, _on_beeline("grnular")),
    Look(
        "grnular-curated", "338233e", BEELINE, "as released",
        "python -m papermill notebooks/04_beeline.ipynb out.ipynb -f notebooks/params/full/04_beeline.yml "
        "-y '{methods: [grnular-curated]}'",
    ),
    Look("grnular", "4082596", SERGIO, "second scoring: weights trained with the mean over cells alone, P = 5", _ON_SERGIO),
    Look(
        "grnular", "4a6ae04", BEELINE, "second scoring: weights trained with the mean over cells alone, P = 10",
        _on_beeline("grnular"),
    ),
    Look(
        "grnular", "39a5c11", BEELINE, "the same weights with more hidden units, by which nothing was chosen",
        "python -m grnular_paper.widths",
    ),
    Look(
        "grnular", "a610d69", BEELINE, "third scoring: weights trained with the mean over cells alone, P = 5; "
        "also with more hidden units, by which nothing was chosen", _on_beeline("grnular") + " && python -m grnular_paper.widths",
    ),
    Look("grnular-curated", "53d6b11", SERGIO, "as released", _ON_SERGIO),
    Look(
        "grnular", "0616462", BEELINE, "fourth scoring: the same weights with four hidden units a TF, as random networks of the "
        "sizes of these datasets prefer", _on_beeline("grnular"),
    ),
    *(
        Look(name, "133bbe1", OTHER_NETWORKS, "as released", f"python -m grnular_paper held-out {name}")
        for name in ("grnular", "grnular-context", "grnular-cells", "grnular-curated")
    ),
    Look(
        "grnular", "a67f389", BEELINE, "two more seeds of each number of hidden units, by which nothing was chosen",
        "python -m grnular_paper.widths",
    ),
)  # fmt: skip


def looks_table() -> pd.DataFrame:
    """Return every scoring of a frozen model on test data as readers see it.

    Returns
    -------
    DataFrame
        Columns ``method, data, what, commit, command``.
    """
    lines = [(look.method, look.data, look.what, look.commit, f"`{look.command}`") for look in LOOKS]
    return pd.DataFrame(lines, columns=["method", "data", "what", "commit", "command"])
