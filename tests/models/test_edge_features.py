"""The features of the data: each against a plain computation, and data that leave little to see."""

import numpy as np
import pytest
import torch
from large_cases import KINDS, expression, tf_positions
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from grnular_core.models import edge_features as module
from grnular_core.models.cells import Cells, cluster_cells, scale_of
from grnular_core.models.edge_features import (
    EDGE_FEATURES,
    MIN_CELLS,
    PENALTY,
    STRONG_PENALTY,
    edge_features,
)
from grnular_core.models.problem import standardise

TFS = [7, 0, 3]  # of 12 genes, in no order


def cells(seed: int = 0, n_cells: int = 120, lost: float = 0.3) -> np.ndarray:
    """Expression (cells, genes) in three groups of cells, a share of it lost to zeros."""
    rng = np.random.default_rng(seed)
    group = rng.integers(3, size=n_cells)
    mix = rng.normal(size=(12, 12)) * (rng.random((12, 12)) < 0.4) + np.eye(12)
    X = np.exp(0.4 * (rng.normal(size=(n_cells, 12)) @ mix + rng.normal(size=(3, 12))[group]))
    X[rng.random(X.shape) < lost] = 0
    return X


def cells_of(X: np.ndarray, dtype: type = np.float64) -> Cells:
    return Cells.of(X, scale_of(X), dtype=dtype)


def features(X: np.ndarray, tfs: list[int] = TFS) -> dict[str, np.ndarray]:
    """Every feature of one data set, (tfs, genes)."""
    found = edge_features(cells_of(X), np.array(tfs))
    assert found.shape == (len(tfs), X.shape[1], len(EDGE_FEATURES)) and found.dtype == torch.float32
    return {name: found[..., i].double().numpy() for i, name in enumerate(EDGE_FEATURES)}


def z_scores(X: np.ndarray) -> np.ndarray:
    return standardise(torch.tensor(X)).numpy()


def ridge_by_sklearn(Z: np.ndarray, penalty: float = PENALTY) -> np.ndarray:
    """Coefficients (tfs, genes); a TF's own column is left out when it is the target."""
    wanted = np.zeros((len(TFS), Z.shape[1]))
    for gene in range(Z.shape[1]):
        used = [k for k, tf in enumerate(TFS) if tf != gene]
        model = Ridge(alpha=penalty * len(Z), fit_intercept=False)
        wanted[used, gene] = model.fit(Z[:, [TFS[k] for k in used]], Z[:, gene]).coef_
    return wanted


def test_pearson_and_spearman_and_detection_are_the_usual_correlations():
    X = cells()
    found = features(X)
    np.testing.assert_allclose(found["pearson"], np.corrcoef(X.T)[TFS], atol=1e-6)
    np.testing.assert_allclose(found["rank"], spearmanr(X).statistic[TFS], atol=1e-6)
    np.testing.assert_allclose(found["detection"], np.corrcoef((X > 0).T)[TFS], atol=1e-6)


def test_ridge_is_sklearns_and_a_tf_does_not_explain_itself():
    X = cells()
    found = features(X)
    wanted = ridge_by_sklearn(z_scores(X))
    np.testing.assert_allclose(found["ridge"], wanted, atol=1e-6)
    assert (wanted[range(3), TFS] == 0).all() and (wanted[:, TFS] != 0).sum() == 6
    np.testing.assert_allclose(found["shrunk"], ridge_by_sklearn(z_scores(X), STRONG_PENALTY), atol=1e-6)


def test_inside_clusters_the_means_of_clusters_are_gone():
    X = cells()
    Z = z_scores(X)
    labels = cluster_cells(Z)
    for cluster in set(labels):
        Z[labels == cluster] -= Z[labels == cluster].mean(0)
    found = features(X)
    np.testing.assert_allclose(found["within"], np.corrcoef(Z.T)[TFS], atol=1e-6)
    for name, penalty in (("within_ridge", PENALTY), ("within_shrunk", STRONG_PENALTY)):
        np.testing.assert_allclose(found[name], ridge_by_sklearn(z_scores(Z), penalty), atol=1e-6, err_msg=name)


def test_partners_are_the_tfs_that_both_go_together_with_inside_clusters():
    """The overlap by hand: paths over one other TF, and the edge itself, over how many each has."""
    X = cells()
    found = features(X)
    up = np.maximum(found["within"], 0)
    np.testing.assert_allclose(found["within_up"], up, atol=1e-7)
    squares = up**2
    squares[range(3), TFS] = 0
    for t, tf in enumerate(TFS):
        for gene in range(12):
            if gene == tf:
                continue
            paths = sum(squares[t, TFS[s]] * squares[s, gene] for s in range(3))
            reach = (1 + squares[t, TFS].sum()) * (1 + squares[:, gene].sum())
            wanted = (paths + squares[t, gene]) / reach**0.5
            assert found["shared"][t, gene] == pytest.approx(wanted, abs=1e-6)
    assert (found["within"] < -0.05).any() and found["shared"].max() > 0.05


def test_codetected_cells_are_those_in_which_both_are_seen():
    X = cells(lost=0.7)
    found, n_few = features(X), 0
    for k, tf in enumerate(TFS):
        for gene in range(12):
            both = (X[:, tf] > 0) & (X[:, gene] > 0)
            assert found["share"][k, gene] == pytest.approx(both.mean() ** 0.5, abs=1e-6)
            n_few += both.sum() < MIN_CELLS
            wanted = 0.0
            if both.sum() >= MIN_CELLS:
                wanted = np.corrcoef(X[both, tf], X[both, gene])[0, 1]
            assert found["codetected"][k, gene] == pytest.approx(wanted, abs=1e-5)
    assert n_few > 3  # the case is there


def test_without_zeros_everything_is_detected():
    for X in (1 + cells(lost=0), z_scores(cells(lost=0))):
        found = features(X)
        assert (found["detection"] == 0).all() and (found["share"] == 1).all()
        np.testing.assert_allclose(found["codetected"], found["pearson"], atol=1e-5)


@pytest.mark.parametrize("gene", [5, 7])  # no TF, and a TF
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_constant_gene_says_nothing_and_changes_nothing(gene, value):
    X = cells()
    X[:, gene] = value
    found = features(X)
    for name, feature in found.items():
        assert np.isfinite(feature).all(), name
        if name != "share":
            assert (feature[:, gene] == 0).all(), name
            assert gene not in TFS or (feature[TFS.index(gene)] == 0).all(), name
    if value == 0:
        assert (found["share"][:, gene] == 0).all()
    rest = [g for g in range(12) if g != gene]
    tfs = [rest.index(tf) for tf in TFS if tf != gene]
    kept = [k for k, tf in enumerate(TFS) if tf != gene]
    for name, feature in features(X[:, rest], tfs).items():
        if not name.startswith("within"):  # components and clusters start at random
            np.testing.assert_allclose(found[name][kept][:, rest], feature, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("sparse", [0, 1e9], ids=["sums over values", "products"])
@pytest.mark.parametrize("genes", [1, 17])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_cells_and_genes_in_single_precision_change_rounding_alone(
    kind, genes, sparse, monkeypatch
):
    X, tfs = expression(kind), tf_positions()
    heard: list[float] = []
    wanted = edge_features(cells_of(X), tfs)
    for name, value in {"GENES": genes, "TFS": 1, "SPARSE": sparse}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr("grnular_core.models.cells.BLOCK", 900)
    found = module.statistics_of(cells_of(X, np.float32), tfs, progress=heard.append).all(len(EDGE_FEATURES), torch.float32)
    for i, name in enumerate(EDGE_FEATURES):
        np.testing.assert_allclose(found[..., i], wanted[..., i], atol=1e-5, err_msg=name)
    assert heard == sorted(heard) and len(heard) > (4 if sparse == 0 else 10) and 0.85 < heard[-1] <= 1
