"""What the mask of GLAD-TF adds to a threshold: the page on ablations says so."""

from __future__ import annotations

import pytest
from grnular_paper.glad_mask import mask_effect


def test_the_mask_helps_where_cells_are_few_and_the_threshold_is_low():
    found = mask_effect(n_graphs=4, thresholds=(0.02,), cells=(100,)).iloc[0]
    assert found["glad-tf"] > 1.03 * found["glad"]


def test_it_adds_nothing_to_the_best_threshold():
    found = mask_effect(n_graphs=4, cells=(1000,)).set_index("threshold")
    assert found["glad-tf"].max() < found["glad"].max()
    assert found.loc[0.3, "glad-tf"] == pytest.approx(found.loc[0.3, "glad"], abs=1e-3)
