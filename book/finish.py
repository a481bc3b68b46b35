"""Corrections of built pages where the theme has errors of accessibility.

`build.py` runs this on the pages that jupyter-book wrote, before they are checked.
"""

import re
from pathlib import Path

# Read as a file, a page may not preload fonts: browsers report an error and load nothing.
FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')
# The corner of a table that has row names is no header, and screen readers announce an empty one.
EMPTY_HEADER = re.compile(r'<th class="head([^"]*)"><p></p></th>')
# A list whose entries are links and divisions is none to a screen reader, and entries lost their role
# in ARIA 1.2.
CITATION_ROLE = re.compile(r'(<div) role="list"( class="citation-list")| role="doc-biblioentry"')
# Sphinx sets long signatures as lists of definitions without a term; here every parameter is a line.
SIGNATURE = re.compile(
    r'<dl>\s*((?:<dd><em class="sig-param">.*?</em>,?</dd>\s*)+)</dl>', re.DOTALL
)
# The sidebar's logo and search lie outside of every landmark.
SIDEBAR = re.compile(r'<(div|dialog)([^>]*class="bd-sidebar-primary[^"]*"[^>]*)>')


def finished(html: str) -> str:
    """The page with all corrections; a page that needs none, or has them, comes back as it is."""
    html = FONT_PRELOAD.sub("", html)
    html = EMPTY_HEADER.sub(r'<td class="head\1"></td>', html)
    html = CITATION_ROLE.sub(lambda found: (found[1] or "") + (found[2] or ""), html)
    html = SIGNATURE.sub(_lines_of_parameters, html)
    return SIDEBAR.sub(_named_sidebar, html)


def _named_sidebar(found: re.Match[str]) -> str:
    if "role=" in found[2]:
        return found[0]
    return f'<{found[1]} role="complementary" aria-label="Contents of the book"{found[2]}>'


def _lines_of_parameters(found: re.Match[str]) -> str:
    lines = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{lines}</span>'


def finish(folder: Path) -> None:
    """Correct every page of the book in ``folder`` where it lies."""
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        corrected = finished(text)
        if corrected != text:
            path.write_text(corrected, encoding="utf-8")
