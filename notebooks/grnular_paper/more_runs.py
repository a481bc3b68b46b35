"""Runs on the real cells beside BEELINE's: one inference a set, method and seed, scored on all networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.candidates import ScoredEdges, candidates_of_clean, score_matrix, scored_edges
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import available
from grnular_core.data.gene_lists import BROAD, STRICT, tf_list
from grnular_core.data.names import match_names
from grnular_core.methods.interface import Method
from grnular_core.methods.registry import RunOptions, method, run_method
from grnular_core.scoring.ranking import auprc_and_auroc, average_precision, early_precision
from grnular_core.utils.errors import InputError
from grnular_paper.more_cells import cell_set, load_cells
from grnular_paper.more_networks import KINDS, among, network, network_keys, networks_of, pair_sizes
from grnular_paper.readout import held_out_scores
from grnular_paper.records import MORE_CELLS, MORE_PAIRS
from grnular_paper.tasks import Rows, Task

BEELINE_LIST, STRICT_LIST = "BEELINE", "strict"
TF_LISTS = (BEELINE_LIST, STRICT_LIST)


@dataclass(frozen=True)
class MoreTask(Task):
    """One inference on one set."""

    dataset: str  # a set of ``more_cells.SETS``
    method: str  # name in the registry of methods
    seed: int = 0  # of the method
    # Networks to score on; those that there are not for the species of the set are left out.
    networks: tuple[str, ...] = tuple(KINDS)
    experiment = MORE_CELLS

    @property
    def label(self) -> str:
        """The run in words."""
        return f"{self.method} on {self.dataset}, seed {self.seed}"

    @property
    def data(self) -> object:
        """Runs on one set share it."""
        return self.dataset

    @property
    def species(self) -> str:
        """Whose networks are the references."""
        return cell_set(self.dataset).species

    def _load(self) -> GRNDataset:
        return load_cells(self.dataset)

    def _fitted(self, chosen: Method) -> Method:
        """The method as it may be scored here: a readout that is fitted on these very sets leaves this one out."""
        return replace(chosen, scores=held_out_scores) if chosen.joins else chosen

    def _more_scores(self, edges: pd.DataFrame, clean: pd.DataFrame, data: GRNDataset, tfs: Sequence[str]) -> dict[str, float]:
        """Scores beside those of all sets."""
        return {}

    def _identities(self) -> list[Mapping[str, object]]:
        """One for the run: which pairs have enough edges is known from the data alone, and all rows are written at once."""
        return [{"dataset": self.dataset, "method": self.method, "seed": self.seed}]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> dict[str, Rows]:
        """Infer once, and score on each network with both lists of TFs; on one thread of torch, as on BEELINE's data."""
        from grnular_core.models.parallel import one_thread  # torch takes a second or two to load

        chosen = method(self.method)
        if chosen.needs_truth:
            raise InputError(f"{self.method} needs the reference network; expected a method that infers one")
        data = self._load()
        weights = chosen.papers_weights("DS2")
        chosen = self._fitted(chosen)
        with one_thread():
            how = RunOptions(self.seed, device, n_jobs, None, parts, weights, trained_like="DS2")
            run = run_method(data, chosen, how)
        known = scored_edges(run.edges, data.genes)
        cost = {
            "seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "weights": run.weights_digest,
            "device": device if chosen.uses_device else "cpu",
        }  # fmt: skip
        own, rows, pairs = {"method": self.method, "seed": self.seed}, [], []
        for key, clean, tfs in _set_pairs(self.dataset, self.species, data, self.networks):
            sizes = pair_sizes(clean, data, tfs)
            pairs.append(key | sizes)
            if sizes["kept"]:
                more = self._more_scores(run.edges, clean, data, tfs)
                rows.append(key | own | cost | _scores(known, clean, data, tfs) | more)
        return {MORE_CELLS: rows, MORE_PAIRS: pairs}


def _confirmed_tfs(data: GRNDataset) -> list[str]:
    """Return the TFs of a set that the stricter list of its species has as well."""
    listed = tf_list(data.provenance["species"]).names
    return match_names(listed or [], data.tfs, "ignore-case")


def _set_pairs(
    name: str, species: str, data: GRNDataset, networks: Sequence[str] = tuple(KINDS)
) -> list[tuple[dict[str, object], pd.DataFrame, list[str]]]:
    """All pairs of a set with a network and a list of TFs, also those with few edges."""
    lists = dict(zip(TF_LISTS, (list(data.tfs), _confirmed_tfs(data)), strict=True))
    found = []
    for of in (of for of in networks_of(species) if of in networks):
        clean = among(network(of, species), data)
        for listed, tfs in lists.items():
            key = {"dataset": name, "network": of, "kind": KINDS[of], "tf_list": listed}
            found.append((key, clean, tfs))
    return found


def _scores(known: ScoredEdges, clean: pd.DataFrame, data: GRNDataset, tfs: Sequence[str]) -> dict[str, float]:
    """The strict protocol's numbers of a ranking; ``ratio_others`` over targets that are no TFs of any list."""
    chosen = candidates_of_clean(clean, data.genes, tfs)
    scores = score_matrix(known, chosen.regulators, chosen.targets)
    score, truth = scores[chosen.mask], chosen.truth[chosen.mask]
    auprc, auroc = auprc_and_auroc(score, truth)
    others = chosen.mask & ~np.isin(chosen.targets, data.tfs)[None, :]
    density = chosen.truth[others].mean() if others.any() else 0.0
    among_others = average_precision(scores[others], chosen.truth[others]) / density if density else np.nan
    return {
        "density": chosen.density, "strict_auprc": auprc, "strict_auprc_ratio": auprc / chosen.density,
        "strict_auroc": auroc, "strict_epr": early_precision(score, truth).ratio, "ratio_others": among_others,
    }  # fmt: skip


def more_tasks(
    datasets: Sequence[str], methods: Sequence[str], seeds: Sequence[int], networks: Sequence[str] = tuple(KINDS)
) -> list[MoreTask]:
    """All runs: quick methods first, set by set, seeds beyond the first only for methods that draw.

    Parameters
    ----------
    datasets, methods, networks : sequence of str
        Names of sets, of the registry of methods, and of networks.
    seeds : sequence of int

    Returns
    -------
    list of MoreTask
        In the order to run.
    """
    order = {"seconds": 0, "minutes": 1, "hours": 2}
    return [
        MoreTask(dataset, name, seed, tuple(networks))
        for cost in sorted({order[method(name).cost] for name in methods})
        for dataset in datasets
        for name in methods
        if order[method(name).cost] == cost
        for seed in (seeds if method(name).stochastic else seeds[:1])
    ]


def sets_without_data(datasets: Sequence[str], networks: Sequence[str], download: bool = True) -> dict[str, str]:
    """Sets that cannot be run, and why.

    Parameters
    ----------
    datasets, networks : sequence of str
        Names of sets and networks.
    download : bool
        Fetch files that are missing.

    Returns
    -------
    dict of str to str
        Set -> reason.
    """
    needed = {name: _set_keys(name, networks) for name in datasets}
    missing = available(sorted({key for keys in needed.values() for key in keys}), download_missing=download).reasons
    reasons = {}
    for name, keys in needed.items():
        absent = [key for key in keys if key in missing]
        if absent:
            reasons[name] = f"{len(absent)} files could not be downloaded, e.g. {absent[0]}"
    return reasons


def _set_keys(name: str, networks: Sequence[str]) -> list[str]:
    """Return the registry's keys of all files that a set, its lists of TFs and its networks need."""
    chosen = cell_set(name)
    keys = [*chosen.keys, BROAD[chosen.species], STRICT]
    for of in (of for of in networks_of(chosen.species) if of in networks):
        keys += network_keys(of, chosen.species)
    return list(dict.fromkeys(keys))
