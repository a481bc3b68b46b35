"""Built pages stand alone: what the check of a book finds, and that the book which was built passes it."""

import json
import re
from pathlib import Path

import build
import check
import code_page
import finish
import nbformat
import pytest
import search_text
import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = build.HTML
LIVE = {"01_clean", "02_noisy_dropout", "07_ablations"}  # pages that compute without any download
needs_book = pytest.mark.skipif(
    not (HTML / "index.html").exists(), reason="the book was not built: make book"
)


def make_book(folder: Path, body: str) -> Path:
    (folder / "index.html").write_text(f"<html><body>{body}</body></html>")
    return folder


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "index.html loads https://cdn.example"),
        ('<img src="//cdn.example/x.png">', "index.html loads //cdn.example/x.png"),
        ('<script>const u = "https://cdn.example/x.js"</script>', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="https://cdn.example/x.css">', "loads https://cdn.example/x"),
        ("<style>@import 'https://cdn.example/x.css'</style>", "loads https://cdn.example/x.css"),
        ('<a href="gone.html">x</a>', "gone.html does not exist"),
        ('<a href="#gone">x</a>', "#gone has no such section"),
        ('<a href="../other/index.html">x</a>', "leaves the book"),
        ("<p>/somewhere/checkout/x</p>", "holds the machine path /somewhere/checkout"),
        ('<h1 id="a">x</h1><a href="#a">x</a><a href="https://doi.org/1">y</a><img src="data:,">', ""),
    ],
)
def test_the_check_of_built_pages_finds_what_is_wrong(tmp_path, body, problem):
    found = check.problems(make_book(tmp_path, body), ["/somewhere/checkout"])
    assert len(found) == bool(problem) and problem in "".join(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<link rel="preload" as="font" type="font/woff2" crossorigin href="x.woff2" />\n', ""),
        ('<link rel="preload" as="script" href="x.js" />', '<link rel="preload" as="script" href="x.js" />'),
        ('<th class="head text-left"><p></p></th>', '<td class="head text-left"></td>'),
        ('<th class="head"><p>AUPRC</p></th>', '<th class="head"><p>AUPRC</p></th>'),
        ('<div role="list" class="citation-list">', '<div class="citation-list">'),
        ('<div class="citation" id="id1" role="doc-biblioentry">', '<div class="citation" id="id1">'),
        ('<ul role="list" class="x">', '<ul role="list" class="x">'),
        (
            '<div class="bd-sidebar-primary bd-sidebar">',
            '<div role="complementary" aria-label="Contents of the book" class="bd-sidebar-primary bd-sidebar">',
        ),
        (
            '<dl>\n<dd><em class="sig-param">a: list</em>,</dd>\n<dd><em class="sig-param">b</em>,</dd>\n</dl>',
            '<span class="sig-lines"><span class="sig-line"><em class="sig-param">a: list</em>,</span>\n'
            '<span class="sig-line"><em class="sig-param">b</em>,</span>\n</span>',
        ),
        ("<dl>\n<dt>term</dt><dd>words</dd>\n</dl>", "<dl>\n<dt>term</dt><dd>words</dd>\n</dl>"),
    ],
)  # fmt: skip
def test_a_page_is_corrected_once_and_left_alone_afterwards(tmp_path, before, after):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.html").write_text(before)
    (tmp_path / "bootstrap.css.map").touch()
    for _ in range(2):
        finish.finish(tmp_path)
        assert (tmp_path / "book" / "page.html").read_text() == after
        assert not list(tmp_path.glob("*.map"))


def test_texts_for_the_search_are_those_of_the_article_by_section(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.html").write_text(
        '<main><nav>Contents</nav><article class="bd-article"><section id="a"><h1>Title<a class="headerlink">#</a></h1>'
        '<p>One<br>two</p><img src="x"><p>of <span class="math">\\(\\rho_{nn}\\)</span> and <em>three</em></p>'
        '<div class="math">\\[x\\]</div><svg><title>no</title></svg><section id="b"><h2>Part</h2><table><tr><td>x</td><td>y</td></tr>'
        '</table></section></section></article><p>after</p></main>'
    )
    text = search_text.write(tmp_path).read_text()
    assert json.loads(text.removeprefix("window.SEARCH_TEXT = ").removesuffix(";\n")) == {
        "book/page.html": [["a", "Title: One two of rho_nn and three"], ["b", "Part: x y"]]
    }


@needs_book
def test_the_built_book_stands_alone_and_its_links_resolve():
    home = [folder for folder, _ in build.home_folder()]
    assert check.problems(HTML, [str(ROOT), *home]) == []
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    pages += [f"book/api_{room.name}" for room in code_page.rooms(ROOT)]
    assert [name for name in pages if not (HTML / f"{name}.html").exists()] == []
    assert (HTML / "mathjax" / "tex-chtml.js").exists()
    assert (HTML / "mathjax" / "LICENSE.txt").exists()
    assert sum(path.stat().st_size for path in HTML.rglob("*") if path.is_file()) < 30e6


@needs_book
def test_what_the_built_pages_computed_is_what_is_on_record():
    """Each page with a live part says how far it is from the record; without data some have none."""
    found = {}
    for path in sorted((HTML / "notebooks").glob("0*.html")):
        text = " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())
        for gap in re.findall(r"differs by more than ([\d.]+) ?%", text):
            found[path.stem] = float(gap)
    assert set(found) >= LIVE and max(found.values()) <= 1.0, found


@needs_book
def test_every_notebook_of_the_built_book_can_be_downloaded():
    for page in sorted((HTML / "notebooks").glob("*.html")):
        links = re.findall(r'href="([^"]*_sources[^"]*\.ipynb)"', page.read_text(encoding="utf-8"))
        assert links, page.name
        for link in links:
            nbformat.read((page.parent / link).resolve(), as_version=4)
