"""Sphinx on a tree of pages, by jupyter-book, as the book and the article are made; and a page as PDF, by a browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from execute import ANSI, NOTEBOOKS, ROOT, BuildError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)  # of the system
# Files of MathJax that pages with formulas load; the rest of the package is other bundles.
MATHJAX_PARTS = ("tex-chtml.js", "a11y", "input/tex/extensions", "output/chtml/fonts", "ui")


def write_yaml(path: Path, content: dict) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def copy_mathjax(target: Path) -> None:
    """MathJax with its fonts and licence from the installed package: formulas need no network."""
    import mathjax

    package = Path(mathjax.__file__).parent / "static" / "mathjax"
    for part in MATHJAX_PARTS:
        source = package / "es5" / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        copy(source, target / part)
    shutil.copy(package / "LICENSE", target / "LICENSE.txt")


def run_sphinx(site: Path, output: Path, log: Path) -> Path:
    """jupyter-book on the tree ``site`` with warnings as errors; the folder of pages."""
    command = "from jupyter_book.cli.main import main; main()"
    arguments = ["build", str(site), "--path-output", str(output), "-W", "--keep-going"]
    places = [str(ROOT / "book"), str(ROOT), str(NOTEBOOKS), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        cwd=site.parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    printed, built = ANSI.sub("", done.stdout), output / "_build" / "html"
    log.write_text(printed, encoding="utf-8")
    if done.returncode or not (built / "index.html").exists():
        lines = printed.splitlines()
        shown = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines[-30:]
        raise BuildError("\n".join(shown) + f"\njupyter-book failed; its full output: {log}")
    return built


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
