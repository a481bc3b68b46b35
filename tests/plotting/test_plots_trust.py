"""Figures on trust: what is drawn is what the tables say, also where they are small."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from grnular_core.plotting.reliability import fdr_panel, rank_panel, stability_panel
from grnular_core.workflow.stability import fdr_curve


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


def test_a_bar_for_each_number_of_runs(ax):
    table = pd.DataFrame({"stability": [1, 1, 0.1, 0.3, 0.7000000001, 0]})
    stability_panel(ax, table, 10)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 2]


@pytest.mark.parametrize("n_edges", [1, 7, 100])
def test_a_point_for_each_edge_and_its_mean_within_the_shares(ax, n_edges):
    shares = np.random.default_rng(0).random(n_edges)
    rank_panel(ax, pd.DataFrame({"stability": shares}))
    dots, mean = ax.get_lines()
    assert dots.get_ydata().tolist() == shares.tolist() and len(mean.get_ydata()) == n_edges
    assert shares.min() <= np.min(mean.get_ydata()) <= np.max(mean.get_ydata()) <= shares.max()


def test_the_curve_and_a_line_for_each_level(ax):
    fdr_panel(ax, fdr_curve(np.array([0.01, 0.2, 0.5])), (0.05, 0.3))
    curve, *levels = ax.get_lines()
    assert curve.get_ydata().tolist() == [0.01, 0.2, 0.5]
    assert [line.get_ydata()[0] for line in levels] == [0.05, 0.3]
    assert [text.get_text() for text in ax.texts] == ["0.05", "0.3"]
