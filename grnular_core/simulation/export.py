"""Writing simulated datasets: a folder of plain files, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from grnular_core import __version__
from grnular_core.data.names import preview
from grnular_core.simulation.simulate import (
    Preset,
    Simulation,
    simulated_anndata,
    tf_names,
    truth_table,
)
from grnular_core.utils.device import machine_bytes, spelled_size
from grnular_core.utils.errors import GrnularError, InputError
from grnular_core.utils.files import place, save_h5ad, write_error

Format = Literal["h5ad", "csv"]
ABOUT = "simulation.json"  # also the mark of a folder that may be replaced
# names of the files that ``simulate`` writes
WRITTEN = re.compile(
    r"(seed_\d+/)?(expression\.(h5ad|csv)|truth\.csv|tfs\.txt|cell_types\.csv|simulation\.json)|seed_\d+"
)
FILES = {"expression": "", "truth": "truth.csv", "tfs": "tfs.txt", "cell_types": "cell_types.csv"}
COPIES = 4  # of the expression that live at once, with noise and on the way to the disk


def _write_simulation(simulation: Simulation, folder: Path, kind: Format) -> None:
    """Write one dataset as files that ``infer`` and ``evaluate`` read.

    Expression has all cells and genes, constant ones too; ``simulation.json`` has every setting.
    """
    files = {**FILES, "expression": f"expression.{kind}"}
    adata = simulated_anndata(simulation)
    if kind == "h5ad":
        save_h5ad(adata, folder / files["expression"])
    else:
        adata.to_df().to_csv(folder / files["expression"], lineterminator="\n")
    truth_table(simulation).to_csv(folder / files["truth"], index=False, lineterminator="\n")
    (folder / files["tfs"]).write_text("".join(f"{tf}\n" for tf in tf_names(simulation)))
    adata.obs.to_csv(folder / files["cell_types"], index_label="cell", lineterminator="\n")
    _write_json(_about(simulation, files), folder / ABOUT)


def write_simulations(
    simulations: Iterator[Simulation],
    n: int,
    folder: Path,
    kind: Format,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write datasets; one goes into the folder itself, several into folders ``seed_0`` ...

    Parameters
    ----------
    simulations : iterator of Simulation
    n : int
    folder : Path
        Exists.
    kind : {"h5ad", "csv"}
    progress : callable
        Called with how many are written and ``n`` after each of several.

    Returns
    -------
    int
        Number of true edges in all.
    """
    n_edges, folders = 0, []
    for done, simulation in enumerate(simulations, start=1):
        inner = folder / f"seed_{simulation.seed}" if n > 1 else folder
        inner.mkdir(exist_ok=True)
        _write_simulation(simulation, inner, kind)
        folders.append(inner.name)
        n_edges += simulation.grn.n_edges
        if n > 1:
            progress(done, n)
    if n > 1:
        _write_json({**_made_by(), "folders": folders}, folder / ABOUT)
    return n_edges


def _about(simulation: Simulation, files: dict[str, str]) -> dict[str, Any]:
    """Collect settings and contents of the dataset; regulons have no production rates."""
    n_cells, n_genes = simulation.expression.shape
    names, rates = simulation.genes(), {}
    if simulation.rates is not None:
        masters = simulation.grn.masters()
        rates = {
            names[gene]: row.tolist() for gene, row in zip(masters, simulation.rates, strict=True)
        }
    return {
        **_made_by(),
        **simulation.provenance(),
        "n_cells": n_cells,
        "n_genes": n_genes,
        "n_tfs": len(simulation.tf_index),
        "n_edges": simulation.grn.n_edges,
        "production_rates": rates,
        "files": files,
    }


def _made_by() -> dict[str, Any]:
    """Name the versions that simulate."""
    versions = {name: version(name) for name in ("numpy", "numba")}
    return {"made_by": f"grnular_core {__version__}", "versions": versions}


def _write_json(value: dict[str, Any], path: Path) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def check_size(settings: Preset, n_together: int = 1) -> None:
    """Refuse datasets that do not fit into the memory of the machine.

    Parameters
    ----------
    settings : Preset
    n_together : int
        How many datasets live at once.

    Raises
    ------
    InputError
        When they take more memory than there is.
    """
    graph, kinetics = settings.graph, settings.kinetics
    a_cell = COPIES * graph.n_genes + kinetics.sampling_state * (graph.n_tfs + 2)
    needed, there = 4 * n_together * kinetics.n_cells * a_cell, machine_bytes()
    if there is not None and needed > there:
        raise InputError(
            f"{kinetics.n_cells} cells of {graph.n_genes} genes take {spelled_size(needed)} of "
            f"memory and the machine has {spelled_size(there)}; take fewer --cells or --jobs"
        )


def check_folder(path: Path, force: bool) -> None:
    """Before any work, refuse a place where no folder can be made, or that holds something.

    Parameters
    ----------
    path : Path
    force : bool
        Lets a folder be replaced that an earlier simulation has written, and no other.

    Raises
    ------
    InputError
        For a folder that cannot be used, with the reason.
    """
    option = f"--out {path}"
    kind = place(path)
    if kind not in ("folder", "missing"):
        raise InputError(f"{option} is a file; give the name of a folder to make")
    if place(path.parent) != "folder":
        raise InputError(f"{option}: the folder {path.parent} does not exist; create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{option}: the folder {path.parent} is not writable; choose another")
    there = _contents(path) if kind == "folder" else []
    if there:
        if ABOUT not in there:
            raise InputError(f"{option} holds other files (no {ABOUT}); give a new folder")
        if not force:
            raise InputError(f"{option} holds a simulation; give another folder, or --force")
        foreign = [name for name in there if not WRITTEN.fullmatch(name)]
        if foreign:
            raise InputError(
                f"{option} holds files that simulate did not write and --force would delete "
                f"({preview(foreign, 3)}); move them, or give another folder"
            )


def _contents(folder: Path) -> list[str]:
    """List the paths of all files in the folder, and of folders without any, relative to it and sorted."""
    found = []
    for top, inner, names in os.walk(folder, onerror=_refuse_unread):
        found += [os.path.join(top, name) for name in names]
        found += [
            os.path.join(top, name) for name in inner if os.path.islink(os.path.join(top, name))
        ]
        if not names and not inner and Path(top) != folder:
            found.append(top)
    return sorted(Path(name).relative_to(folder).as_posix() for name in found)


def _refuse_unread(error: OSError) -> None:
    """Refuse a folder that cannot be looked into."""
    raise InputError(
        f"--out: {error.filename} cannot be read: {error.strerror}; give another folder"
    )


@contextmanager
def new_folder(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` and move it there when the block ends well.

    A reader sees no folder (or the old one) or the whole new one. When the block fails the
    temporary folder is removed; a killed process leaves a hidden ``.part`` folder.

    Parameters
    ----------
    path : Path
    force : bool

    Yields
    ------
    Path

    Raises
    ------
    InputError
        As ``check_folder``.
    WriteError
        For a full disk or missing rights.
    """
    check_folder(path, force)
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name[:40]}-{secrets.token_hex(8)}.part")
    try:
        part.mkdir()
        yield part
        for file in sorted(part.rglob("*")):
            if file.is_file():
                _flush(file)
        _put(part, target)
    except OSError as error:
        if isinstance(error, GrnularError):
            raise
        raise write_error(error, path) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, target: Path) -> None:
    """Rename, over an empty folder or in place of an old simulation, which is removed last."""
    old = part.with_suffix(".old")
    if target.is_dir() and any(target.iterdir()):
        os.rename(target, old)
    try:
        os.rename(part, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(file: Path) -> None:
    """Bring a written file to the disk."""
    with open(file, "rb+") as written:
        os.fsync(written.fileno())
