"""The recorded tables about published code: what is in them, that they are made once."""

from __future__ import annotations

import pandas as pd
import pytest
from grnular_paper import as_published
from grnular_paper.real_data import recorded_folder
from grnular_paper.synthetic import replicate_of


@pytest.fixture
def pretended(monkeypatch) -> list:
    """A row without the minutes that it takes; the tasks that were asked for."""
    asked = []

    def row(task):
        asked.append(task)
        scores = {
            "strict_auprc": 0.25,
            "paper_auprc": 0.125,
            "cpu_seconds": 3.0,
            "network": "simulated",
        }
        return {**task.key(), **scores}

    monkeypatch.setattr(as_published, "run_synthetic", row)
    return asked


def test_lost_edges_are_a_share_of_all_edges(tmp_path):
    table = as_published.record_lost_edges(tmp_path, ["DS1-like"])
    network = replicate_of("DS1-like", 0)
    lost = as_published.lost_edges(network.adjacency, network.tf_index)
    assert table["edges"].tolist() == [network.adjacency.sum()]
    assert table["lost"].tolist() == [lost / network.adjacency.sum()]
    written = pd.read_csv(tmp_path / "triangle.csv")
    pd.testing.assert_frame_equal(written, table, rtol=1e-5)
    assert list(written) == list(pd.read_csv(recorded_folder() / "triangle.csv"))


def test_the_early_stop_is_recorded_as_the_committed_table_is(tmp_path, pretended):
    as_published.record_early_stop(tmp_path, n_graphs=3)
    assert [task.replicate for task in pretended] == [0, 1, 2]
    assert {(task.preset, task.method) for task in pretended} == {("clean", "grnboost2-shipped")}
    written = pd.read_csv(tmp_path / "early_stop.csv")
    assert list(written) == list(pd.read_csv(recorded_folder() / "early_stop.csv"))
    assert (written["strict_auprc"] == 0.25).all() and written["commit"].notna().all()


def test_tables_that_are_there_are_left_alone(tmp_path, pretended, monkeypatch):
    monkeypatch.setitem(as_published.record_lost_edges.__globals__, "DATASETS", ("DS1-like",))
    (tmp_path / "triangle.csv").write_text("as it was")
    assert as_published.record_missing(tmp_path) == ["early_stop.csv"]
    assert (tmp_path / "triangle.csv").read_text() == "as it was"
    assert as_published.record_missing(tmp_path) == []
