"""Reading text files as people really send them: packed, marked, cut short, mislabelled.

Everything that goes wrong becomes an ``InputError`` that names the file and the likely fix.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, TextIO

import pandas as pd

from grnular_core.data.names import shown
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import dangling, place

# first bytes -> what the file is in truth, and what to do about it
MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or zip archive", "unpack it, or save the sheet as csv"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as csv"),
    (b"\x89HDF", "an HDF5 file", "if it is an AnnData file, name it .h5ad"),
    (b"BZh", "packed with bzip2", "unpack it or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz", "unpack it or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it or pack it with gzip"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"%PDF", "a PDF document", "export the table as csv"),
    (b"<!DOCTYPE", "a web page", "did the download end on a login or error page? Fetch it again"),
    (b"<html", "a web page", "did the download end on a login or error page? Fetch it again"),
    (b"version https://git-lfs", "a Git LFS pointer", "run git lfs pull"),
)
GZIP_MAGIC = b"\x1f\x8b"


def check_file(path: Path) -> None:
    """Refuse what is no file with bytes in it, and what its first bytes show to be another kind."""
    kind = place(path)
    if kind == "folder":
        raise InputError(f"{path} is a folder; expected a file")
    if kind == "missing":
        raise InputError(f"no file {path}{_neighbours(path)}")
    if kind == "other":  # it would be read twice, and the second time its beginning is gone
        raise InputError(
            f"{path} is a pipe or device, which gives its content once; expected a file: write it to "
            "one first (cat ... > file.txt), and name that"
        )
    try:
        with open(path, "rb") as stream:
            head = stream.read(32)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror or error}") from error
    if not head:
        raise InputError(f"{path} is empty (0 bytes); was it written or copied to the end?")
    if path.suffix.lower() == ".gz":
        if not head.startswith(GZIP_MAGIC):
            raise InputError(
                f"{path} ends in .gz but is not packed with gzip; take .gz off its name"
            )
    elif head.startswith(GZIP_MAGIC):
        raise InputError(f"{path} is packed with gzip; add .gz to its name")
    refuse_other_kinds(path, head)


def refuse_other_kinds(path: Path, head: bytes) -> None:
    """Refuse a text file whose first bytes are those of something else."""
    if path.suffix.lower() == ".h5ad":
        return
    for magic, kind, fix in MAGIC:
        if head.startswith(magic):
            raise InputError(f"{path} is {kind}; expected a table of plain text: {fix}")


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file (UTF-8, with or without byte order mark; gzip when it ends in ``.gz``).

    Any line ending counts. Raises ``InputError`` for everything that cannot be read, also while the
    block reads: damaged or cut gzip, another encoding, binary data.
    """
    check_file(path)
    try:
        with _unpacked(path) as raw, _Text(raw, encoding="utf-8-sig") as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is damaged or cut short ({error}); copy or download it again"
        ) from error
    except _BinaryData as error:
        raise InputError(
            f"{path} holds binary data (NUL bytes); expected plain text, or a file copied again"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.object[error.start]:#04x}); save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{path} is not a readable table ({error}); is a quotation mark left open?"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def read_lines(path: Path) -> list[str]:
    """Lines of a small text file without their ends; at least one that is not blank."""
    with open_text(path) as stream:
        lines = stream.read().split("\n")  # not splitlines: names may hold U+2028
    if not any(line.strip() for line in lines):
        raise InputError(f"{path} holds blank lines only; was it written to the end?")
    return lines


def read_rows(path: Path, separator: str, *, as_text: bool) -> tuple[list[str], pd.DataFrame]:
    """First line, split and stripped, and the lines below it as a table with numbered columns.

    Blank lines are skipped. All rows have the same number of fields, which need not be that of the
    first line. With ``as_text`` all values are strings; else columns of numbers are numbers,
    exactly as written, and only the first column is sure to be text. No word is taken for a
    missing value.
    """
    options = {"dtype": str} if as_text else {"dtype": {0: str}, "float_precision": "round_trip"}
    with open_text(path) as stream:
        header = next(_filled(csv.reader(stream, delimiter=separator)), None)
        if header is None:
            raise InputError(f"{path} holds blank lines only; was it written to the end?")
        _refuse_open_quote(path, header, 1)
        try:
            body = pd.read_csv(
                stream, sep=separator, header=None, na_filter=False,
                low_memory=False, **options,
            )  # fmt: skip
        except pd.errors.EmptyDataError:
            return [field.strip() for field in header], pd.DataFrame()
        except (pd.errors.ParserError, OverflowError) as error:
            _refuse_ragged(path, separator)
            raise InputError(
                f"{path} is not a readable table ({str(error).strip()}); is a quotation mark left "
                "open?"
            ) from error
    last = body.iloc[:, -1]
    if not pd.api.types.is_numeric_dtype(last) and (last == "").any():
        _refuse_ragged(path, separator)  # pandas fills short rows up with empty fields
    return [field.strip() for field in header], body


def sniffed_separator(path: Path) -> str:
    """The separator of a table: tab, else semicolon, else comma, by its first line."""
    with open_text(path) as stream:
        first = next((line for line in stream if line.strip()), "")
    return next((separator for separator in "\t;" if separator in first), ",")


def _refuse_ragged(path: Path, separator: str) -> None:
    """Name the first line below the header with another number of fields than those above."""
    with open_text(path) as stream:
        reader = csv.reader(stream, delimiter=separator)
        next(_filled(reader), None)
        width, line = None, reader.line_num
        for row in _filled(reader):
            _refuse_open_quote(path, row, line + 1)
            width, line = width or len(row), reader.line_num
            if len(row) != width:
                raise InputError(
                    f"{path}, line {line} ({row[0][:40]!r}...): {len(row)} fields, but "
                    f"the rows above have {width}. Is a value missing, a name with a separator in "
                    "it not quoted, or the file cut short?"
                )


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank; separators alone are not nothing."""
    return (row for row in rows if len(row) > 1 or any(field.strip() for field in row))


def _refuse_open_quote(path: Path, row: list[str], line: int) -> None:
    """A field over several lines: no name and no number does that."""
    for field in row:
        if "\n" in field:
            raise InputError(
                f"{path}, line {line}: a quotation mark is left open before {field[:40]!r}; "
                "close it"
            )


def _neighbours(path: Path) -> str:
    """What may have been meant, or what else is in the folder where a file was expected."""
    target = dangling(path)
    if target is not None:
        return f"; it is a link to {target}, which is not there: mend the link, or name the file itself"
    if place(path.parent) != "folder":
        return f"; there is no folder {path.parent} either"
    try:
        near = sorted(name for name in os.listdir(path.parent) if not name.startswith("."))
    except OSError:  # a folder that may be entered and not be listed
        return "; its folder cannot be listed"
    alike = get_close_matches(path.name, near, n=3)
    if alike:
        return f"; did you mean {' or '.join(alike)}?"
    return f"; the folder holds {shown(near)}" if near else "; the folder is empty"


def _unpacked(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else open(path, "rb")


class _BinaryData(ValueError):
    """A NUL character in what should be text; pandas would end a value there without a word."""


class _Text(io.TextIOWrapper):
    """Text that refuses NUL characters instead of handing them on."""

    def read(self, size: int | None = -1, /) -> str:
        return self._checked(super().read(size))

    def __next__(self) -> str:
        return self._checked(super().__next__())

    @staticmethod
    def _checked(text: str) -> str:
        if "\0" in text:
            raise _BinaryData
        return text
