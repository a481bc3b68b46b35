"""The CPDAG: TFs joined without direction, everything else as it was."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd

from grnular_core.data.cpdag import cpdag
from grnular_core.data.edges import edge_table

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
    signs = SIGNS.copy()
    signs[1, 0] = -1
    table = cpdag(edge_table(SCORES, TFS, GENES, signs), TFS)
    assert table.set_index(["regulator", "target"]).loc[("a", "b"), "sign"] == 0


def test_directed_edges_never_close_a_cycle():
    rng = np.random.default_rng(0)
    table = cpdag(edge_table(rng.random((3, 5)), TFS, GENES), TFS)
    directed = table[table["directed"]]
    assert nx.is_directed_acyclic_graph(
        nx.DiGraph(directed[["regulator", "target"]].to_numpy().tolist())
    )
    assert len(table) == 3 + 3 * 2


def test_an_empty_table_stays_empty():
    empty = edge_table(np.zeros((3, 5)), TFS, GENES)
    assert len(cpdag(empty, TFS)) == 0
    assert isinstance(cpdag(empty, TFS), pd.DataFrame)
