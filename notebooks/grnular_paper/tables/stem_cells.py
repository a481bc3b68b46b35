"""Tables of the page on mouse stem cells: data, gene set, trends along pseudotime.

Parameters
----------
cells : Cells
    Of ``load_cells``.
genes, method : str
    Gene rule and method.
found : mapping of str to Trend
    Of ``trends``.
names : iterable of str
    Genes.
recorded : DataFrame
    Rows of the record "beeline".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from grnular_core.data.beeline import load_beeline, pseudotime_key
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import available, fetch
from grnular_core.data.gene_lists import read_network
from grnular_paper import gene_sets, stem_cells
from grnular_paper.real_data import pairs_without_data

DATASET, NETWORK = "mESC", "Cell-type-specific-ChIP-seq"
SOX, TARGET = ("SOX2", "SOX7", "SOX17"), "CFC1"
CHIP_NETWORK = f"beeline/TFs+1000/{DATASET}/{NETWORK}-network.csv.gz"
TIMES = pseudotime_key(DATASET)


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, "none" for none.

    Returns
    -------
    str
    """
    return ", ".join(names) or "none"


@dataclass(frozen=True)
class Cells:
    """Data of the page; without them every field is empty."""

    data: GRNDataset | None  # under a gene rule
    time: np.ndarray | None = None  # (cells,), pseudotime
    chip: list[str] | None = None  # regulators of ``TARGET`` in the ChIP-seq network
    reason: str = ""  # why there are no data

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
    """Load the data, the pseudotime and the ChIP-seq network, where available.

    Returns
    -------
    Cells
        With ``None`` for what is missing.
    """
    reason = pairs_without_data([DATASET], [NETWORK], genes).get((DATASET, NETWORK), "")
    paths = available([TIMES, CHIP_NETWORK]).paths
    chip = _chip_regulators() if CHIP_NETWORK in paths else None
    if reason:
        return Cells(None, None, chip, reason)
    data = load_beeline(DATASET, NETWORK, genes)
    known = TIMES in paths
    time = stem_cells.pseudotime(DATASET, list(data.adata.obs_names)) if known else None
    return Cells(data, time, chip)


def _chip_regulators() -> list[str]:
    """Regulators of the example gene in BEELINE's ChIP-seq network of the genes of TFs+1000, for every gene rule; sorted."""
    network = read_network(fetch(CHIP_NETWORK))
    return sorted(set(network.loc[network["target"] == TARGET, "regulator"]) - {TARGET})


def availability(cells: Cells, genes: str) -> str:
    """Describe the available data, as Markdown.

    Returns
    -------
    str
        A list, or why there are no data.
    """
    if cells.data is None:
        return f"*The data are not available: mESC with the gene rule {genes} {cells.reason}.*"
    known = "in the data" if cells.has_target else "**not in the data** under this gene rule"
    time = "not available."
    if cells.time is not None:
        hours = pd.Series(cells.data.adata.obs_names).str.extract(r"_(\d+)h_")[0].astype(float)
        rho = stats.spearmanr(hours, cells.time).statistic
        time = f"of every cell. Spearman correlation with the hour of collection: {rho:.2f}."
    sizes = f"{cells.data.n_cells} cells, {len(cells.names)} genes, {len(cells.tfs)} of them TFs"
    lines = [
        f"**Expression**: {sizes} ({genes}).",
        f"**TFs of the paper's example**: {len(cells.regulators)} of {listed(SOX)} are in the data.",
        f"**{TARGET}** is {known}.",
        f"**Pseudotime**: {time}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def quality(recorded: pd.DataFrame, method: str, genes: str) -> str:
    """How good the method's network of these cells is by ChIP-seq, from the record.

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
    """Return the GO terms of the gene set, with the genes that each gives to it.

    Returns
    -------
    DataFrame
        A line a term; genes in capitals, those in the data bold.
    """
    rows = []
    for term, title in gene_sets.TERMS.items():
        genes = gene_sets.genes_of([term])
        here = {name.upper() for name in gene_sets.among(genes, names)}
        text = ", ".join(f"**{gene.upper()}**" if gene.upper() in here else gene.upper() for gene in genes)
        rows.append((term, title, len(genes), len(here), text))
    columns = ["id", "term", "genes", "in the data", "which (bold: in the data)"]
    return pd.DataFrame(rows, columns=columns)


def set_sizes(cells: Cells) -> dict[str, object]:
    """How large the gene set is, beside the paper's, to be glued.

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
        "named_shared_names": listed(map(str.upper, shared)),
        "named_missing_names": listed(gene.upper() for gene in named if gene not in shared),
    }


class Trend(NamedTuple):
    """Spearman's correlation of a gene with pseudotime."""

    rho: float
    p: float  # two-sided


def trends(cells: Cells) -> dict[str, Trend]:
    """Return the trend along pseudotime of every SOX factor and target.

    Returns
    -------
    dict of str to Trend
        By gene; empty without pseudotime.
    """
    if cells.time is None:
        return {}
    expression, found = cells.expression, {}
    for name in [*cells.regulators, *cells.targets]:
        test = stats.spearmanr(cells.time, expression[name])
        found[name] = Trend(float(test.statistic), float(test.pvalue))
    return found


def trend_table(found: Mapping[str, Trend]) -> pd.DataFrame:
    """``trends`` as readers see them.

    Returns
    -------
    DataFrame
        Texts, a line a gene.
    """
    rows = [(name, f"{t.rho:+.2f}", f"{t.p:.1e}") for name, t in found.items()]
    return pd.DataFrame(rows, columns=["gene", "Spearman with pseudotime", "p"])


def stand_ins_in_words(cells: Cells) -> str:
    """Which gene the figure shows in place of the paper's example.

    Returns
    -------
    str
        Empty where the example is in the data, or nothing is.
    """
    if cells.time is None or cells.has_target or not cells.targets:
        return ""
    return (
        f"{TARGET} is not in the data, so the dots are its **stand-in {cells.followed}**. Stand-ins are all "
        f"genes of the set's endoderm terms that are in the data and no TFs ({listed(cells.targets)}); "
        f"the panel shows the one that varies most. "
        f"They say whether the paper's argument holds for genes of the endoderm, not whether it holds for {TARGET}."
    )


def falling_in_words(cells: Cells, found: Mapping[str, Trend]) -> str:
    """Which stand-ins fall along pseudotime, where the paper's example rises.

    Returns
    -------
    str
        Empty where none does.
    """
    known = [n for n in cells.targets if n in found and not cells.has_target]
    falling = [n for n in known if found[n].rho < 0 and found[n].p < stem_cells.LEVEL]
    if not falling:
        return ""
    return f"{listed(falling)} falls along pseudotime, where the paper has {TARGET} rising, and is kept among the stand-ins."
