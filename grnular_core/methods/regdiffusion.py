"""RegDiffusion (Zhu and Slonim 2024), a modern peer: from its own package, which is optional.

A diffusion model learns to take noise from expression; each gene's noise is predicted from all other
genes, weighted by one matrix that all cells share. That matrix is the network. It knows no list of TFs:
its rows of TFs are taken. Settings are the package's own.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np

from grnular_core.methods.correlation import Scores
from grnular_core.utils.errors import MethodError

PACKAGE = "regdiffusion"
INSTALL = "python -m pip install 'regdiffusion>=0.2.3,<0.3'"


def diffusion_scores(
    expression: np.ndarray, tf_index: np.ndarray, seed: int = 0, device: str = "cpu"
) -> Scores:
    """|weights| and signs (tfs, genes) from logged expression (cells, genes).

    Genes without variance get 0, and cells without expression are left out. Raises ``MethodError`` where
    the package is not installed and where fewer than two genes vary.
    """
    varies = expression.std(0) > 0
    if varies.sum() < 2:
        raise MethodError("RegDiffusion needs at least two genes that vary")
    X = expression[:, varies]
    X = X[np.ptp(X, axis=1) > 0]
    trainer = _package().RegDiffusionTrainer(X.astype(np.float32), device=device, seed=seed)
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        trainer.train()
    among = trainer.get_adj().astype(np.float64)
    weight = np.zeros((len(tf_index), expression.shape[1]))
    place = np.cumsum(varies) - 1
    seen = varies[tf_index]
    weight[np.ix_(seen, varies)] = among[place[tf_index[seen]]]
    weight[np.arange(len(tf_index)), tf_index] = 0
    return Scores(np.abs(weight), np.sign(weight))


def _package() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import regdiffusion
    except ImportError as error:
        raise MethodError(
            f"the method {PACKAGE} runs the package of that name, which can not be imported ({error}). It "
            f"is optional: {INSTALL}"
        ) from error
    return regdiffusion
