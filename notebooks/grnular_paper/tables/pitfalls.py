"""Tables of the page on metric pitfalls: toy networks, random and perfect predictions, both protocols.

Parameters
----------
rng : Generator
    Source of networks and scores.
toy : Toy
    The network that is predicted.
n_random : int
    Random predictions of each network of 100 genes.
floors, orders, table
    Of ``floor_table`` and ``perfect_over_orders``.
seed, n_orders, n_shares : int
    Seed of the draws; how many orders of genes, and how many networks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from grnular_core.data.beeline import NETWORKS, load_beeline
from grnular_core.data.edges import edge_table
from grnular_core.methods.registry import infer
from grnular_core.scoring.paper import paper_scores, paper_scores_over_orders
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import DownloadError
from grnular_paper.real_data import pair_label

SIZES = ((100, 10, 124), (400, 37, 1155), (500, 60, 2000), (1200, 127, 2713))  # genes, TFs, edges


class Toy(NamedTuple):
    """A random directed network."""

    genes: list[str]  # names
    tfs: list[str]  # the first genes
    truth: pd.DataFrame  # ``regulator, target``, a row an edge


def toy_network(rng: np.random.Generator, n_genes: int, n_tfs: int, n_edges: int, tf_to_tf: bool = True) -> Toy:
    """Draw edges from TFs to genes, each pair with the same probability.

    Parameters
    ----------
    n_genes, n_tfs, n_edges : int
        Sizes; the TFs are the first genes.
    tf_to_tf : bool
        Whether a TF may be a target.

    Returns
    -------
    Toy
        Names and edges; no gene regulates itself.
    """
    genes = [f"g{i:04d}" for i in range(n_genes)]
    first = 0 if tf_to_tf else n_tfs
    pairs = [(i, j) for i in range(n_tfs) for j in range(first, n_genes) if i != j]
    drawn = [pairs[k] for k in rng.choice(len(pairs), size=n_edges, replace=False)]
    truth = pd.DataFrame([(genes[i], genes[j]) for i, j in drawn], columns=["regulator", "target"])
    return Toy(genes, genes[:n_tfs], truth)


def _random_edges(rng: np.random.Generator, toy: Toy) -> pd.DataFrame:
    """Return an edge table with uniform random scores for every pair of a TF and a gene."""
    return edge_table(rng.uniform(size=(len(toy.tfs), len(toy.genes))), toy.tfs, toy.genes)


def _paper(edges: pd.DataFrame, toy: Toy) -> dict[str, float]:
    """Return the paper's protocol as for a simulated network."""
    return paper_scores(edges, toy.truth, toy.genes, toy.tfs, symmetric_truth=True)


def floor_table(rng: np.random.Generator, n_random: int, sizes: tuple[tuple[int, int, int], ...] = SIZES) -> pd.DataFrame:
    """AUROC of random scores on networks without edges between TFs, beside the formula of the floor.

    Parameters
    ----------
    n_random : int
        Random predictions of a network of 100 genes; larger ones have fewer, three at least.
    sizes : tuple of (genes, TFs, edges)
        One network each.

    Returns
    -------
    DataFrame
        ``genes, TFs, edges`` and three AUROCs, a line a network.
    """
    rows = []
    for n_genes, n_tfs, n_edges in sizes:
        toy = toy_network(rng, n_genes, n_tfs, n_edges, tf_to_tf=False)
        draws = max(3, n_random // (n_genes // 100))
        scored = [_paper(_random_edges(rng, toy), toy) for _ in range(draws)]
        strict = [strict_scores(_random_edges(rng, toy), toy.truth, toy.genes, toy.tfs)["auroc"] for _ in range(3)]
        formula, drawn = scored[0]["floor_auroc"], np.mean([s["auroc"] for s in scored])
        rows.append((n_genes, n_tfs, n_edges, formula, drawn, np.mean(strict)))
    names = ["floor (formula)", "random scores, paper", "random scores, strict"]
    return pd.DataFrame(rows, columns=["genes", "TFs", "edges", *names])


def floor_numbers(floors: pd.DataFrame) -> dict[str, float]:
    """Return the page's numbers on ``floor_table``.

    Returns
    -------
    dict of str to float
        ``floor_100`` and ``floor_random_100``: formula and random scores with 100 genes; ``floor_worst``: the
        AUROC where all negatives with a TF lie above all positives, twice as far from 1 as the floor;
        ``floor_gap``: the largest difference of formula and random scores.
    """
    formula, drawn = floors["floor (formula)"], floors["random scores, paper"]
    return {
        "floor_100": float(formula.iloc[0]),
        "floor_worst": 1 - 2 * (1 - float(formula.iloc[0])),
        "floor_random_100": float(drawn.iloc[0]),
        "floor_gap": float((formula - drawn).abs().max()),
    }


def floor_by_share(rng: np.random.Generator, n_random: int, n_shares: int = 15) -> pd.DataFrame:
    """AUROC of random scores with 100 genes, from few TFs to all genes being TFs, which may be targets.

    Returns
    -------
    DataFrame
        ``share`` of genes that are TFs; ``formula``, ``exact`` (with the bonus of TF pairs) and ``simulated`` AUROC.
    """
    rows = []
    for share in np.linspace(0.02, 1.0, n_shares):
        n_tfs = max(2, round(100 * share))
        toy = toy_network(rng, 100, n_tfs, min(60, n_tfs * 20))
        scored = [_paper(_random_edges(rng, toy), toy) for _ in range(n_random)]
        simulated = np.mean([s["auroc"] for s in scored])
        rows.append((share, scored[0]["floor_auroc"], scored[0]["random_auroc"], simulated))
    return pd.DataFrame(rows, columns=["share", "formula", "exact", "simulated"])


def perfect_over_orders(toy: Toy, n_orders: int, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the reference network used as the prediction, scored with the genes in other orders.

    Returns
    -------
    orders : ndarray, shape (n_orders,)
        AUPRC by the paper's protocol.
    table : DataFrame
        AUPRC by both protocols with the TFs first, in random orders (mean) and with the TFs last.
    """
    perfect = toy.truth.assign(weight=1.0, sign=0, rank=1)
    scored = paper_scores_over_orders(perfect, toy.truth, toy.genes, toy.tfs, n_orders=n_orders, seed=seed)
    orders = scored["auprc"].to_numpy()
    strict = {}
    paper = {}
    for name, genes in (("first", toy.genes), ("last", toy.genes[::-1])):
        paper[name] = paper_scores(perfect, toy.truth, genes, toy.tfs)["auprc"]
        strict[name] = strict_scores(perfect, toy.truth, genes, toy.tfs)["auprc"]
    rows = [
        ("TFs first", paper["first"], strict["first"]),
        (f"{n_orders} random orders (mean)", orders.mean(), strict["first"]),
        ("TFs last", paper["last"], strict["last"]),
    ]
    reference = "AUPRC of the reference network"
    return orders, pd.DataFrame(rows, columns=["gene order", f"{reference}, paper", f"{reference}, strict"])


def order_numbers(orders: np.ndarray, table: pd.DataFrame) -> dict[str, float]:
    """Return the page's numbers on ``perfect_over_orders``.

    Returns
    -------
    dict of str to float
        ``order_mean`` and ``order_sd`` (of the sample) over orders, ``order_last`` with the TFs last.
    """
    return {"order_mean": float(orders.mean()), "order_sd": float(orders.std(ddof=1)), "order_last": float(table.iloc[2, 1])}


class Curve(NamedTuple):
    """A precision-recall curve and two areas under it."""

    precision: np.ndarray  # (thresholds + 1,), points of the curve
    recall: np.ndarray  # (thresholds + 1,)
    trapezoid: float  # area under straight lines between the points
    average_precision: float  # area under steps
    density: float  # share of true candidates


def one_edge_found(n_candidates: int = 1000, n_true: int = 6) -> Curve:
    """Return the curve of a prediction that names one true edge and gives all other candidates one score.

    Parameters
    ----------
    n_candidates, n_true : int
        Candidates, and how many of them are true.

    Returns
    -------
    Curve
    """
    truth = np.arange(n_candidates) < n_true
    scores = (np.arange(n_candidates) == 0).astype(float)
    precision, recall, _ = precision_recall_curve(truth, scores)
    step = average_precision_score(truth, scores)
    return Curve(precision, recall, float(auc(recall, precision)), float(step), float(truth.mean()))


def bonus_of_tf_pairs(dataset: str, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """AUROC of random scores on a real dataset, where true edges are more frequent between TFs.

    Parameters
    ----------
    dataset : str
        One of BEELINE's datasets.

    Returns
    -------
    table : DataFrame
        A line a reference network; empty where the data are not available.
    absent : list of str
        The sentence.
    """
    rows = []
    absent = []
    for network in NETWORKS:
        try:
            data = load_beeline(dataset, network)
        except DownloadError as error:
            absent.append(f"{dataset} {network} is not available: {error}")
            break
        edges = infer(data, "random", seed=seed)
        paper = paper_scores(edges, data.truth, data.genes, data.tfs)
        strict = strict_scores(edges, data.truth, data.genes, data.tfs)
        among = data.truth["regulator"].isin(data.tfs) & data.truth["target"].isin(data.tfs)
        rows.append(
            (
                pair_label(network, dataset), len(data.tfs) / data.n_genes, among.mean(),
                paper["floor_auroc"], paper["random_auroc"], paper["auroc"], strict["auroc"],
            )
        )  # fmt: skip
    names = [
        "pair", "TFs / genes", "true edges among TFs", "floor (formula)", "with the bonus",
        "random, paper", "random, strict",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names), absent


def bonus_numbers(table: pd.DataFrame) -> dict[str, float]:
    """Return the page's numbers on ``bonus_of_tf_pairs``: the first network's random scores and floor.

    Parameters
    ----------
    table : DataFrame
        Of ``bonus_of_tf_pairs``; may be empty.

    Returns
    -------
    dict of str to float
        ``bonus_random``, ``bonus_floor``; NaN for an empty table.
    """
    columns = {"bonus_random": "random, paper", "bonus_floor": "floor (formula)"}
    return {k: float(table[c].iloc[0]) if len(table) else float("nan") for k, c in columns.items()}


def three_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Fractions with three digits, counts and words as they are.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
    """
    return table.apply(lambda column: column.map("{:.3f}".format) if column.dtype == float else column.astype(str))
