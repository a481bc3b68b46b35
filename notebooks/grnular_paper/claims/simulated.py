"""The paper's claims on simulated data (Figs 4 to 7): who is better than whom, by both protocols, and the others.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_paper import grids
from grnular_paper.verdicts import (
    MARGIN,
    OPEN,
    Finding,
    Verdict,
    compare,
    from_verdicts,
    so_far,
    verdict,
    word,
)

AUPRC = ("paper_auprc", "strict_auprc")
AUROC = ("paper_auroc", "strict_auroc")
TREES = "grnboost2"
SIMPLE = ("correlation", "clr", "ridge", "tigress")  # not in the paper


@dataclass(frozen=True)
class Comparison:
    """``chosen`` is better than ``others`` in an experiment, or in one panel (a dropout) of it."""

    experiment: str
    tf_information: str
    chosen: str
    others: tuple[str, ...]
    panel: int | None = None  # a dropout percentile of "noisy"
    scores: tuple[str, str] = AUPRC  # by the paper's protocol and by the strict one

    def verdicts(self, rows: pd.DataFrame) -> dict[str, Verdict]:
        """The verdict by each protocol (score -> verdict) from ``grids.rows`` of the experiment.

        Parameters
        ----------
        rows : DataFrame
            ``grids.rows`` of the experiment.

        Returns
        -------
        dict of str to Verdict
            The verdict by each of ``scores``.
        """
        here = rows[rows["tf_information"] == self.tf_information]
        if self.panel is not None:
            here = here[here["panel"] == self.panel]
        return {score: verdict(here, self.chosen, self.others, score) for score in self.scores}

    def __call__(self, folder: Path) -> Finding:
        """The finding from the recorded tables in ``folder``."""
        found = self.verdicts(grids.rows(self.experiment, folder))
        paper, strict = (found[score] for score in self.scores)
        planned = [
            p for p in grids.points(self.experiment)
            if self.panel is None or p.preset == f"noisy({self.panel})"
        ]  # fmt: skip
        return from_verdicts(strict, paper, planned=len(planned) * len(self.others))


# the curves of the paper's figures
PAPERS_CURVES = (
    ("glad", "without"), (TREES, "without"), ("glasso", "without"),
    ("glad-tf", "with"), (TREES, "with"), ("grnular", "with"),
)  # fmt: skip
KEEPS = 0.9  # share of what lies above chance that a robust AUROC keeps
FAILS = 1.5  # times random: an AUPRC below this is called a failure


def _sum(found: list[tuple[Verdict, Verdict]]) -> Finding:
    """Verdicts of several methods on one statement, as one: counts are added up."""

    def total(which: int) -> tuple[int, int, int]:
        of = [verdicts[which] for verdicts in found]
        return sum(v.wins for v in of), sum(v.losses for v in of), sum(v.tested for v in of)

    if not found:
        return Finding(OPEN)
    paper, strict = total(0), total(1)
    numbers = f"as claimed in {strict[0]}, the reverse in {strict[1]} of {strict[2]} comparisons, {len(found)} curves"
    return Finding(word(*strict), numbers, word(*paper))


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
        From the folder of recorded tables to the ``Finding``.
    """

    def look(folder: Path) -> Finding:
        rows = grids.rows("clean", folder)
        rows = rows[rows[column].isin([low, high])]
        other = "place" if column == "panel" else "panel"
        found = []
        for method, known in PAPERS_CURVES:
            of = rows[(rows["method"] == method) & (rows["tf_information"] == known)]
            of = of.assign(point=of[other], method=of[column].map({low: "low", high: "high"}))
            both = tuple(verdict(of, "high", ["low"], score) for score in AUPRC)
            if both[1].tested:
                found.append(both)
        return _sum(found)

    return look


def trees_without(folder: Path) -> Finding:
    """GRNBoost2 with the list of TFs is above GRNBoost2 without it.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = grids.rows("clean", folder)
    of = rows[rows["method"] == TREES]
    of = of.assign(method=of["tf_information"])
    return from_verdicts(
        *(verdict(of, "with", ["without"], s) for s in reversed(AUPRC)),
        of="settings",
        planned=len(grids.points("clean")),
    )


def masked_glad(folder: Path) -> Finding:
    """GLAD-TF is above GLAD, on clean cells.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = grids.rows("clean", folder)
    rows = rows[rows["method"].isin(["glad", "glad-tf"])]
    strict, paper = (verdict(rows, "glad-tf", ["glad"], score) for score in reversed(AUPRC))
    return from_verdicts(strict, paper, "settings", len(grids.points("clean")))


def boosting_forest(folder: Path) -> Finding:
    """GENIE3 is no curve of Figs 4 to 6: it has run on a few graphs of the clean grid, for this claim.

    Returns
    -------
    Finding
        The verdict by both protocols.
    """
    rows = [grids.rows("ds", folder), grids.rows("clean", folder, extra=("genie3",))]
    rows = [of for of in rows if len(of)]
    if not rows:
        return Finding(OPEN)
    both = pd.concat(rows, ignore_index=True)
    both = both[both["tf_information"] == "with"]
    strict, paper = (verdict(both, TREES, ["genie3"], score) for score in reversed(AUPRC))
    return from_verdicts(strict, paper, "settings with both")


def kept(folder: Path, score: str = "strict_auprc") -> pd.DataFrame:
    """Share of the score on clean cells that is left under dropout, graph by graph.

    Clean and noisy graphs of one number are the same network; a row has ``point, replicate, method``
    and ``kept``.

    Parameters
    ----------
    score : str
        Column of the record.

    Returns
    -------
    DataFrame
        Recorded rows of noisy graphs, with the score of the clean graph and ``kept``.
    """
    clean, noisy = grids.rows("clean", folder), grids.rows("noisy", folder)
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
        rows = kept(folder, score)
        found.append(
            verdict(rows[rows["tf_information"] == "with"], "grnular", [TREES, "glad-tf"], "kept")
        )
    planned = 2 * len(grids.points("noisy"))  # two competing methods
    finding = from_verdicts(*found, "comparisons of the share that is left", planned)
    shares = kept(folder)
    shares = shares[(shares["panel"] == 25) & (shares["tf_information"] == "with")]
    means = shares.groupby("method")["kept"].mean()
    shown = [f"{label(m)} {means[m]:.2f}" for m in ("grnular", TREES, "glad-tf") if m in means]
    text = f"{finding.numbers}; left of the clean AUPRC at 25 %: {', '.join(shown)}"
    return replace(finding, numbers=text) if shown else finding


def auroc_stays(folder: Path) -> Finding:
    """GRNULar's AUROC above chance at 75 % dropout is ``KEEPS`` of that at 25 % or more.

    Returns
    -------
    Finding
        The verdict by both protocols, with mean AUROC at 25 and 75 % dropout.
    """
    rows = grids.rows("noisy", folder)
    rows = rows[rows["method"] == "grnular"]
    means = rows.groupby("panel")[["paper_auroc", "strict_auroc", "paper_floor_auroc"]].mean()
    if not {25, 75} <= set(means.index):
        return Finding(OPEN)
    low, high = means.loc[25], means.loc[75]
    strict = (high["strict_auroc"] - 0.5) >= KEEPS * (low["strict_auroc"] - 0.5)
    paper = high["paper_auroc"] >= KEEPS * low["paper_auroc"]
    numbers = (
        f"25 % to 75 %: strict {low['strict_auroc']:.2f} to {high['strict_auroc']:.2f} (chance 0.5), "
        f"paper's {low['paper_auroc']:.2f} to {high['paper_auroc']:.2f} (floor {high['paper_floor_auroc']:.2f})"
    )
    return Finding(
        word(int(strict), int(not strict), 1), numbers, word(int(paper), int(not paper), 1)
    )


def all_fail(folder: Path) -> Finding:
    """Without TFs no mean AUPRC at 75 % dropout is ``FAILS`` times random.

    Returns
    -------
    Finding
        The verdict with the number of means below the limit, and the highest.
    """
    rows = grids.rows("noisy", folder)
    rows = rows[(rows["panel"] == 75) & (rows["tf_information"] == "without")]
    ratio = rows.groupby(["method", "place"])["strict_auprc_ratio"].mean()
    if ratio.empty:
        return Finding(OPEN)
    low = int((ratio < FAILS).sum())
    numbers = f"{low} of {len(ratio)} means over graphs are below {FAILS:g} times random; the highest is {ratio.max():.2f}"
    return Finding(word(low, len(ratio) - low, len(ratio)), numbers)


def as_close(folder: Path) -> Finding:
    """GLAD-TF and GRNBoost2 are within ``MARGIN`` of each other's AUPRC.

    Returns
    -------
    Finding
        The verdict by both protocols, with the number of settings and the mean difference.
    """
    rows = grids.rows("noisy", folder)
    rows = rows[rows["tf_information"] == "with"]
    words, numbers = [], ""
    for score in AUPRC:
        tests = compare(rows, "glad-tf", [TREES], score)
        tests = tests[tests["low"].notna()]
        near = int(((tests["low"] > -MARGIN) & (tests["high"] < MARGIN)).sum())
        words.append(word(near, len(tests) - near, len(tests)))
        difference = float(tests["difference"].mean()) if len(tests) else np.nan
        numbers = f"within {MARGIN} of AUPRC in {near} of {len(tests)} settings; mean difference {difference:+.3f}"
    if words[1] == OPEN:
        return Finding(OPEN)
    there, early = so_far(len(tests), len(grids.points("noisy")), "settings")
    return Finding(words[1], there + numbers, words[0], early)
