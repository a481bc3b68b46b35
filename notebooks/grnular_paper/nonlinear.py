"""Regulation that is not monotone: which methods find it.

Cells of a structural model: TFs are independent and standard normal, and every other gene is a function of one or two of
them, scaled to unit variance, plus normal noise of half its standard deviation. All values are shifted to be at least 0.
With a product, an exclusive or and a square no TF correlates with its targets.

Parameters
----------
rows : DataFrame
    Of ``_measure``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import strict_candidates
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.methods.registry import infer
from grnular_core.plotting.style import label
from grnular_core.scoring.strict import strict_scores
from grnular_paper.records import write_table

KINDS: dict[str, tuple[int, Callable[..., np.ndarray]]] = {  # number of TFs of a gene, and their effect
    "sum": (2, np.add),
    "product": (2, np.multiply),
    "exclusive or": (2, lambda a, b: ((a > 0) ^ (b > 0)).astype(float)),
    "square": (1, np.square),
}
METHODS = (
    "grnular", "grnular-untrained", "grnboost2", "genie3", "grnular-context", "grnular-cells", "grnular-curated", "glad-tf",
    "ridge", "correlation",
)  # fmt: skip
N_GENES, N_TFS, N_CELLS, REPLICATES = 100, 10, 500, 5
NOISE = 0.5
TABLE = "nonlinear"


def network_cells(kind: str, replicate: int) -> GRNDataset:
    """Draw a network and its cells: ``N_CELLS`` cells of ``N_GENES`` genes, of which ``N_TFS`` are TFs.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    replicate : int
        Seed of network and cells.

    Returns
    -------
    GRNDataset
        Log expression with the network as its truth.
    """
    n_regulators, effect = KINDS[kind]
    rng = np.random.default_rng(replicate)
    tfs = rng.normal(size=(N_CELLS, N_TFS))
    regulators = [rng.choice(N_TFS, n_regulators, replace=False) for _ in range(N_GENES - N_TFS)]
    signal = np.stack([effect(*tfs[:, of].T) for of in regulators], axis=1)
    signal = (signal - signal.mean(axis=0)) / signal.std(axis=0)
    values = np.hstack([tfs, signal + NOISE * rng.normal(size=signal.shape)])
    genes = [f"TF{i}" for i in range(N_TFS)] + [f"G{i}" for i in range(N_GENES - N_TFS)]
    edges = [(genes[tf], genes[N_TFS + i], 0) for i, of in enumerate(regulators) for tf in of]
    truth = pd.DataFrame(edges, columns=["regulator", "target", "sign"])
    table = pd.DataFrame(values - values.min(axis=0), columns=genes).rename(index="cell_{}".format)
    return make_dataset(table, genes[:N_TFS], truth, name=f"{kind} {replicate}", orientation="cells-x-genes", values_are="log")


def _measure(kinds: Sequence[str] = tuple(KINDS), methods: Sequence[str] = METHODS, replicates: int = REPLICATES) -> pd.DataFrame:
    """Score methods on ``replicates`` networks of all kinds of regulation."""
    rows = []
    for kind in kinds:
        for replicate in range(replicates):
            data = network_cells(kind, replicate)
            density = strict_candidates(data.truth, data.genes, data.tfs).density
            for name in methods:
                edges = infer(data, name, seed=0, device="cpu")
                score = strict_scores(edges, data.truth, data.genes, data.tfs)["auprc"]
                rows.append((kind, name, replicate, density, score))
    return pd.DataFrame(rows, columns=["kind", "method", "replicate", "density", "strict_auprc"])


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate means over networks.

    Returns
    -------
    DataFrame
        Texts, a line a method and one for random scores: the mean of each kind with its lowest and highest network.
    """
    of = rows.groupby(["method", "kind"])["strict_auprc"]
    texts = of.agg(lambda x: f"{x.mean():.2f} [{x.min():.2f}, {x.max():.2f}]").unstack()
    texts = texts.loc[rows["method"].unique(), rows["kind"].unique()]
    texts.loc["random (density)"] = rows.groupby("kind")["density"].mean().map("{:.2f}".format)
    return texts.rename(index=label).rename_axis("method").reset_index()


def numbers(rows: pd.DataFrame) -> dict[str, float]:
    """Return the means by name, as ``product_grnular``, and the density, as ``product_random``.

    Returns
    -------
    dict of str to float
    """
    means = rows.groupby(["kind", "method"])["strict_auprc"].mean().to_dict()
    means |= {(kind, "random"): density for kind, density in rows.groupby("kind")["density"].mean().items()}
    return {f"{kind.replace(' ', '_')}_{name}": float(mean) for (kind, name), mean in means.items()}


if __name__ == "__main__":
    write_table(TABLE, _measure())
