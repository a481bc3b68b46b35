"""What moved GRNULar on real data: every model that was tried, on the same pairs, from the record.

All were made and chosen on simulations alone. Each row is a step of training (which graphs, which loss,
how many networks), with what validation on simulated graphs said of it, and what real data say.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.scoring.statistics import mean_interval
from grnular_paper.real_data import recorded_pairs

# Weights on record and how they were trained; all but the two released models are no longer shipped.
WEIGHTS = {
    "context-clean": "a network that sees context, by cross-entropy, on SERGIO's dynamics without technical noise",
    "context-chances": "first network of grnular-context: by cross-entropy, SERGIO's dynamics of many kinds and noise levels",
    "context-ranks": "a network by ranks, also on graphs with few cells and with many TFs, SERGIO's dynamics alone",
    "context-regulons": "second network of grnular-context: by ranks, both simulators, also few cells and many TFs",
    "grnular-context": "GRNULar with a rho_nn of two networks that see context, on both simulators",
    "context-deep": "a network by ranks, on regulons alone, most of them as deep as published cells",
    "context-associated": "a network by ranks, where TFs that are members of a regulon count as true, in amplified reads as well",
    "context-matched": "by ranks, as associated, with states of cells as strong and regulons as weak as in published cells",
    "context-uneven": "by ranks, as associated, with a few strong regulons among many weak ones in most graphs",
    "context-shrunk": "by ranks, on the graphs of associated and uneven, also sees shrunk ridge coefficients",
    "context-measured": "first network of grnular-cells: by ranks, on the family nearest to published cells; "
    "also sees shared partners and the sign inside clusters",
    "context-measured-b": "second network of grnular-cells: the same from other draws",
    "grnular-cells": "GRNULar for measured cells, two networks on the family nearest to published cells",
}
TABLE = "levers.csv"


def table(folder: Path) -> pd.DataFrame:
    """A line a model: how it was trained, the geometric mean over the pairs with its 95 % interval.

    Below them untrained models and the paper's recipe from the record, means over their seeds first.
    """
    rows = pd.read_csv(folder / TABLE)
    lines = [
        _line(name, text, rows.loc[rows["weights"] == name, "strict_auprc_ratio"])
        for name, text in WEIGHTS.items()
    ]
    recorded = recorded_pairs(folder)
    for name, text in (
        ("grnular", "the paper's recipe"),
        ("grnular-untrained", "the paper's loop, nothing trained"),
    ):
        of_name = recorded[recorded["method"] == name]
        means = of_name.groupby(["dataset", "network"])["strict_auprc_ratio"].mean()
        lines.append(_line(name, text, means))
    return pd.DataFrame(lines)


def _line(name: str, text: str, ratios: pd.Series) -> dict[str, str]:
    found = mean_interval(np.log(ratios))
    mean, low, high = (np.exp(found[key]) for key in ("mean", "low", "high"))
    return {
        "model": name,
        "what it is": text,
        "AUPRC / density": f"{mean:.2f} [{low:.2f}, {high:.2f}]",
    }
