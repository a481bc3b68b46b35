"""The record of runs: nothing lost, nothing doubled, no half file; where each row comes from."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from grnular_paper import environments
from grnular_paper.records import COLUMNS, Record

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError


def row(seed: int = 0, **changes) -> dict:
    base = {
        "dataset": "mESC", "network": "STRING", "genes": "TFs+500", "cells": 421, "cell_types": None,
        "dropout_percentile": None, "replicate": 0, "method": "clr", "tf_information": "with",
        "seed": seed, "density": 0.01, "strict_auprc": 0.5, "strict_auprc_ratio": 50.0,
        "strict_auroc": 0.7, "strict_epr": float("nan"), "paper_auprc": 0.1, "paper_auroc": 0.9,
        "paper_floor_auroc": 0.85, "seconds": 1.5, "cpu_seconds": 3.0, "device": "cpu, 2 threads",
    }  # fmt: skip
    return base | changes


@pytest.fixture
def record(tmp_path) -> Record:
    return Record("beeline", tmp_path)


def test_rows_come_back_as_written_with_their_provenance(record):
    assert record.add([row(seconds=1.23456, strict_auroc=1 / 3)]) == 1
    (back,) = record.rows().to_dict("records")
    assert tuple(back) == COLUMNS
    assert back["strict_auprc"] == 0.5 and back["cell_types"] == "" and back["seed"] == "0"
    assert back["seconds"] == 1.23 and back["strict_auroc"] == 0.333333
    assert pd.isna(back["strict_epr"]) and back["device"] == "cpu, 2 threads"
    for word in ("torch=", "processor=", "torch_cpu=", "openblas="):
        assert f" {word}" in back["environment"]
    assert back["commit"]


def test_what_follows_from_other_columns_is_not_stored(record):
    record.add([row(strict_auprc=0.25, density=0.125, strict_auprc_ratio=7.0)])
    assert not {"experiment", "strict_auprc_ratio"} & set(record.path.read_text().splitlines()[0].split(","))
    (back,) = record.rows().to_dict("records")
    assert back["experiment"] == "beeline" and back["strict_auprc_ratio"] == 2.0


def test_a_key_is_recorded_once_and_changed_only_on_request(record):
    record.add([row()])
    assert record.add([row(strict_auprc=0.9)]) == 0
    assert record.rows()["strict_auprc"].tolist() == [0.5]
    assert record.add([row(strict_auprc=0.9), row(seed=1)], replace=True) == 1
    assert record.rows()["strict_auprc"].tolist() == [0.9, 0.5]


def test_words_that_look_like_numbers_stay_words(record):
    record.add([row(genes="007", weights="1234567890", commit="0123456789")])
    record.add([row(seed=1)])
    first = Record("beeline", record.path.parent).rows().iloc[0]
    assert (first["genes"], first["weights"], first["commit"]) == ("007", "1234567890", "0123456789")


def test_the_file_is_the_same_whatever_the_order_of_adding(tmp_path):
    entries = [row(seed=s, method=m) for s in (10, 2, 1) for m in ("ridge", "clr")]
    texts = []
    for name, order in (("a", entries), ("b", entries[::-1])):
        (tmp_path / name).mkdir()
        one = Record("beeline", tmp_path / name)
        for entry in order:
            one.add([entry])
        texts.append(one.path.read_text())
    assert texts[0] == texts[1]
    assert Record("beeline", tmp_path / "a").rows()["seed"].tolist()[:3] == ["1", "2", "10"]


def test_an_addition_neither_reads_nor_changes_the_lines_of_others(record, monkeypatch):
    record.add([row(seed=s) for s in range(5)])
    # an old line as another version of the code would write it
    record.path.write_text(record.path.read_text().replace(",0.5,", ",0.500,"))
    record.add([row(seed=9)])  # reads what has changed
    monkeypatch.setattr(pd, "read_csv", lambda *a, **k: pytest.fail("read again"))
    monkeypatch.setattr(Path, "read_text", lambda *a, **k: pytest.fail("read again"))
    record.add([row(seed=10)])
    monkeypatch.undo()
    assert record.path.read_text().count(",0.500,") == 5
    Record("beeline", record.path.parent).add([row(seed=11)])  # another process
    record.add([row(seed=12)])
    assert record.rows()["seed"].tolist() == [*map(str, range(5)), "9", "10", "11", "12"]


@pytest.mark.parametrize("wrong", [{"strict_aupr": 1}, {"note": "x"}])
def test_an_unknown_column_is_refused_before_writing(record, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        record.add([row() | wrong])
    assert not record.path.exists()


def test_a_damaged_record_is_never_overwritten(record):
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


def test_a_full_disk_leaves_the_old_file(record, monkeypatch):
    record.add([row(seed=0)])
    before = record.path.read_text()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(WriteError, match="no space left"):
        record.add([row(seed=1)])
    assert record.path.read_text() == before
    assert [p.name for p in record.path.parent.iterdir() if p.suffix == ".part"] == []
    monkeypatch.undo()
    record.add([row(seed=2)])  # nothing of the failed addition is remembered
    assert record.rows()["seed"].tolist() == ["0", "2"]


def add_many(folder: str, start: int) -> None:
    record = Record("beeline", folder)
    for seed in range(start, start + 25):
        record.add([row(seed=seed)])


def test_two_processes_at_once_lose_nothing(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(add_many, [str(tmp_path)] * 2, [0, 25]))
    assert sorted(map(int, Record("beeline", tmp_path).rows()["seed"])) == list(range(50))


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    for round_ in range(4):
        # a fork has everything loaded: the kill is in the midst of the additions
        process = get_context("fork").Process(target=add_many, args=(str(tmp_path), 25 * round_))
        process.start()
        time.sleep(0.02 + 0.03 * round_)
        process.kill()
        process.join()
        rows = Record("beeline", tmp_path).rows()  # readable, no key twice
        assert rows["strict_auprc"].notna().all()
    add_many(str(tmp_path), 0)  # no lock is left behind
    assert set(range(25)) <= set(map(int, Record("beeline", tmp_path).rows()["seed"]))


def test_environments_stand_once_and_come_back(tmp_path):
    environments.remember(tmp_path, {""})
    assert not (tmp_path / environments.FILE).exists() and environments.known(tmp_path) == {}
    texts = {"python=3.11 torch=2", "python=3.12, torch=2"}
    environments.remember(tmp_path, texts | {""})
    environments.remember(tmp_path, {"python=3.11 torch=2"})
    assert set(environments.known(tmp_path).values()) == texts
    assert len((tmp_path / environments.FILE).read_text().splitlines()) == 3


@pytest.mark.parametrize("text", ["", "a,b\n", "environment,text\n01234567,python=3.11\n"])
def test_a_damaged_file_of_environments_is_refused(tmp_path, text):
    (tmp_path / environments.FILE).write_text(text)
    with pytest.raises(InputError, match="restore it"):
        environments.known(tmp_path)


def test_rows_of_another_machine_keep_their_environment_and_a_lost_one_is_refused(record):
    record.add([row(environment="python=3.13 torch=9"), row(seed=1)])
    first, second = record.rows()["environment"]
    assert first == "python=3.13 torch=9" and second != first
    assert "torch" not in record.path.read_text()
    (record.path.parent / environments.FILE).unlink()
    with pytest.raises(InputError, match=r"environments\.csv"):
        record.rows()
