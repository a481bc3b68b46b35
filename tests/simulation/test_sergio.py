"""The dynamics: their stationary moments, an independent reference, SERGIO's numbers."""

import csv
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grnular_core.data.downloads import fetch
from grnular_core.simulation.networks import GRN, GraphSpec, make_grn, random_grn, topological_order
from grnular_core.simulation.sergio import (
    Kinetics,
    _read_interactions,
    _read_rates,
    along_path,
    random_rates,
    sergio_network,
    steady_state,
)
from grnular_core.simulation.simulate import preset
from grnular_core.utils.errors import InputError

DATA = Path(__file__).parents[1] / "data"
ONE_TYPE = Kinetics(n_types=1, n_cells=20_000)
# 0 and 1 are masters, 2 has both, 3 has 0 and 2, 4 has 2 alone
SMALL = make_grn(5, [0, 1, 0, 2, 2], [2, 2, 3, 3, 4], [3.0, -2.0, 1.5, -4.0, -2.5], [2, 1, 3, 2, 2])
RATES = np.array([[0.9], [0.5]])


def run(grn: GRN, rates, kinetics: Kinetics, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return steady_state(grn, np.asarray(rates, dtype=float), kinetics, np.random.default_rng(seed))


def hill(r, half, n):
    return r**n / (half**n + r**n)


def production(grn: GRN, gene: int, level, half):
    """P of a gene, written as the equation stands; ``level[r]`` of any shape."""
    P = 0.0
    for r, g, K, n in zip(grn.regulator, grn.target, grn.K, grn.coop, strict=True):
        if g == gene:
            h = hill(level[r], half[r], n)
            P = P + (K * h if K > 0 else abs(K) * (1 - h))
    return P


def noise_free(grn: GRN, rates: np.ndarray, decay: float) -> np.ndarray:
    """Levels (genes, types) without noise, half-responses their means over types."""
    level = np.zeros((grn.n_genes, rates.shape[1]))
    for gene in topological_order(grn):
        if gene in grn.masters():
            level[gene] = rates[list(grn.masters()).index(gene)] / decay
        else:
            level[gene] = production(grn, gene, level, level.mean(1)) / decay
    return level


# --- moments that are known


def test_a_master_has_the_mean_and_variance_of_its_equation():
    """To first order in the noise the level is an Ornstein-Uhlenbeck process around P / d.

    Its variance is q^2 (P + P) / (2 d); Euler's step divides it by 1 - d dt / 2. 40 masters of 3,000 relaxation times each: the mean of the variances has a
    standard error of about 0.4 %, that of the means is 0.4 % of a standard deviation.
    """
    grn = make_grn(41, [0], [1], [1.0])
    P, q, d = 0.8, 0.05, 0.9
    c = replace(ONE_TYPE, noise=q, decay=d)
    X = run(grn, np.full((40, 1), P), c)[0][:, grn.masters()].astype(float)
    variance = q**2 * P / d / (1 - d * c.dt / 2)
    assert X.mean() == pytest.approx(P / d, abs=0.02 * np.sqrt(variance))
    assert X.var(0).mean() == pytest.approx(variance, rel=0.025)


def reference(grn, rates, half, c: Kinetics, n_chains: int, n_steps: int) -> np.ndarray:
    """Levels (chains, genes) after ``n_steps``, by the equations in double precision.

    Written anew: all genes step by step together, two normal numbers a step.
    """
    rng = np.random.default_rng(1)
    x = np.tile(noise_free(grn, rates, c.decay)[:, 0], (n_chains, 1))
    masters = list(grn.masters())
    for _ in range(n_steps):
        for gene in topological_order(grn):
            own = gene in masters
            P = rates[masters.index(gene), 0] if own else production(grn, gene, x.T, half)
            a, b = rng.standard_normal((2, n_chains)) * np.sqrt(c.dt)
            kick = np.sqrt(P) * a + np.sqrt(c.decay * x[:, gene]) * b
            step = (P - c.decay * x[:, gene]) * c.dt + c.noise * kick
            x[:, gene] = np.maximum(x[:, gene] + step, 0)
    return x


def test_strong_noise_follows_an_independent_reference():
    """Noise 1: levels are held at 0 and far from normal. 3,000 chains against 3,000 relaxations.

    Each mean then has an error of 2-3 % of a standard deviation, each correlation one of 0.03.
    """
    c = replace(ONE_TYPE, noise=1.0, half_response="expected")
    half = noise_free(SMALL, RATES, c.decay).mean(1)
    ours = run(SMALL, RATES, c)[0].astype(float)
    theirs = reference(SMALL, RATES, half, c, n_chains=3000, n_steps=500)
    spread = theirs.std(0)
    assert (abs(ours.mean(0) - theirs.mean(0)) < 0.12 * spread).all()
    assert np.allclose(ours.std(0), spread, rtol=0.1)
    assert np.allclose(np.corrcoef(ours.T), np.corrcoef(theirs.T), atol=0.12)
    assert np.allclose((ours == 0).mean(0), (theirs == 0).mean(0), atol=0.02)


def test_without_noise_levels_are_those_of_the_hill_functions():
    rates = np.array([[0.2, 0.9, 0.4], [1.0, 0.3, 0.3]])
    for half_response in ("simulated", "expected"):
        c = Kinetics(3, 30, noise=0.0, decay=0.7, half_response=half_response)
        X, types = run(SMALL, rates, c)
        assert np.allclose(X, noise_free(SMALL, rates, 0.7)[:, types].T, rtol=1e-5)


# --- the same distribution as SERGIO


def moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations (genes, types) of 9 types of 300 cells."""
    by_type = X.reshape(9, 300, -1).astype(float)
    return by_type.mean(1).T, by_type.std(1).T


def correlations(X: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    Z = (X - X.mean(0)) / X.std(0)
    return (Z[:, table["regulator"]] * Z[:, table["target"]]).mean(0)


def z_scores(ours: np.ndarray, theirs: np.ndarray, their_error: np.ndarray) -> np.ndarray:
    """Difference of means over seeds (first axis of ``ours``) in units of its standard error."""
    own_error = ours.std(0, ddof=1) / np.sqrt(len(ours))
    return (ours.mean(0) - theirs) / np.hypot(own_error, their_error)


def test_ds1_has_the_moments_and_correlations_of_sergio_2(real_data):
    """Numbers of sergio-scsim 1.9.3, 12 seeds: DS1's network and rates, noise 1, decay 0.8.

    SERGIO 2 takes half-responses from noise-free levels. Both errors are estimated from 12 seeds,
    so a z score has Student's t distribution and a root mean square of about 1.05; over 900 means
    that is known to 0.06, as means of targets go up and down with their shared regulators. The
    largest relative errors of single means are 6 %; over all genes together it is 0.3 %.
    """
    theirs = pd.read_csv(DATA / "sergio2_ds1_moments.csv")
    pairs = pd.read_csv(DATA / "sergio2_ds1_correlations.csv")
    c = replace(preset("DS1-clean").kinetics, half_response="expected")
    grn, rates = sergio_network("DS1")
    runs = [run(grn, rates, c, seed)[0] for seed in range(100, 112)]
    ours = {"mean": [], "sd": []}
    for X in runs:
        for name, values in zip(ours, moments(X), strict=True):
            ours[name].append(values.ravel())  # by gene, then type, as in the table
    for name, values in ours.items():
        values = np.array(values)
        z = z_scores(values, theirs[name].to_numpy(), theirs[f"{name}_se"].to_numpy())
        assert np.sqrt((z**2).mean()) < 1.25, name
        assert abs(z).max() < 6, name
        assert abs((values.mean(0) / theirs[name] - 1).mean()) < 0.01, name
    values = np.array([correlations(X.astype(float), pairs) for X in runs])
    z = z_scores(values, pairs["correlation"].to_numpy(), pairs["correlation_se"].to_numpy())
    assert np.sqrt((z**2).mean()) < 1.3 and abs(z).max() < 6


# --- degenerate cases


@pytest.mark.parametrize(
    ("grn", "rates", "kinetics"),
    [
        (SMALL, RATES, Kinetics(n_types=1, n_cells=1)),
        (SMALL, RATES * np.ones(3), Kinetics(n_types=3, n_cells=11)),
        (SMALL, 0 * RATES, Kinetics(n_types=1, n_cells=20)),  # half-responses 0
        (SMALL, RATES, Kinetics(n_types=1, n_cells=20, noise=20.0)),
        (make_grn(2, [0], [1], [-3.0]), [[0.5]], Kinetics(n_types=1, n_cells=20)),
        (make_grn(2, [0], [1], [5.0], 40.0), [[9e3]], Kinetics(n_types=1, n_cells=20)),
        (make_grn(2, [0], [1], [5.0], 0.3), [[0.1]], Kinetics(n_types=1, n_cells=20)),
        (make_grn(9, [4], [7], [1.0]), np.full((8, 1), 0.5), Kinetics(n_types=1, n_cells=20)),
    ],
)
def test_degenerate_networks_and_sizes_give_finite_levels(grn, rates, kinetics):
    X, types = run(grn, rates, kinetics)
    assert X.shape == (kinetics.n_cells, grn.n_genes) and X.dtype == np.float32
    assert np.isfinite(X).all() and (X >= 0).all()
    assert np.bincount(types).tolist() == kinetics.cells_per_type().tolist()
    # uneven cells go to the first types
    assert Kinetics(n_types=4, n_cells=10).cells_per_type().tolist() == [3, 3, 2, 2]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"half_response": "mean"}, "choose one of simulated, expected"),
        ({"n_types": 0}, "at least one cell of every type"),
        ({"dt": 0.0}, "need dt > 0"),
        ({"noise": -0.1}, "noise >= 0"),
        ({"sampling_state": 0}, "sampling_state >= 1"),
        ({"dt": 0.5, "decay": 2.0}, "dt x decay is 1.0; below 1 is needed"),
        ({"high": (1.0, 0.5)}, "got 1.0 to 0.5"),
    ],
)
def test_impossible_settings_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        Kinetics(**wrong)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (RATES.T, r"shape \(1, 2\); expected \(2 master regulators, 1 cell"),
        (-RATES, "below 0 or not finite"),
        (np.nan * RATES, "below 0 or not finite"),
    ],
)
def test_rates_of_another_shape_or_sign_are_refused(rates, words):
    with pytest.raises(InputError, match=words):
        run(SMALL, rates, Kinetics(n_types=1, n_cells=10))


def test_random_rates_are_in_the_low_or_the_high_range():
    c = Kinetics(n_types=50, n_cells=50)
    rates = random_rates(40, c, np.random.default_rng(0))
    low, high = (rates >= 0.2) & (rates <= 0.5), (rates >= 0.7) & (rates <= 1.0)
    assert rates.shape == (40, 50) and (low | high).all()
    assert abs(high.mean() - 0.5) < 4 * 0.5 / np.sqrt(rates.size)


def test_types_along_a_path_pass_through_its_states():
    states = np.array([[1.0, 3.0, 2.0]])
    np.testing.assert_allclose(along_path(states, 5), [[1, 2, 3, 2.5, 2]])
    np.testing.assert_allclose(along_path(states, 1), [[1]])
    c = Kinetics(n_types=21, anchors=3)
    rates = random_rates(4, c, np.random.default_rng(0))
    drawn = random_rates(4, Kinetics(n_types=3), np.random.default_rng(0))
    assert rates.shape == (4, 21)
    np.testing.assert_allclose(rates[:, [0, 10, 20]], drawn)
    assert np.ptp(np.diff(rates[:, :11]), axis=1) == pytest.approx(0)
    with pytest.raises(InputError, match="2 anchors or more"):
        Kinetics(anchors=1)


@pytest.mark.slow
def test_memory_is_that_of_expression_and_trajectories():
    grn = random_grn(GraphSpec(), np.random.default_rng(0))
    rates = np.full((len(grn.masters()), 5), 0.5)
    run(grn, rates, Kinetics(n_cells=100))  # compiling takes memory of its own
    tracemalloc.start()
    run(grn, rates, Kinetics(n_cells=100_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 100_000 * (100 + 15 * (10 + 2)) * 1.1


# --- the networks of SERGIO's datasets, and files of that form that are broken

# genes, edges, TFs and master regulators
SIZES = {"DS1": (100, 258, 10, 7), "DS2": (400, 1155, 37, 20), "DS3": (1200, 2713, 127, 67)}


@pytest.mark.parametrize("name", SIZES)
def test_a_data_set_has_the_edges_that_its_truth_lists(name, real_data):
    grn, rates = sergio_network(name)
    assert (grn.n_genes, grn.n_edges, len(grn.tfs), len(grn.masters())) == SIZES[name]
    with open(fetch(f"sergio/{name}/gt_GRN.csv"), newline="") as file:
        truth = {(int(float(a)), int(float(b))) for a, b in csv.reader(file)}
    assert {*zip(grn.regulator.tolist(), grn.target.tolist(), strict=True)} == truth
    assert rates.shape == (len(grn.masters()), 9)
    assert 0 < rates.min() and rates.max() < (1 if name == "DS1" else 4)
    assert 1 <= abs(grn.K).min() and abs(grn.K).max() <= 5 and (grn.coop == 2).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,1,0,2\n", "line 1: expected target, n and 3 n values; got 4 values with n = 1"),
        ("1,nan,0,1,2\n", "line 1: expected target"),
        ("1\n", "line 1: expected target"),
        ("1,1,0,x,2\n", "Interaction.txt is not a table of numbers"),
        ("1,1,0.5,1,2\n", "Interaction.txt: genes are named by a list of whole numbers"),
        ("1,1,7,1,2\n", "Interaction.txt: genes are numbered 0 to 2"),
        ("1,1,0,1,2\n0,1,1,1,2\n", "Interaction.txt: the network has a cycle"),
    ],
)
def test_a_broken_network_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "Interaction.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        _read_interactions(path, 3)


def test_lines_become_edges_and_rates_follow_the_masters(tmp_path):
    network, rates = tmp_path / "Interaction.txt", tmp_path / "Regs.txt"
    network.write_text("2.0,2,0,1,1.5,-2,2,3\n\n3,1,2,1,1.5\n")
    grn = _read_interactions(network, 4)
    assert list(grn.regulator) == [0, 1, 2] and list(grn.target) == [2, 2, 3]
    assert list(grn.K) == [1.5, -2, 1] and list(grn.coop) == [2, 3, 1.5]
    rates.write_text("1,0.3,0.4\n0,0.1,0.2\n")
    assert np.array_equal(_read_rates(rates, grn), [[0.1, 0.2], [0.3, 0.4]])
    for text, words in (
        ("0,1,2\n", r"gives no production rate for the genes \[1\]"),
        ("0,1,2\n1,1\n", r"the lines hold \[2, 3\] values"),
        ("0\n1\n", "expected a master regulator"),
        ("0;1\n", "not a table of numbers"),
    ):
        rates.write_text(text)
        with pytest.raises(InputError, match=words):
            _read_rates(rates, grn)
