"""Reading a user's files: expression (csv, tsv, mtx, h5ad), a TF list, a network.

Nothing here decides what is a gene or a cell; a reader returns the table as it stands in the file and
``dataset.make_dataset`` checks it. Files ending in ``.gz`` are unpacked on the way.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.checks import shown
from grnular_core.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-", "?")
TF_HEADERS = {"tf", "tfs", "gene", "genes", "symbol", "gene_symbol", "gene_name", "name", "regulator"}
REGULATOR_HEADERS = ("regulator", "gene1", "tf", "source", "from")
TARGET_HEADERS = ("target", "gene2", "target_gene", "to")
SIGN_HEADERS = ("sign", "type", "effect", "mor")
SIGNS = {"+": 1, "1": 1, "1.0": 1, "activation": 1, "activates": 1, "up": 1} | {
    "-": -1, "-1": -1, "-1.0": -1, "repression": -1, "represses": -1, "inhibition": -1, "down": -1
}  # fmt: skip


def read_expression(path: str | Path) -> AnnData | pd.DataFrame:
    """Read an expression file by its ending: ``.csv``, ``.tsv``/``.txt`` (also ``.gz``), ``.mtx``
    (a file, or a 10x folder with barcodes and features), ``.h5ad``.

    A text table needs names of genes on one side and of cells on the other. Raises ``InputError``
    for a missing, empty, ragged or non-numeric file, naming the first offending place.
    """
    path = Path(path)
    if path.is_dir():
        return _read_mtx(_only_mtx(path))
    _check_file(path)
    suffix = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if suffix == "h5ad":
        return _read_h5ad(path)
    if suffix == "mtx":
        return _read_mtx(path)
    if suffix in ("csv", "tsv", "txt", "tab"):
        return _read_table(path, "," if suffix == "csv" else "\t")
    raise InputError(f"{path}: unknown ending .{suffix}; expected csv, tsv, txt (or .gz), mtx or h5ad")


def read_tfs(path: str | Path) -> list[str]:
    """Read a TF list: one name a line, or a table whose first column holds the names.

    A header such as ``TF`` or ``gene_symbol`` is skipped; repeated names are taken once. Raises
    ``InputError`` when no name is left.
    """
    path = Path(path)
    _check_file(path)
    names = []
    for number, line in enumerate(_lines(path)):
        name = line.replace("\t", ",").replace(";", ",").split(",")[0].strip().strip('"')
        if name and not name.startswith("#") and not (number == 0 and name.lower() in TF_HEADERS):
            names.append(name)
    if not names:
        raise InputError(f"{path} holds no TF names; expected one name a line")
    return list(dict.fromkeys(names))


def read_network(path: str | Path) -> pd.DataFrame:
    """Read a network: columns ``regulator, target, sign`` (sign 0 where the file has none).

    Knows the headers Gene1/Gene2 (BEELINE), TF/target (pySCENIC), source/target and
    regulator/target. Without one of these headers the first two columns are taken and the first
    line counts as an edge. Other columns (scores) are ignored.
    """
    path = Path(path)
    _check_file(path)
    sample = _lines(path)[0]
    separator = "\t" if "\t" in sample else ";" if ";" in sample else ","
    header = [field.strip().strip('"').lower() for field in sample.split(separator)]
    if len(header) < 2:
        raise InputError(f"{path}: one column only ({sample[:60]!r}); expected regulator,target")
    regulator = next((h for h in REGULATOR_HEADERS if h in header), None)
    target = next((h for h in TARGET_HEADERS if h in header), None)
    known = regulator is not None and target is not None
    try:
        table = pd.read_csv(
            path, sep=separator, header=0 if known else None, dtype=str, keep_default_na=False
        )
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a readable table: {error}") from error
    table.columns = header if known else list(range(table.shape[1]))
    edges = table[[regulator, target] if known else [0, 1]].copy()
    edges.columns = ["regulator", "target"]
    edges = edges.apply(lambda column: column.str.strip())
    if (edges == "").any(axis=None):
        line = int(np.flatnonzero((edges == "").any(axis=1))[0]) + 1 + known
        raise InputError(f"{path}, line {line}: an edge without a regulator or target name")
    sign = next((h for h in SIGN_HEADERS if h in header), None) if known else None
    edges["sign"] = (
        table[sign].str.strip().str.lower().map(SIGNS).fillna(0).astype(int) if sign else 0
    )
    if edges.empty:
        raise InputError(f"{path} holds no edges")
    return edges


def _check_file(path: Path) -> None:
    if not path.exists():
        near = sorted(p.name for p in path.parent.glob("*"))[:5] if path.parent.is_dir() else []
        hint = f"; the folder holds {shown(near)}" if near else ""
        raise InputError(f"no file {path}{hint}")
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a file")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes)")


def _lines(path: Path) -> list[str]:
    """Lines of a small text file; at least one."""
    try:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
        with opened as stream:
            lines = stream.read().lstrip("\ufeff").splitlines()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path} is not readable text: {error}") from error
    if not lines:
        raise InputError(f"{path} is empty")
    return lines


def _read_h5ad(path: Path) -> AnnData:
    import anndata

    try:
        return anndata.read_h5ad(path)
    except Exception as error:  # anndata and h5py raise many kinds for a damaged file
        raise InputError(f"{path} is not a readable h5ad file: {error}") from error


def _only_mtx(folder: Path) -> Path:
    found = sorted([*folder.glob("*.mtx"), *folder.glob("*.mtx.gz")])
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} .mtx files; expected one: name the file itself")
    return found[0]


def _read_mtx(path: Path) -> pd.DataFrame:
    """A Matrix Market file with ``barcodes`` and ``features`` (or ``genes``) tables beside it."""
    from scipy import io

    try:
        matrix = io.mmread(path)
    except Exception as error:  # scipy raises ValueError, OSError or its own for a damaged file
        raise InputError(f"{path} is not a readable Matrix Market file: {error}") from error
    features = _companion(path, ("features", "genes"))
    barcodes = _companion(path, ("barcodes", "cells"))
    # 10x features: id, symbol, kind; the symbol is what TF lists use
    names = [row[1] if len(row) > 1 else row[0] for row in features]
    cells = [row[0] for row in barcodes]
    if matrix.shape == (len(names), len(cells)) and matrix.shape != (len(cells), len(names)):
        matrix = matrix.T
    if matrix.shape != (len(cells), len(names)):
        raise InputError(
            f"{path} has shape {matrix.shape}, but there are {len(names)} features and {len(cells)} barcodes"
        )
    if len(cells) == len(names):
        matrix = matrix.T  # square: the 10x convention is features x barcodes
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return pd.DataFrame(dense, index=cells, columns=names)


def _companion(path: Path, stems: Sequence[str]) -> list[list[str]]:
    """Rows of the table of names that belongs to an .mtx file."""
    for stem in stems:
        for ending in (".tsv", ".tsv.gz", ".txt", ".csv"):
            for candidate in sorted(path.parent.glob(f"*{stem}{ending}")):
                separator = "," if ending == ".csv" else "\t"
                return [line.split(separator) for line in _lines(candidate) if line.strip()]
    raise InputError(f"no {stems[0]}.tsv beside {path}; an .mtx file needs the names of genes and cells")


def _read_table(path: Path, separator: str) -> pd.DataFrame:
    """A text table with names in its first row and first column."""
    head = _first_lines(path, 2)
    if len(head) < 2:
        raise InputError(f"{path} holds {len(head)} lines; expected a header and at least one row")
    fields = [len(line.split(separator)) for line in head]
    if max(fields) < 2:
        other = next((s for s in (",", "\t", ";", " ") if head[0].count(s) > 1), None)
        seen = f"; it looks separated by {other!r}" if other else ""
        raise InputError(f"{path}: one column only with separator {separator!r}{seen}. Rename or convert it")
    names = [name.strip().strip('"') for name in head[0].split(separator)]
    try:
        table = pd.read_csv(path, sep=separator, index_col=False, dtype={0: str}, keep_default_na=False,
                            header=None, skiprows=1, na_filter=False, low_memory=False)  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, EOFError, OSError,
            zlib.error) as error:  # fmt: skip
        raise InputError(f"{path} is not a readable table: {error}") from error
    if len(names) == table.shape[1]:
        _refuse_missing_row_names(path, names[0], table[0])
        names = names[1:]
    elif len(names) != table.shape[1] - 1:  # R writes a header without the corner
        raise InputError(
            f"{path}: the header has {len(names)} fields and the rows {table.shape[1]}; expected the same"
        )
    rows = [str(name).strip().strip('"') for name in table[0]]
    values = _numeric(path, table.iloc[:, 1:], rows, names)
    return pd.DataFrame(values, index=rows, columns=names)


def _first_lines(path: Path, count: int) -> list[str]:
    try:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
        with opened as stream:
            lines = [line.rstrip("\r\n").lstrip("\ufeff") for _, line in zip(range(count), stream)]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path} is not readable text: {error}") from error
    return [line for line in lines if line]


def _refuse_missing_row_names(path: Path, corner: str, first: pd.Series) -> None:
    """A table without row names would silently lose its first gene to the index."""
    numbers = pd.to_numeric(first, errors="coerce")
    if corner and numbers.notna().all() and not np.array_equal(numbers, np.rint(numbers)):
        raise InputError(
            f"{path}: the first column ({corner!r}) holds numbers such as {first.iloc[0]}; expected the "
            "names of the rows. Write the table with its row names (pandas: index=True)"
        )


def _numeric(path: Path, table: pd.DataFrame, rows: list[str], names: list[str]) -> np.ndarray:
    """The values as float64, missing words as NaN; refuses the first value that is neither."""
    values = np.empty(table.shape)
    for column, (_, raw) in enumerate(table.items()):
        if pd.api.types.is_numeric_dtype(raw):
            values[:, column] = raw
            continue
        words = raw.astype(str).str.strip()
        numbers = pd.to_numeric(words, errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & ~words.isin(MISSING_WORDS))
        if len(wrong):
            word = words.iloc[wrong[0]]
            comma = " Decimal commas? Write numbers with a point" if "," in word else ""
            raise InputError(
                f"{path}: {word[:40]!r} at row {rows[wrong[0]]}, column {names[column]} is not a number.{comma}"
            )
        values[:, column] = numbers
    return values
