"""Every malformed input is refused with one message that helps, and nothing is written."""

import io
import shutil
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from malformed import CASES, Case, good_files, put_files

from grnular_core.cli.main import main
from grnular_core.data import gene_lists
from grnular_core.data.edges import read_edges


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    good_files(folder)
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(good, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out.csv").write_text("the last result\n")
    human = tmp_path.parent / f"{tmp_path.name}-human.csv"
    human.write_text("TF,Sources\nGATA1,a\nSPI1,a\n")
    monkeypatch.setattr(gene_lists, "fetch", lambda key: human)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arguments(case: Case) -> list[str]:
    if case.command == "evaluate":
        inputs = ["edges.csv", "--truth", "truth.csv", "--expression", case.expression]
    else:
        inputs = [case.expression, "--method", "clr", "-o", "out.csv"]
    return [case.command, *inputs, "--tfs", "tfs.txt", *case.arguments]


def run(words: list[str]) -> int:
    """The exit code; argparse ends the process by itself."""
    try:
        return main(words)
    except SystemExit as stop:
        return int(stop.code or 0)


def contents(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_there_are_many_cases_of_different_names():
    assert len({case.name for case in CASES}) == len(CASES) >= 125


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_malformed_input_is_refused_with_its_name_and_a_fix(
    case: Case, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_files(folder, case)
    before = contents(folder)
    code = run(arguments(case))  # any exception but the ones it handles ends the test here
    out, err = capsys.readouterr()
    assert code == 2 and out == ""
    error = err[err.index("error: ") :]
    assert error.count("\n") == 1 and "Traceback" not in err
    for word in case.says:
        assert word in error
    assert contents(folder) == before


@pytest.mark.parametrize("command", ["infer", "evaluate"])
def test_the_same_run_with_good_files_works(command: str, folder: Path) -> None:
    """Else the refusals above would say nothing."""
    assert main(arguments(Case("good", (), command=command))) == 0


# --- damaged files: a result that holds together, or one clear refusal

WORDS = (
    b"", b",", b"\n", b"\r", b"\t", b'"', b"nan", b"-1", b"inf", b"1e999", b"0x1", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"#", b"=1+1", b"GATA1", b"TRUE", b"1;5", "\u00df\u2028".encode(),
)  # fmt: skip
INFER = (
    "infer x.csv --tfs tfs.txt --truth truth.csv --method ridge --stability 1 --decoys 1 "
    "--decoys-within all --also report -o out.csv"
)
EVALUATE = "evaluate edges.csv --truth truth.csv --expression x.csv --tfs tfs.txt"


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


def output_of(command: str) -> tuple[int, str]:
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
        ("edges.csv", EVALUATE),
        ("truth.csv", EVALUATE),
        ("10x/matrix.mtx", INFER.replace("x.csv", "10x", 1)),
        ("10x/features.tsv", INFER.replace("x.csv", "10x", 1)),
    ],
)
def test_damaged_files_give_a_whole_result_or_one_refusal(folder, name, command):
    good = (folder / name).read_bytes()

    @given(DAMAGE)
    def check(places):
        (folder / name).write_bytes(damaged(good, places))
        (folder / "out.csv").unlink(missing_ok=True)
        code, message = output_of(command)
        assert code in (0, 2), message
        if code:
            assert [line[:7] for line in message.splitlines()].count("error: ") == 1
            assert not (folder / "out.csv").exists()
        elif command.startswith("infer"):
            written = pd.read_csv("out.csv", keep_default_na=False)
            edges = read_edges("out.csv")
            assert np.isfinite(edges["weight"]).all() and (edges["weight"] > 0).all()
            assert (edges["regulator"] != edges["target"]).all()
            assert list(written["rank"]) == list(range(1, len(edges) + 1))

    check()
    (folder / name).write_bytes(good)
    assert output_of(command)[0] == 0
