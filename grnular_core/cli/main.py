"""The command line: ``python -m grnular_core COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grnular_core import __version__
from grnular_core.cli.commands import (
    EXIT_CODES,
    add_table_options,
    download_command,
    evaluate_command,
    forget_output,
    jobs,
    methods_command,
    replicates,
    say,
    simulate_command,
    text,
    whole,
)
from grnular_core.cli.infer import add_infer
from grnular_core.cli.train import add_train
from grnular_core.utils.errors import GrnularError, MethodError

if TYPE_CHECKING:
    from grnular_core.cli.commands import Commands

DESCRIPTION = """\
Infer gene regulatory networks from single-cell expression, and score them honestly.

  python -m grnular_core infer cells.h5ad --tfs human -o edges.csv
  python -m grnular_core evaluate edges.csv --truth network.csv --expression cells.h5ad \\
      --tfs human
"""
EVALUATE = """\
Score an edge table against a reference network, under two protocols, as one JSON object.

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
  DS1, DS2, DS3                  networks of SERGIO's datasets, dropout at percentile 82
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


def _add_evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="edges + reference network -> scores", description=EVALUATE, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = evaluate.add_argument
    add("edges", type=text, metavar="EDGES", help="table with regulator,target,weight")
    add(
        "--truth", type=text, required=True, metavar="NET",
        help="reference network: Gene1,Gene2 or regulator,target (,sign)",
    )  # fmt: skip
    add(
        "--expression", type=text, required=True, metavar="EXPRESSION",
        help="what the method saw: its genes, in its order",
    )  # fmt: skip
    add(
        "--tfs", type=text, required=True, metavar="LIST",
        help="human, mouse, a file with the TF list, or the word 'all'",
    )  # fmt: skip
    add(
        "--symmetric-truth", action="store_true",
        help="paper protocol: the reference network counts in both directions (simulated data)",
    )  # fmt: skip
    add(
        "--draws", type=whole, default=0, metavar="N",
        help="also 95 %% intervals, from N draws: what random scores reach, and AUPRC over bootstraps of the TFs",
    )  # fmt: skip
    add_table_options(evaluate)
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
    add(
        "--replicates",
        type=replicates,
        default=1,
        metavar="N",
        help="datasets to make (default 1)",
    )
    add(
        "--full-noise", action="store_true",
        help="also outlier genes, library size and UMI counts",
    )  # fmt: skip
    add("--jobs", type=jobs, default=-1, metavar="N", help="threads (default: all cores)")
    add("--format", choices=("h5ad", "csv"), default="h5ad", help="of expression (default h5ad)")
    add("--force", action="store_true", help="replace an earlier simulation in FOLDER")
    add("-o", "--out", type=text, required=True, metavar="FOLDER", help="folder to make")
    simulate.set_defaults(run=simulate_command)


def _add_download(commands: Commands) -> None:
    download = commands.add_parser(
        "download", help="fetch data files", description=DOWNLOAD, epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    download.add_argument("key", nargs="*", metavar="KEY")
    download.set_defaults(run=download_command)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands.

    Returns
    -------
    ArgumentParser
        Each command's function is the default ``run`` of its options.
    """
    parser = argparse.ArgumentParser(
        prog="python -m grnular_core",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"grnular_core {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_infer(commands)
    _add_evaluate(commands)
    _add_simulate(commands)
    add_train(commands)
    _add_download(commands)
    methods = commands.add_parser("methods", help="list the methods")
    methods.set_defaults(run=methods_command)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit code, as ``EXIT_CODES`` says.
    """
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
        forget_output()
    return 0

