"""Depth of cells, from counts and from what was made of them."""

import numpy as np
import pytest
from scipy import sparse

from grnular_core.data.depth import WHOLE, median_depth


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.3, 1.0, size=WHOLE)
    return rng.poisson(np.outer(rng.lognormal(6.0, 0.4, size=120), rate / rate.sum())).astype(float)


def scaled(counts, total):
    return counts / counts.sum(axis=1, keepdims=True) * total


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize(
    "made, kind",
    [
        (lambda x: x, "counts"),
        (np.log1p, "log values"),
        (lambda x: np.log1p(scaled(x, 1e4)), "log values"),
        (lambda x: np.log1p(scaled(x, 1e4).astype(np.float32)), "log values"),
        (lambda x: np.log1p(scaled(x, 1e4)).round(4), "log values"),
        (lambda x: np.log2(1 + scaled(x, 1e6)), "log values"),
        (lambda x: scaled(x, 1e6), "normalised values, not log"),
    ],
)
def test_one_count_is_the_smallest_value_of_a_cell(counts, form, made, kind):
    expected = np.median(counts.sum(axis=1))
    assert median_depth(form(made(counts)), kind) == pytest.approx(expected, rel=1e-3)


def test_nothing_is_said_where_values_are_no_multiples_or_genes_are_few(counts):
    lengths = np.random.default_rng(1).uniform(0.5, 5.0, size=WHOLE)
    per_length = np.log1p(scaled(counts / lengths, 1e6))
    assert median_depth(per_length, "log values") is None
    assert median_depth(counts - 1, "scaled values") is None
    assert median_depth(counts[:, 1:], "counts") is None
    assert median_depth(0 * counts, "log values") is None
