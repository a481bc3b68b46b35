"""What README and the page on reproducing tell a reader to type must exist."""

from __future__ import annotations

import fnmatch
import re
import shlex
from pathlib import Path

import nbformat
import pytest

from grnular_core.cli.main import make_parser
from grnular_core.data.registry import registry
from grnular_core.workflow.exports import FORMATS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "book/reproduce.md")
FENCE = re.compile(r"```(?:bash|\{code-block\} bash)\n(.*?)```", re.DOTALL)
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands(page: str) -> list[list[str]]:
    """The words of every command in the page's shell blocks."""
    found = []
    for block in FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                found.append(words)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    inline = set(re.findall(r"`make ([a-z]+)", text))
    blocks = {words[1] for words in commands(page) if words[0] == "make"}
    assert {"book", "test"} <= blocks
    assert inline | blocks <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_the_command_line_is_understood(page):
    parser = make_parser()
    seen = set()
    for words in commands(page):
        if words[1:3] == ["-m", "grnular_core"] and "--help" not in words:
            seen.add(parser.parse_args(words[3:]).command)
    assert {"infer", "evaluate", "methods"} <= seen


@pytest.mark.parametrize("page", PAGES)
def test_every_key_to_download_is_in_the_registry(page):
    for words in commands(page):
        if words[1:4] == ["-m", "grnular_core", "download"] and "--help" not in words:
            for pattern in words[4:]:
                assert fnmatch.filter(registry(), pattern), pattern


@pytest.mark.parametrize("page", PAGES)
def test_every_papermill_example_names_a_notebook_and_its_parameters(page):
    seen = 0
    for words in commands(page):
        if not words[0].endswith("papermill"):
            continue
        notebook = next(word for word in words if word.startswith("notebooks/"))
        cells = nbformat.read(ROOT / notebook, as_version=4).cells
        source = next(c.source for c in cells if "parameters" in c.metadata.get("tags", []))
        for flag, name in zip(words, words[1:], strict=False):
            if flag == "-p":
                assert re.search(rf"^{name}\s*[:=]", source, re.MULTILINE), name
        seen += 1
    assert seen


def test_every_command_of_the_page_on_your_own_data_is_understood():
    parser = make_parser()
    words = [line for line in commands("book/your_data.md") if line[1:3] == ["-m", "grnular_core"]]
    assert words
    for line in words:
        assert parser.parse_args(line[3:]).command == "infer"
    cells = nbformat.read(ROOT / "notebooks" / "your_data.ipynb", as_version=4).cells
    source = next(c.source for c in cells if "parameters" in c.metadata.get("tags", []))
    papermill = [line for line in commands("book/your_data.md") if line[0].endswith("papermill")]
    assert papermill
    for line in papermill:
        for flag, name in zip(line, line[1:], strict=False):
            assert flag != "-p" or re.search(rf"^{name} =", source, re.MULTILINE), name


def test_the_formats_of_the_page_on_your_own_data_are_those_that_are_written():
    text = (ROOT / "book" / "your_data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `edges([\w.]+)` \|", text, re.MULTILINE)
    assert dict(rows) == {word: form.ending for word, form in FORMATS.items()}


def test_every_folder_in_the_layout_table_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("## What is where") : text.index("## Contributing")]
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", row):
            assert name == "_build/" or (ROOT / name).exists(), name


def test_every_file_that_is_named_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:grnular_core|notebooks|book|tests)/[\w./-]+)`", text):
        assert (ROOT / name).exists() or name.endswith("/full.yml"), name


def test_the_example_in_python_runs():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102
    assert list(names["edges"].columns) == ["regulator", "target", "weight", "sign", "rank"]
