"""The pieces that the drawings of ``figures.py`` are made of: boxes, arrows, nodes and words.

Places are in inches from the lower left corner.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from grnular_core.plotting.style import PALETTE, use_style

WIDTH = 4.8
SMALL, TEXT, HEAD = 10.5, 11.5, 12  # points
LEARNED, FITTED, DATA = PALETTE["grnular-context"], PALETTE["grnboost2"], "#5A5A5A"
TINTS = {LEARNED: "#FBE6D6", FITTED: "#DCEBF5", DATA: "#F1F1F1"}
Point = tuple[float, float]


def canvas(height: float) -> tuple[Figure, Axes]:
    """A white page of ``WIDTH`` x ``height`` inches, and axes whose units are inches."""
    use_style()
    figure = Figure(figsize=(WIDTH, height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, **more) -> None:
    """Text of one or more lines, centred at (x, y) by default."""
    settings = {"fontsize": TEXT, "ha": "center", "va": "center", "linespacing": 1.3, "zorder": 5}
    axes.text(x, y, text, **settings | more)


def box(axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str, **more) -> None:
    """A rounded box with its lower left corner at (x, y): bold first line, the others smaller."""
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=TINTS[colour], edgecolor=colour, linewidth=1.4, zorder=3, **more,
        )
    )  # fmt: skip
    head, *lines = text.split("\n")
    step, middle = 0.2, y + height / 2
    top = middle + step * len(lines) / 2
    write(axes, x + width / 2, top, head, weight="bold")
    for i, line in enumerate(lines, start=1):
        write(axes, x + width / 2, top - step * i, line, fontsize=SMALL)


def arrow(axes: Axes, *points: Point, dashed: bool = False) -> None:
    """A line through the points with its head at the last."""
    style = {"color": "#333333", "linewidth": 1.3, "linestyle": (0, (3, 2)) if dashed else "-"}
    if len(points) > 2:
        axes.plot(*zip(*points[:-1], strict=True), solid_capstyle="round", zorder=2, **style)
    axes.add_patch(
        FancyArrowPatch(points[-2], points[-1], arrowstyle="-|>", mutation_scale=10, shrinkA=0, shrinkB=0, zorder=4, **style)
    )  # fmt: skip


def node(axes: Axes, at: Point, colour: str, radius: float = 0.17, text: str = "") -> None:
    face = TINTS.get(colour, "white")
    axes.add_patch(Circle(at, radius, facecolor=face, edgecolor=colour, linewidth=1.4, zorder=4))
    if text:
        write(axes, *at, text, fontsize=SMALL)


def spread(n: int, low: float, high: float) -> np.ndarray:
    """``n`` places with equal gaps, centred between the ends and never wider apart than 0.8."""
    gap = min((high - low) / max(n - 1, 1), 0.8)
    return (low + high) / 2 + gap * (np.arange(n) - (n - 1) / 2)
