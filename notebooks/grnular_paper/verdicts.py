"""The rule of verdicts: from tests over networks to one word.

The unit of a test is the network: points of a grid (numbers of cells, cell types, dropout) show the same
networks again and again, and replicates of DS1-DS3 are simulations of one network each. For a claim of the
kind "this method is better than those" there is one test a competing method. A point enters it where both
methods have six shared networks or more, so that no point is spoken for by a few; each network counts once,
by its mean difference over the points that entered and noise replicates, where points that it lacks are
estimated (``least_squares_means``); a two-sided Wilcoxon signed-rank test goes over networks, with Holm's
correction over the competing methods of the claim. A test that comes out for the claim is a win, one against
it a loss. The claim is

- *reproduced*: no loss, and nine tenths of the tests or more are wins;
- *not reproduced*: no more wins than losses;
- *partly reproduced*: everything between;
- *not tested*: no point has six networks that both have, or no method can work there (``claims.simulated.REACHABLE``).

Where no point has six shared networks nothing is tested: all points are shown, with the mean difference and the
direction. DS1-DS3 are three networks, and the least p that three networks can
have is .25: claims on them are counted (``by_count``), as are those on pairs of real cells. A competing method
without a test does not count beside others that have one, and its verdict is *provisional*. How many points
favour the claim is reported beside a test. Claims of other kinds count what is as claimed by the same
rule (``word``).

Parameters
----------
rows : DataFrame
    ``point, unit`` (the network), ``replicate, method`` and the score, one row a run.
score : str
    Column of the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import MIN_UNITS, holm, mean_interval, signed_rank

LEVEL = 0.05
MOSTLY = 0.9
MOST = 2 / 3  # of what is counted without a test: less is a toss-up
REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED = ("reproduced", "partly reproduced", "not reproduced", "not tested")
OPEN = "not recorded yet"
WORDS = (REPRODUCED, PARTLY, NOT_REPRODUCED, UNTESTED, OPEN)
# what is said of a claim that is not the paper's
OF_OUR_OWN = {REPRODUCED: "holds", PARTLY: "holds in part", NOT_REPRODUCED: "does not hold"}
MARGIN = 0.05  # of AUPRC: closer than this, two choices count as equally good
NARROWER = (0.02, 0.01)  # margins whose verdicts stand beside it
POINT_COLUMNS = ("point", "against", "networks", "replicates", "difference", "low", "high")


class Pair(NamedTuple):
    """One method against one other."""

    line: dict[str, object]  # of ``Verdict.tests``, without Holm's correction
    points: list[dict[str, object]]  # of ``Verdict.points``

    def named(self, name: str) -> Pair:
        """The same under another name than that of the competing method.

        Parameters
        ----------
        name : str
            What stands for ``against``.

        Returns
        -------
        Pair
        """
        return Pair(self.line | {"against": name}, [of | {"against": name} for of in self.points])


@dataclass(frozen=True)
class Verdict:
    """What the tests of a claim come to.

    A row of ``tests`` is a competing method (``against``): ``networks``, those among them with a positive
    difference (``networks_above``), ``points`` that entered and those that favour the claim (``points_above``),
    ``least`` and ``most`` noise replicates of a network at a point, ``difference, low, high`` over networks,
    ``p, p_holm`` (NaN without a test), and ``each``, the networks one by one in words where they are too few.
    A row of ``points`` is a point and competing method: ``point, against, networks, replicates, difference,
    low, high``.
    """

    word: str  # the verdict
    wins: int  # competing methods whose test is for the claim
    losses: int  # against it
    tested: int  # all that had enough networks
    tests: pd.DataFrame
    points: pd.DataFrame  # description, no tests
    counted: bool = False  # networks are counted, because they are too few for a test
    chosen: str = ""  # the method that the claim is on

    @property
    def differences(self) -> str:
        """Every competing method with the mean difference, its interval, and what was tested, in words."""
        return self.described(tested=True)

    def described(self, tested: bool) -> str:
        """The same, without the outcome of tests where no method can work.

        Parameters
        ----------
        tested : bool
            Whether the outcome of tests is said.

        Returns
        -------
        str
        """
        texts = []
        for test in self.tests.itertuples():
            name = label(test.against)
            if not test.networks:
                texts.append(f"{name}: not recorded")
                continue
            shown = f"{name} {with_interval(test.difference, test.low, test.high)}"
            if np.isnan(test.p):
                outcome = f"not tested; above in {test.networks_above} of {test.networks} networks{test.each}"
            else:
                outcome = f"{p_in_words(test.p_holm)}; {test.points_above}/{test.points}"
            texts.append(f"{shown} ({outcome})" if tested else shown)
        return ", ".join(texts)

    def basis(self, planned: int = 0, test: str = "two-sided Wilcoxon signed-rank test") -> str:
        """Unit, number of networks and points, and the test, in one line.

        Parameters
        ----------
        planned : int
            Points of the full experiment; 0 where that is not known.
        test : str
            What decides, in words.

        Returns
        -------
        str
        """
        known = self.tests[self.tests["networks"] > 0]
        if known.empty:
            return ""
        of = f" of {planned}" if planned else ""
        over = f"{_range(known, 'points')}{of} point{'s' * (max(planned, int(known['points'].max())) > 1)}{self._cells(planned)}"
        if known["most"].max() > 1:
            over = f"{_range(known, 'least', 'most')} noise replicates"
        text = f"{_range(known, 'networks')} networks, each by its mean over {over}{self._networks_a_point()}"
        if not self.tested:
            how = f"counted against {len(known)} methods, no test" if self.counted else "no test"
            return f"{text}; fewer than {MIN_UNITS} networks: {how}"
        correction = f", Holm over {self.tested} tests" if self.tested > 1 and "test" in test else ""
        return f"{text}; {test} over networks{correction}"

    def _networks_a_point(self) -> str:
        """How many networks the points have that entered a test, where these are not the same."""
        entered = self.points[self.points["networks"] >= MIN_UNITS]
        if entered["networks"].nunique() < 2:
            return ""
        return f", {_range(entered, 'networks')} of them at a point, the others estimated there"

    def _cells(self, planned: int) -> str:
        """At which numbers of cells there are networks enough for a test against every method, where that is not all points."""
        few = self.points.groupby("point")["networks"].agg(lambda of: len(of) < len(self.tests) or of.min() < MIN_UNITS)
        kept = [str(point).rpartition("M = ")[2] for point in few.index[~few] if "M = " in str(point)]
        if not kept or int((~few).sum()) >= planned:
            return ""
        return f" ({'all methods ' * (len(self.tests) > 1)}at {', '.join(sorted(set(kept), key=int))} cells)"


def _range(rows: pd.DataFrame, low: str, high: str = "") -> str:
    """``5`` or ``5 to 9``: least and most of one or two columns."""
    least, most = int(rows[low].min()), int(rows[high or low].max())
    return f"{least}" if least == most else f"{least} to {most}"


def in_words(found: str, ours: bool) -> str:
    """A verdict as readers see it: what the paper does not claim cannot be reproduced.

    Parameters
    ----------
    found : str
        One of ``WORDS``.
    ours : bool
        Whether the claim is our own.

    Returns
    -------
    str
    """
    return OF_OUR_OWN.get(found, found) if ours else found


def with_interval(difference: float, low: float, high: float) -> str:
    """A difference with its 95 % interval, alone where there is none.

    Parameters
    ----------
    difference : float
    low, high : float

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
    chosen : str

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


def pair(rows: pd.DataFrame, chosen: str, other: str, score: str = "strict_auprc") -> Pair:
    """One method against another over networks, by the rule in the module's text, without correction.

    Parameters
    ----------
    chosen, other : str
        The methods; differences are ``chosen`` minus ``other``.

    Returns
    -------
    Pair
    """
    both = rows[rows["method"].isin([chosen, other])]
    wide = both.pivot(index=["point", "unit", "replicate"], columns="method", values=score)
    wide = wide.reindex(columns=[chosen, other]).astype(float)
    shared = (wide[chosen] - wide[other]).dropna().groupby(level=["point", "unit"])
    means, replicates = shared.mean(), shared.size()
    lines = []
    for point in dict.fromkeys(rows["point"]):
        if point not in means.index.get_level_values("point"):
            continue
        over = mean_interval(means[point])
        ends = (over["low"], over["high"]) if over["n"] >= MIN_UNITS else (np.nan, np.nan)
        most = int(replicates[point].max())
        lines.append((point, other, over["n"], most, over["mean"], *ends))
    points = pd.DataFrame(lines, columns=list(POINT_COLUMNS))
    full = points["networks"] >= MIN_UNITS
    entered = points[full] if full.any() else points
    inside = means.index.get_level_values("point").isin(entered["point"])
    networks = least_squares_means(means[inside])
    over = mean_interval(networks)
    ends = (over["low"], over["high"]) if len(networks) >= MIN_UNITS else (np.nan, np.nan)
    each = ", ".join(f"{unit} {value:+.3f}" for unit, value in networks.items())
    return Pair(
        {
            "against": other, "networks": len(networks), "networks_above": int((networks > 0).sum()),
            "points": len(entered), "points_above": int((entered["difference"] > 0).sum()),
            "least": replicates[inside].min(), "most": replicates[inside].max(),
            "difference": over["mean"], "low": ends[0], "high": ends[1],
            "p": signed_rank(networks) if full.any() else np.nan,
            "each": f": {each}" if len(networks) < MIN_UNITS else "",
        },
        points.to_dict("records"),
    )  # fmt: skip


def least_squares_means(differences: pd.Series) -> pd.Series:
    """The mean of each network over all points, those that it lacks estimated from networks that have them.

    Differences are larger at some points than at others, so a plain mean over the points that a network
    has depends on which these are.

    Parameters
    ----------
    differences : Series
        By ``point`` and ``unit`` (the network).

    Returns
    -------
    Series
            By unit, sorted: of the least-squares fit d = m_point + b_unit, the mean over all points. A unit
        with all points has its plain mean, and so has every unit where b cannot be compared, because
        units fall into groups that share no point.
    """
    whole = differences.groupby(level="unit").agg(["mean", "size"])
    points, units = (pd.get_dummies(differences.index.get_level_values(name)).astype(float) for name in ("point", "unit"))
    n_points, n_units = points.shape[1], units.shape[1]
    if (whole["size"] == n_points).all():
        return whole["mean"]
    fitted, _, rank, _ = np.linalg.lstsq(np.hstack([points, units]), differences.to_numpy(dtype=float), rcond=None)
    if rank < n_points + n_units - 1:
        return whole["mean"]
    estimated = pd.Series(fitted[:n_points].mean() + fitted[n_points:], index=units.columns)
    return whole["mean"].where(whole["size"] == n_points, estimated)


def assess(pairs: Iterable[Pair]) -> Verdict:
    """The verdict from one ``pair`` a competing method, corrected for their number.

    Parameters
    ----------
    pairs : iterable of Pair
        The comparisons of the claim.

    Returns
    -------
    Verdict
    """
    pairs = list(pairs)
    tests = pd.DataFrame([of.line for of in pairs])
    tests["p_holm"] = holm(tests["p"].to_numpy(dtype=float))
    sure = tests[tests["p_holm"] < LEVEL]
    wins, losses = int((sure["difference"] > 0).sum()), int((sure["difference"] < 0).sum())
    tested = int(tests["p_holm"].notna().sum())
    found = word(wins, losses, tested) if tested else UNTESTED
    points = pd.DataFrame([point for of in pairs for point in of.points], columns=list(POINT_COLUMNS))
    return Verdict(found, wins, losses, tested, tests, points)


def by_count(found: Verdict) -> Verdict:
    """The verdict on a few networks that are all there are: each counts once for every competing method.

    Parameters
    ----------
    found : Verdict
        Without a test.

    Returns
    -------
    Verdict
        With the word of ``word_of_counts``.
    """
    above, of = (int(found.tests[name].sum()) for name in ("networks_above", "networks"))
    return replace(found, word=word_of_counts(above, of - above, of), counted=True)


def verdict(rows: pd.DataFrame, chosen: str, others: Sequence[str], score: str = "strict_auprc") -> Verdict:
    """The verdict on "``chosen`` is better than ``others``", by the rule in the module's text.

    Parameters
    ----------
    chosen : str
    others : sequence of str

    Returns
    -------
    Verdict
    """
    return replace(assess(pair(rows, chosen, other, score) for other in others), chosen=chosen)


def p_in_words(p: float) -> str:
    """A p value as readers see it.

    Parameters
    ----------
    p : float
        The value; NaN for no test.

    Returns
    -------
    str
        ``p < 0.001``, or ``p =`` and the value with two digits.
    """
    return "not tested" if np.isnan(p) else "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def word(good: int, bad: int, tried: int) -> str:
    """The rule of the module's text, from counts; nothing tried reads as nothing recorded.

    Parameters
    ----------
    good, bad : int
        What is as claimed, and the reverse.
    tried : int
        All that was tried.

    Returns
    -------
    str
        One of ``WORDS``.
    """
    if not tried:
        return OPEN
    if not bad and good >= MOSTLY * tried:
        return REPRODUCED
    return NOT_REPRODUCED if good <= bad else PARTLY


def by_margin(tests: pd.DataFrame, margin: float = MARGIN, near: bool = True, both_sides: bool = False) -> str:
    """The word on "no more than a margin of AUPRC below", from 95 % intervals of differences.

    Parameters
    ----------
    tests : DataFrame
        ``low`` and ``high`` of each comparison.
    margin : float
        Of AUPRC.
    near : bool
        Whether differences inside the margin are claimed, or those beyond it.
    both_sides : bool
        Whether the margin holds above as well.

    Returns
    -------
    str
        One of ``WORDS``.
    """
    inside, beyond = tests["low"] > -margin, tests["high"] < -margin
    if both_sides:
        inside, beyond = inside & (tests["high"] < margin), beyond | (tests["low"] > margin)
    good, bad = (inside, beyond) if near else (beyond, inside)
    return word(int(good.sum()), int(bad.sum()), len(tests))


def narrower(tests: pd.DataFrame, near: bool = True, both_sides: bool = False) -> str:
    """What ``by_margin`` says with the margins ``NARROWER``, for readers who find ``MARGIN`` wide.

    Parameters
    ----------
    tests, near, both_sides
        As of ``by_margin``.

    Returns
    -------
    str
    """
    words = {margin: by_margin(tests, margin, near, both_sides) for margin in NARROWER}
    if set(words.values()) == {by_margin(tests, MARGIN, near, both_sides)}:
        return f"the same with margins of {' and '.join(map(str, words))}"
    return ", ".join(f"{found} with a margin of {margin}" for margin, found in words.items())


def word_of_counts(higher: int, lower: int, of: int) -> str:
    """The rule for what is counted without a test: as ``word``, but "partly" takes two thirds of what differs.

    Parameters
    ----------
    higher, lower, of : int
        How many are as claimed, how many the reverse, and all.

    Returns
    -------
    str
        One of ``WORDS``.
    """
    found = word(higher, lower, of)
    return NOT_REPRODUCED if found == PARTLY and higher < MOST * (higher + lower) else found
