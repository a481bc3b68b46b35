"""The record of runs: nothing lost, nothing doubled, no half file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import pytest
from grnular_paper import records as results
from grnular_paper.records import COLUMNS, KEY, Record

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError


def row(seed: int = 0, **changes) -> dict:
    base = {
        "dataset": "mESC", "network": "STRING", "genes": "TFs+500", "cells": 421, "cell_types": None,
        "dropout_percentile": None, "replicate": 0, "method": "clr", "tf_information": "with",
        "seed": seed, "density": 0.01, "strict_auprc": 0.5, "strict_auprc_ratio": 50.0,
        "strict_auroc": 0.7, "strict_epr": float("nan"), "paper_auprc": 0.1, "paper_auroc": 0.9,
        "paper_floor_auroc": 0.85, "seconds": 1.5, "cpu_seconds": 3.0, "device": "cpu",
    }  # fmt: skip
    return base | changes


def key_of(entry: dict) -> dict:
    return {column: entry[column] for column in KEY if column != "experiment"}


def test_rows_come_back_as_written_with_their_provenance(tmp_path):
    record = Record("beeline", tmp_path)
    assert record.add([row()]) == 1
    (back,) = record.rows().to_dict("records")
    assert tuple(back) == COLUMNS
    assert back["strict_auprc"] == 0.5 and back["cell_types"] == "" and back["seed"] == "0"
    assert pd.isna(back["strict_epr"])
    assert "torch=" in back["environment"] and back["commit"]


def test_a_key_is_recorded_once_and_changed_only_on_request(tmp_path):
    record = Record("beeline", tmp_path)
    record.add([row()])
    assert record.add([row(strict_auprc=0.9)]) == 0
    assert record.rows()["strict_auprc"].tolist() == [0.5]
    record.add([row(strict_auprc=0.9)], replace=True)
    assert record.rows()["strict_auprc"].tolist() == [0.9]


def test_has_looks_for_the_whole_key(tmp_path):
    record = Record("beeline", tmp_path)
    record.add([row(seed=1)])
    assert record.has(**key_of(row(seed=1)))
    assert not record.has(**key_of(row(seed=2)))
    with pytest.raises(InputError, match="network"):
        record.has(dataset="mESC")


def test_the_file_is_the_same_whatever_the_order_of_adding(tmp_path):
    entries = [row(seed=s, method=m) for s in (10, 2, 1) for m in ("ridge", "clr")]
    texts = []
    for name, order in (("a", entries), ("b", entries[::-1])):
        (tmp_path / name).mkdir()
        record = Record("beeline", tmp_path / name)
        for entry in order:
            record.add([entry])
        texts.append(record.path.read_text())
    assert texts[0] == texts[1]
    assert Record("beeline", tmp_path / "a").rows()["seed"].tolist()[:3] == ["1", "2", "10"]


@pytest.mark.parametrize("wrong", [{"strict_aupr": 1}, {"note": "x"}])
def test_an_unknown_column_is_refused_before_writing(tmp_path, wrong):
    record = Record("beeline", tmp_path)
    with pytest.raises(InputError, match=next(iter(wrong))):
        record.add([row() | wrong])
    assert not record.path.exists()


def test_a_damaged_record_is_never_overwritten(tmp_path):
    record = Record("beeline", tmp_path)
    record.path.write_text("experiment,dataset\nbeeline,mESC\n")
    with pytest.raises(InputError, match="lacks the columns"):
        record.add([row()])
    assert record.path.read_text() == "experiment,dataset\nbeeline,mESC\n"
    record.path.unlink()
    record.add([row()])
    text = record.path.read_text()
    record.path.write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(InputError, match="more than once"):
        record.rows()


def test_an_unknown_experiment_is_refused(tmp_path):
    with pytest.raises(InputError, match="clean, noisy"):
        Record("beline", tmp_path)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    record = Record("beeline", tmp_path)
    record.add([row(seed=0)])
    before = record.path.read_text()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(WriteError, match="no space left"):
        record.add([row(seed=1)])
    assert record.path.read_text() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def _add_many(folder: str, start: int) -> None:
    record = Record("beeline", folder)
    for seed in range(start, start + 25):
        record.add([row(seed=seed)])


def test_two_processes_at_once_lose_nothing(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_add_many, [str(tmp_path)] * 2, [0, 25]))
    assert sorted(map(int, Record("beeline", tmp_path).rows()["seed"])) == list(range(50))


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    script = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "from test_results import _add_many\n"
        f"print('ready', flush=True); _add_many({str(tmp_path)!r}, int(sys.argv[1]))"
    )
    for round_ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(25 * round_)], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(0.05 + 0.07 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
        rows = Record("beeline", tmp_path).rows()  # readable, no key twice
        assert rows["strict_auprc"].notna().all()
    _add_many(str(tmp_path), 0)  # no lock is left behind
    assert set(range(25)) <= set(map(int, Record("beeline", tmp_path).rows()["seed"]))


def test_a_lock_that_is_held_is_an_error_that_says_so(tmp_path, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(results, "LOCK_SECONDS", 0.1)
    record = Record("beeline", tmp_path)
    with FileLock(tmp_path / ".beeline.csv.lock"), pytest.raises(WriteError, match="locked"):
        record.add([row()])
