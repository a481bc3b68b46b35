"""The command line: ``python -m grnular_core COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from grnular_core import __version__
from grnular_core.arguments import EXIT_CODES, count, jobs, whole
from grnular_core.checks import Duplicates, Match, Orientation
from grnular_core.commands import (
    download_command,
    evaluate_command,
    infer_command,
    methods_command,
    say,
    simulate_command,
    verify_command,
)
from grnular_core.errors import GrnularError, MethodError
from grnular_core.train_command import add_train

if TYPE_CHECKING:
    from grnular_core.arguments import Commands

DESCRIPTION = """\
Infer gene regulatory networks from single-cell expression, and score them honestly.

  python -m grnular_core infer cells.h5ad --tfs human_tfs.txt -o edges.csv
  python -m grnular_core evaluate edges.csv --truth network.csv --expression cells.h5ad \\
      --tfs human_tfs.txt
"""
INFER = """\
Infer a network: which TF regulates which gene.

EXPRESSION is a csv or tsv table (also .gz) with names in its first row and column, an .mtx file or
10x folder, or an .h5ad file. Whether genes are rows or columns is found out from the TF list and
said aloud. Counts are used as they are; most methods do better on log-normalised values. The TF
list has one gene name a line, or is a table with a column such as TF or gene_symbol.

The result has the columns regulator,target,weight,sign,rank, strongest edge first. Weights rank
edges within one result; they are no probabilities and do not compare between methods. sign is +1
where the TF goes with the gene, -1 where it goes against, 0 unknown.
"""
EVALUATE = """\
Score an edge table against a known network, under two protocols, as one JSON object.

strict: every pair (regulator with a true edge, other gene) is a candidate; average precision, its
ratio to the density of true edges, AUROC, early precision. paper: the published protocol on half a
symmetric matrix in the gene order of the expression file; random_auroc is what random scores reach
there. All genes of the file count, also those that a method dropped for being constant. Numbers
that are not defined are null, with a reason beside them.
"""
SIMULATE = """\
Simulate single-cell data whose network is known, by the steady-state dynamics of SERGIO.

PRESET is one of
  clean                          100 genes, 10 TFs, 5 cell types, 1,000 cells, no technical noise
  "noisy(25)"                    the same with dropout at percentile 25, or another from 0 to 100
  DS1, DS2, DS3                  networks of SERGIO's data sets, dropout at percentile 82
  DS1-clean, DS1-like, ...       without dropout; random networks of that size, also without

FOLDER gets expression.h5ad (or .csv), truth.csv (regulator,target,sign,K,coop), tfs.txt,
cell_types.csv and simulation.json, which holds every setting. Same preset, sizes and seed, same
data. Several replicates have the seeds that follow and a folder seed_N each.
"""
DOWNLOAD = """\
Fetch data files by key, checked against their hashes, into the folder GRNULAR_DATA (or the user's
cache). Prints where each file is.

Without a key: list what there is and what is here. A key may be the beginning of keys, or hold
wildcards: 'beeline/TFs+500/mESC/*'.
"""


def _add_table_options(parser: argparse.ArgumentParser) -> None:
    """Options on how to read an expression table."""
    add = parser.add_argument
    add(
        "--orientation", choices=get_args(Orientation), default="auto",
        help="which side the genes are on (default: found by the TF list)",
    )  # fmt: skip
    add(
        "--match", choices=get_args(Match), default="exact",
        help="how names are compared; ignore-version drops .1 of ENSG00000000001.1",
    )  # fmt: skip
    add(
        "--duplicates", choices=get_args(Duplicates), default="error",
        help="what to do with a gene name that occurs twice (default: refuse)",
    )  # fmt: skip
    add("--layer", metavar="NAME", help="layer of an .h5ad file; 'raw' for its .raw")


def _add_infer(commands: Commands) -> None:
    infer = commands.add_parser(
        "infer", help="expression + TF list -> edges", description=INFER, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = infer.add_argument
    add("expression", metavar="EXPRESSION")
    add(
        "--tfs", required=True, metavar="FILE",
        help="TF list; the word 'all' lets every gene regulate",
    )  # fmt: skip
    add(
        "--method", default="grnular", metavar="NAME",
        help="default grnular; see the command methods",
    )  # fmt: skip
    add(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="same data and seed, same numbers; other seeds show how stable they are (default 0)",
    )
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
    add("--truth", metavar="NET", help="known network, for the control oracle only")
    add(
        "--weights", metavar="NAME|FILE",
        help="of a trained model, in place of the method's own; see the command train",
    )  # fmt: skip
    _add_table_options(infer)
    add(
        "-o", "--out", required=True, metavar="OUT.csv",
        help="edge table to write (.csv or .tsv, also .gz)",
    )  # fmt: skip
    infer.set_defaults(run=infer_command)


def _add_evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="edges + truth -> scores", description=EVALUATE, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = evaluate.add_argument
    add("edges", metavar="EDGES", help="table with regulator,target,weight")
    add(
        "--truth", required=True, metavar="NET",
        help="network: Gene1,Gene2 or regulator,target (,sign)",
    )  # fmt: skip
    add(
        "--expression", required=True, metavar="EXPRESSION",
        help="what the method saw: its genes, in its order",
    )  # fmt: skip
    add("--tfs", required=True, metavar="FILE", help="TF list, or the word 'all'")
    add(
        "--symmetric-truth", action="store_true",
        help="paper protocol: the truth counts in both directions (simulated data)",
    )  # fmt: skip
    _add_table_options(evaluate)
    evaluate.set_defaults(run=evaluate_command)


def _add_simulate(commands: Commands) -> None:
    simulate = commands.add_parser(
        "simulate", help="cells with a known network", description=SIMULATE, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = simulate.add_argument
    add("preset", metavar="PRESET")
    add("--seed", type=whole, default=0, metavar="N", help="same seed, same data (default 0)")
    add("--cells", type=whole, metavar="N", help="cells, over all types together")
    add(
        "--genes",
        type=whole,
        metavar="N",
        help="genes of a random network; the share of TFs stays",
    )
    add("--types", type=whole, metavar="N", help="cell types")
    add("--replicates", type=count, default=1, metavar="N", help="data sets to make (default 1)")
    add(
        "--full-noise", action="store_true",
        help="also outlier genes, library size and UMI counts",
    )  # fmt: skip
    add("--jobs", type=jobs, default=-1, metavar="N", help="threads (default: all cores)")
    add("--format", choices=("h5ad", "csv"), default="h5ad", help="of expression (default h5ad)")
    add("--force", action="store_true", help="replace an earlier simulation in FOLDER")
    add("-o", "--out", required=True, metavar="FOLDER", help="folder to make")
    simulate.set_defaults(run=simulate_command)


def _add_download(commands: Commands) -> None:
    download = commands.add_parser(
        "download", help="fetch data files", description=DOWNLOAD, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    download.add_argument("key", nargs="*", metavar="KEY")
    download.set_defaults(run=download_command)


def _add_verify(commands: Commands) -> None:
    verify = commands.add_parser("verify", help="recompute a sample of the recorded results")
    add = verify.add_argument
    add(
        "--budget", type=float, default=60, metavar="SECONDS",
        help="recorded seconds to spend (default 60)",
    )  # fmt: skip
    add("--seed", type=whole, default=0, metavar="N", help="which sample (default 0)")
    add(
        "--tolerance", type=float, default=0.01,
        help="largest allowed share by which an area may differ (default 0.01)",
    )  # fmt: skip
    add("--recorded", metavar="FOLDER", help="default: notebooks/recorded")
    verify.set_defaults(run=verify_command)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m grnular_core",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"grnular_core {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_infer(commands)
    _add_evaluate(commands)
    _add_simulate(commands)
    add_train(commands)
    _add_download(commands)
    methods = commands.add_parser("methods", help="list the methods")
    methods.set_defaults(run=methods_command)
    _add_verify(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except GrnularError as error:
        say(f"error: {error}")
        return error.exit_code
    except MemoryError:
        say("error: out of memory; keep fewer genes or cells, or give a shorter TF list")
        return MethodError.exit_code
    except KeyboardInterrupt as stop:  # a command that keeps what it has says so
        say(str(stop) or "interrupted; no result was written")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
