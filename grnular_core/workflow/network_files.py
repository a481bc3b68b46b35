"""A CPDAG as files for other programs: GraphML (Gephi, yEd, igraph) and Cytoscape.js json.

Neither format's common readers take a graph that is directed in part: networkx refuses such GraphML. So
every edge has a source and a target, and the attribute ``directed`` is false where these are only the
order of the names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write

COLUMNS = ("regulator", "target", "weight", "sign", "rank", "directed")


def write_network(table: pd.DataFrame, tfs: Sequence[str], path: str | Path) -> None:
    """Write the CPDAG ``table`` (see ``cpdag.py``) by the ending of ``path``: .graphml or .json.

    Raises ``InputError`` for another ending and for a table that is no network, ``WriteError`` when
    the file can not be written; an old file is then as it was.
    """
    path = Path(path)
    writers = {".graphml": _write_graphml, ".json": _write_cytoscape}
    if path.suffix.lower() not in writers:
        raise InputError(f"{path.name}: the ending says the format; use .graphml or .json")
    nodes = nodes_of(table, tfs)
    with atomic_write(path) as part:
        writers[path.suffix.lower()](nodes, table, part)


def nodes_of(table: pd.DataFrame, tfs: Sequence[str]) -> dict[str, bool]:
    """Gene -> whether it is a TF, sorted; checks the table on the way."""
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(
            f"the table has the columns {list(table)[:8]}; missing {missing}: cpdag() makes them"
        )
    if isinstance(tfs, str):
        raise InputError(f"tfs is the single text {tfs[:40]!r}; give a list of names")
    if table.empty:
        raise InputError("the table has no edge; there is no network to write")
    if not np.isfinite(pd.to_numeric(table["weight"], errors="coerce")).all():
        raise InputError("a weight is not a finite number; leave out edges that have no weight")
    repeated = table.duplicated(["regulator", "target"])
    if repeated.any():
        first = table[repeated].iloc[0]
        raise InputError(f"the edge {first['regulator']} -> {first['target']} is there twice")
    names = sorted({str(name) for end in ("regulator", "target") for name in table[end]})
    for name in names:
        if not name.strip() or not name.isprintable():
            raise InputError(f"{name!r} can not be the name of a gene; rename it")
    known = frozenset(tfs)
    return {name: name in known for name in names}


def _write_graphml(nodes: dict[str, bool], table: pd.DataFrame, path: Path) -> None:
    import networkx as nx

    graph = nx.DiGraph()
    for name, is_tf in nodes.items():
        graph.add_node(name, label=name, is_tf=is_tf)
    for edge in _edges(table):
        graph.add_edge(edge.pop("source"), edge.pop("target"), **edge)
    with open(path, "wb") as stream:
        nx.write_graphml(graph, stream, encoding="utf-8")


def _write_cytoscape(nodes: dict[str, bool], table: pd.DataFrame, path: Path) -> None:
    """The ``elements`` of Cytoscape.js, which Cytoscape and networkx (it needs ``value``) read too."""
    elements = {
        "nodes": [
            {"data": {"id": n, "value": n, "name": n, "is_tf": is_tf}} for n, is_tf in nodes.items()
        ],
        "edges": [
            {"data": {"id": f"e{number}", **edge}} for number, edge in enumerate(_edges(table), 1)
        ],
    }
    # without the word directed networkx would turn edges round by the order of the names
    network = {"data": {"name": "CPDAG"}, "directed": True, "elements": elements}
    text = json.dumps(network, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _edges(table: pd.DataFrame) -> list[dict[str, object]]:
    """Plain Python values: neither writer takes those of NumPy."""
    return [
        {
            "source": str(row.regulator), "target": str(row.target), "weight": float(row.weight),
            "sign": int(row.sign), "rank": int(row.rank), "directed": bool(row.directed),
        }
        for row in table.itertuples()
    ]  # fmt: skip
