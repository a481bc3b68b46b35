"""Verdicts: from tests point by point to one word; every threshold and sign of the rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from grnular_paper import verdicts
from grnular_paper.claims import registry
from grnular_paper.claims.sentences import CLAIMS
from grnular_paper.claims.simulated import Comparison
from grnular_paper.verdicts import (
    NOT_REPRODUCED,
    OPEN,
    PARTLY,
    REPRODUCED,
    UNTESTED,
    Finding,
    compare,
    from_verdicts,
    said,
    so_far,
    table,
    together,
    verdict,
    word,
    word_for,
)
from scipy import stats

from grnular_core.utils.errors import InputError


def grid(shifts: dict[str, list[float]], graphs: int = 12, seed: int = 0) -> pd.DataFrame:
    """Scores of methods that lie ``shifts`` above a common score, point by point."""
    rng = np.random.default_rng(seed)
    lines = []
    for place in range(len(next(iter(shifts.values())))):
        common = rng.uniform(0.3, 0.6, graphs)
        for method, of_method in shifts.items():
            scores = common + of_method[place] + 0.005 * rng.normal(size=graphs)
            lines += [(f"point {place}", r, method, s, s, "with", 0) for r, s in enumerate(scores)]
    return pd.DataFrame(
        lines,
        columns=["point", "replicate", "method", "strict_auprc", "paper_auprc", "tf_information", "panel"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shift", "word", "wins", "losses"),
    [
        ([0.1] * 4, REPRODUCED, 4, 0),
        ([-0.1] * 4, NOT_REPRODUCED, 0, 4),
        ([0.1, 0.1, 0.1, -0.1], PARTLY, 3, 1),
        ([0.1, 0.1, 0.0, 0.0], PARTLY, 2, 0),
        ([0.1, -0.1, 0.0, 0.0], NOT_REPRODUCED, 1, 1),
        ([0.0] * 4, NOT_REPRODUCED, 0, 0),
    ],
)
def test_the_word_follows_wins_and_losses(shift, word, wins, losses):
    found = verdict(grid({"a": shift, "b": [0.0] * 4}), "a", ["b"])
    assert (found.word, found.wins, found.losses, found.tested) == (word, wins, losses, 4)
    assert found.difference == pytest.approx(np.mean(shift), abs=0.01)
    assert found.low <= found.difference <= found.high
    assert found.spread == f"{found.difference:+.3f}"  # four points are too few for an interval
    assert replace(found, tested=6).spread.startswith(f"{found.spread} [")
    assert found.weak == 0


@pytest.mark.parametrize(
    ("points", "word", "weak"), [(6, REPRODUCED, 0), (7, NOT_REPRODUCED, 7), (12, NOT_REPRODUCED, 12)]
)
def test_p_values_are_corrected_for_all_tests_of_a_claim_at_five_percent(points, word, weak):
    """Eight graphs that all agree have p = 2 / 2^8: times 6 it is .047, times 7 it is .055."""
    found = verdict(grid({"a": [0.1] * points, "b": [0.0] * points}, graphs=8), "a", ["b"])
    assert found.tests["p"].tolist() == pytest.approx([2 / 2**8] * points)
    assert found.tests["p_holm"].tolist() == pytest.approx([points * 2 / 2**8] * points)
    assert (found.word, found.weak) == (word, weak)


def test_intervals_of_a_point_are_over_graphs_and_that_of_a_claim_over_its_tests():
    rows = grid({"a": [0.1, 0.2, 0.0, 0.1, 0.3, 0.2], "b": [0.0] * 6})
    found = verdict(rows, "a", ["b"])
    wide = rows.pivot(index=["point", "replicate"], columns="method", values="strict_auprc")
    difference = wide["a"] - wide["b"]
    for test in found.tests.itertuples():
        of_point = difference[test.point]
        half = stats.t.ppf(0.975, len(of_point) - 1) * of_point.sem()
        assert test.difference == pytest.approx(of_point.mean())
        assert (test.low, test.high) == pytest.approx((of_point.mean() - half, of_point.mean() + half))
    means = difference.groupby("point").mean()
    half = stats.t.ppf(0.975, 5) * means.sem()
    assert (found.low, found.high) == pytest.approx((means.mean() - half, means.mean() + half))


def test_the_rule_has_nine_tenths_and_no_loss():
    assert word_for(18, 0, 20) == REPRODUCED and word_for(17, 0, 19) == PARTLY
    assert word_for(19, 1, 20) == PARTLY and word_for(2, 1, 20) == PARTLY
    assert word_for(1, 1, 20) == NOT_REPRODUCED and word_for(0, 0, 0) == UNTESTED
    assert word(0, 0, 0) == OPEN and word(1, 0, 1) == REPRODUCED


def test_the_chosen_method_comes_first_whatever_its_letter():
    rows = grid({"a": [0.0] * 4, "z": [0.1] * 4})
    for chosen, other, sign in (("z", "a", 1), ("a", "z", -1)):
        tests = compare(rows, chosen, [other])
        assert (sign * tests["difference"] > 0).all()
        assert ((tests["low"] < tests["difference"]) & (tests["difference"] < tests["high"])).all()


def test_few_graphs_are_shown_and_not_counted():
    found = verdict(grid({"a": [0.1] * 4, "b": [0.0] * 4}, graphs=5), "a", ["b"])
    assert found.tested == 0 and len(found.tests) == 4 and found.word == UNTESTED
    assert found.spread == ""
    told = from_verdicts(found).numbers
    assert told == "fewer than six shared graphs on record at every point"


def test_only_graphs_that_both_have_are_compared():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4})
    rows = rows[(rows["method"] == "a") | (rows["replicate"] >= 5)]
    assert (compare(rows, "a", ["b"])["graphs"] == 7).all()
    assert compare(rows, "a", ["nobody"]).empty


def test_the_table_has_a_row_a_point_and_a_column_a_competing_method():
    rows = grid({"clr": [0.1] * 4, "ridge": [0.0] * 4, "glad-tf": [0.2] * 4})
    shown = table(compare(rows, "clr", ["ridge", "glad-tf"]))
    assert list(shown["point"]) == [f"point {i}" for i in range(4)]
    assert list(shown.columns) == ["point", "ridge", "GLAD-TF"]
    assert shown["ridge"].str.startswith("+0.").all() and shown["GLAD-TF"].str.startswith("-0.").all()
    assert shown["ridge"].str.contains("(12, p", regex=False).all()


def test_how_much_of_what_was_planned_is_there():
    assert so_far(7, 15) == ("7 of 15 comparisons have six shared graphs; ", True)
    assert so_far(5, 10, "settings") == ("5 of 10 settings have six shared graphs; ", False)
    assert so_far(5, 0) == ("", False)


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
    assert verdicts.not_testable("why")(tmp_path) == Finding(UNTESTED, "why")


def test_comparisons_are_judged_by_both_protocols_and_shown_on_two_lines():
    rows = grid({"grnular": [0.1] * 4, "grnboost2": [0.0] * 4})
    rows["paper_auprc"] *= -1
    found = registry.judged("clean", rows)
    assert set(found) == {c.name for c in CLAIMS if isinstance(c.judge, Comparison) and c.judge.experiment == "clean"}
    words = {score: of.word for score, of in found["clean_paper_trees"].items()}
    assert words == {"strict_auprc": REPRODUCED, "paper_auprc": NOT_REPRODUCED}
    assert found["clean_glad_trees"]["paper_auprc"].tested == 0  # no rows without TFs
    shown = registry.claim_table(found)
    assert len(shown) == 2 * len(found)
    place = list(shown["claim"]).index("With TFs, GRNULar is better than GRNBoost2")
    assert shown["protocol"][place : place + 2].tolist() == ["paper's", "strict"]
    assert shown["better"][place : place + 2].tolist() == [0, 4]
    assert shown["worse"][place : place + 2].tolist() == [4, 0]


def test_a_claim_on_one_panel_looks_at_that_panel():
    rows = grid({"grnular": [0.1] * 4, "grnboost2": [0.0] * 4})
    other = grid({"grnular": [-0.1] * 4, "grnboost2": [0.0] * 4}).assign(panel=25)
    both = pd.concat([rows.assign(panel=75), other.assign(point=other["point"] + " of 25")])
    judge = next(claim.judge for claim in CLAIMS if claim.name == "noisy_paper_75")
    assert judge.verdicts(both)["strict_auprc"].word == REPRODUCED
