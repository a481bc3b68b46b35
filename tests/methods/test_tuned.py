"""Tuned methods: the settings of the asked range, and what each setting does."""

import numpy as np
import pytest
from conftest import linear_network

from grnular_core.data.dataset import make_dataset
from grnular_core.methods import tuned
from grnular_core.methods.glasso import glasso_fixed
from grnular_core.methods.registry import METHODS, RunOptions, run_method
from grnular_core.methods.tigress import tigress
from grnular_core.methods.trees import Boosting, Forest, ensemble_scores
from grnular_core.methods.tuned import DEFAULTS, RANGES, SETTINGS, WITHOUT, Paths, Penalty
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError

OTHER = {
    "grnboost2": Boosting(0.1, 1.0, depth=1), "genie3": Forest(1.0, 2, 20), "glasso": Penalty(0.1),
    "tigress": Paths(2, n_splits=20), "ridge": Penalty(1.0),
}  # fmt: skip
TUNED = [name.removesuffix("-tuned") for name in METHODS if name.endswith("-tuned")]
QUICK = {**OTHER, "genie3": Forest(None, 3, 20), "tigress": Paths(3, n_splits=20), "grnboost2": Boosting(0.1, 0.5)}


@pytest.fixture(scope="module")
def matrix(small_data) -> tuple[np.ndarray, np.ndarray]:
    genes = sorted(small_data.genes)
    return small_data.expression(genes), np.array([genes.index(tf) for tf in sorted(small_data.tfs)])


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_are_what_the_packages_own_method_runs(name, small_data, matrix, monkeypatch):
    if name == "genie3":
        monkeypatch.setitem(tuned.DEFAULTS, name, Forest(n_trees=20))
        own = ensemble_scores(name, *matrix, 0, 1, forest=Forest(n_trees=20))
    elif name == "tigress":
        own = tigress(*matrix, 0, n_jobs=1).weight
    else:
        edges = run_method(small_data, name, RunOptions(n_jobs=1)).edges
        own = edges.pivot(index="regulator", columns="target", values="weight")
        own = own.reindex(index=sorted(small_data.tfs), columns=sorted(small_data.genes)).fillna(0).to_numpy()
    assert np.allclose(tuned.scores_with(name, tuned.DEFAULTS[name], *matrix).weight, own)


@pytest.mark.parametrize("name", TUNED)
def test_a_run_takes_the_settings_of_its_range_and_noisy_ones_where_none_is_named(name, small_data, monkeypatch):
    monkeypatch.setitem(SETTINGS, name, {"clean": OTHER[name], "noisy": QUICK[name], "DS1": QUICK[name], "DS2": OTHER[name]})
    run = {like: run_method(small_data, f"{name}-tuned", RunOptions(n_jobs=1, trained_like=like)).edges for like in RANGES}
    unnamed = run_method(small_data, f"{name}-tuned", RunOptions(n_jobs=1)).edges
    assert unnamed.equals(run["noisy"]) and run["noisy"].equals(run["DS1"])
    assert run["clean"].equals(run["DS2"])
    assert run["clean"].equals(run["noisy"]) == (OTHER[name] == QUICK[name])
    scores = strict_scores(run["noisy"], small_data.truth, small_data.genes, small_data.tfs)
    assert scores["auprc_ratio"] > 2 and scores["sign_share"] > 0.9


def test_where_every_gene_is_a_tf_boosting_has_settings_of_its_own(monkeypatch):
    expression, *_ = linear_network()
    data = make_dataset(expression.iloc[:, :8], list(expression.columns[:8]), None)
    monkeypatch.setitem(SETTINGS, "grnboost2", dict.fromkeys(RANGES, Boosting(0.1, 1.0)))
    monkeypatch.setitem(SETTINGS, WITHOUT, dict.fromkeys(RANGES, Boosting(0.1, 0.2, depth=1)))
    found = run_method(data, "grnboost2-tuned", RunOptions(n_jobs=1)).edges
    monkeypatch.setitem(SETTINGS, "grnboost2", dict.fromkeys(RANGES, Boosting(0.1, 0.2, depth=1)))
    assert found.equals(run_method(data, "grnboost2-tuned", RunOptions(n_jobs=1)).edges)
    assert tuned.settings_for("grnboost2", "clean", True) == Boosting(0.1, 0.2, depth=1)
    assert tuned.settings_for("ridge", "clean", True) == tuned.settings_for("ridge", "clean")


def test_another_range_is_refused(small_data):
    with pytest.raises(InputError, match="unknown range 'real'"):
        run_method(small_data, "ridge-tuned", RunOptions(trained_like="real"))


def test_every_tuned_method_has_an_entry_and_settings_of_its_kind_for_every_range():
    assert set(TUNED) == set(DEFAULTS)
    assert set(SETTINGS) == {*DEFAULTS, WITHOUT}
    for name, of in SETTINGS.items():
        kind = type(DEFAULTS["grnboost2" if name == WITHOUT else name])
        assert tuple(of) == RANGES and all(type(settings) is kind for settings in of.values())


# --- what each setting does


def test_trees_are_as_deep_as_they_are_told():
    """What two TFs do together alone, a stump cannot learn and a tree of depth 2 can."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (400, 2)).astype(float)
    X = np.column_stack([x, np.logical_xor(x[:, 0], x[:, 1])]).astype(float)
    stages = {}
    for depth in (1, 2):
        settings = Boosting(0.1, 1.0, depth=depth)
        found = ensemble_scores("grnboost2", X, np.array([0, 1]), 0, 1, boosting=settings)
        stages[depth] = found[:, 2].sum()  # boosting ends where nothing is learned
    assert stages[1] < stages[2] / 2
    # trees of one split each: the importance counts trees
    noise = np.column_stack([rng.normal(size=(60, 3)), rng.normal(size=60)])
    stumps, deeper = (
        ensemble_scores("genie3", noise, np.arange(3), 0, 1, forest=Forest(1.0, depth, 20))[:, 3] * 20
        for depth in (1, 2)
    )
    assert np.allclose(stumps, stumps.round()) and not np.allclose(deeper, deeper.round(), atol=1e-3)


def test_a_forest_with_all_tfs_gives_a_gene_to_its_one_regulator():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 10))
    X[:, 9] = X[:, 0] + 0.1 * rng.normal(size=200)
    share = {
        tried: ensemble_scores("genie3", X, np.arange(9), 0, 1, forest=Forest(tried, n_trees=50))[0, 9]
        for tried in (None, 1.0)
    }
    assert share[1.0] > 0.95 and share[1.0] > share[None] + 0.05


def test_the_lasso_with_a_penalty_is_that_of_its_equation():
    """Two standardised genes of correlation r: the precision's off-diagonal is that of r - penalty."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    X = np.stack([x, x + rng.normal(size=400), np.ones(400)], 1)
    r = np.corrcoef(X[:, 0], X[:, 1])[0, 1]
    found = glasso_fixed(X, np.array([0]), 0.2)
    assert found.weight.shape == (1, 3) and found.weight[0, 0] == 0 and found.weight[0, 2] == 0
    assert found.weight[0, 1] == pytest.approx(r - 0.2, abs=1e-3)
    assert found.sign[0, 1] == 1
