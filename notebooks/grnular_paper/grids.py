"""The grids of the paper's synthetic experiments: which points there are, how many graphs each gets.

Fig. 4 varies cells and cell types without technical noise, Figs 5 and 6 cells and dropout, Fig. 7 is
SERGIO's DS1-DS3. A point is a preset with sizes; a curve is a method, with or without the list of TFs.
Methods without training see as many graphs as the trained ones where they are quick; trees that may
choose among all genes take hours on thousands of cells, and see few graphs there. A method with tuned settings
has the points and graphs of the one with its package's own. Some methods are no curves: they see
graphs of the points that stand for an experiment where all methods are compared.

Parameters
----------
experiment : str
    "clean", "noisy" or "ds".
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from grnular_core.scoring.statistics import MIN_UNITS
from grnular_paper.records import Record
from grnular_paper.synthetic import SyntheticTask, TFInformation

CELLS = (100, 500, 1000, 5000, 10000)
CELL_TYPES = (2, 5, 10)
DROPOUTS = (25, 50, 75)
N_GRAPHS = {"clean": 50, "noisy": 50, "ds": 15}  # at most, as in the paper

WITHOUT_TFS = ("glasso", "grnboost2", "glad")
WITH_TFS = ("grnboost2", "glad-tf", "grnular", "grnular-context", "correlation", "clr", "ridge", "tigress")
DS_WITH_TFS = (*WITH_TFS, "genie3")
SLOW = ("glasso", "grnboost2", "genie3", "tigress", "regdiffusion", "grnboost2-tuned", "genie3-tuned", "tigress-tuned")
TUNED = "-tuned"  # behind the name of a method, with settings chosen on validation graphs
TUNED_WITHOUT_TFS = ("glasso-tuned",)
TUNED_WITH_TFS = ("grnboost2-tuned", "genie3-tuned", "ridge-tuned", "tigress-tuned")
STANDS = (1000, 5)  # cells and cell types of the points that stand for "clean" and "noisy"; all of DS1-DS3 do
# Graphs of these points for methods that are no curve: at the points, and of each of DS1-DS3.
COMPARED = {
    "grnular-cells": (20, MIN_UNITS), "grnular-curated": (20, MIN_UNITS), "within-clusters": (20, MIN_UNITS),
    "regdiffusion": (10, MIN_UNITS),
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One setting of an experiment; a DS dataset has its own sizes."""

    preset: str  # name of the preset
    n_cells: int | None = None  # cells and cell types; by default the preset's own
    n_types: int | None = None

    def task(self, method: str, replicate: int = 0, tf_information: TFInformation = "with") -> SyntheticTask:
        """A method on one test graph of the point.

        Parameters
        ----------
        method : str
        replicate : int
            Number of the test graph.
        tf_information : str
            "with" or "without" the list of TFs.

        Returns
        -------
        SyntheticTask
        """
        return SyntheticTask(self.preset, method, replicate, 0, self.n_cells, self.n_types, tf_information)


def points(
    experiment: str,
    cells: Sequence[int] = CELLS,
    cell_types: Sequence[int] = CELL_TYPES,
    dropouts: Sequence[int] = DROPOUTS,
) -> list[Point]:
    """All points of the experiment "clean", "noisy" or "ds", panel by panel.

    Parameters
    ----------
    cells : sequence of int
        Numbers of cells of "clean" and "noisy".
    cell_types : sequence of int
        Numbers of cell types of "clean".
    dropouts : sequence of int
        Dropout percentiles of "noisy".

    Returns
    -------
    list of Point
        In the order of panels.
    """
    if experiment == "clean":
        return [Point("clean", m, c) for c in cell_types for m in cells]
    if experiment == "noisy":
        return [Point(f"noisy({q})", m, 5) for q in dropouts for m in cells]
    return [Point(name) for name in ("DS1", "DS2", "DS3")]


def _curves(experiment: str) -> list[tuple[str, TFInformation]]:
    """The methods of an experiment, each with or without the list of TFs."""
    known = DS_WITH_TFS if experiment == "ds" else WITH_TFS
    return [(m, "without") for m in WITHOUT_TFS] + [(m, "with") for m in known]


def _tuned_curves() -> list[tuple[str, TFInformation]]:
    """The methods with tuned settings, each with or without the list of TFs."""
    return [(m, "without") for m in TUNED_WITHOUT_TFS] + [(m, "with") for m in TUNED_WITH_TFS]


def _compared(point: Point) -> list[SyntheticTask]:
    """Runs of the methods that are no curve, at the points that stand for their experiment."""
    if (point.n_cells, point.n_types) not in ((None, None), STANDS):
        return []
    of_ds = point.n_cells is None
    return [point.task(method, r) for method, graphs in COMPARED.items() for r in range(graphs[of_ds])]


def all_curves(experiment: str) -> list[tuple[str, TFInformation]]:
    """The methods of an experiment, each with or without the list of TFs, a tuned method behind its own.

    Returns
    -------
    list of (str, str)
        Method, and "with" or "without".
    """
    tuned = _tuned_curves()
    beside = [(curve, (curve[0] + TUNED, curve[1])) for curve in _curves(experiment)]
    return [c for pair in beside for c in pair if c in tuned or c == pair[0]]


def _n_graphs(method: str, tf_information: TFInformation, point: Point) -> int:
    """How many test graphs a full run gives to a point of a curve."""
    if point.preset.startswith("DS"):
        return _ds_graphs(method, tf_information, point.preset)
    method = method.removesuffix(TUNED)
    few_cells, most = (point.n_cells or 0) <= 1000, N_GRAPHS["clean"]
    if method == "tigress":
        return 10
    if method == "glasso":
        return most if few_cells else 10
    if method != "grnboost2":
        return most
    if tf_information == "with":
        return most if few_cells else 10
    return {100: 20, 500: 20, 1000: 10, 5000: 3, 10000: 2}.get(point.n_cells or 0, 2)


def _ds_graphs(method: str, tf_information: TFInformation, dataset: str) -> int:
    """DS2 and DS3 have 400 and 1,200 genes: what grows with their square or cube is run less."""
    most = N_GRAPHS["ds"]
    size = ("DS1", "DS2", "DS3").index(dataset)
    if method == f"grnboost2{TUNED}":
        return (most, most, MIN_UNITS)[size]  # its trees split once or twice
    method = method.removesuffix(TUNED)
    if method == "genie3":
        return (most, 3, 1)[size]
    if method == "grnular":
        return (most, most, MIN_UNITS)[size]
    if method == "grnboost2":
        return (most, most, 3)[size] if tf_information == "with" else (most, 3, 1)[size]
    return most


def _least_graphs(method: str, tf_information: TFInformation, point: Point) -> int:
    """How many of them are run first: with these recorded, a curve is complete enough for a verdict."""
    planned = _n_graphs(method, tf_information, point)
    if method == "grnular" and (point.n_cells or 0) > 1000:
        return MIN_UNITS
    if method.removesuffix(TUNED) != "grnboost2" or point.n_cells is None:
        return planned
    if tf_information == "with":
        return min(planned, 20 if point.n_cells <= 1000 else 5)
    return min(planned, {100: 10, 500: 10, 1000: 3}.get(point.n_cells, 1))


def full_tasks(experiment: str) -> list[SyntheticTask]:
    """Every run of the full grid, in the order to run.

    Quick methods, then the slow ones, the fewest graphs of every point before the rest, and few cells
    before many. All quick methods of a dataset follow each other, so that it is simulated once.

    Returns
    -------
    list of SyntheticTask
        In the order to run.
    """
    quick: list[SyntheticTask] = []
    slow: list[tuple[bool, float, int, SyntheticTask]] = []
    for point in points(experiment):
        of_point: dict[int, list[SyntheticTask]] = {}
        for method, known in all_curves(experiment):
            wanted = [point.task(method, r, known) for r in range(_n_graphs(method, known, point))]
            if method in SLOW:
                least = _least_graphs(method, known, point)
                slow += [(task.replicate >= least, *_effort(task), task) for task in wanted]
            else:
                for task in wanted:
                    of_point.setdefault(task.replicate, []).append(task)
        for task in _compared(point):
            if task.method in SLOW:
                slow.append((False, *_effort(task), task))
            else:
                of_point.setdefault(task.replicate, []).append(task)
        quick += [task for tasks in of_point.values() for task in tasks]
    return quick + [task for *_, task in sorted(slow, key=lambda entry: entry[:3])]


def _effort(task: SyntheticTask) -> tuple[float, int]:
    """A guess at how long a slow run takes, to have most points early."""
    cells = task.n_cells or 2700
    genes = {"DS1": 100, "DS2": 400, "DS3": 1200}.get(task.preset, 100)
    method = task.method.removesuffix(TUNED)
    per_cell = {"glasso": 0.0, "tigress": 0.01}.get(method, genes / 100)
    without = 5 if task.tf_information == "without" and per_cell else 1
    fixed = {100: 4.0, 400: 5.0, 1200: 40.0}[genes] if method == "glasso" else 0.0
    return fixed + 0.005 * cells * per_cell * without, task.replicate


def rows(experiment: str, folder: Path, extra: Collection[str] = ()) -> pd.DataFrame:
    """Recorded rows of the grid's points and curves, tuned ones too, in the order of the points.

    Parameters
    ----------
    extra : collection of str
        Methods that are no curve, with the list of TFs.

    Returns
    -------
    DataFrame
        Three columns say where a row is drawn: ``panel`` (the number of cell types or the dropout percentile;
        0 for DS1-DS3), ``place`` on the axis (the number of cells, or the name of the dataset), and
        ``point``, both in words; ``unit`` is the network (``networks``).
    """
    keys = [point.task("correlation").key() for point in points(experiment)]
    there = pd.DataFrame([_place(experiment, key) for key in keys])
    columns = ["dataset", "cells", "cell_types"]
    there = there.assign(order=range(len(there)))
    table = Record(experiment, folder).rows().merge(there, on=columns)
    curve = pd.Index([*all_curves(experiment), *((method, "with") for method in extra)])
    table = table[pd.MultiIndex.from_frame(table[["method", "tf_information"]]).isin(curve)]
    table = table.sort_values("order", kind="stable").drop(columns="order").reset_index(drop=True)
    return table.assign(unit=networks(table))


def at(point: Point, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one point.

    Parameters
    ----------
    point : Point
    rows : DataFrame
        Of ``rows``.

    Returns
    -------
    DataFrame
    """
    names = ["dataset", "cells", "cell_types"]
    key = point.task("correlation").key()
    return rows[(rows[names] == [str(key[name]) for name in names]).all(axis=1)]


def networks(rows: pd.DataFrame) -> pd.Series:
    """The simulated network that each row is of.

    Replicates of one number are one network at all points of "clean" and "noisy"; DS1, DS2 and DS3 are a
    network each, of which their replicates are simulations anew.

    Parameters
    ----------
    rows : DataFrame
        ``dataset`` and ``replicate``.

    Returns
    -------
    Series of str
        A name a row.
    """
    numbered = "network " + rows["replicate"].astype(str)
    return rows["dataset"].where(rows["dataset"].str.startswith("DS"), numbered)


def _place(experiment: str, key: dict[str, object]) -> dict[str, object]:
    """A point's columns in the record, and where it is drawn."""
    place = {column: str(key[column]) for column in ("dataset", "cells", "cell_types")}
    cells, types, lost = key["cells"], key["cell_types"], int(float(str(key["dropout_percentile"])))
    if experiment == "ds":
        return place | {"panel": 0, "place": key["dataset"], "point": key["dataset"]}
    words = f"C = {types}" if experiment == "clean" else f"{lost} %"
    panel = types if experiment == "clean" else lost
    return place | {"panel": panel, "place": cells, "point": f"{words}, M = {cells}"}


def missing(experiment: str, folder: Path, planned: Callable[[str, TFInformation, Point], int] = _n_graphs) -> pd.DataFrame:
    """Points of curves with fewer rows than planned; methods with tuned settings are left out.

    Parameters
    ----------
    planned : callable
        Graphs of a point: of a full run, or as many as a curve needs for a verdict.

    Returns
    -------
    DataFrame
        ``method, tf_information, dataset, cells, cell_types, rows, planned``.
    """
    have = rows(experiment, folder).groupby(["method", "tf_information", "dataset", "cells", "cell_types"])  # fmt: skip
    counts = have.size()
    lines = []
    for point in points(experiment):
        for method, known in _curves(experiment):
            key = point.task(method).key()
            place = (method, known, *(str(key[c]) for c in ("dataset", "cells", "cell_types")))
            found, wanted = int(counts.get(place, 0)), planned(method, known, point)
            if found < wanted:
                lines.append((*place, found, wanted))
    names = ["method", "tf_information", "dataset", "cells", "cell_types", "rows", "planned"]
    return pd.DataFrame(lines, columns=names)
