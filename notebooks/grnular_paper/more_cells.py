"""The real cells beside BEELINE's, listed in ``SETS``: eight, seven of them with unique molecular identifiers (UMI).

All sets are prepared alike:

- **cells** as the source has them; celseq5 and kang have three plates and two conditions, which stay together;
- **values**: counts of each cell scaled to the median total over cells, then log(1 + x). Totals are over all genes of the
  file. Where a file holds logarithms or scaled counts, counts are recovered first. Those of pancreas are of spliced RNA;
- **genes** seen in at least ``MIN_CELLS`` cells: all TFs of BEELINE's list of the species, then the most variable others
  (by the variance of the prepared values) up to ``MAX_GENES``;
- **names** are symbols as the source spells them, compared without regard to case. celseq5 has Ensembl ids: those that
  the tables of cardio2 and cardio5 name get their symbol, the others are left out.

Methods see all TFs of BEELINE's list. The stricter list is used for scores alone.

Parameters
----------
name : str
    One of ``SETS``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import h5py
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.io import loadmat

from grnular_core.data.blocks import column_variance, log_normalised
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.downloads import fetch
from grnular_core.data.gene_lists import BROAD, read_tfs
from grnular_core.data.names import match_names
from grnular_core.utils.errors import InputError
from grnular_paper.r_files import plain, read_objects, sparse_matrices

if TYPE_CHECKING:
    from anndata import AnnData

MIN_CELLS = 10  # in which a gene is seen
MAX_GENES = 2000
NO_NAME = ""  # a gene that counts in a cell's total alone
ROUNDING = 0.01  # by which a recovered count may differ from a whole number


class Counts(NamedTuple):
    """Counts of one set."""

    values: sparse.csr_matrix  # (cells, genes), whole numbers
    cells: list[str]  # names; that of a gene to be left out is ``NO_NAME``
    genes: list[str]


@dataclass(frozen=True)
class CellSet:
    """One set of real cells."""

    species: str  # human or mouse
    cells: str  # in words, for tables
    technique: str
    umi: bool  # whether molecules are counted, in contrast to reads
    keys: tuple[str, ...]  # files in the registry
    read: Callable[[Sequence[str]], Counts]  # from the names of files to counts
    study: str = ""  # key of ``book/references.bib``
    archive: str = ""  # accession in GEO or ArrayExpress; empty where none was found

    @property
    def what(self) -> str:
        """Cells and technique."""
        return f"{self.cells} ({self.technique})"


def _counts(name: str) -> Counts:
    """Read the counts of a set."""
    chosen = cell_set(name)
    found = chosen.read([str(fetch(key)) for key in chosen.keys])
    whole = np.rint(found.values.data)
    if np.abs(found.values.data - whole).max() > ROUNDING or whole.min() < 0:
        raise InputError(f"{name}: the file holds values that are no counts, the largest {whole.max():g}")
    values = found.values.copy()
    values.data = whole
    return Counts(values, found.cells, found.genes)


def cell_set(name: str) -> CellSet:
    """Look up a set.

    Returns
    -------
    CellSet

    Raises
    ------
    InputError
    """
    if name not in SETS:
        raise InputError(f"unknown set of cells {name!r}; expected one of {', '.join(SETS)}")
    return SETS[name]


@lru_cache(maxsize=2)
def load_cells(name: str) -> GRNDataset:
    """Load a set, prepared as this module says, without a reference network.

    Returns
    -------
    GRNDataset
        TFs are those of BEELINE's list of the species.

    Raises
    ------
    InputError, DownloadError
        When the source of the set cannot be read, or cannot be had.
    """
    chosen = cell_set(name)
    tfs = read_tfs(fetch(BROAD[chosen.species]))
    table = _prepared(_counts(name), tfs)
    where = {"dataset": name, "species": chosen.species, "files": chosen.keys}
    return make_dataset(table, tfs, name=name, orientation="cells-x-genes", match="ignore-case", provenance=where)


def _prepared(given: Counts, tfs: Sequence[str], max_genes: int = MAX_GENES, min_cells: int = MIN_CELLS) -> pd.DataFrame:
    """Normalise counts and choose genes by the rule of this module: TFs, then others by falling variance."""
    values = log_normalised(sparse.csr_matrix(given.values))
    seen = np.asarray((given.values > 0).sum(axis=0)).ravel() >= min_cells
    listed = set(match_names(tfs, given.genes, "ignore-case"))
    names = np.array(given.genes, dtype=object)
    is_tf, seen = np.isin(names, list(listed)), seen & (names != NO_NAME)
    variance = column_variance(values)
    order = np.lexsort((names.astype(str), -variance))  # the last key counts first
    kept = [i for i in order if seen[i] and is_tf[i]]
    others = [i for i in order if seen[i] and not is_tf[i]]
    kept += others[: max(max_genes - len(kept), 0)]
    return pd.DataFrame(values[:, kept].toarray(), given.cells, list(names[kept]))


def kang_conditions() -> AnnData:
    """Read the counts of kang with its two conditions apart.

    Returns
    -------
    AnnData, shape (cells, genes)
        ``obs["condition"]`` is ``ctrl`` or ``stim`` (interferon-beta). The file names no donors.

    Raises
    ------
    DownloadError
        When the file cannot be had.
    """
    from anndata import AnnData

    parts = dict(zip(("stim", "ctrl"), sparse_matrices(fetch("more/kang/pbmc_stim.RData")), strict=False))
    obs = pd.concat(
        [pd.DataFrame({"condition": name}, [f"{name}_{cell}" for cell in part.columns]) for name, part in parts.items()]
    )
    values = sparse.vstack([part.values.T for part in parts.values()]).tocsr()
    return AnnData(values.astype(float), obs, pd.DataFrame(index=parts["stim"].rows))


def _from_r(*which: int) -> Callable[[Sequence[str]], Counts]:
    """A reader of R's sparse matrices, genes x cells: those at these places of the file, one below the other."""

    def read(files: Sequence[str]) -> Counts:
        matrices = sparse_matrices(files[0])
        parts = [matrices[i] for i in which]
        values = sparse.vstack([part.values.T for part in parts]).tocsr()
        return Counts(values, [cell for part in parts for cell in part.columns], parts[0].rows)

    return read


def _marrow(files: Sequence[str]) -> Counts:
    """``X`` is log(1 + counts), cells x genes; the names of genes are in a file of their own."""
    with h5py.File(files[0]) as file:
        values = np.expm1(file["X"][:])
    genes = [str(gene[0][0]) for gene in loadmat(files[1])["gene_list"]]
    return Counts(sparse.csr_matrix(values), [f"cell{i}" for i in range(len(values))], genes)


def _cardio(files: Sequence[str]) -> Counts:
    """Counts divided by a factor of each cell: its least positive value is one count."""
    (parts,) = read_objects(files[0]).values()
    table = next(value for key, value in parts.items() if "counts" in key)
    values = np.asarray(table).T
    one = np.where(values > 0, values, np.inf).min(axis=1, keepdims=True)
    genes, cells = (table.coords[name].values for name in ("dim_0", "dim_1"))
    return Counts(sparse.csr_matrix(values / one), [str(cell) for cell in cells], [str(g).partition("_ENSG")[0] for g in genes])


def _symbols(files: Sequence[str]) -> dict[str, str]:
    """Ensembl id -> symbol, as the gene tables of cardio2 and cardio5 have them."""
    found: dict[str, str] = {}
    for file in files:
        (parts,) = read_objects(file).values()
        table = plain(next(value for key, value in parts.items() if "geneInfo" in key))
        found |= dict(zip(table["EnsemblID"].astype(str), table["GeneSymbol"].astype(str), strict=True))
    return found


def _celseq5(files: Sequence[str]) -> Counts:
    """Three plates, of which a gene that one lacks has no count there."""
    plates = [pd.read_csv(file, index_col=0).add_prefix(f"{i}_") for i, file in enumerate(files[:3], 1)]
    table = pd.concat(plates, axis=1).fillna(0).T
    symbols = _symbols(files[3:])
    genes = [symbols.get(gene, NO_NAME) for gene in table]
    return Counts(sparse.csr_matrix(table.to_numpy(dtype=float)), list(table.index), genes)


def _tuck(files: Sequence[str]) -> Counts:
    from anndata import read_h5ad

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the format of the file is an old one
        data = read_h5ad(files[0])
    return Counts(sparse.csr_matrix(data.X, dtype=float), list(data.obs_names), list(data.var_names))


CARDIO2 = "more/cardio2/day_2_cardio_cell_sample.rda"
CARDIO5 = "more/cardio5/day_5_cardio_cell_sample.rda"
PLATES = tuple(f"more/celseq5/sc_celseq2_5cl_p{i}.count.csv.gz" for i in (1, 2, 3))
SETS: dict[str, CellSet] = {
    "marrow": CellSet(
        "mouse", "bone marrow, mesenchyme to erythrocytes", "Microwell-seq", True,
        ("more/marrow/X_BMTF.mat", "more/marrow/gene_list.mat"), _marrow, "han2018", "GSE108097",
    ),
    "cardio2": CellSet(
        "human", "pluripotent stem cells to cardiomyocytes, day 2", "10x", True, (CARDIO2,), _cardio,
        "friedman2018", "E-MTAB-6268",
    ),
    "cardio5": CellSet(
        "human", "pluripotent stem cells to cardiomyocytes, day 5", "10x", True, (CARDIO5,), _cardio,
        "friedman2018", "E-MTAB-6268",
    ),
    "celseq5": CellSet(
        "human", "five lung cancer cell lines, three plates", "CEL-seq2", True, (*PLATES, CARDIO2, CARDIO5), _celseq5,
        "tian2019", "GSE118767",
    ),
    "kang": CellSet(
        "human", "PBMC of lupus patients, control and interferon-beta", "10x", True, ("more/kang/pbmc_stim.RData",),
        _from_r(0, 1), "kang2018", "GSE96583",
    ),
    "pancreas": CellSet(
        "mouse", "endocrine pancreas, day E15.5", "10x", True, ("more/pancreas/pancreas.rda",), _from_r(0),
        "bastidasponce2019", "GSE132188",
    ),
    "lungT": CellSet(
        "human", "T cells of blood and airways, acute respiratory distress", "10x", True, ("more/lungT/scRep_example.rda",),
        _from_r(0), "zhao2021",
    ),
    "tuck": CellSet(
        "mouse", "ESC to neural precursors", "read counts", False, ("more/tuck/Tuck_PAGA510genes.h5ad",), _tuck,
        "tuck2018", "GSE107493",
    ),
}  # fmt: skip
