"""Small graphs with dropout that models can be trained on in seconds."""

from __future__ import annotations

import numpy as np
import torch

from grnular_core.training.batches import Batch


def graph(seed: int = 0, n_cells: int = 100, n_genes: int = 20, n_tfs: int = 4):
    """Expression >= 0 (cells, genes) with zeros, TF positions, truth (tfs, genes): tanh regulation."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((n_tfs, n_genes), dtype=bool)
    truth[:, n_tfs:] = rng.random((n_tfs, n_genes - n_tfs)) < 0.25
    X = rng.normal(size=(n_cells, n_genes))
    X[:, n_tfs:] += (
        np.tanh(1.5 * X[:, :n_tfs]) @ (truth * rng.choice([-1, 1], truth.shape))[:, n_tfs:]
    )
    X = (X * (rng.random(X.shape) < 0.7)).clip(0)
    return X.astype(np.float32), np.arange(n_tfs), truth


def graphs(seeds=range(3), **sizes) -> Batch:
    """The graphs of these seeds as one batch."""
    parts = zip(*(graph(seed, **sizes) for seed in seeds), strict=True)
    return Batch(*(torch.as_tensor(np.stack(part)) for part in parts))
