"""Competing methods with settings chosen on simulated validation graphs, as the paper tuned its baselines.

The paper trains its models on four ranges of simulations, ``RANGES``: without technical noise ("clean"), half without dropout
and half with 25 % ("noisy"), and random networks in the range of SERGIO's DS1 and of its DS2. ``SETTINGS`` has the settings of
each method and range that have the highest mean strict AUPRC on validation graphs (``grnular_paper.tuning``). Who runs a
method says by ``RunOptions.trained_like`` which range the data are like, "noisy" where nothing is said. No real network and
no test graph had a part in it. Of boosted trees without a TF list, the package's own settings are the best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grnular_core.methods.correlation import pearson
from grnular_core.methods.glasso import glasso, glasso_fixed
from grnular_core.methods.interface import MethodInput, Progress, RunOptions, Scores
from grnular_core.methods.ridge import ridge
from grnular_core.methods.tigress import ALPHA, N_SPLITS, N_STEPS, tigress
from grnular_core.methods.trees import Boosting, Forest, ensemble_scores
from grnular_core.utils.errors import InputError

RANGES = ("clean", "noisy", "DS1", "DS2")


class Penalty(NamedTuple):
    """What a user of the graphical lasso or of ridge regression may set."""

    penalty: float | None = None  # None for the one by cross-validation


class Paths(NamedTuple):
    """What a user of TIGRESS may set; the defaults are the package's own."""

    n_steps: int = N_STEPS  # of each path of least-angle regression
    alpha: float = ALPHA  # lower end of the TFs' random weights
    area: bool = True  # the area score, or the original one
    n_splits: int = N_SPLITS  # of the cells into halves


Settings = Boosting | Forest | Penalty | Paths
DEFAULTS: dict[str, Settings] = {
    "grnboost2": Boosting(), "genie3": Forest(), "glasso": Penalty(), "tigress": Paths(), "ridge": Penalty(),
}  # fmt: skip
WITHOUT = "grnboost2 without TFs"  # the key of its settings there
STUMPS = Boosting(0.03, 1.0, depth=1)
SETTINGS: dict[str, dict[str, Settings]] = {
    "grnboost2": {"clean": Boosting(0.1, 1.0, depth=1), "noisy": STUMPS, "DS1": STUMPS, "DS2": Boosting(0.03, 1.0, depth=2)},
    WITHOUT: dict.fromkeys(RANGES, Boosting()),
    "genie3": {
        "clean": Forest(max_features=1.0, depth=4), "noisy": Forest(depth=4),
        "DS1": Forest(max_features=1.0, depth=4),
        "DS2": Forest(max_features=1.0, depth=4, n_trees=100),  # 1,000 trees take hours on real cells
    },
    "glasso": {"clean": Penalty(0.1), "noisy": Penalty(0.2), "DS1": Penalty(0.1), "DS2": Penalty(0.1)},
    "tigress": {"clean": Paths(5, 0.8), "noisy": Paths(2, 0.4), "DS1": Paths(5, 0.8), "DS2": Paths(10, 0.4)},
    "ridge": {"clean": Penalty(0.01), "noisy": Penalty(1.0), "DS1": Penalty(0.001), "DS2": Penalty(0.1)},
}


def settings_for(method: str, trained_like: str, every_gene: bool = False) -> Settings:
    """Look up the chosen settings.

    Parameters
    ----------
    method : str
        A key of ``DEFAULTS``.
    trained_like : str
        One of ``RANGES``.
    every_gene : bool
        Whether every gene may be a regulator.

    Returns
    -------
    Boosting, Forest, Penalty or Paths

    Raises
    ------
    InputError
        For another range.
    """
    if trained_like not in RANGES:
        raise InputError(f"unknown range {trained_like!r} of simulations; expected one of {', '.join(RANGES)}")
    key = WITHOUT if every_gene and method == "grnboost2" else method
    return SETTINGS[key][trained_like]


def tuned_method(method: str, given: MethodInput, options: RunOptions) -> Scores:
    """Run a competing method with the settings of ``options.trained_like``, as the registry calls it.

    Parameters
    ----------
    method : str
        A key of ``DEFAULTS``.
    given : MethodInput
    options : RunOptions
        Range, seed, jobs and progress.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        For an unknown range.
    MethodError
        Where the graphical lasso has no solution.
    """
    settings = settings_for(method, options.trained_like, len(given.tfs) == len(given.genes))
    return scores_with(
        method, settings, given.expression, given.tf_index, options.seed, options.n_jobs, options.progress
    )


def scores_with(
    method: str,
    settings: Settings,
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress | None = None,
) -> Scores:
    """Compute the scores of a competing method with any settings.

    Parameters
    ----------
    method : str
        A key of ``DEFAULTS``.
    settings : Boosting, Forest, Penalty or Paths
        Of the kind that ``DEFAULTS`` has for it.
    expression : ndarray, (cells, genes)
    tf_index : ndarray of int, (tfs,)
    seed : int
    n_jobs : int
        Threads or processes.
    progress : callable, optional
        Called with (done, all).

    Returns
    -------
    Scores
        Signs of trees and of TIGRESS are those of the correlation.

    Raises
    ------
    MethodError
        Where the graphical lasso has no solution.
    """
    data = expression, tf_index
    if isinstance(settings, Paths):
        return tigress(*data, seed, **settings._asdict(), n_jobs=n_jobs, progress=progress)
    if isinstance(settings, Penalty) and method == "ridge":
        return ridge(*data, seed, settings.penalty)
    if isinstance(settings, Penalty):
        return glasso(*data, n_jobs) if settings.penalty is None else glasso_fixed(*data, settings.penalty)
    kind = "boosting" if isinstance(settings, Boosting) else "forest"
    importance = ensemble_scores(method, *data, seed, n_jobs, progress, **{kind: settings})
    return Scores(importance, np.sign(pearson(*data)))
