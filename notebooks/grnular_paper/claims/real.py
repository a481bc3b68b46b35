"""The paper's claims on real cells: Fig. 8, Table 3, Figs 9 to 11.

Parameters
----------
folder : Path
    The folder of recorded tables.
chosen : str
    The method, or the trained weights, that the claim is on.
other, others : str, or some
    Methods or weights that it is compared with.
score : str
    "auprc" or "auroc".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from grnular_core.data.beeline import NETWORKS
from grnular_core.plotting.style import label
from grnular_paper import widths
from grnular_paper.findings import Finding, said
from grnular_paper.grids import TUNED
from grnular_paper.real_data import GENES, NETWORK_LETTERS, PRINTED_RULE, pair_label, recorded_pairs
from grnular_paper.records import CHANCE, DETAILS, Record, recorded_table
from grnular_paper.tables.beeline import printed_beside_chance, seeds_ahead
from grnular_paper.tables.beeline_scores import CONTROLS, informative_pairs, informative_table
from grnular_paper.verdicts import NOT_REPRODUCED, OPEN, PARTLY, REPRODUCED, UNTESTED, in_words, word, word_of_counts

OTHERS = ("glasso", "glad-tf", "genie3", "grnboost2")
TREES = ("genie3", "grnboost2")
SIMPLE = (*TREES, "correlation", "clr", "ridge")
SHOWN_AUROC = 0.9  # what the paper's GRNULar reaches on most pairs
STEM_CELLS = "one network of mouse cells"
PUBLISHED = "grnular"  # whose network of stem cells gets the verdicts
REBUILT = "mDC"  # whose genes under the paper's rule are at hand
RARE = 0.05  # share of random draws
BY_PAPER = "by the paper's protocol"


def _pairs(folder: Path, value: str) -> pd.DataFrame:
    """One row a pair of network and dataset, one column a method; means over seeds."""
    return _by_pair(recorded_pairs(folder), value)


def _printed_pairs(folder: Path, value: str) -> pd.DataFrame:
    """The paper's Fig. 8 in the same form."""
    return _by_pair(recorded_table(folder, "paper_fig8"), value)


def _by_pair(rows: pd.DataFrame, value: str, columns: str = "method") -> pd.DataFrame:
    return rows.pivot_table(index=["network", "dataset"], columns=columns, values=value)


@lru_cache(maxsize=2)
def _informative(folder: Path) -> frozenset[str]:
    """The pairs on which methods differ from chance (``informative_table``)."""
    by_edge, chance = (Record(name, folder).rows() for name in (DETAILS, CHANCE))
    found = informative_table(by_edge[by_edge["genes"] == GENES], chance[chance["genes"] == GENES])
    return frozenset(informative_pairs(found))


def _counted(n_pairs: int, how: str = "counted") -> str:
    """The basis of a finding on real pairs."""
    return f"{n_pairs} pairs of network and dataset, {how}, no test"


def _counts(table: pd.DataFrame, chosen: str, others: Sequence[str]) -> tuple[int, int, int]:
    """How often ``chosen`` is above another, how often below, and how many both have."""
    if chosen not in table:
        return 0, 0, 0
    known = table[[r for r in others if r in table]]
    difference = known.rsub(table[chosen], axis=0)
    return int((difference > 0).sum().sum()), int((difference < 0).sum().sum()), int(difference.count().sum())


def _times(table: pd.DataFrame, chosen: str, others: Sequence[str]) -> str:
    """How many times as high ``chosen`` is, in the median over pairs and others; pairs where the other has 0 are left out."""
    if chosen not in table:
        return "nothing"
    known = table[[r for r in others if r in table]]
    return f"{known.where(known > 0).rdiv(table[chosen], axis=0).stack().median():.2f} times in the median"


def _editions(table: pd.DataFrame, others: Sequence[str]) -> list[str]:
    """Competing methods with tuned settings, where these are recorded for every pair that the method has."""
    tuned = {other: f"{other}{TUNED}" for other in others}
    return [
        name if name in table and other in table and not (table[other].notna() & table[name].isna()).any() else other
        for other, name in tuned.items()
    ]


def _beside(protocol: str, found: tuple[int, int, int], package: tuple[int, int, int]) -> str:
    """Counts against default settings in words, with the word where it is another than that of ``found``."""
    word = word_of_counts(*package)
    return f"{protocol} higher in {package[0]}, lower in {package[1]}" + (f" ({word})" if word != word_of_counts(*found) else "")


def ahead(chosen: str, others: Sequence[str], score: str = "auprc", tuned: bool = True) -> Callable[[Path], Finding]:
    """Assess "``chosen`` scores higher than ``others`` on real data", pair by pair.

    Parameters
    ----------
    tuned : bool
        Against tuned settings of the others, as the paper tuned its baselines; our own claims are against those of packages.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> Finding:
        table, by_paper = (_pairs(folder, f"{protocol}_{score}") for protocol in ("strict", "paper"))
        against = _editions(table, others) if tuned else list(others)
        strict, paper = (_counts(of, chosen, against) for of in (table, by_paper))
        numbers = (
            f"strict: higher in {strict[0]}, lower in {strict[1]} of {strict[2]}, {_times(table, chosen, against)}; "
            f"paper's: higher in {paper[0]}, lower in {paper[1]}, {_times(by_paper, chosen, against)}"
        )
        n_pairs = int(table[chosen].count()) if chosen in table else 0
        clear = table[[pair_label(*pair) in _informative(folder) for pair in table.index]]
        of = _counts(clear, chosen, against)
        there = in_words(word_of_counts(*of), ours=not tuned)
        numbers += f"; on the {len(clear)} informative pairs strict higher in {of[0]}, lower in {of[1]}: {there}"
        absent = [label(r) for r in others if r not in table]
        with_settings = [label(r) for r in against if r.endswith(TUNED)]
        if with_settings:
            packages = (
                _beside(name, of, _counts(rows, chosen, others))
                for name, of, rows in (("strict", strict, table), (BY_PAPER, paper, by_paper))
            )
            numbers += f"; against {', '.join(map(label, against))}; against default settings {', '.join(packages)}"
        if absent:
            numbers += f"; not recorded: {', '.join(absent)}"
        if not strict[2]:
            return Finding(OPEN)
        if (chosen, score) == (PUBLISHED, "auprc"):
            numbers += _less_sure(folder, against)
        basis = _counted(n_pairs, f"counted against {len(others) - len(absent)} methods")
        return Finding(word_of_counts(*strict), numbers, word_of_counts(*paper), basis=basis)

    return look


def _less_sure(folder: Path, against: Sequence[str]) -> str:
    """How often the published model has the higher strict AUPRC with a seed less, and with the printed hidden units."""
    rows, wide = recorded_pairs(folder), recorded_table(folder, widths.TABLE)
    own = rows["method"] == PUBLISHED
    seeds = rows.loc[own, "seed"].unique()
    tables = [_by_pair(rows[~own | (rows["seed"] != seed)], "strict_auprc") for seed in seeds]
    found = sorted(_counts(table, PUBLISHED, against)[0] for table in tables)
    text = f"; with any one of {len(seeds)} seeds left out strict higher in {found[0]} to {found[-1]}"
    if wide.empty:
        return text
    table = _by_pair(rows, "strict_auprc_ratio")
    table[PUBLISHED] = wide[wide["width"] == "200"].groupby(["network", "dataset"])["strict_auprc_ratio"].mean()
    of = _counts(table, PUBLISHED, against)
    return (
        f"{text}; with the 200 hidden units that the paper prints strict higher in {of[0]}, lower in {of[1]} "
        f"({word_of_counts(*of)}): the four a TF that are counted here were chosen on random networks of these sizes, when the "
        "scores of both on these cells were known"
    )


def _with_best(scores: pd.Series, against: Sequence[str], digits: int) -> str:
    """The published model's score of a pair, and the best of others with its name."""
    others = scores.reindex(against).dropna()
    return f"{scores[PUBLISHED]:.{digits}f} [{label(others.idxmax())} {others.max():.{digits}f}]"


def _rebuilt(folder: Path) -> pd.DataFrame:
    """Recorded rows of ``REBUILT`` under the paper's gene rule."""
    rows = recorded_pairs(folder, PRINTED_RULE)
    return rows[rows["dataset"] == REBUILT]


def with_the_papers_genes(folder: Path, score: str = "auprc") -> Finding:
    """The published model has a higher score than ``OTHERS`` on ``REBUILT`` with the genes of the paper's own rule.

    Networks on which all methods have the same AUPRC by the paper's protocol have too few edges to count.

    Parameters
    ----------
    folder : Path
    score : {"auprc", "auroc"}

    Returns
    -------
    Finding
        The verdict by both protocols, with the settings of the others, the scores of each network and the seeds that lead.
    """
    rows = _rebuilt(folder)
    if PUBLISHED not in set(rows["method"]):
        return Finding(OPEN)
    chance = rows[rows["method"] == "random"].groupby(["network", "dataset"])[f"paper_{score}"].mean()
    rows = rows[~rows["method"].isin(CONTROLS)]
    informative = _by_pair(rows, "paper_auprc").dropna(axis=1).round(4).nunique(axis=1) > 1
    by_paper, strict = (_by_pair(rows, f"{protocol}_{score}")[informative] for protocol in ("paper", "strict"))
    against = [name for name in _editions(by_paper, OTHERS) if name in by_paper]
    found, package = ([_counts(of, PUBLISHED, names) for of in (strict, by_paper)] for names in (against, OTHERS))
    shown = "; ".join(
        f"{pair[0]} {score.upper()} {_with_best(by_paper.loc[pair], against, 3)}, random scores "
        f"{chance.get(pair, float('nan')):.3f}; strict {_with_best(strict.loc[pair], against, 4)}, "
        f"its loop untrained {strict.loc[pair].get('grnular-untrained', float('nan')):.4f}"
        for pair in by_paper.index
    )
    leads = [seeds_ahead(rows, PUBLISHED, against, f"{protocol}_{score}") for protocol in ("strict", "paper")]
    seeds = "; ".join("{}: strict {} of {}, paper's {} of {}".format(n, *leads[0][n], *leads[1][n]) for n, _ in by_paper.index)
    least = strict[against].rsub(strict[PUBLISHED], axis=0).abs().min().min()
    numbers = (
        f"against {', '.join(map(label, against))}: strict higher in {found[0][0]}, lower in {found[0][1]} of {found[0][2]}; "
        f"paper's: higher in {found[1][0]}, lower in {found[1][1]}; against default settings "
        f"{_beside('strict', found[0], package[0])}, {_beside(BY_PAPER, found[1], package[1])}; each "
        f"counts however small, the least strict difference is {least:.4f}. By the paper's protocol, with the best of them in "
        f"brackets: {shown}; seeds of {label(PUBLISHED)} above the best of them (each a mean over its seeds): {seeds}"
    )
    words = [word_of_counts(*of) for of in found]
    basis = f"{len(by_paper)} networks of one dataset, counted against {len(OTHERS)} methods, no test"
    return Finding(words[0], numbers, words[1], basis=basis)


def seed_numbers(folder: Path) -> dict[str, int]:
    """How many seeds of the published model lead on ``REBUILT`` with the genes of the paper's own rule, to be glued.

    Returns
    -------
    dict of str to int
        ``lead_<letter of the network>_<protocol>_<score>``: seeds above the best of ``OTHERS``; ``lead_seeds``: all seeds.
    """
    rows = _rebuilt(folder)
    against = _editions(_by_pair(rows, "paper_auprc"), OTHERS)
    numbers = {"lead_seeds": int(rows.loc[rows["method"] == PUBLISHED, "seed"].nunique())}
    for column in (f"{protocol}_{area}" for protocol in ("strict", "paper") for area in ("auprc", "auroc")):
        for network, (ahead, _) in seeds_ahead(rows, PUBLISHED, against, column).items():
            numbers[f"lead_{NETWORK_LETTERS[network]}_{column}"] = ahead
    return numbers


def printed_ahead(chosen: str, others: Sequence[str], score: str = "auprc") -> Callable[[Path], str]:
    """The same counts of the numbers that the paper prints.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> str:
        table = _printed_pairs(folder, score)
        higher, lower, of = _counts(table, chosen, others)
        against = ": these numbers do not bear it out" if word_of_counts(higher, lower, of) == NOT_REPRODUCED else ""
        return f"higher in {higher}, lower in {lower} of {of}, {_times(table, chosen, others)}{against}"

    return look


def low_auprc(folder: Path) -> Finding:
    """The best method's AUPRC is at most the paper's highest.

    Returns
    -------
    Finding
        The verdict by both protocols, with the number of pairs at the limit or below it, and of those where true edges are so
        many that random scores are above it.
    """
    limit = float(_printed_pairs(folder, "auprc")["grnular"].max())
    found, density = {}, _pairs(folder, "density").max(axis=1)
    for protocol in ("strict", "paper"):
        table = _pairs(folder, f"{protocol}_auprc").drop(columns=list(CONTROLS), errors="ignore")
        best = table.max(axis=1)
        low = int((best <= limit).sum())
        found[protocol] = word(low, len(best) - low, len(best)), low, len(best), best
    if found["strict"][0] == OPEN:
        return Finding(OPEN)
    shown = "; ".join(
        f"{name}: the best method is at most there on {low} of {n} pairs, median {best.median():.3f}"
        for name, (_, low, n, best) in found.items()
    )
    dense = int((density > limit).sum())
    shown += f"; on {dense} pairs the density of true edges, which random scores reach by the strict protocol, is above it"
    return Finding(found["strict"][0], shown, found["paper"][0], basis=_counted(found["strict"][2]))


def high_auroc(folder: Path) -> Finding:
    """GRNULar's AUROC is ``SHOWN_AUROC`` or more: not tested, since random scores have another level with other genes.

    Returns
    -------
    Finding
        With the number of pairs at the limit or above it, and the level of random scores, by both rules for genes.
    """
    shown = []
    for rule, name in ((GENES, "genes of this book"), (PRINTED_RULE, f"{REBUILT}, the paper's genes")):
        table = _by_pair(recorded_pairs(folder, rule), "paper_auroc")
        if PUBLISHED not in table:
            continue
        of = table[PUBLISHED].dropna()
        text = f"{name}: {int((of >= SHOWN_AUROC).sum())} of {len(of)} pairs, median {of.median():.2f}"
        shown.append(text + (f" (random {table['random'].median():.2f})" if "random" in table else ""))
    if not shown:
        return Finding(OPEN)
    basis = "the paper's protocol; with other genes than the paper's random scores have another AUROC"
    return Finding(UNTESTED, "; ".join(shown), UNTESTED, basis=basis)


def beyond_chance(folder: Path) -> Finding:
    """What the paper prints is above random scores under its own gene rule, by its protocol, on each network.

    Returns
    -------
    Finding
        The verdict with the share of draws that reach each printed AUPRC, where it is above 0.
    """
    rows = recorded_pairs(folder, PRINTED_RULE)
    printed = recorded_table(folder, "paper_fig8")
    if rows.empty or (rows["method"] == "random").sum() == 0:
        return Finding(OPEN)
    networks = [name for name in NETWORKS if name in set(rows["network"])]
    found = printed_beside_chance(rows, printed, REBUILT, networks)
    found = found[(found["score"] == "AUPRC") & (found["printed"] > 0)]
    above = int((found["share"] <= RARE).sum())
    numbers = "; ".join(
        f"{row.network}: printed {row.printed:g}, random {row.random:.3f} [{row.low:.3f}, {row.high:.3f}], "
        f"{row.share:.0%} of the draws reach it"
        for row in found.itertuples()
    )
    verdict = word(above, len(found) - above, len(found))
    draws = f"{int(found['draws'].min())} draws of random scores, with genes in the order of this book"
    basis = f"{REBUILT}, {draws}; above: at most {RARE:.0%} reach it"
    return Finding(verdict, numbers, basis=basis)


def printed_auroc(folder: Path) -> str:
    """On how many pairs the paper's GRNULar is there.

    Returns
    -------
    str
        The number of pairs in words.
    """
    of = _printed_pairs(folder, "auroc")["grnular"]
    return f"{SHOWN_AUROC} or more on {int((of >= SHOWN_AUROC).sum())} of {len(of)} pairs"


def table3(folder: Path) -> Finding:
    """Counts of TFs are those of Table 3.

    Returns
    -------
    Finding
        The verdict with the number of equal counts.
    """
    printed, ours = (recorded_table(folder, name) for name in ("paper_table3", "table3"))
    if ours.empty:
        return Finding(OPEN)
    both = printed.merge(ours, on="dataset", suffixes=("", "_ours"))
    same = int((both["tfs"] == both["tfs_ours"]).sum())
    numbers = f"{same} of {len(both)} counts of TFs are equal"
    basis = f"{len(both)} datasets, counted, no test"
    return Finding(word(same, len(both) - same, len(both)), numbers, basis=basis)


def statement(*names: str) -> Callable[[Path], Finding]:
    """Assess statements on the published model's network of stem cells, from the table that its notebook writes.

    Of several, one that could not be tested leaves no better verdict than "partly".

    Parameters
    ----------
    *names : str
        Names of the statements in the table ``stem_cells``.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> Finding:
        table = recorded_table(folder, "stem_cells")
        if table.empty or PUBLISHED not in set(table["method"]):
            return Finding(OPEN)
        rows = table[table["method"] == PUBLISHED].set_index("name").loc[list(names)]
        tested = rows[rows["verdict"] != UNTESTED]
        text = "; ".join(
            f"{r.statement}: {r.numbers}" if len(rows) > 1 else r.numbers
            for r in (rows if tested.empty else tested).itertuples()
        )
        if tested.empty:
            return Finding(UNTESTED, text, basis=STEM_CELLS)
        if len(rows) == 1:
            return Finding(rows["verdict"].iloc[0], text, basis=STEM_CELLS)
        good = int((tested["verdict"] == REPRODUCED).sum())
        found = word(good, len(tested) - good, len(tested))
        if len(tested) < len(rows):  # what could not be tested is no part that holds
            absent = ", ".join(rows[rows["verdict"] == UNTESTED]["statement"])
            part = f"{good} of {len(tested)} parts that could be tested hold"
            text = f"{part} (no data for: {absent}); {text}"
            found = PARTLY if found == REPRODUCED else found
        return Finding(found, text, basis=f"{STEM_CELLS}, parts counted")

    return look


def printed_table3(folder: Path) -> str:
    """The counts that the paper prints.

    Returns
    -------
    str
        Each dataset with its number of TFs.
    """
    return ", ".join(f"{row.dataset} {row.tfs}" for row in recorded_table(folder, "paper_table3").itertuples())


def printed_auprc(folder: Path) -> str:
    """The paper's highest AUPRC.

    Returns
    -------
    str
        The number in words.
    """
    return f"{_printed_pairs(folder, 'auprc')['grnular'].max():g} at most"


def printed_set(folder: Path) -> str:
    """The paper's p and size of the gene set.

    Returns
    -------
    str
        Both numbers in words.
    """
    return f"p = {said('set_p')(folder)}, {said('set_genes_in_data')(folder)} genes"


def _of_weights(table: pd.DataFrame, chosen: str, other: str, what: str) -> str:
    """How often and how far one is above another, in words."""
    higher, lower, of = _counts(table, chosen, [other])
    times = _times(table, chosen, [other])
    return f"{what}: strict AUPRC higher in {higher}, lower in {lower} of {of} pairs, {times}"


def weights_ahead(chosen: str, other: str, what: str, beside: tuple[str, str, str] | None = None) -> Callable[[Path], Finding]:
    """Assess "training as for ``chosen`` does more on real cells than as for ``other``", pair by pair.

    Parameters
    ----------
    what : str
        Both in words, for the numbers of the finding.
    beside : (str, str, str), optional
        Two more weights and both in words: a comparison that is reported and not counted: they differ in more than training.

    Returns
    -------
    callable
    """

    def look(folder: Path) -> Finding:
        rows = recorded_table(folder, "model_selection_real")
        if rows.empty or not {chosen, other} <= set(rows["weights"]):
            return Finding(OPEN)
        table = _by_pair(rows, "strict_auprc_ratio", "weights")
        found = _counts(table, chosen, [other])
        numbers = _of_weights(table, chosen, other, what)
        if beside and {*beside[:2]} <= set(table):
            numbers += f"; not counted: {_of_weights(table, *beside)}"
        return Finding(word_of_counts(*found), numbers, basis=_counted(found[2]))

    return look
