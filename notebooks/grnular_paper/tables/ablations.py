"""Tables of the page on ablations: trained against untrained, the mask, tuned methods, speed.

Parameters
----------
recorded : DataFrame
    Rows of ``learning.rows``.
ablations : DataFrame
    Rows of ``learning.ablation_rows``.
mask : DataFrame
    Of ``ablations.mask_effect``: ``cells, threshold, glad, glad-tf``, the lowest threshold first.
speed : DataFrame
    ``size, graphs, threads, way, wall_ms, wall_ratio``.
quality : DataFrame
    ``size, way, auprc, ratio``.
met : DataFrame
    Of ``tuning.meeting``: ``method, setting, mean AUPRC``.
rows : DataFrame
    Rows of ``ablations.Variant``.
dataset : str
    "clean" or "noisy(25)".
methods, replicates, device
    Which methods run, on how many test graphs of each dataset, and where torch runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.methods.tuned import DEFAULTS
from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import compare_methods
from grnular_core.training.weights import read_trained
from grnular_paper import learning
from grnular_paper.records import area_gaps, gap_in_words
from grnular_paper.runs import run_now
from grnular_paper.synthetic import synthetic_tasks

WITHOUT_TRAINING = ("correlation", "clr", "ridge", "grnboost2")
GLUED = ("grnular-context", "grnular-untrained", "grnular", "glad-tf", "glasso", *WITHOUT_TRAINING)
NO_LIST = ", no TF list"
PLACES = {"clean": "clean", "noisy(25)": "dropout25"}  # dataset -> prefix of its glued numbers
WAYS = {"plain": "plain", "in_place": "GRNULar", "products": "bare products", "modules": "layer by layer"}


def setting_numbers(recorded: pd.DataFrame) -> dict[str, object]:
    """Mean strict AUPRC in every setting, and the best method that is not unrolled.

    Returns
    -------
    dict of str to object
        ``<setting>_<method>``: mean with the TF list, NaN without a run; ``<setting>_ratio``, ``_best_other``,
        ``_best_score``, ``_best_graphs`` of GRNULar-context against the best method without training;
        ``<setting>_graphs``: the most that a method has;
        ``dropout25_glad_alone``, ``clean_glad``, ``clean_trees_without``: without the list.
    """
    means = recorded.groupby(["setting", "tf_information", "method"])["strict_auprc"].mean()
    numbers: dict[str, object] = {}
    for setting in learning.SETTINGS:
        for name in GLUED:
            numbers[f"{setting}_{name}"] = float(means.get((setting, "with", name), np.nan))
        ahead = learning.lead(recorded, setting, WITHOUT_TRAINING)
        numbers |= {
            f"{setting}_ratio": ahead.times, f"{setting}_best_other": label(ahead.other),
            f"{setting}_best_score": ahead.score, f"{setting}_best_graphs": ahead.graphs,
            f"{setting}_graphs": int(recorded.loc[recorded["setting"] == setting, "replicate"].nunique()),
        }  # fmt: skip
    for key, setting, method in (
        ("dropout25_glad_alone", "dropout25", "glad"),
        ("clean_glad", "clean", "glad"),
        ("clean_trees_without", "clean", "grnboost2"),
    ):
        numbers[key] = float(means.get((setting, "without", method), np.nan))
    return numbers


def paired_numbers(recorded: pd.DataFrame) -> dict[str, float]:
    """Return p after Holm's correction of GLAD-TF against GLAD, and of GLAD against GRNBoost2 without the TF list.

    Returns
    -------
    dict of str to float
        ``p_glad_tf_clean``, ``p_glad_tf_dropout25``; ``p_glad_trees`` on ``glad_trees_graphs`` clean graphs.
    """
    of = learning.paired_tests(recorded, "glad-tf")
    of = of[of["against"] == label("glad") + NO_LIST].set_index("setting")
    p = pd.to_numeric(of["p (Holm)"], errors="coerce")
    numbers = {f"p_glad_tf_{setting}": float(p.get(learning.TITLES[setting], np.nan)) for setting in ("clean", "dropout25")}
    of = learning.paired_tests(recorded, "glad", "without")
    same = of["against"] == label("grnboost2") + NO_LIST
    trees = of[same & (of["setting"] == learning.TITLES["clean"])]
    p = pd.to_numeric(trees["p (Holm)"], errors="coerce")
    return numbers | {"p_glad_trees": float(p.min()), "glad_trees_graphs": int(trees["graphs"].min()) if len(trees) else 0}


def live_table(methods: Sequence[str], replicates: int, recorded: pd.DataFrame, device: str) -> tuple[pd.DataFrame, str]:
    """Methods on the first clean and noisy test graphs, run now.

    Returns
    -------
    table : DataFrame
        Mean strict AUPRC (methods, datasets).
    text : str
        The largest difference of any area to the record, in words.
    """
    live, _ = run_now(synthetic_tasks(list(PLACES), methods, range(replicates)), device=device)
    key = ["dataset", "replicate", "method"]
    both = live.astype({"replicate": str}).merge(recorded, on=key, suffixes=("", "_recorded"))
    gap = float(area_gaps(both).max(axis=None))
    table = live.pivot_table(index="method", columns="dataset", values="strict_auprc")
    text = f"{len(both)} of {len(live)} are recorded; {gap_in_words(gap)}"
    return table.rename(index=label), text


def mask_table(mask: pd.DataFrame) -> pd.DataFrame:
    """``glad_mask.mask_effect`` as readers see it.

    Returns
    -------
    DataFrame
        The same with the methods' labels.
    """
    named = mask.assign(cells=mask["cells"].map("{:.0f}".format)).rename(columns=label)
    return named.rename(columns={"cells": "cells a graph"})


def mask_numbers(mask: pd.DataFrame) -> dict[str, object]:
    """Return the page's numbers on GLAD-TF's mask.

    Returns
    -------
    dict of str to object
        ``mask_most_cells``, ``mask_most_threshold``: where the mask has its largest effect, ``mask_most_moves`` in words, below
        a difference of 0.005 hardly any; the AUPRC there, with the best threshold of 100 and of 1,000 cells, and
        on validation graphs before and after training.
    """
    best = mask.groupby("cells")[["glad", "glad-tf"]].max()
    gains = mask["glad-tf"] - mask["glad"]
    most, gain = mask.loc[gains.abs().idxmax()], float(gains[gains.abs().idxmax()])
    small = "has hardly any effect"
    words = small if abs(gain) < 0.005 else "raises the score" if gain > 0 else "lowers the score"
    numbers: dict[str, object] = {
        "mask_most_cells": f"{most['cells']:,.0f}", "mask_most_threshold": f"{most['threshold']:g}", "mask_most_moves": words,
    }  # fmt: skip
    for name in ("glad", "glad-tf"):
        numbers[f"mask_most_{name}"] = float(most[name])
        numbers[f"mask_few_{name}"] = float(best.loc[100, name])
        numbers[f"mask_many_{name}"] = float(best.loc[1000, name])
        validated = read_trained(f"{name}-clean").metadata["validation"]
        for key in ("auprc", "untrained_auprc"):
            numbers[f"{name}_{key}"] = validated[key]
    return numbers


def algorithm_numbers(ablations: pd.DataFrame) -> dict[str, float]:
    """Algorithm 1 (the base model) against Algorithm 2, untrained on clean graphs.

    Returns
    -------
    dict of str to float
        ``base_auprc``, ``base_seconds``, ``algorithm2_auprc``, ``algorithm2_seconds``; ``base_p`` of a Wilcoxon test;
        ``ablation_graphs``: the graphs that each variant is scored on, the fewest.
    """
    rows = ablations[(ablations["dataset"] == "clean") & (ablations["base"] == "untrained")]
    pair = rows[rows["factor"] == "algorithm"]
    numbers = {}
    for value, key in (("1 (base)", "base"), ("2", "algorithm2")):
        of = pair[pair["value"] == value]
        numbers[f"{key}_auprc"] = float(of["strict_auprc"].mean())
        numbers[f"{key}_seconds"] = float(of["seconds"].mean())
    test = compare_methods(pair, "strict_auprc", "replicate", "method").iloc[0]
    graphs = ablations.groupby(["base", "dataset", "factor", "value"])["replicate"].nunique()
    return numbers | {"base_p": float(test["p"]), "ablation_graphs": int(graphs.min())}


def variant_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean strict AUPRC of variants that were run now.

    Returns
    -------
    DataFrame
        Variants x datasets, in the order of the rows.
    """
    return rows.pivot_table(index="method", columns="dataset", values="strict_auprc", sort=False)


def tuned_numbers(met: pd.DataFrame, dataset: str) -> dict[str, float]:
    """Return the chosen and the package's own setting of each method on test graphs, beside GRNULar-context.

    Returns
    -------
    dict of str to float
        ``tuned_<method>_<place>``, ``used_<method>_<place>``, ``tuned_ours_<place>``; NaN for what is not recorded.
    """
    numbers: dict[str, float] = {}
    place = PLACES[dataset]
    for method in ("grnular-context", *DEFAULTS):
        means = met.loc[met["method"] == method, "mean AUPRC"].astype(float).tolist()
        if method == "grnular-context":
            numbers[f"tuned_ours_{place}"] = means[0] if means else np.nan
            continue
        numbers[f"used_{method}_{place}"] = means[0] if means else np.nan
        numbers[f"tuned_{method}_{place}"] = means[1] if len(means) > 1 else np.nan
    return numbers


def validation_numbers(gains: pd.DataFrame) -> dict[str, float]:
    """Return what tuning gives on validation graphs.

    Parameters
    ----------
    gains : DataFrame
        Of ``tuning.gains``.

    Returns
    -------
    dict of str to float
        ``valid_<method>_<range>``, with the chosen setting, and the same with ``_default``; a method of more than one
        word has dashes in its name.
    """
    numbers: dict[str, float] = {}
    for line in gains.itertuples():
        name = f"valid_{line.method}_{line.range}".replace(" ", "-")
        numbers |= {name: float(line.tuned), f"{name}_default": float(line.default)}
    return numbers


def speed_table(speed: pd.DataFrame) -> pd.DataFrame:
    """Milliseconds of a forward pass, way by way, as multiples of its bare matrix products.

    Returns
    -------
    DataFrame
        The same with readable names.
    """
    shown = speed.assign(way=speed["way"].map(WAYS))
    shown = shown[["size", "graphs", "threads", "way", "wall_ms", "wall_ratio"]]
    return shown.rename(columns={"wall_ms": "ms a graph", "wall_ratio": "times the products"})


def speed_numbers(speed: pd.DataFrame, training: pd.DataFrame) -> dict[str, float]:
    """How near the loop is to its products, how far ahead of ordinary modules, and how long a training takes.

    Parameters
    ----------
    training : DataFrame
        Recorded trainings: ``recipe``, ``epochs`` and ``seconds``.

    Returns
    -------
    dict of str to float
        ``speed_small`` (two threads), ``speed_small_one``, ``speed_large``: multiples of the products;
        ``speed_modules``: the least ratio of ordinary modules to ours, NaN without their runs; ``training_seconds``: the
        median of the recorded trainings of the published model for clean cells, each of ``training_epochs``.
    """
    of = speed.set_index(["way", "size", "graphs", "threads"]).sort_index()
    ours, modules = (of.loc[way] if way in of.index else None for way in ("in_place", "modules"))
    least = np.nan
    if modules is not None:
        small = ("small", 20)
        least = (modules.loc[small, "wall_ms"] / ours.loc[small, "wall_ms"]).min()
    published = training[training["recipe"] == "grnular-clean"]
    return {
        "speed_small": float(ours.loc[("small", 20, 2), "wall_ratio"]),
        "speed_small_one": float(ours.loc[("small", 20, 1), "wall_ratio"]),
        "speed_large": float(ours.loc[("large", 1, 2), "wall_ratio"]),
        "speed_modules": float(least),
        "training_seconds": float(published["seconds"].median()),
        "training_epochs": float(published["epochs"].max()),
    }


def quality_numbers(quality: pd.DataFrame) -> dict[str, float]:
    """How much faster than the code of 2020 GRNULar-context is, at which accuracy.

    Returns
    -------
    dict of str to float
        ``quality_<size>``: the ratio; ``quality_<size>_auprc`` and ``_old``: mean AUPRC of both. NaN without a run.
    """
    fast = quality[quality["way"] == "ships"].set_index("size")
    old = quality[quality["way"] == "2020"].set_index("size")
    numbers = {}
    for size in ("small", "large"):
        numbers[f"quality_{size}"] = float(fast["ratio"].get(size, np.nan))
        numbers[f"quality_{size}_auprc"] = float(fast["auprc"].get(size, np.nan))
        numbers[f"quality_{size}_old"] = float(old["auprc"].get(size, np.nan))
    return numbers
