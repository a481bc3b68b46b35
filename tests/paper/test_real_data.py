"""Runs on real cells: by what the targets are, beside chance, and of each network's own genes."""

from dataclasses import replace

import pandas as pd
import pytest
from grnular_paper import real_data
from grnular_paper.real_data import RealTask, real_tasks
from grnular_paper.records import CHANCE, DETAILS, TARGETS, Record
from grnular_paper.runs import run_missing

from grnular_core.data.beeline import NETWORKS
from grnular_core.data.dataset import make_dataset

QUIET = {"say": lambda line: None}


def test_scores_by_target_tell_what_ranks_tfs_first_from_what_knows_more(small_data, tmp_path, monkeypatch):
    """Truth made so that edges into TFs are many, and a method that only ranks those first."""
    tfs, others = small_data.tfs, [gene for gene in small_data.genes if gene not in small_data.tfs]
    pairs = [(a, b) for a in tfs[:4] for b in tfs if a != b] + [(a, others[0]) for a in tfs[:4]]
    data = replace(small_data, truth=pd.DataFrame(pairs, columns=["regulator", "target"]).assign(sign=0))
    monkeypatch.setattr(real_data, "_loaded", lambda *_: data)
    found = RealTask("mDC", "target-is-tf").run()
    (row, *_), whole = found[TARGETS], found["beeline"][0]["strict_auprc_ratio"]
    assert row["ratio_tfs"] == row["ratio_others"] == pytest.approx(1) and whole > 3
    chance = RealTask("mDC", "random").run()[CHANCE][0]
    assert chance["true_into_tfs"] == 16 / 20 and chance["candidates_into_tfs"] == 16 / 116
    assert chance["low"] < 1 < chance["high"] and chance["others_low"] < 1 < chance["others_high"]
    assert (chance["true"], chance["regulators"]) == (20, 4) and "method" not in chance
    # asked for where the scores are recorded, these alone are written
    run_missing(tmp_path, [RealTask("mDC", "random", experiment=TARGETS)], **QUIET)
    assert len(Record(TARGETS, tmp_path).rows()) == len(Record(CHANCE, tmp_path).rows()) == 3
    assert Record("beeline", tmp_path).rows().empty and Record(DETAILS, tmp_path).rows().empty


def test_where_genes_depend_on_the_network_each_is_inferred_of_its_own(small_data, monkeypatch):
    """The same scores as of each network alone; no gene of one is missing from the edges of another."""
    frame = small_data.adata.to_df()
    part = make_dataset(frame.iloc[:, :20], small_data.tfs, small_data.truth, orientation="cells-x-genes")
    of = dict(zip(NETWORKS, (part, small_data, part), strict=True))
    monkeypatch.setattr(real_data, "_loaded", lambda dataset, network, genes: of[network])
    together = RealTask("mDC", "correlation", genes="top500").run()["beeline"]
    for row in together:
        alone = RealTask("mDC", "correlation", genes="top500", networks=(row["network"],)).run()["beeline"][0]
        assert row["strict_auprc"] == alone["strict_auprc"] and row["paper_auroc"] == alone["paper_auroc"]


def test_scores_by_target_are_asked_for_once_and_of_methods_without_the_truth():
    found = real_tasks(["mDC"], ["clr", "ridge", "oracle"], [0, 1], experiment=TARGETS)
    assert {(t.method, t.seed, t.experiment) for t in found} == {("clr", 0, TARGETS), ("ridge", 0, TARGETS)}
    assert all("seed" not in identity for t in found for identity in t.identities())
