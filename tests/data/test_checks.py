"""Names: which side holds the genes, which genes are TFs, what matches what."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data import names as checks
from grnular_core.utils.errors import InputError

CELLS = ["c1", "c2", "c3"]
GENES = ["A", "B", "C", "D"]


def test_a_long_list_is_shown_by_its_first_names():
    assert checks.shown(["a", "b"], 3) == "a, b"
    assert checks.shown(range(7), 3) == "0, 1, 2 and 4 more"


# --- orientation


@pytest.mark.parametrize("turned", [False, True])
def test_the_side_with_the_tfs_holds_the_genes(turned):
    sides = (GENES, CELLS) if turned else (CELLS, GENES)
    by_columns, said = checks.choose_orientation(*sides, ["A", "B", "X"])
    assert by_columns is not turned
    assert said.startswith("genes are the rows" if turned else "genes are the columns")
    assert "2 of 4" in said and "0 of 3" in said


def test_a_side_that_holds_far_more_tfs_wins_over_an_accident():
    columns = [f"TF{i}" for i in range(20)]
    by_columns, _ = checks.choose_orientation(["TF0", "c1"], columns, columns)
    assert by_columns


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
        checks.choose_orientation(rows, columns, tfs)
    for word in words:
        assert word in str(caught.value)


def test_a_looser_rule_that_finds_no_more_is_not_offered():
    assert checks.match_hint(["A", "x"], ["A", "B"], "exact").startswith(
        " Is it the list of another"
    )


def test_an_orientation_told_is_taken_even_without_a_tf_list():
    assert checks.choose_orientation(GENES, CELLS, None, "genes-x-cells")[0] is False
    assert checks.choose_orientation(CELLS, GENES, None, "cells-x-genes")[0] is True
    assert checks.choose_orientation(GENES, GENES, ["A"], "cells-x-genes")[0] is True


def test_an_orientation_told_against_the_tf_list_is_refused():
    with pytest.raises(InputError, match="said to be genes-x-cells, but 0 of 3 row names"):
        checks.choose_orientation(CELLS, GENES, ["A"], "genes-x-cells")


def test_a_misspelt_rule_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="orientation 'genes'; expected one of auto, cells-x-"):
        checks.choose_orientation(CELLS, GENES, ["A"], "genes")
    with pytest.raises(InputError, match="match 'case'; expected one of exact"):
        checks.choose_tfs(["A"], GENES, "case", "x")
    with pytest.raises(InputError, match="duplicates 'drop'; expected one of error"):
        checks.check_names(GENES, "drop", "x")


# --- matching


def test_names_match_exactly_unless_asked_otherwise():
    genes = ["Gata1", "GATA2", "ENSG00000102145.14", "RP11-34P13.7"]
    assert checks.match_names(["GATA1", "GATA2"], genes) == ["GATA2"]
    assert checks.match_names(["GATA1", "GATA2"], genes, "ignore-case") == ["Gata1", "GATA2"]
    assert checks.match_names(["ENSG00000102145"], genes) == []
    assert checks.match_names(["ENSG00000102145"], genes, "ignore-version") == genes[2:3]


def test_only_ensembl_ids_lose_a_version():
    """RP11-34P13.7 and RP11-34P13.8 are two genes."""
    assert checks.name_key("RP11-34P13.7", "ignore-version") == "RP11-34P13.7"
    assert checks.name_key("ENSMUSG00000000001.5", "ignore-version") == "ENSMUSG00000000001"
    assert checks.name_key("ENSG00000002586.20_PAR_Y", "ignore-version").endswith("PAR_Y")


def test_a_gene_spelled_exactly_goes_before_a_looser_match():
    assert checks.spelled(["a", "B", "x"], ["a", "A", "b"], "ignore-case") == ["a", "b", None]


def test_a_name_that_could_mean_two_genes_is_refused():
    with pytest.raises(InputError, match="ignore-case the name aB could mean Ab, AB; spell it"):
        checks.spelled(["aB"], ["Ab", "AB"], "ignore-case")
    # names that nobody asks for may collide
    assert checks.spelled(["c"], ["Ab", "AB", "C"], "ignore-case") == ["C"]


@given(st.lists(st.text(max_size=4), unique=True))
def test_exact_matching_changes_no_name(names):
    stripped = [name.strip() for name in names]
    column = pd.Series(names, dtype=object)
    assert checks.renamed(column, names, "exact").tolist() == stripped
    assert checks.spelled(names, names, "exact") == names


def test_renaming_leaves_unknown_and_missing_names():
    names = pd.Series(["gata1", "X", None])
    assert checks.renamed(names, ["GATA1"], "ignore-case").tolist() == ["GATA1", "X", None]


# --- TF list


def test_a_tf_list_is_taken_once_each_in_its_order():
    assert checks.listed_names(["B", " A ", "B", float("nan"), ""]) == ["B", "A"]
    assert checks.listed_names(set("CBADFEG")) == list("ABCDEFG")  # a set has no order of its own
    assert checks.listed_names(None) is None


def test_a_single_text_and_an_empty_list_are_no_tf_lists():
    with pytest.raises(InputError, match="single text 'GATA1'"):
        checks.listed_names("GATA1")
    with pytest.raises(InputError, match="TF list is empty.*--tfs all"):
        checks.listed_names(["", None])


def test_tfs_come_in_gene_order_and_missing_ones_are_listed():
    found, missing, said = checks.choose_tfs(["D", "X", "A"], GENES, "exact", "x")
    assert (found, missing) == (["A", "D"], ["X"])
    assert said == "2 of the 3 TFs of the list are in the data; missing: X"


def test_without_a_list_all_genes_regulate_and_that_is_said():
    found, missing, said = checks.choose_tfs(None, GENES, "exact", "x")
    assert (found, missing) == (GENES, []) and "all 4 genes may regulate" in said


def test_other_spellings_of_a_tf_are_said_to_be_none():
    found, missing, said = checks.choose_tfs(["ABC1"], ["Abc1", "ABC1", "X"], "ignore-case", "t")
    assert found == ["ABC1"] and missing == []
    assert "Abc1 are other spellings of these in the data, and no TFs here" in said


def test_more_matches_under_a_looser_rule_are_said():
    assert "--match ignore-case 3" in checks.choose_tfs(["A", "b", "c"], GENES, "exact", "x")[2]


def test_a_tf_that_is_constant_is_not_called_missing_without_a_reason():
    said = checks.choose_tfs(["A", "K"], GENES, "exact", "x", dropped=["K"])[2]
    assert "of these in the data but constant: K" in said
    with pytest.raises(InputError, match="Its TFs K are there, but have one value in every cell"):
        checks.choose_tfs(["K"], GENES, "exact", "x", dropped=["K"])


def test_no_tf_left_is_refused_with_both_sides():
    with pytest.raises(
        InputError, match=r"\(1 names: X\) is left among the 4 genes of x \(A, B, C"
    ):
        checks.choose_tfs(["X"], GENES, "exact", "x")


# --- names of genes, truth


def test_repeated_gene_names_need_a_rule():
    with pytest.raises(InputError, match="1 gene names occur more than once .A.*--duplicates sum"):
        checks.check_names(["A", "B", "A"], "error", "x")
    assert checks.check_names(["A", "B", "A"], "sum", "x") == ["A"]


def test_a_gene_without_a_name_is_refused_with_its_place():
    with pytest.raises(InputError, match="gene number 2 has no name"):
        checks.check_names(["A", " ", "C"], "error", "x")


def test_genes_that_a_spreadsheet_made_dates_are_said():
    assert "2 gene names look like dates" in checks.date_note(["1-Mar", "Sep-02", "A"])
    assert checks.date_note(["OCT-4", "MARCH1", "NKX2-1", "A"]) is None


def test_a_truth_needs_its_columns_and_one_edge_among_the_genes():
    with pytest.raises(InputError, match="columns Gene1, Gene2; missing regulator, target"):
        checks.check_truth(pd.DataFrame(columns=["Gene1", "Gene2"]), GENES, "exact", "x")
    for pairs in ([], [("x", "x")], [("A", "x"), ("y", "B")]):
        truth = pd.DataFrame(pairs, columns=["regulator", "target"])
        with pytest.raises(InputError, match=f"no edge of the truth .{len(pairs)} edges"):
            checks.check_truth(truth, GENES, "exact", "x")
    checks.check_truth(
        pd.DataFrame([("A", "B")], columns=["regulator", "target"]), GENES, "exact", "x"
    )
