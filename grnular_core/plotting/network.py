"""Figures of an inferred network: its drawing, stability of edges, false discovery rate by decoys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

TF_COLOUR, GENE_COLOUR, INK = "#F0E442", "#DCEBF7", "#111111"
FONT = 8.0  # points
LETTER, LINE = 0.62 * FONT / 72, 2.0 * FONT / 72  # inches: widest usual letter, box of one line
GAP = 0.16  # inches between two boxes
ROUNDS = 2000  # of pushing boxes apart
BENDS = (0.0, 0.12, -0.12, 0.25, -0.25, 0.4, -0.4)
LINES = ("#0072B2", "#D55E00", "#117733", "#CC79A7")  # of the palette, distinct when printed in grey
STRONGER, WEAKER = LINES[1], LINES[0]  # of two conditions
SHADES = mpl.colors.LinearSegmentedColormap.from_list("score", ["#c4c4c4", "#000000"])


def draw_network(
    ax: Axes,
    table: pd.DataFrame,
    tfs: Sequence[str],
    seed: int = 0,
    colours: Mapping[str, str] | None = None,
) -> Axes:
    """Draw a CPDAG: TFs yellow, other genes pale, the stronger an edge the darker.

    Shades go by the rank of the score, since the best scores are often all but equal. Arrows lead from a TF to a gene
    that is none; two TFs are joined by a plain line. Axes are in inches, so that boxes fit their labels.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        ``regulator, target, weight, directed``; the same table and seed give the same picture.
    tfs : sequence of str
    seed : int
    colours : mapping, optional
        Kind of an edge -> its colour, in place of shades; then ``table`` has a column ``kind``.

    Returns
    -------
    Axes
        Empty where the table is.
    """
    known = frozenset(tfs)
    figure = ax.get_figure(root=True)
    place = ax.get_position(original=True)
    width, height = figure.get_figwidth() * place.width, figure.get_figheight() * place.height
    names = sorted({name for end in ("regulator", "target") for name in table[end]})
    boxes = np.array([[LETTER * len(name) + 0.12, LINE] for name in names]).reshape(-1, 2)
    at = _layout(table, names, boxes, width, height, seed)
    where = {name: i for i, name in enumerate(names)}
    ranks = table["weight"].rank(ascending=False, method="min")  # 1: the strongest
    norm = mpl.colors.Normalize(1, max(float(ranks.max()), 2.0) if len(table) else 2.0)
    for row in table.assign(place=ranks).iloc[::-1].itertuples():  # strongest last, on top
        a, b = where[row.regulator], where[row.target]
        others = np.setdiff1d(np.arange(len(names)), [a, b])
        bend = _bend(at[a], at[b], at[others], boxes[others])
        tip = _border(at[b], _control(at[a], at[b], bend), boxes[b]) if row.directed else at[b]
        shade = colours[row.kind] if colours else SHADES(1 - norm(row.place))
        ax.add_patch(
            FancyArrowPatch(
                at[a], tip, connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>" if row.directed else "-", mutation_scale=9, shrinkA=0, shrinkB=0,
                color=shade, linewidth=1.8 - 1.1 * norm(row.place), zorder=2,
            )
        )  # fmt: skip
    for name, middle, box in zip(names, at, boxes, strict=True):
        ax.add_patch(
            Rectangle(
                middle - box / 2, *box, facecolor=TF_COLOUR if name in known else GENE_COLOUR,
                edgecolor="#777777", linewidth=0.6, zorder=3,
            )
        )  # fmt: skip
        ax.text(*middle, name, size=FONT, color=INK, ha="center", va="center_baseline", zorder=4)
    ax.set(xlim=(0, width), ylim=(0, height), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    if colours:
        lines = [Line2D([], [], color=colour, linewidth=1.8, label=kind) for kind, colour in colours.items()]
        ax.legend(handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(lines))
        return ax
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(norm, SHADES.reversed()), ax=ax, location="bottom", fraction=0.03,
        pad=0.01, aspect=40,
    )  # fmt: skip
    bar.set_label("rank of the edge by its score")
    return ax


def _layout(
    table: pd.DataFrame, names: Sequence[str], boxes: np.ndarray, width: float, height: float,
    seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Find places for label boxes, none overlapping.

    Joined nodes are drawn to each other, all others apart (Kamada and Kawai), then boxes that overlap are pushed
    apart. Parts that nothing joins keep a distance of their own.
    """
    if not len(names):
        return np.zeros((0, 2))
    graph = nx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from(table[["regulator", "target"]].itertuples(index=False))
    near = dict(nx.all_pairs_shortest_path_length(graph))
    furthest = max((d for of in near.values() for d in of.values()), default=1)
    apart = {a: {b: near[a].get(b, furthest) for b in names} for a in names}
    # a circle in an order that keeps neighbours together is a better start than a random one
    circle = nx.circular_layout(list(nx.dfs_preorder_nodes(graph)))
    middle = nx.kamada_kawai_layout(graph, dist=apart, pos=circle)
    at = np.array([middle[name] for name in names])
    low, high = at.min(axis=0), at.max(axis=0)
    room = np.array([width, height]) - boxes.max(axis=0) - 2 * GAP
    at = (at - low) / np.where(high > low, high - low, 1)
    # most of the way to equal steps: hubs sit close together, and the field is otherwise empty
    even = np.argsort(np.argsort(at, axis=0), axis=0) / max(len(names) - 1, 1)
    at = (at + 3 * even) / 4 * room + boxes.max(axis=0) / 2 + GAP
    return _apart(at, boxes, np.array([width, height]), np.random.default_rng(seed))


def _overlaps(at: np.ndarray, boxes: np.ndarray, gap: float = 0.0) -> np.ndarray:
    """Find by how much boxes overlap, (names, names, 2) along x and y; both above 0: they do."""
    room = (boxes[:, None] + boxes[None]) / 2 + gap
    over = room - np.abs(at[:, None] - at[None])
    over[np.arange(len(at)), np.arange(len(at))] = -1
    return over


def _apart(
    at: np.ndarray, boxes: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Push overlapping boxes apart along the shorter way, inside the field, until none overlaps."""
    at = at + rng.normal(scale=1e-3, size=at.shape)  # two on one spot have no direction to go
    for _ in range(ROUNDS):
        over = _overlaps(at, boxes, GAP)
        touching = (over > 0).all(axis=2)
        if not touching.any():
            break
        along_x = over[..., 0] < over[..., 1]
        push = np.where(np.stack([along_x, ~along_x], axis=2), over, 0) * touching[..., None]
        at = at + 0.3 * (np.sign(at[:, None] - at[None]) * push).sum(axis=1)
        at = np.clip(at, boxes / 2, field - boxes / 2)
    return at


def _border(start: np.ndarray, end: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Where the line from the middle ``start`` of ``box`` to ``end`` leaves the box."""
    way = end - start
    with np.errstate(divide="ignore"):
        share = np.min(np.where(way == 0, np.inf, box / 2 / np.abs(way)))
    return start + way * min(share, 1.0)


def _control(start: np.ndarray, end: np.ndarray, bend: float) -> np.ndarray:
    """Find the point that Matplotlib's ``arc3`` bends a line towards."""
    x, y = end - start
    return (start + end) / 2 + bend * np.array([y, -x])


def _bend(start: np.ndarray, end: np.ndarray, at: np.ndarray, boxes: np.ndarray) -> float:
    """Find the smallest bend by which a line keeps clear of other boxes: behind one, it looks like theirs."""
    share = np.linspace(0, 1, 60)[:, None]
    hidden = {}
    for bend in BENDS:
        middle = _control(start, end, bend)
        line = (1 - share) ** 2 * start + 2 * share * (1 - share) * middle + share**2 * end
        inside = np.abs(line[:, None] - at[None]) < boxes / 2 + 0.03  # (points, names, 2)
        hidden[bend] = int(inside.all(axis=2).sum())
    return min(BENDS, key=lambda bend: hidden[bend])
