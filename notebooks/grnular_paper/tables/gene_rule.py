"""Tables of the page on real data under the paper's own gene rule, where the data allow it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from grnular_core.data.beeline import load_beeline
from grnular_core.data.dataset import dataset_card
from grnular_core.plotting.style import label
from grnular_core.utils.errors import DownloadError
from grnular_paper.pairs import NETWORK_LETTERS

PRINTED = (
    "glasso",
    "glad-tf",
    "genie3",
    "grnboost2",
    "grnular",
)  # the methods of the paper's Fig. 8
CONTROLS = ("random", "degree", "oracle")


def rule_coverage(dataset: str, networks: Iterable[str], rule: str) -> tuple[str, list[str]]:
    """How many of the genes that a rule asks for are in the data at hand.

    Parameters
    ----------
    dataset, rule : str
        Dataset and gene rule.
    networks : iterable of str
        Reference networks, each with genes of its own.

    Returns
    -------
    said : str
        Share, genes, TFs and true edges of every network at hand.
    absent : list of str
        A line for each that is not.
    """
    said, absent = [], []
    for network in networks:
        try:
            data = load_beeline(dataset, network, rule)
        except DownloadError as error:
            absent.append(f"not at hand: {error}")
            continue
        card, share = dataset_card(data), data.provenance["covered"]
        sizes = f"{card.genes} genes, {card.tfs_in_data} TFs, {card.edges_from_tfs} true edges"
        said.append(f"{network}: {share:.1%} ({sizes})")
    return "; ".join(said), absent


def rule_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of a gene rule's rows.

    Parameters
    ----------
    rows : DataFrame
        Rows of one dataset.

    Returns
    -------
    DataFrame
        Methods x (score, network): ``paper_auprc, paper_auroc, strict_auprc_ratio``.
    """
    scores = ["paper_auprc", "paper_auroc", "strict_auprc_ratio"]
    return rows.groupby(["method", "network"])[scores].mean().unstack("network")


def rule_table(
    means: pd.DataFrame,
    printed: pd.DataFrame,
    dataset: str,
    methods: Iterable[str],
    networks: Sequence[str],
) -> pd.DataFrame:
    """``rule_means`` beside what the paper prints for the dataset.

    Parameters
    ----------
    means : DataFrame
        Of ``rule_means``.
    printed : DataFrame
        The paper's Fig. 8: ``dataset, network, method, auprc``.
    dataset : str
        Which of its datasets.
    methods : iterable of str
        Methods in the order shown.
    networks : sequence of str
        Reference networks. Against the cell-type-specific one, which has next to no true edges under the
        paper's rule, the ratio to random is left out.

    Returns
    -------
    DataFrame
        Texts, a line a method; the paper's number in brackets.
    """
    papers = printed[printed["dataset"] == dataset].set_index(["method", "network"])["auprc"]
    lines = []
    for m in (m for m in methods if m in means.index):
        line = {"method": label(m)}
        for network in networks:
            name = NETWORK_LETTERS[network]
            theirs = f" ({papers[m, network]:.3f})" if (m, network) in papers.index else ""
            ours = means.loc[m, ("paper_auprc", network)]
            line[f"[{name}] AUPRC (paper)"] = f"{ours:.3f}{theirs}"
            if not network.startswith("Cell"):
                ratio = means.loc[m, ("strict_auprc_ratio", network)]
                line[f"[{name}] strict / density"] = f"{ratio:.2f}"
        lines.append(line)
    return pd.DataFrame(lines)


def rule_numbers(means: pd.DataFrame, chosen: str = "grnular-cells") -> dict[str, int]:
    """Against STRING under the paper's rule: who is below random, and where the chosen method stands.

    Parameters
    ----------
    means : DataFrame
        Of ``rule_means``.
    chosen : str
        A method.

    Returns
    -------
    dict of str to int
        ``rule_methods`` without controls; ``rule_below_random`` of them by the paper's AUPRC; ``rule_rank`` of the
        chosen one by the strict ratio, 0 where it is not on record.
    """
    empty = pd.Series(dtype=float)
    scores = means["paper_auprc"].get("STRING", empty)
    methods = scores.drop(list(CONTROLS), errors="ignore")
    ratios = means["strict_auprc_ratio"].get("STRING", empty).reindex(methods.index)
    order = list(ratios.sort_values(ascending=False).index)
    below = methods < scores.get("random", float("nan"))
    return {
        "rule_methods": len(methods),
        "rule_below_random": int(below.sum()),
        "rule_rank": order.index(chosen) + 1 if chosen in order else 0,
    }
