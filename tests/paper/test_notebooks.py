"""Notebooks as their users run them: papermill, from any folder, with right and wrong parameters."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import linear_network

from grnular_core.utils.errors import InputError
from grnular_core.workflow.exports import FORMATS

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def papermill(source: Path, target: Path, folder: Path, *words: str, **environment: str):
    """Run a notebook as a user would; returns the finished process and its seconds."""
    command = [sys.executable, "-m", "papermill", str(source), str(target), "--no-progress-bar"]
    start = time.monotonic()
    done = subprocess.run(
        [*command, *words],
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(target.parent / "ipython"), **environment},
        capture_output=True,
        text=True,
    )
    return done, time.monotonic() - start


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
    sections = yaml.safe_load((ROOT / "notebooks" / "params" / f"{mode}.yml").read_text())
    assert set(sections) <= {path.stem for path in NOTEBOOKS}
    for source in NOTEBOOKS:
        checked(source, **(sections.get(source.stem) or {}))


def test_papermill_stops_at_a_wrong_parameter(tmp_path):
    source = ROOT / "notebooks" / "08_metric_pitfalls.ipynb"
    done, _ = papermill(source, tmp_path / "out.ipynb", tmp_path, "-p", "seeed", "1")
    assert done.returncode != 0 and "unknown parameter 'seeed'" in done.stderr


@pytest.mark.slow
def test_metric_pitfalls_run_from_the_notebooks_folder(tmp_path):
    source = ROOT / "notebooks" / "08_metric_pitfalls.ipynb"
    target = tmp_path / "out.ipynb"
    done, seconds = papermill(
        source, target, source.parent, "-p", "n_random", "4", "-p", "n_orders", "30"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "TFs last" in printed(target)
    assert seconds < 120


@pytest.mark.slow
def test_beeline_runs_a_small_selection_on_real_data(real_data, tmp_path):
    words = ("-y", "{methods: [clr, random], datasets: [mHSC-L]}")
    folder = str((ROOT / os.environ["GRNULAR_DATA"]).resolve())
    target = tmp_path / "out.ipynb"
    done, _ = papermill(
        ROOT / "notebooks" / "04_beeline.ipynb", target, tmp_path, *words, GRNULAR_DATA=folder
    )
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "[S] mHSC-L" in text and "data at hand, not asked for" in text
    assert "needs the full download" in text


@pytest.mark.slow
def test_beeline_says_what_was_not_run_when_there_is_no_data(tmp_path):
    (tmp_path / "empty").mkdir()
    target = tmp_path / "out.ipynb"
    done, seconds = papermill(
        ROOT / "notebooks" / "04_beeline.ipynb", target, ROOT,
        GRNULAR_DATA=str(tmp_path / "empty"), https_proxy="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "could not be downloaded" in text
    assert "No dataset is at hand" in text
    assert seconds < 120


@pytest.mark.slow
def test_the_stem_cell_page_judges_every_statement_and_writes_the_network(real_data, tmp_path):
    folder = str((ROOT / os.environ["GRNULAR_DATA"]).resolve())
    words = ("-p", "method", "correlation", "-y", "{others: [], n_random: 20, write_files: net}")
    target = tmp_path / "out.ipynb"
    source = ROOT / "notebooks" / "05_mesc_network.ipynb"
    done, _ = papermill(source, target, tmp_path, *words, GRNULAR_DATA=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "CFC1** is **not in the data**" in text and "stand-in LAMB1" in text
    assert text.count("can not be tested") == 3  # what needs the expression of Cfc1
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == [
        "mesc_cpdag.graphml",
        "mesc_cpdag.json",
    ]


# What a kernel loads as it starts: cells of mESC in which one gene of the endoderm bears the name CFC1.
WITH_CFC1 = """
import pandas as pd
from grnular_core.data import beeline
from grnular_core.data.dataset import make_dataset

real = beeline.load_beeline

def load_beeline(*words):
    data = real(*words)
    cells = pd.DataFrame(data.expression(), data.adata.obs_names, data.genes)
    names = {"LAMB1": "CFC1"}
    return make_dataset(
        cells.rename(columns=names), list(data.tfs), data.truth.replace(names), orientation="cells-x-genes"
    )

beeline.load_beeline = load_beeline
"""


@pytest.mark.slow
def test_the_stem_cell_page_judges_cfc1_itself_where_the_data_have_it(real_data, tmp_path):
    folder = str((ROOT / os.environ["GRNULAR_DATA"]).resolve())
    (tmp_path / "sitecustomize.py").write_text(WITH_CFC1)
    words = ("-p", "method", "correlation", "-y", "{others: [], n_random: 20}")
    target = tmp_path / "out.ipynb"
    source = ROOT / "notebooks" / "05_mesc_network.ipynb"
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done, _ = papermill(source, target, tmp_path, *words, GRNULAR_DATA=folder, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "CFC1** is in the data" in text and "can not be tested" not in text
    assert "stand-in" not in text
    for statement in ("are predicted for CFC1", "predict CFC1 much better", "CFC1 rises"):
        (line,) = [x for x in text.splitlines() if x.startswith("|") and statement in x]
        assert "agree" in line.split("|")[1]


@pytest.mark.slow
def test_the_stem_cell_page_says_what_was_not_run_when_there_is_no_data(tmp_path):
    (tmp_path / "empty").mkdir()
    target = tmp_path / "out.ipynb"
    done, seconds = papermill(
        ROOT / "notebooks" / "05_mesc_network.ipynb", target, ROOT,
        GRNULAR_DATA=str(tmp_path / "empty"), https_proxy="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "The data are not at hand" in text
    assert text.count("can not be tested") == 9 and "agrees" not in text
    assert seconds < 120


def own_files(folder: Path) -> None:
    """Cells, TFs and the network behind them, as a user would have them."""
    expression, tfs, truth = linear_network(n_genes=20)
    expression.T.to_csv(folder / "cells.csv")
    truth.to_csv(folder / "net.csv", index=False)
    (folder / "tfs.txt").write_text("\n".join(tfs) + "\n")


@pytest.mark.slow
def test_own_cells_become_a_network_with_scores_and_all_files(tmp_path):
    own_files(tmp_path)
    words = (
        "{expression: cells.csv, tfs: tfs.txt, truth: net.csv, method: ridge, bootstraps: 3, decoys: 2, "
        "n_edges: 12, output_folder: mine}"
    )
    target = tmp_path / "out.ipynb"
    source = ROOT / "notebooks" / "your_data.ipynb"
    done, seconds = papermill(source, target, tmp_path, "-y", words)
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    # 5 TFs and 20 genes: a tenth of the pairs
    for words in (
        "genes are the rows",
        "; 6 runs",
        "of the 9 strongest edges",
        "AUPRC / random",
        "fdr: 0.1",
        "cells.csv",
    ):
        assert words in text
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == sorted(
        ["edges.csv", *(f"edges{form.ending}" for form in FORMATS.values())]
    )
    assert seconds < 120


@pytest.mark.slow
def test_own_cells_with_nothing_asked_for_say_so(tmp_path):
    own_files(tmp_path)
    words = "{expression: cells.csv, tfs: tfs.txt, method: clr, bootstraps: 0, decoys: 0}"
    target = tmp_path / "out.ipynb"
    done, _ = papermill(ROOT / "notebooks" / "your_data.ipynb", target, tmp_path, "-y", words)
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    for words in ("bootstraps is 0", "decoys is 0", "No network was given"):
        assert words in text


@pytest.mark.slow
def test_an_unusable_file_of_ones_own_stops_with_its_message(tmp_path):
    own_files(tmp_path)
    words = "{expression: cell.csv, tfs: tfs.txt}"
    target = tmp_path / "out.ipynb"
    done, _ = papermill(ROOT / "notebooks" / "your_data.ipynb", target, tmp_path, "-y", words)
    assert done.returncode != 0
    assert "InputError: no file cell.csv; did you mean cells.csv" in done.stderr


@pytest.mark.slow
def test_a_folder_for_results_that_holds_the_inputs_loses_none_of_them(tmp_path):
    own_files(tmp_path)
    (tmp_path / "net.csv").rename(tmp_path / "edges.csv")  # the known network, where edges would go
    before = (tmp_path / "edges.csv").read_bytes()
    words = "{expression: cells.csv, tfs: tfs.txt, truth: edges.csv, method: clr, output_folder: .}"
    target = tmp_path / "out.ipynb"
    done, _ = papermill(ROOT / "notebooks" / "your_data.ipynb", target, tmp_path, "-y", words)
    assert done.returncode != 0
    assert "InputError: output_folder edges.csv is the input edges.csv" in done.stderr
    assert (tmp_path / "edges.csv").read_bytes() == before


@pytest.mark.slow
def test_the_page_of_your_own_data_says_when_the_example_is_not_at_hand(tmp_path):
    (tmp_path / "empty").mkdir()
    target = tmp_path / "out.ipynb"
    done, seconds = papermill(
        ROOT / "notebooks" / "your_data.ipynb", target, ROOT,
        GRNULAR_DATA=str(tmp_path / "empty"), https_proxy="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    text = printed(target)
    assert "The data are not at hand" in text and text.count("Not run") >= 6
    assert seconds < 120
