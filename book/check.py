"""Check a built book without a browser: nothing from other hosts, no dead link, no machine path.

`make book` fails on any problem found here; tests/book/test_built.py runs the same checks on `_build/html`.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Tags and attributes that make a browser fetch something as soon as the page is shown.
FETCHED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "input": ("src",),
}
# Kinds of <link> that are only read by search engines or on a click.
PASSIVE_LINKS = {"canonical", "next", "prev", "index", "search", "author", "license", "alternate"}
REMOTE = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
CSS_REMOTE = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^"')\s]+)""", re.I)
SCRIPT_REMOTE = re.compile(r"""["'`](https?://[^"'`\s]+\.(?:js|mjs|css|woff2?))["'`]""")


class Page(HTMLParser):
    """The fetched addresses, links and anchors of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside = tag
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        for name in FETCHED.get(tag, ()):
            if name == "srcset":
                self.fetched += [part.split()[0] for part in values.get(name, "").split(",") if part]
            elif name in values:
                self.fetched.append(values[name])
        if tag == "link" and not PASSIVE_LINKS.issuperset(values.get("rel", "").lower().split()):
            self.fetched.append(values.get("href", ""))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        self.fetched += CSS_REMOTE.findall(values.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.fetched += CSS_REMOTE.findall(data)
        if self._inside == "script":
            self.fetched += SCRIPT_REMOTE.findall(data)


def problems(html: Path, machine_paths: list[str]) -> list[str]:
    """Everything wrong with the book in folder ``html``, one line each; empty when all is well.

    ``machine_paths`` are folders of this machine (the checkout, the home folder) that no file of
    the book may hold.
    """
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(html.rglob("*.html"))}
    found = []
    if html / "index.html" not in pages:
        found.append("index.html is missing")
    for path, page in pages.items():
        name = path.relative_to(html).as_posix()
        if "_static" in path.relative_to(html).parts:
            continue  # templates of the theme, not pages
        found += [f"{name} loads {url}" for url in page.fetched if REMOTE.match(url)]
        local = [url for url in page.fetched + page.links if not REMOTE.match(url)]
        found += [f"{name}: {why}" for url in local if (why := dead(url, path, html, pages))]
    for path in sorted(html.rglob("*.css")):
        found += [
            f"{path.relative_to(html).as_posix()} loads {url}"
            for url in CSS_REMOTE.findall(path.read_text(encoding="utf-8"))
        ]
    for path in sorted(html.rglob("*")):
        if path.suffix in {".html", ".ipynb", ".md", ".txt", ".js", ".json"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [
                f"{path.relative_to(html).as_posix()} holds the machine path {place}"
                for place in machine_paths
                if place in text
            ]
    return found


def dead(url: str, page: Path, html: Path, pages: dict[Path, Page]) -> str:
    """Why a local address leads nowhere, or an empty string."""
    parts = urlsplit(url)
    if parts.scheme:  # data:, mailto:, javascript:
        return ""
    target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    if not target.is_relative_to(html.resolve()):
        return f"{url} leaves the book"
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return f"{url} does not exist"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"{url} has no such section"
    return ""
