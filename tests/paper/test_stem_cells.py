"""What is read from the network of stem cells: sets, ranks and predictors of which the answer is known."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import stem_cells
from grnular_paper.stem_cells import (
    compare_set,
    predictors,
    pseudotime,
    regulator_ranks,
    subnetwork,
    word,
)
from grnular_paper.tables.stem_cell_networks import Drawn
from grnular_paper.tables.stem_cell_verdicts import _both_above, _trend_statements
from grnular_paper.tables.stem_cells import Cells, Trend, _chip_regulators
from scipy import stats

from grnular_core.utils.errors import InputError

TFS = [f"T{i}" for i in range(12)]
GENES = [*TFS, *(f"G{i}" for i in range(28))]


def random_scores(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((len(TFS), len(GENES)))


def test_the_share_above_and_its_p_are_those_of_the_rank_sum_test():
    scores, chosen = random_scores(), ["T0", "T1", "T2", "G0", "G1"]
    found = compare_set(scores, TFS, GENES, chosen, 50)
    pairs = [(t, g) for t in TFS for g in GENES if t != g]
    inside = [scores[TFS.index(t), GENES.index(g)] for t, g in pairs if t in chosen and g in chosen]
    outside = [scores[TFS.index(t), GENES.index(g)] for t, g in pairs if not (t in chosen and g in chosen)]
    test = stats.mannwhitneyu(inside, outside)
    assert found.above == pytest.approx(test.statistic / len(inside) / len(outside))
    assert found.p_wilcoxon == pytest.approx(test.pvalue)
    assert found.median_all == pytest.approx(np.median([*inside, *outside])) and len(pairs) == 468
    assert found.median_inside == pytest.approx(np.median(inside))


def test_strong_tfs_alone_make_no_set_stand_out_against_random_sets():
    scores = np.repeat(np.arange(12.0)[:, None], len(GENES), axis=1) + random_scores()
    found = compare_set(scores, TFS, GENES, ["T8", "T9", "T10", "G0", "G1", "G2"], 400)
    assert found.p_wilcoxon < 1e-4 < found.p_random


def test_p_counts_the_set_itself_among_the_random_ones_and_is_exact():
    scores, chosen = np.zeros((12, 40)), ["T0", "T1", "G0"]
    scores[0, 12] = scores[1, 12] = scores[0, 1] = scores[1, 0] = 1.0
    # one of 66 pairs of TFs with one of 28 genes stands as high
    assert compare_set(scores, TFS, GENES, chosen, 99, seed=4).p_random in (1 / 100, 2 / 100)
    scores[:] = 0.5
    assert compare_set(scores, TFS, GENES, chosen, 99).p_random == 1


def test_sets_of_all_genes_are_the_set_itself():
    scores = random_scores()
    found = compare_set(scores[:, :14], TFS, GENES[:14], [*TFS[:11], "G0", "G1"], 600)
    # 12 sets, each without one of the TFs, both genes in every one: p is a rank among them
    alone = [
        compare_set(scores[:, :14], TFS, GENES[:14], [*TFS[:i], *TFS[i + 1 :], "G0", "G1"], 1).above for i in range(12)
    ]
    assert found.p_random == pytest.approx(np.mean(np.array(alone) >= found.above - 1e-12), abs=0.06)


def test_chance_of_named_tfs_in_a_network():
    # 2 of 2 named among 3 drawn of 4: C(2,2) C(2,1) / C(4,3)
    drawn = Drawn(pd.DataFrame(), [*"abcd"], [*"abcd"], [*"abc"], [*"abc"], [*"ab"], {})
    assert drawn.p_named == pytest.approx(0.5)
    assert drawn._replace(drawn=["c"]).p_named == 1
    assert word(6, 7, 0.4) == stem_cells.NOT and word(6, 7, 0.01) == stem_cells.PARTLY
    assert word(7, 7, 0.4) == stem_cells.AGREES
    assert word(6, 7, 0.049) == stem_cells.PARTLY and word(6, 7, 0.051) == stem_cells.NOT


def test_a_set_without_a_tf_is_refused():
    with pytest.raises(InputError, match="0 TFs and 2 genes"):
        compare_set(random_scores(), TFS, GENES, ["G0", "G1"])


def test_ranks_count_all_tfs_but_the_target_and_ties_share():
    scores = np.zeros((12, 40))
    scores[[3, 5, 7], 20] = [0.5, 0.9, 0.5]
    assert regulator_ranks(scores, TFS, GENES, "G8", ["T5", "T3", "T7", "T0"]) == [1, 2.5, 2.5, 8]
    ranks = regulator_ranks(scores, TFS, GENES, "T0", ["T0", "X", "T1"])
    assert np.isnan(ranks[:2]).all() and ranks[2] == 6
    with pytest.raises(InputError, match="CFC1 is not among the 40 genes"):
        regulator_ranks(scores, TFS, GENES, "CFC1", ["T0"])


def test_the_subnetwork_has_both_ends_in_the_set_strongest_first():
    scores = random_scores()
    chosen = ["T1", "T2", "G5", "G6"]
    table = subnetwork(scores, np.sign(scores), TFS, GENES, chosen, 4)
    assert set(table["regulator"]) <= {"T1", "T2"} and set(table["target"]) <= set(chosen)
    assert len(table) == 4 and table["weight"].is_monotonic_decreasing
    assert len(subnetwork(scores, np.sign(scores), TFS, GENES, chosen, 99)) == 5


def test_a_falling_factor_predicts_as_well_as_a_rising_one_and_time_alone_is_no_bond():
    rng = np.random.default_rng(0)
    time = np.sort(rng.uniform(0, 1, 300))
    noise = rng.normal(size=(3, 300))
    target = 3 * time + 0.3 * noise[0]
    factors = {"SOX2": -target, "SOX7": target, "SOX17": 3 * time + 0.3 * noise[1]}
    table = predictors(time, target, factors, 0.5).set_index("regulator")
    assert table.loc["SOX2", "r2"] == pytest.approx(table.loc["SOX7", "r2"])
    assert table.loc["SOX17", "rho"] > 0.8 and abs(table.loc["SOX17", "rho_within"]) < 0.15
    assert table.loc["SOX7", "rho_within"] == pytest.approx(1)


def test_both_must_be_ahead():
    table = pd.DataFrame({"regulator": ["SOX2", "Sox7", "SOX17"], "r2": [0.5, 0.6, 0.7]})
    assert _both_above(table, "r2") and not _both_above(table, "r2", falling=True)
    assert not _both_above(table.assign(r2=[0.5, 0.6, 0.4]), "r2")
    assert not _both_above(table.assign(r2=[0.5, np.nan, 0.7]), "r2")


def test_verdicts_in_words():
    assert [word(3, 3), word(2, 3), word(1, 2), word(0, 0)] == [
        stem_cells.AGREES, stem_cells.PARTLY, stem_cells.NOT, stem_cells.UNTESTED,
    ]  # fmt: skip
    trends = {"SOX7": Trend(0.5, 0.049), "SOX17": Trend(0.5, 0.051), "SOX2": Trend(0.5, 0.01), "CFC1": Trend(-0.5, 0.01)}
    found = {name: verdict for name, _, verdict, _ in _trend_statements(Cells(None), trends)}
    assert found == {
        "sox7_rises": stem_cells.AGREES, "sox17_rises": stem_cells.NOT, "sox2_falls": stem_cells.NOT,
        "target_rises": stem_cells.NOT,
    }  # fmt: skip


def test_pseudotime_follows_the_cells_and_a_missing_one_is_named(tmp_path, monkeypatch):
    path = tmp_path / "PseudoTime.csv"
    path.write_text(",PseudoTime\na,1.5\nb,0\n")
    monkeypatch.setattr("grnular_paper.stem_cells.fetch", lambda key: path)
    assert pseudotime("mESC", ["b", "a"]).tolist() == [0, 1.5]
    with pytest.raises(InputError, match="cell 'c' has no pseudotime"):
        pseudotime("mESC", ["a", "c"])
    path.write_text(",PseudoTime1,PseudoTime2\na,1,2\n")
    with pytest.raises(InputError, match="2 lineages"):
        pseudotime("mESC", ["a"])


def test_sox2_is_among_the_chip_regulators_of_cfc1(real_data):
    assert "SOX2" in _chip_regulators()


def test_statements_are_written_in_the_words_of_the_table_of_claims(tmp_path):
    findings = pd.DataFrame(
        [("a", "A is so", stem_cells.AGREES, "1 of 1"), ("b", "B, too", stem_cells.UNTESTED, "")],
        columns=["name", "the paper says", "verdict", "numbers"],
    )
    stem_cells.record_statements(findings, tmp_path, {"method": "clr", "seeds": 1})
    rows = pd.read_csv(tmp_path / "stem_cells.csv", keep_default_na=False).set_index("name")
    assert list(rows["verdict"]) == ["reproduced", "not tested"]
    assert rows.loc["b", "statement"] == "B, too" and set(rows["method"]) == {"clr"}
    assert (rows["commit"] != "").all()
    changed = findings.assign(verdict=stem_cells.NOT)
    for method in ("grnular", "clr"):  # a method's rows are replaced, those of others stay
        stem_cells.record_statements(changed, tmp_path, {"method": method, "seeds": 1})
    rows = pd.read_csv(tmp_path / "stem_cells.csv", keep_default_na=False)
    assert list(rows["method"]) == ["grnular", "grnular", "clr", "clr"]
    assert set(rows["verdict"]) == {"not reproduced"}
    assert set(stem_cells.VERDICTS) == {
        stem_cells.AGREES, stem_cells.PARTLY, stem_cells.NOT, stem_cells.UNTESTED,
    }  # fmt: skip
