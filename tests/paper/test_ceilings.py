"""Models trained on the distribution that they are tested on."""

import pandas as pd
import pytest
from grnular_paper import ceilings
from grnular_paper.ceilings import (
    SETTINGS,
    Setting,
    _ceiling_recipe,
    best_in_words,
    ceiling_numbers,
    ceiling_points,
    ceiling_table,
    ceilings_in_words,
    record_ceilings,
    rows_of_settings,
)
from grnular_paper.records import recorded_table

from grnular_core.simulation.simulate import preset
from grnular_core.training.batches import first_seed


@pytest.mark.parametrize("name", SETTINGS)
def test_training_graphs_are_of_the_distribution_of_the_test_and_never_the_test_itself(name):
    tested, trained = preset(name), preset(SETTINGS[name].family)
    assert (trained.kinetics, trained.technical) == (tested.kinetics, tested.technical)
    assert trained.graph == tested.graph and trained.network == tested.network
    assert trained.rewired == bool(tested.network)
    recipe = _ceiling_recipe(name)
    for part, graphs in (("train", recipe.train), ("valid", recipe.valid)):
        first = first_seed(part, recipe.seed)
        seeds = range(first, first + sum(n for _, n in graphs))
        assert not set(seeds) & set(range(first_seed("test"), first_seed("test") + SETTINGS[name].replicates))


def test_settings_that_are_on_record_are_not_trained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(ceilings, "SETTINGS", {"noisy(50)": Setting("noisy(50)", 4, 1, 2)})
    (tmp_path / "record").mkdir()
    record_ceilings(tmp_path / "record", tmp_path / "parts", lambda line: None)
    found = recorded_table(tmp_path / "record", ceilings.TABLE)
    assert found["replicate"].tolist() == [0, 1] and found["strict_auprc"].between(0, 1).all()
    assert found["weights"].nunique() == 1 and not list((tmp_path / "parts").iterdir())
    monkeypatch.setattr(ceilings, "_ceiling_rows", lambda *_: pytest.fail("trained again"))
    record_ceilings(tmp_path / "record", tmp_path / "parts", lambda line: None)


def test_others_are_compared_on_the_same_graphs():
    found = pd.DataFrame({"setting": "noisy(75)", "replicate": [0, 1], "density": 0.1, "strict_auprc": [0.2, 0.4]})
    rows = pd.DataFrame(
        {
            "method": ["ridge"] * 3 + ["clr"] * 2 + ["grnular"] * 2 + ["grnular-context"] * 2 + ["genie3"],
            "replicate": ["0", "1", "2", "0", "1", "0", "1", "0", "1", "0"],
            "strict_auprc": [0.1, 0.3, 9.0, 0.1, 0.1, 0.1, 0.2, 0.2, 0.4, 0.9],
        }
    )
    line = ceiling_table(found, {"noisy(75)": rows}).iloc[0]
    assert line["graphs"] == 2 and line[["best other method", "its score"]].tolist() == ["ridge", pytest.approx(0.2)]
    assert line["trained on this"] == pytest.approx(0.3) and line["GRNULar-context (this work)"] == pytest.approx(0.3)
    assert line["GRNULar (published)"] == pytest.approx(0.15)
    words = ceilings_in_words(ceiling_table(found, {"noisy(75)": rows}))
    assert "from 0.100 (random) to 0.300" in words
    assert "GRNULar-context (this work) 100 %, GRNULar (published) 25 %, ridge 50 %." in words
    assert ceilings_in_words(ceiling_table(found, {})) == ""
    assert best_in_words(ceiling_table(found, {"noisy(75)": rows})) == {"best_noisy(75)": "0.300 against 0.200 (ridge)"}
    assert ceiling_table(found, {}).empty and ceiling_table(found, {"DS2": rows}).empty


def test_ceilings_stand_in_the_panel_and_at_the_place_of_their_setting():
    found = pd.DataFrame(
        {"setting": ["noisy(75)", "DS2", "DS2"], "replicate": [0, 0, 1], "density": 0.1, "strict_auprc": [0.2, 0.4, 0.2]}
    )
    points = ceiling_points(found)
    assert points["panel"].tolist() == [75, 0] and points["place"].tolist() == [1000, "DS2"]
    assert points["strict_auprc"].tolist() == pytest.approx([0.2, 0.3])
    assert points["strict_auprc_ratio"].tolist() == pytest.approx([2, 3])
    assert ceiling_points(pd.DataFrame()).empty


def test_a_ceiling_is_a_multiple_of_random():
    found = pd.DataFrame({"setting": ["noisy(50)"] * 2 + ["DS2"], "density": [0.1, 0.2, 0.1], "strict_auprc": [0.2, 0.2, 0.3]})
    own = pd.DataFrame({"method": ["grnular-context"] * 3, "replicate": ["0", "1", "2"], "density": 0.1, "strict_auprc": [0.1, 0.4, 0.9]})
    numbers = ceiling_numbers(found.assign(replicate=[0, 1, 0]), {"noisy(50)": own})
    assert numbers == {
        "ceiling_q50": pytest.approx(2**0.5), "graphs_q50": 2, "below_q50": pytest.approx(2),
        "ceiling_DS2": pytest.approx(3), "graphs_DS2": 1,
    }  # fmt: skip


def test_only_rows_of_the_same_cells_are_compared():
    rows = pd.DataFrame(
        {
            "dataset": ["noisy(75)"] * 3 + ["noisy(25)"], "cells": ["1000", "100", "1000", "1000"], "cell_types": "5",
            "tf_information": ["with", "with", "without", "with"],
        }
    )  # fmt: skip
    found = rows_of_settings(rows)
    assert list(found) == ["noisy(75)"] and found["noisy(75)"].index.tolist() == [0]
