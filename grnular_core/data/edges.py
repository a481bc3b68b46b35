"""The edge table, the one format in which every method answers.

Columns ``regulator, target, weight, sign, rank``: one row per predicted interaction, strongest
first. ``weight`` is non-negative and only its order carries meaning (weights of two methods are not
comparable); ``sign`` is +1 (activates), -1 (represses) or 0 (unknown); ``rank`` counts from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.arrow import arrow_table, with_pyarrow
from grnular_core.data.gene_lists import REGULATOR_HEADERS, TARGET_HEADERS, header_key, signs_of
from grnular_core.data.text import as_numbers, read_rows, sniffed_separator, unnumbered
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, write_csv

EDGE_COLUMNS = ("regulator", "target", "weight", "sign", "rank")
WEIGHT_HEADERS = ("weight", "importance", "edgeweight", "score", "confidence")
MOST = 1_000_000  # edges kept where no number is given: 45 MB of csv, and what a spreadsheet opens
ALL_EDGES = "all"


def edge_table(
    scores: np.ndarray,
    tfs: Sequence[str],
    genes: Sequence[str],
    signs: np.ndarray | None = None,
) -> pd.DataFrame:
    """Turn a score matrix into an edge table.

    Parameters
    ----------
    scores : ndarray, shape (tfs, genes)
        ``scores[i, j]`` is the strength of ``tfs[i] -> genes[j]``, finite and >= 0.
    tfs, genes : sequence of str
    signs : ndarray, shape (tfs, genes), optional
        The direction of the effect, of which only the sign is taken.

    Returns
    -------
    DataFrame
        Zeros and self-loops are left out. Equal weights are ordered by regulator, then target
        name, so that the table never depends on the order of the columns.

    Raises
    ------
    InputError
        When a score is not finite or negative, or when shapes disagree.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (len(tfs), len(genes)):
        raise InputError(
            f"scores have shape {scores.shape}, expected ({len(tfs)} tfs, {len(genes)} genes)"
        )
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise InputError(
            "scores hold NaN, infinite or negative values; a weight is finite and >= 0"
        )
    tfs, genes = np.asarray(tfs, dtype=object), np.asarray(genes, dtype=object)
    # with rows and columns in the order of names, a stable sort by weight alone is enough
    by_name = np.ix_(np.argsort(tfs, kind="stable"), np.argsort(genes, kind="stable"))
    tfs, genes, scores = tfs[by_name[0][:, 0]], genes[by_name[1][0]], scores[by_name]
    scores[tfs[:, None] == genes] = 0
    at = np.flatnonzero(scores)
    at = at[np.argsort(-scores.reshape(-1)[at], kind="stable")]
    row, column = np.divmod(at, len(genes))
    sign = 0 if signs is None else np.sign(np.asarray(signs)[by_name].reshape(-1)[at]).astype(int)
    return pd.DataFrame(
        {
            "regulator": tfs[row],
            "target": genes[column],
            "weight": scores.reshape(-1)[at],
            "sign": sign,
            "rank": np.arange(1, len(at) + 1),
        }
    )


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by falling weight (ties by name) and number the rows: a complete edge table.

    Parameters
    ----------
    table : DataFrame
        Columns ``regulator, target, weight, sign``; others are left out.

    Returns
    -------
    DataFrame
        A new table with the columns ``EDGE_COLUMNS``.
    """
    table = table.sort_values(
        ["weight", "regulator", "target"], ascending=[False, True, True], kind="mergesort"
    ).reset_index(drop=True)
    table["rank"] = np.arange(1, len(table) + 1)
    return table[list(EDGE_COLUMNS)]


def kept_edges(
    edges: pd.DataFrame, top: int | str | None = None, first: str = "strongest"
) -> tuple[pd.DataFrame, str | None]:
    """Keep the strongest edges: of a whole genome there are tens of millions.

    Parameters
    ----------
    edges : DataFrame
        An edge table, strongest first.
    top : int or "all", optional
        So many; by default ``MOST``, which leaves nothing out of networks with fewer candidate edges.
    first : str
        What the first rows are, for the note.

    Returns
    -------
    edges : DataFrame
        The first rows, or the table itself.
    note : str or None
        For the user, where edges are left out that nobody asked to leave out.

    Raises
    ------
    InputError
        For another ``top``.
    """
    if top == ALL_EDGES:
        return edges, None
    n = MOST if top is None else top
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InputError(f"top={top!r}; expected a number of edges from 1 on, or 'all'")
    if len(edges) <= n:
        return edges, None
    note = f"the {n:,} {first} of {len(edges):,} edges are kept; --top all keeps every edge"
    return edges.head(n).copy(), note if top is None else None  # a view would hold all in memory


def write_edges(edges: pd.DataFrame, path: str | Path) -> None:
    """Write an edge table, whole or not at all.

    Weights are written in full, so that reading them gives the same numbers; equal tables give
    equal bytes.

    Parameters
    ----------
    edges : DataFrame
    path : str or Path
        Commas separate, tabs when the name ends in ``.tsv``; gzip packs when it ends in ``.gz``;
        ``.parquet`` is written by pyarrow.

    Raises
    ------
    WriteError
        When the file cannot be written; an existing file is left unchanged.
    InputError
        For parquet without pyarrow.
    """
    if Path(path).suffix.lower() != ".parquet":
        return write_csv(edges, path)
    plain = edges.copy(deep=False)
    plain.attrs = {}  # the report of a run, whose time would differ between equal tables
    with atomic_write(path) as part, with_pyarrow(path):
        plain.to_parquet(part, engine="pyarrow", index=False)


def read_edges(path: str | Path) -> pd.DataFrame:
    """Read an edge table.

    Parameters
    ----------
    path : str or Path
        Parquet, or separated by commas, tabs, semicolons or spaces. The headers of others are known: TF, target,
        importance (arboreto), Gene1, Gene2, EdgeWeight (BEELINE), regulatoryGene, targetGene, weight
        (GENIE3 in R, also with its row numbers). Three columns without a header are regulator, target
        and weight. ``sign`` and ``rank`` may be missing. A negative weight without a column of signs is a strong repression.

    Returns
    -------
    DataFrame
        Ranked by weight; a table without edges gives an empty one.

    Raises
    ------
    InputError
        When ``regulator``, ``target`` or ``weight`` is missing, with the columns found, or when a
        weight is not a finite number.
    """
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        table = arrow_table(path)
        header = [str(column) for column in table]
        body = table.set_axis(range(len(header)), axis=1).astype(str)
    else:
        header, body = unnumbered(*read_rows(path, sniffed_separator(path), as_text=True))
    if _is_edge(header):  # no header, as arboreto and R write with header=False, col.names=FALSE
        body = pd.concat([pd.DataFrame([header]), body], ignore_index=True)
        header = list(EDGE_COLUMNS[: len(header)])
    at = _edge_columns(path, header)
    if body.empty:
        body = pd.DataFrame({column: pd.Series(dtype=str) for column in range(len(header))})
    if body.shape[1] != len(header):
        raise InputError(
            f"{path}: the first line has {len(header)} fields and the rows have {body.shape[1]}; "
            "expected as many (R: write it with row.names=FALSE)"
        )
    table = pd.DataFrame({end: body[at[end]].str.strip() for end in ("regulator", "target")})
    unnamed = (table == "").any(axis=1)
    if unnamed.any():
        raise InputError(
            f"{path}, data row {unnamed.idxmax() + 1}: an edge without a regulator or target name; "
            "complete or delete it"
        )
    weight = _weights(path, body[at["weight"]])
    table["weight"] = np.abs(weight)
    table["sign"] = signs_of(body[at["sign"]]) if "sign" in at else _signs_of_weights(weight)
    return ranked(table)


def cpdag(edges: pd.DataFrame, tfs: Sequence[str]) -> pd.DataFrame:
    """Return the network as the paper draws it, a completed partially directed acyclic graph.

    Steady-state data do not identify which of two TFs regulates the other. So edges from a
    TF to a gene that is none are directed, and two TFs are joined by one edge without direction
    (section 2 of the paper). No cycle can be read into it: directed edges end at genes that
    regulate nothing.

    Parameters
    ----------
    edges : DataFrame
    tfs : sequence of str

    Returns
    -------
    DataFrame
        An edge table with one row for every pair of TFs, ranked anew, and a column ``directed``.
        An undirected edge has the mean of the weights of both directions, a missing one counting
        0, its ends in order of name, and the sign that both directions agree on (0 when they do
        not, the known one when only one is known). An empty table gives an empty one.
    """
    known = frozenset(tfs)
    both = edges["regulator"].isin(known) & edges["target"].isin(known)
    between = edges[both].copy()
    ends = np.sort(between[["regulator", "target"]].to_numpy(dtype=object).astype(str), axis=1)
    between["regulator"], between["target"] = ends[:, 0], ends[:, 1]
    pairs = between.groupby(["regulator", "target"], as_index=False).agg(
        weight=("weight", lambda w: w.sum() / 2), low=("sign", "min"), high=("sign", "max")
    )
    pairs["sign"] = np.sign(pairs["low"] + pairs["high"]).astype(int)
    joined = ranked(pd.concat([edges[~both], pairs[["regulator", "target", "weight", "sign"]]]))
    undirected = joined["regulator"].isin(known) & joined["target"].isin(known)
    return joined.assign(directed=~undirected)


def _is_edge(fields: Sequence[str]) -> bool:
    """Whether a first line is an edge: two names and a number."""
    is_number = as_numbers(pd.Series(fields, dtype=object)).notna().tolist()
    return is_number == [False, False, True] and "" not in fields


def _edge_columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Which column holds what, by the first known header of each."""
    keys = [header_key(field) for field in header]
    at = {}
    for column, known in (
        ("regulator", REGULATOR_HEADERS),
        ("target", TARGET_HEADERS),
        ("weight", WEIGHT_HEADERS),
        ("sign", ("sign",)),
    ):
        found = [keys.index(key) for key in known if key in keys]
        if found:
            at[column] = found[0]
    missing = [column for column in EDGE_COLUMNS[:3] if column not in at]
    if missing:
        raise InputError(
            f"{path} has the columns {header[:8]}; missing {missing}. "
            "An edge table has regulator,target,weight and may have sign,rank"
        )
    return at


def _weights(path: Path, words: pd.Series) -> np.ndarray:
    """Weights as numbers, exactly as written."""
    weight = as_numbers(words)
    wrong = np.flatnonzero(~np.isfinite(weight))
    if len(wrong):
        raise InputError(
            f"{path}, data row {wrong[0] + 1}: weight {words.iloc[wrong[0]][:40]!r} is not a "
            "finite number; leave out edges that have no weight"
        )
    return words.astype(float).to_numpy()  # to_numeric may round the last digit


def _signs_of_weights(weight: np.ndarray) -> np.ndarray | int:
    return np.sign(weight).astype(int) if (weight < 0).any() else 0
