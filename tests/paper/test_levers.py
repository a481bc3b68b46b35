"""The table of models tried on real data, from the record."""

from __future__ import annotations

import pandas as pd
from grnular_paper import levers
from grnular_paper.real_data import recorded_folder

from grnular_core.training.weights import read_trained, shipped


def test_the_table_on_record_is_of_the_weights_that_ship():
    rows = pd.read_csv(recorded_folder() / levers.TABLE)
    assert set(rows["weights"]) == set(levers.WEIGHTS)
    for weights in levers.WEIGHTS:
        of_weights = rows[rows["weights"] == weights]
        if weights in shipped():
            assert set(of_weights["digest"]) == {read_trained(weights).digest}
        assert len(of_weights) == 15 and of_weights["strict_auprc_ratio"].between(0.3, 50).all()


def test_lines_give_a_geometric_mean_inside_its_interval():
    shown = levers.table(recorded_folder())
    assert list(shown["model"])[: len(levers.WEIGHTS)] == list(levers.WEIGHTS)
    for cell in shown["AUPRC / density"]:
        mean, low, high = (float(part.strip("[],")) for part in cell.split())
        assert low <= mean <= high
