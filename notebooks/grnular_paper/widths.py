"""Hidden units of the published model on real cells: the printed 200, as many as TFs, and four a TF.

Section 3.4 prints 200. The paper's rules ask for no fewer than TFs, and for about four a TF on DS1 to DS3. All of
them hold on its 500 genes; with the genes of this book most datasets have more TFs than 200. Random networks of the
sizes of these datasets choose. The weights are those of ``grnular-DS2`` each time: what is learned does not depend on
the width. ``python -m grnular_paper.widths`` writes the recorded tables.

Parameters
----------
folder : Path
    Of recorded tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.beeline import NETWORKS, load_beeline
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.edges import edge_table
from grnular_core.methods.interface import MethodInput
from grnular_core.models.inference import model_scores
from grnular_core.models.parallel import one_thread
from grnular_core.scoring.strict import strict_scores
from grnular_core.simulation.simulate import preset, simulate, simulated_dataset
from grnular_core.training.batches import first_seed
from grnular_core.training.weights import read_trained
from grnular_paper.real_data import GENES
from grnular_paper.records import recorded_table, write_table

TABLE, ON_GRAPHS = "widths", "widths_graphs"
WEIGHTS = "grnular-DS2"
SEEDS = (0, 1, 2, 3, 4)
DATASETS = ("mESC", "mDC", "hHep", "mHSC-GM", "mHSC-L", "hESC")
# TFs and cells of these datasets with the genes of this book, the sizes of validation graphs; there are as many other genes.
SIZES = {
    "mESC": (620, 421), "mDC": (321, 383), "hHep": (448, 425), "mHSC-GM": (132, 889), "mHSC-L": (60, 847), "hESC": (410, 758),
}  # fmt: skip
OTHERS = 500
WIDTHS: dict[str, Callable[[int], int]] = {  # of the number of TFs
    "200": lambda n_tfs: 200,
    "as many as TFs, at least 200": lambda n_tfs: max(200, n_tfs),
    "four a TF": lambda n_tfs: 4 * n_tfs,
}


def measure(datasets: Sequence[str] = DATASETS, seeds: Sequence[int] = SEEDS) -> pd.DataFrame:
    """Infer every dataset with every width, and score it on each reference network.

    Parameters
    ----------
    datasets : sequence of str
        Of BEELINE, with the genes of this book's Fig. 8.
    seeds : sequence of int
        Of the fit to the cells.

    Returns
    -------
    DataFrame
        ``dataset, network, tfs, width, hidden_units, seed, strict_auprc_ratio``, one row each.
    """
    found = pd.concat([_scored(d, {n: load_beeline(d, n, GENES) for n in NETWORKS}, seeds) for d in datasets])
    return found.drop(columns="strict_auprc")


def validation_graph(n_tfs: int, n_cells: int) -> GRNDataset:
    """A random network of as many TFs as a dataset has and 500 other genes, in the range of DS2 otherwise.

    Parameters
    ----------
    n_tfs, n_cells : int

    Returns
    -------
    GRNDataset
        Without dropout, as the weights' own validation graphs, with as many TFs that regulate a gene on average.
    """
    like = preset("DS2-like", n_cells=n_cells)
    sparsity = like.graph.sparsity * like.graph.n_tfs / n_tfs
    graph = replace(like.graph, n_genes=n_tfs + OTHERS, n_tfs=n_tfs, sparsity=sparsity)
    return simulated_dataset(simulate(replace(like, graph=graph), first_seed("valid")))


def measure_graphs(datasets: Mapping[str, tuple[int, int]] = SIZES, seeds: Sequence[int] = SEEDS[:1]) -> pd.DataFrame:
    """Infer a validation graph of the size of every dataset with every width.

    Parameters
    ----------
    datasets : mapping of str to (int, int)
        TFs and cells of datasets.
    seeds : sequence of int
        Of the fit to the cells.

    Returns
    -------
    DataFrame
        ``dataset, tfs, width, hidden_units, seed, strict_auprc, strict_auprc_ratio``, one row each.
    """
    found = pd.concat([_scored(d, {"": validation_graph(*size)}, seeds) for d, size in datasets.items()])
    return found.drop(columns="network")


def _scored(dataset: str, of_networks: Mapping[str, GRNDataset], seeds: Sequence[int]) -> pd.DataFrame:
    """Scores of every width and seed on cells that are the same for all networks."""
    rows, first = [], next(iter(of_networks.values()))
    n_tfs = len(first.tfs)
    for (name, units), seed in product(WIDTHS.items(), seeds):
        edges = _edges(first, units(n_tfs), seed)
        for network, data in of_networks.items():
            found = strict_scores(edges, data.truth, data.genes, data.tfs)
            rows.append((dataset, network, n_tfs, name, units(n_tfs), seed, found["auprc"], found["auprc_ratio"]))
    names = "dataset network tfs width hidden_units seed strict_auprc strict_auprc_ratio"
    return pd.DataFrame(rows, columns=names.split())


def _edges(data: GRNDataset, hidden: int, seed: int) -> pd.DataFrame:
    """Edges of the published model with so many hidden units."""
    given, trained = MethodInput.of(data), read_trained(WEIGHTS)
    recipe = replace(trained.recipe, config=replace(trained.recipe.config, hidden=(hidden,), units_per_tf=0))
    with one_thread():
        model = replace(trained, recipe=recipe).model(seed)
        weight, _ = model_scores(model, given.expression, given.tf_index, precision="double")
    return edge_table(weight, given.tfs, given.genes)


def means(folder: Path, table: str = TABLE) -> pd.Series:
    """Geometric mean of strict AUPRC over density, over pairs of dataset and network, for each width.

    Parameters
    ----------
    table : str
        ``TABLE``, or ``ON_GRAPHS`` with a graph a dataset.

    Returns
    -------
    Series
        By width, of means over seeds.
    """
    rows = recorded_table(folder, table)
    of = [name for name in ("width", "dataset", "network") if name in rows]
    return np.exp(np.log(rows.groupby(of, sort=False)["strict_auprc_ratio"].mean()).groupby("width", sort=False).mean())


def effect(folder: Path) -> str:
    """The means on real cells and on the graphs that choose, in words.

    Returns
    -------
    str
        Empty where a table is not recorded.
    """
    rows, graphs = (recorded_table(folder, table) for table in (TABLE, ON_GRAPHS))
    if rows.empty or graphs.empty:
        return ""
    pairs, seeds = len(rows.drop_duplicates(["dataset", "network"])), rows["seed"].nunique()
    return (
        f"strict AUPRC over density, geometric mean over {graphs['dataset'].nunique()} random networks of the sizes of these "
        f"datasets, which chose: {_said(means(folder, ON_GRAPHS))}; over {pairs} pairs of real cells and networks, means over "
        f"{seeds} seeds: {_said(means(folder))}"
    )


def _said(of: pd.Series) -> str:
    """Means by width."""
    return ", ".join(f"{width}: {mean:.2f}" for width, mean in of.items())


def narrow(folder: Path) -> str:
    """On how many datasets the printed width is below the number of TFs, in words.

    Returns
    -------
    str
        Empty where the table is not recorded.
    """
    rows = recorded_table(folder, TABLE)
    if rows.empty:
        return ""
    found = rows.groupby("dataset")["tfs"].first()
    few = found[found > WIDTHS["200"](0)]
    return f"{len(few)} of {len(found)} datasets ({few.min()} to {few.max()} TFs)"


if __name__ == "__main__":
    write_table(ON_GRAPHS, measure_graphs())
    write_table(TABLE, measure())
