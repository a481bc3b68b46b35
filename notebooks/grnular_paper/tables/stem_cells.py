"""Tables of the page on mouse stem cells: the data, the gene set, scores inside it, the network drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from grnular_core.data.beeline import load_beeline
from grnular_core.data.candidates import score_matrix, scored_edges, sign_matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import available
from grnular_core.methods.registry import METHODS, infer
from grnular_core.plotting.style import label
from grnular_paper import gene_sets, stem_cells
from grnular_paper.real_data import pairs_without_data
from grnular_paper.stem_cells import SetScores

DATASET, NETWORK = "mESC", "Cell-type-specific-ChIP-seq"
SOX, TARGET = ("SOX2", "SOX7", "SOX17"), "CFC1"
TIMES = f"beeline/inputs/scRNA-Seq/{DATASET}/PseudoTime.csv"
PAPERS_THRESHOLD = 0.22  # the paper draws edges with a score above it
Run = tuple[str, int]  # method and seed


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, "none" for none.

    Parameters
    ----------
    names : iterable of str
        Names.

    Returns
    -------
    str
        One text.
    """
    return ", ".join(names) or "none"


@dataclass(frozen=True)
class Cells:
    """What the page has to work with; without data everything is empty.

    Attributes
    ----------
    data : GRNDataset or None
        The stem cells under a gene rule.
    time : ndarray, shape (cells,), or None
        Pseudotime of every cell.
    chip : list of str or None
        Regulators of ``TARGET`` in the ChIP-seq network.
    reason : str
        Why there are no data.
    """

    data: GRNDataset | None
    time: np.ndarray | None = None
    chip: list[str] | None = None
    reason: str = ""

    @property
    def names(self) -> list[str]:
        """All genes."""
        return list(self.data.genes) if self.data is not None else []

    @property
    def tfs(self) -> list[str]:
        """Genes that are TFs."""
        return list(self.data.tfs) if self.data is not None else []

    @property
    def regulators(self) -> list[str]:
        """The SOX factors among the TFs."""
        return [tf for tf in SOX if tf in self.tfs]

    @property
    def has_target(self) -> bool:
        """Whether the paper's example gene is in the data."""
        return TARGET in self.names

    @property
    def targets(self) -> list[str]:
        """The example gene; without it its stand-ins, the endoderm genes of the set that are no TFs."""
        of_endoderm = gene_sets.among(gene_sets.genes_of(gene_sets.ENDODERM), self.names)
        return [TARGET] if self.has_target else [n for n in of_endoderm if n not in self.tfs]

    @property
    def expression(self) -> pd.DataFrame:
        """Expression (cells, genes)."""
        if self.data is None:
            return pd.DataFrame()
        return pd.DataFrame(self.data.expression(), columns=self.names)

    @property
    def followed(self) -> str:
        """The target that varies most."""
        expression = self.expression
        return max(self.targets, key=lambda n: expression[n].var()) if self.targets else TARGET


def load_cells(genes: str) -> Cells:
    """What is at hand of the data, the pseudotime and the ChIP-seq network.

    Parameters
    ----------
    genes : str
        Gene rule.

    Returns
    -------
    Cells
        With ``None`` for what is not at hand.
    """
    reason = pairs_without_data([DATASET], [NETWORK], genes).get((DATASET, NETWORK), "")
    paths = available([TIMES, stem_cells.CHIP_NETWORK], progress=False).paths
    chip = stem_cells.chip_regulators(TARGET) if stem_cells.CHIP_NETWORK in paths else None
    if reason:
        return Cells(None, None, chip, reason)
    data = load_beeline(DATASET, NETWORK, genes)
    known = TIMES in paths
    time = stem_cells.pseudotime(DATASET, list(data.adata.obs_names)) if known else None
    return Cells(data, time, chip)


def at_hand(cells: Cells, genes: str) -> str:
    """What is at hand, as Markdown.

    Parameters
    ----------
    cells : Cells
        Of ``load_cells``.
    genes : str
        Gene rule.

    Returns
    -------
    str
        A list, or why there are no data.
    """
    if cells.data is None:
        return f"*The data are not at hand: mESC with the gene rule {genes} {cells.reason}.*"
    known = "in the data" if cells.has_target else "**not in the data** under this gene rule"
    time = "not at hand."
    if cells.time is not None:
        hours = pd.Series(cells.data.adata.obs_names).str.extract(r"_(\d+)h_")[0].astype(float)
        rho = stats.spearmanr(hours, cells.time).statistic
        time = f"of every cell. Spearman correlation with the hour of collection: {rho:.2f}."
    sizes = f"{cells.data.n_cells} cells, {len(cells.names)} genes, {len(cells.tfs)} of them TFs"
    lines = [
        f"**Expression**: {sizes} ({genes}).",
        f"**TFs of the paper's example**: {listed(cells.regulators)} of {listed(SOX)} are in the data.",
        f"**{TARGET}** is {known}.",
        f"**Pseudotime**: {time}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def quality(recorded: pd.DataFrame, method: str, genes: str) -> str:
    """How good the method's network of these cells is by ChIP-seq, from the record.

    Parameters
    ----------
    recorded : DataFrame
        Rows of the record "beeline".
    method, genes : str
        Method and gene rule.

    Returns
    -------
    str
        Means over seeds of the strict scores, in words.
    """
    same = (recorded["dataset"] == DATASET) & (recorded["network"] == NETWORK)
    rows = recorded[same & (recorded["method"] == method) & (recorded["genes"] == genes)]
    if rows.empty:
        return "no run under this gene rule yet"
    ratio, auroc = rows[["strict_auprc_ratio", "strict_auroc"]].mean()
    return f"an AUPRC of {ratio:.2f} times random and an AUROC of {auroc:.2f} (chance: 0.5)"


def term_table(names: Sequence[str]) -> pd.DataFrame:
    """The GO terms of the gene set, with the genes that each gives to it.

    Parameters
    ----------
    names : sequence of str
        Genes of the data.

    Returns
    -------
    DataFrame
        A line a term; genes in the data are bold.
    """
    rows = []
    for term, title in gene_sets.TERMS.items():
        genes = gene_sets.genes_of([term])
        here = {name.upper() for name in gene_sets.among(genes, names)}
        text = ", ".join(f"**{gene}**" if gene.upper() in here else gene for gene in genes)
        rows.append((term, title, len(genes), len(here), text))
    columns = ["id", "term", "genes", "in the data", "which (bold: in the data)"]
    return pd.DataFrame(rows, columns=columns)


def set_sizes(cells: Cells) -> dict[str, object]:
    """How large the gene set is, beside the paper's, to be glued.

    Parameters
    ----------
    cells : Cells
        Of ``load_cells``.

    Returns
    -------
    dict of str to object
        Sizes of the set and of the paper's, and which genes that the paper names are in ours.
    """
    chosen = gene_sets.among(gene_sets.stem_cell_genes(), cells.names)
    named = gene_sets.NAMED_IN_PAPER
    shared = [gene for gene in named if gene in gene_sets.stem_cell_genes()]
    return {
        "set_size": len(gene_sets.stem_cell_genes()),
        "set_in_data": len(chosen),
        "set_tfs": sum(name in cells.tfs for name in chosen),
        "paper_set": gene_sets.PAPER_GENES_IN_SET,
        "paper_set_in_data": gene_sets.PAPER_GENES_IN_DATA,
        "named": len(named),
        "named_shared": len(shared),
        "named_shared_names": listed(shared),
        "named_missing_names": listed(gene for gene in named if gene not in shared),
    }


class Runs(NamedTuple):
    """Inferred networks.

    Attributes
    ----------
    method : str
        The method whose network is read.
    scores, signs : dict of (method, seed) to ndarray, shape (tfs, genes)
        Of every run, those of ``method`` first.
    """

    method: str
    scores: dict[Run, np.ndarray]
    signs: dict[Run, np.ndarray]

    @property
    def ours(self) -> list[Run]:
        """The runs of the method that is read."""
        return [run for run in self.scores if run[0] == self.method]


def infer_all(
    cells: Cells, method: str, seeds: Sequence[int], others: Iterable[str], device: str
) -> Runs:
    """Infer the network with every seed, and once with each other method.

    Parameters
    ----------
    cells : Cells
        Of ``load_cells``; without data nothing runs.
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
        Scores and signs.
    """
    wanted = [(method, seed) for seed in (seeds if METHODS[method].stochastic else seeds[:1])]
    wanted += [(other, seeds[0]) for other in others if other != method]
    scores, signs = {}, {}
    for run in wanted if cells.data is not None else []:
        found = infer(cells.data, run[0], seed=run[1], device=device)
        edges = scored_edges(found, cells.names)
        scores[run] = score_matrix(edges, cells.tfs, cells.names)
        signs[run] = sign_matrix(edges, cells.tfs, cells.names)
    return Runs(method, scores, signs)


def score_groups(
    scores: np.ndarray, tfs: Sequence[str], names: Sequence[str], chosen: Sequence[str]
) -> dict[str, np.ndarray]:
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

    Parameters
    ----------
    compared : mapping of (method, seed) to SetScores
        Of ``stem_cells.compare_set``.

    Returns
    -------
    DataFrame
        Texts.
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

    Parameters
    ----------
    compared : mapping of (method, seed) to SetScores
        One run each of the others.
    method : str
        The method that is read.

    Returns
    -------
    dict of str to float
        By method.
    """
    return {run[0]: found.above for run, found in compared.items() if run[0] != method}


def set_numbers(compared: Mapping[Run, SetScores], method: str) -> dict[str, float]:
    """The same of the method that is read, over its seeds, to be glued.

    Parameters
    ----------
    compared : mapping of (method, seed) to SetScores
        All runs.
    method : str
        The method that is read.

    Returns
    -------
    dict of str to float
        ``above_min``, ``above_max``; NaN without a run.
    """
    above = [found.above for run, found in compared.items() if run[0] == method]
    return {
        "above_min": float(min(above, default=np.nan)),
        "above_max": float(max(above, default=np.nan)),
    }


def set_in_words(compared: Mapping[Run, SetScores], method: str) -> str:
    """Whether simpler methods separate the gene set as well.

    Parameters
    ----------
    compared : mapping of (method, seed) to SetScores
        All runs.
    method : str
        The method that is read.

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
    words = "is specific" if mean > max(others.values()) else "is not specific"
    return (
        f"AUROC of scores inside the set against those outside: {mean:.2f} for {label(method)} (mean over seeds); {each}. "
        f"So the finding {words} to {label(method)}."
    )


class Drawn(NamedTuple):
    """The network of the strongest edges among chosen genes.

    Attributes
    ----------
    edges : DataFrame
        The edges drawn, of scores averaged over seeds.
    chosen, chosen_tfs, drawn, drawn_tfs : list of str
        Genes that may have an edge and that have one, and the TFs among both.
    named_tfs : list of str
        TFs in the data that the paper names.
    by_seed : dict of int to (list of str, float)
        For each seed's own network: which of the named TFs have an edge, and the lowest score drawn.
    """

    edges: pd.DataFrame
    chosen: list[str]
    chosen_tfs: list[str]
    drawn: list[str]
    drawn_tfs: list[str]
    named_tfs: list[str]
    by_seed: dict[int, tuple[list[str], float]]

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
        sizes = (len(self.named_tfs), len(self.drawn_tfs), len(self.chosen_tfs))
        return stem_cells.p_drawn(self.n_named_drawn, *sizes)


def draw(cells: Cells, runs: Runs, n_edges: int) -> Drawn:
    """The strongest edges among genes of the set and those that the paper names.

    Parameters
    ----------
    cells : Cells
        Of ``load_cells``.
    runs : Runs
        Of ``infer_all``; scores and signs of the method that is read are averaged over seeds.
    n_edges : int
        How many edges.

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
    return Drawn(
        edges, chosen, list(filter(is_tf, chosen)), drawn, list(filter(is_tf, drawn)), named_tfs, by_seed
    )  # fmt: skip


def named_table(drawn: Drawn) -> pd.DataFrame:
    """Which TFs that the paper names are in the network of each seed.

    Parameters
    ----------
    drawn : Drawn
        Of ``draw``.

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

    Parameters
    ----------
    drawn : Drawn
        Of ``draw``.
    cells : Cells
        Of ``load_cells``.
    runs : Runs
        Of ``infer_all``.

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
