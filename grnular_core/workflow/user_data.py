"""A biologist's own files as a data set: what command line and notebook read, in one way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grnular_core.data import names as checks
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.names import Duplicates, Match, Orientation, shown
from grnular_core.data.readers import read_expression, read_network
from grnular_core.data.tf_lists import TFList, refuse_own_list, species_note, tf_list
from grnular_core.utils.errors import InputError
from grnular_core.workflow.cell_tables import of_expression, reading_hint, with_gene_names
from grnular_core.workflow.resampling import most_variable

if TYPE_CHECKING:
    from anndata import AnnData

RARE = 10  # cells
FEW = 50  # cells
MANY = 50  # genes, of which a tenth still says something
BETTER = (
    "{} are used as they are; most methods do better on values that are scaled to one total and logged: "
    "--normalise does that"
)
UNLOGGED = {
    "counts": BETTER.format("counts"),
    "normalised values, not log": BETTER.format("values that are no logarithms"),
}


@dataclass(frozen=True)
class Asked:
    """What to read and how. ``expression`` and ``truth`` are paths; ``tfs`` is ``human``, ``mouse``,
    ``all`` or a path; ``n_genes`` as in ``most_variable``, ``gene_names`` as in ``with_gene_names``,
    the rest as in ``make_dataset``. Empty and None mean not asked for."""

    expression: str
    tfs: str
    truth: str | None = None
    n_genes: int | None = None
    gene_names: str | None = None
    layer: str | None = None
    orientation: Orientation = "auto"
    match: Match | None = None
    duplicates: Duplicates = "error"
    scaled: bool = False
    normalise: bool = False

    def options(self) -> dict[str, Any]:
        """How it was read, for a report: all but the files."""
        return {
            key: value
            for key, value in asdict(self).items()
            if key not in ("expression", "tfs", "truth")
        }


@dataclass(frozen=True, eq=False)
class Own:
    """The data set, the table as it was read, and what was said of both."""

    data: GRNDataset
    table: AnnData | pd.DataFrame
    said: tuple[str, ...] = ()

    def cells(self) -> AnnData:
        """All cells and genes of the file, cells x genes; a plain table becomes an AnnData."""
        if not isinstance(self.table, pd.DataFrame):
            return self.table
        from anndata import AnnData

        turned = not self.data.provenance["genes_are_columns"]
        table = self.table.T if turned else self.table
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # repeated names were noted or merged
            return AnnData(
                X=table.to_numpy(dtype=float),
                # names alone: the corner of the table, often empty, is no name that h5ad can hold
                obs=pd.DataFrame(index=[str(cell) for cell in table.index]),
                var=pd.DataFrame(index=[str(gene) for gene in table.columns]),
            )


def read_own(asked: Asked, say: Callable[[str], None] = lambda text: None) -> Own:
    """Read what was asked for; every note is said. Raises ``InputError`` and ``DownloadError``."""
    refuse_own_list(asked.tfs, asked.expression)
    listed = tf_list(asked.tfs, asked.match)
    truth = read_network(asked.truth) if asked.truth else None
    where = str(asked.expression)
    table = read_expression(asked.expression)
    genes, left_out = of_expression(table, asked.layer)
    named = (
        with_gene_names(genes, asked.gene_names, where, asked.layer) if asked.gene_names else genes
    )
    data = _dataset(named, listed, truth, asked, where)
    empty, cut = empty_note(data), cut_note(data, truth, listed.match)
    if asked.n_genes:
        data = most_variable(data, asked.n_genes)
    known = checks.truth_note(data.truth, data.tfs, where) if data.truth is not None else None
    notes = (
        *listed.said,
        left_out,
        *data.notes,
        UNLOGGED.get(data.provenance["values"]),
        cut,
        known,
        species_note(listed.species, data.tfs),
        few_note(data),
        empty,
        rare_note(data),
    )
    said = tuple(note for note in notes if note)
    for note in said:
        say(f"note: {note}")
    return Own(data, table, said)


def cut_note(data: GRNDataset, truth: pd.DataFrame | None, match: Match) -> str | None:
    """How many edges of a truth are scored, or None where all are or there is no truth."""
    if truth is None or data.truth_counts.n_kept == data.truth_counts.n_given:
        return None
    return f"{data.truth_counts}.{checks.truth_hint(truth, data.genes, match)}"


def empty_note(data: GRNDataset) -> str | None:
    """A warning about cells that show next to none of the genes, or None.

    Such are the empty droplets of an unfiltered 10x folder: a tenth and more of the cells with less than a tenth
    of the genes that the richest cell shows, or any cell without a gene.
    """
    seen = np.asarray((data.adata.X != 0).sum(axis=1)).ravel()
    nothing, most = int((seen == 0).sum()), int(seen.max())
    few = int((10 * seen < most).sum())
    if not nothing and (10 * few < data.n_cells or most < MANY):
        return None
    return (
        f"{few} of {data.n_cells} cells show less than a tenth of the {most} genes that the richest cell shows, "
        f"{nothing} of them none; empty droplets look so, and make all genes rise together. Take Cell Ranger's "
        "filtered folder, or drop them (scanpy: filter_cells, min_genes)"
    )


def few_note(data: GRNDataset) -> str | None:
    """A warning about too few cells for any network, or None."""
    if data.n_cells >= FEW:
        return None
    return (
        f"{data.n_cells} cells are few: with less than {FEW} next to every pair of genes goes together or not by "
        "chance; several hundred are usual. --stability shows how little comes back"
    )


def rare_note(data: GRNDataset) -> str | None:
    """A warning about genes that are seen in a few cells only, or None."""
    if data.n_cells < 10 * RARE:
        return None
    seen = np.asarray((data.adata.X != 0).sum(axis=0)).ravel()
    rare = [gene for gene, n in zip(data.genes, seen, strict=True) if n < RARE]
    if not rare:
        return None
    return (
        f"{len(rare)} of {data.n_genes} genes are seen in fewer than {RARE} cells ({shown(rare, 3)}), and "
        "their edges hang on these; better drop them (scanpy: filter_genes, min_cells), or keep fewer "
        "genes (--genes)"
    )


def _dataset(
    table: AnnData | pd.DataFrame,
    listed: TFList,
    truth: pd.DataFrame | None,
    asked: Asked,
    where: str,
) -> GRNDataset:
    """``make_dataset``; a refusal also says what else the file holds that may be meant."""
    try:
        return make_dataset(
            table,
            listed.names,
            truth,
            name=where,
            layer=asked.layer or None,
            orientation=asked.orientation,
            match=listed.match,
            duplicates=asked.duplicates,
            scaled=asked.scaled,
            normalise=asked.normalise,
        )
    except InputError as error:
        hint = reading_hint(table, listed.names, listed.match, asked.layer)
        if not hint:
            raise
        said = str(error)
        raise InputError(said + ("" if said.endswith(("?", ".")) else ".") + hint) from error
