"""The command line: ``python -m grnular_core COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from grnular_core import __version__
from grnular_core.commands import (
    download_command,
    evaluate_command,
    infer_command,
    methods_command,
    say,
    verify_command,
)
from grnular_core.errors import GrnularError

DESCRIPTION = """\
Infer gene regulatory networks from single-cell expression, and score them honestly.

  python -m grnular_core infer cells.h5ad --tfs human_tfs.txt -o edges.csv
  python -m grnular_core evaluate edges.csv --truth network.csv --expression cells.h5ad --tfs human_tfs.txt
"""
EXIT_CODES = """\
exit codes: 0 done, 2 unusable input or arguments, 3 data could not be had, 4 the method failed,
5 the result could not be written, 130 interrupted
"""
INFER = """\
Infer a network: which TF regulates which gene.

EXPRESSION is a csv or tsv table (also .gz), an .mtx file or 10x folder, or an .h5ad file. Whether genes
are rows or columns is found out from the TF list and said aloud. Counts are used as they are; most
methods do better on log-normalised values. The TF list has one gene name a line.

The result has the columns regulator,target,weight,sign,rank, strongest edge first. Weights rank edges
within one result; they are no probabilities and do not compare between methods. sign is +1 where
the TF goes with the gene, -1 where it goes against, 0 unknown.
"""
EVALUATE = """\
Score an edge table against a known network, under two protocols, as one JSON object.

strict: every pair (regulator with a true edge, other gene) is a candidate; average precision, its ratio to
the density of true edges, AUROC, early precision. paper: the published protocol on half a symmetric
matrix in the gene order of the expression file; floor_auroc is what random scores reach there.
Numbers that are not defined are null, with a reason beside them.
"""
DOWNLOAD = """\
Fetch data files by key, checked against their hashes, into the folder GRNULAR_DATA (or the user's cache).

Without a key: list what there is and what is here. A key may hold wildcards: 'beeline/TFs+500/mESC/*'.
"""


def _add_table_options(parser: argparse.ArgumentParser) -> None:
    """Options on how to read an expression table."""
    parser.add_argument(
        "--orientation", choices=("auto", "cells-x-genes", "genes-x-cells"), default="auto",
        help="which side the genes are on (default: found by the TF list)",
    )  # fmt: skip
    parser.add_argument(
        "--match", choices=("exact", "ignore-case", "ignore-version"), default="exact",
        help="how names are compared; ignore-version drops .1 of ENSG00000000001.1",
    )  # fmt: skip
    parser.add_argument(
        "--duplicates", choices=("error", "sum", "mean", "first", "max-variance"), default="error",
        help="what to do with a gene name that occurs twice (default: refuse)",
    )  # fmt: skip


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**31:
        raise ValueError
    return value


_whole.__name__ = "whole number >= 0"


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m grnular_core", description=DESCRIPTION, epilog=EXIT_CODES, formatter_class=raw
    )
    parser.add_argument("--version", action="version", version=f"grnular_core {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    infer = commands.add_parser("infer", help="expression + TF list -> edges", description=INFER,
                                epilog=EXIT_CODES, formatter_class=raw)  # fmt: skip
    infer.add_argument("expression", metavar="EXPRESSION")
    infer.add_argument("--tfs", required=True, metavar="FILE", help="TF list; the word 'all' lets every gene regulate")
    infer.add_argument("--method", default="grnular", metavar="NAME", help="default grnular; see the command methods")
    infer.add_argument("--seed", type=_whole, default=0, metavar="N", help="same seed, same numbers (default 0)")
    infer.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    infer.add_argument("--jobs", type=int, default=-1, metavar="N", help="processes for tree methods (default: all cores)")
    infer.add_argument("--layer", metavar="NAME", help="layer of an .h5ad file; 'raw' for its .raw")
    infer.add_argument("--scaled", action="store_true", help="negative values are meant (z-scores)")
    infer.add_argument("--truth", metavar="NET", help="known network, for the control oracle only")
    _add_table_options(infer)
    infer.add_argument("-o", "--out", required=True, metavar="OUT.csv", help="edge table to write (.csv or .csv.gz)")
    infer.set_defaults(run=infer_command)

    evaluate = commands.add_parser("evaluate", help="edges + truth -> scores", description=EVALUATE,
                                   epilog=EXIT_CODES, formatter_class=raw)  # fmt: skip
    evaluate.add_argument("edges", metavar="EDGES", help="table with regulator,target,weight")
    evaluate.add_argument("--truth", required=True, metavar="NET", help="network: Gene1,Gene2 or regulator,target (,sign)")
    evaluate.add_argument("--expression", required=True, metavar="EXPRESSION", help="what the method saw: its genes, in its order")
    evaluate.add_argument("--tfs", required=True, metavar="FILE", help="TF list, or the word 'all'")
    evaluate.add_argument("--symmetric-truth", action="store_true", help="paper protocol: the truth counts in both directions (simulated data)")
    _add_table_options(evaluate)
    evaluate.set_defaults(run=evaluate_command)

    download = commands.add_parser("download", help="fetch data files", description=DOWNLOAD,
                                   epilog=EXIT_CODES, formatter_class=raw)  # fmt: skip
    download.add_argument("key", nargs="*", metavar="KEY")
    download.set_defaults(run=download_command)

    methods = commands.add_parser("methods", help="list the methods")
    methods.set_defaults(run=methods_command)

    verify = commands.add_parser("verify", help="recompute a sample of the recorded results")
    verify.add_argument("--budget", type=float, default=60, metavar="SECONDS", help="recorded seconds to spend (default 60)")
    verify.add_argument("--seed", type=_whole, default=0, metavar="N", help="which sample (default 0)")
    verify.add_argument("--tolerance", type=float, default=1e-3, help="largest allowed difference of a score")
    verify.add_argument("--recorded", metavar="FOLDER", help="default: notebooks/recorded")
    verify.set_defaults(run=verify_command)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except GrnularError as error:
        say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
