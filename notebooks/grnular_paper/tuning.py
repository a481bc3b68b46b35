"""Tuning of competing methods: GLASSO's penalty, GRNBoost2's step and how many TFs it tries.

The paper tuned its baselines and does not say how. Here every setting of a small grid is scored on
validation graphs, those that chose our own models too; the best one of each data set, the one that the
figures show (the package's own) and ours then meet on test graphs.

Parameters
----------
rows : DataFrame
    Rows of the record "tuning".
name : str
    The preset.
expression : ndarray, shape (cells, genes)
    Expression of every cell.
tf_index : ndarray, shape (tfs,)
    Position of each TF among the genes.
penalty : float, optional
    Of the graphical lasso; None for the one by cross-validation.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.methods.correlation import standardised
from grnular_core.methods.glasso import partial_correlations
from grnular_core.methods.trees import ARBORETO_SETTINGS, Boosting, ensemble_scores
from grnular_core.scoring.ranking import auprc_and_auroc
from grnular_core.training.batches import Batch, make_batches
from grnular_core.utils.errors import MethodError
from grnular_paper.records import Record
from grnular_paper.runs import run_missing
from grnular_paper.synthetic import graph_row

PRESETS = ("clean", "noisy(25)", "DS1-like")
PENALTIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
STEPS, TRIED = (0.01, 0.03, 0.1), (0.1, 0.35, 1.0)
N_VALIDATION, N_TEST = 6, 10
TREES, LASSO = "grnboost2", "glasso"


@dataclass(frozen=True)
class Setting:
    """One setting of a competing method.

    Attributes
    ----------
    method : str
        ``LASSO`` or ``TREES``.
    penalty : float, optional
        Of GLASSO; None for the one by cross-validation.
    boosting : Boosting
        Of GRNBoost2.
    """

    method: str
    penalty: float | None = None
    boosting: Boosting = ARBORETO_SETTINGS

    @property
    def values(self) -> str:
        """What readers see."""
        if self.method == LASSO:
            return "by cross-validation" if self.penalty is None else f"penalty {self.penalty:g}"
        b = self.boosting
        return f"step {b.learning_rate:g}, {b.max_features:.0%} of the TFs"

    @property
    def label(self) -> str:
        """The setting's name in the record."""
        return f"{self.method}: {self.values}"

    def scores(self, expression: np.ndarray, tf_index: np.ndarray) -> np.ndarray:
        """Scores of all edges with this setting.

        Returns
        -------
        ndarray, shape (tfs, genes)
            Scores, large for likely edges.

        Raises
        ------
        MethodError
            Where the graphical lasso has no solution.
        """
        if self.method == LASSO:
            return fixed_glasso(expression, tf_index, self.penalty)
        return ensemble_scores(TREES, expression, tf_index, 0, 1, boosting=self.boosting)


USED = (Setting(LASSO), Setting(TREES))


def settings() -> list[Setting]:
    """The grid, the settings that the figures show first.

    Returns
    -------
    list of Setting
        Each once.
    """
    lasso = [Setting(LASSO, penalty) for penalty in PENALTIES]
    trees = [Setting(TREES, boosting=Boosting(*pair)) for pair in product(STEPS, TRIED)]
    return list(dict.fromkeys([*USED, *lasso, *trees]))


def fixed_glasso(expression: np.ndarray, tf_index: np.ndarray, penalty: float | None) -> np.ndarray:
    """Absolute partial correlations of the graphical lasso with this penalty.

    Returns
    -------
    ndarray, shape (tfs, genes)
        Absolute values; 0 for genes without variance.

    Raises
    ------
    MethodError
        Where it finds no solution, as for small penalties on few cell types.
    """
    from sklearn.covariance import graphical_lasso

    from grnular_core.methods.glasso import glasso

    if penalty is None:
        return glasso(expression, tf_index).weight
    z = standardised(expression)
    there = z.any(0)  # a gene without variance has no partial correlation
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            precision = graphical_lasso(np.cov(z[:, there], rowvar=False, bias=True), penalty)[1]
    except (FloatingPointError, ValueError) as error:
        raise MethodError(f"no solution with the penalty {penalty:g} ({error})") from error
    whole = np.zeros((z.shape[1],) * 2)
    whole[np.ix_(there, there)] = precision
    return np.abs(partial_correlations(whole, tf_index))


@dataclass(frozen=True)
class SettingTask:
    """A setting of a competing method on graphs of one preset.

    Attributes
    ----------
    setting : Setting
        What is tried.
    preset : str
        Name of the preset.
    part : str
        "valid" for graphs to choose by, "test" for those to compare on.
    n_graphs : int
        Number of graphs.
    """

    setting: Setting
    preset: str
    part: str
    n_graphs: int
    experiment = "tuning"

    @property
    def label(self) -> str:
        """The run in words."""
        return f"{self.setting.label} on {self.preset} ({self.part})"

    @property
    def data(self) -> object:
        """Simulated anew by each."""
        return self.label

    def identities(self) -> list[dict[str, object]]:
        """A setting is on record with all its graphs or not at all.

        Returns
        -------
        list of dict
            One, with the columns ``dataset``, ``network`` and ``method``.
        """
        return [{"dataset": self.preset, "network": self.part, "method": self.setting.label}]

    def run(
        self, *, device: str = "cpu", n_jobs: int = 1, parts: Path | None = None
    ) -> list[dict[str, object]]:
        """A row a graph; no AUPRC where the graphical lasso has no solution.

        Parameters
        ----------
        device : str
            Not used: both methods run on the CPU.
        n_jobs : int
            Not used: one process.
        parts : Path, optional
            Not used: a run is short.

        Returns
        -------
        list of dict
            Rows of the record, without provenance.
        """
        rows = []
        graphs = _graphs(self.preset, self.part, self.n_graphs)
        for replicate, (X, tf_index, truth, allowed) in enumerate(graphs):
            began, cpu = time.perf_counter(), time.process_time()
            try:
                weight = self.setting.scores(X, tf_index)
                auprc, auroc = auprc_and_auroc(weight[allowed], truth[allowed])
            except MethodError:
                auprc = auroc = None
            density = truth[allowed].mean()
            row = graph_row(self.preset, self.setting.label, replicate, density, auprc, auroc)
            rows.append(
                row | {
                    "network": self.part, "genes": X.shape[1], "cells": X.shape[0],
                    "seconds": time.perf_counter() - began,
                    "cpu_seconds": time.process_time() - cpu, "device": "cpu",
                }
            )  # fmt: skip
        return rows


def _graphs(name: str, part: str, n_graphs: int) -> Iterable[tuple[np.ndarray, ...]]:
    """Expression, TF positions, truth and candidates of every graph."""
    for batch in make_batches(((name, n_graphs),), part):
        of_batch: Batch = batch._replace(X=batch.X.double())
        yield from zip(*(t.numpy() for t in (*of_batch, batch.allowed)), strict=True)


def run_missing_settings(folder: Path, say: Callable[[str], None] = print) -> list[str]:
    """Run what is not on record: the grid on validation graphs, then on test graphs what ``chosen`` names.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.
    say : callable
        Gets a line for every setting that was run.

    Returns
    -------
    list of str
        A line for each that failed.
    """
    tasks = [SettingTask(s, name, "valid", N_VALIDATION) for name in PRESETS for s in settings()]
    failures = run_missing(folder, tasks, say=say)
    rows = Record("tuning", folder).rows()
    tasks = [SettingTask(s, name, "test", N_TEST) for name in PRESETS for s in chosen(rows, name)]
    return failures + run_missing(folder, tasks, say=say)


def chosen(rows: pd.DataFrame, name: str) -> list[Setting]:
    """The used setting of each method, and its best on the validation graphs of one data set.

    Returns
    -------
    list of Setting
        Each once.
    """
    pairs = zip(USED, best_settings(rows, name), strict=True)
    return list(dict.fromkeys(setting for pair in pairs for setting in pair))


def best_settings(rows: pd.DataFrame, name: str) -> list[Setting]:
    """The best setting of each method on the validation graphs; the used one where none is on record.

    Returns
    -------
    list of Setting
        One for each of ``USED``.
    """
    means = _validation_table(rows)[name].dropna()
    found = []
    for used in USED:
        own = [s for s in settings() if s.method == used.method and s.label in means.index]
        found.append(max(own, key=lambda s: means[s.label], default=used))
    return found


def _validation_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean strict AUPRC (settings, data sets); nan where a graph had no solution."""
    there = rows[rows["network"] == "valid"].astype({"strict_auprc": float})
    means = there.groupby(["method", "dataset"])["strict_auprc"].agg(lambda v: v.mean(skipna=False))
    order = [setting.label for setting in settings() if setting.label in set(there["method"])]
    return means.unstack().reindex(index=order, columns=list(PRESETS))


def settings_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What readers see: a line a setting, its mean AUPRC on each data set's validation graphs.

    The best setting of a method is marked ``*``, the one that the figures show is named so.

    Returns
    -------
    DataFrame
        ``method, setting``, which is shown in the figures, and a column a preset.
    """
    means, lines = _validation_table(rows), []
    top = {(s.method, name): s for name in PRESETS for s in best_settings(rows, name)}
    for setting in settings():
        if setting.label not in means.index:
            continue
        shown = "shown in the figures" if setting in USED else ""
        cells = {
            name: _cell(means[name][setting.label], top.get((setting.method, name)) == setting)
            for name in PRESETS
        }
        lines.append({"method": setting.method, "setting": setting.values, "": shown, **cells})
    return pd.DataFrame(lines)


def _cell(mean: float, is_best: bool) -> str:
    return "no solution" if np.isnan(mean) else f"{mean:.3f}{' *' if is_best else ''}"


def meeting(
    rows: pd.DataFrame, grid: pd.DataFrame, name: str, ours: str = "grnular-context"
) -> pd.DataFrame:
    """The used and the best settings, and ours, on the same test graphs of one dataset.

    Parameters
    ----------
    rows, grid : DataFrame
        Rows on record of "tuning", and of the experiment.
    name : str
        The preset.
    ours : str
        A method of this work.

    Returns
    -------
    DataFrame
        ``method, setting, graphs, mean AUPRC``; no line for what is not on record.
    """
    there = rows[(rows["network"] == "test") & (rows["dataset"] == name)]
    wanted = [s for s in chosen(rows, name) if s.label in set(there["method"])]
    point = grid[(grid["dataset"] == name) & (grid["method"] == ours)]
    point = point[point["replicate"].isin(there["replicate"]) & (point["tf_information"] == "with")]
    if len(there):
        sizes = there.iloc[0][["cells", "cell_types"]]
        point = point[(point[["cells", "cell_types"]] == sizes).all(axis=1)]
    parts = [
        (s.method, s.values, there.loc[there["method"] == s.label, "strict_auprc"]) for s in wanted
    ]
    parts.append((ours, "as it ships", point["strict_auprc"]))
    return pd.DataFrame(
        [
            {
                "method": m,
                "setting": s,
                "graphs": len(found),
                "mean AUPRC": found.astype(float).mean(),
            }
            for m, s, found in parts
            if len(found)
        ]
    )
