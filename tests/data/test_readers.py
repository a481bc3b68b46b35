"""Expression files: every format gives the same table; names and numbers survive as written."""

from __future__ import annotations

import csv
import gzip
import math
import os

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_data import CELLS, GENES, TFS, small_anndata, small_table, write_10x

from grnular_core.data.dataset import make_dataset
from grnular_core.data.gene_lists import read_network, read_tfs
from grnular_core.data.readers import files_read, read_expression
from grnular_core.utils.errors import InputError
from grnular_core.workflow.user_data import genes_only

QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_text(folder, content, name="x.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_expression(folder / name)


# --- one dataset, whatever the format


def as_csv(folder):
    small_table().to_csv(folder / "x.csv")
    return str(folder / "x.csv")


def as_tsv_gz_turned(folder):
    small_table().T.to_csv(folder / "x.tsv.gz", sep="\t")
    return folder / "x.tsv.gz"


def as_excel_would_write_it(folder):
    text = "\ufeff" + small_table().to_csv(lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    (folder / "x.CSV").write_bytes(text.encode() + b"\r\n")
    return folder / "x.CSV"


def as_r_would_write_it(folder):
    """No field above the row names, all names quoted (write.table with sep)."""
    lines = small_table().to_csv(sep="\t", quoting=csv.QUOTE_NONNUMERIC).split("\n")
    lines[0] = lines[0].removeprefix('""\t')
    (folder / "x.txt").write_text("\n".join(lines).rstrip("\n"), encoding="utf-8")
    return folder / "x.txt"


def as_h5ad(folder):
    small_anndata("csc").write_h5ad(folder / "x.h5ad")
    return folder / "x.h5ad"


def as_10x_folder(folder):
    write_10x(small_table(), folder / "sample")
    return folder / "sample"


def as_mtx_gz_beside_another_sample(folder):
    write_10x(small_table(1).iloc[:4], folder, prefix="GSM1_", packed=True)
    write_10x(small_table(1).iloc[:4], folder, prefix="GSM3_", packed=True)
    return write_10x(small_table(), folder, prefix="GSM2_", packed=True)


FORMS = [
    as_csv,
    as_tsv_gz_turned,
    as_excel_would_write_it,
    as_r_would_write_it,
    as_h5ad,
    as_10x_folder,
    as_mtx_gz_beside_another_sample,
]


@pytest.mark.parametrize("write", FORMS, ids=[form.__name__ for form in FORMS])
def test_every_format_gives_the_same_dataset(write, tmp_path, recwarn):
    data = make_dataset(read_expression(write(tmp_path)), TFS)
    expected = make_dataset(small_table(), TFS)
    assert data.genes == GENES and list(data.adata.obs_names) == CELLS
    assert np.array_equal(data.expression(), expected.expression())  # the same bits
    assert data.fingerprint() == expected.fingerprint() and data.tfs == expected.tfs
    assert not recwarn.list


# --- names and numbers of text tables


def test_names_that_look_like_missing_values_or_numbers_stay_names(tmp_path):
    read = read_text(
        tmp_path, "cell,NA,nan,null,None,1e5,007,TRUE\nc1,1,2,3,4,5,6,7\nNA,1,2,3,4,5,6,8\n"
    )
    assert list(read.columns) == ["NA", "nan", "null", "None", "1e5", "007", "TRUE"]
    assert list(read.index) == ["c1", "NA"]


def test_repeated_names_are_not_mangled(tmp_path):
    read = read_text(tmp_path, ",A,A,A.1\nc,1,2,3\nc,4,5,6\n")
    assert list(read.columns) == ["A", "A", "A.1"] and list(read.index) == ["c", "c"]


NUMBERS = ("1", "1e3", "1E-3", ".5", "5.", "+2", " 3 ", "0.1", "-0", "3.542118154779029", "2e-308")


def test_numbers_are_read_as_written(tmp_path):
    header = ",".join(f"c{i}" for i in range(len(NUMBERS)))
    read = read_text(tmp_path, f"gene,{header}\nA,{','.join(NUMBERS)}\nB,{','.join(NUMBERS)}\n")
    assert read.loc["B"].tolist() == [float(word) for word in NUMBERS]
    # and also in a column that holds a missing one
    column = "\n".join(f"c{i},{word},1" for i, word in enumerate(["", *NUMBERS]))
    assert read_text(tmp_path, f"cell,A,B\n{column}\n")["A"][1:].tolist() == [*map(float, NUMBERS)]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=4, max_size=4))
@QUIET
def test_a_written_float_comes_back_bit_by_bit(tmp_path, numbers):
    table = pd.DataFrame(np.reshape(numbers, (2, 2)), index=["c", "d"], columns=["A", "B"])
    table.to_csv(tmp_path / "x.csv")
    assert read_expression(tmp_path / "x.csv").to_numpy().tobytes() == table.to_numpy().tobytes()


@pytest.mark.parametrize("word", ["", "NA", "nan", "N/A", "#N/A", "null", " - ", "?"])
def test_missing_words_are_missing_values_and_refused_with_their_place(tmp_path, word):
    read = read_text(tmp_path, f"cell,A,B\nc1,1,0.1\nc2,{word},0.1\n")
    assert math.isnan(read.loc["c2", "A"])
    assert read.loc["c1", "A"] == 1.0 and read.loc["c2", "B"] == 0.1
    with pytest.raises(InputError, match="1 missing .* first at cell c2, gene A"):
        make_dataset(read, ["A"])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n   \n"])
def test_line_ends_and_blank_lines_do_not_matter(tmp_path, newline, end):
    text = ("cell,A,B\nc1,1,2\n\nc2,3,4" + end).replace("\n", newline)
    assert read_text(tmp_path, text).to_numpy().tolist() == [[1, 2], [3, 4]]


def test_row_numbers_may_be_row_names(tmp_path):
    for text in (",A,B\n0,1,2\n1,3,4\n", "id,A,B\n17,1,2\n5,3,4\n", ",A,B\n0,1,2\n0,3,4\n"):
        assert read_text(tmp_path, text).columns.tolist() == ["A", "B"]
    numbered = read_text(tmp_path, ",0,1\nA,1,2\nB,3,4\n")
    assert list(numbered.columns) == ["0", "1"]


def test_a_table_without_row_names_loses_no_gene(tmp_path):
    for text in ("GATA1,B\n0.5,1\n1.5,2\n", "GATA1,B\n3,1\n0,2\n0,2\n"):
        with pytest.raises(InputError, match="first column .'GATA1'. holds numbers such as"):
            read_text(tmp_path, text)
    # whole numbers that all differ pass here; the TF list gives them away
    read = read_text(tmp_path, "GATA1,B,C\n1,1,2\n2,2,5\n")
    with pytest.raises(InputError, match="names of the cells stand below GATA1, which is a TF"):
        make_dataset(read, ["GATA1", "B"])


# no digits: a first line or column of nothing but numbers is refused as one without names
letters = st.characters(codec="utf-8", exclude_categories=("C", "Nd", "Z"))
names = st.text(letters | st.sampled_from(", \t;\"'"), min_size=1, max_size=6).map(
    lambda name: name.strip() or "x"
)
frames = st.tuples(
    st.lists(names, min_size=2, max_size=4),
    st.lists(names, min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
)


@given(frames, st.sampled_from([("csv", ","), ("tsv", "\t")]), st.booleans())
@QUIET
def test_any_names_and_numbers_survive_a_round_trip(tmp_path, frame, form, packed):
    columns, rows, seed = frame
    ending, separator = form
    values = np.random.default_rng(seed).normal(size=(len(rows), len(columns)))
    path = tmp_path / (f"x.{ending}" + ".gz" * packed)
    pd.DataFrame(values, index=rows, columns=columns).to_csv(path, sep=separator)
    read = read_expression(path)
    assert list(read.columns) == columns and list(read.index) == rows
    assert np.array_equal(read, values)


# --- Matrix Market


def test_a_square_mtx_is_taken_as_10x_writes_it(tmp_path):
    table = small_table().iloc[:6]
    read = read_expression(write_10x(table, tmp_path))
    assert np.array_equal(read.X.toarray(), table) and list(read.var_names) == GENES


def write_mtx(folder, text, features="A\nB\n", barcodes="c1\nc2\nc3\n"):
    (folder / "matrix.mtx").write_text(f"%%MatrixMarket matrix {text}")
    (folder / "features.tsv").write_text(features)
    (folder / "barcodes.tsv").write_text(barcodes)
    return read_expression(folder)


def test_a_cells_x_genes_mtx_and_ids_without_symbols_are_understood(tmp_path):
    read = write_mtx(
        tmp_path, "coordinate integer general\n2 3 2\n1 1 5\n2 3 1\n",
        "ENSG1\t\nENSG2\tB\nENSG3\n", '"AC"\nAG\n',
    )  # fmt: skip
    assert list(read.var_names) == ["ENSG1", "B", "ENSG3"] and list(read.obs_names) == ["AC", "AG"]
    assert read.X.toarray().tolist() == [[5, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("coordinate pattern general\n% made by me\n2 3 2\n1 1\n2 3\n", [[1, 0], [0, 0], [0, 1]]),
        ("array real general\n2 3\n1\n2\n3.5\n4\n5\n1e1\n", [[1, 2], [3.5, 4], [5, 10]]),
        ("coordinate integer general\n2 3 0\n", [[0, 0], [0, 0], [0, 0]]),
    ],
)
def test_pattern_dense_and_empty_mtx_are_read(tmp_path, text, values):
    assert write_mtx(tmp_path, text).X.toarray().tolist() == values


def test_features_that_are_no_genes_are_marked(tmp_path):
    text, barcodes = "coordinate integer general\n3 2 2\n1 1 5\n3 2 1\n", "AC\nAG\n"
    kinds = ["Gene Expression", "Antibody Capture", "Gene Expression"]
    rows = "".join(f"E{i}\tG{i}\t{kind}\n" for i, kind in enumerate(kinds))
    read = write_mtx(tmp_path, text, rows, barcodes)
    assert read.var["feature_types"].tolist() == kinds
    kept, note = genes_only(read)
    assert list(kept.var_names) == ["G0", "G2"] and read.n_vars == 3
    assert note == "1 of 3 features are no Gene Expression (Antibody Capture); they are left out"
    read = write_mtx(tmp_path, text, rows.replace("Antibody Capture", kinds[0]), barcodes)
    assert list(read.var) == ["gene_ids"] and read.var["gene_ids"].tolist() == ["E0", "E1", "E2"]
    assert genes_only(read) == (read, None)


def test_a_csv_of_features_may_hold_quoted_commas(tmp_path):
    path = write_10x(small_table(), tmp_path)
    names = ["a,b", 'c"d', "e", "f", "g", "h"]
    quoted = [name.replace('"', '""') for name in names]
    (tmp_path / "features.tsv").unlink()
    (tmp_path / "features.csv").write_text(
        "".join(f'ID{i},"{name}","x, y"\n' for i, name in enumerate(quoted))
    )
    assert list(read_expression(path).var_names) == names


def test_the_files_of_an_mtx_are_all_that_is_read(tmp_path):
    path = write_10x(small_table(), tmp_path / "m", packed=True)
    names = ["matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz"]
    assert [file.name for file in files_read(path)] == names
    assert files_read(tmp_path / "m") == files_read(path)
    assert [p.name for p in files_read("x.csv") + files_read("no.mtx")] == ["x.csv", "no.mtx"]


# --- malformed files: an InputError or a table, never anything else


pieces = [*"aA1,;\t\n\r \"'.-e#\0é\ufeff\u2028", "nan", "\r\n", ",,", "1.5", "gene,a,b\nA,"]
text_like = st.lists(st.sampled_from(pieces), max_size=30).map("".join)


@given(text_like.map(str.encode) | st.binary(max_size=60))
@QUIET
def test_malformed_text_is_read_or_refused_and_nothing_else(tmp_path, content):
    for name, read in (
        ("x.csv", read_expression),
        ("x.tsv", read_expression),
        ("net.csv", read_network),
        ("tfs.txt", read_tfs),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        try:
            answer = read(path)
        except InputError as error:
            assert name in str(error)
        else:
            assert len(answer) > 0


@given(st.binary(max_size=200), st.integers(0, 400))
@QUIET
def test_a_damaged_gzip_is_refused_or_read_right(tmp_path, noise, at):
    packed = bytearray(gzip.compress(small_table().to_csv().encode(), mtime=0))
    packed[at : at + len(noise)] = noise
    try:
        read = read_text(tmp_path, bytes(packed), "x.csv.gz")
    except InputError as error:
        assert "x.csv.gz" in str(error)
    else:
        assert np.array_equal(read, small_table())


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


@pytest.mark.parametrize("kept", [8, 300, 0.5, 0.9, 0.999])
def test_an_h5ad_that_was_cut_is_refused(tmp_path, kept):
    path = as_h5ad(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept > 1 else int(kept * len(content))])
    with pytest.raises(InputError, match="x.h5ad is not a readable h5ad file .*write it again"):
        read_expression(path)


def test_a_quotation_mark_left_open_swallows_no_rows(tmp_path):
    with pytest.raises(InputError, match="quotation mark is left open before 'c1,1"):
        read_text(tmp_path, 'cell,A,B\n"c1,1,2\nc2",3,4\nc3,5,6\n')
    with pytest.raises(InputError, match="field larger than field limit"):
        read_text(tmp_path, "gene," + "x" * 200_000 + "\nA,1\n")


@pytest.mark.parametrize("content", ["cell,A\0,B\nc,1,2\nd,3,5\n", "cell,A,B\nc,1,2\nd,3\0,5\n"])
def test_a_nul_character_does_not_end_a_value_in_silence(tmp_path, content):
    with pytest.raises(InputError, match="x.csv is no plain text"):
        read_text(tmp_path, content)


def test_a_failing_disk_is_said(tmp_path, monkeypatch):
    path = as_csv(tmp_path)
    monkeypatch.setattr("grnular_core.data.text._Text.read", lambda *_: os.read(-1, 1))
    monkeypatch.setattr("grnular_core.data.text._Text.__next__", lambda *_: os.read(-1, 1))
    with pytest.raises(InputError, match="x.csv cannot be read: Bad file descriptor"):
        read_expression(path)
