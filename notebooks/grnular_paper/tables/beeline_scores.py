"""Tables of the page on real data: which method is best, how sure that is, and what a protocol hides.

Parameters
----------
rows : DataFrame
    ``network, dataset, method`` and the scores of both protocols, a row a seed.
by_edge : DataFrame
    Rows of ``details.csv`` of one gene rule.
targets, chance : DataFrame
    Rows of ``targets.csv`` and ``chance.csv`` of the same rule.
columns, methods : iterable of str
    Methods in the order shown; those that cannot be are left out.
found : Ranking
    Of ``ranking``.
means : Series
    Of ``precision_means``.
tests : DataFrame
    Of ``pairwise_tests``.
method : str
    The method that is described.
table : DataFrame
    Of ``informative_table``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.data.beeline import DATASETS
from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import compare_methods, mean_interval, rank_intervals
from grnular_paper.grids import TUNED
from grnular_paper.real_data import pair_label, pair_order
from grnular_paper.verdicts import turned

CLUSTERS = (
    "within-clusters", "cluster-correlation-4", "cluster-correlation-4-signed", "cluster-correlation-mean",
    "cluster-correlation-mean-signed",
)  # fmt: skip
CONTROLS = ("degree", "target-mean", "target-is-tf", "random", "oracle")  # they infer nothing
SHOWN = (
    "glasso", "glad", "glad-tf", "tigress", "genie3", "grnboost2", "regdiffusion", "grnular",
    "grnular-untrained", "grnular-context", "grnular-cells", "grnular-curated", "correlation", *CLUSTERS, "clr", "ridge",
    *CONTROLS,
)  # fmt: skip
FEW = (
    "glasso", "glad-tf", "tigress", "genie3", "grnboost2", "regdiffusion", "grnular", "grnular-context", "grnular-cells",
    "grnular-curated", "correlation", "cluster-correlation-4-signed", "clr", "ridge", "target-is-tf",
)  # fmt: skip  # in heat maps, whose numbers are to be read
RATIO = "strict_auprc_ratio"
DESCRIBED = (
    "grnular-context", "grnular-cells", "grnular-curated", "grnular-untrained", "grnular", "grnboost2", "genie3",
    "regdiffusion", "clr", "correlation", *CLUSTERS, "ridge", "target-is-tf",
)  # fmt: skip
LEFT_OUT = (
    "grnular-cells", "regdiffusion", "within-clusters", "cluster-correlation-4-signed",
    "cluster-correlation-mean-signed", "clr", "genie3",
)  # fmt: skip
HALF_WIDTH = 1.96  # of a 95 % interval, in standard errors


def paper_numbers(rows: pd.DataFrame) -> dict[str, float]:
    """Tell what the paper's protocol gives to random scores, to the reference network and to CLR.

    Returns
    -------
    dict of str to float
        ``paper_random_auroc_min``, ``_max``, ``paper_oracle_auprc_min``; on how many of ``clr_pairs`` pairs CLR is
        below random (``clr_below_random``) and random scores above 0.85 (``random_above_85``), 0 where one
        of both is not there; ``strict_auroc_median`` over pairs and methods that infer.
    """
    floors = rows.loc[rows["method"] == "random", "paper_auroc"]
    of = rows.groupby(["network", "dataset", "method"])[["paper_auroc", "strict_auroc"]].mean()
    paper, strict = of["paper_auroc"].unstack(), of["strict_auroc"].unstack()
    known = {"clr", "random"} <= set(paper)
    inferring = [m for m in strict if m not in CONTROLS]
    return {
        "paper_random_auroc_min": float(floors.min()),
        "paper_random_auroc_max": float(floors.max()),
        "paper_oracle_auprc_min": float(rows.loc[rows["method"] == "oracle", "paper_auprc"].min()),
        "clr_below_random": int((paper["clr"] < paper["random"]).sum()) if known else 0,
        "clr_pairs": len(paper) if known else 0,
        "random_above_85": int((paper["random"] > 0.85).sum()) if known else 0,
        "strict_auroc_median": float(np.nanmedian(strict[inferring])),
    }


def detailed(by_edge: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return the methods with edge-by-edge numbers for as many pairs as any has, without the oracle.

    Returns
    -------
    list of str
    """
    counts = by_edge.groupby("method").size()
    return [m for m in columns if counts.get(m, 0) == counts.max() and m != "oracle"]


def precision_means(by_edge: pd.DataFrame, methods: Sequence[str]) -> pd.Series:
    """Precision at k per TF, above chance: mean over pairs, the best method first.

    Returns
    -------
    Series
    """
    return by_edge.groupby("method")["tf_precision"].mean().reindex(methods).sort_values(ascending=False)


def precision_numbers(means: pd.Series) -> dict[str, int]:
    """How many methods are ahead of the chosen one, controls aside.

    Returns
    -------
    dict of str to int
        ``precision_ahead`` of ``precision_methods``.
    """
    means = means[~means.index.isin(CONTROLS)]
    ahead = int((means > means.get("grnular-cells", float("nan"))).sum())
    return {"precision_ahead": ahead, "precision_methods": len(means)}


def informative_table(by_edge: pd.DataFrame, chance: pd.DataFrame) -> pd.DataFrame:
    """Say how informative each pair is: how many methods leave the interval of random scores, and how surely.

    Returns
    -------
    DataFrame
        A row a pair: ``into TFs``: the share of true edges that ends in a TF, beside that of the
        candidates; ``random``: the central 95 % of AUPRC / density of random scores; how many methods are
        ``beyond random``, and how many are above 1 in 97.5 % of the draws of TFs
        (``above 1``); ``best`` method with its ratio and 95 % interval over TFs; ``informative``: whether at least
        half of the methods are above 1 over TFs.
    """
    rows = _with_pairs(by_edge[~by_edge["method"].isin(CONTROLS)])
    limits = _with_pairs(chance).set_index("pair")
    lines = {}
    for pair in (p for p in pair_order(DATASETS) if p in limits.index and p in set(rows["pair"])):
        of, limit = rows[rows["pair"] == pair].sort_values("ratio"), limits.loc[pair]
        best, above = of.iloc[-1], int((of["low"] > 1).sum())
        beyond = (of["ratio"] < limit["low"]) | (of["ratio"] > limit["high"])
        lines[pair] = {
            "into TFs": f"{limit['true_into_tfs']:.0%} / {limit['candidates_into_tfs']:.0%}",
            "random": f"{limit['low']:.2f} to {limit['high']:.2f}",
            "beyond random": int(beyond.sum()),
            "above 1": above,
            "best": label(best["method"]).removesuffix(" (this work)") + f" {best['ratio']:.2f} "
            + _interval(best["low"], best["high"]),
            "informative": "yes" if 2 * above >= len(of) else "no",
        }
    return pd.DataFrame(lines).T


def informative_numbers(table: pd.DataFrame) -> dict[str, int]:
    """How many pairs distinguish methods, to be glued.

    Returns
    -------
    dict of str to int
        ``informative_pairs`` of ``informative_all``; ``informative_own`` of ``informative_own_all`` with networks of the
        same cell type.
    """
    own = table[table.index.astype(str).str.startswith("[C]")]
    return {
        "informative_pairs": len(informative_pairs(table)),
        "informative_all": len(table),
        "informative_own": len(informative_pairs(own)),
        "informative_own_all": len(own),
    }


def informative_means(found: Ranking, informative: Sequence[str]) -> dict[str, float | str]:
    """Geometric means over the pairs that distinguish methods, to be glued.

    Parameters
    ----------
    informative : sequence of str

    Returns
    -------
    dict of str to float or str
        ``informative_<method>``, and ``informative_best``, the best method in words with its mean; empty without pairs.
    """
    means = np.exp(found.by_pair.reindex(list(informative)).mean(skipna=False)).dropna()
    if means.empty:
        return {}
    best = means.idxmax()
    return {f"informative_{name}": float(mean) for name, mean in means.items()} | {
        "informative_best": f"{label(best)} with {means[best]:.2f}"
    }


def informative_pairs(table: pd.DataFrame) -> list[str]:
    """Return the pairs of ``informative_table`` that distinguish methods.

    Returns
    -------
    list of str
        Labels of pairs; none of an empty table.
    """
    return list(table.index[table["informative"] == "yes"]) if len(table) else []


def _with_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    names = zip(rows["network"], rows["dataset"], strict=True)
    return rows.assign(pair=[pair_label(network, dataset) for network, dataset in names])


class Ranking(NamedTuple):
    """Methods that ran on all pairs, by their geometric mean."""

    scored: pd.DataFrame  # ``method, pair`` and the strict scores, means over seeds, of all methods
    by_pair: pd.DataFrame  # log of strict AUPRC / density, pairs x ranked methods, the best first
    datasets: list[str]  # of each pair

    @property
    def methods(self) -> list[str]:
        """The ranked methods, the best first."""
        return list(self.by_pair)

    @property
    def geometric(self) -> pd.Series:
        """Geometric mean of strict AUPRC / density by method."""
        return np.exp(self.by_pair.mean())

    @property
    def by_dataset(self) -> pd.DataFrame:
        """Means of ``by_pair`` over the networks of a dataset, datasets x methods: the units of intervals and tests."""
        return self.by_pair.groupby(np.array(self.datasets)).mean()


def ranking(rows: pd.DataFrame, columns: Sequence[str]) -> Ranking:
    """Rank the methods that ran on as many pairs as any did.

    Returns
    -------
    Ranking
    """
    scored = _with_pairs(rows).groupby(["method", "pair"], as_index=False)
    scored = scored[[RATIO, "strict_auroc"]].mean()
    pairs = scored.groupby("method")["pair"].nunique()
    ranked = [m for m in columns if m != "oracle" and pairs.get(m, 0) == pairs.max()]
    logs = scored.assign(log=np.log(scored[RATIO])).pivot(index="pair", columns="method", values="log")
    ranked = sorted(ranked, key=lambda m: -logs[m].mean())
    return Ranking(scored, logs[ranked], [pair.split("] ")[1] for pair in logs.index])


def with_tuned(methods: Iterable[str], rows: pd.DataFrame) -> list[str]:
    """Return the methods, and after them those that have rows with tuned settings as well, by these settings.

    Returns
    -------
    list of str
    """
    methods, recorded = list(methods), set(rows["method"])
    return methods + [f"{m}{TUNED}" for m in methods if f"{m}{TUNED}" in recorded]


def summary_table(
    found: Ranking, by_edge: pd.DataFrame, targets: pd.DataFrame, informative: Sequence[str], rows: pd.DataFrame
) -> pd.DataFrame:
    """Means of every ranked method, how sure they are, and what is left of them on other targets and pairs.

    Parameters
    ----------
    informative : sequence of str
        Pairs that distinguish methods.

    Returns
    -------
    DataFrame
        Texts, the best by its geometric mean on top. Geometric mean of AUPRC / density with its 95 % interval over datasets,
        and that over TFs (of pairs that are independent, each with the spread of its draws); the arithmetic mean;
        its geometric means over the informative pairs, and over targets that are no TFs; with
        two datasets or more the rank with an interval from drawing datasets with replacement; the mean over pairs of its rank
        among the methods of the table (1 is best, ties share theirs); median of EPR over pairs,
        and mean of precision at k per TF. A cell is empty where a pair lacks its number.
    """
    log = found.by_pair
    others = _by_pair(targets, "ratio_others").reindex(log.index)
    spread = _over_tfs(by_edge, list(log.index))
    table = pd.DataFrame(index=found.methods)
    over_datasets = {m: mean_interval(logs) for m, logs in found.by_dataset.items()}
    half = HALF_WIDTH * spread.reindex(found.methods)
    table["geometric mean"] = [
        f"{found.geometric[m]:.2f} {_interval(np.exp(f['low']), np.exp(f['high']))}" for m, f in over_datasets.items()
    ]
    table["over TFs"] = [_interval(np.exp(log[m].mean() - half[m]), np.exp(log[m].mean() + half[m])) for m in found.methods]
    table["arithmetic mean"] = _shown(np.exp(log).mean())
    table["informative pairs"] = _shown(np.exp(log.reindex(list(informative)).mean(skipna=False)))
    others = np.log(others.reindex(columns=found.methods).astype(float))
    table["non-TF targets"] = _shown(np.exp(others.mean(skipna=False)))
    if len(set(found.datasets)) > 1:
        ranks = rank_intervals(log, found.datasets).reindex(table.index)
        table["rank"] = [f"{r.rank:g} [{r.low:.0f}, {r.high:.0f}]" for r in ranks.itertuples()]
    table["mean rank"] = log.rank(axis=1, ascending=False).mean().map("{:.1f}".format)
    table["EPR"] = _shown(_by_pair(rows, "strict_epr").median().reindex(found.methods))
    table["precision at k"] = _shown(precision_means(by_edge, detailed(by_edge, found.methods)).reindex(found.methods))
    return table.rename(index=label)


def tuned_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Competing methods by default settings and by those chosen on simulated validation graphs.

    Returns
    -------
    DataFrame
        Texts, a line a method with tuned runs: pairs that both have, geometric mean of strict AUPRC / density by each, and
        the number of pairs on which the tuned settings are higher.
    """
    wide = _by_pair(rows, RATIO)
    lines = []
    for method in [m for m in wide if f"{m}{TUNED}" in wide]:
        both = wide[[method, f"{method}{TUNED}"]].dropna()
        package, tuned = np.exp(np.log(both).mean())
        higher = int((both.iloc[:, 1] > both.iloc[:, 0]).sum())
        lines.append((label(method), len(both), f"{package:.2f}", f"{tuned:.2f}", higher))
    return pd.DataFrame(lines, columns=["method", "pairs", "default settings", "tuned", "tuned is higher"])


def _over_tfs(by_edge: pd.DataFrame, pairs: Sequence[str]) -> pd.Series:
    """Standard error of every method's mean log ratio when TFs are drawn anew in each pair."""
    logs = np.log(by_edge["high"]) - np.log(by_edge["low"])
    errors = _by_pair(by_edge.assign(error=logs / (2 * HALF_WIDTH)), "error").reindex(list(pairs))
    return np.sqrt((errors**2).sum(skipna=False)) / len(errors)


def _by_pair(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    return _with_pairs(rows).pivot_table(index="pair", columns="method", values=value)


def _interval(low: float, high: float) -> str:
    return "" if np.isnan(low) else f"[{low:.2f}, {high:.2f}]"


def _shown(values: pd.Series, form: str = ".2f") -> pd.Series:
    return values.map(lambda value: "" if np.isnan(value) else format(value, form))


def pairwise_tests(found: Ranking) -> pd.DataFrame:
    """All ranked methods against each other over datasets, each a mean over its networks.

    Returns
    -------
    DataFrame
        ``statistics.compare_methods`` of the logarithms, Holm's correction over all pairs of methods.
    """
    logs = found.by_dataset.rename_axis("dataset").melt(var_name="method", value_name="log_ratio", ignore_index=False).dropna()
    return compare_methods(logs.reset_index(), "log_ratio", "dataset", "method")


def against(tests: pd.DataFrame, method: str) -> pd.DataFrame:
    """Compare one method with every other for readers, the surest difference first.

    Returns
    -------
    DataFrame
        Texts: times that its ratio is higher with 95 % interval, and rank-biserial effect size.
    """
    rows = turned(tests, method).sort_values("p", kind="stable")
    times = np.exp(rows[["mean_difference", "low", "high"]]).rename(columns={"mean_difference": "times"})
    return pd.DataFrame({
        f"{label(method)} against": rows["against"].map(label), "datasets": rows["n_units"],
        "times": [f"{t.times:.2f} {_interval(t.low, t.high)}".strip() for t in times.itertuples()],
        "effect": rows["effect_size"].map("{:.2f}".format),
    })  # fmt: skip


def mean_numbers(found: Ranking) -> dict[str, object]:
    """Return the best method and the means of those that the page speaks of, to be glued.

    Returns
    -------
    dict of str to object
        ``best_method``, ``best_ratio``; ``ratio_<method>``: the geometric mean, NaN where a method did not run on
        all pairs; ``n_pairs``, ``n_datasets``: how many there are.
    """
    geometric = found.geometric
    best = found.methods[0] if found.methods else ""
    numbers: dict[str, object] = {
        "best_method": label(best), "best_ratio": float(geometric.get(best, np.nan)),
        "n_pairs": int(found.scored["pair"].nunique()), "n_datasets": len(set(found.datasets)),
    }  # fmt: skip
    return numbers | {f"ratio_{m}": float(geometric.get(m, np.nan)) for m in DESCRIBED}


def left_out_table(found: Ranking) -> pd.DataFrame:
    """Geometric mean with each dataset left out, and without both of blood stem cells.

    Returns
    -------
    DataFrame
        Texts, a line a method, a column a dataset left out (the first: none).
    """
    log = found.by_pair[[m for m in LEFT_OUT if m in found.by_pair]]
    columns: Mapping[str, np.ndarray] = {
        "none": np.zeros(len(log), dtype=bool),
        **{d: np.array(found.datasets) == d for d in dict.fromkeys(found.datasets)},
        "both mHSC": _blood(found),
    }
    texts = {name: _shown(np.exp(log[~cut].mean())) for name, cut in columns.items() if not cut.all()}
    return pd.DataFrame(texts).rename(index=label).rename_axis("left out")


def paper_table(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Every method by the paper's protocol, beside random scores by the same.

    Returns
    -------
    DataFrame
        Texts, a line a method, the highest AUPRC over that of random scores on top: its geometric mean over pairs and on how
        many pairs it is above random; the mean AUROC minus that of random scores, and on how many pairs that is above 0.
    """
    of = rows.groupby(["network", "dataset", "method"])[["paper_auprc", "paper_auroc"]].mean().unstack()
    if "random" not in of["paper_auprc"]:
        return pd.DataFrame()
    times = of["paper_auprc"].div(of["paper_auprc"]["random"], axis=0)
    more = of["paper_auroc"].sub(of["paper_auroc"]["random"], axis=0)
    means = np.exp(np.log(times).mean())
    ranked = sorted((m for m in methods if m in times and m != "random"), key=lambda m: -means[m])

    def above(values: pd.Series, limit: float) -> str:
        return f"{int((values > limit).sum())} of {int(values.notna().sum())}"

    lines = [(label(m), f"{means[m]:.2f}", above(times[m], 1), f"{more[m].mean():+.3f}", above(more[m], 0)) for m in ranked]
    columns = ["method", "AUPRC / random", "pairs above random", "AUROC minus random", "pairs above it"]
    return pd.DataFrame(lines, columns=columns)


def _blood(found: Ranking) -> np.ndarray:
    return np.array([dataset.startswith("mHSC") for dataset in found.datasets], dtype=bool)


def blood_numbers(found: Ranking) -> dict[str, float]:
    """What the two sets of blood stem cells make of the scores.

    Returns
    -------
    dict of str to float
        ``blood_rank`` (0 where it is not ranked) of ``blood_methods``: where the chosen method stands by the geometric mean
        without both sets; ``clr_blood`` and ``clr_other``: the highest ratio of CLR on a pair of these sets and on another pair,
        and ``correlation_blood``: that of correlation on the former; NaN where there is none.
    """
    ratios, blood = np.exp(found.by_pair), _blood(found)
    highest = {"clr_blood": np.nan, "clr_other": np.nan, "correlation_blood": np.nan}
    if "clr" in ratios and blood.any() and not blood.all():
        top = ratios.loc[blood, "clr"].idxmax()
        highest = {"clr_blood": ratios.loc[top, "clr"], "clr_other": ratios.loc[~blood, "clr"].max()}
        highest["correlation_blood"] = ratios["correlation"].get(top, np.nan) if "correlation" in ratios else np.nan
    means = found.by_pair[[m for m in LEFT_OUT if m in found.by_pair]][~blood].mean().sort_values(ascending=False)
    order = list(means.index)
    rank = order.index("grnular-cells") + 1 if "grnular-cells" in order else 0
    return {"blood_rank": rank, "blood_methods": len(order)} | {name: float(value) for name, value in highest.items()}


def target_numbers(chance: pd.DataFrame) -> dict[str, float]:
    """How many of a network's true edges end in a TF, over datasets, to be glued.

    Returns
    -------
    dict of str to float
        ``into_tfs_low``, ``_high``: percent of the true edges; ``into_tfs_times_low``, ``_high``: over the share of the
        candidates.
    """
    of = chance[chance["network"] == "STRING"]
    shares, times = of["true_into_tfs"], of["true_into_tfs"] / of["candidates_into_tfs"]
    return {
        "into_tfs_low": 100 * float(shares.min()),
        "into_tfs_high": 100 * float(shares.max()),
        "into_tfs_times_low": float(times.min()),
        "into_tfs_times_high": float(times.max()),
    }
