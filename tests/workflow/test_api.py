"""``import grnular_core as gc``: five names, loaded lazily, that take data as people have them."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pandas as pd
import pytest
from small_data import TFS, small_anndata, small_table

import grnular_core as gc
from grnular_core.data.dataset import make_dataset
from grnular_core.methods.registry import infer
from grnular_core.training.weights import load_model
from grnular_core.utils.errors import InputError


def test_the_package_is_imported_without_what_takes_long():
    code = """
import sys
import grnular_core as gc
assert {*gc.__all__} == {"infer", "load_model", "read", "simulate", "strict_scores"} <= {*dir(gc)}
heavy = {"torch", "matplotlib", "arboreto", "numba", "pandas", "anndata"} & {*sys.modules}
assert not heavy, heavy
assert callable(gc.infer) and not {"matplotlib", "arboreto"} & {*sys.modules}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_examples_of_its_docstring_run_and_other_names_are_not_there():
    found = doctest.testmod(gc)
    assert found.attempted >= 7 and not found.failed and gc.load_model is load_model
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
