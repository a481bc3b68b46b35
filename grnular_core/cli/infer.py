"""``python -m grnular_core infer``: expression and a TF list in, a network out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grnular_core.cli.terminal import (
    add_gene_options,
    add_run_options,
    add_table_options,
    add_value_options,
    progress_bar,
    reading_options,
    say,
    text,
    top,
    whole,
)
from grnular_core.data.edges import ALL_EDGES, MOST, kept_edges, write_edges
from grnular_core.data.readers import files_read
from grnular_core.methods.registry import (
    FOR_CELLS,
    RunOptions,
    check_method,
    method,
    with_precision,
)
from grnular_core.utils.cluster import cluster
from grnular_core.utils.device import resolve_device
from grnular_core.utils.errors import InputError
from grnular_core.workflow.analysis import Plan, expected_cost, infer_network
from grnular_core.workflow.exports import (
    FORMATS,
    Result,
    check_names,
    check_outputs,
    export_paths,
    write_exports,
)
from grnular_core.workflow.resampling import cell_groups
from grnular_core.workflow.stability import SHARE, TOP, check_decoys, n_pairs
from grnular_core.workflow.unlike import method_notes
from grnular_core.workflow.user_data import InputOptions, UserData, read_user_data

if TYPE_CHECKING:
    import pandas as pd

    from grnular_core.cli.terminal import Commands
    from grnular_core.data.dataset import GRNDataset
    from grnular_core.methods.interface import Method
    from grnular_core.workflow.analysis import Network

INFER = """\
Infer a network: which TF regulates which gene.

EXPRESSION is a csv or tsv table (also .gz) with names in its first row and column, an .h5ad file, the
.h5 file or a folder of Cell Ranger, another .mtx with its tables of names, or a .loom, .h5mu, zarr,
parquet or feather file. Whether genes are rows or columns of a table is found out from the TF
list and reported. Counts are used as they are unless --normalise is given; most methods do better
with it. LIST is human or mouse (TFs that bind DNA at sequences of their own), human-broad or
mouse-broad (cofactors and more besides), or a file with one gene name a line, or a table with a
column such as TF.

The result has the columns regulator,target,weight,sign,rank, strongest edge first: all edges, or of
larger networks the strongest million (see --top). A name that ends in .parquet gives parquet. Weights rank
edges within one result; they are no probabilities and do not compare between methods. sign is +1
where the TF goes with the gene, -1 where it goes against, 0 unknown. grnular-curated has precision, too: of
the pairs with such a weight whose TF has an edge in a curated network (CollecTRI), the share that are edges
there, as the mean over eight sets of cells of 500 to 2,000 genes, each scored by a fit without it;
precision_low and precision_high are the lowest and the highest of the eight. --stability adds the columns
stability (share of the bootstraps with the edge among the strongest again) and mean_rank, --decoys
adds q_value: the false discovery rate against permuted decoys of the genes, over all edges up to
that one. A small q_value is evidence of association, not of regulation.
"""


def add_infer(commands: Commands) -> None:
    """Add the command to the parser.

    Parameters
    ----------
    commands : subparsers
    """
    infer = commands.add_parser("infer", help="expression + TF list -> edges", description=INFER)
    add = infer.add_argument
    add("expression", type=text, metavar="EXPRESSION")
    add_gene_options(infer)
    add(
        "--method", metavar="NAME",
        help=f"default {FOR_CELLS}, {method(FOR_CELLS).evidence}; grnular-context for simulated ones, grnular as published; "
        "correlation or ridge for a fast look; see the command methods",
    )  # fmt: skip
    add_run_options(infer)
    add_value_options(infer)
    add(
        "--truth",
        type=text,
        metavar="NET",
        help="reference network: scores are printed, and the oracle takes it",
    )
    add(
        "--weights", type=text, metavar="NAME|FILE",
        help="trained weights in place of the method's default ones; see the command train",
    )  # fmt: skip
    _add_trust(add)
    add_table_options(infer)
    add(
        "-o", "--out", type=text, required=True, metavar="OUT.csv",
        help="edge table to write (.csv or .tsv, also .gz, or .parquet)",
    )  # fmt: skip
    formats = "; ".join(f"{word}: {form.description}" for word, form in FORMATS.items())
    add(
        "--also", action="append", default=[], choices=[*FORMATS, "all"], metavar="FORMAT",
        help=f"another file beside OUT, named after it; may be given again ({formats}; all of them)",
    )  # fmt: skip
    infer.set_defaults(run=_infer)


def _add_trust(add: Any) -> None:
    """Add the options on stability and false discovery rate."""
    add(
        "--stability", type=whole, default=0, metavar="B",
        help="run B more times on bootstraps of the cells, with other seeds (default 0)",
    )  # fmt: skip
    add(
        "--decoys", type=whole, default=0, metavar="N",
        help="run N more times with a decoy beside every gene, permuted over the cells (default 0)",
    )  # fmt: skip
    add(
        "--decoys-within", type=text, metavar="COLUMN",
        help="permute among cells with the same label in this column of .obs, or among all cells (the word "
        "all; default: among cells of the same cluster, which is found)",
    )  # fmt: skip
    add(
        "--top", type=top, metavar="K",
        help="strongest edges that are kept, and that stability and network files are about; 'all' keeps every "
        f"edge (default: {MOST:,} are kept, stability and network files are about {TOP:,} of them and at most a "
        "tenth of all pairs)",
    )  # fmt: skip


def _infer(options: argparse.Namespace) -> None:
    """Read expression and TF list, write the edge table and the optional outputs."""
    out = Path(options.out)
    also = export_paths(out, options.also)
    others = filter(None, [options.truth, options.weights])
    check_outputs(out, also, [*files_read(options.expression), options.tfs, *others])
    chosen = _chosen(options)
    if chosen.needs_truth and not options.truth:
        raise InputError(f"the method {chosen.name} needs the reference network; pass --truth NET")
    if options.decoys:
        check_decoys(chosen)
    if options.decoys_within and not options.decoys:
        raise InputError("--decoys-within needs --decoys N")
    if options.device not in ("auto", "cpu"):  # torch is loaded only where a GPU is requested
        resolve_device(options.device)
    check_method(chosen, options.weights)
    keep_table = "h5ad" in also or bool(options.decoys)
    if options.method is None:
        say(f"method: {chosen.name}, as no --method is given, {chosen.evidence}")
    read = read_user_data(_input_options(options), say, keep_table)
    data, table = read.data, read.table
    unlike = method_notes(data, chosen.name, options.weights)
    read = replace(read, notes=(*read.notes, *unlike))
    for note in unlike:
        say(f"note: {note}")
    check_names(data.genes, also)
    groups = cell_groups(table, data, options.decoys_within) if options.decoys else None
    if groups is not None:
        say(f"note: {groups.description}")
    labels = None if groups is None else groups.labels
    plan = Plan(options.stability, options.decoys, _n_top(data, options.top), labels)
    say(expected_cost(data, chosen.name, options.weights, plan, options.jobs))
    if chosen.cost != "seconds" and chosen.law is None and not chosen.model:  # else the time was predicted
        say(f"note: {chosen.name} takes {chosen.cost} at 1,000 genes and 400 cells")
    run = RunOptions(options.seed, options.device, options.jobs, weights=options.weights)
    with cluster(options.dask):
        found = infer_network(data, chosen.name, run, plan, say, progress_bar)
    edges, note = kept_edges(found.edges, options.top)
    edges = with_precision(edges, chosen.name, options.weights)
    if note:
        say(f"note: {note}")
    write_edges(edges, out)
    n = str(len(edges)) if len(edges) == len(found.edges) else f"{len(edges)} of {len(found.edges)}"
    say(f"wrote {n} edges to {out} after {sum(found.seconds.values()):.1f} s")
    if not len(found.edges):
        say(
            f"note: {chosen.name} gives no pair a weight above zero; are there enough genes and cells that vary?"
        )
    if also or data.truth is not None or plan.n_runs > 1:
        _more(options, read, run, plan, found, edges, also)


def _chosen(options: argparse.Namespace) -> Method:
    """Look up the method that is named, or the default one."""
    return method(FOR_CELLS if options.method is None else options.method)


def _n_top(data: GRNDataset, n: int | str | None) -> int:
    """Strongest edges that stability and decoys are about: as asked, else ``TOP`` and at most a tenth of all pairs."""
    if n and n != ALL_EDGES:
        return n
    return max(min(TOP, n_pairs(data) // SHARE), 1)


def _input_options(options: argparse.Namespace) -> InputOptions:
    """Options on the input."""
    return InputOptions(options.expression, options.tfs, options.truth, **reading_options(options))


def _more(
    options: argparse.Namespace,
    read: UserData,
    run: RunOptions,
    plan: Plan,
    found: Network,
    edges: pd.DataFrame,
    also: dict[str, Path],
) -> None:
    """Print a summary, and write the other files."""
    from grnular_core.workflow.report import (
        Inputs,
        described,
        make_report,
    )

    how = {**_input_options(options).as_dict(), "decoys_within": options.decoys_within}
    inputs = Inputs(Path(options.expression), options.tfs, options.truth, how, read.notes)
    report = make_report(inputs, read.data, _chosen(options).name, run, plan, found)
    report = described(report, len(edges))
    for line in _result_lines(report):
        say(line)
    if report["scores"]:
        say(_score_line(report["scores"]))
    skipped = [word for word in also if FORMATS[word].is_graph and not len(edges)]
    if skipped:
        say(
            f"note: there is no edge to draw, so {', '.join(skipped)} {'is' if len(skipped) == 1 else 'are'} not written"
        )
    also = {word: path for word, path in also.items() if word not in skipped}
    cells = read.as_anndata() if "h5ad" in also else None
    write_exports(Result(edges, read.data, cells, plan.top, report=report), also)
    for path in also.values():
        say(f"wrote {path}")


def _result_lines(report: Mapping[str, Any]) -> list[str]:
    """Describe stability and false discovery rate, where these were computed."""
    result, settings, lines = report["result"], report["method"], []
    if "top_edges_in_9_of_10_runs" in result:
        top = min(settings["top"], result["edges"])
        chance = float(f"{100 * result['stability_by_chance']:.2g}")  # two digits
        lines.append(
            f"stability: {result['top_edges_in_9_of_10_runs']} of the {top} strongest edges are among the "
            f"{top} strongest again in 90 % or more of {settings['bootstraps']} bootstraps of the cells; by chance "
            f"an edge is among them in {chance:g} % of the runs"
        )
    if "edges_at_fdr" in result:
        counts = ", ".join(f"{n} at {level}" for level, n in result["edges_at_fdr"].items())
        lines.append(
            f"edges at an FDR against permuted decoys: {counts}; a pair that goes together for another "
            "reason than regulation passes too, and often most of these are such pairs"
        )
    return lines


def _score_line(scores: Mapping[str, Any]) -> str:
    """Describe the strict scores, with the values expected at random."""
    if scores["auprc"] is None or scores["auroc"] is None:
        return "strict scores are not defined: no true edge starts at a TF of the data"
    return (
        f"strict AUPRC {scores['auprc']:.4f} ({scores['auprc_ratio']:.2f} times that expected at random), AUROC "
        f"{scores['auroc']:.3f} (at random: 0.5), over {scores['n_true']} true edges among "
        f"{scores['n_candidates']} pairs"
    )
