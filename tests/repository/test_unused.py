"""No name of the packages is there for tests alone: something that a reader runs must use it."""

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"grnular_core": ROOT, "grnular_paper": ROOT / "notebooks"}
# Names that nothing imports, and why they are there.
WITHOUT_A_USER = {
    "grnular_core.workflow.pl.network": "gc.pl.network, for who imports the package",
    "grnular_paper.model_selection.summaries": "shown on the page on the method",
}


def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the packages."""
    found = {}
    for package, place in PACKAGES.items():
        for path in sorted((place / package).rglob("*.py")):
            parts = path.relative_to(place).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def others() -> list[Path]:
    """Other code but tests: what records results by hand counts (tests/bench_*.py and their kin)."""
    by_hand = [path for path in (ROOT / "tests").glob("*.py") if not path.name.startswith("test_")]
    return [*(ROOT / "book").glob("*.py"), *(ROOT / "notebooks").glob("*.ipynb"), *by_hand]


def tree(path: Path) -> ast.Module:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    return ast.parse(text)


def taken(code: ast.Module) -> Iterator[str]:
    """Dotted names of what some code imports from the packages, or takes from an imported module."""
    imported = {}
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(tuple(PACKAGES)):
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            imported |= {alias.asname or alias.name: alias.name for alias in node.names}
    yield from imported.values()
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in imported:
                yield imported[first] + dot + rest


def read_names(code: ast.AST) -> Counter[str]:
    nodes = (node for node in ast.walk(code) if isinstance(node, ast.Name))
    return Counter(node.id for node in nodes if isinstance(node.ctx, ast.Load))


def defined(code: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Names that a module defines at its top, each with its definition."""
    for node in code.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((n.id, node) for n in ast.walk(target) if isinstance(n, ast.Name))


def strings(code: ast.Module) -> set[str]:
    constants = (node.value for node in ast.walk(code) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def test_every_name_of_the_packages_is_used_outside_of_tests():
    trees = {name: tree(path) for name, path in modules().items()}
    outside = {name for code in [*trees.values(), *map(tree, others())] for name in taken(code)}
    # What is loaded by its name when it is asked for: the face of the package, and methods.
    by_name = strings(trees["grnular_core"]) | strings(trees["grnular_core.methods.registry"])
    unused = set()
    for module, code in trees.items():
        inside = read_names(code)
        for name, definition in defined(code):
            itself = read_names(definition)[name]  # a function that calls itself is no use of it
            used = inside[name] > itself or f"{module}.{name}" in outside or name in by_name
            if not used and name not in ("__all__", "__getattr__", "__dir__"):
                unused.add(f"{module}.{name}")
    assert unused == set(WITHOUT_A_USER)
