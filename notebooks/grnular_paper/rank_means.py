"""Rank means: do the scores of two methods together find what GRNULar-context alone misses.

GRNULar-context is behind correlation on DS3, and sees little of regulation that is not monotone. A pair's mean rank over
methods is the plainest way to join them. Graphs are fresh: validation graphs of the simulator, SERGIO's networks with
other edges, and networks of ``nonlinear`` that its own table does not have. On DS2 and DS3 themselves the mean rank is
scored that is best on these.

Parameters
----------
rows : DataFrame
    The recorded table ``rank_means``: ``setting, replicate, methods, density, strict_auprc``, a row a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import RunOptions, method, run_method
from grnular_core.plotting.style import label
from grnular_core.scoring.strict import strict_scores
from grnular_core.simulation.simulate import simulate, tf_names, truth_table
from grnular_core.training.batches import first_seed
from grnular_paper import nonlinear
from grnular_paper.records import write_table
from grnular_paper.synthetic import as_dataset, replicate_of

TABLE = "rank_means"
FIRST = "grnular-context"
JOINED: tuple[tuple[str, ...], ...] = (
    (FIRST,), ("grnular",), ("grnboost2",), ("correlation",),
    (FIRST, "grnular"), (FIRST, "grnboost2"), (FIRST, "correlation"), (FIRST, "correlation", "ridge"),
)  # fmt: skip
BEST = (FIRST, "grnular")  # on networks of DS3's size with other edges, and where regulation is not monotone
SIMULATED = {"clean": 10, "noisy(25)": 10, "DS2-rewired": 3, "DS3-rewired": 3}  # presets and their numbers of graphs
NOT_MONOTONE = ("product", "exclusive or", "square")
TESTED = {"DS2": 6, "DS3": 6}  # numbers of noise replicates


class _Graph(NamedTuple):
    """Cells as methods see them, and what they are scored against."""

    data: GRNDataset
    truth: pd.DataFrame
    genes: Sequence[str]
    tfs: Sequence[str]
    like: str  # whose trained weights the published model takes


def _graphs(setting: str) -> Iterator[_Graph]:
    """Draw the graphs of a setting."""
    for replicate in range((SIMULATED | TESTED).get(setting, nonlinear.REPLICATES)):
        if setting in NOT_MONOTONE:
            data = nonlinear.network_cells(setting, nonlinear.REPLICATES + replicate)
            yield _Graph(data, data.truth, data.genes, data.tfs, "")
        else:
            drawn = replicate_of(setting, replicate) if setting in TESTED else simulate(setting, first_seed("valid") + replicate)
            like = "DS1" if setting.startswith("DS") else ""
            yield _Graph(as_dataset(drawn), truth_table(drawn), drawn.genes(), tf_names(drawn), like)


def _joined(setting: str) -> list[tuple[str, ...]]:
    """Choose what is scored in a setting: no trees on hundreds of genes, where they take many minutes a graph."""
    kept = JOINED if setting not in TESTED else ((FIRST,), ("grnular",), ("correlation",), BEST)
    return [of for of in kept if not (setting.startswith("DS") and "grnboost2" in of)]


def _weights(graph: _Graph, name: str) -> pd.Series:
    """Score every pair by a method, indexed by regulator and target."""
    own = method(name).papers_weights(graph.like) if graph.like else None
    edges = run_method(graph.data, name, RunOptions(device="cpu", weights=own)).edges
    return edges.set_index(["regulator", "target"])["weight"].rename(name)


def mean_ranks(weights: Sequence[pd.Series]) -> pd.DataFrame:
    """Join methods by the mean of their ranks.

    Parameters
    ----------
    weights : sequence of Series
        Scores of pairs, indexed by regulator and target; a pair that a method leaves out scores 0.

    Returns
    -------
    DataFrame
        An edge table, ``regulator, target, weight``: weight is the mean over methods of the rank as a share of all pairs,
        1 for the strongest.
    """
    ranks = pd.concat(weights, axis=1).fillna(0.0).rank(pct=True)
    return ranks.mean(axis=1).rename("weight").reset_index()


def _measure(settings: Sequence[str] = (*SIMULATED, *NOT_MONOTONE, *TESTED)) -> pd.DataFrame:
    """Score single methods and rank means on the graphs of all settings."""
    rows = []
    for setting in settings:
        joined = _joined(setting)
        for replicate, graph in enumerate(_graphs(setting)):
            weights = {name: _weights(graph, name) for name in dict.fromkeys(name for of in joined for name in of)}
            for of in joined:
                edges = mean_ranks([weights[name] for name in of])
                found = strict_scores(edges, graph.truth, graph.genes, graph.tfs)
                rows.append((setting, replicate, " + ".join(of), found["density"], found["auprc"]))
    return pd.DataFrame(rows, columns=["setting", "replicate", "methods", "density", "strict_auprc"])


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate means over graphs.

    Returns
    -------
    DataFrame
        Texts: mean strict AUPRC, a line a method or mean rank and one for random scores, a column a setting.
    """
    means = rows.pivot_table(index="methods", columns="setting", values="strict_auprc", sort=False)
    means.loc["random"] = rows.groupby("setting")["density"].mean()
    means.index = [" + ".join(label(name).removesuffix(" (this work)") for name in of.split(" + ")) for of in means.index]
    shown = means.map(lambda mean: "–" if np.isnan(mean) else f"{mean:.3f}")
    return shown.rename(columns=_in_words).rename_axis("method, or mean rank of").reset_index()


def _in_words(setting: str) -> str:
    """Name a setting as readers see it."""
    named = {"clean": "no noise", "noisy(25)": "25 % dropout"}
    return named.get(setting, f"like {setting.removesuffix('-rewired')}" if setting in SIMULATED else setting)


def numbers(rows: pd.DataFrame) -> dict[str, float]:
    """Return the means by name, as ``rank_product_grnular-context+grnular``.

    Returns
    -------
    dict of str to float
        And what joining with the published model costs GRNULar-context, ``rank_cost_clean`` and ``rank_cost_noisy(25)``.
    """
    means = rows.groupby(["setting", "methods"])["strict_auprc"].mean()
    found = {f"rank_{setting.replace(' ', '_')}_{of.replace(' + ', '+')}": float(mean) for (setting, of), mean in means.items()}
    costs = {f"rank_cost_{name}": float(means[name, FIRST] - means[name, " + ".join(BEST)]) for name in ("clean", "noisy(25)")}
    return found | costs


def counts(rows: pd.DataFrame) -> str:
    """Say how many graphs a setting has.

    Returns
    -------
    str
    """
    numbers = rows.groupby("setting", sort=False)["replicate"].nunique()
    return ", ".join(f"{number} of {_in_words(name)}" for name, number in numbers.items())


if __name__ == "__main__":
    write_table(TABLE, _measure())
