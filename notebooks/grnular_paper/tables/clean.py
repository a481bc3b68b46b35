"""Tables of the page on clean data (Fig. 4): cell types, correlation within them, compiled trees.

Parameters
----------
recorded : DataFrame
    Rows of the experiment "clean", ``grids.rows``: ``panel`` has the number of cell types, ``place`` that of cells.
n_graphs, n_cells : int
    The first test graphs of each point, and their cells.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.simulation.simulate import Simulation
from grnular_paper import grids, verdicts
from grnular_paper.records import KEY
from grnular_paper.synthetic import replicate_of

# a verdict on growth, which is claimed for methods of the paper alone, as an answer
GROWS = {verdicts.REPRODUCED: "yes", verdicts.PARTLY: "in part", verdicts.NOT_REPRODUCED: "no"}

OF_ONE_RUN = [name for name in KEY if name not in ("experiment", "method")]
TREES = ("grnboost2", "genie3")
FORESTS = ("genie3", "genie3-tuned")  # no curve of the page


def glasso_spread(recorded: pd.DataFrame) -> dict[str, float]:
    """How far GLASSO's strict AUPRC reaches over the test graphs of two points.

    Returns
    -------
    dict of str to float
        ``lasso_<types>_low`` and ``_high``.
    """
    rows = recorded[(recorded["method"] == "glasso") & (recorded["cells"].astype(int) == 100)]
    numbers = {}
    for types in (2, 10):
        scores = rows.loc[rows["cell_types"].astype(int) == types, "strict_auprc"].astype(float)
        numbers |= {f"lasso_{types}_low": float(scores.min()), f"lasso_{types}_high": float(scores.max())}
    return numbers


def growth_with_types(recorded: pd.DataFrame) -> pd.DataFrame:
    """Test that AUPRC grows from 2 to 10 cell types, method by method, by the paper's protocol.

    Returns
    -------
    DataFrame
        A line a method with or without the TF list: whether it grows by the test over networks, number of networks, points
        where AUPRC grows, mean difference with its interval, p.
    """
    lines = []
    for (method, known), rows in recorded.groupby(["method", "tf_information"], sort=False):
        of = rows[rows["panel"].isin([2, 10])]
        of = of.assign(point=of["place"].map("M = {}".format), method="C = " + of["panel"].astype(str))
        found = verdicts.verdict(of, "C = 10", ["C = 2"], "paper_auprc")
        test = next(found.tests.itertuples())
        lines.append(
            {
                "method": label(method), "TF list": known, "AUPRC grows": GROWS.get(found.word, found.word),
                "networks": test.networks, "grows at": f"{test.points_above} of {test.points} points",
                "mean difference": verdicts.with_interval(test.difference, test.low, test.high),
                "p": verdicts.p_in_words(test.p),
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def _correlation_of_pairs(expression: np.ndarray, simulation: Simulation) -> tuple[float, float, float]:
    """Mean absolute correlation of a TF and a gene, for true pairs, for all others, and how often true is above."""
    z = expression - expression.mean(0)
    z = z / np.maximum(z.std(0), 1e-9)
    r = np.abs(z[:, simulation.tf_index].T @ z / len(z))
    others = ~simulation.adjacency
    others[np.arange(len(r)), simulation.tf_index] = False
    true, other = r[simulation.adjacency], r[others]
    return float(true.mean()), float(other.mean()), float((true[:, None] > other).mean())


def _without_type_means(expression: np.ndarray, cell_types: np.ndarray) -> np.ndarray:
    """Expression (cells, genes) with each gene's mean of the cell's type, from 0 on, taken away."""
    means = [expression[cell_types == kind].mean(0) for kind in range(cell_types.max() + 1)]
    return expression - np.stack(means)[cell_types]


def correlation_by_types(n_graphs: int = 5, n_cells: int = 1000) -> tuple[pd.DataFrame, dict[str, float]]:
    """``_correlation_of_pairs`` over all cells and within types, for each number of cell types.

    Returns
    -------
    table : DataFrame
        Two lines a number of types, means over graphs.
    numbers : dict of str to float
        ``why_over_false_<types>``, ``why_within_above_<types>`` and their like.
    """
    lines, numbers = [], {}
    for c in grids.CELL_TYPES:
        found: dict[str, list] = {"over all cells": [], "within types": []}
        for replicate in range(n_graphs):
            made = replicate_of("clean", replicate, n_cells, c)
            within = _without_type_means(made.expression, made.cell_types)
            found["over all cells"].append(_correlation_of_pairs(made.expression, made))
            found["within types"].append(_correlation_of_pairs(within, made))
        for where, values in found.items():
            true, other, above = np.mean(values, axis=0)
            lines.append((c, where, true, other, above))
            short = where.split()[0]
            numbers[f"why_{short}_false_{c}"] = float(other)
            numbers[f"why_{short}_above_{c}"] = float(above)
    names = ["cell types", "correlation", "true pairs", "other pairs", "true above other"]
    return pd.DataFrame(lines, columns=names), numbers


def compiled_against_arboreto(recorded: pd.DataFrame) -> pd.DataFrame:
    """GRNBoost2 and GENIE3 of the compiled loop against arboreto's, run by run.

    Runs are matched by their whole key: data, gene rule, sizes, replicate, TF information and seed.

    Parameters
    ----------
    recorded : DataFrame
        Rows of the record, of any experiments: its key columns, ``strict_auprc``, ``cpu_seconds``.

    Returns
    -------
    DataFrame
        A line a method and dataset: number of matched runs, the largest difference of strict AUPRC as a
        share of arboreto's, and medians of the CPU seconds of both. Empty without a matched run.
    """
    lines = []
    for _, of_experiment in recorded.groupby("experiment", sort=False):
        for name in TREES:
            pair = {name: "compiled", f"{name}-arboreto": "arboreto"}
            rows = of_experiment[of_experiment["method"].isin(pair)]
            wide = rows.assign(method=rows["method"].map(pair)).pivot(
                index=OF_ONE_RUN, columns="method", values=["strict_auprc", "cpu_seconds"]
            )
            if len(wide.columns) < 4:
                continue
            for dataset, runs in wide.dropna().groupby("dataset"):
                scores, seconds = runs["strict_auprc"], runs["cpu_seconds"].median()
                gap = (scores["compiled"] / scores["arboreto"] - 1).abs().max()
                lines.append(
                    {
                        "method": label(name), "data": dataset, "runs": len(runs),
                        "largest difference in AUPRC": f"{gap:.2%}",
                        "arboreto, CPU s": seconds["arboreto"],
                        "compiled, CPU s": seconds["compiled"],
                    }
                )  # fmt: skip
    return pd.DataFrame(lines)


def genie3_beside_grnboost2(recorded: pd.DataFrame) -> pd.DataFrame:
    """Mean strict AUPRC of both at every point, on the graphs that all have, with the TF list; tuned as well where recorded.

    Parameters
    ----------
    recorded : DataFrame
        Rows of ``grids.rows("clean", ..., extra=FORESTS)``.

    Returns
    -------
    DataFrame
        ``graphs`` and a column a method, indexed by point; empty where one of them is not recorded.
    """
    rows = recorded[recorded["tf_information"] == "with"]
    wide = rows.pivot(index=["point", "replicate"], columns="method", values="strict_auprc")
    tuned = [f"{name}{grids.TUNED}" for name in TREES if f"{name}{grids.TUNED}" in wide]
    wide = wide.reindex(columns=[*TREES, *tuned]).dropna()
    of_point = wide.groupby("point", sort=False)
    means = of_point.mean().rename(columns=label)
    means.insert(0, "graphs", of_point.size().astype(str))
    return means.loc[[point for point in dict.fromkeys(rows["point"]) if point in means.index]]
