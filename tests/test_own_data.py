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


def test_a_layer_called_raw_is_used_where_there_is_no_raw_slot(folder):
    adata = small_anndata()
    adata.layers["raw"] = adata.X * 2
    adata.write_h5ad("layered.h5ad")
    found = read_own(Asked("layered.h5ad", "tfs.txt", layer="raw")).data
    np.testing.assert_array_equal(found.expression(), small_table() * 2)
    adata.raw = small_anndata() if adata.raw is None else None
    adata.write_h5ad("both.h5ad")
    found = read_own(Asked("both.h5ad", "tfs.txt", layer="raw")).data
    np.testing.assert_array_equal(found.expression(), small_table())


def test_tfs_of_the_raw_slot_alone_are_pointed_at(folder):
    adata = small_anndata()
    adata.raw = adata.copy()
    adata[:, 2:].copy().write_h5ad("variable.h5ad")
    with pytest.raises(InputError, match="no TF of .*Its .raw holds 2 of these .*--layer raw"):
        read_own(Asked("variable.h5ad", "tfs.txt"))
    assert read_own(Asked("variable.h5ad", "tfs.txt", layer="raw")).data.tfs == tuple(TFS)


@pytest.mark.parametrize("layer", [None, "raw"])
def test_antibodies_are_left_out_with_a_note(folder, layer):
    adata = small_anndata()
    adata.var["feature_types"] = ["Gene Expression"] * 4 + ["Antibody Capture", "Custom"]
    if layer:
        adata.raw = adata.copy()
    adata.write_h5ad("multi.h5ad")
    said = []
    read = read_own(Asked("multi.h5ad", "tfs.txt", layer=layer), said.append)
    assert read.data.genes == list(small_table())[:4] and read.table.n_vars == 6
    assert (
        "note: 2 of 6 features are no Gene Expression (Antibody Capture, Custom); they are left out"
        in said
    )


@pytest.mark.parametrize("names", [["n_counts", "leiden"], ["Total", "Length"], ["__no_feature", "N_unmapped"]])  # fmt: skip
def test_helper_rows_and_columns_are_named(folder, names):
    table = small_table()
    for number, name in enumerate(names):
        table[name] = np.arange(9) + number
    table.to_csv("helped.csv")
    table.T.to_csv("turned.csv")
    for file in ("helped.csv", "turned.csv"):
        said = []
        assert read_own(Asked(file, "tfs.txt"), said.append).data.n_genes == 8
        assert any(f"2 genes are named like helper rows or columns ({', '.join(names)})" in line for line in said)  # fmt: skip
    said = []
    small_table().T.assign(Length=1.5, Start=2.0).to_csv("cells.csv")
    read_own(Asked("cells.csv", "tfs.txt"), said.append)
    assert any("2 cells are named like helper" in line for line in said)
    said = []
    read_own(Asked("x.csv", "tfs.txt"), said.append)
    assert not any("helper" in line for line in said)


def test_what_a_list_and_a_truth_leave_out_is_said(folder):
    Path("flags.csv").write_text("TF,Is TF?\nGATA1,Yes\nSPI1,Yes\nNA,No\n")
    Path("net.csv").write_text("Gene1,Gene2\nGATA1,SPI1\nNA,SPI1\nHLA-A,NA\n")
    said = []
    read = read_own(Asked("x.csv", "flags.csv", "net.csv"), said.append)
    assert read.data.tfs == tuple(TFS)
    assert any("1 of 3 rows of flags.csv say No" in line for line in said)
    assert "note: 1 of 3 true edges among the genes start at a TF of the list" in said


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
