"""Corrections of built pages: errors of accessibility in the theme, cells that run first are shown last, texts for the search.

`build.py` runs this on the pages that jupyter-book wrote, before they are checked.
"""

import re
import shutil
from pathlib import Path

import search_text

# Read as a file, a page may not preload fonts: browsers report an error and load nothing.
FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')
# The corner of a table that has row names is no header, and screen readers announce an empty one.
EMPTY_HEADER = re.compile(r'<th class="head([^"]*)"><p></p></th>')
# A list whose entries are links and divisions is none to a screen reader, and entries lost their role
# in ARIA 1.2.
CITATION_ROLE = re.compile(r'(<div) role="list"( class="citation-list")| role="doc-biblioentry"')
# Sphinx sets long signatures as lists of definitions without a term; here every parameter is a line.
SIGNATURE = re.compile(r'<dl>\s*((?:<dd><em class="sig-param">.*?</em>,?</dd>\s*)+)</dl>', re.DOTALL)
# The sidebar's logo and search lie outside of every landmark.
SIDEBAR = re.compile(r'<(div|dialog)([^>]*class="bd-sidebar-primary[^"]*"[^>]*)>')


# What a reader comes for; cells of code without it, up to the first heading, are set-up.
SHOWN = re.compile(r"<(?:figure|table|img)\b")
CELL = '<div class="cell '
DIVISION = re.compile(r"<(/?)div\b")
CODE_LAST = (
    '<section id="code-and-parameters">\n<h2>Code and parameters<a class="headerlink" href="#code-and-parameters" '
    'title="Link to this heading">#</a></h2>\n<details class="first-cells">\n<summary>The cells that run first</summary>\n'
    "{cells}\n</details>\n</section>\n"
)
IN_CONTENTS = re.compile(r'(<nav[^>]*\bpage-toc\b.*?)(</ul>\s*</nav>)', re.DOTALL)
ENTRY = (
    '<li class="toc-h2 nav-item toc-entry"><a class="reference internal nav-link" href="#code-and-parameters">'
    "Code and parameters</a></li>\n"
)


def finished(html: str) -> str:
    """The page with all corrections; a page that needs none, or has them, comes back as it is."""
    html = FONT_PRELOAD.sub("", html)
    html = EMPTY_HEADER.sub(r'<td class="head\1"></td>', html)
    html = CITATION_ROLE.sub(lambda found: (found[1] or "") + (found[2] or ""), html)
    html = SIGNATURE.sub(_lines_of_parameters, html)
    return _with_set_up_last(SIDEBAR.sub(_named_sidebar, html))


def _with_set_up_last(html: str) -> str:
    """The page of a notebook with parameters, imports and the like folded away below all results.

    The notebook itself keeps the order in which it runs.
    """
    if f"{CELL}tag_parameters" not in html or 'id="code-and-parameters"' in html:
        return html
    cells, kept, end = [], [], 0
    at = html.index(CELL, html.index("<h1>"))
    while at >= 0 and "<section" not in (html[end:at] if end else ""):
        stop = _end_of_division(html, at)
        if SHOWN.search(html, at, stop):
            break
        cells.append(html[at:stop])
        kept.append(html[end:at])
        end, at = stop, html.find(CELL, stop)
    html = "".join(kept) + html[end:]
    last = html.rindex("</section>", 0, html.index("</article>"))
    html = html[:last] + CODE_LAST.format(cells="\n".join(cells)) + html[last:]
    return IN_CONTENTS.sub(rf"\1{ENTRY}\2", html)


def _end_of_division(html: str, start: int) -> int:
    """Where the division that starts there is closed."""
    depth = 0
    for found in DIVISION.finditer(html, start):
        depth += -1 if found[1] else 1
        if not depth:
            return html.index(">", found.end()) + 1
    raise ValueError("a division of the page is not closed")


def _named_sidebar(found: re.Match[str]) -> str:
    if "role=" in found[2]:
        return found[0]
    return f'<{found[1]} role="complementary" aria-label="Contents of the book"{found[2]}>'


def _lines_of_parameters(found: re.Match[str]) -> str:
    lines = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{lines}</span>'


def finish(folder: Path) -> None:
    """Correct every page of the book in ``folder`` where it lies, and write their texts for the search.

    Files of the theme that no reader's page loads are dropped.
    """
    shutil.rmtree(folder / "_static" / "locales", ignore_errors=True)
    for path in folder.rglob("*.map"):
        path.unlink()
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        corrected = finished(text)
        if corrected != text:
            path.write_text(corrected, encoding="utf-8")
    search_text.write(folder)
