"""One inference as the scores of a row of the record: both protocols, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from grnular_core.methods.registry import Inference
from grnular_core.scoring.paper import paper_scores
from grnular_core.scoring.strict import strict_scores


def row_scores(
    run: Inference,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    device: str,
    *,
    symmetric_truth: bool,
) -> dict[str, object]:
    """The numbers of one edge table on one truth, in the record's column names.

    The paper's protocol takes simulated truth as symmetric and real truth as directed; there it
    depends on the order of ``genes``.
    """
    strict = strict_scores(run.edges, truth, genes, tfs)
    paper = paper_scores(run.edges, truth, genes, tfs, symmetric_truth=symmetric_truth)
    return {
        "density": strict["density"],
        "strict_auprc": strict["auprc"],
        "strict_auprc_ratio": strict["auprc_ratio"],
        "strict_auroc": strict["auroc"],
        "strict_epr": strict["epr"],
        "paper_auprc": paper["auprc"],
        "paper_auroc": paper["auroc"],
        "paper_floor_auroc": paper["floor_auroc"],
        "seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "device": device,
        "weights": run.weights_digest,
    }
