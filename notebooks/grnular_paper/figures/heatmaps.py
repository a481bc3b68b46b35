"""Heat maps of real data, pairs of network and dataset down, methods across, with a value under the pointer."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd

from grnular_core.data.beeline import DATASETS
from grnular_core.plotting import style as plots
from grnular_core.plotting.hover import Picture, heatmap_spots, picture

AREAS = {"auprc": "AUPRC", "auroc": "AUROC"}


def pair_heatmap(
    rows: pd.DataFrame, score: str, methods: Sequence[str], kind: str, name: str, title: str = ""
) -> Picture:
    """One heat map of all pairs of BEELINE.

    Parameters
    ----------
    rows : DataFrame
        ``network, dataset, method`` and the score; seeds are averaged.
    score : str
        The column shown.
    methods : sequence of str
        Columns of the heat map.
    kind : str
        How values are coloured, of ``plotting.style.score_heatmap``.
    name : str
        What the score is called in the caption.
    title : str
        Title of the figure; empty: the same name.

    Returns
    -------
    Picture
        The picture with the words that stand for it.
    """
    figure, ax = plt.subplots(figsize=(1.6 + 0.46 * len(methods), 6.2))
    grid = plots.wide(rows, score, DATASETS, methods)
    plots.score_heatmap(ax, grid, title or name, kind=kind, missing="no data or no run")
    return picture(
        figure,
        heatmap_spots(ax, grid, name),
        f"Heat map of {name}, pairs of network and dataset down, methods across, "
        "each value written into its field.",
        f"{name}, our runs. The pointer over a field shows method, dataset and value.",
    )


def printed_heatmaps(printed: pd.DataFrame, methods: Sequence[str]) -> Picture:
    """AUPRC and AUROC as the paper's Fig. 8 prints them, side by side.

    Parameters
    ----------
    printed : DataFrame
        ``network, dataset, method, auprc, auroc``.
    methods : sequence of str
        Columns of both heat maps.

    Returns
    -------
    Picture
        The picture with the words that stand for it.
    """
    grids = [plots.wide(printed, score, DATASETS, methods) for score in AREAS]
    titles = tuple(f"{name}, printed in the paper" for name in AREAS.values())
    figure = plots.side_by_side(*grids, titles, kinds=tuple(AREAS), missing="no number")
    spots = [
        spot
        for ax, grid, title in zip(figure.axes, grids, titles, strict=True)
        for spot in heatmap_spots(ax, grid, title)
    ]
    return picture(
        figure,
        spots,
        "Two heat maps of the numbers printed in the paper, AUPRC and AUROC, pairs of network and dataset down, "
        "five methods across, written into the fields.",
        "AUPRC and AUROC as the paper prints them. The pointer over a field shows method, dataset and value.",
    )
