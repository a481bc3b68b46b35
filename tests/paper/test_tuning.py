"""Settings of competing methods: a grid on validation graphs, its best in the package's table."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import grids, tuning
from grnular_paper.records import Record, recorded_folder
from grnular_paper.tuning import FAMILIES, GRIDS, Setting, _default

from grnular_core.methods.trees import Boosting
from grnular_core.methods.tuned import DEFAULTS, RANGES, SETTINGS, WITHOUT, Penalty
from grnular_core.simulation.families import family_preset
from grnular_core.simulation.simulate import simulate
from grnular_core.training.batches import first_seed
from grnular_core.training.named_recipes import RECIPES
from grnular_core.utils.errors import MethodError


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return Record("tuning", recorded_folder()).rows()


def row(setting: Setting, auprc: float | None, name: str = "clean", known: str = "with", replicate: int = 0) -> dict:
    return {
        "method": setting.label, "dataset": name, "network": "valid", "strict_auprc": auprc, "tf_information": known,
        "replicate": replicate,
    }  # fmt: skip


def test_a_grid_has_no_setting_twice_and_the_packages_own_first():
    for method, known in GRIDS:
        grid = tuning._grid(method, known)
        assert grid[0] == _default(method) and len({s.label for s in grid}) == len(grid) > 4
    trees = tuning._grid("grnboost2")
    assert Setting("grnboost2", Boosting(0.01, 1.0)) in trees
    assert {s.settings.depth for s in trees} == {1, 2, 3}
    assert {s.settings.max_features for s in trees} == {0.1, 0.35, 1.0}


def test_ranges_are_those_that_the_papers_models_are_trained_on():
    for trained_like, family in FAMILIES.items():
        recipe = RECIPES[f"grnular-{trained_like}"]
        assert {name for name, _ in (*recipe.train, *recipe.valid)} == {family}


def test_graphs_are_the_validation_graphs_of_the_models():
    for family in ("clean", "low-dropout"):
        first, second = tuning._graphs(family, 2)
        for number, (X, tf_index, truth, allowed) in enumerate((first, second)):
            seed = first_seed("valid") + number
            simulation = simulate(family_preset(family, seed), seed)
            assert np.array_equal(X, simulation.expression) and np.array_equal(truth, simulation.adjacency)
            assert np.array_equal(tf_index, simulation.tf_index) and allowed.sum() == X.shape[1] * len(tf_index) - len(tf_index)


def test_where_a_method_fails_the_row_has_no_score(monkeypatch):
    def fail(*given):
        raise MethodError("no solution")

    monkeypatch.setattr(tuning, "scores_with", fail)
    (found,) = tuning.SettingTask(Setting("glasso", Penalty(0.1)), "clean", 1).run()
    assert found["strict_auprc"] is None and found["seconds"] >= 0


def test_without_the_list_every_gene_is_tried_and_rows_of_tfs_are_scored(monkeypatch):
    seen = []

    def scores(method, settings, X, regulators):
        seen.append(len(regulators))
        return type("Scores", (), {"weight": np.random.default_rng(0).random((len(regulators), X.shape[1]))})

    monkeypatch.setattr(tuning, "scores_with", scores)
    for known, expected in (("with", 10), ("without", 100)):
        (found,) = tuning.SettingTask(_default("grnboost2"), "clean", 1, known).run()
        assert seen.pop() == expected and found["tf_information"] == known
        assert 0 < found["strict_auprc"] < 0.4


def test_the_best_is_the_best_of_those_with_a_solution_everywhere():
    low, high, failed = (Setting("glasso", Penalty(p)) for p in (0.3, 0.5, 0.1))
    table = pd.DataFrame(
        [
            row(s, auprc, replicate=r)
            for s, both in ((low, (0.4, 0.6)), (high, (0.7, 0.2)), (failed, (0.9, None)))
            for r, auprc in enumerate(both)
        ]
    )
    assert tuning._chosen(table, "glasso", "with", "clean") == low
    assert tuning._chosen(table, "glasso", "with", "noisy") == _default("glasso")
    shown = tuning.settings_table(table)
    assert shown.set_index("setting")["clean"].to_dict() == {
        "penalty 0.1": "no solution",
        "penalty 0.3": "0.500 *",
        "penalty 0.5": "0.450",
    }
    assert set(shown["DS1-like"]) == {""}


def test_what_was_tried_with_the_list_has_no_say_without_it():
    one, other = Setting("grnboost2", Boosting(0.1, 0.1)), Setting("grnboost2", Boosting(0.1, 0.35))
    table = pd.DataFrame(
        [row(one, 0.4, "DS1-like"), row(other, 0.3, "DS1-like"), row(one, 0.1, "DS1-like", "without"), row(other, 0.2, "DS1-like", "without")]
    )
    found = {known: tuning._chosen(table, "grnboost2", known, "DS1") for known in ("with", "without")}
    assert found == {"with": one, "without": other}
    gains = tuning.gains(pd.concat([table, pd.DataFrame([row(_default("grnboost2"), 0.25, "DS1-like")])]))
    assert gains.set_index("method").loc["grnboost2", ["range", "default", "tuned"]].tolist() == ["DS1", 0.25, 0.4]


def test_a_choice_by_auroc_is_compared_with_that_by_auprc():
    one, other = Setting("grnboost2", Boosting(0.1, 0.1)), Setting("grnboost2", Boosting(0.1, 0.35))
    lines = [row(one, 0.4, "clean") | {"strict_auroc": 0.7}, row(other, 0.3, "clean") | {"strict_auroc": 0.75}]
    assert tuning.by_auroc(pd.DataFrame(lines)) == (1, 1, pytest.approx(0.05))


def test_the_whole_grid_is_on_record(rows):
    have = rows.groupby(["dataset", "method", "tf_information"]).size()
    for task in tuning.tasks():
        key = task.family, task.setting.label, task.known
        assert have.get(key, 0) >= task.n_graphs, key
    assert set(rows["network"]) == {"valid"}, "no test graph has a say"


@pytest.mark.parametrize("trained_like", RANGES)
@pytest.mark.parametrize(("method", "known"), GRIDS)
def test_the_packages_table_is_what_the_record_chooses(rows, method, known, trained_like):
    key = WITHOUT if known == "without" else method
    found = tuning._chosen(rows, method, known, trained_like).settings
    if method == "genie3" and trained_like != "DS2":  # the grid grows a tenth of the trees
        found = found._replace(n_trees=DEFAULTS[method].n_trees)
    assert found == SETTINGS[key][trained_like]


def test_tuning_never_loses_on_validation_graphs(rows):
    found = tuning.gains(rows)
    assert {"clean", "noisy", "DS1"} <= set(found["range"]) and len(found) >= 2 * len(DEFAULTS)
    assert (found["tuned"] >= found["default"])[found["default"].notna()].all()


def test_defaults_and_tuned_settings_meet_ours_on_the_same_graphs():
    lines = [
        (m, known, r, score + r)
        for m, known, score, graphs in (
            ("grnboost2", "with", 1, 3), ("grnboost2-tuned", "with", 2, 2), ("grnboost2", "without", 9, 3),
            ("glasso", "without", 3, 3), ("grnular-context", "with", 5, 3), ("clr", "with", 7, 1),
        )
        for r in range(graphs)
    ]  # fmt: skip
    table = pd.DataFrame(lines, columns=["method", "tf_information", "replicate", "strict_auprc"])
    found = tuning.meeting(table, "clean")
    assert found["method"].tolist() == ["grnboost2", "grnboost2", "glasso", "grnular-context"]
    assert found["setting"].tolist()[0] == _default("grnboost2").values
    assert found["graphs"].tolist() == [2] * 4 and found["mean AUPRC"].tolist() == [1.5, 2.5, 3.5, 5.5]
    assert tuning.meeting(table[:0], "clean").empty


def test_every_curve_of_a_tuned_method_stands_behind_its_own():
    for experiment in grids.N_GRAPHS:
        curves, own = grids.all_curves(experiment), grids._curves(experiment)
        tuned = [(m, known) for m, known in grids._tuned_curves() if (m.removesuffix("-tuned"), known) in own]
        assert set(curves) == {*own, *tuned} and len(curves) == len(set(curves))
        for method, known in tuned:
            assert curves[curves.index((method, known)) - 1] == (method.removesuffix("-tuned"), known)
    assert ("genie3-tuned", "with") in grids.all_curves("ds")
