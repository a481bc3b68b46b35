"""Tables with the genes of several genomes, as of cells of two species that were mixed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.data.names import preview
from grnular_core.data.odd_names import genomes, without_genome
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

    Table = AnnData | pd.DataFrame


def of_genome(table: Table, genome: str, where: str) -> Table:
    """Keep the genes of one genome, under their names without it: GATA1 of GRCh38_GATA1.

    Parameters
    ----------
    table : AnnData or DataFrame
        Stays as it is. Where no names have the genome, the column ``genome`` of ``.var`` decides.
    genome : str
        Such as GRCh38.
    where : str
        The file's name, for messages.

    Returns
    -------
    AnnData or DataFrame
        The same cells.

    Raises
    ------
    InputError
        When no gene is of that genome, with the genomes that are there.
    """
    plain = isinstance(table, pd.DataFrame)
    names = list(map(str, table.columns if plain else table.var_names))
    bare = [without_genome(name, genome) for name in names]
    if any(bare):
        kept = np.array([name is not None for name in bare])
        names = [name for name in bare if name is not None]
    elif plain and any(without_genome(str(name), genome) for name in table.index):
        return of_genome(table.T, genome, where).T
    else:
        kept = np.array([word == genome for word in _column(table)] or [False] * len(names))
        names = [name for name, is_kept in zip(names, kept, strict=True) if is_kept]
    if not kept.any():
        sides = map(str, [*table.columns, *table.index] if plain else table.var_names)
        there = dict.fromkeys([*genomes(sides), *_column(table)])
        raise InputError(
            f"{where} has no genes of the genome {genome!r}; it has {preview(there) or 'none with a genome'}"
        )
    if plain:
        return table.loc[:, kept].set_axis(names, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        chosen = table[:, kept].copy()
        chosen.var_names = names
    return chosen


def genome_note(table: Table) -> str | None:
    """Describe the genomes of an AnnData with genes of several.

    Parameters
    ----------
    table : AnnData or DataFrame
        The values that are meant.

    Returns
    -------
    str or None
        None for one genome.
    """
    if isinstance(table, pd.DataFrame):
        return None
    there = list(dict.fromkeys(word for word in _column(table) if word))
    there = there if len(there) > 1 else list(genomes(map(str, table.var_names)))
    if len(there) < 2:
        return None
    return f"the genes are those of several genomes ({preview(there)}): --genome {there[0]} keeps those of one"


def _column(table: Table) -> list[str]:
    """Return the genome of each gene as ``.var`` has it; empty without such a column."""
    if isinstance(table, pd.DataFrame) or "genome" not in table.var:
        return []
    return table.var["genome"].astype(str).to_list()
