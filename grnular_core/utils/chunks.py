"""Finished parts of a long computation, kept on disk so that a killed run can resume."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grnular_core.utils.files import atomic_write


def fingerprint(expression: np.ndarray, genes: Sequence[str], tfs: Sequence[str]) -> str:
    """Fingerprint of a dataset, independent of the order of its columns.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
        Values count in single precision, as trees see them, so that the last digit of a parsed
        number has no effect.
    genes, tfs : sequence of str
        Names of the columns, and of the genes that may regulate.

    Returns
    -------
    str
        Twelve hex digits.
    """
    order = np.argsort(np.asarray(genes, dtype=str))
    digest = hashlib.sha256()
    digest.update("\n".join(np.asarray(genes, dtype=str)[order]).encode())
    digest.update("\t".join(sorted(tfs)).encode())
    digest.update(np.ascontiguousarray(expression[:, order], dtype="<f4").tobytes())
    return digest.hexdigest()[:12]


class PartStore:
    """Numbered arrays under ``folder/name``, each with the CPU seconds it took.

    A part is there whole or not at all; one that a failing disk has damaged counts as missing. Parts
    stay until whoever records the result removes them (``clear_parts``), so that a run that ends
    before that leaves them to the next one.

    Parameters
    ----------
    folder : str or Path
        Where the parts of many computations may lie.
    name : str
        Identifies the computation (data, method, seed), so that parts of another one are never
        mixed in.
    """

    def __init__(self, folder: str | Path, name: str) -> None:
        self.folder = Path(folder) / name

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:05d}.npz"

    def find(self, index: int) -> tuple[np.ndarray, float] | None:
        """Read the part of that number.

        Parameters
        ----------
        index : int
            From 0.

        Returns
        -------
        tuple of ndarray and float, or None
            The array and its CPU seconds; None where it is missing or damaged.
        """
        try:
            with np.load(self._path(index), allow_pickle=False) as part:
                return part["block"], float(part["cpu_seconds"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
            return None

    def save(self, index: int, block: np.ndarray, cpu_seconds: float) -> None:
        """Keep a part.

        Parameters
        ----------
        index : int
            From 0; an older part of that number is replaced.
        block : ndarray
        cpu_seconds : float

        Raises
        ------
        WriteError
            For a full disk or missing rights.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._path(index)) as part, open(part, "wb") as stream:
            np.savez(stream, block=block, cpu_seconds=cpu_seconds)
