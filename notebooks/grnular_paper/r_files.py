"""R files (.rda, .RData, .rds): sparse matrices and tables in them, read without R."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pandas as pd
from scipy import sparse

from grnular_core.utils.errors import InputError, advice_where_missing

MATRIX = b"dgCMatrix"  # R's sparse matrix by columns, of the package Matrix


class NamedMatrix(NamedTuple):
    """A sparse matrix with its names."""

    values: sparse.csc_matrix  # (rows, columns), as the file has it
    rows: list[str]  # names
    columns: list[str]


def sparse_matrices(path: str | Path) -> list[NamedMatrix]:
    """Read every sparse matrix of an R file, at whatever depth of its objects.

    Objects around the matrices are not converted: those of packages such as Seurat hold parts that nothing but R
    can read.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of NamedMatrix
        In the order of the file.

    Raises
    ------
    InputError
        Where there is none, and without the package rdata.
    """
    rdata, found = _rdata(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that only R has
        for thing in _objects(rdata.parser.parse_file(path).object):
            if MATRIX in _class_names(thing):
                parts = rdata.conversion.convert(thing)
                rows, columns = ([str(name) for name in names] for names in parts.Dimnames)
                values = sparse.csc_matrix((parts.x, parts.i, parts.p), shape=tuple(int(n) for n in parts.Dim))
                found.append(NamedMatrix(values, rows, columns))
    if not found:
        raise InputError(f"{path} holds no sparse matrix; expected an R file with a dgCMatrix")
    return found


def read_objects(path: str | Path) -> object:
    """Read tables and lists of an R file.

    Parameters
    ----------
    path : str or Path
        An ``.rds`` file has one object, ``.rda`` and ``.RData`` have them by name.

    Returns
    -------
    object
        Data frames as pandas', lists with names as dict.
    """
    rdata = _rdata()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (rdata.read_rds if str(path).endswith(".rds") else rdata.read_rda)(path)


def _rdata() -> ModuleType:
    """Import the package that reads R files."""
    with advice_where_missing("R files take the package rdata, which is not installed: pip install rdata"):
        import rdata
    return rdata


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """A data frame of R with plain texts as names of its columns, rows numbered.

    Parameters
    ----------
    table : DataFrame
        Of ``read_objects``.

    Returns
    -------
    DataFrame
    """
    return table.set_axis([str(name) for name in table.columns], axis=1).reset_index(drop=True)


def _objects(start: object) -> Iterator[object]:
    """All objects of a parsed file, each once, attributes before values; without recursion, since lists are long."""
    stack, seen = [start], set()
    while stack:
        thing = stack.pop()
        if isinstance(thing, list | tuple):
            stack.extend(reversed(thing))
        elif hasattr(thing, "info") and id(thing) not in seen:
            seen.add(id(thing))
            yield thing
            if thing.info.type.name not in ("CHAR", "STR", "INT", "REAL", "LGL", "REF"):
                stack.append(thing.value)
            stack.append(thing.attributes)


def _class_names(thing: object) -> list[bytes]:
    """The R classes of an object: its attribute ``class``, which pairs of tag and value end with."""
    pair = thing.attributes
    while pair is not None and pair.info.type.name == "LIST":
        tag = pair.tag.referenced_object or pair.tag
        if tag.value.value == b"class":
            return [name.value for name in pair.value[0].value]
        pair = pair.value[1]
    return []
