"""hESC against curated and ChIP networks: how it is scored, what is on record, and what the table says of it."""

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network
from grnular_paper import held_out, more_runs
from grnular_paper.held_out import CELLS, HeldOutTask, held_out_tasks, load_held_out
from grnular_paper.more_cells import SETS
from grnular_paper.more_networks import CHIP, CURATED, KINDS, networks_of
from grnular_paper.more_runs import TF_LISTS
from grnular_paper.records import HELD_OUT, Record, recorded_folder
from grnular_paper.runs import run_missing
from grnular_paper.tables.held_out import FITTED, held_out_numbers, held_out_table
from grnular_paper.tables.more_cells import CONTROLS, SHOWN

from grnular_core.data.dataset import make_dataset
from grnular_core.methods.registry import METHODS, infer
from grnular_core.plotting.style import label
from grnular_core.scoring.statistics import bootstrap_over_tfs


@pytest.fixture
def small(monkeypatch):
    """A network of 40 genes in place of hESC's, in full with the one list of TFs and too small with the other."""
    expression, tfs, truth = linear_network(n_genes=40, n_tfs=12)
    data = make_dataset(expression, tfs, name=CELLS, orientation="cells-x-genes")
    monkeypatch.setattr(held_out, "load_held_out", lambda: data)
    monkeypatch.setattr(more_runs, "_confirmed_tfs", lambda given: list(given.tfs)[:4])
    monkeypatch.setattr(more_runs, "networks_of", lambda species: ["TRRUST"] if species == "human" else [])
    monkeypatch.setattr(more_runs, "network", lambda name, species: truth)
    return data, truth


def test_a_run_is_scored_with_its_interval_over_tfs_and_goes_to_its_own_record(small, tmp_path):
    data, truth = small
    assert run_missing(tmp_path, held_out_tasks(["correlation"]), say=lambda line: None) == []
    (row,) = Record(HELD_OUT, tmp_path).rows().to_dict("records")
    drawn = bootstrap_over_tfs(infer(data, "correlation"), truth, data.genes, data.tfs).loc["auprc_ratio"]
    assert row["strict_auprc_ratio"] == pytest.approx(drawn["estimate"])
    assert (row["low"], row["high"]) == pytest.approx((drawn["low"], drawn["high"]))
    assert row["low"] < row["strict_auprc_ratio"] < row["high"]
    assert sorted(file.name for file in tmp_path.glob("more_*.csv")) == []


def test_models_run_as_released_since_none_has_seen_these_cells():
    assert CELLS not in SETS
    chosen = METHODS[FITTED]
    assert HeldOutTask(CELLS, FITTED)._fitted(chosen) is chosen


def test_only_methods_that_draw_run_with_more_seeds():
    found = [(task.method, task.seed) for task in held_out_tasks(["clr", "grnular"])]
    assert found == [("clr", 0), ("grnular", 0), ("grnular", 1), ("grnular", 2)]


def test_the_cells_come_without_a_network(real_data):
    data = load_held_out()
    assert data.truth is None and (data.n_cells, data.n_genes, len(data.tfs)) == (758, 910, 410)
    assert data.provenance["species"] == "human" and data.name == CELLS


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return Record(HELD_OUT, recorded_folder()).rows()


def test_every_method_of_the_tables_is_on_record_on_every_network(rows):
    assert set(rows["method"]) == set(SHOWN) - {"genie3"}  # 100 trees a gene stand for it
    for method, of in rows.groupby("method"):
        assert set(of["network"]) == set(networks_of("human")) and set(of["tf_list"]) == set(TF_LISTS)
        assert set(of["seed"].astype(int)) == ({0, 1, 2} if METHODS[str(method)].stochastic else {0})
    assert (rows["kind"] == rows["network"].map(KINDS)).all() and set(rows["dataset"]) == {CELLS}
    assert ((rows["low"] <= rows["strict_auprc_ratio"]) & (rows["strict_auprc_ratio"] <= rows["high"])).mean() > 0.9


def test_the_table_has_what_pandas_alone_says(rows):
    of = rows[rows["tf_list"] == "BEELINE"]
    each = of.groupby(["method", "kind", "network"])["strict_auprc_ratio"].mean()
    expected = np.exp(np.log(each).groupby(["method", "kind"]).mean()).unstack()
    table = held_out_table(rows).set_index("method")
    for method, line in expected.iterrows():
        shown = table.loc[label(str(method))]
        assert (shown["curated"], shown["ChIP"]) == (f"{line[CURATED]:.2f}", f"{line[CHIP]:.2f}")
    assert table["curated"].astype(float).is_monotonic_decreasing
    one = of[(of["method"] == FITTED) & (of["kind"] == CURATED)].groupby("network")[["strict_auprc_ratio", "low", "high", "ratio_others"]].mean()
    for network, line in one.iterrows():
        assert table.loc[label(FITTED), network] == f"{line['strict_auprc_ratio']:.2f} [{line['low']:.2f}, {line['high']:.2f}]"
    assert table.loc[label(FITTED), "targets no TFs"] == f"{np.exp(np.log(one['ratio_others']).mean()):.2f}"
    found = held_out_numbers(rows)
    assert found[f"held_chip_{FITTED}"] == pytest.approx(expected.loc[FITTED, CHIP])
    assert found[f"held_others_{FITTED}"] == pytest.approx(np.exp(np.log(one["ratio_others"]).mean()))
    best = expected.loc[list(CONTROLS), CURATED].idxmax()
    assert (found["held_control"], found["held_control_ratio"]) == (label(best), pytest.approx(expected.loc[best, CURATED]))


def test_the_sentences_name_the_first_and_the_place_of_the_default(rows):
    found = held_out_numbers(rows)
    table = held_out_table(rows)
    inferring = table[~table["method"].isin([label(name) for name in CONTROLS])]["method"].tolist()
    assert found["held_first"] == inferring[0] and found["held_methods"] == len(inferring)
    assert inferring[found["held_place"] - 1] == label(FITTED)
    best = max(found[f"held_{name}"] for name in set(rows["method"]) - {*CONTROLS})
    assert found["held_first_ratio"] == best
    assert held_out_numbers(rows.iloc[:0]) == {}


def test_a_method_without_a_hit_has_a_score_of_0():
    one = {"tf_list": "BEELINE", "seed": 0, "low": 0.0, "high": 1.0, "ratio_others": 1.0}
    lines = [
        {"method": m, "network": n, "strict_auprc_ratio": r, **one}
        for m, of in {FITTED: (4.0, 1.0), "clr": (0.0, 1.0), "random": (1.0, 1.0)}.items()
        for n, r in zip(("TRRUST", "CollecTRI"), of, strict=True)
    ]
    found = held_out_numbers(pd.DataFrame(lines))
    assert (found["held_grnular-curated"], found["held_clr"], found["held_first"]) == (2, 0, label(FITTED))
    assert found["held_control"] == label("random")
