"""A user's files as a dataset, with notes on everything that was changed or looks unusual."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grnular_core.data import names as checks
from grnular_core.data.blocks import count_detected
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.gene_lists import (
    TFList,
    read_network,
    refuse_own_list,
    tf_list,
)
from grnular_core.data.names import Duplicates, Match, Orientation, match_names, preview
from grnular_core.data.readers import read_with_notes
from grnular_core.data.values import ValuesAre
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import (
    genes_only,
    genome_note,
    of_genome,
    reading_hint,
    selected,
    with_gene_symbols,
)
from grnular_core.workflow.resampling import most_variable

if TYPE_CHECKING:
    from anndata import AnnData

    Table = AnnData | pd.DataFrame

RARE = 10  # cells that see a gene: with less its edges hang on these
FEW = 50  # cells
HALF = 0.5
MANY = 50  # genes; below this number the share of detected genes is not informative
_UNLOGGED = {
    kind: f"{what} are used as they are; most methods do better on values that are scaled to one total and "
    "logged: --normalise does that"
    for kind, what in {
        "counts": "counts",
        "normalised values, not log": "values that are no logarithms",
    }.items()
}


@dataclass(frozen=True)
class InputOptions:
    """Options of the input; empty and None mean not given.

    Parameters
    ----------
    expression : str, Path, AnnData or DataFrame
        A file or folder as in ``data.readers``, or an AnnData or DataFrame.
    tfs : str, Path or sequence of str
        ``human``, ``mouse``, ``all``, a file, or the names themselves.
    truth : str, Path or DataFrame, optional
        A reference network, as a file or as a table ``regulator, target`` (``, sign``).
    n_top_genes : int, optional
        As in ``most_variable``: keep so many TFs and so many other genes.
    gene_symbols : str, optional
        As in ``with_gene_symbols``: a column of ``.var``.
    use_raw : bool, optional
        True: the raw slot of an AnnData, as ``layer="raw"``.
    layer : str, optional
        Layer of an AnnData, in place of ``X``; ``"raw"`` is its raw slot.
    orientation, match, duplicates, scaled, normalise, values_are
        As in ``make_dataset``; without ``match`` it is what fits the TF list.
    genome : str, optional
        As in ``of_genome``: keep the genes of this genome alone.
    """

    expression: str | Path | Table
    tfs: str | Path | Sequence[str]
    truth: str | Path | pd.DataFrame | None = None
    n_top_genes: int | None = None
    gene_symbols: str | None = None
    layer: str | None = None
    use_raw: bool | None = None
    orientation: Orientation = "auto"
    match: Match | None = None
    duplicates: Duplicates = "auto"
    scaled: bool = False
    normalise: bool = False
    values_are: ValuesAre = "auto"
    genome: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return how the data were read, for a report: all but the files.

        Returns
        -------
        dict
            Option -> value.
        """
        names = [option.name for option in fields(self)]
        return {n: getattr(self, n) for n in names if n not in ("expression", "tfs", "truth")}


@dataclass(frozen=True, eq=False)
class UserData:
    """The input, read and checked."""

    data: GRNDataset  # checked, and restricted to the selected genes
    table: Table | None  # the table before the checks; None where it was not kept
    notes: tuple[str, ...] = ()  # notes for the user on both

    def as_anndata(self) -> AnnData:
        """Return all cells and genes of the file.

        Returns
        -------
        AnnData, (cells, genes)
            The table itself where it is one; a plain table becomes one, turned where genes are rows.
        """
        if not isinstance(self.table, pd.DataFrame):
            return self.table
        from anndata import AnnData

        table = self.table if self.data.provenance["genes_are_columns"] else self.table.T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # repeated names were noted or merged
            return AnnData(
                X=table.to_numpy(dtype=float),
                # names alone: the corner of the table, often empty, is no name that h5ad can hold
                obs=pd.DataFrame(index=[str(cell) for cell in table.index]),
                var=pd.DataFrame(index=[str(gene) for gene in table.columns]),
            )


def read_user_data(
    options: InputOptions, say: Callable[[str], None] = lambda text: None, keep_table: bool = True
) -> UserData:
    """Read a user's files and check them.

    Parameters
    ----------
    options : InputOptions
    say : callable
        Is given every note, as a line.
    keep_table : bool
        Whether the table of a file is wanted as well; without it, large data take half the memory.

    Returns
    -------
    UserData

    Raises
    ------
    InputError, DownloadError
        For everything that would make the network wrong, and a TF list that cannot be fetched.
    """
    listed = _listed_tfs(options)
    truth = options.truth
    if not isinstance(truth, pd.DataFrame):
        truth = read_network(truth) if truth else None
    table, where, of_file = options.expression, "the table", []
    if isinstance(table, str | Path):
        where = str(table)
        table, of_file = read_with_notes(table)
    layer = _asked_layer(table, options, where)
    genes, left_out = genes_only(selected(table, layer, where))
    if options.gene_symbols not in (None, ""):
        genes = with_gene_symbols(genes, options.gene_symbols, where)
    if options.genome:
        genes = of_genome(genes, options.genome, where)
    is_file = isinstance(options.expression, str | Path)
    copy = keep_table if is_file else not getattr(table, "isbacked", False)  # else nobody else has these values
    data = _dataset(genes, table, layer, listed, truth, options, where, copy)
    empty, cut = _empty_note(data), _cut_note(data, truth, listed.match)
    raw = _raw_note(table, layer, data, listed.match)
    if options.n_top_genes:
        data = most_variable(data, options.n_top_genes)
    known = checks.truth_note(data.truth, data.tfs, where) if data.truth is not None else None
    notes = (
        *listed.notes,
        *of_file,
        left_out,
        None if options.genome else genome_note(genes),
        *data.notes,
        raw,
        _UNLOGGED.get(data.provenance["values"]),
        cut,
        known,
        _species_note(listed.species, data.tfs),
        _few_note(data),
        empty,
        _rare_note(data),
    )
    notes = tuple(note for note in notes if note)
    for note in notes:
        say(f"note: {note}")
    return UserData(data, table if keep_table else None, notes)


def _listed_tfs(options: InputOptions) -> TFList:
    """Find the TFs given by a word, a file or their names."""
    if not isinstance(options.tfs, str | Path):
        return TFList(list(options.tfs), options.match or "exact")
    if isinstance(options.expression, str | Path):
        refuse_own_list(str(options.tfs), str(options.expression))
    return tf_list(str(options.tfs), options.match)


def _asked_layer(table: Table, options: InputOptions, where: str) -> str | None:
    """Find the layer that ``layer`` and ``use_raw`` mean together."""
    layer = options.layer or None
    if not options.use_raw:
        return layer
    if layer not in (None, "raw"):
        raise InputError(
            f"use_raw=True and layer={layer!r} name two sources of expression; leave one of them out"
        )
    if getattr(table, "raw", None) is None:
        raise InputError(f"{where} has no .raw; leave use_raw out to use X")
    return "raw"


def _dataset(
    genes: Table,
    table: Table,
    layer: str | None,
    listed: TFList,
    truth: pd.DataFrame | None,
    options: InputOptions,
    where: str,
    copy: bool,
) -> GRNDataset:
    """Make the dataset; an error also names other layers or columns of the file that may be meant."""
    try:
        return make_dataset(
            genes,
            listed.names,
            truth,
            name=where,
            orientation=options.orientation,
            match=listed.match,
            duplicates=options.duplicates,
            scaled=options.scaled,
            normalise=options.normalise,
            values_are=options.values_are,
            copy=copy,
        )
    except InputError as error:
        hint = reading_hint(table, listed.names, listed.match, layer)
        mixed = None if options.genome else genome_note(genes)
        hint += f" {mixed[0].upper()}{mixed[1:]}" if mixed else ""
        if not hint:
            raise
        message = str(error)
        raise InputError(message + ("" if message.endswith(("?", ".")) else ".") + hint) from error


# --- notes


def _cut_note(data: GRNDataset, truth: pd.DataFrame | None, match: Match) -> str | None:
    """Count the edges of a reference network that are scored; None where all are or there is none."""
    if truth is None or data.truth_counts.n_kept == data.truth_counts.n_given:
        return None
    return f"{data.truth_counts}.{checks.truth_hint(truth, data.genes, match)}"


def _empty_note(data: GRNDataset) -> str | None:
    """Warn of cells that show next to none of the genes (empty droplets), before genes are left out."""
    seen = count_detected(data.adata.X, axis=1)
    nothing, most = int((seen == 0).sum()), int(seen.max())
    few = int((10 * seen < most).sum())
    if not nothing and (10 * few < data.n_cells or most < MANY):
        return None
    none = f", {nothing} of them none" if nothing else ""
    return (
        f"{few} of {data.n_cells} cells show less than a tenth of the {most} genes that the richest cell shows{none}; "
        "empty droplets look so, and make all genes rise together. Take Cell Ranger's filtered "
        "folder, or drop them (scanpy: filter_cells, min_genes)"
    )


def _raw_note(
    table: Table, layer: str | None, data: GRNDataset, match: Match
) -> str | None:
    """Say how many TFs that are missing are in the raw slot, as where X holds variable genes alone."""
    raw = getattr(table, "raw", None)
    if raw is None or layer is not None:
        return None
    more = match_names(data.provenance["tfs_missing"], raw.var_names, match)
    if not more:
        return None
    return (
        f"{len(more)} more TFs of the list are in .raw, whose genes are not all in X ({preview(more, 3)}); if its "
        "values are counts or logarithms, pass --layer raw"
    )


def _species_note(species: str | None, tfs: Sequence[str]) -> str | None:
    """Warn where the TFs found are not spelled as those of ``species`` are, None where the list was not taken by name."""
    # mouse genes have one capital (Sox2), human ones are in capitals: the lists share most names, and a wrong one passes
    if species is None or not tfs:
        return None
    small = sum(tf != tf.upper() for tf in tfs) / len(tfs)
    if species == "human" and small > HALF:
        return f"genes are spelled as those of the mouse are ({preview(tfs, 3)}); is --tfs mouse meant?"
    if species == "mouse" and small < HALF:
        return (
            f"genes are spelled as human ones are ({preview(tfs, 3)}); if the cells are human, give --tfs "
            "human"
        )
    return None


def _few_note(data: GRNDataset) -> str | None:
    """Warn of too few cells for any network."""
    if data.n_cells >= FEW:
        return None
    return (
        f"{data.n_cells} cells are few: with less than {FEW} next to every pair of genes goes together or not by "
        "chance; several hundred are usual. --stability shows how few edges are found again"
    )


def _rare_note(data: GRNDataset) -> str | None:
    """Warn of genes that are detected in few cells."""
    if data.n_cells < 10 * RARE:
        return None
    seen = count_detected(data.adata.X, axis=0)
    rare = [gene for gene, n in zip(data.genes, seen, strict=True) if n < RARE]
    if not rare:
        return None
    return (
        f"{len(rare)} of {data.n_genes} genes are detected in fewer than {RARE} cells ({preview(rare, 3)}), and "
        "their edges hang on these; better drop them (scanpy: filter_genes, min_cells), or keep fewer "
        "genes (--genes)"
    )
