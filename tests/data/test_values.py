"""The numbers of an expression matrix: what is refused, recognised, merged; dense as sparse."""

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from grnular_core.data import values
from grnular_core.utils.errors import InputError

KINDS = [np.array, sparse.csr_matrix, sparse.csc_matrix]


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


def check(matrix, scaled=False):
    cells, genes = (names(letter, n) for letter, n in zip("cg", matrix.shape, strict=True))
    return values.check_values(matrix, cells, genes, scaled, "table")


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([[0, 3.0], [1, 2]], "counts"),
        ([[0, 0.0], [0, 0]], "counts"),
        ([[0, 3.5], [1.5, 2.25]], "log values"),
        ([[0, 3.5], [1, 5200.25]], "normalised values, not log"),
    ],
)
def test_counts_log_and_normalised_values_are_told_apart(make, rows, kind):
    assert check(make(rows)) == kind


def drawn(seed=0):
    """Counts of 200 cells and 60 genes."""
    return np.random.default_rng(seed).negative_binomial(1, 0.4, (200, 60)).astype(float)


def normalised(counts):
    return counts / counts.sum(axis=1, keepdims=True) * 1e3


FRACTIONS = np.random.default_rng(1).uniform(0.5, 1.0, (200, 60))


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("matrix", "kind", "asks"),
    [
        (np.where(FRACTIONS < 0.7, drawn() * FRACTIONS, drawn()), "counts", False),  # some corrected
        (drawn() * FRACTIONS, "log values", True),  # all corrected: only the user can tell
        (normalised(drawn()) / 1e3, "normalised values, not log", False),  # shares of totals
        (np.log1p(normalised(drawn())), "log values", False),
        (np.log1p(normalised(drawn()))[:, :20], "log values", False),  # the variable genes
        (np.log2(normalised(drawn() * FRACTIONS) + 1), "log values", False),
        (np.log2(drawn() + 1), "log values", False),  # most are 1
        (np.log10(normalised(drawn()) + 1), "log values", False),
    ],
)
def test_counts_with_fractions_are_told_from_logarithms_or_the_user_is_asked(make, matrix, kind, asks):
    matrix = make(matrix)
    found = check(matrix)
    notes = values.value_notes(matrix, names("g", matrix.shape[1]), found, "auto")
    assert found == kind
    assert ("say --values-are counts" in " ".join(notes)) == asks


@pytest.mark.parametrize("make", KINDS)
def test_what_rounding_has_left_of_zeros_counts_as_zero(make):
    logged = np.log1p(normalised(drawn()))
    noise = np.random.default_rng(2).choice([-1e-12, 1e-9, 1e-16], logged.shape)
    cleaned, notes = values.without_rounding(make(np.where(logged == 0, noise, logged)))
    found = cleaned.toarray() if sparse.issparse(cleaned) else cleaned
    np.testing.assert_array_equal(found, logged)
    assert f"{(logged == 0).sum()} values next to zero" in notes[0]
    # without a gap below the others small values are values
    spread = make(np.geomspace(1e-9, 1.0, 200).reshape(20, 10))
    assert values.without_rounding(spread) == (spread, [])
    counts = make(np.array([[1.0, 5e6], [2.0, 0.0]]))
    assert values.without_rounding(counts)[1] == []


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (np.nan, r"2 missing \(NaN\) values, the first at cell c1, gene g2; fill"),
        (np.inf, r"2 infinite values, the first at cell c1, gene g2; look for a division"),
        (-np.inf, r"2 infinite values, the first at cell c1, gene g2"),
        (1e19, r"2 values beyond 1e\+18, the first at cell c1, gene g2; expected counts"),
        (-1e300, r"2 values beyond 1e\+18"),
    ],
)
def test_values_that_no_method_can_take_are_refused_with_their_place(make, bad, words):
    matrix = np.ones((4, 3))
    matrix[1, 2] = matrix[2, 0] = bad
    with pytest.raises(InputError, match=words):
        check(make(matrix), scaled=True)


def test_the_largest_values_that_pass_keep_their_squares_in_single_precision():
    assert np.isfinite(np.float32(values.LARGEST) ** 2)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_too_small_tables_are_refused(shape):
    with pytest.raises(InputError, match=f"table holds {shape[0]} cells x {shape[1]} genes; at le"):
        check(np.ones(shape))


def test_a_matrix_that_nobody_else_needs_becomes_double_without_a_copy():
    table = AnnData(sparse.csr_matrix(np.array([[0, 1], [2, 0]], dtype=np.float32)))
    mine, _, _ = values.as_matrix(table, "table", copy=False)
    assert mine is table.X and mine.dtype == np.float64
    assert values.as_matrix(table, "table")[0] is not table.X


@pytest.mark.parametrize(("indptr", "indices"), [("i8", "i4"), ("i4", "i8")])
@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix])
def test_places_of_stored_values_may_be_integers_of_two_widths(form, copy, indptr, indices):
    dense = np.array([[0, 1.0, 0], [2, 0, 3]])
    matrix = form(dense)
    matrix.indptr, matrix.indices = matrix.indptr.astype(indptr), matrix.indices.astype(indices)
    found, _, _ = values.as_matrix(AnnData(matrix), "table", copy=copy)
    np.testing.assert_array_equal(found.toarray(), dense)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("rule", "merged"),
    [
        ("sum", [[11.0, 2.0], [13, 2], [8, 3]]),
        ("mean", [[5.5, 2.0], [6.5, 2], [4, 3]]),
        ("first", [[1.0, 2], [3, 2], [8, 3]]),
        ("max-variance", [[10.0, 2], [10, 2], [0, 3]]),
    ],
)
def test_repeated_genes_are_merged_by_the_rule(make, rule, merged):
    matrix = make([[1.0, 2, 10], [3, 2, 10], [8, 3, 0]])
    result, genes = values.merge_duplicates(matrix, ["A", "B", "A"], rule)
    result = result.toarray() if sparse.issparse(result) else result
    assert genes == ["A", "B"] and result.tolist() == merged


def test_max_variance_takes_the_first_of_equals():
    matrix = np.array([[0.0, 5], [1, 6]])
    assert values.merge_duplicates(matrix, ["A", "A"], "max-variance")[0].tolist() == [[0.0], [1.0]]
