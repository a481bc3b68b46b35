"""The graphical lasso: scikit-learn's optimum and choice of penalty, covariances of any rank, odd data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from grnular_paper.synthetic import replicate_of
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import GraphicalLassoCV
from sklearn.covariance import graphical_lasso as sklearn_graphical_lasso
from threadpoolctl import threadpool_limits

from grnular_core.methods import glasso as module
from grnular_core.methods.correlation import standardised
from grnular_core.methods.glasso import NO_ALPHA, _best_alpha, _Fold, _precision_by_cv
from grnular_core.methods.graphical_lasso import (
    _bounded,
    _duality_gap,
    _obeying_bounds,
    _solve_by_admm,
    graphical_lasso,
    largest_alpha,
)


def sample(seed: int, n_cells: int, n_genes: int, equal: bool = False) -> np.ndarray:
    """Covariance of genes that share a few factors; with ``equal`` two are the same gene."""
    rng = np.random.default_rng(seed)
    n_factors = n_genes // 4 + 1
    X = rng.normal(size=(n_cells, n_factors)) @ rng.normal(size=(n_factors, n_genes))
    X += rng.normal(size=(n_cells, n_genes))
    if equal:
        X[:, 0] = -X[:, 1]
    z = standardised(X)
    return z.T @ z / n_cells


def objective(S: np.ndarray, theta: np.ndarray, alpha: float) -> float:
    off = np.abs(theta).sum() - np.abs(np.diag(theta)).sum()
    return -np.linalg.slogdet(theta)[1] + (S * theta).sum() + alpha * off


@pytest.mark.parametrize("alpha", [0.6, 0.3, 0.1, 0.03])
def test_objective_and_connections_are_those_of_scikit_learn(alpha):
    S = sample(0, 300, 25)
    found = graphical_lasso(S, alpha, 1e-8)
    _, expected = sklearn_graphical_lasso(S, alpha, tol=1e-7, max_iter=1000, enet_tol=1e-8)
    assert abs(objective(S, found.precision, alpha) - objective(S, expected, alpha)) < 1e-5
    np.testing.assert_allclose(found.precision, expected, atol=1e-4)
    np.testing.assert_array_equal(found.precision != 0, np.abs(expected) > 0)


def test_two_genes_have_the_solution_in_closed_form():
    """The covariance is pulled towards 0 by alpha, and its inverse is Theta."""
    S = np.array([[1.0, -0.5], [-0.5, 2.0]])
    found = graphical_lasso(S, 0.2, 1e-12)
    np.testing.assert_allclose(np.linalg.inv(found.precision), [[1, -0.3], [-0.3, 2]], atol=1e-9)
    np.testing.assert_array_equal(graphical_lasso(S, 0.5).precision, np.diag([1, 0.5]))


@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([3, 8, 30, 200]),
    n_genes=st.integers(2, 25),
    share=st.floats(0.05, 1.2),
    equal=st.booleans(),
)
def test_the_solution_meets_the_conditions_of_an_optimum(seed, n_cells, n_genes, share, equal):
    """W - S is alpha times Theta's sign where there is a connection, and no larger elsewhere."""
    S = sample(seed, n_cells, n_genes, equal)
    alpha = share * largest_alpha(S)
    found = graphical_lasso(S, alpha, 1e-9)
    theta = found.precision
    np.testing.assert_array_equal(theta, theta.T)
    assert np.linalg.eigvalsh(theta).min() > 0
    gap = _duality_gap(S, found.dual.covariance, theta, alpha)
    assert -1e-9 <= gap <= 1e-6 * n_genes and found.gap == pytest.approx(gap, abs=1e-9)
    distance = np.linalg.inv(theta) - S
    np.testing.assert_allclose(np.diag(distance), 0, atol=0.01)
    off = ~np.eye(n_genes, dtype=bool)
    assert (np.abs(distance[off]) <= alpha + 0.01).all()
    held = off & (np.abs(theta) > 1e-2)
    np.testing.assert_allclose(distance[held], alpha * np.sign(theta[held]), atol=0.01)


@given(seed=st.integers(0, 10**6), first=st.floats(0.05, 1), second=st.floats(0.05, 1))
def test_where_it_starts_changes_the_time_and_not_the_solution(seed, first, second):
    S = sample(seed, 12, 15)
    start = graphical_lasso(S, first, 1e-9).dual
    moved = _obeying_bounds(S, second, start)
    assert np.abs(moved - S).max() <= second + 1e-9 and np.linalg.eigvalsh(moved).min() > 0
    one = graphical_lasso(S, second, 1e-9, start)
    other = graphical_lasso(S, second, 1e-9)
    assert abs(objective(S, one.precision, second) - objective(S, other.precision, second)) < 1e-5


def test_groups_that_nothing_connects_are_solved_by_themselves():
    S = np.zeros((9, 9))
    S[:5, :5], S[5:, 5:] = sample(1, 40, 5), sample(2, 40, 4)
    S[0, 8] = S[8, 0] = 0.05  # below the penalty
    found = graphical_lasso(S, 0.1, 1e-9)
    for part in (slice(0, 5), slice(5, 9)):
        alone = graphical_lasso(S[part, part], 0.1, 1e-9)
        np.testing.assert_allclose(found.precision[part, part], alone.precision, atol=1e-6)
    assert (found.precision[:5, 5:] == 0).all()


def near_copies(n_cells: int = 60, n_genes: int = 40, distance: float = 0.03) -> np.ndarray:
    """Covariance of genes that all follow two factors closely, of too few cells to have an inverse."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n_cells, 2)) @ rng.normal(size=(2, n_genes))
    z = standardised(X + distance * rng.normal(size=X.shape))
    return z.T @ z / n_cells


@pytest.mark.parametrize("alpha", [0.05, 3e-3, 3e-4])
def test_near_copies_with_a_small_penalty_are_solved_as_well(alpha):
    """Rows in turn need thousands of sweeps here; what ends is the duality gap, not the patience."""
    S = near_copies()
    found = graphical_lasso(S, alpha, 1e-7)
    assert found.gap <= 1e-7 * len(S)
    assert found.gap == pytest.approx(
        _duality_gap(S, found.dual.covariance, found.precision, alpha), abs=1e-9
    )
    again = graphical_lasso(S, alpha, 1e-7, graphical_lasso(S, 2 * alpha).dual)
    ends = [objective(S, one.precision, alpha) for one in (found, again)]
    assert abs(ends[0] - ends[1]) <= 2e-7 * len(S)


@given(
    seed=st.integers(0, 10**6),
    n_cells=st.sampled_from([3, 8, 200]),
    n_genes=st.integers(2, 20),
    share=st.floats(0.02, 1.2),
    equal=st.booleans(),
)
def test_all_rows_at_once_find_what_rows_in_turn_find(seed, n_cells, n_genes, share, equal):
    S = sample(seed, n_cells, n_genes, equal)
    alpha = share * largest_alpha(S)
    W = _obeying_bounds(S, alpha, None)
    at_once = _solve_by_admm(S, np.linalg.inv(W), W, alpha, 1e-8)
    in_turn = graphical_lasso(S, alpha, 1e-9)
    assert at_once.gap <= 1e-8
    assert np.abs(at_once.W - S).max() <= alpha + 1e-12
    np.testing.assert_array_equal(np.diag(at_once.W), np.diag(S))
    one, other = (objective(S, theta, alpha) for theta in (at_once.theta, in_turn.precision))
    assert abs(one - other) < 1e-6


def test_bounds_hold_off_the_diagonal_and_the_diagonal_stays():
    S = np.array([[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_allclose(_bounded(S, np.full((2, 2), -9.0), 0.2), [[2, 0.3], [0.3, 1]])


# --- the penalty by cross-validation


def cells(seed: int = 0, n_cells: int = 200, n_genes: int = 20) -> np.ndarray:
    """Few strong links and much noise: a penalty well inside the range is best."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_cells, n_genes))
    X[:, 5:10] += X[:, :5]
    return standardised(X)


@pytest.mark.parametrize("seed", range(3))
def test_scores_and_choice_are_those_of_scikit_learn_where_its_solver_works(seed):
    X = cells(seed)
    model = GraphicalLassoCV(cv=5).fit(X)
    found = model.cv_results_
    groups = np.array_split(np.arange(200), 5)
    for fold, held in enumerate(groups):
        scores = found[f"split{fold}_test_score"][:-1]  # the last is that of alpha = 0
        ours = [_Fold.of(X, held).score(alpha) for alpha in found["alphas"][:-1]]
        np.testing.assert_allclose(ours, scores + 20 * np.log(2 * np.pi) / 2, atol=0.05)
    precision, alpha = _precision_by_cv(X, 5)
    assert 0.8 < alpha / model.alpha_ < 1.25
    ours, theirs = (
        module.partial_correlations(p, np.arange(20)) for p in (precision, model.precision_)
    )
    np.testing.assert_allclose(ours, theirs, atol=0.03)


def test_the_choice_is_near_the_top_of_all_alphas():
    X = cells(n_cells=30)
    folds = [_Fold.of(X, held) for held in np.array_split(np.arange(30), 5)]
    alphas = np.geomspace(0.9, 0.009, 60)
    means = [np.mean([fold.score(alpha) for fold in folds]) for alpha in alphas]
    top = alphas[int(np.argmax(means))]
    fresh = [_Fold.of(X, held) for held in np.array_split(np.arange(30), 5)]
    assert 0.75 < _best_alpha(fresh, 0.9) / top < 1.35


def test_a_gene_that_is_constant_in_a_fold_does_not_decide():
    X = cells()
    X[:, 3] = 0
    X[:40, 3] = np.arange(40)  # constant in what is fitted when the first fold is left out
    score = _Fold.of(X, np.arange(40)).score(0.2)
    assert np.isfinite(score) and abs(score) < 100


def test_threads_change_nothing():
    X = cells()
    one, two = _precision_by_cv(X, 5, 1), _precision_by_cv(X, 5, 2)
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


@pytest.mark.parametrize("n_cells", [1, 2, 3, 7])
def test_few_cells_and_constant_genes_give_finite_scores(n_cells):
    X = cells(n_cells=n_cells)
    X[:, 4] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = module.glasso_exact(X, np.arange(6))
    assert np.isfinite(scores.weight).all() and scores.weight.max() <= 1
    assert (scores.weight[4] == 0).all() and (scores.weight[:, 4] == 0).all()
    assert _precision_by_cv(X, 5)[1] == NO_ALPHA or n_cells > 1


def test_it_takes_over_with_many_genes_and_where_scikit_learn_fails(monkeypatch):
    X, tf_index = cells(n_cells=60), np.arange(5)
    exact = module.glasso_exact(X, tf_index).weight
    assert not np.array_equal(module.glasso(X, tf_index).weight, exact)
    monkeypatch.setattr(module, "SKLEARN_GENES", 19)
    np.testing.assert_array_equal(module.glasso(X, tf_index).weight, exact)
    monkeypatch.undo()

    def fails(*_):
        raise FloatingPointError("Non SPD result")

    monkeypatch.setattr(GraphicalLassoCV, "fit", fails)
    np.testing.assert_array_equal(module.glasso(X, tf_index).weight, exact)


def test_no_solution_says_what_helps(monkeypatch):
    solve = module.graphical_lasso

    def broken(*args):
        return solve(*args)._replace(gap=np.inf)

    monkeypatch.setattr(module, "graphical_lasso", broken)
    with pytest.raises(module.MethodError, match="not positive definite. More cells"):
        _precision_by_cv(cells(n_cells=20), 5)


# --- the method


def test_glasso_finds_direct_and_drops_indirect_links():
    rng = np.random.default_rng(3)
    a = rng.normal(size=2000)
    b = a + rng.normal(size=2000)
    c = b + rng.normal(size=2000)
    x = np.column_stack([a, b, c, rng.normal(size=2000)])
    weight = module.glasso(x, np.arange(2)).weight
    assert weight[0, 1] > 0.3 and weight[1, 2] > 0.3
    assert weight[0, 2] < 0.1 and weight[0, 3] < 0.1


@pytest.mark.slow
def test_glasso_chooses_the_same_penalty_on_one_thread_and_on_two():
    """Without a limit rounding chose another one for these cells: AUPRC 0.3265 and not 0.3269."""
    simulation = replicate_of("noisy(25)", 7, 100, 5)
    scores = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            scores.append(module.glasso(simulation.expression, simulation.tf_index).weight)
    np.testing.assert_array_equal(*scores)
