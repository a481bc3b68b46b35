"""Damaged input files through the whole command: a result that holds together, or one clear refusal."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malformed import good_files

from grnular_core.cli.main import main
from grnular_core.data.edges import read_edges

WORDS = (
    b"", b",", b"\n", b"\r", b"\t", b'"', b"nan", b"-1", b"inf", b"1e999", b"0x1", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"#", b"=1+1", b"GATA1", b"TRUE", b"1;5", "\u00df\u2028".encode(),
)  # fmt: skip
SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
INFER = (
    "infer x.csv --tfs tfs.txt --truth truth.csv --method ridge --stability 1 --decoys 1 "
    "--decoys-within all --also report -o out.csv"
)
EVALUATE = "evaluate edges.csv --truth truth.csv --expression x.csv --tfs tfs.txt"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    good_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def damaged(content: bytes, places: list[tuple[float, int, bytes]]) -> bytes:
    """``content`` with some bytes cut out and a word put in their place, at shares of its length."""
    for share, length, word in places:
        at = int(share * len(content))
        content = content[:at] + word + content[at + length :]
    return content


DAMAGE = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 2, 30]), st.sampled_from(WORDS)),
    min_size=1, max_size=3,
)  # fmt: skip


def said_by(command: str) -> tuple[int, str]:
    """Exit code and what was said; whatever else is raised ends the test."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # no number of unknown origin
        code = main(command.split())
    return code, err.getvalue()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("x.csv", INFER),
        ("tfs.txt", INFER),
        ("truth.csv", INFER),
        ("edges.csv", EVALUATE),
        ("truth.csv", EVALUATE),
        ("10x/matrix.mtx", INFER.replace("x.csv", "10x", 1)),
        ("10x/features.tsv", INFER.replace("x.csv", "10x", 1)),
    ],
)
def test_damaged_files_give_a_whole_result_or_one_refusal(folder, name, command):
    good = (folder / name).read_bytes()

    @SETTINGS
    @given(DAMAGE)
    def check(places: list[tuple[float, int, bytes]]) -> None:
        (folder / name).write_bytes(damaged(good, places))
        (folder / "out.csv").unlink(missing_ok=True)
        code, said = said_by(command)
        assert code in (0, 2), said
        if code:
            assert [line[:7] for line in said.splitlines()].count("error: ") == 1
            assert not (folder / "out.csv").exists()
        elif command.startswith("infer"):
            written = pd.read_csv("out.csv", keep_default_na=False)
            edges = read_edges("out.csv")
            assert np.isfinite(edges["weight"]).all() and (edges["weight"] > 0).all()
            assert not edges.duplicated(["regulator", "target"]).any()
            assert (edges["regulator"] != edges["target"]).all()
            assert list(written["rank"]) == list(range(1, len(edges) + 1))

    check()
    (folder / name).write_bytes(good)
    assert said_by(command)[0] == 0
