"""Shared by the commands: kinds of arguments, messages and progress bars.

Results go to files or standard output, messages to standard error.

Parameters
----------
parser : ArgumentParser
    Of a command.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tqdm import tqdm

from grnular_core.data.edges import ALL_EDGES
from grnular_core.data.names import Duplicates, Match, Orientation
from grnular_core.data.values import ValuesAre
from grnular_core.methods.registry import Progress
from grnular_core.utils.files import write_error

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_CODES = """\
exit codes: 0 done, 1 a fault of this program (please report it), 2 unusable input or arguments,
3 data could not be had, 4 the method failed, 5 the result could not be written, 130 interrupted
"""
LARGEST = 2**31 - 1  # largest seed that every generator takes
MOST_REPLICATES = 10_000
# until a bar is drawn, and between two drawings
BAR_SECONDS = 0.5  # at a terminal
LOG_SECONDS = 10


# --- kinds of arguments


def _number(name: str, parse: Callable[[str], Any], fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Make a kind of argument; argparse shows its name: "invalid number from 0 on value: 'x'"."""

    def read(text: str) -> Any:
        value = parse(text)
        if not fits(value):
            raise ValueError
        return value

    read.__name__ = name
    return read


whole = _number(f"whole number from 0 to {LARGEST}", int, lambda n: 0 <= n <= LARGEST)
def _top(word: str) -> int | str:
    return word if word == ALL_EDGES else int(word)


count = _number(f"whole number from 1 to {LARGEST}", int, lambda n: 1 <= n <= LARGEST)
top = _number(
    f"whole number from 1 to {LARGEST}, or all", _top, lambda n: n == ALL_EDGES or 1 <= n <= LARGEST
)
replicates = _number(
    f"whole number from 1 to {MOST_REPLICATES}", int, lambda n: 1 <= n <= MOST_REPLICATES
)
jobs = _number("number of processes (1 or more, or -1 for all cores)", int, lambda n: n == -1 or n >= 1)
share = _number("number from 0 on", float, lambda x: x >= 0 and math.isfinite(x))
seconds = _number("number of seconds above 0", float, lambda x: x > 0 and math.isfinite(x))


def text(given: str) -> str:
    """Read a name or path. An empty one, as of an unset variable of the shell, is not taken for none.

    Parameters
    ----------
    given : str

    Returns
    -------
    str
        Unchanged.

    Raises
    ------
    ArgumentTypeError
        When it is empty or only spaces.
    """
    if not given.strip():
        raise argparse.ArgumentTypeError(
            f"got the empty text {given!r}; expected a name or path. Is a variable of the shell not set?"
        )
    return given


def add_gene_options(parser: argparse.ArgumentParser) -> None:
    """Add the options on which genes may regulate and which are kept."""
    add = parser.add_argument
    add(
        "--tfs", type=text, required=True, metavar="LIST",
        help="human, mouse, a file with the TF list, or the word 'all': every gene may regulate",
    )  # fmt: skip
    add(
        "--genes", type=count, metavar="N",
        help="keep the N most variable TFs and the N most variable other genes (default: all)",
    )  # fmt: skip


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options on how a method runs."""
    add = parser.add_argument
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
        "--dask", type=text, metavar="ADDRESS",
        help="scheduler of a Dask cluster, such as tcp://10.0.0.5:8786, to which repeated runs go: bootstraps, decoys, "
        "labelings (default: all on this machine)",
    )  # fmt: skip


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the options on how to read an expression table."""
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
        "--duplicates", choices=get_args(Duplicates), default="auto",
        help="what to do with a gene name that occurs twice (default auto: add counts where each has an id of its own, as "
        "in the files of Cell Ranger; refuse otherwise)",
    )  # fmt: skip
    add("--layer", type=text, metavar="NAME", help="layer of an .h5ad file; 'raw' for its .raw")
    add(
        "--gene-names", type=text, metavar="COLUMN",
        help="column of an .h5ad file's .var with the names of genes, such as gene_symbols",
    )  # fmt: skip
    add(
        "--genome", type=text, metavar="NAME",
        help="keep the genes of this genome, such as GRCh38 where genes are called GRCh38_GATA1 and mm10_Gata1",
    )  # fmt: skip


def add_value_options(parser: argparse.ArgumentParser) -> None:
    """Add the options on what the values are."""
    add = parser.add_argument
    add(
        "--scaled", action="store_true",
        help="accept negative values (z-scores); dropout is then not visible as zeros, so unscaled values give better "
        "networks",
    )  # fmt: skip
    add(
        "--normalise", "--normalize", action="store_true",
        help="counts: scale each cell to the same total and take log(1 + x) first",
    )  # fmt: skip
    add(
        "--values-are", choices=get_args(ValuesAre), default="auto",
        help="what the values are, where their look deceives: counts (also with fractions) or log (default: auto)",
    )  # fmt: skip


def reading_options(options: argparse.Namespace) -> dict[str, Any]:
    """Name the options on the input as Python does.

    Parameters
    ----------
    options : Namespace
        Of a command with the gene, table and value options.

    Returns
    -------
    dict
        Keywords of ``InputOptions``.
    """
    return {
        "n_top_genes": options.genes, "gene_symbols": options.gene_names, "layer": options.layer,
        "orientation": options.orientation, "match": options.match, "duplicates": options.duplicates,
        "scaled": options.scaled, "normalise": options.normalise, "values_are": options.values_are,
        "genome": options.genome,
    }  # fmt: skip


# --- lines and bars at the terminal


def say(text: str) -> None:
    """Print a line on standard error.

    Parameters
    ----------
    text : str
    """
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """Print a line of the result.

    Parameters
    ----------
    text : str

    Raises
    ------
    WriteError
        When it cannot be written.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        raise write_error(error, Path("standard output")) from error


def forget_output() -> None:
    """Discard the buffer of standard output, which Python would flush again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Progress bar on standard error for long work, redrawn less often in a log.

    Parameters
    ----------
    label : str

    Yields
    ------
    callable
        ``progress(done, total)``.
    """
    bars: list[tqdm] = []

    def update(done: int, total: int) -> None:
        if not bars:
            wait = BAR_SECONDS if sys.stderr.isatty() else LOG_SECONDS
            how = {"file": sys.stderr, "leave": False, "mininterval": wait, "delay": wait}
            bars.append(tqdm(desc=label, total=total, **how))
        bars[0].total = total
        bars[0].update(done - bars[0].n)

    try:
        yield update
    finally:
        for bar in bars:
            bar.close()
