"""The weights that ship, on graphs nobody trained on: what the page on the method promises."""

from __future__ import annotations

import numpy as np
import pytest

from grnular_core.methods import infer
from grnular_core.metrics import strict_scores
from grnular_core.simulate import preset, simulate
from grnular_core.simulated import simulated_dataset, tf_names, truth_table

SEEDS = range(3_500_000, 3_500_005)  # beyond those of the record's test graphs
OTHERS = ("correlation", "clr", "ridge")


def mean_auprc(settings: str, method: str) -> float:
    found = []
    for seed in SEEDS:
        simulation = simulate(preset(settings), seed)
        edges = infer(simulated_dataset(simulation), method, device="cpu")
        truth, genes = truth_table(simulation), simulation.genes()
        found.append(strict_scores(edges, truth, genes, tf_names(simulation))["auprc"])
    return float(np.mean(found))


def test_on_clean_data_the_trained_model_is_nearly_right_and_above_all_others():
    trained = mean_auprc("clean", "grnular")
    assert trained >= 0.9
    assert trained > max(mean_auprc("clean", m) for m in (*OTHERS, "grnular-untrained", "glad-tf"))


def test_under_dropout_it_is_far_above_the_others():
    best = max(mean_auprc("noisy(25)", m) for m in OTHERS)
    assert mean_auprc("noisy(25)", "grnular") >= 1.3 * best


@pytest.mark.parametrize("method", ["grnular", "grnular-paper", "glad-tf"])
def test_the_order_and_the_units_of_genes_do_not_matter(method):
    simulation = simulate(preset("noisy(25)", n_cells=300), 3_600_000)
    data = simulated_dataset(simulation)
    plain = infer(data, method, device="cpu").set_index(["regulator", "target"])["weight"]
    rng = np.random.default_rng(0)
    adata = data.adata[:, rng.permutation(data.n_genes)].copy()
    adata.X = adata.X * np.exp2(rng.integers(-2, 3, data.n_genes)).astype(np.float32)
    from dataclasses import replace

    turned = infer(replace(data, adata=adata), method, device="cpu")
    turned = turned.set_index(["regulator", "target"])["weight"].reindex(plain.index)
    assert np.allclose(plain, turned, atol=1e-4)
