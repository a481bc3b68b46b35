"""The book's sources hang together, its driver refuses what is wrong, and its pages stand alone."""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import sys
import tokenize
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import build  # noqa: E402
import check  # noqa: E402
import environment  # noqa: E402
import execute  # noqa: E402
import pages  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROSE = sorted((ROOT / "book").glob("*.md"))
MODES = ("quick", "full")
HTML = ROOT / "_build" / "html"


def toc_files() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"]] + [entry["file"] for part in toc["parts"] for entry in part["chapters"]]


def texts() -> dict[str, str]:
    """All prose: pages, and Markdown cells of notebooks."""
    found = {path.name: path.read_text(encoding="utf-8") for path in PROSE}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        found[path.name] = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return found


def cell_of_parameters(path: Path):
    cells = nbformat.read(path, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1, f"{path.name} needs one cell tagged parameters"
    return tagged[0]


# --- sources ------------------------------------------------------------------------------------


def test_the_configuration_is_valid_and_leaves_execution_to_papermill():
    from jupyter_book.config import validate_yaml

    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    validate_yaml(config, raise_on_errors=True)
    assert config["execute"]["execute_notebooks"] == "off"
    assert all((ROOT / file).exists() for file in config["bibtex_bibfiles"])
    assert "sphinx_thebe" not in config["sphinx"]["config"]["extensions"]


def test_every_entry_of_the_contents_exists_and_every_page_is_in_them():
    listed = toc_files()
    assert len(set(listed)) == len(listed)
    sources = {f"book/{path.stem}" for path in PROSE} | {f"notebooks/{p.stem}" for p in NOTEBOOKS}
    assert set(listed) == sources


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_parameters_are_literals_with_a_comment_each(path):
    source = cell_of_parameters(path).source
    tree = ast.parse(source)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    assert tree.body
    for node in tree.body:
        assert isinstance(node, ast.Assign | ast.AnnAssign), f"line {node.lineno} sets no parameter"
        ast.literal_eval(node.value)
        lines = set(range(node.lineno - 1, node.end_lineno + 1))
        assert lines & commented, f"line {node.lineno} has no comment"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs_and_for_any_python(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "papermill" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
        assert "papermill" not in cell.metadata


@pytest.mark.parametrize("mode", MODES)
def test_sections_of_parameters_match_the_notebooks(mode):
    execute.check_parameters(execute.load_parameters(mode), NOTEBOOKS, f"{mode}.yml")


def test_quick_parameters_have_a_section_for_every_notebook():
    assert set(execute.load_parameters("quick")) == {path.stem for path in NOTEBOOKS}


def test_every_citation_is_in_the_references_once():
    keys = re.findall(r"^@\w+\{([^,]+),", (ROOT / "book/references.bib").read_text(), re.MULTILINE)
    assert len(set(keys)) == len(keys)
    for name, text in texts().items():
        for group in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            for key in group.split(","):
                assert key.strip() in keys, f"{name} cites {key}"


def test_every_function_named_in_the_page_on_the_method_exists():
    text = (ROOT / "book/method.md").read_text()
    names = re.findall(r"`(grnular_core(?:\.\w+)+)`", text)
    assert names
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


def test_the_method_numbers_all_sixteen_equations_of_the_paper():
    text = (ROOT / "book/method.md").read_text()
    labels = re.findall(r"^\$\$ \(([\w-]+)\)$", text, re.MULTILINE)
    assert len(labels) == len(set(labels)) == 16
    assert set(re.findall(r"\{eq\}`([\w-]+)`", text)) <= set(labels)


def test_numbers_glued_across_documents_come_from_a_notebook_that_glues_them():
    for name, text in texts().items():
        for target, key in re.findall(r"\{glue:\w+\}`([\w./-]+\.ipynb)::(\w+)", text):
            source = (ROOT / "book" / target).resolve().read_text()
            assert f'"{key}\\"' in source or "glue_all(" in source, f"{name}: {target}::{key}"


# --- the driver ---------------------------------------------------------------------------------


def write_notebook(path: Path, source: str, parameters: str = "n = 1  # a number") -> Path:
    cells = [
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(source),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"one": {"m": 2}}, "'m'; it has n"), ({"two": {}}, "there is no notebooks/two.ipynb")],
)
def test_unknown_parameters_are_refused_before_anything_runs(tmp_path, parameters, said):
    notebook = write_notebook(tmp_path / "one.ipynb", "n")
    execute.check_parameters({"one": {"n": 2}}, [notebook], "quick.yml")
    with pytest.raises(execute.BuildError, match=re.escape(said)):
        execute.check_parameters(parameters, [notebook], "quick.yml")


def test_a_failing_notebook_is_named_with_its_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    for variable in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR",
                     "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "JUPYTER_PLATFORM_DIRS"):  # fmt: skip
        monkeypatch.setenv(variable, "")
    execute.private_jupyter(tmp_path / "jupyter")
    notebook = write_notebook(tmp_path / "one.ipynb", "raise ValueError(f'no {n}')")
    with pytest.raises(execute.BuildError, match=r"(?s)one\.ipynb failed.*ValueError.*no 7"):
        execute.run_notebook(notebook, tmp_path / "out.ipynb", {"n": 7})


def test_what_is_published_holds_no_bookkeeping_and_no_path_of_the_checkout():
    output = nbformat.v4.new_output("stream", text=f"wrote {ROOT}/notebooks/x.csv in {ROOT}\n")
    injected = nbformat.v4.new_code_cell("# Parameters\nn = 2")
    injected.metadata = nbformat.from_dict({"tags": ["injected-parameters"], "papermill": {}})
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[injected, cell])
    notebook.metadata["papermill"] = {"input_path": str(ROOT)}
    text = json.dumps(build.publishable(notebook))
    assert str(ROOT) not in text and "papermill" not in text
    assert "wrote notebooks/x.csv in ." in text
    assert "# The parameters of this run" in text


def test_repository_links_appear_only_where_the_build_knows_its_address():
    plain = build.with_repository({"html": {"use_repository_button": False}}, {})
    assert plain == {"html": {"use_repository_button": False}}
    known = build.with_repository({"html": {}}, {"GITHUB_REPOSITORY": "someone/grnular"})
    assert known["repository"]["url"] == "https://github.com/someone/grnular"
    assert known["repository"]["path_to_book"] == "" and known["html"]["use_repository_button"]


def test_an_interrupted_or_outdated_environment_is_not_taken_for_a_finished_one(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "COMPLETE", tmp_path / "complete")
    monkeypatch.setattr(environment, "interpreter", lambda: Path(sys.executable))
    assert not environment.is_current()
    (tmp_path / "complete").write_text("another digest\n")
    assert not environment.is_current()
    (tmp_path / "complete").write_text(environment.digest() + "\n")
    assert environment.is_current()
    monkeypatch.setattr(environment, "interpreter", lambda: tmp_path / "gone")
    assert not environment.is_current()


def test_the_environment_is_outdated_when_the_lock_or_the_place_changes(tmp_path, monkeypatch):
    before = environment.digest()
    assert before == environment.digest()
    monkeypatch.setattr(environment, "LOCK", tmp_path / "requirements.lock")
    assert environment.digest() != before
    monkeypatch.undo()
    assert environment.digest() == before
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.digest() != before  # an editable install knows its folder


# --- what the build writes ------------------------------------------------------------------------


def test_the_status_tables_show_what_ran_and_what_is_recorded(tmp_path):
    record = execute.describe_machine() | {"mode": "quick", "runs": []}
    assert pages.runs(record) == "No notebook was run for this build.\n"
    record["runs"] = [{"notebook": "04_beeline", "started": "2026-01-02T03:04:05", "seconds": 61.2}]
    text = pages.runs(record)
    assert (
        "[Real data" in text
        and "](../notebooks/04_beeline.ipynb)" in text
        and "| 2026-01-02 03:04 | 61 |" in text
    )
    assert pages.recorded(tmp_path) == "Nothing is on record yet.\n"
    (tmp_path / "paper_fig8.csv").write_text("method\ngenie3\n")
    assert "prints, for comparison: `paper_fig8.csv`" in pages.recorded(tmp_path)
    rows = "method,seconds,commit,device\nridge,60,abc,cpu\nclr,,abc,cpu\n"
    (tmp_path / "beeline.csv").write_text(rows)
    assert "| `beeline.csv` | 2 | clr, ridge | cpu | 1.0 min | abc |" in pages.recorded(tmp_path)


def test_the_status_page_shows_the_recorded_kills(tmp_path):
    assert pages.faults(tmp_path) == "No campaign is on record yet.\n"
    recorded = ROOT / "notebooks" / "recorded"
    text = pages.faults(recorded)
    lines = pages.recorded_lines(recorded, "faults")
    assert all(f"| `{line['command']}` | {line['at_random_times']} + " in text for line in lines)
    assert f"These are {sum(int(line['kills']) for line in lines)} kills" in text
    assert "faults.csv" not in pages.recorded(recorded)


def test_the_worked_example_shows_what_the_page_on_protocols_says():
    rows = [line.split(" | ") for line in pages.example_scores().splitlines()[2:]]
    strict, paper = rows[:2], rows[2:]
    assert [row[0] for row in rows] == ["| strict", "| strict", "| paper", "| paper"]
    assert strict[0][2:] == strict[1][2:]  # the order of genes moves nothing
    assert paper[0][2:] != paper[1][2:]
    assert strict[0][3] == str(len(pages.TRUTH))  # every true edge is a candidate
    assert int(strict[0][2]) == 2 * len(pages.TRUTH)  # a guess gets one half
    assert [row[3] for row in paper] == ["3", "1"]  # what the two orders see
    hits = [edge for edge in pages.PREDICTION if edge[:2] in pages.TRUTH]
    assert (len(pages.TRUTH), len(pages.PREDICTION), len(hits)) == (4, 5, 3)


# --- built pages ----------------------------------------------------------------------------------


def make_book(folder: Path, body: str, style: str = "") -> Path:
    (folder / "index.html").write_text(f"<html><head>{style}</head><body>{body}</body></html>")
    return folder


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '<script src="https://cdn.example/x.js"></script>',
            "index.html loads https://cdn.example",
        ),
        ('<img src="//cdn.example/x.png">', "index.html loads //cdn.example/x.png"),
        ('<script>const u = "https://cdn.example/x.js"</script>', "loads https://cdn.example/x.js"),
        (
            '<link rel="stylesheet" href="https://cdn.example/x.css">',
            "loads https://cdn.example/x.css",
        ),
        ("<style>@import 'https://cdn.example/x.css'</style>", "loads https://cdn.example/x.css"),
        ('<a href="gone.html">x</a>', "gone.html does not exist"),
        ('<a href="#gone">x</a>', "#gone has no such section"),
        ('<a href="../other/index.html">x</a>', "leaves the book"),
        ("<p>/somewhere/checkout/x</p>", "holds the machine path /somewhere/checkout"),
    ],
)
def test_the_check_of_built_pages_finds_what_is_wrong(tmp_path, body, said):
    found = check.problems(make_book(tmp_path, body), ["/somewhere/checkout"])
    assert len(found) == 1 and said in found[0]


def test_the_check_of_built_pages_lets_links_to_other_sites_and_own_sections_pass(tmp_path):
    body = (
        '<h1 id="top">x</h1><a href="#top">x</a><a href="https://doi.org/1">y</a><img src="data:,">'
    )
    assert check.problems(make_book(tmp_path, body), ["/somewhere"]) == []


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="the book was not built: make book")
def test_the_built_book_stands_alone_and_its_links_resolve():
    home = [folder for folder, _ in build.home_folder()]
    assert check.problems(HTML, [str(ROOT), *home]) == []
    for name in toc_files():
        assert (HTML / f"{name}.html").exists(), name
    assert (HTML / "mathjax" / "tex-chtml.js").exists()
    assert (HTML / "mathjax" / "LICENSE.txt").exists()


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="the book was not built: make book")
def test_what_the_built_pages_computed_is_what_is_on_record():
    """Each page with a live part says how far it is from the record: rows of older code show here."""
    found = {}
    for path in sorted((HTML / "notebooks").glob("0*.html")):
        text = " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())
        for gap in re.findall(r"differs by more than ([\d.]+) ?%", text):
            found[path.stem] = float(gap)
    assert {"01_clean", "02_noisy_dropout", "03_ds1_ds3", "04_beeline", "07_ablations"} <= set(
        found
    )
    assert max(found.values()) <= 1.0, found
