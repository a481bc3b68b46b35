"""Report of a run as a plain dictionary: enough to repeat it and to write a methods section."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from grnular_core import __version__
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import sha256
from grnular_core.data.readers import files_read
from grnular_core.methods.registry import RunOptions, method
from grnular_core.methods.unrolled import default_weights
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.device import resolve_device
from grnular_core.utils.files import place
from grnular_core.workflow.analysis import Network, Plan
from grnular_core.workflow.stability import LEVELS, edges_at, n_pairs

PACKAGES = ("numpy", "scipy", "pandas", "anndata", "scikit-learn", "torch")
SCORES = ("auprc", "auprc_ratio", "auroc", "epr", "density", "n_true", "n_candidates")


@dataclass(frozen=True)
class Inputs:
    """Where the data came from."""

    expression: Path | None  # file or 10x folder of the user; None without one
    tfs: str  # ``human``, ``mouse``, ``all`` or a file
    truth: str | None = None  # the file of the reference network
    options: Mapping[str, Any] = field(default_factory=dict)  # how they were read
    notes: tuple[str, ...] = ()  # notes from reading them


def make_report(
    inputs: Inputs, data: GRNDataset, name: str, run: RunOptions, plan: Plan, network: Network
) -> dict[str, Any]:
    """Make the report of a run.

    Parameters
    ----------
    inputs : Inputs
    data : GRNDataset
    name : str
    run, plan : RunOptions, Plan
        How it ran.
    network : Network

    Returns
    -------
    dict
        Words and numbers that json can hold. No folder of the machine is named.
    """
    chosen = method(name)
    return {
        "made_by": f"grnular_core {__version__}",
        "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES},
        "input": {
            "expression": inputs.expression.name if inputs.expression else data.name,
            "sha256": _hashes(inputs.expression),
            "tfs": inputs.tfs if len(Path(inputs.tfs).parts) == 1 else Path(inputs.tfs).name,
            "tfs_sha256": _hash(Path(inputs.tfs)),
            "truth": Path(inputs.truth).name if inputs.truth else None,
            "truth_sha256": _hash(Path(inputs.truth)) if inputs.truth else None,
            "options": dict(inputs.options),
        },
        "data": {
            "cells": data.n_cells,
            "genes": data.n_genes,
            "tfs": len(data.tfs),
            "values": data.provenance.get("values"),
            "notes": list(inputs.notes or data.notes),
        },
        "method": {
            "name": chosen.name,
            "description": chosen.description,
            "evidence": None if run.weights else chosen.evidence or None,
            "weights": str(run.weights) if run.weights else _default_weights(chosen.name, data),
            "seed": run.seed,
            "device": str(resolve_device(run.device)) if chosen.uses_device else "cpu",
            "bootstraps": plan.bootstraps,
            "decoy_runs": plan.decoys,
            "decoy_groups": None if plan.groups is None else len(set(plan.groups)),
            "top": plan.top,
        },
        "result": _result(network, plan, data),
        "seconds": {step: round(value, 2) for step, value in network.seconds.items()},
        "scores": _scores(network, data),
    }


def described(report: Mapping[str, Any], n_kept: int) -> dict[str, Any]:
    """Add the number of edges that were kept, and a paragraph for a methods section.

    Parameters
    ----------
    report : mapping
        Of ``make_report``.
    n_kept : int

    Returns
    -------
    dict
        A report with ``result.edges_kept`` and ``methods_text``.
    """
    found = {**report, "result": {**report["result"], "edges_kept": n_kept}}
    return {**found, "methods_text": _methods_text(found)}


def _methods_text(report: Mapping[str, Any]) -> str:
    """Write the paragraph of a methods section on a run."""
    data, how, result = report["data"], report["method"], report["result"]
    options, hash_ = report["input"]["options"], report["input"]["tfs_sha256"]
    kept, packages = result.get("edges_kept", result["edges"]), report["packages"]
    weights = f"trained weights {how['weights']}, " if how["weights"] else ""
    genes = f"{data['genes']:,} genes, of which {data['tfs']:,} could regulate (TF list: {report['input']['tfs']}"
    genes += f", SHA-256 {hash_[:12]}...)" if hash_ else ")"
    text = [
        f"A gene regulatory network was inferred with {method(how['name']).label.removesuffix(' (this work)')} "
        f"({weights}seed {how['seed']}) of {report['made_by'].replace(' ', ' version ')} (Python {report['python']}, NumPy "
        f"{packages['numpy']}, PyTorch {packages['torch']}), from {data['cells']:,} cells and {genes}."
    ]
    if how.get("evidence"):
        text.append(f"This method is {how['evidence']}.")
    if options.get("n_top_genes"):
        n = f"{options['n_top_genes']:,}"
        text.append(f"Genes are the {n} most variable TFs and the {n} most variable other genes, or all where there are fewer.")
    if options.get("normalise"):
        text.append("Counts were scaled to the same total in each cell and log(1 + x)-transformed.")
    elif data["values"]:
        text.append(f"Values of expression were used as given ({data['values']}).")
    text.append(
        f"Of {result['edges']:,} edges with a weight the {kept:,} strongest were kept."
        if kept < result["edges"] else f"The network has {kept:,} edges with a weight."
    )  # fmt: skip
    if how["bootstraps"]:
        text.append(
            f"The stability of an edge is the share of {how['bootstraps']} bootstraps of the cells in which it is among "
            f"the {how['top']:,} strongest again."
        )
    if how["decoy_runs"]:
        groups = how["decoy_groups"]
        within = f" within {groups} groups of cells" if groups and groups > 1 else ""
        text.append(
            f"False discovery rates (q-values) were estimated against decoys of all genes, permuted over the cells{within}, "
            f"in {how['decoy_runs']} runs."
        )
    text.append("Weights order the edges of this network; an edge is an association, not a proven regulation.")
    return " ".join(text)


def _result(network: Network, plan: Plan, data: GRNDataset) -> dict[str, Any]:
    """Count edges, stable edges and edges at each FDR."""
    found: dict[str, Any] = {"edges": len(network.edges)}
    if "stability" in network.edges:
        stable = network.edges["stability"].head(plan.top)
        found["top_edges_in_9_of_10_runs"] = int((stable >= 0.9).sum())
        found["stability_by_chance"] = min(plan.top / n_pairs(data), 1.0)
    if "q_value" in network.edges:
        counts = edges_at(network.edges["q_value"].to_numpy(), LEVELS)
        found["edges_at_fdr"] = {str(level): count for level, count in counts.items()}
    return found


def _scores(network: Network, data: GRNDataset) -> dict[str, Any] | None:
    """Score by the strict protocol where there is a reference network; undefined numbers are null."""
    if data.truth is None:
        return None
    scores = strict_scores(network.edges, data.truth, data.genes, data.tfs)
    return {key: value if math.isfinite(value := scores[key]) else None for key in SCORES}


def flat(report: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Make lines of a report, for a table.

    Parameters
    ----------
    report : mapping
        Of ``make_report``, or a part of it.
    before : str
        The section's name.

    Returns
    -------
    list of tuple of str
        Name and value; empty values are left out.
    """
    lines: list[tuple[str, str]] = []
    for key, value in report.items():
        what = f"{before}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            lines += flat(value, f"{what}: ")
        elif isinstance(value, list):
            lines += [(what, str(item)) for item in value]
        elif value is not None and value != "":
            lines.append((what, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return lines


def _default_weights(name: str, data: GRNDataset) -> str | None:
    """Name the weights that a trained method takes by itself."""
    chosen = method(name)
    return default_weights(chosen, data.adata.X) if chosen.weights else None


def _hashes(path: Path | None) -> str | dict[str, str] | None:
    """Hash a file, or file -> hash where several belong together, as in a 10x folder."""
    files = files_read(path) if path is not None else []
    if len(files) == 1:
        return _hash(files[0])
    return {file.name: sha256(file) for file in files} or None


def _hash(path: Path) -> str | None:
    """Hash a file; None where there is none."""
    return sha256(path) if place(path) == "file" else None


def _version(package: str) -> str | None:
    """Find an installed version; None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
