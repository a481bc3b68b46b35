"""HDF5 files, recognised by what they hold, not by their names: AnnData, 10x, loom, MuData; and zarr stores.

anndata and h5py read. A part of an AnnData that this version of anndata cannot read, such as a colour
in ``.uns``, does not matter for a network: then values, names and the readable rest are read alone.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.names import preview
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    import h5py
    from anndata import AnnData

Notes = list[str]
MODALITIES = ("rna", "gex", "gene expression", "rna_raw")  # of MuData, the first that is there
LOOM_GENES = ("Gene", "var_names", "gene_names", "GeneName", "gene_symbols", "Accession", "gene_ids")
LOOM_CELLS = ("CellID", "obs_names", "cell_names", "barcode", "Barcode")
BLOCK = 512  # cells of a loom file that are dense at a time
OTHER = {
    "assays": "a Seurat object; write its counts from R as a 10x folder (DropletUtils: write10xCounts)",
    "barcode_idx": "Cell Ranger's molecule_info; give its filtered_feature_bc_matrix",
}


def read_hdf5(path: Path) -> tuple[AnnData, Notes]:
    """Read an HDF5 file with expression.

    Parameters
    ----------
    path : Path
        An AnnData, Cell Ranger's matrix (versions 2 and 3), a loom file, or a MuData of which the
        modality ``rna`` is read.

    Returns
    -------
    AnnData, (cells, genes)
        Its X, layers, raw, obs and var, and what else can be read.
    notes : list of str
        What was left out or chosen.

    Raises
    ------
    InputError
        For a damaged file, and one that holds something else.
    """
    with _readable(path), _unpacked(path) as plain:
        return _read(path, plain)


def _read(path: Path, plain: Path) -> tuple[AnnData, Notes]:
    """Read the unpacked file by what it holds."""
    import h5py

    with h5py.File(plain, "r") as file:
        if "matrix" in file and isinstance(file["matrix"], h5py.Dataset):
            return _read_loom(path, file), []
        if "matrix" in file and "barcodes" in file["matrix"]:
            return _read_10x(file["matrix"], None), []
        versions_2 = [name for name in file if _is_10x(file[name])]
        if versions_2:
            return _read_10x_genomes(path, file, versions_2), []
        if "mod" in file:
            return _read_modality(path, file["mod"])
        if "var" not in file or not {"X", "layers", "raw"} & set(file):
            kind = next((OTHER[key] for key in OTHER if key in file), None)
            raise InputError(
                f"{path} is {kind}" if kind else f"{path} holds {preview(file)}; expected an AnnData (X, obs, var), a "
                "matrix of Cell Ranger, a loom file or a MuData. Write it as .h5ad"
            )
    return _whole_or_parts(path, plain)


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a zarr store.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
        By its files or its name.
    """
    return any((path / name).exists() for name in (".zgroup", "zarr.json")) or path.suffix == ".zarr"


def read_zarr(path: Path) -> tuple[AnnData, Notes]:
    """Read an AnnData from a zarr store, also the one table of a SpatialData.

    Parameters
    ----------
    path : Path

    Returns
    -------
    AnnData, (cells, genes)
    notes : list of str
        What was left out or chosen.

    Raises
    ------
    InputError
        Without zarr, and for a store that holds something else.
    """
    from anndata import io

    tables = sorted(inside.parent for inside in path.glob("tables/*/var"))
    if not (path / "var").exists() and len(tables) == 1:
        table, notes = read_zarr(tables[0])
        return table, [f"the table {tables[0].name} of {path} is read", *notes]
    if not (path / "var").exists():
        inside = preview(tables or sorted(part.name for part in path.glob("[!.]*")))
        raise InputError(f"{path} is a zarr store without X, obs and var; it has {inside}; expected that of one AnnData")
    try:
        with _readable(path, passing=ImportError), _quiet():
            return io.read_zarr(path), []
    except ImportError as error:
        raise InputError(
            f"{path} is a zarr store, and zarr is not installed: pip install zarr, or write it as .h5ad"
        ) from error


# --- AnnData


def _whole_or_parts(path: Path, plain: Path) -> tuple[AnnData, Notes]:
    """Read an AnnData, or, where anndata fails on it, the parts that it can read."""
    import h5py
    from anndata import io

    try:
        with _quiet():
            return io.read_h5ad(plain), []
    except Exception as error:  # anndata and h5py raise many kinds
        with _readable(path, error), h5py.File(plain, "r") as store:
            return _read_parts(path, store, error)


def _read_parts(path: Path, store: h5py.Group, error: Exception) -> tuple[AnnData, Notes]:
    """Read values, names, layers and raw, each unless it cannot be read; X must be readable if it is there."""
    import anndata
    from anndata.io import read_elem

    left_out = [f"{part}/{name}" for part in ("uns", "obsm", "varm", "obsp", "varp") for name in store.get(part, ())]
    frames = {side: _read_frame(store[side], left_out, side) for side in ("obs", "var")}
    layers = dict(_readable_members(store, "layers", left_out))
    table = anndata.AnnData(read_elem(store["X"]) if "X" in store else None, layers=layers, **frames)
    if "raw" in store:
        try:
            raw_var = _read_frame(store["raw"]["var"], left_out, "raw/var")
            values = read_elem(store["raw"]["X"])
            table.raw = anndata.AnnData(values, obs=table.obs[[]], var=raw_var)
        except Exception:  # as above
            left_out.append("raw")
    why = str(error).strip().splitlines()[0][:100] if str(error).strip() else type(error).__name__
    return table, [
        f"{path} has parts that this version of anndata cannot read ({why}); these are left out: {preview(left_out, 8)}"
    ]


def _read_frame(group: h5py.Group, left_out: Notes, side: str) -> pd.DataFrame:
    """Read .obs or .var, column by column where it cannot be read as one."""
    from anndata.io import read_elem

    try:
        return read_elem(group)
    except Exception:  # anndata raises many kinds
        index = read_elem(group[group.attrs["_index"]])
        frame = pd.DataFrame(index=pd.Index(index, dtype=object))
        for name in group.attrs.get("column-order", ()):
            try:
                frame[name] = read_elem(group[name])
            except Exception:  # as above
                left_out.append(f"{side}/{name}")
        return frame


def _readable_members(store: h5py.Group, part: str, left_out: Notes) -> Iterator[tuple[str, Any]]:
    from anndata.io import read_elem

    for name in store.get(part, ()):
        try:
            yield name, read_elem(store[part][name])
        except Exception:  # anndata raises many kinds
            left_out.append(f"{part}/{name}")


def _read_modality(path: Path, modalities: h5py.Group) -> tuple[AnnData, Notes]:
    """Read the gene expression of a MuData file."""
    from anndata.io import read_elem

    names = {name.lower(): name for name in modalities}
    chosen = next((names[word] for word in MODALITIES if word in names), None)
    if chosen is None and len(names) == 1:
        chosen = next(iter(names.values()))
    if chosen is None:
        raise InputError(
            f"{path} is a MuData with the modalities {preview(modalities)}; none is called rna. Write the one with genes "
            "as .h5ad (mdata[name].write_h5ad)"
        )
    note = f"the modality {chosen} of {path} is read, of {preview(modalities)}"
    try:
        return read_elem(modalities[chosen]), [note]
    except Exception as error:  # anndata raises many kinds
        table, notes = _read_parts(path, modalities[chosen], error)
        return table, [note, *notes]


# --- Cell Ranger


def _is_10x(group: h5py.Group | h5py.Dataset) -> bool:
    return hasattr(group, "keys") and {"barcodes", "genes", "data", "indptr"} <= set(group)


def _read_10x(group: h5py.Group, genome: str | None) -> AnnData:
    """Read a matrix of features x barcodes by columns, with ``features`` (version 3) or ``genes`` (2)."""
    from anndata import AnnData

    parts = (group["data"][:], group["indices"][:], group["indptr"][:])
    matrix = sparse.csc_matrix(parts, shape=tuple(group["shape"][:]))
    features = group.get("features")
    if features is None:
        var = {"name": _texts(group["gene_names"]), "gene_ids": _texts(group["genes"]), "genome": genome}
    else:
        var = {"name": _texts(features["name"]), "gene_ids": _texts(features["id"])}
        kinds = {"feature_type": "feature_types", "genome": "genome"}
        var |= {column: _texts(features[key]) for key, column in kinds.items() if key in features}
    frame = pd.DataFrame(var)
    names = frame.pop("name")
    frame.index = pd.Index(names.where(names != "", frame["gene_ids"]), dtype=object, name=None)
    with _quiet():
        return AnnData(matrix.T.tocsr(), obs=pd.DataFrame(index=_texts(group["barcodes"])), var=frame)


def _read_10x_genomes(path: Path, file: h5py.File, genomes: list[str]) -> AnnData:
    """Read a file of version 2, which has a matrix for each genome, all of the same cells."""
    import anndata

    tables = [_read_10x(file[genome], genome) for genome in genomes]
    if any(list(table.obs_names) != list(tables[0].obs_names) for table in tables):
        raise InputError(
            f"{path} holds other cells for each of its genomes ({preview(genomes)}); expected one matrix. Write that of "
            "one genome (scanpy: read_10x_h5(path, genome=...), then write)"
        )
    with _quiet():
        return anndata.concat(tables, axis="var") if len(tables) > 1 else tables[0]


# --- loom


def _read_loom(path: Path, file: h5py.File) -> AnnData:
    """Read a loom file, genes x cells; its attributes of one value a gene or cell become columns."""
    from anndata import AnnData

    sides = []
    for side, size, known in (
        ("row_attrs", file["matrix"].shape[0], LOOM_GENES),
        ("col_attrs", file["matrix"].shape[1], LOOM_CELLS),
    ):
        there = {k: v for k, v in file.get(side, {}).items() if getattr(v, "shape", None) == (size,)}
        columns = {k: _texts(v) if v.dtype.kind in "OS" else v[:] for k, v in there.items() if v.dtype.names is None}
        name = next((key for key in known if key in columns), None)
        if name is None:
            raise InputError(
                f"{path} has the {side} {preview(file.get(side, ()))}; expected one with names, such as {known[0]}"
            )
        sides.append(pd.DataFrame(columns, index=pd.Index(columns[name], dtype=str)))
    layers = {name: _transposed(values) for name, values in file.get("layers", {}).items()}
    with _quiet():
        return AnnData(_transposed(file["matrix"]), obs=sides[1], var=sides[0], layers=layers)


def _transposed(values: h5py.Dataset) -> sparse.csr_matrix:
    """Turn a dense dataset, a block of columns at a time."""
    starts = range(0, values.shape[1], BLOCK)
    return sparse.vstack([sparse.csr_matrix(values[:, i : i + BLOCK].T) for i in starts], format="csr")


# --- files


def _texts(values: h5py.Dataset) -> np.ndarray:
    """Read names, kept as bytes or as text."""
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in np.ravel(values[:])], dtype=object)


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Unpack a file that ends in .gz, as repositories keep them, for as long as it is read."""
    if path.suffix.lower() != ".gz":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        with gzip.open(path, "rb") as packed, open(plain, "wb") as stream:
            shutil.copyfileobj(packed, stream, 1 << 20)
        yield plain


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings of repeated names, which are checked later, and of other parts of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _readable(
    path: Path, first: Exception | None = None, passing: type[Exception] = InputError
) -> Iterator[None]:
    """Turn what h5py and anndata raise on a damaged file into an ``InputError``, which names the first of two."""
    try:
        yield
    except (InputError, passing):
        raise
    except Exception as error:  # of many kinds
        reason = str(first or error).strip().splitlines()
        ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
        kind = "zarr store" if path.is_dir() else f"{ending} file"
        raise InputError(
            f"{path} is not a readable {kind} ({reason[0] if reason else type(error).__name__}); "
            "is it packed or cut short? Copy or write it again"
        ) from error
