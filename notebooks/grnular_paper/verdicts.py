"""Claims, findings and the rule of verdicts: from tests, point by point of an experiment, to one word.

For claims of the kind "this method is better than those": at a point of a grid both methods have seen the
same test graphs, so they are compared graph by graph: the mean difference with its 95 % interval, a
two-sided Wilcoxon signed-rank test, Holm's correction over all tests of the claim. A test that comes out
for the claim is a win, one against it a loss. The claim is

- *reproduced*: no loss, and nine tenths of the tests or more are wins;
- *not reproduced*: no more wins than losses;
- *partly reproduced*: everything between;
- *not tested*: no point has six graphs that both have.

Points with fewer than six shared graphs are shown and not tested. Tests with so few graphs that no
difference could reach significance after Holm's correction count as tests without a winner; how many
there are is told. Claims of other kinds count what came out as claimed by the same rule (``word``).

A claim knows how to look itself up in the folder of recorded tables. So a claim whose runs are not on
record yet says so by itself, and changes its verdict as soon as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import MIN_UNITS, compare_methods, holm, mean_interval
from grnular_core.utils.errors import InputError

LEVEL = 0.05
MOSTLY = 0.9
REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED = (
    "reproduced", "partly reproduced", "not reproduced", "not tested",
)  # fmt: skip
OPEN = "not recorded yet"
WORDS = (REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED, OPEN)
MARGIN = 0.05  # of AUPRC: closer than this, two choices count as equally good
COLUMNS = ("point", "against", "graphs", "difference", "low", "high", "p")


@dataclass(frozen=True)
class Verdict:
    """What the tests of a claim come to."""

    word: str  # the verdict
    wins: int  # tests that came out for the claim
    losses: int  # against it
    tested: int  # all that had enough graphs
    difference: float  # mean over the tests of the difference in score
    low: float  # 95 % interval over the tests
    high: float
    tests: pd.DataFrame  # ``compare``: one row a point and competing method
    weak: int = 0  # tested with too few graphs to come out for anybody

    @property
    def spread(self) -> str:
        """The mean difference, and from six tests on its interval, as far as there are any."""
        if not self.tested:
            return ""
        low = self.low if self.tested >= MIN_UNITS else np.nan
        return with_interval(self.difference, low, self.high)


def with_interval(difference: float, low: float, high: float) -> str:
    """A difference with its 95 % interval, alone where there is none.

    Parameters
    ----------
    difference : float
        The difference.
    low, high : float
        Ends of the interval; a ``low`` of NaN stands for none.

    Returns
    -------
    str
        With three digits.
    """
    return f"{difference:+.3f}" + ("" if np.isnan(low) else f" [{low:+.3f}, {high:+.3f}]")


def turned(tests: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """The rows of ``compare_methods`` with ``chosen`` in them, as its difference to the method ``against``.

    Parameters
    ----------
    tests : DataFrame
        What ``compare_methods`` returns.
    chosen : str
        The method.

    Returns
    -------
    DataFrame
        Its rows, with ``against`` and the signs that go with it.
    """
    of = tests[(tests["method_a"] == chosen) | (tests["method_b"] == chosen)]
    second = of["method_b"] == chosen
    sign = np.where(second, -1, 1)
    ends = of["low"] * sign, of["high"] * sign
    return of.assign(
        against=of["method_a"].where(second, of["method_b"]),
        mean_difference=sign * of["mean_difference"], effect_size=sign * of["effect_size"],
        low=np.minimum(*ends), high=np.maximum(*ends),
    )  # fmt: skip


def compare(
    rows: pd.DataFrame, chosen: str, others: Sequence[str], score: str = "strict_auprc"
) -> pd.DataFrame:
    """One method against each of ``others`` at every point, on the graphs that both have.

    The mean difference with its 95 % interval is over graphs; p is NaN with fewer than six of them.

    Parameters
    ----------
    rows : DataFrame
        ``point, replicate, method`` and the score, one row a graph.
    chosen : str
        The method that is compared.
    others : sequence of str
        The methods that it is compared with.
    score : str
        Column of the score.

    Returns
    -------
    DataFrame
        ``COLUMNS`` and ``p_holm``; a row a point and competing method that have rows.
    """
    lines = []
    for point, of_point in rows.groupby("point", sort=False):
        for other in others:
            pair = of_point[of_point["method"].isin([chosen, other])]
            if pair["method"].nunique() < 2:
                continue
            test = turned(compare_methods(pair, score, "replicate", "method"), chosen).iloc[0]
            wanted = ("n_units", "mean_difference", "low", "high", "p")
            lines.append((point, other, *(test[name] for name in wanted)))
    tests = pd.DataFrame(lines, columns=list(COLUMNS))
    tests["p_holm"] = holm(tests["p"].to_numpy(dtype=float))
    return tests


def verdict(
    rows: pd.DataFrame, chosen: str, others: Sequence[str], score: str = "strict_auprc"
) -> Verdict:
    """The verdict on "``chosen`` is better than ``others``", by the rule in the module's text.

    Parameters
    ----------
    rows : DataFrame
        As of ``compare``.
    chosen : str
        The method that is claimed to be better.
    others : sequence of str
        Than these methods.
    score : str
        Column of the score.

    Returns
    -------
    Verdict
        The word, the counts and the tests.
    """
    tests = compare(rows, chosen, others, score)
    tested = tests[tests["p_holm"].notna()]
    sure = tested[tested["p_holm"] < LEVEL]
    wins, losses = int((sure["difference"] > 0).sum()), int((sure["difference"] < 0).sum())
    over = mean_interval(tested["difference"])
    return Verdict(
        word_for(wins, losses, len(tested)), wins, losses, len(tested), float(over["mean"]),
        float(over["low"]), float(over["high"]), tests, int(_powerless(tests).sum()),
    )  # fmt: skip


def _powerless(tests: pd.DataFrame) -> pd.Series:
    """Which tests have too few graphs to come out for anybody.

    The least p they can have, 2 to the power of 1 - graphs, is not below ``LEVEL`` after Holm's correction
    beside the other tests as they came out.
    """
    raw = tests["p"].to_numpy(dtype=float)
    weak = np.zeros(len(tests), dtype=bool)
    for row in np.flatnonzero(~np.isnan(raw)):
        best = raw.copy()
        best[row] = 2.0 ** (1 - tests["graphs"].iloc[row])
        weak[row] = holm(best)[row] >= LEVEL
    return pd.Series(weak, index=tests.index)


def word_for(wins: int, losses: int, tested: int) -> str:
    """The rule of the module's text: one of the four words, from counts of comparisons.

    Parameters
    ----------
    wins, losses : int
        Tests that came out for the claim, and against it.
    tested : int
        All tests.

    Returns
    -------
    str
        One of ``WORDS``.
    """
    if not tested:
        return UNTESTED
    if not losses and wins >= MOSTLY * tested:
        return REPRODUCED
    return NOT_REPRODUCED if wins <= losses else PARTLY


def table(tests: pd.DataFrame) -> pd.DataFrame:
    """The tests of ``compare`` as a reader sees them: one row a point, one column a competing method.

    Parameters
    ----------
    tests : DataFrame
        What ``compare`` returns.

    Returns
    -------
    DataFrame
        Texts: difference with its interval, number of graphs and p; empty where there is no test.
    """
    shown = [
        f"{with_interval(t.difference, t.low, t.high)} ({t.graphs}{_spelled(t.p_holm)})"
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


# --- claims and findings


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
    early: bool = False  # less than half of what was planned could be tested, so the verdict may change

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
    judge: Callable[[Path], Finding]  # the finding from the folder of recorded tables
    printed: Callable[[Path], str] | None = None  # the paper's own numbers, from the same folder

    @property
    def ours(self) -> bool:
        """Whether the paper does not make it."""
        return self.source == "here"


def word(good: int, bad: int, tried: int) -> str:
    """The rule of ``verdicts``, with nothing tried read as nothing on record.

    Parameters
    ----------
    good, bad : int
        What came out as claimed, and the reverse.
    tried : int
        All that was tried.

    Returns
    -------
    str
        One of ``WORDS``.
    """
    return word_for(good, bad, tried) if tried else OPEN


def from_verdicts(
    strict: Verdict, paper: Verdict | None = None, of: str = "comparisons", planned: int = 0
) -> Finding:
    """The finding of tests point by point, by each protocol; no test at all means: not on record.

    The finding is early where less than half of what was planned could be tested.

    Parameters
    ----------
    strict : Verdict
        By the strict protocol.
    paper : Verdict, optional
        By the paper's protocol.
    of : str
        What the tests are, in words.
    planned : int
        How many tests the full experiment has, a point and a competing method each; 0 where that is not known.

    Returns
    -------
    Finding
        The verdicts with their counts.
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
    """How much of what was ``planned`` has enough graphs for a test, in words, and whether it is less than half.

    Parameters
    ----------
    tested : int
        Tests with enough graphs.
    planned : int
        Tests of the full experiment; 0 where that is not known.
    of : str
        What the tests are, in words.

    Returns
    -------
    words : str
        Start of a sentence; empty where nothing is known of the plan.
    early : bool
        Whether less than half could be tested.
    """
    if not planned:
        return "", False
    return f"{tested} of {planned} {of} have six shared graphs; ", 2 * tested < planned


def together(findings: Iterable[Finding]) -> Finding:
    """The finding on a claim that is the sum of others; those without a verdict do not count.

    Parameters
    ----------
    findings : iterable of Finding
        On the single claims.

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
        f"the {len(found)} single claims below, which count by themselves: {counts}",
        of([f.by_paper or f.verdict for f in found]),
    )


def not_testable(reason: str) -> Callable[[Path], Finding]:
    """The judge of a claim that no number of this book can decide.

    Parameters
    ----------
    reason : str
        Why none can.

    Returns
    -------
    callable
        From the folder of recorded tables to the ``Finding``.
    """
    return lambda folder: Finding(UNTESTED, reason)


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
