"""A user's own files: what is read, what is said, and which way out a refusal offers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from small_data import TFS, small_anndata, small_table, write_10x

from grnular_core.data.dataset import make_dataset
from grnular_core.utils.errors import InputError
from grnular_core.workflow import resampling
from grnular_core.workflow.resampling import cell_groups
from grnular_core.workflow.user_data import (
    InputOptions,
    _empty_note,
    _few_note,
    _rare_note,
    read_user_data,
    with_gene_names,
)

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
    read = read_user_data(InputOptions("x.csv", "tfs.txt", n_genes=2), said.append)
    assert read.data.n_genes == 4 and isinstance(read.table, pd.DataFrame)
    assert all(line.startswith("note: ") for line in said)
    assert any("values look like log values" in line for line in said)
    assert any("most variable 2 of 2 TFs and 2 of 4 other genes" in line for line in said)


def test_values_without_a_logarithm_are_told_of_normalise(folder):
    (small_table() * 1000.5).to_csv("tpm.csv")
    said = read_user_data(InputOptions("tpm.csv", "tfs.txt")).notes
    assert any("no logarithms" in note and "--normalise" in note for note in said)
    said = read_user_data(InputOptions("tpm.csv", "tfs.txt", normalise=True)).notes
    assert not any("no logarithms" in note for note in said)


def test_symbols_come_from_the_column_that_is_asked_for_and_the_table_stays(folder):
    with_ids().write_h5ad("ids.h5ad")
    read = read_user_data(InputOptions("ids.h5ad", "tfs.txt", gene_names="feature_name"))
    assert read.data.tfs == tuple(TFS) and read.data.genes == list(small_table())
    assert read.table.var_names[0].startswith("ENSG")
    with pytest.raises(InputError, match="no column 'symbol' of genes; it has chromosome, feature"):
        read_user_data(InputOptions("ids.h5ad", "tfs.txt", gene_names="symbol"))
    with pytest.raises(InputError, match="is a plain table; --gene-names is for"):
        read_user_data(InputOptions("x.csv", "tfs.txt", gene_names="symbol"))


def test_ids_without_the_option_are_refused_with_the_column_to_name(folder):
    with_ids().write_h5ad("ids.h5ad")
    with pytest.raises(InputError, match=r"no TF of the list.*\? The column 'feature_name'.*pass --gene-names feature_name"):  # fmt: skip
        read_user_data(InputOptions("ids.h5ad", "tfs.txt"))


def test_scaled_values_beside_raw_ones_are_refused_with_the_layer_to_name(folder):
    adata = small_anndata("dense")
    adata.raw = adata.copy()
    adata.layers["logged"] = adata.X.copy()
    adata.X = adata.X - adata.X.mean(axis=0)
    adata.write_h5ad("scaled.h5ad")
    with pytest.raises(InputError, match="pass --layer logged or raw"):
        read_user_data(InputOptions("scaled.h5ad", "tfs.txt"))
    assert read_user_data(InputOptions("scaled.h5ad", "tfs.txt", layer="raw")).data.n_cells == 9
    assert read_user_data(InputOptions("scaled.h5ad", "tfs.txt", scaled=True)).data.n_cells == 9


def test_a_layer_called_raw_is_used_where_there_is_no_raw_slot(folder):
    adata = small_anndata()
    adata.layers["raw"] = adata.X * 2
    adata.write_h5ad("layered.h5ad")
    found = read_user_data(InputOptions("layered.h5ad", "tfs.txt", layer="raw")).data
    np.testing.assert_array_equal(found.expression(), small_table() * 2)
    adata.raw = small_anndata() if adata.raw is None else None
    adata.write_h5ad("both.h5ad")
    found = read_user_data(InputOptions("both.h5ad", "tfs.txt", layer="raw")).data
    np.testing.assert_array_equal(found.expression(), small_table())


def test_tfs_of_the_raw_slot_alone_are_pointed_at(folder):
    adata = small_anndata()
    adata.raw = adata.copy()
    adata[:, 2:].copy().write_h5ad("variable.h5ad")
    with pytest.raises(InputError, match="no TF of .*Its .raw holds 2 of these .*--layer raw"):
        read_user_data(InputOptions("variable.h5ad", "tfs.txt"))
    assert read_user_data(InputOptions("variable.h5ad", "tfs.txt", layer="raw")).data.tfs == tuple(TFS)


@pytest.mark.parametrize("layer", [None, "raw"])
def test_antibodies_are_left_out_with_a_note(folder, layer):
    adata = small_anndata()
    adata.var["feature_types"] = ["Gene Expression"] * 4 + ["Antibody Capture", "Custom"]
    if layer:
        adata.raw = adata.copy()
    adata.write_h5ad("multi.h5ad")
    said = []
    read = read_user_data(InputOptions("multi.h5ad", "tfs.txt", layer=layer), said.append)
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
        assert read_user_data(InputOptions(file, "tfs.txt"), said.append).data.n_genes == 8
        assert any(f"2 genes are named like helper rows or columns ({', '.join(names)})" in line for line in said)  # fmt: skip
    said = []
    small_table().T.assign(Length=1.5, Start=2.0).to_csv("cells.csv")
    read_user_data(InputOptions("cells.csv", "tfs.txt"), said.append)
    assert any("2 cells are named like helper" in line for line in said)
    said = []
    read_user_data(InputOptions("x.csv", "tfs.txt"), said.append)
    assert not any("helper" in line for line in said)


def test_what_a_list_and_a_truth_leave_out_is_said(folder):
    Path("flags.csv").write_text("TF,Is TF?\nGATA1,Yes\nSPI1,Yes\nNA,No\n")
    Path("net.csv").write_text("Gene1,Gene2\nGATA1,SPI1\nNA,SPI1\nHLA-A,NA\n")
    said = []
    read = read_user_data(InputOptions("x.csv", "flags.csv", "net.csv"), said.append)
    assert read.data.tfs == tuple(TFS)
    assert any("1 of 3 rows of flags.csv say No" in line for line in said)
    assert "note: 1 of 3 true edges among the genes start at a TF of the list" in said


def test_other_refusals_are_as_they_were(folder):
    Path("bad.csv").write_text(",A\nc1,x\n")
    for name in ("bad.csv", "none.csv"):
        with pytest.raises(InputError) as caught:
            read_user_data(InputOptions(name, "tfs.txt"))
        assert "pass --layer" not in str(caught.value) and "--gene-names" not in str(caught.value)


def test_symbols_name_the_genes_of_the_raw_slot_too(folder):
    adata = with_ids()
    adata.raw = adata.copy()
    adata = adata[:, 1:].copy()
    adata.X = adata.X.toarray() - 1
    adata.write_h5ad("ids.h5ad")
    asked = InputOptions("ids.h5ad", "tfs.txt", gene_names="feature_name", layer="raw")
    read = read_user_data(asked)
    assert read.data.genes == list(small_table()) and read.data.tfs == tuple(TFS)
    np.testing.assert_array_equal(read.data.expression(), small_table())
    assert read.table.raw.var_names[0].startswith("ENSG")
    with pytest.raises(InputError, match="pass --gene-names feature_name"):
        read_user_data(InputOptions("ids.h5ad", "tfs.txt", layer="raw"))
    bare = with_ids()
    bare.raw = bare.copy()
    del bare.raw.var["feature_name"]  # .var has it, .raw.var does not
    bare.write_h5ad("bare.h5ad")
    assert read_user_data(replace(asked, expression="bare.h5ad")).data.genes == list(small_table())


def test_ids_of_a_10x_folder_can_name_its_genes(folder):
    write_10x(small_table(), Path("10x"))
    Path("ids.txt").write_text("ID0\nID1\n")
    with pytest.raises(InputError, match="pass --gene-names gene_ids"):
        read_user_data(InputOptions("10x", "ids.txt"))
    found = read_user_data(InputOptions("10x", "ids.txt", gene_names="gene_ids")).data
    assert found.genes == [f"ID{i}" for i in range(6)]


def test_counts_are_normalised_where_that_is_asked_for(folder):
    counts = (small_table() * 20).round()
    counts.to_csv("counts.csv")
    said = []
    read_user_data(InputOptions("counts.csv", "tfs.txt"), said.append)
    assert any("--normalise does that" in line for line in said)
    said = []
    found = read_user_data(InputOptions("counts.csv", "tfs.txt", normalise=True), said.append).data
    total = counts.sum(axis=1)
    expected = np.log1p(counts.div(total, axis=0) * np.median(total))
    np.testing.assert_allclose(found.expression(), expected)
    assert any("each cell scaled to the median total" in line for line in said)
    assert not any("--normalise does that" in line for line in said)
    sparse_one = small_anndata("csr")
    sparse_one.X = sparse_one.X.multiply(20).rint().tocsr()
    sparse_one.write_h5ad("counts.h5ad")
    other = read_user_data(InputOptions("counts.h5ad", "tfs.txt", normalise=True)).data
    np.testing.assert_allclose(other.expression(), expected)
    with pytest.raises(InputError, match="looks like log values; --normalise is for counts"):
        read_user_data(InputOptions("x.csv", "tfs.txt", normalise=True))


def test_a_copy_of_a_table_has_all_its_cells_and_genes(folder):
    table = small_table().assign(Same=1.0)
    table.to_csv("table.csv")
    table.T.to_csv("turned.csv")
    for file in ("table.csv", "turned.csv"):
        read = read_user_data(InputOptions(file, "tfs.txt", n_genes=1))
        assert read.data.n_genes == 2
        cells = read.as_anndata()
        assert list(cells.var_names) == list(table) and list(cells.obs_names) == list(table.index)
        np.testing.assert_array_equal(cells.X, table)
        cells.write_h5ad("copy.h5ad")
        assert list(anndata.read_h5ad("copy.h5ad").obs_names) == list(table.index)


def test_true_edges_that_are_cut_with_their_genes_are_counted(folder):
    Path("net.csv").write_text("Gene1,Gene2\nGATA1,SPI1\nSPI1,NA\nGATA1,HLA-A\nGATA1,nan\n")
    said = []
    read = read_user_data(InputOptions("x.csv", "tfs.txt", "net.csv", n_genes=2), said.append)
    n = len(read.data.truth)
    assert 0 < n < 4
    assert any(f"{n} of 4 true edges lie between these, and are scored" in line for line in said)
    assert f"note: {n} of {n} true edges among the genes start at a TF of the list" in said


def test_logarithms_that_are_added_are_pointed_at(folder):
    table = small_table()
    pd.concat([table, table.iloc[:, :1]], axis=1).to_csv("twice.csv")
    for rule, noted in (("sum", True), ("max-variance", False)):
        said = []
        read_user_data(InputOptions("twice.csv", "tfs.txt", duplicates=rule), said.append)
        assert any("logarithms were added" in line for line in said) == noted


def test_few_cells_are_pointed_at(folder):
    said = []
    read_user_data(InputOptions("x.csv", "tfs.txt"), said.append)
    assert any(line.startswith("note: 9 cells are few: with less than 50 ") for line in said)
    data = make_dataset(
        pd.DataFrame(np.random.default_rng(0).random((50, 3)), columns=list("ABC")), ["A"]
    )
    assert _few_note(data) is None


def test_empty_droplets_are_pointed_at():
    rng = np.random.default_rng(0)
    full = rng.poisson(2.0, (60, 100))
    names = [f"g{i}" for i in range(100)]

    def note(values):
        return _empty_note(make_dataset(pd.DataFrame(values, columns=names), names[:5]))

    assert note(full) is None
    droplets = (rng.random((300, 100)) < 0.02).astype(int)
    assert note(np.vstack([full, droplets])).startswith(
        f"300 of 360 cells show less than a tenth of the {(full > 0).sum(1).max()} genes"
    )
    assert "1 of them none" in note(np.vstack([full, 0 * full[:1]]))
    assert note(np.vstack([full, droplets[droplets.any(1)][:3]])) is None  # three of 63: no pattern


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
    assert cell_groups(adata, data, "kind").labels.tolist() == kinds.tolist()
    assert cell_groups(adata, data, "all").labels is None
    assert cell_groups(None, data, "all").labels is None
    assert set(cell_groups(adata, data, "none").labels) == {"nan"}
    found = cell_groups(None, data).labels
    assert not frozenset(found[kinds == "a"]) & frozenset(found[kinds == "b"])
    adata.obs["clusters"] = "mine"
    assert set(cell_groups(adata, data, "clusters").labels) == {"mine"}
    np.testing.assert_array_equal(cell_groups(adata, data).labels, found)  # nobody named the column


def test_what_groups_are_is_said():
    adata, data, _ = grouped()
    adata.obs.loc[adata.obs_names[:3], "kind"] = np.nan
    said = cell_groups(adata, data, "kind").description
    assert "inside each of 3 groups, the column 'kind'" in said
    assert "3 cells without a label there are taken for one group" in said
    n = len(set(cell_groups(None, data).labels))
    assert f"inside each of {n} clusters found" in cell_groups(None, data).description
    assert cell_groups(None, data, "all").description == "values are permuted among all cells"


def test_clusters_of_large_data_are_those_of_small_data(monkeypatch):
    _, data, _ = grouped()
    small = cell_groups(None, data, "clusters").labels
    monkeypatch.setattr(resampling, "is_large", lambda *_: True)
    large = cell_groups(None, data, "clusters").labels
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
    assert "1 of 5 genes are seen in fewer than 10 cells (B)" in _rare_note(data)
    assert _rare_note(make_dataset(pd.DataFrame(values[:99], columns=list("ABCDE")), ["A"])) is None
    assert (
        _rare_note(make_dataset(pd.DataFrame(values[:, [0, 2, 3]], columns=list("ACD")), ["A"]))
        is None
    )
