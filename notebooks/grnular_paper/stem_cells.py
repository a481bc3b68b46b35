"""The paper's statements about its network of mouse stem cells, as numbers and verdicts.

Scores are matrices (tfs, genes) with absent edges at 0; ``inside`` means both ends in a set of genes.

Parameters
----------
scores : ndarray, shape (tfs, genes)
    Scores of edges.
tfs, genes : sequence of str
    Names of rows and columns.
chosen : sequence of str
    Names of a set of genes.
target : str
    Name of a gene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from grnular_core.data.beeline import pseudotime_key
from grnular_core.data.candidates import positions
from grnular_core.data.downloads import fetch
from grnular_core.data.edges import cpdag, edge_table
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import write_csv
from grnular_paper import verdicts
from grnular_paper.environments import provenance
from grnular_paper.smoothing import explained, loess

LEVEL = 0.05
AGREES, PARTLY, NOT, UNTESTED = "agrees", "agrees in part", "does not agree", "cannot be tested"
# the words of this page, in those of the table of all claims
VERDICTS = {AGREES: verdicts.REPRODUCED, PARTLY: verdicts.PARTLY, NOT: verdicts.NOT_REPRODUCED, UNTESTED: verdicts.UNTESTED}


@dataclass(frozen=True)
class SetScores:
    """Scores inside a set of genes against all others, of one network."""

    median_all: float  # of the scores of all edges
    median_inside: float
    above: float  # how often a score inside is above one outside (ties count half; 0.5 is chance)
    p_wilcoxon: float  # of the two-sided rank-sum test, which takes edges for independent
    # Share of random sets, of as many TFs and other genes, that are above as far or further.
    p_random: float


def pseudotime(dataset: str, cells: Sequence[str]) -> np.ndarray:
    """Slingshot's pseudotime of cells as BEELINE gives it.

    Parameters
    ----------
    dataset : str
        BEELINE's name.
    cells : sequence of str

    Returns
    -------
    ndarray, shape (cells,)

    Raises
    ------
    InputError
        For a cell that has none, or a dataset with several lineages.
    DownloadError
        When the file cannot be had.
    """
    table = pd.read_csv(fetch(pseudotime_key(dataset)), index_col=0)
    if table.shape[1] != 1:
        raise InputError(f"{dataset} has {table.shape[1]} lineages of pseudotime; expected one")
    times = table.iloc[:, 0].reindex(list(cells))
    if times.isna().any():
        raise InputError(f"{dataset}: cell {times.index[times.isna()][0]!r} has no pseudotime")
    return times.to_numpy(dtype=float)


def compare_set(
    scores: np.ndarray,
    tfs: Sequence[str],
    genes: Sequence[str],
    chosen: Sequence[str],
    n_random: int = 1000,
    seed: int = 0,
) -> SetScores:
    """``SetScores`` of the set ``chosen``; a gene's edge to itself does not count.

    Parameters
    ----------
    n_random : int
        Random sets to draw.
    seed : int
        Of the draws.

    Returns
    -------
    SetScores

    Raises
    ------
    InputError
        When the set has no TF or fewer than two genes among ``genes``.
    """
    of_tf, of_gene = np.isin(tfs, chosen), np.isin(genes, chosen)
    if not of_tf.any() or of_gene.sum() < 2:
        raise InputError(f"the set has {of_tf.sum()} TFs and {of_gene.sum()} genes in the data; too few")
    itself = positions(tfs, genes)
    other = np.ones(scores.shape, dtype=bool)
    other[np.arange(len(tfs)), itself] = False
    ranks = np.zeros(scores.shape)
    ranks[other] = stats.rankdata(scores[other])
    inside = np.outer(of_tf, of_gene) & other
    p_wilcoxon = stats.mannwhitneyu(scores[inside], scores[other & ~inside]).pvalue
    observed = _share(ranks[inside].sum(), int(inside.sum()), int(other.sum()))
    generator = np.random.default_rng(seed)
    plain = np.setdiff1d(np.arange(len(genes)), itself)
    n_tfs, n_plain = int(of_tf.sum()), int(of_gene.sum() - of_tf.sum())
    further = 0
    for _ in range(n_random):
        drawn = generator.choice(len(tfs), n_tfs, replace=False)
        columns = np.concatenate([itself[drawn], generator.choice(plain, n_plain, replace=False)])
        total, count = ranks[np.ix_(drawn, columns)].sum(), n_tfs * (len(columns) - 1)
        further += int(_share(total, count, int(other.sum())) >= observed - 1e-12)
    return SetScores(
        float(np.median(scores[other])), float(np.median(scores[inside])), observed, float(p_wilcoxon),
        (further + 1) / (n_random + 1),
    )  # fmt: skip


def _share(rank_sum: float, n_inside: int, n_all: int) -> float:
    """Chance that a score inside is above one outside, from the sum of the ranks inside."""
    return (float(rank_sum) / n_inside - (n_inside + 1) / 2) / (n_all - n_inside)


def regulator_ranks(
    scores: np.ndarray,
    tfs: Sequence[str],
    genes: Sequence[str],
    target: str,
    regulators: Sequence[str],
) -> list[float]:
    """Rank of each of ``regulators`` among all TFs of ``target``: 1 is the strongest, ties share.

    NaN for one that is no TF of the list or is the target itself.

    Parameters
    ----------
    regulators : sequence of str

    Returns
    -------
    list of float

    Raises
    ------
    InputError
        When the target is not among ``genes``.
    """
    column = positions([target], genes)[0]
    if column < 0:
        raise InputError(f"{target} is not among the {len(genes)} genes of this network")
    others = [i for i, tf in enumerate(tfs) if tf != target]
    ranks = stats.rankdata(-scores[others, column])
    place = {tfs[i]: float(rank) for i, rank in zip(others, ranks, strict=True)}
    return [place.get(name, float("nan")) for name in regulators]


def subnetwork(
    scores: np.ndarray,
    signs: np.ndarray,
    tfs: Sequence[str],
    genes: Sequence[str],
    chosen: Sequence[str],
    n_edges: int,
) -> pd.DataFrame:
    """The ``n_edges`` strongest edges of the CPDAG among the genes ``chosen`` (see ``grnular_core.data.edges.cpdag``).

    Parameters
    ----------
    signs : ndarray, shape (tfs, genes)
    n_edges : int

    Returns
    -------
    DataFrame
        Edges, the strongest first.
    """
    rows, columns = np.flatnonzero(np.isin(tfs, chosen)), np.flatnonzero(np.isin(genes, chosen))
    part = np.ix_(rows, columns)
    of_tfs = [tfs[i] for i in rows]
    edges = edge_table(scores[part], of_tfs, [genes[j] for j in columns], signs[part])
    return cpdag(edges, of_tfs).head(n_edges).reset_index(drop=True)


def predictors(time: np.ndarray, target: np.ndarray, regulators: dict[str, np.ndarray], span: float) -> pd.DataFrame:
    """How well each regulator's expression predicts the target's, cell by cell.

    The residual after removing the trend along pseudotime is what two genes have in common
    beyond being early or late.

    Parameters
    ----------
    time : ndarray, shape (cells,)
    target : ndarray, shape (cells,)
    regulators : dict of str to ndarray, shape (cells,)
    span : float
        Share of the cells in each local fit of LOESS.

    Returns
    -------
    DataFrame
        ``regulator``; ``r2`` of a LOESS fitted without the cell (``smoothing.explained``); ``rho``
        (Spearman); ``rho_within``, the same without the trends.
    """
    flat = target - loess(time, target, span)
    lines = []
    for name, values in regulators.items():
        within = values - loess(time, values, span)
        rho, rho_within = (stats.spearmanr(a, b).statistic for a, b in ((values, target), (within, flat)))
        lines.append((name, explained(values, target, span), rho, rho_within))
    return pd.DataFrame(lines, columns=["regulator", "r2", "rho", "rho_within"])


def word(good: int, tried: int, p: float = 0.0) -> str:
    """Verdict on a statement that held ``good`` times of ``tried``; in part takes a ``p`` below ``LEVEL``, too.

    Parameters
    ----------
    good : int
    tried : int
    p : float
        Chance of as much by a random draw.

    Returns
    -------
    str
        One of ``VERDICTS``.
    """
    if not tried:
        return UNTESTED
    return AGREES if good == tried else PARTLY if 2 * good > tried and p < LEVEL else NOT


def record_statements(findings: pd.DataFrame, folder: Path, settings: Mapping[str, object]) -> None:
    """Write the findings on one method to ``stem_cells.csv``, with the usual provenance; other methods keep their rows.

    Parameters
    ----------
    findings : DataFrame
        ``name, the paper says, verdict, numbers``; verdicts are translated to those of the table of all claims.
    folder : Path
    settings : mapping of str to object
        ``method`` and other columns to add, the same in every row.

    Raises
    ------
    WriteError
        When the file cannot be written.
    """
    rows = findings.rename(columns={"the paper says": "statement"})
    rows = rows.assign(verdict=rows["verdict"].map(VERDICTS), **settings, **provenance())
    path = folder / "stem_cells.csv"
    if path.exists():
        before = pd.read_csv(path, keep_default_na=False)
        rows = pd.concat([before[before["method"] != settings["method"]], rows], ignore_index=True)
    write_csv(rows, path)
