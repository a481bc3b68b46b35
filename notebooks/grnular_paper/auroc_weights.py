"""The models of the paper with the weights of their best epoch by AUROC, where that is another one than by AUPRC.

The paper keeps both and does not say which one a figure shows. Claims on AUROC take these.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from grnular_core.methods.registry import RunOptions
from grnular_paper import grids
from grnular_paper.records import recorded_table, write_table
from grnular_paper.synthetic import SyntheticTask, replicate_of, run_on, score_simulation

TABLE = "auroc_weights"
WEIGHTS = {"grnular": "grnular-noisy-auroc", "glad-tf": "glad-tf-noisy-auroc"}
KEY = ["dataset", "cells", "cell_types", "replicate", "method"]
SCORES = ["strict_auroc", "paper_auroc"]


def score_with(task: SyntheticTask, weights: str | Path) -> dict[str, object]:
    """Score one run under dropout with given weights.

    Parameters
    ----------
    task : SyntheticTask
        Which cells and which method.
    weights : str or Path
        As ``read_trained`` takes them.

    Returns
    -------
    dict of str to object
        The columns ``KEY`` and ``SCORES``, and ``weights``, their hash.
    """
    simulation = replicate_of(*task.data)
    run = run_on(simulation, task.method, RunOptions(task.seed, "cpu", weights=weights))
    row = {**task.key(), **score_simulation(simulation, run, "cpu")}
    return {name: row[name] for name in (*KEY, *SCORES, "weights")}


def with_auroc_weights(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Put the AUROC of these weights in place of that of the others.

    Parameters
    ----------
    rows : DataFrame
        ``grids.rows`` of dropout.

    Returns
    -------
    DataFrame
        The same rows; those that are not recorded with these weights as they were.
    """
    found = recorded_table(folder, TABLE)
    if found.empty:
        return rows
    found = found.astype({name: str for name in KEY}).set_index(KEY)[SCORES].astype(float)
    there = pd.MultiIndex.from_frame(rows[KEY].astype(str))
    new = found.reindex(there).set_index(rows.index)
    known = rows["tf_information"] == "with"
    return rows.assign(**{name: new[name].where(known).fillna(rows[name]) for name in SCORES})


if __name__ == "__main__":  # every run of the figures on dropout again
    tasks = [task for task in grids.full_tasks("noisy") if task.method in WEIGHTS and task.tf_information == "with"]
    write_table(TABLE, pd.DataFrame([score_with(task, WEIGHTS[task.method]) for task in tasks]))
