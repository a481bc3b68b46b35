"""Reading expression files of any format that cells come in.

pandas, anndata, h5py and scipy read; what is here keeps a misread file from becoming a network. A
reader returns the table of the file unchanged, and ``dataset.make_dataset`` decides what is a gene or
a cell. Files ending in ``.gz`` are unpacked on the way. Every failure is an ``InputError`` that names
the file and the likely fix.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.data.arrow import arrow_table
from grnular_core.data.hdf5 import is_zarr, read_hdf5, read_zarr
from grnular_core.data.matrix_market import name_files, read_mtx
from grnular_core.data.names import preview
from grnular_core.data.text import as_numbers, check_file, read_rows
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place

if TYPE_CHECKING:
    from anndata import AnnData

    Table = AnnData | pd.DataFrame
    Read = tuple[Table, list[str]]

ELSEWHERE = {
    **dict.fromkeys(("xlsx", "xls"), "save the sheet as csv, or rename what is text to .tsv"),
    "rds": "write its counts from R as a 10x folder (DropletUtils: write10xCounts)",
    "rdata": "write its counts from R as a 10x folder (DropletUtils: write10xCounts)",
    "h5seurat": "write its counts from R as a 10x folder (DropletUtils: write10xCounts)",
    **dict.fromkeys(("zip", "bz2", "xz", "zst", "7z"), "unpack it"),
    "tar": "unpack it (tar xf)",
    "tgz": "unpack it (tar xf)",
}
MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", ".")
# Where programs put the matrix of cells, below the folder of a run; the first place with one is taken.
BELOW = ("", "count/", "per_sample_outs/*/count/", "per_sample_outs/*/", "binned_outputs/*/")
RUN_FOLDERS = (*BELOW, *(f"outs/{name}" for name in BELOW), "Solo.out/", "*Solo.out/", "*/")
MATRIX_FOLDERS = ("*filtered_feature_bc_matrix", "filtered_gene_bc_matrices/*", "Gene/filtered", "GeneFull/filtered", "filtered",
    "counts_filtered", "DGE_filtered", "alevin", "af_quant/alevin", "cell_feature_matrix", "*filtered_feature_bc_matrix.h5",
    "*filtered_gene_bc_matrices*.h5", "cell_feature_matrix.h5")  # fmt: skip
LONG = ("Is it a long table, with a gene, a cell and a count on each line? Spread it (umi_tools count: "
    "--wide-format-cell-counts; pandas: pivot)")  # fmt: skip


def read_expression(path: str | Path) -> Table:
    """Read an expression file or folder; see ``read_with_notes``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    DataFrame or AnnData

    Raises
    ------
    InputError
        As there.
    """
    return read_with_notes(path)[0]


def read_with_notes(path: str | Path) -> Read:
    """Read an expression file by its ending, or a folder by what is in it.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.txt`` (also ``.gz``): names in the first row and in the first
        column, numbers elsewhere; the first row may lack the corner, as R writes it.
        ``.parquet`` and ``.feather``: the same, with pyarrow. ``.mtx`` (also ``.gz``), or its folder: a
        matrix with the tables of names beside it, of Cell Ranger, STARsolo, kb-python, alevin-fry or
        Parse. ``.h5ad``, ``.h5``, ``.loom``, ``.h5mu``: see ``hdf5``. A zarr store of an AnnData. The folder
        of a run of Cell Ranger, whose filtered matrix is read.

    Returns
    -------
    table : DataFrame or AnnData
        The table unchanged, its corner the name of the index; missing values (an empty
        field, ``NA`` and the like) are NaN. A matrix as AnnData, cells x genes, genes named by
        their symbols where the features have any.
    notes : list of str
        What was chosen or left out.

    Raises
    ------
    InputError
        For a file that is missing, empty, cut short, ragged, not numeric or of another kind, with
        the first offending place.
    """
    given, notes = Path(path), []
    path = _chosen(given)
    if path != given and (path.parent != given or len(_matrices(given)) > 1):
        notes.append(f"of the folder {given}, {path.relative_to(given)} is read")
    if place(path) == "folder":
        table, more = read_zarr(path)
        return table, notes + more
    ending = _ending(path)
    if ending not in FORMATS and place(path) == "file":
        fix = f"; {ELSEWHERE[ending]}" if ending in ELSEWHERE else ""
        raise InputError(
            f"{path}: unknown ending; expected csv, tsv, txt (or .gz), mtx, h5ad, h5, loom, h5mu, parquet or feather{fix}"
        )
    check_file(path)
    table, more = FORMATS[ending](path)
    return table, notes + more


def files_read(path: str | Path) -> list[Path]:
    """Return every file that ``read_expression`` would open: an .mtx comes with its tables of names.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of Path
        The expression file first, then the names of features and of cells, where it has any; all
        files of a zarr store.

    Raises
    ------
    InputError
        For a folder or an .mtx file without the files that belong to it.
    """
    path = _chosen(Path(path))
    kind = place(path)
    if kind == "folder":
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path, *(name_files(path) if kind == "file" and _ending(path) == "mtx" else ())]


def _ending(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").rpartition(".")[2]


# --- folders


def _chosen(path: Path) -> Path:
    """Return the file or zarr store that a path means: itself, or the one matrix in a folder."""
    if place(path) != "folder" or is_zarr(path):
        return path
    found = _matrices(path)
    if not found:
        found = _below(path)
        if len(found) == 1:
            return _chosen(found[0])
        if found:
            raise InputError(
                f"{path} holds several matrices ({', '.join(str(p.relative_to(path)) for p in found)}); name one of them"
            )
    plain = [file for file in found if file.name.removesuffix(".gz") == "matrix.mtx"]
    if len(found) != 1 and len(plain) != 1:
        inside = preview(sorted(p.name for p in path.iterdir() if not p.name.startswith(".")), 4)
        raise InputError(
            f"{path} is a folder with {len(found)} .mtx files ({preview([p.name for p in found], 3)}) beside {inside}; "
            "expected a 10x folder (matrix.mtx, barcodes.tsv, features.tsv), or name a file"
        )
    return found[0] if len(found) == 1 else plain[0]


def _matrices(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.mtx"), *folder.glob("*.mtx.gz")])


def _below(folder: Path) -> list[Path]:
    """Find the filtered matrices of a run, at the first place that has any."""
    for where in RUN_FOLDERS:
        for name in MATRIX_FOLDERS:
            found = sorted(p for p in folder.glob(where + name) if p.suffix == ".h5" or (p.is_dir() and _matrices(p)))
            if found:
                return found
    return []


# --- text tables


def _read_table(path: Path, separator: str) -> Read:
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
        fix = LONG if len(columns) < 4 else "Delete the rest"
        parsed = (_numbers(path, body[n], rows, name, fix) for n, name in enumerate(columns, start=1))
        values = np.column_stack(list(parsed))
    return pd.DataFrame(values, index=pd.Index(rows, dtype=object, name=corner), columns=columns), []


def _refuse_numbers_for_names(path: Path, names: list[str], where: str, option: str) -> None:
    """Numbers in place of names, unless they are whole and differ, as ids and row numbers do."""
    if as_numbers(pd.Series(names, dtype=object)).isna().any():
        return
    if len(set(names)) < len(names) or not all(re.fullmatch(r"\d+", name) for name in names):
        raise InputError(
            f"{path}: {where} holds numbers such as {preview(names, 3)}; expected names. Write the "
            f"table with them (pandas: {option})"
        )


def _numbers(path: Path, raw: pd.Series, rows: list[str], column: str, fix: str) -> np.ndarray:
    """One column as float64; missing words as NaN."""
    if raw.dtype.kind in "iuf":
        return raw.to_numpy(dtype=float)
    words = raw.astype(str).str.strip()
    numbers = as_numbers(words)
    wrong = np.flatnonzero(numbers.isna() & ~words.str.lower().isin(MISSING_WORDS))
    if len(wrong):
        raise InputError(
            f"{path}: {words.iloc[wrong[0]][:40]!r} at row {rows[wrong[0]]}, column {column} is not a number; "
            "expected one line and one column of names, and else numbers with decimal points, no commas, dates or "
            f"words. {fix}"
        )
    return words.where(numbers.notna(), "nan").to_numpy(dtype=float)  # to_numeric may round


# --- tables of pyarrow


def _read_arrow(path: Path) -> Read:
    """Read parquet or feather; the one column of words holds the names of the rows."""
    table = arrow_table(path)
    words = [column for column in table if table[column].dtype.kind not in "iufb"]
    if isinstance(table.index, pd.RangeIndex) and len(words) == 1:
        table = table.set_index(words[0])
    return table, []


FORMATS: dict[str, Callable[[Path], Read]] = {
    "csv": lambda path: _read_table(path, ","),
    **dict.fromkeys(("tsv", "txt", "tab"), lambda path: _read_table(path, "\t")),
    "mtx": read_mtx,
    **dict.fromkeys(("h5ad", "h5", "hdf5", "loom", "h5mu"), read_hdf5),
    **dict.fromkeys(("parquet", "feather"), _read_arrow),
}
