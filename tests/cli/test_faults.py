"""Kills at random moments: a short campaign, and that a campaign would find a fault."""

import os
import random
import subprocess
import sys
import time
from datetime import datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

if not hasattr(os, "fork"):
    pytest.skip("no fork on this system", allow_module_level=True)

from fault_campaign import FAULTS, Campaign, problems
from fault_runs import Scenario, Thing, Things, infer_all, own_cells, results
from faults import Moment, draw, run

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "notebooks" / "recorded" / "faults.csv"


def no_faults(table: pd.DataFrame) -> bool:
    return (table[list(FAULTS)] == 0).all(axis=None)


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_half_written_after_a_kill():
    """Two kills of each command; in a process of its own, which has no threads to fork away from."""
    words = [sys.executable, str(ROOT / "tests" / "fault_campaign.py"), "--kills", "10"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    table = pd.read_csv(StringIO(done.stdout))
    assert len(table) == 5 and (table["kills"] == 2).all() and no_faults(table)


def test_the_recorded_campaign_has_fifty_kills_of_every_command_and_found_nothing():
    table = pd.read_csv(RECORDED)
    assert table["kills"].sum() >= 50 and (table["kills"] >= 10).all()
    assert {word.split()[0] for word in table["command"]} == {"make", "infer", "download", "train"}
    assert no_faults(table)


def test_what_runs_of_two_days_wrote_is_the_same_to_a_campaign(tmp_path, monkeypatch):
    found = []
    for day in (1, 2):

        class Clock(datetime):
            @classmethod
            def now(cls, tz=None, day=day):
                return datetime(2026, 1, day, 10, 30 + day, tzinfo=tz)

        monkeypatch.setattr("grnular_core.workflow.report.datetime", Clock)
        (folder := tmp_path / str(day)).mkdir()
        own_cells(folder)
        monkeypatch.chdir(folder)
        infer_all()
        found.append(results(folder))
    assert "2026-01-02 10:32 UTC" in (tmp_path / "2" / "out.report.html").read_text()
    assert found[0] == found[1] and len(found[0]) == 10


# --- a campaign finds what it looks for


def numbers(folder: Path) -> Things:
    """A thing a line, which must be whole."""
    path = folder / "lines.txt"
    lines = path.read_text().split("\n") if path.exists() else [""]
    if lines.pop():
        raise ValueError("the last line is cut short")
    return {line: Thing(line, str(path.stat().st_mtime_ns)) for line in lines}


def careless() -> None:
    """Two files, the one in pieces, the other by its final name from the start."""
    with open("lines.txt", "w") as file:
        for number in range(20):
            file.write(f"number {number}")
            file.flush()
            time.sleep(0.005)
            file.write("\n")


def test_half_written_files_are_found(tmp_path):
    scenario = Scenario("careless", lambda folder: None, careless, numbers)
    campaign = Campaign(scenario, tmp_path, random.Random(0))
    campaign.kill(6)
    row = campaign.row()
    assert row["kills"] == 6 and row["half_files"] >= 1 and row["pieces"] == 20


def test_every_kind_of_fault_has_its_name():
    before, whole = {"a": Thing("old")}, {"a": Thing("new"), "b": Thing("1")}
    same = {"a": Thing("new", "1")}
    for seen, now, found in (
        (same, same, []),
        ({}, {"a": Thing("old")}, []),
        (same, {}, [("lost", "a")]),
        (same, {"a": Thing("new", "2")}, [("doubled", "a")]),
        ({}, {"a": Thing("other")}, [("other_results", "a")]),
        ({}, {"c": Thing("1")}, [("other_results", "c")]),
    ):
        assert problems(seen, now, before, whole) == found


def test_a_child_dies_at_the_operation_that_was_chosen(tmp_path):
    def work() -> None:
        for name in "abc":
            Path(name).write_text(name)

    assert not (whole := run(work, tmp_path)).killed and whole.operations == 3
    for folder, moment, left in (("one", Moment(0.0, 2), ["a"]), ("two", Moment(0.0, 1), [])):
        (tmp_path / folder).mkdir()
        assert run(work, tmp_path / folder, moment).killed
        assert os.listdir(tmp_path / folder) == left
    moments = [draw(random.Random(seed), whole) for seed in range(40)]
    assert {m.operation for m in moments} == {None, 1, 2, 3}


def test_a_child_that_fails_by_itself_is_no_kill(tmp_path):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run(lambda: 1 / 0, tmp_path)
