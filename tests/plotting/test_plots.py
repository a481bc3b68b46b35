"""Figures: what is drawn is what the table holds."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from grnular_core.methods.registry import METHODS
from grnular_core.plotting import style as plots

DATASETS = ("mDC", "mESC")
TABLE = pd.DataFrame(
    [
        ("STRING", "mDC", "clr", 0.5),
        ("STRING", "mDC", "ridge", 0.25),
        ("STRING", "mESC", "clr", 0.125),
    ],
    columns=["network", "dataset", "method", "strict_auprc"],
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_grid_has_every_pair_in_the_papers_order():
    grid = plots.wide(TABLE, "strict_auprc", DATASETS, ["clr", "ridge"])
    assert list(grid.index) == ["[S] mDC", "[S] mESC", "[N] mDC", "[N] mESC", "[C] mDC", "[C] mESC"]
    assert grid.loc["[S] mDC", "ridge"] == 0.25
    assert grid.loc["[N] mDC"].isna().all()


@pytest.mark.parametrize(
    ("kind", "text"), [("auprc", "0.500"), ("auroc", "0.50"), ("ratio", "0.50")]
)
def test_a_heat_map_writes_its_numbers_and_hatches_what_is_missing(kind, text):
    grid = plots.wide(TABLE, "strict_auprc", DATASETS, ["clr", "ridge"])
    _, ax = plt.subplots()
    plots.score_heatmap(ax, grid, "title", kind=kind, missing="not run")
    words = [t.get_text() for t in ax.texts]
    assert text in words and "hatched: not run" in words
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == int(grid.isna().to_numpy().sum())


def test_the_oracle_does_not_wash_out_the_colours_of_a_row():
    grid = pd.DataFrame({"clr": [0.2], "ridge": [0.1], "oracle": [1.0]}, index=["[S] mDC"])
    _, ax = plt.subplots()
    plots.score_heatmap(ax, grid, "title", kind="auprc")
    assert ax.collections[0].get_array().data.ravel()[:2].tolist() == [1.0, 0.5]


def test_a_heat_map_of_nothing_is_drawn():
    grid = plots.wide(TABLE.iloc[:0], "strict_auprc", DATASETS, ["clr"])
    _, ax = plt.subplots()
    plots.score_heatmap(ax, grid, "title", kind="auprc")


def test_points_show_each_pair_and_the_geometric_mean():
    _, ax = plt.subplots()
    plots.method_points(ax, TABLE, "strict_auprc", ["clr", "ridge"], reference=0.1)
    assert ax.collections[0].get_offsets()[:, 0].tolist() == [0.5, 0.125]
    assert np.isclose(ax.lines[0].get_xdata()[0], 0.25)


def test_every_method_has_a_label_and_the_ones_drawn_a_colour_of_their_own():
    assert set(METHODS) <= set(plots.METHOD_LABELS)
    assert len(set(plots.PALETTE.values())) == len(plots.PALETTE)


def test_two_heat_maps_share_their_rows_and_have_widths_by_columns():
    grid = plots.wide(TABLE, "strict_auprc", DATASETS, ["clr", "ridge"])
    titles = ("one", "other")
    figure = plots.side_by_side(grid, grid[["clr"]], titles, kinds=("auprc",) * 2, missing="")
    left, right = figure.axes[:2]
    assert (left.get_title("left"), right.get_title("left")) == titles
    assert left.get_ylim() == right.get_ylim()
    ratios = left.get_gridspec().get_width_ratios()
    assert ratios[0] == 2 * ratios[1]


def test_an_unknown_kind_of_heat_map_is_refused():
    grid = plots.wide(TABLE, "strict_auprc", DATASETS, ["clr"])
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="kind 'f1'; expected auprc, auroc, ratio or precision"):
        plots.score_heatmap(ax, grid, "title", kind="f1")


def test_the_floor_is_drawn_with_the_random_scores_that_lie_on_it():
    shares = np.array([0.1, 0.5, 1.0])
    formula, exact, simulated = shares / 2 + 0.5, shares / 2 + 0.51, shares / 2 + 0.49
    _, ax = plt.subplots()
    plots.floor_curve(ax, shares, formula, exact, simulated)
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert np.array_equal(drawn["floor (formula)"], formula)
    assert np.array_equal(drawn["random scores"], simulated)
    assert list(drawn["strict protocol"]) == [0.5, 0.5]
    assert len(ax.get_legend().get_texts()) == 4
