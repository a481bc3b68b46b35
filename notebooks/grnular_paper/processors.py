"""How far results move with the processor: vector instructions (SSE2 to AVX-512) and number of threads.

Sums of another order round otherwise, and hundreds of steps of a fit carry that into the scores. Every
combination runs in a separate process, since PyTorch and OpenBLAS choose their kernels when they are loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from grnular_core.data.beeline import load_beeline
from grnular_core.data.candidates import score_matrix
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.interface import Precision
from grnular_core.methods.registry import METHODS, RunOptions, run_method
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import GrnularError, MethodError
from grnular_paper.environments import processor
from grnular_paper.real_data import GENES, pairs_without_data
from grnular_paper.synthetic import as_dataset, replicate_of

# Variables that make PyTorch, OpenBLAS and MKL use these instructions, and the flags that a processor needs.
# MKL, with which PyTorch multiplies, obeys MKL_CBWR alone.
CAPABILITIES = {
    "SSE2": ({"ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Prescott", "MKL_CBWR": "COMPATIBLE"}, {"sse2"}),
    "AVX2": ({"ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell", "MKL_CBWR": "AVX2"}, {"avx2", "fma"}),
    "AVX-512": (
        {"ATEN_CPU_CAPABILITY": "avx512", "OPENBLAS_CORETYPE": "SkylakeX", "MKL_CBWR": "AVX512"},
        {"avx512f", "avx512dq", "avx512bw", "avx512vl"},
    ),
}
THREADS = (1, 2)
SIMULATED = ("noisy(25)", 100)  # preset and cells with the largest effect of rounding
REAL = ("mHSC-L", "STRING")
# not the same trees once more, and nothing that draws its scores or looks them up
SAMPLE = tuple(
    name for name, method in METHODS.items()
    if not method.needs_truth
    and name not in (
        "random", "degree", "target-is-tf", "target-mean", "grnboost2-arboreto", "grnboost2-shipped", "genie3-arboreto"
    )
)  # fmt: skip
Results = dict[tuple[str, str], tuple[np.ndarray, float]]  # (data, method) -> scores, strict AUPRC


def _lacking() -> list[str]:
    """The capabilities that this machine does not have; all where it lists no flags."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    line = next((s for s in text.splitlines() if s.startswith("flags")), "")
    flags = set(line.partition(":")[2].split())
    return [name for name, (_, needed) in CAPABILITIES.items() if not needed <= flags]


def moves(
    methods: Sequence[str] = SAMPLE,
    n_cells: int = SIMULATED[1],
    real: bool = True,
    precision: Precision | None = None,
) -> pd.DataFrame:
    """The largest move of each method between all capabilities of this machine and numbers of threads.

    Simulated is a graph of 100 genes with dropout; quick methods also run on one real pair.

    Parameters
    ----------
    methods : sequence of str
        Names in the registry of methods.
    n_cells : int
        Cells of the simulated graph.
    real : bool
        Whether to run on the real pair, where its data are available.
    precision : str, optional
        "single" or "double"; by default that of each model.

    Returns
    -------
    DataFrame
        ``data, method``; ``scores``, the largest difference of any score as a share of the largest one;
        ``auprc``, that of the strict AUPRC as a share of the smallest.

    Raises
    ------
    MethodError
        When a process fails, with its error output.
    """
    able = [name for name in CAPABILITIES if name not in _lacking()] or [""]
    settings = {"methods": list(methods), "n_cells": n_cells, "real": real, "precision": precision}
    return _largest_moves([_in_process(name, threads, settings) for name, threads in product(able, THREADS)])


def _largest_moves(found: Sequence[Results]) -> pd.DataFrame:
    """The table of ``moves`` from the results of every combination."""
    lines = []
    for data, method in found[0]:
        scores = np.stack([results[data, method][0] for results in found])
        areas = np.array([results[data, method][1] for results in found])
        scale = np.abs(scores).max()
        lines.append(
            {
                "data": data,
                "method": method,
                "scores": float(np.ptp(scores, axis=0).max() / scale) if scale else 0.0,
                "auprc": float(areas.max() / areas.min() - 1),
            }
        )
    return pd.DataFrame(lines)


def _in_process(capability: str, threads: int, settings: Mapping[str, object]) -> Results:
    """All methods in a process with these instructions and so many threads."""
    variables = CAPABILITIES[capability][0] if capability else {}
    count = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    environment = {**os.environ, **variables, **count, "PYTHONPATH": os.pathsep.join(sys.path)}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "results.npz"
        given = json.dumps({"path": str(path), **settings})
        command = [sys.executable, "-m", "grnular_paper.processors", given]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MethodError(f"{capability}, {threads} threads: {done.stderr.strip()[-500:]}")
        with np.load(path, allow_pickle=False) as stored:
            names = [name.removesuffix("|scores") for name in stored if name.endswith("|scores")]
            return {tuple(name.split("|")): (stored[f"{name}|scores"], float(stored[f"{name}|auprc"])) for name in names}


def _datasets(n_cells: int, real: bool) -> dict[str, GRNDataset]:
    found = {f"{SIMULATED[0]}, {n_cells} cells": as_dataset(replicate_of(SIMULATED[0], 0, n_cells, 5))}
    if real and not pairs_without_data(REAL[:1], REAL[1:], GENES, download=False):
        found[" ".join(REAL)] = load_beeline(*REAL)
    return found


def _compute(path: str, methods: Sequence[str], n_cells: int, real: bool, precision: Precision | None) -> None:
    """Scores and strict AUPRC of every method, into one file."""
    import torch

    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    options = RunOptions(device="cpu", n_jobs=threads, precision=precision)
    stored: dict[str, np.ndarray | float] = {}
    for data_name, data in _datasets(n_cells, real).items():
        for name in methods:
            if data_name == " ".join(REAL) and METHODS[name].cost != "seconds":
                continue
            try:
                run = run_method(data, name, options)
            except GrnularError as error:  # a package that is not installed
                print(f"{name}: {error}")
                continue
            strict = strict_scores(run.edges, data.truth, data.genes, data.tfs)
            stored[f"{data_name}|{name}|scores"] = score_matrix(run.edges, data.tfs, data.genes)
            stored[f"{data_name}|{name}|auprc"] = strict["auprc"]
    np.savez(path, **stored)


def report(found: pd.DataFrame, tolerance: float) -> str:
    """Printed lines of ``moves``: one a method, marked above ``tolerance``, then the combinations that could not run.

    Parameters
    ----------
    found : DataFrame
    tolerance : float
        A move that is marked, as a share.

    Returns
    -------
    str
    """
    lines = [f"{processor()}; without {', '.join(_lacking()) or 'nothing'}"]
    for row in found.itertuples():
        mark = "  MOVES" if max(row.scores, row.auprc) >= tolerance else ""
        lines.append(f"{row.data:24s} {row.method:20s} scores {row.scores:8.2e}  AUPRC {row.auprc:8.2e}{mark}")
    return "\n".join(lines)


if __name__ == "__main__":
    _compute(**json.loads(sys.argv[1]))
