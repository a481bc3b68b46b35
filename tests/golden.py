"""The small network behind the golden numbers of both protocols."""

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
