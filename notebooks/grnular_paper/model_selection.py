"""Model selection: how the weights of this work were chosen, on simulations, and what each does on real data.

The tables are read from the record alone: most of the compared weights, and the families of graphs
that they were trained on, are no longer part of the package. A row's commit is where it can be made again.
No real network had a part in the selection.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from grnular_core.models.cells import inside_clusters
from grnular_core.models.problem import standardise
from grnular_core.scoring.statistics import mean_interval
from grnular_paper.real_data import recorded_pairs

ON_REAL_DATA, ON_SIMULATIONS, RESEMBLANCE = ("model_selection_real.csv", "model_selection_simulated.csv", "resemblance.csv")
# every recorded network of this work, and how it was trained
TRAINED = {
    "context-clean": "a network that sees context, by cross-entropy, on SERGIO's dynamics without technical noise",
    "context-chances": "first network of grnular-context: by cross-entropy, SERGIO's dynamics of many kinds and noise levels",
    "context-ranks": "a network by ranks, also on graphs with few cells and with many TFs, SERGIO's dynamics alone",
    "context-regulons": "second network of grnular-context: by ranks, both simulators, also few cells and many TFs",
    "grnular-context": "GRNULar with a rho_nn of two networks that see context, on both simulators",
    "context-deep": "a network by ranks, on regulons alone, most of them as deep as real cells",
    "context-associated": "a network by ranks, where TFs that are members of a regulon count as true, in amplified reads as "
    "well",
    "context-matched": "by ranks, as associated, with states of cells as strong and regulons as weak as in real cells",
    "context-uneven": "by ranks, as associated, with a few strong regulons among many weak ones in most graphs",
    "context-shrunk": "by ranks, on the graphs of associated and uneven, also sees shrunk ridge coefficients",
    "context-measured": "first network of grnular-cells: by ranks, on the family nearest to real cells; "
    "also sees shared partners and the sign inside clusters",
    "context-measured-b": "second network of grnular-cells: the same from other draws",
    "grnular-cells": "GRNULar for real cells, two networks on the family nearest to real cells",
}  # fmt: skip
AS_PUBLISHED = {"grnular": "the paper's recipe", "grnular-untrained": "the loop untrained, with this work's settings"}
SIMPLE = ("within-clusters", "correlation")
COMPARED = ("within-clusters", "context-associated", "context-matched", "context-uneven", "context-shrunk", "grnular-cells")
FAMILIES = ("measured-large", "measured", "associated", "uneven", "matched", "deep", "regulons")
CLEAR = 4.0  # a correlation of so many times chance
SUMMARIES = {
    "tfs_per_cell": "TFs for each cell",
    "zeros": "share of zeros",
    "between": "variance between clusters",
    "first": "variance of the first component",
    "second": "second component / first",
    "clear": f"pairs that correlate beyond {CLEAR:g} x chance",
    "clear_inside": "the same inside clusters",
    "top_inside": "99.9 % of correlations inside clusters, x chance",
    "negative_inside": "share of negatives among the clear ones inside",
}
COUNTS = ("medians inside the range", "graphs inside it")


def real_means(folder: Path) -> pd.DataFrame:
    """Every trained network of this work on the fifteen real pairs, the published ones and two simple methods.

    Returns
    -------
    DataFrame
        ``mean, low, high`` by model: geometric mean of strict AUPRC / density over the pairs with its 95 % interval over
        datasets, since pairs of one dataset are not independent; of what has several seeds the mean over these first.
    """
    rows = pd.read_csv(folder / ON_REAL_DATA).rename(columns={"weights": "method"})
    recorded = recorded_pairs(folder)
    recorded = recorded[recorded["dataset"].isin(rows["dataset"]) & recorded["method"].isin([*AS_PUBLISHED, *SIMPLE])]
    both = pd.concat([rows[rows["method"].isin(TRAINED)], recorded])
    logs = np.log(both.groupby(["method", "dataset", "network"])["strict_auprc_ratio"].mean())
    of_datasets = logs.groupby(["method", "dataset"]).mean().unstack("dataset")
    found = {name: mean_interval(of_datasets.loc[name]) for name in (*TRAINED, *AS_PUBLISHED, *SIMPLE)}
    return np.exp(pd.DataFrame(found).T[["mean", "low", "high"]].astype(float))


def on_real_data(folder: Path) -> pd.DataFrame:
    """``real_means`` of the trained networks and the published ones as readers see it.

    Returns
    -------
    DataFrame
        Texts: ``model``, ``what it is``, and ``AUPRC / density`` with its 95 % interval.
    """
    found, texts = real_means(folder), TRAINED | AS_PUBLISHED
    of = found.loc[list(texts)]
    shown = [f"{row.mean:.2f} [{row.low:.2f}, {row.high:.2f}]" for row in of.itertuples(name="Row")]
    return pd.DataFrame({"model": list(texts), "what it is": list(texts.values()), "AUPRC / density": shown})


def development_numbers(folder: Path) -> dict[str, str | int]:
    """Return the steps that the page on model development starts with, and sizes for its captions, to be glued.

    Returns
    -------
    dict of str to str or int
        ``real_first`` (SERGIO's dynamics alone), ``real_context`` (both simulators), ``real_labels`` (labels of association),
        ``real_matched`` and ``real_cells`` with their intervals; ``inside_<family>``: medians of summaries inside the range
        of real datasets; ``mean_<model>``: the mean of every model; ``real_pairs``, ``real_datasets``, ``resembled_sets``, and
        of graphs in a family ``resembled_graphs``, ``chosen_graphs``: how many.
    """
    shown = on_real_data(folder).set_index("model")["AUPRC / density"]
    steps = {
        "real_first": "context-chances", "real_context": "grnular-context", "real_labels": "context-associated",
        "real_matched": "context-matched", "real_cells": "grnular-cells",
    }  # fmt: skip
    real, simulated, looks = (pd.read_csv(folder / name) for name in (ON_REAL_DATA, ON_SIMULATIONS, RESEMBLANCE))
    inside = resemblance(folder).loc[COUNTS[0]].drop("real datasets")
    sizes = {
        "real_pairs": real.groupby(["dataset", "network"]).ngroups, "real_datasets": real["dataset"].nunique(),
        "resembled_sets": int((looks["kind"] == "real").sum()),
        "resembled_graphs": _each(looks.loc[looks["kind"] == "simulated"].groupby("name").size()),
        "chosen_graphs": _each(simulated.groupby(["family", "model"]).size().groupby("family").max()),
    }  # fmt: skip
    means = {f"mean_{name}": float(mean) for name, mean in real_means(folder)["mean"].items()}
    found = {name: shown[model] for name, model in steps.items()} | {f"inside_{name}": n for name, n in inside.items()}
    return found | sizes | means


def _each(counts: pd.Series) -> str:
    """One number where all are equal, else their range."""
    low, high = counts.min(), counts.max()
    return str(low) if low == high else f"{low} to {high}"


def on_simulations(folder: Path) -> pd.DataFrame:
    """The comparison that chose ``grnular-cells``: fresh graphs that no network was trained on.

    The rule: the best on the family that comes nearest to real cells (``resemblance``), in small data
    (``measured``) and at the sizes of real datasets (``measured-large``).

    Returns
    -------
    DataFrame
        Geometric means of AUPRC / density over a family's graphs: a row a model, a column a family.
    """
    rows = pd.read_csv(folder / ON_SIMULATIONS)
    logs = np.log(rows["ratio"]).groupby([rows["model"], rows["family"]]).mean().unstack()
    return np.exp(logs).loc[list(COMPARED), list(FAMILIES)].rename_axis(None).rename_axis(None, axis=1)  # fmt: skip


def summaries(expression: np.ndarray, n_tfs: int) -> dict[str, float]:
    """What expression looks like, without a network: the numbers of ``SUMMARIES``.

    Correlations are in units of chance, ``sqrt(cells) * r``, since data differ in their number of cells.
    Without a clear pair the share of negative ones is 0.

    Parameters
    ----------
    expression : ndarray, shape (cells, genes)
        Logged expression.
    n_tfs : int
        Number of TFs among the genes.

    Returns
    -------
    dict of str to float
    """
    Z = standardise(torch.as_tensor(np.asarray(expression, dtype=np.float64))).numpy()
    left = inside_clusters(Z)
    inside = standardise(torch.from_numpy(left)).numpy()
    n_cells, n_genes = Z.shape
    pairs = np.triu_indices(n_genes, 1)
    overall, within = (np.sqrt(n_cells) * (A.T @ A / n_cells)[pairs] for A in (Z, inside))
    shares = np.linalg.svd(Z, compute_uv=False) ** 2 / max((Z**2).sum(), 1e-12)
    clear = within[np.abs(within) > CLEAR]
    return {
        "tfs_per_cell": n_tfs / n_cells,
        "zeros": float((np.asarray(expression) == 0).mean()),
        "between": 1 - float((left**2).sum()) / max(float((Z**2).sum()), 1e-12),
        "first": float(shares[0]),
        "second": float(shares[1] / max(shares[0], 1e-12)) if len(shares) > 1 else 0.0,
        "clear": float((np.abs(overall) > CLEAR).mean()) if len(overall) else 0.0,
        "clear_inside": float((np.abs(within) > CLEAR).mean()) if len(within) else 0.0,
        "top_inside": float(np.quantile(np.abs(within), 0.999)) if len(within) else 0.0,
        "negative_inside": float((clear < 0).mean()) if len(clear) else 0.0,
    }


def resemblance(folder: Path) -> pd.DataFrame:
    """How near each family of simulated cells comes to real ones, summary by summary.

    Returns
    -------
    DataFrame
        A row a summary: the range over real datasets, and of every family the median over its graphs. The last
        two rows count the medians within the real range, and have the share of graphs within it, mean
        over the summaries.
    """
    rows = pd.read_csv(folder / RESEMBLANCE)
    names, real = list(SUMMARIES), rows[rows["kind"] == "real"]
    low, high = real[names].min(), real[names].max()
    lines = {"real datasets": [f"{low[n]:.2g} to {high[n]:.2g}" for n in names] + ["", ""]}
    for family, graphs in rows[rows["kind"] == "simulated"].groupby("name", sort=False):
        within = ((graphs[names] >= low) & (graphs[names] <= high)).to_numpy().mean()
        medians = graphs[names].median()
        inside = f"{((medians >= low) & (medians <= high)).sum()} of {len(names)}"
        lines[str(family)] = [*(f"{medians[n]:.2g}" for n in names), inside, f"{within:.2f}"]
    return pd.DataFrame(lines, index=[*SUMMARIES.values(), *COUNTS])
