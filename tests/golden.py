"""The small network behind the golden numbers of both protocols, and random ones."""

import numpy as np
import pandas as pd

from grnular_core.data.edges import edge_table

D, T = 30, 5
ORDERS = {
    "tfs first": np.arange(D),
    "tfs last": np.arange(D)[::-1],
    "shuffled": np.random.RandomState(1).permutation(D),
}


def golden_case(order):
    """Edges, truth, genes and tfs of the golden numbers; the genes are named by their new place."""
    r = np.random.RandomState(0)
    adj, scores = np.zeros((D, D)), np.zeros((D, D))
    adj[:T] = r.rand(T, D) < 0.2
    np.fill_diagonal(adj, 0)
    seen = r.rand(T, D) < 0.5
    scores[:T] = np.where(seen, adj[:T] + 0.5 * r.rand(T, D), 0)
    np.fill_diagonal(scores, 0)
    adj, scores = adj[np.ix_(order, order)], scores[np.ix_(order, order)]
    genes = [f"g{i:02d}" for i in range(D)]
    tfs = [genes[i] for i in np.argsort(order)[:T]]
    return edge_table(scores, genes, genes), truth_table(adj, genes), genes, tfs


def truth_table(adj, genes):
    row, column = np.nonzero(adj)
    names = np.asarray(genes, dtype=object)
    return pd.DataFrame({"regulator": names[row], "target": names[column]})


def random_case(seed, n_tfs=6, n_genes=20, density=0.15, signs=False, decimals=1):
    """A prediction with many ties and a truth over the same genes, TFs spread among the names."""
    rng = np.random.default_rng(seed)
    genes = [f"g{i}" for i in rng.permutation(n_genes)]
    tfs = genes[:n_tfs]
    weight = rng.random((n_tfs, n_genes)).round(decimals)
    edges = edge_table(weight, tfs, genes, signs=rng.choice([-1, 1], weight.shape))
    truth = truth_table(rng.random((n_tfs, n_genes)) < density, genes)
    truth["sign"] = rng.choice([-1, 1], len(truth)) if signs else 0
    return edges, truth, genes, tfs
