"""Weights that are best by AUROC, for claims on AUROC."""

import pandas as pd
import pytest
from grnular_paper import auroc_weights, grids
from grnular_paper.records import recorded_folder
from grnular_paper.synthetic import SyntheticTask

from grnular_core.training.weights import read_trained


@pytest.mark.parametrize("name", auroc_weights.WEIGHTS.values())
def test_they_are_of_the_same_training_and_another_epoch(name):
    own, other = read_trained(name), read_trained(name.removesuffix("-auroc"))
    assert own.recipe == other.recipe and own.metadata["history"] == other.metadata["history"]
    best = pd.DataFrame(own.metadata["history"]).set_index("epoch")["valid_auroc"]
    assert own.metadata["validation"]["chosen_by"] == "auroc" and own.metadata["validation"]["best_epoch"] == best.idxmax()
    assert best.idxmax() != other.metadata["validation"]["best_epoch"]


def test_they_stand_in_the_rows_with_the_list_alone_and_nothing_else_changes(tmp_path):
    key = {"dataset": "noisy(25)", "cells": "100", "cell_types": "5", "replicate": "0"}
    kinds = [("grnular", "with"), ("grnular", "without"), ("ridge", "with")]
    rows = pd.DataFrame(
        [key | {"method": m, "tf_information": i, "strict_auroc": 0.5, "paper_auroc": 0.6, "strict_auprc": 0.1} for m, i in kinds],
        index=[3, 1, 2],
    )
    assert auroc_weights.with_auroc_weights(rows, tmp_path) is rows
    new = pd.DataFrame([key | {"method": "grnular", "strict_auroc": 0.7, "paper_auroc": 0.8}])
    new.to_csv(tmp_path / f"{auroc_weights.TABLE}.csv", index=False)
    found = auroc_weights.with_auroc_weights(rows, tmp_path)
    assert found["strict_auroc"].tolist() == [0.7, 0.5, 0.5] and found["paper_auroc"].tolist() == [0.8, 0.6, 0.6]
    pd.testing.assert_frame_equal(found.drop(columns=auroc_weights.SCORES), rows.drop(columns=auroc_weights.SCORES))


def test_recorded_rows_are_all_runs_of_the_figures_and_one_is_computed_again():
    recorded = pd.read_csv(recorded_folder() / f"{auroc_weights.TABLE}.csv")
    rows = grids.rows("noisy", recorded_folder())
    rows = rows[rows["method"].isin(auroc_weights.WEIGHTS) & (rows["tf_information"] == "with")]
    assert not recorded.duplicated(auroc_weights.KEY).any()
    keys = recorded[auroc_weights.KEY].astype(str).agg(" ".join, axis=1)
    assert set(rows[auroc_weights.KEY].astype(str).agg(" ".join, axis=1)) <= set(keys)
    task = SyntheticTask("noisy(25)", "glad-tf", 0, n_cells=100, n_types=5)
    row = auroc_weights.score_with(task, auroc_weights.WEIGHTS["glad-tf"])
    known = recorded[(recorded[auroc_weights.KEY].astype(str) == [str(row[k]) for k in auroc_weights.KEY]).all(axis=1)]
    assert known["strict_auroc"].item() == pytest.approx(row["strict_auroc"], abs=0.002)
