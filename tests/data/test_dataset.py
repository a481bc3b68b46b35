"""One dataset from any table: same data in, same dataset out, and the caller's object as it was."""

from __future__ import annotations

import copy

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_data import CELLS, GENES, TFS, small_anndata, small_table

from grnular_core.data.dataset import GRNDataset, dataset_card, make_dataset
from grnular_core.methods.registry import infer
from grnular_core.utils.errors import InputError


def same(a: GRNDataset, b: GRNDataset) -> bool:
    return (
        a.genes == b.genes
        and a.tfs == b.tfs
        and list(a.adata.obs_names) == list(b.adata.obs_names)
        and np.array_equal(a.expression(), b.expression())
        and a.fingerprint() == b.fingerprint()
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
def test_sparse_and_dense_anndata_give_the_same_dataset(kind):
    assert same(make_dataset(small_anndata(kind), TFS), reference())


@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_a_layer_and_raw_give_the_same_dataset_as_x(kind):
    adata = small_anndata(kind)
    adata.layers["logged"] = adata.X.copy()
    adata.raw = adata
    adata.X = adata.X * 0
    assert same(make_dataset(adata, TFS, layer="logged"), reference())
    assert same(make_dataset(adata, TFS, layer="raw"), reference())


def test_raw_may_hold_more_genes_than_x():
    adata = small_anndata()
    adata.raw = adata
    assert same(make_dataset(adata[:, :3].copy(), TFS, layer="raw"), reference())


@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_a_backed_file_gives_the_same_dataset_and_stays_backed(kind, tmp_path):
    adata = small_anndata(kind)
    adata.layers["logged"] = adata.X.copy()
    adata.raw = adata
    adata.write_h5ad(tmp_path / "x.h5ad")
    backed = anndata.read_h5ad(tmp_path / "x.h5ad", backed="r")
    assert same(make_dataset(backed, TFS), reference())
    assert same(make_dataset(backed, TFS, layer="raw"), reference())
    assert same(make_dataset(backed, TFS, layer="logged"), reference())
    assert same(make_dataset(backed[:, GENES], TFS), reference())
    assert backed.isbacked and backed.file.is_open
    backed.file.close()


def test_a_view_gives_the_same_dataset_and_stays_a_view():
    view = small_anndata()[list(reversed(CELLS)), :][list(reversed(CELLS))[::-1], :]
    assert view.is_view and same(make_dataset(view, TFS), reference()) and view.is_view


def test_a_turned_table_gives_the_same_dataset_and_says_so():
    table = small_table().T
    data = make_dataset(table, TFS)
    assert same(data, reference())
    assert data.notes[0].startswith("genes are the rows: 2 of 6 row names")
    assert same(make_dataset(table, TFS, orientation="genes-x-cells"), reference())


def test_a_turned_anndata_is_refused_unless_it_is_told_to_be_one():
    table = small_anndata().T
    with pytest.raises(
        InputError, match="columns are genes, but 2 of 6 row.*genes-x-cells if it is"
    ):
        make_dataset(table, TFS)
    assert same(make_dataset(table, TFS, orientation="genes-x-cells"), reference())


def test_cells_named_like_tfs_do_not_turn_an_anndata():
    rng = np.random.default_rng(0)
    genes = ["GATA1", "SPI1", "A", "B"]
    screen = anndata.AnnData(  # pseudobulks, each named after the TF that was knocked down
        rng.random((30, 4)),
        obs=pd.DataFrame(index=[f"TF{i}" for i in range(28)] + TFS),
        var=pd.DataFrame(index=genes),
    )
    listed = [*TFS, *(f"TF{i}" for i in range(28))]
    data = make_dataset(screen, listed)
    assert data.genes == genes and data.n_cells == 30
    assert data.notes[0].startswith(
        "genes are the columns, as in every AnnData: 30 of 30 row names"
    )


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


def test_single_precision_and_integers_keep_their_values():
    table = (small_table() * 10).round().astype("int32")
    data = make_dataset(table, TFS)
    assert data.expression().dtype == np.float64 and np.array_equal(data.expression(), table)
    assert any("look like counts" in note for note in data.notes)


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
    data = make_dataset(adata, TFS, layer="counts")
    data.adata.X *= 7.0
    data.expression()[:] = 7.0
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


def test_the_expression_of_a_dataset_is_a_copy():
    data = reference()
    data.expression()[:] = 7.0
    data.expression(GENES)[:] = 7.0
    assert same(data, reference())


# --- what is dropped, merged and said


@pytest.mark.parametrize("make", [lambda t: t, lambda t: t.astype(pd.SparseDtype(float, 0.0))])
def test_constant_genes_are_dropped_and_listed(make):
    table = small_table().assign(ZERO=0.0, ONE=1.0)
    data = make_dataset(make(table), [*TFS, "ONE"])
    assert same(data, reference())
    assert "2 genes of constant expression dropped: ZERO, ONE" in data.notes
    assert data.provenance["genes_constant"] == ["ZERO", "ONE"]
    assert any("in the data but constant: ONE" in note for note in data.notes)


def test_missing_tfs_are_listed_and_counted():
    data = make_dataset(small_table(), [*TFS, "KLF1", "SPI1"], provenance={"from": "here"})
    assert data.provenance["tfs_missing"] == ["KLF1"] and data.provenance["tfs_listed"] == 3
    assert data.provenance["from"] == "here"
    assert "2 of the 3 TFs of the list are in the data; missing: KLF1" in data.notes


def test_without_a_list_every_gene_regulates():
    assert make_dataset(small_table(), None, orientation="cells-x-genes").tfs == tuple(GENES)
    assert make_dataset(small_anndata(), None).tfs == tuple(GENES)


def test_repeated_cells_are_kept_and_said():
    table = small_table()
    table.index = ["c1", "c1", *CELLS[2:]]
    data = make_dataset(table, TFS)
    assert data.n_cells == 9 and any("1 cell names occur more than once" in n for n in data.notes)


def test_repeated_genes_follow_the_rule_given():
    table = pd.concat([small_table(), small_table()[["SPI1"]]], axis=1)
    with pytest.raises(InputError, match="SPI1"):
        make_dataset(table, TFS)
    data = make_dataset(table, TFS, duplicates="sum")
    assert np.array_equal(data.expression(["SPI1"])[:, 0], 2 * small_table()["SPI1"])
    assert same(make_dataset(table, TFS, duplicates="first"), reference())


def test_looser_matching_keeps_the_spelling_of_the_data():
    truth = pd.DataFrame({"regulator": ["spi1", "SPI1"], "target": ["hla-a", "HLA-A"]})
    data = make_dataset(small_table(), ["Gata1", "spi1"], truth, match="ignore-case")
    assert data.tfs == ("GATA1", "SPI1") and data.genes == GENES
    assert data.truth.values.tolist() == [["SPI1", "HLA-A", 0]]
    assert data.truth_counts.n_duplicates == 1


def test_a_card_shows_sizes_with_and_without_a_truth():
    truth = pd.DataFrame({"regulator": ["SPI1", "SPI1", "NA"], "target": ["NA", "SPI1", "nan"]})
    card = dataset_card(make_dataset(small_table(), [*TFS, "KLF1"], truth))
    assert (card.genes, card.cells, card.tfs_listed, card.tfs_in_data) == (6, 9, 3, 2)
    assert (card.tfs_with_truth, card.edges, card.edges_from_tfs, card.density) == (1, 2, 1, 1 / 5)
    assert card.dropped.n_self_loops == 1
    bare = dataset_card(reference())
    assert (bare.edges, bare.dropped) == (0, None) and np.isnan(bare.density)


# --- refusals


@pytest.mark.parametrize(
    ("table", "tfs", "options", "words"),
    [
        (np.ones((3, 3)), TFS, {}, "is a ndarray; expected a pandas DataFrame"),
        ("cells.csv", TFS, {}, "is a str; .*read_expression reads a file"),
        (sparse.eye(3), TFS, {}, "expected a pandas DataFrame"),
        (
            small_table(),
            TFS,
            {"layer": "x"},
            "expression is a plain table without layers; leave layer 'x'",
        ),
        (small_table().reset_index(), TFS, {}, r"1 columns are not numeric \(index\).*set_index"),
        (small_table() > 1, TFS, {}, "6 columns are not numeric.*astype"),
        (small_table() + 0j, TFS, {}, "6 columns are not numeric"),
        (small_table().astype(str), TFS, {}, "6 columns are not numeric"),
        (small_table().astype(object), TFS, {}, "6 columns are not numeric"),
        (small_table().replace(0.0, np.nan), TFS, {}, "missing .NaN. values, the first at cell"),
        (small_table().astype("Int64", errors="ignore").mask(small_table() == 0), TFS, {}, "NaN"),
        (small_table() * 0, TFS, {}, "all but 0 of the 6 genes .* same value in every cell"),
        (small_table().iloc[:1], TFS, {}, "holds 1 cells x 6 genes"),
        (small_table().rename(columns={"NA": None}), TFS, {}, "gene number 3 has no name"),
        (small_table().rename_axis("SPI1"), TFS, {}, "stand below SPI1, which is a TF"),
        (small_anndata(), TFS, {"layer": "x"}, "no layer 'x'; it has none"),
        (small_anndata(), TFS, {"layer": "raw"}, "no .raw; leave the layer out"),
        (anndata.AnnData(small_table() > 1), TFS, {}, "holds bool values"),
        (
            anndata.AnnData(obs=small_table()[[]], var=small_table().T[[]]),
            TFS,
            {},
            "has no X; .*one of its layers: none",
        ),
    ],
)
def test_what_would_make_the_network_meaningless_is_refused(table, tfs, options, words):
    with pytest.raises(InputError, match=words):
        make_dataset(table, tfs, **options)


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (pd.DataFrame({"Gene1": ["SPI1"], "Gene2": ["NA"]}), "missing regulator, target"),
        (pd.DataFrame({"regulator": ["X"], "target": ["Y"]}), "no edge of the reference network"),
        (
            pd.DataFrame({"regulator": ["SPI1"], "target": ["NA"], "sign": ["up"]}),
            "sign 'up' is not a number",
        ),
    ],
)
def test_a_truth_that_says_nothing_about_the_data_is_refused(truth, words):
    with pytest.raises(InputError, match=words):
        make_dataset(small_table(), TFS, truth)


def test_an_unknown_gene_is_no_other_gene():
    with pytest.raises(InputError, match="expression holds no gene KLF1"):
        reference().expression(["GATA1", "KLF1"])


def test_scaled_values_pass_when_they_are_meant():
    data = make_dataset(small_table() - 1, TFS, scaled=True)
    assert any("scaled values" in note for note in data.notes)
