"""The edge table: its order, its file, and the tables of others that are read as one."""

import gzip
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.data.edges import EDGE_COLUMNS, cpdag, edge_table, ranked, read_edges, write_edges
from grnular_core.utils.errors import InputError

names = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=5).map(
    lambda name: name.strip() or "NA"
)
tables = st.lists(
    st.tuples(names, names, st.floats(0, 1e300), st.sampled_from([-1, 0, 1])), min_size=1
).map(lambda rows: ranked(pd.DataFrame(rows, columns=EDGE_COLUMNS[:4])))


def edges_of(folder, text):
    (folder / "e.csv").write_text(text, encoding="utf-8")
    return read_edges(folder / "e.csv")


def test_scores_become_edges_strongest_first_without_zeros_and_self_loops():
    scores = np.array([[9.0, 0.5, 0.0], [2.0, 9.0, 0.5]])
    signs = np.array([[1, -1, 1], [1, 1, -1]])
    assert edge_table(scores, ["B", "A"], ["B", "A", "C"], signs).values.tolist() == [
        ["A", "B", 2.0, 1, 1],
        ["A", "C", 0.5, -1, 2],
        ["B", "A", 0.5, -1, 3],
    ]


@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_genes_and_tfs_moves_no_row(columns, rows):
    scores = np.array([[0, 1, 1, 2.0], [1, 0, 1, 1], [2, 2, 0, 0]])
    genes, tfs = np.array(["A", "B", "C", "D"]), np.array(["A", "B", "C"])
    turned = edge_table(scores[np.ix_(rows, columns)], tfs[rows], genes[columns])
    pd.testing.assert_frame_equal(turned, edge_table(scores, tfs, genes))


def test_scores_that_are_no_weights_are_refused():
    for bad in (np.nan, np.inf, -1.0):
        with pytest.raises(InputError, match="NaN, infinite or negative"):
            edge_table(np.array([[bad, 1.0]]), ["A"], ["A", "B"])
    with pytest.raises(InputError, match=r"shape \(1, 2\), expected \(2 tfs, 2 genes\)"):
        edge_table(np.ones((1, 2)), ["A", "B"], ["A", "B"])


# --- the file


@given(tables, st.sampled_from(["e.csv", "e.csv.gz", "e.tsv", "e.TSV.gz", "edges", "e.parquet"]))
def test_a_written_table_comes_back_bit_by_bit(tmp_path, table, name):
    write_edges(table, tmp_path / name)
    pd.testing.assert_frame_equal(read_edges(tmp_path / name), table, check_exact=True)


def test_an_empty_table_comes_back_empty(tmp_path):
    empty = edge_table(np.zeros((1, 2)), ["A"], ["A", "B"])
    write_edges(empty, tmp_path / "e.csv")
    assert list(empty.columns) == list(read_edges(tmp_path / "e.csv").columns) == [*EDGE_COLUMNS]
    assert len(empty) == len(read_edges(tmp_path / "e.csv")) == len(cpdag(empty, ["A"])) == 0


def test_equal_tables_give_equal_bytes_also_when_packed(tmp_path, monkeypatch):
    table = edge_table(np.array([[0, 0.1]]), ["A"], ["A", "B"])
    write_edges(table, tmp_path / "a.csv.gz")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1000)
    write_edges(table, tmp_path / "b.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    for name in ("a.parquet", "b.parquet"):
        table.attrs = {"report": f"finished at {name}"}
        write_edges(table, tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert table.attrs  # stays with the table
    packed = gzip.decompress((tmp_path / "a.csv.gz").read_bytes())
    assert packed == b"regulator,target,weight,sign,rank\nA,B,0.1,0,1\n"


@pytest.mark.parametrize(
    "text",
    [
        "regulator,target,weight\nNA,B,0.5\nA,nan,2\n",
        "\ufeffweight;target;regulator\r\n0.5;B;NA\r\n2;nan;A\r\n",
        "TF\ttarget\timportance\nNA\tB\t0.5\nA\tnan\t2\n",
        "Gene1\tGene2\tEdgeWeight\nNA\tB\t0.5\nA\tnan\t2\n",
        '"regulator","target","weight"\n"NA","B"," 5e-1 "\n" A ","nan","2"\n',
        "regulator,target,weight,rank\nNA,B,0.5,1\nA,nan,2,2\n",
        # without a header, and of R
        "NA,B,0.5\nA,nan,2\n",
        "NA\tB\t0.5\nA\tnan\t2\n",
        "regulatoryGene,targetGene,weight\nNA,B,0.5\nA,nan,2\n",
        '"regulatoryGene" "targetGene" "weight"\n"1" "NA" "B" 0.5\n"2" "A" "nan" 2\n',
        '"","regulatoryGene","targetGene","weight"\n"1","NA","B",0.5\n"2","A","nan",2\n',
        "TF\ttarget\timportance\n0\tNA\tB\t0.5\n1\tA\tnan\t2\n",
    ],
)
def test_tables_of_other_tools_are_read_and_ranked_again(tmp_path, text):
    assert edges_of(tmp_path, text).values.tolist() == [["A", "nan", 2.0, 0, 1], ["NA", "B", 0.5, 0, 2]]


def test_a_negative_weight_is_a_strong_repression_unless_there_are_signs(tmp_path):
    edges = edges_of(tmp_path, "regulator,target,weight\nA,B,-2\nA,C,1\nA,D,0\n")
    assert edges[["weight", "sign"]].values.tolist() == [[2, -1], [1, 1], [0, 0]]
    edges = edges_of(tmp_path, "regulator,target,weight,sign\nA,B,-2,+\nA,C,1,\n")
    assert edges["sign"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A,B,high\n", r"columns \['A', 'B', 'high'\]; missing \['regulator', 'target', 'weight'\]"),
        ("regulator,target,weight\nA,B,\n", "data row 1: weight '' is not a finite number; leave"),
        ("regulator,target,weight\nA,B,high\n", "weight 'high'"),
        ("regulator,target,weight\nA,B,1,2\n", "3 fields and the rows have 4.*row.names"),
        ("regulator,target,weight\nA,B,1\nA,B\n", "line 3 .*: 2 fields"),
    ],
)
def test_a_table_that_is_no_edge_table_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        edges_of(tmp_path, text)


# --- the network as the paper draws it

TFS, GENES = ["a", "b", "c"], ["a", "b", "c", "x", "y"]
SCORES = np.array([[0, 4.0, 0, 1, 0], [2.0, 0, 0, 0, 5], [0, 3.0, 0, 0, 6]])
SIGNS = np.array([[0, 1, 0, -1, 0], [1, 0, 0, 0, 1], [0, -1, 0, 0, 1]])


def test_two_tfs_are_joined_once_with_the_mean_of_both_directions():
    table = cpdag(edge_table(SCORES, TFS, GENES, SIGNS), TFS)
    shown = {(r.regulator, r.target): (r.weight, r.sign, r.directed) for r in table.itertuples()}
    assert shown == {
        ("c", "y"): (6.0, 1, True),
        ("b", "y"): (5.0, 1, True),
        ("a", "b"): (3.0, 1, False),
        ("b", "c"): (1.5, -1, False),
        ("a", "x"): (1.0, -1, True),
    }
    assert list(table["rank"]) == [1, 2, 3, 4, 5]


def test_signs_that_disagree_are_unknown():
    table = cpdag(edge_table(SCORES, TFS, GENES, SIGNS * [[1], [-1], [1]]), TFS)
    assert table.set_index(["regulator", "target"]).loc[("a", "b"), "sign"] == 0
