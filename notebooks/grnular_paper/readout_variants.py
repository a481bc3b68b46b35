"""What each part of GRNULar-curated's readout is worth, by the sets that it has not seen.

Every variant is fitted and scored as the readout itself (``readout.held_out_readouts``): the set and the half of the TFs
that are scored have no part in the fit. Extra features know the target alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from grnular_core.data.candidates import candidates_of_clean
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.curated import SCORES
from grnular_core.plotting.style import label
from grnular_core.scoring.ranking import average_precision
from grnular_core.utils.files import write_csv
from grnular_paper.more_cells import SETS, load_cells
from grnular_paper.more_networks import CHIP, CURATED, KINDS, among, network, networks_of, pair_sizes
from grnular_paper.readout import HALVES, half_of, held_out_readouts, set_examples, set_features

PARTS = ("rank", "within TF", "within gene")
MORE_SCORES = ("grnular-context", "cluster-correlation-4-signed", "clr")
COMPETING = ("grnboost2", "regdiffusion")
TARGET_IS_TF, MEAN, VARIANCE = "target is a TF", "target's mean", "target's variance"
TARGETS = (TARGET_IS_TF, MEAN, VARIANCE)
COLUMNS = (*(f"{score}, {part}" for score in (*SCORES, *MORE_SCORES, *COMPETING) for part in PARTS), *TARGETS)
TABLE = "readout_variants"


@dataclass(frozen=True)
class Variant:
    """A readout with other features, or fitted on other networks."""

    name: str  # as readers see it
    scores: tuple[str, ...] = SCORES  # methods whose scores it joins
    parts: tuple[str, ...] = PARTS  # which features of each
    targets: tuple[str, ...] = ()  # features of the target, of ``TARGETS``
    kinds: tuple[str, ...] = (CURATED,)  # of the networks that it is fitted on

    def columns(self) -> list[int]:
        """Return the places of its features among ``COLUMNS``.

        Returns
        -------
        list of int
        """
        names = [*(f"{score}, {part}" for score in self.scores for part in self.parts), *self.targets]
        return [COLUMNS.index(name) for name in names]


def _short(score: str) -> str:
    return label(score).removesuffix(" (this work)")


VARIANTS = (
    Variant("GRNULar-curated"),
    *(Variant(f"without {_short(score)}", tuple(s for s in SCORES if s != score)) for score in SCORES),
    Variant("ranks over all edges alone", parts=PARTS[:1]),
    *(Variant(f"with {_short(score)}", (*SCORES, score)) for score in MORE_SCORES),
    Variant("with the target's mean and variance", targets=(MEAN, VARIANCE)),
    Variant("with 'target is a TF'", targets=(TARGET_IS_TF,)),
    Variant("fitted on ChIP networks too", kinds=(CURATED, CHIP)),
    Variant("fitted on ChIP networks alone", kinds=(CHIP,)),
    *(Variant(f"{_short(score)} in place of GRNULar-cells", (score, *SCORES[1:])) for score in COMPETING),
    *(Variant(f"{_short(score)} alone", (score,)) for score in (*SCORES, *COMPETING)),
)
# what the method could have been: without what knows the target alone, and without competing methods
CHOICES = tuple(v for v in VARIANTS if not v.targets and not {*v.scores} & {*COMPETING})


def _all_features(data: GRNDataset) -> np.ndarray:
    """Features of all variants (tfs, genes, features), in the order of ``COLUMNS``; rows and columns sorted by name."""
    scores = set_features(data, (*SCORES, *MORE_SCORES, *COMPETING))
    genes = sorted(data.genes)
    expression = data.expression(genes)
    by_target = [
        np.isin(genes, data.tfs), rankdata(expression.mean(axis=0)) / len(genes), rankdata(expression.var(axis=0)) / len(genes)
    ]  # fmt: skip
    of_targets = np.broadcast_to(np.stack(by_target, axis=-1), (*scores.shape[:2], len(TARGETS)))
    return np.concatenate([scores, of_targets.astype(scores.dtype)], axis=-1)


def _held_out_ratios(
    features: dict[str, np.ndarray], variants: Sequence[Variant] = VARIANTS, say: Callable[[str], None] = print
) -> pd.DataFrame:
    """Score every variant on every set and network that it has not seen."""
    data = {name: load_cells(name) for name in features}
    drawn = {
        kinds: {name: set_examples(data[name], of_all, kinds) for name, of_all in features.items()}
        for kinds in dict.fromkeys(variant.kinds for variant in variants)
    }
    rows = []
    for variant in variants:
        chosen = variant.columns()
        examples = {
            name: {half: part._replace(features=part.features[:, chosen]) for half, part in of.items()}
            for name, of in drawn[variant.kinds].items()
        }
        readouts = held_out_readouts(examples)
        for name, of_all in features.items():
            halves = np.array([half_of(tf) for tf in sorted(data[name].tfs)])
            fitted = [of_all[..., chosen] @ readouts[name, half].weights + readouts[name, half].intercept for half in HALVES]
            rows += [{"variant": variant.name, **row} for row in _ratios(data[name], np.choose(halves[:, None], fitted))]
        say(variant.name)
    return pd.DataFrame(rows)


def _ratios(data: GRNDataset, score: np.ndarray) -> list[dict[str, object]]:
    """Strict AUPRC over density on each network of the set."""
    tfs, genes = sorted(data.tfs), sorted(data.genes)
    rows, score = [], score - score.min()  # the protocol takes scores of at least 0
    for name in networks_of(data.provenance["species"]):
        clean = among(network(name, data.provenance["species"]), data)
        if not pair_sizes(clean, data, list(data.tfs))["kept"]:
            continue
        of = candidates_of_clean(clean, data.genes, data.tfs)
        at = np.ix_([tfs.index(tf) for tf in of.regulators], [genes.index(gene) for gene in of.targets])
        ratio = average_precision(score[at][of.mask], of.truth[of.mask]) / of.density
        rows.append({"dataset": data.name, "network": name, "kind": KINDS[name], "strict_auprc_ratio": ratio})
    return rows


def write_variants(folder: Path, say: Callable[[str], None] = print) -> None:
    """Compute the table of variants anew.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.
    say : callable
        Gets a line for every variant.

    Raises
    ------
    DownloadError, WriteError
        As ``readout.fit_all``.
    """
    table = _held_out_ratios({name: _all_features(load_cells(name)) for name in SETS}, say=say)
    write_csv(table.round({"strict_auprc_ratio": 4}), folder / f"{TABLE}.csv")
