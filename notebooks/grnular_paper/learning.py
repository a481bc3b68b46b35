"""Does it learn? The runs that answer it, and the tables that show the answer.

Parameters
----------
folder : Path
    The folder of recorded tables.
found, table : DataFrame
    Rows of ``rows``.
chosen : str
    The method that is compared with others.
ablations : DataFrame
    Rows of ``ablation_rows``.
names : sequence of str
    Names of trained weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.data.candidates import score_matrix
from grnular_core.methods.registry import infer
from grnular_core.plotting.style import label
from grnular_core.scoring.ranking import NAN, average_precision
from grnular_core.scoring.statistics import MIN_UNITS, compare_methods, holm, mean_interval
from grnular_core.simulation.simulate import Simulation, tf_names
from grnular_core.training.weights import read_trained
from grnular_paper.ablations import variants
from grnular_paper.grids import SLOW, Point, at
from grnular_paper.records import Record
from grnular_paper.synthetic import SyntheticTask, as_dataset, synthetic_tasks
from grnular_paper.verdicts import turned, with_interval

# name -> (preset, test graphs); SERGIO's DS datasets have 15 noise replicates
SETTINGS = {"clean": ("clean", 20), "dropout25": ("noisy(25)", 20), "DS1": ("DS1", 15)}
TITLES = {"clean": "clean", "dropout25": "dropout 25 %", "DS1": "DS1, dropout 82 %, one network"}
ONE_NETWORK = ("DS1",)  # its replicates are simulations of that network: no units of a test
OURS = "grnular-context"
TRAINED = (OURS, "grnular", "glad-tf", "glad")
WITHOUT_TRAINING = ("grnular-untrained", "grnboost2", "ridge", "clr", "correlation", "glasso")
# also run without the list of TFs, on so many clean graphs: every gene may regulate then, which
# takes trees several times longer
WITHOUT_TFS = {"glad": 20, "grnboost2": 10}  # GLASSO takes no list, so both its runs are one


def tasks() -> list[SyntheticTask]:
    """List all runs, quick ones first: with the list of TFs, and those methods that can do without also without it.

    Returns
    -------
    list of SyntheticTask
        In the order to run.
    """
    wanted = []
    for name, n_graphs in SETTINGS.values():
        methods = [m for m in (*TRAINED, *WITHOUT_TRAINING) if m != "glad"]
        wanted += synthetic_tasks([name], methods, range(n_graphs))
    for method, n_graphs in WITHOUT_TFS.items():
        wanted += synthetic_tasks(["clean"], [method], range(n_graphs), tf_information="without")
    return sorted(wanted, key=lambda task: task.method in SLOW)


def rows(folder: Path) -> pd.DataFrame:
    """Return the recorded rows of these runs.

    Returns
    -------
    DataFrame
        With a column ``setting``, and ``shown`` for the method's name as readers see it.
    """
    found = []
    for setting, (name, n_graphs) in SETTINGS.items():
        point = Point(name)
        table = at(point, Record(point.task(OURS).experiment, folder).rows())
        table = table[table["replicate"].astype(int) < n_graphs]
        found.append(table.assign(setting=setting))
    table = pd.concat(found, ignore_index=True)
    known = pd.MultiIndex.from_tuples({(t.method, t.tf_information) for t in tasks()})
    table = table[pd.MultiIndex.from_frame(table[["method", "tf_information"]]).isin(known)]
    names = table["method"].map(label)
    table["shown"] = names.where(table["tf_information"] == "with", names + ", no TF list")
    return table


def by_mean(table: pd.DataFrame) -> list[str]:
    """Order ``shown``: what ran in most settings first, then by decreasing mean over settings.

    Returns
    -------
    list of str
    """
    means = table.groupby(["shown", "setting"])["strict_auprc"].mean().unstack()
    ranked = pd.DataFrame({"settings": means.notna().sum(axis=1), "mean": means.mean(axis=1)})
    return list(ranked.sort_values(["settings", "mean"], ascending=False).index)


def _interval(values: pd.Series) -> str:
    """Mean and 95 % interval; too few units for a test show their mean alone."""
    found = mean_interval(values)
    if len(values) < MIN_UNITS:
        return f"{found['mean']:.3f}"
    return f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def table(found: pd.DataFrame) -> pd.DataFrame:
    """Tabulate strict AUPRC of every method in every setting.

    Returns
    -------
    DataFrame
        Texts: mean, 95 % interval where there are enough graphs, number of graphs (of noise draws for one network);
        the last line is the density.
    """
    lines = []
    for shown in by_mean(found):
        line = {"method": shown}
        for setting in SETTINGS:
            values = found.loc[(found["shown"] == shown) & (found["setting"] == setting), "strict_auprc"]
            count = len(values)
            shown_value = f"{values.mean():.3f}" if setting in ONE_NETWORK else _interval(values)
            line[TITLES[setting]] = f"{shown_value} ({count})" if count else ""
        lines.append(line)
    density = {"method": "density"}
    for setting in SETTINGS:
        one = found[found["setting"] == setting].drop_duplicates("replicate")
        density[TITLES[setting]] = f"{one['density'].mean():.3f}"
    return pd.DataFrame([*lines, density])


def paired_tests(found: pd.DataFrame, chosen: str = "grnular-context", tf_information: str = "with") -> pd.DataFrame:
    """Test one method against every other on the graphs both have, setting by setting.

    Parameters
    ----------
    tf_information : str
        Whether it is the one "with" or "without" the list of TFs.

    Returns
    -------
    DataFrame
        Texts: difference of means with its 95 % interval, p of a Wilcoxon test after Holm's correction over the other methods.
        Settings of one network have no test.
    """
    shown = label(chosen) + ("" if tf_information == "with" else ", no TF list")
    lines = []
    for setting in [name for name in SETTINGS if name not in ONE_NETWORK]:
        every = compare_methods(found[found["setting"] == setting], "strict_auprc", "replicate", "shown")
        tested = turned(every, shown)
        for row in tested.assign(p_holm=holm(tested["p"].to_numpy(dtype=float))).itertuples():
            lines.append(
                {
                    "setting": TITLES[setting], "against": row.against, "graphs": row.n_units,
                    "difference": with_interval(row.mean_difference, row.low, row.high),
                    "p (Holm)": "" if np.isnan(row.p_holm) else f"{row.p_holm:.2g}",
                }
            )  # fmt: skip
    return pd.DataFrame(lines)


def ablation_rows(folder: Path) -> pd.DataFrame:
    """Return the recorded rows of all variants.

    Returns
    -------
    DataFrame
        With ``base``, ``factor`` and ``value``, in the order of the variants.
    """
    table = Record("ablations", folder).rows()
    known = pd.DataFrame(
        [(v.label, v.base, v.factor, v.value, i) for i, v in enumerate(variants())],
        columns=["method", "base", "factor", "value", "place"],
    )
    return table.merge(known, on="method").sort_values(["place", "dataset", "replicate"])


def factor_table(ablations: pd.DataFrame) -> pd.DataFrame:
    """Tabulate every variant's mean strict AUPRC by dataset, with 95 % intervals.

    Returns
    -------
    DataFrame
        A line a variant.
    """
    groups = ablations.groupby(["base", "factor", "value", "dataset"], sort=False)
    return groups["strict_auprc"].agg(_interval).unstack("dataset").reset_index()


def kept_in_words(names: Sequence[str]) -> str:
    """Epochs that validation selected for these weights.

    Returns
    -------
    str
        Half a sentence: the untrained start or an epoch of each, with its AUPRC on validation graphs.
    """
    stories = {name: read_trained(name).metadata["validation"] for name in names}
    start = [f"{n} ({s['auprc']:.3f})" for n, s in stories.items() if s["best_epoch"] == 0]
    later = [
        f"epoch {s['best_epoch']} for {n} ({s['untrained_auprc']:.3f} to {s['auprc']:.3f})"
        for n, s in stories.items()
        if s["best_epoch"] > 0
    ]
    parts = [f"the untrained start for {', '.join(start)}"] if start else []
    return f"validation keeps {' and '.join([*parts, ', '.join(later)] if later else parts)}"


class Lead(NamedTuple):
    """The strongest other method and its mean strict AUPRC on shared graphs.

    The chosen method has so many ``times`` that mean.
    """

    other: str
    score: float
    times: float
    graphs: int


def lead(found: pd.DataFrame, setting: str, others: Sequence[str]) -> Lead:
    """Compare GRNULar-context with the best of ``others``, each on the graphs both have, with the list of TFs.

    It is the one with the least ratio; NaN without shared graphs.

    Parameters
    ----------
    setting : str
        One of ``SETTINGS``.
    others : sequence of str

    Returns
    -------
    Lead
        The strongest of them, with the ratio of means.
    """
    known = found[(found["setting"] == setting) & (found["tf_information"] == "with")]
    scores = known.pivot(index="replicate", columns="method", values="strict_auprc")
    leads = []
    for other in others:
        if other in scores and OURS in scores:
            both = scores[[OURS, other]].dropna()
            mean = both.mean()
            leads.append(Lead(other, float(mean[other]), float(mean[OURS] / mean[other]), len(both)))
    return min(leads, key=lambda one: one.times) if leads else Lead("", NAN, NAN, 0)


def per_tf(simulation: Simulation, methods: Sequence[str], device: str = "cpu") -> pd.DataFrame:
    """Score how well each TF is seen, and how well each method ranks the targets of that TF alone.

    Parameters
    ----------
    simulation : Simulation
    methods : sequence of str
        Methods, each run once.
    device : str

    Returns
    -------
    DataFrame
        A row a TF: ``detected`` (share of cells), ``targets`` (share of genes), and for every method the average
        precision over that TF's candidates minus that of random scores.
    """
    data, names = as_dataset(simulation), tf_names(simulation)
    genes, truth = simulation.genes(), simulation.adjacency
    found = pd.DataFrame(
        {"detected": (simulation.expression != 0).mean(0)[simulation.tf_index], "targets": truth.sum(1) / (len(genes) - 1)},
        index=names,
    )
    others = ~np.eye(len(genes), dtype=bool)[simulation.tf_index]
    for name in methods:
        weights = score_matrix(infer(data, name, device=device), names, genes)
        found[name] = [average_precision(w[o], t[o]) - t[o].mean() for w, t, o in zip(weights, truth, others, strict=True)]
    return found
