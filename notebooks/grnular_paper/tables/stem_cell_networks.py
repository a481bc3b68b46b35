"""Tables of the page on mouse stem cells: inferred networks, scores inside the gene set, the network drawn.

Parameters
----------
cells : Cells
    Of ``load_cells``; without data nothing runs.
runs : Runs
    Of ``infer_all``.
compared : mapping of (method, seed) to SetScores
    Of ``stem_cells.compare_set``, a run each.
method : str
    The method whose network is read.
drawn : Drawn
    Of ``draw``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from grnular_core.data.candidates import score_matrix, scored_edges, sign_matrix
from grnular_core.methods.registry import METHODS, infer
from grnular_core.models.parallel import one_thread
from grnular_core.plotting.style import label
from grnular_paper import gene_sets, stem_cells
from grnular_paper.stem_cells import SetScores
from grnular_paper.tables.stem_cells import Cells, listed

PAPERS_THRESHOLD = 0.22  # the paper draws edges with a score above it
Run = tuple[str, int]  # method and seed


class Runs(NamedTuple):
    """Inferred networks, (method, seed) -> (tfs, genes)."""

    method: str  # whose network is read; its runs come first
    scores: dict[Run, np.ndarray]
    signs: dict[Run, np.ndarray]

    @property
    def ours(self) -> list[Run]:
        """The runs of the method that is read."""
        return [run for run in self.scores if run[0] == self.method]


def infer_all(cells: Cells, method: str, seeds: Sequence[int], others: Iterable[str], device: str) -> Runs:
    """Infer the network with every seed, and once with each other method; on one thread, as recorded rows are.

    Parameters
    ----------
    method : str
        The method that is read; one that does not draw runs once.
    seeds : sequence of int
        Its seeds; the others take the first.
    others : iterable of str
        Methods beside it.
    device : str
        Where torch runs.

    Returns
    -------
    Runs
    """
    wanted = [(method, seed) for seed in (seeds if METHODS[method].stochastic else seeds[:1])]
    wanted += [(other, seeds[0]) for other in others if other != method]
    scores, signs = {}, {}
    for run in wanted if cells.data is not None else []:
        with one_thread():
            weights = METHODS[run[0]].papers_weights("DS2")
            found = infer(cells.data, run[0], seed=run[1], device=device, weights=weights)
        edges = scored_edges(found, cells.names)
        scores[run] = score_matrix(edges, cells.tfs, cells.names)
        signs[run] = sign_matrix(edges, cells.tfs, cells.names)
    return Runs(method, scores, signs)


def score_groups(scores: np.ndarray, tfs: Sequence[str], names: Sequence[str], chosen: Sequence[str]) -> dict[str, np.ndarray]:
    """Scores of all pairs and of those with both ends in the gene set; a gene and itself are no pair.

    Parameters
    ----------
    scores : ndarray, shape (tfs, genes)
        Of one run.
    tfs, names, chosen : sequence of str
        TFs, genes, and the genes of the set.

    Returns
    -------
    dict of str to ndarray
        "all pairs", "inside the gene set".
    """
    apart = np.array(tfs)[:, None] != np.array(names)[None, :]
    inside = np.outer(np.isin(tfs, chosen), np.isin(names, chosen)) & apart
    return {"all pairs": scores[apart], "inside the gene set": scores[inside]}


def set_table(compared: Mapping[Run, SetScores]) -> pd.DataFrame:
    """Scores inside the gene set against all others, a line a run.

    Returns
    -------
    DataFrame
    """
    return pd.DataFrame(
        [
            {
                "method": label(name),
                "seed": seed if METHODS[name].stochastic else "",
                "median, all": f"{c.median_all:.2g}",
                "median, inside": f"{c.median_inside:.2g}",
                "AUROC, inside against outside": f"{c.above:.3f}",
                "p, Wilcoxon": f"{c.p_wilcoxon:.1e}",
                "p, random sets": f"{c.p_random:.2g}",
            }
            for (name, seed), c in compared.items()
        ]
    )


def simpler(compared: Mapping[Run, SetScores], method: str) -> dict[str, float]:
    """How often a score inside is above one outside, for the methods beside the one that is read.

    Returns
    -------
    dict of str to float
    """
    return {run[0]: found.above for run, found in compared.items() if run[0] != method}


def mean_above(compared: Mapping[Run, SetScores], method: str) -> float:
    """Return the same of one method, its mean over seeds.

    Returns
    -------
    float
        NaN without a run.
    """
    above = [found.above for run, found in compared.items() if run[0] == method]
    return float(np.mean(above)) if above else np.nan


def seeds_in_words(count: int) -> str:
    """A number of seeds with its noun.

    Parameters
    ----------
    count : int

    Returns
    -------
    str
    """
    return "one seed" if count == 1 else f"{count} seeds"


def set_in_words(compared: Mapping[Run, SetScores], method: str) -> str:
    """Whether simpler methods separate the gene set as well.

    Returns
    -------
    str
        Empty without runs or without other methods.
    """
    above = [found.above for run, found in compared.items() if run[0] == method]
    others = simpler(compared, method)
    if not above or not others:
        return ""
    mean = float(np.mean(above))
    each = ", ".join(f"{label(name)} {value:.2f}" for name, value in others.items())
    if mean < 0.5:
        words = f"{label(method)} does not show the finding: its scores inside the set are lower than those outside."
    elif mean > max(others.values()):
        words = f"The finding is specific to {label(method)}."
    else:
        words = f"The finding is not specific to {label(method)}."
    over = seeds_in_words(len(above)) if len(above) == 1 else f"mean over {seeds_in_words(len(above))}"
    return (
        f"AUROC of scores inside the set against those outside, computed for this page: {mean:.2f} for {label(method)} ({over}); "
        f"{each}. {words}"
    )


class Drawn(NamedTuple):
    """The network of the strongest edges among chosen genes."""

    edges: pd.DataFrame  # those drawn, of scores averaged over seeds
    chosen: list[str]  # genes that may have an edge
    chosen_tfs: list[str]  # TFs among them
    drawn: list[str]  # genes that have one
    drawn_tfs: list[str]  # TFs among them
    named_tfs: list[str]  # TFs in the data that the paper names
    by_seed: dict[int, tuple[list[str], float]]  # of its own network: named TFs with an edge, lowest score

    @property
    def n_named_drawn(self) -> int:
        """How many of the named TFs have an edge."""
        return sum(name in self.drawn for name in self.named_tfs)

    @property
    def chance(self) -> float:
        """Share of the chosen TFs that have an edge; NaN without a TF."""
        return len(self.drawn_tfs) / len(self.chosen_tfs) if self.chosen_tfs else float("nan")

    @property
    def p_named(self) -> float:
        """Chance of as many named TFs or more, were the drawn ones taken at random."""
        by_chance = hypergeom(len(self.chosen_tfs), len(self.named_tfs), len(self.drawn_tfs))
        return float(by_chance.sf(self.n_named_drawn - 1))


def draw(cells: Cells, runs: Runs, n_edges: int) -> Drawn:
    """Return the strongest edges among genes of the set and those that the paper names.

    Parameters
    ----------
    n_edges : int

    Returns
    -------
    Drawn
        The network, empty without a run.
    """
    tfs, names = cells.tfs, cells.names
    named = set(gene_sets.among(gene_sets.NAMED_IN_PAPER, names))
    members = named | set(gene_sets.among(gene_sets.stem_cell_genes(), names))
    chosen = [name for name in names if name in members]
    named_tfs = [name for name in names if name in named and name in tfs]
    edges, by_seed = pd.DataFrame(), {}
    if runs.ours:
        mean = np.mean([runs.scores[run] for run in runs.ours], axis=0)
        signs = np.sign(np.sum([runs.signs[run] for run in runs.ours], axis=0, dtype=int))
        edges = stem_cells.subnetwork(mean, signs, tfs, names, chosen, n_edges)
    for run in runs.ours:
        of = stem_cells.subnetwork(runs.scores[run], runs.signs[run], tfs, names, chosen, n_edges)
        there = {*of["regulator"], *of["target"]}
        by_seed[run[1]] = [n for n in named_tfs if n in there], float(of["weight"].min())
    drawn = sorted({*edges.get("regulator", []), *edges.get("target", [])})
    is_tf = set(tfs).__contains__
    return Drawn(edges, chosen, list(filter(is_tf, chosen)), drawn, list(filter(is_tf, drawn)), named_tfs, by_seed)


def named_table(drawn: Drawn) -> pd.DataFrame:
    """Which TFs that the paper names are in the network of each seed.

    Returns
    -------
    DataFrame
        A line a seed, with the lowest score drawn.
    """
    rows = [(seed, listed(names), low) for seed, (names, low) in drawn.by_seed.items()]
    columns = ["seed", "TFs named in the paper that are in the network", "lowest score drawn"]
    return pd.DataFrame(rows, columns=columns)


def drawn_numbers(drawn: Drawn, cells: Cells, runs: Runs) -> dict[str, float]:
    """Sizes of the drawn network, to be glued.

    Returns
    -------
    dict of str to float
        Counts; ``chance_percent``; ``percent_above``: pairs of the first run with a score above the paper's threshold.
    """
    above = float("nan")
    if runs.ours:
        pairs = score_groups(runs.scores[runs.ours[0]], cells.tfs, cells.names, [])["all pairs"]
        above = 100 * float(np.mean(pairs > PAPERS_THRESHOLD))
    return {
        "n_edges": len(drawn.edges),
        "n_chosen": len(drawn.chosen),
        "n_chosen_tfs": len(drawn.chosen_tfs),
        "n_drawn": len(drawn.drawn),
        "n_drawn_tfs": len(drawn.drawn_tfs),
        "chance_percent": 100 * drawn.chance,
        "percent_above": above,
    }
