"""The permutation test of differing edges: labelings, p, q and what they promise."""

import numpy as np
import pytest

from grnular_core.workflow import edge_differences as differences
from grnular_core.workflow.compare import _draw_sides, _needed_samples
from grnular_core.workflow.edge_differences import (
    Design,
    labelings,
    n_labelings,
    standardised_cells,
)


def samples(n_a: int, n_b: int, cells: int = 10) -> Design:
    return Design(np.repeat(np.arange(n_a + n_b), cells), np.repeat([False, True], [n_a, n_b]))


@pytest.mark.parametrize(
    ("n_a", "n_b", "paired", "n"),
    [(1, 1, False, 1), (2, 2, False, 3), (3, 3, False, 10), (2, 3, False, 10), (4, 4, True, 8), (5, 5, True, 16)],
)
def test_labelings_of_samples_are_all_that_differ_and_the_observed_is_first(n_a, n_b, paired, n):
    in_b = np.tile([False, True], n_a) if paired else np.repeat([False, True], [n_a, n_b])
    design = Design(np.arange(len(in_b)), in_b, paired)
    assert design.n_labelings == n == n_labelings(n_a, n_b, paired)
    drawn = labelings(design, 100, np.random.default_rng(0))
    assert drawn.shape == (n, len(in_b)) and (drawn[0] == in_b).all()
    mirrored = {tuple(row) for row in drawn} | {tuple(~row) for row in drawn if n_a == n_b}
    assert len(mirrored) == (2 * n if n_a == n_b else n)
    assert (drawn.sum(axis=1) == in_b.sum()).all()
    if paired:
        assert (drawn[:, 0::2] != drawn[:, 1::2]).all()
    assert len(labelings(design, 2, np.random.default_rng(0))) == min(n, 3)


def test_many_units_are_drawn_at_random_and_keep_their_numbers():
    design = Design(np.arange(60), np.repeat([False, True], [20, 40]))
    drawn = labelings(design, 20, np.random.default_rng(0))
    assert drawn.shape == (21, 60) and (drawn.sum(axis=1) == 40).all()
    pairs = Design(np.arange(60), np.tile([False, True], 30), paired=True)
    drawn = labelings(pairs, 20, np.random.default_rng(0))
    assert (drawn[:, 0::2] != drawn[:, 1::2]).all() and len(np.unique(drawn, axis=0)) == 21


def test_the_samples_needed_are_the_fewest_that_allow_the_level():
    assert _needed_samples(paired=False) == 3 and _needed_samples(paired=True) == 5
    assert _needed_samples(paired=False, level=0.05) == 4 and _needed_samples(True, 0.05) == 6


def test_means_of_samples_and_spreads_of_groups_are_taken_out():
    rng, design = np.random.default_rng(0), samples(2, 3)
    cells = rng.normal(size=(50, 4)) * np.where(design.units < 2, 1, 5)[:, None] + design.units[:, None]
    cells[design.units < 2, 3] = 0.1
    z = standardised_cells(cells, design)
    for unit in range(5):
        np.testing.assert_allclose(z[design.units == unit].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z[:20, :3].std(axis=0), 1)
    np.testing.assert_allclose(z[20:].std(axis=0), 1)
    assert not z[:20, 3].any()


def test_both_sides_have_as_many_cells():
    in_b = np.arange(50) < 40
    a, b = _draw_sides(in_b, 10, np.random.default_rng(0))
    assert not in_b[a].any() and in_b[b].all() and len({*a}) == len({*b}) == 10


def simulated(rng: np.random.Generator, n_edges: int = 300, n: int = 21, planted: int = 0) -> object:
    """Edges of unequal noise that come and go together in threes; the first differ."""
    noise = np.repeat(rng.gamma(4, 0.25, n_edges // 3), 3)

    def of_labeling(number: int) -> tuple[np.ndarray, np.ndarray]:
        a, b = (noise * np.repeat(rng.normal(size=n_edges // 3), 3) for _ in range(2))
        a, b = (x + 0.3 * noise * rng.normal(size=n_edges) for x in (a, b))
        return a, b + (12 * noise * (np.arange(n_edges) < planted) if number == 0 else 0)

    return differences.edge_differences(map(of_labeling, range(n)), n)


def test_without_a_difference_few_runs_find_any_and_p_is_uniform():
    rng = np.random.default_rng(3)
    found = [simulated(rng) for _ in range(150)]
    assert np.mean([(one.q <= 0.1).any() for one in found]) < 0.17  # 0.1 and two standard errors and more
    assert np.mean([one.overall_p <= 0.1 for one in found]) < 0.17
    assert np.mean([one.p for one in found]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([one.p <= 0.01 for one in found]) == pytest.approx(0.01, abs=0.004)
    for one in found[:20]:
        assert one.counts[0] == (one.q <= 0.1).sum()


def test_planted_differences_are_found_at_the_promised_rate():
    rng = np.random.default_rng(4)
    found = [simulated(rng, planted=30) for _ in range(20)]
    taken = [one.q <= 0.1 for one in found]
    assert np.mean([some[:30].mean() for some in taken]) > 0.9
    assert np.mean([some[30:].sum() / max(some.sum(), 1) for some in taken]) < 0.12
    assert max(one.overall_p for one in found) == pytest.approx(1 / 21)


def test_p_is_the_share_of_other_statistics_as_large_with_the_observed_one_among_them():
    own, others = np.array([1.0, 5.0]), np.array([0.5, 1.0, 3.0])
    p = differences._p_values(own, own, np.sort([*own, *others]))
    assert p.tolist() == [3 / 4, 1 / 4]


def test_an_edge_that_hardly_moves_is_no_difference_however_steady_it_is():
    rng = np.random.default_rng(0)
    moves = rng.normal(size=(20, 60))
    moves[:, 0] = 0
    moves[0, 0] = 1e-3
    found = differences.edge_differences(((np.zeros(60), row) for row in moves), 20)
    assert abs(found.d[0]) < 0.01 and found.p[0] > 0.9
