"""How time and memory grow with genes, cells and TFs: which sizes are run, and tables of them.

``python tests/bench_scale.py sweep TABLE`` runs them. A method goes on to the next size of a sweep as
long as a run takes no more than ``PATIENCE`` seconds; what stopped it is as much a result as a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from grnular_core.plotting import style as plots
from grnular_paper.real_data import recorded_pairs

METHODS = ("grnular-context", "grnboost2")
PATIENCE = 60.0
COLUMNS = (
    "sweep", "genes", "tfs", "cells", "density", "method", "threads", "seconds", "cpu_seconds",
    "peak_gb", "at_most_seconds", "estimate_gb",
)  # fmt: skip


class Size(NamedTuple):
    """Genes, TFs and cells of one run."""

    genes: int
    tfs: int
    cells: int


# sweep -> what its axis shows, and its sizes, small ones first
SWEEPS: dict[str, tuple[str, tuple[Size, ...]]] = {
    "genes": (
        "genes, 7.5 to 10 % of them TFs, and as many cells",
        (
            Size(100, 10, 100), Size(300, 30, 300), Size(1000, 100, 1000), Size(2000, 150, 2000),
            Size(4000, 300, 4000), Size(8000, 600, 8000), Size(20000, 1500, 20000),
        ),
    ),
    "cells": (
        "cells of 1,000 genes, 100 TFs",
        tuple(Size(1000, 100, cells) for cells in (500, 2000, 10_000, 50_000, 100_000)),
    ),
    "tfs": (
        "TFs of 2,000 genes, 2,000 cells",
        tuple(Size(2000, tfs, 2000) for tfs in (20, 100, 500, 1500)),
    ),
}  # fmt: skip


def next_size(table: pd.DataFrame, sweep: str, method: str) -> Size | None:
    """The first size of a sweep that a method has not run; None at its end, or where patience ended."""
    done = table[(table["sweep"] == sweep) & (table["method"] == method)]
    if (done["seconds"] > PATIENCE).any():
        return None
    return next((s for s in SWEEPS[sweep][1] if not (done[sweep] == getattr(s, sweep)).any()), None)


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Where each method stopped: its last size of every sweep, the time, and the next one if left out."""
    lines = []
    for sweep, (text, sizes) in SWEEPS.items():
        for method in METHODS:
            done = table[(table["sweep"] == sweep) & (table["method"] == method)]
            if done.empty:
                continue
            last = done.sort_values(sweep).iloc[-1]
            left = [f"{getattr(s, sweep):,}" for s in sizes if getattr(s, sweep) > last[sweep]]
            lines.append(
                {
                    "method": plots.label(method),
                    "grows": text,
                    "up to": f"{last[sweep]:,}",
                    "s": f"{last['seconds']:.1f}",
                    "peak, GB": f"{last['peak_gb']:.1f}",
                    "left out": ", ".join(left) or "nothing",
                }
            )
    return pd.DataFrame(lines)


def against(folder: Path, other: str, chosen: str = "grnular-context") -> pd.DataFrame:
    """CPU seconds of two methods on every real data set where both are on record, few genes first.

    A mean over the networks of a data set, which share their expression and so their time.
    """
    rows = recorded_pairs(folder)
    rows = rows[rows["method"].isin([chosen, other]) & (rows["seed"].astype(int) == 0)]
    means = rows.pivot_table(index="dataset", columns="method", values="cpu_seconds").dropna()
    means = means.sort_values(other)
    return pd.DataFrame(
        {
            "data set": means.index,
            f"{plots.label(other)}, CPU s": means[other].round(0).to_numpy(),
            f"{plots.label(chosen)}, CPU s": means[chosen].round(2).to_numpy(),
            "times": (means[other] / means[chosen]).round(0).to_numpy(),
        }
    )
