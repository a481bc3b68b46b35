"""The paper's claims on simulated data: who is said to be better than whom, and where.

One list for all pages, so that a claim has one wording and one verdict (``verdicts``), by each of the two
protocols. Claims of our own, on the model that ships and on rivals that the paper leaves out, are
marked so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from grnular_paper.verdicts import Verdict, verdict

AUPRC = ("paper_auprc", "strict_auprc")
AUROC = ("paper_auroc", "strict_auroc")
PROTOCOLS = ("paper's", "strict")
TREES = "grnboost2"
SIMPLE = ("correlation", "clr", "ridge", "tigress")  # not in the paper


@dataclass(frozen=True)
class GridClaim:
    """``chosen`` is better than ``others`` in an experiment, or in the one ``panel`` of it."""

    name: str
    source: str
    experiment: str
    tf_information: str
    chosen: str
    others: tuple[str, ...]
    text: str
    panel: int | None = None
    scores: tuple[str, str] = AUPRC
    ours: bool = False


GRID_CLAIMS = (
    GridClaim(
        "clean_glad_trees", "Fig. 4", "clean", "without", "glad", (TREES,),
        "Without TFs, GLAD is better than GRNBoost2",
    ),
    GridClaim(
        "clean_glad_glasso", "Fig. 4", "clean", "without", "glad", ("glasso",),
        "Without TFs, GLAD is better than GLASSO",
    ),
    GridClaim(
        "clean_gladtf_trees", "Fig. 4", "clean", "with", "glad-tf", (TREES,),
        "With TFs, GLAD-TF is better than GRNBoost2",
    ),
    GridClaim(
        "clean_paper_trees", "Fig. 4", "clean", "with", "grnular", (TREES,),
        "With TFs, GRNULar is better than GRNBoost2",
    ),
    GridClaim(
        "clean_paper_simple", "Fig. 4", "clean", "with", "grnular", SIMPLE,
        "The paper's GRNULar is better than correlation, CLR, ridge and TIGRESS", ours=True,
    ),
    GridClaim(
        "clean_ours_all", "Fig. 4", "clean", "with", "grnular-context", (TREES, *SIMPLE),
        "GRNULar with our weights for simulated cells is better than all that is not unrolled", ours=True,
    ),
    GridClaim(
        "noisy_glad_all", "Fig. 5", "noisy", "without", "glad", (TREES, "glasso"),
        "Without TFs, GLAD is better than GRNBoost2 and GLASSO",
    ),
    GridClaim(
        "noisy_paper_rivals", "Fig. 6", "noisy", "with", "grnular", (TREES, "glad-tf"),
        "With TFs, GRNULar is better than GRNBoost2 and GLAD-TF",
    ),
    GridClaim(
        "noisy_paper_75", "Fig. 6", "noisy", "with", "grnular", (TREES, "glad-tf"),
        "At 75 % dropout, where others guess, GRNULar still works", panel=75,
    ),
    GridClaim(
        "noisy_gladtf_auroc", "Fig. 6", "noisy", "with", TREES, ("glad-tf",),
        "GLAD-TF falls behind GRNBoost2 in AUROC", scores=AUROC,
    ),
    GridClaim(
        "noisy_ours_all", "Fig. 6", "noisy", "with", "grnular-context", (TREES, "glad-tf", *SIMPLE),
        "GRNULar with our weights for simulated cells is better than all others", ours=True,
    ),
    GridClaim(
        "ds_glad_all", "Fig. 7", "ds", "without", "glad", (TREES, "glasso"),
        "Without TFs, GLAD is better than GRNBoost2 and GLASSO",
    ),
    GridClaim(
        "ds_paper_rivals", "Fig. 7", "ds", "with", "grnular", (TREES, "glad-tf"),
        "With TFs, GRNULar is better than GRNBoost2 and GLAD-TF",
    ),
    GridClaim(
        "ds_ours_all", "Fig. 7", "ds", "with", "grnular-context",
        (TREES, "glad-tf", *SIMPLE, "genie3"),
        "GRNULar with our weights for simulated cells is better than all others", ours=True,
    ),
)  # fmt: skip


def judge(claim: GridClaim, rows: pd.DataFrame) -> dict[str, Verdict]:
    """The verdict by each protocol, score by score, from ``grids.rows`` of the experiment."""
    here = rows[rows["tf_information"] == claim.tf_information]
    if claim.panel is not None:
        here = here[here["panel"] == claim.panel]
    return {score: verdict(here, claim.chosen, claim.others, score) for score in claim.scores}


def judged(experiment: str, rows: pd.DataFrame) -> dict[str, dict[str, Verdict]]:
    """All claims on an experiment: name -> score -> verdict."""
    return {c.name: judge(c, rows) for c in GRID_CLAIMS if c.experiment == experiment}


def claim_table(found: Mapping[str, Mapping[str, Verdict]]) -> pd.DataFrame:
    """What readers see: two lines a claim, one a protocol, with the numbers behind the verdict."""
    lines = []
    for claim in of_names(found):
        for number, (protocol, score) in enumerate(zip(PROTOCOLS, claim.scores, strict=True)):
            verdict_of, first = found[claim.name][score], number == 0
            lines.append(
                {
                    "source": ("here" if claim.ours else claim.source) if first else "",
                    "claim": claim.text if first else "",
                    "protocol": protocol,
                    "verdict": verdict_of.word,
                    "better": verdict_of.wins,
                    "worse": verdict_of.losses,
                    "of": verdict_of.tested,
                    "too few graphs": verdict_of.weak or "",
                    "mean difference": verdict_of.spread,
                }
            )
    return pd.DataFrame(lines)


def of_names(names: Iterable[str]) -> list[GridClaim]:
    """The claims of these names, in the order of the list."""
    wanted = set(names)
    return [claim for claim in GRID_CLAIMS if claim.name in wanted]
