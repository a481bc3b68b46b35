"""Input and output of every method, and its entry in the registry."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse

from grnular_core.data.blocks import Matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.resources import Law, Memory
from grnular_core.utils.chunks import PartStore, fingerprint
from grnular_core.utils.errors import MethodError

Progress = Callable[[int, int], None]
Precision = Literal["single", "double"]
GRNULAR_KINDS = ("grnular", "grnular-base")


class Scores(NamedTuple):
    """Output of a method."""

    weight: np.ndarray  # (tfs, genes), at least 0; 0 means no edge
    sign: np.ndarray  # (tfs, genes), 1 activates, -1 represses, 0 unknown
    # From methods that work in other processes, where the caller's clock of CPU time does not reach.
    cpu_seconds: float | None = None
    weights_digest: str = ""  # ``TrainedModel.digest`` of the trained model, "" where there is none


@dataclass(frozen=True)
class RunOptions:
    """How to run a method: everything that is not the data.

    Parameters
    ----------
    seed : int
        Of all that the method draws.
    device : {"auto", "cpu", "cuda"}
        Where models run.
    n_jobs : int
        Processes or threads of methods that fit gene by gene; -1: one for each core.
    progress : callable, optional
        Called with (done, all) while a long method runs.
    parts : Path, optional
        Folder where long methods keep finished parts, to resume after a kill.
    weights : str or Path, optional
        Name or file of trained weights in place of the method's default ones.
    precision : {"single", "double"}, optional
        Of an unrolled model; None is the method's own (``Method.precision``).
    trained_like : str
        Simulations like the data, which choose the settings of a tuned method, one of ``tuned.RANGES``.
    """

    seed: int = 0
    device: str = "auto"
    n_jobs: int = -1
    progress: Progress | None = None
    parts: Path | None = None
    weights: str | Path | None = None
    precision: Precision | None = None
    trained_like: str = "noisy"


@dataclass(frozen=True)
class MethodInput:
    """A dataset as methods see it: genes sorted by name, TFs as positions among them."""

    data: GRNDataset  # the dataset itself
    genes: list[str]  # sorted, so that no result depends on the order of columns
    tfs: list[str]
    tf_index: np.ndarray  # (tfs,), positions of the TFs among the genes

    @classmethod
    def of(cls, data: GRNDataset) -> MethodInput:
        """Sort the genes and TFs of a dataset.

        Parameters
        ----------
        data : GRNDataset

        Returns
        -------
        MethodInput
        """
        genes, tfs = sorted(data.genes), sorted(data.tfs)
        position = {gene: i for i, gene in enumerate(genes)}
        return cls(data, genes, tfs, np.array([position[tf] for tf in tfs], dtype=int))

    @cached_property
    def expression(self) -> np.ndarray:
        """Expression (cells, genes), dense float64; made when a method first asks for it."""
        return self.data.expression(self.genes)

    @cached_property
    def matrix(self) -> Matrix:
        """Expression (cells, genes), dense or csr as the dataset has it; csr values are not copied."""
        stored, columns = self.data.adata.X, self.data.adata.var_names.get_indexer(self.genes)
        if np.array_equal(columns, np.arange(len(columns))):
            return stored
        if not sparse.issparse(stored):
            return stored[:, columns]
        place = np.argsort(columns).astype(stored.indices.dtype)
        return sparse.csr_matrix((stored.data, place[stored.indices], stored.indptr), stored.shape)

    def part_store(self, label: str, options: RunOptions) -> PartStore | None:
        """Where finished parts of this very computation are kept; None where none are.

        Parameters
        ----------
        label : str
            The method, as it stands in the store's name.
        options : RunOptions
            Folder and seed.

        Returns
        -------
        PartStore or None
        """
        if options.parts is None:
            return None
        data = fingerprint(self.expression, self.genes, self.tfs)
        return PartStore(options.parts, f"{label}-seed{options.seed}-{data}")


ScoresOf = Callable[[MethodInput, RunOptions], Scores]


class OptionalPackage(NamedTuple):
    """A package that a method runs and that need not be installed."""

    module: str  # name of the module
    requirement: str  # requirement as pip takes it
    extra: str  # the extra of this package that brings it

    def load(self) -> Any:
        """Import the module.

        Returns
        -------
        module

        Raises
        ------
        MethodError
            When it cannot be imported; the message names the command that installs it.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return import_module(self.module)
        except ImportError as error:
            raise MethodError(
                f"the package {self.module.split('.')[0]}, which this method runs, cannot be imported ({error}). "
                f"It is optional: python -m pip install '{self.requirement}', or the extra [{self.extra}] of grnular-core"
            ) from error


ARBORETO = OptionalPackage("arboreto.core", "arboreto>=0.1.6,<0.2", "trees")
REGDIFFUSION = OptionalPackage("regdiffusion", "regdiffusion>=0.2.3,<0.3", "regdiffusion")


@dataclass(frozen=True)
class Method:
    """One entry of the registry: all that the package knows of a method.

    Figures, the command line, the checks of memory and weights, and the paper's record read it here.
    """

    name: str
    label: str  # in figures and tables
    colour: str
    description: str
    scores: ScoresOf
    marker: str = "p"  # of its line in figures
    cost: Literal["seconds", "minutes", "hours"] = "seconds"  # for 1,000 genes and 400 cells, near a minute minutes
    stochastic: bool = False
    uses_device: bool = False  # runs on a GPU where there is one
    needs_truth: bool = False  # the reference network
    package: OptionalPackage | None = None
    precision: Precision = "single"  # default of an unrolled model
    model: str = ""  # the unrolled model that it runs, one of ``recipes.MODELS``
    # default weights: one for all data, or one for data without technical noise and one for data with it
    weights: tuple[str, ...] = ()
    # as in the paper, other weights for SERGIO's datasets and for real cells: this name with -DS1, -DS2
    range_weights: str = ""
    memory: Memory = field(default_factory=Memory)
    law: Law | None = None  # (cells, genes, TFs) -> CPU seconds
    shares_cores: bool = False  # ``law`` is for one core, and n_jobs divide it
    joins: tuple[Method, ...] = ()  # methods whose scores it joins, and whose times it takes
    states_precision: bool = False  # by its weights, as ``curated.expected_precision`` does
    evidence: str = ""  # what it is for, and the comparison that says so

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of models whose weights it takes; none where it takes no weights.

        Algorithms 1 and 2 learn the same parts, so each takes the weights of both.
        """
        if not self.weights:
            return ()
        return GRNULAR_KINDS if self.model in GRNULAR_KINDS else (self.model,)

    def papers_weights(self, trained_like: str) -> str | None:
        """Name of the weights of the paper's model for SERGIO's datasets and for real cells.

        The paper trains anew for both, on random networks in the range of DS1 and of DS2 (sections 3.3 and 3.4).

        Parameters
        ----------
        trained_like : {"DS1", "DS2"}

        Returns
        -------
        str or None
            None where the method has the same weights for all data, or none.
        """
        return f"{self.range_weights}-{trained_like}" if self.range_weights else None
