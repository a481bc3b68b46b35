"""Runs on real data: BEELINE's datasets with their reference networks.

One inference per (dataset, gene rule, method, seed) is scored on every network of the dataset, and one a
network where its genes depend on the network (``PRINTED_RULE``), by both protocols; the first seed also edge
by edge, TF by TF, and by what the targets are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.beeline import DATASETS, NETWORKS, load_beeline, needed_keys
from grnular_core.data.candidates import Candidates, score_matrix, scored_edges, strict_candidates
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import available, is_cached
from grnular_core.methods.registry import RunOptions, method, run_method
from grnular_core.scoring.ranking import average_precision
from grnular_core.scoring.statistics import bootstrap_over_tfs, random_scores_summary
from grnular_core.scoring.strict import strict_scores
from grnular_paper.records import CHANCE, DETAILS, TARGETS, Record, row_scores
from grnular_paper.tasks import Task

RUN = ["dataset", "network", "genes", "method"]  # with a seed: what a row on real data is of
GENES = "TFs+500"  # the gene rule of the eighteen pairs that need no archive
ONLY_TFS = "TFs"  # that of all twenty-one: no other genes
PRINTED_RULE = "top500"  # the paper's
DRAWS = 200  # of TFs with replacement, for an interval


@dataclass(frozen=True)
class RealTask(Task):
    """One inference on real data, scored on reference networks."""

    dataset: str  # BEELINE's name
    method: str  # name in the registry of methods
    seed: int = 0  # of the method
    genes: str = GENES  # BEELINE's gene rule
    networks: tuple[str, ...] = NETWORKS  # the reference networks
    # Whether the first seed is also scored edge by edge and TF by TF.
    detailed: bool = field(default=True, compare=False)
    # The record that is asked for: "beeline", or ``TARGETS`` for runs whose scores are recorded.
    experiment: str = "beeline"

    @property
    def label(self) -> str:
        """The run in words."""
        return f"{self.method} on {self.dataset}, {self.genes}, seed {self.seed}"

    @property
    def data(self) -> object:
        """Real data are read once a process."""
        return self

    def _identities(self) -> list[Mapping[str, object]]:
        """A row for each network."""
        own = {"dataset": self.dataset, "genes": self.genes, "method": self.method}
        seed = {} if self.experiment == TARGETS else {"seed": self.seed}
        return [own | {"network": n} | seed for n in self.networks]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> dict[str, list[dict[str, object]]]:
        """Infer once, score on each network (once a network where the method needs the truth, or genes differ).

        On one thread of torch, whatever the machine has: the paper's loop carries the rounding of another
        number into its scores.
        """
        from grnular_core.models.parallel import one_thread  # torch takes a second or two to load

        rows, details, targets, chance = [], [], [], []
        run, inferred, chosen = None, (), method(self.method)
        for network in self.networks:
            data = _loaded(self.dataset, network, self.genes)
            if run is None or chosen.needs_truth or tuple(data.genes) != inferred:
                inferred = tuple(data.genes)
                weights = chosen.papers_weights("DS2")
                with one_thread():
                    how = RunOptions(self.seed, device, n_jobs, None, parts, weights, trained_like="DS2")
                    run = run_method(data, self.method, how)
            key = {"dataset": self.dataset, "network": network, "genes": self.genes, "method": self.method}
            absent = {"cell_types": None, "dropout_percentile": None}
            if self.seed == 0 and self.detailed and not chosen.needs_truth:
                if len(data.tfs) < len(data.genes):
                    targets.append({**key, "seed": self.seed, **_target_scores(data, run.edges)})
                if self.method == "random":
                    chance.append({k: v for k, v in key.items() if k != "method"} | _chance(data))
            if self.experiment == TARGETS:
                continue
            scores = row_scores(
                run, data.truth, data.genes, data.tfs, device if chosen.uses_device else "cpu",
                symmetric_truth=False,
            )  # fmt: skip
            place = {"cells": data.n_cells, "replicate": 0, "tf_information": "with", **absent}
            rows.append({**key, **place, "seed": self.seed, **scores})
            if self.seed == 0 and self.detailed and not chosen.needs_truth:
                details.append({**key, "seed": self.seed, **_detail_scores(data, run.edges)})
        others = {TARGETS: targets, CHANCE: chance}
        return others if self.experiment == TARGETS else {"beeline": rows, DETAILS: details, **others}


def _detail_scores(data: GRNDataset, edges: pd.DataFrame) -> dict[str, float | int]:
    """Of a network that somebody reads, by the strict protocol: its first edges, and each TF by itself.

    AUPRC looks at the whole ranking, and a method may rank whole TFs well without knowing whose targets
    are whose. ``epr, epr_truth_genes``: early precision over density among all candidates, and among genes of the
    truth alone as BEELINE does. ``tf_precision``: mean over TFs of the normalised precision among as many targets as
    are true (0 chance, 1 perfect); ``tfs_above`` of ``tfs`` are above 0. ``ratio, low, high``: AUPRC over density with
    its 95 % interval when TFs are drawn with replacement.
    """
    given = (edges, data.truth, data.genes, data.tfs)
    found = strict_scores(*given)
    interval = bootstrap_over_tfs(*given, n=DRAWS).loc["auprc_ratio"]
    return {
        "epr": found["epr"],
        "epr_truth_genes": found["epr_truth_genes"],
        "tf_precision": found["tf_precision_mean"],
        "tfs_above": found["tf_precision_n_above_zero"],
        "tfs": found["tf_precision_n_tfs"],
        "ratio": interval["estimate"],
        "low": interval["low"],
        "high": interval["high"],
    }


def _target_scores(data: GRNDataset, edges: pd.DataFrame) -> dict[str, float]:
    """AUPRC over density among the candidates whose target is a TF, and among all others.

    Many true edges end in a TF, so that a method is above random where it does no more than rank TFs first.
    """
    chosen = strict_candidates(data.truth, data.genes, data.tfs)
    known, ratios = scored_edges(edges, data.genes), {}
    for name, part in _by_target(chosen, data.tfs).items():
        scores = score_matrix(known, part.regulators, part.targets)[part.mask]
        truth = part.truth[part.mask]
        ratios[f"ratio_{name}"] = average_precision(scores, truth) / part.density if part.n_true else np.nan
    return ratios


def _by_target(chosen: Candidates, tfs: Sequence[str]) -> dict[str, Candidates]:
    """Candidates into TFs and into other genes, of the same regulators."""
    is_tf = np.isin(np.array(chosen.targets, dtype=object), list(tfs))
    parts = {}
    for name, columns in (("tfs", is_tf), ("others", ~is_tf)):
        targets = tuple(gene for gene, kept in zip(chosen.targets, columns, strict=True) if kept)
        of = {what: getattr(chosen, what)[:, columns] for what in ("mask", "truth", "sign")}
        parts[name] = replace(chosen, targets=targets, **of)
    return parts


def _chance(data: GRNDataset) -> dict[str, float | int]:
    """The central 95 % of AUPRC over density of random scores, and the shares of what ends in a TF."""
    chosen = strict_candidates(data.truth, data.genes, data.tfs)
    into = _by_target(chosen, data.tfs)
    whole, others = (random_scores_summary(part, DRAWS).loc["auprc_ratio"] for part in (chosen, into["others"]))
    return {
        "draws": DRAWS,
        "low": whole["low"],
        "high": whole["high"],
        "others_low": others["low"],
        "others_high": others["high"],
        "regulators": len(chosen.regulators),
        "true": chosen.n_true,
        "true_into_tfs": into["tfs"].n_true / max(chosen.n_true, 1),
        "candidates_into_tfs": into["tfs"].n_candidates / max(chosen.n_candidates, 1),
    }


def real_tasks(
    datasets: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    genes: str = GENES,
    networks: Sequence[str] = NETWORKS,
    experiment: str = "beeline",
) -> list[RealTask]:
    """All runs: quick methods first, seeds beyond the first only for methods that draw.

    Parameters
    ----------
    datasets, methods : sequence of str
        Names of BEELINE and of the registry of methods.
    seeds : sequence of int
    genes : str
    networks : sequence of str
    experiment : str
        As in ``RealTask``; of ``TARGETS`` there is one seed, and none of a method that needs the truth.

    Returns
    -------
    list of RealTask
        In the order to run.
    """
    order = {"seconds": 0, "minutes": 1, "hours": 2}
    chosen = sorted(methods, key=lambda name: order[method(name).cost])
    if experiment == TARGETS:
        chosen = [name for name in chosen if not method(name).needs_truth]
        seeds = [0]
    return [
        RealTask(dataset, name, seed, genes, tuple(networks), experiment=experiment)
        for name in chosen
        for dataset in datasets
        for seed in (seeds if method(name).stochastic else seeds[:1])
    ]


def pairs_without_data(
    datasets: Sequence[str], networks: Sequence[str], genes: str, download: bool = True
) -> dict[tuple[str, str], str]:
    """Pairs that cannot be run, and why.

    Parameters
    ----------
    datasets, networks : sequence of str
        Names of BEELINE.
    genes : str
        BEELINE's gene rule.
    download : bool
        Fetch small files that are missing. The full archives, some hundred megabytes, are only used when
        they are already there.

    Returns
    -------
    dict of (str, str) to str
        (dataset, network) -> reason.
    """
    needed = {(d, n): needed_keys(d, n, genes) for d in datasets for n in networks}
    keys = sorted({key for pair in needed.values() for key in pair})
    small = [key for key in keys if not key.endswith(".zip")]
    missing = set(available(small, download_missing=download).reasons)
    missing |= {key for key in keys if key.endswith(".zip") and not is_cached(key)}
    reasons = {}
    for pair, pair_keys in needed.items():
        absent = [key for key in pair_keys if key in missing]
        archives = [key.rpartition("/")[2] for key in absent if key.endswith(".zip")]
        if archives:
            reasons[pair] = f"needs the full download ({', '.join(archives)})"
        elif absent:
            reasons[pair] = f"{len(absent)} files could not be downloaded, e.g. {absent[0]}"
    return reasons


def recorded_pairs(folder: Path, genes: str = GENES) -> pd.DataFrame:
    """Recorded rows of runs with one gene rule.

    Parameters
    ----------
    folder : Path
    genes : str
        BEELINE's gene rule.

    Returns
    -------
    DataFrame
        A row a network, method and seed.
    """
    rows = Record("beeline", folder).rows()
    return rows[rows["genes"] == genes]


@lru_cache(maxsize=len(DATASETS) * len(NETWORKS))
def _loaded(dataset: str, network: str, genes: str) -> GRNDataset:
    """The pair, read once for all methods; nobody changes a ``GRNDataset``."""
    return load_beeline(dataset, network, genes)


NETWORK_LETTERS = {"STRING": "S", "Non-Specific-ChIP-seq": "N", "Cell-type-specific-ChIP-seq": "C"}


def pair_label(network: str, dataset: str) -> str:
    """Label a pair by its network's letter and its dataset, as ``[S] mDC``.

    Parameters
    ----------
    network, dataset : str
        Names of BEELINE.

    Returns
    -------
    str
    """
    return f"[{NETWORK_LETTERS[network]}] {dataset}"


def pair_order(datasets: Sequence[str]) -> list[str]:
    """Order all pair labels, networks outside, datasets inside.

    Parameters
    ----------
    datasets : sequence of str
        Names of BEELINE, in their order.

    Returns
    -------
    list of str
    """
    return [pair_label(network, dataset) for network in NETWORK_LETTERS for dataset in datasets]


def wide(table: pd.DataFrame, value: str, datasets: Sequence[str], methods: Sequence[str]) -> pd.DataFrame:
    """Arrange one score as pairs x methods, mean over seeds; all pairs in the paper's order, NaN without a row.

    Parameters
    ----------
    table : DataFrame
        Rows of the record "beeline".
    value : str
        Column of the score.
    datasets, methods : sequence of str
        Names, in the order to show them.

    Returns
    -------
    DataFrame, shape (pairs, methods)
    """
    pairs = [pair_label(n, d) for n, d in zip(table["network"], table["dataset"], strict=True)]
    grid = table.assign(pair=pairs).pivot_table(index="pair", columns="method", values=value, aggfunc="mean")
    return grid.reindex(index=pair_order(datasets), columns=list(methods))
