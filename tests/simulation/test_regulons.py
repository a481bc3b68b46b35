"""The simulator of regulons: who regulates whom, and what shows of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grnular_core.simulation.networks import GraphSpec
from grnular_core.simulation.noise import TechnicalNoise
from grnular_core.simulation.regulons import (
    DrawnRegulons,
    Regulons,
    _cell_states,
    random_regulons,
    regulon_levels,
)
from grnular_core.simulation.sergio import Kinetics
from grnular_core.simulation.simulate import Preset, simulate
from grnular_core.utils.errors import InputError

SPEC = GraphSpec(n_genes=80, n_tfs=20, repression=0.3)
CELLS = Kinetics(n_types=4, n_cells=3000)
# nothing but what regulons do: no states, all of the activity explained
PLAIN = Regulons(
    count=6, second=0.0, drivers=1.0, circuit=0.0, explained=1.0, state_tfs=0.0, state_genes=0.0,
    hidden_state=0.0, own=1.0,
)  # fmt: skip


def drawn(settings: Regulons, seed: int = 0, spec: GraphSpec = SPEC):
    rng = np.random.default_rng(seed)
    groups = random_regulons(spec, settings, rng)
    X, types = regulon_levels(groups, CELLS, settings, rng)
    return groups, np.log(X), types


def correlations(groups, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|correlation| of TFs and genes that respond to no common regulon, and the truth."""
    r = np.abs(np.corrcoef(logs.T))[groups.tfs]
    responds = (groups.response != 0).astype(int)
    other = responds[groups.tfs] @ responds.T == 0
    other[np.arange(len(groups.tfs)), groups.tfs] = False
    return r[other], groups.grn().adjacency()[other]


@pytest.mark.parametrize("members", [0.0, 0.6])
def test_in_circuits_drivers_are_members_of_their_regulon(members):
    groups = random_regulons(SPEC, Regulons(members=members, circuit=1.0), np.random.default_rng(1))
    drives = groups.effect != 0
    assert drives.any(axis=0).all() and (groups.response[groups.tfs][drives] != 0).all()


def test_what_moves_a_driver_moves_the_members_of_its_regulon():
    """The first TF drives the second, which drives gene 2; nothing else is shared."""
    response = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    groups = DrawnRegulons(np.array([0, 1]), response, np.eye(2))
    X, _ = regulon_levels(groups, CELLS, PLAIN, np.random.default_rng(0))
    r = np.corrcoef(np.log(X).T)[0]
    assert r[1] > 0.9 and r[2] > 0.6 and abs(r[3]) < 0.1


@pytest.mark.parametrize("associated", [False, True])
def test_drivers_regulate_all_other_members_and_nobody_else(associated):
    """The truth of association adds the TFs that are members; signs are driver times member."""
    groups = random_regulons(SPEC, Regulons(count=7, circuit=0.6), np.random.default_rng(3))
    grn = groups.grn(associated)
    belongs = (groups.effect != 0) | (associated & (groups.response[groups.tfs] != 0))
    expected = belongs.astype(int) @ (groups.response != 0).T > 0
    expected[np.arange(len(groups.tfs)), groups.tfs] = False
    assert np.array_equal(grn.adjacency(), expected) and expected.any()
    product = groups.effect @ groups.response.T
    drives = product[np.searchsorted(groups.tfs, grn.regulator), grn.target]
    if not associated:
        assert (np.sign(grn.K) == np.sign(drives)).all() and {-1, 1} == {*np.sign(grn.K)}


def test_with_overlap_genes_belong_to_more_regulons_but_free_genes_to_none():
    def memberships(overlap: float) -> np.ndarray:
        settings = Regulons(count=40, drivers=1.0, circuit=0.0, second=0.0, overlap=overlap)
        groups = random_regulons(SPEC, settings, np.random.default_rng(3))
        return (groups.response != 0).sum(1)

    alone, more = memberships(0.0), memberships(3.0)
    assert set(alone) == {0, 1} and np.array_equal(alone == 0, more == 0)
    assert more[more > 0].mean() == pytest.approx(4, abs=0.8)  # a regulon may be drawn twice


def test_a_list_keeps_the_share_of_edges_that_are_strongest():
    settings = Regulons(count=9, overlap=1.0, strength_spread=1.0)
    groups = random_regulons(SPEC, settings, np.random.default_rng(3))
    whole, listed = groups.grn(), groups.grn(listed=0.25)
    assert listed.n_edges == pytest.approx(whole.n_edges / 4, abs=2)
    strength = np.abs(groups.effect) @ np.abs(groups.response).T
    kept, all_edges = listed.adjacency(), whole.adjacency()
    assert (all_edges | ~kept).all()
    assert strength[kept].min() >= strength[all_edges & ~kept].max()


def test_regulons_of_uneven_strength_differ_in_their_responses_alone():
    even, uneven = (
        random_regulons(SPEC, Regulons(count=9, strength_spread=spread), np.random.default_rng(3))
        for spread in (0.0, 1.5)
    )
    assert np.array_equal(even.effect, uneven.effect)
    member = even.response != 0
    assert np.array_equal(uneven.response != 0, member)
    factor = [
        uneven.response[m, j] / even.response[m, j] for j, m in enumerate(member.T) if m.any()
    ]
    assert all(np.allclose(of_one, of_one[0]) and of_one[0] > 0 for of_one in factor)
    assert np.std([np.log(of_one[0]) for of_one in factor]) > 0.5


def test_members_that_go_together_are_associated_with_the_sign_of_their_correlation():
    settings = replace(PLAIN, count=4, drivers=0.0, explained=0.0, own=0.3, associated=True)
    groups, logs, _ = drawn(settings, spec=replace(SPEC, repression=0.4))
    grn = groups.grn(settings.associated)
    r = np.corrcoef(logs.T)[grn.regulator, grn.target]
    own = groups.effect[np.searchsorted(groups.tfs, grn.regulator)].any(axis=1)
    clear = ~own & (np.abs(r) > 0.2)
    assert clear.sum() > 50 and (np.sign(r) == np.sign(grn.K))[clear].mean() > 0.99


def test_drivers_explain_the_share_of_an_activity_that_the_settings_say():
    response = np.zeros((8, 2))
    response[2:5, 0], response[5:, 1] = 1, -1
    groups, settings = DrawnRegulons(np.arange(2), response, np.eye(2)), replace(PLAIN, own=0.01)
    for explained in (0.3, 0.8):
        X, _ = regulon_levels(
            groups, CELLS, replace(settings, explained=explained), np.random.default_rng(0)
        )
        r = np.corrcoef(np.log(X).T)[:2]
        np.testing.assert_allclose(r[0, 2:5], explained**0.5, atol=0.06)
        np.testing.assert_allclose(r[1, 5:], -(explained**0.5), atol=0.06)


def test_states_move_genes_that_have_nothing_to_do_with_each_other():
    without = Regulons(members=0.0, circuit=0.0, state_tfs=0.0, state_genes=0.0)
    groups, logs, _ = drawn(without)
    assert groups.grn().n_edges == 0
    still = np.median(correlations(groups, logs)[0])
    moved = replace(without, state_tfs=1.5, state_genes=1.5, moved=1.0, dimensions=1)
    groups, logs, types = drawn(moved)
    assert np.median(correlations(groups, logs)[0]) > 5 * still
    within = logs - np.array([logs[types == t].mean(0) for t in range(CELLS.n_types)])[types]
    calm = drawn(replace(moved, jitter=0.0))[1]
    calm = calm - np.array([calm[types == t].mean(0) for t in range(CELLS.n_types)])[types]
    assert np.median(correlations(groups, calm)[0]) < 2 * still  # inside a type nothing is left
    assert np.median(correlations(groups, within)[0]) < 3 * still + 0.1


def test_types_are_points_of_a_path_when_there_are_anchors():
    rng = np.random.default_rng(0)
    calm = Regulons(dimensions=2, jitter=0.0)
    states, types = _cell_states(Kinetics(n_types=30, n_cells=300, anchors=3), calm, rng)
    places = np.array([states[types == t][0] for t in range(30)])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert states.shape == (300, 2) and list(np.unique(types)) == list(range(30))
    # two straight lines: all steps of a line are equal but for the one around the corner
    assert len(np.unique(np.round(steps, 6))) <= 3
    np.testing.assert_allclose(states.mean(0), 0, atol=1e-9)


@given(
    count=st.integers(1, 60),
    shares=st.tuples(*[st.floats(0, 1)] * 5),
    sizes=st.tuples(*[st.floats(0, 5)] * 5),
    dimensions=st.integers(1, 9),
    n_tfs=st.integers(1, 39),
)
def test_levels_are_above_zero_and_finite_whatever_the_settings(
    count, shares, sizes, dimensions, n_tfs
):
    found = Regulons(
        count, sizes[0], shares[0], shares[1], sizes[1], shares[2], shares[3], dimensions,
        shares[4], sizes[2], sizes[3], sizes[4], sizes[2], sizes[0], 10 * sizes[4],
    )  # fmt: skip
    spec = GraphSpec(n_genes=40, n_tfs=n_tfs, hub_spread=sizes[1])
    made = simulate(Preset(spec, Kinetics(3, 20), TechnicalNoise(), regulons=found), seed=count)
    assert made.expression.shape == (20, 40) and made.expression.dtype == np.float32
    assert np.isfinite(made.expression).all() and (made.expression > 0).all()
    assert not made.adjacency[np.arange(n_tfs), made.tf_index].any()
    assert (made.grn.K != 0).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": 0}, "one regulon"),
        ({"dimensions": 0}, "one dimension"),
        ({"members": 1.2}, "members"),
        ({"own": -1.0}, "own"),
        ({"listed": 0.0}, "listed"),
        ({"amplitude": float("inf")}, "amplitude"),
    ],
)
def test_settings_that_nothing_has_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        Regulons(**wrong)
