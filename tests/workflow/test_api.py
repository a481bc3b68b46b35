"""``import grnular_core as gc``: few names, loaded lazily, that take data as people have them."""

import doctest
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from small_data import TFS, small_anndata, small_table

import grnular_core as gc
from grnular_core.data.dataset import make_dataset
from grnular_core.methods.registry import infer
from grnular_core.training.weights import load_model
from grnular_core.utils.errors import InputError
from grnular_core.workflow.given import _in_python

pytestmark = pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")


def test_the_package_is_imported_without_what_takes_long():
    code = """
import sys
import grnular_core as gc
names = {"InputWarning", "compare", "infer", "load_model", "pl", "read", "simulate", "strict_scores", "tl"}
assert {*gc.__all__} == names <= {*dir(gc)}
heavy = {"torch", "matplotlib", "arboreto", "numba", "pandas", "anndata"} & {*sys.modules}
assert not heavy, heavy
assert callable(gc.infer) and callable(gc.tl.infer) and callable(gc.pl.network)
assert not {"matplotlib", "arboreto"} & {*sys.modules}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_examples_of_its_docstring_run_and_other_names_are_not_there():
    found = doctest.testmod(gc)
    assert found.attempted >= 10 and not found.failed and gc.load_model is load_model
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gc.nothing  # noqa: B018


def test_every_form_of_the_data_gives_the_table_of_the_dataset(tmp_path):
    table, adata = small_table(), small_anndata()
    table.to_csv(tmp_path / "x.csv")
    adata.write_h5ad(tmp_path / "x.h5ad")
    (tmp_path / "tfs.txt").write_text("\n".join(TFS))
    expected = infer(make_dataset(table, TFS), "ridge", seed=3)
    for data, tfs in (
        (table, TFS),
        (adata, tuple(TFS)),
        (tmp_path / "x.csv", tmp_path / "tfs.txt"),
        (str(tmp_path / "x.h5ad"), str(tmp_path / "tfs.txt")),
        (str(tmp_path / "x.csv"), TFS),
        (make_dataset(table, TFS), None),
    ):
        found = gc.infer(data, "ridge", tfs=tfs, seed=3)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    every = gc.infer(table, "clr", tfs="all", orientation="cells-x-genes")
    assert {*every["regulator"]} == {*table}


def test_a_reference_network_is_a_table_or_a_file_and_gives_scores(tmp_path, small_data):
    table = small_data.adata.to_df()
    small_data.truth.to_csv(tmp_path / "net.csv", index=False)
    edges = gc.infer(small_data, "ridge")
    expected = gc.strict_scores(edges, small_data)
    for truth in (small_data.truth, tmp_path / "net.csv"):
        data = gc.read(table, list(small_data.tfs), truth, n_top_genes=1000)
        assert gc.strict_scores(edges, data) == expected
    assert expected["auprc"] > 0.9


def test_what_would_make_a_wrong_network_is_refused(small_data):
    with pytest.raises(InputError, match="expected the genes that may regulate"):
        gc.infer(small_table(), "clr")
    for more in ({"tfs": ["G00"]}, {"scaled": True}):
        with pytest.raises(InputError, match="GRNDataset has its TFs"):
            gc.infer(small_data, "clr", **more)
    with pytest.raises(InputError, match="no TF of the list .*occurs in the table"):
        gc.read(small_table(), ["nothing"])
    with pytest.raises(InputError, match="no reference network"):
        gc.strict_scores(pd.DataFrame(), gc.read(small_table(), TFS))
    with pytest.raises(TypeError, match="layers"):
        gc.read(small_table(), TFS, layers=3)


def test_the_strongest_edges_are_kept_and_a_warning_says_so(small_data, monkeypatch):
    every = gc.infer(small_data, "clr")
    monkeypatch.setattr("grnular_core.data.edges.MOST", 20)
    with pytest.warns(gc.InputWarning, match=f"20 strongest of {len(every)} edges are kept; top='all' keeps"):
        some = gc.infer(small_data, "clr")
    pd.testing.assert_frame_equal(some, every.head(20))
    assert some.attrs["report"]["result"] == {"edges": len(every), "edges_kept": 20}
    for top, n in (("all", len(every)), (3, 3), (np.int64(4), 4)):
        assert len(gc.infer(small_data, "clr", top=top)) == n
    for top in (0, -1, 2.5, "many", True):
        with pytest.raises(InputError, match="expected a number of edges from 1 on, or 'all'"):
            gc.infer(small_data, "clr", top=top)
    adata = grouped()
    gc.tl.infer(adata, "clr", tfs=TFS, groupby="kind", top=3)
    assert {*adata.uns["grn"]["edges"]["group"].value_counts()} == {3}


# --- what the caller is told


def told(*words, **more) -> list[str]:
    """The warnings of one call; the place of each is this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.infer(*words, **more)
    ours = [w for w in caught if w.category is gc.InputWarning]
    assert all(w.filename == __file__ for w in ours)
    return [str(w.message) for w in ours]


def test_each_note_is_a_warning_once_a_call_and_again_in_the_next():
    for _ in range(2):
        notes = told((small_table() * 20).round(), "clr", tfs=TFS)
        assert len(notes) == len({*notes}) and "values look like counts; the largest is 105" in notes
        assert any("normalise=True does that" in note for note in notes)  # Python's word
    assert told(gc.read(small_table(), TFS), "clr") == []  # its notes were told when it was read
    with pytest.warns(gc.InputWarning, match="9 cells are few"):
        found = gc.read(small_table(), TFS)
    assert any("9 cells are few" in note for note in found.notes)


def test_the_report_comes_with_the_table_as_values_that_json_holds(tmp_path):
    small_table().to_csv(tmp_path / "x.csv")
    edges = gc.infer(tmp_path / "x.csv", "grnular-context", tfs=TFS, seed=np.int64(3), n_top_genes=np.int64(2))
    report = edges.attrs["report"]
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["method"]["seed"] == 3 and report["method"]["weights"] == "grnular-context"
    assert report["input"]["expression"] == "x.csv" and len(report["input"]["sha256"]) == 64
    assert report["input"]["options"] == {"n_top_genes": 2} and report["input"]["tfs"] == "2 names"
    assert report["data"]["genes"] == 4 and report["packages"]["anndata"]
    assert any("most variable" in note for note in report["data"]["notes"])
    assert str(tmp_path) not in json.dumps(report)


@pytest.mark.parametrize("given", ["human", " Mouse-Broad", "all", "tfs.txt", ["GATA1"], Path("x")])
def test_a_tf_list_in_the_place_of_the_method_is_told_where_it_belongs(given):
    with pytest.raises(InputError, match="second argument is the method: .*tfs="):
        gc.infer(small_table(), given)
    with pytest.raises(InputError, match="unknown method 'humn'"):
        gc.infer(small_table(), "humn", tfs=TFS)


def test_messages_name_the_keywords_of_python():
    for before, after in {
        "pass --layer raw.": "pass layer='raw'.",
        "no X; pass --layer with one of its layers": "no X; pass layer with one of its layers",
        "pass --gene-names feature_name": "pass gene_symbols='feature_name'",
        "--gene-names is for a column": "gene_symbols is for a column",
        "or --gene-names if its genes": "or gene_symbols if its genes",
        "--tfs human-broad has them": "tfs='human-broad' has them",
        "give --tfs a file": "give tfs a file",
        "keep fewer genes (--genes)": "keep fewer genes (n_top_genes)",
        "--duplicates sum (for counts), max-variance": "duplicates='sum' (for counts), max-variance",
        "say --values-are counts": "say values_are='counts'",
        "--genome GRCh38 keeps those of one": "genome='GRCh38' keeps those of one",
        "--normalise does that": "normalise=True does that",
        "--stability shows": "--stability shows",
    }.items():
        assert _in_python(before) == after
    adata = small_anndata()
    adata.var["symbol"] = list(adata.var_names)
    adata.var_names = [f"ENSG{i}" for i in range(adata.n_vars)]
    with pytest.raises(InputError, match="gene_symbols='symbol'"):
        gc.infer(adata, "clr", tfs=TFS)
    assert {*gc.infer(adata, "clr", tfs=TFS, gene_symbols="symbol")["regulator"]} == {*TFS}


# --- groups of cells


def grouped() -> AnnData:
    """Two groups of 60 cells, one of 5, and 3 cells without a label, in turns."""
    rng = np.random.default_rng(0)
    adata = AnnData(rng.gamma(2.0, 1.0, (128, 6)), var=pd.DataFrame(index=small_table().columns))
    labels = ["b", "a: 1"] * 60 + ["few"] * 5 + [None] * 3
    adata.obs["kind"] = pd.Categorical(labels, categories=["few", "a: 1", "b", "empty"])
    return adata


def test_one_network_a_group_is_that_of_its_cells_alone(tmp_path):
    adata = grouped()
    edges = gc.infer(adata, "ridge", tfs=TFS, groupby="kind", seed=1)
    assert list(edges) == ["group", "regulator", "target", "weight", "sign", "rank"]
    assert list(edges["group"].unique()) == ["a: 1", "b"]
    for group, part in edges.groupby("group"):
        alone = gc.infer(adata[(adata.obs["kind"] == group).to_numpy()], "ridge", tfs=TFS, seed=1)
        pd.testing.assert_frame_equal(part.drop(columns="group").reset_index(drop=True), alone)
    report = edges.attrs["report"]
    assert report["groupby"] == "kind" and report["groups"]["b"]["data"]["cells"] == 60
    adata.write_h5ad(tmp_path / "x.h5ad")
    read = gc.infer(tmp_path / "x.h5ad", "ridge", tfs=TFS, groupby="kind", seed=1)
    pd.testing.assert_frame_equal(read, edges)


def test_what_the_groups_leave_out_is_said_and_shared_notes_once():
    notes = told(grouped(), "clr", tfs=TFS, groupby="kind")
    assert "groups of fewer than 50 cells are left out: few (5)" in notes
    assert "3 cells without a label in 'kind' are left out" in notes
    assert notes.count("2 of the 2 TFs of the list are in the data") == 1
    assert sum("values look like log values" in note for note in notes) == 2
    assert any(note.startswith("a: 1: values look") for note in notes)


def test_groups_that_cannot_be_are_refused():
    adata = grouped()
    adata.obs["tiny"] = [str(i % 40) for i in range(128)]
    with pytest.raises(InputError, match=r"no group of the column 'tiny' has 50 cells or more \(0: 4"):
        gc.infer(adata, "clr", tfs=TFS, groupby="tiny")
    with pytest.raises(InputError, match="no column 'sort' of cells .it has kind, tiny"):
        gc.infer(adata, "clr", tfs=TFS, groupby="sort")
    with pytest.raises(InputError, match="it has no .obs"):
        gc.infer(small_table(), "clr", tfs=TFS, groupby="kind")
    adata.X[0, 0] = np.nan
    with pytest.raises(InputError, match="group 'b' of 'kind': .*missing"):
        gc.infer(adata, "clr", tfs=TFS, groupby="kind")
