"""Files that this project can download: addresses, sizes and hashes.

``registry.tsv`` lists the files themselves; the key is the path inside the cache folder.
``archive_members.tsv`` lists the files inside the zip archives among them. Both are sorted, and a new
file is a new line. ``confirmed`` is yes where the hash was computed from the
file itself for this project, and no where it comes from a public note.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from grnular_core.utils.errors import InputError


@dataclass(frozen=True)
class Entry:
    """One file to download."""

    key: str  # path inside the cache folder
    sha256: str  # in lower-case hex
    size: int | None  # bytes; None: unknown in advance
    url: str
    licence: str  # of the place the bytes come from
    confirmed: bool  # whether the hash was computed from real bytes for this project

    @property
    def host(self) -> str:
        """The machine that serves the file."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True)
class Member:
    """One file inside a zip archive."""

    archive: str  # key of the archive
    name: str  # path inside it
    sha256: str | None  # None where unknown, then the size is None too
    size: int | None
    confirmed: bool


@cache
def registry() -> dict[str, Entry]:
    """Return every downloadable file by key, sorted by key.

    Returns
    -------
    dict of str to Entry
        The same object at each call; do not change it.
    """
    return {
        row["key"]: Entry(
            row["key"], row["sha256"], _number(row["bytes"]), row["url"], row["licence"],
            row["confirmed"] == "yes",
        )
        for row in _table("registry.tsv")
    }  # fmt: skip


@cache
def members() -> dict[tuple[str, str], Member]:
    """Return every known archive member by (archive key, name inside), sorted.

    Returns
    -------
    dict of (str, str) to Member
        The same object at each call; do not change it.
    """
    return {
        (row["archive"], row["member"]): Member(
            row["archive"], row["member"], row["sha256"] or None, _number(row["bytes"]),
            row["confirmed"] == "yes",
        )
        for row in _table("archive_members.tsv")
    }  # fmt: skip


def entry(key: str) -> Entry:
    """Return the registry's entry for ``key``.

    Parameters
    ----------
    key : str
        The path inside the cache folder.

    Returns
    -------
    Entry

    Raises
    ------
    InputError
        When there is none; the message names the nearest known keys.
    """
    known = registry()
    if key not in known:
        raise InputError(f"{key!r} is not a file of the registry; {_nearest(key, known)}")
    return known[key]


def keys(pattern: str = "") -> list[str]:
    """List the registry's keys that begin with ``pattern`` or match it as a glob.

    Parameters
    ----------
    pattern : str
        A beginning, such as ``"sergio/"``, or a glob, such as
        ``"beeline/TFs+500/*/STRING*"``; a ``*`` also spans folders.

    Returns
    -------
    list of str
        Sorted.

    Raises
    ------
    InputError
        When nothing matches, since that is a misspelling.
    """
    known = registry()
    if any(sign in pattern for sign in "*?["):
        found = [key for key in known if fnmatchcase(key, pattern)]
    else:
        found = [key for key in known if key.startswith(pattern)]
    if not found:
        raise InputError(f"no file of the registry matches {pattern!r}; {_nearest(pattern, known)}")
    return found


def member(archive: str, name: str) -> Member:
    """Return the known member ``name`` of an archive.

    Parameters
    ----------
    archive : str
        Key of the archive.
    name : str
        Path inside the archive, or only its last folder and file name, in any case:
        ``hESC/ExpressionData.csv`` is
        ``BEELINE-data/inputs/scRNA-Seq/hESC/ExpressionData.csv``.

    Returns
    -------
    Member
        Its full path, size and hash, as far as known.

    Raises
    ------
    InputError
        When there is none; the message names the nearest ones.
    """
    entry(archive)
    inside = [m for (of, _), m in members().items() if of == archive]
    found = [m for m in inside if tail(m.name) == tail(name)]
    if len(found) != 1:
        hint = _nearest(name, [m.name for m in inside])
        raise InputError(f"{name!r} is not a known member of {archive}; {hint}")
    return found[0]


def tail(name: str) -> tuple[str, ...]:
    """Return what identifies an archive member: its last folder and file name, without case.

    Copies of an archive differ in the folders above and in spelling (``Non-Specific``,
    ``Non-specific``), never in these two.

    Parameters
    ----------
    name : str
        Path inside the archive, with slashes.

    Returns
    -------
    tuple of str
        One or two parts, in lower case.
    """
    return tuple(name.casefold().split("/")[-2:])


def _nearest(wanted: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    return f"there are {len(known)}, such as {known[0]}" if known else "none is known"


def _number(text: str) -> int | None:
    return int(text) if text else None


def _table(name: str) -> list[dict[str, str]]:
    text = files("grnular_core.data").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))
