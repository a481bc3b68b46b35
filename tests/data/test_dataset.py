"""One dataset from any table: same data in, same dataset out, and the caller's object as it was."""

import copy

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from small_data import CELLS, GENES, TFS, small_anndata, small_table

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.methods.registry import infer
from grnular_core.utils.errors import InputError


def same(a: GRNDataset, b: GRNDataset) -> bool:
    return (
        a.genes == b.genes
        and a.tfs == b.tfs
        and list(a.adata.obs_names) == list(b.adata.obs_names)
        and np.array_equal(a.expression(), b.expression())
    )


def reference() -> GRNDataset:
    return make_dataset(small_table(), TFS)


def test_a_dataset_holds_what_was_given():
    data = reference()
    assert data.genes == GENES and data.tfs == ("GATA1", "SPI1")
    assert (data.n_cells, data.n_genes, data.truth) == (9, 6, None)
    assert np.array_equal(data.expression(), small_table().to_numpy())
    assert np.array_equal(data.expression(["NA", "GATA1"]), small_table()[["NA", "GATA1"]])
    assert data.adata.var["is_tf"].tolist() == [True, True, False, False, False, False]


# --- every form of the same data


@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_every_anndata_gives_the_same_dataset_and_stays_what_it_is(kind, tmp_path):
    adata = small_anndata(kind)
    adata.write_h5ad(tmp_path / "x.h5ad")
    backed = anndata.read_h5ad(tmp_path / "x.h5ad", backed="r")
    view = adata[CELLS[::-1], :][CELLS, :]
    for form in (adata, view, backed, backed[:, adata.var_names]):
        assert same(make_dataset(form, TFS), reference())
    assert view.is_view and backed.isbacked and backed.file.is_open
    backed.file.close()


def test_a_turned_table_gives_the_same_dataset_and_says_so():
    table = small_table().T
    data = make_dataset(table, TFS)
    assert same(data, reference())
    assert data.notes[0].startswith("genes are the rows: 2 of 6 row names")
    # an AnnData has its genes in columns unless stated otherwise
    with pytest.raises(InputError, match="columns are genes, but 2 of 6 row.*genes-x-cells if it"):
        make_dataset(small_anndata().T, TFS)
    for turned in (table, small_anndata().T):
        assert same(make_dataset(turned, TFS, orientation="genes-x-cells"), reference())


def test_cells_named_like_tfs_do_not_turn_an_anndata():
    cells = [f"TF{i}" for i in range(28)] + TFS  # pseudobulks, named after the TF knocked down
    screen = anndata.AnnData(
        np.random.default_rng(0).random((30, 4)),
        obs=pd.DataFrame(index=cells),
        var=pd.DataFrame(index=[*TFS, "A", "B"]),
    )
    data = make_dataset(screen, cells)
    assert data.genes == [*TFS, "A", "B"] and data.n_cells == 30
    assert "genes are the columns, as in every AnnData: 30 of 30 row names" in data.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.astype(pd.SparseDtype(float, 0.0)),
        lambda t: t.astype("Float64"),
        lambda t: t.rename(columns=lambda name: f" {name} "),
    ],
    ids=["sparse frame", "nullable frame", "blanks around names"],
)
def test_other_frames_give_the_same_dataset(change):
    assert same(make_dataset(change(small_table()), TFS), reference())


def test_no_method_sees_the_layout_of_the_memory():
    """Sums round differently along another axis: a turned table must give the same bits."""
    table = pd.concat([small_table(seed) for seed in range(30)], ignore_index=True)
    table.index = table.index.map("c{}".format)
    one, other = make_dataset(table, TFS), make_dataset(table.T, TFS)
    assert other.expression().flags.c_contiguous and other.expression(GENES).flags.c_contiguous
    assert infer(one, "correlation").equals(infer(other, "correlation"))


# --- the caller's object


@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_an_anndata_is_never_changed(kind):
    adata = small_anndata(kind)
    adata.layers["counts"] = adata.X.copy()
    adata.obs["batch"] = "a"
    adata.raw = adata
    before = copy.deepcopy(adata)
    data = make_dataset(adata, TFS)
    data.expression()[:] = 7.0
    data.expression(GENES)[:] = 7.0
    assert same(data, reference())
    data.adata.X *= 7.0
    assert list(adata.var.columns) == [] and list(adata.obs.columns) == ["batch"]
    for one, other in ((adata.X, before.X), (adata.layers["counts"], before.X)):
        assert type(one) is type(other) and (one != other).sum() == 0


def test_a_frame_and_a_truth_are_never_changed():
    table, truth = small_table(), pd.DataFrame({"regulator": ["gata1"], "target": ["SPI1"]})
    before, truth_before = table.copy(), truth.copy()
    data = make_dataset(table, TFS, truth, match="ignore-case")
    data.adata.X[:] = 7.0
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(truth, truth_before)
    assert data.truth.values.tolist() == [["GATA1", "SPI1", 0]]


# --- what is dropped, merged and said


@pytest.mark.parametrize("make", [lambda t: t, lambda t: t.astype(pd.SparseDtype(float, 0.0))])
def test_constant_genes_and_missing_tfs_are_listed(make):
    table = small_table().assign(ZERO=0.0, ONE=1.0)
    listed = [*TFS, "ONE", "KLF1", "SPI1"]
    data = make_dataset(make(table), listed, provenance={"from": "here"})
    assert same(data, reference()) and data.provenance["from"] == "here"
    assert "2 genes of constant expression dropped: ZERO, ONE" in data.notes
    assert data.provenance["genes_constant"] == ["ZERO", "ONE"]
    assert data.provenance["tfs_missing"] == ["ONE", "KLF1"] and data.provenance["tfs_listed"] == 4
    (summary,) = (note for note in data.notes if "2 of the 4 TFs of the list are in the data" in note)
    assert "KLF1" in summary and "in the data but constant: ONE" in summary


def test_without_a_list_every_gene_regulates():
    assert make_dataset(small_table(), None, orientation="cells-x-genes").tfs == tuple(GENES)
    assert make_dataset(small_anndata(), None).tfs == tuple(GENES)


def test_repeated_cells_are_kept_and_repeated_genes_follow_the_rule():
    table = pd.concat([small_table(), small_table()[["SPI1"]]], axis=1)
    with pytest.raises(InputError, match="SPI1"):
        make_dataset(table, TFS)
    assert same(make_dataset(table, TFS, duplicates="first"), reference())
    table.index = ["c1", "c1", *CELLS[2:]]
    data = make_dataset(table, TFS, duplicates="sum")
    assert np.array_equal(data.expression(["SPI1"])[:, 0], 2 * small_table()["SPI1"])
    assert data.n_cells == 9 and any("1 cell names occur more than once" in n for n in data.notes)


@pytest.mark.parametrize(("layout", "ids"), [(np.asarray, "gene_ids"), (sparse.csr_matrix, "Accession")])
def test_counts_of_genes_with_ids_of_their_own_are_added_and_said(layout, ids):
    counts = np.random.default_rng(0).poisson(2.0, (9, len(GENES)))
    adata = AnnData(layout(counts.astype(float)), var=pd.DataFrame({ids: [f"ENSG{i}" for i in range(len(GENES))]}))
    adata.var_names = [*GENES[:-1], "SPI1"]
    data = make_dataset(adata, TFS)
    assert "1 repeated genes merged by sum: SPI1" in data.notes
    np.testing.assert_array_equal(data.expression(["SPI1"])[:, 0], counts[:, [GENES.index("SPI1"), -1]].sum(axis=1))
    logged = AnnData(layout(np.log1p(counts / 3)), var=adata.var)
    alike = AnnData(layout(counts.astype(float)), var=adata.var.assign(**{ids: "ENSG1"}))
    for refused, rule in ((logged, "auto"), (alike, "auto"), (adata, "error")):
        with pytest.raises(InputError, match=r"1 gene names occur more than once \(SPI1\); .*--duplicates sum"):
            make_dataset(refused, TFS, duplicates=rule)


def test_looser_matching_keeps_the_spelling_of_the_data():
    truth = pd.DataFrame({"regulator": ["spi1", "SPI1"], "target": ["hla-a", "HLA-A"]})
    data = make_dataset(small_table(), ["Gata1", "spi1"], truth, match="ignore-case")
    assert data.tfs == ("GATA1", "SPI1") and data.genes == GENES
    assert data.truth.values.tolist() == [["SPI1", "HLA-A", 0]]
    assert data.truth_counts.n_duplicates == 1


def test_a_reference_network_is_cleaned_and_what_is_dropped_is_counted():
    truth = pd.DataFrame({"regulator": ["SPI1", "SPI1", "NA"], "target": ["NA", "SPI1", "nan"]})
    data = make_dataset(small_table(), [*TFS, "KLF1"], truth)
    assert (data.n_genes, data.n_cells, len(data.tfs)) == (6, 9, 2)
    assert data.truth.values.tolist() == [["NA", "nan", 0], ["SPI1", "NA", 0]] and data.truth_counts.n_self_loops == 1
    assert reference().truth is None and reference().truth_counts is None


# --- refusals


TABLE = small_table()


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (np.ones((3, 3)), {}, "is a ndarray; expected a pandas DataFrame"),
        ("cells.csv", {}, "is a str; .*read_expression reads a file"),
        (TABLE.reset_index(), {}, r"1 columns are not numeric \(index\).*set_index"),
        (TABLE > 1, {}, "6 columns are not numeric.*astype"),
        (TABLE + 0j, {}, "6 columns are not numeric"),
        (TABLE.astype(object), {}, "6 columns are not numeric"),
        (TABLE.round().astype("Int64").mask(TABLE < 1), {}, "missing .NaN. values"),
        (TABLE.rename(columns={"NA": None}), {}, "gene number 3 has no name"),
        (TABLE.rename_axis("SPI1"), {}, "stand below SPI1, which is a TF"),
        (anndata.AnnData(TABLE > 1), {}, "holds bool values"),
        (anndata.AnnData(obs=TABLE[[]], var=TABLE.T[[]]), {}, "has no X; .*one of its layers: no"),
        (TABLE, {"truth": pd.DataFrame({"Gene1": ["NA"]})}, "missing regulator, target"),
    ],
)  # fmt: skip
def test_what_would_make_the_network_meaningless_is_refused(table, options, words):
    with pytest.raises(InputError, match=words):
        make_dataset(table, TFS, **options)


def test_an_unknown_gene_is_no_other_gene():
    with pytest.raises(InputError, match="expression holds no gene KLF1"):
        reference().expression(["GATA1", "KLF1"])
