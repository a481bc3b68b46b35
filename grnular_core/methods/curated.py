"""GRNULar-curated: three scores of each edge, joined by a readout fitted on curated networks.

The three find different edges, and curated networks have some of each. A score u of an edge becomes minus the
logarithm of the share of the n edges that rank as high, rank n being the highest,

    L_u = -log(1 - rank_u / n + 1 / n),

which for random scores is exponential with mean 1. With its z-scores over the genes of the same TF and over the TFs
of the same gene, the logarithm of the likelihood ratio is linear:

    log LR = b + sum_u (w_u L_u + v_u z_TF(L_u) + t_u z_gene(L_u)),    LR = p(L | edge) / p(L | no edge).

The ten coefficients are in ``curated.json``: a logistic regression on eight sets of real cells, made by
``python -m grnular_paper readout``. None of BEELINE's data are among them. The same file has, for ranges of LR, the
share of pairs that are edges of CollecTRI, on each set by a readout that has not seen it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from grnular_core.methods.interface import Scores

SCORES = ("grnular-cells", "ridge", "correlation-signed")
FEATURES = tuple(f"{score}, {part}" for score in SCORES for part in ("rank", "within TF", "within gene"))
EVIDENCE = (
    "for real cells (first against curated networks of eight sets of human and mouse cells, each scored without a part in the "
    "fit; for reads from plates the order of methods is open)"
)
MOST = 50.0  # log LR beyond which its exponential says no more


class Readout(NamedTuple):
    """Coefficients of the log likelihood ratio."""

    weights: np.ndarray  # (features,), in the order of ``FEATURES``
    intercept: float


@lru_cache
def _shipped() -> dict[str, Any]:
    """Read what was fitted on curated networks."""
    return json.loads((files("grnular_core") / "methods" / "curated.json").read_text(encoding="utf-8"))


def fitted_networks() -> tuple[str, ...]:
    """Name the curated networks that the readout was fitted on.

    Returns
    -------
    tuple of str
    """
    return tuple(_shipped()["networks"])


def expected_precision(ratio: np.ndarray) -> pd.DataFrame:
    """Say how many pairs of such ratios are edges of a curated network.

    Parameters
    ----------
    ratio : ndarray, shape (edges,)
        Likelihood ratios.

    Returns
    -------
    DataFrame
        ``precision``, of the pairs in the same range of ratios whose TF has an edge in CollecTRI, the share that are edges
        there, as the mean over eight sets of cells of 500 to 2,000 genes that the readout had not seen; ``precision_low`` and
        ``precision_high``, the lowest and the highest of the eight. An edge that the network lacks may be one all the same.
    """
    ranges = pd.DataFrame(_shipped()["precision"])
    place = np.searchsorted(ranges.pop("above"), ratio, side="left") - 1
    return ranges.iloc[np.maximum(place, 0)].reset_index(drop=True)


@lru_cache
def shipped_readout() -> Readout:
    """Read the readout of this package.

    Returns
    -------
    Readout
    """
    found = _shipped()
    return Readout(np.array([found["weights"][name] for name in FEATURES]), found["intercept"])


def rank_features(weight: np.ndarray, tf_index: np.ndarray) -> Iterator[np.ndarray]:
    """Make the three features of one score, one after the other.

    Parameters
    ----------
    weight : ndarray, shape (tfs, genes)
        Equal scores share the mean of their ranks.
    tf_index : ndarray of int, shape (tfs,)
        Positions of the TFs among the genes; a TF and itself are no edge, and 0 in every feature.

    Yields
    ------
    ndarray, shape (tfs, genes)
        Minus the logarithm of the rank's share, and its z-scores over genes and over TFs, 0 where all of them are equal.
    """
    edge = np.ones(weight.shape, dtype=bool)
    edge[np.arange(len(tf_index)), tf_index] = False
    n = edge.sum()
    log_rank = np.zeros(weight.shape)
    log_rank[edge] = -np.log1p((1 - rankdata(weight[edge])) / n)
    yield log_rank
    for axis in (1, 0):
        count = np.maximum(edge.sum(axis=axis, keepdims=True), 1)
        centred = (log_rank - log_rank.sum(axis=axis, keepdims=True) / count) * edge
        deviation = np.sqrt((centred**2).sum(axis=axis, keepdims=True) / count)
        yield np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)


def _log_likelihood_ratio(weights: list[np.ndarray], tf_index: np.ndarray, readout: Readout) -> np.ndarray:
    """Join the scores of all edges: natural logarithms (tfs, genes), of weights in the order of ``SCORES``."""
    total = np.full(weights[0].shape, readout.intercept)
    features = (feature for weight in weights for feature in rank_features(weight, tf_index))
    for coefficient, feature in zip(readout.weights, features, strict=True):
        total += coefficient * feature
    return total


def joined(parts: list[Scores], tf_index: np.ndarray, readout: Readout) -> Scores:
    """Join the scores of all edges.

    Parameters
    ----------
    parts : list of Scores
        Of the methods ``SCORES``, in that order.
    tf_index : ndarray of int, shape (tfs,)
        Positions of the TFs among the genes.
    readout : Readout

    Returns
    -------
    Scores
        Likelihood ratios LR: at a density d of true edges, an edge is one with the probability
        d LR / (1 - d + d LR). With the sign of the correlation and the digest of GRNULar-cells' weights.
    """
    log_ratio = _log_likelihood_ratio([part.weight for part in parts], tf_index, readout)
    ratio = np.exp(np.minimum(log_ratio, MOST))
    ratio[np.arange(len(tf_index)), tf_index] = 0.0
    return Scores(ratio, parts[-1].sign, weights_digest=parts[0].weights_digest)
