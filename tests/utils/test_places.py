"""What stands at a path: pipes, links to nothing, folders without rights, names that are too long."""

import errno
import os
from pathlib import Path

import pytest

from grnular_core.cli.main import main
from grnular_core.data.downloads import available, cache_folder, is_cached
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.utils.files import place, same_place

LONG = "n" * 300
INFER = ["infer", "x.csv", "-o", "out.csv"]


pytest_plugins = ("cli_folder",)
pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder ``closed`` that may not be entered, also not by who may everything."""
    real = os.stat

    def refusing(path, *words, **named):
        if "closed" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, *words, **named)

    monkeypatch.setattr(os, "stat", refusing)


def test_a_place_is_a_file_a_folder_missing_or_something_else():
    os.symlink("x.csv", "link")
    os.symlink("gone", "broken")
    found = [place(p) for p in ("x.csv", ".", "link", "broken", "no", "x.csv/y", "/dev/null")]
    assert found == ["file", "folder", "file", "missing", "missing", "missing", "other"]
    assert same_place("x.csv", "link") and not same_place("x.csv", "tfs.txt")
    assert not same_place("broken", "broken")


@pytest.mark.parametrize("name", [LONG, "a\0b", "closed/x.csv"])
def test_a_place_that_cannot_be_looked_at_is_named_with_the_reason(name, closed):
    with pytest.raises(InputError, match="cannot read the path .*(too long|null|permission denied)"):
        place(name)


@pytest.mark.parametrize("name", ["x.csv", "tfs.txt", "truth.csv"])
def test_a_pipe_without_a_writer_is_refused_at_once(name, capsys):
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)
    more = ["--truth", "truth.csv"] if name == "truth.csv" else []
    assert main([*INFER, "--tfs", "tfs.txt", "--method", "clr", *more]) == 2
    assert f"{name} is a pipe or device" in capsys.readouterr().err
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["infer", "PLACE", "--tfs", "tfs.txt", "-o", "out.csv"],
        [*INFER, "--tfs", "PLACE"],
        ["infer", "x.csv", "--tfs", "tfs.txt", "-o", "PLACE"],
        [*INFER, "--tfs", "tfs.txt", "--truth", "PLACE"],
        ["simulate", "clean", "-o", "PLACE"],
        ["evaluate", "edges.csv", "--expression", "x.csv", "--tfs", "tfs.txt", "--truth", "PLACE"],
    ],
)
@pytest.mark.parametrize("name", ["closed/x.csv", f"{LONG}.csv"])
def test_commands_say_in_one_line_what_cannot_be_looked_at(words, name, closed, capsys):
    Path("edges.csv").write_text("regulator,target,weight\nGATA1,SPI1,1\n")
    assert main([name if word == "PLACE" else word for word in words]) == 2
    err = capsys.readouterr().err
    assert "cannot read the path" in err and "Traceback" not in err


@pytest.mark.parametrize("name", ["closed", LONG])
def test_a_data_folder_that_cannot_be_looked_at_is_named(name, closed, monkeypatch):
    monkeypatch.setenv("GRNULAR_DATA", name)
    with pytest.raises(DownloadError, match="GRNULAR_DATA.*cannot read the path"):
        cache_folder()
    monkeypatch.setenv("GRNULAR_DATA", str(Path(name).absolute()))
    key = "beeline/Networks/human-tfs.csv"
    assert "cannot read the path" in available([key]).reasons[key] and not is_cached(key)
