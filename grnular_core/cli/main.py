"""The command line: ``grnular COMMAND`` or ``python -m grnular_core COMMAND``; here simulate, download and methods."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grnular_core import __version__
from grnular_core.cli.compare import add_compare
from grnular_core.cli.evaluate import add_evaluate
from grnular_core.cli.infer import add_infer
from grnular_core.cli.terminal import (
    EXIT_CODES,
    answer,
    forget_output,
    jobs,
    progress_bar,
    replicates,
    say,
    text,
    whole,
)
from grnular_core.cli.train import add_train
from grnular_core.data import downloads
from grnular_core.data.registry import keys, registry
from grnular_core.methods.registry import FOR_CELLS, METHODS
from grnular_core.utils.errors import GrnularError, MethodError

if TYPE_CHECKING:
    from grnular_core.cli.terminal import Commands

DESCRIPTION = """\
Infer gene regulatory networks from single-cell expression, and score them honestly.

  %(prog)s infer cells.h5ad --tfs human -o edges.csv
  %(prog)s evaluate edges.csv --truth network.csv --expression cells.h5ad --tfs human
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

Without a key: list all files and those already downloaded. A key may be a prefix of keys or hold
wildcards: 'beeline/TFs+500/mESC/*'.
"""


def _add_simulate(commands: Commands) -> None:
    """Add ``simulate`` to the parser."""
    simulate = commands.add_parser("simulate", help="cells with a known network", description=SIMULATE)
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
    simulate.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace) -> None:
    """Write one or several simulated datasets by the name of a preset."""
    from grnular_core.simulation.export import (
        check_folder,
        check_size,
        new_folder,
        write_simulations,
    )
    from grnular_core.simulation.simulate import preset, simulate_many  # loads numba

    out, n = Path(options.out), options.replicates
    settings = preset(
        options.preset,
        n_genes=options.genes,
        n_cells=options.cells,
        n_types=options.types,
        full_noise=options.full_noise,
    )
    n_jobs = min(n, options.jobs if options.jobs > 0 else os.cpu_count() or 1)
    check_folder(out, options.force)
    check_size(settings, 1 if n == 1 else 3 * n_jobs)
    seeds = range(options.seed, options.seed + n)
    with new_folder(out, options.force) as folder, progress_bar("datasets") as progress:
        drawn = (
            replace(simulation, name=options.preset)
            for simulation in simulate_many([settings] * n, seeds, n_jobs)
        )
        n_edges = write_simulations(drawn, n, folder, options.format, progress)
    c = settings.kinetics
    say(
        f"wrote {n} dataset{'s' if n > 1 else ''} of {c.n_cells} cells of {c.n_types} types, "
        f"{settings.graph.n_genes} genes and {settings.graph.n_tfs} TFs, {n_edges} true edges "
        f"{'in all ' if n > 1 else ''}to {out}"
    )


def _add_download(commands: Commands) -> None:
    """Add ``download`` to the parser."""
    download = commands.add_parser("download", help="fetch data files", description=DOWNLOAD)
    download.add_argument("key", nargs="*", metavar="KEY")
    download.set_defaults(run=_download)


def _download(options: argparse.Namespace) -> None:
    """Fetch files of the registry into the data folder, or list them."""
    if not options.key:
        say(f"data folder: {downloads.cache_folder()}")
        for key, entry in registry().items():
            size = f"{entry.size:>10,}" if entry.size else "   unknown"
            answer(f"{'here' if downloads.is_cached(key) else '-':4}  {size}  {key}")
        return
    wanted = [key for pattern in options.key for key in keys(pattern)]
    for key in dict.fromkeys(wanted):
        answer(str(downloads.fetch(key)))


def _methods(options: argparse.Namespace) -> None:
    """List the methods and the trained weights."""
    from grnular_core.training.weights import shipped  # loads torch

    width = max(map(len, METHODS))
    for entry in METHODS.values():
        answer(f"{entry.name:{width}}  {entry.cost:7}  {entry.description}")
    say(f"fast: correlation or ridge, in seconds; thorough: {FOR_CELLS}, the default, with --stability 20")
    say(f"trained weights: {', '.join(shipped()) or 'none'}")


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands.

    Returns
    -------
    ArgumentParser
        Each command's function is the default ``run`` of its options.
    """
    make = partial(argparse.ArgumentParser, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    program = "grnular" if Path(sys.argv[0]).stem == "grnular" else "python -m grnular_core"
    parser = make(prog=program, description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"grnular_core {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=make)
    for add in (add_infer, add_compare, add_evaluate, add_train, _add_simulate, _add_download):
        add(commands)
    commands.add_parser("methods", help="list the methods").set_defaults(run=_methods)
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
        The exit code, see ``EXIT_CODES``.
    """
    return run_command(make_parser().parse_args(arguments))


def run_command(options: argparse.Namespace) -> int:
    """Call the function of a command, and print its error as one message.

    Parameters
    ----------
    options : Namespace
        With the function as ``run``.

    Returns
    -------
    int
        The exit code, see ``EXIT_CODES``.
    """
    try:
        options.run(options)
    except GrnularError as error:
        say(f"error: {error}")
        return error.exit_code
    except MemoryError:
        say("error: out of memory; keep fewer genes or cells, or give a shorter TF list")
        return MethodError.exit_code
    except KeyboardInterrupt as stop:  # a command that keeps partial results raises this with a message
        say(str(stop) or "interrupted; no result was written")
        return 130
    except BrokenPipeError:  # the reader of standard output has closed it, as in `... | head`
        forget_output()
    return 0
