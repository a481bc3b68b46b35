"""Runs: what a row says, resuming, side by side, verification."""

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import linear_network
from grnular_paper import real_data, runs, synthetic
from grnular_paper.__main__ import main
from grnular_paper.real_data import RealTask, real_tasks
from grnular_paper.records import DETAILS, Record
from grnular_paper.runs import compare_with_record, run_missing, run_now, verify
from grnular_paper.synthetic import SyntheticTask, as_dataset, replicate_of, synthetic_tasks

from grnular_core.data.beeline import NETWORKS
from grnular_core.data.dataset import make_dataset
from grnular_core.data.downloads import Availability
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import METHODS, Inference
from grnular_core.scoring.paper import paper_scores
from grnular_core.scoring.strict import strict_scores
from grnular_core.simulation.simulate import preset, simulate, tf_names, truth_table
from grnular_core.training.batches import make_batches
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.cluster import cluster
from grnular_core.utils.errors import InputError, MethodError

QUIET = {"say": lambda line: None}
SIMULATED = ["clean", "noisy", "ds"]


def pretended(dataset, network, genes):
    expression, tfs, truth = linear_network(len(dataset))
    return make_dataset(expression, tfs, truth.iloc[NETWORKS.index(network) :], name=f"{dataset} {network}")


@pytest.fixture
def pretend(monkeypatch):
    """A small network in place of BEELINE's files, another truth for each network."""
    monkeypatch.setattr(real_data, "_loaded", pretended)
    monkeypatch.setattr(real_data, "is_cached", lambda key: True)
    monkeypatch.setattr(real_data, "available", lambda keys, **options: Availability())
    monkeypatch.setattr(real_data, "DRAWS", 5)


def empty(data, name, how):
    return Inference(edge_table(np.zeros((0, 0)), [], []), 0.0, 0.0)


# --- rows of simulated data


def test_the_oracle_is_perfect_and_random_scores_are_at_the_density():
    (perfect,), (chance,) = (SyntheticTask("clean", name, 0, n_cells=100).run() for name in ("oracle", "random"))
    assert perfect["strict_auprc"] == 1
    assert chance["strict_auprc"] == pytest.approx(chance["density"], abs=0.06)
    assert perfect["density"] == chance["density"] and perfect["device"] == "cpu"


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_papers_protocol_takes_simulated_truth_as_symmetric_and_real_truth_as_directed(
    pretend, monkeypatch, symmetric
):
    found = []
    module = synthetic if symmetric else real_data
    run_method = module.run_method
    monkeypatch.setattr(module, "run_method", lambda *a: found.append(run_method(*a)) or found[-1])
    if symmetric:
        (row,) = SyntheticTask("clean", "random", 0, n_cells=60).run()
        made = replicate_of("clean", 0, 60)
        of = truth_table(made), made.genes(), tf_names(made)
    else:
        data = as_dataset(replicate_of("clean", 0, 60))  # with edges that symmetry doubles
        monkeypatch.setattr(real_data, "_loaded", lambda *pair: data)
        row = RealTask("mDC", "random").run()["beeline"][0]
        of = data.truth, data.genes, data.tfs
    right, wrong = (paper_scores(found[0].edges, *of, symmetric_truth=s) for s in (symmetric, not symmetric))
    assert row["paper_auprc"] == right["auprc"] != wrong["auprc"]
    assert row["paper_auroc"] == right["auroc"] and row["paper_floor_auroc"] == right["floor_auroc"]


def test_edges_of_silent_genes_count_as_missed():
    simulation = replicate_of("noisy(75)", 0, 200)
    silent = (simulation.expression == 0).all(0)
    lost = silent[simulation.grn.target] | silent[simulation.grn.regulator]
    assert lost.any()
    (row,) = SyntheticTask("noisy(75)", "oracle", 0, n_cells=200).run()
    assert 1 - lost.mean() <= row["strict_auprc"] < 1  # the rest is tied at the end of the ranking
    assert row["density"] == pytest.approx(
        simulation.grn.n_edges / (len(simulation.tf_index) * (simulation.grn.n_genes - 1))
    )


def test_where_nothing_is_left_to_see_every_method_is_as_good_as_none():
    for method in ("oracle", "correlation"):
        (row,) = SyntheticTask("noisy(99.9)", method, 0, n_cells=100).run()
        assert row["strict_auprc"] == pytest.approx(row["density"])
        assert row["strict_auroc"] == pytest.approx(0.5)
        assert row["paper_auroc"] == pytest.approx(0.5) and row["seconds"] == 0


def test_test_graphs_are_those_that_training_never_sees():
    simulation = replicate_of("clean", 0)
    expression = {part: make_batches((("clean", 1),), part)[0].X[0].numpy() for part in ("train", "valid", "test")}  # fmt: skip
    assert np.array_equal(expression["test"], simulation.expression)
    for part in ("train", "valid"):
        assert not np.array_equal(expression[part], simulation.expression)


def test_without_tf_information_every_gene_may_regulate():
    simulation = simulate(preset("clean", n_cells=60), 1)
    assert len(as_dataset(simulation).tfs) == 10
    assert len(as_dataset(simulation, "without").tfs) == 100


def test_the_key_holds_what_fixes_the_data():
    key = SyntheticTask("noisy(25)", "ridge", 3, n_cells=500, n_types=2).key()
    assert (key["cells"], key["cell_types"], key["dropout_percentile"]) == (500, 2, 25.0)
    assert SyntheticTask("DS2-like", "ridge", 0).experiment == "ds"
    with pytest.raises(InputError, match="unknown preset"):
        SyntheticTask("celan", "ridge", 0).key()


@pytest.mark.parametrize(
    ("task", "weights"),
    [
        (SyntheticTask("DS1", "glad-tf", 0), "glad-tf-DS1"),
        (SyntheticTask("DS1", "grnular-context", 0), None),
        (SyntheticTask("clean", "glad-tf", 0, n_cells=60), None),
        (RealTask("mDC", "grnular"), "grnular-DS2"),
        (RealTask("mDC", "glad-tf"), "glad-tf-DS2"),
        (RealTask("mDC", "clr"), None),
    ],
    ids=lambda value: getattr(value, "label", value),
)
def test_the_papers_methods_run_with_the_weights_of_their_range(pretend, monkeypatch, task, weights):
    used = []
    for module in (synthetic, real_data):
        monkeypatch.setattr(module, "run_method", lambda *a: used.append(a[2].weights) or empty(*a))
    replica = replicate_of("clean", 0, 60)  # SERGIO's inputs have no part in this
    monkeypatch.setattr(synthetic, "replicate_of", lambda *data: replica)
    monkeypatch.setattr(synthetic, "_point_key", lambda *data: {})
    task.run()
    assert used == [weights]


def test_tuned_methods_take_the_settings_of_the_range_of_the_papers_weights(pretend, monkeypatch):
    used = []
    monkeypatch.setattr(real_data, "run_method", lambda *a: used.append(a[2].trained_like) or empty(*a))
    RealTask("mDC", "clr").run()
    assert used == ["DS2"]


# --- rows of real data


def test_quick_methods_come_first_and_only_drawing_ones_get_more_seeds():
    found = real_tasks(["mDC", "mESC"], ["genie3", "clr", "random"], [0, 1])
    assert [t.method for t in found[:2]] == ["clr", "clr"] and found[-1].method == "genie3"
    assert {(t.method, t.seed) for t in found} == {
        ("clr", 0), ("random", 0), ("random", 1), ("genie3", 0), ("genie3", 1)
    }  # fmt: skip


def test_one_inference_gives_every_number_of_every_network(pretend, monkeypatch):
    inferred = []
    run_method = real_data.run_method
    monkeypatch.setattr(real_data, "run_method", lambda *a: inferred.append(a) or run_method(*a))
    found = RealTask("mDC", "correlation").run()
    assert len(inferred) == 1
    rows, details = found["beeline"], found[DETAILS]
    assert len(rows) == len(details) == len({row["strict_auprc"] for row in rows}) == 3
    for row, detail in zip(rows, details, strict=True):
        assert row["network"] == detail["network"] and row["strict_epr"] == detail["epr"]
        assert row["strict_auprc_ratio"] == pytest.approx(detail["ratio"])
        assert detail["low"] <= detail["ratio"] <= detail["high"]
    assert not RealTask("mDC", "correlation", seed=1).run()[DETAILS]
    oracle = RealTask("mDC", "oracle").run()
    assert [row["strict_auprc"] for row in oracle["beeline"]] == [1, 1, 1] and not oracle[DETAILS]


def test_the_truth_itself_is_perfect_edge_by_edge(small_data):
    edges = small_data.truth[["regulator", "target"]].assign(weight=1.0, sign=1)
    found = real_data._detail_scores(small_data, edges)
    strict = strict_scores(edges, small_data.truth, small_data.genes, small_data.tfs)
    assert found["tf_precision"] == 1 and found["tfs_above"] == found["tfs"] > 0
    assert found["epr"] == pytest.approx(found["ratio"])
    assert found["epr_truth_genes"] == strict["epr_truth_genes"] != found["epr"]


def test_only_methods_that_use_a_device_are_recorded_on_it(pretend, monkeypatch):
    monkeypatch.setitem(METHODS, "clr", replace(METHODS["clr"], uses_device=True))
    for method, device in (("clr", "cuda"), ("ridge", "cpu")):
        rows = RealTask("mDC", method).run(device="cuda")["beeline"]
        assert {row["device"] for row in rows} == {device}


def test_real_rows_are_of_one_thread_whatever_the_machine_has(pretend, tmp_path, monkeypatch):
    threads, before = [], torch.get_num_threads()

    def look(work, run):
        threads.append(torch.get_num_threads())
        return METHODS["correlation"].scores(work, run)

    monkeypatch.setitem(METHODS, "clr", replace(METHODS["clr"], scores=look))
    torch.set_num_threads(2)
    try:
        run_missing(tmp_path, [RealTask("mDC", "clr")], **QUIET)
        verify(tmp_path, ["beeline"], 60, tolerance=1e-5, **QUIET)
        assert threads == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_can_not_be_run_says_what_is_missing(monkeypatch):
    gone = "beeline/TFs+500/mDC/STRING-network.csv.gz"
    found = Availability(reasons={gone: "cannot download"})
    monkeypatch.setattr(real_data, "is_cached", lambda key: False)
    monkeypatch.setattr(real_data, "available", lambda keys, **options: found)
    reasons = real_data.pairs_without_data(["mESC", "mDC", "mHSC-E"], ["STRING"], "TFs+500")
    assert set(reasons) == {("mDC", "STRING"), ("mHSC-E", "STRING")}
    assert "full download (BEELINE-data.zip)" in reasons["mHSC-E", "STRING"]
    assert gone in reasons["mDC", "STRING"]


# --- the loop


def test_recorded_tasks_are_not_run_again(pretend, tmp_path, monkeypatch):
    wanted = real_tasks(["mDC", "mESC"], ["correlation", "clr"], [0])
    assert run_missing(tmp_path, wanted[:1], **QUIET) == []
    assert len(Record(DETAILS, tmp_path).rows()) == 3
    done, run = [], RealTask.run
    monkeypatch.setattr(RealTask, "run", lambda self, **k: done.append(self) or run(self, **k))
    run_missing(tmp_path, wanted, **QUIET)
    assert done == wanted[1:]
    assert len(Record("beeline", tmp_path).rows()) == len(Record(DETAILS, tmp_path).rows()) == 12


def test_a_task_that_lacks_one_of_its_rows_is_run_again_and_keeps_the_others(pretend, tmp_path):
    run_missing(tmp_path, [RealTask("mDC", "clr", networks=NETWORKS[:1])], **QUIET)
    before = Record("beeline", tmp_path).rows().iloc[0].to_dict()
    Record("beeline", tmp_path).add([{**before, "commit": "0123456789"}], replace=True)
    run_missing(tmp_path, [RealTask("mDC", "clr")], **QUIET)
    rows = Record("beeline", tmp_path).rows()
    assert len(rows) == 3 and (rows["commit"] == "0123456789").sum() == 1


def test_details_on_record_are_those_of_the_run_that_is_on_record(pretend, tmp_path):
    """A run that is done anew brings its details, which are no others than those of its rows."""
    task, details = RealTask("mDC", "clr", networks=NETWORKS[:1]), Record(DETAILS, tmp_path)
    run_missing(tmp_path, [task], **QUIET)
    (first,) = details.rows().to_dict("records")
    details.add([{**first, "epr": 99.0}], replace=True)
    Record("beeline", tmp_path).path.unlink()
    run_missing(tmp_path, [task], **QUIET)
    assert details.rows()["epr"].tolist() == [first["epr"]]


def test_runs_with_another_gene_rule_are_rows_of_their_own(pretend, tmp_path):
    for rule in ("TFs+500", "top500"):
        run_missing(tmp_path, real_tasks(["mDC"], ["clr"], [0], rule, ["STRING"]), **QUIET)
    assert Record("beeline", tmp_path).rows()["genes"].tolist() == ["TFs+500", "top500"]
    assert real_data.recorded_pairs(tmp_path)["genes"].tolist() == ["TFs+500"]
    assert len(real_data.recorded_pairs(tmp_path, "top500")) == 1


def test_a_failing_task_is_told_and_stops_no_other(tmp_path):
    wanted = synthetic_tasks(["clean"], ["nonsense", "correlation"], range(2), n_cells=60)
    lines: list[str] = []
    failures = run_missing(tmp_path, wanted, say=lines.append)
    assert len(failures) == 2 and all("nonsense with TFs on clean" in line for line in failures)
    assert list(Record("clean", tmp_path).rows()["method"]) == ["correlation"] * 2
    lines.clear()
    run_missing(tmp_path, wanted, say=lines.append)
    assert len(lines) == 2  # only the failing ones are tried again
    rows, failures = run_now(wanted)
    assert len(rows) == len(failures) == 2


def test_parts_of_recorded_rows_go_and_those_of_a_failed_run_stay(tmp_path, monkeypatch):
    wanted = synthetic_tasks(["clean"], ["genie3", "grnboost2"], [0], n_cells=60)

    def keep(work, run):
        if run.parts:
            PartStore(run.parts, "run").save(0, np.zeros(3), 1.0)
        if failing:
            raise MethodError("no solution")
        return METHODS["correlation"].scores(work, run)

    for name in ("genie3", "grnboost2"):
        monkeypatch.setitem(METHODS, name, replace(METHODS[name], scores=keep))
    parts, options = tmp_path / "parts", {**QUIET, "parts": tmp_path / "parts"}
    failing = True
    assert len(run_missing(tmp_path, wanted, **options)) == 2
    assert len(list(parts.iterdir())) == 2
    failing = False
    with monkeypatch.context() as killed:  # at the worst moment: computed, not recorded
        killed.setattr(Record, "add", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_missing(tmp_path, wanted[:1], **options)
    assert len(list(parts.iterdir())) == 2
    assert run_missing(tmp_path, wanted[:1], **options) == []
    assert len(list(parts.iterdir())) == 1
    run_missing(tmp_path, wanted[1:], **QUIET)  # nothing is kept, nor cleared
    run_missing(tmp_path, wanted, **options)  # what a kill between recording and clearing leaves
    assert len(Record("clean", tmp_path).rows()) == 2 and not list(parts.iterdir())


SCORES = ["replicate", "method", "strict_auprc", "paper_auprc"]


def grid_rows(folder, n_workers=1, address="", say=lambda line: None):
    wanted = synthetic_tasks(["clean"], ["correlation", "ridge"], range(12), n_cells=60)
    with cluster(address):
        assert not run_missing(folder, wanted, say=say, n_workers=n_workers)
    return Record("clean", folder).rows()[SCORES]


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        victim = next(iter(local.workers.values())).pid
        seen = []

        def kill_after_three(line: str) -> None:
            seen.append(line)
            if len(seen) == 3:
                os.kill(victim, signal.SIGKILL)

        found = grid_rows(tmp_path / "dask", -1, local.scheduler_address, kill_after_three)
        with pytest.raises(ProcessLookupError):
            for _ in range(100):
                os.kill(victim, 0)
                time.sleep(0.1)
    assert len(seen) == len(set(seen)) == 24
    assert found.equals(grid_rows(tmp_path / "here"))


# --- verification


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_verification_passes_on_true_rows_and_names_a_changed_one(pretend, tmp_path, kind):
    methods = ["correlation", "clr"]
    wanted, experiments = (
        (synthetic_tasks(["clean"], methods, range(2), n_cells=60), SIMULATED)
        if kind == "simulated"
        else (real_tasks(["mDC"], methods, [0]), ["beeline"])
    )
    run_missing(tmp_path, wanted, **QUIET)
    compared = verify(tmp_path, experiments, 60, tolerance=1e-5, **QUIET)
    record = Record(wanted[0].experiment, tmp_path)
    rows = record.rows().to_dict("records")
    assert len(compared) == len(rows) and compared["difference"].max() < 1e-5
    rows[0]["strict_auroc"] *= 1.01
    record.add(rows[:1], replace=True)
    with pytest.raises(MethodError, match=rows[0]["method"]):
        verify(tmp_path, experiments, 60, tolerance=5e-3, **QUIET)
    verify(tmp_path, experiments, 60, tolerance=0.02, **QUIET)


def test_a_row_may_move_by_as_much_as_other_seeds_are_apart(pretend, tmp_path):
    run_missing(tmp_path, [RealTask("mDC", "correlation", s) for s in range(3)], **QUIET)
    record = Record("beeline", tmp_path)
    rows = record.rows()
    areas = [c for c in rows if "_au" in c]
    for factor, seed in ((1.3, "0"), (1.5, "1")):  # seed 2 moves by 1, the others are .14 apart
        rows.loc[rows["seed"] == seed, areas] *= factor
    record.add(rows.to_dict("records"), replace=True)
    with pytest.raises(MethodError, match="more than seeds"):
        verify(tmp_path, ["beeline"], 60, **QUIET)


def test_a_run_with_one_seed_takes_the_spread_of_its_pair_under_another_gene_rule():
    lines = [("TFs+500", seed, area) for seed, area in (("0", 0.5), ("1", 0.6), ("2", 0.55))] + [("TFs", "0", 0.3)]
    recorded = pd.DataFrame(lines, columns=["genes", "seed", "strict_auprc"])
    recorded = recorded.assign(dataset="mDC", network="STRING", method="clr")
    other = recorded.iloc[[3]].assign(method="ridge")
    rows = pd.concat([recorded.iloc[[0, 3]], other], ignore_index=True)
    apart = runs._seeds_apart(rows, pd.concat([recorded, other]), ["strict_auprc"])["strict_auprc"]
    assert apart.tolist() == pytest.approx([0.05 / 0.575, 0.1 / 0.55, 0])


def test_verification_keeps_to_its_budget_and_recomputes_nothing_without_a_record(pretend, tmp_path):
    assert verify(tmp_path, SIMULATED, 60, **QUIET).empty
    run_missing(tmp_path, [RealTask("mDC", "correlation")], **QUIET)
    record = Record("beeline", tmp_path)
    rows = [row | {"seconds": 100.0} for row in record.rows().to_dict("records")]
    record.add(rows, replace=True)
    assert verify(tmp_path, ["beeline"], 99, tolerance=1e-5, **QUIET).empty


def test_comparison_leaves_out_rows_that_only_one_side_has():
    key = {"dataset": "a", "network": "STRING", "genes": "g", "method": "clr", "cells": 5,
           "replicate": 0, "tf_information": "with"}  # fmt: skip
    live = pd.DataFrame([{**key, "seed": 0, "strict_auprc": 0.5}, {**key, "seed": 1, "strict_auprc": 0.5}])
    recorded = pd.DataFrame([{**key, "seed": 0, "strict_auprc": 0.25}]).astype(
        dict.fromkeys(("cells", "replicate", "seed"), str)
    )
    assert compare_with_record(live, recorded)["difference"].tolist() == [1.0]


@pytest.mark.parametrize("budget", ["-1", "0", "nan", "inf", "soon"])
def test_verify_takes_a_budget_that_can_be_spent(budget, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["verify", "--budget", budget])
    assert caught.value.code == 2
    assert f"number of seconds above 0 value: '{budget}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recorded", "lines"),
    [
        ("typo", "--recorded typo is no folder; expected one with the tables"),
        ("x.csv", "--recorded x.csv is no folder"),
        ("empty", "nothing was compared: no row of empty could be recomputed in 60 s; raise --budget"),
    ],
)
def test_verify_that_compares_nothing_is_no_success(tmp_path, monkeypatch, capsys, recorded, lines):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.csv").touch()
    assert main(["verify", "--recorded", recorded]) == 2
    assert lines in capsys.readouterr().err
