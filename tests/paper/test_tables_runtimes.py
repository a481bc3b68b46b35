"""The page on runtimes: recorded times beside the paper's and beside scores."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper.runtimes import METHODS
from grnular_paper.tables import runtimes as tables

from grnular_core.utils.errors import DownloadError


@pytest.fixture
def recorded() -> pd.DataFrame:
    rows = [
        ("forward: H1 = 200", 2.5, 5.0, np.nan, "cpu, 2 threads"),
        ("grnular-context", 3.0, 6.0, 0.1234, "cpu, 1 threads"),
        ("grnboost2-arboreto", 1500.0, 3000.0, 0.05, "cpu, 2 threads"),
    ]
    return pd.DataFrame(rows, columns=["method", "seconds", "cpu_seconds", "strict_auprc", "device"])


def test_the_devices_of_all_runs_are_named_once(recorded):
    assert tables.devices(recorded) == "recorded: 3 runs (cpu, 1 thread; cpu, 2 threads)"
    assert "nothing recorded" in tables.devices(recorded.iloc[:0])


@pytest.mark.parametrize(
    ("environments", "words"),
    [
        (["", "", ""], "cpu, 1 thread or cpu, 2 threads; the processor was not noted"),
        (["a", "", "b"], "cpu, 1 thread or cpu, 2 threads; the processor of 2 of 3 runs was not noted, of the others One CPU"),
        (["a", "a", "a"], "cpu, 1 thread or cpu, 2 threads; one processor: One CPU"),
        (["a", "c", "a"], "cpu, 1 thread or cpu, 2 threads; 2 processors: One CPU and Other"),
    ],
)
def test_processors_of_recorded_times_are_told_as_far_as_they_are_known(recorded, environments, words):
    texts = {"a": "torch=2 processor=One_CPU torch_cpu=AVX2", "b": "torch=2", "c": "torch=2 processor=Other torch_cpu=AVX2", "": ""}
    assert tables.recorded_on(recorded.assign(environment=[texts[name] for name in environments])) == words


@pytest.mark.parametrize(
    ("seconds", "text"), [(1234.6, "1235"), (100, "100"), (12.345, "12.3"), (2, "2.00"), (0.05, "0.0500")]
)  # fmt: skip
def test_times_have_three_digits(seconds, text):
    assert tables._spelled(seconds) == text


def test_forward_passes_stand_beside_the_papers(recorded):
    printed = pd.DataFrame({"hidden_units": [200, 500], "seconds": [0.5, 0.75]})
    passes = tables.forward_passes(recorded, printed)
    table = tables.forward_table(passes)
    assert table["here, s"].tolist() == ["2.5", ""]
    assert table["paper, s (P100)"].tolist() == ["0.50", "0.75"]
    numbers = tables.forward_numbers(passes)
    assert numbers["forward_200"] == 2.5 and np.isnan(numbers["forward_500"])
    assert numbers["table2_inner"] == 5


def test_every_method_has_a_line_with_what_is_known_of_it(recorded):
    printed = pd.DataFrame({"method": ["GRNBoost2"], "seconds": [2000.0], "device": ["28 cores"]})
    table = tables.every_method(recorded, printed).set_index("method")
    assert len(table) == len(METHODS)
    assert table.loc["GRNBoost2 (arboreto)"].tolist() == ["2000 (28 cores)", "1500", "3000", "0.050"]
    assert table.loc["GRNULar-context (this work)"].tolist() == ["", "3.00", "6.00", "0.123"]
    assert table.loc["GENIE3"].tolist() == [""] * 4


def test_arboreto_is_so_many_times_slower(recorded):
    real = pd.Series([40.0, 20.0, 60.0])
    assert tables.arboreto_numbers(recorded, real) == {
        "arboreto_times_ds3": 500, "arboreto_times_least": 20, "arboreto_times_most_genes": 60,
    }  # fmt: skip


def test_the_chosen_model_stands_beside_correlation():
    recorded = pd.DataFrame({
        "method": ["grnular-context", "correlation", "grnboost2", "grnular"], "seconds": [2.0, 0.1, 80.0, 50.0],
        "strict_auprc": [0.3, 0.4, 0.2, 0.1],
    })  # fmt: skip
    numbers = tables.quick_numbers(recorded)
    assert {name: numbers[f"seconds_{name}"] for name in recorded["method"]} == dict(zip(recorded["method"], recorded["seconds"], strict=True))
    assert (numbers["auprc_grnular-context"], numbers["auprc_correlation"], numbers["correlations"]) == (0.3, 0.4, 20.0)


def test_what_was_needed_beyond_the_prediction():
    scale = pd.DataFrame(
        {
            "sweep": ["genes", "cells"], "method": "grnular-context", "genes": 100, "cells": 50, "tfs": 5, "threads": 2, "density": 0.1,
            "seconds": [3.0, 8.0], "at_most_seconds": [2.0, np.nan], "peak_gb": [1.0, 3.0],
            "estimate_gb": [0.75, 2.0],
        }
    )  # fmt: skip
    assert tables.scale_numbers(scale) == {"scale_threads": 2, "scale_time_over": 1.5, "scale_memory_over": 1.0, "scale_memory_least": 1.0}


def test_live_times_stand_beside_recorded_scores(recorded, monkeypatch):
    row = {"seconds": 1.0, "device": "cpu, 1 threads", "strict_auprc": 0.12}
    monkeypatch.setattr(tables.runtimes.Timing, "run", lambda self, device: [row])
    measured, absent = tables.timed_now(["clr", "grnular-context"], [], "cpu")
    assert absent == []
    table = tables.timed_table(measured, recorded)
    assert table["recorded"].tolist() == ["", "0.1234"]
    assert table.iloc[0].tolist() == ["CLR", "1.00", "cpu, 1 thread", "0.1200", ""]

    def fail(self, device):
        raise DownloadError("no network")

    monkeypatch.setattr(tables.runtimes.Timing, "run", fail)
    assert tables.timed_now(["clr"], [], "cpu") == ([], ["SERGIO's DS3 is not available: no network"])
