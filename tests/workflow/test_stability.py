"""Stability and decoys: what the two promise where their null is true, and what they do not promise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from grnular_core.data.dataset import make_dataset
from grnular_core.methods.registry import METHODS, Inference, RunOptions, infer
from grnular_core.utils.errors import InputError
from grnular_core.workflow import stability
from grnular_core.workflow.html_report import _fdr_curve
from grnular_core.workflow.stability import (
    DecoyCounts,
    _with_decoys,
    count_decoys,
    edge_stability,
    edges_at,
    q_values,
)

# --- stability


def test_shares_and_mean_ranks_are_those_of_the_runs(small_data, monkeypatch):
    """Three runs whose tables are known: ranks 1 1 2 and 2 3 absent, of two edges that are left."""
    names = [("A", "x"), ("A", "y"), ("B", "x")]
    values = np.random.default_rng(0).random((9, 4))
    data = make_dataset(pd.DataFrame(values, columns=list("ABxy")), ["A", "B"])

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


@pytest.mark.parametrize("name", ["clr", "random"])
def test_a_table_depends_on_the_seed_and_not_on_the_order_of_the_genes(name):
    expression, tfs, _ = linear_network(n_genes=12)
    one, same, other = (
        edge_stability(data, name, infer(data, name), 3, 20, RunOptions(seed=seed))
        for order, seed in ((1, 0), (-1, 0), (1, 5))
        for data in [make_dataset(expression.iloc[:, ::order], tfs)]
    )
    pd.testing.assert_frame_equal(one, same)
    assert (one["mean_rank"] != other["mean_rank"]).any()


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
    assert len(edge_stability(small_data, "clr", edges.head(3), 2, 100)) == 3  # fewer than the top


def table(weights) -> pd.DataFrame:
    return pd.DataFrame({"weight": np.asarray(weights, dtype=float)})


def independent(n_cells: int = 200, n_genes: int = 40, n_tfs: int = 8):
    values = np.random.default_rng(3).gamma(2.0, 1.0, (n_cells, n_genes))
    genes = [f"g{i}" for i in range(n_genes)]
    return make_dataset(pd.DataFrame(values, columns=genes), genes[:n_tfs])


# --- decoys


@pytest.mark.parametrize("stored", [False, True])
def test_a_decoy_has_its_genes_values_and_a_name_of_its_own_and_is_no_tf(stored):
    values = np.random.default_rng(0).random((20, 4))
    data = make_dataset(pd.DataFrame(values, columns=["A", "~A", "~~B", "B"]), ["A"])
    if stored:
        adata = data.adata.copy()
        adata.X = sparse.csr_matrix(adata.X)
        data = replace(data, adata=adata)
    both, prefix = _with_decoys(data, np.random.default_rng(0))
    assert both.genes == data.genes + [prefix + gene for gene in data.genes]
    assert sum(gene.startswith(prefix) for gene in both.genes) == 4
    assert both.tfs == data.tfs and sparse.issparse(both.adata.X) == stored
    before, after = data.expression(), both.expression()
    np.testing.assert_array_equal(after[:, :4], before)
    np.testing.assert_array_equal(np.sort(after[:, 4:], axis=0), np.sort(before, axis=0))


# --- q values


def test_q_is_what_the_definition_says():
    decoys = DecoyCounts(np.array([0, 0, 1, 2, 8, 8.0]), n_runs=2)
    # (0 + .5) / 1, (0 + .5) / 2, 1.5 / 3, 2.5 / 4, 8.5 / 5 -> 1, and the smallest from there on
    assert q_values(table([9, 8, 7, 6, 5]), decoys) == pytest.approx([0.25, 0.25, 0.5, 0.625, 1])
    # equal weights share the q of the last of them
    assert q_values(table([9, 8, 8, 6, 5]), decoys) == pytest.approx([0.5, 0.5, 0.5, 0.625, 1])


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=40),
    st.lists(st.integers(0, 5), min_size=40, max_size=40),
    st.integers(1, 9),
)
def test_q_is_a_share_that_never_falls_and_equal_weights_have_equal_q(weights, steps, n_runs):
    weights = np.sort(weights)[::-1]
    q = q_values(table(weights), DecoyCounts(np.cumsum(steps).astype(float), n_runs))
    assert ((q > 0) & (q <= 1)).all() and (np.diff(q) >= 0).all()
    for weight in np.unique(weights):
        assert len(np.unique(q[weights == weight])) == 1


def test_the_curve_and_the_counts_are_those_of_q():
    q = np.array([0.01, 0.05, 0.1, 0.4])
    assert edges_at(q) == {0.05: 2, 0.1: 3}
    assert _fdr_curve(q) == [[1, 0.01], [2, 0.05], [3, 0.1], [4, 0.4]]
    assert len(q_values(table([]), DecoyCounts(np.zeros(3), 1))) == 0
    assert _fdr_curve(np.zeros(0)) == [] and edges_at(np.zeros(0)) == {0.05: 0, 0.1: 0}


def test_decoys_are_counted_by_hand(monkeypatch):
    """Two TFs, three genes, four pairs; decoys are named ~g0, ~g1, ~g2."""
    data, seeds = independent(20, 3, 2), []

    def run(both, name, how):
        seeds.append(how.seed)
        # the second run has one strong decoy more, and leaves the weakest real edge out
        lines = [("g0", "g1", 9), ("g0", "~g0", 9), ("g1", "g0", 5), ("g1", "~g2", 4)]
        lines += [("g0", "g2", 3)]
        lines += [("g0", "~g1", 7)] if len(seeds) == 2 else [("g1", "g2", 1)]
        edges = pd.DataFrame(lines, columns=["regulator", "target", "weight"])
        return Inference(edges.sort_values("weight", ascending=False, kind="stable"), 0.0, 0.0)

    monkeypatch.setattr(stability, "run_method", run)
    found = count_decoys(data, "ridge", 2, run=RunOptions(5))
    # as strong as the real edges 9, 5, 3, 1: decoys 1, 1, 2, 2 and 1, 2, 3, 3 (all, past the last edge);
    # 2 of 3 of these, for each TF has a decoy edge to its own decoy and no real one to itself
    np.testing.assert_allclose(found.above, np.array([1, 1.5, 2.5, 2.5]) * 2 / 3)
    assert found.n_runs == 2 and seeds == [6, 7]  # a method that draws draws anew


# --- what it means


@pytest.mark.parametrize("name", ["clr", "grnular-context"])
def test_where_no_gene_goes_with_another_hardly_an_edge_passes(name):
    data = independent()
    edges = infer(data, name)
    counts = edges_at(q_values(edges, count_decoys(data, name, 4)), (0.1,))
    assert counts[0.1] <= 3


def test_groups_pass_over_all_cells_and_not_inside_the_groups():
    """Two cell types, no regulation: what the docstring warns of, and what ``groups`` are for."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 150)
    level = rng.normal(0, 2, (2, 30))
    values = 10 + level[groups] + rng.normal(size=(300, 30))
    data = make_dataset(pd.DataFrame(values, columns=[f"g{i}" for i in range(30)]), ["g0", "g1"])
    edges = infer(data, "correlation")
    over_all = q_values(edges, count_decoys(data, "correlation", 5))
    inside = q_values(edges, count_decoys(data, "correlation", 5, groups))
    assert edges_at(over_all)[0.1] > 20 and edges_at(inside)[0.1] <= 3


def test_the_same_seed_gives_the_same_counts_and_progress_counts_runs(small_data):
    calls = []
    one = count_decoys(small_data, "clr", 2, progress=lambda *call: calls.append(call))
    same, other = (count_decoys(small_data, "clr", 2, run=RunOptions(seed=s)) for s in (0, 1))
    np.testing.assert_array_equal(one.above, same.above)
    assert (one.above != other.above).any() and calls == [(0, 2), (1, 2), (2, 2)]
    assert len(one.above) == len(small_data.tfs) * (small_data.n_genes - 1)


def test_no_run_and_the_control_that_knows_the_truth_are_refused(small_data):
    assert METHODS["oracle"].needs_truth
    for name, n_runs, message in (("clr", 0, "at least 1"), ("oracle", 2, "takes no --decoys"), ("grnular-curated", 2, "joins ranks")):
        with pytest.raises(InputError, match=message):
            count_decoys(small_data, name, n_runs)
