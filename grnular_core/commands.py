"""What the commands of ``python -m grnular_core`` do. Results go to files or standard output,
everything said on the way to standard error."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path

from tqdm import tqdm

from grnular_core import checks
from grnular_core.edges import read_edges, write_edges
from grnular_core.errors import InputError
from grnular_core.methods import METHODS, Progress, Run, method, run_method
from grnular_core.reading import read_expression, read_network, read_tfs


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def progress_bar(label: str) -> Progress:
    """A progress callback that draws on standard error."""
    bar = tqdm(desc=label, file=sys.stderr, leave=False, mininterval=0.5)

    def update(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return update


def infer_command(options: argparse.Namespace) -> None:
    """Expression and TF list in, edge table out."""
    from grnular_core.dataset import make_dataset

    out = Path(options.out)
    _refuse_bad_output(out)
    chosen = method(options.method)
    if chosen.needs_truth and not options.truth:
        raise InputError(f"the method {chosen.name} needs --truth")
    tfs = _tfs(options.tfs)
    data = make_dataset(
        read_expression(options.expression),
        tfs,
        read_network(options.truth) if options.truth else None,
        name=str(options.expression),
        layer=options.layer,
        orientation=options.orientation,
        match=options.match,
        duplicates=options.duplicates,
        scaled=options.scaled,
    )
    for note in data.notes:
        say(f"note: {note}")
    say(f"{chosen.name}: {data.n_cells} cells, {data.n_genes} genes, {len(data.tfs)} TFs")
    run = Run(options.seed, options.device, options.jobs, progress_bar(chosen.name))
    result = run_method(data, chosen.name, run)
    write_edges(result.edges, out)
    say(f"wrote {len(result.edges)} edges to {out} after {result.seconds:.1f} s")


def evaluate_command(options: argparse.Namespace) -> None:
    """Edge table and truth in, one JSON object with both protocols' scores out."""
    from grnular_core.metrics import strict_scores
    from grnular_core.paper_protocol import paper_scores

    edges, truth, tfs = read_edges(options.edges), read_network(options.truth), _tfs(options.tfs)
    genes, said = _gene_names(options, tfs)
    say(f"note: {said}")
    found, _, said = checks.choose_tfs(tfs, genes, options.match, str(options.expression))
    say(f"note: {said}")
    for table in (edges, truth):
        for end in ("regulator", "target"):
            table[end] = checks.renamed(table[end], genes, options.match)
    checks.check_truth(truth, genes, options.match, str(options.expression))
    _warn_about_unknown(edges, genes)
    scores = {
        "strict": strict_scores(edges, truth, genes, found),
        "paper": paper_scores(edges, truth, genes, found, symmetric_truth=options.symmetric_truth),
    }
    print(json.dumps(_without_nan(scores), indent=2, allow_nan=False))


def download_command(options: argparse.Namespace) -> None:
    """Fetch files of the registry into the data folder, or list what there is."""
    from grnular_core.downloads import cache_folder, fetch, is_cached
    from grnular_core.registry import keys, registry

    if not options.key:
        say(f"data folder: {cache_folder()}")
        for key, entry in registry().items():
            size = f"{entry.size:>10,}" if entry.size else "   unknown"
            print(f"{'here' if is_cached(key) else '-':4}  {size}  {key}")
        return
    for key in [match for pattern in options.key for match in keys(pattern)]:
        print(fetch(key))


def methods_command(options: argparse.Namespace) -> None:
    """List the methods."""
    width = max(map(len, METHODS))
    for entry in METHODS.values():
        print(f"{entry.name:{width}}  {entry.cost:7}  {entry.description}")


def verify_command(options: argparse.Namespace) -> None:
    """Recompute a sample of the recorded rows and compare."""
    from grnular_core.experiments import recorded_folder, verify
    from grnular_core.results import Record

    folder = Path(options.recorded) if options.recorded else recorded_folder()
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in ("beeline",):
            continue
        compared = verify(Record(path.stem, folder), options.budget, options.seed, options.tolerance, say)
        largest = compared["difference"].max() if len(compared) else math.nan
        print(f"{path.stem}: {len(compared)} rows recomputed, largest difference {largest:.2g}")
        if not len(compared):
            say("no row could be recomputed: no data at hand, or the budget is too small")


def _refuse_bad_output(out: Path) -> None:
    """Before hours of work: can the result be written where it is wanted?"""
    if out.is_dir():
        raise InputError(f"-o {out} is a folder; give the name of a file, e.g. {out / 'edges.csv'}")
    if not out.parent.is_dir():
        raise InputError(f"-o {out}: the folder {out.parent} does not exist; create it first")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"-o {out}: the folder {out.parent} is not writable; choose another")


def _tfs(given: str) -> list[str] | None:
    return None if given == "all" else read_tfs(given)


def _gene_names(options: argparse.Namespace, tfs: list[str] | None) -> tuple[list[str], str]:
    """Genes in the order of the expression file; the values do not matter for scoring."""
    table = read_expression(options.expression)
    rows, columns = ([str(n) for n in names] for names in (_row_names(table), _column_names(table)))
    orientation = options.orientation
    if tfs is None and orientation == "auto" and not hasattr(table, "columns"):
        orientation = "cells-x-genes"
    by_columns, said = checks.choose_orientation(
        rows, columns, tfs, orientation, options.match, str(options.expression)
    )
    genes = columns if by_columns else rows
    checks.check_names(genes, options.duplicates, str(options.expression))
    return list(dict.fromkeys(genes)), said


def _row_names(table: object) -> object:
    return table.index if hasattr(table, "columns") else table.obs_names


def _column_names(table: object) -> object:
    return table.columns if hasattr(table, "columns") else table.var_names


def _warn_about_unknown(edges: object, genes: list[str]) -> None:
    inside = edges["regulator"].isin(genes) & edges["target"].isin(genes)
    if not inside.all():
        outside = edges[~inside]
        say(
            f"note: {len(outside)} of {len(edges)} edges name a gene that is not in the expression, e.g. "
            f"{outside.iloc[0]['regulator']} -> {outside.iloc[0]['target']}; they are left out"
        )


def _without_nan(value: object) -> object:
    """JSON has no NaN: undefined numbers become null, their reason stands beside them."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
