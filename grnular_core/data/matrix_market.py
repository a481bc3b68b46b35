"""Matrix Market files with the tables of names beside them, as programs that count cells write them."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.gene_lists import header_key
from grnular_core.data.names import preview
from grnular_core.data.text import check_file, neighbours, open_text, without_row_numbers
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

LAYOUTS = {"coordinate": 3, "array": 2}  # of a Matrix Market file: numbers on its size line
# Names of the tables beside the matrix, without ending: 10x and STARsolo; kb-python; alevin-fry; Parse.
GENE_FILES = ("features", "genes", r"\w+\.genes", "quants_mat_cols", "all_genes")
CELL_FILES = ("barcodes", "cells", r"\w+\.barcodes", "quants_mat_rows", "cell_metadata")
SYMBOLS = ("genename", "genesymbol", "symbol", "name", "featurename", "geneshortname", "externalgenename")
IDS = ("geneid", "id", "ensemblid", "ensembl", "ensemblgeneid", "featurekey")
HEADERS = frozenset((*SYMBOLS, *IDS, "gene", "genes", "feature", "features", "barcode", "barcodes", "cell",
    "cells", "cellid", "cellkey", "cellbarcode", "bcwells", "x", "v1", "0", ""))  # fmt: skip
UNSPLICED = 0.2  # share of names that end in -U, above which they are alevin-fry's counts of introns


def read_mtx(path: Path) -> tuple[AnnData, list[str]]:
    """Read a matrix with its tables of names; a square one is features x barcodes, as in 10x.

    Parameters
    ----------
    path : Path
        The .mtx file, perhaps packed.

    Returns
    -------
    AnnData, (cells, genes)
        Genes named by their symbols where the table has any.
    notes : list of str
        Header lines and row numbers that were not taken for names.

    Raises
    ------
    InputError
        For a damaged file, and tables of names that are missing or do not fit.
    """
    from anndata import AnnData

    notes: list[str] = []
    gene_file, cell_file, *symbols = name_files(path)
    known = re.compile(rf"({'|'.join(_starts(path))})({'|'.join((*GENE_FILES, *CELL_FILES))})\.\w+(\.gz)?")
    notes += [f"{f.name} is read as the table of names: {path.name} has none of its own" for f in (gene_file, cell_file)
              if not known.fullmatch(f.name)]  # fmt: skip
    with open_text(path) as stream:
        layout, shape, n_values = _read_head(path, stream)
        features = _read_names(gene_file, shape, notes)
        cells = _read_names(cell_file, shape, notes)[0]
        if symbols:  # of kb-python, beside its ids
            features[1] = _read_names(symbols[0], shape, notes)[0].reindex(features.index)
        genes = features[0]
        if shape not in ((len(genes), len(cells)), (len(cells), len(genes))):
            raise InputError(
                f"{path} has shape {shape[0]} x {shape[1]}, but there are {len(genes)} features and "
                f"{len(cells)} barcodes ({gene_file.name}, {cell_file.name}); do the three files belong together, or does a "
                "table of names have a header line? Delete it"
            )
        body = _read_body(path, stream, n_values, 1 if layout == "array" else 3)
    var: dict[str, Any] = {}
    if 1 in features:
        genes, var = features[1].where(features[1] != "", features[0]), {"gene_ids": features[0]}
    if 2 in features and features[2].nunique() > 1 and "Gene Expression" in set(features[2]):
        var["feature_types"] = features[2]
    _refuse_unspliced(path, features[0])
    matrix = _assembled(path, body, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        table = AnnData(
            X=sparse.csr_matrix(matrix.T if shape == (len(genes), len(cells)) else matrix),
            obs=pd.DataFrame(index=pd.Index(cells, dtype=str)),
            var=pd.DataFrame({key: list(value) for key, value in var.items()}, index=list(genes)),
        )
    return table, notes


def name_files(path: Path) -> list[Path]:
    """Find the tables of names that belong to an .mtx file: of its prefix, of none, or the only one of another.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Path
        Names of genes, names of cells, and symbols of genes where these are in a file of their own.

    Raises
    ------
    InputError
        Where there are none, with the files beside it that have as many lines.
    """
    check_file(path)
    genes, cells = _beside(path, GENE_FILES), _beside(path, CELL_FILES)
    if genes is None or cells is None:
        prefix = _prefix(path)
        lacks = [f"{prefix}{stem}.tsv" for stem, found in (("features", genes), ("barcodes", cells)) if found is None]
        raise InputError(
            f"no {' and no '.join(lacks)} beside {path}; an .mtx file needs the names of genes (features.tsv) and of "
            f"cells (barcodes.tsv){_fitting(path)}"
        )
    stem, _, ending = genes.name.partition(".genes.")
    symbols = genes.with_name(f"{stem}.genes.names.{ending}")
    return [genes, cells, symbols] if symbols.name in neighbours(path) else [genes, cells]


def _prefix(path: Path) -> str:
    """Return what stands before ``matrix.mtx``, as in GSM1_matrix.mtx; empty for other names."""
    name = path.name.removesuffix(".gz").removesuffix(".mtx")
    return name.removesuffix("matrix") if name.endswith("matrix") else ""


def _starts(path: Path) -> list[str]:
    """Return patterns of what stands before the names of the tables: a prefix of the matrix, or nothing."""
    name = path.name.removesuffix(".gz").removesuffix(".mtx")
    return [re.escape(start) for start in dict.fromkeys((_prefix(path), f"{name}.", f"{name}_", ""))]


def _beside(path: Path, stems: tuple[str, ...]) -> Path | None:
    for start in _starts(path):
        for stem in stems:
            pattern = re.compile(rf"{start}({stem})\.(tsv|txt|csv)(\.gz)?")
            found = next(filter(pattern.fullmatch, neighbours(path)), None)
            if found:
                return path.with_name(found)
    pattern = re.compile(rf".*[._-]({'|'.join(stems)})\.(tsv|txt|csv)(\.gz)?")
    others = list(filter(pattern.fullmatch, neighbours(path)))
    return path.with_name(others[0]) if _prefix(path) and len(others) == 1 else None


def _fitting(path: Path) -> str:
    """Name the small text files beside a matrix that have as many lines as it has rows or columns."""
    with open_text(path) as stream:
        shape = _read_head(path, stream)[1]
    fits = []
    for name in neighbours(path):
        if re.search(r"\.(tsv|txt|csv)(\.gz)?$", name, re.IGNORECASE) and len(fits) < 4:
            with open_text(path.with_name(name)) as stream:
                n_lines = sum(1 for line in stream if line.strip())
            if n_lines in shape:
                fits.append(f"{name} has {n_lines} lines")
    return f". Beside it {' and '.join(fits)}, and the matrix is {shape[0]} x {shape[1]}: rename what fits" if fits else ""


def _read_names(path: Path, shape: tuple[int, int], notes: list[str]) -> pd.DataFrame:
    """Read a table of names as text: ids, symbols, kinds of features; empty where a row lacks one.

    A header line is left out where the table then fits the matrix, and so are row numbers.
    """
    separator = "," if ".csv" in path.suffixes else "\t"
    with open_text(path) as stream:
        rows = [[field.strip() for field in row] for row in csv.reader(stream, delimiter=separator)]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise InputError(f"{path} holds no names; was it written to the end?")
    header = [header_key(field) for field in rows[0]]
    with_header = len(rows) - 1 in shape and len(rows) not in shape and HEADERS.issuperset(header[:1])
    if with_header:
        notes.append(f"{path.name}: the first line ({preview(rows[0], 3)}) is a header, and no name")
        rows = rows[1:]
    rows, n_left = without_row_numbers(rows)
    if n_left:
        notes.append(f"{path.name}: the first column is row numbers, and no names")
    table = pd.DataFrame(rows, dtype=object).fillna("")
    if not with_header or n_left:
        return table
    at = [next((header.index(key) for key in known if key in header), None) for known in (IDS, SYMBOLS)]
    named = [column for column in at if column is not None]
    return table[named].set_axis(range(len(named)), axis=1) if named else table[[0]]


def _refuse_unspliced(path: Path, names: pd.Series) -> None:
    """Refuse counts of introns under the names of genes: each TF would be its own best target."""
    if names.str.endswith("-U").mean() > UNSPLICED:
        raise InputError(
            f"{path} holds spliced, unspliced and ambiguous counts of alevin-fry, three columns a gene; expected one. Add "
            "spliced and ambiguous ones (pyroe: load_fry, output_format='scRNA') and write it as .h5ad"
        )


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
