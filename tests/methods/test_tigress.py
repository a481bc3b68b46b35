"""TIGRESS: its paths are those of LARS, its scores counts that can be checked by hand; odd data."""

import warnings

import numpy as np
import pytest
from conftest import linear_network
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path_gram

from grnular_core.methods import tigress as module
from grnular_core.methods.correlation import standardised
from grnular_core.methods.registry import RunOptions, run_method
from grnular_core.methods.tigress import (
    ROUNDING,
    _draw_split,
    _steps_in_model,
    tigress,
)
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import InputError

pytestmark = pytest.mark.filterwarnings("error")


def small(seed: int = 0, n_cells: int = 60) -> tuple[np.ndarray, np.ndarray]:
    expression, tfs, _ = linear_network(seed, n_cells=n_cells, n_genes=12, n_tfs=4)
    return expression.to_numpy(), np.arange(len(tfs))


def scores(x: np.ndarray, tf_index: np.ndarray, seed: int = 0, **options) -> np.ndarray:
    return tigress(x, tf_index, seed, **{"n_splits": 4, "n_jobs": 1, **options}).weight


@pytest.fixture
def few_splits(monkeypatch):
    """The registry's method with few splits: how it is called is tested, not how good it is."""
    monkeypatch.setitem(tigress.__kwdefaults__, "n_splits", 4)
    monkeypatch.setattr(module, "SPLITS_PER_PART", 1)


def test_the_area_score_is_the_mean_count_of_all_halves():
    x, tf_index = small()
    z = standardised(x)
    total = np.zeros((4, 12))
    for split in range(3):
        weights, halves = _draw_split(60, 4, 0.4, 7, split)
        for cells in halves:
            part = z[cells] - z[cells].mean(axis=0)
            for gene in range(12):
                others = [tf for tf in tf_index if tf != gene]
                regressors = part[:, others] * weights[others]
                total[others, gene] += _steps_in_model(
                    regressors.T @ regressors / 30, regressors.T @ part[:, [gene]] / 30, 3
                )[:, 0]
    found = scores(x, tf_index, seed=7, n_splits=3, n_steps=3)
    np.testing.assert_allclose(found, total / (6 * 3), atol=1e-15)


def test_the_original_score_is_how_often_a_tf_is_in_the_model_after_the_last_step():
    """The area is the mean of the original scores of all steps, so it tells the last one."""
    x, tf_index = small()
    original = [scores(x, tf_index, n_steps=n, area=False) for n in (1, 2, 3)]
    np.testing.assert_allclose(scores(x, tf_index, n_steps=3), np.mean(original, axis=0), atol=1e-15)
    assert original[2].max() <= 1


def test_a_split_is_two_halves_and_weights_from_alpha_to_one():
    weights, halves = _draw_split(11, 500, 0.4, seed=3, split=2)
    assert 0.4 <= weights.min() < 0.41 and 0.99 < weights.max() <= 1
    assert [len(cells) for cells in halves] == [5, 6]
    assert sorted(np.concatenate(halves)) == list(range(11))
    assert (weights != _draw_split(11, 500, 0.4, 3, 1)[0]).all()


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_seed_decides_and_jobs_do_not(n_jobs):
    x, tf_index = small()
    one = scores(x, tf_index, n_splits=12)
    np.testing.assert_array_equal(one, scores(x, tf_index, n_splits=12, n_jobs=n_jobs))
    assert (one != scores(x, tf_index, n_splits=12, seed=1)).any()


@given(
    seed=st.integers(0, 1000), gene=st.integers(0, 11), scale=st.floats(0.01, 100), shift=st.floats(-5, 5)
)  # fmt: skip
def test_scale_and_level_of_a_gene_change_nothing(seed, gene, scale, shift):
    x, tf_index = small(seed)
    moved = x.copy()
    moved[:, gene] = moved[:, gene] * scale + shift
    np.testing.assert_array_equal(
        scores(x, tf_index, n_splits=2), scores(moved, tf_index, n_splits=2)
    )


@pytest.mark.parametrize("n_steps", [1, 5, 20])
@pytest.mark.parametrize("n_cells", [1, 2, 3, 4, 5, 9, 60])
def test_degenerate_data_give_finite_scores_without_a_warning(n_cells, n_steps):
    x, _ = small()
    x[:, 1] = 0.1  # a constant TF; 0.1 is not exact in binary
    x[:, 9] = 3.0  # a constant gene
    x[:, 2] = x[:, 0]  # the same TF twice, and a gene that equals it
    x[:, 10] = x[:, 0]
    x[:, 3], x[3, 3] = 0, 1  # a TF and a gene that are seen in one cell alone
    x[:, 8], x[7, 8] = 0, 1
    x[:, 11] = x[:, 0] + x[:, 4]  # dependent on others
    found = scores(x[:n_cells], np.array([0, 1, 2, 3, 4, 5, 11]), n_steps=n_steps)
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1
    assert (found[1] == 0).all() and (found[:, 9] == 0).all()


def test_one_tf_is_always_first_and_settings_that_make_no_sense_are_refused():
    found = scores(small()[0], np.array([0]))
    assert found[0, 0] == 0 and (found[0, 1:] == 1).all()
    for wrong in ({"n_splits": 0}, {"n_steps": 0}, {"alpha": 0}, {"alpha": 1}):
        with pytest.raises(InputError, match="TIGRESS needs n_splits .* got n_splits="):
            scores(*small(), **wrong)


def test_the_method_keeps_its_parts(few_splits, tmp_path, small_data):
    run_method(small_data, "tigress", RunOptions(n_jobs=1, parts=tmp_path))
    assert len(list(tmp_path.glob("tigress-seed0-*/*.npz"))) == 4


def test_finished_parts_are_not_computed_again(few_splits, tmp_path, monkeypatch):
    x, tf_index = small()
    calls, parts = [], PartStore(tmp_path, "run")
    first = scores(x, tf_index, parts=parts, progress=lambda *done: calls.append(done))
    (parts.folder / "00002.npz").unlink()
    again = scores(x, tf_index, parts=parts, progress=lambda *done: calls.append(done))
    np.testing.assert_array_equal(first, again)
    assert calls == [(i, 4) for i in (0, 1, 2, 3, 4, 3, 4)]
    monkeypatch.setattr(module, "_half_counts", lambda *a: pytest.fail("computed again"))
    np.testing.assert_array_equal(first, scores(x, tf_index, parts=parts))


# --- paths of LARS


COPY = [[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 1]]  # TF 1 is TF 0 at half weight
EQUAL = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("gram", "products", "n_steps", "counts"),
    [
        (np.eye(4), [0.3, -0.9, 0.1, 0.5], 3, [1, 3, 0, 2]),  # in the order of their correlation
        (COPY, [0.8, 0.4, 0.1], 2, [2, 0, 1]),  # explained as soon as the first is in
        (EQUAL, [0.8, 0.8, 0.1], 2, [2, 0, 1]),  # the first of equals; no step is lost
        (np.eye(2), [0.5, 0.2], 5, [5, 4]),  # a path that ends early keeps its last model
        (np.eye(2), [0.5, 1e-8], 3, [3, 0]),
        (np.eye(2), [0.0, 0.0], 3, [0, 0]),
    ],
)
def test_counts_of_paths_known_by_hand(gram, products, n_steps, counts):
    found = _steps_in_model(np.array(gram, float), np.array(products)[:, None], n_steps)
    assert found[:, 0].tolist() == counts


def by_scikit_learn(gram: np.ndarray, products: np.ndarray, n_steps: int) -> tuple[np.ndarray, bool]:
    """Steps in the model, and whether rounding alone decides about one: a coefficient of 0 was left near ``ROUNDING``."""
    _, _, path = lars_path_gram(products, gram, n_samples=1, max_iter=n_steps, method="lasso")
    size = np.abs(path[:, 1 : n_steps + 1])
    held = size > ROUNDING
    left = n_steps - held.shape[1]
    counts = held.sum(axis=1) + (left * held[:, -1] if left and held.shape[1] else 0)
    return counts, bool(((size > ROUNDING / 30) & (size < 30 * ROUNDING)).any())


def correlated(seed: int, n_cells: int, n_tfs: int, shared: float) -> tuple[np.ndarray, np.ndarray]:
    """Weighted TFs (cells, tfs) that share half as many factors, and 6 targets; both centred."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n_cells, n_tfs // 2 + 1)), rng.normal(size=(n_tfs // 2 + 1, n_tfs))
    x = shared * factors[0] @ factors[1] + rng.normal(size=(n_cells, n_tfs))
    effects = rng.normal(size=(n_tfs, 6)) * (rng.random((n_tfs, 6)) < 0.4)
    y = x @ effects + rng.normal(size=(n_cells, 6))
    return standardised(x) * rng.uniform(0.4, 1, n_tfs), standardised(y)


@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([3, 5, 10, 40, 200]),
    n_tfs=st.integers(1, 25),
    shared=st.sampled_from([0.0, 1.0, 3.0]),
    n_steps=st.sampled_from([1, 3, 5, 12, 40]),
    constant=st.booleans(),
)
@example(seed=0, n_cells=100, n_tfs=12, shared=3.0, n_steps=30, constant=False)  # TFs leave again
@example(seed=307, n_cells=10, n_tfs=24, shared=3.0, n_steps=12, constant=False)  # all but one TF end at 1e-13 to 1e-12
def test_counts_are_those_of_scikit_learn(seed, n_cells, n_tfs, shared, n_steps, constant):
    x, y = correlated(seed, n_cells, n_tfs, shared)
    if constant:
        x[:, 0] = y[:, 0] = 0
    y[:, -1] = x[:, -1]  # a target that one TF fits exactly
    gram, products = x.T @ x / n_cells, x.T @ y / n_cells
    found = _steps_in_model(gram, products, n_steps)
    for target in range(y.shape[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            expected, rounded = by_scikit_learn(gram, products[:, target].copy(), n_steps)
        if rounded:
            continue
        np.testing.assert_array_equal(found[:, target], expected)
