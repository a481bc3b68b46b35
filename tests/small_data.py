"""A small expression table and the ways in which people write it; shared by several tests."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import io, sparse

GENES = ["GATA1", "SPI1", "NA", "nan", "HLA-A", "geneß 5"]
CELLS = [f"cell_{i}" for i in range(9)]
TFS = ["GATA1", "SPI1"]


def small_table(seed: int = 0) -> pd.DataFrame:
    """Cells x genes, log values with a third of zeros; names that readers like to spoil."""
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 1.0, (len(CELLS), len(GENES)))
    values[rng.random(values.shape) < 0.3] = 0.0
    return pd.DataFrame(values, index=CELLS, columns=GENES)


def small_anndata(kind: str = "csr") -> AnnData:
    """The small table as AnnData with X ``csr``, ``csc`` or ``dense``."""
    table = small_table()
    make = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.array}[kind]
    return AnnData(
        X=make(table.to_numpy()),
        obs=pd.DataFrame(index=table.index),
        var=pd.DataFrame(index=table.columns),
    )


def write_10x(table: pd.DataFrame, folder: Path, prefix: str = "", packed: bool = False) -> Path:
    """``matrix.mtx``, ``features.tsv`` and ``barcodes.tsv`` as Cell Ranger writes them."""
    folder.mkdir(exist_ok=True)
    features = "".join(f"ID{i}\t{g}\tGene Expression\n" for i, g in enumerate(table.columns))
    barcodes = "".join(f"{cell}\n" for cell in table.index)
    path = folder / f"{prefix}matrix.mtx"
    io.mmwrite(path, sparse.coo_matrix(table.to_numpy().T), precision=17)
    (folder / f"{prefix}features.tsv").write_text(features, encoding="utf-8")
    (folder / f"{prefix}barcodes.tsv").write_text(barcodes, encoding="utf-8")
    if not packed:
        return path
    for part in list(folder.glob(f"{prefix}*")):
        part.with_name(part.name + ".gz").write_bytes(gzip.compress(part.read_bytes()))
        part.unlink()
    return path.with_name(path.name + ".gz")


def write_tfs(folder: Path, names: list[str] | None = None) -> Path:
    path = folder / "tfs.txt"
    path.write_text("".join(f"{name}\n" for name in names or TFS), encoding="utf-8")
    return path
