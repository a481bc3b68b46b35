"""BEELINE's pairs of a network and a dataset: their labels and order as in the paper's Fig. 8."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

NETWORK_LETTERS = {"STRING": "S", "Non-Specific-ChIP-seq": "N", "Cell-type-specific-ChIP-seq": "C"}


def pair_label(network: str, dataset: str) -> str:
    """Label a pair by its network's letter and its dataset, as ``[S] mDC``.

    Parameters
    ----------
    network, dataset : str

    Returns
    -------
    str
    """
    return f"[{NETWORK_LETTERS[network]}] {dataset}"


def pair_order(datasets: Sequence[str]) -> list[str]:
    """Order all pair labels, networks outside, datasets inside.

    Parameters
    ----------
    datasets : sequence of str

    Returns
    -------
    list of str
    """
    return [pair_label(network, dataset) for network in NETWORK_LETTERS for dataset in datasets]


def wide(
    table: pd.DataFrame, value: str, datasets: Sequence[str], methods: Sequence[str]
) -> pd.DataFrame:
    """Arrange one score as pairs x methods.

    Parameters
    ----------
    table : DataFrame
        ``network, dataset, method`` and the score; seeds are averaged.
    value : str
        Column of the score.
    datasets, methods : sequence of str

    Returns
    -------
    DataFrame
        All pairs in the paper's order; NaN where there is no row.
    """
    pairs = [pair_label(n, d) for n, d in zip(table["network"], table["dataset"], strict=True)]
    grid = table.assign(pair=pairs).pivot_table(
        index="pair", columns="method", values=value, aggfunc="mean"
    )
    return grid.reindex(index=pair_order(datasets), columns=list(methods))
