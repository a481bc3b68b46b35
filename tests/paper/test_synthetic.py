"""Runs on simulated data: what a row says, and that test graphs are what they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from grnular_paper import synthetic
from grnular_paper.records import Record
from grnular_paper.synthetic import (
    SyntheticTask,
    as_dataset,
    replicate_of,
    run_missing_synthetic,
    run_synthetic,
    synthetic_tasks,
    verify_synthetic,
)

from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import METHODS, Inference
from grnular_core.simulation.simulate import preset, simulate
from grnular_core.training.batches import make_batches
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import InputError, MethodError


def test_the_oracle_is_perfect_and_random_scores_are_at_the_density():
    perfect = run_synthetic(SyntheticTask("clean", "oracle", 0, n_cells=100))
    chance = run_synthetic(SyntheticTask("clean", "random", 0, n_cells=100))
    assert perfect["strict_auprc"] == 1
    assert chance["strict_auprc"] == pytest.approx(chance["density"], abs=0.06)
    assert perfect["density"] == chance["density"]
    assert perfect["device"] == "cpu"


def test_edges_of_silent_genes_count_as_missed():
    task = SyntheticTask("noisy(75)", "oracle", 0, n_cells=200)
    simulation = replicate_of("noisy(75)", 0, 200)
    silent = (simulation.expression == 0).all(0)
    lost = silent[simulation.grn.target] | silent[simulation.grn.regulator]
    assert lost.any()
    row = run_synthetic(task)
    found = 1 - lost.mean()
    assert found <= row["strict_auprc"] < 1  # the rest is tied at the end of the ranking
    assert row["density"] == pytest.approx(
        simulation.grn.n_edges / (len(simulation.tf_index) * (simulation.grn.n_genes - 1))
    )


def test_where_nothing_is_left_to_see_every_method_is_as_good_as_none():
    for method in ("oracle", "correlation"):
        row = run_synthetic(SyntheticTask("noisy(99.9)", method, 0, n_cells=100))
        assert row["strict_auprc"] == pytest.approx(row["density"])
        assert row["strict_auroc"] == pytest.approx(0.5)
        assert row["paper_auroc"] == pytest.approx(0.5) and row["seconds"] == 0


def test_test_graphs_are_those_that_training_never_sees():
    batch = make_batches((("clean", 1),), "test")[0]
    simulation = replicate_of("clean", 0)
    assert np.array_equal(batch.X[0].numpy(), simulation.expression)
    for part in ("train", "valid"):
        other = make_batches((("clean", 1),), part)[0]
        assert not np.array_equal(other.X[0].numpy(), simulation.expression)


def test_without_tf_information_every_gene_may_regulate():
    simulation = simulate(preset("clean", n_cells=60), 1)
    assert len(as_dataset(simulation).tfs) == 10
    assert len(as_dataset(simulation, "without").tfs) == 100


@pytest.mark.parametrize(
    ("preset", "method", "weights"),
    [("DS1", "glad-tf", "glad-tf-DS1"), ("DS1", "grnular-context", None), ("clean", "glad-tf", None)],
)
def test_the_papers_methods_have_weights_of_their_own_on_sergios_data(
    real_data, monkeypatch, preset, method, weights
):
    used = []

    def run(data, name, how):
        used.append(how.weights)
        return Inference(edge_table(np.zeros((0, 0)), [], []), 0.0, 0.0)

    monkeypatch.setattr(synthetic, "run_method", run)
    run_synthetic(SyntheticTask(preset, method, 0))
    assert used == [weights]


def test_the_key_holds_what_fixes_the_data():
    key = SyntheticTask("noisy(25)", "ridge", 3, n_cells=500, n_types=2).key()
    assert (key["cells"], key["cell_types"], key["dropout_percentile"]) == (500, 2, 25.0)
    assert SyntheticTask("DS2-like", "ridge", 0).experiment == "ds"
    with pytest.raises(InputError, match="unknown preset"):
        SyntheticTask("celan", "ridge", 0).key()


def test_rows_on_record_are_not_computed_again_and_failures_do_not_stop_the_rest(tmp_path):
    wanted = synthetic_tasks(["clean"], ["nonsense", "correlation"], range(2), n_cells=60)
    said: list[str] = []
    failures = run_missing_synthetic(tmp_path, wanted, say=said.append)
    assert len(failures) == 2 and all("nonsense" in line for line in failures)
    rows = Record("clean", tmp_path).rows()
    assert list(rows["method"]) == ["correlation"] * 2
    said.clear()
    run_missing_synthetic(tmp_path, wanted, say=said.append)
    assert len(said) == 2  # only the failing ones are tried again


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
    parts, options = tmp_path / "parts", {"say": lambda text: None, "parts": tmp_path / "parts"}
    failing = True
    assert len(run_missing_synthetic(tmp_path, wanted, **options)) == 2
    assert len(list(parts.iterdir())) == 2
    failing = False
    assert run_missing_synthetic(tmp_path, wanted[:1], **options) == []
    assert len(list(parts.iterdir())) == 1
    run_missing_synthetic(
        tmp_path, wanted[1:], say=lambda text: None
    )  # nothing is kept, nor cleared
    run_missing_synthetic(tmp_path, wanted, **options)
    assert len(Record("clean", tmp_path).rows()) == 2 and not list(parts.iterdir())


def test_verification_finds_a_row_that_moved(tmp_path):
    wanted = synthetic_tasks(["clean"], ["correlation", "clr"], range(2), n_cells=60)
    run_missing_synthetic(tmp_path, wanted, say=lambda text: None)
    checked = verify_synthetic(tmp_path, 60, seed=0, tolerance=1e-5, say=lambda text: None)
    assert len(checked) == 4 and checked["difference"].max() < 1e-5
    record = Record("clean", tmp_path)
    row = record.rows().iloc[0].to_dict()
    record.add([{**row, "strict_auprc": row["strict_auprc"] * 1.01}], replace=True)
    with pytest.raises(MethodError, match="moved by more"):
        verify_synthetic(tmp_path, 60, seed=0, tolerance=1e-3, say=lambda text: None)


def test_verification_without_a_record_or_a_budget_recomputes_nothing(tmp_path):
    assert verify_synthetic(tmp_path, 60, 0, 1e-5, say=lambda text: None).empty
