"""Notes on data that a method was not made for."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from grnular_core.data.dataset import make_dataset
from grnular_core.workflow.analysis import unlike_note
from grnular_core.workflow.given import _in_python


def counts(n_cells=300, n_genes=40, mean=1.0, name="G{:04d}", **options):
    rng = np.random.default_rng(0)
    values = rng.poisson(rng.gamma(2.0, mean / 2, size=n_genes), size=(n_cells, n_genes)).astype(float)
    values[:2] = np.arange(n_genes) % 3 + [[0], [1]]  # no gene is constant
    table = pd.DataFrame(values, columns=[name.format(i) for i in range(n_genes)])
    return make_dataset(table, list(table.columns[:5]), **options)


def test_cells_as_expected_have_no_note():
    assert unlike_note(counts(), "grnular-curated") is None


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
    ],
)
def test_unlike_data_have_a_note_that_says_how_and_what_to_do(method, options, words):
    note = unlike_note(counts(**options), method)
    assert words in note and note.startswith(f"{method} was trained and tried on human and mouse cells")
    assert "--method correlation" in note and "; " not in note.split("here ")[1].split(". On such")[0]


def test_the_depth_is_that_of_whole_cells_alone_and_of_counts():
    assert unlike_note(counts(n_genes=4999, mean=0.05), "grnular-cells") is None
    shallow = counts(n_genes=5000, mean=0.05, normalise=True)
    stored = sparse.csr_matrix(shallow.adata.X)
    shallow.adata.X = stored
    depth = np.median(np.expm1(stored.toarray()).sum(axis=1))
    assert f"cells have {depth:.0f} counts" in unlike_note(shallow, "grnular-cells")


def test_200_cells_are_enough():
    assert unlike_note(counts(n_cells=200), "grnular-cells") is None


def test_in_python_the_note_names_the_keyword():
    assert "compare with method='correlation', and trust" in _in_python(unlike_note(counts(n_cells=60), "grnular-curated"))
