"""What a likelihood ratio of GRNULar-curated is worth on data that its readout has not seen."""

import json

import numpy as np
import pandas as pd
import pytest
from grnular_paper.more_cells import SETS
from grnular_paper.readout import SHIPPED
from grnular_paper.readout_calibration import (
    RANGES,
    TABLE,
    _precision_ranges,
    _ratio_shares,
    calibration_table,
    precision_check,
    range_precision,
)
from grnular_paper.records import MORE_PAIRS, recorded_folder, recorded_table


def test_shares_count_edges_and_others_in_each_range():
    ratio = np.array([0.5, 0.6, 3.0, 100.0, 0.1, 0.9, 40.0, 1.5])
    is_edge = np.array([True, True, True, True, False, False, False, False])
    found = _ratio_shares(ratio, is_edge).set_index("low")
    assert list(found.index) == list(RANGES[:-1])
    assert found["edges"].to_dict() == {0.0: 1, 0.5: 1, 1.0: 0, 2.0: 1, 4.0: 0, 8.0: 0, 16.0: 0, 32.0: 1}
    assert found.loc[[0.0, 0.5, 1.0, 32.0], "share_of_others"].tolist() == [0.25] * 4
    assert found[["share_of_edges", "share_of_others"]].sum().tolist() == pytest.approx([1, 1])


def test_ratios_that_are_as_stated_are_found_so():
    """Normal scores with a known likelihood ratio: exp(x - 1/2) for means 1 and 0."""
    rng = np.random.default_rng(0)
    is_edge = np.arange(400_000) < 100_000
    ratio = np.exp(rng.normal(size=len(is_edge)) + is_edge - 0.5)
    shares = pd.concat([_ratio_shares(ratio, is_edge).assign(dataset=name, network="N") for name in "ab"])
    table = calibration_table(shares)
    observed = table["observed"].str.split().str[0].astype(float)
    for low, high, value in zip(RANGES[1:6], RANGES[2:7], observed[1:6], strict=True):
        assert low * 0.9 < value < high * 1.1
    assert table["stated ratio"].iloc[[0, 1, -1]].tolist() == ["below 0.5", "0.5 to 1", "above 32"]


def test_the_interval_holds_95_percent_of_the_draws_of_sets():
    """Of three sets the low one alone is drawn 1 of 27 times: inside 95 %, and outside 90 %."""
    shares = pd.DataFrame({"dataset": [*"abc"], "share_of_edges": [0.1, 0.2, 0.2]})
    shares = shares.merge(pd.DataFrame({"low": RANGES[:-1], "edges": 1, "share_of_others": 0.1}), how="cross")
    assert set(calibration_table(shares)["observed"]) == {"1.67 [1.00, 2.00]"}


def test_on_record_the_observed_ratio_rises_with_the_stated_one_on_all_sets():
    shares = pd.read_csv(recorded_folder() / f"{TABLE}.csv")
    assert set(shares["dataset"]) == set(SETS)
    observed = calibration_table(shares)["observed"].str.split().str[0].astype(float)
    assert observed.is_monotonic_increasing
    assert observed.iloc[0] < 1 < observed.iloc[2]
    assert observed.iloc[-1] < 60  # too high above two, as the page says


def test_the_precision_of_a_range_is_its_share_of_edges():
    """One set of 1,000 candidates with 20 edges: 5 edges and 15 others above 32, all the rest below 0.5."""
    ratio = np.r_[np.full(5, 100.0), np.full(15, 0.1), np.full(15, 100.0), np.full(965, 0.1)]
    shares = _ratio_shares(ratio, np.arange(1000) < 20).assign(dataset="a", network="CollecTRI")
    others = shares.assign(network="TRRUST", edges=7)
    pairs = pd.DataFrame(
        [
            {"dataset": "a", "network": "CollecTRI", "tf_list": "BEELINE", "true": 20, "density": 0.02},
            {"dataset": "a", "network": "CollecTRI", "tf_list": "strict", "true": 1, "density": 0.5},
            {"dataset": "a", "network": "TRRUST", "tf_list": "BEELINE", "true": 1, "density": 0.5},
        ]
    )
    found = range_precision(pd.concat([shares, others]), pairs).loc["a"]
    assert found[32.0] == pytest.approx(5 / 20)
    assert found[0.0] == pytest.approx(15 / 980)


def test_sets_are_foretold_by_the_others():
    precision = pd.DataFrame({low: [0.01, 0.01, 0.07] for low in RANGES[:-1]}, index=list("abc"))
    table = precision_check(precision)
    # means over the others: .04, .04, .01, which are factors of 4, 4 and 7
    assert set(table["within a factor of 2"]) == {"0 of 3"} and set(table["within a factor of 3"]) == {"0 of 3"}
    assert table["precision"].iloc[0] == "3.00% [1.00%, 7.00%]"
    near = precision.replace(0.07, 0.022)  # factors of 1.6, 1.6 and 2.2
    table = precision_check(near)
    assert set(table["within a factor of 2"]) == {"2 of 3"} and set(table["within a factor of 3"]) == {"3 of 3"}


def test_the_precision_that_the_package_states_is_that_of_the_record():
    folder = recorded_folder()
    found = range_precision(recorded_table(folder, TABLE), recorded_table(folder, MORE_PAIRS))
    assert set(found.index) == set(SETS)
    assert json.loads(SHIPPED.read_text())["precision"] == _precision_ranges(found)
    assert found.mean().is_monotonic_increasing
