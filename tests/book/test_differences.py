"""The page of differences: every number computed from the record, and shown."""

import re
import shutil
from pathlib import Path

import difference_page
import numpy as np
import pandas as pd
import pytest
from grnular_paper import published_code
from grnular_paper.records import recorded_folder
from grnular_paper.synthetic import replicate_of

from grnular_core.data.downloads import DownloadError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def effects() -> dict[str, str]:
    return difference_page.effects(recorded_folder())


def test_every_number_of_the_page_is_computed_and_shown(effects):
    text = (ROOT / "book" / "differences.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\{\{ (\w+) \}\}", text)) == set(effects)
    for topic in re.split(r"\n\n(?=\*\*)", text)[1:]:
        assert "*Effect*: " in topic, topic[:60]


def test_effects_are_those_of_the_recorded_rows(tmp_path, effects):
    rows = pd.read_csv(recorded_folder() / "ablations.csv")
    means = rows.groupby(["method", "dataset"])["strict_auprc"].mean()
    for layers in ("2", "3"):
        mean = means[f"untrained: layers = {layers}", "clean"]
        assert f"{layers}: {mean:.3f}" in effects["layers"]
    for path in recorded_folder().glob("paper_*.csv"):
        shutil.copy(path, tmp_path)
    shutil.copy(recorded_folder() / "table3.csv", tmp_path)
    empty = difference_page.effects(tmp_path)
    for name in ("layers", "stop", "triangle", "compiled", "into_tfs", "silent_tfs"):
        assert empty[name] == difference_page.NONE


def test_trainings_are_compared_on_the_seeds_that_all_of_them_have(tmp_path):
    lines = ["graphs,reading,seed,epoch,loss,valid_auprc,valid_auroc,seconds,commit,environment"]
    for reading, best in (("reference", 0.5), ("gradient not clipped", 0.4)):
        for seed in (0, 1) if best == 0.5 else (0,):
            for epoch, auprc in enumerate((0.3, best + seed, 0.2)):
                lines.append(f"clean,{reading},{seed},{epoch},,{auprc},0.5,1,abc,")
    (tmp_path / "readings.csv").write_text("\n".join(lines) + "\n")
    text = difference_page.of_readings(tmp_path, ["reference", "gradient not clipped"])
    assert text.endswith("reference 0.300 to 0.500, gradient not clipped 0.300 to 0.400 (seeds: 1)")
    assert difference_page.of_readings(tmp_path, ["reference", "loss on Z"]) == difference_page.NONE


def test_edges_into_tfs_and_silent_tfs_are_those_of_the_record(effects):
    chance = pd.read_csv(recorded_folder() / "chance.csv")
    shares = chance[(chance["genes"] == "TFs+500") & (chance["network"] == "STRING")]["true_into_tfs"]
    assert f"STRING {shares.min():.0%} to {shares.max():.0%}" in effects["into_tfs"]
    seen = pd.read_csv(recorded_folder() / "conventions.csv").set_index("setting").loc["as in the paper", "tfs"]
    assert f"{1 - seen:.0%} of the TFs" in effects["silent_tfs"]


def test_an_upper_triangle_loses_edges_to_genes_before_their_tf():
    adjacency = np.array([[True, False, True], [True, False, False]])
    assert published_code._lost_edges(adjacency, np.array([1, 2])) == 2
    assert published_code._lost_edges(adjacency, np.array([0, 0])) == 0


def test_the_recorded_shares_are_those_of_sergios_networks(real_data):
    recorded = pd.read_csv(recorded_folder() / "triangle.csv").set_index("dataset")
    try:
        network = replicate_of("DS1", 0)
    except DownloadError as error:
        pytest.skip(f"SERGIO's DS1 is not available: {error}")
    lost = published_code._lost_edges(network.adjacency, network.tf_index)
    assert recorded.loc["DS1", "edges"] == network.adjacency.sum()
    assert recorded.loc["DS1", "lost"] == pytest.approx(lost / network.adjacency.sum(), abs=1e-6)
