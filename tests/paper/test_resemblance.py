"""Summaries of expression: each against what it must be on cells made for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from grnular_paper import resemblance
from grnular_paper.real_data import recorded_folder
from grnular_paper.resemblance import CLEAR, COUNTS, FAMILIES, WORDS, summaries, table


def cells(seed: int = 0, n_cells: int = 400, n_genes: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_cells, n_genes))


def test_independent_genes_have_no_clear_pair_and_flat_components():
    found = summaries(cells(), n_tfs=100)
    assert found["tfs_per_cell"] == 0.25 and found["zeros"] == 0
    assert found["clear"] < 0.01 and found["first"] < 0.06 and found["second"] > 0.8
    assert found["between"] < 0.12


def test_one_state_shows_in_the_first_component_and_is_gone_inside_clusters():
    X = cells()
    group = np.repeat(np.arange(8), 50)
    X += 3 * (group[:, None] - 3.5) / 2.3  # all genes rise along the groups
    found = summaries(X, 10)
    assert found["first"] > 0.8 and found["second"] < 0.05 and found["between"] > 0.7
    assert found["clear"] > 0.95 and found["clear_inside"] < 0.3


def test_the_sign_of_what_goes_together_inside_clusters_is_seen():
    X = cells()
    X[:, 1] = X[:, 0] + 0.3 * X[:, 1]
    assert summaries(X, 5)["negative_inside"] == 0
    X[:, 1] *= -1
    assert summaries(X, 5)["negative_inside"] == 1
    assert summaries(X, 5)["top_inside"] > CLEAR


@pytest.mark.parametrize("X", [np.zeros((20, 5)), np.ones((1, 3)), np.eye(12), cells()[:, :1]])
def test_data_that_say_little_give_finite_numbers(X):
    found = summaries(X, 1)
    assert list(found) == list(WORDS) and np.isfinite(list(found.values())).all()


def test_the_table_has_ranges_medians_and_the_share_inside(tmp_path, monkeypatch):
    real = [{name: float(i + k) for i, name in enumerate(WORDS)} for k in (0, 1)]
    rows = [{"kind": "real", "name": f"r{k}", "seed": 0, **line} for k, line in enumerate(real)]
    inside, outside = ({name: i + shift for i, name in enumerate(WORDS)} for shift in (0.5, 5.0))
    rows += [{"kind": "simulated", "name": "f", "seed": s, **line}
             for s, line in enumerate((inside, inside, outside, outside))]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / resemblance.TABLE, index=False)
    found = table(tmp_path)
    assert found.loc[WORDS["zeros"], "published sets"] == "1 to 2"
    assert found.loc[WORDS["tfs_per_cell"], "f"] == "2.8"
    assert list(found.loc[list(COUNTS), "f"]) == ["0 of 9", "0.50"]


def test_on_record_the_family_measured_is_the_nearest():
    """The page on the method says so, and trains the weights for measured cells on it."""
    medians = table(recorded_folder()).loc[COUNTS[0]].drop("published sets")
    assert list(medians.index) == list(FAMILIES)
    inside = medians.str.split().str[0].astype(int)
    assert inside.idxmax() == "measured" and (inside == inside.max()).sum() == 1
