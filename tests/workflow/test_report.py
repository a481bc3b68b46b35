"""The report: complete, json, without a folder of the machine; scores with their controls."""

import json
from dataclasses import replace

import pandas as pd
from small_data import small_table, write_10x

from grnular_core.cli.infer import _score_line
from grnular_core.data.downloads import sha256
from grnular_core.methods.registry import RunOptions, infer
from grnular_core.workflow.analysis import Network, Plan, infer_network
from grnular_core.workflow.report import Inputs, flat, make_report


def report_of(data, name="clr", plan=None, inputs=None, run=None):
    plan, run = plan or Plan(), run or RunOptions()
    found = infer_network(data, name, run, plan)
    return make_report(inputs or Inputs(None, "mouse"), data, name, run, plan, found)


def test_it_is_json_with_hashes_and_options_and_holds_no_folder(small_data, tmp_path):
    names = {"sha256": "cells.csv", "tfs_sha256": "tfs.txt", "truth_sha256": "net.csv"}
    for name in names.values():
        (tmp_path / name).write_text(name)
    cells, *others = (tmp_path / name for name in names.values())
    inputs = Inputs(cells, *map(str, others), {"layer": "raw"}, ("said",))
    report = report_of(small_data, inputs=inputs)
    assert str(tmp_path) not in json.dumps(report, allow_nan=False)
    assert report["input"]["tfs"] == "tfs.txt" and report["input"]["truth"] == "net.csv"
    assert {k: report["input"][k] for k in names} == {
        key: sha256(tmp_path / name) for key, name in names.items()
    }
    assert report["input"]["options"] == {"layer": "raw"} and report["data"]["notes"] == ["said"]
    assert report["data"]["cells"] == 300 and report["packages"]["numpy"]


def test_models_name_their_weights_and_device(small_data):
    assert report_of(small_data, "grnular-context")["method"]["weights"] == "grnular-context"
    own = report_of(small_data, "grnular-context", run=RunOptions(weights="grnular-cells", device="cpu"))
    assert own["method"]["weights"] == "grnular-cells" and own["method"]["device"] == "cpu"


def test_stability_counts_the_top_edges_alone(small_data):
    edges = infer(small_data, "clr")
    column = pd.Series([1.0, 0.9, 0.8], index=range(3))
    found = Network(edges.assign(stability=column))
    how = ("clr", RunOptions(), Plan(10, top=3))
    report = make_report(Inputs(None, "x"), small_data, *how, found)
    assert report["result"]["top_edges_in_9_of_10_runs"] == 2


def test_without_a_truth_there_are_no_scores_and_undefined_ones_are_null(small_data):
    assert report_of(replace(small_data, truth=None))["scores"] is None
    turned = small_data.truth.rename(columns={"regulator": "target", "target": "regulator"})
    scores = report_of(replace(small_data, truth=turned))["scores"]
    assert scores["auprc"] is None and "not defined" in _score_line(scores)


def test_flat_lines_leave_out_what_is_empty_and_name_the_section():
    lines = flat({"a": 1, "b": {"c_d": 0.123456, "e": None}, "n": ["x", "y"], "empty": ""})
    assert lines == [("a", "1"), ("b: c d", "0.1235"), ("n", "x"), ("n", "y")]


def test_a_folder_as_input_has_a_hash_of_each_file(small_data, tmp_path):
    write_10x(small_table(), tmp_path / "10x")
    (tmp_path / "x").write_text("A\n")
    hashes = report_of(small_data, inputs=Inputs(tmp_path / "10x", "x"))["input"]["sha256"]
    assert set(hashes) == {"matrix.mtx", "features.tsv", "barcodes.tsv"}
    assert hashes["matrix.mtx"] == sha256(tmp_path / "10x" / "matrix.mtx")
    assert report_of(small_data, inputs=Inputs(None, "x"))["input"]["sha256"] is None
