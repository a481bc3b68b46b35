"""``gc.tl`` and ``gc.pl``: a network that stays with the cells, through h5ad too, and its drawing."""

import json

import anndata
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from small_data import TFS, small_anndata, small_table

import grnular_core as gc
from grnular_core.utils.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
mpl.use("agg")


@pytest.fixture
def axes():
    return plt.subplots()[1]


def labels(ax) -> set[str]:
    return {text.get_text() for text in ax.texts}


def test_the_network_is_written_beside_what_is_there_and_survives_h5ad(tmp_path):
    adata = small_anndata()
    adata.layers["logged"] = adata.X * 2
    adata.uns["other"] = "stays"
    assert gc.tl.infer(adata, "ridge", tfs=TFS, layer="logged", seed=np.int64(3)) is None
    expected = gc.infer(adata, "ridge", tfs=TFS, layer="logged", seed=3)
    adata.write_h5ad(tmp_path / "x.h5ad")
    back = anndata.read_h5ad(tmp_path / "x.h5ad")
    for cells in (adata, back):
        edges = cells.uns["grn"]["edges"]
        for end in ("regulator", "target"):
            assert list(edges[end]) == list(expected[end])
        numbers = ["weight", "sign", "rank"]
        np.testing.assert_array_equal(edges[numbers], expected[numbers])
        params = cells.uns["grn"]["params"]
        assert (params["method"], params["seed"], params["layer"]) == ("ridge", 3, "logged")
        assert list(params["tfs"]) == TFS and json.loads(params["report"])["data"]["cells"] == 9
        assert cells.uns["other"] == "stays"


def test_a_copy_leaves_the_cells_as_they_are(tmp_path):
    adata = small_anndata()
    found = gc.tl.infer(adata, "clr", tfs=TFS, key_added="mine", copy=True)
    assert "mine" in found.uns and not adata.uns
    adata.write_h5ad(tmp_path / "x.h5ad")
    backed = anndata.read_h5ad(tmp_path / "x.h5ad", backed="r")
    found = gc.tl.infer(backed, "clr", tfs=TFS, copy=True)
    assert "grn" in found.uns and not found.isbacked and not backed.uns


def test_what_fails_writes_nothing():
    adata = small_anndata()
    for words, message in (((adata, "human"), "tfs='human'"), ((adata, "clr"), "no TF list")):
        with pytest.raises(InputError, match=message):
            gc.tl.infer(*words)
    with pytest.raises(InputError, match="takes an AnnData, and got a DataFrame"):
        gc.tl.infer(small_table(), "clr", tfs=TFS)
    assert not adata.uns


def test_the_drawing_shows_the_strongest_edges_of_cells_or_a_table(axes):
    adata = small_anndata()
    gc.tl.infer(adata, "ridge", tfs=TFS)
    assert gc.pl.network(adata, n_edges=3, ax=axes) is axes
    edges = gc.infer(adata, "ridge", tfs=TFS)
    shown = labels(gc.pl.network(edges, n_edges=3))  # a figure of its own
    assert labels(axes) == shown and shown & {*TFS}
    assert shown <= {*edges.head(6)["regulator"], *edges.head(6)["target"]}


def test_one_group_is_drawn_and_must_be_named(axes, tmp_path):
    rng = np.random.default_rng(0)
    adata = AnnData(rng.gamma(2.0, 1.0, (120, 6)), var=pd.DataFrame(index=small_table().columns))
    adata.obs["kind"] = ["1", "2"] * 60
    gc.tl.infer(adata, "ridge", tfs=TFS, groupby="kind")
    adata.write_h5ad(tmp_path / "x.h5ad")
    adata = anndata.read_h5ad(tmp_path / "x.h5ad")
    gc.pl.network(adata, group="2", n_edges=1, ax=axes)
    best = adata.uns["grn"]["edges"].query("group == '2'").iloc[0]
    assert labels(axes) == {best["regulator"], best["target"]}
    for group in (None, "3"):
        with pytest.raises(InputError, match="expected one of 1, 2"):
            gc.pl.network(adata, group=group)


def test_what_cannot_be_drawn_is_refused():
    adata = small_anndata()
    adata.uns["umap"] = {"params": 1}
    for key in ("grn", "umap"):
        with pytest.raises(InputError, match=rf"{key}'\] holds no network \(.uns has umap"):
            gc.pl.network(adata, key)
    edges = gc.infer(adata, "ridge", tfs=TFS)
    with pytest.raises(InputError, match="none, there is one network"):
        gc.pl.network(edges, group="a")
    with pytest.raises(InputError, match="no edge"):
        gc.pl.network(edges.head(0))


def test_differences_are_drawn_in_two_colours(axes):
    names = {"regulator": ["A", "A", "B"], "target": ["B", "C", "D"]}
    table = pd.DataFrame({**names, "weight_a": [2.0, 0.1, 1.0], "weight_b": [0.1, 2.0, 1.1], "q": [0.01, 0.05, 0.8]})
    table["difference"] = table["weight_b"] - table["weight_a"]
    table.attrs["report"] = {"comparison": {"a": "ctrl", "b": "stim"}}
    assert gc.pl.differences(table, ax=axes) is axes
    assert labels(axes) == {"A", "B", "C"}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["stronger in stim", "stronger in ctrl"]
    lines = [patch for patch in axes.patches if isinstance(patch, mpl.patches.FancyArrowPatch)]
    heads = [type(line.get_arrowstyle()).__name__ == "CurveFilledB" for line in lines]
    assert len({line.get_edgecolor() for line in lines}) == 2 and sorted(heads) == [False, True]
    with pytest.raises(InputError, match="no edge differs at an FDR of 0.001"):
        gc.pl.differences(table, q=0.001)
    with pytest.raises(InputError, match="expected one of grnular_core.compare"):
        gc.pl.differences(gc.infer(small_anndata(), "clr", tfs=TFS))
