"""What is said of the peers' time before they run, held to the seconds in the record."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from grnular_paper.real_data import recorded_folder
from grnular_paper.records import Record

from grnular_core.methods.peer_times import LAWS, peer_seconds

# (cells, genes, TFs) of the data in the record
REAL = {
    ("hHep", "TFs+500"): (425, 948, 448),
    ("mDC", "TFs+500"): (383, 821, 321),
    ("mDC", "top500"): (383, 473, 40),
    ("mESC", "TFs+500"): (421, 1120, 620),
    ("mHSC-GM", "TFs+500"): (889, 632, 132),
    ("mHSC-L", "TFs+500"): (847, 560, 60),
}
DS = {"DS1": (2700, 100, 10), "DS2": (2700, 400, 37), "DS3": (2700, 1200, 127)}
# how many times too little, and too much, may be said of a size
WITHIN = {
    "genie3": (2.2, 2.2),
    "grnboost2": (4.5, 9),  # it stops early where there is little to learn
    "tigress": (1.7, 1.7),
    "regdiffusion": (1.3, 1.3),
    "glad-tf": (1.6, 1.6),
}


def measured(method: str) -> pd.Series:
    """Median CPU seconds of a method, by size (cells, genes, TFs), where they tell of work: a second or more."""
    sweep = pd.read_csv(recorded_folder() / "scale.csv")
    sweep = sweep[sweep["method"] == method].set_index(["cells", "genes", "tfs"])["cpu_seconds"]
    parts = [sweep.rename_axis([None] * 3)]
    for experiment in ("beeline", "clean", "noisy", "ds"):
        rows = Record(experiment, recorded_folder()).rows()
        rows = rows[rows["method"] == method]
        if experiment == "beeline":
            sizes = [REAL[pair] for pair in zip(rows["dataset"], rows["genes"], strict=True)]
        elif experiment == "ds":
            sizes = [DS[name[:3]] for name in rows["dataset"]]
        else:
            sizes = [(int(cells), 100, 10) for cells in rows["cells"]]
        index = pd.MultiIndex.from_tuples(sizes) if sizes else None
        parts.append(pd.Series(rows["cpu_seconds"].to_numpy(float), index))
    every = pd.concat([part for part in parts if len(part)])
    middle = every.groupby(level=[0, 1, 2]).median()
    return middle[middle >= 1]


@pytest.mark.parametrize("method", WITHIN)
def test_what_is_said_is_what_the_record_measured(method):
    seconds = measured(method)
    assert len(seconds) >= 3
    said = np.array([peer_seconds(*size, method, 1) for size in seconds.index])
    off = said / seconds.to_numpy()
    too_little, too_much = WITHIN[method]
    assert 1 / too_little < off.min() and off.max() < too_much
    assert 0.5 < np.median(off) < 2


@pytest.mark.parametrize("method", LAWS)
def test_more_of_anything_never_takes_less(method):
    size = (500, 800, 100)
    for axis in range(3):
        larger = tuple(2 * n if i == axis else n for i, n in enumerate(size))
        assert peer_seconds(*larger, method, 1) >= peer_seconds(*size, method, 1)


def test_jobs_share_the_work_up_to_the_cores_there_are(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    alone = peer_seconds(400, 1000, 100, "genie3", 1)
    assert peer_seconds(400, 1000, 100, "genie3", 2) == alone / 2
    assert peer_seconds(400, 1000, 100, "genie3") == alone / 4
    assert peer_seconds(400, 1000, 100, "genie3", 64) == alone / 4
    one = peer_seconds(400, 1000, 100, "regdiffusion", 1)
    assert peer_seconds(400, 1000, 100, "regdiffusion") == one


def test_nobody_says_how_long_a_penalty_is_searched_for():
    assert peer_seconds(400, 1000, 100, "glasso") is None
    assert peer_seconds(400, 1000, 100, "grnboost2-shipped") is None
