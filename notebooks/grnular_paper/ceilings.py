"""How much can be had: GRNULar-context trained on exactly the distribution that it is tested on.

The paper trains on graphs with little dropout or none, and tests on more. A model that has seen the test's own
distribution tells how far a low score lies in that rule, and how far in cells that hold no more. For SERGIO's datasets
the networks of training are the dataset's own with other edges (``networks.rewired``): random networks of that size lose
half of their TFs to the same dropout, or all of them.

Parameters
----------
folder : Path
    The folder of recorded tables.
found : DataFrame
    Rows of the recorded table ``ceilings``: ``setting, replicate, density, strict_auprc, strict_auroc``, one a test graph.
table : DataFrame
    Of ``ceiling_table``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.methods.registry import RunOptions
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.plotting.style import label
from grnular_core.simulation.simulate import preset
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import train
from grnular_core.training.weights import save_trained
from grnular_core.utils.files import write_csv
from grnular_paper.environments import provenance
from grnular_paper.records import recorded_table
from grnular_paper.synthetic import replicate_of, run_on, score_simulation

TABLE, MODEL = "ceilings", "grnular-context"
BEST, BEST_SCORE, CEILING = "best other method", "its score", "trained on this"  # columns
VALID_GRAPHS = 16


class Setting(NamedTuple):
    """A test setting and what a model for it is trained on."""

    family: str  # of the training graphs
    graphs: int
    epochs: int
    replicates: int  # test graphs, or noise replicates of one network
    batch: int = 4  # graphs in a step


SETTINGS = {
    "noisy(50)": Setting("noisy(50)", 1500, 12, 50),
    "noisy(75)": Setting("noisy(75)", 1500, 12, 50),
    "DS2": Setting("DS2-rewired", 60, 5, 15, batch=2),
    "DS3": Setting("DS3-rewired", 24, 6, 6, batch=1),
}


def _ceiling_recipe(name: str) -> Recipe:
    """Return the recipe of a setting's model: one network with context, trained by ranks."""
    setting = SETTINGS[name]
    return Recipe(
        config=GRNULarConfig(
            rho="context", n_unroll=2, n_inner=5, inner_gradient="cut", context_width=32, context_layers=4, init_epochs=25
        ),
        train=((setting.family, setting.graphs),), valid=((setting.family, min(VALID_GRAPHS, setting.graphs // 4)),),
        epochs=setting.epochs, lr=4e-3, schedule="rise-and-fall", weight_decay=0.01, loss="smooth-ap", seed=11,
        batch=setting.batch,
    )  # fmt: skip


def _ceiling_rows(name: str, say: Callable[[str], None] = print, checkpoint: Path | None = None) -> pd.DataFrame:
    """Train the model of a setting, or go on from its checkpoint, and score it on the setting's test graphs, a row each."""
    recipe = _ceiling_recipe(name)
    progress = train(recipe, checkpoint=checkpoint, device="cpu", say=say)
    rows = []
    with tempfile.TemporaryDirectory() as made:
        options = RunOptions(device="cpu", weights=save_trained(Path(made), TABLE, recipe, progress))
        for replicate in range(SETTINGS[name].replicates):
            simulation = replicate_of(name, replicate)
            run = run_on(simulation, MODEL, options)
            scores = score_simulation(simulation, run, "cpu")
            kept = {key: scores[key] for key in ("density", "strict_auprc", "strict_auroc", "weights")}
            rows.append({"setting": name, "replicate": replicate, **kept})
    return pd.DataFrame(rows).assign(**provenance())


def record_ceilings(folder: Path, parts: Path, say: Callable[[str], None] = print) -> None:
    """Add the settings that are not recorded, one after the other.

    Parameters
    ----------
    parts : Path
        Where checkpoints are kept until a setting is recorded.
    say : callable
        Receives a line an epoch.
    """
    for name in SETTINGS:
        there = recorded_table(folder, TABLE)
        if len(there) and name in set(there["setting"]):
            continue
        parts.mkdir(parents=True, exist_ok=True)
        checkpoint = parts / f"{TABLE}-{name}.pt"
        rows = _ceiling_rows(name, say, checkpoint)
        write_csv(pd.concat([there, rows]).round(6), folder / f"{TABLE}.csv")
        checkpoint.unlink(missing_ok=True)


def ceiling_points(found: pd.DataFrame) -> pd.DataFrame:
    """Place the ceilings in the figures of the page on dropout and of that on DS1 to DS3.

    Returns
    -------
    DataFrame
        ``panel, place``, as ``grids.rows`` has them, and mean ``strict_auprc`` and ``strict_auprc_ratio``.
    """
    if found.empty:
        return pd.DataFrame(columns=["panel", "place", "strict_auprc", "strict_auprc_ratio"])
    rated = found.assign(strict_auprc_ratio=found["strict_auprc"] / found["density"])
    means = rated.groupby("setting", sort=False)[["strict_auprc", "strict_auprc_ratio"]].mean().reset_index()
    settings = [preset(name) for name in means["setting"]]
    return means.assign(
        panel=[0 if s.network else s.technical.dropout[1] for s in settings],
        place=[s.network or s.kinetics.n_cells for s in settings],
    )


def ceiling_numbers(found: pd.DataFrame, recorded: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return the ceilings as multiples of random, to be glued.

    Parameters
    ----------
    recorded : mapping of str to DataFrame
        As of ``ceiling_table``.

    Returns
    -------
    dict of str to float
        ``ceiling_q50`` for noisy(50), ``ceiling_DS2`` and so on: geometric mean over test graphs of strict AUPRC over density;
        ``below_q50``: that of GRNULar-context over the same graphs, ``graphs_q50`` their number.
    """
    numbers: dict[str, float] = {}
    for name, of in found.groupby("setting"):
        short = str(name).replace("noisy(", "q").removesuffix(")")
        numbers[f"ceiling_{short}"] = _times_random(of)
        numbers[f"graphs_{short}"] = len(of)
        if name in recorded:
            own = recorded[name]
            own = own[(own["method"] == MODEL) & own["replicate"].astype(int).isin(of["replicate"])]
            numbers[f"below_{short}"] = _times_random(own)
    return numbers


def _times_random(rows: pd.DataFrame) -> float:
    """Geometric mean of strict AUPRC over density."""
    return float(np.exp(np.log(rows["strict_auprc"] / rows["density"]).mean()))


def rows_of_settings(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Find the recorded rows of each setting's test graphs, with the TF list.

    Parameters
    ----------
    rows : DataFrame
        Of one experiment, ``grids.rows``.

    Returns
    -------
    dict of str to DataFrame
        The settings that the experiment has.
    """
    known = rows[rows["tf_information"] == "with"]
    sizes = {name: preset(name).kinetics for name in SETTINGS if name in set(known["dataset"])}
    return {
        name: known[
            (known["dataset"] == name) & (known["cells"].astype(int) == size.n_cells)
            & (known["cell_types"].astype(int) == size.n_types)
        ]
        for name, size in sizes.items()
    }  # fmt: skip


def ceiling_table(found: pd.DataFrame, recorded: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare the ceiling with what methods reach on the same test graphs.

    Parameters
    ----------
    recorded : mapping of str to DataFrame
        Setting -> rows of the record on its test graphs, with the TF list.

    Returns
    -------
    DataFrame
        A line a setting: graphs, and the mean strict AUPRC of random scores, of the best method of others, of the published
        model, of GRNULar-context and of the model that was trained on this distribution. Methods with fewer graphs are left
        out.
    """
    lines = []
    for name, rows in recorded.items():
        of = found[found["setting"] == name] if len(found) else found
        if of.empty:
            continue
        rows = rows[rows["replicate"].astype(int).isin(of["replicate"])]
        by_method = rows.groupby("method")["strict_auprc"]
        means = by_method.mean()[by_method.size() == len(of)]  # of all these graphs, no fewer
        others = means.drop([m for m in means.index if m.startswith("grnular")])
        best = others.idxmax() if len(others) else ""
        lines.append(
            {
                "setting": name, "graphs": len(of), "random": of["density"].mean(),
                BEST: label(best), BEST_SCORE: others.get(best),
                label("grnular"): means.get("grnular"), label(MODEL): means.get(MODEL),
                CEILING: of["strict_auprc"].mean(),
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def best_in_words(table: pd.DataFrame) -> dict[str, str]:
    """Say what GRNULar-context has to pass, to be glued.

    Returns
    -------
    dict of str to str
        ``best_DS2`` and so on: GRNULar-context's mean strict AUPRC, and that of the best other method with its name.
    """
    return {
        f"best_{line['setting']}": f"{line[label(MODEL)]:.3f} against {line[BEST_SCORE]:.3f} ({line[BEST]})"
        for line in table.to_dict("records")
    }


def ceilings_in_words(table: pd.DataFrame) -> str:
    """Tell how near methods come to what can be had.

    Returns
    -------
    str
        A sentence a setting; empty where nothing is recorded.
    """
    sentences = []
    for _, line in table.iterrows():
        gain = line[CEILING] - line["random"]
        reached = [(label(MODEL), line[label(MODEL)]), (label("grnular"), line[label("grnular")]), (line[BEST], line[BEST_SCORE])]
        parts = ", ".join(f"{who} {100 * (score - line['random']) / gain:.0f} %" for who, score in reached)
        sentences.append(
            f"On {line['setting']} training on the same distribution lifts the strict AUPRC from {line['random']:.3f} (random) "
            f"to {line[CEILING]:.3f}; the shares of this gain that others have: {parts}."
        )
    return " ".join(sentences)
