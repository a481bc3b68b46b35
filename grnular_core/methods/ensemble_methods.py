"""The registry's methods that fit many regressions to one gene: tree ensembles and TIGRESS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from grnular_core.methods import correlation as baselines
from grnular_core.methods.correlation import Scores
from grnular_core.utils.chunks import PartStore, fingerprint

if TYPE_CHECKING:
    from grnular_core.methods.ensembles import Ensemble
    from grnular_core.methods.registry import Run, Work


def arboreto_trees(ensemble: Ensemble, restored: bool = True) -> Callable[[Work, Run], Scores]:
    """arboreto's own route, part by part on disk."""

    def scores(work: Work, run: Run) -> Scores:
        from grnular_core.methods.arboreto import tree_scores

        importance, cpu_seconds = tree_scores(
            ensemble, work.expression, work.genes, work.tfs, run.seed, restored, run.n_jobs,
            run.progress, _parts(ensemble if restored else f"{ensemble}-shipped", work, run),
        )  # fmt: skip
        return Scores(importance, _signs(work), cpu_seconds)

    return scores


def compiled_trees(ensemble: Ensemble) -> Callable[[Work, Run], Scores]:
    """The same trees from compiled loops."""

    def scores(work: Work, run: Run) -> Scores:
        from grnular_core.methods.ensembles import ensemble_scores

        importance = ensemble_scores(
            ensemble, work.expression, work.tf_index, run.seed, run.n_jobs, run.progress
        )
        return Scores(importance, _signs(work))

    return scores


def tigress_scores(work: Work, run: Run) -> Scores:
    from grnular_core.methods.tigress import tigress

    return tigress(
        work.expression, work.tf_index, run.seed, n_jobs=run.n_jobs, progress=run.progress,
        parts=_parts("tigress", work, run),
    )  # fmt: skip


def _parts(label: str, work: Work, run: Run) -> PartStore | None:
    """Where finished parts of this very computation are kept."""
    if run.parts is None:
        return None
    data = fingerprint(work.expression, work.genes, work.tfs)
    return PartStore(run.parts, f"{label}-seed{run.seed}-{data}")


def _signs(work: Work) -> np.ndarray:
    """Trees do not say which way a TF acts; the correlation does."""
    return np.sign(baselines.pearson(work.expression, work.tf_index))
