"""Exports: what other programs would read is what the network says; no input is ever changed."""

import json
from dataclasses import replace
from pathlib import Path

import anndata
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_data import small_anndata

from grnular_core.data.dataset import make_dataset
from grnular_core.data.edges import cpdag, edge_table, read_edges
from grnular_core.methods.registry import infer
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError
from grnular_core.workflow.exports import FORMATS, Result, export_paths, write_exports
from grnular_core.workflow.network_files import strongest, write_network


@pytest.fixture
def result(small_data) -> Result:
    edges = infer(small_data, "clr")
    edges = edges.join(pd.DataFrame({"stability": [1.0, 0.5], "mean_rank": [1.0, 7.5]}))
    return Result(edges.assign(q_value=0.1), small_data, top=30, drawn=10, report={"made_by": "x"})


def written(result: Result, folder: Path, *formats: str) -> dict[str, Path]:
    paths = export_paths(folder / "net.csv", formats)
    write_exports(result, paths)
    return paths


@pytest.mark.parametrize("out", ["e.csv.gz", "e.TXT", "e"])
def test_every_format_has_one_file_beside_the_result(tmp_path, out):
    paths = export_paths(tmp_path / out, ["all"])
    assert [p.name for p in paths.values()] == [f"e{form.ending}" for form in FORMATS.values()]
    assert list(export_paths(out, ["h5ad", "beeline", "h5ad"])) == ["beeline", "h5ad"]
    with pytest.raises(InputError, match="unknown format 'excel'"):
        export_paths(out, ["excel"])


@pytest.mark.parametrize(
    ("word", "header"),
    [("beeline", "Gene1\tGene2\tEdgeWeight"), ("pyscenic", "TF\ttarget\timportance")],
)
def test_tables_of_others_have_their_header_and_come_back_whole(result, tmp_path, word, header):
    path = written(result, tmp_path, word)[word]
    assert path.read_text().splitlines()[0] == header
    columns = ["regulator", "target", "weight", "rank"]
    found, expected = read_edges(path)[columns], result.edges[columns]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_the_net_of_decoupler_has_weights_with_signs(result, tmp_path):
    edges = result.edges.assign(sign=[1, -1, 0] * (len(result.edges) // 3) + [1] * (len(result.edges) % 3))
    path = written(replace(result, edges=edges), tmp_path, "decoupler")["decoupler"]
    net, top = pd.read_csv(path, float_precision="round_trip"), edges.head(result.top)
    assert list(net) == ["source", "target", "weight"] and len(net) == result.top
    np.testing.assert_array_equal(net["weight"].abs(), top["weight"])
    assert ((net["weight"] < 0) == (top["sign"] < 0)).all()
    back = read_edges(path)
    pd.testing.assert_frame_equal(back[["regulator", "target"]], top[["regulator", "target"]])


def test_network_files_hold_the_strongest_edges(result, tmp_path):
    paths = written(result, tmp_path, "graphml", "cytoscape")
    expected = cpdag(result.edges, result.data.tfs).head(result.top)
    pairs = map(tuple, expected[["regulator", "target"]].to_numpy())
    assert set(nx.read_graphml(paths["graphml"]).edges) == set(pairs)
    elements = json.loads(paths["cytoscape"].read_text())["elements"]
    assert len(elements["edges"]) == result.top


@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(1, 40))
def test_the_strongest_are_those_of_the_whole_cpdag(seed, n_tfs, n_edges):
    rng = np.random.default_rng(seed)
    genes = [f"g{i}" for i in range(9)]
    scores = rng.random((n_tfs, 9)) ** rng.integers(1, 9)
    scores[rng.random(scores.shape) < 0.3] = 0
    edges = edge_table(scores, genes[:n_tfs], genes, rng.integers(-1, 2, scores.shape))
    expected = cpdag(edges, genes[:n_tfs]).head(n_edges)  # no two edges have equal weight
    pd.testing.assert_frame_equal(strongest(edges, genes[:n_tfs], n_edges), expected)


def test_the_h5ad_is_the_input_and_the_table(tmp_path):
    adata = small_anndata("csr")
    adata.layers["raw_counts"], adata.uns["mine"] = adata.X.copy(), {"a": 1}
    adata.uns["grnular"] = "of an earlier run"
    adata.write_h5ad(tmp_path / "in.h5ad")
    before = (tmp_path / "in.h5ad").read_bytes()
    table = anndata.read_h5ad(tmp_path / "in.h5ad")
    data = make_dataset(table, ["GATA1", "SPI1"])
    edges = infer(data, "clr").assign(q_value=0.5)
    path = written(Result(edges, data, table, report={"seed": 3}), tmp_path, "h5ad")["h5ad"]
    found = anndata.read_h5ad(path)
    assert (tmp_path / "in.h5ad").read_bytes() == before
    assert table.uns["grnular"] == "of an earlier run"
    np.testing.assert_array_equal(found.X.toarray(), adata.X.toarray())
    assert list(found.var_names) == list(adata.var_names) and found.uns["mine"] == {"a": 1}
    assert "raw_counts" in found.layers
    stored = found.uns["grnular"]
    assert json.loads(stored["report"]) == {"seed": 3}
    names = {"regulator": str, "target": str}
    back = stored["edges"].reset_index(drop=True).astype(names)
    pd.testing.assert_frame_equal(back, edges.astype(names))


def test_a_plain_table_becomes_cells_by_genes(result, tmp_path):
    found = anndata.read_h5ad(written(result, tmp_path, "h5ad")["h5ad"])
    assert list(found.var_names) == result.data.genes
    stable = found.uns["grnular"]["edges"]["stability"]
    assert stable.notna().sum() == 2 and stable.iloc[0] == 1.0


def test_the_picture_is_an_svg_with_its_genes_and_equal_bytes_each_time(result, tmp_path):
    first, again = (written(result, tmp_path, "picture")["picture"].read_bytes() for _ in range(2))
    drawn = strongest(result.edges, result.data.tfs, result.drawn)
    assert b"<svg" in first and all(name.encode() in first for name in drawn["target"])
    assert again == first


def test_a_missing_package_is_named_and_nothing_is_left(result, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "networkx", None)
    with pytest.raises(InputError, match=r"net.graphml was not written: it takes networkx"):
        written(result, tmp_path, "graphml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", list(FORMATS))
def test_a_failed_write_leaves_the_old_file(result, tmp_path, word, monkeypatch):
    path = export_paths(tmp_path / "net.csv", [word])[word]
    path.write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(WriteError, match="no space left"):
        written(result, tmp_path, word)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


# --- network files


TFS, GENES = ["Sox2", "Sox7"], ["Sox2", "Sox7", "a<b>&", "é"]
SCORES = np.array([[0, 0.1, 1 / 3, 0], [0.3, 0, 0.5, 0.7]])
SIGNS = np.array([[0, 1, -1, 0], [1, 0, 1, -1]])


@pytest.fixture
def network() -> pd.DataFrame:
    return cpdag(edge_table(SCORES, TFS, GENES, SIGNS), TFS)


@pytest.mark.parametrize("ending", ["graphml", "json"])
def test_network_files_come_back_whole_and_have_equal_bytes_each_time(network, ending, tmp_path):
    path, again = tmp_path / f"net.{ending}", tmp_path / f"again.{ending}"
    write_network(network, TFS, path)
    write_network(network.astype({"sign": np.int8}), tuple(TFS), again)
    assert path.read_bytes() == again.read_bytes()
    if ending == "graphml":
        graph = nx.read_graphml(path)
    else:
        written = json.loads(path.read_text())
        graph = nx.cytoscape_graph(written)
        ids = [item["data"]["id"] for kind in written["elements"].values() for item in kind]
        assert len(set(ids)) == len(ids)
    keys = ["weight", "sign", "rank", "directed"]
    found = {(a, b): tuple(d[k] for k in keys) for a, b, d in graph.edges(data=True)}
    rows = network.set_index(["regulator", "target"])[keys]
    assert found == dict(zip(rows.index, rows.itertuples(index=False, name=None), strict=True))
    assert found["Sox2", "Sox7"] == (pytest.approx(0.2), 1, 4, False) and len(found) == 4
    assert dict(graph.nodes(data="is_tf")) == {gene: gene in TFS for gene in GENES}


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (lambda t: t.iloc[:0], "net.graphml", "no edge"),
        (lambda t: t.iloc[:1].assign(target="a\x00b"), "net.json", "cannot be the name of a gene"),
        (lambda t: t, "net.gml", r"unknown extension of net\.gml"),
    ],
)
def test_what_is_no_network_file_is_refused(network, change, name, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write_network(change(network), TFS, tmp_path / name)
    assert not list(tmp_path.iterdir())
