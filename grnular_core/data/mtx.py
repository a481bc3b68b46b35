"""Matrix Market files with their tables of names, as 10x Genomics and others write them."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import shown
from grnular_core.data.textfile import check_file, open_text, read_lines
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place

if TYPE_CHECKING:
    from anndata import AnnData

FEATURES = ("features", "genes")
BARCODES = ("barcodes", "cells")
LAYOUTS = {"coordinate": 3, "array": 2}  # how many numbers the size line holds
NUMBERS = ("integer", "unsigned-integer", "real", "double", "pattern")
ENDINGS = (".tsv", ".tsv.gz", ".txt", ".txt.gz", ".csv", ".csv.gz")


def find_mtx(folder: Path) -> Path:
    """The one .mtx file of a 10x folder."""
    found = sorted([*folder.glob("*.mtx"), *folder.glob("*.mtx.gz")])
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{folder} holds {len(found)} .mtx files ({shown([p.name for p in found], 3)}); "
            "expected one: name the file itself"
        )
    inside = sorted({part.parent.name for part in folder.glob("*/*.mtx*")})
    if inside:
        meant = (
            "filtered_feature_bc_matrix" if "filtered_feature_bc_matrix" in inside else inside[0]
        )
        raise InputError(
            f"{folder} holds no .mtx file itself; its folders {shown(inside, 3)} do: give {folder / meant}"
        )
    raise InputError(
        f"{folder} is a folder without an .mtx file; expected a 10x folder (matrix.mtx, "
        "barcodes.tsv, features.tsv), or name a file"
    )


def read_mtx(path: Path) -> AnnData:
    """A Matrix Market file with ``barcodes`` and ``features`` (or ``genes``) tables beside it.

    The symbol (second column of the features, where there is one) names a gene, and its id becomes
    the column ``gene_ids`` of ``.var``. A square matrix is taken as features x barcodes, which is
    10x's convention. Raises ``InputError`` when the shape does not fit the names, before the values
    are read.
    """
    from anndata import AnnData

    check_file(path)
    features = _companion(path, FEATURES)
    genes = [
        row[1].strip() if len(row) > 1 and row[1].strip() else row[0].strip() for row in features
    ]
    cells = [row[0].strip() for row in _companion(path, BARCODES)]
    with open_text(path) as stream:
        layout, (n_rows, n_columns, n_values) = _read_head(path, stream)
        by_features = _is_features_by_barcodes(path, (n_rows, n_columns), len(genes), len(cells))
        body = _read_body(path, stream, n_values, 1 if layout == "array" else 3)
    matrix = _assembled(path, body, (n_rows, n_columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        return AnnData(
            X=sparse.csr_matrix(matrix.T if by_features else matrix),
            obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
            var=pd.DataFrame(_ids(features) | _kinds(features), index=pd.Index(genes, dtype=str)),
        )


def _read_head(path: Path, stream: TextIO) -> tuple[str, tuple[int, int, int]]:
    """The layout (``coordinate`` or ``array``) and the rows, columns and number of values.

    scipy's reader is not used: it ends the process, not with an error, on some damaged files.
    """
    words = next(stream, "").lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"] or words[2] not in LAYOUTS:
        raise InputError(
            f"{path} does not start with a line such as '%%MatrixMarket matrix coordinate integer "
            "general'; is it a Matrix Market file?"
        )
    if words[3] not in NUMBERS or words[4] != "general":
        raise InputError(
            f"{path} is a {words[4]} matrix of {words[3]} values; expected a general matrix of "
            f"integer or real ones. Write it again as such"
        )
    size = next((line for line in stream if line.strip() and not line.startswith("%")), "")
    numbers = [int(word) for word in size.split() if word.isdecimal()]
    if len(numbers) != LAYOUTS[words[2]]:
        raise InputError(
            f"{path} has the size line {size.strip()[:40]!r}; expected {LAYOUTS[words[2]]} whole "
            "numbers. Is it cut short? Copy it again"
        )
    n_values = numbers[2] if words[2] == "coordinate" else numbers[0] * numbers[1]
    return words[2], (numbers[0], numbers[1], n_values)


def _read_body(path: Path, stream: TextIO, n_values: int, n_fields: int) -> pd.DataFrame:
    """The lines below the head as numbers, as many as were announced; a pattern gets ones."""
    try:
        body = pd.read_csv(
            stream, sep=r"\s+", header=None, na_filter=False, low_memory=False, comment="%",
            float_precision="round_trip",
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        body = pd.DataFrame({column: np.zeros(0, dtype=int) for column in range(n_fields)})
    except (pd.errors.ParserError, OverflowError) as error:
        raise InputError(
            f"{path} is not a readable Matrix Market file ({str(error).strip()}); copy it again"
        ) from error
    if n_fields == 3 and body.shape[1] == 2:
        body[2] = 1
    if body.shape[1] != n_fields or any(kind.kind not in "iuf" for kind in body.dtypes):
        raise InputError(
            f"{path} holds a line that is not {n_fields} numbers; is it damaged? Copy it again"
        )
    if len(body) != n_values:
        raise InputError(
            f"{path} holds {len(body)} values and its size line says {n_values}; is it cut short? "
            "Copy it again"
        )
    return body


def _assembled(path: Path, body: pd.DataFrame, shape: tuple[int, int]) -> sparse.coo_matrix:
    """The matrix in the shape of the file, float64."""
    if body.shape[1] == 1:
        return sparse.coo_matrix(body[0].to_numpy(dtype=float).reshape(shape, order="F"))
    if any(body[axis].dtype.kind not in "iu" for axis in (0, 1)):
        raise InputError(f"{path} holds row or column numbers that are not whole; copy it again")
    for axis, what in ((0, "row"), (1, "column")):
        if len(body) and not (1 <= body[axis].min() and body[axis].max() <= shape[axis]):
            raise InputError(
                f"{path} holds {what} numbers from {body[axis].min()} to {body[axis].max()}; "
                f"expected 1 to {shape[axis]}, as its size line says"
            )
    at = (body[0].to_numpy(dtype=int) - 1, body[1].to_numpy(dtype=int) - 1)
    return sparse.coo_matrix((body[2].to_numpy(dtype=float), at), shape=shape)


def _is_features_by_barcodes(
    path: Path, shape: tuple[int, int], n_features: int, n_cells: int
) -> bool:
    """Whether the rows are features; refuses a shape that fits neither way."""
    if shape == (n_features, n_cells):
        return True
    if shape == (n_cells, n_features):
        return False
    headers = (n_features - 1, n_cells), (n_features - 1, n_cells - 1), (n_features, n_cells - 1)
    has_header = shape in headers or shape[::-1] in headers
    hint = "does a table of names have a header line? Delete it" if has_header else (
        "do the three files belong together?"
    )  # fmt: skip
    raise InputError(
        f"{path} has shape {shape[0]} x {shape[1]}, but there are {n_features} features and "
        f"{n_cells} barcodes; {hint}"
    )


def companions(path: Path) -> list[Path]:
    """The tables of names that belong to an .mtx file. Raises ``InputError`` where one is missing."""
    return [_companion_path(path, stems) for stems in (FEATURES, BARCODES)]


def _companion(path: Path, stems: Sequence[str]) -> list[list[str]]:
    """Rows of the table of names that belongs to an .mtx file: the one with the same prefix."""
    table = _companion_path(path, stems)
    lines = [line for line in read_lines(table) if line.strip()]
    if ".csv" in table.suffixes:  # names may hold commas, between quotation marks
        return [row for row in csv.reader(lines) if row]
    return [[field.strip('"') for field in line.split("\t")] for line in lines]


def _ids(features: list[list[str]]) -> dict[str, list[str]]:
    """The first column as ``gene_ids``, where the second one names the genes."""
    return (
        {"gene_ids": [row[0].strip() for row in features]}
        if max(map(len, features), default=0) > 1
        else {}
    )


def _kinds(features: list[list[str]]) -> dict[str, list[str]]:
    """Cell Ranger's third column as ``feature_types``, where not all features are genes."""
    kinds = [row[2].strip() if len(row) > 2 else "" for row in features]
    return {"feature_types": kinds} if "Gene Expression" in kinds and len(set(kinds)) > 1 else {}


def _companion_path(path: Path, stems: Sequence[str]) -> Path:
    prefix = path.name.removesuffix(".gz").removesuffix(".mtx").removesuffix("matrix")
    for start in dict.fromkeys((prefix, "")):
        for stem in stems:
            for ending in ENDINGS:
                candidate = path.with_name(f"{start}{stem}{ending}")
                if place(candidate) != "missing":
                    return candidate
    found = sorted(p for s in stems for e in ENDINGS for p in path.parent.glob(f"*{s}{e}"))
    if len(found) == 1:
        return found[0]
    others = shown([p.name for p in found], 3)
    several = f", and {len(found)} that may be meant ({others})" if found else ""
    raise InputError(
        f"no {prefix}{stems[0]}.tsv beside {path}{several}; an .mtx file needs the names of genes "
        "(features.tsv) and of cells (barcodes.tsv)"
    )
