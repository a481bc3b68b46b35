"""What published code does otherwise than the papers say, as numbers for the page of differences.

The code of 2020 sees the upper triangle of a network's matrix alone: the target of training, and the
covariance that rho_nn sees, are cut to pairs whose first gene comes before the second. An edge from a
TF to a gene before it is then no edge. GRNBoost2 under today's packages stops boosting too early. Its simulations
differ as well: strengths from 0, activation only, and a softer dropout for some data; ``conventions`` says what a
dropout of 75 % leaves under each.

Parameters
----------
folder : Path
found : DataFrame
    Of ``conventions``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.methods.interface import RunOptions
from grnular_core.plotting.style import label
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.simulate import Preset, preset, simulate
from grnular_core.training.batches import first_seed
from grnular_core.utils.files import write_csv
from grnular_paper.runs import run_missing
from grnular_paper.synthetic import replicate_of, run_on, score_simulation, synthetic_tasks
from grnular_paper.tables.noisy import seen

DATASETS = ("DS1", "DS2", "DS3")
TRIANGLE, CONVENTIONS = "triangle", "conventions"
MOST_DROPOUT, SOFT_SHAPE = 75, 6.5  # percentile; shape of the public code's DS1 and DS2
WEAKEST = 0.01  # strength of an edge, in place of 0
METHODS = ("oracle", "correlation", "grnboost2", "grnular", "grnular-context")
STOPS_EARLY, N_GRAPHS = "grnboost2-shipped", 12  # clean graphs where arboreto is recorded too


def _lost_edges(adjacency: np.ndarray, tf_index: np.ndarray) -> int:
    """How many edges an upper triangle leaves out: those whose TF comes after its target."""
    row, column = np.nonzero(adjacency)
    return int((np.asarray(tf_index)[row] > column).sum())


def _dropout_settings() -> dict[str, Preset]:
    """Simulations with a dropout of 75 %: as the paper describes them, and by the conventions of the public code."""
    paper = preset(f"noisy({MOST_DROPOUT})", n_cells=1000, n_types=5)
    soft = TechnicalNoise(dropout=(SOFT_SHAPE, MOST_DROPOUT))
    active = replace(paper.graph, repression=0.0)
    weak = replace(paper.graph, K=(WEAKEST, 5.0))
    both = replace(active, K=(WEAKEST, 5.0))
    return {
        "as in the paper": paper,
        f"shape {SOFT_SHAPE:g}": replace(paper, technical=soft),
        "activation only": replace(paper, graph=active),
        "strengths from 0": replace(paper, graph=weak),
        "all three": replace(paper, graph=both, technical=soft),
    }


def conventions(n_graphs: int = 10) -> pd.DataFrame:
    """What a dropout of 75 % leaves to see, and what methods reach, by each convention.

    Parameters
    ----------
    n_graphs : int
        Test graphs of each.

    Returns
    -------
    DataFrame
        ``setting, graphs, genes, tfs`` (shares with any count), ``density`` and the mean strict AUPRC of
        ``METHODS``, a line a setting.
    """
    lines = []
    for name, settings in _dropout_settings().items():
        found = [_seen_and_scores(settings, graph) for graph in range(n_graphs)]
        lines.append({"setting": name, "graphs": n_graphs, **pd.DataFrame(found).mean()})
    return pd.DataFrame(lines)


def _seen_and_scores(settings: Preset, graph: int) -> dict[str, float]:
    """Shares of genes and TFs seen in one test graph, its density, and the strict AUPRC of every method."""
    simulation = simulate(settings, first_seed("test") + graph)
    left = seen(simulation)
    line = {"genes": left.genes, "tfs": left.tfs, "density": np.nan}
    for method in METHODS:
        run = run_on(simulation, method, RunOptions(device="cpu", n_jobs=1))
        scores = score_simulation(simulation, run, "cpu")
        line |= {"density": float(scores["density"]), method: float(scores["strict_auprc"])}
    return line


def conventions_table(found: pd.DataFrame) -> pd.DataFrame:
    """Show ``conventions`` to a reader.

    Returns
    -------
    DataFrame
        A line a setting, shares in percent.
    """
    if found.empty:
        return found
    shares = {name: found[key].map("{:.0%}".format) for name, key in (("genes seen", "genes"), ("TFs seen", "tfs"))}
    scores = {label(method): found[method] for method in METHODS}
    return pd.DataFrame({"simulation": found["setting"], **shares, "random": found["density"], **scores})


def conventions_in_words(found: pd.DataFrame) -> str:
    """Tell what decides whether anything can be inferred at a dropout of 75 %.

    Returns
    -------
    str
        Two sentences; empty where nothing is recorded.
    """
    if found.empty:
        return ""
    at = found.set_index("setting")
    paper, soft = at.loc["as in the paper"], at.loc[f"shape {SOFT_SHAPE:g}"]
    others = ("grnboost2", "correlation")
    ahead = soft["grnular"] > max(soft[name] for name in others)
    beside = ", ".join(f"{label(name)} {soft[name]:.3f}" for name in others)
    return (
        f"With the public code's dropout shape of {SOFT_SHAPE:g} in place of the printed 20, counts show "
        f"{soft['tfs']:.0%} of the TFs and the oracle reaches {soft['oracle']:.2f} (with 20: {paper['tfs']:.0%} and "
        f"{paper['oracle']:.2f}). At that shape, which the model was not trained for, the claim on {MOST_DROPOUT} % is "
        f"{'' if ahead else 'not '}supported: {label('grnular')} has {soft['grnular']:.3f}, {beside}, random scores "
        f"{soft['density']:.3f} (means of {soft['graphs']:.0f} graphs)."
    )


def record_missing(folder: Path) -> list[str]:
    """Add to the record what is not there yet: lost edges of SERGIO's datasets, and GRNBoost2's early stop.

    Returns
    -------
    list of str
        A line for each run that failed.

    Raises
    ------
    DownloadError
        When the inputs cannot be had.
    """
    if not (folder / f"{TRIANGLE}.csv").exists():
        lines = []
        for name in DATASETS:
            network = replicate_of(name, 0)
            edges = int(network.adjacency.sum())
            lines.append((name, edges, _lost_edges(network.adjacency, network.tf_index) / edges))
        table = pd.DataFrame(lines, columns=["dataset", "edges", "lost"])
        write_csv(table, folder / f"{TRIANGLE}.csv", float_format="%.6f")
    if not (folder / f"{CONVENTIONS}.csv").exists():
        write_csv(conventions(), folder / f"{CONVENTIONS}.csv", float_format="%.6f")
    return run_missing(folder, synthetic_tasks(["clean"], [STOPS_EARLY], range(N_GRAPHS)))
