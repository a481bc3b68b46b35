"""Stability: real edges of easy data come back, chance ones do not, and the seed decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network

from grnular_core.data.dataset import make_dataset
from grnular_core.methods.registry import METHODS, Inference, RunOptions, infer
from grnular_core.utils.errors import InputError
from grnular_core.workflow import stability
from grnular_core.workflow.stability import edge_stability


def test_true_edges_come_back_and_chance_ones_do_not(small_data):
    edges = infer(small_data, "ridge")
    n_true = len(small_data.truth)
    found = edge_stability(small_data, "ridge", edges, 10, top=n_true)
    assert (found["stability"] >= 0.8).mean() > 0.9
    rng_edges = infer(small_data, "random")
    chance = edge_stability(small_data, "random", rng_edges, 10, top=n_true)
    share = n_true / len(rng_edges)  # of being among the top by chance
    assert abs(chance["stability"].mean() - share) < 0.1


def test_shares_and_mean_ranks_are_those_of_the_runs(small_data, monkeypatch):
    """Three runs whose tables are known: ranks 1 1 2 and 2 3 absent, of two edges that are left."""
    names = [("A", "x"), ("A", "y"), ("B", "x")]
    data = make_dataset(
        pd.DataFrame(np.random.default_rng(0).random((9, 4)), columns=list("ABxy")), ["A", "B"]
    )

    def of(order):
        table = pd.DataFrame([names[i] for i in order], columns=["regulator", "target"])
        return Inference(table.assign(weight=1.0, sign=0, rank=1), 0.0, 0.0)

    runs = iter([of([0, 1, 2]), of([0, 2, 1]), of([2, 0])])
    monkeypatch.setattr(stability, "run_method", lambda *_: next(runs))
    edges = of([0, 1, 2]).edges
    found = edge_stability(data, "clr", edges, 3, top=2)
    assert found[["regulator", "target"]].values.tolist() == [["A", "x"], ["A", "y"]]
    assert found["stability"].tolist() == [1.0, pytest.approx(1 / 3)]
    assert found["mean_rank"].tolist() == [pytest.approx(4 / 3), pytest.approx((2 + 3 + 3) / 3)]


@pytest.mark.parametrize("name", ["clr", "ridge", "random"])
def test_the_same_seed_gives_the_same_table_and_another_seed_another(small_data, name):
    edges = infer(small_data, name)
    one, same, other = (
        edge_stability(small_data, name, edges, 3, 40, RunOptions(seed=seed)) for seed in (0, 0, 5)
    )
    pd.testing.assert_frame_equal(one, same)
    assert (one["mean_rank"] != other["mean_rank"]).any()


def test_it_does_not_depend_on_the_order_of_the_genes():
    expression, tfs, _ = linear_network(n_genes=12)
    turned = expression[expression.columns[::-1]]
    tables = [
        edge_stability(data, "clr", infer(data, "clr"), 3, 20)
        for data in (make_dataset(expression, tfs), make_dataset(turned, tfs))
    ]
    pd.testing.assert_frame_equal(*tables)


def test_stochastic_methods_get_another_seed_each_time_and_others_do_not(small_data, monkeypatch):
    seen = []

    def record(data, name, run):
        seen.append((name, run.seed))
        return Inference(infer(data, "correlation"), 0.0, 0.0)

    monkeypatch.setattr(stability, "run_method", record)
    for name in ("ridge", "clr"):
        assert METHODS[name].stochastic == (name == "ridge")
        edge_stability(small_data, name, infer(small_data, "clr"), 3, 5, RunOptions(seed=7))
    assert seen == [("ridge", 8), ("ridge", 9), ("ridge", 10), ("clr", 7), ("clr", 7), ("clr", 7)]


def test_progress_counts_runs_and_nonsense_is_refused(small_data):
    calls = []
    edges = infer(small_data, "clr")
    edge_stability(small_data, "clr", edges, 2, 5, progress=lambda *call: calls.append(call))
    assert calls == [(0, 2), (1, 2), (2, 2)]
    for n_runs, top in ((0, 5), (2, 0)):
        with pytest.raises(InputError, match="at least 1 of each"):
            edge_stability(small_data, "clr", edges, n_runs, top)


def test_a_network_with_fewer_edges_than_the_top_is_taken_whole(small_data):
    edges = infer(small_data, "clr").head(3)
    assert len(edge_stability(small_data, "clr", edges, 2, 100)) == 3
