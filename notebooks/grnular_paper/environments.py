"""The software behind recorded rows, written once: ``environments.csv`` beside the record.

A row names its environment by eight digits; the file says what they stand for. Thousands of rows would
repeat the text otherwise.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from filelock import FileLock

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write

FILE, HEADER = "environments.csv", ["environment", "text"]
LOCK_SECONDS = 60


def short(text: str) -> str:
    """The eight digits of an environment."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def known(folder: Path) -> dict[str, str]:
    """Digits -> text of all environments in ``folder``; none without a file.

    Raises ``InputError`` for a line that is not what it says.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    wrong = [line for line in lines if len(line) != 2 or short(line[1]) != line[0]]
    if header != HEADER or wrong:
        raise InputError(
            f"{path} is damaged at {wrong[0] if wrong else header}; restore it from git"
        )
    return dict(lines)


def remember(folder: Path, texts: set[str]) -> None:
    """Add environments to the file, sorted; an empty text is none."""
    with FileLock(folder / f".{FILE}.lock").acquire(timeout=LOCK_SECONDS):
        before = known(folder)
        after = before | {short(text): text for text in texts if text}
        if after == before:
            return
        with (
            atomic_write(folder / FILE) as part,
            open(part, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([HEADER, *sorted(after.items())])
