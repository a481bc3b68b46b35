"""A user's own files: what is read, what is said, and which way out a refusal offers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_data import TFS, small_anndata, small_table

from grnular_core import cell_tables
from grnular_core.cell_tables import cell_groups, with_gene_names
from grnular_core.dataset import make_dataset
from grnular_core.errors import InputError
from grnular_core.own_data import Asked, rare_note, read_own

pytest_plugins = ("cli_folder",)


def with_ids():
    """Ensembl ids as index, symbols beside them, as CELLxGENE's files have it."""
    adata = small_anndata("csr")
    adata.var["chromosome"] = "1"
    adata.var["feature_name"] = pd.Categorical(adata.var_names)
    adata.var_names = [f"ENSG{i:011d}" for i in range(adata.n_vars)]
    return adata


def test_notes_are_said_and_genes_are_cut(folder):
    said = []
    read = read_own(Asked("x.csv", "tfs.txt", n_genes=2), said.append)
    assert read.data.n_genes == 4 and isinstance(read.table, pd.DataFrame)
    assert all(line.startswith("note: ") for line in said)
    assert any("values look like log values" in line for line in said)
    assert any("most variable 2 of 2 TFs and 2 of 4 other genes" in line for line in said)


def test_symbols_come_from_the_column_that_is_asked_for_and_the_table_stays(folder):
    with_ids().write_h5ad("ids.h5ad")
    read = read_own(Asked("ids.h5ad", "tfs.txt", gene_names="feature_name"))
    assert read.data.tfs == tuple(TFS) and read.data.genes == list(small_table())
    assert read.table.var_names[0].startswith("ENSG")
    with pytest.raises(InputError, match="no column 'symbol' of genes; it has chromosome, feature"):
        read_own(Asked("ids.h5ad", "tfs.txt", gene_names="symbol"))
    with pytest.raises(InputError, match="is a plain table; --gene-names is for"):
        read_own(Asked("x.csv", "tfs.txt", gene_names="symbol"))


def test_ids_without_the_option_are_refused_with_the_column_to_name(folder):
    with_ids().write_h5ad("ids.h5ad")
    with pytest.raises(InputError, match=r"no TF of the list.*\? The column 'feature_name'.*pass --gene-names feature_name"):  # fmt: skip
        read_own(Asked("ids.h5ad", "tfs.txt"))


def test_scaled_values_beside_raw_ones_are_refused_with_the_layer_to_name(folder):
    adata = small_anndata("dense")
    adata.raw = adata.copy()
    adata.layers["logged"] = adata.X.copy()
    adata.X = adata.X - adata.X.mean(axis=0)
    adata.write_h5ad("scaled.h5ad")
    with pytest.raises(InputError, match="pass --layer logged or raw"):
        read_own(Asked("scaled.h5ad", "tfs.txt"))
    assert read_own(Asked("scaled.h5ad", "tfs.txt", layer="raw")).data.n_cells == 9
    assert read_own(Asked("scaled.h5ad", "tfs.txt", scaled=True)).data.n_cells == 9


def test_other_refusals_are_as_they_were(folder):
    Path("bad.csv").write_text(",A\nc1,x\n")
    for name in ("bad.csv", "none.csv"):
        with pytest.raises(InputError) as caught:
            read_own(Asked(name, "tfs.txt"))
        assert "pass --layer" not in str(caught.value) and "--gene-names" not in str(caught.value)


# --- groups of cells


def grouped():
    rng = np.random.default_rng(0)
    kinds = np.repeat(["a", "b"], 40)
    values = np.where(kinds == "a", 2.0, 12.0)[:, None] + rng.random((80, 20))
    table = pd.DataFrame(values, columns=[f"g{i}" for i in range(20)])
    data = make_dataset(table, ["g0", "g1"])
    adata = data.adata.copy()
    adata.obs["kind"], adata.obs["none"] = pd.Categorical(kinds), np.nan
    return adata, data, kinds


def test_groups_are_a_column_or_clusters_or_none():
    adata, data, kinds = grouped()
    assert cell_groups(adata, data, "kind").tolist() == kinds.tolist()
    assert cell_groups(adata, data, "all") is None and cell_groups(None, data, "all") is None
    assert set(cell_groups(adata, data, "none")) == {"nan"}
    found = cell_groups(None, data, "clusters")
    assert not frozenset(found[kinds == "a"]) & frozenset(found[kinds == "b"])
    adata.obs["clusters"] = "mine"
    assert set(cell_groups(adata, data, "clusters")) == {"mine"}


def test_clusters_of_large_data_are_those_of_small_data(monkeypatch):
    _, data, _ = grouped()
    small = cell_groups(None, data, "clusters")
    monkeypatch.setattr(cell_tables, "is_large", lambda *_: True)
    large = cell_groups(None, data, "clusters")
    assert (
        len(np.unique(small)) == len(np.unique(large)) == len(set(zip(small, large, strict=True)))
    )


def test_an_unknown_column_is_refused_with_those_that_are_there():
    adata, data, _ = grouped()
    with pytest.raises(
        InputError, match=r"no column 'leiden' .*it has kind, none.*clusters and all"
    ):
        cell_groups(adata, data, "leiden")
    with pytest.raises(InputError, match="it has none"):
        cell_groups(pd.DataFrame(), data, "leiden")


def test_renaming_genes_changes_a_copy():
    adata = with_ids()
    named = with_gene_names(adata, "feature_name", "x")
    assert list(named.var_names) == list(small_table()) and adata.var_names[0].startswith("ENSG")


def test_genes_of_a_few_cells_are_named_before_their_edges_are_believed():
    values = np.random.default_rng(0).random((120, 5))
    values[9:, 1] = 0
    values[10:, 2] = 0
    data = make_dataset(pd.DataFrame(values, columns=list("ABCDE")), ["A"])
    assert "1 of 5 genes are seen in fewer than 10 cells (B)" in rare_note(data)
    assert rare_note(make_dataset(pd.DataFrame(values[:99], columns=list("ABCDE")), ["A"])) is None
    assert (
        rare_note(make_dataset(pd.DataFrame(values[:, [0, 2, 3]], columns=list("ACD")), ["A"]))
        is None
    )
