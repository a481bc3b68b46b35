"""What the page on your own data shows is what the commands print."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import examples  # noqa: E402


@pytest.fixture(scope="module")
def mistakes() -> str:
    return examples.mistakes()


def test_there_are_ten_mistakes_and_the_page_says_so(mistakes):
    assert len(examples.MISTAKES) == 10 == len(re.findall(r"^### \d+\. ", mistakes, re.MULTILINE))
    assert "## 7. Ten usual mistakes" in (ROOT / "book" / "your_data.md").read_text()


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
    part = mistakes.split(f"### {number}. ")[1].split("### ")[0]
    assert words in re.sub(r"\s+", " ", part)
    assert ("error: " in part) == (number != 5)


def test_nothing_of_this_machine_is_shown_and_nothing_stays(mistakes):
    before = Path.cwd()
    run = examples.first_run()
    assert Path.cwd() == before
    for text in (mistakes, run):
        assert "/tmp" not in text and os.environ.get("HOME", "/nowhere") not in text
        assert max(map(len, re.findall(r"^(?![|#`]).*infer.*$", text, re.MULTILINE))) <= 76


def test_the_first_run_ends_well_and_shows_the_new_columns():
    text = examples.first_run()
    assert "error" not in text and "wrote edges.graphml" in text
    assert "| stability | mean_rank | q_value |" in text
    assert text.count("\n| TF") == 5


def test_long_lines_go_on_below_and_options_keep_their_values():
    words = ["infer", "a.h5ad", *[w for i in range(9) for w in (f"--option-{i}", f"value-{i}")]]
    shown = examples.shell(words)
    assert shown.replace(" \\\n   ", "") == " ".join([examples.COMMAND, *words])
    for line in shown.split("\n"):
        assert len(line) <= examples.WIDTH + 2 and not line.rstrip(" \\").endswith("--option")
        assert line.count("--option") == line.count("value")
    assert "\n  " in examples.block("note: " + "word " * 40)


def test_the_table_on_the_fdr_says_where_the_promise_is_broken(monkeypatch):
    monkeypatch.setattr(examples, "PRESETS", {"clean": "clean"})
    monkeypatch.setattr(examples, "METHODS", ("correlation",))
    monkeypatch.setattr(examples, "GRAPHS", 1)
    text = examples.fdr_check()
    assert "| data | method | all cells | clusters | cell types |" in text
    row = text.splitlines()[2]
    over_all, inside = (float(share) for share in re.findall(r"(\d\.\d\d) false", row)[:2])
    assert over_all > 0.8 > inside  # cell types make nearly all pairs go together
    broken = "correlation (clean)" if inside > examples.LEVEL else "none"
    assert text.strip().endswith(f"for: {broken}.")


def test_two_conditions_are_compared_or_it_is_said_why_not(real_data):
    text = examples.two_conditions()
    assert "| correlation | " in text and "STAT1 (" in text and "IRF7 (" in text


def test_without_data_two_conditions_are_not_compared(no_data):
    assert "not available" in examples.two_conditions()
