"""A disk that is really full: a file system of some kB, where this user may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import linear_network

from grnular_core.cli.main import main
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.files import WriteError

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


INFER = ("infer", "../cells.csv", "--tfs", "../tfs.txt", "--method", "ridge", "-o", "out.csv")


def infer(*more: str) -> int:
    return main([*INFER, *more])


def test_the_last_result_stays_when_the_next_one_does_not_fit(disk, capsys):
    Path("out.csv").write_text("the last result\n")
    fill(4096)
    assert infer() == 5
    assert "cannot write out.csv: no space left on the disk" in capsys.readouterr().err
    assert Path("out.csv").read_text() == "the last result\n"
    assert sorted(os.listdir()) == ["fill", "out.csv"]
    Path("fill").unlink()
    assert infer() == 0


@pytest.mark.parametrize("word", ["beeline", "graphml", "h5ad", "picture", "report"])
def test_another_file_that_does_not_fit_is_named_and_the_edges_stay(disk, capsys, word):
    assert infer() == 0
    fill(0 if word == "report" else 4096)
    edges = Path("out.csv").read_bytes()
    Path("out.csv").unlink()  # its room is for the same table again
    capsys.readouterr()
    assert infer("--also", word) == 5
    err = capsys.readouterr().err
    assert "no space left on the disk; free some" in err and "Traceback" not in err
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
