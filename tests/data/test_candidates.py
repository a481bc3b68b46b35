"""The candidate pairs, the cleaning of a truth and the score a prediction gives each pair."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data.candidates import (
    TruthCounts,
    clean_truth,
    score_matrix,
    sign_matrix,
    strict_candidates,
)
from grnular_core.data.edges import edge_table
from grnular_core.utils.errors import InputError

GENES = ["a", "b", "c", "d", "e"]


def truth_of(*pairs):
    return pd.DataFrame(pairs, columns=["regulator", "target", "sign"][: len(pairs[0])])


def edges_of(*rows):
    return pd.DataFrame(rows, columns=["regulator", "target", "weight", "sign"][: len(rows[0])])


@pytest.mark.parametrize(
    ("truth", "kept", "counts"),
    [
        (
            [
                ("b", "a", 1),
                ("a", "b", 1),
                ("a", "b", 1),  # duplicate
                ("a", "c", 1),
                ("a", "c", -1),  # duplicate with the other sign
                ("d", "d", 1),  # self-loop
                ("a", "x", 1),  # end outside the genes
                ("x", "x", 1),  # outside and loop: counted once, as outside
            ],
            [["a", "b", 1], ["a", "c", 0], ["b", "a", 1]],
            TruthCounts(8, 3, n_outside=2, n_self_loops=1, n_duplicates=2),
        ),
        (  # a known sign wins over an unknown duplicate
            [("a", "b", 0), ("a", "b", -1), ("a", "b", 0)],
            [["a", "b", -1]],
            TruthCounts(3, 1, 0, 0, n_duplicates=2),
        ),
        (  # a missing name is outside, a missing sign unknown
            [("a", None, 1), ("a", "b", None)],
            [["a", "b", 0]],
            TruthCounts(2, 1, n_outside=1, n_self_loops=0, n_duplicates=0),
        ),
        (  # no signs at all
            [("a", "b"), ("a", "a")],
            [["a", "b", 0]],
            TruthCounts(2, 1, 0, n_self_loops=1, n_duplicates=0),
        ),
    ],
)
def test_cleaning_counts_every_kind_of_dropped_edge_and_keeps_the_callers_table(
    truth, kept, counts
):
    truth = truth_of(*truth)
    before = truth.copy()
    clean, found = clean_truth(truth, GENES)
    assert clean.values.tolist() == kept and found == counts
    pd.testing.assert_frame_equal(truth, before)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcxy"), st.sampled_from("abcxy"), st.sampled_from([-1, 0, 1]))
    )
)
def test_cleaning_is_idempotent_counts_add_up_and_row_order_is_irrelevant(rows):
    truth = pd.DataFrame(rows, columns=["regulator", "target", "sign"])
    clean, counts = clean_truth(truth, GENES)
    dropped = counts.n_outside + counts.n_self_loops + counts.n_duplicates
    assert counts.n_kept == len(clean) == counts.n_given - dropped
    assert len(clean) == len({(r, t) for r, t, _ in rows if r != t and r in "abc" and t in "abc"})
    pd.testing.assert_frame_equal(clean_truth(clean, GENES)[0], clean)
    pd.testing.assert_frame_equal(clean_truth(truth[::-1], GENES[::-1])[0], clean)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: clean_truth(pd.DataFrame({"tf": ["a"]}), GENES), "missing.*regulator"),
        (lambda: clean_truth(truth_of(("a", "b")), [*GENES, "a"]), "'a' more than once"),
        (lambda: clean_truth(truth_of(("a", "b", "up")), GENES), "'up' is not a number"),
        (lambda: strict_candidates(truth_of(("a", "b")), GENES, "a"), "list of names"),
        (lambda: score_matrix(pd.DataFrame({"regulator": ["a"]}), GENES, GENES), "missing.*weight"),
        (lambda: score_matrix(edges_of(("a", "b", np.nan)), GENES, GENES), "row 1.*finite"),
        (lambda: score_matrix(edges_of(("a", "b", "strong")), GENES, GENES), "'strong'"),
        (lambda: score_matrix(edges_of(("a", "b", 1.0)), ["a", "a"], GENES), "more than once"),
    ],
)
def test_refusals_name_what_was_got(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_candidates_are_regulators_with_a_true_edge_times_all_genes_but_themselves():
    truth = truth_of(("c", "a", 1), ("a", "c", -1), ("e", "b", 1))
    found = strict_candidates(truth, GENES, tfs=["d", "c", "a", "nowhere", "a"])
    assert found.regulators == ("a", "c")  # gene order; d has no true edge, e is no TF
    assert found.targets == tuple(GENES)
    assert found.mask.tolist() == [[False, True, True, True, True], [True, True, False, True, True]]
    assert (found.n_candidates, found.n_true, found.density) == (8, 2, 0.25)
    assert found.truth[0, 2] and found.truth[1, 0]
    assert found.sign.dtype == np.int8
    assert (found.sign[0, 2], found.sign[1, 0], np.abs(found.sign).sum()) == (-1, 1, 2)


def test_scores_are_absolute_absent_edges_are_zero_and_the_largest_duplicate_counts():
    edges = edges_of(
        ("a", "b", 0.5), ("a", "b", -2.0), ("a", "x", 9.0), ("x", "b", 9.0), ("c", "a", 1)
    )
    assert score_matrix(edges, ["a", "c"], ["a", "b"]).tolist() == [[0.0, 2.0], [1.0, 0.0]]
    assert score_matrix(edges, ["c", "a"], ["b", "a"]).tolist() == [[0.0, 1.0], [2.0, 0.0]]


def test_the_matrix_undoes_the_edge_table():
    scores = np.random.default_rng(0).random((3, 5)).round(1)
    np.fill_diagonal(scores, 0.0)
    table = edge_table(scores, GENES[:3], GENES)
    assert np.array_equal(score_matrix(table, GENES[:3], GENES), scores)


@pytest.mark.parametrize(
    ("edges", "signs"),
    [
        ([("a", "b", 2.0, -1), ("a", "b", 1.0, 1)], [-1, 0]),  # of the strongest duplicate
        ([("a", "c", 1.0, 1), ("a", "c", 1.0, -1), ("b", "c", 1.0, 0)], [0, 0]),  # a draw
        ([("a", "b", 0.0, -1)], [0, 0]),  # weight zero is no edge
        ([("a", "b", -2.0), ("a", "c", 1.0)], [-1, 1]),  # without signs: the weight's
        ([("a", "b", 2.0), ("a", "c", 1.0)], [0, 0]),
    ],
)
def test_signs_are_those_of_the_edge_that_gives_the_score(edges, signs):
    for table in (edges_of(*edges), edges_of(*edges[::-1])):
        assert sign_matrix(table, ["a", "b"], ["b", "c"]).tolist() == [signs, [0, 0]]
