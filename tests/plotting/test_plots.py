"""Heat maps: what is drawn is what the table holds."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from seaborn.utils import relative_luminance

from grnular_core.methods.registry import METHODS
from grnular_core.plotting import style
from grnular_core.plotting.heatmaps import score_heatmap

GRID = pd.DataFrame({"clr": [0.5, 0.125, np.nan], "ridge": [0.25, np.nan, np.nan]}, index=list("abc"))


@pytest.fixture
def ax():
    return plt.subplots()[1]


def test_labels_and_colours_are_those_of_the_registry():
    assert style.label("grnular-context") == "GRNULar-context (this work)"
    assert style.label("no method") == "no method"
    assert style.PALETTE == {name: entry.colour for name, entry in METHODS.items()}


@pytest.mark.parametrize(
    ("kind", "text"), [("auprc", "0.500"), ("auroc", "0.50"), ("ratio", "0.50"), ("precision", "0.50")]
)  # fmt: skip
def test_a_heat_map_writes_its_numbers_and_hatches_what_is_missing(ax, kind, text):
    score_heatmap(ax, GRID, "title", kind=kind, missing="not run")
    words = [t.get_text() for t in ax.texts]
    assert text in words and "hatched: not run" in words
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == int(GRID.isna().to_numpy().sum())
    assert [t.get_text() for t in ax.get_xticklabels()] == ["CLR", "ridge"]
    score_heatmap(ax, GRID * np.nan, "nothing", kind=kind)  # is drawn


@pytest.mark.parametrize("kind", ["auprc", "auroc", "ratio", "precision"])
def test_numbers_of_a_heat_map_can_be_read_on_every_colour(ax, kind):
    ratios = np.geomspace(0.1, 10, 30).reshape(3, 10)
    values = {"ratio": ratios, "auroc": np.linspace(0.5, 1, 30).reshape(3, 10)}
    grid = pd.DataFrame(values.get(kind, np.linspace(-0.3 if kind == "precision" else 0, 0.3, 30).reshape(3, 10)))
    score_heatmap(ax, grid.rename(columns=str), "title", kind=kind)
    fields = ax.collections[0].get_facecolors().reshape(3, 10, 4)
    for word in ax.texts:
        column, row = map(int, word.get_position())
        light = relative_luminance(fields[row, column]) + 0.05
        against = relative_luminance(word.get_color()) + 0.05
        assert max(light, against) / min(light, against) >= 4.5, (word.get_text(), kind)


def test_the_oracle_does_not_wash_out_the_colours_of_a_row(ax):
    grid = pd.DataFrame({"clr": [0.2], "ridge": [0.1], "oracle": [1.0]}, index=["[S] mDC"])
    score_heatmap(ax, grid, "title", kind="auprc")
    assert ax.collections[0].get_array().data.ravel()[:2].tolist() == [1.0, 0.5]
