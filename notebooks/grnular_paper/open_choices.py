"""Choices that the paper leaves open or that differ from it, each measured on simulated validation graphs.

Every model is untrained and runs in double precision, so that the effect is that of the choice alone:
the diagonal that GLAD-TF keeps, the start Z_0 of GLAD, and the cells that goodINIT fits.
``python -m grnular_paper.open_choices`` writes the recorded table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from grnular_core.models.glad import GLAD, GLADTF, GLADState
from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.inner_fit import split_cells
from grnular_core.training.batches import evaluate, make_batches, prepare_batches
from grnular_core.training.named_recipes import named_recipe
from grnular_paper.records import recorded_table, write_table
from grnular_paper.tables.readings import TITLES

TABLE = "open_choices"
N_GRAPHS = 20


class _MaskedDiagonal(GLADTF):
    """GLAD-TF as printed: the diagonal entries of genes that are no TFs are masked too."""

    def mask(self, tf_index: Tensor | None, n_graphs: int, n_genes: int) -> Tensor | None:
        kept = super().mask(tf_index, n_graphs, n_genes)
        if kept is None or tf_index is None:
            return None
        is_tf = torch.zeros(n_graphs, n_genes, dtype=torch.bool, device=kept.device)
        is_tf = is_tf.scatter(1, tf_index.expand(n_graphs, -1), True)
        return kept & (is_tf[:, :, None] | is_tf[:, None, :])


class _FromZero(GLAD):
    """GLAD that starts with Z_0 = 0."""

    def start(self, sigma: Tensor) -> GLADState:
        state = super().start(sigma)
        return state._replace(Z=torch.zeros_like(state.Z))


@dataclass(frozen=True)
class _FourFifths(GRNULarConfig):
    """A configuration with which goodINIT always holds out a fifth of the cells."""

    def split_cells(self, n_cells: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return split_cells(n_cells, generator)


def models() -> dict[tuple[str, str], nn.Module]:
    """The models to compare.

    Returns
    -------
    dict of (choice, value) to Module
        Two values of each choice, that of this book first.
    """
    published = named_recipe("grnular-clean").config
    assert isinstance(published, GRNULarConfig)
    return {
        ("diagonal", "kept"): GLADTF(),
        ("diagonal", "masked"): _MaskedDiagonal(),
        ("Z_0", "theta_0"): GLAD(),
        ("Z_0", "0"): _FromZero(),
        ("cells of goodINIT", "all"): GRNULar(published),
        ("cells of goodINIT", "four fifths"): GRNULar(_FourFifths(**vars(published))),
    }


def _measure(n_graphs: int = N_GRAPHS, graphs: Sequence[str] = tuple(TITLES)) -> pd.DataFrame:
    """Strict AUPRC of every choice on every validation graph."""
    rows = []
    for family in graphs:
        batches = make_batches(((family, n_graphs),), "valid")
        for (choice, value), model in models().items():
            model = model.double()
            scores = evaluate(model, prepare_batches(model, batches, "cpu")).auprc
            rows += [(choice, value, family, i, float(score)) for i, score in enumerate(scores)]
    return pd.DataFrame(rows, columns=["choice", "value", "graphs", "replicate", "strict_auprc"])


def effect(folder: Path, choice: str) -> str:
    """Mean strict AUPRC of both values of a choice, family by family.

    Parameters
    ----------
    folder : Path
    choice : str
        Of ``models``.

    Returns
    -------
    str
        Empty where the table is not recorded.
    """
    rows = recorded_table(folder, TABLE)
    if rows.empty:
        return ""
    rows = rows[rows["choice"] == choice]
    parts = []
    for family, of_family in rows.groupby("graphs", sort=False):
        means = of_family.groupby("value", sort=False)["strict_auprc"].mean()
        numbers = ", ".join(f"{value}: {mean:.3f}" for value, mean in means.items())
        parts.append(f"{TITLES[str(family)]}: {numbers}")
    n = rows["replicate"].nunique()
    return f"strict AUPRC of the untrained model, {'; '.join(parts)} ({n} validation graphs each)"


if __name__ == "__main__":
    write_table(TABLE, _measure())
