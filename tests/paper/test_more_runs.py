"""Runs on the real cells beside BEELINE's."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from grnular_paper import more_runs
from grnular_paper import real_data as beeline_runs
from grnular_paper.more_runs import TF_LISTS, MoreTask, _set_keys, more_tasks, sets_without_data
from grnular_paper.records import MORE_CELLS, MORE_PAIRS, Record
from grnular_paper.runs import run_missing

from grnular_core.data.dataset import make_dataset
from grnular_core.data.downloads import is_cached
from grnular_core.methods.registry import METHODS, infer
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError


@pytest.fixture
def small_set(monkeypatch):
    """A set named tuck with one network that it keeps, one that is too small, and four strict TFs of twelve."""
    expression, tfs, truth = linear_network(n_genes=40, n_tfs=12)
    data = make_dataset(expression, tfs, name="tuck", orientation="cells-x-genes")
    networks = {"TRRUST": truth, "ENCODE": truth.head(20)}
    monkeypatch.setattr(more_runs, "load_cells", lambda name: data)
    monkeypatch.setattr(more_runs, "_confirmed_tfs", lambda given: list(given.tfs)[:4])
    monkeypatch.setattr(more_runs, "networks_of", lambda species: list(networks))
    monkeypatch.setattr(more_runs, "network", lambda name, species: networks[name])
    return data, truth


def test_one_inference_is_scored_as_the_strict_protocol_does(small_set):
    data, truth = small_set
    found = MoreTask("tuck", "ridge").run()
    (row,) = found[MORE_CELLS]  # four TFs and few edges are left out
    assert (row["network"], row["kind"], row["tf_list"]) == ("TRRUST", "curated", "BEELINE")
    edges = infer(data, "ridge")
    expected = strict_scores(edges, truth, data.genes, data.tfs)
    for name in ("density", "auprc", "auprc_ratio", "auroc", "epr"):
        assert row[name if name == "density" else f"strict_{name}"] == pytest.approx(expected[name])
    by_target = beeline_runs._target_scores(replace(data, truth=truth), edges)
    assert row["ratio_others"] == pytest.approx(by_target["ratio_others"])


def test_a_method_that_is_fitted_on_the_development_sets_runs_by_what_has_not_seen_the_set(small_set, monkeypatch):
    monkeypatch.setattr(more_runs, "held_out_scores", METHODS["clr"].scores)
    (unseen,), (clr,) = (MoreTask("tuck", name).run()[MORE_CELLS] for name in ("grnular-curated", "clr"))
    assert unseen["strict_auprc"] == clr["strict_auprc"] and unseen["method"] == "grnular-curated"


def test_pairs_that_are_left_out_are_listed(small_set):
    pairs = pd.DataFrame(MoreTask("tuck", "random").run()[MORE_PAIRS])
    assert list(pairs["kept"]) == [1, 0, 0, 0]
    assert list(pairs["tf_list"]) == [*TF_LISTS, *TF_LISTS] and list(pairs["network"].unique()) == ["TRRUST", "ENCODE"]


def test_targets_that_are_no_tfs_are_scored_apart(small_set):
    (row,) = MoreTask("tuck", "target-is-tf").run()[MORE_CELLS]
    # no edge of this network ends in a TF: those that score 1 are wrong, and all others tie
    assert row["ratio_others"] == pytest.approx(1) and row["strict_epr"] == 0


def test_runs_go_to_the_record_once(small_set, tmp_path):
    wanted = more_tasks(["tuck"], ["correlation", "random"], [0, 1])
    assert [task.label for task in wanted] == [
        "correlation on tuck, seed 0", "random on tuck, seed 0", "random on tuck, seed 1",
    ]  # fmt: skip
    said: list[str] = []
    assert run_missing(tmp_path, wanted, say=said.append) == [] and len(said) == 3
    rows, pairs = Record(MORE_CELLS, tmp_path).rows(), Record(MORE_PAIRS, tmp_path).rows()
    assert len(rows) == 3 and len(pairs) == 4 and np.isfinite(rows["strict_auprc_ratio"]).all()
    assert run_missing(tmp_path, wanted, say=said.append) == [] and len(said) == 3


def test_slow_methods_come_last_and_a_method_that_looks_up_the_answer_is_refused():
    order = [task.method for task in more_tasks(["tuck", "lungT"], ["genie3", "clr", "correlation"], [0])]
    assert order == ["clr", "correlation"] * 2 + ["genie3"] * 2
    with pytest.raises(InputError, match="oracle needs the reference network"):
        MoreTask("tuck", "oracle").run()


def test_files_are_named_and_sets_without_them_told(no_data):
    keys = _set_keys("tuck", ["TRRUST", "ENCODE", "Non-Specific"])
    assert len(keys) == len(set(keys)) == 7 and "networks/hgnc_mgi_annotation.rds" in keys
    assert not any("Non-Specific" in key for key in _set_keys("lungT", ["TRRUST", "Non-Specific"]))
    reasons = sets_without_data(["tuck"], ["TRRUST"], download=False)
    assert "4 files could not be downloaded, e.g. more/tuck/Tuck_PAGA510genes.h5ad" in reasons["tuck"]


def test_correlation_has_its_numbers_on_a_real_set(real_data):
    if not all(map(is_cached, _set_keys("lungT", ["TRRUST", "ENCODE"]))):
        pytest.skip("the files of lungT are not at hand")
    rows = pd.DataFrame(MoreTask("lungT", "correlation", networks=("TRRUST", "ENCODE")).run()[MORE_CELLS])
    ratios = rows.set_index(["network", "tf_list"])["strict_auprc_ratio"]
    assert ratios["TRRUST", "BEELINE"] == pytest.approx(3.0195, rel=1e-3)
    assert ratios["ENCODE", "strict"] == pytest.approx(1.2049, rel=1e-3)
