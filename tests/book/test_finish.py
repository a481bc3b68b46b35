"""The corrections of built pages: each does what it says, and nothing to a page that needs none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book"))

import finish  # noqa: E402


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<link rel="preload" as="font" type="font/woff2" crossorigin href="x.woff2" />\n', ""),
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
        ('<link rel="preload" as="script" href="x.js" />', '<link rel="preload" as="script" href="x.js" />'),
    ],
)  # fmt: skip
def test_a_page_is_corrected_once_and_left_alone_afterwards(before, after):
    assert finish.finished(before) == after
    assert finish.finished(after) == after


def test_all_pages_of_a_folder_are_corrected(tmp_path):
    for name in ("index.html", "book/method.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('<th class="head"><p></p></th>')
    finish.finish(tmp_path)
    assert (tmp_path / "book/method.html").read_text() == '<td class="head"></td>'
