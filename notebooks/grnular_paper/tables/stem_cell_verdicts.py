"""Verdicts of the page on mouse stem cells: prediction by the SOX factors, their ranks, statements.

Parameters
----------
cells : Cells
    The page's data.
runs : Runs
    All runs, and which of them are of the method that is read.
compared : mapping of (method, seed) to SetScores
    All runs.
drawn : Drawn
    The networks.
predicted : mapping of str to DataFrame
    Of ``prediction``.
ranks : dict of (run, target) to list of float
    Of ``factor_ranks``.
found : mapping of str to Trend
    Of ``trends``.
span : float
    Share of the cells that each point of a LOESS line sees.
table : DataFrame
    Of ``assess``.
folder : Path
    The folder of recorded tables.
genes : str
    BEELINE's gene rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_paper import stem_cells
from grnular_paper.records import recorded_table
from grnular_paper.stem_cells import SetScores
from grnular_paper.tables.stem_cell_networks import Drawn, Run, Runs, simpler
from grnular_paper.tables.stem_cells import SOX, TARGET, Cells, Trend, listed

Statement = tuple[str, str, str, str]  # name, what the paper says, verdict, numbers
Ranks = dict[tuple[Run, str], list[float]]  # (run, target) -> rank of each SOX factor
INSIDE = "AUROC inside against outside"  # what stands before that number in the statement on the gene set
NO_DATA, NO_TIME = "no data at hand", "no pseudotime at hand"


def prediction(cells: Cells, span: float) -> dict[str, pd.DataFrame]:
    """How well each SOX factor's expression predicts each target's.

    Returns
    -------
    dict of str to DataFrame
        Target -> ``stem_cells.predictors``; empty without pseudotime or without one of the factors.
    """
    if cells.time is None or len(cells.regulators) < len(SOX):
        return {}
    expression = cells.expression
    factors = {name: expression[name].to_numpy() for name in cells.regulators}
    return {target: stem_cells.predictors(cells.time, expression[target].to_numpy(), factors, span) for target in cells.targets}


def prediction_table(predicted: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """``prediction`` as readers see it.

    Returns
    -------
    DataFrame
        Texts, a line a target.
    """
    rows = []
    for target, table in predicted.items():
        line = {"target": target}
        for title, value in (("R²", "r2"), ("Spearman, within", "rho_within")):
            for name, number in zip(table["regulator"], table[value], strict=True):
                line[f"{title}, {name}"] = f"{number:.2f}"
        rows.append(line)
    return pd.DataFrame(rows)


def factor_ranks(cells: Cells, runs: Runs) -> Ranks:
    """Return the rank of each SOX factor among all TFs of every target, run by run.

    Returns
    -------
    dict of (run, target) to list of float
        1 is the strongest.
    """
    return {
        (run, target): stem_cells.regulator_ranks(scores, cells.tfs, cells.names, target, SOX)
        for run, scores in runs.scores.items()
        for target in cells.targets
    }


def rank_table(ranks: Ranks) -> pd.DataFrame:
    """``factor_ranks`` as readers see them: median and range over seeds.

    Returns
    -------
    DataFrame
        Texts, a line a method and target.
    """
    of: dict[tuple[str, str], list[list[float]]] = {}
    for ((method, _), target), places in ranks.items():
        of.setdefault((method, target), []).append(places)
    rows = []
    for (method, target), places in of.items():
        texts = [
            f"{np.median(one):.0f}"
            + (f" ({min(one):.0f} to {max(one):.0f})" if len(one) > 1 else "")
            for one in zip(*places, strict=True)
        ]
        rows.append((label(method), target, *texts))
    return pd.DataFrame(rows, columns=["method", "target", *SOX])


def _set_statement(compared: Mapping[Run, SetScores], runs: Runs) -> Statement:
    """Return the verdict on scores inside the gene set."""
    name, text = "set_scores", "Scores inside the gene set are higher than all scores"
    own = [compared[run] for run in runs.ours]
    if not own:
        return name, text, stem_cells.UNTESTED, NO_DATA
    higher = sum(c.above > 0.5 and c.p_wilcoxon < stem_cells.LEVEL for c in own)
    strict = sum(c.above > 0.5 and c.p_random < stem_cells.LEVEL for c in own)
    others = "".join(f", {label(n)} {v:.2f}" for n, v in simpler(compared, runs.method).items())
    numbers = (
        f"inside higher with p < 0.05 by Wilcoxon in {higher} of {len(own)} seeds, against random sets in {strict}; "
        f"{INSIDE} {np.mean([c.above for c in own]):.2f}{others} (chance 0.5)"
    )
    return name, text, stem_cells.word(higher, len(own)), numbers


def _named_statement(drawn: Drawn) -> Statement:
    """Return the verdict on the TFs that the paper names, in the networks of all seeds."""
    name, text = "named_tfs", "The TFs that the paper names are in the network of the strongest edges"
    tried = len(drawn.by_seed) * len(drawn.named_tfs)
    if not drawn.by_seed:
        return name, text, stem_cells.UNTESTED, NO_DATA
    found = sum(len(names) for names, _ in drawn.by_seed.values())
    absent = listed(n for n in drawn.named_tfs if n not in drawn.drawn)
    numbers = (
        f"{found} of {tried} (TF, seed; by chance {drawn.chance:.0%}, since the genes drawn from are those of the "
        f"process); not in the one drawn: {absent}; p = {drawn.p_named:.2g} that "
        f"a random draw has as many of the {len(drawn.named_tfs)}"
    )
    return name, text, stem_cells.word(found, tried, drawn.p_named), numbers


def _chip_statement(cells: Cells) -> Statement:
    """Return the verdict on SOX2 as a regulator of the example gene by ChIP-seq."""
    name, text = "chip_sox2", f"SOX2 is a TF of {TARGET} in the ChIP-seq network"
    if cells.chip is None:
        return name, text, stem_cells.UNTESTED, NO_DATA
    verdict = stem_cells.word(int("SOX2" in cells.chip), 1)
    return name, text, verdict, f"its regulators there: {listed(cells.chip)}"


def _both_above(table: pd.DataFrame, value: str, falling: bool = False) -> bool:
    """Whether SOX7 and SOX17 both have a better value than SOX2, a smaller one where ``falling``."""
    of = table.assign(name=table["regulator"].str.upper()).set_index("name")[value]
    sign = -1 if falling else 1
    return bool(min(sign * of["SOX7"], sign * of["SOX17"]) > sign * of["SOX2"])


def _rank_statements(cells: Cells, runs: Runs, ranks: Ranks) -> list[Statement]:
    """Return the verdicts on SOX7 and SOX17 before SOX2, on the example gene or on its stand-ins."""
    counts: dict[str, tuple[int, int]] = {}
    for target in cells.targets:
        tables = [pd.DataFrame({"regulator": SOX, "rank": ranks[run, target]}) for run in runs.ours]
        ahead = sum(_both_above(table, "rank", falling=True) for table in tables)
        counts[target] = ahead, len(tables)
    good, tried = counts.get(TARGET, (0, 0))
    numbers = f"{good} of {tried} seeds" if cells.has_target else _missing(cells)
    text = f"SOX7 and SOX17 are predicted for {TARGET}, before SOX2"
    found = [("sox_predicted", text, stem_cells.word(good, tried), numbers)]
    good, tried = (sum(c[i] for c in counts.values()) for i in (0, 1))
    if not cells.has_target and tried:
        each = "; ".join(f"{target} {g} of {n}" for target, (g, n) in counts.items())
        numbers = f"(target, seed): {each}; chance 1 in 3"
        found.append(("sox_predicted_stand_ins", "The same on the stand-ins", stem_cells.word(good, tried), numbers))
    return found


def _missing(cells: Cells, name: str = TARGET) -> str:
    """Return why a statement on a gene cannot be tested."""
    if cells.data is None:
        return NO_DATA
    return NO_TIME if name in cells.names else f"{name} is not in the data"


def _trend_statements(cells: Cells, found: Mapping[str, Trend]) -> list[Statement]:
    """Return the verdicts on what rises and falls along pseudotime."""
    lines = []
    for key, name, rises in (
        ("sox2_falls", "SOX2", False),
        ("sox7_rises", "SOX7", True),
        ("sox17_rises", "SOX17", True),
        ("target_rises", TARGET, True),
    ):
        text = f"{name} {'rises' if rises else 'falls'} along pseudotime"
        if name in found:
            rho, p = found[name]
            verdict = stem_cells.AGREES if p < stem_cells.LEVEL and (rho > 0) == rises else stem_cells.NOT
            lines.append((key, text, verdict, f"Spearman {rho:+.2f}, p = {p:.1e}"))
        else:
            lines.append((key, text, stem_cells.UNTESTED, _missing(cells, name)))
    return lines


def _prediction_statements(cells: Cells, predicted: Mapping[str, pd.DataFrame]) -> list[Statement]:
    """Return the verdicts on SOX7 and SOX17 as better predictors than SOX2."""
    better = {target: _both_above(table, "r2") for target, table in predicted.items()}
    tried = int(TARGET in better)
    verdict = stem_cells.word(int(better.get(TARGET, False)), tried)
    text = f"SOX7 and SOX17 predict {TARGET} much better than SOX2"
    found = [("sox_predicts", text, verdict, "by R²" if tried else _missing(cells))]
    if not cells.has_target and better:
        won = [target for target in better if better[target]]
        numbers = f"better on {len(won)} of {len(better)}: {listed(won)}"
        text, verdict = "The same on the stand-ins, by R²", stem_cells.word(len(won), len(better))
        found.append(("sox_predicts_stand_ins", text, verdict, numbers))
    return found


def assess(
    cells: Cells,
    runs: Runs,
    compared: Mapping[Run, SetScores],
    drawn: Drawn,
    found: Mapping[str, Trend],
    predicted: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """The verdict on every statement, for the method of ``runs``.

    Returns
    -------
    DataFrame
        What ``stem_cells.record_statements`` writes: ``name, the paper says, verdict, numbers``.
    """
    statements = [
        _set_statement(compared, runs),
        _named_statement(drawn),
        _chip_statement(cells),
        *_rank_statements(cells, runs, factor_ranks(cells, runs)),
        *_trend_statements(cells, found),
        *_prediction_statements(cells, predicted),
    ]
    return pd.DataFrame(statements, columns=["name", "the paper says", "verdict", "numbers"])


def recorded_statements(folder: Path, methods: Sequence[str], genes: str) -> dict[str, pd.DataFrame]:
    """The verdicts of the full-size run, in the form of ``assess``.

    Parameters
    ----------
    methods : sequence of str
        Methods with recorded verdicts.

    Returns
    -------
    dict of str to DataFrame
        Method -> its table; empty unless all methods are recorded under this rule.
    """
    table = recorded_table(folder, "stem_cells")
    rows = table[table["genes"] == genes] if len(table) else table
    if not len(rows) or not set(methods) <= set(rows["method"]):
        return {}
    words = {recorded: shown for shown, recorded in stem_cells.VERDICTS.items()}
    rows = rows.assign(verdict=rows["verdict"].map(words)).rename(columns={"statement": "the paper says"})
    shown = ["name", "the paper says", "verdict", "numbers"]
    return {m: rows.loc[rows["method"] == m, shown].reset_index(drop=True) for m in methods}


def recorded_set(folder: Path, method: str, genes: str) -> dict[str, float]:
    """Scores inside the gene set by the full-size run, to be glued: what the page of claims shows.

    Parameters
    ----------
    method : str

    Returns
    -------
    dict of str to float
        ``set_above``, the probability that a score inside is above one outside (mean over seeds), ``set_seeds`` and
        ``set_random``, the numbers of seeds and of random sets; empty where the method is not recorded under this rule.
    """
    table = recorded_table(folder, "stem_cells")
    if table.empty:
        return {}
    rows = table[(table["method"] == method) & (table["genes"] == genes) & (table["name"] == "set_scores")]
    found = re.search(rf"{INSIDE} ([\d.]+)", rows["numbers"].iloc[0]) if len(rows) else None
    if found is None:
        return {}
    return {"set_above": float(found[1]), "set_seeds": int(rows["seeds"].iloc[0]), "set_random": int(rows["n_random"].iloc[0])}


def side_by_side(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Verdicts of several methods on the same statements.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Method -> ``assess`` of it.

    Returns
    -------
    DataFrame
        ``the paper says``, a column of verdicts a method, and the numbers of the first.
    """
    first = next(iter(tables.values()))
    verdicts = {label(method): table["verdict"] for method, table in tables.items()}
    numbers = first["numbers"].rename(f"numbers, {label(next(iter(tables)))}")
    return pd.DataFrame({"the paper says": first["the paper says"], **verdicts}).join(numbers)


def statement_numbers(table: pd.DataFrame) -> dict[str, int]:
    """How many statements agree, to be glued.

    Returns
    -------
    dict of str to int
        ``n_agree``, ``n_untested``, ``n_statements``.
    """
    return {
        "n_agree": int((table["verdict"] == stem_cells.AGREES).sum()),
        "n_statements": len(table),
        "n_untested": int((table["verdict"] == stem_cells.UNTESTED).sum()),
    }
