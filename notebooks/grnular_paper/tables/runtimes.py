"""Tables of the page on runtimes (Tables 1 and 2): seconds beside scores, and growth with size.

Parameters
----------
recorded : DataFrame
    Rows of the record "runtimes".
printed : DataFrame
    ``hidden_units, seconds`` or ``method, seconds, device`` as the paper prints them.
passes : DataFrame
    Of ``forward_passes``.
other : str
    The slow method.
real : Series
    Of ``against``.
table, scale : DataFrame
    Runs of the sweeps, ``scaling.COLUMNS``.
measured : iterable of (name, row)
    Of ``timed_now``.
methods, hidden, device
    Which methods and which numbers of hidden units are timed, and where torch runs.
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.methods import registry
from grnular_core.plotting.style import label
from grnular_core.training.weights import read_trained
from grnular_core.utils.errors import DownloadError
from grnular_paper import runtimes
from grnular_paper.real_data import recorded_pairs
from grnular_paper.scaling import METHODS, SWEEPS

# methods of the paper's Table 2; trees are timed as it ran them, with arboreto
PRINTED = {
    "GLASSO": "glasso", "GRNBoost2": "grnboost2-arboreto", "GENIE3": "genie3-arboreto",
    "GLAD": "glad", "GRNULar": "grnular",
}  # fmt: skip


def devices(recorded: pd.DataFrame) -> str:
    """Machine of the recorded times.

    Returns
    -------
    str
        A line with the number of runs and every device among them.
    """
    names = "; ".join(sorted(set(recorded["device"]))) or "nothing recorded yet"
    return f"recorded: {len(recorded)} runs ({_one_thread(names)})"


def recorded_on(recorded: pd.DataFrame) -> str:
    """Threads and processors of the recorded times, in words; a processor may not have been noted.

    Returns
    -------
    str
    """
    named = recorded["environment"].str.extract(r"\bprocessor=(\S+)")[0].str.replace("_", " ").dropna()
    names = " and ".join(sorted(set(named)))
    where = _one_thread(" or ".join(sorted(set(recorded["device"]))))
    if named.empty:
        return f"{where}; the processor was not noted"
    if len(named) == len(recorded):
        number = named.nunique()
        return f"{where}; {'one processor' if number == 1 else f'{number} processors'}: {names}"
    absent = len(recorded) - len(named)
    return f"{where}; the processor of {absent} of {len(recorded)} runs was not noted, of the others {names}"


def _one_thread(device: str) -> str:
    return device.replace(" 1 threads", " 1 thread")


def _spelled(seconds: float) -> str:
    """Seconds with three digits and no power of ten: 1234, 12.3, 0.0123."""
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:#.3g}"


def forward_passes(recorded: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Seconds of one forward pass, the paper's and ours (Table 1).

    Returns
    -------
    DataFrame
        ``hidden_units, paper, here``; NaN where not recorded.
    """
    seconds = recorded.set_index("method")["seconds"]
    names = [runtimes.forward_name(hidden) for hidden in printed["hidden_units"]]
    return pd.DataFrame(
        {
            "hidden_units": printed["hidden_units"],
            "paper": printed["seconds"],
            "here": seconds.reindex(names).to_numpy(dtype=float),
        }
    )


def forward_table(passes: pd.DataFrame) -> pd.DataFrame:
    """``forward_passes`` as readers see it.

    Returns
    -------
    DataFrame
        Texts; empty where not recorded.
    """
    return pd.DataFrame(
        {
            "hidden units": passes["hidden_units"],
            "paper, s (P100)": passes["paper"].map("{:.2f}".format),
            "here, s": passes["here"].map("{:.1f}".format).where(passes["here"].notna(), ""),
        }
    )


def forward_numbers(passes: pd.DataFrame) -> dict[str, float]:
    """``forward_passes`` to be glued, with the inner steps P behind Table 2.

    Returns
    -------
    dict of str to float
        ``forward_<hidden units>``, ``table2_inner``.
    """
    numbers = {f"forward_{row.hidden_units}": float(row.here) for row in passes.itertuples()}
    of_weights = read_trained(registry.method("grnular").papers_weights("DS1")).recipe.config
    return numbers | {"table2_inner": of_weights.n_inner}


def every_method(recorded: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Seconds of every method beside the paper's and the scores of the same run (Table 2).

    Returns
    -------
    DataFrame
        Texts, a line a method of ``runtimes.METHODS``; empty where not recorded or not printed.
    """
    papers = {PRINTED[r.method]: f"{r.seconds:g} ({r.device})" for r in printed.itertuples()}
    rows = recorded.set_index("method")
    lines = []
    for name in runtimes.METHODS:
        seconds = cpu = score = ""
        if name in rows.index:
            row = rows.loc[name]
            seconds, cpu = _spelled(row["seconds"]), _spelled(row["cpu_seconds"])
            score = f"{row['strict_auprc']:.3f}"
        lines.append((label(name), papers.get(name, ""), seconds, cpu, score))
    return pd.DataFrame(lines, columns=["method", "paper, s", "here, s", "CPU s", "strict AUPRC"])


def against(folder: Path, other: str) -> pd.Series:
    """How many times the CPU seconds of the chosen model another takes on real data, the quickest dataset of the other first.

    Returns
    -------
    Series
        Of every dataset where both are recorded: means over its networks, which share their expression, and over seeds.
    """
    rows = recorded_pairs(folder)
    rows = rows[rows["method"].isin(["grnular-context", other])]
    means = rows.pivot_table(index="dataset", columns="method", values="cpu_seconds").dropna()
    means = means.sort_values(other)
    return means[other] / means["grnular-context"]


def arboreto_numbers(recorded: pd.DataFrame, real: pd.Series) -> dict[str, float]:
    """How many times faster than GRNBoost2 by arboreto the chosen model is, to be glued.

    Returns
    -------
    dict of str to float
        ``arboreto_times_ds3``; ``arboreto_times_least`` and ``arboreto_times_most_genes`` on real data.
    """
    seconds = recorded.set_index("method")["seconds"]
    slow, quick = (float(seconds.get(m, np.nan)) for m in ("grnboost2-arboreto", "grnular-context"))
    return {
        "arboreto_times_ds3": slow / quick,
        "arboreto_times_least": float(real.min()),
        "arboreto_times_most_genes": float(real.iloc[-1]),
    }


def quick_numbers(recorded: pd.DataFrame) -> dict[str, float]:
    """Return seconds and accuracy of the chosen model on DS3 beside correlation, to be glued.

    Returns
    -------
    dict of str to float
        ``seconds_<method>``, ``auprc_<method>`` (strict); ``correlations``: how many run in the time of the chosen model.
    """
    rows = recorded.set_index("method")[["seconds", "strict_auprc"]].reindex(
        ["grnular-context", "correlation", "grnboost2", "grnular"]
    )
    numbers = {f"seconds_{m}": float(seconds) for m, seconds in rows["seconds"].items()}
    numbers |= {f"auprc_{m}": float(score) for m, score in rows["strict_auprc"].items()}
    return numbers | {"correlations": numbers["seconds_grnular-context"] / numbers["seconds_correlation"]}


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Where each method stopped in every sweep of sizes.

    Returns
    -------
    DataFrame
        A line a sweep and method: its last size, time and memory, and the sizes left out.
    """
    lines = []
    for sweep, (text, sizes) in SWEEPS.items():
        for method in METHODS:
            done = table[(table["sweep"] == sweep) & (table["method"] == method)]
            if done.empty:
                continue
            last = done.sort_values(sweep).iloc[-1]
            left = [f"{getattr(s, sweep):,}" for s in sizes if getattr(s, sweep) > last[sweep]]
            lines.append(
                {
                    "method": label(method),
                    "grows": text,
                    "up to": f"{last[sweep]:,}",
                    "s": f"{last['seconds']:.1f}",
                    "peak, GB": f"{last['peak_gb']:.1f}",
                    "left out": ", ".join(left) or "nothing",
                }
            )
    return pd.DataFrame(lines)


def scale_numbers(scale: pd.DataFrame) -> dict[str, float]:
    """Largest ratios of measured to predicted time and memory.

    Returns
    -------
    dict of str to float
        ``scale_time_over``: the largest ratio of seconds; ``scale_memory_over``: the largest difference in GB;
        ``scale_memory_least``: the lowest peak in GB; ``scale_threads``: of each run.
    """
    return {
        "scale_threads": int(scale["threads"].max()),
        "scale_time_over": float((scale["seconds"] / scale["at_most_seconds"]).max()),
        "scale_memory_over": float((scale["peak_gb"] - scale["estimate_gb"]).max()),
        "scale_memory_least": float(scale["peak_gb"].min()),
    }


def timed_now(
    methods: Iterable[str], hidden: Iterable[int], device: str
) -> tuple[list[tuple[str, dict[str, object]]], list[str]]:
    """Time forward passes and methods now.

    Returns
    -------
    measured : list of (name, row)
        A row of the record each.
    absent : list of str
        A line where the data are not available.
    """
    measured: list[tuple[str, dict[str, object]]] = []
    try:
        for timing in runtimes.timings(hidden, methods):
            measured.append((timing.name, timing.run(device=device)[0]))
    except DownloadError as error:
        return measured, [f"SERGIO's DS3 is not available: {error}"]
    return measured, []


def timed_table(measured: Iterable[tuple[str, dict[str, object]]], recorded: pd.DataFrame) -> pd.DataFrame:
    """``timed_now`` beside the recorded scores.

    Returns
    -------
    DataFrame
        Texts, a line a run.
    """
    scores = recorded.set_index("method")["strict_auprc"]
    lines = []
    for name, row in measured:
        known = scores.get(name, np.nan)
        lines.append(
            {
                "run": label(name),
                "s": f"{row['seconds']:.2f}",
                "device": _one_thread(str(row["device"])),
                "strict AUPRC": f"{row['strict_auprc']:.4f}",
                "recorded": "" if np.isnan(known) else f"{known:.4f}",
            }
        )
    return pd.DataFrame(lines)
