"""What is said of time and memory before a run: bounds, the record's seconds, refusals."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from grnular_paper.records import Record, recorded_folder

from grnular_core.methods import resources
from grnular_core.methods.registry import METHODS, infer
from grnular_core.methods.resources import (
    START,
    _measured_rate,
    _needed_bytes,
    expected_seconds,
    grnular_seconds,
    spelled_seconds,
)
from grnular_core.models.cost import Stages, operations
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training.weights import read_trained
from grnular_core.utils.errors import InputError

FULL = (20_000, 20_000, 1_500)
CONTEXT = METHODS["grnular-context"]
CONFIG = GRNULarConfig(rho="context")
# cells and TFs of BEELINE's datasets; (cells, genes, TFs) of the data in the record
BEELINE = {
    "hESC": (758, 410), "hHep": (425, 448), "mDC": (383, 321), "mESC": (421, 620), "mHSC-E": (1071, 204), "mHSC-GM": (889, 132),
    "mHSC-L": (847, 60),
}  # fmt: skip
SIZES = {(name, f"TFs{rule}"): (n, tfs + int(rule or 0), tfs) for name, (n, tfs) in BEELINE.items() for rule in ("", "+500")}
SIZES |= {("mDC", "top500"): (383, 473, 40), "DS1": (2700, 100, 10), "DS2": (2700, 400, 37), "DS3": (2700, 1200, 127)}
# how many times too little, and too much, may be said of a size
WITHIN = {
    "genie3": (2.2, 2.2),
    "grnboost2": (4.5, 9),  # it stops early where there is little to learn
    "tigress": (1.7, 1.7),
    "regdiffusion": (1.3, 1.6),  # two processors are recorded, one of them half as fast again
    "glad-tf": (1.6, 1.6),
}


# --- memory


def test_the_full_size_fits_two_cores_and_24_gb():
    n_values = 20_000 * 2_000  # a tenth of the values is not 0
    assert 5e9 < _needed_bytes(*FULL, CONTEXT, n_values) < 12e9
    assert _needed_bytes(*FULL, CONTEXT) < 24e9  # also where nothing is 0
    config = read_trained("grnular-context").recipe.config
    assert 300 < grnular_seconds(*FULL, 1.5e11, config) < 3_600  # a core of 150 GFLOP/s
    for name in ("glad", "glad-tf", "glasso"):  # over all pairs of genes
        assert _needed_bytes(*FULL, METHODS[name]) > 100e9
    assert _needed_bytes(*FULL, CONTEXT, 10**8) > _needed_bytes(*FULL, CONTEXT, 10**7)
    # expression four times, four matrices of scores, a table; nothing else
    assert _needed_bytes(10, 7, 3) == 32 * 70 + 152 * 21
    assert _needed_bytes(10, 7, 3, METHODS["glasso"]) == _needed_bytes(10, 7, 3) + 800 * 49
    assert _needed_bytes(10, 7, 3, METHODS["grnular"]) == _needed_bytes(10, 7, 3) + 300 * 21


def test_data_that_the_memory_does_not_hold_are_refused_before_any_work(small_data, monkeypatch):
    needed = _needed_bytes(
        small_data.n_cells, small_data.n_genes, len(small_data.tfs), METHODS["clr"]
    )
    monkeypatch.setattr(resources, "machine_bytes", lambda: needed - 1)
    with pytest.raises(InputError, match="keep fewer genes"):
        infer(small_data, "clr")
    monkeypatch.setattr(resources, "machine_bytes", lambda: needed)
    assert len(infer(small_data, "clr"))


# --- time


def test_grnular_is_told_by_its_operations_and_large_data_take_a_start(monkeypatch):
    assert grnular_seconds(*FULL, 2e11, CONFIG) == grnular_seconds(*FULL, 1e11, CONFIG) / 2
    twice, once = (operations(*FULL, replace(CONFIG, n_unroll=n))["iterations"] for n in (4, 2))
    assert twice == 2 * once
    monkeypatch.setattr(resources, "_measured_rate", lambda: 1e11)
    config = read_trained("grnular-context").recipe.config
    small = (1_000, 100, 10)
    assert expected_seconds(*small, CONTEXT) == grnular_seconds(*small, 1e11, config)
    assert expected_seconds(*FULL, CONTEXT) == grnular_seconds(*FULL, 1e11, config) + START
    plain = grnular_seconds(*FULL, 1e11, GRNULarConfig()) + START
    assert expected_seconds(*FULL, METHODS["grnular-untrained"]) == plain
    # Algorithm 1 takes E1 steps in each iteration where Algorithm 2 takes P
    of_cells = [expected_seconds(*small, METHODS[m]) for m in ("grnular", "grnular-base")]
    assert of_cells[1] > 5 * of_cells[0]
    assert 1e8 < _measured_rate(256, 1) < 1e14
    assert expected_seconds(400, 1000, 100, METHODS["glasso"]) is None  # its search has no law
    texts = [spelled_seconds(seconds) for seconds in (0.9, 42.3, 900, 9000)]
    assert texts == ["less than 1 s", "about 42 s", "about 15.0 minutes", "about 2.5 hours"]


def measured(method: str) -> pd.Series:
    """Median CPU seconds by size (cells, genes, TFs), where they tell of work: a second or more."""
    sweep = pd.read_csv(recorded_folder() / "scale.csv")
    every = [sweep]
    for experiment in ("beeline", "clean", "noisy", "ds"):
        rows = Record(experiment, recorded_folder()).rows()
        rows = rows[rows["method"] == method]
        if experiment == "beeline":
            sizes = [SIZES[pair] for pair in zip(rows["dataset"], rows["genes"], strict=True)]
        elif experiment == "ds":
            sizes = [SIZES[name[:3]] for name in rows["dataset"]]
        else:
            sizes = [(int(cells), 100, 10) for cells in rows["cells"]]
        table = pd.DataFrame(sizes, rows.index, ["cells", "genes", "tfs"], int)
        every.append(table.join(rows[["method", "cpu_seconds"]]))
    every = pd.concat(every).query("method == @method")
    middle = every.astype({"cpu_seconds": float}).groupby(["cells", "genes", "tfs"])["cpu_seconds"]
    return middle.median()[lambda seconds: seconds >= 1]


@pytest.mark.parametrize("name", WITHIN)
def test_what_is_told_is_what_the_record_measured(name):
    seconds = measured(name)
    assert len(seconds) >= 3
    off = np.array([METHODS[name].law(*size) for size in seconds.index]) / seconds.to_numpy()
    too_little, too_much = WITHIN[name]
    assert 1 / too_little < off.min() and off.max() < too_much
    assert 0.5 < np.median(off) < 2
    law = METHODS[name].law
    for larger in ((1_000, 800, 100), (500, 1_600, 100), (500, 800, 200)):
        assert law(*larger) >= law(500, 800, 100)


def test_jobs_share_the_work_up_to_the_cores_there_are(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)

    def predicted(name: str, n_jobs: int) -> float:
        return expected_seconds(400, 1000, 100, METHODS[name], n_jobs=n_jobs)

    alone = predicted("genie3", 1)
    assert [alone / predicted("genie3", n) for n in (2, -1, 64)] == [2, 4, 4]
    assert predicted("regdiffusion", -1) == predicted("regdiffusion", 1)


# --- the progress of a run


def test_stages_follow_each_other_by_their_shares_of_the_work():
    heard = []
    stages = Stages(lambda done, total: heard.append(done / total), CONFIG, *FULL)
    parts = operations(*FULL, CONFIG)
    edges = parts.pop("edges")
    assert edges > 0  # of the table, which is made later
    for name in parts:
        for half in (0.0, 0.5):
            done = stages.part(name, half, half + 0.5)
            done(0.0)
            done(1.0)
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] == 1
    assert stages.spans["iterations"][0] == pytest.approx(
        1 - parts["iterations"] / sum(parts.values())
    )
    Stages(None, CONFIG, *FULL).part("init")(0.3)  # nobody listens
