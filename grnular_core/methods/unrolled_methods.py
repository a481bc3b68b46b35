"""The methods that run an unrolled model: which weights are their own, and what memory they take.

Cost, memory, the choice of weights and the check of weights that a user names all read this one table: a new
trained method is one line here and one entry of ``methods.METHODS``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unrolled:
    """``runs``: kinds of models (``recipes.MODELS``) whose weights it takes, none where it takes no weights.

    ``weights``: names of its own: one for all data, or one for data without technical noise and one for
    data with it. ``a_pair``, ``a_value``, ``a_square``: bytes, measured, beyond expression, scores and
    edges: for each pair of a TF and a gene (a rho_nn that sees context keeps features and layers of all
    pairs), for each value (its views of the cells), for each pair of genes. ``streams``: works through
    large data a block at a time.
    """

    runs: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    a_pair: int = 0
    a_value: int = 0
    a_square: int = 0
    streams: bool = True


_GRNULAR = ("grnular", "grnular-base")

UNROLLED: dict[str, Unrolled] = {
    "grnular-context": Unrolled(_GRNULAR, ("grnular-context",), a_pair=1500, a_value=64),
    "grnular-cells": Unrolled(_GRNULAR, ("grnular-cells",), a_pair=1600, a_value=64),
    "grnular-untrained": Unrolled(a_pair=300),
    "grnular": Unrolled(_GRNULAR, ("grnular-clean", "grnular-noisy"), a_pair=300),
    "glad": Unrolled(("glad",), ("glad-clean", "glad-noisy"), a_square=280, streams=False),
    "glad-tf": Unrolled(("glad-tf",), ("glad-tf-clean", "glad-tf-noisy"), a_square=280, streams=False),
}  # fmt: skip
FOR_CELLS = "grnular-cells"  # what runs where nobody names a method: data are measured cells
TRAINED = {name: method for name, method in UNROLLED.items() if method.runs}

# The paper trains anew for SERGIO's data sets and for real cells, on random networks in the range of DS1
# and of DS2 (sections 3.3 and 3.4): which weights its methods have there.
_OF_RANGES = {"grnular": "grnular", "glad": "glad", "glad-tf": "glad-tf"}


def papers_weights(method: str, trained_like: str) -> str | None:
    """Weights for SERGIO's data sets ("DS1") and for real cells ("DS2"); None: the method's own."""
    return f"{_OF_RANGES[method]}-{trained_like}" if method in _OF_RANGES else None
