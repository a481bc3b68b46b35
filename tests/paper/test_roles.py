"""Roles of data: one a dataset, none in two, every look at the test counted."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from grnular_paper.more_cells import SETS
from grnular_paper.roles import BEELINE, LOOKS, OTHER_NETWORKS, SERGIO, looks_table

from grnular_core.data.beeline import DATASETS
from grnular_core.methods.registry import METHODS
from grnular_core.simulation.families import FAMILIES
from grnular_core.training.named_recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
BEFORE_ROLES = {"grnular-context", "grnular-cells", "grnular-untrained"}  # scored before the roles were set


def test_every_dataset_of_real_cells_has_one_role():
    assert SETS and DATASETS and not set(SETS) & set(DATASETS)


def test_every_look_names_a_frozen_state():
    for look in LOOKS:
        assert look.method in METHODS and look.commit and look.what and "python -m" in look.command
        assert look.data in (BEELINE, SERGIO, OTHER_NETWORKS)
    assert len({look[:3] for look in LOOKS}) == len(LOOKS)
    assert list(looks_table()["data"]) == [look.data for look in LOOKS]


@pytest.mark.parametrize("commit", sorted({look.commit for look in LOOKS}))
def test_the_state_of_every_look_is_in_the_history(commit):
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    if shutil.which("git") is None or git("rev-parse", "--is-shallow-repository", "--show-prefix") != "false":
        pytest.skip("this copy has no history")
    assert git("cat-file", "-t", commit) == "commit"


@pytest.mark.parametrize(("data", "table"), [(BEELINE, "beeline"), (SERGIO, "ds"), (OTHER_NETWORKS, "held_out")])
def test_recorded_scores_on_test_data_are_those_of_a_look_or_of_a_model_from_before(data, table):
    rows = pd.read_csv(ROOT / "notebooks" / "recorded" / f"{table}.csv", low_memory=False)
    before = set() if data == OTHER_NETWORKS else BEFORE_ROLES
    ours = {name for name in rows["method"] if name.startswith("grnular")} - before
    assert ours == {look.method for look in LOOKS if look.data == data}
    for name in ours:
        commits = {commit[:7] for commit in rows.loc[rows["method"] == name, "commit"]}
        assert commits <= {look.commit for look in LOOKS if (look.method, look.data) == (name, data)}


def test_no_recipe_of_training_names_real_cells_with_a_network():
    assert not {*SETS, *DATASETS} & {*RECIPES, *FAMILIES}
