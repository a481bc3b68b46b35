"""Every claim of the paper that this book looked at: one list, from which page, counts and tests come.

To add one: write its judge beside its kin in ``claims_simulated``, ``claims_model``, ``claims_real`` or
``claims_times``, and the claim itself into the list there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import pandas as pd

from grnular_paper.claims import model as claims_model
from grnular_paper.claims import real as claims_real
from grnular_paper.claims import simulated as claims_simulated
from grnular_paper.claims import times as claims_times
from grnular_paper.findings import WORDS, Claim, Finding

SUMS = "In a nutshell"  # each of these is the sum of other claims, and not counted again
SECTIONS: Mapping[str, tuple[Claim, ...]] = {
    SUMS: (claims_simulated.SUMMARY, claims_real.SUMMARY),
    "The model": claims_model.CLAIMS,
    "Clean data (Fig. 4)": claims_simulated.of_experiment("clean", claims_simulated.CLEAN_TEXT),
    "Dropout (Figs 5 and 6)": claims_simulated.of_experiment("noisy", claims_simulated.NOISY_TEXT),
    "SERGIO's data sets (Fig. 7)": claims_simulated.of_experiment("ds", claims_simulated.DS_TEXT),
    "Real cells (Fig. 8, Table 3)": claims_real.REAL,
    "A network of stem cells (Figs 9 to 11)": claims_real.CELLS,
    "Runtimes (Tables 1 and 2)": claims_times.CLAIMS,
}
CLAIMS = tuple(claim for section in SECTIONS.values() for claim in section)


@lru_cache(maxsize=2)
def findings(folder: Path) -> dict[str, Finding]:
    """The finding on every claim by its name, from the recorded tables in ``folder``."""
    return {claim.name: claim.judge(folder) for claim in CLAIMS}


def table(folder: Path) -> pd.DataFrame:
    """All claims, one row each: ``section, name, source, claim, page, ours, printed, numbers, verdict,
    by_paper, early``."""
    found = findings(folder)
    lines = []
    for section, listed in SECTIONS.items():
        for claim in listed:
            finding = found[claim.name]
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
                    "early": finding.early,
                }
            )
    return pd.DataFrame(lines)


def papers(claims: pd.DataFrame) -> pd.DataFrame:
    """The rows of single claims of the paper: neither our own nor sums of others."""
    return claims[~claims["ours"] & (claims["section"] != SUMS)]


def counts(claims: pd.DataFrame) -> pd.DataFrame:
    """How many single claims of the paper got which verdict: strict, and by the paper's protocol.

    Where a protocol has no part in a claim its one verdict counts in both columns.
    """
    single = papers(claims)
    by_paper = single["by_paper"].where(single["by_paper"] != "", single["verdict"])
    columns = {"strict protocol": single["verdict"], "paper's protocol": by_paper}
    lines = [
        {"verdict": word} | {name: int((column == word).sum()) for name, column in columns.items()}
        for word in WORDS
    ]
    return pd.DataFrame(lines)
