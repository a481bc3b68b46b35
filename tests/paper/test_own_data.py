"""The page on a user's own cells: what it says of edges and differences counted by hand."""

import pandas as pd
import pytest
from grnular_paper import own_data as tables


def test_first_edges_are_those_of_every_group():
    edges = pd.DataFrame(
        {"regulator": "A", "target": ["B", "C", "D"], "weight": [0.51234, 0.2, 0.1], "sign": [1, -1, 0], "rank": [1, 2, 3]}
    )
    assert tables.first_edges(edges, 2).to_numpy().tolist() == [[1, "A", "B", "+", "0.5123"], [2, "A", "C", "−", "0.2"]]
    assert "unit" in tables.first_caption(edges, "clr") and "CollecTRI" not in tables.first_caption(edges, "clr")
    stated = edges.assign(precision=0.123, precision_low=0.04, precision_high=0.3)
    assert tables.first_edges(stated, 1).iloc[0, -1] == "0.12 [0.04, 0.3]" and "CollecTRI" in tables.first_caption(stated, "clr")
    both = pd.concat([edges.assign(group="x"), edges.assign(group="y")])
    assert tables.first_edges(both, 1)["group"].tolist() == ["x", "y"]


@pytest.fixture
def changes() -> dict[str, pd.DataFrame]:
    table = pd.DataFrame({
        "regulator": ["A", "A", "B", "C"], "target": [*"XYXX"], "weight_a": [0.1, 0.9, 0.2, 0.5], "weight_b": [0.8, 0.1, 0.7, 0.5],
        "q": [0.01, 0.02, 0.1, 0.5],
    })  # fmt: skip
    table.attrs["report"] = {"comparison": {"b": "drug", "overall_p": 0.04761}}
    none = table.assign(q=1.0)
    none.attrs = table.attrs
    return {"correlation": table, "clr": none}


def test_differences_are_counted_by_each_method(changes):
    table = tables.differences_table(changes)
    assert list(table) == ["method", "edges that differ", "stronger in drug", "overall p", "first ones"]
    assert table.iloc[0].tolist() == ["correlation", "3 of 4", "2", "0.048", "A → X, A → Y, B → X"]
    assert table.iloc[1].tolist() == ["CLR", "0 of 4", "0", "0.048", "none"]


def test_known_tfs_are_looked_for_among_the_differences(changes):
    said = tables.known_in_words(changes, "B, C")
    assert said == (
        "By correlation, TFs with most of these edges are A (2), B (1). Of the TFs known to act here there are B (1); "
        "not there: C."
    )
    assert tables.known_in_words(changes, "").endswith("B (1).")
    assert tables.known_in_words({"clr": changes["clr"]}, "B") == ""
