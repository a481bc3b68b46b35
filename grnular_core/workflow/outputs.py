"""Before hours of work: can the results be written where they are wanted, and is nothing lost there?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import place, same_place
from grnular_core.workflow.exports import PLACE

OUT_ENDINGS = (".csv", ".tsv", ".txt")


def check_outputs(
    out: Path, also: Mapping[str, Path], inputs: Iterable[str | Path], option: str = "-o"
) -> None:
    """Refuse an edge table ``out`` or other files ``also`` (format -> path) that cannot be written, or
    that would take the place of an input or of cells that no run of ours has written.

    Results of an earlier run are replaced. ``option`` is what the user gave, for messages.
    """
    _refuse_bad_output(out, option)
    given = list(inputs)
    for path in given:
        if same_place(out, path):
            raise InputError(
                f"{option} {out} is the input {path}; it would be overwritten: choose another"
            )
    for word, path in also.items():
        _refuse_bad_other(word, path, option)
        for other in given:
            if same_place(path, other):
                raise InputError(
                    f"--also {word} writes {path}, which is the input {other}; it would be overwritten: "
                    f"choose another name for {option}"
                )
        if word == "h5ad" and place(path) == "file" and not _is_ours(path):
            raise InputError(
                f"--also h5ad writes {path}, which is there and holds no network of an earlier run; it would "
                f"be overwritten: choose another name for {option}, or move that file"
            )


def _refuse_bad_output(out: Path, option: str) -> None:
    kind = place(out)
    if kind == "folder":
        raise InputError(
            f"{option} {out} is a folder; give the name of a file, e.g. {out / 'edges.csv'}"
        )
    if kind == "other":
        raise InputError(
            f"{option} {out} is no plain file; give the name of a file, e.g. edges.csv"
        )
    ending = Path(out.name.lower().removesuffix(".gz")).suffix
    if ending and ending not in OUT_ENDINGS:
        raise InputError(
            f"{option} {out}: edges are written as csv; name it {out.with_suffix('.csv')}"
        )
    if place(out.parent) != "folder":
        raise InputError(f"{option} {out}: the folder {out.parent} does not exist; create it first")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"{option} {out}: the folder {out.parent} is not writable; choose another")


def _refuse_bad_other(word: str, path: Path, option: str) -> None:
    """The same for the files of ``--also``, whose folder is that of the edge table."""
    if place(path) not in ("file", "missing"):
        raise InputError(
            f"--also {word} writes {path}, which is there and no plain file; remove it, or choose "
            f"another name for {option}"
        )


def _is_ours(path: Path) -> bool:
    """Whether an h5ad file holds what ``write_h5ad`` puts there; nothing else of it is read."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return PLACE in file.get("uns", ())
    except OSError:  # no HDF5, or a damaged file: not ours to replace
        return False
