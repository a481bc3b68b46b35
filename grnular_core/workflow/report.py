"""What was done, as one plain dictionary: enough to do it again and to write a methods section."""

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
from grnular_core.methods.registry import Run, method
from grnular_core.methods.unrolled_methods import TRAINED
from grnular_core.utils.files import place
from grnular_core.workflow.analysis import Network, Plan
from grnular_core.workflow.decoys import LEVELS, edges_at

PACKAGES = ("numpy", "scipy", "pandas", "anndata", "scikit-learn", "torch")
SCORES = ("auprc", "auprc_ratio", "auroc", "epr", "density", "n_true", "n_candidates")


@dataclass(frozen=True)
class Inputs:
    """Where the data came from: a file or 10x folder (None: none of the user's), the TF list, the truth,
    the options with which they were read, and what was said of them."""

    expression: Path | None
    tfs: str
    truth: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def make_report(
    inputs: Inputs, data: GRNDataset, name: str, run: Run, plan: Plan, network: Network
) -> dict[str, Any]:
    """All of it as words and numbers that json can hold. No folder of the machine is named."""
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
            "weights": str(run.weights) if run.weights else _own_weights(chosen.name, data),
            "seed": run.seed,
            "device": _device(run.device) if chosen.uses_device else "cpu",
            "runs_on_drawn_cells": plan.stability,
            "runs_with_shuffled_genes": plan.null,
            "shuffled_within_groups": None if plan.groups is None else len(set(plan.groups)),
            "top": plan.top,
        },
        "result": _result(network, plan),
        "seconds": {step: round(value, 2) for step, value in network.seconds.items()},
        "scores": _scores(network, data),
    }


def _result(network: Network, plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {"edges": len(network.edges)}
    if "stability" in network.edges:
        stable = network.edges["stability"].head(plan.top)
        found["top_edges_in_9_of_10_runs"] = int((stable >= 0.9).sum())
    if "q_value" in network.edges:
        counts = edges_at(network.edges["q_value"].to_numpy(), LEVELS)
        found["edges_at_fdr"] = {str(level): count for level, count in counts.items()}
    return found


def _scores(network: Network, data: GRNDataset) -> dict[str, Any] | None:
    """The strict protocol's numbers where there is a truth; undefined ones are null."""
    if data.truth is None:
        return None
    from grnular_core.scoring.strict import strict_scores

    scores = strict_scores(network.edges, data.truth, data.genes, data.tfs)
    return {
        key: None
        if isinstance(scores[key], float) and not math.isfinite(scores[key])
        else scores[key]
        for key in SCORES
    }


def spelled_result(report: Mapping[str, Any]) -> list[str]:
    """Lines on stability and false discoveries, where these were asked for."""
    result, asked, lines = report["result"], report["method"], []
    if "top_edges_in_9_of_10_runs" in result:
        top = min(asked["top"], result["edges"])
        lines.append(
            f"stability: {result['top_edges_in_9_of_10_runs']} of the {top} strongest edges are among the "
            f"{top} strongest again in 90 % or more of {asked['runs_on_drawn_cells']} runs on drawn cells; by chance "
            f"an edge is among them in {_by_chance(report)} % of the runs"
        )
    if "edges_at_fdr" in result:
        counts = ", ".join(f"{n} at {level}" for level, n in result["edges_at_fdr"].items())
        lines.append(
            f"edges at an FDR against shuffled genes: {counts}; a pair that goes together for another "
            "reason than regulation passes too, and often most of these are such pairs"
        )
    return lines


def _by_chance(report: Mapping[str, Any]) -> str:
    """In how many percent of the runs random scores bring an edge among the top ones again."""
    data = report["data"]
    share = min(report["method"]["top"] / (data["tfs"] * (data["genes"] - 1)), 1.0)
    return f"{float(f'{100 * share:.2g}'):g}"  # two digits, and no exponent for 100


def spelled_scores(scores: Mapping[str, Any]) -> str:
    """One line on the strict scores, with what a guess reaches beside them."""
    if scores["auprc"] is None or scores["auroc"] is None:
        return "strict scores are not defined: no true edge starts at a TF of the data"
    return (
        f"strict AUPRC {scores['auprc']:.4f} ({scores['auprc_ratio']:.2f} times that of a guess), AUROC "
        f"{scores['auroc']:.3f} (a guess: 0.5), over {scores['n_true']} true edges among "
        f"{scores['n_candidates']} pairs"
    )


def flat(report: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """The report as lines (what, value) for a table; empty values are left out."""
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


def _own_weights(name: str, data: GRNDataset) -> str | None:
    if name not in TRAINED:
        return None
    from grnular_core.methods.model_methods import weights_for

    return str(weights_for(name, data.adata.X))


def _device(asked: str) -> str:
    from grnular_core.utils.device import resolve_device

    return str(resolve_device(asked))


def _hashes(path: Path | None) -> str | dict[str, str] | None:
    """The hash of a file, or file -> hash where several belong together, as in a 10x folder."""
    files = files_read(path) if path is not None else []
    if len(files) == 1:
        return _hash(files[0])
    return {file.name: sha256(file) for file in files} or None


def _hash(path: Path) -> str | None:
    return sha256(path) if place(path) == "file" else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
