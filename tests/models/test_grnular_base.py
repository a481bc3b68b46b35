"""GRNULar-base: Algorithm 1, every cell fits a new network."""

from dataclasses import replace

import pytest
import torch
from small_graphs import graphs

from grnular_core.models.dnn import adam_start, init_weights, path_product
from grnular_core.models.grnular import GRNULar, GRNULarBase, GRNULarConfig
from grnular_core.models.inner_fit import fit_dnn
from grnular_core.models.problem import standardise
from grnular_core.models.thresholds import soft_threshold

SMALL = GRNULarConfig(hidden=(8,), n_unroll=3, n_inner=2, init_epochs=30)
PAPER = replace(SMALL, reduction="sum", lam_scale=1.0, lam_per_error=False)


@pytest.mark.parametrize("config", [PAPER, SMALL], ids=["as printed", "penalty by the error"])
def test_forward_is_algorithm_1_spelled_out(config):
    batch, reduction = graphs(), config.reduction
    model = GRNULarBase(config).double()
    X = standardise(batch.X)
    X_T = X[:, :, :4]
    sigma = X_T.mT @ X / X.shape[1]
    scale = GRNULar(config).double().prepare(*batch[:2]).state.lam_scale

    def fresh_theta(Z, lam):
        generator = torch.Generator().manual_seed(config.seed)
        W = init_weights(3, (4, 8, 20), generator, config.init_scale, dtype=torch.float64)
        steps = config.init_epochs, config.lr, reduction
        W, _ = fit_dnn(W, adam_start(W), X_T, X, Z, scale * lam, *steps)
        return path_product(W)

    Z, lam = torch.zeros(3, 4, 20).double(), torch.ones(3, 1, 1).double()
    with torch.no_grad():
        theta = fresh_theta(Z, lam)
        for _ in range(3):
            gap = (Z - theta).square()
            total = gap.sum if reduction == "sum" else gap.mean
            lam = model.lambda_nn(total((1, 2), keepdim=True), lam)
            theta = fresh_theta(Z, lam)
            Z = soft_threshold(theta, model.rho_nn(theta, sigma, Z))
        out = model(batch.X, batch.tf_index)
    torch.testing.assert_close(out.theta, theta * batch.allowed)
    torch.testing.assert_close(out.Z, Z * batch.allowed)
    torch.testing.assert_close(out.lam, lam.flatten())
