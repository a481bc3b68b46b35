"""The table of all claims with their findings, its counts, and the comparisons of one page.

Parameters
----------
claims : DataFrame
    ``table`` of all claims.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

from grnular_paper.claims.sentences import DEFINITIONS, HEADLINES, SECTIONS, SUMS
from grnular_paper.verdicts import WORDS


def table(folder: Path) -> pd.DataFrame:
    """All claims, one row each.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    DataFrame
        ``section, name, source, claim, page, ours, printed, numbers, verdict, by_paper, numbers_by_paper, early, basis,
        headline``;
        ``headline`` is the place among ``HEADLINES``, 0 for other claims.
    """
    return _table(folder).copy()


@lru_cache(maxsize=2)
def _table(folder: Path) -> pd.DataFrame:
    lines = []
    for section, listed in SECTIONS.items():
        for claim in listed:
            finding = claim.assess(folder)
            lines.append(
                {
                    "section": section,
                    "name": claim.name,
                    "source": claim.source,
                    "claim": claim.text,
                    "page": claim.page,
                    "ours": claim.ours,
                    "printed": claim.printed(folder) if claim.printed else "",
                    "numbers": finding.numbers,
                    "verdict": finding.verdict,
                    "by_paper": finding.by_paper,
                    "numbers_by_paper": finding.numbers_by_paper,
                    "early": finding.early,
                    "basis": finding.basis,
                    "headline": HEADLINES.index(claim.name) + 1 if claim.name in HEADLINES else 0,
                }
            )
    return pd.DataFrame(lines)


def papers(claims: pd.DataFrame) -> pd.DataFrame:
    """The rows of single findings on claims of the paper: neither our own nor sums nor definitions.

    Returns
    -------
    DataFrame
        Some of its rows, with all columns.
    """
    return claims[~claims["ours"] & ~claims["section"].isin([SUMS, DEFINITIONS])]


def counts(claims: pd.DataFrame) -> pd.DataFrame:
    """How many single claims of the paper got which verdict.

    Where a protocol has no part in a claim its one verdict counts in both columns.

    Returns
    -------
    DataFrame
        ``verdict``, one of ``WORDS``, and the counts by the strict and by the paper's protocol.
    """
    single = papers(claims)
    by_paper = single["by_paper"].where(single["by_paper"] != "", single["verdict"])
    columns = {"strict protocol": single["verdict"], "paper's protocol": by_paper}
    lines = [{"verdict": word} | {name: int((column == word).sum()) for name, column in columns.items()} for word in WORDS]
    return pd.DataFrame(lines)
