"""Every malformed input is refused with one message that helps, and nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from malformed import CASES, Case, good_files, put_files

from grnular_core.cli.main import main
from grnular_core.data import gene_lists


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
    assert len({case.name for case in CASES}) == len(CASES) >= 140


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
