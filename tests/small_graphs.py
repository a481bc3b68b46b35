"""Small graphs with dropout that models can be trained on in seconds."""

import numpy as np
import torch

from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.training.batches import Batch

CONTEXT = GRNULarConfig(
    hidden=(8,), n_unroll=2, n_inner=3, init_epochs=25, rho="context", context_width=6
)


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


def moved_model(config: GRNULarConfig = CONTEXT, seed: int = 0) -> GRNULar:
    """A model whose rho_nn is far from where it starts, as after training."""
    model = GRNULar(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.rho_nn.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model
