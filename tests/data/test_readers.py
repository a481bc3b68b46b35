"""Expression files: every format gives the same table; names and numbers survive as written."""

import csv
import os

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from small_data import CELLS, GENES, TFS, small_anndata, small_table, write_10x

from grnular_core.data.dataset import make_dataset
from grnular_core.data.gene_lists import read_network, read_tfs
from grnular_core.data.readers import files_read, read_expression
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import genes_only


def read_text(folder, content, name="x.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_expression(folder / name)


# --- one dataset, whatever the format


def as_tsv_gz_turned(folder):
    small_table().T.to_csv(folder / "x.tsv.gz", sep="\t")
    return str(folder / "x.tsv.gz")


def as_excel_would_write_it(folder):
    text = "\ufeff" + small_table().to_csv(lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    (folder / "x.CSV").write_bytes(text.encode() + b"\r\n")
    return folder / "x.CSV"


def as_r_would_write_it(folder):
    """No field above the row names, all names quoted (write.table with sep)."""
    text = small_table().to_csv(sep="\t", quoting=csv.QUOTE_NONNUMERIC)
    (folder / "x.txt").write_text(text.removeprefix('""\t').rstrip("\n"), encoding="utf-8")
    return folder / "x.txt"


def as_h5ad(folder):
    small_anndata("csc").write_h5ad(folder / "x.h5ad")
    return folder / "x.h5ad"


def as_10x_folder(folder):
    return write_10x(small_table(), folder / "sample").parent


def as_mtx_gz_beside_another_sample(folder):
    for prefix in ("GSM1_", "GSM3_"):
        write_10x(small_table(1).iloc[:4], folder, prefix=prefix, packed=True)
    return write_10x(small_table(), folder, prefix="GSM2_", packed=True)


FORMS = (
    as_tsv_gz_turned, as_excel_would_write_it, as_r_would_write_it,
    as_h5ad, as_10x_folder, as_mtx_gz_beside_another_sample,
)  # fmt: skip


@pytest.mark.parametrize("write", FORMS, ids=[form.__name__ for form in FORMS])
def test_every_format_gives_the_same_dataset(write, tmp_path, recwarn):
    data = make_dataset(read_expression(write(tmp_path)), TFS)
    expected = make_dataset(small_table(), TFS)
    assert data.genes == GENES and list(data.adata.obs_names) == CELLS
    assert np.array_equal(data.expression(), expected.expression())  # the same bits
    assert data.tfs == expected.tfs
    assert not recwarn.list


# --- names and numbers of text tables


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("cell,NA,null,1e5,007,TRUE\nc1,1,2,3,4,5\nNA,1,2,3,4,5\n",
         ["NA", "null", "1e5", "007", "TRUE"], ["c1", "NA"]),
        (",A,A,A.1\nc,1,2,3\nc,4,5,6\n", ["A", "A", "A.1"], ["c", "c"]),
        ("id,A,B\n17,1,2\n5,3,4\n", ["A", "B"], ["17", "5"]),
        (",A,B\n0,1,2\n0,3,4\n", ["A", "B"], ["0", "0"]),
        (",0,1\nA,1,2\nB,3,4\n", ["0", "1"], ["A", "B"]),
        ("cell,A,B\r\rc1,1,2\r", ["A", "B"], ["c1"]),
        ("cell,A,B\r\nc1,1,2\r\n\r\nc2,1,2\r\n   \r\n", ["A", "B"], ["c1", "c2"]),
        ("cell,A,B\n\nc1,1,2", ["A", "B"], ["c1"]),
    ],
)  # fmt: skip
def test_names_are_read_as_they_stand(tmp_path, text, columns, rows):
    read = read_text(tmp_path, text)
    assert list(read.columns) == columns and list(read.index) == rows
    assert read.iloc[0].tolist() == list(range(1, len(columns) + 1))


NUMBERS = ("1", "1e3", "1E-3", ".5", "5.", "+2", " 3 ", "0.1", "-0", "3.542118154779029", "2e-308")


def test_numbers_are_read_as_written(tmp_path):
    header = ",".join(f"c{i}" for i in range(len(NUMBERS)))
    read = read_text(tmp_path, f"gene,{header}\nA,{','.join(NUMBERS)}\nB,{','.join(NUMBERS)}\n")
    assert read.loc["B"].tolist() == [float(word) for word in NUMBERS]
    # and also in a column that holds a missing one
    column = "\n".join(f"c{i},{word},1" for i, word in enumerate(["", *NUMBERS]))
    assert read_text(tmp_path, f"cell,A,B\n{column}\n")["A"][1:].tolist() == [*map(float, NUMBERS)]


@pytest.mark.parametrize("word", ["", "NA", "nan", "N/A", "#N/A", "null", " - ", "?"])
def test_missing_words_are_missing_values_and_refused_with_their_place(tmp_path, word):
    read = read_text(tmp_path, f"cell,A,B\nc1,1,0.1\nc2,{word},0.1\n")
    assert read.loc["c1", "A"] == 1.0 and read.loc["c2", "B"] == 0.1
    with pytest.raises(InputError, match="1 missing .* first at cell c2, gene A"):
        make_dataset(read, ["A"])


# no digits: a first line or column of nothing but numbers is refused as one without names
letters = st.characters(codec="utf-8", exclude_categories=("C", "Nd", "Z"))
names = st.text(letters | st.sampled_from(", \t;\"'"), min_size=1, max_size=6).map(
    lambda name: name.strip() or "x"
)
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(
    st.lists(names, min_size=2, max_size=3),
    st.lists(names, min_size=1, max_size=3),
    st.lists(floats, min_size=9, max_size=9),
    st.sampled_from([(".csv", ","), (".tsv", "\t"), (".tsv.gz", "\t")]),
)
def test_any_names_and_numbers_come_back_bit_by_bit(tmp_path, columns, rows, numbers, form):
    values = np.reshape(numbers, (3, 3))[: len(rows), : len(columns)]
    table = pd.DataFrame(values, index=rows, columns=columns)
    table.to_csv(tmp_path / f"x{form[0]}", sep=form[1])
    read = read_expression(tmp_path / f"x{form[0]}")
    assert list(read.columns) == columns and list(read.index) == rows
    assert read.to_numpy().tobytes() == np.ascontiguousarray(values).tobytes()


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


@pytest.mark.parametrize("above", ["# made by me\n", "##BD Rhapsody\n##Bioproduct, Reads\n##\n", "#\n\n"])
def test_comments_above_a_table_are_no_header(tmp_path, above):
    plain, commented = (read_text(tmp_path, start + small_table().to_csv()) for start in ("", above))
    pd.testing.assert_frame_equal(plain, commented)
    assert list(read_text(tmp_path, "#cell,A,B\nc,1,2\nd,3,5\n")) == ["A", "B"]


# --- malformed files: an InputError or a table, never anything else


pieces = [*"aA1,;\t\n\r \"'.-e#\0é\ufeff\u2028", "nan", "\r\n", ",,", "1.5", "gene,a,b\nA,"]
text_like = st.lists(st.sampled_from(pieces), max_size=30).map("".join)


@given(text_like.map(str.encode) | st.binary(max_size=60))
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


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["x.csv.gz", "matrix.mtx"]))
def test_a_damaged_file_is_refused_or_read(tmp_path, noise, at, name):
    if name == "matrix.mtx":
        write_10x(small_table(), tmp_path)
    else:
        small_table().to_csv(tmp_path / name)
    content = bytearray((tmp_path / name).read_bytes())
    content[at : at + len(noise)] = noise
    (tmp_path / name).write_bytes(content)
    try:
        read = read_expression(tmp_path / name)
    except InputError as error:
        assert name in str(error)
    else:
        assert isinstance(read, AnnData) or np.array_equal(read, small_table())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GATA1,B\n0.5,1\n1.5,2\n", "first column .'GATA1'. holds numbers such as"),
        ("GATA1,B\n3,1\n0,2\n0,2\n", "first column .'GATA1'. holds numbers such as"),
        ('cell,A,B\n"c1,1,2\nc2",3,4\nc3,5,6\n', "quotation mark is left open before 'c1,1"),
        ("gene," + "x" * 200_000 + "\nA,1\n", "field larger than field limit"),
        ("cell,A\0,B\nc,1,2\nd,3,5\n", "x.csv is no plain text"),
        ("cell,A,B\nc,1,2\nd,3\0,5\n", "x.csv is no plain text"),
    ],
    ids=["no row names", "repeated numbers", "open quotation", "long", "NUL above", "NUL"],
)
def test_a_text_that_would_lose_genes_rows_or_digits_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_text(tmp_path, text)


def test_a_failing_disk_is_said(tmp_path, monkeypatch):
    small_table().to_csv(path := tmp_path / "x.csv")
    monkeypatch.setattr("grnular_core.data.text._Text.read", lambda *_: os.read(-1, 1))
    monkeypatch.setattr("grnular_core.data.text._Text.__next__", lambda *_: os.read(-1, 1))
    with pytest.raises(InputError, match="x.csv cannot be read: Bad file descriptor"):
        read_expression(path)
