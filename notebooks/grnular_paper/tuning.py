"""Tuning of competing methods on validation graphs, one setting for each range of simulations.

The paper tuned its baselines on training and validation graphs and does not say how. Here every setting of a
small grid is scored on validation graphs of the ranges that its models are trained on; the best one by mean
strict AUPRC is what the tuned methods of the registry run (``grnular_core.methods.tuned.SETTINGS``). No test
graph and no real network has a say.

Parameters
----------
rows : DataFrame
    Rows of the record "tuning".
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.methods.trees import Boosting
from grnular_core.methods.tuned import DEFAULTS, RANGES, Forest, Paths, Penalty, Settings, scores_with, settings_for
from grnular_core.plotting.style import label
from grnular_core.scoring.ranking import auprc_and_auroc
from grnular_core.training.batches import Batch, make_batches
from grnular_core.utils.errors import MethodError
from grnular_paper import grids
from grnular_paper.grids import TUNED, Point
from grnular_paper.records import SCORES
from grnular_paper.synthetic import TFInformation
from grnular_paper.tasks import Task

FAMILIES = dict(zip(RANGES, ("clean", "low-dropout", "DS1-like", "DS2-like"), strict=True))
GRIDS: tuple[tuple[str, TFInformation], ...] = (
    ("grnboost2", "with"), ("grnboost2", "without"), ("genie3", "with"), ("glasso", "with"),
    ("tigress", "with"), ("ridge", "with"),
)  # fmt: skip
# Validation graphs of a grid by family: few where a run is long.
N_VALIDATION = {
    ("grnboost2", "with"): (4, 4, 3, 2),
    ("grnboost2", "without"): (6, 4, 1, 1),
    ("genie3", "with"): (4, 4, 3, 1),
    ("glasso", "with"): (6, 4, 6, 4),
    ("tigress", "with"): (3, 4, 3, 2),
    ("ridge", "with"): (6, 6, 6, 2),
}
PENALTIES = {"glasso": (0.02, 0.05, 0.1, 0.2, 0.3, 0.5), "ridge": (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)}
STEPS, TRIED = (0.01, 0.03, 0.1), (0.1, 0.35, 1.0)  # of boosting
OTHER_DEPTHS = ((0.1, 2), (0.1, 1), (0.03, 2), (0.03, 1))  # with all TFs, by step
FOREST = Forest(n_trees=100)  # as its package has it, with a tenth of the trees
FORESTS = tuple(Forest(share, depth, 100) for share, depth in product((None, 1.0), (4, 8)))
PATHS = (
    *(Paths(steps, alpha) for steps, alpha in ((2, 0.2), (2, 0.4), (2, 0.8), (5, 0.2), (5, 0.8), (10, 0.4))),
    *(Paths(steps, area=False) for steps in (2, 5)),
)


@dataclass(frozen=True)
class Setting:
    """One setting of a competing method."""

    method: str  # a key of ``DEFAULTS``
    settings: Settings  # its values

    @property
    def values(self) -> str:
        """What readers see."""
        of = self.settings
        if isinstance(of, Boosting):
            depth = "" if of.depth == Boosting().depth else f", depth {of.depth}"
            return f"step {of.learning_rate:g}, {of.max_features:.0%} of the TFs{depth}"
        if isinstance(of, Forest):
            share = "the square root" if of.max_features is None else f"{of.max_features:.0%}"
            depth = "no limit of depth" if of.depth == Forest().depth else f"depth {of.depth}"
            return f"{share} of the TFs, {depth}, {of.n_trees} trees"
        if isinstance(of, Paths):
            score = "area" if of.area else "original"
            return f"{of.n_steps} steps, weights from {of.alpha:g}, {score} score"
        return "by cross-validation" if of.penalty is None else f"penalty {of.penalty:g}"

    @property
    def label(self) -> str:
        """The setting's name in the record."""
        return f"{self.method}: {self.values}"


def _default(method: str) -> Setting:
    """The setting of a method's own package; of GENIE3, which has 1,000 trees there, with 100."""
    return Setting(method, FOREST if method == "genie3" else DEFAULTS[method])


def _grid(method: str, known: TFInformation = "with") -> list[Setting]:
    """The settings that are tried, the package's own first."""
    tried: Iterable[Settings]
    if method == "grnboost2" and known == "without":
        tried = (
            *(Boosting(0.1, 0.1), Boosting(0.1, 0.35), Boosting(0.1, 0.35, depth=2), Boosting(0.1, 1.0, depth=2)),
            *(Boosting(step, 1.0, depth=1) for step in (0.03, 0.1)),
        )
    elif method == "grnboost2":
        others = [Boosting(step, 1.0, depth=depth) for step, depth in OTHER_DEPTHS]
        tried = [*(Boosting(*pair) for pair in product(STEPS, TRIED)), *others]
    elif method == "genie3":
        tried = FORESTS
    elif method == "tigress":
        tried = PATHS
    else:
        tried = [Penalty(penalty) for penalty in PENALTIES[method]]
    return list(dict.fromkeys(Setting(method, of) for of in (_default(method).settings, *tried)))


@dataclass(frozen=True)
class SettingTask(Task):
    """A setting of a competing method on the validation graphs of one family."""

    setting: Setting  # what is tried
    family: str  # a value of ``FAMILIES``
    n_graphs: int  # number of graphs
    known: TFInformation = "with"  # "with" or "without" the list of TFs
    experiment = "tuning"

    @property
    def label(self) -> str:
        """The run in words."""
        return f"{self.setting.label} on {self.family} ({self.known} TFs)"

    def _identities(self) -> list[Mapping[str, object]]:
        """A setting is recorded with all its graphs or not at all."""
        return [{"dataset": self.family, "network": "valid", "method": self.setting.label, "tf_information": self.known}]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> list[dict[str, object]]:
        """A row a graph; no AUPRC where the graphical lasso has no solution."""
        rows = []
        for replicate, (X, tf_index, truth, allowed) in enumerate(_graphs(self.family, self.n_graphs)):
            regulators = tf_index if self.known == "with" else np.arange(X.shape[1])
            began, cpu = time.perf_counter(), time.process_time()
            try:
                weight = scores_with(self.setting.method, self.setting.settings, X, regulators).weight
                weight = weight if self.known == "with" else weight[tf_index]
                auprc, auroc = auprc_and_auroc(weight[allowed], truth[allowed])
            except MethodError:
                auprc = auroc = None
            density = truth[allowed].mean()
            rows.append(
                dict.fromkeys(SCORES) | self.identities()[0] | {
                    "genes": X.shape[1], "cells": X.shape[0], "cell_types": None,
                    "dropout_percentile": None, "replicate": replicate, "seed": 0, "density": density,
                    "strict_auprc": auprc, "strict_auprc_ratio": None if auprc is None else auprc / density,
                    "strict_auroc": auroc, "seconds": time.perf_counter() - began,
                    "cpu_seconds": time.process_time() - cpu, "device": "cpu",
                }
            )  # fmt: skip
        return rows


def _graphs(family: str, n_graphs: int) -> Iterable[tuple[np.ndarray, ...]]:
    """Expression, TF positions, truth and candidates of every validation graph."""
    for batch in make_batches(((family, n_graphs),), "valid", n_jobs=1):
        of_batch: Batch = batch._replace(X=batch.X.double())
        yield from zip(*(t.numpy() for t in (*of_batch, batch.allowed)), strict=True)


def tasks() -> list[SettingTask]:
    """Every setting of every grid on the validation graphs of every family.

    Returns
    -------
    list of SettingTask
    """
    return [
        SettingTask(setting, family, n_graphs, known)
        for (method, known) in GRIDS
        for family, n_graphs in zip(FAMILIES.values(), N_VALIDATION[method, known], strict=True)
        for setting in _grid(method, known)
    ]


def _validation_means(
    rows: pd.DataFrame, method: str, known: TFInformation = "with", score: str = "strict_auprc"
) -> pd.DataFrame:
    """Mean score (settings, families) on validation graphs; NaN where one had no solution or is missing."""
    there = rows[(rows["network"] == "valid") & (rows["tf_information"] == known)]
    counts = dict(zip(FAMILIES.values(), N_VALIDATION[method, known], strict=True))
    there = there.astype({score: float, "replicate": int})
    there = there[there["replicate"] < there["dataset"].map(counts)]
    means = there.groupby(["method", "dataset"])[score].agg(lambda v: v.mean(skipna=False))
    order = [setting.label for setting in _grid(method, known) if setting.label in set(there["method"])]
    table = means.unstack().reindex(index=order, columns=list(FAMILIES.values()))
    return table.rename(index=lambda label: label.removeprefix(f"{method}: "))


def _chosen(rows: pd.DataFrame, method: str, known: TFInformation, trained_like: str) -> Setting:
    """The best setting of a method on the validation graphs of one range; of equal ones the first of the grid.

    It is the package's own where none is recorded.
    """
    family = FAMILIES[trained_like]
    means = _validation_means(rows, method, known)[family].dropna()
    own = [s for s in _grid(method, known) if s.values in means.index]
    return max(own, key=lambda s: means[s.values], default=Setting(method, DEFAULTS[method]))


def settings_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What readers see: a line a setting, its mean AUPRC on each family's validation graphs.

    The best setting of a method is marked ``*``, that of its package is called default.

    Returns
    -------
    DataFrame
        ``method, setting`` and a column a family; empty where it was not tried.
    """
    lines = []
    for method, known in GRIDS:
        means = _validation_means(rows, method, known)
        best = means.max()
        name = label(method) if known == "with" else f"{label(method)} without TFs"
        for values, of in means.iterrows():
            default = " (default but for the number of trees)" if method == "genie3" else " (default)"
            shown = values + (default if values == _default(method).values else "")
            tried = set(rows.loc[rows["method"] == f"{method}: {values}", "dataset"])
            cells = {family: _cell(of[family], of[family] == best[family]) if family in tried else "" for family in means}
            lines.append({"method": name, "setting": shown, **cells})
    return pd.DataFrame(lines)


def _cell(mean: float, is_best: bool) -> str:
    return "no solution" if np.isnan(mean) else f"{mean:.3f}{' *' if is_best else ''}"


def gains(rows: pd.DataFrame) -> pd.DataFrame:
    """What tuning gives on validation graphs: the package's own and the chosen setting of every range.

    Returns
    -------
    DataFrame
        ``method, range, setting, default, tuned``; a line a grid and range with graphs of its own.
    """
    lines = []
    for method, known in GRIDS:
        means = _validation_means(rows, method, known)
        for trained_like, family in FAMILIES.items():
            if means[family].isna().all():
                continue
            best = _chosen(rows, method, known, trained_like)
            name = method if known == "with" else f"{method} without TFs"
            pair = means[family].get(_default(method).values, np.nan), means[family][best.values]
            lines.append((name, trained_like, best.values, *pair))
    return pd.DataFrame(lines, columns=["method", "range", "setting", "default", "tuned"])


def by_auroc(rows: pd.DataFrame) -> tuple[int, int, float]:
    """What a choice of settings by AUROC, in place of AUPRC, would change.

    Returns
    -------
    tuple of int, int and float
        Grids and ranges with another best setting, all of them, and the largest loss of mean AUROC on validation graphs.
    """
    losses = []
    for method, known in GRIDS:
        of_auroc = _validation_means(rows, method, known, "strict_auroc")
        for trained_like, family in FAMILIES.items():
            if of_auroc[family].notna().any():
                best = _chosen(rows, method, known, trained_like)
                losses.append(of_auroc[family].max() - of_auroc[family][best.values])
    return sum(loss > 0 for loss in losses), len(losses), float(max(losses, default=0.0))


def rows_like_training(folder: Path, trained_like: str) -> pd.DataFrame:
    """Recorded test graphs with as many cells as those of training.

    Parameters
    ----------
    folder : Path
    trained_like : str
        "clean", "noisy", whose dropout is 25 % here, or "DS1".

    Returns
    -------
    DataFrame
        Rows of one point of the experiment.
    """
    point = {"clean": Point("clean", 1000, 5), "noisy": Point("noisy(25)", 1000, 5), "DS1": Point("DS1")}
    extra = ("genie3", f"genie3{TUNED}") if trained_like == "clean" else ()
    rows = grids.rows("ds" if trained_like == "DS1" else trained_like, folder, extra)
    return grids.at(point[trained_like], rows)


def meeting(of_grid: pd.DataFrame, trained_like: str) -> pd.DataFrame:
    """Package defaults, tuned settings and ours on the same test graphs of one point.

    Parameters
    ----------
    of_grid : DataFrame
        ``rows_like_training``.
    trained_like : str
        The range that the tuned settings are of.

    Returns
    -------
    DataFrame
        ``method, setting, graphs, mean AUPRC``; the default first, no line for what is not recorded.
    """
    names: list[tuple[str, str, str]] = []
    for method in DEFAULTS:
        best = Setting(method, settings_for(method, trained_like)).values
        names += [(method, method, Setting(method, DEFAULTS[method]).values), (method + TUNED, method, best)]
    names.append(("grnular-context", "grnular-context", "the weights of the package"))
    known = {"glasso": "without"}
    parts = []
    for name, method, values in names:
        of = of_grid[(of_grid["method"] == name) & (of_grid["tf_information"] == known.get(method, "with"))]
        if len(of):
            parts.append((method, values, of.set_index("replicate")["strict_auprc"].astype(float)))
    shared = set.intersection(*(set(of.index) for *_, of in parts)) if parts else set()
    return pd.DataFrame(
        [(m, s, len(shared), of[of.index.isin(shared)].mean()) for m, s, of in parts],
        columns=["method", "setting", "graphs", "mean AUPRC"],
    )
