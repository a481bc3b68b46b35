"""Names: which side holds the genes, which genes are TFs, what matches what."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data import names
from grnular_core.data.dataset import _listed_names
from grnular_core.utils.errors import InputError

CELLS = ["c1", "c2", "c3"]
GENES = ["A", "B", "C", "D"]


def spelled(given: list[str], genes: list[str], match: str) -> list[str]:
    return names.match_spelling(pd.Series(given, dtype=object), genes, match).tolist()


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


def test_a_misspelt_rule_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="orientation 'genes'; expected one of auto, cells-x-"):
        names.choose_orientation(CELLS, GENES, ["A"], "genes")
    with pytest.raises(InputError, match="match 'case'; expected one of exact"):
        names.choose_tfs(["A"], GENES, "case", "x")
    with pytest.raises(InputError, match="duplicates 'drop'; expected one of auto, error"):
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
    assert _listed_names(["B", " A ", "B", float("nan"), ""]) == ["B", "A"]
    assert _listed_names(set("CBADFEG")) == list("ABCDEFG")  # a set has no order of its own
    assert _listed_names(None) is None
    with pytest.raises(InputError, match="single text 'GATA1'"):
        _listed_names("GATA1")
    with pytest.raises(InputError, match="TF list is empty.*--tfs all"):
        _listed_names(["", None])


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
