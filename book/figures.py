"""The drawings of the page on the method, made from the code that they show.

    python book/figures.py FOLDER     write all of them as SVG

Numbers in a figure (layers, units, parameters, products of weights) are read from the modules and
functions of the package, so that drawings follow the code. Places are in
inches from the lower left corner. Every figure is as wide as ``WIDTH``: a phone shows it at about
its own size, so the smallest letters stay readable there.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from drawing import DATA, FITTED, LEARNED, SMALL, TEXT, TINTS, WIDTH, Point, arrow, box, canvas, node, write
from learned_figures import LAMBDA_NN, RHO_NN, context_figure, tiny_networks_figure
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from grnular_core.models.dnn import Weights, path_product
from grnular_core.models.edge_features import FIRST_FEATURES

FAINT = "#C9C9C9"

# Fig. 1: the weights that are not zero. Rows are where a line begins.
TFS, GENES = ("TF 1", "TF 2", "TF 3"), ("a", "b", "c", "d", "e")
W1 = ((0.9, -0.5, 0.0, 0.0), (0.0, 0.8, 0.0, 0.0), (0.0, 0.0, 0.0, 1.2))
W2 = (
    (0.7, 0.6, 0.0, 0.0, 0.0),
    (0.0, -0.8, 1.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, -0.9),
)


# --- Fig. 1 -------------------------------------------------------------------------------------


def network_figure() -> Figure:
    """Fig. 1: one network for all genes, the paths that are left, and their product."""
    weights = [torch.tensor(W) for W in (W1, W2)]
    biases = tuple(torch.zeros(1, 1, W.shape[1]) for W in weights)
    theta = path_product(Weights(tuple(W[None] for W in weights), biases))[0].numpy()

    figure, axes = canvas(4.9)
    columns = 1.15 + 0.7 * np.arange(len(GENES))  # genes stand above their column of theta
    middle = columns.mean()
    rows = [
        [(x, 4.5) for x in middle + 1.2 * (np.arange(len(TFS)) - 1)],
        [(x, 3.5) for x in middle + 0.9 * (np.arange(len(W2)) - (len(W2) - 1) / 2)],
        [(x, 2.5) for x in columns],
    ]
    for W, above, below in zip(weights, rows[:-1], rows[1:], strict=True):
        for i, start in enumerate(above):
            for j, end in enumerate(below):
                _line(axes, start, end, float(W[i, j]))
    for names, places in zip((TFS, ("",) * len(W2), GENES), rows, strict=True):
        for name, place in zip(names, places, strict=True):
            node(axes, place, FITTED, 0.23 if len(name) > 1 else 0.17, name)
    for (_, y), text in zip((row[0] for row in rows), ("TFs", "hidden\nunits", "genes"), strict=True):
        write(axes, 0.08, y, text, ha="left", fontsize=SMALL, color=DATA)

    _theta_map(axes, theta, columns, top=2.1)
    t, g = TFS.index("TF 1"), GENES.index("b")
    terms = [f"{abs(W1[t][h]):.1f} × {abs(W2[h][g]):.1f}" for h in range(len(W2)) if W1[t][h] * W2[h][g]]
    write(
        axes, WIDTH / 2, 0.38,
        f"Θ(TF 1, b) = {' + '.join(terms)} = {theta[t, g]:.2f}\n"
        "no path leads to gene d",
        fontsize=TEXT,
    )  # fmt: skip
    return figure


def _line(axes: Axes, start: Point, end: Point, weight: float) -> None:
    """A weight: faint and thin where it became 0, else with its size written beside it."""
    xs, ys = zip(start, end, strict=True)
    if not weight:
        axes.plot(xs, ys, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        return
    axes.plot(xs, ys, color=FITTED, linewidth=3 * abs(weight), zorder=2)
    place = sum(xs) / 2, sum(ys) / 2
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    write(axes, *place, f"{weight:.1f}".replace("-", "−"), fontsize=SMALL, bbox=white)


def _theta_map(axes: Axes, theta: np.ndarray, columns: np.ndarray, top: float) -> None:
    """Theta as a heat map (tfs, genes) with its numbers, below the genes."""
    height, width = 0.42, columns[1] - columns[0]
    for t, row in enumerate(theta):
        y = top - height * (t + 1)
        write(axes, 0.08, y + height / 2, f"Θ  {TFS[t]}", ha="left", fontsize=SMALL, color=DATA)
        for value, x in zip(row, columns, strict=True):
            share = float(value / theta.max())
            face = tuple(1 - share * (1 - np.array((0.0, 0.447, 0.698))))
            axes.add_patch(Rectangle((x - width / 2, y), width, height, facecolor=face, edgecolor=FAINT))
            dark = {"color": "white" if share > 0.9 else "black"}
            write(axes, x, y + height / 2, f"{value:.2f}" if value else "0", **dark)


# --- Fig. 2 -------------------------------------------------------------------------------------


def architecture_figure() -> Figure:
    """Fig. 2: data, goodINIT, L iterations, theta and Z; learned and fitted parts."""
    figure, axes = canvas(7.5)
    box(axes, 0.12, 6.95, 4.56, 0.42, "expression X and the TF list", DATA)
    box(axes, 0.5, 5.72, 1.75, 0.82, "covTF\ncovariance S of\nTFs and genes", DATA)
    box(axes, 2.45, 5.72, 2.23, 0.82, "goodINIT\nplain fit of the network,\nup to E1 Adam steps", FITTED)
    arrow(axes, (1.4, 6.95), (1.4, 6.54))
    arrow(axes, (3.6, 6.95), (3.6, 6.54))

    axes.add_patch(
        FancyBboxPatch(
            (1.5, 2.25), 3.18, 2.95, boxstyle="round,pad=0,rounding_size=0.12",
            facecolor="white", edgecolor="#333333", linewidth=1.2, zorder=1,
        )
    )  # fmt: skip
    write(axes, 1.62, 5.03, "one iteration, L times", ha="left", weight="bold", fontsize=SMALL)
    box(axes, 1.85, 4.3, 2.5, 0.54, f"{LAMBDA_NN}\nλ from ‖Z − Θ‖² and λ", LEARNED)
    box(axes, 1.85, 3.43, 2.5, 0.58, "fitDNN-fast\nP Adam steps: W and Θ", FITTED)
    box(axes, 1.85, 2.37, 2.5, 0.78, f"{RHO_NN}\na threshold for every edge;\nZ = soft threshold of Θ", LEARNED)
    arrow(axes, (3.8, 5.72), (3.8, 4.84))
    write(axes, 3.88, 5.46, "Θ, W", fontsize=SMALL, ha="left")
    write(axes, 3.7, 5.46, "Z = 0, λ = 1", fontsize=SMALL, ha="right")
    arrow(axes, (3.1, 4.3), (3.1, 4.01))
    arrow(axes, (3.1, 3.43), (3.1, 3.15))
    arrow(axes, (4.35, 2.76), (4.52, 2.76), (4.52, 4.57), (4.35, 4.57))
    arrow(axes, (1.0, 5.72), (1.0, 2.95), (1.85, 2.95))
    write(axes, 0.92, 4.3, "S", fontsize=SMALL, ha="right")

    features = f"features\n{FIRST_FEATURES} of every edge,\nonce per dataset"
    box(axes, 0.12, 1.2, 1.55, 0.82, features, DATA, linestyle=(0, (3, 2)))
    arrow(axes, (0.3, 6.95), (0.3, 2.02), dashed=True)
    arrow(axes, (1.2, 2.02), (1.2, 2.57), (1.85, 2.57), dashed=True)
    box(axes, 2.1, 1.32, 2.0, 0.58, "Θ and Z\nscores of all edges", DATA)
    arrow(axes, (3.1, 2.37), (3.1, 1.9))

    keys = ((LEARNED, "learned, from simulated data"), (FITTED, "fitted, to each dataset anew"))
    for y, (colour, text) in zip((0.86, 0.56), keys, strict=True):
        axes.add_patch(Rectangle((0.12, y - 0.09), 0.32, 0.18, facecolor=TINTS[colour], edgecolor=colour, linewidth=1.4))
        write(axes, 0.56, y, text, ha="left", fontsize=SMALL)
    arrow(axes, (0.12, 0.26), (0.46, 0.26), dashed=True)
    write(axes, 0.56, 0.26, f"only where {RHO_NN} has context", ha="left", fontsize=SMALL)
    return figure


# --- files --------------------------------------------------------------------------------------

FIGURES: dict[str, Callable[[], Figure]] = {
    "network": network_figure,
    "architecture": architecture_figure,
    "tiny_networks": tiny_networks_figure,
    "context": context_figure,
}


def write_figures(folder: Path) -> list[Path]:
    """Draw all figures into ``folder`` as SVG; equal code gives equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in FIGURES.items():
        paths.append(folder / f"{name}.svg")
        draw().savefig(paths[-1], metadata={"Date": None})
    return paths


if __name__ == "__main__":
    for path in write_figures(Path(sys.argv[1])):
        print(path)
