"""Parts of the page on a user's data: which method, the notebook's example, usual mistakes, a check of the FDR.

Mistakes and the check run on small files made here, so no data and no network are needed.
"""

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from pages import table

PRESETS = {"clean": "clean", "noisy(25)": "dropout"}
METHODS = ("correlation", "clr", "ridge", "grnular-context", "grnular-cells")
WITHIN = {"all cells": "all", "clusters": "clusters", "cell types": "cell_type"}
SIMPLE = (
    "grnular-curated", "grnular-cells", "regdiffusion", "ridge", "grnboost2", "correlation", "within-clusters", "clr",
    "grnular-context",
)  # fmt: skip
GRAPHS, SHUFFLINGS, LEVEL = 3, 3, 0.1


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
    lines = [line.rpartition("\r")[2].rstrip() for line in (err.getvalue() + out.getvalue()).split("\n")]
    return "\n".join(line for line in lines if line)


# --- which method -------------------------------------------------------------------------------


def methods_first(folder: Path) -> str:
    """The default method beside simple ones on counts of molecules, from the record."""
    from grnular_paper.more_cells import SETS
    from grnular_paper.more_networks import CHIP, CURATED
    from grnular_paper.records import MORE_CELLS, Record
    from grnular_paper.tables import more_cells, overview

    from grnular_core.methods.registry import FOR_CELLS
    from grnular_core.plotting.style import label

    rows = Record(MORE_CELLS, folder).rows()
    all_sets, others = more_cells.curated_numbers(rows), overview.without_blood(folder)
    all_ratio = more_cells.kind_numbers(rows, CURATED)[f"curated_ratio_{FOR_CELLS}"]
    rows = rows[rows["dataset"].map(lambda name: SETS[name].umi)]
    of_plates = overview.against_string(folder, (*SIMPLE, *more_cells.CONTROLS))
    kinds = {
        kind: more_cells.kind_table(rows, kind, (*SIMPLE, *more_cells.CONTROLS)).set_index("method") for kind in (CURATED, CHIP)
    }
    controls = {kind: label(more_cells.best_control(more_cells.set_scores(rows, kind))) for kind in kinds}
    best_first = sorted(map(label, SIMPLE), key=lambda name: -float(kinds[CURATED].loc[name, "AUPRC / density"].split()[0]))
    names = [*best_first, *dict.fromkeys(controls.values())]
    plates = {label(name): f"{ratio:.2f}" for name, ratio in np.exp(np.log(of_plates).mean()).items()}
    lines = [
        [f"*{name}*" if name in controls.values() else name, *(t["AUPRC / density"].get(name, "") for t in kinds.values()),
         plates.get(name, "")] for name in names
    ]  # fmt: skip
    first, (n_sets, n_chip) = kinds[CURATED].loc[label(FOR_CELLS)], (len(more_cells.set_scores(rows, kind)) for kind in kinds)
    over = {kind: kinds[kind].loc[label(FOR_CELLS), f"over {control}"] for kind, control in controls.items()}
    header = ["method", f"{n_sets} UMI sets, curated networks", f"{n_chip} UMI sets, ChIP networks", "BEELINE, STRING"]
    caption = (
        f"Strict AUPRC over that of random scores: geometric means over {n_sets} sets of cells with 95 % intervals over sets, "
        f"and over {len(of_plates)} datasets of BEELINE; controls, which ignore which TF acts on which gene, in italics. "
        "RegDiffusion and GRNBoost2 take minutes, the others seconds."
    )
    return (
        f"{table(header, lines, caption)}\nAgainst curated networks {label(FOR_CELLS)}, by readouts that have seen neither set "
        f"nor TF, is above correlation on {first['above correlation']} UMI sets and has {over[CURATED]} times the best "
        "control; "
        f"against ChIP networks it has {over[CHIP]} times the best control. Over all {all_sets['fitted_sets']} sets of [more "
        f"real cells](../notebooks/10_more_real_cells.ipynb) it has {all_ratio:.2f}: the set without UMI, "
        f"{all_sets['fitted_reads']}, is in that mean. The means against STRING rest on two datasets of blood stem cells; "
        f"over the others GRNULar-curated has {others['grnular-curated']:.2f} and correlation {others['correlation']:.2f}.\n"
    )


# --- the notebook's example ---------------------------------------------------------------------

SOURCES = "Data: computed for this page · Notebook: {download}`your_data.ipynb <../notebooks/your_data.ipynb>`"


def notebook_outputs(executed: Path, generated: Path) -> str:
    """What the executed notebook shows: its headings, tables and pictures, which are written to ``generated``."""
    parts, pictures = [], 0
    for cell in nbformat.read(executed, as_version=4).cells:
        heading = re.match(r"## .*", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            parts.append(f"**{heading[0].removeprefix('## ')}**\n")
        options = cell.metadata.get("mystnb", {})
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/markdown" in data:
                parts.append(f"{data['text/markdown']}\n")
            if "image/svg+xml" in data:
                pictures += 1
                (generated / f"own_{pictures}.svg").write_text(data["image/svg+xml"], encoding="utf-8")
                alt, caption = options["image"]["alt"], options["figure"]["caption"]
                shown = f"/book/_generated/own_{pictures}.svg\n:figclass: wide-figure\n:alt: {alt}"
                parts.append(f"```{{figure}} {shown}\n\n{caption}\n\n{SOURCES}\n```\n")
    return "\n".join(parts)


# --- the usual mistakes -------------------------------------------------------------------------


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
        var=pd.DataFrame({"gene_symbols": symbols}, index=[f"ENSG{i:011d}" for i in range(len(genes))]),
    )
    cells.write_h5ad(folder / "cells.h5ad")
    (folder / "tfs.txt").write_text("".join(f"{symbol[tf]}\n" for tf in tfs))
    edges = truth_table(simulation)[["regulator", "target"]].replace(symbol)
    edges.to_csv(folder / "known.csv", index=False)


@dataclass(frozen=True)
class Mistake:
    """One mistake: its name, the faulty file, the fix, the command, and how the line begins that names it."""

    title: str
    make: Callable[[pd.DataFrame], object]
    way_out: str = ""
    expression: str = "table.csv"
    tfs: str = "tfs.txt"
    more: tuple[str, ...] = ()
    start: str = "error: "


def _scaled(cells: pd.DataFrame) -> None:
    from anndata import AnnData

    adata = AnnData(X=cells.to_numpy(float), obs=cells[[]], var=pd.DataFrame(index=cells.columns))
    adata.raw = adata.copy()
    adata.X = (adata.X - adata.X.mean(axis=0)) / (adata.X.std(axis=0) + 1)
    adata.write_h5ad("scaled.h5ad")


def _dates(cells: pd.DataFrame) -> None:
    cells.rename(columns=dict(zip(cells.columns[-2:], ("1-Mar", "2-Sep"), strict=True))).to_csv("table.csv")


def _gaps(cells: pd.DataFrame) -> None:
    spoiled = cells.astype(float)
    spoiled.iloc[3, 4] = np.nan
    spoiled.to_csv("table.csv")


MISTAKES = (
    Mistake("Genes are Ensembl ids, TFs are symbols", lambda cells: None, expression="cells.h5ad"),
    Mistake(
        "The list or the spelling of another species",
        lambda cells: cells.rename(columns=str.capitalize).to_csv("table.csv"),
        "Use the list of your species: `--tfs mouse` compares without regard to case. Names are never changed unasked.",
    ),
    Mistake("Scaled values (z-scores) in the place of counts or logarithms", _scaled, expression="scaled.h5ad"),
    Mistake(
        "The same gene name twice",
        lambda cells: pd.concat([cells, cells.iloc[:, :2]], axis=1).to_csv("table.csv"),
        "For logarithms take `max-variance`.",
    ),
    Mistake(
        "Gene names that a spreadsheet turned into dates",
        _dates,
        "A note, no error: go back to the table before the spreadsheet.",
        more=("--method", "correlation"),
        start="note: 2 gene names",
    ),
    Mistake("Missing values", _gaps, "0 is a value, empty is none."),
    Mistake(
        "Semicolons and decimal commas, as spreadsheets of half of Europe write",
        lambda cells: np.log1p(cells).round(2).to_csv("table.csv", sep=";", decimal=","),
        "Export with decimal points and commas between fields.",
    ),
    Mistake("A table without names of cells", lambda cells: np.log1p(cells).to_csv("table.csv", index=False)),
    Mistake("A file of another program", lambda cells: Path("seurat.rds").write_bytes(b"RDX3\n"), expression="seurat.rds"),
    Mistake(
        "The known network as TF list",
        lambda cells: cells.to_csv("table.csv"),
        "Give a TF list, and the network as `--truth`.",
        tfs="known.csv",
    ),
)


def mistakes() -> str:
    """Every mistake: what it is, the message, and the way out."""
    parts = []
    for mistake in MISTAKES:
        with tempfile.TemporaryDirectory() as name, inside(Path(name)):
            practice_files(Path(name))
            mistake.make(_practice_table())
            words = ["infer", mistake.expression, "--tfs", mistake.tfs, *mistake.more]
            lines = printed([*words, "-o", "edges.csv"]).splitlines()
        said = next(line for line in lines if line.startswith(mistake.start)).removeprefix("error: ")
        parts.append(f"**{mistake.title}.**\n\n> `{said}`\n\n{mistake.way_out}".rstrip() + "\n")
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
                    plan = Plan(decoys=SHUFFLINGS, groups=cell_groups(data.adata, data, column).labels)
                    found = infer_network(data, method, plan=plan)
                    counts.append(_false_of_taken(found.edges, data.truth))
                taken, false = np.sum(counts, axis=0)
                share = f", {false / taken:.2f} false" if taken else ""
                row.append(f"{taken / GRAPHS:.0f}{share}")
                if column == "clusters" and taken and false / taken > LEVEL:
                    broken.append(f"{label(method)} ({noise})")
            rows.append(row)
    note = f"Permuted within clusters, the share is above {LEVEL:g} for: {', '.join(broken) or 'none'}."
    caption = (
        f"Edges at an estimated FDR of at most {LEVEL:g} (mean over {GRAPHS} networks) and the share of them that is false, "
        f"with {SHUFFLINGS} "
        "decoys a gene; columns: among which cells values were permuted."
    )
    return f"{table(['data', 'method', *WITHIN], rows, caption)}\n{note}\n"


def _false_of_taken(edges: pd.DataFrame, truth: pd.DataFrame) -> tuple[int, int]:
    """How many edges have a q of at most the level, and how many of these are no true edges."""
    true = frozenset(zip(truth["regulator"], truth["target"], strict=True))
    taken = edges[edges["q_value"] <= LEVEL]
    pairs = zip(taken["regulator"], taken["target"], strict=True)
    return len(taken), sum(pair not in true for pair in pairs)
