"""The paper's claims on the model itself: what is learned, what is fast (Tables 1 and 2), how much of it is needed.

Parameters
----------
folder : Path
    The folder of recorded tables.
base, factor : str
    Of the variants of ``ablations``: what the rest of the model is, and what is changed.
chosen : str, or some
    Values of the factor that the claim is on.
other, others : str, or some
    Values of the factor that they are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from grnular_core.models.dnn import Weights, path_product
from grnular_core.plotting.style import label
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import read_trained
from grnular_paper import grids, learning, readings, runtimes
from grnular_paper.findings import Finding, from_verdicts
from grnular_paper.records import READINGS, Record, recorded_table
from grnular_paper.tables.readings import PUBLISHED as TRAINED
from grnular_paper.verdicts import (
    MARGIN,
    OPEN,
    PARTLY,
    REPRODUCED,
    UNTESTED,
    assess,
    by_margin,
    narrower,
    p_in_words,
    pair,
    verdict,
    with_interval,
    word,
)

GENES, TFS = 100, 10  # of the paper's simulated graphs
N_NETWORKS = 100  # random networks whose paths are followed
BY_CONSTRUCTION = "true by construction, no test"
ONE_MACHINE = "run times of single runs, no test"
CLEARLY = 2.0  # times as long, or as much: a saving that is worth its name


def variant_rows(folder: Path, base: str, factor: str) -> pd.DataFrame:
    """Rows of one factor's values, as ``verdicts`` takes them: a point is a setting, a method a value.

    Returns
    -------
    DataFrame
        Recorded rows, a row a test graph, with ``method``, ``point`` and ``unit``, the network.
    """
    rows = learning.ablation_rows(folder)
    rows = rows[(rows["base"] == base) & (rows["factor"] == factor)]
    return rows.assign(method=rows["value"], point=rows["dataset"], unit=grids.networks(rows))


def means(rows: pd.DataFrame, values: Sequence[str]) -> str:
    """Mean of every value, setting by setting, as ``clean (2: 0.526, 5: 0.775), dropout 25 % (...)``.

    Parameters
    ----------
    rows : DataFrame
        ``variant_rows`` of one factor.
    values : sequence of str
        Values of the factor, in the order to name them.

    Returns
    -------
    str
        Every setting with the means of the recorded values.
    """
    of = rows.groupby(["point", "method"])["strict_auprc"].mean()
    texts = []
    for setting in dict.fromkeys(rows["point"]):
        known = [value for value in values if (setting, value) in of.index]
        numbers = ", ".join(f"{value}: {of[setting, value]:.3f}" for value in known)
        texts.append(f"{_spelled(setting)} ({numbers})")
    return ", ".join(texts)


def _spelled(setting: str) -> str:
    """A preset of the ablations as words."""
    return setting.replace("noisy(25)", "dropout 25 %")


def as_good(base: str, factor: str, chosen: Sequence[str], other: str) -> Callable[[Path], Finding]:
    """Assess "``chosen`` is as good as ``other``": no more than ``MARGIN`` of AUPRC below it.

    Returns
    -------
    callable
    """
    return _by_margin(base, factor, [(value, other) for value in chosen], True)


def base_equal(folder: Path) -> Finding:
    """Assess "GRNULar recovers as much as GRNULar-base", with the same trained parts, at P of 5 and 20.

    Returns
    -------
    Finding
        As of ``as_good``.
    """
    pairs = [(f"2, P = {steps}", f"1 (base), P = {steps}") for steps in (5, 20)]
    return _by_margin("trained", "algorithm", pairs, True)(folder)


def worse(base: str, factor: str, chosen: str, other: str) -> Callable[[Path], Finding]:
    """Assess "``chosen`` does not do": it is more than ``MARGIN`` of AUPRC below ``other``.

    Returns
    -------
    callable
    """
    return _by_margin(base, factor, [(chosen, other)], False)


def _by_margin(base: str, factor: str, pairs: Sequence[tuple[str, str]], claimed_near: bool) -> Callable[[Path], Finding]:
    """Assess by 95 % intervals over networks: the first of each pair is within ``MARGIN`` below the second, or beyond.

    Every preset counts by itself, since what one gains another may lose.
    """

    def look(folder: Path) -> Finding:
        rows = variant_rows(folder, base, factor)
        if rows.empty:
            return Finding(OPEN)
        found = assess(
            pair(rows[rows["point"] == setting], value, other).named(f"{value} on {_spelled(setting)}")
            for value, other in pairs
            for setting in dict.fromkeys(rows["point"])
        )
        if not found.tested:
            return replace(from_verdicts(found), numbers="")
        tests = found.tests.dropna(subset="p")
        start = "untrained, " if base == "untrained" else ""
        values = list(dict.fromkeys(value for both in zip(*pairs, strict=True) for value in both))
        others = " and ".join(dict.fromkeys(other for _, other in pairs))
        differences = ", ".join(f"{t.against} {with_interval(t.difference, t.low, t.high)}" for t in tests.itertuples())
        numbers = (
            f"{start}AUPRC by {factor}: {means(rows, values)}; difference to {others}: {differences}; "
            f"{narrower(tests, claimed_near)}"
        )
        basis = found.basis(test=f"95 % intervals against {MARGIN}")
        return Finding(by_margin(tests, near=claimed_near), numbers, basis=basis, tests=found.tests)

    return look


def better(base: str, factor: str, chosen: str, others: Sequence[str]) -> Callable[[Path], Finding]:
    """Assess "``chosen`` is better than ``others``", by the tests of ``verdicts``.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> Finding:
        rows = variant_rows(folder, base, factor)
        finding = from_verdicts(verdict(rows, chosen, others), what=f"difference of {chosen} to")
        if finding.verdict == OPEN:
            return finding
        return replace(finding, numbers=f"AUPRC: {means(rows, [*others, chosen])}; {finding.numbers}")

    return look


def base_slower(folder: Path) -> Finding:
    """GRNULar-base takes more than ``CLEARLY`` times as long, with the same trained parts and P = 5.

    Returns
    -------
    Finding
        The verdict with the ratio of times on every preset.
    """
    rows = variant_rows(folder, "trained", "algorithm")
    seconds = rows.groupby(["point", "method"])["seconds"].mean().unstack()
    base, fast = "1 (base), P = 5", "2, P = 5"
    if not {base, fast} <= set(seconds):
        return Finding(OPEN)
    times = seconds[base] / seconds[fast]
    good = int((times > CLEARLY).sum())
    shown = ", ".join(f"{time:.0f} times on {_spelled(setting)}" for setting, time in times.items())
    numbers = f"GRNULar-base takes {shown}"
    basis = f"mean run times on {rows['unit'].nunique()} networks of each preset, no test"
    return Finding(word(good, len(times) - good, len(times)), numbers, basis=basis)


def few_graphs(folder: Path) -> Finding:
    """What training on 20 graphs gains: GRNULar against none on test graphs; every training on its validation graphs.

    Returns
    -------
    Finding
        The verdict of the test, no better than "partly" when validation kept the untrained start of some model; with
        AUPRC before and after training, and of GRNULar after training on 60 graphs.
    """
    rows = variant_rows(folder, "trained", "training")
    found = verdict(rows, "20 graphs", ["none"])
    if not found.tested:
        return Finding(OPEN)
    stories = {name: read_trained(name).metadata["validation"] for name in TRAINED}
    kept = {n: s for n, s in stories.items() if s["best_epoch"] > 0}
    gains = ", ".join(f"{n} {s['untrained_auprc']:.3f} to {s['auprc']:.3f}" for n, s in kept.items())
    left = ", ".join(n for n in stories if n not in kept) or "none of them"
    test = found.tests.iloc[0]
    difference = with_interval(test["difference"], test["low"], test["high"])
    numbers = (
        f"GRNULar: {means(rows, ['none', '4 graphs', '20 graphs', '60 graphs'])}; 20 graphs minus none {difference} "
        f"({p_in_words(test['p_holm'])}). On validation graphs: {gains}; validation kept the untrained start of {left}"
    )
    numbers += _with_more_steps(folder)
    basis = f"{found.basis()}; beside it what validation kept of {len(stories)} trainings"
    result = word(found.wins, found.losses, 1)
    if result == REPRODUCED and len(kept) < len(stories):
        result = PARTLY
    return Finding(result, numbers, basis=basis, tests=found.tests)


def _with_more_steps(folder: Path) -> str:
    """What the largest of these gains, that of DS1's range, is with P = 10 in place of 5."""
    found = readings.best(Record(READINGS, folder).rows())
    found = found[(found["graphs"] == "DS1-like") & (found["reading"] == list(readings.scalings("DS1"))[-1])]
    if found.empty:
        return ""
    before, after = found["start"].mean(), found["best"].mean()
    return (
        f". In the range of DS1 the gain is one over P = 5: with P = 10 the loop has {before:.3f} untrained and {after:.3f} "
        f"trained ({len(found)} training seed{'s' * (len(found) > 1)})"
    )


def beyond_untrained(folder: Path) -> Finding:
    """The published model is above the paper's loop untrained, with other settings, without noise and with 25 % dropout.

    Returns
    -------
    Finding
        The verdict by the strict protocol, with the means of both.
    """
    rows = learning.rows(folder)
    rows = rows[(rows["tf_information"] == "with") & ~rows["setting"].isin(learning.ONE_NETWORK)]
    rows = rows.assign(point=rows["dataset"], method=rows["method"].map(label), unit=grids.networks(rows))
    methods = [label(name) for name in ("grnular-untrained", "grnular")]
    points = list(dict.fromkeys(rows["point"]))
    if not points:
        return Finding(OPEN)
    found = assess(pair(rows[rows["point"] == of], *methods[::-1]).named(_spelled(of)) for of in points)
    finding = from_verdicts(found, what="published minus untrained,")
    if finding.verdict == OPEN:
        return finding
    return replace(finding, numbers=f"strict AUPRC {means(rows, methods)}; {finding.numbers}")


def memory(folder: Path) -> Finding:
    """The gradient through the fit takes more than ``CLEARLY`` times the memory of the one that is cut.

    Returns
    -------
    Finding
        The verdict with both amounts of memory in MB.
    """
    table = recorded_table(folder, "gradient_memory")
    if table.empty:
        return Finding(OPEN)
    added = (table["peak_mb"] - table["before_mb"]).groupby(table["gradient"]).mean()
    more = int(added["through"] > CLEARLY * added["cut"])
    numbers = (
        f"4 graphs of 100 genes, P = 5: {added['through']:.0f} MB on top of torch and data where the graph "
        f"is kept, {added['cut']:.0f} MB where it is cut"
    )
    return Finding(word(more, 1 - more, 1), numbers, basis=f"{len(table)} runs on one machine, no test")


def _network_size(recipe: Recipe) -> int:
    """Weights and biases of f_W on the paper's simulated graphs."""
    sizes = (TFS, *recipe.config.hidden, GENES)
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def paths(folder: Path) -> Finding:
    """On random sparse networks of two and three layers; a path is followed weight by weight.

    Returns
    -------
    Finding
        The verdict with the number of networks where the product tells the paths.
    """
    rng, right = np.random.default_rng(0), 0
    for draw in range(N_NETWORKS):
        sizes = (4, *rng.integers(3, 8, 1 + draw % 2), 6)
        weights = [rng.normal(size=(a, b)) * (rng.random((a, b)) < 0.3) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
        reached = np.eye(sizes[0], dtype=bool)
        for layer in weights:
            reached = np.array([(layer[row] != 0).any(0) for row in reached])
        layers = Weights(tuple(torch.from_numpy(layer)[None] for layer in weights), ())
        product = path_product(layers)[0].numpy()
        right += int(((product != 0) == reached).all())
    numbers = f"so in {right} of {N_NETWORKS} random sparse networks"
    return Finding(word(right, N_NETWORKS - right, N_NETWORKS), numbers, basis=BY_CONSTRUCTION)


def few_parameters(folder: Path) -> Finding:
    """The learned parameters against the weights of f_W.

    Returns
    -------
    Finding
        The verdict with both numbers of parameters.
    """
    trained = read_trained("grnular-clean")
    learned = sum(p.numel() for p in trained.model(0).parameters() if p.requires_grad)
    fitted = _network_size(trained.recipe)
    numbers = f"{learned} learned parameters; the network fitted to one dataset has {fitted}"
    return Finding(word(int(learned < fitted), int(learned >= fitted), 1), numbers, basis=BY_CONSTRUCTION)


AHEAD = 10.0  # times: seconds against minutes
SLOW = ("glasso", "grnboost2-arboreto", "genie3-arboreto")  # Table 2's methods on a CPU
FOREST = "genie3"  # that of arboreto was not run
AS_TIMED = runtimes.forward_name(500)  # GRNULar in the paper's Table 2 is the forward pass of its Table 1
FAST = {"glad": "GLAD", AS_TIMED: "GRNULar's forward pass (P = 5, 500 hidden units)"}


def _times(folder: Path) -> pd.Series:
    return Record("runtimes", folder).rows().set_index("method")["seconds"]


def table1(folder: Path) -> Finding:
    """Time grows less than the hidden units.

    Returns
    -------
    Finding
        The verdict with the seconds of every number of hidden units.
    """
    seconds = _times(folder).reindex([runtimes.forward_name(h) for h in runtimes.HIDDEN])
    if seconds.isna().any():
        return Finding(OPEN)
    times, units = seconds.iloc[-1] / seconds.iloc[0], runtimes.HIDDEN[-1] / runtimes.HIDDEN[0]
    shown = ", ".join(f"{s:.1f} s" for s in seconds)
    numbers = f"{shown}: {times:.1f} times for {units:g} times the units"
    return Finding(word(int(times < units), int(times >= units), 1), numbers, basis=ONE_MACHINE)


def printed_table1(folder: Path) -> str:
    """The paper's seconds of Table 1.

    Returns
    -------
    str
        The seconds, and the last as a multiple of the first.
    """
    seconds = recorded_table(folder, "paper_table1")["seconds"]
    return ", ".join(f"{s:g} s" for s in seconds) + f": {seconds.iloc[-1] / seconds.iloc[0]:.1f} times"


def table2(folder: Path) -> Finding:
    """Unrolled models are ``AHEAD`` times as fast as each of ``SLOW`` or faster, all on CPUs.

    The paper times unrolled models on a GPU and the others on 28 cores, so its ratios are not those of methods.

    Returns
    -------
    Finding
        The verdict with the ratio of every pair that is recorded.
    """
    seconds = _times(folder)
    known = [(f, s) for f in FAST for s in SLOW if {f, s} <= set(seconds.index)]
    ratios = {(f, s): seconds[s] / seconds[f] for f, s in known}
    good = sum(r >= AHEAD for r in ratios.values())
    shown = []
    for fast, name in FAST.items():
        times = ", ".join(f"{label(s)} {r:.1f}" for (f, s), r in ratios.items() if f == fast)
        shown += [f"times as long as {name}: {times}"] if times else []
    if {FOREST, AS_TIMED} <= set(seconds.index):
        times = f"{seconds[FOREST]:,.0f} s, {seconds[FOREST] / seconds[AS_TIMED]:.1f} times that pass"
        shown += [f"{label(FOREST)}, by our compiled trees and not assessed: {times}"]
    basis = "ratios of seconds on a CPU, GLASSO by our compiled solver, no test; not compared with the paper's seconds"
    return Finding(word(good, len(known) - good, len(known)), "; ".join(shown), basis=basis)


def printed_table2(folder: Path) -> str:
    """The paper's seconds of Table 2.

    Returns
    -------
    str
        Each method with its seconds and its device.
    """
    return ", ".join(f"{r.method} {r.seconds:g} s ({r.device})" for r in recorded_table(folder, "paper_table2").itertuples())


def hours_without(folder: Path) -> Finding:
    """Only our compiled trees have run: how long the packages' own would take is a guess by their ratio.

    Returns
    -------
    Finding
        Not tested, with the CPU hours of our trees.
    """
    rows = grids.rows("ds", folder)
    rows = rows[(rows["dataset"] == "DS3") & (rows["tf_information"] == "without")]
    hours = rows[rows["method"] == "grnboost2"]["cpu_seconds"].mean() / 3600
    if pd.isna(hours):
        return Finding(OPEN)
    cpu = Record("runtimes", folder).rows().set_index("method")["cpu_seconds"]
    numbers = f"our compiled GRNBoost2: {hours:.1f} CPU hours"
    if {"grnboost2", "grnboost2-arboreto"} <= set(cpu.index):
        times = cpu["grnboost2-arboreto"] / cpu["grnboost2"]
        numbers += f"; arboreto's, not run without TFs, takes {times:.1f} times as long with them"
    return Finding(UNTESTED, numbers, basis=ONE_MACHINE)
