"""Matrix Market files: both layouts, both ways round, and damage of any kind."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_data import GENES, small_table, write_10x

from grnular_core.errors import InputError
from grnular_core.reading import read_expression

QUIET = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_square_mtx_is_taken_as_10x_writes_it(tmp_path):
    table = small_table().iloc[:6]
    read = read_expression(write_10x(table, tmp_path))
    assert np.array_equal(read.X.toarray(), table) and list(read.var_names) == GENES


def test_a_cells_x_genes_mtx_and_ids_without_symbols_are_understood(tmp_path):
    (tmp_path / "matrix.mtx").write_text(
        "%%MatrixMarket matrix coordinate integer general\n2 3 2\n1 1 5\n2 3 1\n"
    )
    (tmp_path / "genes.tsv").write_text("ENSG1\t\nENSG2\tB\nENSG3\n")
    (tmp_path / "barcodes.tsv").write_text('"AC"\nAG\n')
    read = read_expression(tmp_path)
    assert list(read.var_names) == ["ENSG1", "B", "ENSG3"] and list(read.obs_names) == ["AC", "AG"]
    assert read.X.toarray().tolist() == [[5, 0, 0], [0, 0, 1]]


def test_a_pattern_and_a_dense_mtx_are_read(tmp_path):
    (tmp_path / "features.tsv").write_text("A\nB\n")
    (tmp_path / "barcodes.tsv").write_text("c1\nc2\nc3\n")
    for text, values in (
        ("coordinate pattern general\n% made by me\n2 3 2\n1 1\n2 3\n", [[1, 0], [0, 0], [0, 1]]),
        ("array real general\n2 3\n1\n2\n3.5\n4\n5\n1e1\n", [[1, 2], [3.5, 4], [5, 10]]),
        ("coordinate integer general\n2 3 0\n", [[0, 0], [0, 0], [0, 0]]),
    ):
        (tmp_path / "matrix.mtx").write_text(f"%%MatrixMarket matrix {text}")
        assert read_expression(tmp_path).X.toarray().tolist() == values


@given(st.binary(max_size=100), st.integers(0, 300))
@QUIET
def test_a_damaged_mtx_is_refused_or_read(tmp_path, noise, at):
    path = write_10x(small_table(), tmp_path)
    content = bytearray(path.read_bytes())
    content[at : at + len(noise)] = noise
    path.write_bytes(content)
    try:
        assert isinstance(read_expression(path), AnnData)
    except InputError as error:
        assert "matrix.mtx" in str(error)
