"""Reading expression files: csv and tsv, Matrix Market with its tables of names, h5ad.

pandas and anndata read; what is here keeps a misread file from becoming a network. A reader
returns the table of the file unchanged, and ``dataset.make_dataset`` decides what is a gene or
a cell. Files ending in ``.gz`` are unpacked on the way. Every failure is an ``InputError``
that names the file and the likely fix.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import preview
from grnular_core.data.text import check_file, neighbours, open_text, read_rows
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place

if TYPE_CHECKING:
    from anndata import AnnData

SEPARATORS = {"csv": ",", "tsv": "\t", "txt": "\t", "tab": "\t"}
ELSEWHERE = {
    "xlsx": "save the sheet as csv",
    "h5": "write it as .h5ad (scanpy: read_10x_h5, then write)",
    "loom": "write it as .h5ad (anndata: read_loom, then write)",
    "rds": "write its counts from R as a 10x folder (DropletUtils: write10xCounts)",
}
MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", ".")
LAYOUTS = {"coordinate": 3, "array": 2}  # of a Matrix Market file: numbers on its size line


def read_expression(path: str | Path) -> AnnData | pd.DataFrame:
    """Read an expression file by its ending.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.txt`` (also ``.gz``): names in the first row and in the first
        column, numbers elsewhere; the first row may lack the corner, as R writes it.
        ``.mtx`` (also ``.gz``), or a 10x folder: a matrix with the tables ``barcodes`` and
        ``features`` (or ``genes``) beside it. ``.h5ad``.

    Returns
    -------
    DataFrame or AnnData
        The table unchanged, its corner the name of the index; missing values (an empty
        field, ``NA`` and the like) are NaN. A matrix as AnnData, cells x genes, genes named by
        their symbols where the features have any.

    Raises
    ------
    InputError
        For a file that is missing, empty, cut short, ragged, not numeric or of another kind, with
        the first offending place.
    """
    path = Path(path)
    if place(path) == "folder":
        return _read_mtx(_find_mtx(path))
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending not in (*SEPARATORS, "mtx", "h5ad") and place(path) == "file":
        fix = f"; {ELSEWHERE[ending]}" if ending in ELSEWHERE else ""
        raise InputError(
            f"{path}: unknown ending; expected csv, tsv, txt (or .gz), mtx or h5ad{fix}"
        )
    check_file(path)
    if ending == "h5ad":
        return _read_h5ad(path)
    return _read_mtx(path) if ending == "mtx" else _read_table(path, SEPARATORS[ending])


def files_read(path: str | Path) -> list[Path]:
    """Return every file that ``read_expression`` would open: an .mtx comes with its tables of names.

    Parameters
    ----------
    path : str or Path
        As in ``read_expression``.

    Returns
    -------
    list of Path
        The expression file first, then the names of features and of cells, where it has any.

    Raises
    ------
    InputError
        For a 10x folder or an .mtx file without the files that belong to it.
    """
    path = Path(path)
    kind = place(path)
    if kind == "folder":
        path, kind = _find_mtx(path), "file"
    is_mtx = path.name.lower().removesuffix(".gz").endswith(".mtx")
    if kind != "file" or not is_mtx:
        return [path]
    return [path, _names_beside(path, "features|genes"), _names_beside(path, "barcodes|cells")]


# --- text tables


def _read_table(path: Path, separator: str) -> pd.DataFrame:
    """Read a table of numbers with its row and column names."""
    header, body = read_rows(path, separator, as_text=False)
    n_header, n_fields = len(header), body.shape[1]
    if n_fields < 2 or n_header not in (n_fields, n_fields - 1):
        raise InputError(
            f"{path}: the first line ({preview(header, 3)}) has {n_header} fields and the rows have "
            f"{n_fields}, separated by {'commas' if separator == ',' else 'tabs'}; expected names of "
            "columns above names of rows and numbers. Separated otherwise (save it as csv), a comment "
            "on top (delete it), decimal commas, or cut short?"
        )
    corner, columns = (header[0], header[1:]) if n_header == n_fields else (None, header)
    rows = [name.strip() for name in body[0]]
    if corner:
        _refuse_numbers_for_names(path, rows, f"the first column ({corner!r})", "index=True")
    _refuse_numbers_for_names(path, columns, "the first line", "header=True")
    body = body.iloc[:, 1:]
    if all(kind.kind in "iuf" for kind in body.dtypes):
        values = body.to_numpy(dtype=float)
    else:
        parsed = (_numbers(path, body[n], rows, name) for n, name in enumerate(columns, start=1))
        values = np.column_stack(list(parsed))
    return pd.DataFrame(values, index=pd.Index(rows, dtype=object, name=corner), columns=columns)


def _refuse_numbers_for_names(path: Path, names: list[str], where: str, option: str) -> None:
    """Numbers in place of names, unless they are whole and differ, as ids and row numbers do."""
    if pd.to_numeric(pd.Series(names, dtype=object), errors="coerce").isna().any():
        return
    if len(set(names)) < len(names) or not all(re.fullmatch(r"\d+", name) for name in names):
        raise InputError(
            f"{path}: {where} holds numbers such as {preview(names, 3)}; expected names. Write the "
            f"table with them (pandas: {option})"
        )


def _numbers(path: Path, raw: pd.Series, rows: list[str], column: str) -> np.ndarray:
    """One column as float64; missing words as NaN."""
    if raw.dtype.kind in "iuf":
        return raw.to_numpy(dtype=float)
    words = raw.astype(str).str.strip()
    numbers = pd.to_numeric(words, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & ~words.str.lower().isin(MISSING_WORDS))
    if len(wrong):
        raise InputError(
            f"{path}: {words.iloc[wrong[0]][:40]!r} at row {rows[wrong[0]]}, column {column} is not a number; "
            "expected one line and one column of names, and else numbers with decimal points, no commas, dates or "
            "words. Delete the rest"
        )
    return words.where(numbers.notna(), "nan").to_numpy(dtype=float)  # to_numeric may round


# --- AnnData and Matrix Market


def _read_h5ad(path: Path) -> AnnData:
    import anndata

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # repeated names: checked later, by name
            return anndata.read_h5ad(path)
    except Exception as error:  # anndata and h5py raise many kinds for a damaged file
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path} is not a readable h5ad file ({reason[0] if reason else type(error).__name__}); "
            "is it packed or cut short? Copy or write it again"
        ) from error


def _find_mtx(folder: Path) -> Path:
    """Find the one .mtx file of a 10x folder."""
    found = sorted([*folder.glob("*.mtx"), *folder.glob("*.mtx.gz")])
    if len(found) != 1:
        raise InputError(
            f"{folder} is a folder with {len(found)} .mtx files ({preview([p.name for p in found], 3)}); "
            "expected a 10x folder (matrix.mtx, barcodes.tsv, features.tsv), or name a file"
        )
    return found[0]


def _read_mtx(path: Path) -> AnnData:
    """Read a matrix with its tables of names; a square one is features x barcodes, as in 10x."""
    from anndata import AnnData

    features = _read_names(_names_beside(path, "features|genes"))
    cells = _read_names(_names_beside(path, "barcodes|cells"))[0]
    genes = features[0]
    var: dict[str, Any] = {}
    if 1 in features:
        genes, var = features[1].where(features[1] != "", features[0]), {"gene_ids": features[0]}
    if 2 in features and features[2].nunique() > 1 and "Gene Expression" in set(features[2]):
        var["feature_types"] = features[2]
    with open_text(path) as stream:
        layout, shape, n_values = _read_head(path, stream)
        if shape not in ((len(genes), len(cells)), (len(cells), len(genes))):
            raise InputError(
                f"{path} has shape {shape[0]} x {shape[1]}, but there are {len(genes)} features and "
                f"{len(cells)} barcodes; do the three files belong together, or does a table of names "
                "have a header line? Delete it"
            )
        body = _read_body(path, stream, n_values, 1 if layout == "array" else 3)
    matrix = _assembled(path, body, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        return AnnData(
            X=sparse.csr_matrix(matrix.T if shape == (len(genes), len(cells)) else matrix),
            obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
            var=pd.DataFrame({key: list(value) for key, value in var.items()}, index=list(genes)),
        )


def _names_beside(path: Path, stem: str) -> Path:
    """Find the table of names that belongs to an .mtx file: the one with the same prefix, else with none."""
    check_file(path)
    prefix = path.name.removesuffix(".gz").removesuffix(".mtx").removesuffix("matrix")
    for start in dict.fromkeys((prefix, "")):
        pattern = re.compile(rf"{re.escape(start)}({stem})\.(tsv|txt|csv)(\.gz)?")
        found = next(filter(pattern.fullmatch, neighbours(path)), None)
        if found:
            return path.with_name(found)
    raise InputError(
        f"no {prefix}{stem.partition('|')[0]}.tsv beside {path}; an .mtx file needs the names of "
        "genes (features.tsv) and of cells (barcodes.tsv)"
    )


def _read_names(path: Path) -> pd.DataFrame:
    """Read a table of names as text, its columns numbered; empty where a row lacks one."""
    separator = "," if ".csv" in path.suffixes else "\t"
    with open_text(path) as stream:
        table = pd.read_csv(stream, sep=separator, header=None, dtype=str, na_filter=False)
    return table.apply(lambda column: column.str.strip())


def _read_head(path: Path, stream: TextIO) -> tuple[str, tuple[int, int], int]:
    """Read the layout, the rows and columns, and the number of values that follow.

    scipy's reader is not used: it ends the process, not with an error, on some damaged files.
    """
    words = next(stream, "").lower().split()
    known = len(words) == 5 and words[:2] == ["%%matrixmarket", "matrix"] and words[2] in LAYOUTS
    if not known or words[3] in ("complex", "hermitian") or words[4] != "general":
        raise InputError(
            f"{path} starts with {' '.join(words)[:60]!r}; expected a line such as '%%MatrixMarket "
            "matrix coordinate integer general'. Write it again as such"
        )
    size = next((line for line in stream if line.strip() and not line.startswith("%")), "")
    numbers = [int(word) for word in size.split() if word.isdecimal()]
    if len(numbers) != LAYOUTS[words[2]]:
        raise InputError(
            f"{path} has the size line {size.strip()[:40]!r}; expected {LAYOUTS[words[2]]} whole "
            "numbers. Is it cut short? Copy it again"
        )
    n_values = numbers[2] if words[2] == "coordinate" else numbers[0] * numbers[1]
    return words[2], (numbers[0], numbers[1]), n_values


def _read_body(path: Path, stream: TextIO, n_values: int, n_fields: int) -> pd.DataFrame:
    """Read the lines below the head as numbers, as many as were announced; a pattern gets ones."""
    try:
        body = pd.read_csv(
            stream, sep=r"\s+", header=None, na_filter=False, low_memory=False, comment="%",
            float_precision="round_trip",
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        body = pd.DataFrame({column: np.zeros(0, dtype=int) for column in range(n_fields)})
    if n_fields == 3 and body.shape[1] == 2:
        body[2] = 1
    whole = all(body[axis].dtype.kind in "iu" for axis in range(n_fields - 1) if axis in body)
    if body.shape[1] != n_fields or body.dtypes.iloc[-1].kind not in "iuf" or not whole:
        raise InputError(
            f"{path} holds a line that is not {n_fields} numbers; is it damaged? Copy it again"
        )
    if len(body) != n_values:
        raise InputError(
            f"{path} holds {len(body)} values, but its size line has {n_values}; is it cut short? "
            "Copy it again"
        )
    return body


def _assembled(path: Path, body: pd.DataFrame, shape: tuple[int, int]) -> sparse.coo_matrix:
    """Return the matrix in the shape of the file, float64."""
    if body.shape[1] == 1:
        return sparse.coo_matrix(body[0].to_numpy(dtype=float).reshape(shape, order="F"))
    at = body[[0, 1]].to_numpy(dtype=int).T - 1
    if at.size and (at.min() < 0 or (at.max(axis=1) >= shape).any()):
        raise InputError(
            f"{path} holds row or column numbers beyond its size line, {shape[0]} x {shape[1]} "
            "counted from 1; copy it again"
        )
    return sparse.coo_matrix((body[2].to_numpy(dtype=float), at), shape=shape)
