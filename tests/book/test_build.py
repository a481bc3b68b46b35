"""The driver of the book: what it refuses, what it publishes, what it writes from the record."""

import json
import re
from pathlib import Path

import build
import code_page
import execute
import finish
import nbformat
import pages
import pytest
from grnular_paper.records import recorded_folder

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = execute.sources()


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
    ("parameters", "message"),
    [({"one": {"m": 2}}, "'m'; it has n"), ({"two": {}}, "there is no notebooks/two.ipynb")],
)
def test_unknown_parameters_are_refused_before_anything_runs(tmp_path, parameters, message):
    notebook = write_notebook(tmp_path / "one.ipynb", "n")
    execute.check_parameters({"one": {"n": 2}}, [notebook], "quick")
    with pytest.raises(execute.BuildError, match=re.escape(message)):
        execute.check_parameters(parameters, [notebook], "quick")


def test_a_failing_notebook_is_named_with_its_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    for variable in (*execute.JUPYTER_FOLDERS, "JUPYTER_PATH", "JUPYTER_PLATFORM_DIRS"):
        monkeypatch.setenv(variable, "")
    execute.private_jupyter(tmp_path / "jupyter")
    notebook = write_notebook(tmp_path / "one.ipynb", "raise ValueError(f'no {n}')")
    with pytest.raises(execute.BuildError, match=r"(?s)one\.ipynb failed.*ValueError.*no 7"):
        execute.run_notebook(notebook, tmp_path / "out.ipynb", {"n": 7})


def test_one_notebook_runs_alone_also_where_nothing_has_run_yet(tmp_path, monkeypatch):
    paths = [write_notebook(tmp_path / f"{name}.ipynb", "n") for name in ("one", "two")]
    ran = []

    def run(source, target, parameters):
        ran.append(source.stem)
        target.write_text("{}")
        return 1.0

    for name, value in (
        ("BUILD", tmp_path / "_build"), ("sources", lambda: paths), ("load_parameters", lambda mode: {}),
        ("private_jupyter", lambda folder: None), ("run_notebook", run),
    ):  # fmt: skip
        monkeypatch.setattr(execute, name, value)
    for mode, expected in (("full", ["two"]), ("full", ["two"]), ("quick", ["one", "two"]), ("quick", ["two"])):
        ran.clear()
        record = execute.run_all(mode, ["two"])
        assert ran == expected
    assert [run["notebook"] for run in record["runs"]] == ["one", "two"]  # that of the first is kept


def test_what_is_published_holds_no_bookkeeping_and_no_path_of_the_checkout():
    output = nbformat.v4.new_output("stream", text=f"wrote {ROOT}/notebooks/x.csv in {ROOT}\n")
    injected = nbformat.v4.new_code_cell("# Parameters\nn = 2")
    injected.metadata = nbformat.from_dict({"tags": ["injected-parameters"], "papermill": {}})
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[injected, cell])
    notebook.metadata["papermill"] = {"input_path": str(ROOT)}
    text = json.dumps(build.publishable(notebook))
    assert str(ROOT) not in text and "papermill" not in text
    assert "wrote notebooks/x.csv in ." in text and "# The parameters of this run" in text


# --- from the record ------------------------------------------------------------------------------


def test_the_status_tables_show_what_ran_and_what_is_recorded(tmp_path):
    record = execute.describe_machine() | {"mode": "quick", "runs": []}
    assert pages.runs(record) == "No notebook was run for this build.\n"
    record["runs"] = [{"notebook": "04_beeline", "started": "2026-01-02T03:04:05", "seconds": 61.2}]
    text = pages.runs(record)
    assert "](../notebooks/04_beeline.ipynb)" in text and "| 2026-01-02 03:04 | 61 |" in text
    assert pages.recorded(tmp_path) == "Nothing is recorded yet.\n"
    (tmp_path / "paper_fig8.csv").write_text("method\ngenie3\n")
    assert "prints, for comparison: <a href=\"../recorded/paper_fig8.csv\">paper_fig8.csv</a>" in pages.recorded(tmp_path)
    rows = "method,seconds,commit,device\nridge,60,abc,cpu\nclr,,abc,cpu\n"
    (tmp_path / "beeline.csv").write_text(rows)
    assert "| <a href=\"../recorded/beeline.csv\">beeline.csv</a> | 2 | clr, ridge | 1.0 min | abc |" in pages.recorded(tmp_path)


def test_the_status_page_shows_the_recorded_kills(tmp_path):
    assert pages.faults(tmp_path) == "No campaign is recorded yet.\n"
    text, lines = pages.faults(recorded_folder()), pages.recorded_lines(recorded_folder(), "faults")
    assert all(f"| `{line['command']}` | {line['at_random_times']} + " in text for line in lines)
    assert f"These are {sum(int(line['kills']) for line in lines)} kills" in text
    assert "faults.csv" not in pages.recorded(recorded_folder())


def test_sizes_of_memory_are_those_of_the_record(tmp_path):
    assert "not recorded" in pages.gradient_memory(tmp_path) and "not recorded" in pages.memory_at_once(tmp_path)
    (tmp_path / "gradient_memory.csv").write_text("gradient,before_mb,peak_mb\ncut,400,405.6\n")
    assert "| `cut` | 400 MB | 406 MB |" in pages.gradient_memory(tmp_path)
    lines = ["genes,tfs,cells,method,peak_gb", "2000,100,3000,grnular-context,1.5", "100,10,100,grnular-context,0.5", "9,9,9,ridge,9"]
    (tmp_path / "scale.csv").write_text("\n".join(lines) + "\n")
    text = pages.memory_at_once(tmp_path)
    assert "for 2,000 genes, 100 TFs and 3,000 cells" in text and text.endswith("took 1.5 GB.\n")


def test_the_worked_example_shows_what_the_page_on_protocols_says():
    rows = [line.split(" | ") for line in pages.example_scores().splitlines()[4:]]
    strict, paper = rows[:2], rows[2:]
    assert [row[0] for row in rows] == ["| strict", "| strict", "| paper", "| paper"]
    assert strict[0][2:] == strict[1][2:]  # the order of genes moves nothing
    assert paper[0][2:] != paper[1][2:]
    assert strict[0][3] == str(len(pages.TRUTH))  # every true edge is a candidate
    assert int(strict[0][2]) == 2 * len(pages.TRUTH)  # random scores get one half
    assert [row[3] for row in paper] == ["3", "1"]  # what the two orders see
    hits = [edge for edge in pages.PREDICTION if edge[:2] in pages.TRUTH]
    assert (len(pages.TRUTH), len(pages.PREDICTION), len(hits)) == (4, 5, 3)


def test_parameters_are_read_with_their_defaults_and_comments():
    path = ROOT / "notebooks" / "08_metric_pitfalls.ipynb"
    (name, default, comment) = code_page.parameters(path)[0]
    assert (name, default) == ("seed", "0") and comment


def test_the_table_of_notebooks_has_times_of_this_build_and_of_the_record():
    record = {"processor": "P", "cores": 2, "runs": [{"notebook": "01_clean", "seconds": 90.0}]}
    text = code_page.notebooks(NOTEBOOKS, record, recorded_folder())
    hours = pages.hours(pages.recorded_lines(recorded_folder(), "clean"))
    (row,) = [line for line in text.splitlines() if "(../notebooks/01_clean.ipynb)" in line]
    assert f"| `01` | 1.5 | {hours} | yes |" in row
    assert text.count("| not run |") == len(NOTEBOOKS) - 1


def test_seconds_of_every_epoch_count_and_those_of_an_inference_once():
    epochs = [{"graphs": "clean", "reading": name, "seed": "0", "epoch": str(n), "seconds": "90"} for name in "ab" for n in (1, 2)]
    assert pages.hours(epochs) == "6.0 min"
    networks = [{"dataset": "mESC", "method": "clr", "seed": "0", "network": name, "seconds": "90"} for name in "ab"]
    assert pages.hours(networks) == "1.5 min"


def test_cells_that_run_first_are_shown_last_and_results_stay():
    def cell(tag: str, inside: str) -> str:
        return f'<div class="cell {tag} docutils container">\n<div class="cell_input"><div>{inside}</div></div>\n</div>\n'

    setup = cell("tag_parameters", "n = 2") + cell("tag_hide-input", "import numpy")
    figure = cell("tag_hide-input", "draw()<figure></figure>")
    later = '<section id="a"><h2>A</h2>' + cell("tag_hide-input", "later()") + "</section>"
    contents = '<nav class="bd-toc-nav page-toc"><ul><li><a href="#a">A</a><ul></ul></li>\n</ul>\n</nav>'
    page = f"<article><section><h1>T</h1><p>words</p>{setup}<p>more</p>{figure}{later}</section></article>{contents}"
    found = finish.finished(page)
    assert found.endswith('<a class="reference internal nav-link" href="#code-and-parameters">Code and parameters</a></li>\n</ul>\n</nav>')
    order = ["words", "more", "<figure>", "later()", 'id="code-and-parameters"', "n = 2", "import numpy", "</details>", "</article>"]
    places = [found.index(part) for part in order]
    assert places == sorted(places) and all(found.count(part) == 1 for part in order)
    assert found.count("<div") == found.count("</div>") and finish.finished(found) == found
    other = page.replace("tag_parameters", "tag_other")
    assert finish.finished(other) == other
    with pytest.raises(ValueError, match="not closed"):
        finish.finished('<article><section><h1>T</h1><div class="cell tag_parameters"></section></article>')
