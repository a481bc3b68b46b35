"""How sure a number is: chance, intervals, and tests between methods.

The unit of resampling is the one that varies independently: graphs or datasets, and TFs within one dataset
(edges of one TF rise and fall together, so edges are never resampled). Every function that draws
takes a seed or a ``numpy.random.Generator`` and gives the same numbers for another gene order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats as distributions

from grnular_core.data.candidates import Candidates, score_matrix, scored_edges, strict_candidates
from grnular_core.scoring.ranking import NAN, average_precision, why_undefined
from grnular_core.utils.errors import InputError

MIN_UNITS = 6  # below this no two-sided signed-rank test can reach p < .05: show points only
LEVEL = 0.95  # coverage of every interval
DIGITS = 12  # differences equal up to rounding are ties in a signed-rank test
COMPARISON_COLUMNS = (
    "method_a", "method_b", "n_units", "mean_difference", "low", "high", "effect_size", "p", "p_holm",
    "reason",
)  # fmt: skip


def random_scores_summary(
    candidates: Candidates,
    n: int = 100,
    seed: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Mean and central interval of the metrics of random scores on the candidates.

    Parameters
    ----------
    candidates : Candidates
    n : int
        Number of random rankings, at least 1.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Index ``auprc, auprc_ratio, auroc, epr``, columns ``mean, low, high, reason``. Without a true
        candidate (for AUROC also: without a false one) the numbers are NaN, with the reason.

    Raises
    ------
    InputError
        When ``n`` is below 1.

    Notes
    -----
    Random scores have no ties, so the ranks of the true candidates are a random subset of all
    ranks, and only those are drawn.
    """
    _require_draws(n)
    generator = np.random.default_rng(seed)
    n_all, n_true = candidates.n_candidates, candidates.n_true
    truth = candidates.truth[candidates.mask]
    reason = why_undefined(truth)
    draws = np.full((n, 4), NAN)
    if reason is None:
        for draw in draws:
            ranks = np.sort(generator.choice(n_all, size=n_true, replace=False)) + 1
            draw[:] = _scores_of_ranks(ranks, n_all)
    names = ("auprc", "auprc_ratio", "auroc", "epr")
    table = pd.DataFrame(
        [_central(draws[:, i]) for i in range(4)], index=names, columns=["low", "high"]
    )
    table.insert(0, "mean", draws.mean(axis=0))
    table["reason"] = reason or ""
    table.loc["auroc", "reason"] = why_undefined(truth, needs_false=True) or ""
    return table


def bootstrap_over_tfs(
    edges: pd.DataFrame,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    n: int = 1000,
    seed: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Percentile interval of the strict AUPRC and its ratio when TFs are drawn with replacement.

    A drawn TF brings all its candidates: edges of one TF rise and fall together.

    Parameters
    ----------
    edges, truth, genes, tfs
        As in ``strict_scores``.
    n : int
        Number of draws, at least 1.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Index ``auprc, auprc_ratio``, columns ``estimate, low, high, n_tfs, reason``. With fewer than two TFs the
        interval is NaN with a reason.

    Raises
    ------
    InputError
        As ``strict_scores``, and when ``n`` is below 1.
    """
    _require_draws(n)
    chosen = strict_candidates(truth, genes, tfs)
    scores = score_matrix(scored_edges(edges, genes), chosen.regulators, chosen.targets)
    estimate = average_precision(scores[chosen.mask], chosen.truth[chosen.mask])
    draws, reason = np.full((n, 2), NAN), why_undefined(chosen.truth[chosen.mask])
    n_tfs = len(chosen.regulators)
    if reason is None and n_tfs < 2:
        reason = "one TF only: nothing to resample"
    if reason is None:
        # Names in sorted order: the same seed draws the same TFs for every order of the columns.
        by_name = np.argsort(np.array(chosen.regulators, dtype=object))
        times = np.random.default_rng(seed).multinomial(n_tfs, np.full(n_tfs, 1 / n_tfs), size=n)
        draws = _resampled_auprc(
            scores[by_name], chosen.mask[by_name], chosen.truth[by_name], times
        )
    rows = [
        {"estimate": value, "low": low, "high": high}
        for value, (low, high) in zip(
            (estimate, estimate / chosen.density if chosen.n_true else NAN),
            (_central(draws[:, 0]), _central(draws[:, 1])),
            strict=True,
        )
    ]
    table = pd.DataFrame(rows, index=["auprc", "auprc_ratio"])
    return table.assign(n_tfs=n_tfs, reason=reason or "")


def mean_interval(values: Sequence[float]) -> dict[str, float | int | str]:
    """Mean and Student interval over independent units.

    Parameters
    ----------
    values : sequence of float, shape (units,)
        Scores, or differences between two methods on the same units; NaN is left out.

    Returns
    -------
    dict
        ``mean, low, high, n``. Fewer than two values leave the interval NaN and add ``reason``; no
        value leaves the mean NaN as well.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    n = len(values)
    mean = float(values.mean()) if n else NAN
    if n < 2:
        reason = f"{n} value(s): an interval needs two"
        return {"mean": mean, "low": NAN, "high": NAN, "n": n, "reason": reason}
    half = distributions.t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return {"mean": mean, "low": float(mean - half), "high": float(mean + half), "n": n}


def rank_intervals(
    scores: pd.DataFrame,
    clusters: Sequence[str],
    n: int = 2000,
    seed: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Rank of every method by its mean score, with an interval from drawing clusters of units anew.

    Units of one cluster are drawn together or not at all: pairs that share a dataset do not vary
    independently.

    Parameters
    ----------
    scores : DataFrame, shape (units, methods)
        Scores without gaps; larger is better.
    clusters : sequence of str, shape (units,)
        Group of each unit.
    n : int
        Number of draws, at least 1.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Index method, columns ``rank, low, high, best``: rank 1 is the largest mean, equal means
        share theirs, ``best`` is the share of draws in which the method is first.

    Raises
    ------
    InputError
        For gaps, fewer than two clusters and ``n`` below 1.
    """
    _require_draws(n)
    values, names = scores.to_numpy(dtype=float), np.asarray(clusters, dtype=object)
    if names.shape != (len(scores),) or not np.isfinite(values).all():
        raise InputError(
            "ranks need a score of every method for every unit, and a cluster for each unit"
        )
    kinds = np.unique(names)
    if len(kinds) < 2:
        raise InputError("ranks need two clusters or more to draw from")
    sums = np.stack([values[names == kind].sum(0) for kind in kinds])  # (clusters, methods)
    sizes = np.array([(names == kind).sum() for kind in kinds])
    times = np.random.default_rng(seed).multinomial(
        len(kinds), np.full(len(kinds), 1 / len(kinds)), n
    )
    drawn = distributions.rankdata(-(times @ sums) / (times @ sizes)[:, None], axis=1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    table = {"rank": distributions.rankdata(-values.mean(0)), "low": low, "high": high}
    return pd.DataFrame(table | {"best": (drawn == 1).mean(0)}, index=scores.columns)


def compare_methods(table: pd.DataFrame, value: str, unit: str, method: str) -> pd.DataFrame:
    """Paired two-sided Wilcoxon signed-rank test between every two methods, Holm over the pairs.

    Parameters
    ----------
    table : DataFrame
        One row per method and unit (graph or dataset).
    value, unit, method : str
        Names of the columns with the score, the unit and the method.

    Returns
    -------
    DataFrame
        One row per pair of methods: ``method_a, method_b, n_units`` (those with both scores),
        ``mean_difference`` (a - b) with its interval ``low, high``, ``effect_size`` (matched-pairs
        rank-biserial correlation: 1 when a always wins, -1 when b does), ``p``, ``p_holm``,
        ``reason``.

    Raises
    ------
    InputError
        For missing columns or two rows of one method and unit.

    Notes
    -----
    With fewer than 6 units no two-sided p can be below 0.05: p and interval are NaN, the reason says
    so, and Holm does not count the pair. Units without a difference are left out of the ranks; no
    difference at all gives p = 1.
    """
    missing = [name for name in (value, unit, method) if name not in table.columns]
    if missing:
        raise InputError(f"the table has the columns {list(table.columns)[:8]}; missing {missing}")
    repeated = table[table.duplicated([unit, method])]
    if len(repeated):
        first = repeated.iloc[0]
        raise InputError(
            f"{method} {first[method]} has more than one row for {unit} {first[unit]}; "
            "average the repeats first"
        )
    scores = table.pivot(index=unit, columns=method, values=value).sort_index(axis=1)
    rows = []
    for a, b in combinations(scores.columns, 2):
        difference = (scores[a] - scores[b]).dropna().to_numpy(dtype=float)
        rows.append({"method_a": a, "method_b": b} | _paired_test(difference))
    answer = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    answer["p_holm"] = holm(answer["p"].to_numpy(dtype=float))
    return answer


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction of p values.

    Parameters
    ----------
    p : ndarray of float, shape (tests,)
        NaN is a test that was not made: it stays NaN and is not counted.

    Returns
    -------
    ndarray of float, shape (tests,)
        In ascending order of p, the i-th of m values becomes the largest of (m - j + 1) p_j over
        j <= i, at most 1.
    """
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, NAN)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def signed_rank(difference: Sequence[float]) -> float:
    """Find p of the two-sided Wilcoxon signed-rank test.

    Parameters
    ----------
    difference : sequence of float, shape (units,)
        Differences between two methods on the same units; those equal to 0 up to rounding are left out.

    Returns
    -------
    float
        1 where no unit differs.
    """
    rounded = np.round(np.asarray(difference, dtype=float), DIGITS)
    nonzero = rounded[rounded != 0]
    return float(distributions.wilcoxon(nonzero).pvalue) if len(nonzero) else 1.0


def _rank_biserial(difference: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation (W+ - W-) / (W+ + W-); 0 without differences, NaN without units."""
    difference = np.round(np.asarray(difference, dtype=float), DIGITS)
    if len(difference) == 0:
        return NAN
    nonzero = difference[difference != 0]
    if len(nonzero) == 0:
        return 0.0
    ranks = distributions.rankdata(np.abs(nonzero))
    return float(np.sum(ranks * np.sign(nonzero)) / ranks.sum())


def _paired_test(difference: np.ndarray) -> dict[str, float | int | str]:
    """Compare one pair of methods by its differences (units,)."""
    n = len(difference)
    row: dict[str, float | int | str] = {
        "n_units": n,
        "mean_difference": float(difference.mean()) if n else NAN,
        "low": NAN,
        "high": NAN,
        "effect_size": _rank_biserial(difference),
        "p": NAN,
        "reason": "",
    }
    if n < MIN_UNITS:
        return row | {"reason": f"points only: {n} paired units, a test needs {MIN_UNITS}"}
    interval = mean_interval(difference)
    return row | {"low": interval["low"], "high": interval["high"], "p": signed_rank(difference)}


def _scores_of_ranks(ranks: np.ndarray, n_all: int) -> tuple[float, float, float, float]:
    """AUPRC, AUPRC ratio, AUROC and EPR of true pairs at these ranks (sorted, from 1), no ties."""
    n_true = len(ranks)
    density = n_true / n_all
    auprc = float(np.mean(np.arange(1, n_true + 1) / ranks))
    n_false = n_all - n_true
    false_above = ranks - np.arange(1, n_true + 1)
    auroc = 1 - float(false_above.mean()) / n_false if n_false else NAN
    early = np.count_nonzero(ranks <= n_true) / n_true
    return auprc, auprc / density, auroc, early / density


def _resampled_auprc(
    scores: np.ndarray, mask: np.ndarray, truth: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """AUPRC and its ratio (draws, 2) when row r counts ``times[draw, r]`` times.

    ``scores, mask, truth`` are (regulators, targets). Only thresholds at the score of a true pair
    matter; at each, the counts of every row are added up with the row's weight in the draw.
    """
    thresholds = np.unique(scores[truth])[::-1]
    n_all = np.empty((len(thresholds), len(scores)))
    n_true = np.empty_like(n_all)
    for r in range(len(scores)):
        n_all[:, r] = _count_at_least(scores[r][mask[r]], thresholds)
        n_true[:, r] = _count_at_least(scores[r][truth[r]], thresholds)
    answer = np.empty((len(times), 2))
    for start in range(0, len(times), 100):  # bounds the memory: thresholds x 100
        weight = times[start : start + 100].T.astype(float)
        found, selected = n_true @ weight, n_all @ weight
        total = found[-1]  # above 0: every TF has a true edge
        density = total / (mask.sum(axis=1) @ weight)
        steps = np.diff(found, axis=0, prepend=0.0)
        area = np.sum(steps * found / np.maximum(selected, 1.0), axis=0) / total
        answer[start : start + 100] = np.stack([area, area / density], axis=1)
    return answer


def _count_at_least(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many values are at or above each threshold."""
    return len(values) - np.searchsorted(np.sort(values), thresholds, side="left")


def _central(draws: np.ndarray) -> tuple[float, float]:
    """Central interval that holds ``LEVEL`` of the defined draws; NaN when none is defined."""
    draws = draws[np.isfinite(draws)]
    if len(draws) == 0:
        return NAN, NAN
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _require_draws(n: int) -> None:
    """Refuse a number of draws below 1."""
    if n < 1:
        raise InputError(f"n is {n}, expected at least 1 draw")
