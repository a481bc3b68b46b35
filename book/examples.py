"""Examples of the page on a user's data: runs of the command line and a check of the FDR, made at build time.

Everything runs in a temporary folder on small files made here, so no data and no network are needed.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pages import table

PRESETS = {"clean": "clean", "noisy(25)": "dropout"}
METHODS = ("correlation", "clr", "ridge", "grnular-context", "grnular-cells")
WITHIN = {"all cells": "all", "clusters": "clusters", "cell types": "cell_type"}
GRAPHS, SHUFFLINGS, LEVEL = 3, 3, 0.1
COMMAND = "grnular"
WIDTH = 72  # letters in a line of code that the page shows without scrolling


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in ``folder``, and come back."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def printed(words: list[str]) -> str:
    """Standard error and output of a command, without progress bars and seconds."""
    from grnular_core.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(words)
    lines = [
        line.rpartition("\r")[2].rstrip() for line in (err.getvalue() + out.getvalue()).split("\n")
    ]
    return "\n".join(line for line in lines if line)


def shell(words: list[str]) -> str:
    """The words as one types them, in lines that fit the page; an option stays with its value."""
    groups = [COMMAND]
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("-") or not before.startswith("-"):
            groups.append(word)
        else:
            groups[-1] += f" {word}"
    lines = [groups[0]]
    for group in groups[1:]:
        if len(lines[-1]) + len(group) + 3 > WIDTH:
            lines.append("   ")
        lines[-1] += f" {group}"
    return " \\\n".join(lines)


def block(text: str, language: str = "text") -> str:
    """A block of code; long lines of text go on below, as in a terminal."""
    if language == "text":
        lines = [
            textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) or [""]
            for line in text.splitlines()
        ]
        text = "\n".join(part for line in lines for part in line)
    return f"```{{code-block}} {language}\n{text}\n```\n"


# --- a first run --------------------------------------------------------------------------------


def practice_files(folder: Path) -> None:
    """``cells.h5ad`` as Cell Ranger and scanpy leave it (counts, Ensembl ids as index, symbols beside),
    ``tfs.txt``, ``known.csv``: simulated cells with names of human genes."""
    from anndata import AnnData
    from scipy import sparse

    from grnular_core.simulation.simulate import preset, simulate, tf_names, truth_table

    simulation = simulate(preset("clean", n_genes=60, n_cells=300, full_noise=True), seed=1)
    genes = simulation.genes()
    tfs = tf_names(simulation)
    symbols = [f"TF{gene[1:]}" if gene in tfs else f"GENE{gene[1:]}" for gene in genes]
    symbol = dict(zip(genes, symbols, strict=True))
    cells = AnnData(
        X=sparse.csr_matrix(np.rint(simulation.expression).astype(np.float32)),
        obs=pd.DataFrame(
            {"cell_type": [f"type{kind + 1}" for kind in simulation.cell_types]},
            index=[f"CELL{i:04d}-1" for i in range(len(simulation.cell_types))],
        ),
        var=pd.DataFrame(
            {"gene_symbols": symbols}, index=[f"ENSG{i:011d}" for i in range(len(genes))]
        ),
    )
    cells.write_h5ad(folder / "cells.h5ad")
    (folder / "tfs.txt").write_text("".join(f"{symbol[tf]}\n" for tf in tfs))
    edges = truth_table(simulation)[["regulator", "target"]].replace(symbol)
    edges.to_csv(folder / "known.csv", index=False)


def first_run() -> str:
    """The commands of a first run on the practice file, and their output."""
    words = [
        "infer", "cells.h5ad", "--tfs", "tfs.txt", "--gene-names", "gene_symbols", "--normalise",
        "--stability", "10", "--decoys", "5", "--decoys-within", "cell_type", "--top", "50", "--also", "graphml", "--also",
        "report", "-o", "edges.csv",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as name, inside(Path(name)):
        practice_files(Path(name))
        output = printed(words)
        rows = Path("edges.csv").read_text().splitlines()[:6]
    return (
        block(shell(words), "bash")
        + "\nIt prints:\n\n"
        + block(output)
        + "\nand `edges.csv` begins:\n\n"
        + table(rows[0].split(","), [_short(row.split(",")) for row in rows[1:]])
    )


def _short(fields: list[str]) -> list[str]:
    """Long decimals cut for reading."""
    return [f"{float(field):.3g}" if "." in field else field for field in fields]


# --- the usual mistakes -------------------------------------------------------------------------


@dataclass(frozen=True)
class Mistake:
    """One mistake: its name, the faulty file, the command, the fix."""

    title: str
    way_out: str
    make: Callable[[pd.DataFrame], None]
    expression: str = "table.csv"
    tfs: str = "tfs.txt"
    more: tuple[str, ...] = ()


def _plain(cells: pd.DataFrame) -> None:
    cells.to_csv("table.csv")


def _scaled(cells: pd.DataFrame) -> None:
    from anndata import AnnData

    adata = AnnData(X=cells.to_numpy(float), obs=cells[[]], var=pd.DataFrame(index=cells.columns))
    adata.raw = adata.copy()
    adata.X = (adata.X - adata.X.mean(axis=0)) / (adata.X.std(axis=0) + 1)
    adata.write_h5ad("scaled.h5ad")


def _mouse_names(cells: pd.DataFrame) -> None:
    cells.rename(columns=str.capitalize).to_csv("table.csv")


def _repeated(cells: pd.DataFrame) -> None:
    pd.concat([cells, cells.iloc[:, :2]], axis=1).to_csv("table.csv")


def _dates(cells: pd.DataFrame) -> None:
    names = dict(zip(cells.columns[-2:], ("1-Mar", "2-Sep"), strict=True))
    cells.rename(columns=names).to_csv("table.csv")


def _gaps(cells: pd.DataFrame) -> None:
    spoiled = cells.astype(float)
    spoiled.iloc[3, 4] = np.nan
    spoiled.to_csv("table.csv")


def _semicolons(cells: pd.DataFrame) -> None:
    np.log1p(cells).round(2).to_csv("table.csv", sep=";", decimal=",")


def _no_row_names(cells: pd.DataFrame) -> None:
    np.log1p(cells).to_csv("table.csv", index=False)


def _rds(cells: pd.DataFrame) -> None:
    Path("seurat.rds").write_bytes(b"RDX3\n")


MISTAKES = (
    Mistake(
        "Genes are Ensembl ids, TFs are symbols",
        "`--gene-names` names the column with symbols, as the message says.",
        lambda cells: None,
        "cells.h5ad",
    ),
    Mistake(
        "The list or the spelling of another species",
        "Use the list of your species: `--tfs mouse` compares without regard to case.",
        _mouse_names,
    ),
    Mistake(
        "Scaled values (z-scores) in the place of counts or logarithms",
        "Take the layer, or `raw`, that holds counts or log values.",
        _scaled,
        "scaled.h5ad",
    ),
    Mistake(
        "The same gene name twice",
        "Say what to do with repeats: `--duplicates sum` for counts of one gene that was listed twice, "
        "`max-variance` for log values.",
        _repeated,
    ),
    Mistake(
        "Gene names that a spreadsheet turned into dates",
        "No error, a note: go back to the table before the spreadsheet. The genes match no list.",
        _dates,
        more=("--method", "correlation"),
    ),
    Mistake("Missing values", "Fill them in or drop the gene. 0 is a value, empty is none.", _gaps),
    Mistake(
        "Semicolons and decimal commas, as spreadsheets of half of Europe write",
        "Export with decimal points and commas between fields.",
        _semicolons,
    ),
    Mistake("A table without names of cells", "Write it with row names.", _no_row_names),
    Mistake(
        "A file of another program",
        "The message says how that program writes a file that can be read.",
        _rds,
        "seurat.rds",
    ),
    Mistake(
        "The known network as TF list",
        "That would give away the reference network. Give a TF list, and the network as `--truth`.",
        _plain,
        tfs="known.csv",
    ),
)


def mistakes() -> str:
    """Every mistake: the command and its output."""
    parts = []
    for number, mistake in enumerate(MISTAKES, start=1):
        with tempfile.TemporaryDirectory() as name, inside(Path(name)):
            practice_files(Path(name))
            mistake.make(_practice_table())
            words = ["infer", mistake.expression, "--tfs", mistake.tfs, *mistake.more]
            words += ["-o", "edges.csv"]
            output = printed(words)
        shown = output if "error: " not in output else output[output.index("error: ") :]
        parts.append(
            f"### {number}. {mistake.title}\n\n{block(shell(words), 'bash')}\n{block(shown)}\n"
            f"{mistake.way_out}\n"
        )
    return "\n".join(parts)


def _practice_table() -> pd.DataFrame:
    """The practice cells as a plain table with symbols."""
    import anndata

    adata = anndata.read_h5ad("cells.h5ad")
    names = adata.var["gene_symbols"].astype(str).tolist()
    return pd.DataFrame(adata.X.toarray().astype(int), index=adata.obs_names, columns=names)


# --- FDR calibration ----------------------------------------------------------------------------


def fdr_check() -> str:
    """Edges at an estimated FDR of 0.1 and the share of them that is false, over simulated networks."""
    from grnular_core.plotting.style import label
    from grnular_core.simulation.simulate import simulate, simulated_dataset
    from grnular_core.workflow.analysis import Plan, infer_network
    from grnular_core.workflow.resampling import cell_groups

    rows, broken = [], []
    for preset, noise in PRESETS.items():
        sets = [simulated_dataset(simulate(preset, seed=100 + i)) for i in range(GRAPHS)]
        for method in METHODS:
            row = [noise, label(method)]
            for column in WITHIN.values():
                counts = []
                for data in sets:
                    plan = Plan(
                        decoys=SHUFFLINGS, groups=cell_groups(data.adata, data, column).labels
                    )
                    found = infer_network(data, method, plan=plan)
                    counts.append(_false_of_taken(found.edges, data.truth))
                taken, false = np.sum(counts, axis=0)
                share = f", {false / taken:.2f} false" if taken else ""
                row.append(f"{taken / GRAPHS:.0f}{share}")
                if column == "clusters" and taken and false / taken > LEVEL:
                    broken.append(f"{label(method)} ({noise})")
            rows.append(row)
    note = f"Permuted within clusters, the share is above {LEVEL:g} for: {', '.join(broken) or 'none'}."
    return f"{table(['data', 'method', *WITHIN], rows)}\n{note}\n"


def _false_of_taken(edges: pd.DataFrame, truth: pd.DataFrame) -> tuple[int, int]:
    """How many edges have a q of at most the level, and how many of these are no true edges."""
    true = frozenset(zip(truth["regulator"], truth["target"], strict=True))
    taken = edges[edges["q_value"] <= LEVEL]
    pairs = zip(taken["regulator"], taken["target"], strict=True)
    return len(taken), sum(pair not in true for pair in pairs)


# --- two conditions -----------------------------------------------------------------------------

COMPARED = ("correlation", "within-clusters")
INTERFERON = ("STAT1", "STAT2", "IRF1", "IRF2", "IRF7", "IRF9")  # TFs known in the response to it
GENES = 100  # most variable TFs, and other genes


def two_conditions() -> str:
    """Blood cells with and without interferon-beta compared, or why not."""
    from grnular_paper.more_cells import kang_conditions

    import grnular_core as gc
    from grnular_core.plotting.style import label
    from grnular_core.utils.errors import DownloadError

    try:
        cells, rows, counts = kang_conditions(), [], pd.Series(dtype=int)
        for method in COMPARED:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gc.InputWarning)
                found = gc.compare(
                    cells, tfs="human", groupby="condition", a="ctrl", b="stim", normalise=True,
                    n_top_genes=GENES, n_permutations=20, method=method,
                )  # fmt: skip
            differ = found[found["q"] <= LEVEL]
            stronger = (differ["weight_b"] > differ["weight_a"]).sum()
            most = differ["regulator"].value_counts()
            counts = most if method == COMPARED[0] else counts
            first = [f"{row.regulator} → {row.target}" for row in differ.head(5).itertuples()]
            rows.append([label(method), f"{len(differ)}", f"{stronger}", ", ".join(first) or "none"])
    except DownloadError:
        return "*Not run: the data are not available.*\n"
    known = [f"{tf} ({counts[tf]})" for tf in INTERFERON if tf in counts]
    missing = [tf for tf in INTERFERON if tf not in counts]
    top = ", ".join(f"{tf} ({n})" for tf, n in counts.head(6).items())
    header = ["method", "edges that differ", "of these stronger with interferon", "first ones"]
    return (
        f"{table(header, rows)}\nBy correlation, TFs with most of these edges are {top}. Of TFs known in the response to "
        f"interferon there are {', '.join(known) or 'none'}; not there: {', '.join(missing) or 'none'}. "
        f"{_inside_clusters(int(rows[1][1]))}\n"
    )


def _inside_clusters(n: int) -> str:
    """What is left where types of cells are taken out."""
    if n:
        return f"Within clusters of cells {n} are left."
    return (
        "Within clusters of cells none is left: what is seen over all cells fits cell types, monocytes above all (SPI1, "
        "MAFB), that answer otherwise than others, and does not show that a TF has new targets."
    )
