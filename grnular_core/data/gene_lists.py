"""TF lists and known networks: small text files with names in them.

Whether the names of a list are among the genes is checked in ``names.choose_tfs``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.downloads import fetch
from grnular_core.data.names import Match, preview
from grnular_core.data.text import (
    as_numbers,
    open_text,
    read_rows,
    sniffed_separator,
    unnumbered,
    without_row_numbers,
)
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.utils.files import place, same_place

# headers, letters and digits only; the first that a file has is taken
SURE_HEADERS = ("tf", "tfs", "tfname", "regulator", "regulators", "transcriptionfactor",
    "transcriptionfactors")  # fmt: skip
TF_HEADERS = (*SURE_HEADERS, "hgncsymbol", "mgisymbol", "genesymbol", "symbol", "genename", "gene",
    "genes", "name", "ensemblid", "ensemblgeneid", "geneid", "x")  # fmt: skip
FLAG_HEADERS = ("istf", "istranscriptionfactor", "tfyesno")
NO = ("no", "n", "false", "0")
REGULATOR_HEADERS = ("regulator", "regulatorygene", "gene1", "tf", "sourcegenesymbol", "source", "from")
TARGET_HEADERS = ("gene2", "targetgenesymbol", "target", "targetgene", "tg", "gene", "to")
SIGN_HEADERS = ("sign", "type", "effect", "mor", "mode", "regulation")
PAIR_HEADERS = ("edge", "isedge", "label", "truth", "class", "weight", "edgeweight", "score",
    "interaction", "isinteraction", "value", "y")  # fmt: skip
# third columns of 0 and 1 that are no edge labels: signs, and the flags of OmniPath
NO_LABELS = (*SIGN_HEADERS, "isdirected", "isstimulation", "isinhibition", "consensusdirection",
    "consensusstimulation", "consensusinhibition", "curationeffort")  # fmt: skip
LABELS = {"true": "1", "t": "1", "yes": "1", "false": "0", "f": "0", "no": "0"}
SIGNS = {
    "+": 1, "activation": 1, "activates": 1, "activator": 1, "up": 1, "positive": 1,
    "-": -1, "repression": -1, "represses": -1, "repressor": -1, "inhibition": -1, "down": -1,
    "negative": -1, "unknown": 0, "?": 0,
}  # fmt: skip
STRICT = "tf_lists/lambert2018.txt"
# species -> BEELINE's list, in capitals for both
BROAD = {"human": "beeline/Networks/human-tfs.csv", "mouse": "beeline/Networks/mouse-tfs.csv"}
# word -> file of the registry
NAMED = {"human": STRICT, "mouse": STRICT, **{f"{species}-broad": key for species, key in BROAD.items()}}
ALL = "all"


@dataclass(frozen=True)
class TFList:
    """A TF list, and notes on how it was read."""

    names: list[str] | None  # None: every gene may regulate
    match: Match  # how they are compared with genes
    notes: tuple[str, ...] = ()
    species: str | None = None  # set where the list was taken by name


def _mouse_names(human: Sequence[str]) -> list[str]:
    """Return the names that the mouse's TFs have where they are called as the human ones are.

    Nearly all orthologous TFs of human and mouse share one symbol up to its case. Two groups have a stem of their own in the
    mouse: zinc fingers (ZNF281, Zfp281) and the p53 family (TP53, Trp53). Zinc fingers of other numbers,
    and TFs that the mouse alone has, are not found so.
    """
    stems = ((r"ZNF(?=\d)", "ZFP"), (r"TP(?=(53|63|73)$)", "TRP"))
    names = [name.upper() for name in human]
    for human_stem, stem in stems:
        names = [re.sub(f"^{human_stem}", stem, name) for name in names]
    return list(dict.fromkeys(names))


def tf_list(given: str, match: Match | None = None) -> TFList:
    """Find the TFs that the option ``--tfs`` means.

    Parameters
    ----------
    given : str
        A file of that name first, then ``human`` or ``mouse``: TFs that bind DNA at sequences of their own
        (Lambert et al. 2018, for the mouse in its spelling); ``human-broad`` or ``mouse-broad``: BEELINE's lists, which
        hold cofactors and more; ``all``. Lists by name are fetched like all data.
    match : {"exact", "ignore-case", "ignore-version"}, optional
        By default files are compared exactly, and the lists by name, which are in capitals while
        mouse genes are not, without regard to case.

    Returns
    -------
    TFList

    Raises
    ------
    InputError
        For a file that is not there or holds no names.
    DownloadError
        When a list by name cannot be had.
    """
    word, known = given.strip().lower(), (*NAMED, ALL)
    if place(given) not in ("folder", "missing") or word not in known:  # a folder is no list
        if place(given) == "missing":
            _refuse_unknown_word(given)
        taken = f"--tfs {given}: the file of that name is read, not the list"
        names, notes = _read_tf_list(given)
        return TFList(names, match or "exact", (*([taken] if word in NAMED else []), *notes))
    if word == ALL:
        return TFList(None, match or "exact")
    try:
        names = read_tfs(fetch(NAMED[word]))
    except DownloadError as error:
        raise DownloadError(
            f"the TF list {word!r} is not available: {error}. Or give --tfs a file with one name a line"
        ) from error
    species = word.removesuffix("-broad")
    is_strict = word == species
    if is_strict and species == "mouse":
        names = _mouse_names(names)
    rule = match or "ignore-case"
    how = "compared without regard to case" if rule == "ignore-case" else f"compared by {rule}"
    note = f"--tfs {word}: {len(names)} names of {NAMED[word]}, {how}: "
    note += _strict_note(species) if is_strict else "BEELINE's list, which holds cofactors and more"
    return TFList(names, rule, (note,), species)


def _strict_note(species: str) -> str:
    """Describe what the strict lists hold, and what they leave out."""
    note = (
        "TFs that bind DNA at sequences of their own (Lambert et al. 2018). Cofactors, kinases and chromatin proteins "
        f"are left out; --tfs {species}-broad has them"
    )
    if species == "human":
        return note
    return note + (
        ". The list is of human TFs, whose names the mouse shares but for Zfp and Trp; TFs that the mouse alone has are left out"
    )


def _refuse_unknown_word(given: str) -> None:
    """Refuse a word that is no file and no list: misspelt, or another species."""
    near = get_close_matches(given.lower(), NAMED, n=1, cutoff=0.7)
    if near:
        raise InputError(f"no file {given}; did you mean the list --tfs {near[0]}?")
    if not re.search(r"[./\\]", given):
        raise InputError(
            f"no file {given}, and no list of that name; there are lists for human and mouse ({', '.join(NAMED)}). For "
            "another species give a file with one name a line, such as its TFs of AnimalTFDB; names of orthologues are "
            "not translated"
        )


def refuse_own_list(given: str, expression: str) -> None:
    """Refuse the expression table as a list of TFs: its cells or genes would all be taken for TFs.

    Parameters
    ----------
    given : str
        Value of the option ``--tfs``; the lists by name are never refused.
    expression : str

    Raises
    ------
    InputError
        When both are the same file.
    """
    if given.strip().lower() not in (*NAMED, ALL) and same_place(given, expression):
        raise InputError(
            f"--tfs {given} is the expression table {expression} itself; expected a list of TFs, one name a "
            "line, or human, mouse, or the word all: every gene may regulate"
        )


def read_tfs(path: str | Path) -> list[str]:
    """Read a TF list.

    Parameters
    ----------
    path : str or Path
        One name a line, or a table whose first line has a header such as ``TF`` or ``gene_symbol`` above the names.
        Lines that start with ``#`` are comments; rows with No in a column such as "Is TF?" are left out.

    Returns
    -------
    list of str
        Each once, in the order of the file.

    Raises
    ------
    InputError
        When no name is left, and for files that would lose names or make every gene a TF: several
        fields on a line without a header, a network, an expression table.
    """
    return _read_tf_list(path)[0]


def _read_tf_list(path: str | Path) -> tuple[list[str], list[str]]:
    """Return the names of ``read_tfs``, and notes on rows that were left out and on row numbers beside the names."""
    path = Path(path)
    with open_text(path) as stream:
        lines = stream.read().split("\n")  # not splitlines: names may hold U+2028
    rows = [_fields(line) for line in lines if line.strip() and not line.startswith("#")]
    rows, notes = _without_numbered(path, rows)
    keys = [header_key(field) for field in rows[0]] if rows else []
    if "gene2" in keys or ("target" in keys and _first(REGULATOR_HEADERS, keys) is not None):
        raise InputError(
            f"{path} has the columns {preview(rows[0])}: a network, whose regulators would give away the "
            "reference. Expected a list of TFs, one name a line"
        )
    column = _first(TF_HEADERS, keys)
    width = len(keys) if column is not None else 1
    wide = next((row for row in rows if len(row) > width), None)
    if wide:
        raise InputError(
            f"{path} has a line of {len(wide)} fields ({preview(wide, 3)}) and no header that says which "
            "one is a name; expected one name a line. Put each name on a line of its own, or write a "
            "header such as TF above the column of a table"
        )
    if column is not None:
        _refuse_expression(path, rows, column)
        rows, others = _without_others(path, rows, keys)
        notes += others
    names = [row[column or 0] for row in rows if len(row) > (column or 0)]
    names = [name for name in dict.fromkeys(names) if name]
    if not names:
        raise InputError(f"{path} holds no TF names; expected one name a line")
    return names, notes


def read_network(path: str | Path) -> pd.DataFrame:
    """Read a known network, in which every line is an edge.

    Parameters
    ----------
    path : str or Path
        Separated by tabs, semicolons or commas. Knows the headers Gene1/Gene2 (BEELINE), TF/target
        (pySCENIC), source/target and regulator/target. Without one the first line is an edge, the
        first two columns are its ends, and a third one of words such as Activation is its sign.
        Other columns are ignored.

    Returns
    -------
    DataFrame
        Columns ``regulator, target, sign``; the sign is 0 where the file has none.

    Raises
    ------
    InputError
        For a list of all pairs with 0 and 1, a prediction, and edges without a name.
    """
    path = Path(path)
    header, body = unnumbered(*read_rows(path, sniffed_separator(path), as_text=True))
    keys = [header_key(field) for field in header]
    if {"weight", "rank"} <= set(keys):
        raise InputError(
            f"{path} has the columns {preview(header)}: a prediction, no known network. Expected regulator "
            "and target (and sign) of true edges"
        )
    if len(header) < 2 or (len(body) and body.shape[1] != len(header)):
        raise InputError(
            f"{path}: the first line ({preview(header, 3)}) has {len(header)} fields and the rows have "
            f"{body.shape[1]}; expected regulator and target, and as many fields on each line (R: "
            "write it with row.names=FALSE)"
        )
    regulator, target = _first(REGULATOR_HEADERS, keys), _first(TARGET_HEADERS, keys)
    known = regulator is not None and target is not None
    if not known:
        body = pd.concat([pd.DataFrame([header]), body], ignore_index=True)
        keys, regulator, target = [""] * len(header), 0, 1
    if body.empty:
        raise InputError(f"{path} holds a header and no edges; expected one edge a line")
    body = body.apply(lambda column: column.str.strip())
    _refuse_labels(path, body, keys, known)
    sign = _first(SIGN_HEADERS, keys)
    if not known and body.shape[1] > 2 and body[2].str.lower().isin(SIGNS).all():
        sign = 2
    edges = pd.DataFrame({"regulator": body[regulator], "target": body[target]})
    edges["sign"] = signs_of(body[sign]) if sign is not None else 0
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
    """Read signs -1, 0, +1 from words (``activation``, ``-``) or numbers; else 0, unknown.

    Parameters
    ----------
    column : Series, shape (edges,)
        Words in any case, or numbers, of which only the sign is taken.

    Returns
    -------
    Series of int, shape (edges,)
    """
    words = column.astype(str).str.strip().str.lower()
    numbers = as_numbers(words)
    return words.map(SIGNS).fillna(np.sign(numbers)).fillna(0).astype(int)


def header_key(field: str) -> str:
    """Return a header as it is compared: letters and digits only, lower case.

    Parameters
    ----------
    field : str

    Returns
    -------
    str
        Empty where it has neither letters nor digits.
    """
    return re.sub(r"[^a-z0-9]", "", field.lower())


def _fields(line: str) -> list[str]:
    """Split a line into fields, without empty ones at its end."""
    separator = next((s for s in "\t;" if s in line), ",")
    fields = [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]
    while fields and not fields[-1]:
        fields.pop()
    return fields


def _without_numbered(path: Path, rows: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """Leave out row numbers beside the names, as R's write.table and pandas' to_csv have them."""
    if rows and all(len(row) == 1 and re.match(r"\d+ ", row[0]) for row in rows[1:]):  # R separates by spaces
        rows = [*rows[:1], *(next(csv.reader(row, delimiter=" ")) for row in rows[1:])]
    for n_above in (0, 1):  # a header has no number, and in R no field above the numbers
        below, n_left = without_row_numbers(rows[n_above:])
        if n_left and len(below) > 1 and len(below[0]) == 1:
            header = [row[-1:] for row in rows[:n_above] if row[-1:] != ["0"]]  # pandas' name for a Series
            return [*header, *below], [f"{path}: the first column is row numbers, and no names"]
    return rows, []


def _first(wanted: Sequence[str], keys: Sequence[str]) -> int | None:
    """Position of the first of ``wanted`` that is among the keys."""
    return next((list(keys).index(name) for name in wanted if name in keys), None)


def _refuse_expression(path: Path, rows: Sequence[Sequence[str]], column: int) -> None:
    """Names beside several columns of numbers, unless their header marks them as TFs."""
    others = [field for row in rows[1:] for n, field in enumerate(row) if n != column]
    if header_key(rows[0][column]) in SURE_HEADERS or len(rows[0]) < 3 or not others:
        return
    if as_numbers(pd.Series(others)).notna().all():
        raise InputError(
            f"{path} has numbers in all columns but one ({preview(filter(None, rows[0]), 3)}); expected a TF list, one "
            "name a line. Is it the expression table? If it is a list, name the column of its TFs TF"
        )


def _without_others(
    path: Path, rows: Sequence[list[str]], keys: Sequence[str]
) -> tuple[list[list[str]], list[str]]:
    """Drop rows below the header that a column such as "Is TF?" calls none; also a note on them."""
    flag, below = _first(FLAG_HEADERS, keys), list(rows[1:])
    if flag is None:
        return below, []
    kept = [row for row in below if len(row) <= flag or row[flag].lower() not in NO]
    n_out = len(below) - len(kept)
    note = f"{n_out} of {len(below)} rows of {path} have No in the column {rows[0][flag]!r}"
    return kept, [f"{note}; they are left out"] if n_out else []


def _refuse_labels(path: Path, body: pd.DataFrame, keys: Sequence[str], known: bool) -> None:
    """Gold standards such as DREAM's list all pairs, with 1 for an edge and 0 for none.

    A column named as a label or weight may hold no 0 at all; the third one, whatever its name, no 0
    among nothing but -1, 0 and 1.
    """
    for column, key in enumerate(keys):
        named = key in PAIR_HEADERS
        if not named and (column != 2 or key in NO_LABELS):
            continue
        labels = as_numbers(body[column].str.lower().replace(LABELS))
        if not known and labels.isna().iloc[0]:
            labels = labels.iloc[1:]  # an unknown header
        is_zero = labels == 0
        if is_zero.any() and labels.notna().all() and (named or labels.isin((-1, 0, 1)).all()):
            raise InputError(
                f"{path}: column {column + 1} holds 0 on {is_zero.sum()} of {len(labels)} lines, as in a list of all "
                "pairs; every line counts as an edge, so keep only the lines of edges "
                f"({preview(body.iloc[0], 3)} is the first), or delete the column if it is no label"
            )
