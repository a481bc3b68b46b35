"""What compiled trees read and write: sorted regressors, and the room in which a tree grows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Regressors(NamedTuple):
    """TFs prepared once for all targets, each array (tfs, cells).

    ``values`` float32 as trees see them; ``order`` the cells by rising value; ``rank`` every cell's
    place in that order; ``rising`` the values in that order.
    """

    values: np.ndarray
    order: np.ndarray
    rank: np.ndarray
    rising: np.ndarray

    @classmethod
    def of(cls, tf_expression: np.ndarray) -> Regressors:
        """Sort the cells by each column of ``tf_expression`` (cells, tfs)."""
        values = np.ascontiguousarray(tf_expression.T, dtype=np.float32)
        order = np.argsort(values, axis=1, kind="stable").astype(np.int32)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(order.shape[1], dtype=np.int32)[None], axis=1)
        return cls(values, order, rank, np.take_along_axis(values, order, axis=1))

    def without(self, tf: int) -> Regressors:
        """All TFs but one, for a target that is a TF itself."""
        return Regressors(*(np.delete(part, tf, 0) for part in self))


class Room(NamedTuple):
    """What the search for a split writes to.

    ``features`` is the order in which TFs are drawn, ``constants`` those known to be constant, ``bits``
    marks ranks, ``level`` holds the values of sorted cells.
    """

    features: np.ndarray
    constants: np.ndarray
    bits: np.ndarray
    level: np.ndarray


class Tree(NamedTuple):
    """Nodes in the order in which they were made.

    ``feature`` is -1 for a leaf; children are ``left`` and ``left + 1``; ``start`` and ``end`` bound
    the node's cells in the bag; ``n_constant`` TFs are known to be constant in it. ``waiting`` is the
    stack of nodes that are not done.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    start: np.ndarray
    end: np.ndarray
    mean: np.ndarray
    impurity: np.ndarray
    depth: np.ndarray
    n_constant: np.ndarray
    waiting: np.ndarray
    room: Room


def new_tree(n_tfs: int, n_cells: int, n_nodes: int) -> Tree:
    """Room for one tree of up to ``n_nodes`` nodes, used again for the next."""

    def whole(size: int) -> np.ndarray:
        return np.empty(size, np.int64)

    bits = np.zeros((n_cells + 63) // 64, np.uint64)
    room = Room(whole(n_tfs), whole(n_tfs), bits, np.empty(n_cells, np.float32))
    return Tree(
        whole(n_nodes), np.empty(n_nodes), whole(n_nodes), whole(n_nodes), whole(n_nodes),
        np.empty(n_nodes), np.empty(n_nodes), whole(n_nodes), whole(n_nodes), whole(n_nodes), room,
    )  # fmt: skip
