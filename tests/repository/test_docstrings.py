"""Docstrings of all that is public have numpydoc's sections, and these name what the code has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("grnular_core", "notebooks/grnular_paper")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
Function = ast.FunctionDef | ast.AsyncFunctionDef
SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)


def sections(node: ast.AST) -> dict[str, str]:
    """The sections of a docstring by name; what stands before them is called Summary."""
    text = ast.get_docstring(node) or ""
    names = ["Summary", *SECTION.findall(text)]
    return dict(zip(names, SECTION.split(text)[::2], strict=True))


def named(section: str) -> set[str]:
    """What a section describes: names before a colon, or alone on a line, that is not indented."""
    lines = re.findall(r"^([*\w][\w*, ]*?)(?: ?:.*)?$", section, re.MULTILINE)
    return {name.strip("* ") for line in lines for name in line.split(",")}


def parameters(function: Function) -> set[str]:
    given = function.args
    several = [argument for argument in (given.vararg, given.kwarg) if argument]
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *several]
    return {a.arg for a in every if a.arg not in ("self", "cls") and a.arg[0] != "_"}


def is_called(node: ast.AST, *names: str) -> bool:
    """Whether one of the decorators has one of the names."""
    decorators = [ast.unparse(decorator).split("(")[0] for decorator in node.decorator_list]
    return any(name.rpartition(".")[2] in names for name in decorators)


def problems_of_function(function: Function, name: str, shared: set[str]) -> Iterator[str]:
    parts = sections(function)
    if not parts["Summary"].strip():
        yield f"{name} has no docstring"
    if is_called(function, "property", "cached_property", "overload", "setter"):
        return
    for missing in sorted(parameters(function) - named(parts.get("Parameters", "")) - shared):
        yield f"{name}: Parameters without {missing}"
    gives = ast.unparse(function.returns) if function.returns else "None"
    if gives not in ("None", "NoReturn") and not {"Returns", "Yields"} & set(parts):
        yield f"{name}: no Returns"


def problems_of_class(code: ast.ClassDef, lines: list[str], shared: set[str]) -> Iterator[str]:
    parts = sections(code)
    if not parts["Summary"].strip():
        yield f"{code.name} has no docstring"
    fields = [node for node in code.body if isinstance(node, ast.AnnAssign)]
    # Comments stand for a section: beside the fields that their names do not explain.
    commented = any("#" in line for f in fields for line in lines[f.lineno - 2 : f.end_lineno])
    described = named(parts.get("Parameters", "")) | named(parts.get("Attributes", ""))
    for node in code.body:
        if isinstance(node, Function) and node.name == "__init__":
            described |= named(sections(node).get("Parameters", ""))
            for missing in sorted(parameters(node) - described):
                yield f"{code.name}: Parameters without {missing}"
        elif isinstance(node, Function) and node.name[0] != "_":
            yield from problems_of_function(node, f"{code.name}.{node.name}", shared)
        elif isinstance(node, ast.AnnAssign) and is_called(code, "dataclass"):
            field = ast.unparse(node.target)
            if field[0] != "_" and field not in described and not commented:
                yield f"{code.name}: Attributes without {field}"


def problems(source: str) -> list[str]:
    found: list[str] = []
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        found.append("the module has no docstring")
    # What several functions of a module take by one name is told once, in the module's own section.
    shared = named(sections(tree).get("Parameters", ""))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name[0] != "_":
            found += problems_of_class(node, source.splitlines(), shared)
        elif isinstance(node, Function) and node.name[0] != "_":
            found += problems_of_function(node, node.name, shared)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_public_says_what_it_takes_and_what_it_gives(path):
    assert problems(path.read_text(encoding="utf-8")) == []


LACKING = '''
from dataclasses import dataclass

@dataclass
class A:
    a: int

    def twice(self, by: int = 2) -> int:
        """Words."""

def f(a, b, *more) -> None:
    """Words.

    Parameters
    ----------
    a : float
        Numbers.
    """
'''
SHARED = '"""A module.\n\nParameters\n----------\nb : float\nmore\n"""'


def test_what_is_missing_is_found_unless_the_module_tells_it_once():
    of_class = ["A has no docstring", "A.twice: Parameters without by", "A.twice: no Returns", "A: Attributes without a"]
    of_function = ["f: Parameters without b", "f: Parameters without more"]
    assert sorted(problems(LACKING)) == sorted(["the module has no docstring", *of_class, *of_function])
    assert sorted(problems(SHARED + LACKING)) == sorted(of_class)
    assert "A: Attributes without a" not in problems(LACKING.replace("a: int", "a: int  # what it is"))
