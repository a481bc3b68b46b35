"""EPR, precision TF by TF and intervals of real data: the table beside the record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from grnular_paper import details
from grnular_paper.real_data import Task

from grnular_core.methods.registry import METHODS, Inference
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import MethodError


@pytest.fixture
def pretend(small_data, monkeypatch):
    """Real data are the small set, whatever is asked for; the count of inferences."""
    calls = []

    def run(data, name, how):
        calls.append((name, how.seed, how.weights))
        if name == "genie3":
            raise MethodError("no trees today")
        edges = data.truth[["regulator", "target"]].assign(weight=1.0, sign=1)
        return Inference(edges, 0.0, 0.0)

    monkeypatch.setattr(details, "load_beeline", lambda *names: small_data)
    monkeypatch.setattr(details, "run_method", run)
    return calls


def test_the_truth_itself_is_perfect_in_every_number(small_data):
    edges = small_data.truth[["regulator", "target"]].assign(weight=1.0, sign=1)
    found = details.details(small_data, edges)
    assert found["tf_precision"] == 1 and found["tfs_above"] == found["tfs"] > 0
    assert found["epr"] == pytest.approx(found["ratio"])
    assert (
        found["epr_truth_genes"]
        == strict_scores(edges, small_data.truth, small_data.genes, small_data.tfs)[
            "epr_truth_genes"
        ]
        != found["epr"]
    )
    assert found["low"] <= found["ratio"] <= found["high"]


def test_a_method_is_inferred_once_for_all_networks_and_not_again(pretend, tmp_path):
    tasks = [Task("mESC", "correlation", 3), Task("mESC", "glad-tf")]
    assert details.record_details(tmp_path, tasks, say=lambda line: None) == []
    assert pretend == [("correlation", 3, None), ("glad-tf", 0, "glad-tf-DS2")]
    found = details.rows(tmp_path)
    assert len(found) == 6 and set(details.KEY + details.VALUES) <= set(found)
    details.record_details(tmp_path, tasks, say=lambda line: None)
    assert len(pretend) == 2 and found.equals(details.rows(tmp_path))


def test_a_failing_method_is_said_and_stops_no_other(pretend, tmp_path):
    tasks = [Task("mESC", "genie3"), Task("mESC", "clr")]
    failed = details.record_details(tmp_path, tasks, say=lambda line: None)
    assert failed == ["genie3 on mESC, seed 0: no trees today"]
    assert set(details.rows(tmp_path)["method"]) == {"clr"}


def test_new_rows_take_the_place_of_old_ones(tmp_path):
    row = dict.fromkeys(details.VALUES, 1.0) | dict(zip(details.KEY, "abcd", strict=True))
    details.add(tmp_path, [row])
    details.add(tmp_path, [row | {"epr": 2.0}, row | {"method": "e"}])
    found = details.rows(tmp_path)
    assert found["method"].tolist() == ["d", "e"] and found["epr"].tolist() == [2, 1]


def test_there_is_a_table_of_every_method_on_all_pairs():
    from grnular_paper.real_data import recorded_folder, recorded_pairs

    found = details.rows(recorded_folder())
    found = found[found["genes"] == "TFs+500"]
    counts = found.groupby("method").size()
    not_asked = {"grnboost2-arboreto", "grnboost2-shipped", "genie3-arboreto", "grnular-base", "oracle"}
    assert set(counts.index) == set(METHODS) - not_asked
    assert set(counts) == {15}
    # the same runs as on record
    both = found.merge(
        recorded_pairs(recorded_folder()).astype({"seed": int}),
        on=["dataset", "network", "method", "seed"],
    )
    assert len(both) > 100
    deviation = np.abs(both["ratio"] / both["strict_auprc_ratio"] - 1)
    assert deviation.max() < 0.02 and isinstance(found, pd.DataFrame)
