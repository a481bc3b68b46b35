"""What the three pages of simulated experiments have in common: their runs and the verdicts' words."""

from __future__ import annotations

import pandas as pd

from grnular_paper import grids
from grnular_paper.records import recorded_folder, work_folder
from grnular_paper.runs import cluster, run_missing


def run_full_grid(experiment: str, device: str, n_workers: int, scheduler: str) -> list[str]:
    """Run what is missing of an experiment's full grid and add its rows to the record.

    Parameters
    ----------
    experiment : str
        "clean", "noisy" or "ds".
    device : str
        Where torch runs.
    n_workers : int
        Runs side by side.
    scheduler : str
        Address of a Dask scheduler; empty: this machine alone.

    Returns
    -------
    list of str
        A line for each run that failed.
    """
    with cluster(scheduler):
        return run_missing(
            recorded_folder(), grids.full_tasks(experiment), device=device, n_jobs=1,
            n_workers=n_workers, parts=work_folder(),
        )  # fmt: skip


def on_record(recorded: pd.DataFrame, missing: pd.DataFrame) -> str:
    """How many runs are on record and how many are planned beyond them, as a sentence.

    Parameters
    ----------
    recorded : DataFrame
        Rows of an experiment, ``grids.rows``.
    missing : DataFrame
        Points with fewer ``rows`` than ``planned``, ``grids.missing``.

    Returns
    -------
    str
        One line.
    """
    left = int((missing["planned"] - missing["rows"]).sum())
    return f"{len(recorded)} recorded runs; {left} planned runs are missing."
