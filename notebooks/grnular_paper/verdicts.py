"""Verdicts on claims of the kind "this method is better than those", point by point of an experiment.

At a point of a grid both methods have seen the same test graphs, so they are compared graph by graph:
the mean difference with its 95 % interval, a two-sided Wilcoxon signed-rank test, Holm's correction over
all tests of the claim. A test that comes out for the claim is a win, one against it a loss. The claim is

- *reproduced*: no loss, and nine tenths of the tests or more are wins;
- *not reproduced*: no more wins than losses;
- *partly reproduced*: everything between;
- *not tested*: no point has six graphs that both have.

Points with fewer than six shared graphs are shown and not tested. Tests with so few graphs that no
difference could reach significance after Holm's correction count as tests without a winner; how many
there are is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import MIN_UNITS, compare_methods, holm, mean_interval

LEVEL = 0.05
MOSTLY = 0.9
REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED = (
    "reproduced", "partly reproduced", "not reproduced", "not tested",
)  # fmt: skip
COLUMNS = ("point", "against", "graphs", "difference", "low", "high", "p")


@dataclass(frozen=True)
class Verdict:
    """``tests`` has one row a point and rival; ``difference`` is its mean over them, interval over points.

    ``weak``: how many of the ``tested`` have too few graphs to come out for anybody (``powerless``).
    """

    word: str
    wins: int
    losses: int
    tested: int
    difference: float
    low: float
    high: float
    tests: pd.DataFrame
    weak: int = 0

    @property
    def spread(self) -> str:
        """The mean difference, and from six tests on its interval, as far as there are any."""
        if not self.tested:
            return ""
        few = self.tested < MIN_UNITS or np.isnan(self.low)
        interval = "" if few else f" [{self.low:+.3f}, {self.high:+.3f}]"
        return f"{self.difference:+.3f}{interval}"


def compare(
    rows: pd.DataFrame, chosen: str, others: Sequence[str], score: str = "strict_auprc"
) -> pd.DataFrame:
    """``chosen`` against each of ``others`` at every point, on the graphs that both have.

    ``rows`` has ``point, replicate, method`` and the score. Columns of the answer: ``COLUMNS``
    and ``p_holm``.
    """
    lines = []
    for point, of_point in rows.groupby("point", sort=False):
        for other in others:
            pair = of_point[of_point["method"].isin([chosen, other])]
            if pair["method"].nunique() < 2:
                continue
            test = compare_methods(pair, score, "replicate", "method").iloc[0]
            turn = 1 if test["method_a"] == chosen else -1
            low, high = sorted((turn * test["low"], turn * test["high"]))
            lines.append(
                (
                    point,
                    other,
                    test["n_units"],
                    turn * test["mean_difference"],
                    low,
                    high,
                    test["p"],
                )
            )
    tests = pd.DataFrame(lines, columns=list(COLUMNS))
    tests["p_holm"] = holm(tests["p"].to_numpy(dtype=float))
    return tests


def verdict(
    rows: pd.DataFrame, chosen: str, others: Sequence[str], score: str = "strict_auprc"
) -> Verdict:
    """The verdict on "``chosen`` is better than ``others``"; see the module's text for the rule."""
    tests = compare(rows, chosen, others, score)
    tested = tests[tests["p_holm"].notna()]
    sure = tested[tested["p_holm"] < LEVEL]
    wins, losses = int((sure["difference"] > 0).sum()), int((sure["difference"] < 0).sum())
    over = mean_interval(tested["difference"])
    return Verdict(
        word_for(wins, losses, len(tested)), wins, losses, len(tested), float(over["mean"]),
        float(over["low"]), float(over["high"]), tests, int(powerless(tests).sum()),
    )  # fmt: skip


def powerless(tests: pd.DataFrame) -> pd.Series:
    """Which tests have too few graphs: the least p they can have, 2 to the power of 1 - graphs, is not
    below ``LEVEL`` after Holm's correction beside the other tests as they came out."""
    raw = tests["p"].to_numpy(dtype=float)
    weak = np.zeros(len(tests), dtype=bool)
    for row in np.flatnonzero(~np.isnan(raw)):
        best = raw.copy()
        best[row] = 2.0 ** (1 - tests["graphs"].iloc[row])
        weak[row] = holm(best)[row] >= LEVEL
    return pd.Series(weak, index=tests.index)


def word_for(wins: int, losses: int, tested: int) -> str:
    """The rule of the module's text: counts of comparisons in, one of the four words out."""
    if not tested:
        return UNTESTED
    if not losses and wins >= MOSTLY * tested:
        return REPRODUCED
    return NOT_REPRODUCED if wins <= losses else PARTLY


def table(tests: pd.DataFrame) -> pd.DataFrame:
    """The tests as a reader sees them: one row a point, one column a rival."""
    shown = [
        f"{t.difference:+.3f}"
        + ("" if np.isnan(t.low) else f" [{t.low:+.3f}, {t.high:+.3f}]")
        + f" ({t.graphs}{_spelled(t.p_holm)})"
        for t in tests.itertuples()
    ]
    cells = tests.assign(shown=shown, against=tests["against"].map(label))
    return cells.pivot(index="point", columns="against", values="shown").reindex(
        index=list(dict.fromkeys(cells["point"])), columns=list(dict.fromkeys(cells["against"]))
    ).fillna("").reset_index()  # fmt: skip


def _spelled(p: float) -> str:
    """A p value in words for brackets; nothing where there is no test."""
    if np.isnan(p):
        return ""
    return ", p < 0.001" if p < 0.001 else f", p {p:.2g}"
