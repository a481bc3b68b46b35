"""LOESS against what is known exactly, and against the same sums written as a loop."""

import numpy as np
import pytest
from grnular_paper.smoothing import _tricube, explained, loess, smooth

from grnular_core.utils.errors import InputError


@pytest.fixture
def noisy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 10, 120))
    return x, np.sin(x) + 0.2 * rng.normal(size=120)


def test_every_place_is_a_weighted_least_squares_line(noisy):
    x, y = noisy
    at = np.array([0.5, 4.0, 9.9])
    weight = _tricube(x, at, 0.3)
    assert ((weight > 0).sum(axis=1) == 36).all() and weight.max() <= 1
    design = np.column_stack([np.ones_like(x), x])
    for place, w, got in zip(at, weight, smooth(x, y, at, 0.3).value, strict=True):
        root = np.sqrt(w)[:, None]
        line = np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)[0]
        assert got == pytest.approx(line[0] + line[1] * place)


def test_the_deviation_is_that_of_the_noise_where_it_is(noisy):
    rng = np.random.default_rng(3)
    x = np.linspace(0, 1, 4000)
    y = 5 * x + rng.normal(size=4000) * np.where(x < 0.5, 0.1, 1.0)
    fit = smooth(x, y, np.array([0.2, 0.8]), 0.2)
    assert fit.deviation == pytest.approx([0.1, 1.0], rel=0.1)


def test_what_is_explained_is_what_refits_without_the_cell_predict(noisy):
    x, y = noisy
    x, y = x[:40], y[:40]
    # a span that keeps the same neighbours with and without the cell: all of them
    left_out = [smooth(np.delete(x, i), np.delete(y, i), x[i : i + 1], 1.0).value[0] for i in range(40)]
    refit = 1 - ((y - left_out) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert explained(x, y, 1.0) == pytest.approx(refit, abs=0.02)
    shuffled = np.random.default_rng(4).permutation(y)
    assert explained(x, shuffled, 0.5) < 0.1 < 0.8 < explained(x, np.sin(x), 0.5)


def test_a_target_that_does_not_vary_has_nothing_to_explain():
    assert np.isnan(explained(np.arange(5.0), np.ones(5)))


@pytest.mark.parametrize(
    ("x", "y", "span", "message"),
    [
        ([1, 2], [1, 2], 0.5, "3 or more"),
        ([1, 2, 3], [1, 2], 0.5, "3 or more"),
        ([1, 2, np.nan], [1, 2, 3], 0.5, "not finite"),
        ([1, 2, 3], [1, 2, 3], 0, "span 0"),
        ([1, 2, 3], [1, 2, 3], 75, "span 75"),
    ],
)
def test_what_can_not_be_smoothed_is_refused(x, y, span, message):
    with pytest.raises(InputError, match=message):
        loess(np.array(x), np.array(y), span=span)
