"""Verdicts: from tests over networks to one word; every threshold and sign of the rule."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import findings
from grnular_paper.claims import simulated
from grnular_paper.claims.sentences import CLAIMS
from grnular_paper.claims.simulated import Comparison
from grnular_paper.findings import Finding, from_verdicts, said, together
from grnular_paper.records import recorded_folder
from grnular_paper.verdicts import (
    NOT_REPRODUCED,
    OPEN,
    PARTLY,
    REPRODUCED,
    UNTESTED,
    by_margin,
    least_squares_means,
    narrower,
    p_in_words,
    pair,
    verdict,
    word,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from grnular_core.utils.errors import InputError


def grid(shifts: dict[str, list[float]], networks: int = 12, seed: int = 0) -> pd.DataFrame:
    """Scores of methods that lie ``shifts`` above a common score, point by point, on the same networks."""
    rng = np.random.default_rng(seed)
    lines = []
    for place in range(len(next(iter(shifts.values())))):
        common = rng.uniform(0.3, 0.6, networks)
        for method, of_method in shifts.items():
            scores = common + of_method[place] + 0.005 * rng.normal(size=networks)
            lines += [(f"point {place}", f"network {r}", r, method, s, s) for r, s in enumerate(scores)]
    names = ["point", "unit", "replicate", "method", "strict_auprc", "paper_auprc"]
    return pd.DataFrame(lines, columns=names).assign(tf_information="with", panel=0)


def signs(ups: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """``a`` above each method on the first networks, below on the last, by the least: one point."""
    lines = []
    for other, (up, down) in ups.items():
        n = up + down
        difference = np.r_[np.linspace(0.2, 0.3, up), -np.linspace(0.001, 0.002, down)]
        lines += [("p", f"network {r}", r, other, 0.5 - difference[r]) for r in range(n)]
    most = max(sum(of) for of in ups.values())
    lines += [("p", f"network {r}", r, "a", 0.5) for r in range(most)]
    return pd.DataFrame(lines, columns=["point", "unit", "replicate", "method", "strict_auprc"])


@pytest.mark.parametrize(
    ("shift", "word", "favourable"),
    [
        ([0.1] * 4, REPRODUCED, 4),
        ([-0.1] * 4, NOT_REPRODUCED, 0),
        ([0.1, 0.1, 0.1, -0.1], REPRODUCED, 3),
        ([0.1, -0.1, -0.1, -0.1], NOT_REPRODUCED, 1),
    ],
)
def test_one_test_a_method_is_over_networks_and_points_are_told_beside_it(shift, word, favourable):
    rows = grid({"a": shift, "b": [0.0] * 4})
    found = verdict(rows, "a", ["b"])
    (test,) = found.tests.to_dict("records")
    wide = rows.pivot(index=["unit", "point"], columns="method", values="strict_auprc")
    means = (wide["a"] - wide["b"]).groupby("unit").mean()
    assert found.word == word and found.tested == 1 and len(means) == 12
    assert (test["networks"], test["points"], test["points_above"]) == (12, 4, favourable)
    assert test["p"] == pytest.approx(stats.wilcoxon(means).pvalue) and test["p_holm"] == test["p"]
    half = stats.t.ppf(0.975, 11) * means.sem()
    assert (test["difference"], test["low"], test["high"]) == pytest.approx(
        (means.mean(), means.mean() - half, means.mean() + half)
    )
    assert f"; {favourable}/4)" in found.differences
    assert found.basis(5) == "12 networks, each by its mean over 4 of 5 points; two-sided Wilcoxon signed-rank test over networks"  # fmt: skip


@given(
    effects=st.lists(st.floats(-1, 1), min_size=3, max_size=5),
    networks=st.lists(st.floats(-1, 1), min_size=6, max_size=9),
    draw=st.data(),
)
def test_a_network_that_lacks_points_counts_as_if_it_had_them(effects, networks, draw):
    """Differences that are a sum of point and network come back exactly, whichever runs are missing."""
    whole = pd.Series({(f"p{i}", f"n{j}"): m + b for i, m in enumerate(effects) for j, b in enumerate(networks)})
    whole = whole.rename_axis(["point", "unit"])
    others = [key for key in whole.index if key[0] != "p0" and key[1] != "n0"]  # what is left hangs together
    lacking = draw.draw(st.sets(st.sampled_from(others)))
    found = least_squares_means(whole.drop(list(lacking)))
    expected = whole.groupby("unit").mean()
    assert found.index.tolist() == expected.index.tolist()
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_a_network_with_all_points_has_its_plain_mean_and_so_have_networks_that_cannot_be_compared():
    rows = {("p0", "a"): 0.3, ("p1", "a"): 0.9, ("p0", "b"): 0.1, ("p0", "c"): 0.5}
    means = least_squares_means(pd.Series(rows).rename_axis(["point", "unit"]))
    assert means.to_dict() == pytest.approx({"a": 0.6, "b": 0.4, "c": 0.8})  # p1 is 0.6 above p0 in a
    apart = pd.Series({("p0", "a"): 0.3, ("p1", "b"): 0.9}).rename_axis(["point", "unit"])
    assert least_squares_means(apart).to_dict() == {"a": 0.3, "b": 0.9}


@pytest.mark.parametrize(("networks", "word"), [(5, UNTESTED), (6, REPRODUCED)])
def test_six_networks_are_the_least_for_a_test(networks, word):
    found = verdict(grid({"a": [0.1] * 4, "b": [0.0] * 4}, networks=networks), "a", ["b"])
    assert found.word == word and found.tests["p"].notna().all() == (word == REPRODUCED)
    assert found.tests["difference"].notna().all()
    assert found.tests[["low", "high"]].notna().all(axis=None) == (word == REPRODUCED)  # no interval over a few either
    if word == UNTESTED:
        assert "above in 5 of 5 networks: network 0 +0." in found.differences
        assert found.basis().endswith("fewer than 6 networks: no test")


@pytest.mark.parametrize(("shared", "points"), [(5, 3), (6, 4)])
def test_a_point_enters_with_six_shared_networks(shared, points):
    """The point where few networks were run does not move the mean of those."""
    rows = grid({"a": [0.1, 0.1, 0.1, -5], "b": [0.0] * 4})
    last = (rows["point"] == "point 3") & (rows["method"] == "b") & (rows["replicate"] >= shared)
    (test,) = verdict(rows[~last], "a", ["b"]).tests.to_dict("records")
    assert (test["points"], test["networks"]) == (points, 12)
    assert (test["difference"] < 0) == (points == 4)
    shown = verdict(rows[~last], "a", ["b"]).points.set_index("point")["networks"]
    assert shown["point 3"] == shared  # described all the same


def test_holm_corrects_over_the_competing_methods_and_turns_the_word():
    """Six networks that all agree have p = 2 / 2^6: alone it is .031, twice it is .063."""
    alone = verdict(signs({"b": (6, 0)}), "a", ["b"])
    both = verdict(signs({"b": (6, 0), "c": (6, 0)}), "a", ["b", "c"])
    assert alone.tests["p_holm"].tolist() == [2 / 2**6] and alone.word == REPRODUCED
    assert both.tests["p"].tolist() == [2 / 2**6] * 2 and both.tests["p_holm"].tolist() == [4 / 2**6] * 2
    assert both.word == NOT_REPRODUCED and "Holm over 2 tests" in both.basis()


@pytest.mark.parametrize(("methods", "word"), [(6, REPRODUCED), (7, NOT_REPRODUCED)])
def test_the_level_is_five_percent(methods, word):
    """Eight networks that all agree: 6 x 2 / 2^8 is .047, 7 x 2 / 2^8 is .055."""
    names = "bcdefgh"[:methods]
    found = verdict(signs({name: (8, 0) for name in names}), "a", list(names))
    assert found.tests["p_holm"].tolist() == pytest.approx([methods * 2 / 2**8] * methods)
    assert found.word == word


def test_the_word_follows_the_tests_against_each_competing_method():
    shifts = {"a": [0.0] * 2, "low": [-0.1] * 2, "lower": [-0.2] * 2, "high": [0.1] * 2, "even": [0.0] * 2}
    for others, expected, wins, losses in (
        (["low", "lower"], REPRODUCED, 2, 0), (["low", "even"], PARTLY, 1, 0),
        (["low", "lower", "high"], PARTLY, 2, 1), (["low", "high"], NOT_REPRODUCED, 1, 1),
        (["even"], NOT_REPRODUCED, 0, 0), (["high"], NOT_REPRODUCED, 0, 1),
    ):  # fmt: skip
        found = verdict(grid(shifts), "a", others)
        assert (found.word, found.wins, found.losses) == (expected, wins, losses), others


def test_the_rule_has_nine_tenths_and_no_loss():
    assert word(18, 0, 20) == REPRODUCED and word(17, 0, 19) == PARTLY
    assert word(19, 1, 20) == PARTLY and word(2, 1, 20) == PARTLY
    assert word(1, 1, 20) == NOT_REPRODUCED and word(0, 0, 0) == OPEN


def test_narrower_margins_stand_beside_the_margin():
    tests = pd.DataFrame({"low": [-0.03, -0.009], "high": [-0.021, 0.009]})
    assert [by_margin(tests, m) for m in (0.05, 0.02, 0.01)] == [REPRODUCED, NOT_REPRODUCED, NOT_REPRODUCED]
    assert by_margin(tests[:1], 0.02, near=False) == REPRODUCED and by_margin(tests[1:], 0.005, near=False) == NOT_REPRODUCED
    assert narrower(tests[:1]) == "not reproduced with a margin of 0.02, not reproduced with a margin of 0.01"
    assert narrower(tests[1:], both_sides=True) == "the same with margins of 0.02 and 0.01"
    above = pd.DataFrame({"low": [0.03], "high": [0.04]})
    assert by_margin(above, 0.02) == REPRODUCED and by_margin(above, 0.02, both_sides=True) == NOT_REPRODUCED


def test_the_basis_names_the_numbers_of_cells_that_every_method_has():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4, "c": [0.0] * 4})
    rows["point"] = "C = 2, M = " + rows["point"].map(dict(zip(sorted(set(rows["point"])), ["1000", "500", "100", "5000"], strict=True)))
    without = rows[~((rows["method"] == "b") & rows["point"].str.endswith("5000"))]
    of = {"all": verdict(rows, "a", ["b", "c"]), "few": verdict(without, "a", ["b", "c"]), "one": verdict(without, "a", ["b"])}
    assert "over 3 to 4 of 4 points (all methods at 100, 500, 1000 cells);" in of["few"].basis(4)
    assert "over 3 of 4 points (at 100, 500, 1000 cells);" in of["one"].basis(4) and "cells" not in of["all"].basis(4)
    assert "p <" in of["one"].described(tested=True) and "(" not in of["one"].described(tested=False)


def test_noise_replicates_of_three_networks_are_means_and_not_tested():
    rng = np.random.default_rng(1)
    lines = [
        (name, name, r, method, 0.5 + (method == "a") * gain + 0.01 * rng.normal())
        for name, gain in (("DS1", 0.1), ("DS2", 0.2), ("DS3", -0.05))
        for method in "ab" for r in range(15 if name != "DS3" or method == "a" else 3)
    ]  # fmt: skip
    rows = pd.DataFrame(lines, columns=["point", "unit", "replicate", "method", "strict_auprc"])
    found = verdict(rows, "a", ["b"])
    assert found.word == UNTESTED and found.tested == 0
    (test,) = found.tests.to_dict("records")
    wide = rows.pivot(index=["unit", "replicate"], columns="method", values="strict_auprc")
    means = (wide["a"] - wide["b"]).groupby("unit").mean()
    assert test["difference"] == pytest.approx(means.mean()) and np.isnan(test["low"])
    assert (test["networks"], test["networks_above"], test["least"], test["most"]) == (3, 2, 3, 15)
    assert f"not tested; above in 2 of 3 networks: DS1 {means['DS1']:+.3f}, DS2" in found.differences
    assert found.basis() == "3 networks, each by its mean over 3 to 15 noise replicates; fewer than 6 networks: no test"  # fmt: skip
    told = from_verdicts(found, found, 3)
    assert (told.verdict, told.by_paper, told.early) == (UNTESTED, UNTESTED, False)


def test_the_chosen_method_comes_first_whatever_its_letter():
    rows = grid({"a": [0.0] * 4, "z": [0.1] * 4})
    for chosen, other, sign in (("z", "a", 1), ("a", "z", -1)):
        line = pair(rows, chosen, other).line
        assert sign * line["difference"] > 0 and line["low"] < line["difference"] < line["high"]


def test_a_method_without_runs_leaves_the_verdict_open_or_so_far():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4})
    assert from_verdicts(verdict(rows, "a", ["nobody"])) == Finding(OPEN)
    found = from_verdicts(verdict(rows, "a", ["b", "nobody"]))
    assert found.verdict == REPRODUCED and found.early and "nobody: not recorded" in found.numbers
    assert not from_verdicts(verdict(rows, "a", ["b"])).early


@pytest.mark.parametrize(("planned", "early"), [(8, False), (9, True)])
def test_a_verdict_on_less_than_half_of_the_points_holds_so_far(planned, early):
    found = verdict(grid({"a": [0.1] * 4, "b": [0.0] * 4}), "a", ["b"])
    assert from_verdicts(found, planned=planned).early == early


def test_a_p_value_in_words():
    assert [p_in_words(p) for p in (np.nan, 0.0009, 0.0321)] == ["not tested", "p < 0.001", "p = 0.032"]


def test_a_sum_of_claims_leaves_out_what_has_no_verdict():
    yes, no, open_ = Finding(REPRODUCED), Finding(NOT_REPRODUCED), Finding(OPEN)
    assert together([yes, open_]).verdict == REPRODUCED
    assert together([yes, no]).verdict == PARTLY
    assert together([open_]).verdict == OPEN
    assert together([Finding(NOT_REPRODUCED, by_paper=REPRODUCED), yes]).by_paper == REPRODUCED


def test_wrong_words_and_unknown_numbers_are_refused(tmp_path):
    with pytest.raises(InputError, match="is no verdict"):
        Finding("perhaps")
    (tmp_path / "paper_text.csv").write_text("name,value\nset_p,1.3e-14\n")
    with pytest.raises(InputError, match="has no 'nothing'"):
        said("nothing")(tmp_path)
    assert said("set_p", "p = {}")(tmp_path) == "p = 1.3e-14"
    assert findings.basis_of_both("a", "a", "b") == "a" and findings.basis_of_both("a", "c") == "a; by the paper's protocol: c"
    assert findings.basis_of_both("a", "", "over all pairs") == "a; by the paper's protocol over all pairs: not recorded"
    assert findings.not_testable("why")(tmp_path) == Finding(UNTESTED, "why", basis="no number decides it")


def test_comparisons_are_judged_by_both_protocols():
    rows = grid({"grnular": [0.1] * 4, "grnboost2": [0.0] * 4, "grnboost2-tuned": [0.0] * 4})
    rows["paper_auprc"] *= -1
    found = {c.name: c.assess.verdicts(rows) for c in CLAIMS if c.name in ("clean_paper_trees", "clean_glad_trees")}
    words = {score: of.word for score, of in found["clean_paper_trees"].items()}
    assert words == {"strict_auprc": REPRODUCED, "paper_auprc": NOT_REPRODUCED}
    assert found["clean_glad_trees"]["paper_auprc"].tested == 0  # no rows without TFs


def test_a_comparison_on_one_panel_looks_at_that_panel():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4}).assign(panel=75)
    other = grid({"a": [-0.2] * 4, "b": [0.0] * 4}).assign(panel=25)
    both = pd.concat([rows, other.assign(point=other["point"] + " of 25")])
    for panel, expected in ((75, REPRODUCED), (25, NOT_REPRODUCED), (None, NOT_REPRODUCED)):
        assess = Comparison("noisy", "with", "a", ("b",), panel)
        assert assess.verdicts(both)["strict_auprc"].word == expected


@pytest.mark.parametrize(("times", "word"), [(1.45, REPRODUCED), (1.55, NOT_REPRODUCED)])
def test_below_one_and_a_half_times_random_a_method_fails(monkeypatch, times, word):
    """Where an oracle could do more: every method on either side of the limit, on eight networks at one point."""
    lines = [
        (75, "M = 100", "100", n, n, method, times + 0.001 * n) for method in simulated.grids.WITHOUT_TFS for n in range(8)
    ]
    names = ["panel", "point", "place", "unit", "replicate", "method", "strict_auprc_ratio"]
    rows = pd.DataFrame(lines, columns=names).assign(tf_information="without")
    monkeypatch.setattr(simulated.grids, "rows", lambda *of: rows)
    monkeypatch.setattr(simulated, "_left", lambda dropout: pd.Series({"tfs": 1.0, "oracle": 1.0}))
    found = simulated.all_fail(recorded_folder())
    assert found.verdict == word and f"highest mean at a point {times + 0.0035:.2f} times random" in found.numbers
