"""Figures of pairs of a network and a dataset: what is drawn is what the table holds."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.pitfalls import floor_curve
from grnular_paper.figures.real_data import _side_by_side, method_points
from grnular_paper.real_data import wide

TABLE = pd.DataFrame(
    [("STRING", "mDC", "clr", 0.5), ("STRING", "mDC", "ridge", 0.25), ("STRING", "mESC", "clr", 0.125)],
    columns=["network", "dataset", "method", "strict_auprc"],
)  # fmt: skip
GRID = wide(TABLE, "strict_auprc", ("mDC", "mESC"), ["clr", "ridge"])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_grid_has_every_pair_in_the_papers_order():
    assert list(GRID.index) == ["[S] mDC", "[S] mESC", "[N] mDC", "[N] mESC", "[C] mDC", "[C] mESC"]
    assert GRID.loc["[S] mDC", "ridge"] == 0.25
    assert GRID.loc["[N] mDC"].isna().all()


def test_points_show_each_pair_and_the_geometric_mean():
    _, ax = plt.subplots()
    method_points(ax, TABLE, "strict_auprc", ["clr", "ridge"], reference=0.1)
    assert ax.collections[0].get_offsets()[:, 0].tolist() == [0.5, 0.125]
    assert np.isclose(ax.lines[0].get_xdata()[0], 0.25)


def test_two_heat_maps_share_their_rows_and_have_widths_by_columns():
    titles = ("one", "other")
    figure = _side_by_side(GRID, GRID[["clr"]], titles, kinds=("auprc",) * 2, missing="")
    left, right = figure.axes[:2]
    assert (left.get_title("left"), right.get_title("left")) == titles
    assert left.get_ylim() == right.get_ylim()
    ratios = left.get_gridspec().get_width_ratios()
    assert ratios[0] == 2 * ratios[1]


def test_the_floor_is_drawn_with_the_random_scores_that_lie_on_it():
    shares = np.array([0.1, 0.5, 1.0])
    formula, exact, simulated = shares / 2 + 0.5, shares / 2 + 0.51, shares / 2 + 0.49
    _, ax = plt.subplots()
    floor_curve(ax, shares, formula, exact, simulated)
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert np.array_equal(drawn["floor (formula)"], formula)
    assert np.array_equal(drawn["random scores"], simulated)
    assert list(drawn["strict protocol"]) == [0.5, 0.5]
    assert len(ax.get_legend().get_texts()) == 4
