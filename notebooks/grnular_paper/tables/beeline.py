"""Tables of the page on real data: what runs, the datasets, the rows shown, times, the paper's own gene rule.

Parameters
----------
reasons : mapping of (dataset, network) to str
    Why a pair can not be run, ``real_data.pairs_without_data``.
loaded : mapping of (dataset, network) to GRNDataset
    The pairs at hand.
rows : DataFrame
    Rows of the record.
live, recorded : DataFrame
    Rows of one gene rule, computed now and on record.
means : DataFrame
    Of ``rule_means``.
printed : DataFrame
    The paper's Fig. 8: ``dataset, network, method, auprc``.
dataset, datasets, network, networks, method, methods, chosen, rule : str, or some
    What is asked for, in the order shown, by the names of BEELINE and of the registry.
seeds : iterable of int
    A run each.
wanted : iterable of RealTask
    Which runs, on which networks each.
device : str
    Where torch runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from grnular_core.data.beeline import DATASETS, NETWORKS, load_beeline, table3
from grnular_core.data.dataset import GRNDataset, dataset_card
from grnular_core.methods.registry import METHODS
from grnular_core.plotting.style import label
from grnular_core.utils.errors import DownloadError
from grnular_core.utils.files import atomic_write
from grnular_paper import runs
from grnular_paper.real_data import NETWORK_LETTERS, RealTask, pair_label
from grnular_paper.records import COLUMNS


def runnable(
    reasons: Mapping[tuple[str, str], str], datasets: Iterable[str], networks: Sequence[str]
) -> list[str]:
    """Return the datasets whose every pair can be run.

    Returns
    -------
    list of str
        Some of the datasets, in their order.
    """
    return [d for d in datasets if all((d, n) not in reasons for n in networks)]


def status_table(
    reasons: Mapping[tuple[str, str], str], datasets: Iterable[str], networks: Sequence[str]
) -> pd.DataFrame:
    """Tell what runs now, and why the rest does not.

    Returns
    -------
    DataFrame
        A line a dataset of BEELINE, a column a network.
    """
    asked = {(d, n) for d in datasets for n in networks}
    idle = "data at hand, not asked for"
    rows = [
        [d, *(reasons.get((d, n)) or ("runs" if (d, n) in asked else idle) for n in NETWORKS)]
        for d in DATASETS
    ]
    return pd.DataFrame(rows, columns=["dataset", *NETWORKS])


def card_table(loaded: Mapping[tuple[str, str], GRNDataset]) -> pd.DataFrame:
    """Sizes of datasets with their reference networks.

    Returns
    -------
    DataFrame
        A line a pair; empty where none is at hand.
    """
    lines = []
    for (dataset, network), data in loaded.items():
        card = dataset_card(data)
        lines.append(
            {
                "pair": pair_label(network, dataset), "genes": card.genes, "cells": card.cells,
                "TFs": card.tfs_in_data, "TFs with targets": card.tfs_with_truth,
                "true edges": card.edges, "from TFs": card.edges_from_tfs, "density": card.density,
                "dropped lines": card.dropped.n_duplicates + card.dropped.n_self_loops,
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def tfs_beside_printed(folder: Path, write: bool = False) -> tuple[pd.DataFrame, str]:
    """Return the number of TFs under the paper's gene rule, beside the paper's Table 3.

    Parameters
    ----------
    folder : Path
        Where ``paper_table3.csv`` and ``table3.csv`` are.
    write : bool
        Whether numbers computed now are recorded.

    Returns
    -------
    both : DataFrame
        ``dataset``, ``tfs (paper)``, ``tfs (ours)`` and what else BEELINE's statistics give.
    source : str
        Whether ours were computed now or come from the record.
    """
    try:
        ours, source = table3(), "computed now"
    except DownloadError:
        ours = pd.read_csv(folder / "table3.csv")
        return _beside(folder, ours), "from the record: the files are not at hand"
    if write:
        with atomic_write(folder / "table3.csv") as part:
            ours[["dataset", "tfs"]].to_csv(part, index=False)
    return _beside(folder, ours), source


def _beside(folder: Path, ours: pd.DataFrame) -> pd.DataFrame:
    printed = pd.read_csv(folder / "paper_table3.csv")
    return printed.merge(ours, on="dataset", suffixes=(" (paper)", " (ours)"))


def run_live(wanted: Iterable[RealTask], device: str) -> tuple[pd.DataFrame, list[str]]:
    """Run the tasks now.

    Returns
    -------
    rows : DataFrame
        Rows of the record's columns but for provenance; also without any task.
    failures : list of str
        A line for each run that failed.
    """
    rows, failures = runs.run_now(wanted, device=device)
    columns = [c for c in COLUMNS if c not in ("experiment", "commit", "environment")]
    return rows.reindex(columns=columns), failures


def live_before_record(live: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """All rows that the page shows: those computed now, and of the record what is not among them.

    Returns
    -------
    DataFrame
        A row a dataset, network, method and seed, with ``source`` "live" or "record".
    """
    parts = [live.assign(source="live"), recorded.assign(source="record")]
    rows = pd.concat([part for part in parts if len(part)] or parts[1:], ignore_index=True)
    rows["seed"] = rows["seed"].astype(str)
    return rows.drop_duplicates(["dataset", "network", "method", "seed"], keep="first")


def run_numbers(rows: pd.DataFrame, live: pd.DataFrame, recorded: pd.DataFrame) -> dict[str, float]:
    """How many rows are live and recorded, and how far both are apart, to be glued.

    Parameters
    ----------
    rows : DataFrame
        Of ``live_before_record``.

    Returns
    -------
    dict of str to float
        ``live_rows``, ``record_rows``; ``live_record_pairs``: rows in both; ``live_record_percent``: the largest
        difference of an area there, in percent of the recorded value.
    """
    both = runs.compare_with_record(live, recorded)
    return {
        "live_rows": int((rows["source"] == "live").sum()),
        "record_rows": int((rows["source"] == "record").sum()),
        "live_record_percent": 100 * float(both["difference"].max() if len(both) else 0),
        "live_record_pairs": len(both),
    }


def times_table(rows: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds of one inference, a mean over networks and seeds.

    Returns
    -------
    DataFrame
        Texts (methods, datasets); empty where nothing is on record.
    """
    times = rows.groupby(["method", "dataset"])["cpu_seconds"].mean().unstack()
    times = times.reindex([m for m in METHODS if m in times.index]).rename(index=label)
    return times.map(lambda s: "" if pd.isna(s) else "< 0.1" if s < 0.1 else f"{s:.1f}")


def open_methods(rows: pd.DataFrame, methods: Sequence[str]) -> str:
    """Which methods are not on record for all pairs yet, as a sentence.

    Returns
    -------
    str
        Empty where all are.
    """
    pairs = rows.groupby("method")[["dataset", "network"]].apply(lambda t: len(t.drop_duplicates()))
    left = [m for m in methods if pairs.get(m, 0) < pairs.max()]
    if not left:
        return ""
    names = ", ".join(label(m) for m in left)
    return f"Not on record for all pairs yet: **{names}**. `make paper` computes the rest."


def seeds_in_words(rows: pd.DataFrame) -> str:
    """How many seeds the means of the figures are over.

    Returns
    -------
    str
        One or two sentences.
    """
    of = rows.groupby(["method", "dataset"])["seed"].nunique().groupby("method").agg(["min", "max"])
    several = ", ".join(
        f"{label(m)} {low}" + (f" to {high}" if high > low else "")
        for m, low, high in of.itertuples()
        if high > 1
    )
    start = "The other figures of this page show the mean over the seeds at hand: "
    return start + (f"{several}. All other methods have one." if several else "no method has more than one.")  # fmt: skip


def repeated(
    dataset: str, network: str, method: str, seeds: Iterable[int], device: str
) -> pd.DataFrame:
    """One method on one pair with several seeds, run now.

    Returns
    -------
    DataFrame
        ``seed``, ``AUPRC / density``, ``AUROC`` by the strict protocol.
    """
    wanted = [RealTask(dataset, method, seed, networks=(network,)) for seed in seeds]
    rows, _ = runs.run_now(wanted, device=device)
    found = rows[["seed", "strict_auprc_ratio", "strict_auroc"]]
    names = {"strict_auprc_ratio": "AUPRC / density", "strict_auroc": "AUROC"}
    return found.rename(columns=names).astype({"seed": str})


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
