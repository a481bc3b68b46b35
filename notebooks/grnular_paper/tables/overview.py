"""All methods on all experiments in one table: strict AUPRC over the density of true edges.

Parameters
----------
folder : Path
    The folder of recorded tables.
found : DataFrame
    Of ``overview``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from grnular_core.data.beeline import NETWORKS
from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import MIN_UNITS, mean_interval
from grnular_paper import grids
from grnular_paper.more_networks import CHIP, CURATED, KINDS
from grnular_paper.real_data import recorded_pairs
from grnular_paper.records import MORE_CELLS, Record
from grnular_paper.tables.more_cells import set_scores
from grnular_paper.trained_on import fitted_there, trained_there

CELLS = 1000  # of the simulated graphs shown
# In the order shown; what was not run on a setting is left out there.
METHODS = (
    "grnular", "grnular-context", "grnular-cells", "grnular-curated", "glad-tf", "glasso", "grnboost2", "genie3", "tigress",
    "regdiffusion", "ridge", "clr", "within-clusters", "correlation",
)  # fmt: skip
OURS = ("grnular-context", "grnular-cells", "grnular-curated")  # of this work
REAL = ("STRING", "ChIP, any cells", "ChIP, same cells")
BLOOD = ("mHSC-GM", "mHSC-L")  # two sets of blood stem cells, on which most methods are far above random against STRING
MORE = {CURATED: "curated networks", CHIP: "ChIP, more cells"}


class Setting(NamedTuple):
    """A panel: its title, the rows of the record behind it, and the column that numbers its units."""

    title: str
    rows: pd.DataFrame
    unit: str
    preset: str = ""  # of the simulator, behind simulated cells
    networks: tuple[str, ...] = ()  # reference networks of real cells

    def has_trained(self, method: str) -> bool:
        """Whether a method was trained on the distribution of the panel, or has a readout fitted on its networks.

        Parameters
        ----------
        method : str

        Returns
        -------
        bool
        """
        return trained_there(method, self.preset) if self.preset else fitted_there(method, self.networks)


def settings(folder: Path) -> list[Setting]:
    """The settings of Figs 4 to 8 that stand for the others, in the order of the paper, and more real cells.

    Returns
    -------
    list of Setting
        1,000 cells without noise and with each dropout (units: networks), DS1 to DS3 (units: noise replicates of one
        network), and real cells by kind of reference network (units: datasets): BEELINE's, then the eight sets of the page
        on more real cells, there the mean over the networks of a kind and GENIE3 with 100 trees. Methods have the settings
        of their packages on DS1 to DS3 and on real cells. GLASSO takes no list of TFs; the other methods have it.
    """
    clean, noisy, ds = (_listed(grids.rows(name, folder, grids.COMPARED)) for name in ("clean", "noisy", "ds"))
    real = recorded_pairs(folder)
    # Tuned settings were chosen on random networks, and mostly do worse than those of packages on other ones.
    ds, real = (rows[~rows["method"].str.endswith(grids.TUNED)] for rows in (ds, real))
    clean = clean[(clean["place"] == CELLS) & (clean["panel"] == 5)]
    found = [Setting("no noise", clean, "unit", "clean")]
    for dropout in grids.DROPOUTS:
        some = noisy[(noisy["place"] == CELLS) & (noisy["panel"] == dropout)]
        found.append(Setting(f"dropout {dropout} %", some, "unit", f"noisy({dropout})"))
    found += [Setting(name, ds[ds["place"] == name], "replicate", name) for name in ("DS1", "DS2", "DS3")]
    for network, title in zip(NETWORKS, REAL, strict=True):
        found.append(Setting(title, real[real["network"] == network], "dataset", networks=(network,)))
    more = Record(MORE_CELLS, folder).rows()
    # 1,000 trees were grown on one set alone, 100 on all.
    more = more[more["method"] != "genie3"].replace({"method": {"genie3-100": "genie3"}})
    for kind, title in MORE.items():
        scores = set_scores(more, kind, METHODS).rename_axis(columns="method")
        rows = scores.stack().rename("strict_auprc_ratio").reset_index()
        found.append(Setting(title, rows, "dataset", networks=tuple(name for name, of in KINDS.items() if of == kind)))
    return found


def _listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the list of TFs, and those of GLASSO."""
    return rows[(rows["tf_information"] == "with") | rows["method"].str.startswith("glasso")]


def overview(folder: Path) -> pd.DataFrame:
    """Geometric means of strict AUPRC over density, all methods on all settings.

    Returns
    -------
    DataFrame
        ``setting, method, ratio, low, high, units, n, trained_there``, over the networks or datasets that all methods of the
        setting have (``n``: how many of what, in words); a method's tuned rows where it has some there. The interval is
        Student's on the logarithm; NaN with fewer than ``MIN_UNITS`` units, and for DS1 to DS3, which are a network each.
    """
    lines = []
    for setting in settings(folder):
        title, rows, unit = setting[:3]
        there = set(rows["method"])
        names = {m: f"{m}{grids.TUNED}" if f"{m}{grids.TUNED}" in there else m for m in METHODS}
        wide = rows.pivot_table(index=unit, columns="method", values="strict_auprc_ratio")
        wide = wide[[name for name in names.values() if name in wide]]
        one_network = unit == "replicate"
        wide = wide if one_network else wide.dropna()
        for method, name in names.items():
            if name not in wide:
                continue
            values = wide[name][wide[name] > 0]
            spread = mean_interval(np.log(values))
            known = len(values) >= MIN_UNITS and not one_network
            noun = "networks" if unit == "unit" else "datasets"
            lines.append({
                "setting": title, "method": method, "ratio": float(np.exp(spread["mean"])),
                "low": float(np.exp(spread["low"])) if known else np.nan,
                "high": float(np.exp(spread["high"])) if known else np.nan, "units": len(values),
                "n": "1 network" if one_network else f"{len(values)} {noun}", "trained_there": setting.has_trained(method),
            })  # fmt: skip
    return pd.DataFrame(lines)


def without_blood(folder: Path) -> pd.Series:
    """Geometric means against STRING over the datasets of BEELINE other than ``BLOOD``.

    Returns
    -------
    Series
        Ratio to random by method, over the datasets that all methods have.
    """
    rows = next(of.rows for of in settings(folder) if of.title == REAL[0])
    rows = rows[rows["method"].isin(METHODS) & ~rows["dataset"].isin(BLOOD)]
    wide = rows.pivot_table(index="dataset", columns="method", values="strict_auprc_ratio")
    return np.exp(np.log(wide.dropna()).mean())


def against_string(folder: Path, methods: Sequence[str]) -> pd.DataFrame:
    """Strict AUPRC over density against STRING on the datasets of BEELINE that all of these methods have.

    Parameters
    ----------
    folder : Path
    methods : sequence of str
        Controls among them as well.

    Returns
    -------
    DataFrame
        A row a dataset, a column a method.
    """
    rows = next(of.rows for of in settings(folder) if of.title == REAL[0])
    return rows.pivot_table(index="dataset", columns="method", values="strict_auprc_ratio")[list(methods)].dropna()


def on_hesc(folder: Path) -> dict[str, float]:
    """What models, correlation and a control reach on hESC against STRING, where no model of this work was chosen.

    Returns
    -------
    dict of str to float
        ``hesc_<method>``: strict AUPRC over density.
    """
    names = ("grnular", "grnular-cells", "grnular-curated", "correlation", "regdiffusion", "target-is-tf")
    return {f"hesc_{name}": float(ratio) for name, ratio in against_string(folder, names).loc["hESC"].items()}


def best(found: pd.DataFrame, setting: str) -> pd.Series:
    """The best method of a setting.

    Parameters
    ----------
    setting : str
        Its title.

    Returns
    -------
    Series
    """
    rows = found[found["setting"] == setting]
    return rows.loc[rows["ratio"].idxmax()]


def main_numbers(folder: Path, titles: Mapping[str, str]) -> dict[str, float | str]:
    """Ratios of some settings, to be glued by the box that a page starts with.

    Parameters
    ----------
    titles : mapping of str to str
        Title of a setting -> the prefix of its numbers.

    Returns
    -------
    dict of str to float or str
        ``main_<prefix>_<method>`` for every method of the setting; ``_n``: over what, in words; ``_best`` names the
        method with the highest ratio among those that are not of this work, ``_best_ratio`` is its ratio.
    """
    found = overview(folder)
    numbers: dict[str, float | str] = {}
    for title, prefix in titles.items():
        rows = found[found["setting"] == title]
        numbers |= {f"main_{prefix}_{row.method}": row.ratio for row in rows.itertuples()}
        numbers[f"main_{prefix}_n"] = rows["n"].iloc[0]
        top = best(rows[~rows["method"].isin(OURS)], title)
        numbers |= {f"main_{prefix}_best": label(top["method"]), f"main_{prefix}_best_ratio": float(top["ratio"])}
    return numbers
