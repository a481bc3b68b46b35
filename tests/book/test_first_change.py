"""The first changes that the page on architecture leads through: all that it names exists."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import TARGETS, commands

from grnular_core.cli.main import make_parser

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import build  # noqa: E402

PAGE = "book/architecture.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
PART = TEXT.split("## Your first change\n")[1].split("\n## ")[0]
CHANGES = {text.split("\n")[0]: text for text in PART.split("\n### ")[1:]}


def test_there_are_three_changes_each_with_a_file_a_test_and_a_command():
    assert len(CHANGES) == 3
    for title, text in CHANGES.items():
        assert re.search(r"`grnular_core/\w+\.py`", text), title
        assert re.search(r"`tests/test_\w+\.py`", text), title
        assert "make test ARGS=" in text, title


def test_files_that_are_named_exist():
    names = re.findall(r"(?:grnular_core|notebooks|book|tests)/[\w./-]*\w", PART)
    assert len(names) > 10
    for name in names:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("title", CHANGES)
def test_the_list_to_add_to_is_in_the_file_that_is_named(title):
    (found,) = re.findall(
        r"`([A-Z]+)` (?:of|in) (?:the same file|`(grnular_core/\w+\.py)`)", CHANGES[title]
    )
    files = [found[1]] if found[1] else re.findall(r"`(grnular_core/\w+\.py)`", CHANGES[title])[:1]
    tree = ast.parse((ROOT / files[0]).read_text(encoding="utf-8"))
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    assert found[0] in names


def test_commands_are_understood():
    seen = set()
    for words in commands(PAGE):
        if words[0] == "make":
            assert words[1] in TARGETS, words
            arguments = words[2].removeprefix("ARGS=").split() if len(words) > 2 else []
            for argument in arguments:
                if argument.startswith("tests/"):
                    assert (ROOT / argument).exists(), argument
            if "--only" in arguments:
                assert build.select([arguments[arguments.index("--only") + 1]])
        else:
            assert words[:3] == [".venv/bin/python", "-m", "grnular_core"]
            make_parser().parse_args(words[3:])
        seen.add(words[0])
    assert seen == {"make", ".venv/bin/python"}


def test_the_examples_tests_find_something_to_run():
    for name in re.findall(r"make test ARGS=\"(tests/\w+\.py)\"", PART):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", name],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-500:]
