"""The card of a dataset: what a reader should know of it before looking at a score."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from grnular_core.data.candidates import TruthCounts, strict_candidates
from grnular_core.data.dataset import GRNDataset


@dataclass(frozen=True)
class DatasetCard:
    """Sizes of a dataset and of its truth; see ``dataset_card``."""

    name: str
    genes: int
    cells: int
    tfs_listed: int
    tfs_in_data: int
    tfs_with_truth: int
    edges: int
    edges_from_tfs: int
    density: float
    dropped: TruthCounts | None


def dataset_card(data: GRNDataset) -> DatasetCard:
    """Sizes of a dataset; ``density`` is the share of true edges among the strict candidates."""
    truth = data.truth
    if truth is None:
        truth = pd.DataFrame(columns=["regulator", "target", "sign"])
    candidates = strict_candidates(truth, data.genes, data.tfs)
    return DatasetCard(
        name=data.name,
        genes=data.n_genes,
        cells=data.n_cells,
        tfs_listed=int(data.provenance.get("tfs_listed", len(data.tfs))),
        tfs_in_data=len(data.tfs),
        tfs_with_truth=len(candidates.regulators),
        edges=len(truth),
        edges_from_tfs=candidates.n_true,
        density=candidates.density,
        dropped=data.truth_counts,
    )
