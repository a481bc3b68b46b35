"""Expression as a text table: names in the first row and in the first column, numbers elsewhere.

Nothing here decides which side the genes are on; see ``checks.choose_orientation``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.names import shown
from grnular_core.data.textfile import open_text, read_rows
from grnular_core.utils.errors import InputError

MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", ".")
FINITE = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", re.IGNORECASE)
NO_NAMES = (*MISSING_WORDS, "true", "false", "inf", "infinity")
NUMBER = re.compile(FINITE.pattern + "|[-+]?inf(inity)?", re.IGNORECASE)
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "spaces"}
# what people write above the names of the rows, letters only
CORNERS = frozenset(
    "barcode barcodes cell cellid cellname cells ensembl ensemblid entrez entrezid feature "
    "featureid features gene geneid genename genes genesymbol hgncsymbol id ids index name names "
    "row rowname "
    "rownames rows sample sampleid samples symbol unnamed x".split()
)


def read_table(path: Path, separator: str) -> pd.DataFrame:
    """Read a table of numbers with its row and column names, as they stand in the file.

    The first line may lack the corner field, as R writes it; the corner becomes the name of the
    index. Missing values (an empty field, ``NA`` and the like) become NaN, which no dataset takes.
    Raises ``InputError`` that names the place for everything that is not such a table.
    """
    _refuse_other_layouts(path, separator)
    header, body = read_rows(path, separator, as_text=False)
    if body.empty:
        raise InputError(
            f"{path} holds a header ({shown(filter(None, header), 3)}) and no rows; expected "
            "names and numbers below"
        )
    corner, columns = _column_names(path, header, body)
    rows = [str(name).strip() for name in body[0]]
    _refuse_missing_names(path, corner, columns, rows)
    values = _numbers(path, body.iloc[:, 1:], rows, columns)
    return pd.DataFrame(values, index=pd.Index(rows, dtype=object, name=corner), columns=columns)


def _refuse_other_layouts(path: Path, separator: str) -> None:
    """Look at the first line: comments, another separator, a quotation mark left open."""
    with open_text(path) as stream:
        first = next((line for line in stream if line.strip()), "").rstrip("\n")
    if first.startswith("#"):
        raise InputError(
            f"{path} starts with a comment ({first[:40]!r}); expected the line of column names. "
            "Delete the comment lines"
        )
    if separator not in first and first.strip():
        other = max(SEPARATORS, key=first.count)
        seen = ""
        if first.count(other):
            fix = (
                "save it with decimal points, and commas between the fields"
                if other == ";"
                else "convert it"
            )
            if other == "\t":
                fix = "name it .tsv"
            elif other == "," and separator == "\t":
                fix = "name it .csv"
            seen = f" It looks separated by {SEPARATORS[other]}; {fix}"
        raise InputError(
            f"{path}: the first line ({first[:40]!r}) has no {SEPARATORS[separator][:-1]}; "
            f"expected the names of the columns, separated by {SEPARATORS[separator]}.{seen}"
        )


def _column_names(
    path: Path, header: list[str], body: pd.DataFrame
) -> tuple[str | None, list[str]]:
    """The corner (None where the header has none) and the names of the columns."""
    n_header, n_fields = len(header), body.shape[1]
    if n_fields == 1:
        raise InputError(
            f"{path}: the rows hold one field only; expected a name and numbers on every line"
        )
    if n_header == n_fields:
        return header[0], header[1:]
    if n_header == n_fields - 1:
        if (body.iloc[:, -1].astype(str).str.strip() == "").all():
            raise InputError(f"{path}: every row ends with a separator; remove it")
        return None, header
    raise InputError(
        f"{path}: the first line has {n_header} fields and the rows have {n_fields}; expected as "
        "many, or one less without a name above the row names. Decimal commas, or names that "
        "hold the separator?"
    )


def _refuse_missing_names(
    path: Path, corner: str | None, columns: list[str], rows: list[str]
) -> None:
    """Empty names, a table without row names, a table without a header."""
    if "" in columns:
        raise InputError(
            f"{path}: column {columns.index('') + 1 + (corner is not None)} has no name in the "
            "first line; give it one, or remove a separator at the end of the lines"
        )
    if "" in rows:
        at = rows.index("")
        before = f" (the one after {rows[at - 1]})" if at else ""
        raise InputError(
            f"{path}: data row {at + 1}{before} has no name in its first field; name or delete it"
        )
    if corner and _key(corner) not in CORNERS and _looks_like_values(rows):
        raise InputError(
            f"{path}: the first column ({corner!r}) holds numbers such as {shown(rows, 3)}; "
            "expected the names of the rows. Write the table with them (pandas: index=True); if "
            "they are names, call that column 'cell' or 'gene'"
        )
    if _are_numbers(columns) and (len(set(columns)) < len(columns) or not _are_whole(columns)):
        raise InputError(
            f"{path}: the first line holds numbers ({shown(columns, 3)}); expected the names of "
            "the columns. Add a line with them"
        )


def _looks_like_values(names: list[str]) -> bool:
    """Whether row names are rather values: numbers that do not just count the rows."""
    if not _are_numbers(names):
        return False
    counting = [str(i) for i in range(len(names) + 1)]
    return names not in (counting[:-1], counting[1:])


def _are_numbers(names: list[str]) -> bool:
    return all(FINITE.fullmatch(name) for name in names)


def _are_whole(names: list[str]) -> bool:
    return all(re.fullmatch(r"\d+", name) for name in names)


def _key(corner: str) -> str:
    return re.sub(r"[^a-z]", "", corner.lower())


def _numbers(path: Path, body: pd.DataFrame, rows: list[str], columns: list[str]) -> np.ndarray:
    """The values as float64, shape (rows, columns); missing words as NaN."""
    if all(kind.kind in "iuf" for kind in body.dtypes):
        return body.to_numpy(dtype=float)
    values = np.empty(body.shape)
    _refuse_second_names(path, body, rows, columns)
    for column, (_, raw) in enumerate(body.items()):
        if pd.api.types.is_numeric_dtype(raw) and not pd.api.types.is_bool_dtype(raw):
            values[:, column] = raw
        else:
            words = raw.astype(str).str.strip()
            values[:, column] = _parsed(path, words, rows, columns[column])
    return values


def _refuse_second_names(
    path: Path, body: pd.DataFrame, rows: list[str], columns: list[str]
) -> None:
    """Words in the second column too, as of symbols beside ids, or of names after row numbers."""
    words = body.iloc[:, 0].astype(str).str.strip()
    is_word = words.str.match("[A-Za-z]") & ~words.str.lower().isin(NO_NAMES)
    if 2 * is_word.sum() <= len(words) or body.shape[1] < 2:
        return
    first = "row numbers" if _are_whole(rows) else f"names ({shown(rows, 2)})"
    raise InputError(
        f"{path}: the first column holds {first} and the second, {columns[0]}, names too ({shown(words, 2)}); "
        "expected one column of names and numbers beside it. Delete the one that is not compared with the TF "
        "list (pandas: write with index=False, or read_csv with index_col first)"
    )


def _parsed(path: Path, words: pd.Series, rows: list[str], column: str) -> np.ndarray:
    """Numbers of one column that pandas did not take for numbers as a whole."""
    missing = words.str.lower().isin(MISSING_WORDS)
    is_number = ~missing & words.str.fullmatch(NUMBER)
    wrong = np.flatnonzero(~missing & ~is_number)
    if len(wrong):
        word = words.iloc[wrong[0]]
        raise InputError(
            f"{path}: {word[:40]!r} at row {rows[wrong[0]]}, column {column} is not a "
            f"number{_why(word)}"
        )
    numbers = np.full(len(words), np.nan)
    numbers[is_number] = words[is_number].astype(float)  # exact, and 1e400 is infinite
    return numbers


def _why(word: str) -> str:
    """The likely reason why a field is not a number, and the fix."""
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", word):
        return "; write it without commas"
    if re.fullmatch(r"[-+]?\d+,\d+(e[-+]?\d+)?", word, re.IGNORECASE):
        return "; write decimals with a point"
    if word.lower() in ("true", "false"):
        return "; write yes and no as 1 and 0 if they are meant as expression"
    if re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", word):
        return "; it looks like a date, perhaps made by a spreadsheet: export the values again"
    if word.startswith("#"):
        return "; it looks like an error of a spreadsheet: correct the formula"
    return "; expected numbers below the first line and beside the first column. Delete the rest"
