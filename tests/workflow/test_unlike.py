"""Notes on data that a method was not made for."""

import numpy as np
import pandas as pd
import pytest

from grnular_core.data.dataset import make_dataset
from grnular_core.data.downloads import fetch
from grnular_core.data.gene_lists import BROAD, STRICT, read_tfs
from grnular_core.workflow.given import _in_python
from grnular_core.workflow.resampling import most_variable
from grnular_core.workflow.unlike import _FAMILY, method_notes, unlike_note


def counts(n_cells=300, n_genes=40, mean=1.0, name="G{:04d}", tfs=(), **options):
    rng = np.random.default_rng(0)
    values = rng.poisson(rng.gamma(2.0, mean / 2, size=n_genes), size=(n_cells, n_genes)).astype(float)
    values[:2] = np.arange(n_genes) % 3 + [[0], [1]]  # no gene is constant
    table = pd.DataFrame(values, columns=[*tfs, *(name.format(i) for i in range(len(tfs), n_genes))])
    return make_dataset(table, list(table.columns[: len(tfs) or 5]), **options)


@pytest.mark.parametrize(("n_cells", "method"), [(300, "grnular-curated"), (200, "grnular-cells")])
def test_cells_as_expected_have_no_note(n_cells, method):
    assert unlike_note(counts(n_cells=n_cells), method) is None


@pytest.mark.parametrize("method", ["correlation", "grnular", "grnular-context"])
def test_methods_that_were_not_trained_for_real_cells_have_none(method):
    assert unlike_note(counts(n_cells=60), method) is None


@pytest.mark.parametrize("method", ["grnular-curated", "grnular-cells"])
@pytest.mark.parametrize(
    "options, words",
    [
        ({"n_cells": 199}, "there are 199 cells"),
        ({"mean": 100.0}, "as in bulk data"),
        ({"name": "YAL{:03d}W"}, "names of yeast, plants"),
        ({"name": "AT1G{:05d}"}, "names of yeast, plants"),
        ({"n_genes": 5000, "mean": 0.05}, "counts in the median (at least 600 are expected)"),
        ({"n_genes": 5000, "mean": 0.05, "normalise": True}, "counts in the median (at least 600 are expected)"),
        ({"tfs": ("GAL4", "GCN4", "STE12", "MSN2", "HAP1")}, "hardly any TF is called as TFs of human or mouse are"),
    ],
)
def test_unlike_data_have_a_note_that_says_how_and_what_to_do(method, options, words):
    note = unlike_note(counts(**options), method)
    assert words in note and note.startswith(f"{method} was trained and tried on human and mouse cells")
    assert "--method correlation" in note and "; " not in note.split("here ")[1].split(". On such")[0]


def test_the_depth_is_that_of_the_file_before_genes_are_selected_and_values_normalised():
    shallow = counts(n_genes=5000, mean=0.05)
    logged = counts(n_genes=5000, mean=0.05, normalise=True)
    total = shallow.adata.X.sum(axis=1, keepdims=True)
    depth = np.median(total)
    to_10_000 = make_dataset(np.log1p(shallow.adata.to_df() / total * 1e4), shallow.tfs)
    for data in (shallow, logged, to_10_000, *(most_variable(data, 100) for data in (shallow, logged, to_10_000))):
        assert f"cells have {depth:.0f} counts in the median" in unlike_note(data, "grnular-cells")
    assert unlike_note(counts(n_genes=4999, mean=0.05), "grnular-cells") is None


@pytest.mark.parametrize(
    "tfs",
    [
        ("GATA1", "TAL1", "PDX1", "WT1", "HAND2"),  # human
        ("Gata1", "Tal1", "Pdx1", "Wt1", "Hand2"),  # mouse
        ("ENSG00000102145", "ENSG00000162367", "ENSG00000139515", "ENSG00000184937", "ENSG00000164107"),
        ("GAL4", "GCN4", "STE12", "MSN2"),  # too few to tell
        ("TF1", "TF2", "TF3", "TF4", "TF5"),  # made up
        ("7157", "2623", "A", "B", "C", "D"),
    ],
)
def test_tfs_of_human_and_mouse_and_names_that_say_nothing_have_no_note(tfs):
    assert unlike_note(counts(tfs=tfs), "grnular-curated") is None


def test_most_tfs_of_the_lists_are_of_known_families():
    for key, share in ((STRICT, 0.65), (BROAD["human"], 0.3), (BROAD["mouse"], 0.3)):
        assert np.mean([bool(_FAMILY.fullmatch(tf)) for tf in read_tfs(fetch(key))]) > share


@pytest.mark.parametrize("n_genes, noted", [(499, True), (500, False), (2000, False), (2001, True)])
def test_precision_is_noted_outside_the_sizes_it_was_checked_on(n_genes, noted):
    data = counts(n_genes=n_genes, mean=2.0)
    note = f"precision was checked on sets of 500 to 2,000 genes, and says little of the {n_genes:,} here"
    assert method_notes(data, "grnular-curated") == ((note,) if noted else ())
    assert method_notes(data, "grnular-curated", "grnular-cells") == method_notes(data, "grnular-cells") == ()


def test_in_python_the_note_names_the_keyword():
    assert "compare with method='correlation', and trust" in _in_python(unlike_note(counts(n_cells=60), "grnular-curated"))
