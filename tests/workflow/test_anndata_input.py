"""Every form of an AnnData holds the same cells: in memory, view, backed, dask, sparse or not, any slot."""

import anndata
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from small_data import TFS, small_anndata, small_table

from grnular_core.data.dataset import GRNDataset
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import selected
from grnular_core.workflow.user_data import InputOptions, read_user_data


def read(adata: AnnData, **options) -> GRNDataset:
    return read_user_data(InputOptions(adata, TFS, **options)).data


def dask_of(make) -> AnnData:
    """The small table in blocks of rows and columns, each made by ``make``."""
    adata, values = small_anndata("dense"), small_table().to_numpy()
    adata.X = da.from_array(values, chunks=(4, 4)).map_blocks(make, meta=make(np.zeros((0, 0))))
    return adata


def forms(folder) -> dict[str, tuple[AnnData, dict[str, object]]]:
    """Name -> the cells in that form, and the options that name their slot."""
    found = {kind: (small_anndata(kind), {}) for kind in ("csr", "csc", "dense")}
    for make in (np.asarray, sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix):
        found[f"dask of {make.__name__}"] = (dask_of(make), {})
    slots = small_anndata("csr")
    slots.raw = slots.copy()
    slots.layers["logged"] = slots.X.copy()
    slots.X = slots.X * 2
    empty = slots.copy()
    empty.X = None
    found |= {
        "layer": (slots, {"layer": "logged"}), "raw": (slots, {"use_raw": True}),
        "layer without X": (empty, {"layer": "logged"}),
        "raw of a view": (slots[:, ::-1][:, :3], {"layer": "raw"}),
    }  # fmt: skip
    double = anndata.concat([small_anndata("csr"), small_anndata("csr")])
    found["view"] = (double[:9], {})
    for kind in ("csr", "dense"):
        path = folder / f"{kind}.h5ad"
        small_anndata(kind).write_h5ad(path)
        found[f"backed {kind}"] = (anndata.read_h5ad(path, backed="r"), {})
        found[f"view of backed {kind}"] = (anndata.read_h5ad(path, backed="r")[:9], {})
    slots.write_h5ad(folder / "slots.h5ad")
    backed = anndata.read_h5ad(folder / "slots.h5ad", backed="r")
    found |= {"backed raw": (backed, {"use_raw": True}), "backed layer": (backed, {"layer": "logged"})}
    return found


def test_every_form_gives_the_same_cells_and_stays_as_it_is(tmp_path):
    for name, (adata, options) in forms(tmp_path).items():
        before = (type(adata.X), adata.is_view, adata.isbacked, list(adata.var_names))
        found = read(adata, **options)
        np.testing.assert_array_equal(found.expression(), small_table(), err_msg=name)
        assert found.genes == list(small_table()) and found.tfs == tuple(TFS), name
        assert before == (type(adata.X), adata.is_view, adata.isbacked, list(adata.var_names)), name


def test_values_in_memory_are_taken_without_a_copy_and_names_as_they_are():
    adata = small_anndata("csr")
    found = selected(adata, None, "here")
    assert np.shares_memory(found.X.data, adata.X.data)
    adata.var_names = ["a", "a", *adata.var_names[2:]]
    assert list(selected(adata, None, "here").var_names)[:2] == ["a", "a"]


@pytest.mark.parametrize("column", [0, "0"])
def test_names_in_a_column_without_a_name_are_found(column):
    adata = small_anndata()
    names = list(adata.var_names)
    adata.var = pd.DataFrame(names, index=map(str, range(6)))
    assert read(adata, gene_symbols=column).genes == names


def test_what_is_not_there_is_refused_by_name():
    adata = small_anndata()
    for layer, message in (("counts", "no layer 'counts'"), ("raw", "no .raw")):
        with pytest.raises(InputError, match=message):
            selected(adata, layer, "here")
    adata.layers["logged"] = adata.X
    adata.X = None
    with pytest.raises(InputError, match="no X; pass --layer with one of its layers: 'logged'"):
        selected(adata, None, "here")
    with pytest.raises(InputError, match="expected a pandas DataFrame"):
        read_user_data(InputOptions(small_table().to_numpy(), TFS))
