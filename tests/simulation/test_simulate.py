"""Presets with every number, seeds, and data sets drawn in parallel."""

import hashlib
import threading
from dataclasses import asdict, replace

import numpy as np
import pytest

from grnular_core.simulation import simulate as module
from grnular_core.simulation.families import family_preset
from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import (
    Preset,
    preset,
    simulate,
    simulate_many,
    simulated_anndata,
    simulated_dataset,
    tf_names,
    truth_table,
)
from grnular_core.utils.errors import InputError

TINY = Preset(GraphSpec(20, 3), Kinetics(n_types=2, n_cells=30))
CLEAN = {
    "graph": {
        "n_genes": 100, "n_tfs": 10, "sparsity": 0.1, "hub_spread": 0.0, "tf_edges": 0.2,
        "tf_targets": False, "in_spread": 0.0,
        "global_tfs": 0, "global_chance": 0.6, "global_inputs": 0,
        "module_size": 1.0, "module_noise": 0.1, "extra_regulators": True, "K": (1.0, 5.0),
        "repression": 0.5, "sign_by_tf": False, "coop": 2.0,
    },
    "kinetics": {
        "n_types": 5, "n_cells": 1000, "noise": 0.1, "decay": 1.0,
        "sampling_state": 15, "dt": 0.01, "low": (0.2, 0.5), "high": (0.7, 1.0),
        "half_response": "simulated",
        "anchors": 0,
    },
    "technical": {
        "outlier": None, "library": None, "dropout": None, "umi": False, "programs": None,
        "levels": None,
        "amplification": None,
        "whole": None,
    },
    "network": None,
    "rewired": False,
    "regulons": None,
}  # fmt: skip
# Mean over all of the expression, and three of its entries
GOLDEN = {
    "clean": (1.909382, [0.8977674, 0.310539, 3.960374]),
    "regulons": (2.343256, [0.218244, 0.827675, 6.649441]),
}
DS = {**CLEAN["kinetics"], "n_types": 9, "n_cells": 2700, "noise": 1.0, "decay": 0.8}


def digest(simulation) -> str:
    parts = (simulation.expression, simulation.cell_types, simulation.grn.K, simulation.adjacency)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


# --- presets


def test_every_number_of_clean_is_the_papers():
    assert asdict(preset("clean")) == CLEAN
    assert preset("clean") == Preset()  # the defaults say the same
    full = TechnicalNoise((0.01, 0.8, 1.0), (4.6, 0.4), None, True)
    assert preset("clean", full_noise=True).technical == full
    assert preset("DS1", full_noise=True).technical == replace(full, dropout=(6.5, 82.0))
    changed = preset("clean", n_genes=40, n_cells=60, n_types=3)
    assert (changed.graph.n_genes, changed.graph.n_tfs) == (40, 4)
    assert (changed.kinetics.n_cells, changed.kinetics.n_types) == (60, 3)
    assert preset("clean", n_genes=2).graph.n_tfs == 1
    assert preset("DS1", n_cells=90, n_types=9).kinetics.n_cells == 90


@pytest.mark.parametrize(("name", "q"), [("noisy(25)", 25.0), ("noisy(7.5)", 7.5)])
def test_noisy_is_clean_with_dropout_of_shape_20(name, q):
    assert asdict(preset(name)) == {
        **CLEAN,
        "technical": {**CLEAN["technical"], "dropout": (20.0, q)},
    }


@pytest.mark.parametrize(
    ("name", "n_genes", "n_tfs", "shape"),
    [("DS1", 100, 10, 6.5), ("DS2", 400, 37, 6.5), ("DS3", 1200, 127, 20.0)],
)
def test_every_number_of_the_sergio_data_sets(name, n_genes, n_tfs, shape):
    graph = {**CLEAN["graph"], "n_genes": n_genes, "n_tfs": n_tfs}
    clean = {**CLEAN, "graph": graph, "kinetics": DS}
    dropout = {**CLEAN["technical"], "dropout": (shape, 82.0)}
    assert asdict(preset(f"{name}-like")) == clean
    assert asdict(preset(f"{name}-clean")) == {**clean, "network": name}
    assert asdict(preset(name)) == {**clean, "network": name, "technical": dropout}
    assert asdict(preset(f"{name}-rewired")) == {**asdict(preset(name)), "rewired": True}


@pytest.mark.parametrize(
    ("name", "sizes", "words"),
    [
        ("dirty", {}, "unknown preset 'dirty'; use clean, noisy"),
        ("noisy(-1)", {}, "unknown preset"),
        ("noisy(101)", {}, "a percentile from 0 to 100"),
        ("clean", {"n_genes": 0}, "n_genes is 1 or more, got 0"),
        ("DS1", {"n_genes": 50}, "DS1 has a network of fixed size"),
        ("DS1", {"n_types": 5}, "DS1 has production rates for 9 cell types"),
    ],
)
def test_unknown_presets_and_sizes_are_refused(name, sizes, words):
    with pytest.raises(InputError, match=words):
        preset(name, **sizes)


# --- one data set


def test_a_simulation_has_all_its_parts():
    made = simulate(TINY, 5)
    assert made.expression.shape == (30, 20) and made.expression.dtype == np.float32
    assert made.cell_types.tolist() == [0] * 15 + [1] * 15
    assert made.adjacency.shape == (3, 20) and made.adjacency.sum() == made.grn.n_edges
    assert made.genes()[:2] == ["G0001", "G0002"] and made.rates.shape[1] == 2
    assert made.provenance() == {
        "source": "simulation", "preset": "simulated", "seed": 5, **asdict(TINY),
    }  # fmt: skip
    of_sergio = replace(made, preset=replace(TINY, network="DS1")).provenance()
    assert of_sergio["network"] == "DS1" and "graph" not in of_sergio


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_numbers_of_a_seed_stay(kind):
    """Models were trained on these draws: a change here is a breaking one."""
    clean = replace(family_preset("regulons", 4), technical=TechnicalNoise())
    made = simulate("clean" if kind == "clean" else clean, 0)
    (mean, three), (n_cells, n_genes) = GOLDEN[kind], made.expression.shape
    places = [0, n_cells // 2, n_cells - 1], [0, n_genes // 2, n_genes - 1]
    assert made.expression.mean(dtype=float) == pytest.approx(mean, rel=1e-5)
    assert made.expression[places].tolist() == pytest.approx(three, rel=1e-4)
    assert digest(simulate(TINY, 1)) == digest(simulate(TINY, 1)) != digest(simulate(TINY, 2))


def test_noise_leaves_network_and_clean_expression_as_they_are():
    clean = simulate(TINY, 3)
    noisy = simulate(replace(TINY, technical=TechnicalNoise(dropout=(20.0, 50.0))), 3)
    seen = noisy.expression > 0
    assert np.array_equal(clean.grn.K, noisy.grn.K) and 0 < seen.mean() < 1
    assert np.array_equal(noisy.expression[seen], clean.expression[seen])


# --- many


def test_threads_make_no_difference_and_their_errors_are_the_callers():
    settings = [TINY, replace(TINY, technical=TechnicalNoise(umi=True))] * 6
    seeds = list(range(12))
    alone = [digest(simulate(*job)) for job in zip(settings, seeds, strict=True)]
    for n_jobs in (1, 2, -1):
        assert [digest(made) for made in simulate_many(settings, seeds, n_jobs)] == alone
    with pytest.raises(InputError, match="unknown SERGIO dataset"):
        list(simulate_many([TINY, replace(TINY, network="DS9"), TINY], [0, 1, 2], 2))


def test_few_data_sets_wait_in_memory(monkeypatch):
    begun, free = [], threading.Semaphore(0)

    def counted(settings, seed):
        begun.append(seed)
        free.release()
        return seed

    monkeypatch.setattr(module, "simulate", counted)
    drawn = simulate_many([TINY] * 50, range(50), n_jobs=2)
    assert next(drawn) == 0
    for _ in range(4):
        free.acquire(timeout=5)
    assert len(begun) <= 5
    assert list(drawn) == list(range(1, 50))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([TINY], [0], 0), "n_jobs is 1 or more, or -1"),
        (([TINY], [0, 1]), "1 settings and 2 seeds"),
    ],
)
def test_wrong_batches_are_refused_at_once(arguments, words):
    with pytest.raises(InputError, match=words):
        simulate_many(*arguments)
    with pytest.raises(InputError, match="whole number from 0, got -1"):
        simulate(TINY, -1)


# --- as AnnData and as a dataset, with and without genes that noise has made invisible

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


def test_clean_data_become_a_dataset_with_everything_and_empty_ones_are_refused(clean):
    data = simulated_dataset(clean)
    assert data.genes == clean.genes()
    assert list(data.tfs) == tf_names(clean)
    assert np.array_equal(data.expression(), clean.expression)
    assert data.adata.obs["cell_type"].tolist() == [f"type{i + 1}" for i in clean.cell_types]
    assert len(data.truth) == clean.grn.n_edges and set(data.truth["sign"]) == {-1, 1}
    assert data.provenance["seed"] == 1 and data.provenance["kinetics"]["n_cells"] == 90
    nothing = replace(clean, expression=np.zeros_like(clean.expression))
    with pytest.raises(InputError, match="the same value in every cell"):
        simulated_dataset(nothing)


def test_genes_without_expression_leave_the_dataset_and_not_the_truth_nor_anndata(noisy):
    data = simulated_dataset(noisy)
    hidden = [g for g, x in zip(noisy.genes(), noisy.expression.T, strict=True) if not x.any()]
    assert len(hidden) >= 4 and tf_names(noisy)[0] in hidden
    assert set(data.genes) == set(noisy.genes()) - set(hidden)
    assert len(data.truth) < len(truth_table(noisy)) == noisy.grn.n_edges
    assert data.adata.obs["cell_type"].nunique() == 3
    adata = simulated_anndata(noisy)
    assert adata.shape == (90, 40) and adata.var["is_tf"].sum() == 5
    assert adata.obs["cell_type"].cat.categories.tolist() == ["type1", "type2", "type3"]


def test_at_a_dropout_of_75_nearly_half_of_the_genes_are_hardly_detected_and_a_fifth_mostly():
    # as the page on simulated cells says
    detected = np.concatenate([(simulate("noisy(75)", seed=seed).expression != 0).mean(0) for seed in range(10)])
    assert 0.4 < (detected < 0.05).mean() < 0.5 and 0.15 < (detected > 0.5).mean() < 0.25
