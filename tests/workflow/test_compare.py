"""``gc.compare``: which edges differ between two conditions, on simulated cells where that is known."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from small_conditions import TFS, two_conditions

import grnular_core as gc
from grnular_core.utils.errors import InputError
from grnular_core.workflow.compare import COLUMNS

pytestmark = pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
GROUPS = {"tfs": TFS, "groupby": "condition", "a": "ctrl", "b": "stim"}


def compared(cells: AnnData, n: int = 20, **words: object) -> pd.DataFrame:
    return gc.compare(cells, **{**GROUPS, "n_permutations": n, **words})


def summary(table: pd.DataFrame) -> dict:
    return table.attrs["report"]["comparison"]


def switched_off(seed: int, n: int = 150) -> tuple[AnnData, pd.Series]:
    """A TF whose eight targets ignore it in ``stim``, where means differ too; the pairs that differ, exactly."""
    rng = np.random.default_rng(seed)
    effect = np.where(rng.random((6, 30)) < 0.15, 1.5, 0)
    effect[:, :8] = 0  # no other TF acts on them: their correlation with it would rise
    effect[0] = 1.5 * (np.arange(30) < 8)
    parts = []
    for is_on in (True, False):
        x = rng.normal(size=(n, 6))
        levels = rng.normal(size=(n, 30)) + x[:, 1:] @ effect[1:] + is_on * x[:, :1] * effect[0]
        parts.append(np.exp(0.4 * np.hstack([x, levels]) + (0 if is_on else 0.3 * rng.normal(size=36))))
    cells = AnnData(
        np.log1p(np.vstack(parts)),
        obs=pd.DataFrame({"condition": np.repeat(["ctrl", "stim"], n)}, index=[f"c{i}" for i in range(2 * n)]),
        var=pd.DataFrame(index=[f"G{i}" for i in range(36)]),
    )
    return cells, pd.Series([("G0", f"G{i}") for i in range(6, 14)])


def test_a_regulon_that_is_switched_off_is_found_and_little_else():
    taken, false, lost = [], 0, 0
    for seed in range(5):
        cells, planted = switched_off(seed)
        table = compared(cells, seed=seed)
        found = table[table["q"] <= 0.1]
        pairs = pd.Series(list(zip(found["regulator"], found["target"], strict=True)), dtype=object)
        false += (~pairs.isin(planted)).sum()
        lost += (found["weight_b"] < found["weight_a"])[pairs.isin(planted).to_numpy()].sum()
        taken.append(pairs.isin(planted).sum() / len(planted))
        assert summary(table)["overall_p"] == pytest.approx(1 / 21)
    n_true = 8 * sum(taken)
    assert np.mean(taken) > 0.9 and lost == n_true
    assert false / (false + n_true) < 0.15


def test_without_a_difference_nothing_is_found_though_means_differ():
    found = [summary(compared(two_conditions(seed, means=0.5)[0]))["edges_at_fdr"]["0.1"] for seed in range(5)]
    assert sum(n > 0 for n in found) <= 1


def test_donors_that_differ_are_taken_for_conditions_unless_samples_are_named():
    cells = [two_conditions(seed, n_cells=180, donors=3)[0] for seed in range(3)]
    alone = [summary(compared(some))["edges_at_fdr"]["0.1"] for some in cells]
    by_donor = [summary(compared(some, samples="donor")) for some in cells]
    assert sum(n > 0 for n in alone) == 3  # pseudoreplication
    assert sum(one["edges_at_fdr"]["0.1"] > 0 for one in by_donor) <= 1
    assert all((one["labelings"], one["permuted"], one["units_b"]) == (10, "samples", 3) for one in by_donor)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["correlation", "clr", "ridge"])
def test_the_share_of_runs_with_any_difference_is_what_is_promised(method):
    def share(n: int, words: dict, **made: object) -> float:
        tables = [compared(two_conditions(seed, **made)[0], method=method, seed=seed, **words) for seed in range(n)]
        return np.mean([(table["q"] <= 0.1).any() for table in tables])

    assert share(60, {}, means=0.0) < 0.21  # 0.1 and 2.8 standard errors
    assert share(40, {"samples": "donor"}, donors=3) < 0.21
    # where means differ counting noise does, and with it weights: in truth there is a small difference
    assert share(40, {}, means=0.3) < 0.35


def test_the_table_says_what_it_is_and_the_seed_decides():
    cells, _ = switched_off(0)
    cells = cells[:260].copy()  # 150 of ctrl, 110 of stim
    with pytest.warns(gc.InputWarning) as said:
        table = compared(cells, 10)
    notes = "\n".join(str(one.message) for one in said)
    assert "cells are taken as independent" in notes and "each network has 110 cells" in notes
    assert tuple(table.columns) == COLUMNS and len(table) == 6 * 35
    assert table["rank"].tolist() == list(range(1, 211)) and table["p"].is_monotonic_increasing
    signed = table["sign_b"] * table["weight_b"] - table["sign_a"] * table["weight_a"]
    assert (np.sign(signed) == np.sign(table["difference"])).all()
    assert table["difference"].abs().is_monotonic_decreasing
    found = summary(table)
    assert (found["cells_a"], found["cells_b"], found["cells_of_a_network"]) == (150, 110, 110)
    pd.testing.assert_frame_equal(table, compared(cells, 10))
    assert not table["difference"].equals(compared(cells, 10, seed=1)["difference"])  # other cells are drawn


def test_a_file_and_other_groups_give_the_same_and_progress_is_told(tmp_path):
    cells, _ = switched_off(0)
    expected = compared(cells, 10)
    more = AnnData(
        np.vstack([cells.X, cells.X[:60]]),
        obs=pd.DataFrame({"condition": [*cells.obs["condition"], *["other"] * 60]}, index=[f"c{i}" for i in range(360)]),
        var=cells.var,
    )
    more.write_h5ad(tmp_path / "cells.h5ad")
    seen = []
    found = compared(tmp_path / "cells.h5ad", 10, progress=lambda done, n: seen.append((done, n)))
    pd.testing.assert_frame_equal(found, expected)
    assert seen[0] == (0, 22) and seen[-1] == (22, 22)


def test_a_gene_that_one_condition_lacks_is_said_and_has_edges_in_the_other_alone():
    cells, _ = switched_off(0)
    cells.X[150:, 7] = 0
    with pytest.warns(gc.InputWarning, match=r"1 of 36 genes are detected in fewer than 10 cells of one group"):
        table = compared(cells, 10, method="ridge")
    own = table[table["target"] == "G7"]
    assert not own["weight_b"].any() and own["weight_a"].any()


def test_paired_donors_swap_within_each_and_others_are_left_out():
    cells, _ = switched_off(0)
    donor = np.tile(np.repeat([f"d{i}" for i in range(5)], 30), 2).astype(object)
    donor[:5] = "few"
    cells.obs["donor"] = donor
    with pytest.warns(gc.InputWarning) as said:
        found = summary(compared(cells, samples="donor"))
    notes = "\n".join(str(one.message) for one in said)
    assert "samples left out, not in both groups with 10 cells or more: few" in notes
    assert "within each sample" in notes and "16 labelings" in notes
    assert found["paired"] and (found["units_a"], found["labelings"], found["cells_a"]) == (5, 16, 145)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"groupby": "type"}, "no column 'type' of cells"),
        ({"b": "drug"}, "no group 'drug' of enough cells .* expected two of: ctrl: 150 cells, stim: 150 cells"),
        ({"b": "ctrl"}, "a and b are both 'ctrl'"),
        ({"method": "oracle"}, "oracle does not use the cells"),
        ({"n": 5}, "5 permutations; expected 10 or more"),
        ({"samples": "donors"}, "no column 'donors' of cells .* samples names one"),
        ({"samples": "two"}, r"2 samples of ctrl and 2 of stim .* 3 ways that differ, so no p is below 0.33.* 3 samples in each"),
        ({"samples": "pairs"}, r"3 samples of ctrl and 3 of stim .* each in both groups.* At least 5 samples .*the same ones"),
        ({"samples": "barcode"}, "0 samples of ctrl and 0 of stim|0 samples of ctrl and 1 of stim"),
        ({"samples": "gaps"}, "3 of the cells have no label in the column 'gaps'"),
        ({"tfs": None}, "no TF list"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, message):
    cells, _ = switched_off(0)
    cells.obs["two"] = np.repeat(list("abcd"), 75)
    cells.obs["pairs"] = np.tile(list("abc"), 100)
    cells.obs["barcode"] = cells.obs_names
    cells.obs["gaps"] = [None] * 3 + ["x"] * 297
    with pytest.raises(InputError, match=message):
        compared(cells, **words)
