"""Time and memory of ``grnular-context`` on a random sparse data set, from the matrix to the edge table.

    python tests/bench_scale.py genes TFs cells [density] [method] [table.csv] [sweep]
    python tests/bench_scale.py sweep table.csv     all sizes of ``grnular_paper.scaling`` not in it yet

``density`` is the share of values that are not 0 (0.1). Counts have the spread of real ones: genes
differ a thousandfold in level, cells severalfold in total, and a tenth of the genes follow a TF.
Each size wants a process of its own: the peak of memory is that of the whole process.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from grnular_paper.scaling import COLUMNS, METHODS, PATIENCE, SWEEPS, Size
from scipy import sparse

from grnular_core.cli.terminal import progress_bar
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.methods.registry import RunOptions, run_method
from grnular_core.methods.registry import method as entry_of
from grnular_core.methods.resources import _needed_bytes, expected_seconds


def random_data(
    n_genes: int, n_tfs: int, n_cells: int, density: float, seed: int = 0
) -> GRNDataset:
    """Logged counts (cells, genes) as csr, drawn some cells at a time."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(0, 1.5, n_genes))
    driver = rng.integers(n_tfs, size=n_genes)  # the TF that a gene may follow
    follows = (rng.random(n_genes) < 0.1) & (np.arange(n_genes) >= n_tfs)
    scale, blocks = None, []
    for start in range(0, n_cells, 500):
        n = min(500, n_cells - start)
        active = rng.gamma(2.0, 0.5, (n, n_tfs))
        rate = level * rng.gamma(4.0, 0.25, (n, 1))
        rate[:, :n_tfs] *= active
        rate[:, follows] *= active[:, driver[follows]]
        scale = scale or _scale_for(rate, density)
        blocks.append(sparse.csr_matrix(np.log1p(rng.poisson(rate * scale)), dtype=np.float32))
    names = [f"G{i:05d}" for i in range(n_genes)]
    cells = pd.DataFrame(index=[f"C{i:06d}" for i in range(n_cells)])
    table = AnnData(sparse.vstack(blocks, format="csr"), obs=cells, var=pd.DataFrame(index=names))
    return make_dataset(table, names[:n_tfs], name="random")


def _scale_for(rate: np.ndarray, density: float) -> float:
    """What to multiply Poisson rates by so that this share of the counts is not 0."""
    low, high = 1e-6, 1e6
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (
            (low, middle) if (1 - np.exp(-middle * rate)).mean() > density else (middle, high)
        )
    return low


def main(
    genes: str,
    tfs: str,
    cells: str,
    density: str = "0.1",
    method: str = "grnular-context",
    table: str = "",
    sweep: str = "",
) -> None:
    """Print the size, the estimate, seconds and peak memory; add them to ``table`` where named."""
    data = random_data(int(genes), int(tfs), int(cells), float(density))
    size = data.n_cells, data.n_genes, len(data.tfs)
    found = data.adata.X.nnz / (size[0] * size[1])
    predicted = expected_seconds(*size, entry_of(method))
    at_most = "" if predicted is None else f"{predicted:.0f}"
    expected = _needed_bytes(*size, entry_of(method), data.adata.X.nnz) / 1e9
    print(f"{size[1]} genes, {size[2]} TFs, {size[0]} cells, {found:.3f} not 0: {method}, "
          f"at most {at_most or '?'} s, {expected:.1f} GB", flush=True)  # fmt: skip
    began = time.perf_counter()
    with progress_bar(method) as progress:
        run = run_method(data, method, RunOptions(device="cpu", progress=progress))
    wall = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"{len(run.edges)} edges after {wall:.1f} s ({run.cpu_seconds:.1f} s of CPU in the "
          f"method), peak {peak:.2f} GB", flush=True)  # fmt: skip
    if table:
        # the size that was asked for: genes that no cell expresses have been left out
        row = [sweep, genes, tfs, cells, f"{found:.3f}", method, torch.get_num_threads(),
               f"{wall:.1f}", f"{run.cpu_seconds:.1f}", f"{peak:.2f}", at_most,
               f"{expected:.2f}"]  # fmt: skip
        pd.DataFrame([row], columns=list(COLUMNS)).to_csv(table, mode="a", header=not Path(table).exists(), index=False)


def run_sweeps(table: str) -> None:
    """Every size that is missing, each in a process of its own, as long as patience lasts."""
    for sweep in SWEEPS:
        for method in METHODS:
            while size := next_size(_rows(table), sweep, method):
                numbers = [str(n) for n in size]
                command = [sys.executable, __file__, *numbers, "0.1", method, table, sweep]
                subprocess.run(command, check=True)


def next_size(table: pd.DataFrame, sweep: str, method: str) -> Size | None:
    """The first size of a sweep that has not run; None at its end, or where a run took longer than ``PATIENCE``."""
    done = table[(table["sweep"] == sweep) & (table["method"] == method)]
    if (done["seconds"] > PATIENCE).any():
        return None
    return next((s for s in SWEEPS[sweep][1] if not (done[sweep] == getattr(s, sweep)).any()), None)


def _rows(table: str) -> pd.DataFrame:
    return pd.read_csv(table) if Path(table).exists() else pd.DataFrame(columns=list(COLUMNS))


if __name__ == "__main__":
    run_sweeps(sys.argv[2]) if sys.argv[1] == "sweep" else main(*sys.argv[1:])
