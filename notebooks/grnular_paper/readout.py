"""The readout of GRNULar-curated: fitted on the development sets and their curated networks, each held out in turn.

Every set counts alike, within a set every curated network, and within a network its edges as much as all other
candidates. For the scores on a set, neither the set nor the TFs that are scored have a part in the fit: TFs are cut
into two halves by a hash of their names, and each half is scored by a readout of the other sets and the other half.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd

from grnular_core.data.candidates import Candidates, candidates_of_clean
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.curated import FEATURES, SCORES, Readout, joined, rank_features
from grnular_core.methods.interface import MethodInput, RunOptions, Scores
from grnular_core.methods.registry import METHODS
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import atomic_write, write_csv
from grnular_core.utils.provenance import package_commit, repository
from grnular_paper.more_cells import SETS, cell_set, load_cells
from grnular_paper.more_networks import CURATED, KINDS, MIN_EDGES, MIN_REGULATORS, among, network, networks_of
from grnular_paper.records import recorded_folder, recorded_table

HALVES = (0, 1)
MOST_OTHERS = 20_000  # candidates that are no edges, drawn of each network and half
FITTED_EDGES = 10  # least number of edges of a network and half
TABLE = "readouts"
SHIPPED = repository() / "grnular_core" / "methods" / "curated.json"


class Examples(NamedTuple):
    """Candidates of one set and one half of its TFs."""

    features: np.ndarray  # (candidates, features)
    is_edge: np.ndarray  # (candidates,)
    share: np.ndarray  # (candidates,), what each counts; edges sum to 1, others too


def half_of(tf: str) -> int:
    """Say to which half a TF belongs, in all sets and species alike.

    Parameters
    ----------
    tf : str
        Name in any case.

    Returns
    -------
    int
        Of ``HALVES``.
    """
    return crc32(tf.upper().encode()) % len(HALVES)


def set_features(data: GRNDataset, scores: Sequence[str] = SCORES) -> np.ndarray:
    """Compute the features of all edges of a set.

    Parameters
    ----------
    data : GRNDataset
    scores : sequence of str
        Methods, each of which gives three features.

    Returns
    -------
    ndarray, shape (tfs, genes, features)
        Single precision; TFs and genes sorted by name.
    """
    given, options = MethodInput.of(data), RunOptions(device="cpu", n_jobs=1)
    found = [METHODS[name].scores(given, options).weight for name in scores]
    features = [feature for weight in found for feature in rank_features(weight, given.tf_index)]
    return np.stack(features, axis=-1).astype(np.float32)


def set_examples(data: GRNDataset, features: np.ndarray, kinds: Sequence[str] = (CURATED,)) -> dict[int, Examples]:
    """Draw the candidates of one set that a readout is fitted on.

    Parameters
    ----------
    data : GRNDataset
    features : ndarray, shape (tfs, genes, features)
        As ``set_features``.
    kinds : sequence of str
        Of the networks.

    Returns
    -------
    dict of int to Examples
        By half of the TFs; a half without enough edges is left out.
    """
    species = data.provenance["species"]
    of_kind = [name for name in networks_of(species) if KINDS[name] in kinds]
    chosen = [candidates_of_clean(among(network(name, species), data), data.genes, data.tfs) for name in of_kind]
    kept = [c for c in chosen if len(c.regulators) >= MIN_REGULATORS and c.n_true >= MIN_EDGES]
    found = {}
    for half in HALVES:
        parts = [part for c in kept if (part := _of_half(c, data, features, half)) is not None]
        if parts:
            rows, is_edge, share = (np.concatenate(of) for of in zip(*parts, strict=True))
            found[half] = Examples(rows, is_edge, share / len(parts))
    return found


def _of_half(chosen: Candidates, data: GRNDataset, features: np.ndarray, half: int) -> Examples | None:
    """All edges of one network, and some of the other candidates."""
    tfs, genes = sorted(data.tfs), sorted(data.genes)
    mask = chosen.mask & np.array([half_of(tf) == half for tf in chosen.regulators])[:, None]
    edges, others = np.argwhere(mask & chosen.truth), np.argwhere(mask & ~chosen.truth)
    if len(edges) < FITTED_EDGES or not len(others):
        return None
    drawn = np.random.default_rng(half).permutation(len(others))[:MOST_OTHERS]
    at = np.concatenate([edges, others[drawn]])
    row = np.array([tfs.index(tf) for tf in chosen.regulators])[at[:, 0]]
    column = np.array([genes.index(gene) for gene in chosen.targets])[at[:, 1]]
    is_edge = np.arange(len(at)) < len(edges)
    return Examples(features[row, column], is_edge, np.where(is_edge, 1 / len(edges), 1 / len(drawn)))


def _fit_readout(examples: Iterable[Examples]) -> Readout:
    """Fit the log likelihood ratio by logistic regression; all examples count alike."""
    from sklearn.linear_model import LogisticRegression

    rows, is_edge, share = (np.concatenate(of) for of in zip(*examples, strict=True))
    mean, deviation = rows.mean(axis=0, dtype=float), rows.std(axis=0, dtype=float) + 1e-12
    fitted = LogisticRegression(C=1000.0, max_iter=2000, tol=1e-8)
    fitted.fit((rows - mean) / deviation, is_edge, sample_weight=share)
    weights = fitted.coef_[0] / deviation
    return Readout(weights, float(fitted.intercept_[0] - mean @ weights))


def held_out_readouts(examples: Mapping[str, Mapping[int, Examples]]) -> dict[tuple[str, int], Readout]:
    """Fit a readout for every half of every set, on the other half of the other sets.

    Parameters
    ----------
    examples : mapping of str to mapping of int to Examples
        By set and half.

    Returns
    -------
    dict of (str, int) to Readout
    """
    return {
        (left_out, half): _fit_readout(
            part for name, halves in examples.items() if name != left_out for of, part in halves.items() if of != half
        )
        for left_out in examples
        for half in HALVES
    }


@lru_cache
def _recorded_readouts(folder: Path) -> dict[tuple[str, int], Readout]:
    """Read the recorded held-out readouts, by set and half."""
    table = recorded_table(folder, TABLE)
    weights = table[list(FEATURES)].to_numpy()
    keys = zip(table["left_out"], table["half"], strict=True)
    return {key: Readout(w, b) for key, w, b in zip(keys, weights, table["intercept"], strict=True)}


def held_out_scores(given: MethodInput, options: RunOptions) -> Scores:
    """Score a development set as GRNULar-curated does, by readouts that have seen neither the set nor the TF.

    Parameters
    ----------
    given : MethodInput
        Of ``more_cells.load_cells``.
    options : RunOptions
        Of the scores that are joined.

    Returns
    -------
    Scores
        Each TF's edges by the readout of its half.

    Raises
    ------
    InputError
        For a set that no recorded readout leaves out.
    """
    readouts = _recorded_readouts(recorded_folder())
    if (given.data.name, HALVES[0]) not in readouts:
        raise InputError(
            f"no readout on record was fitted without {given.data.name}: run `.venv/bin/python -m grnular_paper readout` first"
        )
    of_tfs = [readouts[given.data.name, half_of(tf)] for tf in given.tfs]
    weights, intercept = np.stack([of.weights for of in of_tfs], axis=1), np.array([of.intercept for of in of_tfs])
    each = Readout(weights[..., None], intercept[:, None])  # along the TFs, where a score is (tfs, genes)
    return joined([METHODS[name].scores(given, options) for name in SCORES], given.tf_index, each)


def fit_all(folder: Path, shipped: Path) -> None:
    """Fit the readout of the package and the held-out ones, and write both.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.
    shipped : Path
        ``grnular_core/methods/curated.json``.

    Raises
    ------
    DownloadError
        When a set or network cannot be had.
    WriteError
        For a full disk or missing rights.
    """
    examples = {}
    for name in SETS:
        data = load_cells(name)
        examples[name] = set_examples(data, set_features(data))
    whole = _fit_readout(part for halves in examples.values() for part in halves.values())
    about = {
        "fitted_on": {name: cell_set(name).what for name in examples},
        "networks": [name for name, kind in KINDS.items() if kind == CURATED],
        "weights": dict(zip(FEATURES, whole.weights.round(6).tolist(), strict=True)),
        "intercept": round(whole.intercept, 6),
        "commit": package_commit(),
    }
    with atomic_write(shipped) as part:
        part.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    rows = [
        {"left_out": name, "half": half, **dict(zip(FEATURES, of.weights, strict=True)), "intercept": of.intercept}
        for (name, half), of in held_out_readouts(examples).items()
    ]
    write_csv(pd.DataFrame(rows).round(6), folder / f"{TABLE}.csv")
