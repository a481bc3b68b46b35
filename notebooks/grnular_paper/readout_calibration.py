"""How far a likelihood ratio of GRNULar-curated can be believed, on sets and TFs that its readout has not seen.

The observed ratio of a range is the share of a network's edges that lie in it, over the share of its other candidates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.candidates import candidates_of_clean
from grnular_core.methods.interface import MethodInput, RunOptions
from grnular_core.utils.files import write_csv
from grnular_paper.more_cells import SETS, load_cells
from grnular_paper.more_networks import CURATED, KINDS, among, network, networks_of, pair_sizes
from grnular_paper.readout import held_out_scores

RANGES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, np.inf)  # of the ratio
TABLE = "readout_calibration"
DRAWS = 10_000


def ratio_shares(ratio: np.ndarray, is_edge: np.ndarray) -> pd.DataFrame:
    """Count the edges and the other candidates of every range.

    Parameters
    ----------
    ratio : ndarray, shape (candidates,)
        Likelihood ratios.
    is_edge : ndarray of bool, shape (candidates,)

    Returns
    -------
    DataFrame
        ``low`` end of the range, ``edges`` in it, and ``share_of_edges`` and ``share_of_others`` that lie in it.
    """
    place = np.digitize(ratio, RANGES[1:-1], right=True)
    n = len(RANGES) - 1
    edges, others = (np.bincount(place[of], minlength=n) for of in (is_edge, ~is_edge))
    return pd.DataFrame(
        {"low": RANGES[:-1], "edges": edges, "share_of_edges": edges / edges.sum(), "share_of_others": others / others.sum()}
    )


def held_out_shares(name: str) -> pd.DataFrame:
    """Count on every curated network of a set, by readouts that have seen neither the set nor the TF.

    Parameters
    ----------
    name : str
        A set of ``more_cells.SETS``.

    Returns
    -------
    DataFrame
        As ``ratio_shares``, with ``dataset`` and ``network``.
    """
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
            shares = ratio_shares(here[chosen.mask], chosen.truth[chosen.mask])
            found.append(shares.assign(dataset=name, network=of))
    return pd.concat(found, ignore_index=True)


def calibration_table(shares: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Compare stated with observed ratios.

    Parameters
    ----------
    shares : DataFrame
        ``held_out_shares`` of all sets.
    seed : int
        Of the draws of sets.

    Returns
    -------
    DataFrame
        A line a range, as texts: the stated ratio; ``observed``, from shares averaged over the networks of a set and then
        over sets, with the 95 % interval when sets are drawn anew; ``edges`` of all networks in it; and the
        ``precision at 1 %`` that the observed ratio means where one candidate in a hundred is an edge.
    """
    means = shares.groupby(["dataset", "low"])[["share_of_edges", "share_of_others"]].mean()
    wide = means.unstack("low")
    inside, outside = wide["share_of_edges"].to_numpy(), wide["share_of_others"].to_numpy()
    drawn = np.random.default_rng(seed).integers(len(wide), size=(DRAWS, len(wide)))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = inside.mean(axis=0) / outside.mean(axis=0)
        low, high = np.nanpercentile(inside[drawn].mean(axis=1) / outside[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    counts = shares.groupby("low")["edges"].sum()
    ends = [f"below {RANGES[1]:g}", *(f"{a:g} to {b:g}" for a, b in zip(RANGES[1:-2], RANGES[2:-1], strict=True))]
    precision = observed / (99 + observed)
    return pd.DataFrame(
        {
            "stated ratio": [*ends, f"above {RANGES[-2]:g}"],
            "observed": [f"{o:.2f} [{a:.2f}, {b:.2f}]" for o, a, b in zip(observed, low, high, strict=True)],
            "edges": [str(counts[at]) for at in RANGES[:-1]],
            "precision at 1 %": [f"{p:.1%}" for p in precision],
        }
    )


def write_calibration(folder: Path) -> None:
    """Compute the table of shares anew.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.

    Raises
    ------
    DownloadError, WriteError
        As ``readout.fit_all``.
    """
    table = pd.concat([held_out_shares(name) for name in SETS], ignore_index=True)
    write_csv(table.round(6), folder / f"{TABLE}.csv")
