"""The command line: ``python -m grnular_core COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from grnular_core import __version__
from grnular_core.cli.commands import add_others
from grnular_core.cli.evaluate import add_evaluate
from grnular_core.cli.infer import add_infer
from grnular_core.cli.terminal import EXIT_CODES, forget_output, say
from grnular_core.cli.train import add_train
from grnular_core.utils.errors import GrnularError, MethodError

DESCRIPTION = """\
Infer gene regulatory networks from single-cell expression, and score them honestly.

  python -m grnular_core infer cells.h5ad --tfs human -o edges.csv
  python -m grnular_core evaluate edges.csv --truth network.csv --expression cells.h5ad \\
      --tfs human
"""


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
    for add in (add_infer, add_evaluate, add_train, add_others):
        add(commands)
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
    options = make_parser().parse_args(arguments)
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

