"""Regulation that is not monotone: the cells, and what methods that see it and methods that do not reach."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import nonlinear
from grnular_paper.records import recorded_folder

from grnular_core.methods.registry import infer
from grnular_core.plotting.style import label


@pytest.mark.parametrize("kind", nonlinear.KINDS)
def test_every_gene_depends_on_its_tfs_by_the_effect_and_only_a_sum_shows_in_correlation(kind):
    data = nonlinear.network_cells(kind, 0)
    n_regulators, effect = nonlinear.KINDS[kind]
    assert (data.n_cells, data.n_genes, len(data.tfs)) == (500, 100, 10)
    assert set(data.truth.groupby("target").size()) == {n_regulators} and len(data.truth) == 90 * n_regulators
    assert data.expression().min() == 0
    gene, of = next(iter(data.truth.groupby("target")["regulator"]))
    tfs = data.expression(list(of))
    centred = tfs - tfs.mean(axis=0)  # nearly the drawn values, whose mean is 0
    x = data.expression([gene])[:, 0]
    assert np.corrcoef(effect(*centred.T), x)[0, 1] > 0.75
    strongest = np.abs([np.corrcoef(tf, x)[0, 1] for tf in tfs.T]).max()
    assert (strongest > 0.5) == (kind == "sum")
    assert nonlinear.network_cells(kind, 0).expression().tobytes() == data.expression().tobytes()


def test_rows_are_tabulated_by_method_and_kind():
    rows = nonlinear._measure(["sum", "product", "square"], ["ridge", "correlation", "random"], 2)
    table = nonlinear.table(rows).set_index("method")
    for of in rows.groupby(["kind", "method"]):
        (kind, name), scores = of[0], of[1]["strict_auprc"]
        assert table.loc[label(name), kind] == f"{scores.mean():.2f} [{scores.min():.2f}, {scores.max():.2f}]"
    assert list(table) == ["sum", "product", "square"] and list(table.index)[:2] == ["ridge", "correlation"]
    table = table[["product", "square"]]
    assert table.loc["random (density)"].to_list() == ["0.18", "0.09"]
    numbers = nonlinear.numbers(rows)
    assert table.loc["correlation", "product"].startswith(f"{numbers['product_correlation']:.2f} [")
    assert numbers["product_correlation"] < 0.6


def test_the_published_model_finds_a_square_that_correlation_does_not():
    data = nonlinear.network_cells("square", 0)
    truth = set(map(tuple, data.truth[["regulator", "target"]].to_numpy()))
    for name, most in (("grnular", True), ("correlation", False)):
        first = infer(data, name, device="cpu").head(len(truth))[["regulator", "target"]]
        share = np.mean([pair in truth for pair in map(tuple, first.to_numpy())])
        assert (share > 0.8) == most


def test_the_recorded_rows_are_all_there_and_those_of_correlation_as_computed():
    recorded = pd.read_csv(recorded_folder() / f"{nonlinear.TABLE}.csv")
    assert len(recorded) == len(nonlinear.KINDS) * len(nonlinear.METHODS) * nonlinear.REPLICATES
    found = nonlinear._measure(methods=["correlation", "ridge"], replicates=2)
    both = found.merge(recorded, on=["kind", "method", "replicate"], suffixes=("", "_recorded"))
    assert len(both) == len(found)
    np.testing.assert_allclose(both["strict_auprc"], both["strict_auprc_recorded"], rtol=0.01)
