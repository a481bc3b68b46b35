"""Networks to simulate from: what random ones are like, which given ones are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from grnular_core.simulation.networks import (
    GRN,
    GraphSpec,
    make_grn,
    random_grn,
    rewired,
    topological_order,
)
from grnular_core.utils.errors import InputError

SPECS = st.builds(
    lambda n_genes, share, **more: GraphSpec(n_genes, max(1, int(share * (n_genes - 1))), **more),
    n_genes=st.integers(2, 60),
    share=st.floats(0, 1),
    sparsity=st.floats(0, 0.9),
    hub_spread=st.floats(0, 2),
    tf_edges=st.floats(0, 1),
    tf_targets=st.booleans(),
    in_spread=st.floats(0, 2),
    module_size=st.floats(0.5, 10),
    repression=st.floats(0, 1),
    sign_by_tf=st.booleans(),
)


def drawn(spec: GraphSpec, seed: int = 0) -> GRN:
    return random_grn(spec, np.random.default_rng(seed))


def n_parts(grn: GRN) -> int:
    links = csr_array(
        (np.ones(grn.n_edges), (grn.regulator, grn.target)), shape=(grn.n_genes, grn.n_genes)
    )
    return connected_components(links, directed=False)[0]


# --- random networks


@given(SPECS, st.integers(0, 2**31))
def test_a_random_network_is_acyclic_connected_and_regulates_every_gene(spec, seed):
    grn = drawn(spec, seed)
    assert sorted(topological_order(grn)) == list(range(spec.n_genes))
    assert len(grn.tfs) == spec.n_tfs and (np.diff(grn.tfs) > 0).all()
    assert np.isin(grn.regulator, grn.tfs).all() and np.isin(grn.tfs, grn.regulator).all()
    assert (grn.regulator != grn.target).all()
    assert len({*zip(grn.regulator, grn.target, strict=True)}) == grn.n_edges
    assert n_parts(grn) == 1
    assert np.isin(grn.masters(), grn.tfs).all()
    assert grn.adjacency().sum() == grn.n_edges


@given(SPECS, st.integers(0, 2**31))
def test_a_rewired_network_has_other_edges_between_genes_of_the_same_roles(spec, seed):
    grn = drawn(spec, seed)
    other = rewired(grn, np.random.default_rng(seed))
    for ends in ("regulator", "target"):
        counts = [np.bincount(getattr(of, ends), minlength=spec.n_genes) for of in (grn, other)]
        assert (counts[0] == counts[1]).all()
    assert len({*zip(other.regulator, other.target, strict=True)}) == grn.n_edges
    assert (other.regulator != other.target).all() and (other.masters() == grn.masters()).all()
    place = np.argsort(topological_order(grn))  # the order of the first holds in the other
    assert (place[other.regulator] < place[other.target]).all()
    assert (other.K == grn.K).all() and (other.tfs == grn.tfs).all()


def test_rewiring_leaves_few_edges_of_a_large_network_and_follows_its_seed():
    grn = drawn(GraphSpec(200, 40, 0.05))
    one, again, two = (rewired(grn, np.random.default_rng(seed)) for seed in (0, 0, 1))
    kept = (one.adjacency() & grn.adjacency()).sum() / grn.n_edges
    assert kept < 0.2 and (one.target == again.target).all() and (one.target != two.target).any()


@given(SPECS, st.integers(0, 2**31))
def test_without_extra_regulators_nothing_is_added(spec, seed):
    grn = drawn(replace(spec, extra_regulators=False), seed)
    sources = np.setdiff1d(grn.masters(), grn.tfs)
    assert not np.isin(sources, grn.target).any()
    assert np.isin(grn.tfs, grn.regulator).all()
    topological_order(grn)


def test_edges_are_as_many_as_the_sparsity_says():
    spec = GraphSpec(n_genes=400, n_tfs=40)
    shares = []
    for seed in range(20):
        grn = drawn(spec, seed)
        to_genes = ~np.isin(grn.target, grn.tfs)
        shares.append(to_genes.sum() / (40 * 360))
    # 20 x 14,400 draws of probability 0.1; the 0.9^40 of 360 genes without a draw add 0.0004
    error = np.sqrt(0.1 * 0.9 / (20 * 14_400))
    assert abs(np.mean(shares) - 0.1 - 0.9**40 / 40) < 4 * error


def test_a_share_of_the_tfs_is_regulated_by_one_other():
    grn = drawn(GraphSpec(n_genes=200, n_tfs=20, tf_edges=0.3))
    into_tfs = grn.target[np.isin(grn.target, grn.tfs)]
    assert len(into_tfs) == len(set(into_tfs)) == 6


def test_strengths_and_signs_are_as_asked():
    K = drawn(GraphSpec(n_genes=400, n_tfs=40)).K
    assert 1 <= abs(K).min() < 1.05 and 4.95 < abs(K).max() <= 5
    assert abs((K < 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(len(K))
    assert (drawn(GraphSpec(repression=1.0)).K < 0).all()
    by_tf = drawn(GraphSpec(n_genes=200, n_tfs=20, sign_by_tf=True))
    for tf in by_tf.tfs:
        assert len(np.unique(np.sign(by_tf.K[by_tf.regulator == tf]))) == 1


@pytest.mark.parametrize(("setting", "of", "wider"), [("hub_spread", 1, 3), ("in_spread", 0, 1.4)])
def test_hubs_and_genes_of_many_regulators_come_with_their_spread(setting, of, wider):
    even, uneven = (
        drawn(GraphSpec(n_genes=600, n_tfs=50, sparsity=0.05, **{setting: value}))
        for value in (0.0, 1.0)
    )
    assert uneven.adjacency().sum(of).std() > wider * even.adjacency().sum(of).std()


def test_tfs_are_regulated_by_those_before_them_as_often_as_other_genes():
    spec = GraphSpec(n_genes=300, n_tfs=100, sparsity=0.05, tf_edges=0.0, tf_targets=True)
    density = []
    for seed in range(5):
        grn = drawn(spec, seed)
        among = grn.adjacency()[:, grn.tfs]
        density.append(among.sum() / (spec.n_tfs * (spec.n_tfs - 1) / 2))
    assert np.mean(density) == pytest.approx(spec.sparsity, rel=0.1)
    without = drawn(replace(spec, tf_targets=False)).adjacency()
    assert without[:, drawn(replace(spec, tf_targets=False)).tfs].sum() == 0


def test_genes_of_a_module_share_their_regulators():
    spec = GraphSpec(n_genes=200, n_tfs=20, module_size=10, module_noise=0.0, tf_edges=0.0)
    columns = drawn(spec).adjacency()
    genes = np.setdiff1d(np.arange(200), drawn(spec).tfs)
    assert len(np.unique(columns[:, genes], axis=1).T) <= 25  # 18 modules and what connects them


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_tfs": 0}, "1 <= TFs < genes; got 0 TFs and 100 genes"),
        ({"sparsity": 1.0}, "sparsity is from 0 to 0.9, got 1.0"),
        ({"tf_edges": 1.1}, "tf_edges is a share from 0 to 1"),
        ({"module_noise": -1}, "module_noise"),
        ({"repression": 2}, "repression"),
        ({"hub_spread": -1}, "hub_spread"),
        ({"in_spread": float("inf")}, "in_spread"),
        ({"module_size": 0}, "module_size"),
        ({"K": (0.0, 1.0)}, "range of positive strengths"),
        ({"coop": 0.0}, "coop is above 0"),
        ({"global_tfs": 11}, "global_tfs is from 0 to the 10 TFs"),
        ({"global_tfs": 1, "global_chance": 1.2}, "global_chance from 0 to 1"),
        ({"global_tfs": 8, "global_inputs": 3}, "from 0 to the 2 TFs that are not global"),
    ],
)
def test_impossible_networks_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        GraphSpec(**wrong)


# --- networks given edge by edge


def test_edges_are_kept_as_given():
    grn = make_grn(4, [2, 0], [3, 2], [1.5, -2], coop=3)
    assert list(grn.tfs) == [0, 2] and list(grn.masters()) == [0, 1]
    assert list(grn.coop) == [3, 3] and list(topological_order(grn)) == [0, 1, 2, 3]
    assert np.argwhere(grn.adjacency()).tolist() == [[0, 2], [1, 3]]
    assert list(make_grn(4, [2], [3], [1], tfs=[2, 0]).tfs) == [0, 2]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, unique=True))
def test_a_network_is_ordered_or_its_cycle_named(pairs):
    pairs = [(a, b) for a, b in pairs if a != b] or [(0, 1)]
    regulator, target = zip(*pairs, strict=True)
    try:
        grn = make_grn(8, regulator, target, [1.0] * len(pairs))
    except InputError as error:
        shown = str(error).split(": ")[1].split(";")[0]
        cycle = [int(gene) for gene in shown.split(" -> ")]
        assert cycle[0] == cycle[-1] and len(cycle) > 2
        assert all(edge in pairs for edge in zip(cycle, cycle[1:], strict=False))
    else:
        place = np.argsort(topological_order(grn))
        assert (place[grn.regulator] < place[grn.target]).all()


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        (([], [], []), "one length >= 1; got 0, 0, 0"),
        (([0], [1], [1.0], [2.0, 2.0]), "got 1, 1, 1, 2"),
        (([0], [3], [1.0]), "numbered 0 to 2; the edges name 0 to 3"),
        (([-1], [1], [1.0]), "numbered 0 to 2"),
        (([1], [1], [1.0]), "gene 1 regulates itself"),
        (([0, 0], [1, 1], [1.0, 2.0]), "the edge 0 -> 1 is listed twice"),
        (([0], [1], [0.0]), "strength K other than 0"),
        (([0], [1], [1.0], 0.0), "coop above 0"),
        (([0], [1], [1.0], float("inf")), "coop above 0"),
        (([0.5], [1], [1.0]), "whole numbers from 0"),
        (([0], [1], [1.0], 2.0, [1]), "gene 0 regulates but is not among tfs"),
        (([0], [1], [1.0], 2.0, [0, 9]), "numbered 0 to 2; got the TFs"),
    ],
)
def test_edges_that_make_no_network_are_refused(edges, words):
    with pytest.raises(InputError, match=words):
        make_grn(3, *edges)


def test_global_tfs_have_many_targets_and_as_many_inputs_as_asked_for():
    spec = GraphSpec(n_genes=100, n_tfs=12, global_tfs=2, global_chance=0.7, global_inputs=4)
    for seed in range(20):
        grn = random_grn(spec, np.random.default_rng(seed))
        topological_order(grn)  # refuses cycles
        targets = grn.adjacency().sum(1)
        assert targets[:2].min() > 45 and targets[2:].max() < 35
        inputs = np.bincount(grn.target, minlength=100)[grn.tfs[:2]]
        assert (inputs >= 4).all()
