"""Findings: what the record says of one claim, and the small rules that make a verdict of numbers.

A claim knows how to look itself up in the folder of recorded tables. So a claim whose runs are not on
record yet says so by itself, and changes its verdict as soon as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from grnular_core.utils.errors import InputError
from grnular_paper.verdicts import NOT_REPRODUCED, PARTLY, REPRODUCED, UNTESTED, Verdict, word_for

OPEN = "not recorded yet"
WORDS = (REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED, OPEN)
MARGIN = 0.05  # of AUPRC: closer than this, two choices count as equally good


@dataclass(frozen=True)
class Finding:
    """``verdict`` is one of ``WORDS``, by the strict protocol wherever a protocol has a part in it;
    ``by_paper`` is the one by the paper's protocol then, else empty. ``numbers`` are those behind it.
    ``early``: less than half of what was planned could be tested, so the verdict may change.
    """

    verdict: str
    numbers: str = ""
    by_paper: str = ""
    early: bool = False

    def __post_init__(self) -> None:
        for word in (self.verdict, self.by_paper or OPEN):
            if word not in WORDS:
                raise InputError(f"{word!r} is no verdict; expected one of {', '.join(WORDS)}")


@dataclass(frozen=True)
class Claim:
    """One claim, in our words. ``judge`` and ``printed`` get the folder of recorded tables.

    ``source`` is where the paper makes it (``here`` for a claim of our own), ``page`` the stem of the
    notebook or of the page in ``book`` that shows it, ``printed`` the paper's own numbers.
    """

    name: str
    source: str
    text: str
    page: str
    judge: Callable[[Path], Finding]
    printed: Callable[[Path], str] | None = None

    @property
    def ours(self) -> bool:
        return self.source == "here"


def word(good: int, bad: int, tried: int) -> str:
    """The rule of ``verdicts``, with nothing tried read as nothing on record."""
    return word_for(good, bad, tried) if tried else OPEN


def from_verdicts(
    strict: Verdict, paper: Verdict | None = None, of: str = "comparisons", planned: int = 0
) -> Finding:
    """The finding of tests point by point. No test table at all means: not on record.

    ``planned``: how many comparisons, a point and a rival each, the full experiment has, where that is
    known.
    """
    if strict.tests.empty:
        return Finding(OPEN)
    there, early = so_far(strict.tested, planned, of)
    numbers = f"as claimed in {strict.wins}, the reverse in {strict.losses}"
    numbers += "" if there else f" of {strict.tested} {of}"
    if strict.weak:
        numbers += f" ({strict.weak} with too few graphs for either)"
    if strict.tested:
        numbers += f"; mean difference of the strict score {strict.difference:+.3f}"
    else:
        there, numbers = "", "fewer than six shared graphs on record at every point"
    return Finding(strict.word, there + numbers, "" if paper is None else paper.word, early)


def so_far(tested: int, planned: int, of: str = "comparisons") -> tuple[str, bool]:
    """How much of what was planned has enough graphs for a test, in words, and whether that is less
    than half."""
    if not planned:
        return "", False
    return f"{tested} of {planned} {of} have six shared graphs; ", 2 * tested < planned


def together(findings: Iterable[Finding]) -> Finding:
    """The finding on a claim that is the sum of others; those without a verdict do not count."""
    found = list(findings)

    def of(words: list[str]) -> str:
        known = [w for w in words if w in (REPRODUCED, PARTLY, NOT_REPRODUCED)]
        if not known:
            return OPEN
        return known[0] if len(set(known)) == 1 else PARTLY

    words = [finding.verdict for finding in found]
    counts = ", ".join(f"{words.count(w)} {w}" for w in WORDS if w in words)
    return Finding(
        of(words),
        f"the {len(found)} single claims below, which count by themselves: {counts}",
        of([f.by_paper or f.verdict for f in found]),
    )


def not_testable(reason: str) -> Callable[[Path], Finding]:
    """The judge of a claim that no number of this book can decide."""
    return lambda folder: Finding(UNTESTED, reason)


def said(name: str, form: str = "{}") -> Callable[[Path], str]:
    """A number of the paper's text, from ``paper_text.csv``, set into ``form``.

    Raises ``InputError`` for an unknown name.
    """

    def look_up(folder: Path) -> str:
        table = pd.read_csv(folder / "paper_text.csv", dtype=str).set_index("name")["value"]
        if name not in table:
            raise InputError(f"paper_text.csv has no {name!r}; it has {', '.join(table.index)}")
        return form.format(table[name])

    return look_up
