"""Real cells beside BEELINE's: preparation, genes, files."""

import numpy as np
import pytest
from grnular_paper import more_cells
from grnular_paper.more_cells import (
    NO_NAME,
    SETS,
    Counts,
    _counts,
    _prepared,
    load_cells,
)
from grnular_paper.more_runs import _confirmed_tfs
from scipy import sparse

from grnular_core.data.gene_lists import BROAD
from grnular_core.data.registry import registry
from grnular_core.utils.errors import DownloadError, InputError


def small(n_cells: int = 30) -> Counts:
    """Six genes: two TFs, of which one is seen in few cells, and three others of growing spread."""
    rng = np.random.default_rng(0)
    values = np.zeros((n_cells, 6))
    values[:, 0] = rng.poisson(3, n_cells)  # Tf1
    values[:5, 1] = 1  # Tf2
    for column, mean in ((2, 1.0), (3, 5.0), (4, 50.0)):
        values[:, column] = rng.poisson(mean, n_cells) * rng.integers(0, 2, n_cells)
    values[:, 5] = 100 + 400 * rng.integers(0, 2, n_cells)  # without a name
    genes = ["Tf1", "Tf2", "low", "mid", "high", NO_NAME]
    return Counts(sparse.csr_matrix(values), [f"c{i}" for i in range(n_cells)], genes)


def test_counts_are_scaled_to_the_median_total_of_all_genes_and_logged():
    given = small()
    values = given.values.toarray()
    total = values.sum(axis=1)
    expected = np.log1p(values * (np.median(total) / total)[:, None])
    table = _prepared(given, ["TF1", "TF2"])
    np.testing.assert_allclose(table["high"], expected[:, 4])
    assert list(table.index) == given.cells


def test_all_tfs_that_are_seen_come_first_then_the_most_variable_others():
    spread = _prepared(small(), ["TF1", "TF2"]).var()
    others = spread[["low", "mid", "high"]].sort_values(ascending=False)
    assert list(_prepared(small(), ["TF1", "TF2"])) == ["Tf1", *others.index]  # without Tf2 and the unnamed gene
    assert list(_prepared(small(), ["TF1", "TF2"], max_genes=2)) == ["Tf1", others.index[0]]
    assert set(_prepared(small(), ["tf1", "tf2"], max_genes=1, min_cells=5)) == {"Tf1", "Tf2"}


def test_every_file_of_a_set_is_in_the_registry():
    for name, chosen in SETS.items():
        assert set(chosen.keys) <= set(registry()), name
        assert chosen.species in BROAD
    assert sum(chosen.umi for chosen in SETS.values()) == 7 and len(SETS) == 8


def test_an_unknown_set_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown set of cells 'kidney'; expected one of marrow, cardio2"):
        _counts("kidney")


def test_without_a_network_the_message_names_the_file(no_data):
    with pytest.raises(DownloadError, match="more/tuck/Tuck_PAGA510genes.h5ad"):
        _counts("tuck")


def test_values_that_are_no_counts_are_refused(monkeypatch):
    half = Counts(sparse.csr_matrix([[0.5, 1.0]]), ["c"], ["a", "b"])
    chosen = more_cells.CellSet("mouse", "made up", "none", True, (), lambda files: half)
    monkeypatch.setitem(SETS, "made-up", chosen)
    with pytest.raises(InputError, match="made-up: the file holds values that are no counts"):
        _counts("made-up")


@pytest.mark.parametrize(
    ("name", "cells", "genes", "tfs", "strict"),
    [("lungT", 500, 1396, 147, 69), ("tuck", 459, 510, 46, 25)],
)
def test_small_sets_have_their_sizes(real_data, name, cells, genes, tfs, strict):
    data = load_cells(name)
    assert (data.n_cells, data.n_genes, len(data.tfs), len(_confirmed_tfs(data))) == (cells, genes, tfs, strict)
    assert data.provenance["values"] == "log values"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "cells", "genes", "tfs"),
    [
        ("marrow", 3105, 2000, 244), ("cardio2", 590, 2000, 334), ("cardio5", 500, 2000, 314),
        ("celseq5", 909, 2000, 589), ("kang", 2000, 2000, 916), ("pancreas", 3696, 1443, 146),
    ],
)  # fmt: skip
def test_sets_have_their_sizes(real_data, name, cells, genes, tfs):
    data = load_cells(name)
    assert (data.n_cells, data.n_genes, len(data.tfs)) == (cells, genes, tfs)
