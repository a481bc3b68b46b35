"""What the loop of ``runs`` needs to know of a run, whatever it computes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

Rows = list[dict[str, object]]


class Task(ABC):
    """A run: a method on a dataset, a trained variant, a setting of a competing method, or a timing."""

    experiment: str  # the record that its rows belong to

    @property
    @abstractmethod
    def label(self) -> str:
        """Names the run and no other one."""

    @property
    def data(self) -> object:
        """Tasks that follow each other with equal ``data`` share their input and one process; by default none do."""
        return self.label

    def identities(self) -> list[Mapping[str, object]]:
        """For each row that the run gives, the columns by which it is found recorded.

        Returns
        -------
        list of dict
            Names of columns and their values. One stands for all where rows are recorded together or not at all.
        """
        return self._identities()

    def run(self, *, device: str = "cpu", n_jobs: int = -1, parts: Path | None = None) -> Rows | dict[str, Rows]:
        """The rows, without provenance; of several records by their names.

        Parameters
        ----------
        device : str
            Where torch runs.
        n_jobs : int
            Processes of a run; -1 for all cores.
        parts : Path, optional
            A folder where long runs keep finished parts.

        Returns
        -------
        list of dict, or dict of str to list
            Rows, or rows by name of the record.
        """
        return self._run(device, n_jobs, parts)

    @abstractmethod
    def _identities(self) -> list[Mapping[str, object]]: ...

    @abstractmethod
    def _run(self, device: str, n_jobs: int, parts: Path | None) -> Rows | dict[str, Rows]: ...
