"""The paper's claims on simulated data (Figs 4 to 7): who is better than whom, by both protocols, and the others.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import MIN_UNITS
from grnular_paper import all_pairs, grids
from grnular_paper.auroc_weights import with_auroc_weights
from grnular_paper.findings import Finding, basis_of_both, from_verdicts
from grnular_paper.published_code import CONVENTIONS, conventions_in_words
from grnular_paper.records import recorded_table
from grnular_paper.tables.noisy import survival
from grnular_paper.verdicts import (
    MARGIN,
    OPEN,
    PARTLY,
    UNTESTED,
    Pair,
    Verdict,
    assess,
    by_count,
    by_margin,
    narrower,
    pair,
    verdict,
)

AUPRC = ("paper_auprc", "strict_auprc")
AUROC = ("paper_auroc", "strict_auroc")
TREES, FOREST = "grnboost2", "genie3"
SIMPLE = ("correlation", "clr", "ridge", "tigress")  # not in the paper
ALL_PAIRS = "over all pairs of genes"  # what the paper's protocol compares for methods without the list


def _tuned_if_recorded(rows: pd.DataFrame, method: str) -> str:
    """The edition of a competing method that a claim is tested against: the tuned one as soon as its runs are recorded.

    These are ``MIN_UNITS`` graphs or more of at least half of the method's points. The paper tuned its
    baselines, so a verdict against the settings of a package is one on another comparison.
    """
    tuned = rows[rows["method"] == f"{method}{grids.TUNED}"].groupby("point")["replicate"].nunique()
    points = rows.loc[rows["method"] == method, "point"].nunique()
    enough = int((tuned >= MIN_UNITS).sum())
    return f"{method}{grids.TUNED}" if enough and 2 * enough >= points else method


@dataclass(frozen=True)
class Comparison:
    """``chosen`` is better than ``others`` in an experiment, or in one panel (a dropout) of it."""

    experiment: str
    tf_information: str
    chosen: str
    others: tuple[str, ...]
    panel: int | None = None  # a dropout percentile of "noisy"
    scores: tuple[str, str] = AUPRC  # by the paper's protocol and by the strict one
    both: bool = False  # against default settings as well as the tuned ones, which claims of our own are

    def verdicts(self, rows: pd.DataFrame, tuned: bool = True) -> dict[str, Verdict]:
        """The verdict by each protocol (score -> verdict) from ``grids.rows`` of the experiment.

        Parameters
        ----------
        rows : DataFrame
            ``grids.rows`` of the experiment.
        tuned : bool
            Whether methods have their tuned settings where these are recorded, or all those of their packages.

        Returns
        -------
        dict of str to Verdict
            The verdict by each of ``scores``.
        """
        here = self._where_asked(rows)
        chosen, others = self.chosen, list(self.others)
        if tuned:
            chosen = _tuned_if_recorded(here, chosen)
            pairs = [(method, _tuned_if_recorded(here, method)) for method in others]
            others = [name for pair in pairs for name in dict.fromkeys(pair if self.both else pair[1:])]
        found = {score: verdict(here, chosen, others, score) for score in self.scores}
        return {score: by_count(of) for score, of in found.items()} if self.experiment == "ds" else found

    def _where_asked(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Those of the rows that the claim is on."""
        here = rows[rows["tf_information"] == self.tf_information]
        if self.panel is not None:
            return here[here["panel"] == self.panel]
        return _testable(here) if self.experiment == "noisy" else here

    def over_all_pairs(self, folder: Path) -> Verdict:
        """By the paper's protocol for methods without the list, over all pairs of genes (``grnular_paper.all_pairs``).

        Returns
        -------
        Verdict
        """
        rows = all_pairs.rows(self.experiment, folder)
        rows = rows[rows["tf_information"] == self.tf_information]
        there = set(rows["method"])
        names = [m if m in there else f"{m}{grids.TUNED}" for m in (self.chosen, *self.others)]
        return verdict(rows, names[0], names[1:], self.scores[0])

    def __call__(self, folder: Path) -> Finding:
        """The finding from the recorded tables in ``folder``."""
        rows = grids.rows(self.experiment, folder)
        rows = with_auroc_weights(rows, folder) if self.scores == AUROC else rows
        paper, strict = self.verdicts(rows).values()
        if self.tf_information == "without":
            paper = self.over_all_pairs(folder)
        dropouts = _testable_dropouts() if self.panel is None else (self.panel,)
        planned = len(grids.CELLS) * len(dropouts) if self.experiment == "noisy" else len(grids.points(self.experiment))
        kind = self.scores[1].removeprefix("strict_").upper()
        tested = self.panel is None or self.panel in _testable_dropouts()
        what = f"strict {kind} of {label(strict.chosen)} minus that of"
        pairs = ALL_PAIRS if self.tf_information == "without" else ""
        finding = from_verdicts(strict, paper, planned, what, tested, pairs)
        if self.both or self.experiment == "clean":  # where tuned trees are better at nearly every point
            return finding
        return replace(finding, numbers=finding.numbers + self._with_packages(rows, finding, tested, strict))

    def _with_packages(self, rows: pd.DataFrame, finding: Finding, tested: bool, tuned: Verdict) -> str:
        """The differences with default settings, which are the better ones on some points, and words that they change.

        Differences by the paper's protocol are left out where it takes other pairs than the rows have (``over_all_pairs``).
        """
        moved = tuned.chosen != self.chosen
        names = [name for name in self.others if moved or name not in set(tuned.tests["against"])]
        if not names:
            return ""
        paper, strict = self.verdicts(rows, tuned=False).values()
        sides = [("", strict, finding.verdict)]
        sides += [("by the paper's protocol ", paper, finding.by_paper)] if self.tf_information == "with" else []
        texts = []
        for protocol, found, word in sides:
            of = replace(found, tests=found.tests[found.tests["against"].isin(names)]).described(tested)
            texts.append(f"{protocol}{of}" + (f", with which the claim is {found.word}" if tested and found.word != word else ""))
        start = f"{label(self.chosen)} with default settings minus" if moved else "against default settings:"
        return f"; {start} {'; '.join(texts)}"


# the curves of the paper's figures
PAPERS_CURVES = (
    ("glad", "without"), (TREES, "without"), ("glasso", "without"),
    ("glad-tf", "with"), (TREES, "with"), ("grnular", "with"),
)  # fmt: skip
N_LEFT = 10  # networks that tell what a dropout leaves
KEEPS = 0.9  # share of what lies above chance that a robust AUROC keeps
FAILS = 1.5  # times random: an AUPRC below this is called a failure
REACHABLE = 0.5  # AUPRC of an oracle of what dropout leaves: below it a dropout enters no test, for or against a claim


@lru_cache
def _left(dropout: int) -> pd.Series:
    """What a dropout leaves of the first ``N_LEFT`` networks."""
    return survival(N_LEFT, dropouts=(dropout,)).loc[dropout]


def _testable_dropouts() -> tuple[int, ...]:
    """The dropouts at which a method could work: an oracle of the genes that are seen reaches ``REACHABLE``."""
    return tuple(q for q in grids.DROPOUTS if _left(q)["oracle"] >= REACHABLE)


def _testable(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of the rows of the experiment "noisy" that are at these dropouts."""
    return rows[rows["panel"].isin(_testable_dropouts())]


def _where_testable(finding: Finding, dropout: int) -> Finding:
    """The finding on one dropout; not tested, with its numbers as a description, where no method can work."""
    left = _left(dropout)
    text = (
        f"{100 * left['tfs']:.0f} % of the TFs are detected in any of 1,000 cells, and an oracle of the genes that are "
        f"seen reaches a strict AUPRC of {left['oracle']:.2f}"
    )
    numbers = f"{text}; {finding.numbers}" if finding.numbers else text
    if left["oracle"] >= REACHABLE:
        return replace(finding, numbers=numbers)
    basis = f"an oracle of {N_LEFT} networks, below {REACHABLE}: in this simulation no method can work"
    return Finding(UNTESTED, numbers, UNTESTED if finding.by_paper else "", basis=basis)


def grows(column: str, low: object, high: object) -> Callable[[Path], Finding]:
    """AUPRC is higher where ``column`` of the clean grid is ``high`` than where it is ``low``.

    Parameters
    ----------
    column : str
        "panel" (cell types) or "place" (cells).
    low, high : object
        Two values of the column.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> Finding:
        rows = grids.rows("clean", folder)
        rows = rows[rows[column].isin([low, high])]
        other = "place" if column == "panel" else "panel"
        rows = rows.assign(point=rows[other], value=rows[column].map({low: "low", high: "high"}))

        def of_curve(method: str, known: str, score: str) -> Pair:
            of = rows[rows["tf_information"] == known]
            ends = of.groupby(["method", "point", "replicate"])["value"].transform("nunique")
            method = _tuned_if_recorded(of[ends == 2], method)
            of = of[of["method"] == method]
            shown = label(method) if known == "with" else f"{label(method)} without TFs"
            return pair(of.assign(method=of["value"]), "high", "low", score).named(shown)

        strict, paper = (assess(of_curve(*curve, score) for curve in PAPERS_CURVES) for score in reversed(AUPRC))
        what, along = ("cell types", grids.CELLS) if column == "panel" else ("cells", grids.CELL_TYPES)
        return from_verdicts(strict, paper, len(along), f"strict AUPRC with {high} {what} minus that with {low}:")

    return look


def trees_without(folder: Path) -> Finding:
    """GRNBoost2 with the list of TFs is above GRNBoost2 without it, each with the settings tuned for it.

    Without the list the package's own settings are the best (``grnular_core.methods.tuned``).

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = grids.rows("clean", folder)
    sides = [rows[rows["tf_information"] == known] for known in ("with", "without")]
    names = [_tuned_if_recorded(side, TREES) for side in sides]
    of = pd.concat([side[side["method"] == name] for side, name in zip(sides, names, strict=True)])
    of = of.assign(method=of["tf_information"])
    every = all_pairs.rows("clean", folder)
    every = every[every["method"] == every["tf_information"].map(dict(zip(("with", "without"), names, strict=True)))]
    strict = verdict(of, "with", ["without"], AUPRC[1])
    equal = pd.concat([side[side["method"] == TREES] for side in sides])
    equal = verdict(equal.assign(method=equal["tf_information"]), "with", ["without"], AUPRC[1])
    paper = verdict(every.assign(method=every["tf_information"]), "with", ["without"], AUPRC[0])
    what = f"strict AUPRC of {label(names[0])} with the list minus that of {label(names[1])}"
    finding = from_verdicts(strict, paper, len(grids.points("clean")), what, pairs=ALL_PAIRS)
    numbers = f"{finding.numbers}; with default settings on both sides, with the list minus {equal.differences}"
    return replace(finding, numbers=numbers) if equal.tested else finding


def masked_glad(folder: Path) -> Finding:
    """GLAD-TF is above GLAD, on clean cells and at every dropout that can be tested: a test each.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = pd.concat([grids.rows(name, folder) for name in ("clean", "noisy")], ignore_index=True)
    rows = rows[rows["method"].isin(["glad", "glad-tf"])]
    lost = rows["dropout_percentile"].astype(float)

    def on(percentile: int, score: str) -> Pair:
        name = f"on cells with {percentile} % dropout" if percentile else "on clean cells"
        return pair(rows[lost == percentile], "glad-tf", "glad", score).named(name)

    strict = assess(on(q, AUPRC[1]) for q in (0, *_testable_dropouts()))
    every = {"on clean cells": "clean", "on cells with 25 % dropout": "noisy"}
    paper = assess(
        pair(all_pairs.rows(experiment, folder), "glad-tf", "glad", AUPRC[0]).named(name)
        for name, experiment in every.items()
    )
    return from_verdicts(strict, paper, what="strict AUPRC of GLAD-TF minus that of GLAD", pairs=ALL_PAIRS)


def boosting_forest(folder: Path) -> Finding:
    """GENIE3 is no curve of Figs 4 to 6: it has run on a few graphs of the clean grid, for this claim.

    The test is on clean cells. On DS1 to DS3 it is counted, with default settings and with tuned ones, on how many
    networks GRNBoost2 is above; where the two differ, the claim, which says always, is partly reproduced.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    clean, ds = grids.rows("clean", folder, extra=(FOREST, f"{FOREST}{grids.TUNED}")), grids.rows("ds", folder)
    clean, ds = (rows[rows["tf_information"] == "with"] for rows in (clean, ds))
    strict, paper = (verdict(clean, *_both(clean), score) for score in reversed(AUPRC))
    beside = {score: _of_editions(ds, score) for score in AUPRC}
    counted = beside[AUPRC[1]]
    if not strict.tested:
        return from_verdicts(replace(counted, word=UNTESTED))
    package = verdict(clean, TREES, [FOREST])
    planned = len(grids.points("clean"))
    finding = from_verdicts(strict, paper, planned, what=f"strict AUPRC of {label(strict.chosen)} minus that of")
    finding = replace(finding, numbers=f"{finding.numbers}; with default settings: {package.differences}")
    if not counted.tests["networks"].any():
        return finding
    words = [
        tested.word if tested.word == beside[score].word else PARTLY
        for tested, score in ((strict, AUPRC[1]), (paper, AUPRC[0]))
    ]
    numbers = f"{finding.numbers}; on DS1 to DS3, GRNBoost2 minus GENIE3: {counted.differences}"
    basis = f"clean cells: {finding.basis}; beside them DS1 to DS3, counted"
    return replace(finding, verdict=words[0], by_paper=words[1], numbers=numbers, basis=basis)


def _of_editions(rows: pd.DataFrame, score: str) -> Verdict:
    """GRNBoost2 against GENIE3 on few networks, counted: with default settings, and with tuned ones."""
    editions = {"default settings": "", "tuned": grids.TUNED}
    return by_count(assess(pair(rows, TREES + of, FOREST + of, score).named(name) for name, of in editions.items()))


def _both(rows: pd.DataFrame) -> tuple[str, list[str]]:
    """GRNBoost2 and GENIE3, both tuned or neither."""
    names = [_tuned_if_recorded(rows, method) for method in (TREES, FOREST)]
    tuned = all(name.endswith(grids.TUNED) for name in names)
    return (names[0], names[1:]) if tuned else (TREES, [FOREST])


def _kept(folder: Path, score: str = "strict_auprc") -> pd.DataFrame:
    """Share of the score on clean cells that is left under dropout, graph by graph.

    Clean and noisy graphs of one number are the same network; a row has ``point, replicate, method``
    and ``kept``.
    """
    clean, noisy = grids.rows("clean", folder), _testable(grids.rows("noisy", folder))
    clean = clean[clean["panel"] == 5]
    on = ["method", "tf_information", "place", "replicate"]
    both = noisy.merge(clean[[*on, score]], on=on, suffixes=("", "_clean"))
    return both.assign(kept=both[score] / both[f"{score}_clean"])


def robust(folder: Path) -> Finding:
    """GRNULar keeps more of its clean score under dropout than competing methods, network by network.

    Returns
    -------
    Finding
        The verdict by both protocols, with mean shares at 25 % dropout.
    """
    found = []
    for score in reversed(AUPRC):
        rows = _kept(folder, score)
        rows = rows[rows["tf_information"] == "with"]
        trees = _tuned_if_recorded(rows, TREES)
        found.append(verdict(rows, "grnular", [trees, "glad-tf"], "kept"))
    what = "difference in the share of the clean AUPRC that is left, to"
    planned = len(grids.CELLS) * len(_testable_dropouts())
    finding = from_verdicts(*found, planned=planned, what=what)
    shares = _kept(folder)
    shares = shares[(shares["panel"] == 25) & (shares["tf_information"] == "with")]
    means = shares.groupby("method")["kept"].mean()
    shown = [f"{label(m)} {means[m]:.2f}" for m in ("grnular", trees, "glad-tf") if m in means]
    text = f"{finding.numbers}; left of the clean AUPRC at 25 %: {', '.join(shown)}"
    return replace(finding, numbers=text) if shown else finding


def still_works(folder: Path) -> Finding:
    """At 75 % dropout GRNULar is above GRNBoost2 and GLAD-TF, which is assessed where any method could work.

    The dropout of the public code leaves more to see; what methods reach there stands beside it.

    Returns
    -------
    Finding
        Not tested where an oracle of the genes that are seen stays below ``REACHABLE``.
    """
    finding = _where_testable(Comparison("noisy", "with", "grnular", (TREES, "glad-tf"), panel=75)(folder), 75)
    beside = conventions_in_words(recorded_table(folder, CONVENTIONS))
    return replace(finding, numbers=f"{finding.numbers}. {beside}") if beside else finding


def auroc_stays(folder: Path) -> Finding:
    """GRNULar's AUROC above chance at the highest dropout that can be tested is above ``KEEPS`` of that at the lowest.

    Returns
    -------
    Finding
        The verdict by both protocols over networks, with the mean AUROC at every dropout.
    """
    rows = with_auroc_weights(grids.rows("noisy", folder), folder).query("method == 'grnular'")
    if rows.empty:
        return Finding(OPEN)
    low, *_, high = _testable_dropouts()
    ends = rows[rows["panel"].isin([low, high])]
    share = ends["panel"].map({low: KEEPS, high: 1.0})
    of = ends.assign(
        point=ends["place"], method=ends["panel"].map("{} %".format),
        strict_auroc=share * (ends["strict_auroc"] - 0.5), paper_auroc=share * (ends["paper_auroc"] - ends["paper_floor_auroc"]),
    )  # fmt: skip
    strict, paper = (verdict(of, f"{high} %", [f"{low} %"], score) for score in reversed(AUROC))
    what = f"strict AUROC above chance at {high} % minus {KEEPS} of that at"
    finding = from_verdicts(strict, paper, len(grids.CELLS), what)
    if finding.verdict == OPEN:
        return finding
    means = rows.groupby("panel")[["paper_auroc", "strict_auroc", "paper_floor_auroc"]].mean()
    shown = ", ".join(f"{of.strict_auroc:.2f} and {of.paper_auroc:.2f} at {q} %" for q, of in means.iterrows())
    numbers = f"strict and paper's AUROC {shown} (chance 0.5 and {means['paper_floor_auroc'].mean():.2f}); "
    return replace(finding, numbers=numbers + finding.numbers)


def all_fail(folder: Path) -> Finding:
    """Without TFs the AUPRC of every method at 75 % dropout is below ``FAILS`` times random, where any could be above.

    Returns
    -------
    Finding
        Not tested where an oracle of the genes that are seen stays below ``REACHABLE``; with how far each method is below
        the limit, and the highest mean at a point.
    """
    rows = grids.rows("noisy", folder)
    rows = rows[(rows["panel"] == 75) & (rows["tf_information"] == "without")]
    score = "strict_auprc_ratio"
    limit = rows.assign(**{score: FAILS}, method="limit")

    def of_method(method: str) -> Pair:
        of = rows["method"] == method
        return pair(pd.concat([rows[of], limit[of]]), "limit", method, score)

    found = assess(of_method(_tuned_if_recorded(rows, method)) for method in grids.WITHOUT_TFS)
    what = f"how far below {FAILS:g} times random the multiple of random lies, of"
    finding = from_verdicts(found, planned=len(grids.CELLS), what=what, tested=75 in _testable_dropouts())
    if finding.verdict == OPEN:
        return finding
    highest = rows.groupby(["method", "place"])[score].mean().max()
    numbers = f"highest mean at a point {highest:.2f} times random; {finding.numbers}"
    return _where_testable(replace(finding, numbers=numbers), 75)


def as_close(folder: Path) -> Finding:
    """At every dropout that can be tested GLAD-TF and GRNBoost2 are within ``MARGIN`` of each other's AUPRC.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = grids.rows("noisy", folder)
    rows = rows[rows["tf_information"] == "with"]
    trees = _tuned_if_recorded(rows, TREES)

    def at(percentile: int, score: str) -> Pair:
        return pair(rows[rows["panel"] == percentile], "glad-tf", trees, score).named(f"at {percentile} %")

    strict, paper = (assess(at(q, score) for q in _testable_dropouts()) for score in reversed(AUPRC))
    planned = len(grids.CELLS)
    finding = from_verdicts(strict, paper, planned, f"strict AUPRC of GLAD-TF minus that of {label(trees)}")
    if not strict.tested:
        return finding
    tests = [of.tests.dropna(subset="p") for of in (strict, paper)]
    words = [by_margin(of, both_sides=True) for of in tests]
    numbers = f"{finding.numbers}; {narrower(tests[0], both_sides=True)}"
    basis = basis_of_both(*(of.basis(planned, f"95 % intervals against {MARGIN}") for of in (strict, paper)))
    return replace(finding, verdict=words[0], by_paper=words[1], basis=basis, numbers=numbers)
