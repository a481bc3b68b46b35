"""``python -m grnular_core infer``: expression and a TF list in, a network out."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grnular_core.analysis import Plan, expected, infer_network
from grnular_core.arguments import EXIT_CODES, add_table_options, count, jobs, text, whole
from grnular_core.cell_tables import CLUSTERS, cell_groups
from grnular_core.commands import progress_bar, say
from grnular_core.edges import write_edges
from grnular_core.errors import InputError
from grnular_core.exports import GRAPHS, WHAT, Result, check_names, export_paths, write_exports
from grnular_core.methods import Run, method
from grnular_core.model_methods import fitting_weights
from grnular_core.own_data import Asked, read_own
from grnular_core.places import place, same_place
from grnular_core.reading import files_read
from grnular_core.stability import TOP
from grnular_core.unrolled_methods import FOR_CELLS

if TYPE_CHECKING:
    from grnular_core.arguments import Commands
    from grnular_core.dataset import GRNDataset

INFER = """\
Infer a network: which TF regulates which gene.

EXPRESSION is a csv or tsv table (also .gz) with names in its first row and column, an .mtx file or
10x folder, or an .h5ad file. Whether genes are rows or columns is found out from the TF list and
said aloud. Counts are used as they are; most methods do better on log-normalised values. LIST is
human or mouse, or a file with one gene name a line, or a table with a column such as TF.

The result has the columns regulator,target,weight,sign,rank, strongest edge first. Weights rank
edges within one result; they are no probabilities and do not compare between methods. sign is +1
where the TF goes with the gene, -1 where it goes against, 0 unknown. --stability adds the columns
stability (share of the runs with the edge among the --top again) and mean_rank, --null adds
q_value: of all edges up to that one, the share that shuffled genes give too. A small q_value says
that the two genes go together, not that one regulates the other.
"""
OUT_ENDINGS = (".csv", ".tsv", ".txt")


def add_infer(commands: Commands) -> None:
    infer = commands.add_parser(
        "infer", help="expression + TF list -> edges", description=INFER, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = infer.add_argument
    add("expression", type=text, metavar="EXPRESSION")
    add(
        "--tfs", type=text, required=True, metavar="LIST",
        help="human, mouse, a file with the TF list, or the word 'all': every gene may regulate",
    )  # fmt: skip
    add(
        "--genes", type=count, metavar="N",
        help="keep the N most variable TFs and the N most variable other genes (default: all)",
    )  # fmt: skip
    add(
        "--method", default=FOR_CELLS, metavar="NAME",
        help=f"default {FOR_CELLS}, for measured cells; grnular for simulated ones; see the command methods",
    )  # fmt: skip
    add(
        "--seed", type=whole, default=0, metavar="N",
        help="same data and seed, same numbers (default 0)",
    )  # fmt: skip
    add("--device", default="auto", help="auto, cpu or cuda (default auto)")
    add(
        "--jobs", type=jobs, default=-1, metavar="N",
        help="processes for tree methods (default: all cores)",
    )  # fmt: skip
    add(
        "--scaled",
        action="store_true",
        help="negative values are meant (z-scores); zeros that tell of lost molecules are not seen then,"
        " so unscaled values give better networks",
    )
    add(
        "--truth",
        type=text,
        metavar="NET",
        help="known network: scores are said, and the oracle takes it",
    )
    add(
        "--weights", type=text, metavar="NAME|FILE",
        help="of a trained model, in place of the method's own; see the command train",
    )  # fmt: skip
    _add_trust(add)
    add_table_options(infer)
    add(
        "-o", "--out", type=text, required=True, metavar="OUT.csv",
        help="edge table to write (.csv or .tsv, also .gz)",
    )  # fmt: skip
    formats = "; ".join(f"{word}: {what}" for word, what in WHAT.items())
    add(
        "--also", action="append", default=[], choices=[*WHAT, "all"], metavar="FORMAT",
        help=f"another file beside OUT, named after it; may be given again ({formats}; all of them)",
    )  # fmt: skip
    infer.set_defaults(run=infer_command)


def _add_trust(add: Any) -> None:
    """Options on what one may believe of an edge."""
    add(
        "--stability", type=whole, default=0, metavar="B",
        help="run B more times on cells drawn with replacement, with other seeds (default 0)",
    )  # fmt: skip
    add(
        "--null", type=whole, default=0, metavar="N",
        help="run N more times with a twin beside every gene, shuffled over the cells (default 0)",
    )  # fmt: skip
    add(
        "--null-within", type=text, metavar="COLUMN",
        help="shuffle among cells with the same label in this column of .obs, of the same cluster that is "
        "found (the word clusters, default), or among all cells (the word all)",
    )  # fmt: skip
    add(
        "--top", type=count, default=TOP, metavar="K",
        help=f"strongest edges that stability and network files are about (default {TOP})",
    )  # fmt: skip


def infer_command(options: argparse.Namespace) -> None:
    """Expression and TF list in, edge table and what else was asked for out."""
    out = Path(options.out)
    also = export_paths(out, options.also)
    _refuse_bad_output(out)
    _refuse_bad_others(also)
    others = filter(None, [options.truth, options.weights])
    inputs = [*files_read(options.expression), options.tfs, *others]
    _refuse_overwriting(out, inputs, "-o")
    for word, path in also.items():
        _refuse_overwriting(path, inputs, f"--also {word}")
    chosen = method(options.method)
    if chosen.needs_truth and not options.truth:
        raise InputError(f"the method {chosen.name} needs the known network; pass --truth NET")
    if chosen.needs_truth and options.null:
        raise InputError(f"the method {chosen.name} takes no --null: it does not look at the cells")
    if options.null_within and not options.null:
        raise InputError("--null-within says how to shuffle; pass --null N too")
    _refuse_bad_device(options.device)
    if options.weights:
        fitting_weights(chosen.name, options.weights)
    read = read_own(_asked(options), say)
    data, table = read.data, read.table
    check_names(data.genes, also)
    within = options.null_within or CLUSTERS
    groups = cell_groups(table, data, within) if options.null else None
    plan = Plan(options.stability, options.null, options.top, groups)
    say(expected(data, chosen.name, options.weights, plan))
    if chosen.cost != "seconds":
        say(f"note: {chosen.name} takes {chosen.cost} at 1,000 genes and 400 cells")
    run = Run(options.seed, options.device, options.jobs, weights=options.weights)
    found = infer_network(data, chosen.name, run, plan, say, progress_bar)
    write_edges(found.edges, out)
    say(f"wrote {len(found.edges)} edges to {out} after {sum(found.seconds.values()):.1f} s")
    if not len(found.edges):
        say(
            f"note: {chosen.name} gives no pair a weight above zero; are there enough genes and cells that vary?"
        )
    if also or data.truth is not None or plan.n_runs > 1:
        _more(options, data, table, run, plan, found, also)


def _asked(options: argparse.Namespace) -> Asked:
    """The options on what to read."""
    return Asked(
        expression=options.expression,
        tfs=options.tfs,
        truth=options.truth,
        n_genes=options.genes,
        gene_names=options.gene_names,
        layer=options.layer,
        orientation=options.orientation,
        match=options.match,
        duplicates=options.duplicates,
        scaled=options.scaled,
    )


def _more(
    options: argparse.Namespace,
    data: GRNDataset,
    table: Any,
    run: Run,
    plan: Plan,
    found: Any,
    also: dict[str, Path],
) -> None:
    """Say what was found, and write the other files."""
    from grnular_core.report import Inputs, make_report, spelled_result, spelled_scores

    inputs = Inputs(Path(options.expression), options.tfs, options.truth)
    report = make_report(inputs, data, options.method, run, plan, found)
    for line in spelled_result(report):
        say(line)
    if report["scores"]:
        say(spelled_scores(report["scores"]))
    skipped = [word for word in also if word in GRAPHS and not len(found.edges)]
    if skipped:
        say(
            f"note: there is no edge to draw, so {', '.join(skipped)} {'is' if len(skipped) == 1 else 'are'} not written"
        )
    also = {word: path for word, path in also.items() if word not in skipped}
    anndata = table if hasattr(table, "obs_names") else None
    write_exports(Result(found.edges, data, anndata, options.top, report=report), also)
    for path in also.values():
        say(f"wrote {path}")


def _refuse_bad_output(out: Path) -> None:
    """Before hours of work: can the result be written where it is wanted?"""
    kind = place(out)
    if kind == "folder":
        raise InputError(f"-o {out} is a folder; give the name of a file, e.g. {out / 'edges.csv'}")
    if kind == "other":
        raise InputError(f"-o {out} is no plain file; give the name of a file, e.g. edges.csv")
    ending = Path(out.name.lower().removesuffix(".gz")).suffix
    if ending and ending not in OUT_ENDINGS:
        raise InputError(f"-o {out}: edges are written as csv; name it {out.with_suffix('.csv')}")
    if place(out.parent) != "folder":
        raise InputError(f"-o {out}: the folder {out.parent} does not exist; create it first")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"-o {out}: the folder {out.parent} is not writable; choose another")


def _refuse_bad_others(also: dict[str, Path]) -> None:
    """The same for the files of ``--also``, whose folder is that of the edge table."""
    for word, path in also.items():
        if place(path) not in ("file", "missing"):
            raise InputError(
                f"--also {word} writes {path}, which is there and no plain file; remove it, or choose "
                "another name for -o"
            )


def _refuse_overwriting(path: Path, inputs: Sequence[str | Path], option: str) -> None:
    """A result never takes the place of an input."""
    for given in inputs:
        if same_place(path, given):
            said = f"{option} {path}" if option == "-o" else f"{option} writes {path}, which"
            raise InputError(
                f"{said} is the input {given}; it would be overwritten: choose another"
                f"{'' if option == '-o' else ' name for -o'}"
            )


def _refuse_bad_device(device: str) -> None:
    """A GPU that is not there stops the run now; torch is loaded only where one was asked for."""
    if device not in ("auto", "cpu"):
        from grnular_core.device import resolve_device

        resolve_device(device)
