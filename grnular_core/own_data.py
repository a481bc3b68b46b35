"""A biologist's own files as a data set: what command line and notebook read, in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core import checks
from grnular_core.cell_tables import of_expression, reading_hint, with_gene_names
from grnular_core.checks import Duplicates, Match, Orientation, shown
from grnular_core.dataset import GRNDataset, make_dataset
from grnular_core.errors import InputError
from grnular_core.reading import read_expression, read_network
from grnular_core.resampling import most_variable
from grnular_core.tf_lists import TFList, refuse_own_list, species_note, tf_list

if TYPE_CHECKING:
    from anndata import AnnData

RARE = 10  # cells


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


@dataclass(frozen=True, eq=False)
class Own:
    """The data set and the table as it was read, for a copy of it."""

    data: GRNDataset
    table: AnnData | pd.DataFrame


def read_own(asked: Asked, say: Callable[[str], None] = lambda text: None) -> Own:
    """Read what was asked for; every note is said. Raises ``InputError`` and ``DownloadError``."""
    refuse_own_list(asked.tfs, asked.expression)
    listed = tf_list(asked.tfs, asked.match)
    truth = read_network(asked.truth) if asked.truth else None
    where = str(asked.expression)
    table = read_expression(asked.expression)
    genes, left_out = of_expression(table, asked.layer)
    named = with_gene_names(genes, asked.gene_names, where) if asked.gene_names else genes
    data = _dataset(named, listed, truth, asked, where)
    known = checks.truth_note(data.truth, data.tfs, where) if data.truth is not None else None
    if asked.n_genes:
        data = most_variable(data, asked.n_genes)
    for note in (
        *listed.said,
        left_out,
        *data.notes,
        known,
        species_note(listed.species, data.tfs),
        rare_note(data),
    ):
        if note:
            say(f"note: {note}")
    return Own(data, table)


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
        )
    except InputError as error:
        hint = reading_hint(table, listed.names, listed.match, asked.layer)
        if not hint:
            raise
        said = str(error)
        raise InputError(said + ("" if said.endswith(("?", ".")) else ".") + hint) from error
