"""Rank means of two methods."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import nonlinear, rank_means
from hypothesis import given
from hypothesis import strategies as st

PAIRS = pd.MultiIndex.from_product([["A", "B"], ["x", "y", "z"]], names=["regulator", "target"])


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_scales_do_not_count_and_the_mean_lies_between(first, second):
    a, b = (pd.Series(np.array(of, float), PAIRS, name=name) for of, name in ((first, "a"), (second, "b")))
    joined = rank_means.mean_ranks([a, b])
    pd.testing.assert_frame_equal(joined, rank_means.mean_ranks([np.exp(a), 7 * b + 1]))
    weight = joined.set_index(["regulator", "target"])["weight"]
    assert weight.to_dict() == pytest.approx(((a + b + 2) / 12).to_dict())


def test_a_pair_that_a_method_leaves_out_is_its_last():
    a = pd.Series([3.0, 2.0, 1.0], PAIRS[:3], name="a")
    weight = rank_means.mean_ranks([a, pd.Series([1.0], PAIRS[3:4], name="b")]).set_index(["regulator", "target"])["weight"]
    assert weight[("A", "x")] == pytest.approx((1 + 0.5) / 2)
    assert weight[("B", "x")] == pytest.approx((0.25 + 1) / 2)


def test_with_the_published_model_products_are_found(monkeypatch):
    monkeypatch.setattr(nonlinear, "REPLICATES", 1)
    monkeypatch.setattr(rank_means, "JOINED", (("grnular-context",), ("grnular-context", "grnular")))
    monkeypatch.setitem(rank_means.SIMULATED, "clean", 1)
    monkeypatch.setitem(rank_means.SIMULATED, "noisy(25)", 1)
    rows = rank_means._measure(["product", "clean", "noisy(25)"])
    assert rank_means.counts(rows) == "1 of product, 1 of no noise, 1 of 25 % dropout"
    of_product = rows[rows["setting"] == "product"]
    alone, joined = of_product["strict_auprc"]
    assert joined > alone + 0.2
    shown = rank_means.table(rows).set_index("method, or mean rank of")["product"]
    assert shown["random"] == f"{of_product['density'].mean():.3f}" and shown.iloc[0] == f"{alone:.3f}"
    numbers = rank_means.numbers(rows)
    assert numbers["rank_product_grnular-context+grnular"] == pytest.approx(joined)
    clean = rows.loc[rows["setting"] == "clean", "strict_auprc"]
    assert numbers["rank_cost_clean"] == pytest.approx(clean.iloc[0] - clean.iloc[1])
