"""How far a likelihood ratio of GRNULar-curated can be believed, on sets and TFs that its readout has not seen.

The observed ratio of a range is the share of a network's edges that lie in it, over the share of its other candidates.

Parameters
----------
shares : DataFrame
    Edges and other candidates in every range, of every set and network.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.candidates import candidates_of_clean
from grnular_core.methods.interface import MethodInput, RunOptions
from grnular_core.utils.files import atomic_write, write_csv
from grnular_paper.more_cells import SETS, load_cells
from grnular_paper.more_networks import CURATED, KINDS, among, network, networks_of, pair_sizes
from grnular_paper.more_runs import BEELINE_LIST
from grnular_paper.readout import held_out_scores
from grnular_paper.records import MORE_PAIRS, recorded_table

CATALOGUE = "CollecTRI"  # the largest curated network; shares of pairs that are edges are of it
RANGES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, np.inf)  # of the ratio
TABLE = "readout_calibration"
DRAWS = 10_000


def _ratio_shares(ratio: np.ndarray, is_edge: np.ndarray) -> pd.DataFrame:
    """Count the edges and the other candidates of every range of likelihood ratios, and the shares that lie in it."""
    place = np.digitize(ratio, RANGES[1:-1], right=True)
    n = len(RANGES) - 1
    edges, others = (np.bincount(place[of], minlength=n) for of in (is_edge, ~is_edge))
    return pd.DataFrame(
        {"low": RANGES[:-1], "edges": edges, "share_of_edges": edges / edges.sum(), "share_of_others": others / others.sum()}
    )


def _held_out_shares(name: str) -> pd.DataFrame:
    """Count on every curated network of a set, by readouts that have seen neither the set nor the TF."""
    data = load_cells(name)
    given = MethodInput.of(data)
    scores = held_out_scores(given, RunOptions(device="cpu", n_jobs=1))
    ratio = pd.DataFrame(scores.weight, index=given.tfs, columns=given.genes)
    found = []
    for of in (of for of in networks_of(data.provenance["species"]) if KINDS[of] == CURATED):
        clean = among(network(of, data.provenance["species"]), data)
        if pair_sizes(clean, data, list(data.tfs))["kept"]:
            chosen = candidates_of_clean(clean, data.genes, data.tfs)
            here = ratio.loc[chosen.regulators, chosen.targets].to_numpy()
            found.append(_ratio_shares(here[chosen.mask], chosen.truth[chosen.mask]).assign(dataset=name, network=of))
    return pd.concat(found, ignore_index=True)


def calibration_table(shares: pd.DataFrame) -> pd.DataFrame:
    """Compare stated with observed ratios.

    Returns
    -------
    DataFrame
        A line a range, as texts: the stated ratio; ``observed``, from shares averaged over the networks of a set and then
        over sets, with the 95 % interval when sets are drawn anew; and ``edges`` of all networks in it.
    """
    wide = shares.groupby(["dataset", "low"])[["share_of_edges", "share_of_others"]].mean().unstack("low")
    inside, outside = wide["share_of_edges"].to_numpy(), wide["share_of_others"].to_numpy()
    drawn = np.random.default_rng(0).integers(len(wide), size=(DRAWS, len(wide)))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = inside.mean(axis=0) / outside.mean(axis=0)
        low, high = np.nanpercentile(inside[drawn].mean(axis=1) / outside[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    counts = shares.groupby("low")["edges"].sum()
    return pd.DataFrame(
        {
            "stated ratio": _spelled_ranges(),
            "observed": [f"{o:.2f} [{a:.2f}, {b:.2f}]" for o, a, b in zip(observed, low, high, strict=True)],
            "edges": [str(counts[at]) for at in RANGES[:-1]],
        }
    )


def range_precision(shares: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Compute the precision of every range of ratios on every set.

    Parameters
    ----------
    pairs : DataFrame
        ``more_pairs`` of the record: edges and density of each network.

    Returns
    -------
    DataFrame, (sets, ranges)
        Share of the candidates of a range that are edges of ``CATALOGUE``; columns are the low ends.
    """
    chosen = pairs[(pairs["network"] == CATALOGUE) & (pairs["tf_list"] == BEELINE_LIST)].set_index("dataset")
    others = (chosen["true"] / chosen["density"] - chosen["true"]).rename("others")
    found = shares[shares["network"] == CATALOGUE].join(others, on="dataset")
    others_inside = found["share_of_others"] * found["others"]
    found = found.assign(precision=found["edges"] / (found["edges"] + others_inside))
    return found.pivot(index="dataset", columns="low", values="precision")


def _precision_ranges(precision: pd.DataFrame) -> dict[str, list[float]]:
    """Summarise the precision of every range over the sets, as ``curated.json`` has it."""
    by_range = {"precision": precision.mean(), "precision_low": precision.min(), "precision_high": precision.max()}
    return {"above": list(RANGES[:-1]), **{name: of.round(5).tolist() for name, of in by_range.items()}}


def precision_check(precision: pd.DataFrame) -> pd.DataFrame:
    """Compare the precision on each set with what the other sets would have foretold.

    Parameters
    ----------
    precision : DataFrame, (sets, ranges)
        As ``range_precision``.

    Returns
    -------
    DataFrame
        A line a range, as texts: the stated ratio, the mean ``precision`` with the lowest and the highest of the sets, and
        of how many sets it was ``within a factor of 2`` and ``of 3`` of the mean over the other sets.
    """
    others = (precision.sum() - precision) / (len(precision) - 1)
    factor = np.exp(np.abs(np.log((precision / others).clip(lower=1e-9))))
    return pd.DataFrame(
        {
            "stated ratio": _spelled_ranges(),
            "precision": [f"{precision[a].mean():.2%} [{precision[a].min():.2%}, {precision[a].max():.2%}]" for a in precision],
            **{f"within a factor of {most}": [f"{n} of {len(factor)}" for n in (factor <= most).sum()] for most in (2, 3)},
        }
    )


def _spelled_ranges() -> list[str]:
    """Name the ranges of the ratio."""
    between = [f"{a:g} to {b:g}" for a, b in zip(RANGES[1:-2], RANGES[2:-1], strict=True)]
    return [f"below {RANGES[1]:g}", *between, f"above {RANGES[-2]:g}"]


def write_calibration(folder: Path, shipped: Path) -> None:
    """Compute the table of shares anew, and the precision that the package states.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.
    shipped : Path
        ``grnular_core/methods/curated.json``.

    Raises
    ------
    DownloadError, WriteError
        As ``readout.fit_all``.
    """
    table = pd.concat([_held_out_shares(name) for name in SETS], ignore_index=True)
    write_csv(table.round(6), folder / f"{TABLE}.csv")
    _state_precision(folder, shipped)


def _state_precision(folder: Path, shipped: Path) -> None:
    """Write the precision of every range into the file of the readout."""
    found = range_precision(recorded_table(folder, TABLE), recorded_table(folder, MORE_PAIRS))
    about = json.loads(shipped.read_text(encoding="utf-8")) | {"precision": _precision_ranges(found)}
    with atomic_write(shipped) as part:
        part.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
