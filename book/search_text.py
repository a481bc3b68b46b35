"""Texts of the built pages for the search in a book that was opened as files.

A browser lets no page that lies in a file read another one, so that Sphinx' search shows titles alone there. The
texts lie in a script, which only the page of search loads, and only from files; _static/grnular.js shows them.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

FILE = "_static/searchtext.js"
VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SKIPPED_TAGS = {"script", "style", "svg", "nav"}
# No prose: code of notebooks, words of buttons, formulas that stand alone.
SKIPPED_CLASSES = {"headerlink", "caption-number", "cell_input", "collapsed", "expanded", "math-wrapper"}
LETTERS = re.compile(r"\\[()]|[\\{}]")  # what is left of a formula in a line without them is its letters
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"p", "li", "td", "th", "tr", "dt", "dd", "pre", "div", "section", "figcaption", "caption", "summary", "br"}


class Words(HTMLParser):
    """The words of a page's article, in parts: one for each heading or described object, by its id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, list[str]]] = []
        self._depth = 0  # of open elements inside of the article; 0 outside
        self._formula = False
        self._skipped = 0  # depth of the element that is left out, 0 where none is
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = set(values.get("class", "").split())
        if not self._depth:
            self._depth = int(tag == "article" and "bd-article" in classes)
            return
        if tag in BLOCKS and self.parts:
            self.parts[-1][1].append(" ")
        if tag in VOID:
            return
        self._formula = "math" in classes
        self._depth += 1
        if not self._skipped and (tag in SKIPPED_TAGS or classes & SKIPPED_CLASSES or (tag == "div" and "math" in classes)):
            self._skipped = self._depth
        if values.get("id") and (tag == "section" or "sig" in classes):
            self.parts.append((values["id"], []))

    def handle_endtag(self, tag: str) -> None:
        if not self._depth or tag in VOID:
            return
        if self._skipped == self._depth:
            self._skipped = 0
        self._depth -= 1
        self._formula = False
        if tag in HEADINGS and self.parts:
            self.parts[-1][1].append(": ")

    def handle_data(self, data: str) -> None:
        if self._depth and not self._skipped and self.parts:
            self.parts[-1][1].append(LETTERS.sub("", data) if self._formula else data)


def parts(html: str) -> list[tuple[str, str]]:
    """Id and text of each part of a page, in its order; parts without words are left out."""
    found = ((name, re.sub(r"\s+", " ", "".join(words)).strip()) for name, words in Words(html).parts)
    return [(name, text) for name, text in found if text]


def write(folder: Path) -> Path:
    """Put the texts of all pages of the book in ``folder`` into its script."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder)
        found = parts(path.read_text(encoding="utf-8")) if "_static" not in name.parts else []
        if found:
            pages[name.as_posix()] = found
    target = folder / FILE
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"window.SEARCH_TEXT = {json.dumps(pages, ensure_ascii=False, separators=(',', ':'))};\n", encoding="utf-8")
    return target
