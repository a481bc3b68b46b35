"""Judge of the paper's comparisons on simulated data: who is better than whom, where, by both protocols."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from grnular_paper import grids
from grnular_paper.verdicts import Finding, Verdict, from_verdicts, verdict

AUPRC = ("paper_auprc", "strict_auprc")
AUROC = ("paper_auroc", "strict_auroc")
TREES = "grnboost2"
SIMPLE = ("correlation", "clr", "ridge", "tigress")  # not in the paper


@dataclass(frozen=True)
class Comparison:
    """``chosen`` is better than ``others`` in an experiment, or in one panel of it.

    Attributes
    ----------
    experiment : str
        "clean", "noisy" or "ds".
    tf_information : {"with", "without"}
        Whether methods get the list of TFs.
    chosen : str
        The method of the claim.
    others : tuple of str
        The competing methods.
    panel : int, optional
        A dropout percentile of "noisy".
    scores : (str, str)
        The score by the paper's protocol and by the strict one.
    """

    experiment: str
    tf_information: str
    chosen: str
    others: tuple[str, ...]
    panel: int | None = None
    scores: tuple[str, str] = AUPRC

    def verdicts(self, rows: pd.DataFrame) -> dict[str, Verdict]:
        """The verdict by each protocol.

        Parameters
        ----------
        rows : DataFrame
            ``grids.rows`` of the experiment.

        Returns
        -------
        dict of str to Verdict
            Score -> verdict.
        """
        here = rows[rows["tf_information"] == self.tf_information]
        if self.panel is not None:
            here = here[here["panel"] == self.panel]
        return {score: verdict(here, self.chosen, self.others, score) for score in self.scores}

    def __call__(self, folder: Path) -> Finding:
        """The finding from the recorded tables in ``folder``."""
        found = self.verdicts(grids.rows(self.experiment, folder))
        paper, strict = (found[score] for score in self.scores)
        planned = [
            p for p in grids.points(self.experiment)
            if self.panel is None or p.preset == f"noisy({self.panel})"
        ]  # fmt: skip
        return from_verdicts(strict, paper, planned=len(planned) * len(self.others))
