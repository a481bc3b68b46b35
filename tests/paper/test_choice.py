"""The comparison that chose the weights for measured cells."""

from __future__ import annotations

import pandas as pd
import pytest
from grnular_paper import choice
from grnular_paper.real_data import recorded_folder


def test_the_table_has_geometric_means(tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "COMPARED", ("a", "b"))
    monkeypatch.setattr(choice, "FAMILIES", ("f",))
    lines = [("f", 0, "a", 1.0), ("f", 4, "a", 4.0), ("f", 0, "b", 3.0), ("f", 4, "b", 3.0)]
    rows = pd.DataFrame(lines, columns=["family", "seed", "model", "ratio"])
    rows.to_csv(tmp_path / choice.TABLE, index=False)
    found = choice.table(tmp_path)
    assert found.loc["a", "f"] == pytest.approx(2) and found.loc["b", "f"] == pytest.approx(3)


def test_on_record_the_weights_that_ship_are_the_best_by_the_rule():
    found = choice.table(recorded_folder())
    for family in ("measured-large", "measured"):
        assert found[family].idxmax() == "grnular-cells"
