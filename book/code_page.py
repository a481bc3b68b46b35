"""The parts of the book about the code that the build writes: modules by layer, notebooks, parameters."""

import ast
import io
import tokenize
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from pages import hours, link, recorded_lines, table

# Which recorded tables a notebook's full-size run fills.
TABLES: Mapping[str, tuple[str, ...]] = {
    "01_clean": ("clean",),
    "02_noisy_dropout": ("noisy",),
    "03_ds1_ds3": ("ds",),
    "04_beeline": ("beeline",),
    "06_runtimes": ("runtimes",),
    "07_ablations": ("ablations",),
    "09_training": ("readings",),
    "10_more_real_cells": ("more_cells",),
    "13_tuned_methods": ("tuning",),
}


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def rooms(root: Path) -> list[Path]:
    """The packages of ``grnular_core`` from the top layer to the ground, then ``grnular_paper`` and the packages in it."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in settings["tool"]["importlinter"]["contracts"] if "layers" in c)
    names = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    paper = root / "notebooks" / "grnular_paper"
    return [root / "grnular_core" / name for name in names] + sorted(path.parent for path in paper.rglob("__init__.py"))


def modules(room: Path) -> dict[str, Path]:
    """Names in the package of its modules, each with its file."""
    return {path.stem: path for path in sorted(room.glob("*.py")) if path.stem[0] != "_"}


def package(room: Path) -> str:
    """The dotted name under which a room is imported."""
    top = next(folder for folder in (room, *room.parents) if not (folder.parent / "__init__.py").exists())
    return ".".join(room.relative_to(top.parent).parts)


def layer_table(root: Path) -> str:
    """The packages: name and page, purpose, number of modules."""
    rows = [[f"[`{package(room)}`](api_{room.name}.md)", purpose(room), len(modules(room))] for room in rooms(root)]
    return table(["package", "purpose", "modules"], rows, "Packages, the top layer first, with their numbers of modules.")


def purpose(room: Path) -> str:
    """The docstring of a package on one line."""
    return " ".join(docstring(room / "__init__.py").split()).replace("``", "`")


def api_page(room: Path) -> str:
    """The page of one package: its modules, each of which opens to the docstrings of all that is public in it."""
    parts = [f"# {package(room)}\n\n{purpose(room)}\n"]
    for name, path in modules(room).items():
        whole, first = f"{package(room)}.{name}", docstring(path).split("\n")[0].replace("``", "`")
        directive = f".. automodule:: {whole}\n   :members:\n"
        parts.append(f"## {whole}\n\n::::{{dropdown}} {first}\n```{{eval-rst}}\n{directive}```\n::::\n")
    return "\n".join(parts)


def with_api(contents: dict, root: Path) -> dict:
    """The book's contents with the pages of the packages after that of the API."""
    pages = [{"file": f"book/api_{room.name}"} for room in rooms(root)]
    for part in contents["parts"]:
        if {"file": "book/api"} in part["chapters"]:
            part["chapters"] += pages
    return contents


def parameters(path: Path) -> list[tuple[str, str, str]]:
    """Name, default and comment of every parameter of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    source = next((c.source for c in cells if "parameters" in c.metadata.get("tags", [])), "")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = []
    for node in ast.parse(source).body:
        lines = range(node.lineno - 1, (node.end_lineno or node.lineno) + 1)
        comment = next((comments[n] for n in reversed(lines) if n in comments), "")
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        found.append((ast.unparse(target), ast.unparse(node.value), comment))
    return found


def notebooks(paths: Sequence[Path], record: dict, folder: Path) -> str:
    """One row a notebook: its command, its time in this build, and the time of its recorded runs."""
    seconds = {run["notebook"]: run["seconds"] for run in record["runs"]}
    rows = []
    for path in paths:
        stem = path.stem
        names = [name for name, _, _ in parameters(path)]
        lines = [line for name in TABLES.get(stem, ()) for line in recorded_lines(folder, name)]
        quick = f"{seconds[stem] / 60:.1f}" if stem in seconds else "not run"
        gpu = "yes" if "device" in names else "–"
        rows.append([link(stem), f"`{short(stem, paths)}`", quick, hours(lines), gpu])
    header = ["notebook", "`--only`", "minutes", "full size", "GPU"]
    machine = f"{record['processor']}, {record['cores']} cores"
    caption = (
        f"Notebooks, and what `--only` takes. *Minutes*: with quick parameters on {machine}; *full size*: computing time "
        "behind the "
        "committed tables; *GPU*: whether one is used where there is one."
    )
    return table(header, rows, caption)


def short(stem: str, paths: Sequence[Path]) -> str:
    """The number of a notebook where its name has one, else the name."""
    number = stem.split("_")[0]
    return number if sum(path.stem.startswith(number) for path in paths) == 1 else stem
