"""The table of models tried on real data: whose rows are kept, whose are computed again."""

from __future__ import annotations

import pandas as pd
import pytest
from grnular_paper import levers
from grnular_paper.real_data import recorded_folder

from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.weights import read_trained, shipped

PAIRS = (["mESC"], ["STRING", "Non-Specific-ChIP-seq"])


@pytest.fixture
def run(monkeypatch) -> list[str]:
    """In place of inference: a row a pair, and the names of the models that were run."""
    asked: list[str] = []

    def scores(weights, datasets, networks, device="cpu"):
        asked.append(weights)
        digest = read_trained(weights).digest
        pairs = [(d, n) for d in datasets for n in networks]
        return [
            dict(zip(levers.COLUMNS, (weights, digest, *pair, 1.5), strict=True)) for pair in pairs
        ]

    monkeypatch.setattr(levers, "scores", scores)
    return asked


def test_each_model_is_run_once_and_again_when_its_parameters_change(tmp_path, run):
    levers.record_levers(tmp_path, *PAIRS)
    assert run == list(levers.WEIGHTS)
    levers.record_levers(tmp_path, *PAIRS)
    assert run == list(levers.WEIGHTS)
    path = tmp_path / levers.TABLE
    table = pd.read_csv(path)
    table.loc[table["weights"] == "grnular-context", "digest"] = "0123456789"
    table.to_csv(path, index=False)
    again = levers.record_levers(tmp_path, *PAIRS)
    assert run[len(levers.WEIGHTS) :] == ["grnular-context"]
    assert len(again) == len(table) and not again.duplicated(["weights", "network"]).any()


def test_the_table_on_record_is_of_the_weights_that_ship():
    rows = pd.read_csv(recorded_folder() / levers.TABLE)
    assert set(levers.WEIGHTS) <= set(shipped()) and set(levers.WEIGHTS) <= set(RECIPES)
    for weights in levers.WEIGHTS:
        of_weights = rows[rows["weights"] == weights]
        assert set(of_weights["digest"]) == {read_trained(weights).digest}
        assert len(of_weights) == 15 and of_weights["strict_auprc_ratio"].between(0.3, 50).all()


def test_lines_give_a_geometric_mean_inside_its_interval():
    shown = levers.table(recorded_folder())
    assert list(shown["model"])[: len(levers.WEIGHTS)] == list(levers.WEIGHTS)
    for cell in shown["AUPRC / density"]:
        mean, low, high = (float(part.strip("[],")) for part in cell.split())
        assert low <= mean <= high
