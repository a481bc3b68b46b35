"""The record of runs: one csv file an experiment, one row a (data, method, seed).

Files are small, sorted and diffable. A row is written with its provenance as soon as it is
computed: under a lock the file is read again, the row added, and the file replaced whole. So a
kill at any moment leaves the file as it was or with the row, and two processes lose nothing.
``weights`` are the first ten digits of the hash of the trained parameters that made a row (empty: none,
or a row of before this was kept), ``environment`` the versions of what computed it.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError, atomic_write, place
from grnular_core.utils.provenance import package_commit, repository
from grnular_paper import environments

KEY = (
    "experiment", "dataset", "network", "genes", "cells", "cell_types", "dropout_percentile",
    "replicate", "method", "tf_information", "seed",
)  # fmt: skip
VALUES = (
    "density", "strict_auprc", "strict_auprc_ratio", "strict_auroc", "strict_epr", "paper_auprc",
    "paper_auroc", "paper_floor_auroc", "seconds", "cpu_seconds", "device", "weights", "commit", "environment",
)  # fmt: skip
COLUMNS = KEY + VALUES
OPTIONAL = ("regdiffusion",)  # methods that run a package of their name
TEXTS = ("device", "weights", "commit", "environment")
EXPERIMENTS = ("clean", "noisy", "ds", "beeline", "runtimes", "ablations", "tuning")
LOCK_SECONDS = 60


class Record:
    """The rows of one experiment in ``folder/<experiment>.csv``."""

    def __init__(self, experiment: str, folder: str | Path) -> None:
        if experiment not in EXPERIMENTS:
            raise InputError(
                f"unknown experiment {experiment!r}; expected one of {', '.join(EXPERIMENTS)}"
            )
        self.experiment = experiment
        self.path = Path(folder) / f"{experiment}.csv"

    def rows(self) -> pd.DataFrame:
        """All rows, sorted by key, as strings in the key columns and numbers in the others.

        An experiment without a file has no rows. Raises ``InputError`` for a file that is not a
        record (missing columns, repeated keys): it is never overwritten.
        """
        if place(self.path) == "missing":
            return pd.DataFrame({column: pd.Series(dtype=object) for column in COLUMNS})
        text = dict.fromkeys((*KEY, *TEXTS), str)
        try:
            rows = pd.read_csv(self.path, dtype=text, keep_default_na=False, na_values={
                column: ["", "nan"] for column in COLUMNS if column not in text})  # fmt: skip
        except (ValueError, OSError) as error:
            raise InputError(f"{self.path} is not a readable record: {error}") from error
        missing = [column for column in COLUMNS if column not in rows]
        if missing:
            raise InputError(f"{self.path} lacks the columns {missing}; restore it from git")
        repeated = rows[rows.duplicated(list(KEY))]
        if len(repeated):
            raise InputError(
                f"{self.path} holds the key {tuple(repeated.iloc[0][list(KEY)])} more than once; restore it"
            )
        return self._with_environments(rows[list(COLUMNS)])

    def _with_environments(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the texts that their environments stand for."""
        texts = {"": "", **environments.known(self.path.parent)}
        strange = sorted(set(rows["environment"]) - set(texts))
        if strange:
            raise InputError(
                f"{self.path} names the environments {strange}, which are not in "
                f"{environments.FILE} beside it; restore both from git"
            )
        return rows.assign(environment=rows["environment"].map(texts))

    def has(self, **key: Any) -> bool:
        """Whether the row with exactly this key (every key column but ``experiment``) is there."""
        wanted = self._key(key)
        rows = self.rows()
        if rows.empty:
            return False
        return bool((rows[list(KEY)] == pd.Series(wanted)).all(axis=1).any())

    def add(self, rows: Iterable[Mapping[str, Any]], replace: bool = False) -> int:
        """Add rows; returns how many were new. A key already there is kept, or with ``replace`` changed.

        Raises ``InputError`` for unknown or missing columns before anything is written.
        """
        new = [self._complete(row) for row in rows]
        if not new:
            return 0
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))
        try:
            with lock.acquire(timeout=LOCK_SECONDS):
                before = self.rows()
                added = pd.DataFrame(new, columns=list(COLUMNS)).drop_duplicates(
                    list(KEY), keep="last"
                )
                both = [added, before] if replace else [before, added]
                # columns without any value have no type that pandas could join
                both = [part.dropna(axis=1, how="all") for part in both if len(part)]
                both = pd.concat(both, ignore_index=True).reindex(columns=list(COLUMNS))
                after = both.drop_duplicates(list(KEY), keep="first")
                if replace or len(after) > len(before):
                    self._write(after)
                return len(after) - len(before)
        except Timeout as error:
            raise WriteError(
                f"{self.path} has been locked by another process for {LOCK_SECONDS} s; is one hanging?"
            ) from error

    def _write(self, rows: pd.DataFrame) -> None:
        rows = rows.sort_values(list(KEY), key=lambda column: column.map(_natural))
        told = rows["environment"].fillna("")
        environments.remember(self.path.parent, set(told))
        rows = rows.assign(environment=told.map(lambda e: e and environments.short(e)))
        times = {name: rows[name].map(_rounded) for name in ("seconds", "cpu_seconds")}
        with atomic_write(self.path) as part:
            rows.assign(**times).to_csv(part, index=False, float_format="%.6g", lineterminator="\n")

    def _key(self, key: Mapping[str, Any]) -> dict[str, str]:
        key = {"experiment": self.experiment, **key}
        wrong = sorted(set(key) ^ set(KEY))
        if wrong:
            raise InputError(f"a key of the record has the columns {', '.join(KEY)}; check {wrong}")
        return {column: _text(key[column]) for column in KEY}

    def _complete(self, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {**provenance(), "environment": environment_of(str(row.get("method", "")))}
        row = {"experiment": self.experiment, "weights": "", **told, **row}
        wrong = sorted(set(row) ^ set(COLUMNS))
        if wrong:
            raise InputError(
                f"a row of the record has the columns {', '.join(COLUMNS)}; check {wrong}"
            )
        return {**row, **self._key({column: row[column] for column in KEY})}


def _rounded(seconds: float | None) -> float | None:
    """Three digits: no time is known better."""
    return seconds if pd.isna(seconds) else float(f"{seconds:.3g}")


def _text(value: Any) -> str:
    """A key as text: empty for what does not apply, no ``.0`` after whole numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _natural(value: str) -> tuple[int, float, str]:
    """Sort numbers by value and words by letter."""
    try:
        return 0, float(value), ""
    except ValueError:
        return 1, 0.0, value


@lru_cache(maxsize=1)
def provenance() -> dict[str, str]:
    """Commit (``-dirty`` when the package differs from it) and versions of what computes numbers."""
    names = ("numpy", "scipy", "scikit-learn", "torch", "arboreto")
    versions = " ".join(f"{name}={version(name)}" for name in names)
    return {
        "commit": package_commit(repository() / "notebooks" / "grnular_paper"),
        "environment": f"python={platform.python_version()} {versions}",
    }


def environment_of(method: str) -> str:
    """The versions of ``provenance``, and that of an optional package where the method is its own."""
    versions = provenance()["environment"]
    try:
        return f"{versions} {method}={version(method)}" if method in OPTIONAL else versions
    except PackageNotFoundError:
        return versions


def area_gaps(both: pd.DataFrame) -> pd.DataFrame:
    """By how much every AUPRC and AUROC differs from its ``_recorded`` column, as a share of that."""
    areas = [c for c in both if "_au" in c and f"{c}_recorded" in both]
    return pd.DataFrame(
        {c: (both[c] / both[f"{c}_recorded"].astype(float) - 1).abs() for c in areas}
    )
