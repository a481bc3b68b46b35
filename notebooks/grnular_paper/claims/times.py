"""The paper's claims on runtimes: Tables 1 and 2, and section 3.5."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from grnular_core.plotting.style import label
from grnular_paper import grids, runtimes
from grnular_paper.records import Record, recorded_table
from grnular_paper.verdicts import OPEN, UNTESTED, Finding, word

AHEAD = 10.0  # times: seconds against minutes
SLOW = ("glasso", "grnboost2-arboreto", "genie3-arboreto")  # Table 2's methods on a CPU
FAST = ("glad", "grnular")


def _times(folder: Path) -> pd.Series:
    return Record("runtimes", folder).rows().set_index("method")["seconds"]


def table1(folder: Path) -> Finding:
    """Time grows less than the hidden units."""
    seconds = _times(folder).reindex([runtimes.forward_name(h) for h in runtimes.HIDDEN])
    if seconds.isna().any():
        return Finding(OPEN)
    times, units = seconds.iloc[-1] / seconds.iloc[0], runtimes.HIDDEN[-1] / runtimes.HIDDEN[0]
    shown = ", ".join(f"{s:.1f} s" for s in seconds)
    numbers = f"{shown}: {times:.1f} times for {units:g} times the units"
    return Finding(word(int(times < units), int(times >= units), 1), numbers)


def printed_table1(folder: Path) -> str:
    """The paper's seconds of Table 1."""
    table = recorded_table(folder, "paper_table1")
    seconds = table["seconds"]
    return (
        ", ".join(f"{s:g} s" for s in seconds) + f": {seconds.iloc[-1] / seconds.iloc[0]:.1f} times"
    )


def table2(folder: Path) -> Finding:
    """Unrolled models are ``AHEAD`` times as fast as each of ``SLOW`` or faster."""
    seconds = _times(folder)
    known = [(f, s) for f in FAST for s in SLOW if {f, s} <= set(seconds.index)]
    ratios = [seconds[s] / seconds[f] for f, s in known]
    good = sum(r >= AHEAD for r in ratios)
    names = dict.fromkeys(n for pair in known for n in pair)
    shown = ", ".join(f"{label(n)} {seconds[n]:.1f} s" for n in names)
    return Finding(word(good, len(known) - good, len(known)), shown)


def printed_table2(folder: Path) -> str:
    """The paper's seconds of Table 2."""
    return ", ".join(
        f"{r.method} {r.seconds:g} s" for r in recorded_table(folder, "paper_table2").itertuples()
    )


def hours_without(folder: Path) -> Finding:
    """Only our compiled trees have run: how long the packages' own would take is a guess by their ratio."""
    rows = grids.rows("ds", folder)
    rows = rows[(rows["dataset"] == "DS3") & (rows["tf_information"] == "without")]
    hours = rows[rows["method"] == "grnboost2"]["cpu_seconds"].mean() / 3600
    if pd.isna(hours):
        return Finding(OPEN)
    cpu = Record("runtimes", folder).rows().set_index("method")["cpu_seconds"]
    numbers = f"our compiled GRNBoost2: {hours:.1f} CPU hours"
    if {"grnboost2", "grnboost2-arboreto"} <= set(cpu.index):
        times = cpu["grnboost2-arboreto"] / cpu["grnboost2"]
        numbers += f"; arboreto's, not run without TFs, takes {times:.1f} times as long with them"
    return Finding(UNTESTED, numbers)
