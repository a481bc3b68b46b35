"""The real-data experiment: tasks, rows, resuming, verification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import linear_network
from grnular_paper import real_data as experiments
from grnular_paper.real_data import Task, compare_with_record, run_missing, run_task, tasks, verify
from grnular_paper.records import Record

from grnular_core.data.beeline import NETWORKS
from grnular_core.data.dataset import make_dataset
from grnular_core.data.downloads import Availability
from grnular_core.data.edges import edge_table
from grnular_core.methods import tigress
from grnular_core.methods.registry import METHODS, Inference
from grnular_core.utils.errors import MethodError


def pretended(dataset, network, genes):
    expression, tfs, truth = linear_network(len(dataset))
    return make_dataset(
        expression, tfs, truth.iloc[NETWORKS.index(network) :], name=f"{dataset} {network}"
    )


@pytest.fixture
def pretend(monkeypatch):
    """A small network in place of BEELINE's files, another truth for each network."""

    monkeypatch.setattr(experiments, "_loaded", pretended)
    monkeypatch.setattr(experiments, "is_cached", lambda key: True)
    monkeypatch.setattr(experiments, "available", lambda keys, **options: Availability())


def test_quick_methods_come_first_and_only_drawing_ones_get_more_seeds():
    found = tasks(["mDC", "mESC"], ["genie3", "clr", "random"], [0, 1])
    assert [t.method for t in found[:2]] == ["clr", "clr"] and found[-1].method == "genie3"
    assert {(t.method, t.seed) for t in found} == {
        ("clr", 0), ("random", 0), ("random", 1), ("genie3", 0), ("genie3", 1)
    }  # fmt: skip


def test_one_inference_is_scored_on_every_network(pretend, monkeypatch):
    runs = []
    original = experiments.run_method
    monkeypatch.setattr(experiments, "run_method", lambda *a: runs.append(a) or original(*a))
    rows = run_task(Task("mDC", "correlation"))
    assert len(rows) == 3 and len(runs) == 1
    assert len({row["strict_auprc"] for row in rows}) == 3
    oracle = run_task(Task("mDC", "oracle"))
    assert [row["strict_auprc"] for row in oracle] == [1, 1, 1]


def test_only_methods_that_use_a_device_are_recorded_on_it(pretend, monkeypatch):
    monkeypatch.setitem(METHODS, "clr", replace(METHODS["clr"], uses_device=True))
    assert {row["device"] for row in run_task(Task("mDC", "clr"), device="cuda")} == {"cuda"}
    assert {row["device"] for row in run_task(Task("mDC", "ridge"), device="cuda")} == {"cpu"}


def test_recorded_tasks_are_not_run_again(pretend, tmp_path, monkeypatch):
    record = Record("beeline", tmp_path)
    wanted = tasks(["mDC", "mESC"], ["correlation", "clr"], [0])
    assert run_missing(record, wanted[:1], say=lambda text: None) == []
    done = []
    original = experiments.run_task
    monkeypatch.setattr(
        experiments, "run_task", lambda task, *a, **k: done.append(task) or original(task, *a, **k)
    )
    run_missing(record, wanted, say=lambda text: None)
    assert done == wanted[1:]
    assert len(record.rows()) == 12


def test_runs_with_another_gene_rule_are_rows_of_their_own(pretend, tmp_path):
    record = Record("beeline", tmp_path)
    for rule in ("TFs+500", "top500"):
        run_missing(record, tasks(["mDC"], ["clr"], [0], rule), ["STRING"], say=lambda line: None)
    assert record.rows()["genes"].tolist() == ["TFs+500", "top500"]
    assert experiments.recorded_pairs(tmp_path)["genes"].tolist() == ["TFs+500"]
    assert len(experiments.recorded_pairs(tmp_path, "top500")) == 1


@pytest.mark.parametrize(
    ("name", "weights"), [("grnular", "grnular-DS2"), ("glad-tf", "glad-tf-DS2"), ("clr", None)]
)
def test_the_papers_methods_run_with_the_weights_of_their_range(
    pretend, monkeypatch, name, weights
):
    used = []

    def run(data, method, how):
        used.append(how.weights)
        return Inference(edge_table(np.zeros((0, 0)), [], []), 0.0, 0.0)

    monkeypatch.setattr(experiments, "run_method", run)
    run_task(tasks(["mDC"], [name], [0])[0], ["STRING"])
    assert used == [weights]


def test_parts_stay_until_the_rows_are_on_record(pretend, tmp_path, monkeypatch):
    record, wanted = Record("beeline", tmp_path), tasks(["mDC"], ["tigress"], [0])
    options = {"parts": tmp_path / "parts", "n_jobs": 1, "say": lambda text: None}
    monkeypatch.setattr(Record, "add", lambda self, rows: 1 / 0)  # killed at the worst moment
    with pytest.raises(ZeroDivisionError):
        run_missing(record, wanted, **options)
    kept = sorted((tmp_path / "parts").rglob("*.npz"))
    assert kept
    monkeypatch.undo()
    monkeypatch.setattr(experiments, "_loaded", pretended)
    monkeypatch.setattr(tigress, "half_counts", lambda *a: pytest.fail("computed again"))
    run_missing(record, wanted, **options)
    assert len(record.rows()) == len(NETWORKS) and not list((tmp_path / "parts").iterdir())
    kept[0].parent.mkdir(parents=True)  # what a kill between recording and clearing leaves
    run_missing(record, wanted, **options)
    assert not list((tmp_path / "parts").iterdir())


def test_a_failing_task_is_reported_and_stops_no_other(pretend, tmp_path, monkeypatch):
    def fail(work, run):
        raise MethodError("no solution")

    monkeypatch.setitem(METHODS, "clr", replace(METHODS["clr"], scores=fail))
    record = Record("beeline", tmp_path)
    failures = run_missing(record, tasks(["mDC"], ["clr", "ridge"], [0]), say=lambda text: None)
    assert failures == ["clr on mDC, seed 0: no solution"]
    assert set(record.rows()["method"]) == {"ridge"}


def test_rows_are_of_one_thread_whatever_the_machine_has(pretend, tmp_path, monkeypatch):
    threads, before = [], torch.get_num_threads()

    def look(work, run):
        threads.append(torch.get_num_threads())
        return METHODS["correlation"].scores(work, run)

    monkeypatch.setitem(METHODS, "clr", replace(METHODS["clr"], scores=look))
    record = Record("beeline", tmp_path)
    torch.set_num_threads(2)
    try:
        run_missing(record, tasks(["mDC"], ["clr"], [0]), say=lambda text: None)
        verify(record, 60, seed=0, tolerance=1e-5, say=lambda text: None)
        assert threads == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_verification_passes_on_true_rows_and_names_a_changed_one(pretend, tmp_path):
    record = Record("beeline", tmp_path)
    wanted = tasks(["mDC"], ["correlation", "clr"], [0])
    run_missing(record, wanted, say=lambda text: None)
    compared = verify(record, 60, seed=0, tolerance=1e-5, say=lambda text: None)
    assert len(compared) == 6 and compared["difference"].max() < 1e-5
    rows = record.rows().to_dict("records")
    rows[0]["strict_auroc"] *= 1.01
    record.add(rows[:1], replace=True)
    with pytest.raises(MethodError, match=rows[0]["network"]):
        verify(record, 60, seed=0, tolerance=1e-5, say=lambda text: None)


def test_verification_lets_a_row_move_as_far_as_seeds_are_apart_and_no_further(pretend, tmp_path):
    """Rounding of other threads, carried through a fit, is one more seed."""
    record = Record("beeline", tmp_path)
    run_missing(record, tasks(["mDC"], ["random"], range(5)), say=lambda text: None)
    true = record.rows().to_dict("records")
    of_pair = [row for row in true if row["network"] == true[0]["network"]]
    row, *others = sorted(of_pair, key=lambda row: row["strict_auroc"])
    apart = others[-1]["strict_auroc"] - others[0]["strict_auroc"]
    assert apart > 0.001

    def checked(value):
        record.add([row | {"strict_auroc": value}], replace=True)
        return verify(record, 60, seed=0, tolerance=1e-5, say=lambda text: None)

    assert checked(row["strict_auroc"] + 0.8 * apart)["difference"].max() > 1e-4
    with pytest.raises(MethodError, match="more than seeds do"):
        checked(row["strict_auroc"] + 1.3 * apart)


def test_verification_keeps_to_its_budget(pretend, tmp_path):
    record = Record("beeline", tmp_path)
    run_missing(record, tasks(["mDC"], ["correlation"], [0]), say=lambda text: None)
    rows = [row | {"seconds": 100.0} for row in record.rows().to_dict("records")]
    record.add(rows, replace=True)
    assert verify(record, 99, seed=0, tolerance=1e-5).empty


def test_comparison_leaves_out_rows_that_only_one_side_has():
    key = {"dataset": "a", "network": "STRING", "genes": "g", "method": "clr"}
    live = pd.DataFrame(
        [{**key, "seed": 0, "strict_auprc": 0.5}, {**key, "seed": 1, "strict_auprc": 0.5}]
    )
    recorded = pd.DataFrame([{**key, "seed": "0", "strict_auprc": 0.25}])
    compared = compare_with_record(live, recorded)
    assert compared["difference"].tolist() == [1.0]


def test_what_can_not_be_run_says_what_is_missing(monkeypatch):
    gone = "beeline/TFs+500/mDC/STRING-network.csv.gz"
    found = Availability(reasons={gone: "cannot download"})
    monkeypatch.setattr(experiments, "is_cached", lambda key: False)
    monkeypatch.setattr(experiments, "available", lambda keys, **options: found)
    reasons = experiments.pairs_without_data(["mESC", "mDC", "hESC"], ["STRING"], "TFs+500")
    assert set(reasons) == {("mDC", "STRING"), ("hESC", "STRING")}
    assert "full download (BEELINE-data.zip)" in reasons["hESC", "STRING"]
    assert gone in reasons["mDC", "STRING"]
