"""What README and pages tell a reader to type can be typed: targets, options, files, notebooks."""

import fnmatch
import re
import shlex
import tomllib
from pathlib import Path

import build
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from anndata import AnnData, read_h5ad
from grnular_paper.__main__ import main as paper_main
from grnular_paper.__main__ import make_parser as paper_parser

from grnular_core.cli.main import make_parser
from grnular_core.data.registry import registry
from grnular_core.workflow.exports import FORMATS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *(f"book/{path.name}" for path in sorted((ROOT / "book").glob("*.md"))))
FENCE = re.compile(r"```(?:bash|\{code-block\} bash)\n(.*?)```", re.DOTALL)
EXTRAS = {*tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def commands(page: str) -> list[list[str]]:
    """The words of every command in the page's shell blocks."""
    lines = "\n".join(FENCE.findall(read(page))).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def look_at_make(words: list[str]) -> None:
    assert words[1] in TARGETS, words
    arguments = words[2].removeprefix("ARGS=").split() if len(words) > 2 else []
    for argument in arguments:
        assert not argument.startswith("tests/") or (ROOT / argument).exists(), argument
    if "--only" in arguments:
        assert build.select([arguments[arguments.index("--only") + 1]])


def look_at_command_line(words: list[str]) -> None:
    if "--help" not in words:
        parsed = make_parser().parse_args(words)
        if parsed.command == "download":
            assert any(fnmatch.filter(registry(), pattern) for pattern in words[1:]), words


def look_at_papermill(words: list[str]) -> None:
    notebook = next(word for word in words if word.startswith("notebooks/"))
    cells = nbformat.read(ROOT / notebook, as_version=4).cells
    source = next(c.source for c in cells if "parameters" in c.metadata.get("tags", []))
    for flag, name in zip(words, words[1:], strict=False):
        assert flag != "-f" or (ROOT / name).exists(), name
        assert flag != "-p" or re.search(rf"^{name}\s*[:=]", source, re.MULTILINE), name


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_understood(page):
    assert set(re.findall(r"`make ([a-z-]+)", read(page))) <= TARGETS
    for words in commands(page):
        if words[0] == "make":
            look_at_make(words)
        elif words[0].endswith("papermill"):
            look_at_papermill(words)
        elif words[0] == "grnular":
            look_at_command_line(words[1:])
        elif words[1:3] == ["-m", "grnular_core"]:
            look_at_command_line(words[3:])
        elif words[1:3] == ["-m", "grnular_paper"]:
            assert "--help" in words or paper_parser().parse_args(words[3:]).run
        elif words[:2] == ["pip", "install"]:
            extras = re.findall(r"[a-z]+", words[2].partition("[")[2])
            assert {*extras} <= EXTRAS, words
        elif words[0].endswith("python") and words[1][0] != "-":
            assert (ROOT / words[1]).exists(), words


def test_the_pages_show_the_commands_that_matter():
    written = {page: [" ".join(words) for words in commands(page)] for page in PAGES}
    for page in ("README.md", "book/reproduce.md"):
        assert {"make book", "make test"} <= set(written[page]), page
    for page, words in (("README.md", "infer"), ("book/your_data.md", "infer"),
                        ("book/your_data.md", "compare"), ("README.md", "evaluate")):  # fmt: skip
        starts = (f"grnular {words} ", f".venv/bin/python -m grnular_core {words} ")
        assert any(line.startswith(starts) for line in written[page]), page


def test_the_formats_of_the_page_on_your_own_data_are_those_that_are_written():
    rows = re.findall(r"^\| `(\w+)` \| `edges([\w.]+)` \|", read("book/your_data.md"), re.MULTILINE)
    assert dict(rows) == {word: form.ending for word, form in FORMATS.items()}


def test_every_folder_in_the_readme_exists():
    for row in re.findall(r"^\| (`.*?) \|", read("README.md"), re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", row):
            assert name == "_build/" or (ROOT / name).exists(), name


@pytest.fixture
def cells_of_a_reader(tmp_path, monkeypatch):
    """The working folder with cells.h5ad, human blood cells of two types; the list of TFs is at hand."""
    genes = [*"GATA1 SPI1 CEBPA RUNX1".split(), *(f"GENE{i}" for i in range(8))]
    adata = AnnData(np.random.default_rng(0).poisson(5, (120, len(genes))).astype(float))
    adata.var_names, adata.obs["cell_type"] = genes, ["B cell", "T cell"] * 60
    adata.write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "list.txt").write_text("GATA1\nSPI1\nCEBPA\nRUNX1\n")
    monkeypatch.setattr("grnular_core.data.gene_lists.fetch", lambda key: tmp_path / "list.txt")
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")


def test_the_example_is_written_as_the_page_reads_it(tmp_path, monkeypatch, capsys):
    cells = AnnData(np.ones((3, 2)))
    monkeypatch.setattr("grnular_paper.more_cells.kang_conditions", lambda: cells)
    assert paper_main(["example", str(tmp_path / "cells.h5ad")]) == 0
    assert "wrote 3 cells x 2 genes" in capsys.readouterr().err
    assert (read_h5ad(tmp_path / "cells.h5ad").X == 1).all()


@pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
@pytest.mark.parametrize("page", ["README.md", "book/your_data.md"])
def test_the_examples_in_python_run_in_their_order(page, cells_of_a_reader):
    blocks = re.findall(r"```(?:python|\{code-block\} python)\n(.*?)```", read(page), re.DOTALL)
    blocks = [block for block in blocks if "scanpy" not in block]  # not among our requirements
    assert len(blocks) >= 2 and "gc.infer(adata, tfs=" in blocks[0]
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # noqa: S102
    columns = ["regulator", "target", "weight", "sign", "rank"]
    if page != "README.md":  # there the last edges are of another method, which states no precision
        columns += ["precision", "precision_low", "precision_high"]
    assert list(names["edges"].columns) == columns
    if page != "README.md":
        assert {*names["adata"].uns["grn"]["edges"]["group"]} == {"B cell", "T cell"}


# --- first changes, on the page of architecture ---------------------------------------------------


def test_first_changes_name_a_file_with_the_list_to_add_to_a_test_and_a_command():
    text = read("book/architecture.md").split("## First changes\n")[1].split("\n## ")[0]
    changes = text.split("\n### ")[1:]
    assert len(changes) == 4
    for change in changes:
        assert re.search(r"`tests/\w+/test_\w+\.py`", change) and "make test ARGS=" in change
        places = re.findall(r"`([A-Z]+)` (?:of|in) `([\w/]+\.py)`", change)
        assert places
        for name, path in places:
            assert re.search(rf"^{name}\b.*=", read(path), re.MULTILINE), (name, path)
