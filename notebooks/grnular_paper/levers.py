"""What moved GRNULar on real data: every model of it that ships, on the same pairs.

All were made and chosen on simulations alone. Each row is a step of training (which graphs, which loss,
how many networks), with what validation on simulated graphs said of it, and what real data say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.beeline import load_beeline
from grnular_core.methods.registry import Run, run_method
from grnular_core.scoring.statistics import mean_interval
from grnular_core.scoring.strict import strict_scores
from grnular_core.training.named_recipes import DESCRIPTIONS
from grnular_core.training.weights import read_trained
from grnular_core.utils.files import atomic_write
from grnular_paper.real_data import recorded_pairs
from grnular_paper.records import provenance

WEIGHTS = (
    "context-clean",
    "context-chances",
    "context-ranks",
    "context-regulons",
    "grnular-context",
    "context-deep",
    "context-associated",
    "context-matched",
    "context-uneven",
    "context-shrunk",
    "context-measured",
    "context-measured-b",
    "grnular-cells",
)
TABLE = "levers.csv"
COLUMNS = ("weights", "digest", "dataset", "network", "strict_auprc_ratio")


def scores(
    weights: str, datasets: Sequence[str], networks: Sequence[str], device: str = "cpu"
) -> list[dict[str, object]]:
    """Strict AUPRC / density of one model on every pair, a row each."""
    digest, rows = read_trained(weights).digest, []
    for dataset in datasets:
        edges = None
        for network in networks:
            data = load_beeline(dataset, network)
            if edges is None:
                edges = run_method(data, "grnular-context", Run(0, device, weights=weights)).edges
            ratio = strict_scores(edges, data.truth, data.genes, data.tfs)["auprc_ratio"]
            rows.append(dict(zip(COLUMNS, (weights, digest, dataset, network, ratio), strict=True)))
    return rows


def record_levers(folder: Path, datasets: Sequence[str], networks: Sequence[str]) -> pd.DataFrame:
    """Write ``levers.csv``; models whose parameters are on it already are not run again."""
    path = folder / TABLE
    old = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))
    parts = []
    for weights in WEIGHTS:
        rows = old[old["digest"] == read_trained(weights).digest].assign(weights=weights)
        if rows.empty:
            rows = pd.DataFrame(scores(weights, datasets, networks)).assign(**provenance())
        parts.append(rows)
    table = pd.concat(parts, ignore_index=True)
    with atomic_write(path) as part:
        table.to_csv(part, index=False, float_format="%.6g", lineterminator="\n")
    return table


def table(folder: Path) -> pd.DataFrame:
    """A line a model: how it was trained, the geometric mean over the pairs with its 95 % interval.

    Below them untrained models and the paper's recipe from the record, means over their seeds first.
    """
    rows = pd.read_csv(folder / TABLE)
    lines = [
        _line(name, DESCRIPTIONS[name], rows.loc[rows["weights"] == name, "strict_auprc_ratio"])
        for name in WEIGHTS
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
