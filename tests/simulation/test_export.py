"""Simulated datasets as files: both simulators, both formats, read back as written."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from anndata import read_h5ad

from grnular_core.simulation.export import _write_simulation
from grnular_core.simulation.families import family_preset
from grnular_core.simulation.simulate import preset, simulate, tf_names, truth_table


def settings(kind: str):
    """A small preset of one of the two simulators."""
    if kind == "sergio":
        return preset("clean", n_genes=20, n_cells=30, n_types=2)
    found = family_preset("regulons", 1)
    graph = replace(found.graph, n_genes=30, n_tfs=8)
    return replace(found, graph=graph, kinetics=replace(found.kinetics, n_cells=60))


@pytest.mark.parametrize("format", ["h5ad", "csv"])
@pytest.mark.parametrize("kind", ["sergio", "regulons"])
def test_both_simulators_are_written_whole(tmp_path, kind, format):
    made = simulate(settings(kind), 3)
    _write_simulation(made, tmp_path, format)
    if format == "csv":
        X = pd.read_csv(tmp_path / "expression.csv", index_col=0).to_numpy(np.float32)
    else:
        X = read_h5ad(tmp_path / "expression.h5ad").X
    assert np.array_equal(X, made.expression)
    assert (tmp_path / "tfs.txt").read_text().split() == tf_names(made)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "truth.csv"), truth_table(made))
    types = pd.read_csv(tmp_path / "cell_types.csv", index_col="cell")["cell_type"]
    assert types.tolist() == [f"type{i + 1}" for i in made.cell_types]
    about = json.loads((tmp_path / "simulation.json").read_text())
    assert about["n_edges"] == made.grn.n_edges and about["seed"] == 3
    assert set(about["files"].values()) | {"simulation.json"} == {
        f.name for f in tmp_path.iterdir()
    }
    rates = about["production_rates"]
    if kind == "sergio":
        assert len(rates) == len(made.grn.masters()) and len(next(iter(rates.values()))) == 2
    else:
        assert rates == {} and about["regulons"]["count"] >= 5
