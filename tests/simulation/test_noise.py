"""Technical noise: every step against the formula that SERGIO documents for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.simulation.noise import (
    TechnicalNoise,
    _amplify,
    _cell_programs,
    _dropout,
    _gene_levels,
    _library_size,
    _outlier_genes,
    _umi_counts,
    _whole_library,
    add_noise,
)
from grnular_core.utils.errors import InputError

ALL = TechnicalNoise((0.1, 0.8, 1.0), (4.6, 0.4), (6.5, 50.0), umi=True, amplification=0.6)


def one_type(X: np.ndarray) -> np.ndarray:
    return np.zeros(len(X), dtype=int)


def levels(n_cells: int = 400, n_genes: int = 50, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, 1.0, (n_cells, n_genes)).astype(np.float32)


def test_totals_of_whole_cells_do_not_make_genes_compete():
    """Of genes that make up a cell alone, one strong one pushes all others down."""
    X, rng = levels(2000, 12).astype(np.float64), np.random.default_rng(1)
    X[:, 0] *= 20
    alone = _library_size(X, 5.0, 0.4, rng)
    sizes = rng.lognormal(5.0, 0.4, len(X))
    whole = _whole_library(X, sizes, 0.0, rng)
    np.testing.assert_allclose(whole / sizes[:, None], X / X.sum(1).mean())
    scaled = [np.log(Y / size[:, None]) for Y, size in ((alone, alone.sum(1)), (whole, sizes))]
    first = [np.corrcoef(Y.T)[0, 1:] for Y in scaled]
    assert (first[0] < -0.3).all() and (np.abs(first[1]) < 0.1).all()


def test_what_a_total_misses_moves_all_genes_of_a_cell_together():
    X, rng = levels(2000, 12), np.random.default_rng(1)
    sizes = rng.lognormal(5.0, 0.4, len(X))
    factor = _whole_library(X, sizes, 0.3, rng) / _whole_library(X, sizes, 0.0, rng)
    np.testing.assert_allclose(factor, np.broadcast_to(factor[:, :1], factor.shape), rtol=1e-5)
    assert np.log(factor[:, 0]).std() == pytest.approx(0.3, rel=0.1)
    assert not _whole_library(0 * X, sizes, 0.3, rng).any()


def test_a_program_of_types_moves_all_cells_of_a_type_alike():
    X, types = levels(), np.repeat([0, 1, 2, 3], 100)
    out = _cell_programs(X, types, 1, 0.5, np.random.default_rng(0))
    factor = out / X
    for of_type in (factor[types == t] for t in range(4)):
        np.testing.assert_allclose(of_type, np.broadcast_to(of_type[0], of_type.shape), rtol=1e-5)
    assert not np.allclose(factor[0], factor[-1], rtol=0.01)


def test_programs_change_the_logarithm_by_about_their_spread():
    X = levels(2000, 300)
    types = np.random.default_rng(0).integers(0, 40, len(X))
    for count in (2, 8):
        found = [
            np.log(_cell_programs(X, types, count, 0.7, np.random.default_rng(s)) / X).std(0).mean()
            for s in range(10)
        ]
        assert np.mean(found) == pytest.approx(0.7, rel=0.25)
    assert np.array_equal(_cell_programs(X, types, 3, 0.0, np.random.default_rng(0)), X)
    assert np.isfinite(_cell_programs(X, types, 2, 1e6, np.random.default_rng(0))).all()


def test_levels_do_not_depend_on_what_a_gene_was():
    X = levels(500, 400) * np.linspace(0.01, 100, 400, dtype=np.float32)
    X[:, 7] = 0
    out = _gene_levels(X, 0.5, 1.0, np.random.default_rng(0))
    logged = np.log(np.delete(out, 7, 1).mean(0))
    assert abs(logged.mean() - 0.5) <= 0.2 and abs(logged.std() - 1) <= 0.15
    assert abs(np.corrcoef(logged, np.arange(399))[0, 1]) < 0.2
    assert (out[:, 7] == 0).all()
    before, after = (np.delete(x, 7, 1) for x in (X, out))
    np.testing.assert_allclose(before / before.mean(0), after / after.mean(0), rtol=1e-4)


def test_outliers_are_whole_genes_times_a_lognormal_factor():
    X = levels(3, 20_000)
    factor = _outlier_genes(X, 0.1, 0.8, 1.0, np.random.default_rng(0)) / X
    assert np.allclose(factor, factor[:1], rtol=1e-5)
    log = np.log(factor[0][factor[0] != 1])
    assert abs(len(log) / 20_000 - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 20_000)
    assert abs(log.mean() - 0.8) < 4 / np.sqrt(len(log))
    assert abs(log.std() - 1.0) < 4 / np.sqrt(2 * len(log))
    assert np.array_equal(_outlier_genes(X, 0.0, 0.8, 1.0, np.random.default_rng(0)), X)
    assert (_outlier_genes(X, 1.0, 0.8, 0.0, np.random.default_rng(0)) > X).all()


def test_cell_totals_are_lognormal_and_shares_of_genes_stay():
    X = levels(20_000, 5)
    scaled = _library_size(X, 4.6, 0.4, np.random.default_rng(0))
    log = np.log(scaled.sum(1))
    assert abs(log.mean() - 4.6) < 4 * 0.4 / np.sqrt(len(log))
    assert abs(log.std() - 0.4) < 4 * 0.4 / np.sqrt(2 * len(log))
    shares = X / X.sum(1, keepdims=True)
    assert np.allclose(scaled / scaled.sum(1, keepdims=True), shares, rtol=1e-4)


@pytest.mark.parametrize(("shape", "percentile"), [(6.5, 82.0), (20.0, 25.0), (1.0, 0.0)])
def test_an_entry_is_kept_with_the_logistic_probability(shape, percentile):
    X = levels(2000, 100)
    out = _dropout(X, shape, percentile, np.random.default_rng(1))
    kept = out > 0
    assert np.array_equal(out[kept], X[kept])
    logged = np.log1p(X.astype(float))
    chance = 1 / (1 + np.exp(-shape * (logged - np.percentile(logged, percentile))))
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)):
        some = (chance > low) & (chance <= high)
        if some.sum() > 100:
            error = np.sqrt((chance[some] * (1 - chance[some])).sum()) / some.sum()
            assert abs(kept[some].mean() - chance[some].mean()) < 4 * error + 1e-6


def test_counts_are_poisson_with_the_levels_as_means():
    X = np.tile(np.float32([0.0, 0.5, 3.0, 40.0]), (50_000, 1))
    counts = _umi_counts(X, np.random.default_rng(0))
    assert (counts == np.round(counts)).all() and (counts[:, 0] == 0).all()
    mean, error = X[0], np.sqrt(X[0] / len(X))
    assert (abs(counts.mean(0) - mean) <= 4 * error).all()
    fourth = np.sqrt((mean + 2 * mean**2) / len(X))  # standard error of a Poisson variance
    assert (abs(counts.var(0) - mean) <= 4 * fourth).all()


@given(
    cells=st.integers(1, 8),
    genes=st.integers(1, 8),
    value=st.sampled_from([0.0, 1e-30, 1.0, 1e6]),
    percentile=st.sampled_from([0.0, 50.0, 100.0]),
    seed=st.integers(0, 99),
)
def test_any_data_stay_finite_and_not_negative(cells, genes, value, percentile, seed):
    """All-zero data, one cell, one gene, tiny and huge levels."""
    X = np.full((cells, genes), value, dtype=np.float32)
    X[0, 0] = 0
    before = X.copy()
    noise = TechnicalNoise(
        (0.5, 0.8, 1.0), (4.6, 0.4), (20.0, percentile), True, (2, 0.5), (0.0, 1.0), 0.7
    )
    out = add_noise(X, one_type(X), noise, np.random.default_rng(seed))
    assert out.dtype == np.float32 and out.shape == X.shape
    assert np.isfinite(out).all() and (out >= 0).all() and (out[before == 0] == 0).all()
    assert np.array_equal(X, before)


def test_amplification_keeps_means_and_spreads_logs_of_all_entries_but_zeros():
    X = np.tile(np.float32([0.0, 0.5, 40.0]), (50_000, 1))
    reads = _amplify(X, 0.6, np.random.default_rng(0))
    assert (reads[:, 0] == 0).all() and reads.dtype == np.float32
    deviation = X[0, 1:] * np.sqrt(np.expm1(0.6**2))
    assert (abs(reads[:, 1:].mean(0) - X[0, 1:]) <= 4 * deviation / np.sqrt(len(X))).all()
    logs = np.log(reads[:, 1:])
    assert np.allclose(logs.std(0), 0.6, rtol=0.02)
    assert abs(np.corrcoef(logs.T)[0, 1]) < 0.02  # every entry on its own


def test_steps_come_in_the_order_of_the_simulator():
    X, rng = levels(), np.random.default_rng(5)
    assert add_noise(X, one_type(X), TechnicalNoise(), rng) is X
    by_hand = _outlier_genes(X, 0.1, 0.8, 1.0, rng)
    by_hand = _library_size(by_hand, 4.6, 0.4, rng)
    by_hand = _dropout(by_hand, 6.5, 50.0, rng)
    by_hand = _amplify(_umi_counts(by_hand, rng), 0.6, rng)
    assert np.array_equal(by_hand, add_noise(X, one_type(X), ALL, np.random.default_rng(5)))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"outlier": (1.5, 0.8, 1.0)}, "share of outlier genes is from 0 to 1, got 1.5"),
        ({"outlier": (0.5, 0.8, -1.0)}, "outlier takes the mean and standard deviation"),
        ({"amplification": -0.1}, "amplification takes"),
        ({"library": (4.6, 0.4), "whole": -0.1}, "whole takes"),
        ({"whole": 0.1}, "set library as well"),
        ({"library": (4.6, -0.4)}, "library takes"),
        ({"dropout": (0.0, 50.0)}, "a shape above 0"),
        ({"dropout": (6.5, 101.0)}, "a percentile from 0 to 100, got 6.5 and 101"),
    ],
)
def test_impossible_noise_is_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        TechnicalNoise(**wrong)
