"""A browser for the tests of built pages: Playwright drives the Chromium that the system has.

Pages are opened as files, as a reader does after `make book`. `BROWSER` is None without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rendering import BROWSER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"

# Rules that axe-core is asked for: WCAG 2.2 up to AA, and what it calls best practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those whose answer hangs on the theme, and on the width.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
OF_WIDTH = ["scrollable-region-focusable", "target-size"]
AXE = """
async (asked) => {
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: asked});
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary.split("\\n").slice(1, 2)}`));
}
"""
# Settled: two frames drawn, and all transitions of colours over; or three seconds gone, since a transition of
# something that is not shown, as on paper, never ends.
SETTLED = """
Promise.race([
  new Promise((done) => setTimeout(() => done(true), 3000)),
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() =>
    Promise.allSettled(document.getAnimations().map((change) => change.finished)).then(() => true)),
])
"""


def pages() -> list[str]:
    """All pages of the built book that a reader can land on, relative to its folder."""
    found = []
    for path in sorted(HTML.rglob("*.html")):
        name = path.relative_to(HTML)
        moved = 'http-equiv="refresh"' in path.read_text(encoding="utf-8")[:2000].lower()
        if "_static" not in name.parts and not moved:  # templates of the theme; the front door
            found.append(name.as_posix())
    return found


@contextmanager
def started() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # may be absent: tests skip then

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, name: str
) -> Iterator[tuple[Page, list[str], list[str]]]:
    """A page once its formulas are set, with its console errors and the addresses it asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    errors: list[str] = []
    requested: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto((HTML / name).as_uri())
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate(SETTLED)
    try:
        yield page, errors, requested
    finally:
        context.close()


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds wrong with the page as it is shown now, by all rules or the given ones."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    requested = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    return page.evaluate(AXE, requested)
