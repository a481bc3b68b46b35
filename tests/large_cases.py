"""Expression of several kinds, with genes that are awkward, for tests of the ways for large data."""

import numpy as np

KINDS = ("counts", "of both signs", "no zeros")
CONSTANT = (7, 8)  # genes of constant expression: 0 and 3
EQUAL = (5, 9)  # equal genes


def expression(kind: str, n_cells: int = 300, n_genes: int = 90, seed: int = 0) -> np.ndarray:
    """(cells, genes) in four groups of cells."""
    rng = np.random.default_rng(seed)
    group, shape = rng.integers(4, size=n_cells), (n_cells, n_genes)
    level = rng.normal(size=(4, n_genes))[group]
    X = {
        "counts": lambda: rng.poisson(0.3 * np.exp(level)).astype(float),
        "of both signs": lambda: (rng.normal(size=shape) + level) * (rng.random(shape) < 0.5),
        "no zeros": lambda: 100 * np.exp(0.02 * (rng.normal(size=shape) + level)),
    }[kind]().round(4)  # as in files; what single precision cannot tell apart would share a rank
    X[:, CONSTANT[0]], X[:, CONSTANT[1]] = 0, 3
    X[:, EQUAL[0]] = X[:, EQUAL[1]]
    return X


def tf_positions(n_genes: int = 90, n_tfs: int = 14, seed: int = 0) -> np.ndarray:
    """Positions of TFs in no order, a gene of constant expression and one of the equal genes among them."""
    others = [g for g in range(n_genes) if g not in (*CONSTANT, *EQUAL)]
    chosen = np.random.default_rng(seed).permutation(others)[: n_tfs - 2]
    return np.array([CONSTANT[1], *chosen, EQUAL[0]])
