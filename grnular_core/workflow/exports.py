"""An inferred network in the formats of other programs, each in a file beside the edge table.

Each format has one file extension: with ``edges.csv`` the word ``graphml``
writes ``edges.graphml``. Every file is written whole or not at all.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grnular_core.data.arrow import with_pyarrow
from grnular_core.data.dataset import GRNDataset
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, place, same_place, save_h5ad, write_csv
from grnular_core.workflow.html_report import html_page
from grnular_core.workflow.network_files import needed_packages, strongest, write_network

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes

TABLE_ENDINGS = (".gz", ".csv", ".tsv", ".txt", ".parquet")
UNS_KEY = "grnular"  # in .uns


@dataclass(frozen=True)
class Result:
    """A network as it is exported."""

    edges: pd.DataFrame  # the edge table, with any further columns
    data: GRNDataset  # dataset it was inferred from
    # All cells and genes that were read, for a copy; by default the genes that vary.
    table: AnnData | None = None
    top: int = 1000  # strongest edges that go into network files and the net of decoupler
    drawn: int = 40  # strongest edges that go into the picture
    report: Mapping[str, Any] = field(default_factory=dict)  # report of ``make_report``


@dataclass(frozen=True)
class Format:
    """One way to write a result."""

    ending: str  # of the file
    description: str  # for the help of the command line
    write: Callable[[Result, Path], None]  # ``write(result, path)``
    is_graph: bool = False  # whether it shows nothing without an edge


def export_paths(out: str | Path, formats: Iterable[str]) -> dict[str, Path]:
    """Name the files beside an edge table.

    Parameters
    ----------
    out : str or Path
    formats : iterable of str
        Words of ``FORMATS``; ``all`` stands for every one.

    Returns
    -------
    dict
        Format -> file, in the order of ``FORMATS``.

    Raises
    ------
    InputError
        For an unknown format.
    """
    requested = list(formats)
    for word in requested:
        if word not in FORMATS and word != "all":
            raise InputError(f"unknown format {word!r}; expected {', '.join(FORMATS)} or all")
    stem = Path(out).name
    for ending in TABLE_ENDINGS:
        stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    chosen = [word for word in FORMATS if word in requested or "all" in requested]
    return {word: Path(out).with_name(stem + FORMATS[word].ending) for word in chosen}


def write_exports(result: Result, paths: Mapping[str, Path]) -> None:
    """Write every file of ``export_paths``.

    Parameters
    ----------
    result : Result
    paths : mapping
        Format -> file.

    Raises
    ------
    WriteError
        When a file cannot be written; an existing file is left unchanged.
    InputError
        For a format whose package is missing.
    """
    for word, path in paths.items():
        FORMATS[word].write(result, path)


# --- before hours of work: can the results be written, and is nothing lost there?


def check_names(genes: Iterable[str], formats: Iterable[str]) -> None:
    """Refuse names of genes that graph files or a drawing cannot hold.

    Parameters
    ----------
    genes, formats : iterable of str

    Raises
    ------
    InputError
        For a blank name, and one with characters that do not print.
    """
    requested = [word for word in formats if FORMATS[word].is_graph]
    wrong = [gene for gene in genes if not gene.strip() or not gene.isprintable()]
    if requested and wrong:
        raise InputError(
            f"--also {requested[0]} cannot hold {len(wrong)} names of genes (the first is {wrong[0][:60]!r}); rename "
            "them, or leave that format out"
        )


def check_outputs(
    out: Path, also: Mapping[str, Path], inputs: Iterable[str | Path], option: str = "-o"
) -> None:
    """Refuse outputs that cannot be written or that would overwrite an input.

    Parameters
    ----------
    out : Path
        The edge table. Results of an earlier run are replaced.
    also : mapping
        Format -> file.
    inputs : iterable of str or Path
        Files that must not be overwritten; h5ad files of other programs are protected too.
    option : str
        Name of the option, for messages.

    Raises
    ------
    InputError
        With the path and the likely fix.
    """
    _check_table(out, option)
    inputs = list(inputs)
    for path in inputs:
        if same_place(out, path):
            raise InputError(
                f"{option} {out} is the input {path}; it would be overwritten: choose another"
            )
    for word, path in also.items():
        subject = f"--also {word} writes {path}, which is"
        if place(path) not in ("file", "missing"):
            raise InputError(
                f"{subject} there and no plain file; remove it, or choose another name for {option}"
            )
        for other in inputs:
            if same_place(path, other):
                raise InputError(
                    f"{subject} the input {other}; it would be overwritten: choose another name for {option}"
                )
        if word == "h5ad" and place(path) == "file" and not _is_ours(path):
            raise InputError(
                f"{subject} there and holds no network of an earlier run; it would be overwritten: choose another "
                f"name for {option}, or move that file"
            )


def _check_table(out: Path, option: str) -> None:
    """Refuse an edge table that cannot be written there."""
    kind, subject = place(out), f"{option} {out}"
    if kind == "folder":
        raise InputError(f"{subject} is a folder; give the name of a file, e.g. {out / 'edges.csv'}")
    if kind == "other":
        raise InputError(f"{subject} is no plain file; give the name of a file, e.g. edges.csv")
    ending = Path(out.name.lower().removesuffix(".gz")).suffix
    if ending and ending not in TABLE_ENDINGS[1:]:
        raise InputError(
            f"{subject}: edges are written as csv or parquet; name it {out.with_suffix('.csv')}"
        )
    if ending == ".parquet":
        if out.name.lower().endswith(".gz"):
            raise InputError(f"{subject}: parquet is packed in itself; leave the ending .gz out")
        with with_pyarrow(out):
            import pyarrow  # noqa: F401
    if place(out.parent) != "folder":
        raise InputError(f"{subject}: the folder {out.parent} does not exist; create it first")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"{subject}: the folder {out.parent} is not writable; choose another")


def _is_ours(path: Path) -> bool:
    """Return whether an h5ad file was written by ``_write_h5ad``; nothing else of it is read."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return UNS_KEY in file.get("uns", ())
    except OSError:  # no HDF5, or a damaged file: never replaced
        return False


# --- the formats


def _columns_writer(*names: str) -> Callable[[Result, Path], None]:
    """Make a writer of tab-separated regulator, target, weight under these names, strongest first."""

    def write(result: Result, path: Path) -> None:
        table = result.edges[["regulator", "target", "weight"]].set_axis(list(names), axis=1)
        write_csv(table, path, separator="\t")

    return write


def _write_decoupler(result: Result, path: Path) -> None:
    """Write the ``top`` strongest edges as a net: a repression has a negative weight, an unknown sign none."""
    edges = result.edges.head(result.top)
    weight = edges["weight"].where(edges["sign"] >= 0, -edges["weight"])
    net = {"source": edges["regulator"], "target": edges["target"], "weight": weight}
    write_csv(pd.DataFrame(net), path)


def as_stored(edges: pd.DataFrame) -> pd.DataFrame:
    """Return an edge table as h5ad can hold it.

    Parameters
    ----------
    edges : DataFrame

    Returns
    -------
    DataFrame
        A copy with names as categories, which take little room and read back as text, and without ``attrs``.
    """
    stored = edges.copy()
    for column in stored.columns.intersection(["regulator", "target", "group"]):
        stored[column] = pd.Categorical(stored[column].astype(str))
    stored.index, stored.attrs = stored.index.astype(str), {}
    return stored


def _write_h5ad(result: Result, path: Path) -> None:
    """Copy the cells with ``.uns["grnular"]``: ``edges``, a table, and ``report``, json.

    Names are kept as categories, which take little room and read back as text. An entry of
    that name is replaced; all others stay unchanged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names were noted or merged
        adata = (result.data.adata if result.table is None else result.table).copy()
    adata.uns[UNS_KEY] = {"edges": as_stored(result.edges), "report": json.dumps(dict(result.report))}
    with atomic_write(path) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            save_h5ad(adata, part, compression="gzip")
        except (TypeError, ValueError, NotImplementedError) as error:
            reason = str(error).strip().splitlines()
            raise InputError(
                f"{path}: the cells cannot be written as h5ad ({reason[0] if reason else error}); leave out "
                "--also h5ad, or remove that part of the file"
            ) from error


def _write_graph(result: Result, path: Path) -> None:
    """Write the ``top`` strongest edges, two TFs joined by one edge."""
    write_network(strongest(result.edges, result.data.tfs, result.top), result.data.tfs, path)


def write_picture(draw: Callable[[Axes], object], path: Path) -> None:
    """Write a drawing as svg.

    Parameters
    ----------
    draw : callable
        Is given the axes.
    path : Path

    Raises
    ------
    InputError
        Without matplotlib or networkx.
    WriteError
        When it cannot be written.
    """
    with needed_packages("matplotlib, networkx and seaborn", path):
        import matplotlib.pyplot as plt
        import networkx  # noqa: F401

        from grnular_core.plotting import style
    with plt.rc_context(style.STYLE), atomic_write(path) as part:
        figure, ax = plt.subplots(figsize=(6.8, 5.8))
        draw(ax)
        figure.savefig(part, format="svg", metadata={"Date": None})
        plt.close(figure)


def _write_network_picture(result: Result, path: Path) -> None:
    """Draw the ``drawn`` strongest edges."""

    def draw(ax: Axes) -> None:
        from grnular_core.plotting.network import draw_network

        draw_network(ax, strongest(result.edges, result.data.tfs, result.drawn), result.data.tfs)

    write_picture(draw, path)


def write_report(report: Mapping[str, Any], path: Path) -> None:
    """Write a report as json.

    Parameters
    ----------
    report : mapping
        Words and numbers that json can hold.
    path : Path

    Raises
    ------
    WriteError
        When it cannot be written.
    """
    text = json.dumps(dict(report), indent=2, allow_nan=False)
    with atomic_write(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def _write_html(result: Result, path: Path) -> None:
    """Write the report as a page."""
    page = html_page(result.edges, result.data.tfs, result.report, result.drawn)
    with atomic_write(path) as part:
        part.write_text(page, encoding="utf-8")


FORMATS: dict[str, Format] = {
    "beeline": Format(
        ".rankedEdges.csv", "BEELINE's rankedEdges: Gene1, Gene2, EdgeWeight",
        _columns_writer("Gene1", "Gene2", "EdgeWeight"),
    ),
    "pyscenic": Format(
        ".adjacencies.tsv", "pySCENIC's adjacencies: TF, target, importance",
        _columns_writer("TF", "target", "importance"),
    ),
    "decoupler": Format(
        ".net.csv", "decoupler's net of the strongest edges: source, target, weight with its sign",
        _write_decoupler,
    ),
    "graphml": Format(
        ".graphml", "the strongest edges for Gephi, yEd, igraph", _write_graph, is_graph=True
    ),
    "cytoscape": Format(
        ".cytoscape.json", "the strongest edges for Cytoscape", _write_graph, is_graph=True
    ),
    "h5ad": Format(".h5ad", "a copy of the cells with the edges in .uns['grnular']", _write_h5ad),
    "picture": Format(
        ".svg", "a drawing of the 40 strongest edges, without their signs", _write_network_picture,
        is_graph=True,
    ),
    "report": Format(
        ".report.json", "report of the run: versions, parameters, seconds",
        lambda result, path: write_report(result.report, path),
    ),
    "html": Format(
        ".report.html", "the report as one page for a browser: network, table of edges, plots, methods, hashes",
        _write_html,
    ),
}  # fmt: skip
