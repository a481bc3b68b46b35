"""Data made of other data: what a drawing keeps, what a shuffling destroys, which genes stay."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.utils.errors import InputError
from grnular_core.workflow import resampling
from grnular_core.workflow.resampling import cell_groups, most_variable, permuted
from grnular_core.workflow.stability import _bootstrap


def dataset(values: np.ndarray, n_tfs: int = 2, **more) -> GRNDataset:
    genes = [f"G{i}" for i in range(values.shape[1])]
    return make_dataset(
        pd.DataFrame(values, columns=genes), genes[:n_tfs], orientation="cells-x-genes", **more
    )


def as_sparse(data: GRNDataset) -> GRNDataset:
    adata = data.adata.copy()
    adata.X = sparse.csr_matrix(adata.X)
    return replace(data, adata=adata)


def counts(seed: int = 0, cells: int = 20, genes: int = 7) -> GRNDataset:
    values = np.random.default_rng(seed).poisson(1.0, (cells, genes)).astype(float)
    values[0], values[1] = 0, 1  # no gene is constant
    return dataset(values)


def correlation(data: GRNDataset) -> np.ndarray:
    return np.corrcoef(data.expression().T)


@given(st.integers(0, 2**32 - 1), st.integers(5, 30), st.integers(3, 8), st.integers(1, 4))
def test_shuffling_keeps_the_values_of_every_gene_in_every_group(seed, cells, genes, groups):
    rng = np.random.default_rng(seed)
    data = counts(seed, cells, genes)
    data = as_sparse(data) if seed % 2 else data
    labels = rng.integers(groups, size=cells)
    before = data.expression()
    after = permuted(data, rng, labels)
    assert sparse.issparse(after.adata.X) == sparse.issparse(data.adata.X)
    assert after.genes == data.genes and after.tfs == data.tfs
    for group in np.unique(labels):
        here = labels == group
        one, two = (np.sort(v[here], axis=0) for v in (before, after.expression()))
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(data.expression(), before)  # the data given are as they were


def test_shuffling_ends_that_genes_go_together_but_for_what_groups_explain():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b"], 250)
    level = np.where(groups == "a", 1.0, 9.0)[:, None]
    data = dataset(level + rng.random((500, 1)) + np.zeros((1, 3)))
    others = np.triu_indices(3, 1)
    assert np.abs(correlation(permuted(data, rng))[others]).max() < 0.15
    assert correlation(permuted(data, rng, groups))[others].min() > 0.95


def test_as_many_labels_as_cells_are_needed(small_data):
    with pytest.raises(InputError, match="3 group labels for 300 cells"):
        permuted(small_data, np.random.default_rng(0), np.array([1, 2, 3]))


def test_drawn_cells_are_cells_of_the_data_and_the_seed_decides_which(small_data):
    one, same, other = (_bootstrap(small_data, np.random.default_rng(s)) for s in (1, 1, 2))
    rows = {tuple(row) for row in small_data.expression()}
    assert {tuple(row) for row in one.expression()} <= rows
    assert one.n_cells == small_data.n_cells
    np.testing.assert_array_equal(one.expression(), same.expression())
    assert (one.expression() != other.expression()).any()


def test_a_gene_that_no_longer_varies_is_left_out_and_too_few_cells_are_refused():
    values = np.random.default_rng(0).random((6, 4))
    values[:, 3] = [1, 0, 0, 0, 0, 0]
    data = dataset(values)
    found = [_bootstrap(data, np.random.default_rng(s)).genes for s in range(20)]
    assert ["G0", "G1", "G2"] in found and ["G0", "G1", "G2", "G3"] in found
    with pytest.raises(InputError, match="2 cells are too few"):
        for seed in range(20):
            _bootstrap(dataset(values[:2, :3]), np.random.default_rng(seed))


def test_the_most_variable_tfs_and_other_genes_are_kept():
    rng = np.random.default_rng(0)
    spread = np.array([1, 3, 2, 9, 8, 7.0])  # three TFs, three others
    data = dataset(20 + spread * rng.normal(size=(200, 6)).clip(-2, 2), n_tfs=3)
    found = most_variable(data, 2)
    assert found.genes == ["G1", "G2", "G3", "G4"] and found.tfs == ("G1", "G2")
    assert "most variable 2 of 3 TFs and 2 of 3 other genes" in found.notes[-1]
    assert most_variable(data, 3) is data


@pytest.mark.parametrize("stored", [False, True])
def test_counts_are_compared_after_scaling_and_logarithm_and_stay_counts(stored):
    rng = np.random.default_rng(0)
    depth = rng.integers(1, 20, (300, 1))
    # loud follows the depth of the cell alone, quiet varies beyond it
    loud, rest = 200 * depth, rng.poisson(20.0 * depth, (300, 3))
    quiet = rng.poisson(np.where(rng.random((300, 1)) < 0.5, 1, 9) * depth)
    data = dataset(np.hstack([rest[:, :1], loud, quiet, rest[:, 1:]]).astype(float), n_tfs=1)
    data = as_sparse(data) if stored else data
    found = most_variable(data, 1)
    assert data.provenance["values"] == "counts" and found.genes == ["G0", "G2"]
    np.testing.assert_array_equal(found.expression(["G2"]), data.expression(["G2"]))


def test_a_truth_is_cut_with_the_genes_and_refused_when_none_is_left(small_data):
    found = most_variable(small_data, 4)
    kept = frozenset(found.genes)
    columns = ["regulator", "target"]
    pairs, left = (d.truth[columns].to_numpy().tolist() for d in (small_data, found))
    assert left == [pair for pair in pairs if kept.issuperset(pair)]
    only = replace(small_data, truth=small_data.truth[~small_data.truth["target"].isin(kept)])
    with pytest.raises(InputError, match=r"none of the \d+ true edges .* keep more"):
        most_variable(only, 4)
    with pytest.raises(InputError, match="1 or more"):
        most_variable(small_data, 0)


# --- the order of the columns


@pytest.mark.parametrize("groups", [None, np.repeat(["a", "b"], 10)])
def test_neither_the_order_of_the_columns_nor_sparse_storage_changes_a_draw(groups):
    data, order = counts(), np.random.default_rng(1).permutation(7)
    turned = replace(data, adata=data.adata[:, order].copy())
    one, *others = (
        permuted(given, np.random.default_rng(3), groups).expression()
        for given in (data, as_sparse(data), turned, as_sparse(turned))
    )
    for found, columns in zip(others, (slice(None), order, order), strict=True):
        np.testing.assert_array_equal(one[:, columns], found)


def test_genes_of_equal_variance_are_kept_by_name():
    """Permutations of the same log values: without names the first columns would stay."""
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.permutation(np.arange(12) / 4) for _ in range(8)])
    data = dataset(values, scaled=True)
    turned = replace(data, adata=data.adata[:, ::-1].copy())
    for given_data in (data, turned):
        assert sorted(most_variable(given_data, 2).genes) == ["G0", "G1", "G2", "G3"]


# --- groups of cells


def grouped():
    """Two kinds of cells that clusters must tell apart, and a column without labels."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(["a", "b"], 40)
    values = np.where(kinds == "a", 2.0, 12.0)[:, None] + rng.random((80, 20))
    data = dataset(values)
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


def test_clusters_of_large_data_are_those_of_small_data(monkeypatch):
    _, data, _ = grouped()
    small = cell_groups(None, data, "clusters").labels
    monkeypatch.setattr(resampling, "is_large", lambda *_: True)
    large = cell_groups(None, data, "clusters").labels
    pairs = set(zip(small, large, strict=True))
    assert len(np.unique(small)) == len(np.unique(large)) == len(pairs)


def test_an_unknown_column_is_refused_with_those_that_are_there():
    adata, data, _ = grouped()
    with pytest.raises(InputError, match="no column 'leiden' .*it has kind, none.*clusters and all"):
        cell_groups(adata, data, "leiden")
