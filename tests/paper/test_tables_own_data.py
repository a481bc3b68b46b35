"""The page on a user's own cells: what it tells of edges, on edges counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from grnular_paper.tables import own_data as tables


@pytest.fixture
def edges() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "regulator": "A", "target": ["B", "C", "D"], "weight": [0.51234, 0.2, 0.1], "sign": [1, -1, 0],
            "rank": [1, 2, 3], "stability": [1.0, 0.9, 0.5], "mean_rank": [1.2, 2.0, 9.0],
            "q_value": [0.05, 0.1, 0.5],
        }
    )  # fmt: skip


def test_first_edges_have_what_was_asked_for(edges):
    table = tables.first_edges(edges, 2)
    assert table.iloc[0].tolist() == ["1", "A", "B", "+", "0.5123", "1.00", "1", "0.05"]
    assert table["sign"].tolist() == ["+", "−"]
    plain = tables.first_edges(edges.drop(columns=["stability", "mean_rank", "q_value"]))
    assert list(plain) == ["rank", "regulator", "target", "sign", "weight"] and len(plain) == 3


def test_stability_is_told_beside_chance(edges):
    text = tables.stability_in_words(edges, top=3, pairs=30)
    assert text.startswith("67 % of the 3 strongest edges") and text.endswith("in 10 % of the runs.")
    assert "in 0.003 % of the runs." in tables.stability_in_words(edges, 3, 100_000)
    assert "in 100 % of the runs." in tables.stability_in_words(edges, top=3, pairs=2)


def test_edges_are_counted_at_each_level():
    table = tables.fdr_table(np.array([0.01, 0.1, 0.3] * 500), (0.1, 0.2))
    assert table.iloc[0].tolist() == ["0.1", "1000", "1,500"] and table["FDR at most"].tolist() == ["0.1", "0.2"]


def test_scores_have_their_digits():
    scores = pd.DataFrame({"method": ["clr"], "auprc": 0.12345, "auprc_ratio": 1.5, "auroc": 0.5678, "epr": 2.0})
    assert tables.score_table(scores).iloc[0].tolist() == ["CLR", "0.1235", "1.50", "0.568", "2.00"]


def test_the_example_is_cut_to_its_most_variable_genes_or_missed_by_name(monkeypatch, small_data):
    monkeypatch.setattr(tables, "pairs_without_data", lambda *words: {tables.EXAMPLE: "has no file"})
    assert tables.example(5) == (None, "*The data are not available: mESC has no file.*")
    monkeypatch.setattr(tables, "pairs_without_data", lambda *words: {})
    monkeypatch.setattr(tables, "load_beeline", lambda *words: small_data)
    cut, reason = tables.example(4)
    assert cut.n_genes == 8 and reason == ""  # four TFs and four others
    assert tables.example(0)[0] is small_data


def test_notes_are_a_list():
    assert tables.notes_list(["note: a", "b"]) == "- a\n- b"
