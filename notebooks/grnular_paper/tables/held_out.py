"""Tables of hESC against curated and ChIP networks.

Parameters
----------
rows : DataFrame
    Rows of the record ``held_out``.
methods : sequence of str
    In the order of equal scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.plotting.style import label
from grnular_paper.more_networks import CHIP, CURATED, KINDS
from grnular_paper.more_runs import BEELINE_LIST
from grnular_paper.tables.more_cells import CONTROLS, OTHERS, RATIO, SHOWN

FITTED = "grnular-curated"


def network_means(rows: pd.DataFrame, value: str = RATIO) -> pd.DataFrame:
    """Mean over seeds of every method on every network, by BEELINE's list of TFs.

    Parameters
    ----------
    value : str
        Column to average.

    Returns
    -------
    DataFrame, shape (methods, networks)
    """
    chosen = rows[rows["tf_list"] == BEELINE_LIST]
    return chosen.pivot_table(index="method", columns="network", values=value, aggfunc="mean")


def kind_means(means: pd.DataFrame, kind: str) -> pd.Series:
    """Geometric mean over the networks of one kind.

    Parameters
    ----------
    means : DataFrame, shape (methods, networks)
        Of ``network_means``.
    kind : str
        A value of ``more_networks.KINDS``.

    Returns
    -------
    Series
        By method.
    """
    of = means[[name for name in means if KINDS[str(name)] == kind]]
    with np.errstate(divide="ignore"):
        return np.exp(np.log(of).mean(axis=1))


def held_out_table(rows: pd.DataFrame, methods: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Compare methods, the best on curated networks first.

    Returns
    -------
    DataFrame
        AUPRC over density with its interval over TFs by curated network; geometric means over curated networks, over these
        with targets that are no TFs, and over ChIP networks.
    """
    means, low, high = (network_means(rows, value) for value in (RATIO, "low", "high"))
    curated, chip = (kind_means(means, kind) for kind in (CURATED, CHIP))
    others = kind_means(network_means(rows, OTHERS), CURATED)
    order = curated.reindex([name for name in methods if name in curated]).sort_values(ascending=False, kind="stable").index
    networks = [name for name, kind in KINDS.items() if kind == CURATED and name in means]
    lines = [
        {
            "method": label(name),
            "curated": f"{curated[name]:.2f}",
            **{n: f"{means.loc[name, n]:.2f} [{low.loc[name, n]:.2f}, {high.loc[name, n]:.2f}]" for n in networks},
            "targets no TFs": f"{others[name]:.2f}",
            "ChIP": f"{chip[name]:.2f}",
        }
        for name in order
    ]
    return pd.DataFrame(lines)


def held_out_numbers(rows: pd.DataFrame) -> dict[str, float | int | str]:
    """Numbers of the sentences on hESC.

    Returns
    -------
    dict of str to float, int or str
        ``held_<method>``, ``held_others_<method>`` and ``held_chip_<method>``: geometric means over curated networks, over
        these with targets that are no TFs, and over ChIP networks; ``held_first``: the best method that infers, in words,
        with its ``held_first_ratio``; ``held_place``: the place of GRNULar-curated among the ``held_methods`` that infer;
        ``held_control``: the best control, in words, with its ``held_control_ratio``. Empty of no rows.
    """
    if rows.empty:
        return {}
    means = network_means(rows)
    curated, chip = (kind_means(means, kind) for kind in (CURATED, CHIP))
    others = kind_means(network_means(rows, OTHERS), CURATED)
    inferring = curated.drop([name for name in CONTROLS if name in curated]).sort_values(ascending=False)
    control = curated[[name for name in CONTROLS if name in curated]].idxmax()
    return {
        **{f"held_{name}": float(value) for name, value in curated.items()},
        **{f"held_chip_{name}": float(value) for name, value in chip.items()},
        **{f"held_others_{name}": float(value) for name, value in others.items()},
        "held_first": label(inferring.index[0]), "held_place": list(inferring.index).index(FITTED) + 1,
        "held_methods": len(inferring), "held_first_ratio": float(inferring.iloc[0]),
        "held_control": label(control), "held_control_ratio": float(curated[control]),
    }  # fmt: skip
