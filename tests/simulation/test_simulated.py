"""Simulations as datasets, with and without genes that noise has made invisible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import Preset, simulate
from grnular_core.simulation.simulated import (
    simulated_anndata,
    simulated_dataset,
    tf_names,
    truth_table,
)
from grnular_core.utils.errors import InputError

SMALL = Preset(GraphSpec(40, 5), Kinetics(n_types=3, n_cells=90))
NOISY = replace(SMALL, technical=TechnicalNoise(dropout=(60.0, 80.0)))


@pytest.fixture(scope="module")
def clean():
    return simulate(SMALL, 1)


@pytest.fixture(scope="module")
def noisy():
    """Data in which some genes, a TF among them, have no expression left."""
    made = simulate(NOISY, 1)
    made.expression[:, [made.tf_index[0], *np.setdiff1d(range(40), made.tf_index)[:3]]] = 0
    return made


def test_the_truth_names_every_edge_with_its_sign(clean):
    truth = truth_table(clean)
    genes = clean.genes()
    assert list(truth) == ["regulator", "target", "sign", "K", "coop"]
    assert len(truth) == clean.grn.n_edges and set(truth["sign"]) == {-1, 1}
    assert (truth["sign"] == np.sign(truth["K"])).all()
    named = {*zip(truth["regulator"], truth["target"], strict=True)}
    rows, columns = np.nonzero(clean.adjacency)
    pairs = zip(clean.tf_index[rows], columns, strict=True)
    assert named == {(genes[tf], genes[gene]) for tf, gene in pairs}


def test_clean_data_become_a_dataset_with_everything(clean):
    data = simulated_dataset(clean)
    assert data.genes == clean.genes()
    assert list(data.tfs) == tf_names(clean)
    assert np.array_equal(data.expression(), clean.expression)
    assert data.adata.obs["cell_type"].tolist() == [f"type{i + 1}" for i in clean.cell_types]
    assert len(data.truth) == clean.grn.n_edges and set(data.truth["sign"]) == {-1, 1}
    assert data.provenance["seed"] == 1 and data.provenance["kinetics"]["n_cells"] == 90


def test_genes_without_expression_leave_the_dataset_and_not_the_truth(noisy):
    data = simulated_dataset(noisy)
    hidden = [g for g, x in zip(noisy.genes(), noisy.expression.T, strict=True) if not x.any()]
    assert len(hidden) >= 4 and tf_names(noisy)[0] in hidden
    assert set(data.genes) == set(noisy.genes()) - set(hidden)
    assert len(data.truth) < len(truth_table(noisy)) == noisy.grn.n_edges
    assert data.adata.obs["cell_type"].nunique() == 3


def test_anndata_holds_constant_genes_too(noisy):
    adata = simulated_anndata(noisy)
    assert adata.shape == (90, 40) and adata.var["is_tf"].sum() == 5
    assert adata.obs["cell_type"].cat.categories.tolist() == ["type1", "type2", "type3"]


def test_data_without_any_expression_are_refused(clean):
    nothing = replace(clean, expression=np.zeros_like(clean.expression))
    with pytest.raises(InputError, match="the same value in every cell"):
        simulated_dataset(nothing)
