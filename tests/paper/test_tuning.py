"""Settings of competing methods: a grid on validation graphs, its best on test graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from grnular_paper import tuning
from grnular_paper.records import Record, recorded_folder
from grnular_paper.synthetic import replicate_of
from grnular_paper.tuning import LASSO, PRESETS, TREES, USED, Setting

from grnular_core.methods.correlation import standardised
from grnular_core.methods.trees import Boosting
from grnular_core.training.batches import first_seed
from grnular_core.utils.errors import MethodError


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return Record("tuning", recorded_folder()).rows()


def row(setting: Setting, auprc: float | None, name: str = "clean", part: str = "valid") -> dict:
    return {"method": setting.label, "dataset": name, "network": part, "strict_auprc": auprc}


def test_the_grid_has_no_setting_twice_and_the_used_ones_first():
    grid = tuning.settings()
    assert grid[:2] == list(USED) and len({s.label for s in grid}) == len(grid)
    assert Setting(TREES, boosting=Boosting(0.01, 1.0)) in grid


def test_the_lasso_with_a_penalty_is_that_of_its_equation():
    """Two standardised genes of correlation r: the precision's off-diagonal is that of r - penalty."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    X = np.stack([x, x + rng.normal(size=400), np.ones(400)], 1)
    r = np.corrcoef(X[:, 0], X[:, 1])[0, 1]
    found = tuning.fixed_glasso(X, np.array([0]), 0.2)
    assert found.shape == (1, 3) and found[0, 0] == 0 and found[0, 2] == 0
    assert found[0, 1] == pytest.approx(r - 0.2, abs=1e-3)
    assert not standardised(X)[:, 2].any()


def test_where_the_lasso_has_no_solution_it_says_so_and_the_row_has_no_score(monkeypatch):
    X = replicate_of("clean", 0).expression.astype(float)
    with pytest.raises(MethodError, match="penalty 0.01"):
        tuning.fixed_glasso(X, np.arange(10), 0.01)
    (found,) = tuning.SettingTask(Setting(LASSO, 0.01), "clean", "test", 1).run()
    assert found["strict_auprc"] is None and found["seconds"] > 0


def test_test_graphs_are_those_of_the_other_pages():
    (X, tf_index, truth, _), *_ = tuning._graphs("clean", "test", 1)
    simulation = replicate_of("clean", 0)
    assert simulation.seed == first_seed("test")
    assert np.array_equal(X, simulation.expression) and np.array_equal(truth, simulation.adjacency)
    assert np.array_equal(tf_index, simulation.tf_index)


def test_the_best_is_the_best_of_those_with_a_solution_everywhere():
    low, high, failed = (Setting(LASSO, p) for p in (0.3, 0.5, 0.1))
    table = pd.DataFrame(
        [row(low, 0.4), row(low, 0.6), row(high, 0.7), row(high, 0.2), row(failed, 0.9), row(failed, None)]
    )
    assert tuning.best_settings(table, "clean") == [low, USED[1]]
    assert tuning.chosen(table, "clean") == [USED[0], low, USED[1]]
    shown = tuning.settings_table(table)
    assert shown.set_index("setting")["clean"].to_dict() == {
        "penalty 0.1": "no solution",
        "penalty 0.3": "0.500 *",
        "penalty 0.5": "0.450",
    }


def test_missing_settings_alone_are_run_and_once(tmp_path, monkeypatch):
    few = [USED[0], Setting(LASSO, 0.3)]
    monkeypatch.setattr(tuning, "settings", lambda: few)
    monkeypatch.setattr(tuning, "USED", (USED[0],))
    monkeypatch.setattr(tuning, "PRESETS", ("clean",))
    monkeypatch.setattr(tuning, "N_VALIDATION", 1)
    monkeypatch.setattr(tuning, "N_TEST", 1)
    record, said = Record("tuning", tmp_path), []
    tuning.run_missing_settings(tmp_path, say=said.append)
    rows = record.rows()
    on_test = set(rows.loc[rows["network"] == "test", "method"])
    assert set(rows.loc[rows["network"] == "valid", "method"]) == {s.label for s in few}
    assert on_test == {s.label for s in tuning.chosen(rows, "clean")}  # the best may be the used one
    assert len(said) == len(rows) == 2 + len(on_test)
    tuning.run_missing_settings(tmp_path, say=said.append)
    assert len(said) == len(rows) == len(record.rows())


def test_the_whole_grid_is_on_record(rows):
    have = rows[rows["network"] == "valid"].groupby(["dataset", "method"]).size()
    for name in PRESETS:
        assert (have[name].reindex([s.label for s in tuning.settings()]) == tuning.N_VALIDATION).all()
        on_test = rows[(rows["network"] == "test") & (rows["dataset"] == name)]
        counts = on_test.groupby("method").size()
        assert (counts.reindex([s.label for s in tuning.chosen(rows, name)]) == tuning.N_TEST).all()


def test_the_used_and_the_best_settings_meet_ours_on_the_same_graphs(rows):
    found = tuning.meeting(rows, Record("clean", recorded_folder()).rows(), "clean")
    assert found["graphs"].tolist() == [tuning.N_TEST] * len(found)
    assert found.iloc[-1]["method"] == "grnular-context"
    assert found.iloc[-1]["mean AUPRC"] > found.iloc[:-1]["mean AUPRC"].max()
