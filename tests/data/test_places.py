"""What stands at a path: pipes, links to nothing, folders without rights, names that are too long."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from small_data import small_table, write_10x

from grnular_core.cli.main import main
from grnular_core.data.downloads import available, cache_folder, is_cached
from grnular_core.data.readers import files_read, read_expression, read_tfs
from grnular_core.data.tf_lists import tf_list
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.utils.files import dangling, place, same_place

LONG = "n" * 300


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
    assert dangling("broken") == "gone" and dangling("link") is dangling("no") is None
    assert same_place("x.csv", "link") and not same_place("x.csv", "tfs.txt")
    assert not same_place("broken", "broken")


@pytest.mark.parametrize("name", [LONG, "a\0b", "closed/x.csv"])
def test_a_place_that_cannot_be_looked_at_is_named_with_the_reason(name, closed):
    with pytest.raises(InputError, match="cannot look at .*(too long|null|permission denied)"):
        place(name)


def test_a_link_to_nothing_says_where_it_leads():
    os.symlink("gone.csv", "broken.csv")
    with pytest.raises(InputError, match="no file broken.csv; it is a link to gone.csv, which"):
        read_expression("broken.csv")


@pytest.mark.parametrize("name", ["x.csv", "tfs.txt", "truth.csv"])
def test_a_pipe_without_a_writer_is_refused_at_once(name, capsys):
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)
    words = ["x.csv", "--tfs", "tfs.txt", "--method", "clr", "-o", "out.csv"]
    more = ["--truth", "truth.csv"] if name == "truth.csv" else []
    assert main(["infer", *words, *more]) == 2
    assert f"{name} is a pipe or device" in capsys.readouterr().err
    assert not Path("out.csv").exists()


def test_a_list_through_a_pipe_of_the_shell_is_refused():
    end, start = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(start, b"GATA1\n"), os.close(start)))
    writer.start()
    with pytest.raises(InputError, match="gives its content once; expected a file"):
        read_tfs(f"/dev/fd/{end}")
    writer.join()
    os.close(end)


@pytest.mark.parametrize("option", ["expression", "--tfs", "--truth", "-o", "--weights"])
@pytest.mark.parametrize("name", ["closed/x.csv", f"{LONG}.csv"])
def test_infer_says_in_one_line_what_cannot_be_looked_at(option, name, closed, capsys):
    words = {"--tfs": "tfs.txt", "-o": "out.csv", "--method": "grnular-context"}
    expression = name if option == "expression" else "x.csv"
    if option != "expression":
        words[option] = name
    assert main(["infer", expression, *[w for pair in words.items() for w in pair]]) == 2
    err = capsys.readouterr().err
    assert "cannot look at" in err and "Traceback" not in err


@pytest.mark.parametrize("name", ["closed/x", LONG])
@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "clean", "-o"],
        ["train", "few-cells", "-o"],
        ["evaluate", "x.csv", "--expression", "x.csv", "--tfs", "tfs.txt", "--truth"],
    ],
)
def test_other_commands_do_so_too(words, name, closed, capsys):
    if words[0] == "train":
        words = ["train", "recipe.json", "-o"]
        Path("recipe.json").write_text(RECIPE)
    if words[0] == "evaluate":
        Path("x.csv").rename("e.csv")
        Path("x.csv").write_text("regulator,target,weight\nGATA1,SPI1,1\n")
        words = [word.replace("x.csv", "e.csv") if i == 3 else word for i, word in enumerate(words)]
    assert main([*words, name]) == 2
    err = capsys.readouterr().err
    assert "cannot look at" in err and "Traceback" not in err


RECIPE = '{"config": {}, "model": "grnular", "train": [["clean", 1]], "valid": [["clean", 1]]}'


@pytest.mark.parametrize("name", ["closed", LONG])
def test_a_data_folder_that_cannot_be_looked_at_is_named(name, closed, monkeypatch):
    monkeypatch.setenv("GRNULAR_DATA", name)
    with pytest.raises(DownloadError, match="GRNULAR_DATA.*cannot look at"):
        cache_folder()
    monkeypatch.setenv("GRNULAR_DATA", str(Path(name).absolute()))
    key = "beeline/Networks/human-tfs.csv"
    assert "cannot look at" in available([key]).reasons[key] and not is_cached(key)


def test_a_folder_named_as_a_species_does_not_hide_its_list(monkeypatch):
    Path("human").mkdir()
    monkeypatch.setattr("grnular_core.data.tf_lists.fetch", lambda key: Path("tfs.txt"))
    listed = tf_list("human")
    assert listed.species == "human" and listed.names == ["GATA1", "SPI1"]


def test_the_files_of_an_mtx_are_all_that_is_read(tmp_path):
    path = write_10x(small_table(), tmp_path / "m", packed=True)
    names = ["matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz"]
    assert [file.name for file in files_read(path)] == names
    assert files_read(tmp_path / "m") == files_read(path)
    assert files_read("x.csv") == [Path("x.csv")] and files_read("no.mtx") == [Path("no.mtx")]
