"""What is killed in the fault campaign, and what must be true of the files after every kill.

Each ``Scenario`` works in a folder of its own. ``things`` are the finished pieces of its result by name:
``what`` they say, the same in every run, and ``when`` they were made, which tells a piece that was kept
from one that was made again. Reading a half-written file raises an error of its own.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd
from conftest import linear_network
from data_server import DataServer, handler_of
from faults import Work
from grnular_paper import real_data
from grnular_paper.records import KEY, Record
from grnular_paper.runs import run_missing
from grnular_paper.synthetic import synthetic_tasks
from small_graphs import graphs

from grnular_core.cli.main import main
from grnular_core.data import downloads, registry
from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.downloads import fetch_member
from grnular_core.data.registry import Member
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training import train as training
from grnular_core.training.batches import Batch
from grnular_core.training.checkpoints import _read as read_checkpoint
from grnular_core.training.recipes import Recipe
from grnular_core.training.weights import read_trained
from grnular_core.workflow.exports import FORMATS

NETWORKS = ("STRING", "ChIP-seq")
TINY = Recipe(
    config=GRNULarConfig(
        hidden=(6,), n_unroll=1, n_inner=1, init_epochs=25, rho="context", context_width=4,
        context_layers=1,
    ),
    train=(("clean", 2),), valid=(("clean", 1),), epochs=8, batch=1, loss="cross-entropy",
)  # fmt: skip
INFER = ("infer", "cells.csv", "--tfs", "tfs.txt", "--method", "ridge", "-o", "out.csv")
# When a run ended, to the minute in the page's head, and how long it took.
TIMES = (r"<th scope=row>(?:finished utc|seconds[^<]*)</th><td>[^<]*</td>", r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
TRUST = ("--also", "all", "--stability", "2", "--decoys", "2")


class Thing(NamedTuple):
    """``when`` is empty for what every run makes afresh."""

    what: str
    when: str = ""


Things = dict[str, Thing]


@dataclass(frozen=True)
class Scenario:
    """``prepare`` fills an empty folder, ``earlier`` was run there once, ``work`` is what is killed."""

    name: str
    prepare: Callable[[Path], None]
    work: Work
    things: Callable[[Path], Things]
    earlier: Work | None = None


def digest(data: bytes | str) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def in_the_open(folder: Path) -> list[Path]:
    """Files that a user sees: all but hidden ones."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


# --- the grids


def simulated_grid() -> None:
    """Three methods on three replicates, two processes' worth of pieces, in one process."""
    tasks = synthetic_tasks(["clean"], ["correlation", "clr", "ridge"], range(3), n_cells=50)
    assert run_missing(Path("record"), tasks, say=lambda text: None, n_jobs=1) == []


def real_grid() -> None:
    """Four methods on two data sets and two networks each; the slow one keeps parts."""

    def pretended(dataset: str, network: str, genes: str) -> GRNDataset:
        expression, tfs, truth = linear_network(len(dataset), n_cells=30, n_genes=8, n_tfs=3)
        return make_dataset(expression, tfs, truth.iloc[NETWORKS.index(network) :], name=dataset)

    real_data._loaded = pretended
    methods = ["correlation", "clr", "ridge", "tigress"]
    tasks = real_data.real_tasks(["mDC", "hHep"], methods, [0], networks=NETWORKS)
    options = {"say": lambda text: None, "n_jobs": 1, "parts": Path("parts")}
    assert run_missing(Path("record"), tasks, **options) == []


def rows_on_record(folder: Path) -> Things:
    """A thing a row, which is one by its key; parts come and go, but those there must be whole."""
    found: Things = {}
    for part in (folder / "parts").rglob("*.npz"):
        with np.load(part, allow_pickle=False) as opened:
            assert opened["block"].size and opened["cpu_seconds"] >= 0
    for experiment in ("clean", "beeline"):
        for row in Record(experiment, folder / "record").rows().to_dict("records"):  # no key twice
            times = {name: row.pop(name) for name in ("seconds", "cpu_seconds")}
            found[" ".join(row[name] for name in KEY)] = Thing(repr(row), repr(times))
    return found


# --- infer, download, train


def own_cells(folder: Path) -> None:
    """A user's files."""
    expression, tfs, _ = linear_network(n_cells=60, n_genes=14)
    expression.to_csv(folder / "cells.csv")
    (folder / "tfs.txt").write_text("\n".join(tfs) + "\n")


def infer_earlier() -> None:
    """On fewer genes, so that every file of it is another one."""
    assert main([*INFER, "--also", "all", "--genes", "4"]) == 0


def infer_all() -> None:
    assert main([*INFER, *TRUST]) == 0


def results(folder: Path) -> Things:
    """A thing a file; seconds and dates are left out."""
    found = {}
    for name in ("out.csv", *(f"out{form.ending}" for form in FORMATS.values())):
        path = folder / name
        if not path.exists():
            continue
        if name.endswith(".h5ad"):
            cells = anndata.read_h5ad(path)
            text = cells.uns["grnular"]["edges"].to_csv() + digest(np.asarray(cells.X).tobytes())
            json.loads(cells.uns["grnular"]["report"])
        elif name.endswith(".report.json"):
            stored = json.loads(path.read_text())
            text = repr({k: v for k, v in stored.items() if k not in ("seconds", "finished_utc")})
        elif name.endswith(".report.html"):
            text = re.sub("|".join(TIMES), "", path.read_text())
        else:
            text = path.read_text()
        found[name] = Thing(digest(text))
    return found


@contextmanager
def served() -> Iterator[Scenario]:
    """Downloads from a server in a process of its own: two files, and one out of an archive."""
    rng = np.random.default_rng(0)
    inside, memory = rng.bytes(200_000), io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("nets/c.csv", inside)
    content = {f"data/{name}.csv": rng.bytes(300_000) for name in "ab"}
    content["data/nets.zip"] = memory.getvalue()
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server = DataServer(http.server_address[1], Path("unused"))
    for key, data in content.items():
        server.add(key, data, pause=0.003)
    member = Member("data/nets.zip", "nets/c.csv", digest(inside), len(inside), True)
    child = os.fork()
    if not child:
        http.RequestHandlerClass = handler_of(server)
        try:
            http.serve_forever()
        finally:
            os._exit(0)

    def work() -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            os.environ.pop(name, None)
            os.environ.pop(name.upper(), None)
        os.environ["GRNULAR_DATA"] = str(Path("cache").absolute())
        registry.registry = lambda: server.entries
        registry.members = lambda: {(member.archive, member.name): member}
        downloads.PAUSE_SECONDS = 0.01
        assert main(["download", *content]) == 0
        fetch_member(member.archive, member.name)

    def things(folder: Path) -> Things:
        return {
            path.name: Thing(digest(path.read_bytes()), str(path.stat().st_mtime_ns))
            for path in in_the_open(folder / "cache")
        }

    http.socket.close()
    try:
        yield Scenario("download", lambda folder: None, work, things)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def write_recipe(folder: Path) -> None:
    (folder / "tiny.json").write_text(json.dumps(TINY.as_dict()))


def small_batches(chosen: object, part: str, *rest: object) -> list[Batch]:
    """In place of simulations."""
    seeds = {"train": [[0], [1]], "valid": [[2]]}[part]
    return [graphs(seed) for seed in seeds]


def use_small_graphs() -> None:
    training.make_batches = small_batches


def train() -> None:
    use_small_graphs()
    assert main(["train", "tiny.json", "--out", "out", "--device", "cpu", "--jobs", "1"]) == 0


def epochs(folder: Path) -> Things:
    """A thing an epoch of the checkpoint, a line of the curves and a file of weights."""
    found: Things = {}
    out = folder / "out"
    if (out / "tiny-checkpoint.safetensors").exists():
        stored, _ = read_checkpoint(out / "tiny-checkpoint.safetensors")
        for row in stored["history"]:
            seconds = str(row.pop("seconds", ""))  # the untrained model took none
            found[f"epoch {row['epoch']}"] = Thing(repr(row), seconds)
    if (out / "tiny-curves.csv").exists():
        for row in pd.read_csv(out / "tiny-curves.csv").drop(columns="seconds").to_dict("records"):
            found[f"line {row['epoch']:.0f}"] = Thing(repr(row))
    for name in ("tiny", "tiny-auroc"):
        path = out / f"{name}.safetensors"
        if path.exists() and path.with_suffix(".json").exists():
            read_trained(path)
            found[name] = Thing(digest(path.read_bytes() + path.with_suffix(".json").read_bytes()))
    return found


@contextmanager
def scenarios() -> Iterator[list[Scenario]]:
    """All of them; the server of the downloads runs until the end."""
    with served() as download:
        infer_words = f"infer {' '.join(TRUST)}"
        yield [
            Scenario("make paper, simulated data", make_record, simulated_grid, rows_on_record),
            Scenario("make paper, real data", make_record, real_grid, rows_on_record),
            Scenario(infer_words, own_cells, infer_all, results, earlier=infer_earlier),
            download,
            Scenario("train", write_recipe, train, epochs),
        ]


def make_record(folder: Path) -> None:
    (folder / "record").mkdir()
