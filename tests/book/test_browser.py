"""Every page of the built book in a real browser: quiet, on its own, readable by all, printable.

A page is loaded once; theme, width and medium are switched in it.
"""

import csv
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import pytest

pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: make test installs it"
)

import browser as web  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402

WHY_NOT = (
    "no Chromium on this machine (Debian: apt install chromium)"
    if web.BROWSER is None
    else "the book was not built: make book"
    if not (web.HTML / "index.html").exists()
    else ""
)
PAGES = web.pages() if not WHY_NOT else []
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

RAW = re.compile(r"\$\$|\\(?:frac|text|mathrm|begin)\b|\{(?:math|glue|cite|ref)[:}]|`[\w-]+`")
HEADINGS = """
[...document.querySelectorAll("#main-content :is(h1, h2, h3, h4, h5, h6)")]
  .filter((heading) => heading.checkVisibility())
  .map((heading) => [Number(heading.tagName[1]), heading.textContent.trim()])
"""
# Figures and pictures of the article: their words, and what a reader sees below them.
FIGURES = """
[...document.querySelectorAll(".bd-article :is(img, svg[role=img])")]
  .filter((picture) => !picture.closest("a.btn, button, mjx-container"))
  .map((picture) => ({
    words: picture.getAttribute("alt") ?? picture.getAttribute("aria-label") ?? "",
    caption: picture.closest("figure")?.querySelector("figcaption")?.textContent ?? "",
  }))
"""
OVERFLOW = """
[...document.querySelectorAll(".bd-main *")].filter((part) => {
  const aside = ".bd-sidebar-secondary, mjx-assistive-mml";  // a drawer; read, not seen
  if (!part.checkVisibility() || part.closest(aside)) return false;
  for (let box = part.parentElement; box; box = box.parentElement)
    if (/auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX)) return false;
  return part.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
}).map((part) => part.outerHTML.slice(0, 100))
"""
# Tables that scroll without a cue, or whose first column moves away.
WIDE_TABLES = """
[...document.querySelectorAll(".bd-article .pst-scrollable-table-container")].filter((box) =>
  box.scrollWidth > box.clientWidth + 1 && !(box.classList.contains("scrolls")
  && getComputedStyle(box.querySelector("tbody td")).position === "sticky")).map((box) => box.textContent.slice(0, 60))
"""
# Equations and code that scroll without a cue; cells below each other that do not say of which column they are.
WITHOUT_CUE = """
[...document.querySelectorAll(".bd-article :is(mjx-container[display='true'], div.highlight pre)")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1 && !box.closest(".scrolls"))
  .map((box) => box.textContent.slice(0, 60))
"""
UNNAMED = """
[...document.querySelectorAll(".bd-article table.long tbody td:not(:first-child)")]
  .filter((cell) => cell.textContent.trim() && !getComputedStyle(cell, "::before").content.includes(cell.dataset.column))
  .map((cell) => cell.textContent.slice(0, 60))
"""
# Sentences in columns of some words: letters, and pixels wide.
CRAMPED = """
[...document.querySelectorAll(".bd-article td")]
  .filter((cell) => cell.checkVisibility() && cell.textContent.trim().length > 60 && cell.cellIndex > 0 && cell.clientWidth < 140)
  .map((cell) => cell.textContent.slice(0, 60))
"""
LINKS = (
    ".bd-header-article a[href], .article-header-buttons a[href]",
    "(links) => links.map((link) => link.href)",
)
# Where the keyboard is, and whether an outline, a shadow or a border shows it.
FOCUSED = """
() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  return {
    name: at.outerHTML.slice(0, 120), top: at === document.body, text: at.textContent.trim(),
    shown: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
      || style.boxShadow !== "none" || at.matches(".form-control, [role=searchbox], input"),
    visible: box.width > 0 && box.height > 0,
  };
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with web.started() as started:
        yield started


def look_at_content(page: Page, name: str) -> None:
    """Formulas set, ten screens at most, headings without gaps, figures with words, buttons that lead somewhere."""
    if "/api_" not in name:  # those are looked up, not read
        assert page.evaluate("document.documentElement.scrollHeight") < 9_500
    assert not RAW.search(page.inner_text("#main-content"))
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("main, [role=main]").count() == 1
    assert page.locator("nav, [role=navigation]").count() >= 1
    headings = page.evaluate(HEADINGS)
    levels = [level for level, _ in headings]
    assert levels[:1] == [1] and levels.count(1) == 1, headings
    for (before, _), (level, text) in zip(headings, headings[1:], strict=False):
        assert level <= before + 1, text
    for figure in page.evaluate(FIGURES):
        assert len(figure["words"]) > 40 and "_images" not in figure["words"], figure
        assert len(figure["caption"].split()) > 5, figure
    for address in page.eval_on_selector_all(*LINKS):
        parts = urlsplit(address)
        source = re.search(r"/(?:blob|edit|raw|tree)/[^/]+/(.+)$", parts.path)
        if parts.scheme == "file":
            assert (web.Path(unquote(parts.path))).exists(), address
        elif source:  # on the host of the repository, the same file as here
            assert (web.ROOT / unquote(source[1])).exists(), address


def look_at_themes(page: Page) -> None:
    """No rule of accessibility broken, and enough contrast in both themes."""
    for mode, rules in (("light", None), ("dark", web.OF_COLOURS)):
        page.emulate_media(color_scheme=mode)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{mode}'")
        page.evaluate(web.SETTLED)
        assert web.violations(page, rules) == []


def look_at_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.evaluate(web.SETTLED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(OVERFLOW) == []
    assert page.evaluate(WIDE_TABLES) == []
    assert page.evaluate(WITHOUT_CUE) == []
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(CRAMPED) == []
    assert web.violations(page, web.OF_WIDTH) == []  # what scrolls is in reach of the keyboard


def look_at_print(page: Page) -> None:
    """The title, no sidebars, no bars of hidden code, folded tables in full, whole figures, on about A4 between its margins."""
    page.set_viewport_size({"width": 720, "height": 900})
    page.emulate_media(media="print", color_scheme="light")
    page.evaluate(web.SETTLED)
    assert page.locator("h1:visible").count() == 1
    for part in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article", "details.hide", "#code-and-parameters"):
        assert page.locator(f"{part}:visible").count() == 0, part
    for table in page.locator("details.sd-dropdown table").all():
        assert table.bounding_box()["height"] > 20
    for box in page.locator(".bd-article img, .bd-article svg[role=img]").all():
        size = box.bounding_box()
        assert size is None or size["x"] + size["width"] <= 721
        assert size is None or size["height"] <= 900
        assert box.evaluate("(part) => getComputedStyle(part).breakInside") == "avoid"
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_readable_by_all_on_a_phone_and_on_paper(browser, name):
    with web.opened(browser, name) as (page, errors, requested):
        assert errors == []
        assert [url for url in requested if not url.startswith(("file:", "data:", "blob:"))] == []
        look_at_content(page, name)
        look_at_themes(page)
        look_at_phone(page)
        look_at_print(page)


def test_fields_of_a_figure_answer_to_the_arrow_keys(browser):
    with web.opened(browser, "notebooks/10_more_real_cells.html") as (page, _, _):
        page.locator(".hover-figure").first.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        assert page.locator(".hover-words").first.inner_text().count(" · ") == 2  # method, pair and value
        assert page.locator(".hover-spot.at").count() == 1


def test_a_table_can_be_had_as_a_file_of_what_it_shows(browser):
    with web.opened(browser, "book/claims.html") as (page, _, _):
        link = page.locator("caption .table-file").first
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "table-claims-1.csv"
        shown = page.locator("table#table-claims-1 tr")
        with open(download.value.path(), newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        assert [cell.strip() for cell in lines[0]] == shown.first.locator("th").all_inner_texts()
        assert len(lines) == shown.count()


@pytest.mark.parametrize(("asked", "shown"), [("dropout", "dropout"), ("simulating a graph", "graph")])
def test_search_from_files_shows_the_lines_around_what_was_found(browser, asked, shown):
    with web.opened(browser, "search.html") as (page, errors, _):
        page.goto((web.HTML / "search.html").as_uri() + f"?q={quote(asked)}")
        page.wait_for_function("document.querySelector('.search-summary')?.textContent")
        page.wait_for_selector("#search-results li p.context")
        lines = page.locator("#search-results li p.context").all_inner_texts()
        assert len(lines) > 5 and all(1 < len(line) < 260 for line in lines)
        assert sum(shown in line.lower() for line in lines) >= 0.8 * len(lines), lines
        assert errors == []


def test_a_section_that_was_found_is_shown_by_its_own_words(browser):
    with web.opened(browser, "search.html") as (page, _, _):
        page.goto((web.HTML / "search.html").as_uri() + "?q=algorithm+2%3A+grnular")
        found = page.locator("#search-results li", has=page.locator("a[href='book/method.html#algorithm-2-grnular']"))
        assert "fitted once without penalty" in found.locator("p.context").inner_text()


def test_the_keyboard_starts_at_the_skip_link_and_is_seen_at_every_stop(browser):
    with web.opened(browser, "book/method.html") as (page, _, _):
        page.keyboard.press("Tab")
        assert "Skip to main content" in page.evaluate(FOCUSED)["text"]
        stops = []
        for _ in range(40):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop["top"]:
                break
            assert stop["visible"] and stop["shown"], stop["name"]
            stops.append(stop["name"])
        assert len(set(stops)) > 20  # no trap
    with web.opened(browser, "book/method.html") as (page, _, _):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#main-content"
