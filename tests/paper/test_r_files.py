"""R files: sparse matrices are found at any depth, tables come with plain names."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import rdata
from grnular_paper.r_files import plain, read_objects, sparse_matrices
from rdata.conversion.to_r import ConverterFromPythonToR, build_r_object
from rdata.parser import RObjectType
from scipy import sparse

from grnular_core.utils.errors import InputError


def parsed(monkeypatch, *objects):
    """Make the parser answer with a list of these: the package writes no objects of R's classes."""
    made = build_r_object(RObjectType.VEC, value=list(objects))
    monkeypatch.setattr(rdata.parser, "parse_file", lambda path: SimpleNamespace(object=made))


def s4(name: str, **parts: object):
    """An object of an R class of that name, with these parts."""
    attributes = ConverterFromPythonToR().convert_to_r_attributes({**parts, "class": np.array([name])})
    return build_r_object(RObjectType.S4, is_object=True, attributes=attributes)


def matrix(values: np.ndarray, rows: list[str], columns: list[str]):
    found = sparse.csc_matrix(values)
    names = [np.array(rows), np.array(columns)]
    return s4(
        "dgCMatrix", i=found.indices.astype("int32"), p=found.indptr.astype("int32"),
        Dim=np.array(values.shape, dtype="int32"), Dimnames=names, x=found.data,
    )  # fmt: skip


def test_sparse_matrices_come_in_the_order_of_the_file_with_their_names(monkeypatch):
    first, second = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]), np.array([[5.0]])
    assay = s4("Assay", counts="its place")
    assay.attributes.value = (matrix(second, ["c"], ["w"]), assay.attributes.value[1])  # inside of another object
    parsed(monkeypatch, matrix(first, ["a", "b"], ["x", "y", "z"]), assay)
    found = sparse_matrices("x.rda")
    np.testing.assert_array_equal(found[0].values.toarray(), first)
    assert (found[0].rows, found[0].columns) == (["a", "b"], ["x", "y", "z"])
    np.testing.assert_array_equal(found[1].values.toarray(), second)


def test_a_file_without_a_matrix_is_refused(tmp_path):
    rdata.write_rda(tmp_path / "x.rda", {"numbers": np.arange(3.0)})
    with pytest.raises(InputError, match="no sparse matrix; expected an R file with a dgCMatrix"):
        sparse_matrices(tmp_path / "x.rda")


@pytest.mark.parametrize("ending", ["rds", "rda"])
def test_tables_come_back_with_plain_names(tmp_path, ending):
    table = pd.DataFrame({"tf": ["A", "B"], "mor": [1.0, -1.0]})
    path = tmp_path / f"x.{ending}"
    if ending == "rds":
        rdata.write_rds(path, table)
        found = read_objects(path)
    else:
        rdata.write_rda(path, {"edges": table})
        found = read_objects(path)["edges"]
    back = plain(found)
    assert [type(name) for name in back.columns] == [str, str]
    assert back.to_dict("list") == table.to_dict("list")
