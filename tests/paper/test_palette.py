"""One palette for all figures, told apart by colour-blind readers, and no colour beside it."""

import ast
import re
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from grnular_paper.figures import curves as plots_curves

from grnular_core.methods.registry import METHODS
from grnular_core.plotting import network as plots_network
from grnular_core.plotting import style as plots

ROOT = Path(__file__).resolve().parents[2]
# What a reader without one kind of cone sees, on linear red, green and blue (Machado et al. 2009).
SEEN = {
    "all": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)
APART = 8.0  # of CIELAB; 2.3 is what most eyes just tell apart, side by side
# the same method in two editions may look alike
EDITIONS = re.compile(r"-(?:arboreto|shipped|tuned)$")


def lab(colour: str, kind: str) -> np.ndarray:
    """A colour's place in CIELAB as a reader of this kind sees it."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    share = TO_XYZ @ np.clip(SEEN[kind] @ linear, 0, 1) / WHITE
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def distance(one: str, other: str, kind: str) -> float:
    return float(np.linalg.norm(lab(one, kind) - lab(other, kind)))


def test_the_simulation_confuses_what_colour_blind_readers_confuse():
    assert distance("#ff0000", "#7f6000", "all") > 60
    assert distance("#d70000", "#6a5d00", "deuteranopia") < distance("#d70000", "#6a5d00", "all") / 2


@pytest.mark.parametrize("kind", SEEN)
def test_methods_that_share_a_panel_differ_by_colour_or_by_marker(kind):
    methods = [name for name in plots.PALETTE if not EDITIONS.search(name)]
    for one, other in combinations(methods, 2):
        if distance(plots.PALETTE[one], plots.PALETTE[other], kind) < APART:
            assert plots_curves._marker(one) != plots_curves._marker(other), (one, other)


@pytest.mark.parametrize("kind", SEEN)
def test_colours_that_stand_without_markers_are_far_apart(kind):
    for group in (plots_network.LINES, tuple(plots_curves.SETTING_COLOURS.values())):
        for one, other in combinations(group, 2):
            assert distance(one, other, kind) > APART, (one, other)
    assert distance(plots_network.TF_COLOUR, plots_network.GENE_COLOUR, kind) > APART


def test_every_method_has_one_colour_and_a_name_of_its_own():
    labels = {entry.label for entry in METHODS.values()}
    markers = [entry.marker for entry in METHODS.values() if entry.marker != "p"]
    assert len(set(plots.PALETTE.values())) == len(labels) == len(METHODS)
    assert len(set(markers)) == len(markers)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_uses_the_books_style_and_no_colour_of_its_own(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    source = "\n".join(cell.source for cell in cells)
    if "plt." not in source:
        return
    assert "plots.use_style()" in source
    assert 'figure_formats = ["svg"]' in source
    tree = ast.parse(re.sub(r"^\s*%.*$", "", source, flags=re.MULTILINE))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for option in call.keywords:
            if option.arg in {"color", "c", "facecolor"} and isinstance(option.value, ast.Constant):
                red, green, blue = mpl.colors.to_rgb(option.value.value)
                assert red == green == blue, f"line {option.lineno}: greys aside, use plots.PALETTE"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_every_figure_of_a_notebook_has_words_in_its_place_and_a_caption(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "plt.show()" in cell.source:
            shown = cell.metadata.get("mystnb", {})
            assert len(shown.get("image", {}).get("alt", "")) > 40, cell.source
            assert len(shown.get("figure", {}).get("caption", "").split()) > 5, cell.source
            assert cell.source.count("plt.show()") == 1, "one caption, one figure"
