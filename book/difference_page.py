"""Numbers of the page of differences: the effect of each, from the record. The prose is in the page.

``effects`` is a dictionary of short Markdown texts; ``{{ name }}`` in ``differences.md`` shows one.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from grnular_paper import open_choices, widths
from grnular_paper.claims.model import means, variant_rows
from grnular_paper.findings import said
from grnular_paper.readings import best
from grnular_paper.real_data import GENES, recorded_pairs
from grnular_paper.records import CHANCE, KEY, READINGS, Record, recorded_table
from grnular_paper.tables.readings import TITLES, scalings_table

from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training.weights import read_trained

PAPERS_WEIGHTS = ("grnular-clean", "grnular-noisy", "grnular-DS1", "grnular-DS2")
NONE = "not measured: its runs are not recorded"


def effects(folder: Path) -> dict[str, str]:
    """One text for every difference with a number, from the tables in ``folder``."""
    factors = {
        "sums": ("untrained", "penalty", ["printed sums", "means", "means x 50", "means x 50 x error"]),
        "start": ("untrained", "initial weights", ["0.1 of usual", "usual"]),
        "steps": ("trained", "P", ["2", "5", "10", "20"]),
        "layers": ("untrained", "layers", ["2", "3"]),
        "context": ("context", "training", ["none", "shuffled labels", "120 graphs"]),
    }  # fmt: skip
    trainings = {
        "gradient": ["reference", "loss on Z", "loss on Z, inner gradient cut", "λ not learned"],
        "iterates": ["reference", "loss of all iterations"],
        "clip": ["reference", "gradient not clipped"],
        "loss": ["reference", "Eq. 11"],
        "beta": ["beta = 1", "reference", "beta = 5"],
        "printed_sums": ["reference", "reference, mean over cells alone", "sums in Eq. 12"],
    }
    choices = {"diagonal": "diagonal", "glad_start": "Z_0", "held_out": "cells of goodINIT"}
    texts = {name: of_factor(folder, *factor) for name, factor in factors.items()}
    texts |= {name: of_readings(folder, readings) for name, readings in trainings.items()}
    texts |= {name: open_choices.effect(folder, c) or NONE for name, c in choices.items()}
    return texts | {
        "conventions": conventions(folder),
        "triangle": triangle(folder),
        "into_tfs": into_tfs(folder),
        "silent_tfs": silent_tfs(folder),
        "seeds": seeds(folder),
        "stop": early_stop(folder),
        "compiled": compiled(folder),
        "table3": table3(folder),
        "train_graphs": said("train_graphs")(folder),
        "inner_steps": said("inner_steps")(folder),
        "our_steps": inner_steps(),
        "scaled": scaled(folder),
        "widths": widths.effect(folder) or NONE,
        "narrow": widths.narrow(folder) or NONE,
        "paper_and_ours": clean_and_noisy(folder, ("grnular", "grnular-context")),
    }


def of_factor(folder: Path, base: str, factor: str, values: Sequence[str]) -> str:
    """Mean strict AUPRC of each value, setting by setting."""
    rows = variant_rows(folder, base, factor)
    if rows.empty:
        return NONE
    text = means(rows, values).replace(" x ", " × ")
    return f"strict AUPRC: {text}, {graphs(rows)} graphs each"


def of_readings(folder: Path, readings: Sequence[str]) -> str:
    """Mean AUPRC on validation graphs before training and at the best epoch, over seeds that all readings have."""
    rows = Record(READINGS, folder).rows()
    rows = rows[rows["reading"].isin(readings)]
    texts = []
    for graphs, title in TITLES.items():
        of_graphs = rows[rows["graphs"] == graphs]
        seeds = of_graphs.groupby("seed")["reading"].nunique()
        of_graphs = of_graphs[of_graphs["seed"].isin(seeds.index[seeds == len(readings)])]
        if not of_graphs.empty:
            found = best(of_graphs).groupby("reading")[["start", "best"]].mean().loc[list(readings)]
            trained = ", ".join(f"{row.Index} {row.start:.3f} to {row.best:.3f}" for row in found.itertuples())
            texts.append(f"{title}: {trained} (seeds: {of_graphs['seed'].nunique()})")
    return f"AUPRC on validation graphs, untrained to best epoch, {'; '.join(texts)}" if texts else NONE


def conventions(folder: Path) -> str:
    """Detected TFs and scores at a dropout of 75 %, by the conventions of paper and public code."""
    table = recorded_table(folder, "conventions")
    if table.empty:
        return NONE
    lines = [
        f"{row.setting}: {row.tfs:.0%} of the TFs are detected, oracle {row.oracle:.2f}, GRNBoost2 {row.grnboost2:.2f}, "
        f"GRNULar (published) {row.grnular:.2f}"
        for row in table.itertuples()
    ]
    return f"at a dropout of 75 %, density {table['density'].mean():.2f}: " + "; ".join(lines)


def scaled(folder: Path) -> str:
    """AUPRC in the range of DS2 by P and the scale of Eq. 12, with the number of training seeds."""
    table = scalings_table(Record(READINGS, folder).rows())
    of_range = table[table["range"] == "DS2"].itertuples()
    shown = "; ".join(f"{line.variant}: {line.trained}, training seeds: {line.seeds}" for line in of_range)
    return shown.replace("<br>", " ")


def inner_steps() -> str:
    """P of the untrained loop and of weights."""
    of_weights = [f"{read_trained(name).recipe.config.n_inner} in {name}" for name in ("grnular-context", *PAPERS_WEIGHTS)]
    return f"{GRNULarConfig().n_inner} untrained, {', '.join(of_weights)}"


def graphs(rows: pd.DataFrame) -> int:
    return int(rows.groupby(["point", "method"])["replicate"].nunique().min())


def triangle(folder: Path) -> str:
    """Share of the edges of DS1 to DS3 that an upper triangle leaves out."""
    table = recorded_table(folder, "triangle")
    if table.empty:
        return NONE
    return ", ".join(f"{row.lost:.0%} of the {row.edges} edges of {row.dataset}" for row in table.itertuples())


def into_tfs(folder: Path) -> str:
    """Share of the true edges of real networks that end in a TF."""
    table = recorded_table(folder, CHANCE)
    table = table[table["genes"] == GENES] if len(table) else table
    if table.empty:
        return NONE
    parts = [
        f"{network} {shares.min():.0%} to {shares.max():.0%}"
        for network, shares in table.groupby("network", sort=False)["true_into_tfs"]
    ]
    return f"of the true edges on real cells these are, over datasets, {', '.join(parts)}"


def silent_tfs(folder: Path) -> str:
    """TFs without any count at a dropout of 75 %."""
    table = recorded_table(folder, "conventions").head(1)
    if table.empty:
        return NONE
    return (
        f"at a dropout of 75 %, by the paper's convention, {1 - table['tfs'].item():.0%} of the TFs have no count, "
        "and their edges no method can rank"
    )


def seeds(folder: Path) -> str:
    """How many seeds GRNULar-context has at most on a real pair, in a word."""
    rows = recorded_pairs(folder)
    most = rows[rows["method"] == "grnular-context"].groupby(["network", "dataset"])["seed"].nunique().max()
    return {3: "three", 5: "five", 10: "ten"}.get(most, str(most))


def early_stop(folder: Path) -> str:
    """GRNBoost2 as today's packages run it, against the same graphs with its early stop restored."""
    rows = Record("clean", folder).rows()
    today, restored = (rows[rows["method"] == f"grnboost2-{m}"] for m in ("shipped", "arboreto"))
    if today.empty or restored.empty:
        return NONE
    both = today.merge(restored, on=["cells", "cell_types", "replicate"], suffixes=("", "_restored"))
    means = both[["strict_auprc", "strict_auprc_restored"]].mean()
    return f"strict AUPRC on clean graphs {means.iloc[0]:.3f}, restored {means.iloc[1]:.3f} ({len(both)} graphs)"


def compiled(folder: Path) -> str:
    """Largest relative difference in AUPRC between compiled trees and arboreto's."""
    texts = []
    for name, title in (("grnboost2", "GRNBoost2"), ("genie3", "GENIE3")):
        both = shared(folder, name, f"{name}-arboreto", "strict_auprc")
        if both.empty:
            continue
        gap = (both[name] / both[f"{name}-arboreto"] - 1).abs()
        texts.append(f"{title} at most {gap.max():.1%}, median {gap.median():.2%} ({len(both)} runs)")
    return "difference in strict AUPRC: " + "; ".join(texts) if texts else NONE


def shared(folder: Path, one: str, other: str, column: str) -> pd.DataFrame:
    """Runs that both methods have: one row a run, one column a method."""
    key = [name for name in KEY if name != "method"]
    parts = []
    for experiment in ("clean", "noisy", "ds", "beeline"):
        rows = Record(experiment, folder).rows()
        rows = rows[rows["method"].isin([one, other])]
        if rows["method"].nunique() == 2:
            parts.append(rows.pivot_table(index=key, columns="method", values=column).dropna().reset_index(drop=True))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def table3(folder: Path) -> str:
    both = recorded_table(folder, "paper_table3").merge(recorded_table(folder, "table3"), on="dataset", suffixes=("", "_ours"))
    return f"{int((both['tfs'] == both['tfs_ours']).sum())} of {len(both)} counts of TFs equal the printed ones"


def clean_and_noisy(folder: Path, methods: Sequence[str]) -> str:
    """Mean strict AUPRC at 1,000 cells and 5 types, without noise and with a dropout of 25 %."""
    texts = []
    for experiment, dataset, title in (("clean", "clean", "clean"), ("noisy", "noisy(25)", "dropout 25 %")):  # fmt: skip
        rows = Record(experiment, folder).rows()
        rows = rows[(rows["dataset"] == dataset) & (rows["cells"] == "1000") & (rows["cell_types"] == "5")]
        of = rows[rows["tf_information"] == "with"].groupby("method")["strict_auprc"].mean()
        texts.append(f"{title}: " + " against ".join(f"{of.get(m, np.nan):.2f}" for m in methods))
    return "strict AUPRC, " + "; ".join(texts)
