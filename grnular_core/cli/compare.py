"""``python -m grnular_core compare``: cells of two conditions in, the edges that differ out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grnular_core.cli.terminal import (
    add_gene_options,
    add_run_options,
    add_table_options,
    add_value_options,
    count,
    progress_bar,
    reading_options,
    say,
    text,
    top,
)
from grnular_core.data.edges import MOST, write_edges
from grnular_core.data.readers import files_read
from grnular_core.methods.registry import RunOptions, check_method, method
from grnular_core.utils.cluster import cluster
from grnular_core.utils.device import resolve_device
from grnular_core.workflow.compare import (
    METHOD,
    PERMUTATIONS,
    Comparison,
    compared,
)
from grnular_core.workflow.exports import check_outputs, export_paths, write_picture, write_report
from grnular_core.workflow.pl import differences

if TYPE_CHECKING:
    from grnular_core.cli.terminal import Commands

DESCRIPTION = """\
Compare the networks of two conditions: which edges differ beyond chance.

EXPRESSION is an .h5ad file whose .obs has the conditions. The method runs for both groups on equal
numbers of cells, and again with permuted labels: of cells, or with --samples of whole samples
(donors, animals, cultures), since cells of one sample are no replicates. Too few samples for a p of
0.1 are refused: 3 in each group, or 5 that are in both, are the fewest.

The result has the columns regulator,target,weight_a,weight_b,difference,sign_a,sign_b,p,q,rank, the
clearest difference first. Of the edges up to a q, at most that share is expected to be no
difference. Differences of mean expression are taken out before. A difference is one of
co-expression: a gene seen in one condition alone has its edges there alone, and cell types whose
shares change can change many. Compare one cell type at a time where you can.
"""


def add_compare(commands: Commands) -> None:
    """Add the command to the parser.

    Parameters
    ----------
    commands : subparsers
    """
    compare = commands.add_parser("compare", help="two conditions -> edges that differ", description=DESCRIPTION)
    add = compare.add_argument
    add("expression", type=text, metavar="EXPRESSION")
    add("--groupby", type=text, required=True, metavar="COLUMN", help="column of .obs with the conditions")
    add("--a", type=text, required=True, metavar="LABEL", help="one condition, such as the control")
    add("--b", type=text, required=True, metavar="LABEL", help="the other one")
    add(
        "--samples", type=text, metavar="COLUMN",
        help="column of .obs with donors or other samples, which are permuted as a whole (default: cells are permuted)",
    )  # fmt: skip
    add_gene_options(compare)
    add(
        "--method", default=METHOD, metavar="NAME",
        help=f"default {METHOD}; it runs twice for each permutation; see the command methods",
    )  # fmt: skip
    add(
        "--permutations", type=count, default=PERMUTATIONS, metavar="N",
        help=f"permuted labelings, 10 or more (default {PERMUTATIONS})",
    )  # fmt: skip
    add_run_options(compare)
    add_value_options(compare)
    add(
        "--top", type=top, metavar="K",
        help="differences that are kept, the clearest ones; p and q are over all edges; 'all' keeps every one "
        f"(default: {MOST:,})",
    )  # fmt: skip
    add_table_options(compare)
    add(
        "-o", "--out", type=text, required=True, metavar="OUT.csv",
        help="table to write (.csv or .tsv, also .gz, or .parquet)",
    )  # fmt: skip
    add(
        "--also", action="append", default=[], choices=["picture", "report"], metavar="FORMAT",
        help="another file beside OUT, named after it; may be given again (picture: a drawing of the edges at an "
        "FDR of 0.1; report: how it was run, and what was found)",
    )  # fmt: skip
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    """Compare two groups, write the table and the optional outputs."""
    out = Path(options.out)
    also = export_paths(out, options.also)
    check_outputs(out, also, [*files_read(options.expression), options.tfs])
    check_method(method(options.method))
    if options.device not in ("auto", "cpu"):
        resolve_device(options.device)
    asked = Comparison(options.groupby, options.a, options.b, options.samples, options.permutations)
    with cluster(options.dask), progress_bar("networks") as progress:
        run = RunOptions(options.seed, options.device, options.jobs, progress)
        how = reading_options(options)
        table, notes = compared(options.expression, options.tfs, asked, options.method, run, how, options.top)
    for note in notes:
        say(f"note: {note}")
    report = table.attrs["report"]
    say(_summary_line(report["comparison"]))
    write_edges(table, out)
    say(f"wrote {len(table)} edges to {out}")
    if "report" in also:
        write_report(report, also["report"])
        say(f"wrote {also['report']}")
    if "picture" in also:
        if not report["comparison"]["edges_at_fdr"]["0.1"]:
            say("note: no edge differs at an FDR of 0.1, so picture is not written")
            return
        write_picture(lambda ax: differences(table, ax=ax), also["picture"])
        say(f"wrote {also['picture']}")


def _summary_line(comparison: Mapping[str, Any]) -> str:
    """Say how many edges differ."""
    at = ", ".join(f"{n} at an FDR of {level}" for level, n in comparison["edges_at_fdr"].items())
    return (
        f"edges that differ between {comparison['a']} and {comparison['b']}: {at}; as many or more in "
        f"{100 * comparison['overall_p']:.2g} % of {comparison['labelings']} labelings of {comparison['permuted']}, "
        "the observed one among them"
    )
