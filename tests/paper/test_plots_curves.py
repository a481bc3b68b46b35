"""Curves: what is drawn is what the rows say."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from grnular_paper.figures.curves import Row, _draw_curves, curve_grid, draw_beside
from grnular_paper.runs import run_now
from grnular_paper.synthetic import synthetic_tasks
from grnular_paper.tables import simulated


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


def test_a_line_is_the_mean_and_few_graphs_are_written_beside(rows):
    _, ax = plt.subplots()
    of_panel = rows[(rows["panel"] == 2) & (rows["tf_information"] == "with")]
    _draw_curves(ax, of_panel, "strict_auprc", ["clr", "ridge", "tigress"], (100, 1000, 5000))
    clr, ridge = (c.lines[0] for c in ax.containers)
    assert np.allclose(clr.get_ydata(), 0.215) and np.allclose(ridge.get_ydata(), 0.205)
    assert [t.get_text() for t in ax.texts] == ["2", "2"]  # ridge has fewer graphs than CLR
    assert [t.get_text() for t in ax.get_xticklabels()] == ["100", "1k", "5k"]
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(0.13)  # random
    plt.close()


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
    plt.close(figure)


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
    plt.close(figure)


def test_no_rows_draw_empty_panels(rows):
    figure = curve_grid(rows.iloc[:0], [Row("strict_auprc", "with")], {2: "C = 2"}, [("clr", "with")], (100,), "cells")
    assert not figure.axes[0].containers
    plt.close(figure)


def test_live_runs_are_set_beside_the_record():
    tasks = synthetic_tasks(["clean"], ["clr", "no-such-method"], range(2), n_cells=60)
    now, failed = run_now(tasks)
    assert len(now) == 2 and len(failed) == 2 and "no-such-method" in failed[0]
    recorded = now.assign(strict_auprc=now["strict_auprc"] * [1, 1.25])
    both = simulated._beside_record(now, recorded, "strict_auprc")
    assert both["gap"].tolist() == pytest.approx([0, 0.2])
    assert both["recorded"].tolist() == recorded["strict_auprc"].tolist()
    other = recorded.assign(paper_auroc=now["paper_auroc"] / [0.5, 1])  # a score that is not drawn
    assert simulated._beside_record(now, other, "strict_auprc")["gap"].tolist() == pytest.approx([0.5, 0.2])
    _, ax = plt.subplots()
    draw_beside(ax, both, "strict_auprc")
    assert len(ax.lines) == 2
    plt.close()
    assert simulated._beside_record(now.iloc[:0], recorded, "strict_auprc").empty
