"""The readout of GRNULar-curated: what it is fitted on, and what it is scored on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from grnular_paper import readout, readout_variants
from grnular_paper.more_cells import SETS
from grnular_paper.more_networks import CHIP, CURATED
from grnular_paper.readout import (
    HALVES,
    SHIPPED,
    Examples,
    _fit_readout,
    _recorded_readouts,
    half_of,
    held_out_readouts,
    held_out_scores,
    set_examples,
    set_features,
)
from grnular_paper.readout_variants import (
    COLUMNS,
    MORE_SCORES,
    TARGETS,
    VARIANTS,
    Variant,
    _held_out_ratios,
)
from grnular_paper.records import recorded_folder

from grnular_core.data.dataset import make_dataset
from grnular_core.methods.curated import FEATURES, SCORES, Readout, joined, shipped_readout
from grnular_core.methods.interface import MethodInput, RunOptions
from grnular_core.methods.registry import METHODS
from grnular_core.utils.errors import InputError


def examples(seed: int, weights: np.ndarray, n: int = 20_000) -> Examples:
    """Candidates whose log odds are linear in standard normal features."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, len(weights)))
    is_edge = rng.random(n) < 1 / (1 + np.exp(-features @ weights))
    share = np.where(is_edge, 1 / is_edge.sum(), 1 / (~is_edge).sum())
    return Examples(features, is_edge, share)


def test_the_fit_finds_the_weights_that_made_the_edges():
    weights = np.array([1.0, -0.5, 0.0])
    fitted = _fit_readout([examples(0, weights), examples(1, weights)])
    np.testing.assert_allclose(fitted.weights, weights, atol=0.05)
    assert fitted.intercept == pytest.approx(0, abs=0.05)


def test_rare_edges_count_as_much_as_all_others_and_leave_the_likelihood_ratio_as_it_is():
    rng = np.random.default_rng(0)
    is_edge = rng.random(200_000) < 0.01
    features = (rng.normal(size=len(is_edge)) + is_edge)[:, None]  # log LR = x - 1/2
    share = np.where(is_edge, 1 / is_edge.sum(), 1 / (~is_edge).sum())
    fitted = _fit_readout([Examples(features, is_edge, share)])
    assert (fitted.weights[0], fitted.intercept) == pytest.approx((1.0, -0.5), abs=0.08)


def test_neither_the_set_nor_the_half_that_is_scored_has_a_part_in_its_readout():
    own = {name: {h: examples(10 * i + h, np.array([1.0, i]), 500) for h in HALVES} for i, name in enumerate("abc")}
    found = held_out_readouts(own)
    assert set(found) == {(name, half) for name in "abc" for half in HALVES}
    other = {**own, "a": {h: examples(99 + h, np.array([-3.0, 1.0]), 500) for h in HALVES}}
    again = held_out_readouts(other)
    for half in HALVES:
        np.testing.assert_array_equal(found["a", half].weights, again["a", half].weights)
        assert not np.array_equal(found["b", half].weights, again["b", half].weights)
    other = {name: {0: halves[0], 1: examples(7, np.array([5.0, 5.0]), 500)} for name, halves in own.items()}
    again = held_out_readouts(other)
    np.testing.assert_array_equal(found["a", 1].weights, again["a", 1].weights)
    assert not np.array_equal(found["a", 0].weights, again["a", 0].weights)


def test_a_tf_is_in_one_half_in_every_spelling_and_both_halves_are_large():
    names = [f"TF{i}" for i in range(1000)]
    halves = np.array([half_of(name) for name in names])
    assert [half_of(name.lower()) for name in names] == list(halves)
    assert 400 < halves.sum() < 600


@pytest.fixture
def small(monkeypatch):
    """One small set with one curated network of sixty edges at least."""
    expression, tfs, truth = linear_network(n_genes=60, n_tfs=20)
    data = make_dataset(expression, tfs, name="tuck", orientation="cells-x-genes", provenance={"species": "mouse"})
    networks = {"TRRUST": truth, "ENCODE": truth.iloc[::2]}
    for module in (readout, readout_variants):
        monkeypatch.setattr(module, "load_cells", lambda name: data)
        monkeypatch.setattr(module, "networks_of", lambda species: list(networks))
        monkeypatch.setattr(module, "network", lambda name, species: networks[name])
    return data, truth


def test_examples_are_the_edges_of_curated_networks_by_half(small):
    data, truth = small
    features = set_features(data, ("correlation", "ridge"))
    assert features.shape == (20, 60, 6)
    found = set_examples(data, features)
    tfs, genes = sorted(data.tfs), sorted(data.genes)
    for half, part in found.items():
        wanted = [
            features[tfs.index(r), genes.index(t)]
            for r, t in truth[["regulator", "target"]].itertuples(index=False)
            if half_of(r) == half
        ]
        assert sorted(map(tuple, part.features[part.is_edge])) == sorted(map(tuple, wanted))
        assert part.share[part.is_edge].sum() == pytest.approx(1) == part.share[~part.is_edge].sum()


def test_all_networks_together_count_as_one_and_halves_of_few_edges_are_left_out(small, monkeypatch):
    data, truth = small
    features = set_features(data, ("correlation",))
    for part in set_examples(data, features, (CURATED, CHIP)).values():
        assert part.share[part.is_edge].sum() == pytest.approx(1) == part.share[~part.is_edge].sum()
    half = truth["regulator"].map(half_of)
    for n_edges, kept in ((9, {0}), (10, {0, 1})):
        few = pd.concat([truth[half == 0], truth[half == 1].head(n_edges)])
        monkeypatch.setattr(readout, "network", lambda name, species, few=few: few)
        assert set(set_examples(data, features)) == kept


def test_a_run_on_a_development_set_takes_each_tf_from_the_readout_of_its_half(small, monkeypatch):
    data, _ = small
    readouts = {("tuck", h): Readout(np.eye(len(FEATURES))[3 * h], 0.0) for h in HALVES}
    monkeypatch.setattr(readout, "_recorded_readouts", lambda folder: readouts)
    options = RunOptions(device="cpu")
    given = MethodInput.of(data)
    found = held_out_scores(given, options)
    parts = [METHODS[name].scores(given, options) for name in SCORES]
    for i, tf in enumerate(given.tfs):
        wanted = joined(parts, given.tf_index, readouts["tuck", half_of(tf)])
        np.testing.assert_array_equal(found.weight[i], wanted.weight[i])
    assert found.weights_digest == wanted.weights_digest
    monkeypatch.setattr(readout, "_recorded_readouts", lambda folder: {("pancreas", h): Readout(np.eye(1)[0], 0.0) for h in HALVES})
    with pytest.raises(InputError, match="no readout on record was fitted without tuck: run"):
        held_out_scores(given, options)


def test_random_features_score_as_chance_on_what_they_have_not_seen(small):
    features = {name: np.random.default_rng(i).normal(size=(20, 60, len(COLUMNS))) for i, name in enumerate("ab")}
    variants = (Variant("one", ("ridge",), ("rank",)), Variant("two", targets=TARGETS))
    table = _held_out_ratios(features, variants, say=lambda line: None)
    assert list(table["variant"].unique()) == ["one", "two"]
    assert len(table) == 2 * 2 * 2 and table["strict_auprc_ratio"].between(0.5, 2).all()  # noise


def test_every_variant_has_features_that_there_are():
    sizes = [len(variant.columns()) for variant in VARIANTS]
    assert sizes[0] == len(FEATURES) and max(sizes) <= len(COLUMNS)
    assert [COLUMNS[i] for i in VARIANTS[0].columns()] == list(FEATURES)
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert set(MORE_SCORES) <= set(METHODS)


def test_the_shipped_readout_is_fitted_on_all_development_sets_and_none_of_beelines():
    about = json.loads(Path(SHIPPED).read_text(encoding="utf-8"))
    assert list(about["fitted_on"]) == list(SETS)
    assert not about["commit"].endswith("dirty")
    held_out = _recorded_readouts(recorded_folder())
    assert set(held_out) == {(name, half) for name in SETS for half in HALVES}
    middle = np.median([of.weights for of in held_out.values()], axis=0)
    np.testing.assert_allclose(shipped_readout().weights, middle, atol=0.15)


def test_the_recorded_variants_start_with_the_readout_itself():
    table = pd.read_csv(recorded_folder() / f"{readout_variants.TABLE}.csv")
    assert list(table["variant"].unique()) == [variant.name for variant in VARIANTS]
    counts = table.groupby("variant").size()
    assert counts.nunique() == 1
