"""Verdicts: from tests point by point to one word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from grnular_paper.claims import grid as claims
from grnular_paper.verdicts import compare, table, verdict

POINTS = [f"M = {m}" for m in (100, 500, 1000, 5000)]


def grid(shifts: dict[str, list[float]], graphs: int = 12, seed: int = 0) -> pd.DataFrame:
    """Scores of methods that lie ``shifts`` above a common score, point by point."""
    rng = np.random.default_rng(seed)
    lines = []
    for point, place in zip(POINTS, range(4), strict=True):
        common = rng.uniform(0.3, 0.6, graphs)
        for method, of_method in shifts.items():
            scores = common + of_method[place] + 0.005 * rng.normal(size=graphs)
            lines += [(point, r, method, s, s, "with", 0) for r, s in enumerate(scores)]
    return pd.DataFrame(
        lines,
        columns=["point", "replicate", "method", "strict_auprc", "paper_auprc", "tf_information", "panel"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shift", "word", "wins", "losses"),
    [
        ([0.1] * 4, "reproduced", 4, 0),
        ([-0.1] * 4, "not reproduced", 0, 4),
        ([0.1, 0.1, 0.1, -0.1], "partly reproduced", 3, 1),
        ([0.1, 0.1, 0.0, 0.0], "partly reproduced", 2, 0),
        ([0.1, -0.1, 0.0, 0.0], "not reproduced", 1, 1),
        ([0.0] * 4, "not reproduced", 0, 0),
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


def test_tests_that_no_difference_could_pass_are_told():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4}, graphs=8)
    found = verdict(rows, "a", ["b"])
    assert (found.word, found.weak) == ("reproduced", 0)
    rows = grid({"a": [0.0] * 4, "b": [0.0] * 4}, graphs=6)
    found = verdict(rows, "a", ["b"])
    assert (found.word, found.tested, found.weak) == ("not reproduced", 4, 4)


def test_the_chosen_method_comes_first_whatever_its_letter():
    rows = grid({"a": [0.0] * 4, "z": [0.1] * 4})
    assert (compare(rows, "z", ["a"])["difference"] > 0).all()
    assert (compare(rows, "a", ["z"])["difference"] < 0).all()


def test_few_graphs_are_shown_and_not_counted():
    found = verdict(grid({"a": [0.1] * 4, "b": [0.0] * 4}, graphs=5), "a", ["b"])
    assert found.tested == 0 and len(found.tests) == 4 and found.word == "not tested"
    assert found.spread == ""


def test_one_point_has_a_difference_and_no_interval():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4})
    found = verdict(rows[rows["point"] == POINTS[0]], "a", ["b"])
    assert found.word == "reproduced" and found.spread == f"{found.difference:+.3f}"


def test_only_graphs_that_both_have_are_compared():
    rows = grid({"a": [0.1] * 4, "b": [0.0] * 4})
    rows = rows[(rows["method"] == "a") | (rows["replicate"] >= 5)]
    assert (compare(rows, "a", ["b"])["graphs"] == 7).all()
    assert compare(rows, "a", ["nobody"]).empty


def test_the_table_has_a_row_a_point_and_a_column_a_rival():
    tests = compare(grid({"clr": [0.1] * 4, "ridge": [0.0] * 4, "glad-tf": [0.2] * 4}), "clr", ["ridge", "glad-tf"])  # fmt: skip
    shown = table(tests)
    assert list(shown["point"]) == POINTS and list(shown.columns) == ["point", "ridge", "GLAD-TF"]
    assert (
        shown["ridge"].str.startswith("+0.").all() and shown["GLAD-TF"].str.startswith("-0.").all()
    )
    assert shown["ridge"].str.contains("(12, p", regex=False).all()


def test_claims_have_names_of_their_own_and_are_judged_by_both_protocols():
    names = [claim.name for claim in claims.GRID_CLAIMS]
    assert len(set(names)) == len(names)
    rows = grid({"grnular": [0.1] * 4, "grnboost2": [0.0] * 4})
    found = claims.judged("clean", rows)
    assert set(found) == {c.name for c in claims.GRID_CLAIMS if c.experiment == "clean"}
    assert found["clean_paper_trees"]["strict_auprc"].word == "reproduced"
    assert found["clean_glad_trees"]["paper_auprc"].tested == 0  # no rows without TFs
    shown = claims.claim_table(found)
    assert len(shown) == 2 * len(found) and set(shown["protocol"]) == set(claims.PROTOCOLS)
    assert (
        shown.loc[shown["claim"] == "With TFs, GRNULar is better than GRNBoost2", "better"].item()
        == 4
    )


def test_a_claim_on_one_panel_looks_at_that_panel():
    rows = grid({"grnular": [0.1] * 4, "grnboost2": [0.0] * 4})
    other = grid({"grnular": [-0.1] * 4, "grnboost2": [0.0] * 4}).assign(panel=25)
    both = pd.concat([rows.assign(panel=75), other.assign(point=other["point"] + " of 25")])
    (claim,) = claims.of_names(["noisy_paper_75"])
    assert claims.judge(claim, both)["strict_auprc"].word == "reproduced"
