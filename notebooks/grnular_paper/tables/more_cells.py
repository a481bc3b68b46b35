"""Tables of the page on more real cells: means over sets by kind of network, how sure they are, and what controls reach.

A method's score on a set is the geometric mean over the set's networks of a kind of AUPRC / density, each a mean over
seeds. Means over sets are geometric; intervals come from drawing sets with replacement, the same draws for all methods.
Methods are compared that have run on all sets that any has.

Parameters
----------
rows : DataFrame
    Of the record ``more_cells``.
pairs : DataFrame
    Of the record ``more_pairs``.
kind : str
    A kind of network.
methods : sequence of str
    In the order shown; those without a row are left out.
tf_list : str
    Which TFs count, of ``more_runs.TF_LISTS``.
value : str
    Column of the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_paper.more_cells import SETS
from grnular_paper.more_networks import CHIP, CURATED, KINDS, MIXED
from grnular_paper.more_runs import BEELINE_LIST, STRICT_LIST

CONTROLS = ("degree", "target-mean", "target-is-tf", "random")  # they know no edge
SHOWN = (
    "grnular-curated", "grnular-cells", "grnular-context", "grnular", "glad-tf", "regdiffusion", "grnboost2",
    "grnboost2-tuned", "genie3", "genie3-100", "tigress", "glasso", "ridge", "correlation", "correlation-signed", "clr",
    "within-clusters",
    "cluster-correlation-4", "cluster-correlation-4-signed", "cluster-correlation-mean", "cluster-correlation-mean-signed",
    *CONTROLS,
)  # fmt: skip
OWN = ("grnular-curated", "grnular-cells", "grnular-context")
RATIO, OTHERS = "strict_auprc_ratio", "ratio_others"
REFERENCE = "correlation"
DRAWS = 10_000
LEVEL = 0.95
PREFIXES = {CURATED: "curated", CHIP: "chip", MIXED: "mixed"}


def set_scores(
    rows: pd.DataFrame, kind: str, methods: Sequence[str] = SHOWN, tf_list: str = BEELINE_LIST, value: str = RATIO
) -> pd.DataFrame:
    """Return the score of every method on every set.

    Returns
    -------
    DataFrame, shape (sets, methods)
        Only methods that have all sets; 0 of a network makes the score 0.
    """
    chosen = rows[(rows["kind"] == kind) & (rows["tf_list"] == tf_list)]
    means = chosen.groupby(["dataset", "method", "network"])[value].mean().astype(float)
    with np.errstate(divide="ignore"):
        wide = np.exp(np.log(means).groupby(["dataset", "method"]).mean()).unstack("method")
    wide = wide.reindex(index=[name for name in SETS if name in wide.index])
    return wide[[name for name in methods if name in wide and wide[name].notna().all()]]


def geometric_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean over sets of every method, with its interval.

    Parameters
    ----------
    scores : DataFrame, shape (sets, methods)
        Of ``set_scores``, or a ratio of two columns of it.

    Returns
    -------
    DataFrame
        ``mean, low, high`` by method; the interval is NaN with fewer than two sets.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(scores.to_numpy(dtype=float))
    mean, low, high = logs.mean(axis=0) if len(logs) else np.nan, np.nan, np.nan
    if len(logs) > 1:
        drawn = np.random.default_rng(0).integers(len(logs), size=(DRAWS, len(logs)))
        tail = 100 * (1 - LEVEL) / 2
        low, high = np.percentile(logs[drawn].mean(axis=1), [tail, 100 - tail], axis=0)
    return pd.DataFrame({"mean": np.exp(mean), "low": np.exp(low), "high": np.exp(high)}, index=scores.columns)


def best_control(scores: pd.DataFrame) -> str:
    """Return the control with the highest geometric mean over sets.

    Parameters
    ----------
    scores : DataFrame
        Of ``set_scores``.

    Returns
    -------
    str
        Empty where no control is recorded.
    """
    controls = [name for name in CONTROLS if name in scores]
    return max(controls, key=lambda name: geometric_means(scores[[name]])["mean"].iloc[0], default="")


def kind_table(rows: pd.DataFrame, kind: str, methods: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Compare methods on one kind of network.

    Returns
    -------
    DataFrame
        Texts, a line a method, the best on top, controls among them. ``AUPRC / density``: geometric mean over sets with its
        95 % interval; ``strict TFs``: the same where only TFs of the stricter list count; ``targets no TFs``: over such
        targets; ``sets won``: where no other method is higher, controls left out of the race; ``above correlation``: sets,
        and ``least``: the smallest ratio to correlation on any set; ``over the best control``: ratio with its interval,
        which shows by how much a method tells edges and not only levels or lists.
    """
    scores = set_scores(rows, kind, methods)
    if scores.empty:
        return pd.DataFrame()
    means = geometric_means(scores).sort_values("mean", ascending=False)
    extra = {
        "strict TFs": set_scores(rows, kind, methods, STRICT_LIST),
        "targets no TFs": set_scores(rows, kind, methods, value=OTHERS),
    }
    extra = {name: geometric_means(found)["mean"] for name, found in extra.items()}
    won, control = _sets_won(scores), best_control(scores)
    beside = scores.div(scores[REFERENCE], axis=0) if REFERENCE in scores else scores * np.nan
    over = geometric_means(scores.div(scores[control], axis=0)) if control else None
    lines = {}
    for name, of in means.iterrows():
        line = {"AUPRC / density": _interval(of)}
        line |= {column: _two(values.get(name, np.nan)) for column, values in extra.items()}
        line["sets won"] = "control" if name in CONTROLS else f"{won[name]} of {len(scores)}"
        line["above correlation"] = "" if name == REFERENCE else f"{int((beside[name] > 1).sum())} of {len(scores)}"
        line["least"] = "" if name == REFERENCE else _two(beside[name].min())
        if control:
            line[f"over {label(control)}"] = "" if name == control else _interval(over.loc[name])
        lines[label(name)] = line
    return pd.DataFrame(lines).T.rename_axis("method").reset_index()


def _sets_won(scores: pd.DataFrame) -> pd.Series:
    """In how many sets a method has the highest score; controls take no part."""
    racing = scores.drop(columns=[name for name in CONTROLS if name in scores])
    return racing.eq(racing.max(axis=1), axis=0).sum().astype(int)


def variant_table(variants: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Compare readouts on the sets that they have not seen.

    Parameters
    ----------
    variants : DataFrame
        The recorded table ``readout_variants``; its first variant is the one that the others are compared with.
    recorded : DataFrame
        The recorded table ``more_cells``, with correlation.

    Returns
    -------
    DataFrame
        Texts, a line a variant: the geometric mean over sets of each kind, and on curated networks the ratio to the first
        variant with its interval, sets above correlation, and the least ratio to correlation on a set.
    """
    rows = variants.assign(method=variants["variant"], tf_list=BEELINE_LIST)
    names = list(rows["variant"].unique())
    means = {kind: geometric_means(set_scores(rows, kind, names))["mean"] for kind in PREFIXES}
    curated = set_scores(rows, CURATED, names)
    over = geometric_means(curated.div(curated[names[0]], axis=0))
    beside = curated.div(set_scores(recorded, CURATED, [REFERENCE])[REFERENCE], axis=0)
    lines = [
        {"readout": name, **{kind: _two(of.get(name, np.nan)) for kind, of in means.items()}}
        | {"curated, over the first": "" if name == names[0] else _interval(over.loc[name])}
        | {"above correlation": f"{int((beside[name] > 1).sum())} of {len(beside)}", "least": _two(beside[name].min())}
        for name in names
    ]
    return pd.DataFrame(lines)


def choice_numbers(
    variants: pd.DataFrame, choices: Sequence[str], compared: Mapping[str, str] | None = None
) -> dict[str, float | str]:
    """Score, on curated networks, the readout that the other sets choose for each set.

    Parameters
    ----------
    variants : DataFrame
        The recorded table ``readout_variants``.
    choices : sequence of str
        Variants to choose from; the first is the one that was chosen by all sets.
    compared : mapping of str to str, optional
        Key -> variant: its score over that of the first, geometric mean over sets.

    Returns
    -------
    dict
        ``choice_ratio, first_ratio``: geometric means over sets of the chosen variants and of the first; ``choice_names``: the
        chosen ones and for how many sets; the keys of ``compared``, and with ``chip_`` before them the same on ChIP networks.
    """
    compared = compared or {}
    rows = variants.assign(method=variants["variant"], tf_list=BEELINE_LIST)
    whole = np.log(set_scores(rows, CURATED, list(dict.fromkeys([*choices, *compared.values()]))))
    chip = geometric_means(set_scores(rows, CHIP, list(whole)))["mean"]
    logs = whole[[name for name in whole if name in choices]]
    chosen = [logs.drop(index=name).mean().idxmax() for name in logs.index]
    found = [logs.loc[name, choice] for name, choice in zip(logs.index, chosen, strict=True)]
    counts = pd.Series(chosen).value_counts()
    return {
        "choice_ratio": float(np.exp(np.mean(found))),
        "first_ratio": float(np.exp(logs[choices[0]].mean())),
        "choice_names": ", ".join(f"“{name}” for {count} of {len(chosen)} sets" for name, count in counts.items()),
        **{key: float(np.exp((whole[name] - whole[choices[0]]).mean())) for key, name in compared.items()},
        **{f"chip_{key}": float(chip[name] / chip[choices[0]]) for key, name in compared.items() if name in chip},
    }


def network_table(rows: pd.DataFrame, methods: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Geometric mean over sets of AUPRC / density on every network by itself.

    Returns
    -------
    DataFrame
        Texts, a line a method, a column a network with its kind and number of sets; empty where a method lacks one of these.
    """
    columns = {}
    for network in (name for name in KINDS if name in set(rows["network"])):
        scores = set_scores(rows[rows["network"] == network], KINDS[network], methods)
        columns[f"{network} ({KINDS[network]}, {len(scores)} sets)"] = geometric_means(scores)["mean"]
    table = pd.DataFrame(columns).reindex([name for name in methods if any(name in of for of in columns.values())])
    return table.map(_two).rename(index=label).rename_axis("method").reset_index()


def set_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Sizes of the sets as methods see them.

    Returns
    -------
    DataFrame
        A line a set of the record: what it is, cells, genes, and TFs of both lists.
    """
    lines = []
    for name, of in ((name, pairs[pairs["dataset"] == name]) for name in SETS):
        if len(of):
            tfs = of.groupby("tf_list")["tfs"].first().astype(int)
            lines.append(
                {
                    "set": name, "species": SETS[name].species, "cells of": SETS[name].what,
                    "cells": int(of["cells"].iloc[0]), "genes": int(of["genes"].iloc[0]),
                    "TFs": int(tfs.get(BEELINE_LIST, 0)), "TFs, strict list": int(tfs.get(STRICT_LIST, 0)),
                }
            )  # fmt: skip
    return pd.DataFrame(lines)


def pair_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """What is left of every network in every set: TFs with a target / true edges / density; in brackets where it is not scored.

    Returns
    -------
    DataFrame
        Texts, sets down, networks across; a dash where there is no such network for the species.
    """
    of = pairs[pairs["tf_list"] == BEELINE_LIST]
    cells = {}
    for row in of.itertuples():
        sizes = f"{row.regulators:.0f} / {row.true:.0f} / {100 * row.density:.2g} %"
        cells[row.dataset, row.network] = sizes if row.kept else f"({sizes})"
    sets = [name for name in SETS if name in set(of["dataset"])]
    networks = [name for name in KINDS if name in set(of["network"])]
    lines = [{"set": name, **{n: cells.get((name, n), "–") for n in networks}} for name in sets]
    return pd.DataFrame(lines)


def kind_numbers(rows: pd.DataFrame, kind: str) -> dict[str, float | int | str]:
    """Numbers of one kind for the sentences of the page.

    Returns
    -------
    dict of str to float, int or str
        With ``curated_``, ``chip_`` or ``mixed_`` before it: ``sets``; ``best`` method in words with its ``best_ratio``,
        ``best_low``, ``best_high``; ``control`` in words with its ``control_ratio``; how many of ``methods`` are surely
        above it, by the interval of their ratio (``surely``); ``ratio_<method>`` of every
        method; ``models``: the models of this work with their ratios, in words. Empty of no rows.
    """
    scores = set_scores(rows, kind)
    if scores.empty:
        return {}
    means, control = geometric_means(scores), best_control(scores)
    inferring = [name for name in scores if name not in CONTROLS]
    best = means.loc[inferring, "mean"].idxmax()
    found: dict[str, float | int | str] = {
        "sets": len(scores), "methods": len(inferring), "best": label(best), "best_ratio": means.loc[best, "mean"],
        "best_low": means.loc[best, "low"], "best_high": means.loc[best, "high"],
    }  # fmt: skip
    if control:
        over = geometric_means(scores[inferring].div(scores[control], axis=0))
        found |= {"control": label(control), "control_ratio": means.loc[control, "mean"], "surely": int((over["low"] > 1).sum())}
    found |= {f"ratio_{name}": means.loc[name, "mean"] for name in scores}
    shown = [name for name in OWN if name != best]
    ratios = (f"{means.loc[name, 'mean']:.2f}" if name in scores else "(not recorded for all sets)" for name in shown)
    said = [f"{label(name)} {ratio}" for name, ratio in zip(shown, ratios, strict=True)]
    found["models"] = f"{', '.join(said[:-1])} and {said[-1]}"
    return {f"{PREFIXES[kind]}_{name}": value for name, value in found.items()}


def curated_numbers(rows: pd.DataFrame) -> dict[str, float | int | str]:
    """Compare the method that was fitted on curated networks with all others, for the sentences of the page.

    Returns
    -------
    dict of str to float, int or str
        ``fitted_over``, ``fitted_low``, ``fitted_high``: its ratio to the best other method (``fitted_other``, in words; models
        that it joins among them) on curated networks; ``fitted_others`` (``_low``, ``_high``): the same over no-TF targets;
        ``fitted_above``: sets of ``fitted_sets`` where it is above correlation;
        ``fitted_least``: its least ratio to correlation, on ``fitted_where``; ``fitted_chip``: its ratio to correlation on ChIP
        networks; ``fitted_umi``: its geometric mean over the ``fitted_umi_sets`` sets with molecule counts, and ``fitted_reads``
        the other sets with their ratios, in words; ``fitted_range``: the lowest and the highest of the former. Empty without
        rows of it.
    """
    scores, method = set_scores(rows, CURATED), "grnular-curated"
    if method not in scores or REFERENCE not in scores:
        return {}
    others = [name for name in scores if name not in (*CONTROLS, method)]
    other = geometric_means(scores[others])["mean"].idxmax()
    over = geometric_means(scores[[method]].div(scores[other], axis=0)).iloc[0]
    no_tfs = set_scores(rows, CURATED, [method, other], value=OTHERS)
    no_tfs = geometric_means(no_tfs[[method]].div(no_tfs[other], axis=0)).iloc[0]
    beside = scores[method] / scores[REFERENCE]
    chip = geometric_means(set_scores(rows, CHIP))["mean"]
    found = {
        "other": label(other), "over": over["mean"], "low": over["low"], "high": over["high"], "sets": len(scores),
        "others": no_tfs["mean"], "others_low": no_tfs["low"], "others_high": no_tfs["high"],
        "above": int((beside > 1).sum()), "least": beside.min(), "where": beside.idxmin(),
        "chip": chip[method] / chip[REFERENCE],
    }  # fmt: skip
    umi = scores.index.map(lambda name: SETS[name].umi).to_numpy(dtype=bool)
    reads = [f"{name} with {ratio:.1f}" for name, ratio in scores.loc[~umi, method].items()]
    over_umi = geometric_means(scores.loc[umi, [method]])["mean"].item()
    span = scores.loc[umi, method].sort_values().iloc[[0, -1]]
    span = " to ".join(f"{ratio:.1f} ({name})" for name, ratio in span.items())
    found |= {"umi": over_umi, "umi_sets": int(umi.sum()), "reads": ", ".join(reads), "range": span}
    return {f"fitted_{name}": value for name, value in found.items()}


def density_numbers(rows: pd.DataFrame) -> dict[str, float]:
    """Share of the candidates that are edges of CollecTRI, over sets, to be glued.

    Returns
    -------
    dict of str to float
        ``edges_low`` and ``edges_high`` in percent; empty without rows of the network.
    """
    of = rows[(rows["network"] == "CollecTRI") & (rows["tf_list"] == BEELINE_LIST)]
    density = 100 * of.groupby("dataset")["density"].first().astype(float)
    return {} if density.empty else {"edges_low": density.min(), "edges_high": density.max()}


def live_numbers(live: pd.DataFrame, recorded: pd.DataFrame) -> dict[str, float | int]:
    """How many rows were computed now, how many are recorded too, and how far both are apart.

    Parameters
    ----------
    live, recorded : DataFrame
        Rows computed now, perhaps none, and recorded.

    Returns
    -------
    dict of str to number
        ``live_rows``, ``record_rows``, ``live_record_pairs``, and ``live_record_percent``: the largest difference of AUPRC or
        AUROC, in percent of the recorded value.
    """
    found = {"live_rows": len(live), "record_rows": len(recorded), "live_record_pairs": 0, "live_record_percent": 0.0}
    if len(live):
        on = ["dataset", "network", "tf_list", "method", "seed"]
        both = live.astype({"seed": str}).merge(recorded, on=on, suffixes=("", "_recorded"))
        gaps = [(both[c] / both[f"{c}_recorded"] - 1).abs().max() for c in ("strict_auprc", "strict_auroc")]
        found |= {"live_record_pairs": len(both), "live_record_percent": 100 * float(np.nanmax([*gaps, 0.0]))}
    return found


def live_table(live: pd.DataFrame) -> pd.DataFrame:
    """List the rows computed now, with scores over BEELINE's list of TFs.

    Parameters
    ----------
    live : DataFrame
        Rows of a run, perhaps none.

    Returns
    -------
    DataFrame
        Set, network, method, seed, density, strict AUPRC divided by it, and strict AUROC.
    """
    columns = {
        "dataset": "set", "network": "network", "method": "method", "seed": "seed", "density": "density",
        "strict_auprc_ratio": "AUPRC / density", "strict_auroc": "AUROC",
    }  # fmt: skip
    if live.empty:
        return pd.DataFrame(columns=list(columns.values()))
    shown = live[live["tf_list"] == BEELINE_LIST].rename(columns=columns)[list(columns.values())]
    return shown.assign(method=shown["method"].map(label))


def kind_caption(rows: pd.DataFrame, kind: str) -> str:
    """Say what ``kind_table`` shows, and of how many sets.

    Returns
    -------
    str
        Markdown.
    """
    columns = "Columns are those of the table of curated networks."
    if kind == CURATED:
        columns = (
            "*Strict TFs*: only TFs of the stricter list count; *targets no TFs*: edges into TFs are left out; *sets won*: "
            "no other method is higher, controls aside; *above correlation* and *least*: sets above it, and the smallest ratio "
            "to it; last: ratio to the best control."
        )
    return (
        f"Strict AUPRC / density on {kind} networks: geometric mean over {len(set_scores(rows, kind))} sets of cells with its "
        f"95 % interval, sets drawn with replacement. {columns}"
    )


def method_in_words(rows: pd.DataFrame) -> str:
    """Compare CLR with plain correlation on every kind of network, and say where it has its highest score.

    Returns
    -------
    str
        Markdown, the finding first; empty without rows of it.
    """
    parts, above, tops, method = [], 0, [], "clr"
    for kind in PREFIXES:
        scores = set_scores(rows, kind)
        if method not in scores or REFERENCE not in scores:
            continue
        means, beside = geometric_means(scores), scores[method] > scores[REFERENCE]
        above += means.loc[method, "mean"] > means.loc[REFERENCE, "mean"]
        ours, other = _interval(means.loc[method]), _two(means.loc[REFERENCE, "mean"])
        parts.append(f"{ours} against {other} on {kind} networks (above it on {beside.sum()} of {len(scores)} sets)")
        tops += [(scores.loc[name, method], scores.loc[name, REFERENCE], name, kind) for name in scores.index]
    if not parts:
        return ""
    top, there, name, kind = max(tops)
    count = f"{above} of {len(parts)} kinds" if above else f"none of the {len(parts)} kinds"
    return (
        f"**{label(method)} is above plain correlation on {count} of networks**: {', '.join(parts)}. Its highest score on one "
        "set, "
        f"{_two(top)} on *{name}* ({kind}), stands beside {_two(there)} of correlation there: that set is an easy one for "
        "most methods."
    )


def open_methods(rows: pd.DataFrame, methods: Sequence[str] = SHOWN) -> str:
    """Tell which methods are not recorded for all sets.

    Returns
    -------
    str
        A sentence; empty where all are.
    """
    sets = rows.groupby("method")["dataset"].nunique()
    left = [label(name) for name in methods if sets.get(name, 0) < rows["dataset"].nunique()]
    if not left:
        return ""
    return f"On some of the sets alone: **{', '.join(left)}**; `make paper` computes the rest."


def _interval(of: pd.Series) -> str:
    alone = _two(of["mean"])
    return alone if np.isnan(of["low"]) else f"{alone} [{of['low']:.2f}, {of['high']:.2f}]"


def _two(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"
