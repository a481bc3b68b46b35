"""A user's own files: what is read, what is said, and which way out a refusal offers."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_data import TFS, small_anndata, small_table, write_10x

from grnular_core.data.dataset import make_dataset
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import with_gene_symbols
from grnular_core.workflow.user_data import (
    InputOptions,
    _empty_note,
    _few_note,
    _rare_note,
    read_user_data,
)

pytest_plugins = ("cli_folder",)


def read(expression: str, tfs: str = "tfs.txt", truth: str | None = None, **more):
    return read_user_data(InputOptions(expression, tfs, truth, **more))


def notes(*words: str, **more) -> str:
    return "\n".join(read(*words, **more).notes)


def with_ids():
    """Ensembl ids as index, symbols beside them, as CELLxGENE's files have it."""
    adata = small_anndata("csr")
    adata.var["chromosome"] = "1"
    adata.var["feature_name"] = pd.Categorical(adata.var_names)
    adata.var_names = [f"ENSG{i:011d}" for i in range(adata.n_vars)]
    return adata


# --- notes


def test_counts_and_other_values_without_a_logarithm_are_told_of_normalise(folder):
    (small_table() * 1000.5).to_csv("tpm.csv")
    assert "no logarithms" in (message := notes("tpm.csv")) and "--normalise" in message
    assert "no logarithms" not in notes("tpm.csv", normalise=True)
    counts = (small_table() * 20).round()
    counts.to_csv("counts.csv")
    assert "--normalise does that" in notes("counts.csv")
    stored = small_anndata("csr")
    stored.X = stored.X.multiply(20).rint().tocsr()
    stored.write_h5ad("counts.h5ad")
    total = counts.sum(axis=1)
    expected = np.log1p(counts.div(total, axis=0) * np.median(total))
    for file in ("counts.csv", "counts.h5ad"):
        found = read(file, normalise=True)
        np.testing.assert_allclose(found.data.expression(), expected)
        assert "--normalise does" not in "\n".join(found.notes)
    with pytest.raises(InputError, match="looks like log values; --normalise is for counts"):
        read("x.csv", normalise=True)


@pytest.mark.parametrize("names", [["n_counts", "leiden"], ["__no_feature", "N_unmapped"]])
def test_helper_rows_and_columns_are_named(folder, names):
    table = small_table()
    for number, name in enumerate(names):
        table[name] = np.arange(9) + number
    table.T.to_csv("turned.csv")
    message = f"2 genes are named like metadata or totals ({', '.join(names)}) and are left out"
    assert message in notes("turned.csv") and "metadata" not in notes("x.csv")
    small_table().T.assign(Length=1.5, Start=2.0).to_csv("cells.csv")
    assert "2 cells are named like metadata" in notes("cells.csv")
    assert read("cells.csv").data.n_cells == 9


def test_empty_droplets_are_pointed_at():
    rng = np.random.default_rng(0)
    full = rng.poisson(2.0, (60, 100))
    names = [f"g{i}" for i in range(100)]

    def note(values):
        return _empty_note(make_dataset(pd.DataFrame(values, columns=names), names[:5]))

    assert note(full) is None
    droplets = (rng.random((300, 100)) < 0.02).astype(int)
    message = f"300 of 360 cells show less than a tenth of the {(full > 0).sum(1).max()} genes"
    assert note(np.vstack([full, droplets])).startswith(message)
    assert "1 of them none" in note(np.vstack([full, 0 * full[:1]]))
    assert note(np.vstack([full, droplets[droplets.any(1)][:3]])) is None  # three of 63: no pattern


def test_genes_of_a_few_cells_are_named_before_their_edges_are_believed():
    values = np.random.default_rng(0).random((120, 5))
    values[9:, 1], values[10:, 2] = 0, 0

    def data(rows: int, names: str):
        at = ["ABCDE".index(name) for name in names]
        return make_dataset(pd.DataFrame(values[:rows, at], columns=list(names)), ["A"])

    assert "1 of 5 genes are detected in fewer than 10 cells (B)" in _rare_note(data(120, "ABCDE"))
    assert _rare_note(data(99, "ABCDE")) is None and _rare_note(data(120, "ACD")) is None
    assert _few_note(data(50, "ACD")) is None and _few_note(data(49, "ACD"))


# --- a reference network of one's own


def truth_of(lines: list[tuple[str, str]]) -> None:
    Path("net.csv").write_text("regulator,target\n" + "".join(f"{a},{b}\n" for a, b in lines))


def test_true_edges_that_are_not_scored_are_counted_aloud(folder):
    there = [("GATA1", gene) for gene in small_table() if gene != "GATA1"][:3]
    truth_of(there)
    assert "are scored" not in notes("x.csv", "tfs.txt", "net.csv")
    truth_of([*there, there[0], ("GATA1", "GATA1"), ("GATA1", "UNKNOWN"), ("GATA1", "hla-a")])
    message = notes("x.csv", "tfs.txt", "net.csv")
    assert "3 of 7 true edges are scored; 2 name a gene that is not in the data, 1 are self" in message
    assert "With --match ignore-case" in message
    assert "4 of 7 true edges" in notes("x.csv", "tfs.txt", "net.csv", match="ignore-case")


def test_true_edges_that_are_cut_with_their_genes_are_counted(folder):
    truth_of([("GATA1", "SPI1"), ("SPI1", "NA"), ("GATA1", "HLA-A"), ("GATA1", "nan")])
    found = read("x.csv", "tfs.txt", "net.csv", n_top_genes=2)
    n, message = len(found.data.truth), "\n".join(found.notes)
    assert 0 < n < 4 and f"{n} of 4 true edges lie between these, and are scored" in message
    assert f"{n} of {n} true edges among the genes start at a TF of the list" in message


# --- what an h5ad file holds


def test_symbols_come_from_the_column_that_is_asked_for_and_the_table_stays(folder):
    with_ids().write_h5ad("ids.h5ad")
    found = read("ids.h5ad", gene_symbols="feature_name")
    assert found.data.tfs == tuple(TFS) and found.data.genes == list(small_table())
    assert found.table.var_names[0].startswith("ENSG")
    with pytest.raises(InputError, match="no TF of the list.*pass --gene-names feature_name"):
        read("ids.h5ad")
    repeated = with_ids()
    repeated.var["feature_name"] = ["GATA1", "SPI1", "A", "A", "B", "C"]
    assert list(with_gene_symbols(repeated, "feature_name", "here").var_names)[2:4] == ["A", "A"]


def test_the_column_to_name_is_the_one_of_symbols_and_not_one_that_holds_a_tf_by_chance(folder):
    adata = with_ids()
    adata.var.insert(0, "class", ["GATA1", "Q", "Q", "Q", "Q", "Q"])
    adata.var.insert(1, "first", [f"GATA{i}" for i in range(1, 7)])
    adata.write_h5ad("ids.h5ad")
    with pytest.raises(InputError, match="pass --gene-names feature_name"):
        read("ids.h5ad")


def test_a_column_of_classes_names_no_genes(folder):
    adata = with_ids()
    adata.var["class"] = ["GATA1", "Q", "Q", "Q", "Q", "Q"]
    adata.write_h5ad("ids.h5ad")
    with pytest.raises(InputError, match="'class' holds 2 different words for 6 genes"):
        read("ids.h5ad", gene_symbols="class", duplicates="sum")


@pytest.mark.parametrize("form", ["h5ad", "raw", "csv", "turned", "column"])
def test_the_genes_of_one_genome_are_kept_without_its_name(folder, form):
    human, mouse = small_table().add_prefix("GRCh38_"), small_table(1).add_prefix("mm10___")
    table = pd.concat([human, mouse], axis=1)
    path = "two.csv"
    if form in ("csv", "turned"):
        (table if form == "csv" else table.T).to_csv(path)
    else:
        path = "two.h5ad"
        adata = anndata.AnnData(table)
        if form == "column":
            adata.var["genome"] = ["GRCh38"] * 6 + ["mm10"] * 6
            adata.var_names = [*small_table(), *(f"other{i}" for i in range(6))]
        if form == "raw":
            adata.raw = adata.copy()
        adata.write_h5ad(path)
    more = {"layer": "raw"} if form == "raw" else {}
    found = read(path, genome="GRCh38", **more).data
    assert found.genes == list(small_table()) and found.tfs == tuple(TFS)
    np.testing.assert_array_equal(found.expression(), small_table())
    with pytest.raises(InputError, match="no genes of the genome 'hg19'; it has GRCh38, mm10"):
        read(path, genome="hg19", **more)


def test_what_the_user_says_of_the_values_is_taken(folder):
    fractions = small_table() * 3
    fractions.to_csv("soup.csv")
    with pytest.raises(InputError, match="--values-are counts"):
        read("soup.csv", normalise=True)
    found = read("soup.csv", normalise=True, values_are="counts")
    total = fractions.sum(axis=1)
    expected = np.log1p(fractions.div(total, axis=0) * np.median(total))
    np.testing.assert_allclose(found.data.expression(), expected)
    assert "taken for counts, as said" in "\n".join(found.notes)


def test_symbols_name_the_genes_of_the_raw_slot_too(folder):
    adata = with_ids()
    adata.raw = adata.copy()
    adata = adata[:, 1:].copy()
    adata.X = adata.X.toarray() - 1
    adata.write_h5ad("ids.h5ad")
    found = read("ids.h5ad", gene_symbols="feature_name", layer="raw")
    assert found.data.genes == list(small_table()) and found.data.tfs == tuple(TFS)
    np.testing.assert_array_equal(found.data.expression(), small_table())
    assert found.table.raw.var_names[0].startswith("ENSG")
    bare = with_ids()
    bare.raw = bare.copy()
    del bare.raw.var["feature_name"]  # .var has it, .raw.var does not
    bare.write_h5ad("bare.h5ad")
    assert read("bare.h5ad", gene_symbols="feature_name", layer="raw").data.tfs == tuple(TFS)


def test_ids_of_a_10x_folder_can_name_its_genes(folder):
    write_10x(small_table(), Path("10x"))
    Path("ids.txt").write_text("ID0\nID1\n")
    found = read("10x", "ids.txt", gene_symbols="gene_ids").data
    assert found.genes == [f"ID{i}" for i in range(6)]


def test_scaled_values_beside_raw_ones_are_refused_with_the_layer_to_name(folder):
    adata = small_anndata("dense")
    adata.raw = adata.copy()
    adata.layers["logged"] = adata.X.copy()
    adata.X = adata.X - adata.X.mean(axis=0)
    adata.write_h5ad("scaled.h5ad")
    with pytest.raises(InputError, match="pass --layer logged or raw"):
        read("scaled.h5ad")
    assert (read("scaled.h5ad", layer="raw").data.expression() >= 0).all()
    assert (read("scaled.h5ad", scaled=True).data.expression() < 0).any()


def test_a_layer_called_raw_is_used_where_there_is_no_raw_slot(folder):
    adata = small_anndata()
    adata.layers["raw"] = adata.X * 2
    adata.write_h5ad("layered.h5ad")
    found = read("layered.h5ad", layer="raw").data
    np.testing.assert_array_equal(found.expression(), small_table() * 2)
    adata.raw = small_anndata()
    adata.write_h5ad("both.h5ad")
    np.testing.assert_array_equal(read("both.h5ad", layer="raw").data.expression(), small_table())


def test_tfs_of_the_raw_slot_alone_are_pointed_at(folder):
    adata = small_anndata()
    adata.raw = adata.copy()
    adata[:, 2:].copy().write_h5ad("variable.h5ad")
    with pytest.raises(InputError, match="no TF of .*Its .raw holds 2 of these .*--layer raw"):
        read("variable.h5ad")


def test_tfs_that_are_in_raw_beside_those_in_x_are_said(folder):
    adata = small_anndata()
    adata.raw = adata.copy()
    adata[:, 1:].copy().write_h5ad("variable.h5ad")
    found = read("variable.h5ad")
    assert "1 more TFs of the list are in .raw" in (text := "\n".join(found.notes))
    assert "(GATA1)" in text and "pass --layer raw" in text and found.data.tfs == ("SPI1",)
    for more in ({"layer": "raw"}, {"use_raw": True}):
        found = read("variable.h5ad", **more)
        assert found.data.tfs == tuple(TFS) and ".raw" not in "\n".join(found.notes)


def test_the_raw_slot_is_asked_for_in_one_way_and_must_be_there(folder):
    adata = small_anndata()
    adata.layers["raw"] = adata.X * 2
    with pytest.raises(InputError, match="the table has no .raw; leave use_raw out"):
        read_user_data(InputOptions(adata, TFS, use_raw=True))
    with pytest.raises(InputError, match="x.csv has no .raw"):
        read("x.csv", use_raw=True)
    adata.raw = small_anndata()
    with pytest.raises(InputError, match="two sources"):
        read_user_data(InputOptions(adata, TFS, use_raw=True, layer="counts"))
    found = read_user_data(InputOptions(adata, TFS, use_raw=True, layer="raw")).data
    np.testing.assert_array_equal(found.expression(), small_table())


@pytest.mark.parametrize("layer", [None, "raw"])
def test_antibodies_are_left_out_with_a_note(folder, layer):
    adata = small_anndata()
    adata.var["feature_types"] = ["Gene Expression"] * 4 + ["Antibody Capture", "Custom"]
    if layer:
        adata.raw = adata.copy()
    adata.write_h5ad("multi.h5ad")
    found = read("multi.h5ad", layer=layer)
    assert found.data.genes == list(small_table())[:4] and found.table.n_vars == 6
    message = "2 of 6 features are no Gene Expression (Antibody Capture, Custom); they are left out"
    assert message in found.notes


def test_a_copy_of_a_turned_table_has_all_its_cells_and_genes(folder):
    table = small_table().assign(Same=1.0)
    table.T.to_csv("turned.csv")
    found = read("turned.csv", n_top_genes=1)
    found.as_anndata().write_h5ad("copy.h5ad")
    cells = anndata.read_h5ad("copy.h5ad")
    assert found.data.n_genes == 2
    assert list(cells.var_names) == list(table) and list(cells.obs_names) == list(table.index)
    np.testing.assert_array_equal(cells.X, table)


def test_a_file_whose_table_is_not_kept_gives_the_same_dataset(tmp_path):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (60, 30)).astype(np.float32)
    counts[:, 7] = 0  # a gene that no cell shows
    genes = pd.DataFrame(index=["GATA1", "TAL1", *(f"G{i}" for i in range(28))])
    anndata.AnnData(sparse.csr_matrix(counts), var=genes).write_h5ad(tmp_path / "cells.h5ad")
    options = InputOptions(tmp_path / "cells.h5ad", ["GATA1", "TAL1"], normalise=True, n_top_genes=9)
    kept, used = read_user_data(options), read_user_data(options, keep_table=False)
    assert used.table is None and kept.as_anndata().X.dtype == np.float32
    assert used.notes == kept.notes and used.data.genes == kept.data.genes
    assert (used.data.adata.X != kept.data.adata.X).nnz == 0
