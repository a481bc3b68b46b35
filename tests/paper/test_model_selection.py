"""How the weights of this work were chosen: tables from the record, summaries of expression."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import model_selection
from grnular_paper.model_selection import CLEAR, COUNTS, SUMMARIES, resemblance, summaries
from grnular_paper.records import recorded_folder

from grnular_core.data.beeline import load_beeline
from grnular_core.scoring.statistics import mean_interval
from grnular_core.training.weights import read_trained


def cells(seed: int = 0, n_cells: int = 400, n_genes: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_cells, n_genes))


def test_every_model_is_on_record_for_fifteen_pairs_and_the_shipped_ones_with_their_parameters():
    rows = pd.read_csv(recorded_folder() / model_selection.ON_REAL_DATA)
    for weights in model_selection.TRAINED:
        of_weights = rows[rows["weights"] == weights]
        assert len(of_weights) == 15 and of_weights["digest"].nunique() == 1
        assert of_weights["strict_auprc_ratio"].between(0.3, 50).all()
    for weights in ("grnular-context", "grnular-cells"):
        assert set(rows.loc[rows["weights"] == weights, "digest"]) == {read_trained(weights).digest}


def test_the_mean_over_pairs_is_geometric_and_its_interval_one_over_datasets():
    shown = model_selection.on_real_data(recorded_folder()).set_index("model")["AUPRC / density"]
    assert list(shown.index[-2:]) == ["grnular", "grnular-untrained"]
    rows = pd.read_csv(recorded_folder() / model_selection.ON_REAL_DATA)
    for name, cell in shown.items():
        mean, low, high = (float(part.strip("[],")) for part in cell.split())
        assert low <= mean <= high
        of = rows[rows["weights"] == name]
        if len(of):
            logs = np.log(of["strict_auprc_ratio"])
            expected = mean_interval(logs.groupby(of["dataset"]).mean())
            assert [mean, low, high] == pytest.approx([np.exp(expected[key]) for key in ("mean", "low", "high")], abs=0.006)
            assert expected["mean"] == pytest.approx(logs.mean())


def test_the_weights_that_ship_are_the_best_by_the_rule(tmp_path, monkeypatch):
    found = model_selection.on_simulations(recorded_folder())
    for family in ("measured-large", "measured"):
        assert found[family].idxmax() == "grnular-cells"
    monkeypatch.setattr(model_selection, "COMPARED", ("a", "b"))
    monkeypatch.setattr(model_selection, "FAMILIES", ("f",))
    lines = [("f", 0, "a", 1.0), ("f", 4, "a", 4.0), ("f", 0, "b", 3.0), ("f", 4, "b", 3.0)]
    rows = pd.DataFrame(lines, columns=["family", "seed", "model", "ratio"])
    rows.to_csv(tmp_path / model_selection.ON_SIMULATIONS, index=False)
    found = model_selection.on_simulations(tmp_path)
    assert found["f"].to_dict() == {"a": pytest.approx(2), "b": pytest.approx(3)}


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
    assert list(found) == list(SUMMARIES) and np.isfinite(list(found.values())).all()


def test_a_real_set_is_summarised_as_on_record(real_data):
    data = load_beeline("mHSC-L", "STRING")
    rows = pd.read_csv(recorded_folder() / model_selection.RESEMBLANCE)
    recorded = rows[(rows["kind"] == "real") & (rows["name"] == "mHSC-L")].iloc[0]
    found = summaries(data.expression(sorted(data.genes)), len(data.tfs))
    assert found == pytest.approx(recorded[list(SUMMARIES)].to_dict(), rel=0.02)


def test_the_table_has_ranges_medians_and_the_share_inside(tmp_path):
    real = [{name: float(i + k) for i, name in enumerate(SUMMARIES)} for k in (0, 1)]
    rows = [{"kind": "real", "name": f"r{k}", "seed": 0, **line} for k, line in enumerate(real)]
    inside, outside = ({name: i + shift for i, name in enumerate(SUMMARIES)} for shift in (0.5, 5.0))
    rows += [{"kind": "simulated", "name": "f", "seed": s, **line}
             for s, line in enumerate((inside, inside, outside, outside))]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / model_selection.RESEMBLANCE, index=False)
    found = resemblance(tmp_path)
    assert found.loc[SUMMARIES["zeros"], "real datasets"] == "1 to 2"
    assert found.loc[SUMMARIES["tfs_per_cell"], "f"] == "2.8"
    assert list(found.loc[list(COUNTS), "f"]) == ["0 of 9", "0.50"]


def test_on_record_the_family_measured_is_the_nearest():
    """The page on the method says so, and trains the weights for measured cells on it."""
    medians = resemblance(recorded_folder()).loc[COUNTS[0]].drop("real datasets")
    inside = medians.str.split().str[0].astype(int)
    assert inside.idxmax() == "measured" and (inside == inside.max()).sum() == 1


def test_the_page_on_development_starts_with_four_steps_and_what_speaks_against_looks_alone():
    shown = model_selection.on_real_data(recorded_folder()).set_index("model")["AUPRC / density"]
    numbers = model_selection.development_numbers(recorded_folder())
    assert numbers["real_first"] == shown["context-chances"] and numbers["real_cells"] == shown["grnular-cells"]
    steps = ("real_first", "real_context", "real_labels", "real_cells")
    first, context, labels, found = (float(numbers[name].split()[0]) for name in steps)
    assert first < context < labels < found and numbers["real_pairs"] == 15
    matched, of_labels = (int(numbers[f"inside_{family}"].split()[0]) for family in ("matched", "associated"))
    assert matched > of_labels and float(numbers["real_matched"].split()[0]) < labels  # nearer by looks, and worse
