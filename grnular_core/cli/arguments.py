"""What several commands share: kinds of arguments, and what an exit code means."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, get_args

from grnular_core.data.names import Duplicates, Match, Orientation

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_CODES = """\
exit codes: 0 done, 1 a fault of this program (please report it), 2 unusable input or arguments,
3 data could not be had, 4 the method failed, 5 the result could not be written, 130 interrupted
"""


LARGEST = 2**31 - 1  # what every generator takes as a seed
MOST_REPLICATES = 10_000  # data sets of one call; more are better made by several


def whole(text: str) -> int:
    value = int(text)
    if not 0 <= value <= LARGEST:
        raise ValueError
    return value


def count(text: str) -> int:
    value = whole(text)
    if value < 1:
        raise ValueError
    return value


def jobs(text: str) -> int:
    value = int(text)
    if value != -1 and value < 1:
        raise ValueError
    return value


def text(given: str) -> str:
    """A name or path. An empty one, as of an unset variable of the shell, is not taken for none."""
    if not given.strip():
        raise argparse.ArgumentTypeError(
            f"got the empty text {given!r}; expected a name or path. Is a variable of the shell not set?"
        )
    return given


def seconds(given: str) -> float:
    value = float(given)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError
    return value


def share(given: str) -> float:
    value = float(given)
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError
    return value


def replicates(given: str) -> int:
    value = count(given)
    if value > MOST_REPLICATES:
        raise ValueError
    return value


# argparse shows these names: "invalid whole number from 0 to 2147483647 value: 'x'"
whole.__name__ = f"whole number from 0 to {LARGEST}"
count.__name__ = f"whole number from 1 to {LARGEST}"
replicates.__name__ = f"whole number from 1 to {MOST_REPLICATES}"
seconds.__name__ = "number of seconds above 0"
share.__name__ = "number from 0 on"
jobs.__name__ = "number of processes (1 or more, or -1 for all cores)"


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Options on how to read an expression table."""
    add = parser.add_argument
    add(
        "--orientation", choices=get_args(Orientation), default="auto",
        help="which side the genes are on (default: found by the TF list)",
    )  # fmt: skip
    add(
        "--match", choices=get_args(Match),
        help="how names are compared (default: exact; with --tfs human or mouse: ignore-case); "
        "ignore-version drops .1 of ENSG00000000001.1",
    )  # fmt: skip
    add(
        "--duplicates", choices=get_args(Duplicates), default="error",
        help="what to do with a gene name that occurs twice (default: refuse)",
    )  # fmt: skip
    add("--layer", type=text, metavar="NAME", help="layer of an .h5ad file; 'raw' for its .raw")
    add(
        "--gene-names", type=text, metavar="COLUMN",
        help="column of an .h5ad file's .var with the names of genes, such as gene_symbols",
    )  # fmt: skip
