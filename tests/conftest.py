"""Shared data: a small simulated-looking dataset, and real files where they are at hand."""

import os
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from grnular_core.data.dataset import GRNDataset, make_dataset

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A loaded machine must not fail a test: no deadlines. `make test-slow` looks at more examples.
# Examples of a test share its folder: each writes its files anew.
SAME = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
settings.register_profile("quick", max_examples=20, **SAME)
settings.register_profile("slow", max_examples=100, **SAME)
settings.load_profile(os.environ.get("GRNULAR_HYPOTHESIS", "quick"))


def linear_network(
    seed: int = 0, n_cells: int = 300, n_genes: int = 30, n_tfs: int = 5
) -> tuple[pd.DataFrame, list[str], pd.DataFrame]:
    """Expression (cells, genes), TFs and truth of a sparse linear network with both signs."""
    rng = np.random.default_rng(seed)
    genes = [f"G{i:02d}" for i in range(n_genes)]
    weights = np.zeros((n_tfs, n_genes))
    chosen = rng.random((n_tfs, n_genes - n_tfs)) < 0.25
    signs = rng.choice([-1.0, 1.0], size=chosen.shape)
    weights[:, n_tfs:] = chosen * signs
    regulators = rng.normal(size=(n_cells, n_tfs))
    values = np.hstack([regulators, regulators @ weights[:, n_tfs:]])
    values += 0.3 * rng.normal(size=values.shape)
    values -= values.min() - 0.1
    row, column = np.nonzero(weights)
    truth = pd.DataFrame(
        {
            "regulator": [genes[i] for i in row],
            "target": [genes[j] for j in column],
            "sign": weights[row, column].astype(int),
        }
    )
    expression = pd.DataFrame(values, columns=genes, index=[f"c{i}" for i in range(n_cells)])
    return expression, genes[:n_tfs], truth


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """No figure of a test is left to the next one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def small_data() -> GRNDataset:
    return make_dataset(*linear_network(), name="small")


@pytest.fixture
def real_data() -> None:
    """Skip, by name, a test that needs the real files when GRNULAR_DATA does not point to them."""
    if not os.environ.get("GRNULAR_DATA"):
        pytest.skip("real data: set GRNULAR_DATA to a filled data folder")


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    """An empty data folder and no network."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("GRNULAR_DATA", str(tmp_path / "empty"))
    for name in ("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
