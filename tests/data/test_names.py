"""Names: which side holds the genes, which genes are TFs, what matches what."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data import names
from grnular_core.utils.errors import InputError

CELLS = ["c1", "c2", "c3"]
GENES = ["A", "B", "C", "D"]


def spelled(given: list[str], genes: list[str], match: str) -> list[str]:
    return names.match_spelling(pd.Series(given, dtype=object), genes, match).tolist()


def test_a_long_list_is_shown_by_its_first_names():
    assert names.preview(["a", "b"], 3) == "a, b"
    assert names.preview(range(7), 3) == "0, 1, 2 and 4 more"


# --- orientation


@pytest.mark.parametrize("turned", [False, True])
def test_the_side_with_the_tfs_holds_the_genes(turned):
    sides = (GENES, CELLS) if turned else (CELLS, GENES)
    by_columns, reason = names.choose_orientation(*sides, ["A", "B", "X"])
    assert by_columns is not turned
    assert reason.startswith("genes are the rows" if turned else "genes are the columns")
    assert "2 of 4" in reason and "0 of 3" in reason


def test_a_side_that_holds_far_more_tfs_wins_over_an_accident():
    columns = [f"TF{i}" for i in range(20)]
    assert names.choose_orientation(["TF0", "c1"], columns, columns)[0]


@pytest.mark.parametrize(
    ("rows", "columns", "tfs", "words"),
    [
        (GENES, GENES, ["A"], ["1 of 4 row names", "1 of 4 column names", "--orientation"]),
        (CELLS, GENES, None, ["c1, c2, c3", "A, B, C", "--orientation"]),
        (CELLS, GENES, ["X", "Y"], ["no TF of the list (2 names: X, Y)", "another species"]),
        (CELLS, GENES, ["a", "b"], ["With --match ignore-case 2 would match"]),
        (CELLS, ["ENSG01.2"], ["ENSG01.1"], ["With --match ignore-version 1 would match"]),
    ],
)
def test_orientation_that_cannot_be_told_is_refused_with_names_and_overlaps(
    rows, columns, tfs, words
):
    with pytest.raises(InputError) as caught:
        names.choose_orientation(rows, columns, tfs)
    for word in words:
        assert word in str(caught.value)


def test_an_orientation_told_is_taken_unless_the_tf_list_is_against_it():
    assert names.choose_orientation(GENES, CELLS, None, "genes-x-cells")[0] is False
    assert names.choose_orientation(CELLS, GENES, None, "cells-x-genes")[0] is True
    assert names.choose_orientation(GENES, GENES, ["A"], "cells-x-genes")[0] is True
    with pytest.raises(InputError, match="given as genes-x-cells, but 0 of 3 row names"):
        names.choose_orientation(CELLS, GENES, ["A"], "genes-x-cells")


def test_a_misspelt_rule_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="orientation 'genes'; expected one of auto, cells-x-"):
        names.choose_orientation(CELLS, GENES, ["A"], "genes")
    with pytest.raises(InputError, match="match 'case'; expected one of exact"):
        names.choose_tfs(["A"], GENES, "case", "x")
    with pytest.raises(InputError, match="duplicates 'drop'; expected one of error"):
        names.check_names(GENES, "drop", "x")


# --- matching


def test_names_match_exactly_unless_asked_otherwise():
    genes = ["Gata1", "GATA2", "ENSG00000102145.14", "RP11-34P13.7"]
    assert names.match_names(["GATA1", "GATA2"], genes) == ["GATA2"]
    assert names.match_names(["GATA1", "GATA2"], genes, "ignore-case") == ["Gata1", "GATA2"]
    assert names.match_names(["ENSG00000102145"], genes) == []
    assert names.match_names(["ENSG00000102145"], genes, "ignore-version") == genes[2:3]
    # only Ensembl ids lose a version: RP11-34P13.7 and RP11-34P13.8 are two genes
    others = ["RP11-34P13.8", "ENSG00000102145.14_PAR_Y"]
    assert names.match_names(others, genes, "ignore-version") == []


def test_a_gene_spelled_exactly_goes_before_a_looser_match():
    assert spelled(["a", "B", "x", None], ["a", "A", "b"], "ignore-case") == ["a", "b", "x", None]
    assert names._looser_hint(["A", "x"], ["A", "B"], "exact") == ""


def test_a_name_that_could_mean_two_genes_is_refused():
    with pytest.raises(InputError, match="ignore-case the name aB could mean Ab, AB; spell it"):
        spelled(["aB"], ["Ab", "AB"], "ignore-case")
    # names that nobody asks for may collide
    assert spelled(["c"], ["Ab", "AB", "C"], "ignore-case") == ["C"]


@given(st.lists(st.text(max_size=4), unique=True))
def test_exact_matching_changes_no_name(given):
    assert spelled(given, given, "exact") == [name.strip() for name in given]


# --- TF list


def test_a_tf_list_is_taken_once_each_in_its_order():
    assert names.listed_names(["B", " A ", "B", float("nan"), ""]) == ["B", "A"]
    assert names.listed_names(set("CBADFEG")) == list("ABCDEFG")  # a set has no order of its own
    assert names.listed_names(None) is None
    with pytest.raises(InputError, match="single text 'GATA1'"):
        names.listed_names("GATA1")
    with pytest.raises(InputError, match="TF list is empty.*--tfs all"):
        names.listed_names(["", None])


@pytest.mark.parametrize(
    ("tfs", "genes", "match", "found", "missing", "words"),
    [
        (["D", "X", "A"], GENES, "exact", ["A", "D"], ["X"], "2 of the 3 TFs .*; missing: X"),
        (None, GENES, "exact", GENES, [], "all 4 genes may regulate"),
        (["AB"], ["Ab", "AB", "X"], "ignore-case", ["AB"], [], "Ab are other spellings of these"),
        (["A", "b", "c"], GENES, "exact", ["A"], ["b", "c"], "--match ignore-case 3 would"),
        (["A", "K"], GENES, "exact", ["A"], ["K"], "in the data but constant: K"),
    ],
)
def test_tfs_come_in_gene_order_and_the_rest_is_said(tfs, genes, match, found, missing, words):
    answer = names.choose_tfs(tfs, genes, match, "x", dropped=["K"])
    assert answer[:2] == (found, missing)
    with pytest.raises(InputError, match=words):
        raise InputError(answer[2])


def test_no_tf_left_is_refused_with_both_sides():
    with pytest.raises(InputError, match=r"\(1 names: X\) is left among the 4 genes of x \(A, B"):
        names.choose_tfs(["X"], GENES, "exact", "x")
    with pytest.raises(InputError, match="Its TFs K are there, but have one value in every cell"):
        names.choose_tfs(["K"], GENES, "exact", "x", dropped=["K"])


# --- names of genes and cells, reference networks


def test_gene_names_are_there_and_once_each_unless_a_rule_says_otherwise():
    assert names.check_names(["A", "B", "A"], "sum", "x") == ["A"]
    with pytest.raises(InputError, match="1 gene names occur more than once .A.*--duplicates sum"):
        names.check_names(["A", "B", "A"], "error", "x")
    with pytest.raises(InputError, match="gene number 2 has no name"):
        names.check_names(["A", " ", "C"], "error", "x")


def test_odd_names_are_said():
    assert names.name_notes(CELLS, ["OCT-4", "MARCH1", "NKX2-1", "A"]) == []
    repeated, dates = names.name_notes(["c1", "c1", "c2"], ["1-Mar", "Sep-02", "A"])
    assert "1 cell names occur more than once (c1)" in repeated
    assert "2 gene names look like dates" in dates


def test_a_reference_network_needs_its_columns_and_one_edge_among_the_genes():
    with pytest.raises(InputError, match="columns Gene1, Gene2; missing regulator, target"):
        names.check_truth(pd.DataFrame(columns=["Gene1", "Gene2"]), GENES, "exact", "x")
    for pairs in ([], [("x", "x")], [("A", "x"), ("y", "B")]):
        truth = pd.DataFrame(pairs, columns=["regulator", "target"])
        with pytest.raises(InputError, match=f"no edge of the reference network .{len(pairs)} ed"):
            names.check_truth(truth, GENES, "exact", "x")
    truth = pd.DataFrame([("A", "B")], columns=["regulator", "target"])
    names.check_truth(truth, GENES, "exact", "x")
    assert "1 of 1 true edges" in names.truth_note(truth, ["A"], "x")
    with pytest.raises(InputError, match="none of the 1 true edges .* and 1 end at one; .*swapped"):
        names.truth_note(truth, ["B"], "x")
