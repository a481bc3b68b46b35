"""The strongest edges as a network file: GraphML or Cytoscape.js json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd

from grnular_core.data.edges import cpdag
from grnular_core.utils.errors import InputError, advice_where_missing
from grnular_core.utils.files import atomic_write


def strongest(edges: pd.DataFrame, tfs: Sequence[str], n_edges: int) -> pd.DataFrame:
    """Take the strongest edges of a network as a CPDAG (see ``cpdag``).

    Parameters
    ----------
    edges : DataFrame
    tfs : sequence of str
    n_edges : int
        At most so many.

    Returns
    -------
    DataFrame
        The same as of the whole table, without making that of millions of edges.
    """
    known, head = frozenset(tfs), 2 * n_edges
    while True:
        first = edges.head(head)
        between = first[first["regulator"].isin(known) & first["target"].isin(known)]
        rest = edges.iloc[head:]
        backward = rest[rest["regulator"].isin(between["target"]) & rest["target"].isin(known)]
        turned = set(zip(between["target"], between["regulator"], strict=True))
        is_turned = [
            pair in turned for pair in zip(backward["regulator"], backward["target"], strict=True)
        ]
        joined = cpdag(pd.concat([first, backward[is_turned]]), tfs).head(n_edges)
        # edges left out are weaker than the first of the rest
        if not len(rest) or joined["weight"].min() >= rest["weight"].iloc[0]:
            return joined
        head *= 2


def write_network(table: pd.DataFrame, tfs: Sequence[str], path: str | Path) -> None:
    """Write a CPDAG for other programs: GraphML (Gephi, yEd, igraph) or Cytoscape.js json.

    Neither format's common readers take a graph that is directed in part: networkx refuses such
    GraphML. So every edge has a source and a target, and the attribute ``directed`` is false where
    these are only the order of the names.

    Parameters
    ----------
    table : DataFrame
        Of ``cpdag`` or ``strongest``.
    tfs : sequence of str
        Which nodes have ``is_tf`` true.
    path : str or Path
        Its extension sets the format: .graphml or .json.

    Raises
    ------
    InputError
        For another ending, a table without edges, names that such files cannot hold, and a missing
        networkx.
    WriteError
        When the file cannot be written; an existing file is left unchanged.
    """
    path = Path(path)
    if path.suffix.lower() not in (".graphml", ".json"):
        raise InputError(f"unknown extension of {path.name}; use .graphml or .json")
    if table.empty:
        raise InputError("the table has no edge; there is no network to write")
    known = frozenset(tfs)
    names = sorted({str(name) for end in ("regulator", "target") for name in table[end]})
    for name in names:
        if not name.strip() or not name.isprintable():
            raise InputError(f"{name!r} cannot be the name of a gene; rename it")
    nodes = {name: name in known for name in names}
    edges = [
        # plain Python values: neither writer takes those of NumPy
        {
            "source": str(row.regulator), "target": str(row.target), "weight": float(row.weight),
            "sign": int(row.sign), "rank": int(row.rank), "directed": bool(row.directed),
        }
        for row in table.itertuples()
    ]  # fmt: skip
    write = _write_graphml if path.suffix.lower() == ".graphml" else _write_cytoscape
    write(nodes, edges, path)


def _write_graphml(nodes: dict[str, bool], edges: list[dict[str, Any]], path: Path) -> None:
    """Write GraphML by networkx."""
    with needed_packages("networkx", path):
        import networkx as nx
    graph = nx.DiGraph()
    for name, is_tf in nodes.items():
        graph.add_node(name, label=name, is_tf=is_tf)
    for edge in edges:
        graph.add_edge(edge.pop("source"), edge.pop("target"), **edge)
    with atomic_write(path) as part, open(part, "wb") as stream:
        nx.write_graphml(graph, stream, encoding="utf-8")


def _write_cytoscape(nodes: dict[str, bool], edges: list[dict[str, Any]], path: Path) -> None:
    """Write the ``elements`` of Cytoscape.js, which Cytoscape and networkx (it needs ``value``) read."""
    elements = {
        "nodes": [
            {"data": {"id": n, "value": n, "name": n, "is_tf": is_tf}} for n, is_tf in nodes.items()
        ],
        "edges": [{"data": {"id": f"e{number}", **edge}} for number, edge in enumerate(edges, 1)],
    }
    # without the word directed networkx would turn edges round by the order of the names
    network = {"data": {"name": "CPDAG"}, "directed": True, "elements": elements}
    with atomic_write(path) as part:
        part.write_text(json.dumps(network, indent=1) + "\n", encoding="utf-8")


def needed_packages(names: str, path: Path) -> AbstractContextManager[None]:
    """Turn a missing package into advice.

    Parameters
    ----------
    names : str
    path : Path

    Returns
    -------
    context manager
    """
    return advice_where_missing(
        f"{path} was not written: it takes {names}, which are not installed: pip install them, or the extra [plots] of "
        "grnular-core"
    )
