"""Two conditions compared: which edges of their networks differ beyond chance (see ``edge_differences``)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grnular_core.data.blocks import count_detected
from grnular_core.data.candidates import positions
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import kept_edges
from grnular_core.data.names import preview
from grnular_core.data.readers import read_expression
from grnular_core.methods.registry import Progress, RunOptions, method, run_method
from grnular_core.methods.unrolled import default_weights
from grnular_core.utils.cluster import repeated
from grnular_core.utils.errors import InputError
from grnular_core.workflow.analysis import Network, Plan
from grnular_core.workflow.edge_differences import (
    LEVEL,
    Design,
    Differences,
    edge_differences,
    labelings,
    n_labelings,
    standardised_cells,
)
from grnular_core.workflow.given import (
    check_named,
    groups_of_cells,
    inputs_of,
    read_given,
    warn,
    with_report,
    words_of_python,
)
from grnular_core.workflow.report import make_report
from grnular_core.workflow.resampling import with_cells
from grnular_core.workflow.stability import edges_at
from grnular_core.workflow.user_data import RARE

if TYPE_CHECKING:
    from anndata import AnnData

    from grnular_core.workflow.given import TFs

METHOD = "correlation"  # two networks for each labeling: seconds for a few hundred TFs
PERMUTATIONS = 50
FEW_OF_SAMPLE = 10  # cells; fewer say nothing on their sample's mean
COLUMNS = (
    "regulator", "target", "weight_a", "weight_b", "difference", "sign_a", "sign_b", "p", "q", "rank",
)  # fmt: skip


def compare(
    data: AnnData | str | Path,
    *,
    tfs: TFs,
    groupby: str,
    a: str,
    b: str,
    samples: str | None = None,
    method: str = METHOD,
    n_permutations: int = PERMUTATIONS,
    top: int | str | None = None,
    seed: int = 0,
    device: str = "auto",
    n_jobs: int = -1,
    weights: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Find the edges that differ between two groups of cells beyond chance.

    The difference of an edge is ``d = (sign_b w_b - sign_a w_a) / s``, w its weight in the network of a group and s the
    root mean square of the numerator under permuted labels, shrunk towards that of the median edge. Chance is what
    permuted labels give: of the cells, or of whole ``samples``. Both networks see the same number of cells, since weights
    depend on it, and differences of mean expression are taken out before.
    ``workflow.edge_differences`` has the test in full.

    Parameters
    ----------
    data : AnnData, str or Path
        Cells with ``.obs``, or an h5ad file; never changed.
    tfs : str, Path or sequence of str
        The genes that may regulate, as in ``infer``.
    groupby : str
        Column of ``.obs`` with the conditions.
    a, b : str
        Two of its labels: a control and what is compared with it.
    samples : str, optional
        Column of ``.obs`` with donors, animals or cultures. Cells of one sample are no independent observations of a
        condition, so whole samples are permuted: within each where all have cells in both groups. Without it
        cells are taken as independent, and what differs between two donors counts as a difference of conditions.
    method : str
        Runs twice for each labeling. Values that it sees are centred, so models that read zeros as dropout (GRNULar) see none.
    n_permutations : int
        Permuted labelings, 10 or more; fewer samples may have fewer labelings.
    top : int or "all", optional
        Rows that are kept, the clearest differences, as in ``infer``: a million by default. p, q and the report are over
        all edges, whatever is kept.
    seed : int
        Same data, method and seed, same table.
    device, n_jobs, weights
        As in ``infer``.
    progress : callable, optional
        ``progress(done, total)`` counts networks.
    **options
        As in ``infer``: ``layer``, ``use_raw``, ``gene_symbols``, ``n_top_genes``, ``match``, ``duplicates``, ``scaled``,
        ``normalise``, ``values_are``, ``genome``. Genes are chosen over the cells of both groups.

    Returns
    -------
    DataFrame
        Columns ``regulator, target, weight_a, weight_b, difference, sign_a, sign_b, p, q, rank``, the clearest difference
        first. Weights are the method's own, and d is in units of what chance does. Of the edges up to a q, at most that
        share is expected to be no difference. A difference is one of co-expression: a gene seen in one condition alone
        has its edges there alone, and edges of a regulon come and go together. ``attrs["report"]["comparison"]`` has the
        design, edges at FDR 0.05 and 0.1, and the overall p.

    Raises
    ------
    InputError
        For labels or columns that are not there, too few cells, and too few samples for any p up to 0.1.
    MethodError
        As ``infer``.

    Warns
    -----
    InputWarning
        Each note on the data and the design, once.
    """
    options = {name: value for name, value in options.items() if value is not None}
    given = Comparison(groupby, str(a), str(b), samples, n_permutations)
    run = RunOptions(index(seed), device, n_jobs, progress, weights=weights)
    with words_of_python():
        check_named(method, weights)
        table, notes = compared(data, tfs, given, method, run, options, top)
    warn(notes)
    return table


@dataclass(frozen=True)
class Comparison:
    """What is compared."""

    groupby: str  # as in ``compare``
    a: str
    b: str
    samples: str | None = None
    n_permutations: int = PERMUTATIONS

    def __post_init__(self) -> None:
        """Refuse what cannot be compared."""
        if self.a == self.b:
            raise InputError(f"a and b are both {self.a!r}; name two groups of {self.groupby!r}")
        if self.n_permutations < FEW_OF_SAMPLE:
            raise InputError(
                f"{self.n_permutations} permutations; expected 10 or more, as for a p of 0.1 at least"
            )


def compared(
    data: AnnData | str | Path,
    tfs: TFs,
    asked: Comparison,
    name: str,
    run: RunOptions,
    options: Mapping[str, Any],
    top: int | str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Compare two groups; ``compare`` without its warnings.

    Parameters
    ----------
    data, tfs, options, top
        As in ``compare``.
    asked : Comparison
    name : str
    run : RunOptions
        Seed, device, jobs, weights and progress.

    Returns
    -------
    table : DataFrame
        As of ``compare``.
    notes : list of str
        On the data and the design.

    Raises
    ------
    InputError, MethodError
        As ``compare``.
    """
    chosen = method(name)
    kept_edges(pd.DataFrame(), top)  # a wrong number is refused before the work
    if chosen.needs_truth:
        raise InputError(f"the method {chosen.name} does not use the cells; there is nothing to compare")
    cells = read_expression(data) if isinstance(data, str | Path) else data
    design, kept, notes = _design(cells, asked)
    read = read_given(cells[kept], tfs, None, options)
    began = time.perf_counter()
    if chosen.weights and run.weights is None:
        # by the values themselves: centred ones have no zeros
        run = replace(run, weights=default_weights(chosen, read.adata.X))
    drawn = labelings(design, asked.n_permutations, np.random.default_rng([0, run.seed]))
    found, n_cells = _tested(read, design, drawn, name, run)
    table = _table(found, read)
    notes += [f"each network has {n_cells} cells, drawn at random where there are more", *read.notes]
    notes += _unseen_note(read, design, asked)
    inputs = replace(inputs_of(data, tfs, read, options), notes=tuple(notes))
    network = Network(table, seconds={"comparison": time.perf_counter() - began})
    report = make_report(inputs, read, chosen.name, run, Plan(), network)
    report["comparison"] = _summary(asked, design, found, n_cells)
    table, note = kept_edges(table, top, "clearest")
    return with_report(table, report), [*notes, note] if note else notes


# --- who is compared


def _design(cells: AnnData, asked: Comparison) -> tuple[Design, np.ndarray, list[str]]:
    """Find the units, the cells that are compared, and notes."""
    groups, _ = groups_of_cells(cells, asked.groupby)
    for group in (asked.a, asked.b):
        if group not in groups:
            sizes = preview([f"{label}: {members.sum()} cells" for label, members in groups.items()])
            raise InputError(
                f"no group {group!r} of enough cells in the column {asked.groupby!r}; expected two of: {sizes}"
            )
    in_b = groups[asked.b]
    kept = groups[asked.a] | in_b
    if asked.samples is None:
        note = (
            "cells are taken as independent: what differs between donors or batches counts as a difference of the groups; "
            "where there are several samples of each, name their column (samples)"
        )
        return Design(np.arange(kept.sum()), in_b[kept]), kept, [note]
    return _design_of_samples(cells, kept, in_b, asked)


def _design_of_samples(
    cells: AnnData, kept: np.ndarray, in_b: np.ndarray, asked: Comparison
) -> tuple[Design, np.ndarray, list[str]]:
    """Take whole samples as units, paired where they have cells in both groups."""
    if asked.samples not in cells.obs:
        there = preview(cells.obs.columns, 8)
        raise InputError(f"no column {asked.samples!r} of cells (it has {there}); samples names one of .obs")
    labels = cells.obs[asked.samples].astype(object)
    missing = int(labels[kept].isna().sum())
    if missing:
        raise InputError(
            f"{missing} of the cells have no label in the column {asked.samples!r}; label or drop them"
        )
    labels = labels.map(str).to_numpy()
    counts = pd.crosstab(labels[kept], in_b[kept]).reindex(columns=[False, True], fill_value=0)
    enough = counts >= FEW_OF_SAMPLE
    paired = bool(enough.all(axis=1).any())
    usable = enough[enough.all(axis=1)] if paired else enough[enough.any(axis=1)]
    pairs = [(sample, side) for sample in usable.index for side in (False, True) if usable.loc[sample, side]]
    notes, left_out = [], [f"{s}" for s in counts.index if s not in usable.index]
    if left_out:
        why = f"not in both groups with {FEW_OF_SAMPLE} cells or more" if paired else f"fewer than {FEW_OF_SAMPLE} cells"
        notes.append(f"samples left out, {why}: {preview(left_out)}")
    units = pd.MultiIndex.from_tuples(pairs or [("", False)])
    at = units.get_indexer(pd.MultiIndex.from_arrays([labels, in_b]))
    kept = kept & (at >= 0)
    design = Design(at[kept], np.array([side for _, side in pairs], dtype=bool), paired)
    _refuse_few(design, asked)
    how = "within each sample, which has cells in both groups" if paired else "of whole samples"
    n_b = int(design.in_b.sum())
    notes.append(
        f"labels are permuted {how}: {len(design.in_b) - n_b} samples of {asked.a}, {n_b} of {asked.b}, "
        f"{design.n_labelings} labelings that differ"
    )
    return design, kept, notes


def _refuse_few(design: Design, asked: Comparison) -> None:
    """Refuse samples that are too few for any p up to the level."""
    n_b = int(design.in_b.sum())
    n_a = len(design.in_b) - n_b
    n = n_labelings(n_a, n_b, design.paired) if n_a and n_b else 1
    if n * LEVEL >= 1 - 1e-9:
        return
    needed = _needed_samples(design.paired)
    both = ", each in both groups" if design.paired else ""
    raise InputError(
        f"{n_a} samples of {asked.a} and {n_b} of {asked.b} in the column {asked.samples!r}{both}: their labels can be "
        f"permuted in {n} ways that differ, so no p is below {1 / n:.2g}, and cells of one sample are no replicates. "
        f"At least {needed} samples in each group {'(the same ones) ' if design.paired else ''}are needed for a p of "
        f"{LEVEL:g}; without them a "
        "difference of the groups is not told from one of the samples. Leaving samples out takes cells as independent"
    )


def _needed_samples(paired: bool, level: float = LEVEL) -> int:
    """Count the samples that each group needs for a p of at most a level."""
    n = 1
    while n_labelings(n, n, paired) * level < 1 - 1e-9:
        n += 1
    return n


def _unseen_note(data: GRNDataset, design: Design, asked: Comparison) -> list[str]:
    """Warn of genes that one group hardly shows: that alone makes their edges differ."""
    in_b = design.in_b[design.units]
    seen = np.array([count_detected(data.adata.X[side], axis=0) for side in (~in_b, in_b)])
    genes = np.array(data.genes, dtype=object)[(seen.min(axis=0) < RARE) & (seen.max(axis=0) >= RARE)]
    if not len(genes):
        return []
    return [
        f"{len(genes)} of {data.n_genes} genes are detected in fewer than {RARE} cells of one group, {asked.a} or {asked.b} "
        f"({preview(genes, 3)}); their edges differ for that reason alone"
    ]


# --- networks


def _tested(
    data: GRNDataset, design: Design, drawn: np.ndarray, name: str, run: RunOptions
) -> tuple[Differences, int]:
    """Infer both networks for each labeling, and test all edges."""
    expression = standardised_cells(data.expression(), design)
    of_cells = drawn[:, design.units]
    n_b = of_cells.sum(axis=1)
    n_cells = int(np.minimum(n_b, of_cells.shape[1] - n_b).min())
    report = run.progress or (lambda done, total: None)
    shared = (data, expression, of_cells, n_cells, name, replace(run, progress=None))
    networks = repeated(
        _both_networks, len(drawn), *shared, progress=lambda done, n: report(2 * done, 2 * n)
    )
    return edge_differences(networks, len(drawn)), n_cells


def _both_networks(
    number: int,
    data: GRNDataset,
    expression: np.ndarray,
    of_cells: np.ndarray,
    n_cells: int,
    name: str,
    run: RunOptions,
) -> tuple[np.ndarray, np.ndarray]:
    """Infer the networks of both sides of one labeling, from as many cells each."""
    rng = np.random.default_rng([1, run.seed, number])
    sides = enumerate(_draw_sides(of_cells[number], n_cells, rng))
    a, b = (
        _weights(data, expression[rows], name, replace(run, seed=run.seed + 2 * number + side))
        for side, rows in sides
    )
    return a, b


def _draw_sides(in_b: np.ndarray, n_cells: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw so many cells of either side of a labeling, without replacement: rows of a and of b, ascending."""
    a, b = (
        np.sort(rng.choice(np.flatnonzero(side), n_cells, replace=False)) for side in (~in_b, in_b)
    )
    return a, b


def _weights(data: GRNDataset, cells: np.ndarray, name: str, run: RunOptions) -> np.ndarray:
    """Infer a network of some cells: signed weights, (edges,); an unknown sign counts as +1."""
    some = with_cells(data, cells, "a group of the cells")
    edges = run_method(replace(some, truth=None), name, run).edges
    at = positions(edges["regulator"], data.tfs), positions(edges["target"], data.genes)
    weights = np.zeros((len(data.tfs), data.n_genes))
    weights[at] = edges["weight"] * np.where(edges["sign"] < 0, -1, 1)
    return weights[_is_edge(data)]


def _is_edge(data: GRNDataset) -> np.ndarray:
    """Pairs that are no TF with itself, (tfs, genes)."""
    return np.array(data.tfs, dtype=object)[:, None] != np.array(data.genes, dtype=object)


def _table(found: Differences, data: GRNDataset) -> pd.DataFrame:
    """List the edges that either network has, the clearest difference first."""
    row, column = np.nonzero(_is_edge(data))
    table = pd.DataFrame(
        {
            "regulator": np.array(data.tfs, dtype=object)[row],
            "target": np.array(data.genes, dtype=object)[column],
            "weight_a": np.abs(found.a),
            "weight_b": np.abs(found.b),
            "difference": found.d,
            "sign_a": np.sign(found.a).astype(int),
            "sign_b": np.sign(found.b).astype(int),
            "p": found.p,
            "q": found.q,
            "rank": np.abs(found.d),
        }
    )
    table = table[(table["sign_a"] != 0) | (table["sign_b"] != 0)]
    table = table.sort_values(
        ["rank", "regulator", "target"], ascending=[False, True, True], ignore_index=True
    )
    return table.assign(rank=np.arange(1, len(table) + 1))[list(COLUMNS)]


def _summary(
    asked: Comparison, design: Design, found: Differences, n_cells: int
) -> dict[str, Any]:
    """Say what was compared and found, for the report."""
    in_b = design.in_b[design.units]
    levels: Sequence[float] = (LEVEL / 2, LEVEL)
    return {
        "groupby": asked.groupby, "a": asked.a, "b": asked.b, "samples": asked.samples,
        "cells_a": int((~in_b).sum()), "cells_b": int(in_b.sum()), "cells_of_a_network": n_cells,
        "permuted": "cells" if asked.samples is None else "samples",
        "paired": design.paired,
        "units_a": int((~design.in_b).sum()), "units_b": int(design.in_b.sum()),
        "labelings": len(found.counts),
        "edges_at_fdr": {f"{level:g}": n for level, n in edges_at(found.q, tuple(levels)).items()},
        "overall_p": found.overall_p,
    }  # fmt: skip
