"""Networks as files: what is read back is what was written, and no half file is left."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from grnular_core.data.edges import cpdag, edge_table
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError
from grnular_core.workflow.network_files import write_network

TFS, GENES = ["Sox2", "Sox7"], ["Sox2", "Sox7", "a<b>&", "é"]
SCORES = np.array([[0, 0.1, 1 / 3, 0], [0.3, 0, 0.5, 0.7]])
SIGNS = np.array([[0, 1, -1, 0], [1, 0, 1, -1]])


@pytest.fixture
def table() -> pd.DataFrame:
    return cpdag(edge_table(SCORES, TFS, GENES, SIGNS), TFS)


def expected(table: pd.DataFrame) -> dict[tuple[str, str], tuple]:
    return {
        (r.regulator, r.target): (r.weight, r.sign, r.rank, r.directed) for r in table.itertuples()
    }


def test_graphml_comes_back_whole(table, tmp_path):
    write_network(table, TFS, tmp_path / "net.graphml")
    graph = nx.read_graphml(tmp_path / "net.graphml")
    keys = ("weight", "sign", "rank", "directed")
    found = {(a, b): tuple(d[k] for k in keys) for a, b, d in graph.edges(data=True)}
    assert found == expected(table) and len(found) == 4
    assert found["Sox2", "Sox7"] == (pytest.approx(0.2), 1, 4, False)
    assert dict(graph.nodes(data="is_tf")) == {g: g in TFS for g in GENES}


def test_cytoscape_json_comes_back_whole(table, tmp_path):
    write_network(table, TFS, tmp_path / "net.json")
    read = json.loads((tmp_path / "net.json").read_text())
    graph = nx.cytoscape_graph(read)
    keys = ("weight", "sign", "rank", "directed")
    found = {(a, b): tuple(d[k] for k in keys) for a, b, d in graph.edges(data=True)}
    assert found == expected(table)
    assert dict(graph.nodes(data="is_tf")) == {g: g in TFS for g in GENES}
    ids = [element["data"]["id"] for kind in read["elements"].values() for element in kind]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("ending", ["graphml", "json"])
def test_equal_tables_give_equal_bytes_whatever_the_type_of_numbers(table, ending, tmp_path):
    write_network(table, TFS, tmp_path / f"a.{ending}")
    write_network(table.astype({"sign": np.int8}), tuple(TFS), tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.iloc[:0], "no edge"),
        (lambda t: t.iloc[:1].assign(target="a\x00b"), "can not be the name of a gene"),
    ],
)
def test_what_is_no_network_is_refused_and_the_old_file_kept(table, change, said, tmp_path):
    path = tmp_path / "net.graphml"
    path.write_text("old")
    with pytest.raises(InputError, match=said):
        write_network(change(table), TFS, path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_other_endings_folders_and_texts_are_refused(table, tmp_path):
    with pytest.raises(InputError, match=r"net\.gml: the ending says the format"):
        write_network(table, TFS, tmp_path / "net.gml")
    with pytest.raises(WriteError, match="there is no folder"):
        write_network(table, TFS, tmp_path / "gone" / "net.json")
