"""Strict scores of one network with the controls beside it that give them a meaning."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import infer
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError

CONTROLS = ("correlation", "degree", "oracle")
COLUMNS = ("method", "auprc", "auprc_ratio", "auroc", "epr")


def scores_with_controls(
    data: GRNDataset, networks: Mapping[str, pd.DataFrame], n_random: int = 100, seed: int = 0
) -> pd.DataFrame:
    """Columns ``method, auprc, auprc_ratio, auroc, epr``: the networks, then the controls.

    Random scores are two rows, their mean over ``n_random`` drawings and what 95 % of these stay
    below. Raises ``InputError`` for data without a truth.
    """
    if data.truth is None:
        raise InputError(f"{data.name} has no known network; scores take one")
    found = dict(networks)
    for control in CONTROLS:
        if control not in found:
            found[control] = infer(data, control)
    rows = [{"method": name, **_scores(edges, data)} for name, edges in found.items()]
    drawn = pd.DataFrame(
        [_scores(infer(data, "random", seed=seed + number), data) for number in range(n_random)]
    )
    rows.append({"method": "random, mean", **drawn.mean().to_dict()})
    rows.append({"method": "random, 95 % below", **drawn.quantile(0.95).to_dict()})
    return pd.DataFrame(rows, columns=COLUMNS)


def _scores(edges: pd.DataFrame, data: GRNDataset) -> dict[str, float]:
    scores = strict_scores(edges, data.truth, data.genes, data.tfs)
    return {column: float(scores[column]) for column in COLUMNS[1:]}
