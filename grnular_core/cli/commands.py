"""What the commands of ``python -m grnular_core`` share, and the commands that need little.

Results go to files or standard output, everything said on the way to standard error.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pandas as pd
from tqdm import tqdm

from grnular_core.data import names as checks
from grnular_core.data.edges import read_edges
from grnular_core.data.gene_lists import read_network
from grnular_core.data.names import Duplicates, Match, Orientation
from grnular_core.data.readers import read_expression
from grnular_core.methods.registry import METHODS, Progress
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import write_error

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_CODES = """\
exit codes: 0 done, 1 a fault of this program (please report it), 2 unusable input or arguments,
3 data could not be had, 4 the method failed, 5 the result could not be written, 130 interrupted
"""
LARGEST = 2**31 - 1  # what every generator takes as a seed
MOST_REPLICATES = 10_000
# until a bar is drawn, and between two drawings
BAR_SECONDS = 0.5  # at a terminal
LOG_SECONDS = 10


# --- kinds of arguments


def whole(text: str) -> int:
    """Read a whole number from 0."""
    value = int(text)
    if not 0 <= value <= LARGEST:
        raise ValueError
    return value


def count(text: str) -> int:
    """Read a whole number from 1."""
    value = whole(text)
    if value < 1:
        raise ValueError
    return value


def replicates(text: str) -> int:
    """Read a number of datasets of one call; more are better made by several."""
    value = count(text)
    if value > MOST_REPLICATES:
        raise ValueError
    return value


def jobs(text: str) -> int:
    """Read a number of processes, -1 for all cores."""
    value = int(text)
    if value != -1 and value < 1:
        raise ValueError
    return value


def share(text: str) -> float:
    """Read a number from 0."""
    value = float(text)
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError
    return value


def seconds(text: str) -> float:
    """Read a number above 0."""
    value = share(text)
    if not value:
        raise ValueError
    return value


def text(given: str) -> str:
    """Read a name or path. An empty one, as of an unset variable of the shell, is not taken for none."""
    if not given.strip():
        raise argparse.ArgumentTypeError(
            f"got the empty text {given!r}; expected a name or path. Is a variable of the shell not set?"
        )
    return given


# argparse shows these names: "invalid whole number from 0 to 2147483647 value: 'x'"
whole.__name__ = f"whole number from 0 to {LARGEST}"
count.__name__ = f"whole number from 1 to {LARGEST}"
replicates.__name__ = f"whole number from 1 to {MOST_REPLICATES}"
seconds.__name__ = "number of seconds above 0"
share.__name__ = "number from 0 on"
jobs.__name__ = "number of processes (1 or more, or -1 for all cores)"


class Renamed(argparse.Action):
    """An option of earlier versions, refused with the new name (``const``)."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: object,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Refuse."""
        parser.error(f"{option_string} is now called {self.const}")


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the options on how to read an expression table.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command.
    """
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


# --- lines and bars at the terminal


def say(text: str) -> None:
    """Print a line for the person at the terminal.

    Parameters
    ----------
    text : str
        Goes to standard error.
    """
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """Print a line of the result.

    Parameters
    ----------
    text : str
        Goes to standard output.

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
    """Send what standard output still holds nowhere: at exit Python would try to write it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Draw on standard error what takes longer than a moment, more seldom in a log.

    Parameters
    ----------
    label : str
        Stands before the bar.

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


# --- commands


def evaluate_command(options: argparse.Namespace) -> None:
    """Score an edge table against a reference network: one JSON object with both protocols' scores.

    Parameters
    ----------
    options : Namespace
        Of the parser.
    """
    from grnular_core.data.candidates import clean_truth
    from grnular_core.data.gene_lists import refuse_own_list, tf_list
    from grnular_core.scoring.paper import paper_scores
    from grnular_core.scoring.strict import strict_scores

    where = str(options.expression)
    refuse_own_list(options.tfs, options.expression)
    edges, truth = read_edges(options.edges), read_network(options.truth)
    listed = tf_list(options.tfs, options.match)
    tfs, options.match = listed.names, listed.match
    for said in listed.said:
        say(f"note: {said}")
    genes, said = _gene_names(options, tfs)
    say(f"note: {said}")
    found, _, said = checks.choose_tfs(tfs, genes, options.match, where)
    say(f"note: {said}")
    for table in (edges, truth):
        for end in ("regulator", "target"):
            table[end] = checks.match_spelling(table[end], genes, options.match)
    checks.check_truth(truth, genes, options.match, where)
    kept, counts = clean_truth(truth, genes)
    say(f"note: {counts}.{checks.truth_hint(truth, genes, options.match)}")
    say(f"note: {checks.truth_note(kept, found, where)}")
    _say_what_is_left_out(edges, genes, found, options)
    scores = {
        "strict": strict_scores(edges, truth, genes, found),
        "paper": paper_scores(edges, truth, genes, found, symmetric_truth=options.symmetric_truth),
    }
    if options.draws:
        scores["intervals"] = _intervals(edges, truth, genes, found, options.draws)
    answer(json.dumps(_without_nan(scores), indent=2, allow_nan=False))


def _intervals(
    edges: pd.DataFrame, truth: pd.DataFrame, genes: list[str], tfs: list[str], n: int
) -> dict[str, object]:
    """Find what random scores reach on the strict candidates, and how far AUPRC moves with other TFs."""
    from grnular_core.data.candidates import strict_candidates
    from grnular_core.scoring.statistics import bootstrap_over_tfs, random_scores_summary

    chance = random_scores_summary(strict_candidates(truth, genes, tfs), n)
    drawn = bootstrap_over_tfs(edges, truth, genes, tfs, n)
    return {
        "n_draws": n, "random_scores": chance.to_dict("index"), "bootstrap_over_tfs": drawn.to_dict("index"),
    }  # fmt: skip


def simulate_command(options: argparse.Namespace) -> None:
    """Simulate one or several datasets by the name of a preset.

    Parameters
    ----------
    options : Namespace
        Of the parser.
    """
    from grnular_core.simulation.export import check_folder, check_size, new_folder
    from grnular_core.simulation.export import write_simulations as write
    from grnular_core.simulation.simulate import preset, simulate_many

    out, n = Path(options.out), options.replicates
    settings = preset(
        options.preset,
        n_genes=options.genes,
        n_cells=options.cells,
        n_types=options.types,
        full_noise=options.full_noise,
    )
    jobs = min(n, options.jobs if options.jobs > 0 else os.cpu_count() or 1)
    check_folder(out, options.force)
    check_size(settings, 1 if n == 1 else 3 * jobs)
    seeds = range(options.seed, options.seed + n)
    with new_folder(out, options.force) as folder, progress_bar("datasets") as progress:
        drawn = (
            replace(simulation, name=options.preset)
            for simulation in simulate_many([settings] * n, seeds, jobs)
        )
        n_edges = write(drawn, n, folder, options.format, progress)
    c = settings.kinetics
    say(
        f"wrote {n} dataset{'s' if n > 1 else ''} of {c.n_cells} cells of {c.n_types} types, "
        f"{settings.graph.n_genes} genes and {settings.graph.n_tfs} TFs, {n_edges} true edges "
        f"{'in all ' if n > 1 else ''}to {out}"
    )


def download_command(options: argparse.Namespace) -> None:
    """Fetch files of the registry into the data folder, or list what there is.

    Parameters
    ----------
    options : Namespace
        Of the parser.
    """
    from grnular_core.data.downloads import cache_folder, fetch, is_cached
    from grnular_core.data.registry import keys, registry

    if not options.key:
        say(f"data folder: {cache_folder()}")
        for key, entry in registry().items():
            size = f"{entry.size:>10,}" if entry.size else "   unknown"
            answer(f"{'here' if is_cached(key) else '-':4}  {size}  {key}")
        return
    wanted = [key for pattern in options.key for key in keys(pattern)]
    for key in dict.fromkeys(wanted):
        answer(str(fetch(key)))


def methods_command(options: argparse.Namespace) -> None:
    """List the methods, and which weights there are for those that are trained.

    Parameters
    ----------
    options : Namespace
        Of the parser.
    """
    from grnular_core.training.weights import shipped

    width = max(map(len, METHODS))
    for entry in METHODS.values():
        answer(f"{entry.name:{width}}  {entry.cost:7}  {entry.description}")
    say(f"trained weights at hand: {', '.join(shipped()) or 'none'}")


def _gene_names(options: argparse.Namespace, tfs: list[str] | None) -> tuple[list[str], str]:
    """Read the genes in the order of the expression file; the values do not matter for scoring."""
    from grnular_core.data.values import table_names
    from grnular_core.workflow.user_data import genes_only, reading_hint, with_gene_names

    table, left_out = genes_only(read_expression(options.expression), options.layer)
    where = str(options.expression)
    if left_out:
        say(f"note: {left_out}")
    if options.gene_names:
        table = with_gene_names(table, options.gene_names, where, options.layer)
    rows, columns = table_names(table, options.layer, where)
    stated = hasattr(table, "obs_names")  # as in make_dataset
    try:
        by_columns, said = checks.choose_orientation(
            rows, columns, tfs, options.orientation, options.match, where, stated
        )
    except InputError as error:
        hint = reading_hint(table, tfs, options.match, options.layer)
        raise InputError(f"{error}{hint}") from error
    genes = columns if by_columns else rows
    checks.check_names(genes, options.duplicates, where)
    return list(dict.fromkeys(genes)), said


def _say_what_is_left_out(
    edges: pd.DataFrame, genes: list[str], tfs: list[str], options: argparse.Namespace
) -> None:
    """Refuse when no protocol scores any edge, else say how many none scores."""
    inside = edges["regulator"].isin(genes) & edges["target"].isin(genes)
    if len(edges) and not inside.any():
        names = [edges["regulator"].iloc[0], edges["target"].iloc[0]]
        raise InputError(
            f"no edge of {options.edges} (e.g. {' -> '.join(names)}) lies between two "
            f"genes of {options.expression} "
            f"({checks.preview(genes, 3)}).{checks.match_hint(names, genes, options.match)}"
        )
    named = pd.unique(edges.loc[inside, ["regulator", "target"]].to_numpy().ravel())
    if len(edges) and len(named) < len(genes):
        say(
            f"note: the edges name {len(named)} of the {len(genes)} genes of {options.expression}; true edges of the "
            "others are missed ones, other than in what infer prints for the genes that it kept"
        )
    from_others = edges[inside & ~edges["regulator"].isin(tfs)]
    others_count = "only epr_truth_genes_all_pairs counts them"
    for left_out, why, what in (
        (edges[~inside], "name a gene that is not in the expression", "they are left out"),
        (from_others, "start at a gene that is not in the TF list", others_count),
    ):
        if len(left_out):
            first = left_out.iloc[0]
            say(
                f"note: {len(left_out)} of {len(edges)} edges {why}, e.g. {first['regulator']} -> "
                f"{first['target']}; {what}"
            )


def _without_nan(value: object) -> object:
    """Make undefined numbers null, for JSON has no NaN; their reason stands beside them."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
