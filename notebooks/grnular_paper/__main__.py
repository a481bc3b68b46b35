"""Commands of the paper: recompute results, compare processors, write example cells, fit a readout, train ceilings."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from grnular_core.cli.main import run_command
from grnular_core.cli.terminal import EXIT_CODES, answer, say, seconds, share, text, whole
from grnular_core.methods.registry import METHODS
from grnular_core.utils.errors import InputError, MethodError
from grnular_core.utils.files import atomic_write, place
from grnular_paper.records import recorded_folder
from grnular_paper.runs import verify


def _verify(options: argparse.Namespace) -> None:
    """Recompute a sample of the recorded rows and compare."""
    folder = Path(options.recorded) if options.recorded else recorded_folder()
    if place(folder) != "folder":
        raise InputError(
            f"--recorded {folder} is no folder; expected one with the tables of recorded runs "
            "(default: notebooks/recorded of a checkout)"
        )
    n_compared = 0
    for name, experiments in (("beeline", ["beeline"]), ("simulated", ["clean", "noisy", "ds"])):
        how = {"seed": options.seed, "tolerance": options.tolerance, "say": say}
        compared = verify(folder, experiments, options.budget / 2, **how)
        n_compared += len(compared)
        largest = compared["difference"].max() if len(compared) else math.nan
        answer(f"{name}: {len(compared)} rows recomputed, largest difference {largest:.2g}")
        if not len(compared):
            say(f"no {name} row could be recomputed: no data available, or the budget is too small")
    if not n_compared:  # a check that looked at nothing must not pass
        raise InputError(
            f"nothing was compared: no row of {folder} could be recomputed in {options.budget:g} s; raise "
            "--budget, fetch the data (download), or name the folder of the record (--recorded)"
        )


def _processors(options: argparse.Namespace) -> None:
    """Print the largest difference of every method between vector instructions and numbers of threads."""
    from grnular_paper import processors

    unknown = sorted(set(options.methods) - set(METHODS))
    if unknown:
        raise InputError(f"unknown method {unknown[0]!r}; known: {', '.join(METHODS)}")
    found = processors.moves(options.methods or processors.SAMPLE, options.cells, precision=options.precision)
    answer(processors.report(found, options.tolerance))
    moved = found[found[["scores", "auprc"]].max(axis=1) >= options.tolerance]
    if len(moved):
        raise MethodError(f"{', '.join(dict.fromkeys(moved['method']))}: moved by {options.tolerance:.0%} or more")


def _example(options: argparse.Namespace) -> None:
    """Write the cells of the example."""
    from grnular_paper.more_cells import kang_conditions

    cells = kang_conditions()
    with atomic_write(Path(options.out)) as part:
        cells.write_h5ad(part, compression="gzip")
    say(f"wrote {cells.n_obs} cells x {cells.n_vars} genes to {options.out}")


def _readout(options: argparse.Namespace) -> None:
    """Fit the readout of GRNULar-curated, the held-out ones, and those with other features; see what a ratio means."""
    from grnular_paper.readout import SHIPPED, fit_all
    from grnular_paper.readout_calibration import write_calibration
    from grnular_paper.readout_variants import write_variants

    fit_all(recorded_folder(), SHIPPED)
    say(f"wrote {SHIPPED} and {recorded_folder() / 'readouts.csv'}")
    write_variants(recorded_folder(), say)
    write_calibration(recorded_folder(), SHIPPED)


def _held_out(options: argparse.Namespace) -> None:
    """Score methods on hESC against curated and ChIP networks."""
    from grnular_paper.held_out import held_out_tasks
    from grnular_paper.runs import run_missing

    failed = run_missing(recorded_folder(), held_out_tasks(options.methods), say=say, n_jobs=1)
    if failed:
        raise MethodError("; ".join(failed))


def _ceilings(options: argparse.Namespace) -> None:
    """Train on the distribution of each test setting, and score there."""
    from grnular_paper.ceilings import record_ceilings
    from grnular_paper.records import work_folder

    record_ceilings(recorded_folder(), work_folder(), say)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands.

    Returns
    -------
    ArgumentParser
        Its options have the command to call as ``run``.
    """
    parser = argparse.ArgumentParser(prog="python -m grnular_paper", epilog=EXIT_CODES)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="recompute a sample of the recorded results")
    add = verify.add_argument
    add("--budget", type=seconds, default=60, metavar="SECONDS", help="recorded seconds to spend (default 60)")
    add("--seed", type=whole, default=0, metavar="N", help="which sample (default 0)")
    add("--tolerance", type=share, default=0.01, help="largest allowed share by which an area may differ (default 0.01)")
    add("--recorded", type=text, metavar="FOLDER", help="default: notebooks/recorded")
    verify.set_defaults(run=_verify)
    moves = commands.add_parser("processors", help="largest move of results between vector instructions, one and two threads")
    moves.add_argument("methods", nargs="*", metavar="METHOD", help="default: a sample of all")
    moves.add_argument("--cells", type=whole, default=100, metavar="N", help="of the graph (100)")
    moves.add_argument("--tolerance", type=share, default=0.01, help="largest allowed move (0.01)")
    moves.add_argument("--precision", choices=("single", "double"), help="of unrolled models (default: each one's own)")
    moves.set_defaults(run=_processors)
    example = commands.add_parser("example", help="2,000 human blood cells with and without interferon-beta, as h5ad")
    example.add_argument("out", type=text, metavar="CELLS.h5ad")
    example.set_defaults(run=_example)
    readout = commands.add_parser(
        "readout", help="fit grnular-curated and its variants anew (2 hours on a core; needs the extra regdiffusion)"
    )
    readout.set_defaults(run=_readout)
    held = commands.add_parser("held-out", help="score methods on hESC against curated and ChIP networks, adding to the record")
    held.add_argument("methods", nargs="+", metavar="METHOD")
    held.set_defaults(run=_held_out)
    ceilings = commands.add_parser(
        "ceilings", help="train on the distribution of dropout 50 and 75 %%, DS2 and DS3, and score there (2 hours on a core)"
    )
    ceilings.set_defaults(run=_ceilings)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line; by default those of this process.

    Returns
    -------
    int
        The exit code, see ``EXIT_CODES``.
    """
    return run_command(make_parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
