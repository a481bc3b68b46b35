"""Sums over matrices are those of the dense one, whatever the kind of matrix and the size of a block."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from grnular_core.data import blocks

KINDS = [np.array, sparse.csr_matrix, sparse.csc_matrix]
small = arrays.arrays(
    float, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.sampled_from([0.0, 1, 2.5])
)


@given(small, st.integers(1, 7))
def test_dense_and_sparse_agree_on_variance_and_constancy(matrix, part):
    with patch.object(blocks, "PART", part):  # values in blocks of any size
        for make in KINDS[1:]:
            assert np.allclose(blocks.column_variance(make(matrix)), matrix.var(axis=0), atol=1e-12)
            expected = [len(set(column)) == 1 for column in matrix.T]
            assert blocks.constant_columns(make(matrix)).tolist() == expected
            assert blocks.constant_columns(matrix).tolist() == expected


@given(small, st.integers(1, 7))
def test_normalised_in_place_block_by_block_or_dense_is_the_same(matrix, part):
    dense = blocks.log_normalised(matrix)
    with patch.object(blocks, "PART", part):
        given = sparse.csr_matrix(matrix)
        kept = blocks.log_normalised(given)
        np.testing.assert_allclose(kept.toarray(), dense, rtol=1e-15)
        assert (given.toarray() == matrix).all()
        variance = blocks.column_variance(given, normalise=True)
        np.testing.assert_allclose(variance, blocks.column_variance(matrix, normalise=True), atol=1e-12)
        changed = blocks.log_normalised(given, copy=False)
        assert changed is given and (changed != kept).nnz == 0


@given(small, st.integers(1, 7), st.data())
def test_columns_are_left_out_whether_or_not_they_hold_values(matrix, part, data):
    out = np.array(data.draw(st.lists(st.booleans(), min_size=matrix.shape[1], max_size=matrix.shape[1])))
    with patch.object(blocks, "PART", part):
        for at in (out, matrix.any(axis=0) == 0):
            found = blocks.without_columns(sparse.csr_matrix(matrix), at)
            assert (found.toarray() == matrix[:, ~at]).all()
            assert (blocks.without_columns(matrix, at) == matrix[:, ~at]).all()


@pytest.mark.parametrize("make", KINDS[:2])
def test_empty_cells_stay_empty_and_do_not_count_for_the_median(make):
    found = blocks.log_normalised(make(np.array([[2.0, 2], [4, 4], [0, 0], [0, 0], [0, 0]])))
    found = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_allclose(found[:2], np.log1p([[3, 3], [3, 3]]))  # half of the median total, 6
    assert not found[2:].any()


@given(small)
def test_detected_values_are_counted_where_zeros_are_stored_too(matrix):
    stored = sparse.csr_matrix(np.ones_like(matrix))
    stored.data[:] = matrix.ravel()
    for kind in (matrix, sparse.csr_matrix(matrix), stored):
        for axis in (0, 1):
            assert (blocks.count_detected(kind, axis) == (matrix != 0).sum(axis)).all()
