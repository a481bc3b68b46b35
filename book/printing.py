"""A page as PDF, printed by the Chromium or Chrome that the system has."""

import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)


def print_page(page: Path, target: Path) -> None:
    """The PDF of a page in a file, with fonts, bookmarks and tags; formulas are set before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER)
        try:
            tab = browser.new_page()
            tab.goto(page.as_uri())
            tab.evaluate("window.MathJax?.startup?.promise")
            tab.evaluate("document.fonts.ready.then(() => true)")
            part = target.with_suffix(".part")
            tab.pdf(path=part, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        finally:
            browser.close()
    part.replace(target)
