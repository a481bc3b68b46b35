"""The pages about the code: made from docstrings and the layers, and built by Sphinx without a warning."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import build
import code_page
import docstrings
import nbformat
import pytest
import rendering
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROOMS = code_page.rooms(ROOT)
NAME = "08_metric_pitfalls"
HERE = {"GITHUB_REPOSITORY": "someone/grnular", "GITHUB_REF_NAME": "main"}


def test_every_package_and_module_is_shown_with_its_own_words():
    core, paper = ROOT / "grnular_core", ROOT / "notebooks" / "grnular_paper"
    packages = {path.parent for start in (core, paper) for path in start.rglob("__init__.py")} - {core}
    assert set(ROOMS) == packages and len({room.name for room in ROOMS}) == len(ROOMS)
    layers = code_page.layer_table(ROOT)
    for room in ROOMS:
        assert re.search(rf"\| \[`{code_page.package(room)}`\]\(api_{room.name}\.md\) \| \w", layers)
        page = code_page.api_page(room)
        files = {path for path in room.glob("*.py") if path.stem[0] != "_"}
        assert set(code_page.modules(room).values()) == files
        for name in code_page.modules(room):
            assert page.count(f".. automodule:: {code_page.package(room)}.{name}\n") == 1


def test_docstrings_show_bars_as_they_are_and_nothing_of_named_tuples():
    lines = ["Alias for field number 0", ""]
    docstrings.process_docstring(None, "attribute", "", None, None, lines)
    assert lines == []
    assert docstrings.escaped("a |theta| and ``|W|`` of |Z|") == r"a \|theta\| and ``|W|`` of \|Z\|"
    lines = ["As in [1]_.", "", "  .. [1] A book,", "     of 2020.", "  .. [2] B", "", "More"]
    docstrings.process_docstring(None, "function", "", None, None, lines)
    assert lines == ["As in [1].", "", "  * [1] A book,", "    of 2020.", "  * [2] B", "", "More"]


def test_signatures_are_python_with_short_defaults():
    long = "('" + "a" * docstrings.LONGEST + "',)"
    for before, after in (
        (f"(a, b: int = 3, *, c: tuple = {long})", "(a, b: int=3, *, c: tuple=...)"),
        ("(g: ~a.b.C = <factory>, n: str | None = None)", "(g: ~a.b.C=..., n: str | None=None)"),
        ("(*args, **more)", "(*args, **more)"),
        ("this is no signature", "this is no signature"),
    ):
        assert docstrings.shortened(before) == after
    assert docstrings.process_signature(None, "", "", None, None, None, None) is None


def test_the_example_on_the_page_runs():
    text = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```\{code-block\} python\n(.*?)```", text, re.DOTALL)
    *steps, last = block.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(steps), names)  # noqa: S102
    assert eval(last, names) > 0.8  # noqa: S307


# --- a small book: pages of the packages, and one notebook ----------------------------------------


def small_book(folder: Path, environ: dict[str, str], rooms: Sequence[Path]) -> Path:
    """The book's configuration with a notebook that has no code to run; the folder of pages."""
    site = folder / "site"
    (site / "notebooks").mkdir(parents=True)
    (site / "book" / "_generated").mkdir(parents=True)
    config = build.with_repository(yaml.safe_load((ROOT / "_config.yml").read_text()), environ)
    config["sphinx"]["config"]["html_extra_path"] = []
    rendering.write_yaml(site / "_config.yml", config)
    shutil.copytree(ROOT / "book" / "_static", site / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", site / "book")
    shutil.copy(ROOT / "book" / "api.md", site / "book")
    (site / "book/_generated/layers.md").write_text(code_page.layer_table(ROOT) if rooms else "–\n")
    for room in rooms:
        (site / "book" / f"api_{room.name}.md").write_text(code_page.api_page(room))
    cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell("1 + 1")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, site / "notebooks" / f"{NAME}.ipynb")
    files = [f"notebooks/{NAME}", *(f"book/api_{room.name}" for room in rooms)]
    contents = {"format": "jb-book", "root": "book/api", "chapters": [{"file": f} for f in files]}
    rendering.write_yaml(site / "_toc.yml", contents)
    return rendering.run_sphinx(site, folder / "out", folder / "log")


def buttons(html: Path) -> list[str]:
    """Addresses of the buttons in the header of the notebook's page."""
    text = (html / "notebooks" / f"{NAME}.html").read_text(encoding="utf-8")
    header = text.split('class="article-header-buttons"')[1].split('id="jb-print-docs-body"')[0]
    return re.findall(r'href="([^"#]+)"', header)


@pytest.mark.slow
def test_docstrings_are_built_without_a_warning_and_a_notebook_can_be_downloaded(tmp_path):
    html = small_book(tmp_path, {}, ROOMS)
    for room in ROOMS:
        text = re.sub(r"<[^>]+>", "", (html / "book" / f"api_{room.name}.html").read_text())
        assert "~grnular_core" not in text and "&lt;factory" not in text, room.name
        assert ":param" not in text and not re.search(r"^-{5,}$", text, re.MULTILINE), room.name
    found = buttons(html)
    assert not any(urlsplit(address).scheme for address in found)
    (source,) = [address for address in found if address.endswith(".ipynb")]
    assert nbformat.read(html / "notebooks" / source, as_version=4).cells[1].source == "1 + 1"


@pytest.mark.slow
def test_a_notebook_is_launched_where_the_address_is_known(tmp_path):
    away = [a for a in buttons(small_book(tmp_path, HERE, [])) if urlsplit(a).scheme]
    page = f"urlpath=lab/tree/notebooks/{NAME}.ipynb"
    assert f"{build.BINDER}/v2/gh/someone/grnular/main?{page}" in away
    assert all("someone/grnular" in address for address in away)
