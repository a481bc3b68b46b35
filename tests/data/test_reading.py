"""Expression files: every format gives the same table; names and numbers survive as written."""

from __future__ import annotations

import csv
import gzip
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_data import CELLS, GENES, TFS, small_anndata, small_table, write_10x

from grnular_core.data.dataset import make_dataset
from grnular_core.data.readers import read_expression, read_network, read_tfs
from grnular_core.data.tables import read_table
from grnular_core.utils.errors import InputError

QUIET = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_text(folder, content, name="x.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_expression(path)


# --- one dataset, whatever the format


def as_csv(folder):
    small_table().to_csv(folder / "x.csv")
    return folder / "x.csv"


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


def test_a_path_may_be_text(tmp_path):
    assert read_expression(str(as_csv(tmp_path))).shape == (9, 6)


# --- names and numbers


def test_names_that_look_like_missing_values_or_numbers_stay_names(tmp_path):
    read = read_text(
        tmp_path, "cell,NA,nan,null,None,1e5,007,TRUE\nc1,1,2,3,4,5,6,7\nNA,1,2,3,4,5,6,8\n"
    )
    assert list(read.columns) == ["NA", "nan", "null", "None", "1e5", "007", "TRUE"]
    assert list(read.index) == ["c1", "NA"]


def test_repeated_names_are_not_mangled(tmp_path):
    read = read_text(tmp_path, ",A,A,A.1\nc,1,2,3\nc,4,5,6\n")
    assert list(read.columns) == ["A", "A", "A.1"] and list(read.index) == ["c", "c"]


def test_numbers_are_read_as_written(tmp_path):
    words = [
        "1",
        "1e3",
        "1E-3",
        ".5",
        "5.",
        "+2",
        " 3 ",
        "0.1",
        "-0",
        "3.542118154779029",
        "2e-308",
    ]
    header = ",".join(f"c{i}" for i in range(len(words)))
    read = read_text(tmp_path, f"gene,{header}\nA,{','.join(words)}\nB,{','.join(words)}\n")
    assert read.loc["B"].tolist() == [float(word) for word in words]


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
    # numbers beside a missing one stay exact
    assert read.loc["c1", "A"] == 1.0 and read.loc["c2", "B"] == 0.1
    with pytest.raises(InputError, match="1 missing .* first at cell c2, gene A"):
        make_dataset(read, ["A"])


def test_infinity_is_a_number_here_and_refused_later(tmp_path):
    read = read_text(tmp_path, "cell,A,B\nc1,1,Inf\nc2,2,1e400\n")
    assert read["B"].tolist() == [math.inf, math.inf]
    with pytest.raises(InputError, match="2 infinite values, the first at cell c1, gene B"):
        make_dataset(read, ["A"])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n   \n"])
def test_line_ends_and_blank_lines_do_not_matter(tmp_path, newline, end):
    text = ("cell,A,B\nc1,1,2\n\nc2,3,4" + end).replace("\n", newline)
    assert read_text(tmp_path, text).to_numpy().tolist() == [[1, 2], [3, 4]]


def test_row_numbers_may_be_row_names(tmp_path):
    for text in (",A,B\n0,1,2\n1,3,4\n", "id,A,B\n17,1,2\n5,3,4\n", "V1,A,B\n1,1,2\n2,3,4\n"):
        assert read_text(tmp_path, text).columns.tolist() == ["A", "B"]
    numbered = read_text(tmp_path, ",0,1\nA,1,2\nB,3,4\n")
    assert list(numbered.columns) == ["0", "1"]


def test_a_table_without_row_names_loses_no_gene(tmp_path):
    with pytest.raises(InputError, match="first column .'GATA1'. holds numbers such as 0.5"):
        read_text(tmp_path, "GATA1,B\n0.5,1\n1.5,2\n")
    # whole numbers that count the rows pass here; the TF list gives them away
    read = read_text(tmp_path, "GATA1,B,C\n1,1,2\n2,2,5\n")
    with pytest.raises(InputError, match="names of the cells stand below GATA1, which is a TF"):
        make_dataset(read, ["GATA1", "B"])


def test_a_wide_table_is_read_in_a_moment(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.poisson(1.0, (50, 4000)))
    table.columns = [f"g{i}" for i in range(4000)]
    table.to_csv(tmp_path / "x.csv")
    assert np.array_equal(read_expression(tmp_path / "x.csv"), table)


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
    table = pd.DataFrame(values, index=rows, columns=columns)
    path = tmp_path / (f"x.{ending}" + ".gz" * packed)
    table.to_csv(path, sep=separator)
    read = read_expression(path)
    assert list(read.columns) == columns and list(read.index) == rows
    assert np.array_equal(read, values)


# --- malformed text: an InputError or a table, never anything else


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
    table = small_table()
    packed = bytearray(gzip.compress(table.to_csv().encode(), mtime=0))
    packed[at : at + len(noise)] = noise
    (tmp_path / "x.csv.gz").write_bytes(packed)
    try:
        read = read_expression(tmp_path / "x.csv.gz")
    except InputError as error:
        assert "x.csv.gz" in str(error)
    else:
        assert np.array_equal(read, table)


def test_a_line_longer_than_the_csv_module_allows_is_refused(tmp_path):
    with pytest.raises(InputError, match="field larger than field limit"):
        read_table_of(tmp_path, "gene," + "x" * 200_000 + "\nA,1\n")


def read_table_of(folder, text):
    path = folder / "x.csv"
    path.write_text(text)
    return read_table(path, ",")


def test_a_failing_disk_is_said(tmp_path, monkeypatch):
    path = as_csv(tmp_path)

    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("grnular_core.data.textfile._unpacked", broken)
    with pytest.raises(InputError, match="x.csv cannot be read: Input/output error"):
        read_expression(path)


def test_a_heap_that_hdf5_would_read_for_ever_is_refused(tmp_path):
    """One damaged size is enough: the free space at the end of a heap gets length 0."""
    path = as_h5ad(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.find(b"GCOL") + 16
    while int.from_bytes(content[at : at + 2], "little"):
        at += 16 + (int.from_bytes(content[at + 8 : at + 16], "little") + 7) // 8 * 8
    content[at + 8 : at + 16] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.h5ad is not a readable h5ad file .*write it again"):
        read_expression(path)
