"""The network as the paper draws it: a completed partially directed acyclic graph (CPDAG).

Data of cells at rest do not say which of two TFs regulates the other. So edges from a TF to a gene
that is none are directed, and two TFs are joined by one edge without direction (section 2 of the
paper). No cycle can be read into it: directed edges end at genes that regulate nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.edges import ranked


def cpdag(edges: pd.DataFrame, tfs: Sequence[str]) -> pd.DataFrame:
    """An edge table with one row for every pair of TFs, and a column ``directed``.

    An undirected edge has the mean of the weights of both directions, a missing one counting 0, its
    ends in order of name, and the sign that both directions agree on (0 when they do not, the known
    one when only one is known). ``rank`` is numbered anew. An empty table gives an empty one.
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
