"""``gc.pl``, as scverse packages have it: drawings of a network in ``.uns`` of the cells, and of two compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.data.edges import ranked
from grnular_core.data.names import preview
from grnular_core.utils.errors import InputError
from grnular_core.workflow.network_files import needed_packages, strongest

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes

GROUP = "group"


def network(
    data: AnnData | pd.DataFrame,
    key: str = "grn",
    *,
    n_edges: int = 40,
    group: str | None = None,
    ax: Axes | None = None,
    seed: int = 0,
) -> Axes:
    """Draw the strongest edges of a network.

    TFs are yellow and other genes pale; the stronger an edge, the darker. Two TFs are joined by a line without an
    arrow, since expression alone hardly says which of them regulates the other.

    Parameters
    ----------
    data : AnnData or DataFrame
        Cells with a network of ``tl.infer``, or the table of ``grnular_core.infer``.
    key : str
        Key of ``.uns``.
    n_edges : int
        At most so many edges.
    group : str, optional
        Which network, where there is one for each group of cells.
    ax : Axes, optional
        Where to draw; by default a new figure.
    seed : int
        Of the layout.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        For a key that is not there, a table without edges, and a group that is not named or not there.
    """
    edges = _chosen(_edges(data, key), group)
    tfs = list(dict.fromkeys(edges["regulator"]))
    return _drawn(ax, strongest(edges, tfs, n_edges), tfs, seed)


def differences(
    table: pd.DataFrame,
    *,
    q: float = 0.1,
    n_edges: int = 40,
    ax: Axes | None = None,
    seed: int = 0,
) -> Axes:
    """Draw the edges that differ between two conditions, orange where they are stronger in b and blue in a.

    Parameters
    ----------
    table : DataFrame
        Of ``grnular_core.compare``.
    q : float
        Edges up to this FDR.
    n_edges : int
        At most so many, the largest differences.
    ax : Axes, optional
        Where to draw; by default a new figure.
    seed : int
        Of the layout.

    Returns
    -------
    Axes
        The drawing; two TFs are joined by a line without an arrow.

    Raises
    ------
    InputError
        For another table, and where no edge differs.
    """
    if not {"difference", "weight_a", "weight_b", "q"} <= {*table}:
        raise InputError(f"the table has the columns {preview(table.columns, 6)}; expected one of grnular_core.compare")
    found = table[table["q"] <= q]
    if not len(found):
        raise InputError(f"no edge differs at an FDR of {q:g}; there is nothing to draw")
    sign = np.where(found["weight_b"] > found["weight_a"], 1, -1)
    changes = ranked(found.assign(weight=found["difference"].abs(), sign=sign))
    tfs = list(dict.fromkeys(table["regulator"]))
    asked = table.attrs.get("report", {}).get("comparison", {"a": "a", "b": "b"})
    kinds = {1: f"stronger in {asked['b']}", -1: f"stronger in {asked['a']}"}
    drawn = strongest(changes, tfs, n_edges)
    # 0: the two directions of a pair disagree; it is stronger in one of them
    drawn = drawn.assign(kind=drawn["sign"].replace(0, 1).map(kinds))
    return _drawn(ax, drawn, tfs, seed, (kinds[1], kinds[-1]))


def _drawn(
    ax: Axes | None, edges: pd.DataFrame, tfs: list[str], seed: int, kinds: tuple[str, ...] = ()
) -> Axes:
    """Draw a network on the axes or on new ones; of two kinds of edges the first is the stronger one."""
    with needed_packages("matplotlib and networkx", Path("the drawing")):
        import matplotlib.pyplot as plt

        from grnular_core.plotting.network import STRONGER, WEAKER, draw_network
        from grnular_core.plotting.style import STYLE
    with plt.rc_context(STYLE):
        if ax is None:
            ax = plt.subplots(figsize=(6.8, 5.8))[1]
        colours = dict(zip(kinds, (STRONGER, WEAKER), strict=False)) or None
        return draw_network(ax, edges, tfs, seed, colours)


def _edges(data: AnnData | pd.DataFrame, key: str) -> pd.DataFrame:
    """Find the table of edges, its names as text."""
    if not isinstance(data, pd.DataFrame):
        stored = data.uns.get(key)
        if not hasattr(stored, "get") or stored.get("edges") is None:
            there = preview(data.uns) or "nothing"
            raise InputError(
                f".uns[{key!r}] holds no network (.uns has {there}); make one by tl.infer, or name its key"
            )
        data = stored["edges"]
    texts = {name: data[name].astype(str) for name in ("regulator", "target", GROUP) if name in data}
    return data.assign(**texts)


def _chosen(edges: pd.DataFrame, group: str | None) -> pd.DataFrame:
    """Take the edges of one group."""
    groups = list(dict.fromkeys(edges[GROUP])) if GROUP in edges else []
    if group is None and len(groups) > 1 or group is not None and str(group) not in groups:
        there = f"one of {preview(groups)}" if groups else "none, there is one network"
        raise InputError(f"group={group!r}; expected {there}")
    if group is not None:
        edges = edges[edges[GROUP] == str(group)]
    if not len(edges):
        raise InputError("the network has no edge; there is nothing to draw")
    return edges.reset_index(drop=True)
