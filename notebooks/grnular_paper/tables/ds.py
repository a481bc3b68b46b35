"""Tables of the page on SERGIO's DS1 to DS3 (Fig. 7): multiples of random, and who survives dropout.

Parameters
----------
recorded : DataFrame
    Rows of the experiment "ds", ``grids.rows``.
means : DataFrame
    Of ``ratio_means``.
datasets : iterable of str
    Some of ``DATASETS``.
found : DataFrame
    A row a TF, ``learning.per_tf``; may be empty.
device : str
    Where torch runs.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from grnular_core.plotting.style import label
from grnular_core.simulation.simulate import preset
from grnular_core.training.weights import read_trained
from grnular_core.utils.errors import DownloadError
from grnular_paper import grids, learning
from grnular_paper.synthetic import replicate_of

DATASETS = ("DS1", "DS2", "DS3")
DETECTED = 0.01  # a TF detected in a smaller share of the cells is called hidden
RANKED = ("grnular-context", "correlation")


def hidden_units() -> str:
    """Hidden units of the network of the weights ``grnular-DS1`` on each dataset, as a sentence.

    Returns
    -------
    str
    """
    config = read_trained("grnular-DS1").recipe.config
    graphs = [preset(dataset).graph for dataset in DATASETS]
    units = [config.layer_sizes(graph.n_tfs, graph.n_genes)[1] for graph in graphs]
    return "{}, {} and {}".format(*units)


def ratio_means(recorded: pd.DataFrame) -> pd.DataFrame:
    """Strict AUPRC as a multiple of random: mean over noise replicates and their number.

    Returns
    -------
    DataFrame
        ``mean`` (NaN without a run) and ``size``, indexed by ``method``, ``tf_information`` and ``point``,
        for every curve and dataset in their order.
    """
    of = recorded.groupby(["method", "tf_information", "point"])["strict_auprc_ratio"]
    wanted = [(m, known, name) for m, known in grids.all_curves("ds") for name in DATASETS]
    names = ["method", "tf_information", "point"]
    found = of.agg(["mean", "size"]).reindex(pd.MultiIndex.from_tuples(wanted, names=names))
    return found.fillna({"size": 0}).astype({"size": int})


def ratio_table(means: pd.DataFrame) -> pd.DataFrame:
    """``ratio_means`` as readers see it.

    Returns
    -------
    DataFrame
        A line a method with or without the TF list, a column a dataset: mean and number in brackets.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for (method, known, name), row in means.iterrows():
        line = lines.setdefault((method, known), {"method": label(method), "TF list": known})
        line[name] = f"{row['mean']:.2f} ({row['size']:.0f})" if row["size"] else ""
    return pd.DataFrame(list(lines.values()))


def fewer_in_words(means: pd.DataFrame) -> str:
    """Name the methods with fewer noise replicates than others have, dataset by dataset.

    Returns
    -------
    str
        Markdown; empty where all have as many.
    """
    sizes = means["size"].unstack("point")[list(DATASETS)]
    most = int(sizes.to_numpy().max())
    both = {m for m, known in sizes.index if (m, "with") in sizes.index and (m, "without") in sizes.index}
    parts = []
    for (method, known), of in sizes.loc[list(dict.fromkeys(means.index.droplevel("point")))].iterrows():
        few = [f"{n or 'none'} of {name}" for name, n in of.items() if n < most]
        if few:
            parts.append(f"{label(method)}{f' {known} the list' if method in both else ''} ({', '.join(few)})")
    start = f"Not every method was run on all {most} noise replicates, since trees and training on many genes take long: "
    return f"{start}{'; '.join(parts)}." if parts else ""


def _detected_and_hidden(found: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """TFs that dropout leaves in 1 % of the cells or more, and the others: two lines, means over no TF are NaN."""
    visible = found["detected"] >= DETECTED
    lines = []
    for name, of in (("detected in 1 % of cells or more", visible), ("hidden", ~visible)):
        part = found[of]
        line = {
            "dataset": dataset, "TFs": name, "number": len(part),
            "share of genes each regulates": f"{part['targets'].mean():.1%}",
        }  # fmt: skip
        lines.append(line | {f"{label(m)}, within TF": part[m].mean() for m in RANKED})
    return pd.DataFrame(lines)


def survivors(datasets: Iterable[str], device: str = "cpu") -> tuple[pd.DataFrame, list[str]]:
    """``_detected_and_hidden`` of the first noise replicate of each dataset, inferred now.

    Returns
    -------
    table : DataFrame
        Two lines for each available dataset.
    absent : list of str
        A line for each that is not.
    """
    parts: list[pd.DataFrame] = []
    absent = []
    for name in datasets:
        try:
            found = learning.per_tf(replicate_of(name, 0), RANKED, device)
        except DownloadError as error:
            absent.append(f"{name} is not available: {error}")
        else:
            parts.append(_detected_and_hidden(found, name))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(), absent


def hidden_numbers(found: pd.DataFrame) -> dict[str, float]:
    """Numbers of DS1 to be glued: undetected TFs, the share of edges they regulate, their ranks.

    Returns
    -------
    dict of str to float
        ``ds1_tfs``, ``ds1_hidden``, ``ds1_visible``, ``ds1_visible_targets`` and ``ds1_hidden_targets`` (percent of
        the genes), ``ds1_within_<method>``; means over no TF are NaN.
    """
    visible = found["detected"] >= DETECTED
    return {
        "ds1_tfs": len(found),
        "ds1_hidden": int((~visible).sum()),
        "ds1_visible": int(visible.sum()),
        "ds1_visible_targets": 100 * float(found.loc[visible, "targets"].mean()),
        "ds1_hidden_targets": 100 * float(found.loc[~visible, "targets"].mean()),
        **{f"ds1_within_{name}": float(found[name].mean()) for name in RANKED},
    }
