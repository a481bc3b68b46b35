"""How many seeds stand behind the scores of the page on more real cells.

Parameters
----------
rows : DataFrame
    Rows of the record: ``dataset, network, method, seed`` among others.
"""

from __future__ import annotations

import pandas as pd

from grnular_core.methods.registry import METHODS
from grnular_core.plotting.style import label


def _seeds_by_set(rows: pd.DataFrame) -> pd.DataFrame:
    """The number of seeds by method and set, of the network that has fewest; NaN where a method did not run."""
    seeds = rows.groupby(["method", "dataset", "network"])["seed"].nunique()
    return seeds.groupby(["method", "dataset"]).min().unstack()


def seeds_in_words(rows: pd.DataFrame) -> str:
    """Say over how many seeds each method is a mean, and on which sets of fewest.

    Returns
    -------
    str
        A sentence; the number that most methods have comes last.
    """
    seeds = _seeds_by_set(rows)
    if seeds.empty:
        return "Seeds: 0 of each method."
    texts = pd.Series({method: _range(of.dropna()) for method, of in seeds.iterrows()})
    most = texts.mode().min()
    named = [f"{text} of {', '.join(label(m) for m in of.index)}" for text, of in texts[texts != most].groupby(texts)]
    return f"Seeds: {'; '.join([*named, f'{most} of the other methods' if named else f'{most} of each method'])}."


def _range(of: pd.Series) -> str:
    """The number of seeds of a method, with the sets that have fewest where these have fewer than others."""
    low, high = int(of.min()), int(of.max())
    return str(low) if low == high else f"{low} ({', '.join(of.index[of == low])}) to {high}"


def one_seed_in_words(rows: pd.DataFrame) -> str:
    """Name the methods that draw random numbers and have one seed, on all sets or on some.

    Returns
    -------
    str
        Markdown; empty where none has.
    """
    everywhere, somewhere = [], []
    for method, of in _seeds_by_set(rows).iterrows():
        alone = of.index[of == 1]
        if method not in METHODS or not METHODS[method].stochastic or not len(alone):
            continue
        if len(alone) == of.notna().sum():
            everywhere.append(label(method))
        else:
            somewhere.append(f"{label(method)} on {', '.join(f'*{name}*' for name in alone)}")
    parts = [", ".join(everywhere)] * bool(everywhere) + somewhere
    if not parts:
        return ""
    start = "Of the methods that draw random numbers these have one seed, so how far seeds move their scores is not known"
    return f"{start}: {'; '.join(parts)}."
