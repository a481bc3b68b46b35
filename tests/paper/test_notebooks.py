"""Notebooks as their users run them: papermill, from any folder, with right and wrong parameters."""

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import IPython.display
import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
import yaml
from conftest import linear_network
from grnular_paper import page
from grnular_paper.tables import stem_cells
from small_conditions import TFS, two_conditions

import grnular_core as gc
from grnular_core.data.dataset import make_dataset
from grnular_core.utils.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def papermill(source: Path, target: Path, folder: Path, *words: str, **environment: str):
    """Run a notebook as a user would; the finished process."""
    command = [sys.executable, "-m", "papermill", str(source), str(target), "--no-progress-bar"]
    return subprocess.run(
        [*command, *words],
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(target.parent / "ipython"), **environment},
        capture_output=True,
        text=True,
    )


def printed(path: Path) -> str:
    """All text that a notebook put out."""
    texts = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            texts.append(output.get("text", ""))
            texts += [v for k, v in output.get("data", {}).items() if k.startswith("text/")]
    return "\n".join(texts)


def checked(source: Path, **given: object) -> dict[str, object]:
    """The namespace of a notebook after its parameters were checked, with these put in as papermill does.

    What stands before the check runs in this process; it is to declare parameters and nothing else.
    """
    namespace: dict[str, object] = {}
    cells = [c for c in nbformat.read(source, as_version=4).cells if c.cell_type == "code"]
    for cell in cells[:3]:
        exec(compile(cell.source, source.name, "exec"), namespace)
        if "parameters" in cell.metadata.get("tags", []):
            namespace.update(given)
    assert cells[2].source.startswith("parameters.check(globals())")
    return namespace


def declared(source: Path) -> list[str]:
    """The names of a notebook's parameters cell."""
    cells = nbformat.read(source, as_version=4).cells
    (cell,) = [c for c in cells if "parameters" in c.metadata.get("tags", [])]
    return [node.targets[0].id for node in ast.parse(cell.source).body]


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_refuses_every_wrong_parameter_before_anything_runs(source):
    namespace = checked(source)  # its own values are good ones
    names = declared(source)
    assert set(names) <= set(namespace) and "torch" not in namespace
    with pytest.raises(InputError) as caught:
        checked(source, seeed=1, **dict.fromkeys(names, ...))
    assert "unknown parameter 'seeed'" in str(caught.value)
    for name in names:
        assert f"- {name} = Ellipsis: expected" in str(caught.value)


@pytest.mark.parametrize("mode", ["quick", "full"])
def test_the_builds_parameters_are_accepted(mode):
    files = sorted((ROOT / "notebooks" / "params" / mode).glob("*.yml"))
    assert files and {path.stem for path in files} <= {path.stem for path in NOTEBOOKS}
    for path in files:
        checked(ROOT / "notebooks" / f"{path.stem}.ipynb", **yaml.safe_load(path.read_text()))


def test_papermill_takes_a_file_of_the_builds_parameters(tmp_path):
    source, file = (ROOT / "notebooks" / name for name in ("01_clean.ipynb", "params/quick/01_clean.yml"))
    papermill(source, tmp_path / "out.ipynb", tmp_path, "--prepare-only", "-f", str(file))
    given = yaml.safe_load(file.read_text())
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    injected = next(c for c in cells if "injected-parameters" in c.metadata.get("tags", []))
    assert {ast.unparse(n.targets[0]): ast.literal_eval(n.value) for n in ast.parse(injected.source).body} == given


def test_papermill_stops_at_a_wrong_parameter(tmp_path):
    source = ROOT / "notebooks" / "08_metric_pitfalls.ipynb"
    done = papermill(source, tmp_path / "out.ipynb", tmp_path, "-p", "seeed", "1")
    assert done.returncode != 0 and "unknown parameter 'seeed'" in done.stderr


class Outcome(NamedTuple):
    """What a notebook put out when it ran in this process: its text, and what it glued."""

    text: str
    glued: dict[str, object]


@pytest.fixture
def run_here(monkeypatch, tmp_path):
    """A function that runs all cells of a notebook in this process, in an empty folder, as a kernel would."""

    def run(stem: str, **given: object) -> Outcome:
        texts, glued = [], {}

        def shown(thing: object) -> None:
            texts.append(str(getattr(thing, "data", getattr(thing, "alt", thing))))

        monkeypatch.setattr(IPython.display, "display", shown)
        monkeypatch.setattr(page, "display", shown)
        monkeypatch.setattr(page, "glue", lambda name, value, display: glued.update({name: value}))
        monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
        monkeypatch.chdir(tmp_path)
        namespace: dict[str, object] = {}
        for cell in nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            source = re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(source, f"{stem}.ipynb", "exec"), namespace)
            texts.append(printed.getvalue())
            if "parameters" in cell.metadata.get("tags", []):
                namespace.update(given)
        return Outcome("\n".join(texts), glued)

    with mpl.rc_context():
        yield run


def own_glue(stem: str) -> set[str]:
    """The names of numbers that the sentences of a notebook show."""
    cells = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return set(re.findall(r"\{glue:text\}`([\w-]+)(?=`|:\.)", text))  # not those of another page


@pytest.mark.parametrize(
    ("stem", "words"), [("04_beeline", "No dataset computed for this page"), ("10_more_real_cells", "not run: lungT")]
)
def test_a_page_on_real_cells_says_what_was_not_run_when_there_is_no_data(no_data, run_here, stem, words):
    text, glued = run_here(stem)
    assert "could not be downloaded" in text and words in text
    assert own_glue(stem) <= set(glued)
    assert glued["live_rows"] == 0 and glued["record_rows"] > 500
    assert stem != "04_beeline" or glued["best_ratio"] > 1  # from the record alone


def test_the_stem_cell_page_says_what_was_not_run_when_there_is_no_data(no_data, run_here):
    text, glued = run_here("05_mesc_network")
    assert "The data are not available" in text
    assert glued["n_untested"] == 9 and "agrees" not in text
    assert text.count("cannot be tested") == 18  # of two methods
    assert own_glue("05_mesc_network") <= set(glued)


def test_the_notebook_on_your_own_data_says_when_the_example_is_not_at_hand(no_data, run_here):
    text, _ = run_here("your_data")
    assert text.count("Not run: the data are not available") == 2


def own_files(folder: Path) -> None:
    """Cells and TFs, as a user would have them."""
    expression, tfs, _ = linear_network(n_genes=20)
    expression.T.to_csv(folder / "cells.csv")
    (folder / "tfs.txt").write_text("\n".join(tfs) + "\n")


@pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
def test_own_cells_become_a_network_and_files(tmp_path, run_here):
    own_files(tmp_path)
    files = {"expression": "cells.csv", "tfs": "tfs.txt", "output_folder": "mine"}
    text, _ = run_here("your_data", **files, method="ridge", n_edges=12)
    assert "genes are the rows" in text and "condition is empty" in text and "Written: `edges.csv`" in text
    edges = gc.infer("cells.csv", "ridge", tfs="tfs.txt", n_top_genes=200)
    pd.testing.assert_frame_equal(pd.read_csv("mine/edges.csv"), edges)
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == ["edges.csv", "edges.report.json"]


def test_two_conditions_are_compared_where_they_are_named(tmp_path, run_here):
    cells, _ = two_conditions(1, n_cells=120, off=True)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "tfs.txt").write_text("\n".join(TFS) + "\n")
    files = {"expression": "cells.h5ad", "tfs": "tfs.txt", "output_folder": "mine"}
    groups = {"groupby": "condition", "condition": "condition", "a": "ctrl", "b": "stim", "compare_by": ["correlation", "clr"]}
    text, _ = run_here("your_data", **files, **groups, method="clr", n_permutations=10, known="G0")
    assert "| stim " in text and "stronger in stim" in text and "known to act here" in text
    assert text.count("cells are taken as independent") == 1
    for method in groups["compare_by"]:
        assert (tmp_path / "mine" / f"differences.{method}.csv").exists()


def test_an_unusable_file_of_ones_own_stops_with_its_message(tmp_path, run_here):
    own_files(tmp_path)
    with pytest.raises(InputError, match=r"no file cell\.csv; did you mean cells\.csv"):
        run_here("your_data", expression="cell.csv", tfs="tfs.txt")


def test_a_folder_for_results_that_holds_the_inputs_loses_none_of_them(tmp_path, run_here):
    own_files(tmp_path)
    (tmp_path / "cells.csv").rename(tmp_path / "edges.csv")  # where edges would go
    before = (tmp_path / "edges.csv").read_bytes()
    files = {"expression": "edges.csv", "tfs": "tfs.txt", "output_folder": "."}
    with pytest.raises(InputError, match=r"output_folder edges\.csv is the input edges\.csv"):
        run_here("your_data", **files, method="clr")
    assert (tmp_path / "edges.csv").read_bytes() == before


def test_the_stem_cell_page_judges_every_statement_and_writes_the_network(real_data, tmp_path, run_here):
    text, glued = run_here("05_mesc_network", method="correlation", also=["clr"], others=[], n_random=20, write_files="net")
    assert "CFC1** is **not in the data**" in text and "stand-in LAMB1" in text
    assert text.count("cannot be tested") == 6  # of two methods, what needs the expression of Cfc1
    files = sorted(p.name for p in (tmp_path / "net").iterdir())
    assert files == ["mesc_cpdag.graphml", "mesc_cpdag.json"]
    assert own_glue("05_mesc_network") <= set(glued)


def test_the_stem_cell_page_judges_cfc1_itself_where_the_data_have_it(real_data, run_here, monkeypatch):
    """One gene of the endoderm bears its name."""
    real, names = stem_cells.load_beeline, {"LAMB1": "CFC1"}

    def load(*words: str):
        data = real(*words)
        cells = pd.DataFrame(data.expression(), data.adata.obs_names, data.genes)
        cells, truth = cells.rename(columns=names), data.truth.replace(names)
        return make_dataset(cells, list(data.tfs), truth, orientation="cells-x-genes")

    monkeypatch.setattr(stem_cells, "load_beeline", load)
    text, _ = run_here("05_mesc_network", method="correlation", also=["clr"], others=[], n_random=20)
    assert "CFC1** is in the data" in text and "cannot be tested" not in text
    assert "stand-in" not in text
    for statement in ("are predicted for CFC1", "predict CFC1 much better", "CFC1 rises"):
        (line,) = [x for x in text.splitlines() if x.startswith("|") and statement in x]
        assert all("agree" in cell for cell in line.split("|")[2:4])


QUICK = {
    "01_clean": {"cells": [100], "cell_types": [2], "methods": ["correlation"], "test_graphs": 1},
    "02_noisy_dropout": {"cells": [100], "dropouts": [25], "methods": ["correlation"], "test_graphs": 1},
    "03_ds1_ds3": {"datasets": ["DS1"], "methods": ["correlation"], "noise_replicates": 1},
    "06_runtimes": {"methods": ["correlation"]},
    "07_ablations": {"factors": ["algorithm"], "methods": ["clr"], "test_graphs": 1, "n_graphs": 2},
    "08_metric_pitfalls": {"n_random": 4, "n_orders": 30},
    "09_training": {"n_graphs": 1, "epochs": 1},
    "11_model_development": {},
    "12_paper_protocol": {},
    "13_tuned_methods": {},
    "10_more_real_cells": {"datasets": ["tuck"], "networks": ["TRRUST"], "methods": ["correlation"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("stem", QUICK)
def test_a_page_glues_every_number_that_its_sentences_show(stem, run_here):
    text, glued = run_here(stem, **QUICK[stem])
    assert own_glue(stem) <= set(glued)
    assert len(text) > 1000


@pytest.mark.slow
def test_a_page_runs_from_the_notebooks_folder(tmp_path):
    source = ROOT / "notebooks" / "08_metric_pitfalls.ipynb"
    target = tmp_path / "out.ipynb"
    done = papermill(source, target, source.parent, "-p", "n_random", "4", "-p", "n_orders", "30")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "TFs last" in printed(target)


@pytest.mark.slow
def test_beeline_runs_a_small_selection_on_real_data(real_data, tmp_path):
    words = ("-y", "{methods: [clr, random], datasets: [mHSC-L]}")
    folder = str((ROOT / os.environ["GRNULAR_DATA"]).resolve())
    source, target = ROOT / "notebooks" / "04_beeline.ipynb", tmp_path / "out.ipynb"
    done = papermill(source, target, tmp_path, *words, GRNULAR_DATA=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "[S] mHSC-L" in text and "computed for this page" in text and "from the record" in text
    assert "needs the full download" in text
