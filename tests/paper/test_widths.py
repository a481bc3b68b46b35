"""Hidden units of the published model on real cells."""

import pandas as pd
import pytest
from grnular_paper import widths
from grnular_paper.real_data import recorded_pairs
from grnular_paper.records import recorded_folder

from grnular_core.data.beeline import NETWORKS


def test_what_is_said_of_widths_is_what_the_table_has(tmp_path):
    assert widths.effect(tmp_path) == widths.narrow(tmp_path) == ""
    rows = [("mDC", "STRING", 400, "200", 200, 0, 1.0), ("mDC", "STRING", 400, "200", 200, 1, 3.0)]
    rows += [("hHep", "STRING", 100, "200", 200, seed, 8.0) for seed in (0, 1)]
    columns = ["dataset", "network", "tfs", "width", "hidden_units", "seed", "strict_auprc_ratio"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "widths.csv", index=False)
    assert widths.effect(tmp_path).endswith("geometric mean over 2 pairs, means over 2 seeds: 200: 4.00")
    assert widths.narrow(tmp_path) == "1 of 2 datasets (400 to 400 TFs)"


def test_every_dataset_network_and_width_is_on_record():
    found = pd.read_csv(recorded_folder() / "widths.csv")
    assert len(found) == len(widths.DATASETS) * len(NETWORKS) * len(widths.WIDTHS) * len(widths.SEEDS)
    units = found.groupby("width")["hidden_units"]
    assert set(units.unique()["200"]) == {200} and (found["hidden_units"] >= found["tfs"])[found["width"] != "200"].all()


@pytest.mark.slow
def test_the_printed_width_is_the_published_model():
    found = widths.measure(["mHSC-L"], [0])
    rows = recorded_pairs(recorded_folder())
    rows = rows[(rows["method"] == "grnular") & (rows["dataset"] == "mHSC-L") & (rows["seed"].astype(int) == 0)]
    recorded = rows.set_index("network")["strict_auprc"] / rows.set_index("network")["density"]
    printed = found[found["width"] == "200"].set_index("network")["strict_auprc_ratio"].astype(float)
    assert printed.to_dict() == pytest.approx(recorded.to_dict(), rel=0.02)  # of another processor
