"""Correlation inside clusters of cells: what is left of co-expression when cell types are taken out.

Types of cells differ in most genes, whatever regulates them, so over all cells almost any two markers go
together. Inside a cluster of like cells genes go together for nearer reasons.
"""

from __future__ import annotations

import numpy as np

from grnular_core.methods.correlation import Scores, pearson, without_self
from grnular_core.models.edge_features import cluster_cells


def within_clusters(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """|Pearson correlation| (tfs, genes) of expression (cells, genes) less its cluster's mean.

    Clusters are those of ``evidence.cluster_cells``, from z-scores; at most 8, one when there are fewer than
    10 cells, where this is plain correlation. A gene that does not vary inside clusters scores 0.
    """
    centred = expression - expression.mean(0)
    deviation = expression.std(0)
    z = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)
    labels = cluster_cells(z)
    one_hot = np.eye(int(labels.max(initial=0)) + 1)[labels]  # (cells, clusters)
    means = (one_hot.T @ z) / np.maximum(one_hot.sum(0), 1)[:, None]
    left = z - means[labels]
    # a gene that differs between clusters alone leaves rounding behind
    left[:, np.abs(left).max(0, initial=0) < 1e-9] = 0
    r = without_self(pearson(left, tf_index), tf_index)
    return Scores(np.abs(r), np.sign(r))
