"""Checks on names: orientation of the table, TFs among the genes, genes of a reference network.

Each function checks one property and either returns its result or raises an ``InputError`` with the
value found, the value expected and the likely fix. ``values.py`` checks the numbers.

Parameters
----------
cells, genes : sequence of str
    Names in the data.
names : iterable of str
    Names of rows or columns, of the data or of a list.
tfs : sequence of str or None
    The TF list; None lets every gene regulate.
truth : DataFrame
    Reference network with the columns ``regulator, target``, one edge a row.
wanted : iterable of str
    Names that are looked for.
match : {"exact", "ignore-case", "ignore-version"}
    How names are compared.
duplicates : {"auto", "error", "sum", "mean", "first", "max-variance"}
    How genes of the same name are merged.
where : str
    How messages call the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import pandas as pd

from grnular_core.data import odd_names
from grnular_core.utils.errors import InputError

Orientation = Literal["auto", "cells-x-genes", "genes-x-cells"]
Match = Literal["exact", "ignore-case", "ignore-version"]
Duplicates = Literal["auto", "error", "sum", "mean", "first", "max-variance"]
ENSEMBL = re.compile(r"(ENS[A-Z]*\d+)\.\d+")


def preview(names: Iterable[object], most: int = 5) -> str:
    """List names for a message: the first ``most``, and how many more there are.

    Parameters
    ----------
    most : int
        How many are listed, each cut after 60 characters.

    Returns
    -------
    str
    """
    names = [str(name)[:60] for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def check_choice(what: str, given: str, choices: object) -> None:
    """Refuse a word that is not of the ``Literal``, so that a misspelt rule is never another one.

    Parameters
    ----------
    what, given : str
        Name of the choice in messages, and its value.
    choices : Literal
        The words allowed.

    Raises
    ------
    InputError
        For any other word.
    """
    if given not in get_args(choices):
        raise InputError(f"{what} {given!r}; expected one of {', '.join(get_args(choices))}")


def match_names(wanted: Iterable[str], genes: Iterable[str], match: Match = "exact") -> list[str]:
    """Genes, in the order of the data, that occur in ``wanted`` under the rule ``match``.

    Returns
    -------
    list of str
    """
    keys = {_key(name, match) for name in wanted}
    return [gene for gene in genes if _key(gene, match) in keys]


def match_spelling(names: pd.Series, genes: Sequence[str], match: Match) -> pd.Series:
    """Spell names, a Series, as the genes of the data that they mean; a gene spelled exactly so goes first.

    Returns
    -------
    Series, shape (names,)
        Missing names stay missing; those that mean no gene are as they were, without blanks around them.

    Raises
    ------
    InputError
        When a name could mean several genes.
    """
    names = names.astype(object).map(lambda name: str(name).strip(), na_action="ignore")
    if match == "exact":
        return names
    given = [name for name in pd.unique(names) if isinstance(name, str)]
    meant = dict(zip(given, _meant(given, genes, match), strict=True))
    return names.map(lambda name: meant.get(name) or name)


def choose_orientation(
    rows: Sequence[str],
    columns: Sequence[str],
    tfs: Sequence[str] | None,
    orientation: Orientation = "auto",
    match: Match = "exact",
    where: str = "the expression table",
    stated: bool = False,
) -> tuple[bool, str]:
    """Decide whether genes are the columns, by the TFs found among row and column names.

    Parameters
    ----------
    rows, columns : sequence of str
        Names of the table.
    orientation : {"auto", "cells-x-genes", "genes-x-cells"}
        Orientation given by the user.
    stated : bool
        The table is an AnnData, whose columns are genes by definition; rows named like TFs, as
        pseudobulks of a screen are, do not change that.

    Returns
    -------
    by_columns : bool
    reason : str

    Raises
    ------
    InputError
        When neither or both sides hold TFs, and when ``orientation`` or ``stated`` contradicts the TF list.
    """
    check_choice("orientation", orientation, Orientation)
    in_rows, in_columns = (len(match_names(tfs or (), names, match)) for names in (rows, columns))
    counts = (
        f"{in_rows} of {len(rows)} row names ({preview(rows, 3)}) and {in_columns} of "
        f"{len(columns)} column names ({preview(columns, 3)}) are in the TF list"
    )
    if orientation != "auto":
        by_columns = orientation == "cells-x-genes"
        inside, other = (in_columns, in_rows) if by_columns else (in_rows, in_columns)
        if other and not inside:
            raise InputError(
                f"orientation of {where} was given as {orientation}, but {counts}; leave "
                "--orientation out, or give the other one"
            )
        return by_columns, f"genes are the {'columns' if by_columns else 'rows'}, by --orientation"
    if stated and (tfs is None or in_columns):
        return True, "genes are the columns, as in every AnnData" + (f": {counts}" if tfs else "")
    if stated and in_rows:
        raise InputError(
            f"{where} is an AnnData, whose columns are genes, but {counts}; pass --orientation genes-x-cells "
            "if it is turned, or --gene-names if its genes have other names"
        )
    if tfs is None:
        raise InputError(
            f"cannot tell whether the rows ({preview(rows, 3)}) or the columns ({preview(columns, 3)}) "
            f"of {where} are genes without a TF list; pass --orientation"
        )
    if in_rows == 0 and in_columns == 0:
        raise InputError(
            f"no TF of the list ({len(tfs)} names: {preview(tfs, 3)}) occurs in {where}: {counts}."
            f"{match_hint(tfs, [*rows, *columns], match)}"
        )
    if min(in_rows, in_columns) * 5 > max(in_rows, in_columns):
        raise InputError(
            f"cannot tell whether rows or columns of {where} are genes: {counts}; pass "
            "--orientation"
        )
    axis = "columns" if in_columns > in_rows else "rows"
    return in_columns > in_rows, f"genes are the {axis}: {counts}"


def match_hint(wanted: Sequence[str], names: Sequence[str], match: Match) -> str:
    """Return a likely reason why names of a list are not among those of the data, as the end of a message.

    Returns
    -------
    str
    """
    species = " Is it the list of another species, or symbols against Ensembl ids?"
    return _looser_hint(wanted, names, match) or species


def _looser_hint(wanted: Sequence[str], names: Sequence[str], match: Match) -> str:
    """Return a hint on how many names another comparison would match; empty where no more than now."""
    hint = _looser(wanted, names, match)
    return f" {hint[0].upper()}{hint[1:]}" if hint else ""


def check_names(genes: Sequence[str], duplicates: Duplicates, where: str) -> list[str]:
    """Return the names that occur more than once.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        For a gene without a name, for repeated dates, and for other repeats under the rule ``error``.
    """
    check_choice("duplicates", duplicates, Duplicates)
    blank = [i for i, gene in enumerate(genes) if not gene.strip()]
    if blank:
        raise InputError(
            f"{where}: gene number {blank[0] + 1} has no name ({len(blank)} in all); name or drop "
            "it"
        )
    counts = pd.Series(list(genes), dtype=object).value_counts(sort=False)
    repeated = [str(name) for name in counts.index[counts > 1]]
    dates = odd_names.dates(repeated)
    if dates:  # both MARCH1 and MARC1 become 1-Mar
        raise InputError(
            f"{where}: the gene name {preview(dates, 3)} is a date made by a spreadsheet and occurs more than once: "
            "these were different genes (MARCH1 and MARC1 both become 1-Mar). Write the table again from the one "
            "before the spreadsheet, or drop these genes"
        )
    if repeated and duplicates == "error":
        raise InputError(
            f"{where}: {len(repeated)} gene names occur more than once ({preview(repeated)}); "
            "say what to do with them: --duplicates sum (for counts), max-variance, first or mean"
        )
    return repeated


def name_notes(cells: Sequence[str], genes: Sequence[str]) -> list[str]:
    """Return warnings about names that are odd, yet no reason to refuse.

    Cells of one name, copies of genes, controls among genes, and genes that a spreadsheet has turned into dates.

    Returns
    -------
    list of str
    """
    index = pd.Index(cells, dtype=object)
    repeated = index[index.duplicated()].unique()
    notes = []
    if len(repeated):
        notes.append(
            f"{len(repeated)} cell names occur more than once ({preview(repeated, 3)}); they are kept as different cells"
        )
    copies = odd_names.copies(genes)
    if copies:
        notes.append(
            f"{len(copies)} gene names are others with a number behind ({preview(copies, 3)}), as var_names_make_unique and "
            "make.unique write repeated ones; an edge between such parts of one gene is none. Keep repeated names, with "
            "--duplicates sum"
        )
    controls = [gene for gene in genes if odd_names.CONTROL.fullmatch(gene)]
    if controls:
        notes.append(
            f"{len(controls)} genes are named like spike-ins, antibodies or control probes ({preview(controls, 3)}); they are "
            "kept and go together with the depth of cells: drop them"
        )
    dates = odd_names.dates(genes)
    if dates:
        notes.append(
            f"{len(dates)} gene names look like dates made by a spreadsheet ({preview(dates, 3)}); "
            "they were MARCH, SEPT and the like, and match no list"
        )
    return notes


def truth_note(truth: pd.DataFrame, tfs: Sequence[str], where: str) -> str:
    """Return a sentence on how many edges of a reference network start at a TF.

    Returns
    -------
    str

    Raises
    ------
    InputError
        When none does.
    """
    starts = truth["regulator"].isin(tfs)
    if starts.any():
        return (
            f"{starts.sum()} of {len(truth)} true edges among the genes start at a TF of the list"
        )
    n_ends = int(truth["target"].isin(tfs).sum())
    raise InputError(
        f"none of the {len(truth)} true edges among the genes of {where} starts at a TF of the list (e.g. "
        f"{truth['regulator'].iloc[0]} -> {truth['target'].iloc[0]}), and {n_ends} end at one; are the columns "
        "of regulator and target swapped, or is it the list of other TFs?"
    )


def truth_hint(truth: pd.DataFrame, genes: Sequence[str], match: Match) -> str:
    """Hint on how many names of a reference network another comparison would match.

    Returns
    -------
    str
    """
    return _looser_hint(_truth_names(truth), genes, match)


def check_truth(truth: pd.DataFrame, genes: Sequence[str], match: Match, where: str) -> None:
    """Refuse a reference network without an edge between two different genes of the data.

    Raises
    ------
    InputError
        For that, and for missing columns.
    """
    missing = [name for name in ("regulator", "target") if name not in truth]
    if missing:
        raise InputError(
            f"the reference network has the columns {preview(truth.columns)}; missing "
            f"{preview(missing)}. Rename its columns to regulator, target (and sign)"
        )
    inside = truth["regulator"].isin(genes) & truth["target"].isin(genes)
    if not (inside & (truth["regulator"] != truth["target"])).any():
        if inside.any():
            raise InputError(
                f"the only edges of the reference network ({len(truth)}) between genes of {where} "
                "are self-loops; is the right pair of columns named regulator and target?"
            )
        names = _truth_names(truth)
        raise InputError(
            f"no edge of the reference network ({len(truth)} edges, e.g. {preview(names, 3)}) lies "
            f"between two genes of {where} ({preview(genes, 3)}).{match_hint(names, genes, match)}"
        )


def choose_tfs(
    tfs: Sequence[str] | None,
    genes: Sequence[str],
    match: Match,
    where: str,
    dropped: Sequence[str] = (),
) -> tuple[list[str], list[str], str]:
    """Find the TFs of a list in the data.

    Parameters
    ----------
    dropped : sequence of str
        Genes that were in the data and left it for being constant.

    Returns
    -------
    found, missing : list of str
        The TFs in the data, in gene order, and those of the list that are not there.
    summary : str

    Raises
    ------
    InputError
        When no TF is left, or a name could mean several genes.
    """
    check_choice("match", match, Match)
    if tfs is None:
        return list(genes), [], f"no TF list given: all {len(genes)} genes may regulate"
    meant = _meant(tfs, genes, match)
    chosen = frozenset(meant)
    found = [gene for gene in genes if gene in chosen]
    missing = [tf for tf, gene in zip(tfs, meant, strict=True) if gene is None]
    constant = match_names(dropped, missing, match)
    if not found:
        reason = match_hint(tfs, genes, match)
        if constant:
            reason = (
                f" Its TFs {preview(constant)} are there, but have one value in every cell; check "
                "the table"
            )
        raise InputError(
            f"no TF of the list ({len(tfs)} names: {preview(tfs, 3)}) is left among the "
            f"{len(genes)} genes of {where} ({preview(genes, 3)}).{reason}"
        )
    summary = f"{len(tfs) - len(missing)} of the {len(tfs)} TFs of the list are in the data"
    if missing:
        summary += f"; missing: {preview(missing)}"
    if constant:
        summary += f"; of these in the data but constant: {preview(constant)}"
    others = [gene for gene in match_names(tfs, genes, match) if gene not in chosen]
    if others:
        summary += f"; {preview(others)} are other spellings of these in the data, and no TFs here"
    looser = _looser(tfs, genes, match) if missing else ""
    return found, missing, f"{summary}; {looser}" if looser else summary


def _looser(wanted: Sequence[str], names: Sequence[str], match: Match) -> str:
    """How names would match that do not: by another rule, without a genome, or as R spells them."""
    now = len(match_names(wanted, names, match))
    for rule in ("ignore-case", "ignore-version"):
        found = len(match_names(wanted, names, rule)) if rule != match else 0
        if found > now:
            return f"with --match {rule} {found} would match"
    for genome, n_genes in odd_names.genomes(names).items():
        bare = [odd_names.without_genome(name, genome) for name in names]
        found = len(match_names(wanted, filter(None, bare), match))
        if found > now:
            example = next(name for name, short in zip(names, bare, strict=True) if short)
            return (
                f"with --genome {genome} {found} would match: it keeps the {n_genes} genes of that genome, which are "
                f"called {example} and the like, under their names alone"
            )
    known = {_key(name, match) for name in wanted}  # membership only: no order comes from these sets
    spelled = {odd_names.spelled_by_r(key) for key in known}
    found = [name for name in names if odd_names.spelled_by_r(_key(name, match)) in spelled]
    if len(found) > now:
        others = [name for name in found if _key(name, match) not in known]
        return (
            f"with . - and _ taken as one {len(found)} would match ({preview(others, 3)}), since R and Seurat change "
            "these; spell them in the list as in the data (R: check.names=FALSE keeps names)"
        )
    found = [name for name in names if any(_key(part, match) in known for part in odd_names.parts(name))]
    if len(found) > max(now, 1):
        return f"{len(found)} names of the data hold one of the list as a part ({preview(found, 3)}): rename the genes"
    return ""


def _key(name: str, match: Match) -> str:
    """Return the form in which names are compared; only Ensembl ids lose a version."""
    if match == "ignore-case":
        return name.upper()
    versioned = ENSEMBL.fullmatch(name) if match == "ignore-version" else None
    return versioned[1] if versioned else name


def _meant(names: Iterable[str], genes: Sequence[str], match: Match) -> list[str | None]:
    """For each name the gene that it means, None where there is none."""
    known = frozenset(genes)  # membership only: no order comes from it
    of_key: dict[str, list[str]] = {}
    for gene in dict.fromkeys(genes):
        of_key.setdefault(_key(gene, match), []).append(gene)
    answer: list[str | None] = []
    for name in names:
        meant = [name] if name in known else of_key.get(_key(name, match), [])
        if len(meant) > 1:
            raise InputError(
                f"under --match {match} the name {name} could mean {preview(meant)}; spell it as "
                "one of them, or use --match exact"
            )
        answer.append(meant[0] if meant else None)
    return answer


def _truth_names(truth: pd.DataFrame) -> list[str]:
    return [str(name) for name in pd.unique(truth[["regulator", "target"]].to_numpy().ravel())]
