"""Ridge regression of every gene on the TFs: equal to scikit-learn's, whole or in blocks, dense or sparse."""

import numpy as np
import pytest
from conftest import linear_network
from scipy import sparse
from sklearn.linear_model import Ridge

from grnular_core.methods import correlation
from grnular_core.methods import ridge as module
from grnular_core.methods.correlation import standardised
from grnular_core.methods.ridge import FOLDS, PENALTIES, ridge


def small(n_cells: int = 80) -> tuple[np.ndarray, np.ndarray]:
    expression, tfs, _ = linear_network(3, n_cells=n_cells, n_genes=14, n_tfs=4)
    return expression.to_numpy(), np.arange(len(tfs))


def regressions(z: np.ndarray, tf_index: np.ndarray, gene: int, penalty: float) -> tuple[list[int], Ridge]:
    """The TFs other than the gene itself, and scikit-learn's fit of the gene to them."""
    others = [tf for tf in tf_index if tf != gene]
    return others, Ridge(alpha=penalty * len(z), fit_intercept=False).fit(z[:, others], z[:, gene])


@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_coefficients_are_those_of_one_regression_per_gene(penalty):
    x, tf_index = small()
    z = standardised(x)
    found = ridge(x, tf_index, penalty=penalty)
    weights = found.weight * found.sign
    for gene in range(x.shape[1]):
        others, model = regressions(z, tf_index, gene, penalty)
        np.testing.assert_allclose(weights[others, gene], model.coef_, atol=1e-10)
    assert not found.weight[tf_index, tf_index].any()


@pytest.mark.parametrize("n_cells", [80, 9, 3])
def test_each_genes_penalty_has_the_least_error_on_left_out_cells(n_cells):
    x, tf_index = small(n_cells)
    z = standardised(x)
    folds = np.arange(n_cells) % min(FOLDS, n_cells)
    np.random.default_rng(5).shuffle(folds)
    found = ridge(x, tf_index, seed=5)
    for gene in range(x.shape[1]):
        errors = []
        for penalty in PENALTIES:
            error = 0.0
            for fold in range(folds.max() + 1):
                others, model = regressions(z[folds != fold], tf_index, gene, penalty)
                error += ((z[folds == fold][:, gene] - z[folds == fold][:, others] @ model.coef_) ** 2).sum()
            errors.append(error)
        others, model = regressions(z, tf_index, gene, PENALTIES[np.argmin(errors)])
        np.testing.assert_allclose(found.weight[others, gene], np.abs(model.coef_), atol=1e-8)


def test_blocks_sparse_data_and_single_precision_give_the_same(monkeypatch):
    x, tf_index = small()
    x = np.where(x > np.median(x), x, 0.0)
    whole = ridge(x, tf_index, seed=2)
    monkeypatch.setattr(correlation, "GENES", 5)
    for matrix in (x, sparse.csr_matrix(x)):
        np.testing.assert_allclose(ridge(matrix, tf_index, seed=2).weight, whole.weight, atol=1e-10)
    monkeypatch.setattr(module, "is_large", lambda *sizes: True)
    found = ridge(x, tf_index, seed=2)
    assert found.weight.dtype == np.float64
    np.testing.assert_allclose(found.weight, whole.weight, atol=1e-4)
