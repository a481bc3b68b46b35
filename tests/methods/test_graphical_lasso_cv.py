"""The penalty by cross-validation: scikit-learn's scores and choice where its solver works, and genes
and cells that leave nothing to fit."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import pytest
from sklearn.covariance import GraphicalLassoCV

from grnular_core.methods import correlation as baselines
from grnular_core.methods import graphical_lasso_cv as module
from grnular_core.methods.correlation import standardised
from grnular_core.methods.graphical_lasso_cv import NO_ALPHA, Fold, best_alpha, precision_by_cv


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
        ours = [Fold.of(X, held).score(alpha) for alpha in found["alphas"][:-1]]
        np.testing.assert_allclose(ours, scores + 20 * np.log(2 * np.pi) / 2, atol=0.05)
    precision, alpha = precision_by_cv(X, 5)
    assert 0.8 < alpha / model.alpha_ < 1.25
    ours, theirs = (
        baselines.partial_correlations(p, np.arange(20)) for p in (precision, model.precision_)
    )
    np.testing.assert_allclose(ours, theirs, atol=0.03)


def test_the_choice_is_near_the_top_of_all_alphas():
    X = cells(n_cells=30)
    folds = [Fold.of(X, held) for held in np.array_split(np.arange(30), 5)]
    alphas = np.geomspace(0.9, 0.009, 60)
    means = [np.mean([fold.score(alpha) for fold in folds]) for alpha in alphas]
    top = alphas[int(np.argmax(means))]
    fresh = [Fold.of(X, held) for held in np.array_split(np.arange(30), 5)]
    assert 0.75 < best_alpha(fresh, 0.9) / top < 1.35


def test_alphas_below_a_falling_score_are_not_tried():
    class Peak:
        tried: ClassVar[list[float]] = []

        def score(self, alpha: float) -> float:
            self.tried.append(alpha)
            return -abs(np.log(alpha / 0.3))

        def forget(self, upper: float) -> None:
            pass

    assert 0.25 < best_alpha([Peak()], 1.0) < 0.36
    assert min(Peak.tried) > 0.09


def test_a_gene_that_is_constant_in_a_fold_does_not_decide():
    X = cells()
    X[:, 3] = 0
    X[:40, 3] = np.arange(40)  # constant in what is fitted when the first fold is left out
    score = Fold.of(X, np.arange(40)).score(0.2)
    assert np.isfinite(score) and abs(score) < 100


def test_threads_change_nothing():
    X = cells()
    one, two = precision_by_cv(X, 5, 1), precision_by_cv(X, 5, 2)
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


@pytest.mark.parametrize("n_cells", [1, 2, 3, 7])
def test_few_cells_and_constant_genes_give_finite_scores(n_cells):
    X = cells(n_cells=n_cells)
    X[:, 4] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = baselines.glasso_exact(X, np.arange(6))
    assert np.isfinite(scores.weight).all() and scores.weight.max() <= 1
    assert (scores.weight[4] == 0).all() and (scores.weight[:, 4] == 0).all()


def test_one_cell_connects_nothing():
    precision, alpha = precision_by_cv(standardised(np.ones((1, 3))), 5)
    assert alpha == NO_ALPHA and not precision.any()


def test_it_takes_over_with_many_genes_and_where_scikit_learn_fails(monkeypatch):
    X, tf_index = cells(n_cells=60), np.arange(5)
    exact = baselines.glasso_exact(X, tf_index).weight
    assert not np.array_equal(baselines.glasso(X, tf_index).weight, exact)
    monkeypatch.setattr(baselines, "SKLEARN_GENES", 19)
    np.testing.assert_array_equal(baselines.glasso(X, tf_index).weight, exact)
    monkeypatch.undo()

    def fails(*_):
        raise FloatingPointError("Non SPD result")

    monkeypatch.setattr(GraphicalLassoCV, "fit", fails)
    np.testing.assert_array_equal(baselines.glasso(X, tf_index).weight, exact)


def test_no_solution_says_what_helps(monkeypatch):
    solve = module.graphical_lasso

    def broken(*args):
        return solve(*args)._replace(gap=np.inf)

    monkeypatch.setattr(module, "graphical_lasso", broken)
    with pytest.raises(module.MethodError, match="not positive definite. More cells"):
        precision_by_cv(cells(n_cells=20), 5)
