"""Which regulator -> target pairs are scored, and the scores that a prediction gives them.

The strict protocol fixes one explicit set of candidates per dataset. Every method is evaluated on
the same set; a pair that a method leaves out scores 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grnular_core.data.text import as_numbers
from grnular_core.utils.errors import InputError


@dataclass(frozen=True)
class TruthCounts:
    """Counts of the edges that ``clean_truth`` kept and dropped."""

    n_given: int  # the sum of the next four
    n_kept: int
    n_outside: int  # an end is not among the genes
    n_self_loops: int
    n_duplicates: int

    def __str__(self) -> str:
        """Return one sentence."""
        return (
            f"{self.n_kept} of {self.n_given} true edges are scored; {self.n_outside} name a gene that is not in "
            f"the data, {self.n_self_loops} are self-loops, {self.n_duplicates} repeats"
        )


@dataclass(frozen=True, eq=False)
class Candidates:
    """The pairs that are scored: regulators in the rows, targets in the columns."""

    regulators: tuple[str, ...]  # in gene order
    targets: tuple[str, ...]  # in gene order
    mask: np.ndarray  # (regulators, targets) bool: everything but self-pairs
    truth: np.ndarray  # (regulators, targets) bool: the true ones among them
    sign: np.ndarray  # (regulators, targets) int8: +1, -1, 0 unknown or not true

    @property
    def n_candidates(self) -> int:
        """Number of pairs that are scored."""
        return int(self.mask.sum())

    @property
    def n_true(self) -> int:
        """Number of true edges among them."""
        return int(self.truth.sum())

    @property
    def density(self) -> float:
        """Share of the candidates that is true; NaN when there is no candidate."""
        return self.n_true / self.n_candidates if self.n_candidates else float("nan")


def clean_truth(truth: pd.DataFrame, genes: Sequence[str]) -> tuple[pd.DataFrame, TruthCounts]:
    """Keep the edges of a reference network that a method which saw ``genes`` could have found.

    Parameters
    ----------
    truth : DataFrame
        Columns ``regulator, target`` and perhaps ``sign`` (+1, -1, 0 or missing for unknown).
    genes : sequence of str

    Returns
    -------
    clean : DataFrame
        Columns ``regulator, target, sign``, sorted by name, independent of the order of rows.
        A duplicate of unknown sign takes the known one; +1 beside -1 becomes 0. An empty network
        gives an empty table.
    counts : TruthCounts
        Dropped edges, in this order: edges with an end outside ``genes``, self-loops,
        duplicates.

    Raises
    ------
    InputError
        For missing columns, repeated gene names and signs that are not numbers.
    """
    genes = _unique_names(genes, "genes")
    _require_columns(truth, ("regulator", "target"), "the reference network")
    edges = pd.DataFrame({"regulator": truth["regulator"], "target": truth["target"]})
    edges["sign"] = _signs(truth["sign"]) if "sign" in truth else 0

    source, target = positions(edges["regulator"], genes), positions(edges["target"], genes)
    inside = (source >= 0) & (target >= 0)
    loop = inside & (source == target)
    kept = edges[inside & ~loop].astype({"regulator": object, "target": object})

    by_pair = kept.groupby(["regulator", "target"], sort=True)["sign"].agg(["min", "max"])
    clean = by_pair.index.to_frame(index=False)
    clean["sign"] = np.sign(by_pair["min"] + by_pair["max"]).to_numpy(dtype=int)
    counts = TruthCounts(
        n_given=len(edges),
        n_kept=len(clean),
        n_outside=int((~inside).sum()),
        n_self_loops=int(loop.sum()),
        n_duplicates=len(kept) - len(clean),
    )
    return clean, counts


def strict_candidates(truth: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]) -> Candidates:
    """Build the candidate pairs of the strict protocol: TFs with a true edge times all genes, self-pairs left out.

    Parameters
    ----------
    truth : DataFrame
        Reference network, which is cleaned first.
    genes, tfs : sequence of str
        A true edge whose regulator is not in the TF list is no candidate.

    Returns
    -------
    Candidates
        A network without an edge among ``genes`` gives no row.

    Raises
    ------
    InputError
        For repeated gene names, or a single text in place of the TF list.
    """
    return candidates_of_clean(clean_truth(truth, genes)[0], genes, tfs)


def candidates_of_clean(clean: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]) -> Candidates:
    """Build ``strict_candidates`` of a network that ``clean_truth`` has already cleaned.

    Parameters
    ----------
    clean : DataFrame
        Columns ``regulator, target, sign``, as ``clean_truth`` returns them for the same ``genes``.
    genes, tfs
        As of ``strict_candidates``.

    Returns
    -------
    Candidates

    Raises
    ------
    InputError
        As ``strict_candidates``.
    """
    active = frozenset(clean["regulator"])
    return candidate_pairs(clean, [name for name in listed_tfs(genes, tfs) if name in active], genes)


def candidate_pairs(clean: pd.DataFrame, regulators: Sequence[str], targets: Sequence[str]) -> Candidates:
    """Build the pairs of these regulators and targets, self-pairs left out.

    Parameters
    ----------
    clean : DataFrame
        As in ``candidates_of_clean``.
    regulators, targets : sequence of str
        Rows and columns, each name once.

    Returns
    -------
    Candidates
    """
    rows, columns = tuple(regulators), tuple(targets)
    row, column = positions(clean["regulator"], rows), positions(clean["target"], columns)
    found = (row >= 0) & (column >= 0)
    shape = (len(rows), len(columns))
    is_true, sign = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int8)
    is_true[row[found], column[found]] = True
    sign[row[found], column[found]] = clean["sign"].to_numpy()[found]
    mask = np.ones(shape, dtype=bool)
    itself = positions(rows, columns)
    mask[np.flatnonzero(itself >= 0), itself[itself >= 0]] = False
    return Candidates(rows, columns, mask, is_true, sign)


def listed_tfs(genes: Sequence[str], tfs: Sequence[str]) -> tuple[str, ...]:
    """Return the TFs of the list that are among ``genes``, in gene order; repeats are harmless.

    Parameters
    ----------
    genes, tfs : sequence of str

    Returns
    -------
    tuple of str
        Empty where no TF is among the genes.

    Raises
    ------
    InputError
        For a single text in place of the list, and for repeated gene names.
    """
    if isinstance(tfs, str):
        raise InputError(f"tfs is the single text {tfs[:40]!r}; give a list of names")
    wanted = frozenset(tfs)  # membership only: the order is that of the genes
    return tuple(name for name in _unique_names(genes, "genes") if name in wanted)


def truth_genes(clean: pd.DataFrame, genes: Sequence[str]) -> tuple[str, ...]:
    """Return the genes that occur in a cleaned reference network at either end, in gene order.

    Parameters
    ----------
    clean : DataFrame
        Columns ``regulator, target``, as ``clean_truth`` returns them.
    genes : sequence of str

    Returns
    -------
    tuple of str
        Empty for a network without edges.
    """
    seen = frozenset(clean["regulator"]) | frozenset(clean["target"])
    return tuple(name for name in genes if name in seen)


@dataclass(frozen=True, eq=False)
class ScoredEdges:
    """A checked edge table of a prediction, all of it among ``genes``; arrays of shape (edges,)."""

    genes: tuple[str, ...]
    source: np.ndarray  # places of the regulators in ``genes``
    target: np.ndarray  # places of the targets in ``genes``
    weight: np.ndarray  # absolute
    sign: np.ndarray  # -1, 0 or +1


def scored_edges(edges: pd.DataFrame | ScoredEdges, genes: Sequence[str]) -> ScoredEdges:
    """Check an edge table once and keep what lies among ``genes``, ready for many score matrices.

    Parameters
    ----------
    edges : DataFrame or ScoredEdges
        Columns ``regulator, target, weight`` and perhaps ``sign``; without it the sign is the
        weight's own when some weight is negative, else 0. What was already checked is returned as
        it is.
    genes : sequence of str

    Returns
    -------
    ScoredEdges
        In the order of the rows; duplicates are kept.

    Raises
    ------
    InputError
        For missing columns, repeated gene names, signs that are not numbers, and weights that are not
        finite numbers.
    """
    if isinstance(edges, ScoredEdges):
        return edges
    genes = _unique_names(genes, "genes")
    _require_columns(edges, ("regulator", "target", "weight"), "the edge table")
    weight = as_numbers(edges["weight"]).to_numpy(dtype=float)
    if not np.isfinite(weight).all():
        bad = int(np.flatnonzero(~np.isfinite(weight))[0])
        raise InputError(
            f"edge table, row {bad + 1}: weight {edges['weight'].iloc[bad]!r} is not a finite "
            "number; leave out edges that have no weight"
        )
    if "sign" in edges:
        sign = _signs(edges["sign"]).to_numpy()
    else:
        sign = np.sign(weight).astype(int) if (weight < 0).any() else np.zeros(len(weight), int)
    source, target = positions(edges["regulator"], genes), positions(edges["target"], genes)
    inside = (source >= 0) & (target >= 0)
    return ScoredEdges(genes, source[inside], target[inside], abs(weight[inside]), sign[inside])


def score_matrix(
    edges: pd.DataFrame | ScoredEdges, regulators: Sequence[str], targets: Sequence[str]
) -> np.ndarray:
    """Return the scores of an edge table: |weight|, absent edges 0.

    Parameters
    ----------
    edges : DataFrame or ScoredEdges
        Of duplicated edges the largest |weight| counts; edges with a name outside are ignored. An
        empty table gives zeros.
    regulators, targets : sequence of str

    Returns
    -------
    ndarray, shape (regulators, targets)
    """
    row, column, weight, _ = _inside(edges, regulators, targets)
    scores = np.zeros((len(regulators), len(targets)))
    np.maximum.at(scores, (row, column), weight)
    return scores


def sign_matrix(
    edges: pd.DataFrame | ScoredEdges, regulators: Sequence[str], targets: Sequence[str]
) -> np.ndarray:
    """Return the predicted signs: that of the edge which gives the score.

    Parameters
    ----------
    edges : DataFrame or ScoredEdges
        As in ``score_matrix``.
    regulators, targets : sequence of str

    Returns
    -------
    ndarray of int8, shape (regulators, targets)
        0 where the edge is absent, its sign is unknown, or equally strong duplicates disagree.
    """
    row, column, weight, sign = _inside(edges, regulators, targets)
    scores = score_matrix(edges, regulators, targets)
    strongest = (weight == scores[row, column]) & (weight > 0)
    row, column, sign = row[strongest], column[strongest], sign[strongest]
    low = np.zeros(scores.shape, dtype=np.int8)
    high = np.zeros(scores.shape, dtype=np.int8)
    np.minimum.at(low, (row, column), sign)
    np.maximum.at(high, (row, column), sign)
    return low + high  # +1 beside -1 cancels, 0 beside a known sign takes it


def positions(names: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """Return the place of every name in ``known``; -1 for one that is not there or missing.

    Parameters
    ----------
    names : sequence of str
        Names to look up; repeats are allowed.
    known : sequence of str
        Where it is looked for, each name once.

    Returns
    -------
    ndarray of int, shape (names,)

    Raises
    ------
    InputError
        When a name in ``known`` is repeated.
    """
    index = pd.Index(_unique_names(known, "names"), dtype=object)
    return index.get_indexer(pd.Index(names, dtype=object))


def _inside(
    edges: pd.DataFrame | ScoredEdges, regulators: Sequence[str], targets: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, column, weight and sign of the edges that lie in the matrix (regulators, targets)."""
    # dict.fromkeys drops the repeats and keeps the order, which a set would not
    known = scored_edges(edges, tuple(dict.fromkeys([*regulators, *targets])))
    row = positions(known.genes, regulators)[known.source]
    column = positions(known.genes, targets)[known.target]
    inside = (row >= 0) & (column >= 0)
    sign = known.sign.astype(np.int8)
    return row[inside], column[inside], known.weight[inside], sign[inside]


def _signs(column: pd.Series) -> pd.Series:
    """Signs as -1, 0, +1; a missing one is unknown."""
    number = as_numbers(column)
    wrong = number.isna() & column.notna()
    if wrong.any():
        raise InputError(
            f"sign {column[wrong].iloc[0]!r} is not a number; write 1, -1 or 0 (unknown)"
        )
    return np.sign(number.fillna(0)).astype(int)


def _unique_names(names: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(names)
    if len(frozenset(names)) < len(names):
        index = pd.Index(names, dtype=object)
        repeated = index[index.duplicated()][0]
        raise InputError(f"{what} hold {repeated!r} more than once; make the names unique first")
    return names


def _require_columns(table: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{what} has the columns {list(table.columns)[:8]}; missing {missing}")
