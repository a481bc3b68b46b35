"""Matrix Market files: both layouts, both ways round, and damage of any kind."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_data import GENES, small_table, write_10x

from grnular_core.data.readers import read_expression
from grnular_core.utils.errors import InputError
from grnular_core.workflow.user_data import genes_only

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


def test_features_that_are_no_genes_are_marked(tmp_path):
    (tmp_path / "matrix.mtx").write_text(
        "%%MatrixMarket matrix coordinate integer general\n3 2 2\n1 1 5\n3 2 1\n"
    )
    (tmp_path / "barcodes.tsv").write_text("AC\nAG\n")
    kinds = ["Gene Expression", "Antibody Capture", "Gene Expression"]
    rows = [f"E{i}\tG{i}\t{kind}\n" for i, kind in enumerate(kinds)]
    (tmp_path / "features.tsv").write_text("".join(rows))
    read = read_expression(tmp_path)
    assert read.var["feature_types"].tolist() == kinds
    kept, note = genes_only(read)
    assert list(kept.var_names) == ["G0", "G2"] and read.n_vars == 3
    assert note == "1 of 3 features are no Gene Expression (Antibody Capture); they are left out"
    (tmp_path / "features.tsv").write_text("".join(rows).replace("Antibody Capture", kinds[0]))
    read = read_expression(tmp_path)
    assert list(read.var) == ["gene_ids"] and read.var["gene_ids"].tolist() == ["E0", "E1", "E2"]
    assert genes_only(read) == (read, None)


def test_a_csv_of_features_may_hold_quoted_commas(tmp_path):
    path = write_10x(small_table(), tmp_path)
    names = ["a,b", 'c"d', "e", "f", "g", "h"]
    rows = [
        f'ID{i},"{name.replace(chr(34), chr(34) * 2)}","x, y"\n' for i, name in enumerate(names)
    ]
    (tmp_path / "features.tsv").unlink()
    (tmp_path / "features.csv").write_text("".join(rows))
    assert list(read_expression(path).var_names) == names


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
