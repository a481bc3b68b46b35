"""Simulations by the conventions of the public code, at a dropout of 75 %."""

import pandas as pd
import pytest
from grnular_paper import published_code
from grnular_paper.records import Record, recorded_folder, recorded_table
from grnular_paper.synthetic import replicate_of


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published_code, "METHODS", ("oracle", "correlation"))
        return published_code.conventions(2)


def test_a_setting_changes_its_convention_alone():
    settings = published_code._dropout_settings()
    paper = settings.pop("as in the paper")
    assert paper.technical.dropout == (20, 75) and paper.graph.K == (1.0, 5.0)
    assert paper.graph.repression == 0.5
    seen = [(s.technical.dropout[0], s.graph.repression, s.graph.K[0]) for s in settings.values()]
    assert seen == [(6.5, 0.5, 1.0), (20, 0.0, 1.0), (20, 0.5, 0.01), (6.5, 0.0, 0.01)]
    assert all(s.kinetics == paper.kinetics for s in settings.values())


def test_the_shape_decides_what_is_seen(found):
    at = found.set_index("setting")
    assert at.loc["as in the paper", "tfs"] < 0.5 < 0.9 < at.loc["shape 6.5", "tfs"]
    assert at.loc["as in the paper", "oracle"] < 0.5 < 0.9 < at.loc["shape 6.5", "oracle"]
    assert (found["correlation"] < found["oracle"]).all() and (found["graphs"] == 2).all()


def test_the_recorded_table_is_of_the_same_graphs(found):
    recorded = recorded_table(recorded_folder(), published_code.CONVENTIONS)
    assert list(recorded["setting"]) == list(found["setting"])
    shown = published_code.conventions_table(recorded)
    assert shown.shape == (5, 4 + len(published_code.METHODS))
    text = published_code.conventions_in_words(recorded)
    shown = [f"{recorded['oracle'][i]:.2f}" for i in (1, 0)]
    assert f"oracle reaches {shown[0]} (with 20:" in text and f"and {shown[1]})" in text
    assert published_code.conventions_in_words(recorded.iloc[:0]) == ""
    soft = recorded.iloc[1]
    assert f"has {soft['grnular']:.3f}, GRNBoost2 {soft['grnboost2']:.3f}, correlation {soft['correlation']:.3f}" in text
    assert "the claim on 75 % is not supported" in text
    better = published_code.conventions_in_words(recorded.assign(grnular=0.9))
    assert "the claim on 75 % is supported" in better


def test_lost_edges_and_the_early_stop_are_recorded_once(tmp_path, monkeypatch, found):
    monkeypatch.setattr(published_code, "DATASETS", ("DS1-like",))
    monkeypatch.setattr(published_code, "STOPS_EARLY", "correlation")
    monkeypatch.setattr(published_code, "N_GRAPHS", 1)
    monkeypatch.setattr(published_code, "conventions", lambda: found)
    assert published_code.record_missing(tmp_path) == []
    network = replicate_of("DS1-like", 0)
    lost = published_code._lost_edges(network.adjacency, network.tf_index)
    table = recorded_table(tmp_path, "triangle")
    assert table["edges"].tolist() == [network.adjacency.sum()]
    assert table["lost"].tolist() == [pytest.approx(lost / network.adjacency.sum(), rel=1e-5)]
    assert len(Record("clean", tmp_path).rows()) == 1
    assert len(recorded_table(tmp_path, published_code.CONVENTIONS)) == len(found)
    (tmp_path / "triangle.csv").write_text("as it was")
    published_code.record_missing(tmp_path)
    assert (tmp_path / "triangle.csv").read_text() == "as it was"
