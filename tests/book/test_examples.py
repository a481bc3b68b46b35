"""What the page on your own data shows is what the commands print."""

import os
import re

import examples
import nbformat
import pytest
from grnular_paper.records import recorded_folder


@pytest.fixture(scope="module")
def mistakes() -> str:
    return examples.mistakes()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "pass --gene-names gene_symbols"),
        (2, "--match ignore-case 6 would match"),
        (3, "pass --layer raw"),
        (4, "--duplicates sum"),
        (5, "note: 2 gene names look like dates"),
        (6, "1 missing (NaN) values"),
        (7, "decimal commas"),
        (8, "pandas: index=True"),
        (9, "write10xCounts"),
        (10, "would give away the reference. Expected a list"),
    ],
)
def test_each_mistake_prints_what_helps(mistakes, number, words):
    said = re.findall(r"^> `(.*)`$", mistakes, re.MULTILINE)
    assert len(said) == len(examples.MISTAKES) == 10 and words in said[number - 1]


def test_nothing_of_this_machine_is_shown(mistakes):
    assert "/tmp" not in mistakes and os.environ.get("HOME", "/nowhere") not in mistakes


def test_the_default_method_stands_beside_simple_ones_and_controls_with_numbers_of_the_record():
    text = examples.methods_first(recorded_folder())
    assert text.splitlines()[2].startswith("| method | 7 UMI sets, curated networks |")
    for name in ("GRNULar-cells (this work)", "correlation", "*target is a TF*"):
        assert f"| {name} | " in text
    assert re.search(r"above correlation on \d of 7 UMI sets and has \d\.\d\d \[", text)


def test_the_page_shows_what_the_executed_notebook_put_out(tmp_path):
    output = nbformat.v4.new_output
    figure = {"figure": {"caption": "Edges."}, "image": {"alt": "A network."}}
    cells = [
        nbformat.v4.new_markdown_cell("## Two conditions\n\nWords."),
        nbformat.v4.new_code_cell("x", outputs=[output("display_data", {"text/markdown": "| a |", "text/plain": "x"})]),
        nbformat.v4.new_code_cell("y", metadata={"mystnb": figure}, outputs=[
            output("display_data", {"image/svg+xml": "<svg/>"}), output("stream", name="stdout", text="no")]),
    ]  # fmt: skip
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    text = examples.notebook_outputs(tmp_path / "n.ipynb", tmp_path)
    assert text.split("\n")[0] == "**Two conditions**" and "| a |" in text and "Words" not in text and "no" not in text.split()
    assert f":alt: A network.\n\nEdges.\n\n{examples.SOURCES}\n```" in text and (tmp_path / "own_1.svg").read_text() == "<svg/>"


def test_the_table_on_the_fdr_says_where_the_promise_is_broken(monkeypatch):
    monkeypatch.setattr(examples, "PRESETS", {"clean": "clean"})
    monkeypatch.setattr(examples, "METHODS", ("correlation",))
    monkeypatch.setattr(examples, "GRAPHS", 1)
    text = examples.fdr_check()
    assert "| data | method | all cells | clusters | cell types |" in text
    row = text.splitlines()[4]
    over_all, inside = (float(share) for share in re.findall(r"(\d\.\d\d) false", row)[:2])
    assert over_all > 0.8 > inside  # cell types make nearly all pairs go together
    broken = "correlation (clean)" if inside > examples.LEVEL else "none"
    assert text.strip().endswith(f"for: {broken}.")
