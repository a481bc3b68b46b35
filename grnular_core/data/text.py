"""Reading text files: compressed, truncated or with a wrong extension.

Everything that goes wrong becomes an ``InputError`` that names the file and the likely fix.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

import pandas as pd

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place


def check_file(path: Path) -> None:
    """Refuse a path that is no regular, non-empty file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        For a folder, a pipe or device, an empty file, and where there is none; then it names files that
        are called alike.
    """
    kind = place(path)
    if kind == "folder":
        raise InputError(f"{path} is a folder; expected a file")
    if kind == "missing":
        alike = get_close_matches(path.name, neighbours(path), n=3)
        hint = f"; did you mean {' or '.join(alike)}?" if alike else ""
        raise InputError(f"no file {path}{hint}")
    if kind == "other":  # it would be read twice, and the second time its beginning is gone
        raise InputError(
            f"{path} is a pipe or device, which gives its content once; expected a file: write it to "
            "one first (cat ... > file.txt), and name that"
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); was it written or copied to the end?")


def neighbours(path: Path) -> list[str]:
    """Names in the folder of a file, sorted; empty where the folder cannot be read.

    Parameters
    ----------
    path : Path
        The file, which need not exist.

    Returns
    -------
    list of str
    """
    try:
        return sorted(os.listdir(path.parent))
    except OSError:
        return []


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file: UTF-8, with or without byte order mark; gzip when it ends in ``.gz``.

    Parameters
    ----------
    path : Path

    Yields
    ------
    TextIO

    Raises
    ------
    InputError
        For everything that cannot be read, also while the block reads.
    """
    check_file(path)
    try:
        raw = gzip.open(path, "rb") if path.suffix.lower() == ".gz" else open(path, "rb")
        with raw, _Text(raw, encoding="utf-8-sig") as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is damaged or cut short ({error}); copy or download it again, or, where a browser has "
            "unpacked it, take .gz off its name"
        ) from error
    except (UnicodeDecodeError, _NulError) as error:
        raise InputError(
            f"{path} is no plain text in UTF-8; save a sheet as csv, unpack archives (.gz may stay, under "
            "that name), save other encodings as UTF-8"
        ) from error
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError, OverflowError) as error:
        raise InputError(
            f"{path} is not a readable table ({str(error).strip()}); is a quotation mark left open?"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def read_rows(path: Path, separator: str, *, as_text: bool) -> tuple[list[str], pd.DataFrame]:
    """Read a table of text.

    Parameters
    ----------
    path : Path
    separator : str
        One character. Comments above the header, lines that start with ##, or with # and no separator, are skipped.
    as_text : bool
        All values are strings; else columns of numbers are numbers, exactly as written, and only
        the first column is sure to be text. No word is taken for a missing value.

    Returns
    -------
    header : list of str
        The first line that is not blank, split.
    body : DataFrame
        The lines below it, with numbered columns; all have the same number of fields, which need
        not be that of the header.

    Raises
    ------
    InputError
        As ``open_text``; for blank lines only, ragged rows, fields that span lines and a Matrix Market file.
    """
    options = {"dtype": str} if as_text else {"dtype": {0: str}, "float_precision": "round_trip"}
    with open_text(path) as stream:
        header = _header(csv.reader(stream, delimiter=separator))
        if header is None:
            raise InputError(f"{path} holds blank lines only; was it written to the end?")
        if header[0].lower().startswith("%%matrixmarket"):
            raise InputError(
                f"{path} is a Matrix Market file; expected a table. Name it .mtx, and write the names of genes and of cells "
                "beside it (features.tsv, barcodes.tsv)"
            )
        try:
            body = pd.read_csv(
                stream, sep=separator, header=None, na_filter=False, low_memory=False, **options
            )
        except pd.errors.EmptyDataError:
            body = pd.DataFrame()
        except pd.errors.ParserError:
            _refuse_ragged(path, separator)
            raise
    last = body.iloc[:, -1] if body.size else pd.Series(dtype=float)
    if not pd.api.types.is_numeric_dtype(last) and (last == "").any():
        _refuse_ragged(path, separator)  # pandas fills short rows up with empty fields
    for field in [*header, *(body[0] if body.size else ())]:
        if "\n" in field:  # no name does that; the lines inside would be lost
            raise InputError(
                f"{path}: a quotation mark is left open before {field[:40]!r}; close it"
            )
    return [field.strip() for field in header], body


def sniffed_separator(path: Path) -> str:
    """Return the separator of a table: tab, else semicolon, comma or space, by its first line.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        One character; a comma for a file of blank lines.
    """
    with open_text(path) as stream:
        first = next((line for line in stream if line.strip() and not line.startswith("#")), "")
    return next((separator for separator in "\t;, " if separator in first.strip(" \n")), ",")


def as_numbers(words: pd.Series) -> pd.Series:
    """Read words as numbers; NaN for those that are none.

    pandas' own ``to_numeric`` ends the process on a number such as 1e50000000000.

    Parameters
    ----------
    words : Series
        Text or numbers.

    Returns
    -------
    Series
        With the same index; the last digit may be rounded.
    """
    if words.dtype.kind in "iufb":
        return words
    huge = words.astype(str).str.contains(r"e[+-]?\d{4,}\s*$", case=False, regex=True)
    return pd.to_numeric(words.mask(huge), errors="coerce")


def without_row_numbers(rows: list[list[str]]) -> tuple[list[list[str]], int]:
    """Leave out a first column that counts the rows, from 0 or 1, as R and pandas write it beside names.

    Parameters
    ----------
    rows : list of list of str
        Without a header.

    Returns
    -------
    rows : list of list of str
        The same where there is no such column, or no other.
    n_left : int
        How many columns were left out, 0 or 1.
    """
    first = [row[0] for row in rows if len(row) > 1]
    if not rows or len(first) < len(rows):
        return rows, 0
    start = int(first[0] == "1")
    if first != [str(number) for number in range(start, start + len(rows))]:
        return rows, 0
    return [row[1:] for row in rows], 1


def unnumbered(header: list[str], body: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Leave out the row names of R, numbers in a first column without a header, from a table of edges.

    Parameters
    ----------
    header : list of str
    body : DataFrame
        Of ``read_rows``.

    Returns
    -------
    header : list of str
    body : DataFrame
        Unchanged where there are no such numbers.
    """
    named = body.shape[1] - len(header) == 0 and header[:1] == [""]
    if body.empty or not (named or body.shape[1] == len(header) + 1):
        return header, body
    if not without_row_numbers(body.iloc[:, :2].astype(str).to_numpy().tolist())[1]:
        return header, body
    return header[1:] if named else header, body.iloc[:, 1:].set_axis(range(body.shape[1] - 1), axis=1)


class _NulError(ValueError):
    """A NUL character in what should be text; pandas would silently end a value there."""


class _Text(io.TextIOWrapper):
    """Text that refuses NUL characters instead of handing them on."""

    def read(self, size: int | None = -1, /) -> str:
        return self._checked(super().read(size))

    def __next__(self) -> str:
        return self._checked(super().__next__())

    @staticmethod
    def _checked(text: str) -> str:
        if "\0" in text:
            raise _NulError
        return text


def _header(rows: Iterator[list[str]]) -> list[str] | None:
    """Return the first row that is neither blank nor a comment."""
    filled = _filled(rows)
    return next((row for row in filled if not row[0].startswith("##" if len(row) > 1 else "#")), None)


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Drop blank rows; separators alone are not nothing."""
    return (row for row in rows if len(row) > 1 or any(field.strip() for field in row))


def _refuse_ragged(path: Path, separator: str) -> None:
    """Name the first line below the header with another number of fields than those above."""
    with open_text(path) as stream:
        reader = csv.reader(stream, delimiter=separator)
        _header(reader)
        width = None
        for row in _filled(reader):
            width = width or len(row)
            if len(row) != width:
                raise InputError(
                    f"{path}, line {reader.line_num} ({row[0][:40]!r}...): {len(row)} fields, but "
                    f"the rows above have {width}. Is a value missing, a name with a separator in "
                    "it not quoted, a quotation mark left open, or the file cut short?"
                )
