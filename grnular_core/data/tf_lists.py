"""The option ``--tfs``: a file, a list of TFs by the name of its species, or the word ``all``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from grnular_core.data.downloads import fetch
from grnular_core.data.names import Match, shown
from grnular_core.data.readers import read_tf_list, read_tfs
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.utils.files import place, same_place

# BEELINE's lists, in capitals for both species
NAMED = {"human": "beeline/Networks/human-tfs.csv", "mouse": "beeline/Networks/mouse-tfs.csv"}
ALL = "all"
HALF = 0.5


@dataclass(frozen=True)
class TFList:
    """``names`` (None: every gene may regulate), how they are compared with genes, what to say.

    ``species`` is set where the list was taken by name.
    """

    names: list[str] | None
    match: Match
    said: tuple[str, ...] = ()
    species: str | None = None


def tf_list(given: str, match: Match | None = None) -> TFList:
    """The TFs that ``given`` means: a file (no folder) of that name first, then ``human``, ``mouse``, ``all``.

    Lists by name are fetched like all data, so a filled ``GRNULAR_DATA`` needs no network. They are in
    capitals while mouse genes are not, so they are compared without regard to case unless ``match``
    says otherwise; files are compared exactly. Raises ``InputError`` for a file that is not there or
    holds no names, ``DownloadError`` when the list cannot be had.
    """
    word, known = given.strip().lower(), (*NAMED, ALL)
    if place(given) not in ("folder", "missing") or word not in known:  # a folder is no list
        taken = (
            f"--tfs {given}: the file of that name is read, not the list" if word in NAMED else ""
        )
        names, notes = _read(given)
        return TFList(names, match or "exact", (*([taken] if taken else []), *notes))
    if word == ALL:
        return TFList(None, match or "exact")
    key = NAMED[word]
    try:
        names = read_tfs(fetch(key))
    except DownloadError as error:
        raise DownloadError(
            f"the TF list {word!r} is not at hand: {error}. Or give --tfs a file of your own, one name "
            "a line"
        ) from error
    rule = match or "ignore-case"
    how = "compared without regard to case" if rule == "ignore-case" else f"compared by {rule}"
    said = f"--tfs {word}: {len(names)} names of {key}, from BEELINE and written in capitals, {how}"
    return TFList(names, rule, (said,), word)


def _read(given: str) -> tuple[list[str], list[str]]:
    near = get_close_matches(given.lower(), NAMED, n=1, cutoff=0.7)
    if near and place(given) == "missing":
        raise InputError(f"no file {given}; did you mean the list --tfs {near[0]}?")
    return read_tf_list(given)


def refuse_own_list(given: str, expression: str) -> None:
    """An expression table is no list of TFs: its cells or its genes would all be taken for TFs."""
    if given.strip().lower() not in (*NAMED, ALL) and same_place(given, expression):
        raise InputError(
            f"--tfs {given} is the expression table {expression} itself; expected a list of TFs, one name a "
            "line, or human, mouse, or the word all: every gene may regulate"
        )


def species_note(species: str | None, tfs: Sequence[str]) -> str | None:
    """A warning where the TFs found are not spelled as those of ``species`` are, or None.

    Genes of the mouse have one capital (Sox2), human ones are in capitals (SOX2). Both lists share most
    names, so the wrong one would pass without a word.
    """
    if species is None or not tfs:
        return None
    small = sum(tf != tf.upper() for tf in tfs) / len(tfs)
    if species == "human" and small > HALF:
        return (
            f"genes are spelled as those of the mouse are ({shown(tfs, 3)}); is --tfs mouse meant?"
        )
    if species == "mouse" and small < HALF:
        return (
            f"genes are spelled as human ones are ({shown(tfs, 3)}); if the cells are human, give --tfs "
            "human"
        )
    return None
