"""How near simulated cells come to published ones: summaries of expression, no network looked at.

A family of training graphs resembles real cells as far as its summaries lie where those of real sets lie.
Correlations are taken in units of chance, ``sqrt(cells) * r``, as sets differ in their number of cells.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from grnular_core.models.edge_features import inside_clusters
from grnular_core.models.problem import standardise

TABLE = "resemblance.csv"
FAMILIES = ("varied", "regulons", "associated", "matched", "uneven", "measured")
CLEAR = 4.0  # a correlation of so many times chance
WORDS = {
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


def summaries(expression: np.ndarray, n_tfs: int) -> dict[str, float]:
    """The numbers of ``WORDS`` for expression (cells, genes); without clear pairs a share of them is 0."""
    scores = standardise(torch.as_tensor(np.asarray(expression, dtype=np.float64)))
    left = inside_clusters(scores[None])[0]
    Z, inside = scores.numpy(), standardise(left).numpy()
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


def table(folder: Path) -> pd.DataFrame:
    """A line a summary: the range over the real sets, and of every family the median over its graphs.

    The last two lines count the medians within the real range, and have the share of graphs within it, mean
    over the summaries.
    """
    rows = pd.read_csv(folder / TABLE)
    names, real = list(WORDS), rows[rows["kind"] == "real"]
    low, high = real[names].min(), real[names].max()
    lines = {"published sets": [f"{low[n]:.2g} to {high[n]:.2g}" for n in names] + ["", ""]}
    for family, graphs in rows[rows["kind"] == "simulated"].groupby("name", sort=False):
        within = ((graphs[names] >= low) & (graphs[names] <= high)).to_numpy().mean()
        medians = graphs[names].median()
        inside = f"{((medians >= low) & (medians <= high)).sum()} of {len(names)}"
        lines[str(family)] = [*(f"{medians[n]:.2g}" for n in names), inside, f"{within:.2f}"]
    return pd.DataFrame(lines, index=[*WORDS.values(), *COUNTS])
