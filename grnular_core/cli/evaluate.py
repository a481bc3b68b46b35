"""``python -m grnular_core evaluate``: an edge table and a reference network in, scores out."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING

import pandas as pd

from grnular_core.cli.terminal import add_table_options, answer, say, text, whole
from grnular_core.data import names as checks
from grnular_core.data.candidates import clean_truth, strict_candidates
from grnular_core.data.edges import read_edges
from grnular_core.data.gene_lists import read_network, refuse_own_list, tf_list
from grnular_core.data.odd_names import helpers
from grnular_core.data.readers import read_expression
from grnular_core.data.values import table_names
from grnular_core.scoring.paper import paper_scores
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import (
    genes_only,
    of_genome,
    reading_hint,
    selected,
    with_gene_symbols,
)

if TYPE_CHECKING:
    from grnular_core.cli.terminal import Commands

DESCRIPTION = """\
Score an edge table against a reference network, under two protocols, as one JSON object.

strict: every pair (regulator with a true edge, other gene) is a candidate; average precision, its
ratio to the density of true edges, AUROC, early precision. paper: the published protocol on half a
symmetric matrix in the gene order of the expression file; random_auroc is the AUROC of random scores
there. All genes of the file count, also those that a method dropped for being constant. Numbers
that are not defined are null, with a reason beside them.
"""


def add_evaluate(commands: Commands) -> None:
    """Add the command to the parser.

    Parameters
    ----------
    commands : subparsers
    """
    evaluate = commands.add_parser("evaluate", help="edges + reference network -> scores", description=DESCRIPTION)
    add = evaluate.add_argument
    add("edges", type=text, metavar="EDGES", help="table with regulator,target,weight")
    add(
        "--truth", type=text, required=True, metavar="NET",
        help="reference network: Gene1,Gene2 or regulator,target (,sign)",
    )  # fmt: skip
    add(
        "--expression", type=text, required=True, metavar="EXPRESSION",
        help="expression that the method was run on: its genes, in its order",
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
        help="also 95 %% intervals, from N draws: scores of random predictions, and AUPRC over bootstraps of the TFs",
    )  # fmt: skip
    add_table_options(evaluate)
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    """Score an edge table against a reference network, as one JSON object."""
    where = str(options.expression)
    refuse_own_list(options.tfs, options.expression)
    edges, truth = read_edges(options.edges), read_network(options.truth)
    listed = tf_list(options.tfs, options.match)
    tfs, options.match = listed.names, listed.match
    for note in listed.notes:
        say(f"note: {note}")
    genes, note = _gene_names(options, tfs)
    say(f"note: {note}")
    found, _, note = checks.choose_tfs(tfs, genes, options.match, where)
    say(f"note: {note}")
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


def _gene_names(options: argparse.Namespace, tfs: list[str] | None) -> tuple[list[str], str]:
    """Read the genes in the order of the expression file; the values do not matter for scoring."""
    where = str(options.expression)
    whole = read_expression(options.expression)
    table, left_out = genes_only(selected(whole, options.layer, where))
    if left_out:
        say(f"note: {left_out}")
    if options.gene_names:
        table = with_gene_symbols(table, options.gene_names, where)
    if options.genome:
        table = of_genome(table, options.genome, where)
    rows, columns = table_names(table, None, where)
    stated = hasattr(table, "obs_names")  # as in make_dataset
    try:
        by_columns, note = checks.choose_orientation(
            rows, columns, tfs, options.orientation, options.match, where, stated
        )
    except InputError as error:
        hint = reading_hint(whole, tfs, options.match, options.layer)
        raise InputError(f"{error}{hint}") from error
    genes = columns if by_columns else rows
    no_genes = frozenset(helpers(genes, tfs or ()))  # membership only, as in make_dataset
    genes = [gene for gene in genes if gene not in no_genes]
    checks.check_names(genes, options.duplicates, where)
    return list(dict.fromkeys(genes)), note


def _say_what_is_left_out(
    edges: pd.DataFrame, genes: list[str], tfs: list[str], options: argparse.Namespace
) -> None:
    """Refuse when no protocol scores any edge, else report how many are not scored."""
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


def _intervals(
    edges: pd.DataFrame, truth: pd.DataFrame, genes: list[str], tfs: list[str], n: int
) -> dict[str, object]:
    """Intervals of random scores on the strict candidates, and of AUPRC over bootstraps of the TFs."""
    from grnular_core.scoring.statistics import (  # loads scipy.stats
        bootstrap_over_tfs,
        random_scores_summary,
    )

    chance = random_scores_summary(strict_candidates(truth, genes, tfs), n)
    drawn = bootstrap_over_tfs(edges, truth, genes, tfs, n)
    return {
        "n_draws": n, "random_scores": chance.to_dict("index"), "bootstrap_over_tfs": drawn.to_dict("index"),
    }  # fmt: skip


def _without_nan(value: object) -> object:
    """Replace NaN by None, since JSON has no NaN; the reason is a separate entry."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
