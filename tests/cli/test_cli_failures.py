"""`infer` refuses before any work, and stays whole when something fails after it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runs import OLD, run_infer
from conftest import linear_network

from grnular_core.cli import terminal
from grnular_core.cli.main import main
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import DownloadError, InputError, MethodError
from grnular_core.utils.files import WriteError
from grnular_core.workflow import analysis
from grnular_core.workflow import user_data as own_data

pytest_plugins = ("cli_folder",)


# --- progress


def test_quick_runs_leave_no_bar_in_a_log(folder, capsys):
    run_infer("--stability", "2")
    assert "\r" not in capsys.readouterr().err


@pytest.mark.parametrize("error", [None, MethodError("broken")])
def test_a_bar_is_drawn_on_stderr_and_closed_also_when_the_method_fails(capsys, monkeypatch, error):
    monkeypatch.setattr(terminal, "LOG_SECONDS", 0)
    with suppress(MethodError), terminal.progress_bar("trees") as update:
        assert capsys.readouterr().err == ""
        update(1, 4)
        if error:
            raise error
    out, err = capsys.readouterr()
    assert out == "" and "trees:" in err and err.endswith("\r")


# --- refusals before any work, and failures after it


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method nothing", "unknown method"),
        ("--method oracle", "--truth"),
        ("--device tpu", "unknown device"),
        ("--device cuda", "torch sees 0 GPUs"),
        ("--tfs nowhere.txt", "no file nowhere.txt"),
        ("-o nowhere/out.csv", "the folder nowhere does not exist"),
        ("-o locked/out.csv", "the folder locked is not writable; choose another"),
    ],
)
def test_bad_arguments_are_refused_before_the_expression_is_read(
    folder, monkeypatch, capsys, words, message
):
    Path("locked").mkdir()
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    monkeypatch.setattr(own_data, "read_with_notes", lambda path: pytest.fail("was read"))
    given = ["infer", "x.csv", "--tfs", "tfs.txt", "-o", "out.csv", *words.split()]
    assert main(given) == 2 and message in capsys.readouterr().err


FAILURES = [
    (InputError("bad data"), 2, "error: bad data"),
    (DownloadError("no network"), 3, "error: no network"),
    (MethodError("no solution"), 4, "error: no solution"),
    (MemoryError(), 4, "error: out of memory; keep fewer genes"),
    (KeyboardInterrupt(), 130, "interrupted; no result was written"),
    (OSError(28, "No space left on device"), 5, "error: cannot write out.csv: no space left"),
]


@pytest.mark.parametrize(("error", "code", "words"), FAILURES)
def test_a_run_that_fails_says_why_and_keeps_the_last_result(
    folder, monkeypatch, capsys, error, code, words
):
    Path("out.csv").write_text(OLD)

    def fail(*_, **__):
        raise error

    place = (pd.DataFrame, "to_csv") if code == 5 else (analysis, "run_method")
    monkeypatch.setattr(*place, fail)
    assert run_infer() == code
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[-1].startswith(words) and "Traceback" not in err
    assert Path("out.csv").read_text() == OLD
    assert sorted(os.listdir()) == ["out.csv", "tfs.txt", "x.csv"]


# --- a disk that is really full: a small file system, where this user may mount one

ROOM = 96 * 1024


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty disk of ``ROOM`` bytes as working directory, with data for ``infer`` beside it."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)]
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount a small file system")
    expression, tfs, _ = linear_network(n_cells=60, n_genes=40)
    expression.to_csv(tmp_path / "cells.csv")
    (tmp_path / "tfs.txt").write_text("\n".join(tfs) + "\n")
    monkeypatch.chdir(place)
    yield place
    monkeypatch.chdir(tmp_path)
    subprocess.run(["umount", str(place)], check=True)


def fill(left: int) -> None:
    """Leave so many bytes, in whole pages."""
    there = os.statvfs(".")
    Path("fill").write_bytes(b"x" * (there.f_bavail * there.f_bsize - left))


def infer(*more: str) -> int:
    given = ["infer", "../cells.csv", "--tfs", "../tfs.txt", "--method", "ridge", "-o", "out.csv"]
    return main([*given, *more])


def test_the_last_result_stays_when_the_next_one_does_not_fit(disk, capsys):
    Path("out.csv").write_text("the last result\n")
    fill(4096)
    assert infer() == 5
    assert "cannot write out.csv: no space left on the disk" in capsys.readouterr().err
    assert Path("out.csv").read_text() == "the last result\n"
    assert sorted(os.listdir()) == ["fill", "out.csv"]


@pytest.mark.parametrize("word", ["beeline", "graphml", "h5ad", "picture", "report"])
def test_another_file_that_does_not_fit_is_named_and_the_edges_stay(disk, capsys, word):
    assert infer() == 0
    fill(0 if word == "report" else 4096)
    edges = Path("out.csv").read_bytes()
    Path("out.csv").unlink()  # its room is for the same table again
    assert infer("--also", word) == 5
    assert "no space left on the disk; free some" in capsys.readouterr().err
    assert Path("out.csv").read_bytes() == edges and sorted(os.listdir()) == ["fill", "out.csv"]


def test_no_half_simulation_is_left(disk, capsys):
    fill(32 * 1024)
    assert main(["simulate", "clean", "--cells", "50", "--out", "sim"]) == 5
    assert "cannot write sim: no space left on the disk" in capsys.readouterr().err
    assert os.listdir() == ["fill"]


def test_a_part_that_does_not_fit_leaves_those_before(disk):
    store = PartStore("parts", "run")
    store.save(0, np.ones(100), 1.0)
    with pytest.raises(WriteError, match="no space left"):
        store.save(1, np.random.default_rng(0).random(50_000), 1.0)
    assert store.find(0) and not store.find(1) and os.listdir("parts/run") == ["00000.npz"]
