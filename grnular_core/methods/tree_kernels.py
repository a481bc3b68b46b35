"""Regression trees as compiled loops: shallow ones that are boosted, deep ones that make a forest.

Random numbers are used up in the order of scikit-learn's builder, which splits nodes depth first, left
before right, and sums are added in its order: the same seed grows the same trees. What is faster is the
way to see the cells of a node by rising value of a TF: their ranks are marked in a field of bits, which
is read from its lowest bit on.

All loops are in this file, because numba keeps compiled code until the file of its function changes; so are the
types that they take, which that code names.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grnular_core.utils.jit import compiled, part_of_compiled

EPSILON = np.finfo(np.float64).eps
NO_LIMIT = 2**31 - 1  # of depth
SAME_VALUE = np.float32(1e-7)  # scikit-learn takes values closer than this for one value
ALL_BITS, LOWER = 0xFFFFFFFF, 0x7FFFFFFF
FEW = 24  # cells that are sorted by insertion
# The place of the lowest bit of a word, by multiplication with a de Bruijn sequence.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
PLACE = np.zeros(64, np.int64)
for _bit in range(64):
    PLACE[((int(DE_BRUIJN) << _bit) & (2**64 - 1)) >> 58] = _bit
ONE, SIX_TOP = np.uint64(1), np.uint64(58)


class Regressors(NamedTuple):
    """TFs prepared once for all targets, each array (tfs, cells)."""

    values: np.ndarray  # as trees see them
    order: np.ndarray  # the cells by rising value
    rank: np.ndarray  # every cell's place in that order
    rising: np.ndarray  # values sorted for each TF

    @classmethod
    def of(cls, tf_expression: np.ndarray) -> Regressors:
        """Sort the cells by each TF.

        Parameters
        ----------
        tf_expression : ndarray, (cells, tfs)

        Returns
        -------
        Regressors
        """
        values = np.ascontiguousarray(tf_expression.T, dtype=np.float32)
        order = np.argsort(values, axis=1, kind="stable").astype(np.int32)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(order.shape[1], dtype=np.int32)[None], axis=1)
        return cls(values, order, rank, np.take_along_axis(values, order, axis=1))

    def without(self, tf: int) -> Regressors:
        """All TFs but that of row ``tf``, for a target that is a TF itself.

        Parameters
        ----------
        tf : int

        Returns
        -------
        Regressors
        """
        return Regressors(*(np.delete(part, tf, 0) for part in self))


class _WorkSpace(NamedTuple):
    """Buffers of the search for a split.

    ``features`` is the order in which TFs are drawn, ``constants`` those known to be constant, ``bits`` marks ranks,
    ``level`` holds the values of sorted cells.
    """

    features: np.ndarray
    constants: np.ndarray
    bits: np.ndarray
    level: np.ndarray


class Tree(NamedTuple):
    """Nodes (nodes,) in the order in which they were made."""

    feature: np.ndarray  # row of the TF that splits the node, -1 for a leaf
    threshold: np.ndarray  # cells up to this value go left
    left: np.ndarray  # left child, which the right one follows
    start: np.ndarray  # bounds of its cells in the bag
    end: np.ndarray
    mean: np.ndarray  # of what is fitted
    impurity: np.ndarray  # its variance
    depth: np.ndarray  # 0 for the root
    n_constant: np.ndarray  # how many TFs are known to be constant in it
    waiting: np.ndarray  # stack of the nodes that are not done
    space: _WorkSpace


def new_tree(n_tfs: int, n_cells: int, n_nodes: int) -> Tree:
    """Make memory for one tree, used again for the next.

    Parameters
    ----------
    n_tfs, n_cells, n_nodes : int
        The most there can be.

    Returns
    -------
    Tree
    """

    def whole(size: int) -> np.ndarray:
        return np.empty(size, np.int64)

    bits = np.zeros((n_cells + 63) // 64, np.uint64)
    space = _WorkSpace(whole(n_tfs), whole(n_tfs), bits, np.empty(n_cells, np.float32))
    return Tree(
        whole(n_nodes), np.empty(n_nodes), whole(n_nodes), whole(n_nodes), whole(n_nodes),
        np.empty(n_nodes), np.empty(n_nodes), whole(n_nodes), whole(n_nodes), whole(n_nodes), space,
    )  # fmt: skip


@part_of_compiled
def _next_below(shift, bound):  # pragma: no cover - compiled
    """Draw a whole number below ``bound`` and move the state of a 32-bit xorshift (Marsaglia 2003)."""
    shift = 1 if shift == 0 else shift
    shift ^= (shift << 13) & ALL_BITS
    shift ^= shift >> 17
    shift ^= (shift << 5) & ALL_BITS
    return (shift & LOWER) % bound, shift


# fmt: off
@part_of_compiled
def _best_split(
    values, order, rank, rising, target, weight, cells, total, mass, max_features, n_known, shift,
    features, constants, bits, level,
):  # pragma: no cover - compiled
    # fmt: on
    """Find the split of ``cells`` with the largest fall in squared error, and the moved ``shift``.

    ``target`` (all cells,) is already multiplied by ``weight`` (all cells,), which is None where all
    weights are 1; ``total`` and ``mass`` are their sums over ``cells``. Returns ``(TF or -1,
    threshold, TFs constant here, shift)``.

    TFs are drawn without replacement by swaps within ``features``: first those drawn that were
    known to be constant, then the others known, then those found here, then those not drawn yet, then
    those tried. At least one that is not constant is tried if there is one.

    Arrays come one by one, not in tuples: taking an array out of a tuple counts a reference, which
    costs as much as a small node.
    """
    best, best_feature, threshold = -np.inf, -1, 0.0
    end, visited, found, drawn, n_constant = features.size, 0, 0, 0, n_known
    while end > n_constant and (visited < max_features or visited <= found + drawn):
        visited += 1
        j, shift = _next_below(shift, end - found - drawn)
        j += drawn
        if j < n_known:
            features[drawn], features[j] = features[j], features[drawn]
            drawn += 1
            continue
        j += found
        feature = features[j]
        _sort(values, order, rank, rising, feature, cells, bits, level)
        if level[cells.size - 1] > level[0] + SAME_VALUE:
            end -= 1
            features[end], features[j] = features[j], features[end]
            score, between = _best_threshold(target, weight, cells, level, total, mass)
            if score > best:
                best, best_feature, threshold = score, feature, between
        else:
            features[n_constant], features[j] = features[j], features[n_constant]
            found += 1
            n_constant += 1
    for f in range(n_known):
        features[f] = constants[f]
    for f in range(n_known, n_constant):
        constants[f] = features[f]
    return best_feature, threshold, n_constant, shift


@part_of_compiled
def _sort(values, order, rank, rising, tf, cells, bits, level):  # pragma: no cover - compiled
    """Sort ``cells`` by one TF, in place; ``level`` becomes their values."""
    if cells.size <= FEW:  # one look into memory for a cell
        for new in range(cells.size):
            cell, place = cells[new], new
            value = values[tf, cell]
            while place > 0 and level[place - 1] > value:
                cells[place], level[place] = cells[place - 1], level[place - 1]
                place -= 1
            cells[place], level[place] = cell, value
        return
    for place in range(cells.size):
        r = rank[tf, cells[place]]
        bits[r >> 6] |= ONE << np.uint64(r & 63)
    place = 0
    for word in range(bits.size):
        marks = bits[word]
        bits[word] = 0
        while marks:
            lowest = marks & (~marks + ONE)
            marks ^= lowest
            r = (word << 6) + PLACE[(lowest * DE_BRUIJN) >> SIX_TOP]
            cells[place], level[place] = order[tf, r], rising[tf, r]
            place += 1


@part_of_compiled
def _best_threshold(target, weight, cells, level, total, mass):  # pragma: no cover - compiled
    """Find the best split of sorted ``cells``: its score and threshold.

    The score is that part of the fall in squared error which depends on the split.
    """
    best, threshold = -np.inf, 0.0
    known, left, left_mass = 0, 0.0, 0.0
    for place in range(1, cells.size):
        if level[place] <= level[place - 1] + SAME_VALUE:
            continue
        if place == known + 1:  # no call for the usual case
            left += target[cells[known]]
            left_mass += 1.0 if weight is None else weight[cells[known]]
        else:
            left = _sum_before(place, target, cells, known, left, total)
            if weight is None:
                left_mass = float(place)
            else:
                left_mass = _sum_before(place, weight, cells, known, left_mass, mass)
        known = place
        right = total - left
        score = left * left / left_mass + right * right / (mass - left_mass)
        if score > best:
            best, threshold = score, level[place - 1] / 2.0 + level[place] / 2.0
    return best, threshold


@part_of_compiled
def _sum_before(place, values, cells, known, sum_known, total):  # pragma: no cover - compiled
    """Sum over ``cells[:place]``, the sum over ``cells[:known]`` and over all being given.

    It is taken from the nearer side, as in scikit-learn: where sums are zero but for rounding, the
    rounding decides whether a node is split again.
    """
    if place - known <= cells.size - place:
        for i in range(known, place):
            sum_known += values[cells[i]]
        return sum_known
    for i in range(cells.size - 1, place - 1, -1):
        total -= values[cells[i]]
    return total


@part_of_compiled
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


@part_of_compiled
def _leaf_of(cell, values, tree):  # pragma: no cover - compiled
    """Find the leaf that a cell falls into; ``values`` is (tfs, cells)."""
    k = 0
    while tree.feature[k] >= 0:
        k = tree.left[k] + (values[tree.feature[k], cell] > tree.threshold[k])
    return k


@part_of_compiled
def _grow(
    regressors, y, weighted, weight, bag, shift, max_features, max_depth, tree, importance
):  # pragma: no cover - compiled
    """Fit ``tree`` to ``y`` (cells,) of the cells in ``bag``; returns its number of nodes.

    A node is a leaf when it is as deep as allowed, holds one cell or has no variance.

    ``weight`` (cells,) counts how often a cell is in the bag (None: once) and ``weighted`` is
    ``weight * y``. ``shift`` is the state that TFs are drawn from. ``bag`` ends sorted by leaves.
    The variance that splits explain, as a share of the bag, is added to ``importance`` (tfs,).
    """
    values, order, rank, rising = regressors
    features, constants, bits, level = tree.space
    for f in range(features.size):
        features[f] = f
    tree.start[0], tree.end[0], tree.depth[0], tree.n_constant[0] = 0, bag.size, 0, 0
    tree.waiting[0] = 0
    n_waiting, n_nodes, all_mass = 1, 1, 0.0
    while n_waiting:
        n_waiting -= 1
        k = tree.waiting[n_waiting]
        start, end = tree.start[k], tree.end[k]
        cells = bag[start:end]
        total, squares, mass = 0.0, 0.0, 0.0
        for i in cells:
            total += weighted[i]
            squares += weighted[i] * y[i]
            if weight is not None:
                mass += weight[i]
        if weight is None:
            mass = float(cells.size)
        tree.feature[k], tree.mean[k] = -1, total / mass
        if k == 0:
            all_mass = mass
            tree.impurity[0] = squares / mass - tree.mean[0] ** 2
        if tree.depth[k] >= max_depth or cells.size < 2 or tree.impurity[k] <= EPSILON:
            continue
        feature, threshold, n_constant, shift = _best_split(
            values, order, rank, rising, weighted, weight, cells, total, mass, max_features,
            tree.n_constant[k], shift, features, constants, bits, level,
        )  # fmt: skip
        if feature < 0:
            continue
        n_left = _partition(values[feature], threshold, cells)
        left_total = _sum_before(n_left, weighted, cells, 0, 0.0, total)
        left_squares, left_mass = 0.0, float(n_left)
        for i in cells[:n_left]:
            left_squares += weighted[i] * y[i]
        if weight is not None:
            left_mass = _sum_before(n_left, weight, cells, 0, 0.0, mass)
        right_mass, right_total = mass - left_mass, total - left_total
        left, right = n_nodes, n_nodes + 1
        tree.feature[k], tree.threshold[k], tree.left[k] = feature, threshold, left
        tree.impurity[left] = left_squares / left_mass - (left_total / left_mass) ** 2
        tree.impurity[right] = (squares - left_squares) / right_mass - (
            right_total / right_mass
        ) ** 2
        importance[feature] += (
            mass * tree.impurity[k]
            - left_mass * tree.impurity[left]
            - right_mass * tree.impurity[right]
        ) / all_mass
        middle = start + n_left
        tree.start[left], tree.end[left] = start, middle
        tree.start[right], tree.end[right] = middle, end
        for child in (left, right):
            tree.depth[child], tree.n_constant[child] = tree.depth[k] + 1, n_constant
        # a stack: the left child is served first
        tree.waiting[n_waiting], tree.waiting[n_waiting + 1] = right, left
        n_waiting += 2
        n_nodes += 2
    return n_nodes


# fmt: off
@compiled
def boost_stages(
    regressors, y, prediction, inside, shift, n_bag, first, last, max_features, max_depth,
    learning_rate, window, tree, importance, gains,
):  # pragma: no cover - compiled
    # fmt: on
    """Boost by the stages from ``first`` to before ``last``, or until the early stop.

    Parameters
    ----------
    regressors : Regressors
    y : ndarray of float64, (cells,)
        Expression of the target.
    prediction : ndarray of float, (cells,)
        Of the stages before; moves on in place.
    inside : ndarray of bool, (stages, cells)
        The cells that each tree learns from.
    shift : ndarray of int, (stages,)
        State from which each tree draws TFs.
    n_bag, first, last : int
        How many cells each tree learns from; bounds of the stages.
    max_features, max_depth, window : int
        TFs tried in a node; depth of the trees; window of the early stop.
    learning_rate : float
    tree : Tree
        Memory, see ``new_tree``.
    importance : ndarray of float, (tfs,)
        The variance that splits explain is added in place.
    gains : ndarray of float, (stages,)
        Written: how far each stage moved the summed squared error of the cells that it had left out.

    Returns
    -------
    n_stages : int
        Done in all, those before ``first`` included.
    stopped : bool
        Whether the early stop ended them.
    """
    n_cells = y.size
    residual = np.empty(n_cells)
    bag, left_out = np.empty(n_bag, np.int32), np.empty(n_cells - n_bag, np.int32)
    for stage in range(first, last):
        n_in = n_out = 0
        for i in range(n_cells):
            residual[i] = y[i] - prediction[i]
            if inside[stage, i]:
                bag[n_in] = i
                n_in += 1
            else:
                left_out[n_out] = i
                n_out += 1
        n_nodes = _grow(
            regressors, residual, residual, None, bag, shift[stage], max_features, max_depth,
            tree, importance,
        )  # fmt: skip
        for k in range(n_nodes):
            if tree.feature[k] < 0:
                step = learning_rate * tree.mean[k]
                for place in range(tree.start[k], tree.end[k]):
                    prediction[bag[place]] += step
        gain = 0.0
        for i in left_out:
            step = learning_rate * tree.mean[_leaf_of(i, regressors.values, tree)]
            prediction[i] += step
            after = y[i] - prediction[i]
            gain += (after + step) ** 2 - after**2
        gains[stage] = gain  # every stage leaves out as many cells: a sum serves as a mean
        if stage >= window - 1 and gains[stage - window + 1 : stage + 1].sum() < 0:
            return stage + 1, True
    return last, False


@compiled
def grow_forest(
    regressors, y, weights, shift, max_features, max_depth, tree, importance
):  # pragma: no cover - compiled
    """Add every tree's normalised importances to ``importance``.

    Parameters
    ----------
    regressors, y, max_features, max_depth, tree, importance
        As in ``boost_stages``.
    weights : ndarray of int, (trees, cells)
        How often each tree has drawn a cell.
    shift : ndarray of int, (trees,)
        State from which each tree draws TFs.
    """
    n_tfs, n_cells = regressors.values.shape
    of_tree = np.empty(n_tfs)
    bag, weight, weighted = np.empty(n_cells, np.int32), np.empty(n_cells), np.empty(n_cells)
    for t in range(shift.size):
        n_in = 0
        for i in range(n_cells):
            weight[i] = weights[t, i]
            weighted[i] = weight[i] * y[i]
            if weights[t, i]:
                bag[n_in] = i
                n_in += 1
        of_tree[:] = 0
        _grow(
            regressors, y, weighted, weight, bag[:n_in], shift[t], max_features, max_depth, tree,
            of_tree,
        )  # fmt: skip
        total = of_tree.sum()
        if total > 0:
            importance += of_tree / total
