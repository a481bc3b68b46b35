"""The record of runs: a csv file an experiment, a row a result, with where it came from.

Files are sorted and diffable. A row is written as soon as it is computed: under a lock it is put among the
others, and the file is replaced whole. So a kill at any moment leaves the file unchanged or with the row,
and two processes lose nothing. Lines are kept as text between two additions as long as the file has not
changed, and never parsed to be written again: an addition costs milliseconds, and old rows stay as they are.

``weights`` are the first ten digits of the hash of the trained parameters that made a row (empty: none,
or an older row). ``environment`` names the software and, in newer rows, the processor that computed it by
eight digits; ``environments.csv`` beside the record holds the full text.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from grnular_core.methods.registry import Inference
from grnular_core.scoring.paper import paper_scores
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, write_csv
from grnular_core.utils.provenance import repository
from grnular_paper import environments
from grnular_paper.environments import locked

KEY = (
    "experiment", "dataset", "network", "genes", "cells", "cell_types", "dropout_percentile",
    "replicate", "method", "tf_information", "seed",
)  # fmt: skip
SCORES = (
    "density", "strict_auprc", "strict_auprc_ratio", "strict_auroc", "strict_epr", "paper_auprc",
    "paper_auroc", "paper_floor_auroc",
)  # fmt: skip
PROVENANCE = ("commit", "environment")
COLUMNS = (*KEY, *SCORES, "seconds", "cpu_seconds", "device", "weights", *PROVENANCE)
NOT_STORED = ("experiment", "strict_auprc_ratio")  # of runs: the file's name, and AUPRC over density
DETAILS = "details"  # more metrics of runs of "beeline", by edge and by TF, one run a method
DETAIL_KEY = ("dataset", "network", "genes", "method")
DETAIL_SCORES = ("seed", "epr", "epr_truth_genes", "tf_precision", "tfs_above", "tfs", "ratio", "low", "high")
TARGETS = "targets"  # the rows of ``DETAILS`` by their targets: AUPRC over density among TFs, among other genes
TARGET_SCORES = ("seed", "ratio_tfs", "ratio_others")
CHANCE = "chance"  # a row a pair: what random scores reach, and how much of the network ends in a TF
CHANCE_KEY = ("dataset", "network", "genes")
CHANCE_SCORES = (
    "draws", "low", "high", "others_low", "others_high", "regulators", "true", "true_into_tfs", "candidates_into_tfs",
)  # fmt: skip
READINGS = "readings"  # learning curves: one row an epoch of a training
CURVE_KEY = ("graphs", "reading", "seed", "epoch")
CURVE_SCORES = ("loss", "valid_auprc", "valid_auroc", "seconds")
MORE_CELLS = "more_cells"  # runs on the real cells beside BEELINE's, by network and list of TFs
MORE_KEY = ("dataset", "network", "kind", "tf_list", "method", "seed")
MORE_SCORES = (
    "density", "strict_auprc", "strict_auprc_ratio", "strict_auroc", "strict_epr", "ratio_others", "seconds",
    "cpu_seconds", "device", "weights",
)  # fmt: skip
MORE_PAIRS = "more_pairs"  # what is left of each network in each of these sets, also where it is too little
PAIR_KEY = ("dataset", "network", "kind", "tf_list")
PAIR_SIZES = ("cells", "genes", "tfs", "regulators", "true", "density", "kept")
HELD_OUT = "held_out"  # the same on hESC, with the interval of the ratio when TFs are drawn with replacement
HELD_OUT_SCORES = (*MORE_SCORES[:6], "low", "high", *MORE_SCORES[6:])
# Tables with keys of their own, and their other columns.
OTHER_TABLES = {
    MORE_CELLS: (MORE_KEY, MORE_SCORES),
    MORE_PAIRS: (PAIR_KEY, PAIR_SIZES),
    HELD_OUT: (MORE_KEY, HELD_OUT_SCORES),
    DETAILS: (DETAIL_KEY, DETAIL_SCORES),
    TARGETS: (DETAIL_KEY, TARGET_SCORES),
    CHANCE: (CHANCE_KEY, CHANCE_SCORES),
    READINGS: (CURVE_KEY, CURVE_SCORES),
}
EXPERIMENTS = ("clean", "noisy", "ds", "beeline", "runtimes", "ablations", "tuning", *OTHER_TABLES)
TEXTS = ("device", "weights", *PROVENANCE)


class Record:
    """The rows of one experiment in ``folder/<experiment>.csv``.

    Parameters
    ----------
    experiment : str
        One of ``EXPERIMENTS``.
    folder : str or Path
        The folder of recorded tables.

    Raises
    ------
    InputError
        For an unknown experiment.
    """

    def __init__(self, experiment: str, folder: str | Path) -> None:
        if experiment not in EXPERIMENTS:
            raise InputError(f"unknown experiment {experiment!r}; expected one of {', '.join(EXPERIMENTS)}")
        self.experiment = experiment
        self.path = Path(folder) / f"{experiment}.csv"
        self.key: tuple[str, ...] = KEY
        self.columns: tuple[str, ...] = COLUMNS
        if experiment in OTHER_TABLES:
            self.key, others = OTHER_TABLES[experiment]
            self.columns = (*self.key, *others, *PROVENANCE)
        derived = () if experiment in OTHER_TABLES else NOT_STORED
        self.stored = tuple(name for name in self.columns if name not in derived)
        self.stored_key = tuple(name for name in self.key if name not in derived)
        self._kept: tuple[_State, dict[tuple[str, ...], str]] | None = None

    def rows(self) -> pd.DataFrame:
        """All rows, sorted by key.

        Returns
        -------
        DataFrame
            Key columns, device, weights, commit and environment are strings (empty where they do not
            apply), all others numbers. No rows without a file.

        Raises
        ------
        InputError
            For a file that is not a record (other columns, repeated keys): it is never overwritten.
        """
        state = _state(self.path)
        if state is None:
            return pd.DataFrame({column: pd.Series(dtype=object) for column in self.columns})
        rows = _parsed(self.path, state, self.stored, self.stored_key).copy()
        texts = {"": "", **environments.known(self.path.parent)}
        strange = sorted(set(rows["environment"]) - set(texts))
        if strange:
            raise InputError(
                f"{self.path} names the environments {strange}, which are not in "
                f"{environments.FILE} beside it; restore both from git"
            )
        rows = rows.assign(environment=rows["environment"].map(texts))
        if self.stored != self.columns:
            ratio = rows["strict_auprc"].astype(float) / rows["density"].astype(float)
            rows = rows.assign(experiment=self.experiment, strict_auprc_ratio=ratio)
        return rows[list(self.columns)]

    def add(self, rows: Iterable[Mapping[str, Any]], replace: bool = False) -> int:
        """Add rows to the file.

        Parameters
        ----------
        rows : iterable of mapping
            Values by column. ``experiment``, ``weights`` and provenance are filled in where they are absent.
        replace : bool
            Change rows that are there already, which are kept otherwise.

        Returns
        -------
        int
            How many rows were new.

        Raises
        ------
        InputError
            For unknown or missing columns, before anything is written.
        WriteError
            When the file is locked or cannot be written.
        """
        new = [self._complete(row) for row in rows]
        if not new:
            return 0
        with locked(self.path):
            before = self._lines()
            own = {tuple(_text(row[name]) for name in self.stored_key): row for row in new}
            wanted = {key: row for key, row in own.items() if replace or key not in before}
            if wanted:
                environments.remember(self.path.parent, {r["environment"] for r in wanted.values()})
                after = before | {key: self._line(row) for key, row in wanted.items()}
                self._write({key: after[key] for key in sorted(after, key=lambda key: [_natural(part) for part in key])})
            return len(set(own) - set(before))

    def _lines(self) -> dict[tuple[str, ...], str]:
        """Key -> line of the file, in its order; cached while the file is unchanged."""
        state = _state(self.path)
        if state is None:
            return {}
        if self._kept is None or self._kept[0] != state:
            _parsed(self.path, state, self.stored, self.stored_key)  # refuses a file that is no record
            places = [self.stored.index(name) for name in self.stored_key]
            found = {}
            for line in self.path.read_text(encoding="utf-8").splitlines()[1:]:
                (fields,) = csv.reader([line])
                found[tuple(fields[place] for place in places)] = line
            self._kept = state, found
        return self._kept[1]

    def _write(self, lines: dict[tuple[str, ...], str]) -> None:
        """Replace the file whole."""
        text = "\n".join([",".join(self.stored), *lines.values()]) + "\n"
        with atomic_write(self.path) as part:
            part.write_text(text, encoding="utf-8")
        state = _state(self.path)
        self._kept = None if state is None else (state, lines)

    def _line(self, row: Mapping[str, Any]) -> str:
        """A row as text: six digits of a number, three of a time, since no time is known better."""
        row = {**row, "environment": row["environment"] and environments.short(row["environment"])}
        digits = {"seconds": 3, "cpu_seconds": 3}
        fields = [
            _text(row[name])
            if name in (*self.key, *TEXTS)
            else _number(row[name], digits.get(name, 6))
            for name in self.stored
        ]
        stream = io.StringIO()
        csv.writer(stream, lineterminator="").writerow(fields)
        return stream.getvalue()

    def _complete(self, row: Mapping[str, Any]) -> dict[str, Any]:
        method = str(row.get("method", ""))
        origin = environments.provenance(method if method in environments.OPTIONAL else "")
        given = {"experiment": self.experiment, "weights": "", **origin, **row}
        # other tables have neither; those of runs have both
        given = {k: v for k, v in given.items() if k in self.columns or k in row}
        wrong = sorted(set(given) - {"experiment"} ^ set(self.columns) - {"experiment"})
        if wrong:
            raise InputError(f"a row of the record has the columns {', '.join(self.columns)}; check {wrong}")
        return given


_State = tuple[int, int, int]


def _state(path: Path) -> _State | None:
    """Identity of the state of the file; None without a file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)
def _parsed(path: Path, state: _State, columns: tuple[str, ...], key: tuple[str, ...]) -> pd.DataFrame:  # fmt: skip
    """The file's rows, environments by their digits; read again only when the file changes."""
    text = dict.fromkeys((*key, *TEXTS), str)
    try:
        rows = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={
            column: ["", "nan"] for column in columns if column not in text})  # fmt: skip
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is not a readable record: {error}") from error
    missing = [column for column in columns if column not in rows]
    if missing or list(rows) != list(columns):
        problem = f"lacks the columns {missing}" if missing else "has other columns or another order"
        raise InputError(f"{path} {problem}; restore it from git")
    repeated = rows[rows.duplicated(list(key))]
    if len(repeated):
        first = tuple(repeated.iloc[0][list(key)])
        raise InputError(f"{path} holds the key {first} more than once; restore it")
    return rows


def _number(value: Any, digits: int) -> str:
    """A value as text: whole numbers without a point, empty for unknown."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _text(value: Any) -> str:
    """A key as text: empty where it does not apply, no ``.0`` after whole numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@cache
def _natural(value: str) -> tuple[int, float, str]:
    """Sort numbers by value and words by letter."""
    try:
        return 0, float(value), ""
    except ValueError:
        return 1, 0.0, value


def recorded_folder() -> Path:
    """The folder of the committed tables of full-size runs.

    Returns
    -------
    Path
        In this checkout.
    """
    return repository() / "notebooks" / "recorded"


def work_folder() -> Path:
    """Where long runs keep finished parts, outside of anything that a build removes.

    Returns
    -------
    Path
        In this checkout.
    """
    return repository() / ".grnular" / "parts"


def recorded_table(folder: Path, name: str) -> pd.DataFrame:
    """The small table ``folder/<name>.csv``; empty when it has not been written yet.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file, without its ending.

    Returns
    -------
    DataFrame
    """
    path = folder / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def write_table(name: str, rows: pd.DataFrame) -> None:
    """Write rows as the small table ``name`` of this checkout, six digits after the point, with where they come from.

    Parameters
    ----------
    name : str
        Of the file, without its ending.
    rows : DataFrame

    Raises
    ------
    WriteError
        When the file cannot be written.
    """
    write_csv(rows.assign(**environments.provenance()).round(6), recorded_folder() / f"{name}.csv")


def row_scores(
    run: Inference,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    device: str,
    *,
    symmetric_truth: bool,
) -> dict[str, object]:
    """The numbers of one inference on one reference network, in the record's column names.

    Candidates are all pairs of a TF and another gene. The paper's protocol depends on the order of ``genes``,
    and takes a simulated network as symmetric and a real one as directed.

    Parameters
    ----------
    run : Inference
    truth : DataFrame
    genes, tfs : sequence of str
        All genes, and the TFs among them.
    device : str
        Where it ran, for the row.
    symmetric_truth : bool
        Whether the paper's protocol takes edges as true in both directions.

    Returns
    -------
    dict of str to object
        ``SCORES``, times, device and weights.
    """
    strict = strict_scores(run.edges, truth, genes, tfs)
    paper = paper_scores(run.edges, truth, genes, tfs, symmetric_truth=symmetric_truth)
    return {
        "density": strict["density"],
        "strict_auprc": strict["auprc"],
        "strict_auprc_ratio": strict["auprc_ratio"],
        "strict_auroc": strict["auroc"],
        "strict_epr": strict["epr"],
        "paper_auprc": paper["auprc"],
        "paper_auroc": paper["auroc"],
        "paper_floor_auroc": paper["floor_auroc"],
        "seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "device": device,
        "weights": run.weights_digest,
    }


def area_gaps(both: pd.DataFrame) -> pd.DataFrame:
    """By how much every AUPRC and AUROC differs from its ``_recorded`` one, as a share of that; a column an area.

    The EPR is left out: it counts hits above one threshold, so that rounding on another processor can move
    it by whole hits where the areas hardly move.

    Parameters
    ----------
    both : DataFrame
        Scores, and recorded ones under the same names with ``_recorded`` behind.

    Returns
    -------
    DataFrame, shape (rows, areas)
        Shares, none negative.
    """
    areas = [c for c in both if "_au" in c and f"{c}_recorded" in both]
    return pd.DataFrame({c: (both[c] / both[f"{c}_recorded"].astype(float) - 1).abs() for c in areas})


def gap_in_words(gap: float) -> str:
    """The largest of ``area_gaps`` as part of a sentence.

    Parameters
    ----------
    gap : float
        A share; NaN where nothing was compared.

    Returns
    -------
    str
    """
    return f"no AUPRC or AUROC differs by more than {100 * gap:.2f} %"
