"""Runs on simulated data: a method on one replicate of a preset, with or without the list of TFs.

A replicate is one test graph; its seed is never used for training or validation. All methods of a
replicate see the same cells, so they can be compared in pairs. Genes that show no expression count:
their edges are among the candidates, and a method that cannot see them scores 0 there.

Parameters
----------
name : str
    Name of a preset.
method : str
    Name in the registry of methods.
replicate : int
    Number of the test graph.
n_cells, n_types : int, optional
    Cells and cell types; by default those of the preset.
tf_information : str
    "with" or "without" the list of TFs.
simulation : Simulation
    Cells and the network behind them.
device : str
    Where torch runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import Inference, RunOptions, method, run_method
from grnular_core.simulation.simulate import (
    Simulation,
    preset,
    simulate,
    simulated_anndata,
    simulated_dataset,
    tf_names,
    truth_table,
)
from grnular_core.training.batches import first_seed
from grnular_core.utils.errors import InputError
from grnular_paper.records import SCORES, row_scores
from grnular_paper.tasks import Task

TFInformation = Literal["with", "without"]


@dataclass(frozen=True)
class SyntheticTask(Task):
    """One method on one replicate of a preset."""

    preset: str  # name of the preset
    method: str  # name in the registry of methods
    replicate: int  # number of the test graph
    seed: int = 0  # of the method
    n_cells: int | None = None  # cells and cell types; by default those of the preset
    n_types: int | None = None
    tf_information: TFInformation = "with"  # "with" or "without" the list of TFs

    @property
    def label(self) -> str:
        """The run in words."""
        key = self.key()
        return (
            f"{self.method} {self.tf_information} TFs on {self.preset}, {key['cells']} cells of "
            f"{key['cell_types']} types, replicate {self.replicate}, seed {self.seed}"
        )

    @property
    def experiment(self) -> str:
        """The record it belongs to."""
        return {"c": "clean", "n": "noisy", "D": "ds"}[self.preset[0]]

    @property
    def data(self) -> object:
        """Which cells it sees."""
        return self.preset, self.replicate, self.n_cells, self.n_types

    def key(self) -> dict[str, object]:
        """The row's key in the record.

        Returns
        -------
        dict of str to object
            Columns that say which run the row is of.
        """
        return _point_key(self.preset, self.n_cells, self.n_types) | {
            "replicate": self.replicate,
            "method": self.method,
            "tf_information": self.tf_information,
            "seed": self.seed,
        }

    def _identities(self) -> list[Mapping[str, object]]:
        """A run is one row."""
        key = self.key()
        names = ("dataset", "cells", "cell_types", "replicate", "method", "tf_information", "seed")
        return [{name: key[name] for name in names}]

    def _run(self, device: str, n_jobs: int, parts: Path | None) -> list[dict[str, object]]:
        """Infer one network and score it: one row of the record, see ``run_on``."""
        simulation = replicate_of(*self.data)
        like = {"ds": "DS1"}.get(self.experiment, self.experiment)
        weights = method(self.method).papers_weights(like) if like == "DS1" else None
        options = RunOptions(self.seed, device, n_jobs, None, parts, weights, trained_like=like)
        found = run_on(simulation, self.method, options, self.tf_information)
        ran_on = device if method(self.method).uses_device else "cpu"
        return [{**self.key(), **score_simulation(simulation, found, ran_on)}]


def _point_key(name: str, n_cells: int | None = None, n_types: int | None = None) -> dict[str, object]:  # fmt: skip
    """The columns of the record's key that say which simulated data a row is of."""
    settings = preset(name, n_cells=n_cells, n_types=n_types)
    dropout = settings.technical.dropout
    return {
        "dataset": name,
        "network": "simulated",
        "genes": settings.graph.n_genes,
        "cells": settings.kinetics.n_cells,
        "cell_types": settings.kinetics.n_types,
        "dropout_percentile": dropout[1] if dropout else 0.0,
    }


def graph_row(
    name: str, method: str, replicate: int, density: float, auprc: float | None, auroc: float | None
) -> dict[str, object]:
    """A graph of a preset by the strict protocol alone, with the TF list; None where there is no score.

    Parameters
    ----------
    density : float
        Share of true edges among the candidates.
    auprc, auroc : float, optional
        By the strict protocol.

    Returns
    -------
    dict of str to object
        Columns of the record, without times and provenance.
    """
    ratio = None if auprc is None else auprc / density
    return dict.fromkeys(SCORES) | _point_key(name) | {
        "replicate": replicate, "method": method, "tf_information": "with", "seed": 0,
        "density": density, "strict_auprc": auprc, "strict_auprc_ratio": ratio, "strict_auroc": auroc,
    }  # fmt: skip


@lru_cache(maxsize=4)
def replicate_of(name: str, replicate: int, n_cells: int | None = None, n_types: int | None = None) -> Simulation:
    """The simulated test data of one replicate of a preset.

    Returns
    -------
    Simulation
    """
    return simulate(preset(name, n_cells=n_cells, n_types=n_types), first_seed("test") + replicate)


def as_dataset(simulation: Simulation, tf_information: TFInformation = "with") -> GRNDataset:
    """A simulation as methods see it: silent genes are dropped, as from a user's file.

    Without TF information every gene is listed as a possible regulator.

    Returns
    -------
    GRNDataset
        Expression and TFs of the genes that are expressed.

    Raises
    ------
    InputError
        When noise has left too little: no TF, no true edge or fewer than two genes.
    """
    if tf_information == "with":
        return simulated_dataset(simulation)
    return make_dataset(simulated_anndata(simulation), None, name=simulation.name)


def run_on(simulation: Simulation, chosen: str, options: RunOptions, tf_information: TFInformation = "with") -> Inference:
    """Run a method on simulated cells; an empty network where noise has left no TF or no true edge to see.

    Parameters
    ----------
    chosen : str
        Name in the registry of methods.
    options : RunOptions

    Returns
    -------
    Inference
    """
    try:
        data = as_dataset(simulation, tf_information)
    except InputError:
        return Inference(edge_table(np.zeros((0, 0)), [], []), 0.0, 0.0)
    return run_method(data, chosen, options)


def score_simulation(simulation: Simulation, run: Inference, device: str) -> dict[str, object]:
    """Both protocols' numbers over all simulated genes, in the record's column names.

    Parameters
    ----------
    run : Inference

    Returns
    -------
    dict of str to object
        Result of ``row_scores``.
    """
    truth, tfs = truth_table(simulation), tf_names(simulation)
    return row_scores(run, truth, simulation.genes(), tfs, device, symmetric_truth=True)


def synthetic_tasks(
    presets: Sequence[str], methods: Sequence[str], replicates: Sequence[int], **settings: object
) -> list[SyntheticTask]:
    """All methods on all replicates; all methods of a replicate follow each other.

    Parameters
    ----------
    presets, methods : sequence of str
    replicates : sequence of int
        Numbers of test graphs.
    **settings : object
        Other fields of ``SyntheticTask``, the same for all.

    Returns
    -------
    list of SyntheticTask
        In the order to run.
    """
    return [
        SyntheticTask(name, chosen, replicate, **settings)
        for name in presets
        for replicate in replicates
        for chosen in methods
    ]
