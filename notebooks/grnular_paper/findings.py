"""Claims and findings: what the record says of each claim, with the numbers behind it.

A claim knows how to look itself up in the folder of recorded tables. So a claim whose runs are not
recorded yet says so by itself, and changes its verdict as soon as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from grnular_core.utils.errors import InputError
from grnular_paper.verdicts import NOT_REPRODUCED, OPEN, PARTLY, REPRODUCED, UNTESTED, WORDS, Verdict


@dataclass(frozen=True)
class Finding:
    """What the record says of one claim.

    Raises
    ------
    InputError
        For a word that is no verdict.
    """

    verdict: str  # one of ``WORDS``, by the strict protocol wherever a protocol has a part in it
    numbers: str = ""  # those behind it
    by_paper: str = ""  # by the paper's protocol, where one has a part in it
    numbers_by_paper: str = ""  # those behind that verdict, where it compares methods
    early: bool = False  # less than half of the plan could be tested, so the verdict may change
    basis: str = ""  # unit, number of units and test, in one line, by each protocol where these differ
    tests: pd.DataFrame | None = field(default=None, compare=False, repr=False)  # of the strict ``Verdict``

    def __post_init__(self) -> None:
        """Refuse words that are no verdict."""
        for word in (self.verdict, self.by_paper or OPEN):
            if word not in WORDS:
                raise InputError(f"{word!r} is no verdict; expected one of {', '.join(WORDS)}")


@dataclass(frozen=True)
class Claim:
    """One claim, in our words."""

    name: str  # short and unique
    source: str  # where the paper makes it; ``here`` for a claim of our own
    text: str  # the sentence
    page: str  # stem of the notebook, or of the page in ``book``, that shows it
    assess: Callable[[Path], Finding]  # the finding from the folder of recorded tables
    printed: Callable[[Path], str] | None = None  # the paper's own numbers, from the same folder

    @property
    def ours(self) -> bool:
        """Whether the paper does not make it."""
        return self.source == "here"


def basis_of_both(strict: str, paper: str, pairs: str = "") -> str:
    """The basis of the strict verdict, and behind it that of the paper's protocol where it is another one.

    Parameters
    ----------
    strict, paper : str
        Of ``Verdict.basis``; the second is empty where nothing is recorded by the paper's protocol.
    pairs : str
        Which pairs of genes the paper's protocol compares, in words, where these are not those of all claims.

    Returns
    -------
    str
    """
    if paper == strict:
        return strict
    return f"{strict}; by the paper's protocol{pairs and f' {pairs}'}: {paper or 'not recorded'}"


def from_verdicts(
    strict: Verdict, paper: Verdict | None = None, planned: int = 0, what: str = "difference in strict AUPRC to",
    tested: bool = True, pairs: str = "",
) -> Finding:
    """The finding of tests over networks, by each protocol; no shared network at all means: not recorded.

    The finding is early where less than half of the planned points entered the test against a competing method, or none did.

    Parameters
    ----------
    strict : Verdict
        By the strict protocol.
    paper : Verdict, optional
        By the paper's protocol.
    planned : int
        How many points the full experiment has; 0 where that is not known.
    what : str
        What the differences are, in words that the name of a competing method can follow.
    tested : bool
        Whether the outcome of tests is said beside the differences.
    pairs : str
        As in ``basis_of_both``.

    Returns
    -------
    Finding
        The verdicts with their numbers and their basis.
    """
    tests = strict.tests
    if not tests["networks"].any():
        return Finding(OPEN)
    early = bool(strict.tested) and (2 * int(tests["points"].min()) < planned or strict.tested < len(tests))
    by_paper, beside = ("", "") if paper is None else (paper.word, paper.described(tested))
    basis = strict.basis(planned)
    basis = basis if paper is None else basis_of_both(basis, paper.basis(planned), pairs)
    return Finding(strict.word, f"{what} {strict.described(tested)}", by_paper, beside, early, basis, tests)


def together(findings: Iterable[Finding]) -> Finding:
    """The finding on a claim that is the sum of others; those without a verdict do not count.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    Finding
        Their common verdict, "partly reproduced" where they differ, with their counts.
    """
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
        f"the {len(found)} single claims, which count by themselves: {counts}",
        of([f.by_paper or f.verdict for f in found]),
        basis="sum of the single claims, no test of its own",
    )


def not_testable(reason: str) -> Callable[[Path], Finding]:
    """The assessment of a claim that no number of this book can decide.

    Parameters
    ----------
    reason : str

    Returns
    -------
    callable
    """
    return lambda folder: Finding(UNTESTED, reason, basis="no number decides it")


def said(name: str, form: str = "{}") -> Callable[[Path], str]:
    """A number of the paper's text, from ``paper_text.csv``.

    Parameters
    ----------
    name : str
        Of the number.
    form : str
        Words that it is set into.

    Returns
    -------
    callable
        Gets the folder of recorded tables; ``InputError`` for an unknown name.
    """

    def look_up(folder: Path) -> str:
        table = pd.read_csv(folder / "paper_text.csv", dtype=str).set_index("name")["value"]
        if name not in table:
            raise InputError(f"paper_text.csv has no {name!r}; it has {', '.join(table.index)}")
        return form.format(table[name])

    return look_up
