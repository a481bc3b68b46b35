"""The tables that say whether it learns, on records made for the purpose."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import learning
from grnular_paper.figures.curves import factor_grid, learning_figure
from grnular_paper.records import COLUMNS, Record
from grnular_paper.synthetic import SyntheticTask

from grnular_core.simulation.simulate import preset, simulate
from grnular_core.training.weights import read_trained


@pytest.fixture
def folder(tmp_path):
    """Ten graphs a setting; GRNULar is 0.1 better than correlation, each graph has its own level."""
    for name, _ in learning.SETTINGS.values():
        rows = []
        for replicate in range(10):
            for method, gain in (("grnular-context", 0.1), ("correlation", 0.0)):
                task = SyntheticTask(name, method, replicate)
                scores = dict.fromkeys(COLUMNS[11:21], 0.5)
                level = 0.3 + 0.03 * replicate + gain + 0.001 * (replicate % 3)
                values = {"density": 0.1, "strict_auprc": level, "device": "cpu"}
                rows.append({**task.key(), **scores, **values})
        Record(task.experiment, tmp_path).add(
            [{k: v for k, v in row.items() if k not in ("commit", "environment")} for row in rows]
        )
    return tmp_path


def test_the_table_shows_means_counts_and_the_density(folder):
    table = learning.table(learning.rows(folder)).set_index("method")
    assert list(table.index) == ["GRNULar-context (this work)", "correlation", "density"]
    assert table.loc["GRNULar-context (this work)", "clean"].startswith("0.536 [")
    assert table.loc["correlation", learning.TITLES["DS1"]].endswith("436 (10)")  # noise draws: no interval
    assert table.loc["density", "clean"] == "0.100"


def test_paired_tests_see_a_small_but_constant_gain(folder):
    tests = learning.paired_tests(learning.rows(folder), "grnular-context")
    assert list(tests["setting"]) == ["clean", "dropout 25 %"]  # DS1 is one network: not tested
    assert all(text.startswith("+0.100") for text in tests["difference"])
    assert (tests["p (Holm)"].astype(float) < 0.01).all()


def test_paired_tests_are_corrected_over_the_other_methods_alone(folder):
    rows = learning.rows(folder)
    rows = rows[rows["setting"] == "clean"]
    more = [rows[rows["shown"] == "correlation"].assign(shown=f"other {i}") for i in range(3)]
    alone = learning.paired_tests(rows, "grnular-context").set_index("against")["p (Holm)"].astype(float)
    beside = learning.paired_tests(pd.concat([rows, *more]), "grnular-context").set_index("against")["p (Holm)"].astype(float)
    n = len(alone)
    assert beside["correlation"] == pytest.approx(alone["correlation"] * (n + 3) / n, rel=0.03)


def test_figures_draw_every_graph(folder):
    drawn = learning_figure(learning.rows(folder))
    assert len(drawn.axes) == len(learning.SETTINGS)
    points = [line for line in drawn.axes[0].lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in points) == 20


def test_a_factor_has_a_panel_with_its_values_in_order():
    rows = pd.DataFrame(
        [("P", v, d, s) for v in ("2", "10") for d in ("clean", "noisy(25)") for s in (0.4, 0.6)],
        columns=["factor", "value", "dataset", "strict_auprc"],
    )
    drawn = factor_grid(rows)
    panel = drawn.axes[0]
    assert [t.get_text() for t in panel.get_xticklabels()] == ["2", "10"]
    assert panel.get_title() == "inner steps P" and panel.lines[0].get_linestyle() == "-"
    unordered = factor_grid(rows.assign(factor="layers", value=rows["value"] + " layers")).axes[0]
    assert unordered.lines[0].get_linestyle() == "None"  # there is nothing between two names
    assert np.allclose(panel.lines[0].get_ydata(), 0.5)


def test_every_run_of_the_page_is_planned_once():
    tasks = learning.tasks()
    assert len(set(tasks)) == len(tasks)
    slow = [task.method in learning.SLOW for task in tasks]
    assert slow == sorted(slow)  # the quick ones come first


def test_each_tf_is_ranked_by_itself():
    simulation = simulate(preset("noisy(50)", n_cells=300), 5)
    seen = learning.per_tf(simulation, ["random"])
    assert len(seen) == 10
    assert np.allclose(seen["detected"], (simulation.expression != 0).mean(0)[simulation.tf_index])
    assert np.allclose(seen["targets"] * 99, simulation.adjacency.sum(1))
    assert abs(seen["random"].mean()) < 0.1


def test_the_lead_is_over_the_strongest_other_on_shared_graphs(folder):
    found = learning.rows(folder)
    ahead = learning.lead(found, "clean", ["correlation", "ridge"])
    assert (ahead.other, ahead.graphs) == ("correlation", 10)
    assert ahead.times == pytest.approx(0.536 / 0.436, rel=1e-2)
    assert np.isnan(learning.lead(found, "clean", ["ridge"]).times)


def test_what_training_kept_is_told_by_name_from_the_weights_themselves():
    words = learning.kept_in_words(["grnular-clean", "grnular-noisy"])
    assert words.startswith("validation keeps epoch ") and words.endswith(")")
    for name in ("grnular-clean", "grnular-noisy"):
        seen = read_trained(name).metadata["validation"]
        assert f"epoch {seen['best_epoch']} for {name} ({seen['untrained_auprc']:.3f} to {seen['auprc']:.3f})" in words
