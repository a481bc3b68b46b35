"""Tables of the page on real data: what runs, the datasets, the rows shown, times, the paper's own gene rule.

Parameters
----------
reasons : mapping of (dataset, network) to str
    Why a pair cannot be run, ``real_data.pairs_without_data``.
loaded : mapping of (dataset, network) to GRNDataset
    The pairs at hand.
rows : DataFrame
    Rows of the record.
live, recorded : DataFrame
    Rows of one gene rule, computed now and recorded.
printed : DataFrame
    The paper's Fig. 8: ``dataset, network, method, auprc``.
dataset, datasets, networks, methods, rule : str, or some
    What is asked for, in the order shown, by the names of BEELINE and of the registry.
wanted : iterable of RealTask
    Which runs, on which networks each.
device : str
    Where torch runs.
found : DataFrame
    Of ``printed_beside_chance``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.data.beeline import load_beeline, table3
from grnular_core.data.candidates import strict_candidates
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import METHODS
from grnular_core.plotting.style import label
from grnular_core.utils.errors import DownloadError
from grnular_core.utils.files import write_csv
from grnular_paper import runs
from grnular_paper.real_data import NETWORK_LETTERS, RealTask, pair_label
from grnular_paper.records import COLUMNS
from grnular_paper.tables.beeline_scores import CONTROLS
from grnular_paper.verdicts import turned


def runnable(reasons: Mapping[tuple[str, str], str], datasets: Iterable[str], networks: Sequence[str]) -> list[str]:
    """Return the datasets whose every pair can be run.

    Returns
    -------
    list of str
    """
    return [d for d in datasets if all((d, n) not in reasons for n in networks)]


def sources_in_words(reasons: Mapping[tuple[str, str], str], computed: Sequence[str]) -> str:
    """Say which datasets are computed now, and why others are not.

    Parameters
    ----------
    computed : sequence of str

    Returns
    -------
    str
    """
    why: dict[str, list[str]] = {}
    for (dataset, _), reason in reasons.items():
        why.setdefault(reason, []).append(dataset)
    absent = "; ".join(f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in why.items())
    now = f"{', '.join(computed) or 'No dataset'} computed for this page, all else from the record."
    return f"{now} Without data: {absent}." if absent else now


def card_table(loaded: Mapping[tuple[str, str], GRNDataset]) -> pd.DataFrame:
    """Sizes of datasets with their reference networks.

    Returns
    -------
    DataFrame
        A line a pair; empty where none is at hand.
    """
    lines = []
    for (dataset, network), data in loaded.items():
        scored, dropped = strict_candidates(data.truth, data.genes, data.tfs), data.truth_counts
        lines.append(
            {
                "pair": pair_label(network, dataset), "genes": data.n_genes, "cells": data.n_cells,
                "TFs": len(data.tfs), "TFs with targets": len(scored.regulators),
                "true edges": len(data.truth), "from TFs": scored.n_true, "density": scored.density,
                "dropped lines": dropped.n_duplicates + dropped.n_self_loops,
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def tfs_beside_printed(folder: Path, write: bool = False) -> tuple[pd.DataFrame, str]:
    """Return the number of TFs under the paper's gene rule, beside the paper's Table 3.

    Parameters
    ----------
    folder : Path
        Where ``paper_table3.csv`` and ``table3.csv`` are.
    write : bool
        Whether numbers computed now are recorded.

    Returns
    -------
    both : DataFrame
        ``dataset``, ``tfs (paper)``, ``tfs (ours)`` and what else BEELINE's statistics give.
    source : str
        Whether ours were computed now or come from the record.
    """
    try:
        ours, source = table3(), "computed now"
    except DownloadError:
        return _beside(folder, pd.read_csv(folder / "table3.csv")), "from the record: the files are not at hand"
    if write:
        write_csv(ours[["dataset", "tfs"]], folder / "table3.csv")
    return _beside(folder, ours), source


def _beside(folder: Path, ours: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(folder / "paper_table3.csv").merge(ours, on="dataset", suffixes=(" (paper)", " (ours)"))


def table3_numbers(both: pd.DataFrame) -> dict[str, int]:
    """On how many datasets the number of TFs is the paper's.

    Parameters
    ----------
    both : DataFrame
        Of ``tfs_beside_printed``.

    Returns
    -------
    dict of str to int
        ``table3_equal``.
    """
    return {"table3_equal": int((both["tfs (paper)"] == both["tfs (ours)"]).sum())}


def run_live(wanted: Iterable[RealTask], device: str) -> tuple[pd.DataFrame, list[str]]:
    """Run the tasks now, without scores by edge and TF, whose draws take longer than quick methods.

    Returns
    -------
    rows : DataFrame
        Rows of the record's columns but for provenance; also without any task.
    failures : list of str
        A line for each run that failed.
    """
    rows, failures = runs.run_now([replace(task, detailed=False) for task in wanted], device=device)
    columns = [c for c in COLUMNS if c not in ("experiment", "commit", "environment")]
    return rows.reindex(columns=columns), failures


def live_before_record(live: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """All rows that the page shows: those computed now, and of the record what is not among them.

    Returns
    -------
    DataFrame
        A row a dataset, network, method and seed, with ``source`` "live" or "record".
    """
    parts = [live.assign(source="live"), recorded.assign(source="record")]
    rows = pd.concat([part for part in parts if len(part)] or parts[1:], ignore_index=True)
    rows["seed"] = rows["seed"].astype(str)
    return rows.drop_duplicates(["dataset", "network", "method", "seed"], keep="first")


def run_numbers(rows: pd.DataFrame, live: pd.DataFrame, recorded: pd.DataFrame) -> dict[str, float]:
    """How many rows are live and recorded, and how far both are apart, to be glued.

    Parameters
    ----------
    rows : DataFrame
        Of ``live_before_record``.

    Returns
    -------
    dict of str to float
        ``live_rows``, ``record_rows``; ``live_record_pairs``: rows in both; ``live_record_percent``: the largest
        difference of an area there, in percent of the recorded value.
    """
    both = runs.compare_with_record(live, recorded)
    return {
        "live_rows": int((rows["source"] == "live").sum()),
        "record_rows": int((rows["source"] == "record").sum()),
        "live_record_percent": 100 * float(both["difference"].max() if len(both) else 0),
        "live_record_pairs": len(both),
    }


def times_table(rows: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds of one inference, a mean over networks and seeds.

    Returns
    -------
    DataFrame
        Texts (methods, datasets); empty where nothing is recorded.
    """
    times = rows.groupby(["method", "dataset"])["cpu_seconds"].mean().unstack()
    times = times.reindex([m for m in METHODS if m in times.index]).rename(index=label)
    return times.map(lambda s: "" if pd.isna(s) else "< 0.1" if s < 0.1 else f"{s:.1f}")


def open_methods(rows: pd.DataFrame, methods: Sequence[str]) -> str:
    """Which methods are not recorded for all pairs yet, as a sentence.

    Returns
    -------
    str
        Empty where all are.
    """
    pairs = rows.groupby("method")[["dataset", "network"]].apply(lambda t: len(t.drop_duplicates()))
    left = [m for m in methods if pairs.get(m, 0) < pairs.max()]
    if not left:
        return ""
    names = ", ".join(label(m) for m in left)
    return f"On some of the pairs alone: **{names}**; `make paper` computes the rest."


def seeds_in_words(rows: pd.DataFrame) -> str:
    """How many seeds the means of the figures are over.

    Returns
    -------
    str
        One or two sentences.
    """
    of = rows.groupby(["method", "dataset"])["seed"].nunique().groupby("method").agg(["min", "max"])
    several = ", ".join(
        f"{label(m)} {low}" + (f" to {high}" if high > low else "")
        for m, low, high in of.itertuples()
        if high > 1
    )
    start = "Scores are means over the recorded seeds: "
    return start + (f"{several}. All other methods have one." if several else "no method has more than one.")  # fmt: skip


PRINTED = ("glasso", "glad-tf", "genie3", "grnboost2", "grnular")  # the methods of the paper's Fig. 8


def rule_coverage(dataset: str, networks: Iterable[str], rule: str) -> tuple[str, list[str]]:
    """How many of the genes that a rule asks for are in the data at hand.

    Parameters
    ----------
    networks : iterable of str
        Reference networks, each with genes of its own.

    Returns
    -------
    said : str
        Share, genes, TFs and true edges of every network at hand.
    absent : list of str
        A line for each that is not.
    """
    said, absent = [], []
    for network in networks:
        try:
            data = load_beeline(dataset, network, rule)
        except DownloadError as error:
            absent.append(f"not at hand: {error}")
            continue
        scored, share = strict_candidates(data.truth, data.genes, data.tfs), data.provenance["covered"]
        sizes = f"{data.n_genes} genes, {len(data.tfs)} TFs, {scored.n_true} true edges"
        said.append(f"{network}: {share:.1%} ({sizes})")
    return "; ".join(said), absent


def printed_beside_chance(rows: pd.DataFrame, printed: pd.DataFrame, dataset: str, networks: Iterable[str]) -> pd.DataFrame:
    """What the paper prints for its model on a dataset, beside ours and beside random scores, by its protocol.

    Parameters
    ----------
    rows : DataFrame
        Rows of the record under the paper's gene rule; a seed of ``random`` is a draw.

    Returns
    -------
    DataFrame
        A row a network and area: ``network, score``, the ``printed`` number, ``ours`` (mean over seeds, NaN without
        a row), ``random`` (mean of the draws), ``low`` and ``high`` (their central 95 %), ``share`` (of the draws that
        reach the printed number, NaN where none is printed), ``draws``, ``floor`` (of AUROC, else NaN), and ``below``:
        how many of the ``others`` that the paper prints are below ``low``.
    """
    lines = []
    theirs = printed[printed["dataset"] == dataset]
    for network in networks:
        of = rows[(rows["dataset"] == dataset) & (rows["network"] == network)]
        chance, ours = of[of["method"] == "random"], of[of["method"] == "grnular"]
        for area in ("auprc", "auroc"):
            draws = chance[f"paper_{area}"].to_numpy(dtype=float)
            numbers = theirs.loc[theirs["network"] == network].set_index("method")[area]
            number = float(numbers.get("grnular", np.nan))
            low, high = np.quantile(draws, [0.025, 0.975]) if len(draws) else (np.nan, np.nan)
            reached = float((draws >= number).mean()) if len(draws) and number == number else np.nan
            lines.append(
                {
                    "network": network, "score": area.upper(), "printed": number,
                    "ours": float(ours[f"paper_{area}"].mean()) if len(ours) else np.nan,
                    "random": float(draws.mean()) if len(draws) else np.nan, "low": low, "high": high,
                    "share": reached, "draws": len(draws),
                    "floor": float(of["paper_floor_auroc"].mean()) if area == "auroc" and len(of) else np.nan,
                    "below": int((numbers.drop("grnular", errors="ignore") < low).sum()),
                    "others": len(numbers.drop("grnular", errors="ignore")),
                }
            )  # fmt: skip
    return pd.DataFrame(lines)


def chance_table(
    found: pd.DataFrame, rows: pd.DataFrame, printed: pd.DataFrame, dataset: str, methods: Sequence[str]
) -> pd.DataFrame:
    """Every method on one dataset under the paper's gene rule and protocol, beside random scores and what is printed.

    Parameters
    ----------
    rows : DataFrame
        Rows of the record under the paper's gene rule.

    Returns
    -------
    DataFrame
        Texts, a column a network and area: mean and central 95 % of random scores, the floor, the share of draws that reach
        what is printed for GRNULar, and of every method the mean over seeds, in brackets what the paper prints.
    """
    def three(value: float) -> str:
        return "" if np.isnan(value) else f"{value:.3f}"

    columns = {}
    for r in found.itertuples():
        area = r.score.lower()
        ours, theirs = (
            of[(of["dataset"] == dataset) & (of["network"] == r.network)].groupby("method")[column].mean()
            for of, column in ((rows, f"paper_{area}"), (printed, area))
        )
        lines = {
            "*random scores*": f"{r.random:.3f} [{r.low:.3f}, {r.high:.3f}]", "*floor*": three(r.floor),
            "*draws ≥ printed GRNULar*": "" if np.isnan(r.share) else f"{r.share:.0%}",
        }  # fmt: skip
        for method in (m for m in methods if m in ours.index):
            lines[label(method)] = three(ours[method]) + (f" ({theirs[method]:g})" if method in theirs.index else "")
        columns[f"[{NETWORK_LETTERS[r.network]}] {r.score}"] = lines
    return pd.DataFrame(columns).fillna("").rename_axis("").reset_index()


def chance_numbers(found: pd.DataFrame) -> dict[str, float]:
    """The numbers of ``printed_beside_chance`` that the page speaks of, to be glued.

    Returns
    -------
    dict of str to float
        ``chance_<column>_<letter of the network>_<score>``; ``chance_draws``, of the network with fewest.
    """
    numbers: dict[str, float] = {"chance_draws": int(found["draws"].min())}
    for row in found.itertuples():
        name = f"{NETWORK_LETTERS[row.network]}_{row.score.lower()}"
        numbers |= {
            f"chance_printed_{name}": float(row.printed), f"chance_percent_{name}": 100 * row.share,
            f"chance_below_{name}": int(row.below), f"chance_others_{name}": int(row.others),
            f"chance_random_{name}": float(row.random),
        }  # fmt: skip
    return numbers


def seeds_ahead(rows: pd.DataFrame, chosen: str, others: Sequence[str], column: str) -> dict[str, tuple[int, int]]:
    """With how many of its seeds a method scores higher than the best of others, each of these a mean over its seeds.

    Parameters
    ----------
    rows : DataFrame
        Rows of one dataset.
    chosen : str
        The method.
    others : sequence of str
        Methods that it is compared with; those without a row are left out.
    column : str
        The score.

    Returns
    -------
    dict of str to (int, int)
        By network: seeds ahead, and all seeds.
    """
    best = rows[rows["method"].isin(others)].groupby(["network", "method"])[column].mean().groupby("network").max()
    own = rows[rows["method"] == chosen].groupby("network")[column]
    return {name: (int((of > best.get(name, np.nan)).sum()), len(of)) for name, of in own}


def rule_numbers(rows: pd.DataFrame, shown: Sequence[str]) -> dict[str, float]:
    """How many methods the paper's protocol puts below the mean of random scores, and the strict one above.

    Parameters
    ----------
    rows : DataFrame
        Rows of the record under the paper's gene rule.
    shown : sequence of str
        Methods of the table that the numbers stand below.

    Returns
    -------
    dict of str to float
        ``rule_methods`` of these without controls; ``rule_below_random`` of them by the paper's AUPRC, ``rule_above_strict`` by
        the strict one; ``rule_oracle``: the paper's AUPRC of the reference network itself.
    """
    of = rows[rows["network"] == "STRING"].groupby("method")[["paper_auprc", "strict_auprc_ratio"]].mean()
    methods = of[of.index.isin(shown) & ~of.index.isin(CONTROLS)]
    random = of["paper_auprc"].get("random", np.nan)
    return {
        "rule_methods": len(methods),
        "rule_below_random": int((methods["paper_auprc"] < random).sum()),
        "rule_above_strict": int((methods["strict_auprc_ratio"] > 1).sum()),
        "rule_oracle": float(of["paper_auprc"].get("oracle", np.nan)),
    }


def surely_below(tests: pd.DataFrame, method: str) -> list[str]:
    """Name the methods, controls aside, that one is above with its whole interval.

    Parameters
    ----------
    tests : DataFrame
        Of ``beeline_scores.pairwise_tests``.
    method : str

    Returns
    -------
    list of str
        As readers see them; empty where it is surely above none.
    """
    return [label(of.against) for of in turned(tests, method).itertuples() if of.low > 0 and of.against not in CONTROLS]
