"""Figures of a network: no label hides another, and what is drawn is what the table says."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from grnular_core.data.edges import cpdag, edge_table
from grnular_core.plotting import style as plots
from grnular_core.plotting.network import TF_COLOUR, _layout, _overlaps, draw_network


def some_network(n_tfs: int, n_genes: int, n_edges: int, seed: int = 0):
    """Edges and TFs."""
    genes = [f"GENE{i}" * (1 + i % 2) for i in range(n_genes)]
    scores = np.random.default_rng(seed).random((n_tfs, n_genes))
    tfs = genes[:n_tfs]
    return cpdag(edge_table(scores, tfs, genes), tfs).head(n_edges), tfs


def hidden(at: np.ndarray, boxes: np.ndarray) -> bool:
    """Whether one label lies over another."""
    return (_overlaps(at, boxes) > 0).all(axis=2).any()


def names_of(table: pd.DataFrame) -> list[str]:
    return sorted({*table["regulator"], *table["target"]})


@pytest.mark.parametrize(("n_tfs", "n_genes", "n_edges"), [(1, 2, 1), (5, 8, 12), (25, 40, 60)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_label_hides_another_and_all_are_inside(n_tfs, n_genes, n_edges, seed):
    table, _ = some_network(n_tfs, n_genes, n_edges, seed)
    names = names_of(table)
    boxes = np.tile([0.6, 0.22], (len(names), 1))
    at = _layout(table, names, boxes, 6.8, 5.2)
    assert not hidden(at, boxes)
    assert (at >= boxes / 2 - 1e-9).all() and (at <= np.array([6.8, 5.2]) - boxes / 2 + 1e-9).all()
    assert np.array_equal(at, _layout(table, names, boxes, 6.8, 5.2))
    apart = pd.DataFrame({"regulator": ["a", "c", "e"], "target": ["b", "d", "f"]})
    boxes = np.tile([0.6, 0.22], (6, 1))
    assert not hidden(_layout(apart, list("abcdef"), boxes, 3, 2), boxes)


def test_edges_nodes_and_shades_are_those_of_the_table():
    plots.use_style()
    table, tfs = some_network(6, 12, 20)
    _, ax = plt.subplots(figsize=(6.8, 5.8))
    draw_network(ax, table, tfs)
    names = names_of(table)
    assert [t.get_text() for t in ax.texts] == names
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    yellow = [to_hex(b.get_facecolor()).upper() == TF_COLOUR for b in boxes]
    assert yellow == [name in tfs for name in names]
    lines = [p for p in ax.patches if isinstance(p, FancyArrowPatch)][::-1]  # strongest first
    assert len(lines) == 20
    heads = [type(line.get_arrowstyle()).__name__ == "CurveFilledB" for line in lines]
    assert heads == table["directed"].tolist() and 0 < sum(heads) < 20
    shades = [sum(line.get_edgecolor()[:3]) for line in lines]
    assert shades == sorted(shades)  # the stronger the darker
    assert not draw_network(plt.subplots()[1], table.head(0), tfs).texts  # nothing is drawn


def test_labels_fit_their_boxes():
    plots.use_style()
    table = pd.DataFrame({"regulator": ["SOX17"], "target": ["WMWMW"], "weight": [1.0]})
    table = table.assign(sign=1, rank=1, directed=True)
    figure, ax = plt.subplots(figsize=(6.8, 5.8))
    draw_network(ax, table, ["SOX17"])
    figure.canvas.draw()
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    label, box = ax.texts[0].get_window_extent(), boxes[0].get_window_extent()
    assert box.x0 < label.x0 and label.x1 < box.x1 and box.y0 < label.y0 and label.y1 < box.y1
