"""`make book`: run the notebooks, build the book from their outputs, check it, print where it is.

    python book/build.py                run everything, build _build/html
    python book/build.py --only 08      run the notebooks whose name starts so, keep the others' runs
    python book/build.py --reuse        run nothing: the last outputs with today's pages
    python book/build.py --paper        run the full-size experiments only (`make paper`)

papermill executes, the book renders stored outputs. The book is always built from clean, in a
separate folder, and becomes `_build/html` only when it was built without a warning and checked.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

import captions
import check
import code_page
import examples
import finish
import nbformat
import pages
import yaml
from execute import BUILD, NOTEBOOKS, ROOT, BuildError, read_record, run_all, sources
from rendering import copy_mathjax, run_sphinx, write_yaml

SITE = BUILD / "site"
HTML = BUILD / "html"
LOG = BUILD / "sphinx.log"
BINDER = "https://mybinder.org"  # runs a repository with its packages, for whoever asks


def assemble(record: dict) -> None:
    """The tree that jupyter-book reads: pages, executed notebooks, generated parts."""
    os.environ.setdefault("MPLCONFIGDIR", str(BUILD / "jupyter" / "mplconfigdir"))
    import article  # these need torch and matplotlib: only for those who build
    import claim_page
    import difference_page
    import figures
    import first_page
    import publication

    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    write_yaml(SITE / "_toc.yml", code_page.with_api(contents, ROOT))
    tables = NOTEBOOKS / "recorded"
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["parse"]["myst_substitutions"] = difference_page.effects(tables)
    write_yaml(SITE / "_config.yml", with_repository(config, os.environ))
    skip = shutil.ignore_patterns("*.py", "__pycache__", "_generated", "article")
    shutil.copytree(ROOT / "book", SITE / "book", ignore=skip)

    for room in code_page.rooms(ROOT):
        (SITE / "book" / f"api_{room.name}.md").write_text(code_page.api_page(room), encoding="utf-8")
    generated = SITE / "book" / "_generated"
    generated.mkdir()
    printed = article.build_article()
    if printed:
        shutil.copy(printed, SITE)
    finding, details = first_page.findings(tables)
    for name, text in (
        ("runs", pages.runs(record)),
        ("recorded", pages.recorded(tables)),
        ("faults", pages.faults(tables)),
        ("findings", finding),
        ("details", details),
        ("advice", first_page.advice(tables)),
        ("article", first_page.article(printed)),
        ("how_to_cite", publication.how_to_cite(publication.repository_address(os.environ))),
        ("sources", publication.sources()),
        ("more_sets", publication.more_sets(tables)),
        ("environments", publication.environments(tables)),
        ("claim_counts", claim_page.summary(tables)),
        ("recipes", claim_page.recipes()),
        ("gradient_memory", pages.gradient_memory(tables)),
        ("memory_at_once", pages.memory_at_once(tables)),
        *claim_page.parts(tables).items(),
        ("layers", code_page.layer_table(ROOT)),
        ("notebooks", code_page.notebooks(sources(), record, tables)),
        ("example_edges", pages.example_edges()),
        ("example_scores", pages.example_scores()),
        ("looks", pages.looks()),
        ("own_methods", examples.methods_first(tables)),
        ("own_example", examples.notebook_outputs(BUILD / "executed" / record["mode"] / "your_data.ipynb", generated)),
        ("own_mistakes", examples.mistakes()),
        ("fdr_check", examples.fdr_check()),
    ):
        (generated / f"{name}.md").write_text(text, encoding="utf-8")

    for page in (SITE / "book").glob("*.md"):
        captions.complete(page)
    figures.write_figures(generated)
    first_page.write_figure(tables, generated / "overview.svg")

    (SITE / "notebooks").mkdir()
    for source in sources():
        executed = BUILD / "executed" / record["mode"] / source.name
        if not executed.exists():
            raise BuildError(f"{source.name} has not been run: leave out --reuse.")
        notebook = captions.numbered(publishable(nbformat.read(executed, as_version=4)), source.stem)
        nbformat.write(notebook, SITE / "notebooks" / source.name)
    copy_mathjax(SITE / "_extra" / "mathjax")
    publication.write_files(SITE / "_extra")


def with_repository(config: dict, environ) -> dict:
    """Links to the sources and to Binder, when the build knows its public address (on GitHub it does).

    Binder makes the environment of the whole repository, so that a notebook finds the package. Services
    that open a notebook alone would stop at its first import; they get no button.
    """
    if environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        config["repository"] = {
            "url": f"{server}/{environ['GITHUB_REPOSITORY']}",
            "branch": environ.get("GITHUB_REF_NAME", "main"),
            "path_to_book": "",
        }
        config["launch_buttons"] = {"notebook_interface": "jupyterlab", "binderhub_url": BINDER}
        config["html"] |= {"use_repository_button": True, "use_edit_page_button": True}
    return config


def publishable(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop papermill's bookkeeping and this machine's folders from an executed notebook."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace("# Parameters", "# The parameters of this run", 1)
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(relative(output)) for output in cell.outputs]
    return notebook


def relative(value):
    """The same JSON value with paths inside the checkout or the home folder made relative."""
    if isinstance(value, str):
        for place, short in ((f"{ROOT}/", ""), (str(ROOT), "."), *home_folder()):
            value = value.replace(place, short)
        return value
    if isinstance(value, list):
        return [relative(item) for item in value]
    if isinstance(value, dict):
        return {key: relative(item) for key, item in value.items()}
    return value


def home_folder() -> list[tuple[str, str]]:
    home = str(Path(os.environ.get("HOME") or "/"))
    return [(f"{home}/", "~/")] if home != "/" else []


def build_html() -> None:
    """The assembled book as checked pages: built beside the last book, then put in its place."""
    output = BUILD / "output"
    shutil.rmtree(output, ignore_errors=True)
    built = run_sphinx(SITE, output, LOG)
    finish.finish(built)
    found = check.problems(built, [str(ROOT), *[folder for folder, _ in home_folder()]])
    if found:
        raise BuildError("the built book is not in order:\n" + "\n".join(found))
    built.replace(HTML)
    shutil.rmtree(output)


def main() -> int:
    description, _, usage = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=description, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="run only this notebook")
    parser.add_argument("--reuse", action="store_true", help="run nothing, use the last outputs")
    parser.add_argument("--paper", action="store_true", help="run at full size, build no pages")
    arguments = parser.parse_args()

    start = time.monotonic()
    try:
        only = select(arguments.only or [])
        if arguments.paper:
            print(json.dumps(run_all("full", only)["runs"], indent=1))
            return 0
        shutil.rmtree(HTML, ignore_errors=True)
        record = read_record("quick") if arguments.reuse else run_all("quick", only)
        assemble(record)
        build_html()
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    print(f"The book is ready after {time.monotonic() - start:.0f} s:")
    print(HTML / "index.html")
    return 0


def select(starts: list[str]) -> list[str]:
    """Notebooks selected by the beginning of their names; all of them without a selection."""
    names = [path.stem for path in sources()]
    chosen = [name for name in names if any(name.startswith(start) for start in starts)]
    if starts and not chosen:
        raise BuildError(f"no notebook starts with {' or '.join(starts)}; there are: {names}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
