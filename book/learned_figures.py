"""Drawings of the learned parts: the two tiny networks of the paper, and the rho_nn with context.

Layers, units and numbers of parameters are read from the modules that the configuration builds.
"""

from collections.abc import Sequence

import numpy as np
from drawing import DATA, HEAD, LEARNED, SMALL, WIDTH, Point, arrow, box, canvas, node, spread, write
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import nn

from grnular_core.models.context_rho import ContextRho, EnsembleRho
from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.thresholds import LambdaNN, RhoNN
from grnular_core.plotting.style import PALETTE
from grnular_core.training.weights import read_trained

ROW, COLUMN, REVERSE = PALETTE["genie3"], "#7FD0B5", PALETTE["glad"]
RHO_NN, LAMBDA_NN = "ρ_nn", "λ_nn"


def n_numbers(module: nn.Module) -> int:
    """How many numbers training can change in a module."""
    return sum(parameter.numel() for parameter in module.parameters())


# --- Fig. 3 -------------------------------------------------------------------------------------


def layers_of(network: nn.Sequential) -> tuple[list[int], list[str]]:
    """Units of every layer, the input's first, and the function after each of the others."""
    sizes, functions = [], []
    for layer in network:
        if isinstance(layer, nn.Linear):
            sizes += [layer.out_features] if sizes else [layer.in_features, layer.out_features]
        else:
            functions.append(type(layer).__name__.lower())
    return sizes, functions


def tiny_networks_figure(config: GRNULarConfig | None = None) -> Figure:
    """Fig. 3: rho_nn and lambda_nn as the model of ``config`` builds them."""
    model = GRNULar(config or GRNULarConfig())
    rho, lam = model.rho_nn, model.lambda_nn
    if not (isinstance(rho, RhoNN) and isinstance(lam, LambdaNN)):
        raise TypeError(f"Fig. 3 shows a RhoNN and a LambdaNN, got {type(rho).__name__}")
    figure, axes = canvas(5.0)
    _tiny(axes, rho, f"{RHO_NN}: one threshold for every edge", ("Θ", "S", "Z"), "ρ", 2.55)
    _tiny(axes, lam, f"{LAMBDA_NN}: one coupling for the dataset", ("‖Z − Θ‖²", "λ"), "next λ", 0.1)
    return figure


def _tiny(axes: Axes, module: RhoNN | LambdaNN, title: str, inputs: Sequence[str], output: str, y: float) -> None:
    """One small network from left to right, between ``y`` and ``y`` + 2.4."""
    sizes, functions = layers_of(module.network)
    if len(inputs) != sizes[0] or sizes[-1] != 1:
        raise ValueError(f"{title}: {sizes} layers for inputs {inputs}")
    write(axes, 0.1, y + 2.22, title, ha="left", weight="bold", fontsize=HEAD)
    write(axes, WIDTH - 0.1, y + 2.22, f"{n_numbers(module)} numbers", ha="right")
    xs = np.linspace(1.1, WIDTH - 0.85, len(sizes))
    places = [[(x, h) for h in spread(n, y + 0.55, y + 1.85)[::-1]] for x, n in zip(xs, sizes, strict=True)]
    for left, right in zip(places[:-1], places[1:], strict=True):
        for start in left:
            for end in right:
                axes.plot(*zip(start, end, strict=True), color=LEARNED, linewidth=0.9, alpha=0.6)
    for depth, column in enumerate(places):
        for place in column:
            node(axes, place, LEARNED if depth else DATA, 0.14)
    for name, (x, h) in zip(inputs, places[0], strict=True):
        write(axes, x - 0.22, h, name, ha="right")
    write(axes, places[-1][0][0] + 0.22, places[-1][0][1], output, ha="left")
    for x, n, function in zip(xs, sizes, ("inputs", *functions), strict=True):
        write(axes, x, y + 0.2, f"{n}\n{function}", fontsize=SMALL, color=DATA)


# --- the rho_nn that sees context ---------------------------------------------------------------


def shipped_config() -> GRNULarConfig:
    """The configuration of the weights that come with the package under the name ``grnular-context``."""
    return read_trained("grnular-context").recipe.config


def context_figure(config: GRNULarConfig | None = None) -> Figure:
    """Input of a rho_nn with context for one edge, and its layers."""
    config = config or shipped_config()
    whole = GRNULar(config).rho_nn
    rho = whole.members[0] if isinstance(whole, EnsembleRho) else whole
    if not isinstance(rho, ContextRho):
        raise TypeError(f"this figure shows a ContextRho, got {type(rho).__name__}")
    figure, axes = canvas(7.4)
    _neighbourhood(axes, top=7.0)

    stages = (
        (rho.enter, f"{rho.enter.in_features} numbers of every edge",
         f"{config.context_features} features, Θ and Z, three of each;\nshares of cells that show TF and gene"),
        (rho.layers, f"{len(rho.layers)} layers of width {rho.enter.out_features}",
         "each looks at the edge and\nat everything coloured above"),
        (rho.leave, "one number for every edge", "π, the probability of an edge;\nZ = Θ π"),
    )  # fmt: skip
    write(axes, WIDTH - 0.12, 3.28, "learned\nnumbers", fontsize=SMALL, ha="right")
    for i, (module, head, text) in enumerate(stages):
        y = 2.1 - 0.97 * i + 0.35
        box(axes, 0.12, y - 0.1, 3.6, 0.78, f"{head}\n{text}", LEARNED)
        write(axes, WIDTH - 0.12, y + 0.29, f"{n_numbers(module):,}", ha="right")
        if i:
            arrow(axes, (1.92, y + 0.87), (1.92, y + 0.68))
    total = f"together {n_numbers(rho):,}"
    if whole is not rho:
        total += f"; {len(whole.members)} such networks {n_numbers(whole):,}"
    write(axes, WIDTH - 0.12, 0.14, total, ha="right", weight="bold")
    return figure


def _neighbourhood(axes: Axes, top: float) -> None:
    """The matrix of edges around one edge, and the input of each map of a layer."""
    n_tfs, n_genes, size, left = 5, 9, 0.36, 0.85
    t, g = 1, 3  # the edge from the second TF to the fourth; the first genes are the TFs
    near = (0.55, 1.0, 0.8, 0.0, 0.35)  # the other TFs' correlation with the second, made up
    faces = {(g, t): REVERSE, (t, g): LEARNED}
    for i in range(n_tfs):
        for j in range(n_genes):
            face = "#D5D5D5" if i == j else ROW if i == t else COLUMN if j == g else "white"
            corner = (left + size * j, top - size * (i + 1))
            _square(axes, corner, size, faces.get((i, j), face))
            if j == g and i not in (t, g):
                _dot(axes, corner, size, near[i])
    write(axes, left + size * n_genes / 2, top + 0.22, "to gene (the first five are TFs)", fontsize=SMALL)
    write(axes, left - 0.12, top - size * n_tfs / 2, "from\nTF", fontsize=SMALL, ha="right")
    legend = (
        (LEARNED, 0, "the edge itself"),
        (ROW, 0, "edges of its TF: mean and maximum"),
        (COLUMN, 0, "edges of its gene: mean and maximum"),
        (COLUMN, 0.9, "the same, weighted by TF correlation"),
        (REVERSE, 0, "the reverse edge, between two TFs"),
    )
    for k, (face, dot, text) in enumerate(legend):
        y = top - size * n_tfs - 0.4 - 0.27 * k
        _square(axes, (0.75, y - 0.1), 0.2, face)
        if dot:
            _dot(axes, (0.75, y - 0.1), 0.2, dot * 0.5)
        write(axes, 1.05, y, text, ha="left", fontsize=SMALL)


def _square(axes: Axes, corner: Point, size: float, face: str) -> None:
    axes.add_patch(Rectangle(corner, size, size, facecolor=face, edgecolor="#777777", linewidth=0.8))


def _dot(axes: Axes, corner: Point, size: float, strength: float) -> None:
    middle = (corner[0] + size / 2, corner[1] + size / 2)
    axes.add_patch(Circle(middle, 0.14 * strength, facecolor="black", zorder=4))
