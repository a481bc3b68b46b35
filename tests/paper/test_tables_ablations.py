"""The page on ablations: means, leads, tuned settings and speeds, on records counted by hand."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper.learning import TITLES
from grnular_paper.tables import ablations as tables

from grnular_core.plotting.style import label


@pytest.fixture
def recorded() -> pd.DataFrame:
    """Eight graphs a setting; each method has a level, each graph adds a hundredth."""
    levels = [
        ("clean", "with", "grnular-context", 0.8), ("clean", "with", "clr", 0.4), ("clean", "with", "ridge", 0.2),
        ("clean", "without", "glad", 0.5), ("clean", "without", "grnboost2", 0.3), ("clean", "with", "glad-tf", 0.6),
    ]  # fmt: skip
    rows = [(setting, known, m, r, level + r / 100) for setting, known, m, level in levels for r in range(8)]
    table = pd.DataFrame(rows, columns=["setting", "tf_information", "method", "replicate", "strict_auprc"])
    names = table["method"].map(label)
    return table.assign(shown=names.where(table["tf_information"] == "with", names + ", no TF list"), dataset="clean")


def test_means_and_leads_are_of_each_setting(recorded):
    numbers = tables.setting_numbers(recorded)
    assert numbers["clean_grnular-context"] == pytest.approx(0.835)
    assert numbers["clean_best_other"] == "CLR" and numbers["clean_best_graphs"] == 8
    assert numbers["clean_best_score"] == pytest.approx(0.435)
    assert numbers["clean_ratio"] == pytest.approx(0.835 / 0.435)
    assert numbers["clean_glad"] == pytest.approx(0.535)
    assert numbers["clean_trees_without"] == pytest.approx(0.335)
    assert np.isnan(numbers["DS1_correlation"])


def test_p_values_are_those_of_the_pairs_the_page_names(recorded):
    numbers = tables.paired_numbers(recorded)
    assert numbers["glad_trees_graphs"] == 8
    # five other methods, all as sure as eight graphs allow: 2 / 2^8 each, times five
    assert numbers["p_glad_tf_clean"] == pytest.approx(5 / 128, rel=0.03)
    assert numbers["p_glad_trees"] == pytest.approx(5 / 128, rel=0.03)
    assert np.isnan(numbers["p_glad_tf_dropout25"])
    assert TITLES["clean"] == "clean"


def test_live_runs_are_compared_with_the_record():
    table, text = tables.live_table(["clr"], 1, _recorded_now(), "cpu")
    assert list(table.columns) == ["clean", "noisy(25)"] and list(table.index) == ["CLR"]
    assert text == "1 of 2 are recorded; no AUPRC or AUROC differs by more than 20.00 %"


def _recorded_now() -> pd.DataFrame:
    """The clean run as it comes out, with one area a quarter higher."""
    (row,) = tables.synthetic_tasks(["clean"], ["clr"], range(1))[0].run()
    return pd.DataFrame([{**row, "replicate": "0", "paper_auroc": 1.25 * row["paper_auroc"]}])


@pytest.mark.parametrize(
    ("gain", "words"), [(0.004, "has hardly any effect"), (0.1, "raises the score"), (-0.1, "lowers the score")]
)
def test_the_mask_is_told_by_its_largest_effect(gain, words):
    mask = pd.DataFrame(
        [(100, 0.005, 0.3, 0.302), (100, 0.1, 0.5, 0.501), (1000, 0.005, 0.7, 0.7 + gain), (1000, 0.1, 0.9, 0.9)],
        columns=["cells", "threshold", "glad", "glad-tf"],
    )  # fmt: skip
    numbers = tables.mask_numbers(mask)
    assert numbers["mask_most_moves"] == words and numbers["mask_most_glad"] == 0.7
    assert (numbers["mask_most_cells"], numbers["mask_most_threshold"]) == ("1,000", "0.005")
    assert (numbers["mask_few_glad"], numbers["mask_many_glad-tf"]) == (0.5, 0.9)
    assert 0 < numbers["glad_untrained_auprc"] < numbers["glad_auprc"] < 1
    assert list(tables.mask_table(mask)) == ["cells a graph", "threshold", "GLAD", "GLAD-TF"]


def test_both_algorithms_are_compared_on_clean_graphs():
    rows = [
        (dataset, "untrained", "algorithm", value, f"algorithm {value}", graph, score + graph / 100, 2.0)
        for dataset, shift in (("clean", 0), ("noisy(25)", 0.5))
        for value, score in (("1 (base)", 0.2 + shift), ("2", 0.3 + shift))
        for graph in range(8)
    ]  # fmt: skip
    names = "dataset base factor value method replicate strict_auprc seconds".split()
    numbers = tables.algorithm_numbers(pd.DataFrame(rows, columns=names))
    assert numbers["base_auprc"] == pytest.approx(0.235) and numbers["base_seconds"] == 2
    assert numbers["algorithm2_auprc"] == pytest.approx(0.335)
    assert numbers["base_p"] == pytest.approx(2 / 2**8)


def test_variants_keep_their_order():
    rows = [
        {"method": m, "dataset": "clean", "strict_auprc": s}
        for m, s in (("P = 20", 0.2), ("P = 2", 0.4), ("P = 20", 0.4))
    ]
    assert tables.variant_means(pd.DataFrame(rows))["clean"].to_dict() == {"P = 20": pytest.approx(0.3), "P = 2": 0.4}


def test_tuned_methods_have_their_chosen_and_their_used_setting():
    met = pd.DataFrame(
        [
            ("glasso", "by cross-validation", 0.5), ("glasso", "penalty 0.1", 0.2),
            ("grnboost2", "step 0.01", 0.3), ("grnular-context", "as it ships", 0.9),
        ],
        columns=["method", "setting", "mean AUPRC"],
    )  # fmt: skip
    found = tables.tuned_numbers(met, "noisy(25)")
    assert {name: value for name, value in found.items() if value == value} == {
        "tuned_ours_dropout25": 0.9, "tuned_glasso_dropout25": 0.2, "used_glasso_dropout25": 0.5,
        "used_grnboost2_dropout25": 0.3,
    }  # fmt: skip
    assert {"tuned_grnboost2_dropout25", "used_ridge_dropout25", "tuned_tigress_dropout25"} <= set(found)


def test_gains_on_validation_graphs_are_named_by_method_and_range():
    lines = [("grnboost2 without TFs", "clean", "step 0.1", 0.5, 0.6), ("ridge", "DS1", "penalty 1", 0.3, 0.3)]
    gains = pd.DataFrame(lines, columns=["method", "range", "setting", "default", "tuned"])
    assert tables.validation_numbers(gains) == {
        "valid_grnboost2-without-TFs_clean": 0.6, "valid_grnboost2-without-TFs_clean_default": 0.5,
        "valid_ridge_DS1": 0.3, "valid_ridge_DS1_default": 0.3,
    }  # fmt: skip


def test_speeds_are_multiples_of_bare_products():
    speed = pd.DataFrame(
        [
            ("small", 20, 1, "in_place", 10.0, 1.2), ("small", 20, 2, "in_place", 8.0, 1.6),
            ("large", 1, 2, "in_place", 90.0, 1.1), ("small", 20, 1, "modules", 50.0, 6.0),
            ("small", 20, 2, "modules", 32.0, 6.4),
        ],
        columns=["size", "graphs", "threads", "way", "wall_ms", "wall_ratio"],
    )  # fmt: skip
    trained = {"grnular-clean": (60.0, 70.0, 110.0), "glad-clean": (5.0,)}
    rows = [(recipe, 10, of) for recipe, seconds in trained.items() for of in seconds]
    training = pd.DataFrame(rows, columns=["recipe", "epochs", "seconds"])
    assert tables.speed_numbers(speed, training) == {
        "speed_small": 1.6, "speed_small_one": 1.2, "speed_large": 1.1, "speed_modules": 4.0, "training_seconds": 70.0,
        "training_epochs": 10.0,
    }  # fmt: skip
    assert np.isnan(tables.speed_numbers(speed[speed["way"] == "in_place"], training)["speed_modules"])
    table = tables.speed_table(speed)
    assert table["way"].tolist()[-1] == "layer by layer" and table["ms a graph"].iloc[0] == 10


def test_the_released_model_is_compared_with_the_code_of_2020():
    quality = pd.DataFrame(
        [("small", "2020", 0.7, 1.0), ("small", "ships", 0.9, 9.0)], columns=["size", "way", "auprc", "ratio"]
    )
    numbers = tables.quality_numbers(quality)
    assert (numbers["quality_small"], numbers["quality_small_auprc"], numbers["quality_small_old"]) == (9, 0.9, 0.7)
    assert np.isnan(numbers["quality_large"])
