"""No name of the package is there for tests alone: something that a reader runs must use it."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted((ROOT / "grnular_core").glob("*.py"))
# Names that nothing imports, and why they are there.
WITHOUT_A_USER = {
    ("__init__", "__version__"): "read by pyproject.toml",
    ("gene_sets", "SNAPSHOT"): "where the committed table of gene sets comes from",
    ("gene_sets", "from_snapshot"): "makes that table",
}


def users() -> list[Path]:
    """All code but tests: what records results by hand counts (tests/bench_*.py and their kin)."""
    tests = [path for path in (ROOT / "tests").glob("*.py") if not path.name.startswith("test_")]
    return [*PACKAGE, *(ROOT / "book").glob("*.py"), *(ROOT / "notebooks").glob("*.ipynb"), *tests]


def tree(path: Path) -> ast.Module:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    return ast.parse(text)


def taken(code: ast.Module) -> Iterator[tuple[str, str]]:
    """Module and name of everything that some code takes from the package's modules."""
    modules = {}
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and node.module == "grnular_core":
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grnular_core."):
            yield from ((node.module.split(".")[1], alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and alias.name.startswith("grnular_core."):
                    modules[alias.asname] = alias.name.split(".")[1]
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in modules:
                yield modules[node.value.id], node.attr


def read_names(code: ast.AST) -> Counter[str]:
    return Counter(
        node.id
        for node in ast.walk(code)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def defined(code: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Names that a module defines at its top, each with its definition."""
    for node in code.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((n.id, node) for n in ast.walk(target) if isinstance(n, ast.Name))


def test_every_name_of_the_package_is_used_outside_of_tests():
    outside = {pair for path in users() for pair in taken(tree(path))}
    unused = set()
    for path in PACKAGE:
        code = tree(path)
        inside = read_names(code)
        for name, definition in defined(code):
            itself = read_names(definition)[name]  # a function that calls itself is no use of it
            if inside[name] == itself and (path.stem, name) not in outside and name != "__all__":
                unused.add((path.stem, name))
    assert unused == set(WITHOUT_A_USER)
