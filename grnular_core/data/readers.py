"""Reading a user's files: expression (csv, tsv, mtx, h5ad), a TF list, a network.

Nothing here decides what is a gene or a cell; a reader returns the table as it stands in the file
and ``dataset.make_dataset`` checks it. Files ending in ``.gz`` are unpacked on the way.
"""

from __future__ import annotations

import mmap
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from grnular_core.data.gene_lists import read_network, read_tf_list, read_tfs
from grnular_core.data.mtx import companions, find_mtx, read_mtx
from grnular_core.data.tables import read_table
from grnular_core.data.textfile import check_file
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["files_read", "read_expression", "read_network", "read_tf_list", "read_tfs"]
# how HDF5 begins a heap: signature, version, three bytes of 0
HEAP = b"GCOL\x01\0\0\0"
SEPARATORS = {"csv": ",", "tsv": "\t", "txt": "\t", "tab": "\t"}
SEURAT = "write its counts from R as a 10x folder (DropletUtils: write10xCounts), or as .h5ad"
ELSEWHERE = {
    "xls": "save the sheet as csv",
    "xlsx": "save the sheet as csv",
    "h5": "write it as .h5ad (scanpy: read_10x_h5, then write)",
    "loom": "write it as .h5ad (anndata: read_loom, then write)",
    "rds": SEURAT,
    "rdata": SEURAT,
    "rda": SEURAT,
    "h5seurat": SEURAT,
    "h5mu": "write its RNA part as .h5ad (muon: mdata['rna'].write)",
    "zip": "unpack it",
    "tar": "unpack it",
    "npy": "it has no names; write a table with names of genes and cells",
    "parquet": "write it as csv",
}


def read_expression(path: str | Path) -> AnnData | pd.DataFrame:
    """Read an expression file by its ending: ``.csv``, ``.tsv``/``.txt`` (also ``.gz``), ``.mtx``
    (a file, or a 10x folder with barcodes and features), ``.h5ad``.

    A text table needs names of genes on one side and of cells on the other. Raises ``InputError``
    for a missing, empty, ragged or non-numeric file, naming the first offending place.
    """
    path = Path(path)
    if place(path) == "folder":
        return read_mtx(find_mtx(path))
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending not in (*SEPARATORS, "mtx", "h5ad") and place(path) == "file":
        fix = f"; {ELSEWHERE[ending]}" if ending in ELSEWHERE else ""
        seen = f"unknown ending .{ending}" if "." in path.name else "the name has no ending"
        raise InputError(f"{path}: {seen}; expected csv, tsv, txt (or .gz), mtx or h5ad{fix}")
    check_file(path)
    if ending == "h5ad":
        return _read_h5ad(path)
    return read_mtx(path) if ending == "mtx" else read_table(path, SEPARATORS[ending])


def files_read(path: str | Path) -> list[Path]:
    """Every file that ``read_expression`` would open: an .mtx file comes with its tables of names.

    Raises ``InputError`` for a folder without the files.
    """
    path = Path(path)
    kind = place(path)
    if kind == "folder":
        path, kind = find_mtx(path), "file"
    is_mtx = path.name.lower().removesuffix(".gz").endswith(".mtx")
    return [path, *companions(path)] if kind == "file" and is_mtx else [path]


def _read_h5ad(path: Path) -> AnnData:
    import anndata

    if path.suffix.lower() == ".gz":
        raise InputError(f"{path}: an .h5ad file cannot be read packed; unpack it with gunzip")
    if _has_endless_heap(path):
        raise InputError(
            f"{path} is not a readable h5ad file (a heap in it is damaged); copy or write it again"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # repeated names: checked later, by name
            return anndata.read_h5ad(path)
    except Exception as error:  # anndata and h5py raise many kinds for a damaged file
        said = str(error).strip().splitlines()
        raise InputError(
            f"{path} is not a readable h5ad file ({said[0] if said else type(error).__name__}); "
            "is it cut short? Copy or write it again"
        ) from error


def _has_endless_heap(path: Path) -> bool:
    """Whether HDF5 would read one of the file's heaps for ever.

    It goes from object to object by their sizes, and free space (object 0) of size 0 leads nowhere. Layout:
    HDF5 file format 3.0, III.E "Global Heap".
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(HEAP)
        while start >= 0 and start + 16 <= len(content):
            (size,) = struct.unpack_from("<Q", content, start + 8)
            at, end = start + 16, min(start + size, len(content))
            while at + 16 <= end:
                number, length = struct.unpack_from("<H6xQ", content, at)
                if number == 0 and length == 0:
                    return True
                at += length if number == 0 else 16 + (length + 7) // 8 * 8
            start = content.find(HEAP, start + len(HEAP))
    return False
