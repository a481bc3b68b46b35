"""Tables and numbers of the page on training: variants of the paper's training, choices on validation graphs, released weights.

Parameters
----------
curves : DataFrame
    Recorded rows of "readings".
recipes : dict
    Names of training variants and their recipes, the reference first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd

from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import read_trained
from grnular_paper import readings

TITLES = {"clean": "no dropout", "low-dropout": "dropout 0 or 25 %"}
RANGES = TITLES | {f"{of}-like": f"range of {of}" for of in readings.LARGE}
PUBLISHED = tuple(f"{model}-{graphs}" for model in ("grnular", "glad", "glad-tf") for graphs in ("clean", "noisy", "DS1", "DS2"))


def readings_table(curves: pd.DataFrame, recipes: Mapping[str, Recipe]) -> pd.DataFrame:
    """AUPRC on validation graphs before training and at the best epoch, and the difference to the first variant.

    Returns
    -------
    DataFrame
        Texts, a line a recorded variant: for each family of graphs the mean start and the mean best with its range over
        the seeds that all of them have, and the difference seed by seed with its range.
    """
    found = _shared(readings.best(curves), list(recipes))
    first = next(iter(recipes))
    lines = []
    for name in (name for name in recipes if name in set(found["reading"])):
        line: dict[str, str] = {"variant": name}
        for family in readings.GRAPHS:
            own = found[(found["graphs"] == family) & (found["reading"] == name)].set_index("seed")
            base = found[(found["graphs"] == family) & (found["reading"] == first)].set_index("seed")
            title = TITLES.get(family, family)
            line[title] = f"{own['start'].mean():.3f} → {_range(own['best'])}" if len(own) else ""
            gap = (own["best"] - base["best"]).dropna()
            line[f"difference, {title}"] = "" if name == first else _range(gap, "+.3f")
        lines.append(line)
    return pd.DataFrame(lines)


def readings_caption(what: str, curves: pd.DataFrame, recipes: Mapping[str, Recipe]) -> str:
    """Say what ``readings_table`` shows, and over how many seeds.

    Parameters
    ----------
    what : str
        What the lines are, as the start of a sentence.

    Returns
    -------
    str
        Markdown.
    """
    seeds = _shared(readings.best(curves), list(recipes)).groupby("graphs")["seed"].nunique()
    of = ", ".join(f"{seeds[family]} with {TITLES[family]}" for family in readings.GRAPHS if family in seeds)
    return (
        f"{what}, strict AUPRC on validation graphs: untrained → at the best epoch, and its *difference* to the "
        f"first line seed by seed; means over seeds with their range in brackets (seeds: {of})."
    )


def _shared(found: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Rows of these readings, of the seeds that all of them recorded have in a family."""
    found = found[found["reading"].isin(names)]
    counts = found.groupby(["graphs", "seed"])["reading"].transform("nunique")
    return found[counts == found.groupby("graphs")["reading"].transform("nunique")]


def _range(values: pd.Series, form: str = ".3f") -> str:
    """Mean, least and largest of the seeds; the value alone if there is one."""
    if values.empty:
        return ""
    mean, low, high = (format(v, form) for v in (values.mean(), values.min(), values.max()))
    return mean if len(values) == 1 else f"{mean}<br>({low} to {high})"


def longer_numbers(curves: pd.DataFrame) -> dict[str, float | int]:
    """Where the training of ``readings.longer`` is best on validation graphs, and where it ends.

    Returns
    -------
    dict of str to number
        ``longer_best`` at epoch ``longer_epoch`` of ``longer_epochs``, ``longer_last`` after the last, ``longer_until``: the best
        of its first half, which is the released training. Empty where it is not recorded.
    """
    ((name, recipe),) = readings.longer().items()
    scores = curves[(curves["graphs"] == "DS2-like") & (curves["reading"] == name)].astype({"epoch": int})
    if scores.empty:
        return {}
    by_epoch = scores.set_index("epoch")["valid_auprc"].astype(float).sort_index()
    half = recipe.epochs // readings.LONGER
    return {
        "longer_best": by_epoch.max(), "longer_epoch": int(by_epoch.idxmax()), "longer_epochs": recipe.epochs,
        "longer_last": by_epoch[recipe.epochs], "longer_until": by_epoch.loc[:half].max(),
    }  # fmt: skip


def reading_numbers(curves: pd.DataFrame) -> dict[str, object]:
    """The variants that the page names, as means over seeds.

    Returns
    -------
    dict of str to object
        ``best_reading``, ``n_seeds``; ``<graphs>_start``, ``_printed``, ``_on_Z``, ``_cut``: AUPRC on validation graphs
        before training, and after it as printed, with the loss on Z, and with the inner gradient cut as well;
        ``<graphs>_chosen``: what validation chooses of P, H_d and beta; ``<graphs>_P5``, ``_P10`` and ``choice_seeds``:
        P = 5 and 10 with H_d = 100 and the loss of all iterations, over the seeds that both have; ``<graphs>_uncoupled``,
        ``_cells``, ``_coupled``: the second of these as it is, with the mean over cells alone and with the stronger coupling;
        ``ds1_P5``, ``ds1_P5_cells``, ``ds1_P10``, ``ds1_P10_cells`` and the same of ``ds2``: the variants of
        ``readings.scalings``; ``glad_ds1_start``,
        ``glad_ds1_best``, ``glad_ds1_variants``: GLAD and GLAD-TF untrained in the range of DS1, and the best and the number of
        their trainings there; those of ``longer_numbers``; ``<graphs>_gain``: the range of
        what training adds to the chosen variant, seed by seed.
    """
    names = {"printed": "reference", "on_Z": "loss on Z", "cut": "loss on Z, inner gradient cut"}
    found = _shared(readings.best(curves), list(names.values()))
    means = found.groupby(["graphs", "reading"])["best"].mean()
    start = found.groupby("graphs")["start"].mean()
    numbers: dict[str, object] = {"best_reading": readings.best_reading(curves), "n_seeds": int(found["seed"].nunique())}
    for family in readings.GRAPHS:
        key = family.replace("-", "_")
        numbers[f"{key}_chosen"] = readings.chosen(curves, family)
        numbers[f"{key}_start"] = float(start.get(family, float("nan")))
        for short, name in names.items():
            numbers[f"{key}_{short}"] = float(means.get((family, name), float("nan")))
    every = readings.best(curves)
    wide = readings.WIDE[10]
    last = {"P5": readings.WIDE[5], "P10": wide}
    numbers["choice_seeds"] = int(_shared(every, list(last.values()))["seed"].nunique())
    pulls = {"uncoupled": wide, "cells": f"{wide}, mean over cells alone", "coupled": f"{wide}, stronger coupling"}
    for names in (last, pulls):
        means = _shared(every, list(names.values())).groupby(["graphs", "reading"])["best"].mean()
        for family, (short, name) in product(readings.GRAPHS, names.items()):
            numbers[f"{family.replace('-', '_')}_{short}"] = float(means.get((family, name), float("nan")))
    for of in readings.LARGE:
        means = every[every["graphs"] == f"{of}-like"].groupby("reading")["best"].mean()
        for name, short in zip(readings.scalings(of), ("P5", "P5_cells", "P10", "P10_cells"), strict=True):
            numbers[f"{of.lower()}_{short}"] = float(means.get(name, float("nan")))
    numbers |= longer_numbers(curves)
    glad = every[(every["graphs"] == "DS1-like") & every["reading"].isin(readings.glad_readings())]
    numbers |= {"glad_ds1_start": float(glad["start"].mean()), "glad_ds1_best": float(glad["best"].max())}
    numbers["glad_ds1_variants"] = len(glad)
    for family in readings.GRAPHS:
        key = family.replace("-", "_")
        of = every[(every["graphs"] == family) & (every["reading"] == numbers[f"{key}_chosen"])]
        gain = of["best"] - of["start"]
        numbers[f"{key}_gain"] = f"{gain.min():.3f} to {gain.max():.3f}"
    return numbers


def scalings_table(curves: pd.DataFrame) -> pd.DataFrame:
    """AUPRC on validation graphs in the ranges of DS1 and DS2, by the scale of Eq. 12 and by P.

    Returns
    -------
    DataFrame
        Texts, a line a recorded variant: ``range, variant``, number of ``seeds``, ``untrained``, and ``trained``, the best
        epoch; means over seeds with their range.
    """
    found = readings.best(curves)
    lines = [
        (of, name, str(len(own)), _range(own["start"]), _range(own["best"]))
        for of in readings.LARGE
        for name in readings.scalings(of)
        if len(own := found[(found["graphs"] == f"{of}-like") & (found["reading"] == name)])
    ]
    return pd.DataFrame(lines, columns=["range", "variant", "seeds", "untrained", "trained"])


def scaling_seeds(curves: pd.DataFrame) -> str:
    """How many seeds of each training with one P and one scale of Eq. 12 are recorded.

    Returns
    -------
    str
        Family by family; of one whose trainings differ in it, which have how many.
    """
    parts = []
    for family, title in RANGES.items():
        seeds = curves[curves["graphs"] == family].groupby("reading")["seed"].nunique()
        counts: dict[int, list[str]] = {}
        for scaling, name in readings.scaling_names(family).items():
            counts.setdefault(int(seeds.get(name, 0)), []).append(scaling)
        of = [str(n) if len(counts) == 1 else f"{n} ({'; '.join(names)})" for n, names in sorted(counts.items(), reverse=True)]
        parts.append(f"{title} {', '.join(of)}")
    return "; ".join(parts)


def kept_starts() -> str:
    """Published models of which validation keeps the untrained start.

    Returns
    -------
    str
        Their names.
    """
    table = weights_table()
    return ", ".join(table.loc[table["epoch by AUPRC"] == 0, "weights"])


def weights_table() -> pd.DataFrame:
    """The published models as released: their best epochs, and AUPRC and AUROC on validation graphs.

    Returns
    -------
    DataFrame
        ``weights``, best ``epoch by AUPRC`` and ``by AUROC``, ``untrained, trained`` (AUPRC at the first),
        ``AUROC`` (at the second) and ``last 3 epochs``, by how much AUPRC changed in these, a line a model.
    """
    lines = []
    for name in PUBLISHED:
        found = read_trained(name)
        seen, history = found.metadata["validation"], found.metadata["history"]
        by_auroc = max(history, key=lambda row: row["valid_auroc"])
        lines.append(
            {
                "weights": name,
                "epoch by AUPRC": seen["best_epoch"],
                "by AUROC": by_auroc["epoch"],
                "untrained": seen["untrained_auprc"],
                "trained": seen["auprc"],
                "AUROC": by_auroc["valid_auroc"],
                "last 3 epochs": history[-1]["valid_auprc"] - history[-4]["valid_auprc"],
            }
        )
    return pd.DataFrame(lines)


def live_table(history: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Epochs of a training that was run now.

    Parameters
    ----------
    history : sequence of dict
        Of ``readings.Reading.run``.

    Returns
    -------
    DataFrame
        ``epoch, loss, AUPRC, AUROC``; the loss as text, empty before the first epoch.
    """
    names = {"epoch": "epoch", "loss": "loss", "valid_auprc": "AUPRC", "valid_auroc": "AUROC"}
    table = pd.DataFrame(history)[list(names)].rename(columns=names)
    return table.assign(loss=["" if pd.isna(loss) else f"{loss:.3f}" for loss in table["loss"]])
