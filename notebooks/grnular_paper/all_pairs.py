"""Methods without the list of TFs by the paper's protocol as it is for them: over all pairs of genes.

The grids score every run among pairs with a TF, so that methods with and without the list have the same candidates.
The paper scores a method that has no list over all pairs: it may be wrong on pairs of two genes that are no TFs, which a
method with the list never predicts. Verdicts by the paper's protocol on methods without the list come from here.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from grnular_core.methods.registry import RunOptions
from grnular_core.plotting.style import label
from grnular_core.scoring.paper import paper_scores
from grnular_core.simulation.simulate import tf_names, truth_table
from grnular_paper import grids
from grnular_paper.grids import Point
from grnular_paper.records import recorded_table, write_table
from grnular_paper.synthetic import replicate_of, run_on

TABLE = "all_pairs"
POINTS = {"clean": Point("clean", 1000, 5), "noisy": Point("noisy(25)", 1000, 5)}  # one of each experiment
METHODS = ("glad", "glasso-tuned", "grnboost2")  # of trees default settings are the best without the list
N_GRAPHS = 10
SCORES = ["paper_auprc", "paper_auroc"]
COLUMNS = ["point", "unit", "replicate", "method", "tf_information", *SCORES]


def _measure(n_graphs: int = N_GRAPHS) -> pd.DataFrame:
    """Score methods without the list over all pairs and among pairs with a TF, on so many test graphs."""
    rows = []
    for experiment, point in POINTS.items():
        for replicate in range(n_graphs):
            simulation = replicate_of(point.preset, replicate, point.n_cells, point.n_types)
            genes, truth = simulation.genes(), truth_table(simulation)
            for method in METHODS:
                options = RunOptions(device="cpu", n_jobs=1, trained_like=experiment)
                run = run_on(simulation, method, options, "without")
                for pairs, tfs in (("all", genes), ("with a TF", tf_names(simulation))):
                    scores = paper_scores(run.edges, truth, genes, tfs, symmetric_truth=True)
                    rows.append({
                        "experiment": experiment, "replicate": replicate, "method": method, "pairs": pairs,
                        "paper_auprc": scores["auprc"], "paper_auroc": scores["auroc"],
                    })  # fmt: skip
    return pd.DataFrame(rows)


def rows(experiment: str, folder: Path) -> pd.DataFrame:
    """Scores over all pairs without the list, and those of runs with it on the same graphs, as ``verdicts`` takes them.

    Parameters
    ----------
    experiment : str
        "clean", or "noisy", which is dropout of 25 % here.

    Returns
    -------
    DataFrame
        ``point, unit, replicate, method, tf_information`` and both scores; empty where nothing is recorded, as for DS1 to DS3.
    """
    found = recorded_table(folder, TABLE)
    if found.empty or experiment not in POINTS:
        return pd.DataFrame(columns=COLUMNS)
    found = found[(found["experiment"] == experiment) & (found["pairs"] == "all")]
    found = found.assign(point="all pairs", unit=found["replicate"], tf_information="without")
    known = grids.at(POINTS[experiment], grids.rows(experiment, folder))
    known = known[known["tf_information"] == "with"]
    known = known.assign(point="all pairs", unit=known["replicate"].astype(int), replicate=known["replicate"].astype(int))
    return pd.concat([found[COLUMNS], known[COLUMNS]], ignore_index=True)


def table(folder: Path) -> pd.DataFrame:
    """Tabulate means over networks.

    Returns
    -------
    DataFrame
        A line an experiment, method and kind of pairs: mean AUPRC and AUROC.
    """
    found = recorded_table(folder, TABLE)
    if found.empty:
        return found
    means = found.groupby(["experiment", "method", "pairs"], sort=False)[SCORES].mean().reset_index()
    return means.assign(
        experiment=means["experiment"].map({"clean": "no dropout", "noisy": "dropout 25 %"}), method=means["method"].map(label),
    ).rename(columns={"experiment": "simulation", "paper_auprc": "AUPRC", "paper_auroc": "AUROC"})


def numbers(folder: Path) -> dict[str, float]:
    """Mean AUPRC to be glued.

    Returns
    -------
    dict of str to float
        ``all_<method>`` over all pairs and ``among_<method>`` among pairs with a TF on clean cells; ``all_noisy_<method>``
        and ``among_noisy_<method>`` with 25 % dropout.
    """
    found = recorded_table(folder, TABLE)
    if found.empty:
        return {}
    means = found.groupby(["experiment", "pairs", "method"])["paper_auprc"].mean()
    return {
        f"{'all' if pairs == 'all' else 'among'}_{'noisy_' * (of == 'noisy')}{method}": float(mean)
        for (of, pairs, method), mean in means.items()
    }


if __name__ == "__main__":
    write_table(TABLE, _measure())
