"""hESC, kept apart from the choice of models of this work, against curated and ChIP networks.

Its cells and genes are those of BEELINE (``TFs+500``), its networks those of ``more_networks``: each method infers once a
seed, and is scored as on the sets of ``more_cells``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from grnular_core.data.beeline import load_beeline
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.gene_lists import BROAD
from grnular_core.methods.interface import Method
from grnular_core.methods.registry import method
from grnular_core.scoring.statistics import bootstrap_over_tfs
from grnular_paper.more_runs import MoreTask
from grnular_paper.records import HELD_OUT, MORE_CELLS
from grnular_paper.tasks import Rows

CELLS, SPECIES = "hESC", "human"
DRAWS = 1000  # of TFs with replacement, for the interval of a score
SEEDS = (0, 1, 2)


def load_held_out() -> GRNDataset:
    """Load the cells, without a reference network.

    Returns
    -------
    GRNDataset
        TFs are those of BEELINE's list of the species.

    Raises
    ------
    DownloadError
        When the files cannot be had.
    """
    data = load_beeline(CELLS, "STRING")
    where = {"dataset": CELLS, "species": SPECIES, "files": (BROAD[SPECIES],)}
    return replace(data, name=CELLS, truth=None, truth_counts=None, provenance=where)


@dataclass(frozen=True)
class HeldOutTask(MoreTask):
    """One inference on hESC, with models as released."""

    experiment = HELD_OUT

    @property
    def species(self) -> str:
        """Whose networks these are."""
        return SPECIES

    def _load(self) -> GRNDataset:
        return load_held_out()

    def _fitted(self, chosen: Method) -> Method:
        return chosen  # its readout has not seen these cells

    def _more_scores(self, edges: pd.DataFrame, clean: pd.DataFrame, data: GRNDataset, tfs: Sequence[str]) -> dict[str, float]:
        """The 95 % interval of AUPRC over density when TFs are drawn with replacement."""
        drawn = bootstrap_over_tfs(edges, clean, data.genes, tfs, n=DRAWS).loc["auprc_ratio"]
        return {"low": float(drawn["low"]), "high": float(drawn["high"])}

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> dict[str, Rows]:
        return {HELD_OUT: super()._run(device, n_jobs, parts)[MORE_CELLS]}


def held_out_tasks(methods: Sequence[str], seeds: Sequence[int] = SEEDS) -> list[HeldOutTask]:
    """All runs: seeds beyond the first only for methods that draw random numbers.

    Parameters
    ----------
    methods : sequence of str
        Names of the registry of methods.
    seeds : sequence of int

    Returns
    -------
    list of HeldOutTask
        In the order of ``methods``.

    Raises
    ------
    InputError
        For an unknown method.
    """
    return [
        HeldOutTask(CELLS, name, seed) for name in methods for seed in (seeds if method(name).stochastic else seeds[:1])
    ]
