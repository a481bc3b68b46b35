"""Controls: predictions that a method must be compared with before its score means anything."""

from __future__ import annotations

import numpy as np

from grnular_core.data.candidates import score_matrix, sign_matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.correlation import Scores, pearson, without_self
from grnular_core.utils.errors import InputError


def random(expression: np.ndarray, tf_index: np.ndarray, seed: int = 0) -> Scores:
    """Uniform random scores, signs unknown. Its expected AUPRC is the density of true edges."""
    scores = np.random.default_rng(seed).uniform(size=(len(tf_index), expression.shape[1]))
    return Scores(without_self(scores, tf_index), np.zeros_like(scores))


def degree(expression: np.ndarray, tf_index: np.ndarray) -> Scores:
    """Every edge of a TF scores the TF's mean |correlation|: knows hubs, knows no edge."""
    r = without_self(np.abs(pearson(expression, tf_index)), tf_index)
    others = max(expression.shape[1] - 1, 1)
    scores = np.repeat(r.sum(axis=1, keepdims=True) / others, expression.shape[1], axis=1)
    return Scores(without_self(scores, tf_index), np.zeros_like(scores))


def oracle(data: GRNDataset, tfs: list[str], genes: list[str]) -> Scores:
    """The truth itself: the highest score that a protocol can give."""
    if data.truth is None:
        raise InputError(f"the oracle needs a truth, and {data.name} has none")
    edges = data.truth.assign(weight=1.0)
    return Scores(score_matrix(edges, tfs, genes), sign_matrix(edges, tfs, genes))
