"""RegDiffusion comes from its own package, which need not be there."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from grnular_core.methods import regdiffusion as diffusion
from grnular_core.utils.errors import MethodError


class Trainer:
    """In place of the package's: genes 0, 1, ... are known by their values."""

    def __init__(self, X, device, seed):
        assert X.dtype == np.float32 and (X.std(0) > 0).all() and (np.ptp(X, axis=1) > 0).all()
        self.size, self.seed, self.trained = X.shape[1], seed, False

    def train(self):
        self.trained = True

    def get_adj(self):
        assert self.trained
        among = np.arange(self.size**2, dtype=np.float16).reshape(self.size, -1)
        return among * np.where(np.arange(self.size) % 2, -1, 1)


@pytest.fixture
def pretend(monkeypatch):
    monkeypatch.setitem(sys.modules, "regdiffusion", SimpleNamespace(RegDiffusionTrainer=Trainer))


def test_rows_of_tfs_are_taken_and_silent_genes_score_nothing(pretend):
    X = np.random.default_rng(0).random((8, 4))
    X[:, 1] = 0  # of the genes 0, 2, 3 the package sees 0, 1, 2
    X[3] = 0
    found = diffusion.diffusion_scores(X, np.array([3, 1, 0]))
    # what the package says of its gene 2 and 0; a TF on itself is no edge
    assert found.weight.tolist() == [[6, 0, 7, 0], [0, 0, 0, 0], [0, 0, 1, 2]]
    assert found.sign.tolist() == [[1, 0, -1, 0], [0, 0, 0, 0], [0, 0, -1, 1]]


def test_fewer_than_two_genes_that_vary_are_refused(pretend):
    X = np.zeros((5, 3))
    X[0, 0] = 1
    with pytest.raises(MethodError, match="at least two genes that vary"):
        diffusion.diffusion_scores(X, np.array([0]))


def test_the_package_itself_finds_an_edge_where_it_is_installed():
    pytest.importorskip("regdiffusion")
    rng = np.random.default_rng(0)
    X = rng.gamma(2.0, 1.0, (300, 12))
    X[:, 5] = 2 * X[:, 0] + 0.1 * X[:, 5]
    found = diffusion.diffusion_scores(np.log1p(X), np.array([0, 1]), seed=0)
    assert found.weight[0].argmax() == 5 and found.sign[0, 5] == 1
