"""Captions of the figures of notebooks: a number to be cited, and links to data, notebook and function.

A cell that draws names the recorded tables behind its figure in its metadata, as ``tables``; an empty list says that the
page computes what is drawn. The function is the one of ``PLACES`` that the cell calls.
"""

import ast
import re
from collections.abc import Iterator

import nbformat

PLACES = ("grnular_paper.figures", "grnular_core.plotting.network")
CAPTION = re.compile(r"(?<=<figcaption><p>)(.*?)</p>(?=</figcaption>)", re.DOTALL)


def numbered(notebook: nbformat.NotebookNode, stem: str) -> nbformat.NotebookNode:
    """The executed notebook with numbers and links in its captions: those of cells, and those of drawn HTML."""
    number = numbers(stem)
    for cell in notebook.cells:
        if "tables" not in cell.metadata:
            continue
        below = links(cell.metadata["tables"], stem, drawn_by(notebook, cell.source))
        options = cell.metadata.get("mystnb", {}).get("figure")
        if options:
            options["caption"] = f"**{next(number)}.** {options['caption']}\n\n{below}"
        for output in cell.outputs:
            html = output.get("data", {}).get("text/html", "")
            if "<figcaption>" in html:
                caption = rf"<strong>{next(number)}.</strong> \1</p><p class='legend'>{below}</p>"
                output["data"] = {"text/html": CAPTION.sub(caption, html)}  # not the same picture twice
    return notebook


def numbers(stem: str) -> Iterator[str]:
    """Figure 1.1, 1.2 and so on: the notebook's number and the figure's on its page."""
    page = int(stem.split("_")[0])
    count = 0
    while True:
        count += 1
        yield f"Figure {page}.{count}"


def drawn_by(notebook: nbformat.NotebookNode, source: str) -> list[str]:
    """Full names of the drawing functions that a cell calls."""
    known = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "import" in cell.source:
            for node in ast.walk(parsed(cell.source)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PLACES):
                    functions = [name for name in node.names if name.name.islower()]
                    known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in functions}
    called = (n.func.id for n in ast.walk(parsed(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return list(dict.fromkeys(known[name] for name in called if name in known))


def parsed(source: str) -> ast.Module:
    return ast.parse(re.sub(r"^\s*%.*$", "", source, flags=re.MULTILINE))


def links(tables: list[str], stem: str, functions: list[str]) -> str:
    """One line of HTML, for a page in the folder ``notebooks``."""
    data = ", ".join(f'<a href="../recorded/{name}.csv">{name}.csv</a>' for name in tables)
    notebook = f'<a href="../_sources/notebooks/{stem}.ipynb" download>{stem}.ipynb</a>'
    code = ", ".join(f'<a href="{address(name)}">{name.rpartition(".")[2]}</a>' for name in functions)
    parts = [f"Data: {data or 'computed on this page'}", f"Notebook: {notebook}"]
    return " · ".join([*parts, f"Function: {code}"] if code else parts)


def address(function: str) -> str:
    """Where a function stands in the pages of the packages, from a page beside their folder."""
    package, room, *_ = function.split(".")
    page = package if package == "grnular_paper" else room
    return f"../book/api_{page}.html#{function}"
