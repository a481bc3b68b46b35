"""Figures that answer to the pointer: a cell of a heat map, a gene of a network.

The picture is an SVG inside the page, with invisible fields on top whose `<title>` the browser shows.
That needs no script and no network; on paper, and where HTML is not shown, the same picture is there
without them.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Bbox

from grnular_core.plotting.style import label

POINTS = 72  # an inch
ACCENT = "#D55E00"


@dataclass(frozen=True)
class Spot:
    """A field of an Axes with words."""

    ax: Axes
    low: tuple[float, float]  # corners in units of its data
    high: tuple[float, float]
    words: str  # shown while the pointer is over it
    lines: tuple[Path, ...] = field(default=())  # lit up meanwhile


@dataclass(frozen=True)
class Picture:
    """A figure for a notebook's output."""

    html: str  # the SVG with words on the pointer
    svg: str  # the plain one
    alt: str  # read aloud in its place

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Give IPython HTML, or the plain SVG or the words where HTML is not shown."""
        return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": self.alt}


def picture(figure: Figure, spots: Sequence[Spot], alt: str, caption: str) -> Picture:
    """Make a ``Picture`` of a figure, and close the figure.

    Parameters
    ----------
    figure : Figure
    spots : sequence of Spot
    alt : str
        Read aloud in its place.
    caption : str

    Returns
    -------
    Picture
        The same figure gives the same bytes.
    """
    figure.set_dpi(POINTS)  # an SVG's own, so that the layout below is the one that is written
    figure.draw_without_rendering()
    fields = "".join(_field(figure, spot) for spot in spots)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    svg = buffer.getvalue()
    inside = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    inside = _own_names(inside, hashlib.sha256(f"{svg}{caption}".encode()).hexdigest()[:8])
    inside = inside.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
    body, _, _ = inside.rpartition("</svg>")
    html = (
        f'<figure class="hover-figure">{body}<g class="hover-fields">{fields}</g></svg>'
        f"<figcaption><p>{escape(caption)}</p></figcaption></figure>"
    )
    return Picture(html, svg, alt)


def _own_names(svg: str, prefix: str) -> str:
    """Put a prefix before all ids of an SVG, which must differ within a page."""
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", svg)


def _points(figure: Figure, ax: Axes, places: np.ndarray) -> np.ndarray:
    """Convert places (n, 2) of an Axes' data to points from the upper left corner of the SVG."""
    share = figure.transFigure.inverted().transform(ax.transData.transform(places))
    size = figure.get_size_inches() * POINTS
    return np.column_stack([share[:, 0], 1 - share[:, 1]]) * size


def _field(figure: Figure, spot: Spot) -> str:
    """Write the SVG of a spot."""
    corners = _points(figure, spot.ax, np.array([spot.low, spot.high]))
    (x, y), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    lines = ""
    for path in spot.lines:
        for part in path.to_polygons(closed_only=False):
            at = " ".join(f"{a:.1f},{b:.1f}" for a, b in _points(figure, spot.ax, part))
            lines += (
                f'<polyline points="{at}" fill="none" stroke="{ACCENT}" stroke-width="2" '
                'visibility="hidden" pointer-events="none"/>'
            )
    return (
        f'<g class="hover-spot">{lines}<rect x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" '
        f'height="{bottom - y:.1f}" fill="none" pointer-events="all">'
        f"<title>{escape(spot.words)}</title></rect></g>"
    )


def heatmap_spots(ax: Axes, grid: pd.DataFrame, score: str) -> list[Spot]:
    """Make a field for each cell of a heat map: method, dataset and value.

    Parameters
    ----------
    ax : Axes
        On which ``score_heatmap`` drew ``grid``.
    grid : DataFrame
    score : str

    Returns
    -------
    list of Spot
    """
    spots = []
    for row, pair in enumerate(grid.index):
        for column, method in enumerate(grid.columns):
            value = grid.iat[row, column]
            shown = "no value" if pd.isna(value) else f"{value:.3f}"
            words = f"{label(method)}\n{pair}\n{score}: {shown}"
            spots.append(Spot(ax, (column, row), (column + 1, row + 1), words))
    return spots


def network_spots(ax: Axes, table: pd.DataFrame, tfs: Sequence[str]) -> list[Spot]:
    """Make a field for each gene of a network: its name and its edges.

    Parameters
    ----------
    ax : Axes
        On which ``draw_network`` drew ``table``.
    table : DataFrame
        ``regulator, target, weight, directed``.
    tfs : sequence of str

    Returns
    -------
    list of Spot
    """
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)][::-1]
    known, spots = frozenset(tfs), []
    at = {text.get_text(): box.get_bbox() for text, box in zip(ax.texts, boxes, strict=True)}
    for text, box in zip(ax.texts, boxes, strict=True):
        gene = text.get_text()
        edges, lines = [], []
        for edge, arrow in zip(table.itertuples(), arrows, strict=True):
            if gene in (edge.regulator, edge.target):
                edges.append(_edge(edge, gene))
                ends = [at[edge.regulator], at[edge.target]]
                lines += _outside(arrow.get_path(), ends)
        words = "\n".join([f"{gene}, {'TF' if gene in known else 'gene'}", *edges])
        spots.append(Spot(ax, box.get_xy(), box.get_corners()[2], words, tuple(lines)))
    return spots


def _outside(path: Path, boxes: Sequence[Bbox]) -> list[Path]:
    """Cut the ends inside ``boxes`` off a path, whose labels they would cross out."""
    lines = []
    for part in path.to_polygons(closed_only=False):
        places = Path(part).interpolated(40).vertices
        free = [not any(box.contains(*place) for box in boxes) for place in places]
        lines += [Path(places[free])] if sum(free) > 1 else []
    return lines


def _edge(edge: object, gene: str) -> str:
    """Describe an edge from one of its genes: joined with, regulates or regulated by, and the score."""
    first = edge.regulator == gene
    other = edge.target if first else edge.regulator
    how = ("regulates" if first else "regulated by") if edge.directed else "joined with"
    return f"{how} {other}: {edge.weight:.2g}"
