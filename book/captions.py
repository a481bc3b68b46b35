"""Captions of figures and tables: a number to be cited; below a figure links to data, notebook and function.

A table of Markdown has its caption above, in a line that begins with ``Table: ``, or with ``Folded table: `` where a
reader opens it. A cell that draws names the recorded
tables behind its figure in its metadata, as ``tables``; an empty list says that the page computes what is drawn. The
function is the one of ``PLACES`` that the cell calls.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

PLACES = ("grnular_paper.figures", "grnular_core.plotting.network")
INCLUDED = re.compile(r"^```\{include\} (_generated/\S+)\n```$", re.MULTILINE)
TABLE = re.compile(r"^(Table|Folded table): (.+)\n\n((?:\|.*(?:\n|$))+)", re.MULTILINE)
# below the head, short, with a number, not the first: it stays on one line
CELL = re.compile(r"(?<= \| )(?=[^|\n]*\d)[^|`\n]{1,34}(?= +\|)")
NO_BREAK = "\N{NO-BREAK SPACE}"
FOLDED = re.compile(r"<details>.*?</details>")
FIGURE = re.compile(r"^```\{figure\} .+\n(?::.+\n)+\n", re.MULTILINE)
LONG = 300  # letters of a cell; from so many on a phone shows a table cell below cell
NAME = 40  # letters of a first cell; with more it is no name that stays on one line
CAPTION = re.compile(r"(?<=<figcaption><p>)(.*?)</p>(?=</figcaption>)", re.DOTALL)


def numbered(notebook: nbformat.NotebookNode, stem: str) -> nbformat.NotebookNode:
    """The executed notebook with numbers and links in its captions: those of cells, of drawn HTML, and of tables."""
    page = str(int(stem.split("_")[0])) if stem[0].isdigit() else stem
    number, of_tables = numbers(f"Figure {page}"), numbers(f"Table {page}")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_tables(cell.source, of_tables)
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output["data"]["text/markdown"] = with_tables(output["data"]["text/markdown"], of_tables)
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


def numbers(start: str) -> Iterator[str]:
    """Figure 1.1, 1.2 and so on: what is counted, its page, and its number there."""
    return (f"{start}.{count}" for count in itertools.count(1))


def with_tables(text: str, number: Iterator[str]) -> str:
    """The text with every captioned table as a directive, which has a number and an address of its own."""

    def directive(found: re.Match[str]) -> str:
        head, rest = found[3].rstrip().split("\n", 1)
        label, rows = next(number), f"{head}\n{CELL.sub(lambda cell: cell[0].replace(' ', NO_BREAK), rest)}"
        name = re.sub(r"\W+", "-", label).lower()
        cells = [line.split("|") for line in FOLDED.sub("", rows).splitlines()]
        shape = ("long", max(map(len, sum(cells, []))) > LONG), ("wrap", max(len(line[1].strip()) for line in cells) > NAME)
        classes = " ".join(name for name, fits in shape if fits)
        asked = f":class: {classes}\n" if classes else ""
        table = f"::::{{table}} **{label}.** {found[2]}\n:name: {name}\n{asked}\n{rows}\n::::\n"
        if found[1] == "Table":
            return table
        return f":::::{{dropdown}} {label}. {re.split('[,.:]', found[2])[0]}\n{table}:::::\n"

    return TABLE.sub(directive, text)


def complete(page: Path) -> None:
    """Put the generated parts of a page of prose into it, and number its figures and tables."""

    def part(found: re.Match[str]) -> str:
        return (page.parent / found[1]).read_text(encoding="utf-8").strip()

    text = INCLUDED.sub(part, page.read_text(encoding="utf-8"))
    figure, table = (numbers(f"{kind} {page.stem.replace('_', '-')}") for kind in ("Figure", "Table"))
    text = FIGURE.sub(lambda found: f"{found[0]}**{next(figure)}.** ", text)
    page.write_text(with_tables(text, table), encoding="utf-8")


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
    return f"../book/api_{function.split('.')[1]}.html#{function}"
