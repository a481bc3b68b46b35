"""RegDiffusion (Zhu and Slonim 2024), a diffusion model of expression, an optional dependency.

The model learns to take noise from expression; each gene's noise is predicted from all other genes, weighted
by one matrix that all cells share. That matrix is the network. It knows no list of TFs: its rows of TFs are
taken. Settings are the package's defaults.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np

from grnular_core.methods.correlation import without_self
from grnular_core.methods.interface import REGDIFFUSION, Scores
from grnular_core.utils.errors import MethodError


def diffusion_scores(
    expression: np.ndarray, tf_index: np.ndarray, seed: int = 0, device: str = "cpu"
) -> Scores:
    """Weights of the shared matrix, as scores and signs.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
        Logarithms of counts. Cells without expression are left out.
    tf_index : ndarray of int, (tfs,)
    seed : int
    device : str

    Returns
    -------
    Scores
        0 for genes without variance.

    Raises
    ------
    InputError
        When the device is not there.
    MethodError
        Where the package is not installed and where fewer than two genes vary.
    """
    from grnular_core.utils.device import resolve_device  # loads torch

    device = str(resolve_device(device))
    varies = expression.std(0) > 0
    if varies.sum() < 2:
        raise MethodError("RegDiffusion needs at least two genes that vary")
    X = expression[:, varies]
    X = X[np.ptp(X, axis=1) > 0]
    trainer = REGDIFFUSION.load().RegDiffusionTrainer(X.astype(np.float32), device=device, seed=seed)
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        trainer.train()
    among = trainer.get_adj().astype(np.float64)
    weight = np.zeros((len(tf_index), expression.shape[1]))
    place = np.cumsum(varies) - 1
    seen = varies[tf_index]
    weight[np.ix_(seen, varies)] = among[place[tf_index[seen]]]
    weight = without_self(weight, tf_index)
    return Scores(np.abs(weight), np.sign(weight))
