"""A regression tree of depth 3 on cells that were sorted beforehand, compiled.

The split of a node is the best of a few features drawn at random. To see the cells of a node by
rising value of a feature, their ranks are marked in a field of bits, which is read from its lowest
bit on: a handful of machine words instead of a sort.

Draws, order of nodes and order of sums are those of scikit-learn's depth-first builder with its
best splitter, so that the same seed grows the same tree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grnular_core.compiled import compiled

DEPTH = 3
N_NODES = 2 ** (DEPTH + 1) - 1
EPSILON = np.finfo(np.float64).eps
SAME_VALUE = np.float32(1e-7)  # scikit-learn takes values closer than this for one value

NEARLY = 1 - 1e-12

ALL_BITS, LOWER = 0xFFFFFFFF, 0x7FFFFFFF

# The place of the lowest bit of a word, by multiplication with a de Bruijn sequence.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
PLACE = np.zeros(64, np.int64)
for _bit in range(64):
    PLACE[((int(DE_BRUIJN) << _bit) & (2**64 - 1)) >> 58] = _bit
ONE, SIX_TOP = np.uint64(1), np.uint64(58)


class Tree(NamedTuple):
    """Nodes in the order in which they were made, and the room that growing needs.

    ``feature`` is -1 for a leaf; children are ``left`` and ``left + 1``; ``start`` and ``end`` bound
    the node's cells in the bag.
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
    features: np.ndarray
    constants: np.ndarray
    bits: np.ndarray
    level: np.ndarray
    inverse: np.ndarray


@compiled
def next_below(shift, bound):  # pragma: no cover - compiled
    """A whole number below ``bound``, and the moved state of a 32-bit xorshift (Marsaglia 2003)."""
    shift = 1 if shift == 0 else shift
    shift ^= (shift << 13) & ALL_BITS
    shift ^= shift >> 17
    shift ^= (shift << 5) & ALL_BITS
    return (shift & LOWER) % bound, shift


@compiled
def new_tree(n_features, n_cells):  # pragma: no cover - compiled
    """Room for one tree, used again for the next."""
    return Tree(
        np.empty(N_NODES, np.int64), np.empty(N_NODES), np.empty(N_NODES, np.int64),
        np.empty(N_NODES, np.int64), np.empty(N_NODES, np.int64), np.empty(N_NODES),
        np.empty(N_NODES), np.empty(N_NODES, np.int64), np.empty(N_NODES, np.int64),
        np.empty(N_NODES, np.int64), np.empty(n_features, np.int64), np.empty(n_features, np.int64),
        np.zeros((n_cells + 63) // 64, np.uint64), np.empty(n_cells, np.float32),
        1.0 / np.arange(n_cells + 1),
    )  # fmt: skip


@compiled
def leaf_of(cell, values, tree):  # pragma: no cover - compiled
    """The leaf that a cell falls into."""
    k = 0
    while tree.feature[k] >= 0:
        k = tree.left[k] + (values[tree.feature[k], cell] > tree.threshold[k])
    return k


@compiled
def grow(
    regressors, residual, bag, shift, max_features, tree, importance
):  # pragma: no cover - compiled
    """Fit ``tree`` to ``residual`` (cells,) of the cells in ``bag``; returns its number of nodes.

    ``shift`` is the state that features are drawn from. ``bag`` ends sorted by leaves. What the
    splits take from the variance, as a share of all cells, is added to ``importance`` (features,).
    """
    for f in range(tree.features.size):
        tree.features[f] = f
    tree.start[0], tree.end[0], tree.depth[0], tree.n_constant[0] = 0, bag.size, 0, 0
    tree.waiting[0] = 0
    n_waiting, n_nodes = 1, 1
    while n_waiting:
        n_waiting -= 1
        k = tree.waiting[n_waiting]
        start, end = tree.start[k], tree.end[k]
        count, total, squares = end - start, 0.0, 0.0
        for place in range(start, end):
            r = residual[bag[place]]
            total += r
            squares += r * r
        tree.feature[k], tree.mean[k] = -1, total / count
        if k == 0:
            tree.impurity[0] = squares / count - tree.mean[0] ** 2
        if tree.depth[k] >= DEPTH or count < 2 or tree.impurity[k] <= EPSILON:
            continue
        feature, threshold, n_constant, shift = _best_split(
            regressors, residual, bag[start:end], total, max_features, tree.n_constant[k], tree,
            shift,
        )  # fmt: skip
        if feature < 0:
            continue
        middle = start + _partition(regressors.values[feature], threshold, bag[start:end])
        left_total = _sum_before(middle - start, residual, bag[start:end], 0, 0.0, total)
        left_squares = 0.0
        for place in range(start, middle):
            left_squares += residual[bag[place]] ** 2
        tree.feature[k], tree.threshold[k], tree.left[k] = feature, threshold, n_nodes
        _add_child(tree, n_nodes, k, start, middle, left_total, left_squares, n_constant)
        right_total, right_squares = total - left_total, squares - left_squares
        _add_child(tree, n_nodes + 1, k, middle, end, right_total, right_squares, n_constant)
        importance[feature] += (
            count * tree.impurity[k]
            - (middle - start) * tree.impurity[n_nodes]
            - (end - middle) * tree.impurity[n_nodes + 1]
        ) / bag.size
        # a stack: the left child is served first
        tree.waiting[n_waiting], tree.waiting[n_waiting + 1] = n_nodes + 1, n_nodes
        n_waiting += 2
        n_nodes += 2
    return n_nodes


@compiled
def _add_child(
    tree, child, parent, start, end, total, squares, n_constant
):  # pragma: no cover - compiled
    count = end - start
    tree.start[child], tree.end[child] = start, end
    tree.depth[child] = tree.depth[parent] + 1
    tree.n_constant[child] = n_constant
    tree.impurity[child] = squares / count - (total / count) ** 2


@compiled
def _partition(value, threshold, cells):  # pragma: no cover - compiled
    """Move cells up to the threshold to the front, in place; returns how many they are."""
    front, back = 0, cells.size
    while front < back:
        if value[cells[front]] <= threshold:
            front += 1
        else:
            back -= 1
            cells[front], cells[back] = cells[back], cells[front]
    return front


@compiled
def _best_split(
    regressors, residual, cells, total, max_features, n_known, tree, shift
):  # pragma: no cover - compiled
    """The split of ``cells`` with the largest fall in squared error, and the moved ``shift``.

    Returns ``(feature or -1, threshold, features constant here, shift)``. Features are drawn without
    replacement by swaps within ``tree.features``: first those drawn that were known to be constant,
    then the others known, then those found here, then those not drawn yet, then those tried. At
    least one that is not constant is tried if there is one.
    """
    features, constants = tree.features, tree.constants
    level = tree.level[: cells.size]
    best, best_feature, threshold = -np.inf, -1, 0.0
    end, visited, found, drawn, n_constant = features.size, 0, 0, 0, n_known
    while end > n_constant and (visited < max_features or visited <= found + drawn):
        visited += 1
        j, shift = next_below(shift, end - found - drawn)
        j += drawn
        if j < n_known:
            features[drawn], features[j] = features[j], features[drawn]
            drawn += 1
            continue
        j += found
        feature = features[j]
        _sort(regressors, feature, cells, tree.bits, level)
        if level[-1] > level[0] + SAME_VALUE:
            end -= 1
            features[end], features[j] = features[j], features[end]
            score, between = _best_threshold(residual, cells, level, total, tree.inverse)
            if score > best:
                best, best_feature, threshold = score, feature, between
        else:
            features[n_constant], features[j] = features[j], features[n_constant]
            found += 1
            n_constant += 1
    features[:n_known] = constants[:n_known]
    constants[n_known:n_constant] = features[n_known:n_constant]
    return best_feature, threshold, n_constant, shift


@compiled
def _sort(regressors, feature, cells, bits, level):  # pragma: no cover - compiled
    """Sort ``cells`` by one feature, in place; ``level`` becomes their values."""
    order, rank, rising = (
        regressors.order[feature],
        regressors.rank[feature],
        regressors.rising[feature],
    )
    for place in range(cells.size):
        r = rank[cells[place]]
        bits[r >> 6] |= ONE << np.uint64(r & 63)
    place = 0
    for word in range(bits.size):
        marks = bits[word]
        bits[word] = 0
        while marks:
            lowest = marks & (~marks + ONE)
            marks ^= lowest
            r = (word << 6) + PLACE[(lowest * DE_BRUIJN) >> SIX_TOP]
            cells[place], level[place] = order[r], rising[r]
            place += 1


@compiled
def _sum_before(place, residual, cells, known, sum_known, total):  # pragma: no cover - compiled
    """The sum over ``cells[:place]``, that over ``cells[:known]`` and over all being given.

    It is taken from the nearer side, as in scikit-learn: where sums are zero but for rounding, the
    rounding decides whether a node is split again.
    """
    if place - known <= cells.size - place:
        for i in range(known, place):
            sum_known += residual[cells[i]]
        return sum_known
    for i in range(cells.size - 1, place - 1, -1):
        total -= residual[cells[i]]
    return total


@compiled
def _best_threshold(residual, cells, level, total, inverse):  # pragma: no cover - compiled
    """The best split of sorted ``cells``: its score and threshold.

    The score is that part of the fall in squared error which depends on the split.
    """
    n, best, threshold = cells.size, -np.inf, 0.0
    n_left, left = 0, 0.0
    for place in range(1, n):
        if level[place] <= level[place - 1] + SAME_VALUE:
            continue
        left = _sum_before(place, residual, cells, n_left, left, total)
        n_left = place
        right = total - left
        estimate = left * left * inverse[n_left] + right * right * inverse[n - n_left]
        if estimate < best * NEARLY:  # no division for what is clearly worse
            continue
        score = left * left / n_left + right * right / (n - n_left)
        if score > best:
            best, threshold = score, level[place - 1] / 2.0 + level[place] / 2.0
    return best, threshold
