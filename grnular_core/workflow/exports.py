"""An inferred network in the formats of other programs, each in a file beside the edge table.

The format says the ending, so that one word asks for one file: with ``edges.csv`` the word ``graphml``
writes ``edges.graphml``. Every file is written whole or not at all.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grnular_core.data.cpdag import cpdag
from grnular_core.data.dataset import GRNDataset
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, save_h5ad

if TYPE_CHECKING:
    from anndata import AnnData

ENDINGS = {
    "beeline": ".rankedEdges.csv",
    "pyscenic": ".adjacencies.tsv",
    "graphml": ".graphml",
    "cytoscape": ".cytoscape.json",
    "h5ad": ".h5ad",
    "picture": ".svg",
    "report": ".report.json",
}
WHAT = {
    "beeline": "BEELINE's rankedEdges: Gene1, Gene2, EdgeWeight",
    "pyscenic": "pySCENIC's adjacencies: TF, target, importance",
    "graphml": "the strongest edges for Gephi, yEd, igraph",
    "cytoscape": "the strongest edges for Cytoscape",
    "h5ad": "a copy of the cells with the edges in .uns['grnular']",
    "picture": "a drawing of the 40 strongest edges, without their signs",
    "report": "what was done: versions, parameters, seconds",
}
GRAPHS = ("graphml", "cytoscape", "picture")  # what shows nothing without an edge
TABLE_ENDINGS = (".gz", ".csv", ".tsv", ".txt")
PLACE = "grnular"  # in .uns


@dataclass(frozen=True)
class Result:
    """A network as it is exported: the edge table, the data, and what a report says of both.

    ``table`` are all cells and genes that were read, for a copy; ``top`` strongest edges go into network
    files, ``drawn`` into the picture.
    """

    edges: pd.DataFrame
    data: GRNDataset
    table: AnnData | None = None
    top: int = 1000
    drawn: int = 40
    report: Mapping[str, Any] = field(default_factory=dict)


def export_paths(out: str | Path, formats: Iterable[str]) -> dict[str, Path]:
    """Format -> file beside ``out``, in the order of ``ENDINGS``; ``all`` stands for every format.

    Raises ``InputError`` for an unknown format.
    """
    asked = list(formats)
    for word in asked:
        if word not in ENDINGS and word != "all":
            raise InputError(f"unknown format {word!r}; expected {', '.join(ENDINGS)} or all")
    stem = Path(out).name
    for ending in TABLE_ENDINGS:
        stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    chosen = [word for word in ENDINGS if word in asked or "all" in asked]
    return {word: Path(out).with_name(stem + ENDINGS[word]) for word in chosen}


def check_names(genes: Iterable[str], formats: Iterable[str]) -> None:
    """Before any work: refuse names of genes that graph files or a drawing cannot hold."""
    asked = [word for word in formats if word in GRAPHS]
    wrong = [gene for gene in genes if not gene.strip() or not gene.isprintable()]
    if asked and wrong:
        raise InputError(
            f"--also {asked[0]} cannot hold {len(wrong)} names of genes (the first is {wrong[0][:60]!r}); rename "
            "them, or leave that format out"
        )


def write_exports(result: Result, paths: Mapping[str, Path]) -> None:
    """Write every file of ``export_paths``. Raises ``WriteError``, and ``InputError`` for a format
    whose package is missing."""
    for word, path in paths.items():
        WRITERS[word](result, path)


def write_beeline(result: Result, path: Path) -> None:
    """Tab-separated Gene1, Gene2, EdgeWeight, strongest first, as BEELINE's evaluation reads it."""
    _write_columns(result.edges, ("Gene1", "Gene2", "EdgeWeight"), path)


def write_pyscenic(result: Result, path: Path) -> None:
    """Tab-separated TF, target, importance, strongest first: the input of ``pyscenic ctx``."""
    _write_columns(result.edges, ("TF", "target", "importance"), path)


def _write_columns(edges: pd.DataFrame, names: Sequence[str], path: Path) -> None:
    table = edges[["regulator", "target", "weight"]].set_axis(list(names), axis=1)
    with atomic_write(path) as part:
        table.to_csv(part, sep="\t", index=False, lineterminator="\n")


def write_h5ad(result: Result, path: Path) -> None:
    """A copy of the cells with ``.uns["grnular"]``: ``edges``, a table, and ``report``, json.

    Names are kept as categories, which take little room and read back as text. What was there under
    that name is replaced; everything else is as it was. Without ``table`` the genes of the data set are
    written, those that vary.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names were noted or merged
        adata = (result.data.adata if result.table is None else result.table).copy()
    edges = result.edges.copy()
    for end in ("regulator", "target"):
        edges[end] = pd.Categorical(edges[end].astype(str))
    edges.index = edges.index.astype(str)
    adata.uns[PLACE] = {"edges": edges, "report": json.dumps(dict(result.report))}
    with atomic_write(path) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            save_h5ad(adata, part, compression="gzip")
        except (TypeError, ValueError, NotImplementedError) as error:
            said = str(error).strip().splitlines()
            raise InputError(
                f"{path}: the cells can not be written as h5ad ({said[0] if said else error}); leave out "
                "--also h5ad, or remove that part of the file"
            ) from error


def write_graph(result: Result, path: Path) -> None:
    """The ``top`` strongest edges as GraphML or Cytoscape json, two TFs joined by one edge."""
    from grnular_core.workflow.network_files import write_network

    with _needs("networkx", path):
        write_network(strongest(result, result.top), result.data.tfs, path)


def write_picture(result: Result, path: Path) -> None:
    """The ``drawn`` strongest edges as svg."""
    with _needs("matplotlib, networkx and seaborn", path):
        import matplotlib.pyplot as plt

        from grnular_core.plotting import style as plots
        from grnular_core.plotting.network import draw_network
    with plt.rc_context(plots.STYLE), atomic_write(path) as part:
        figure, ax = plt.subplots(figsize=(6.8, 5.8))
        draw_network(ax, strongest(result, result.drawn), result.data.tfs)
        figure.savefig(part, format="svg", metadata={"Date": None})
        plt.close(figure)


def write_report(result: Result, path: Path) -> None:
    """The report as json."""
    text = json.dumps(dict(result.report), indent=2, allow_nan=False)
    with atomic_write(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def strongest(result: Result, n_edges: int) -> pd.DataFrame:
    """The ``n_edges`` strongest edges of the network as a CPDAG (see ``cpdag.py``), or all there are.

    The same as of the whole table, without making that of millions of edges.
    """
    edges, known, head = result.edges, frozenset(result.data.tfs), 2 * n_edges
    while True:
        first = edges.head(head)
        between = first[first["regulator"].isin(known) & first["target"].isin(known)]
        rest = edges.iloc[head:]
        backward = rest[rest["regulator"].isin(between["target"]) & rest["target"].isin(known)]
        turned = set(zip(between["target"], between["regulator"], strict=True))
        is_turned = [
            pair in turned for pair in zip(backward["regulator"], backward["target"], strict=True)
        ]
        joined = cpdag(pd.concat([first, backward[is_turned]]), result.data.tfs).head(n_edges)
        # what was left out is weaker than the first of the rest, joined or not
        if not len(rest) or joined["weight"].min() >= rest["weight"].iloc[0]:
            return joined
        head *= 2


class _needs:
    """Turns a missing package into advice."""

    def __init__(self, packages: str, path: Path) -> None:
        self.packages, self.path = packages, path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ImportError):
            raise InputError(
                f"{self.path} was not written: it takes {self.packages} (pip install them), which are "
                "not part of grnular_core"
            ) from error


WRITERS: dict[str, Callable[[Result, Path], None]] = {
    "beeline": write_beeline,
    "pyscenic": write_pyscenic,
    "graphml": write_graph,
    "cytoscape": write_graph,
    "h5ad": write_h5ad,
    "picture": write_picture,
    "report": write_report,
}
