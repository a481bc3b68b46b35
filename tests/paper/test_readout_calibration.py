"""What a likelihood ratio of GRNULar-curated is worth on data that its readout has not seen."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper.more_cells import SETS
from grnular_paper.readout_calibration import RANGES, TABLE, calibration_table, ratio_shares
from grnular_paper.records import recorded_folder


def test_shares_count_edges_and_others_in_each_range():
    ratio = np.array([0.5, 0.6, 3.0, 100.0, 0.1, 0.9, 40.0, 1.5])
    is_edge = np.array([True, True, True, True, False, False, False, False])
    found = ratio_shares(ratio, is_edge).set_index("low")
    assert list(found.index) == list(RANGES[:-1])
    assert found["edges"].to_dict() == {0.0: 1, 0.5: 1, 1.0: 0, 2.0: 1, 4.0: 0, 8.0: 0, 16.0: 0, 32.0: 1}
    assert found.loc[[0.0, 0.5, 1.0, 32.0], "share_of_others"].tolist() == [0.25] * 4
    assert found[["share_of_edges", "share_of_others"]].sum().tolist() == pytest.approx([1, 1])


def test_ratios_that_are_as_stated_are_found_so():
    """Normal scores with a known likelihood ratio: exp(x - 1/2) for means 1 and 0."""
    rng = np.random.default_rng(0)
    is_edge = np.arange(400_000) < 100_000
    ratio = np.exp(rng.normal(size=len(is_edge)) + is_edge - 0.5)
    shares = pd.concat([ratio_shares(ratio, is_edge).assign(dataset=name, network="N") for name in "ab"])
    table = calibration_table(shares)
    observed = table["observed"].str.split().str[0].astype(float)
    for low, high, value in zip(RANGES[1:6], RANGES[2:7], observed[1:6], strict=True):
        assert low * 0.9 < value < high * 1.1
    assert table["stated ratio"].iloc[[0, 1, -1]].tolist() == ["below 0.5", "0.5 to 1", "above 32"]
    assert float(table["precision at 1 %"].iloc[3].rstrip("%")) == pytest.approx(100 * observed[3] / (99 + observed[3]), abs=0.1)


def test_on_record_the_observed_ratio_rises_with_the_stated_one_on_all_sets():
    shares = pd.read_csv(recorded_folder() / f"{TABLE}.csv")
    assert set(shares["dataset"]) == set(SETS)
    observed = calibration_table(shares)["observed"].str.split().str[0].astype(float)
    assert observed.is_monotonic_increasing
    assert observed.iloc[0] < 1 < observed.iloc[2]
    assert observed.iloc[-1] < 60  # too high above two, as the page says
