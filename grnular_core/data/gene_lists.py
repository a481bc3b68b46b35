"""TF lists and networks: small text files with names in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.names import shown
from grnular_core.data.textfile import read_lines, read_rows, sniffed_separator
from grnular_core.utils.errors import InputError

# headers, letters and digits only; the first that a file has is taken
TF_HEADERS = (
    "tf", "tfs", "tfname", "regulator", "regulators", "hgncsymbol", "mgisymbol", "genesymbol",
    "symbol", "genename", "gene", "genes", "transcriptionfactor", "transcriptionfactors",
    "name", "ensemblid", "ensemblgeneid", "geneid", "x",
)  # fmt: skip
SURE_HEADERS = (
    "tf",
    "tfs",
    "tfname",
    "regulator",
    "regulators",
    "transcriptionfactor",
    "transcriptionfactors",
)
FLAG_HEADERS = ("istf", "istranscriptionfactor", "tfyesno")
NO = ("no", "n", "false", "0")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# a gene's symbol, and no Ensembl id; lists give those beside the symbols
SYMBOL = re.compile(r"(?!ENS[A-Z]*\d{6})[A-Za-z][A-Za-z0-9.-]{1,14}")
WORD = re.compile(r'"[^"\s]+"|[A-Za-z0-9][A-Za-z0-9.-]*')  # what separated by spaces looks like
REGULATOR_HEADERS = ("regulator", "gene1", "tf", "sourcegenesymbol", "source", "from")
TARGET_HEADERS = ("gene2", "targetgenesymbol", "target", "targetgene", "tg", "gene", "to")
SIGN_HEADERS = ("sign", "type", "effect", "mor", "mode", "regulation")
PAIR_HEADERS = (
    "edge", "isedge", "label", "truth", "class", "weight", "edgeweight", "score", "interaction", "isinteraction",
    "value", "y",
)  # fmt: skip
# a third column of 0 and 1 that says something else: signs, and the flags of OmniPath
NO_LABELS = (*SIGN_HEADERS, "isdirected", "isstimulation", "isinhibition", "consensusdirection",
    "consensusstimulation", "consensusinhibition", "curationeffort")  # fmt: skip
LABELS = {"true": "1", "t": "1", "yes": "1", "false": "0", "f": "0", "no": "0"}
MOST_LETTERS = 2000
SIGNS = {
    "+": 1, "activation": 1, "activates": 1, "activator": 1, "up": 1, "positive": 1,
    "-": -1, "repression": -1, "represses": -1, "repressor": -1, "inhibition": -1, "down": -1,
    "negative": -1, "unknown": 0, "?": 0,
}  # fmt: skip


def read_tfs(path: str | Path) -> list[str]:
    """The names of ``read_tf_list``."""
    return read_tf_list(path)[0]


def read_tf_list(path: str | Path) -> tuple[list[str], list[str]]:
    """Read a TF list: one name a line, or a table with a column of names; returns names and notes.

    A first line such as ``TF`` or ``gene_symbol`` is a header; in a table with several columns it
    tells which one holds the names, otherwise the first does. Lines that start with ``#`` are
    comments; a name that comes again is taken once. Rows that say No in a column such as "Is TF?" are
    left out, with a note. Raises ``InputError`` when no name is left, and for a list that would lose
    names: several on one line, or an expression table.
    """
    path = Path(path)
    lines = [line for line in read_lines(path) if line.strip() and not line.startswith("#")]
    longest = max(map(len, lines), default=0)
    if longest > MOST_LETTERS:
        raise InputError(
            f"{path} has a line of {longest} letters; expected one TF name a line. Is it the "
            "expression table?"
        )
    rows = [_fields(line) for line in lines]
    keys = [header_key(field) for field in rows[0]] if rows else []
    if "gene2" in keys or ("target" in keys and _first(REGULATOR_HEADERS, keys) is not None):
        raise InputError(
            f"{path} has the columns {shown(rows[0])}: a network, whose regulators would give away the "
            "truth. Expected a list of TFs, one name a line"
        )
    column = _named_column(rows)
    _refuse_names_on_one_line(path, rows, column)
    _refuse_names_side_by_side(path, rows, column)
    _refuse_names_by_spaces(path, lines)
    _refuse_expression(path, rows, column)
    rows, notes = _without_others(path, rows, keys) if column is not None else (rows, [])
    names = [row[column or 0] for row in rows[column is not None :] if len(row) > (column or 0)]
    names = [name for name in dict.fromkeys(names) if name]
    if not names:
        raise InputError(f"{path} holds no TF names; expected one name a line")
    return names, notes


def read_network(path: str | Path) -> pd.DataFrame:
    """Read a network: columns ``regulator, target, sign`` (sign 0 where the file has none).

    Separated by tabs, semicolons or commas. Knows the headers Gene1/Gene2 (BEELINE), TF/target
    (pySCENIC), source/target and regulator/target; without one the first line is an edge, the first
    two columns are its ends, and a third one of words such as Activation is its sign. Other
    columns (scores) are ignored. Every line is an edge: a list of pairs with 0 and 1 is refused.
    """
    path = Path(path)
    header, body = read_rows(path, sniffed_separator(path), as_text=True)
    keys = [header_key(field) for field in header]
    if {"weight", "rank"} <= set(keys):
        raise InputError(
            f"{path} has the columns {shown(header)}: a prediction, no known network. Expected regulator "
            "and target (and sign) of true edges"
        )
    regulator, target = _first(REGULATOR_HEADERS, keys), _first(TARGET_HEADERS, keys)
    if len(header) < 2:
        raise InputError(
            f"{path}: one column only ({header[0][:60]!r}); expected regulator and target, "
            "separated by a comma or a tab"
        )
    if len(body) and body.shape[1] != len(header):
        raise InputError(
            f"{path}: the first line has {len(header)} fields and the rows have {body.shape[1]}; "
            "expected as many (R: write it with row.names=FALSE)"
        )
    known = regulator is not None and target is not None
    if not known:
        body = pd.concat([pd.DataFrame([header]), body], ignore_index=True)
        keys, regulator, target = list(map(str, range(len(header)))), 0, 1
    if body.empty:
        raise InputError(f"{path} holds a header and no edges; expected one edge a line")
    body = body.apply(lambda column: column.str.strip())
    _refuse_pairs_without_edge(path, body, keys, known)
    sign = _sign_column(body, keys, known)
    edges = pd.DataFrame(
        {
            "regulator": body[regulator],
            "target": body[target],
            "sign": signs_of(body[sign]) if sign is not None else 0,
        }
    )
    unnamed = (edges[["regulator", "target"]] == "").any(axis=1)
    if unnamed.any():
        first = edges[unnamed].iloc[0]
        raise InputError(
            f"{path}: {unnamed.sum()} edges lack a name, the first is number "
            f"{unnamed.idxmax() + 1} ({first['regulator']!r} -> {first['target']!r}); complete or "
            "delete them"
        )
    return edges


def signs_of(column: pd.Series) -> pd.Series:
    """Signs -1, 0, +1 of words (``activation``, ``-``) or numbers; anything else is 0, unknown."""
    words = column.astype(str).str.strip().str.lower()
    numbers = pd.to_numeric(words, errors="coerce")
    return words.map(SIGNS).fillna(np.sign(numbers)).fillna(0).astype(int)


def header_key(field: str) -> str:
    """A header as it is compared: letters and digits only, lower case."""
    return re.sub(r"[^a-z0-9]", "", field.lower())


def _named_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Which column a header says holds the names; None where the first line is no header."""
    keys = [header_key(field) for field in rows[0]] if rows else []
    column = _first(TF_HEADERS, keys)
    if column is None:
        return None
    below = {header_key(row[column]) for row in rows[1:] if len(row) > column}
    # a column of nothing but "TF" says what the rows are, and is no header
    return None if len(keys) > 1 and below == {keys[column]} else column


def _refuse_names_on_one_line(
    path: Path, rows: Sequence[Sequence[str]], column: int | None
) -> None:
    """A line of names in what is no table: all but the first would be lost."""
    filled = [[field for field in row if field] for row in rows]
    below = filled[1:] if column is not None else filled
    is_list = len(rows[0]) == 1 if rows else False
    wide = [row for row in below if len(row) > 1] if is_list or len(filled) == 1 else []
    if wide:
        raise InputError(
            f"{path} has a line of {len(wide[0])} fields ({shown(wide[0], 3)}) and no header that says which "
            "one is a name; expected one name a line. Put each name on a line of its own, or write a "
            "header such as TF above a table"
        )


def _refuse_names_side_by_side(
    path: Path, rows: Sequence[Sequence[str]], column: int | None
) -> None:
    """Names on lines of one width, which look like a table: all but the first of a line would be lost.

    A second column of ids, families or numbers is no such list: it has an Ensembl id, a repeated
    word, or something that is no symbol.
    """
    if column is not None or not any(len(list(filter(None, row))) > 1 for row in rows):
        return
    fields = [field for row in rows for field in row if field]
    if len(set(fields)) == len(fields) and all(map(SYMBOL.fullmatch, fields)):
        raise InputError(
            f"{path} has {len(fields)} different names on {len(rows)} lines ({shown(rows[0], 3)}) and no header "
            "that says which one of a line is a TF; expected one name a line. Put each name on a line of its "
            "own, or write a header such as TF above the column"
        )


def _refuse_names_by_spaces(path: Path, lines: Sequence[str]) -> None:
    """Spaces on every line: names one after the other, or R's row numbers before them."""
    words = [line.strip().split(" ") for line in lines]
    if words and all(len(row) > 1 and all(map(WORD.fullmatch, row)) for row in words):
        raise InputError(
            f"{path} has spaces on every line ({lines[0].strip()[:40]!r}); expected one name a line and nothing "
            "else. Put each name on a line of its own (R: write.table with quote, row.names and col.names FALSE)"
        )


def _refuse_expression(path: Path, rows: Sequence[Sequence[str]], column: int | None) -> None:
    """Names beside several columns of numbers, unless a header says that the names are TFs."""
    if column is not None and header_key(rows[0][column]) in SURE_HEADERS:
        return
    at, below = column or 0, rows[1:]
    others = [[field for i, field in enumerate(row) if i != at] for row in below]
    if not others or min(map(len, others)) < 2:
        return
    if all(NUMBER.fullmatch(field) for row in others for field in row):
        raise InputError(
            f"{path} has numbers in all columns but one ({shown(filter(None, rows[0]), 3)}); expected a list of TFs, one "
            "name a line. Is it the expression table? If it is a list, name the column of its TFs TF"
        )


def _without_others(
    path: Path, rows: list[list[str]], keys: Sequence[str]
) -> tuple[list[list[str]], list[str]]:
    """The header and the rows that a column such as "Is TF?" does not call none, and a note."""
    flag = _first(FLAG_HEADERS, keys)
    if flag is None:
        return rows, []
    kept = [row for row in rows[1:] if len(row) <= flag or row[flag].lower() not in NO]
    n_out = len(rows) - 1 - len(kept)
    said = f"{n_out} of {len(rows) - 1} rows of {path} say No in the column {rows[0][flag]!r}"
    if n_out and not kept:
        raise InputError(f"{said}; no TF is left. Expected Yes for TFs")
    return [rows[0], *kept], [f"{said}; they are left out"] if n_out else []


def _fields(line: str) -> list[str]:
    separator = next((s for s in "\t;" if s in line), ",")
    return [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]


def _first(wanted: Sequence[str], keys: Sequence[str]) -> int | None:
    """Position of the first of ``wanted`` that is among the keys."""
    return next((list(keys).index(name) for name in wanted if name in keys), None)


def _sign_column(body: pd.DataFrame, keys: Sequence[str], known: bool) -> int | None:
    """The column of signs; without a header, the third one when it holds nothing but sign words."""
    if known:
        return _first(SIGN_HEADERS, keys)
    is_sign = body.shape[1] > 2 and body[2].str.lower().isin(SIGNS).all()
    return 2 if is_sign else None


def _refuse_pairs_without_edge(
    path: Path, body: pd.DataFrame, keys: Sequence[str], known: bool
) -> None:
    """Gold standards such as DREAM's list all pairs, with 1 for an edge and 0 for none.

    A column named as a label or weight may hold no 0 at all; the third one, whatever its name, no 0
    among nothing but -1, 0 and 1.
    """
    named = [i for i, key in enumerate(keys) if known and key in PAIR_HEADERS]
    third = [] if known and (len(keys) < 3 or keys[2] in NO_LABELS) else [2]
    for column in dict.fromkeys([*named, *third]):
        if column >= body.shape[1]:
            continue
        words = body[column] if known or _is_label(body[column].iloc[:1]) else body[column].iloc[1:]
        numbers = _label_numbers(words)
        zero = words[numbers == 0]
        is_label = numbers.notna().all() if column in named else _is_label(words)
        if is_label and len(zero):
            values = pd.unique(words.loc[numbers.sort_values(kind="stable").index])
            told = " and ".join(map(str, values)) if len(values) < 4 else "numbers, some of them 0,"
            raise InputError(
                f"{path}: column {column + 1} holds {told} ({len(zero)} lines with {zero.iloc[0]}), as in a "
                "list of all pairs; every line counts as an edge, so keep only the lines "
                f"{'with 1' if set(values) == {'0', '1'} else 'of edges'} ({shown(body.iloc[0].tolist(), 3)} is the "
                "first), or delete the column if it says something else"
            )


def _label_numbers(words: pd.Series) -> pd.Series:
    """Labels as numbers, True as 1 and No as 0; NaN for what is neither."""
    return pd.to_numeric(words.str.lower().replace(LABELS), errors="coerce")


def _is_label(words: pd.Series) -> bool:
    return bool(len(words)) and bool(_label_numbers(words).isin((-1, 0, 1)).all())
