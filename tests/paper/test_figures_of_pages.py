"""Figures: what is drawn is what the rows and tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.curves import Row, _draw_curves, curve_grid, difference_grid, draw_beside
from grnular_paper.figures.marks import mark
from grnular_paper.figures.overview import time_figure
from grnular_paper.figures.paired import by_network, ratio_grid
from grnular_paper.figures.pitfalls import floor_curve
from grnular_paper.figures.real_data import (
    _side_by_side,
    method_points,
    pseudotime_panel,
    score_violins,
)
from grnular_paper.real_data import wide
from grnular_paper.runs import run_now
from grnular_paper.synthetic import synthetic_tasks
from grnular_paper.tables import simulated

from grnular_core.methods.registry import METHODS


@pytest.fixture
def rows() -> pd.DataFrame:
    lines = [
        (method, known, panel, place, graph, 0.1 * panel + 0.01 * graph)
        for method, known, graphs in (("clr", "with", 4), ("ridge", "with", 2), ("glad", "without", 3))
        for panel in (2, 5)
        for place in (100, 1000)
        for graph in range(graphs)
    ]
    table = pd.DataFrame(lines, columns=["method", "tf_information", "panel", "place", "replicate", "strict_auprc"])
    return table.assign(density=0.13, paper_auroc=0.9, paper_floor_auroc=0.85)


def test_a_line_is_the_mean(rows):
    _, ax = plt.subplots()
    of_panel = rows[(rows["panel"] == 2) & (rows["tf_information"] == "with")]
    _draw_curves(ax, of_panel, "strict_auprc", ["clr", "ridge", "tigress"], (100, 1000, 5000))
    clr, ridge = (c.lines[0] for c in ax.containers)
    assert np.allclose(clr.get_ydata(), 0.215) and np.allclose(ridge.get_ydata(), 0.205)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["100", "1k", "5k"]
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(0.13)  # random


def test_panels_are_the_papers_columns_and_each_row_has_its_methods(rows):
    curves = [("glad", "without"), ("clr", "with"), ("ridge", "with")]
    figure = curve_grid(
        rows, [Row("strict_auprc", "without"), Row("paper_auroc", "with")], {2: "C = 2", 5: "C = 5"},
        curves, (100, 1000), "cells",
    )  # fmt: skip
    axes = np.array(figure.axes).reshape(2, 2)
    assert [ax.get_title() for ax in axes[0]] == ["C = 2", "C = 5"]
    assert [ax.get_xlabel() for ax in axes[1]] == ["cells", "cells"]
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["GLAD", "CLR", "ridge"]
    assert [len(ax.containers) for ax in axes[:, 0]] == [1, 2]  # each row its methods
    assert axes[1, 0].get_ylabel() == "AUROC (paper)\nwith TF list"


def test_a_panel_of_its_own_has_the_axis_of_what_it_shows(rows):
    curves, row = [("clr", "with"), ("ridge", "with")], Row("strict_auprc", "with")
    figure = curve_grid(rows, [row], {2: "C = 2", 5: "C = 5"}, curves, (100, 1000), "cells", own=[2])
    low, shared = figure.axes
    assert low.get_ylim()[1] < 0.3 and shared.get_ylim() == (0, 1)
    together = curve_grid(rows, [row], {2: "C = 2", 5: "C = 5"}, curves, (100, 1000), "cells")
    assert [ax.get_ylim() for ax in together.axes] == [(0, 1)] * 2


def test_data_sets_are_not_joined_and_multiples_of_random_have_a_logarithmic_axis(rows):
    rows = rows.assign(place="DS" + (rows["place"] // 1000 + 1).astype(str), strict_auprc_ratio=3.0)
    figure = curve_grid(
        rows, [Row("strict_auprc_ratio", "with")], {2: "82 %"}, [("clr", "with"), ("ridge", "with")],
        ("DS1", "DS2"), "data set",
    )  # fmt: skip
    (ax,) = figure.axes
    assert ax.get_yscale() == "log" and ax.lines[-1].get_ydata()[0] == 1
    clr, ridge = (c.lines[0] for c in ax.containers)
    assert clr.get_linewidth() == 0 and (clr.get_xdata() != ridge.get_xdata()).all()


def test_differences_are_those_of_the_networks_that_both_methods_have(rows):
    lower = rows.assign(strict_auprc=rows["strict_auprc"] - 0.02 * (1 + rows["replicate"]), method="tigress")
    both = pd.concat([rows, lower[lower["replicate"] != 3]])[lambda t: t["tf_information"] == "with"].drop_duplicates(
        ["method", "panel", "place", "replicate"]
    )
    figure = difference_grid(both, ["clr"], {2: "C = 2", 5: "C = 5"}, (100, 1000), ["tigress", "glasso"])
    assert len(figure.axes) == 2
    for ax in figure.axes:
        (line,) = ax.containers  # there are no rows of GLASSO
        assert np.allclose(line.lines[0].get_ydata(), 0.04)  # of .02, .04, .06
        (bars,) = line.lines[2]
        half = 4.3026527 * 0.02 / np.sqrt(3)  # Student's t, 2 degrees of freedom
        assert np.allclose([segment[:, 1] for segment in bars.get_segments()], [0.04 - half, 0.04 + half])
        assert ax.get_ylabel() in ("", "CLR\nminus others")


def test_ratios_are_those_of_the_units_that_both_methods_have():
    scores = {"grnular": [0.4, 0.2, 0.8], "clr": [0.2, 0.2, 0.2], "ridge": [0.1, 0.1, np.nan]}
    rows = pd.DataFrame(
        [(m, "DS1", unit, score) for m, of in scores.items() for unit, score in enumerate(of)],
        columns=["method", "place", "replicate", "strict_auprc"],
    ).dropna()
    figure = ratio_grid(rows, ["grnular", "no-rows"], "place", "replicate", "strict_auprc", ["ridge", "glasso", "clr"])
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["ridge", "CLR"] and ax.get_title() == "DS1"
    ridge, clr = ([float(x) for x in points.get_offsets()[:, 0]] for points in ax.collections)
    assert ridge == pytest.approx([4, 2]) and clr == pytest.approx([2, 1, 4])
    dashed, *lines = (line.get_xdata() for line in ax.lines)
    assert dashed[0] == 1 and lines[3] == pytest.approx([2, 2])  # the geometric mean of 2, 1 and 4
    half = 4.3026527 * np.log(2) / np.sqrt(3)  # Student's t, 2 degrees of freedom
    assert np.log(lines[2]) == pytest.approx([np.log(2) - half, np.log(2) + half])
    assert not ratio_grid(rows, ["no-rows"], "place", "replicate", "strict_auprc").axes


def test_pairs_of_real_cells_are_means_over_seeds_in_the_papers_order_of_networks():
    lines = [("Non-Specific-ChIP-seq", "mDC", "clr", 3.0), ("STRING", "mDC", "clr", 1.0), ("STRING", "mDC", "clr", 2.0)]
    found = by_network(pd.DataFrame(lines, columns=["network", "dataset", "method", "ratio"]), "ratio")
    assert found["network"].tolist() == ["STRING", "Non-Specific-ChIP-seq"] and found["ratio"].tolist() == [1.5, 3.0]


def test_no_rows_draw_empty_panels(rows):
    figure = curve_grid(rows.iloc[:0], [Row("strict_auprc", "with")], {2: "C = 2"}, [("clr", "with")], (100,), "cells")
    assert not figure.axes[0].containers


def test_live_runs_are_set_beside_the_record():
    tasks = synthetic_tasks(["clean"], ["clr", "no-such-method"], range(2), n_cells=60)
    now, failed = run_now(tasks)
    assert len(now) == 2 and len(failed) == 2 and "no-such-method" in failed[0]
    recorded = now.assign(strict_auprc=now["strict_auprc"] * [1, 1.25])
    both = simulated._beside_record(now, recorded)
    assert both["gap"].tolist() == pytest.approx([0, 0.2])
    assert both["recorded"].tolist() == recorded["strict_auprc"].tolist()
    other = recorded.assign(paper_auroc=now["paper_auroc"] / [0.5, 1])  # a score that is not drawn
    assert simulated._beside_record(now, other)["gap"].tolist() == pytest.approx([0.5, 0.2])
    _, ax = plt.subplots()
    draw_beside(ax, both)
    assert len(ax.lines) == 2
    assert simulated._beside_record(now.iloc[:0], recorded).empty


TABLE = pd.DataFrame(
    [("STRING", "mDC", "clr", 0.5), ("STRING", "mDC", "ridge", 0.25), ("STRING", "mESC", "clr", 0.125)],
    columns=["network", "dataset", "method", "strict_auprc"],
)  # fmt: skip
GRID = wide(TABLE, "strict_auprc", ("mDC", "mESC"), ["clr", "ridge"])


def test_the_grid_has_every_pair_in_the_papers_order():
    assert list(GRID.index) == ["[S] mDC", "[S] mESC", "[N] mDC", "[N] mESC", "[C] mDC", "[C] mESC"]
    assert GRID.loc["[S] mDC", "ridge"] == 0.25
    assert GRID.loc["[N] mDC"].isna().all()


def test_the_published_model_is_a_square_and_models_of_this_work_are_diamonds():
    shown = [name for name in METHODS if mark(name) != "o"]
    assert {name: mark(name) for name in shown} == {
        "grnular-context": "D", "grnular-cells": "D", "grnular-curated": "D", "grnular": "s",
    }  # fmt: skip
    assert mark("a method of nobody") == "o"


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


def test_violins_show_median_and_number_of_each_group():
    _, ax = plt.subplots()
    groups = {"all": np.linspace(0, 1, 10_001), "inside": np.array([0.2, 0.4, 0.9])}
    score_violins(ax, groups)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["all\n(10,001)", "inside\n(3)"]
    medians = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert medians == pytest.approx([0.5, 0.4])


def test_scores_of_many_magnitudes_are_drawn_on_a_logarithmic_axis():
    figure, ax = plt.subplots()
    score_violins(ax, {"all": 10.0 ** np.linspace(-10, 2, 1001), "inside": np.array([1e-3, 1e-1])})
    medians = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert medians == pytest.approx([-4, -2])
    figure.canvas.draw()
    ticks = {t.get_position()[1]: t.get_text() for t in ax.get_yticklabels()}
    assert ticks[-4.0] == "$10^{-4}$" and all(float(place).is_integer() for place in ticks)
    _, ax = plt.subplots()
    score_violins(ax, {"all": np.array([0.0, 1e-9, 1e3])})  # no logarithm of 0
    assert [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o"] == [1e-9]


def test_the_panel_has_a_dot_a_cell_and_three_lines_a_regulator():
    time = np.linspace(0, 10, 50)
    _, ax = plt.subplots()
    pseudotime_panel(ax, time, ("T", time), {"A": 2 * time, "B": 10 - time}, 0.5)
    assert len(ax.collections[0].get_offsets()) == 50
    assert len(ax.lines) == 6
    assert np.allclose(ax.lines[0].get_ydata(), 2 * ax.lines[0].get_xdata())
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["T, each cell", "A", "B"]


def test_run_times_are_drawn_the_fastest_first_beside_those_of_the_paper():
    recorded = pd.DataFrame(
        [("glasso", 20.0, 0.02), ("clr", 0.1, 0.03), ("forward: H1 = 200", 5.0, 0.04)], columns=["method", "seconds", "strict_auprc"]
    )
    (ax,) = time_figure(recorded, pd.DataFrame({"method": ["GLASSO"], "seconds": [180.0]})).axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["CLR", "GLASSO"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines] == [(0.1, 0), (20.0, 1), (180.0, 1)]
    assert [t.get_text() for t in ax.texts] == ["0.030", "0.020", "strict AUPRC"]
