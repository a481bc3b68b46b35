"""Figures of the stem-cell page: violins of scores, regulators along pseudotime."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest
from grnular_paper.figures.real_data import pseudotime_panel, score_violins


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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
