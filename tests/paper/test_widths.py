"""Hidden units of the published model on real cells."""

import pandas as pd
import pytest
from grnular_paper import widths
from grnular_paper.real_data import recorded_pairs
from grnular_paper.records import recorded_folder

from grnular_core.data.beeline import NETWORKS
from grnular_core.training.named_recipes import RECIPES


def test_what_is_said_of_widths_is_what_the_tables_have(tmp_path):
    assert widths.effect(tmp_path) == widths.narrow(tmp_path) == ""
    rows = [("mDC", "STRING", 400, "200", 200, 0, 1.0), ("mDC", "STRING", 400, "200", 200, 1, 3.0)]
    rows += [("hHep", "STRING", 100, "200", 200, seed, 8.0) for seed in (0, 1)]
    columns = ["dataset", "network", "tfs", "width", "hidden_units", "seed", "strict_auprc_ratio"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(tmp_path / "widths.csv", index=False)
    table.drop(columns="network").assign(strict_auprc_ratio=3.0).to_csv(tmp_path / "widths_graphs.csv", index=False)
    said = widths.effect(tmp_path)
    assert said.endswith("over 2 pairs of real cells and networks, means over 2 seeds: 200: 4.00")
    assert "over 2 random networks of the sizes of these datasets, which chose: 200: 3.00;" in said
    assert widths.narrow(tmp_path) == "1 of 2 datasets (400 to 400 TFs)"


def test_every_dataset_network_and_width_is_on_record():
    found = pd.read_csv(recorded_folder() / "widths.csv")
    assert len(found) == len(widths.DATASETS) * len(NETWORKS) * len(widths.WIDTHS) * len(widths.SEEDS)
    units = found.groupby("width")["hidden_units"]
    assert set(units.unique()["200"]) == {200} and (found["hidden_units"] >= found["tfs"])[found["width"] != "200"].all()


def test_validation_graphs_have_the_sizes_of_datasets_and_as_many_regulators_as_the_range_of_ds2():
    data = widths.validation_graph(60, 90)
    assert len(data.tfs) == 60 and data.adata.shape == (90, 560)
    assert 37 * 0.1 * 0.8 < len(data.truth) / 500 < 37 * 0.1 * 1.2


def test_sizes_of_validation_graphs_are_those_of_the_datasets():
    tfs = pd.read_csv(recorded_folder() / "widths.csv").groupby("dataset")["tfs"].first().to_dict()
    assert {dataset: n_tfs for dataset, (n_tfs, _) in widths.SIZES.items()} == tfs


def test_the_width_of_the_published_model_is_the_one_that_validation_graphs_prefer():
    assert widths.means(recorded_folder(), widths.ON_GRAPHS).idxmax() == "four a TF"
    config = RECIPES[widths.WEIGHTS].config
    assert [config.layer_sizes(n, 2000)[1] for n in (37, 50, 321)] == [200, 200, 4 * 321]


def test_a_random_network_is_scored_by_every_width_and_seed(monkeypatch):
    asked = []

    def edges(data, hidden, seed):
        asked.append((hidden, seed))
        return data.truth[["regulator", "target"]].assign(weight=1.0)

    monkeypatch.setattr(widths, "_edges", edges)
    found = widths.measure_graphs({"small": (60, 40)}, [0, 1])
    assert asked == [(200, 0), (200, 1), (200, 0), (200, 1), (240, 0), (240, 1)]
    assert list(found) == ["dataset", "tfs", "width", "hidden_units", "seed", "strict_auprc", "strict_auprc_ratio"]
    assert found["hidden_units"].tolist() == [units for units, _ in asked] and set(found["tfs"]) == {60}
    assert found["strict_auprc"].tolist() == pytest.approx([1.0] * 6)  # the reference itself


@pytest.mark.slow
def test_four_units_a_tf_are_the_published_model():
    found = widths.measure(["mHSC-L"], [0])
    rows = recorded_pairs(recorded_folder())
    rows = rows[(rows["method"] == "grnular") & (rows["dataset"] == "mHSC-L") & (rows["seed"].astype(int) == 0)]
    recorded = rows.set_index("network")["strict_auprc"] / rows.set_index("network")["density"]
    wide = found[found["width"] == "four a TF"].set_index("network")["strict_auprc_ratio"].astype(float)
    assert wide.to_dict() == pytest.approx(recorded.to_dict(), rel=0.02)  # of another processor
