"""Buttons of a notebook's page, on a small book: downloads always, Binder where the address is known."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import build  # noqa: E402

NAME = "08_metric_pitfalls"
HERE = {"GITHUB_REPOSITORY": "someone/grnular", "GITHUB_REF_NAME": "main"}


def configuration(environ: dict[str, str]) -> dict:
    return build.with_repository(yaml.safe_load((ROOT / "_config.yml").read_text()), environ)


def small_book(folder: Path, environ: dict[str, str]) -> Path:
    """A book of the configuration with one notebook, which has no code to run; its html folder."""
    config = configuration(environ)
    config["sphinx"]["config"] |= {"html_extra_path": [], "html_static_path": ["book/_static"]}
    (folder / "notebooks").mkdir(parents=True)
    shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", folder / "book")
    (folder / "book" / "index.md").write_text("# Front\n")
    cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{NAME}.ipynb")
    contents = {
        "format": "jb-book",
        "root": "book/index",
        "chapters": [{"file": f"notebooks/{NAME}"}],
    }
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents))
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT / 'book'}:{ROOT}", "HOME": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder / "_build" / "html"


def buttons(html: Path) -> list[str]:
    """Addresses of the buttons in the header of the notebook's page."""
    text = (html / "notebooks" / f"{NAME}.html").read_text(encoding="utf-8")
    header = text.split('class="article-header-buttons"')[1].split('id="jb-print-docs-body"')[0]
    return re.findall(r'href="([^"#]+)"', header)


def test_binder_and_sources_are_configured_only_where_the_address_is_known():
    assert "launch_buttons" not in configuration({}) and "repository" not in configuration({})
    known = configuration(HERE)
    assert known["launch_buttons"]["binderhub_url"] == build.BINDER
    elsewhere = configuration({**HERE, "GITHUB_REPOSITORY": "other/name"})
    assert elsewhere["repository"]["url"].endswith("/other/name")


def test_binder_gets_a_python_that_the_package_runs_on_and_all_requirements():
    version = (ROOT / ".binder" / "runtime.txt").read_text().strip()
    assert version.startswith("python-3.") and int(version.rpartition(".")[2]) >= 11
    lines = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    (included,) = [line.removeprefix("-r ") for line in lines if not line.startswith("#")]
    assert (ROOT / ".binder" / included).resolve() == ROOT / "requirements.txt"


@pytest.mark.slow
@pytest.mark.parametrize("environ", [{}, HERE], ids=["address unknown", "address known"])
def test_a_notebook_can_always_be_downloaded_and_is_launched_where_the_address_is_known(
    tmp_path, environ
):
    html = small_book(tmp_path / "book", environ)
    found = buttons(html)
    files = [a for a in found if not urlsplit(a).scheme]
    (source,) = [a for a in files if a.endswith(".ipynb")]
    assert nbformat.read(html / "notebooks" / source, as_version=4).cells[1].source == "1 + 1"
    away = [a for a in found if urlsplit(a).scheme]
    if not environ:
        assert away == []
        return
    assert (
        f"{build.BINDER}/v2/gh/someone/grnular/main?urlpath=lab/tree/notebooks/{NAME}.ipynb" in away
    )
    assert all("someone/grnular" in address for address in away)


def test_every_notebook_of_the_book_that_was_built_can_be_downloaded():
    pages = sorted((ROOT / "_build" / "html" / "notebooks").glob("*.html"))
    if not pages:
        pytest.skip("the book is not built")
    for page in pages:
        links = re.findall(r'href="([^"]*_sources[^"]*\.ipynb)"', page.read_text(encoding="utf-8"))
        assert links, page.name
        for link in links:
            nbformat.read((page.parent / link).resolve(), as_version=4)
