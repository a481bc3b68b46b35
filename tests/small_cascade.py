"""Small cascades of genes on which the GLAD models are tried: TFs that regulate TFs too."""

import numpy as np
import torch
from sklearn.metrics import average_precision_score

from grnular_core.models.losses import not_self


def cascade(seed: int = 0, n_cells: int = 60, n_genes: int = 20, n_tfs: int = 4):
    """Expression (cells, genes) and signed truth (tfs, genes): two TFs a gene, TFs of TFs too."""
    rng = np.random.default_rng(seed)
    truth, X = np.zeros((n_tfs, n_genes)), rng.normal(size=(n_cells, n_genes))
    for j in range(1, n_genes):
        for k in rng.choice(min(j, n_tfs), size=min(j, n_tfs, 2), replace=False):
            truth[k, j] = rng.choice([-1, 1])
            X[:, j] += truth[k, j] * X[:, k]
        X[:, j] /= X[:, j].std()
    return X, truth


def batch(seeds=range(3), **sizes) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """X (graphs, cells, genes), TF positions (graphs, tfs) and truth (graphs, tfs, genes)."""
    made = [cascade(seed, **sizes) for seed in seeds]
    X, truth = (torch.tensor(np.stack(part)) for part in zip(*made, strict=True))
    return X, torch.arange(truth.shape[1]).expand(len(X), -1), truth


def auprc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Over all candidates (tfs, genes), TF k being gene k."""
    allowed = not_self(torch.arange(len(truth))[None], truth.shape[1])[0].numpy()
    return average_precision_score(truth[allowed] != 0, scores[allowed])
