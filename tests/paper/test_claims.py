"""The table of claims follows the record: right on it, open without it, turned round by other rows."""

import re
from pathlib import Path

import claim_page
import numpy as np
import pandas as pd
import pytest
from claims_of_record import RECORD, copy_of_record, named
from grnular_paper import grids
from grnular_paper.claims import model as claims_model
from grnular_paper.claims import real as claims_real
from grnular_paper.claims import registry as claim_registry
from grnular_paper.claims import simulated as claims_simulated
from grnular_paper.claims.sentences import CLAIMS, DEFINITIONS, HEADLINES, OF_FIG_8, SECTIONS, SUMS
from grnular_paper.claims.simulated import Comparison
from grnular_paper.findings import Finding
from grnular_paper.verdicts import (
    NOT_REPRODUCED,
    OPEN,
    PARTLY,
    REPRODUCED,
    UNTESTED,
    WORDS,
    in_words,
    word_of_counts,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return claim_registry.table(RECORD)


def test_names_are_unique_and_every_figure_and_table_of_the_paper_has_a_claim(table):
    assert table["name"].is_unique and not table.duplicated(["section", "claim"]).any()
    assert (~table["ours"]).sum() >= 15
    places = " ".join(table["source"])
    assert "Algorithms 1 and 2" in places and "Algorithm 4" in places
    for place in [f"Fig. {n}" for n in range(1, 12)] + [f"Table {n}" for n in range(1, 4)]:
        assert re.search(rf"{re.escape(place)}\b", places), place
    for page in set(table["page"]):
        target = re.fullmatch(r"\[.*\]\((.*)\)", claim_page.link(page)).group(1)
        assert (ROOT / "book" / target).resolve().exists(), page


def test_comparisons_of_methods_have_their_numbers_by_both_protocols(table):
    rows = grids.rows("clean", RECORD)
    for claim in CLAIMS:
        if not isinstance(claim.assess, Comparison) or claim.assess.experiment != "clean":
            continue
        line = table[table["name"] == claim.name].iloc[0]
        paper, strict = claim.assess.verdicts(rows).values()
        if claim.assess.tf_information == "without":
            paper = claim.assess.over_all_pairs(RECORD)
        assert line["numbers"].endswith(strict.differences) and line["numbers_by_paper"] == paper.differences
        cell = claim_page.numbers_cell(line)
        assert f"*By the paper's protocol*: {claim_page.folded(paper.differences)}" in cell and "*Basis*: " in cell


def test_every_verdict_is_one_of_the_words_and_has_numbers_unless_it_is_open(table):
    assert set(table["verdict"]) <= set(WORDS)
    assessed = table[table["verdict"] != OPEN]
    assert (assessed["numbers"] != "").all()
    counts = claim_registry.counts(table)
    papers = len(claim_registry.papers(table))
    assert papers == (~table["ours"]).sum() - len(SECTIONS[SUMS]) - len(SECTIONS[DEFINITIONS])
    assert (assessed["basis"] != "").all()
    assert (counts.drop(columns="verdict").sum() == papers).all()


def test_what_is_true_by_construction_is_no_finding_and_headlines_are_few(table):
    apart = table[table["section"] == DEFINITIONS]
    assert {"paths", "few_parameters", "chip_sox2"} == set(apart["name"])
    assert not set(apart["name"]) & set(claim_registry.papers(table)["name"])
    shown = table[table["headline"] > 0].sort_values("headline")
    assert tuple(shown["name"]) == HEADLINES and 6 <= len(HEADLINES) <= 10
    assert not set(HEADLINES) & set(apart["name"])


def test_without_a_record_every_claim_says_so_by_itself(tmp_path):
    copy_of_record(tmp_path)
    found = {claim.name: claim.assess(tmp_path) for claim in CLAIMS}
    known = {name for name, finding in found.items() if finding.verdict not in (OPEN, UNTESTED)}
    assert known == {"few_parameters", "paths"}  # which need the package alone
    assert found["first"].verdict == UNTESTED and found["fig8_auprc"].verdict == OPEN


def test_other_rows_turn_a_verdict_round(tmp_path):
    copy_of_record(tmp_path, "beeline")
    path = tmp_path / "beeline.csv"
    rows = pd.read_csv(path)
    best = rows["method"] == "grnular"
    rows.loc[best, ["strict_auprc", "strict_auroc"]] = 0.99
    rows.loc[best, ["paper_auprc", "paper_auroc"]] = 0.001
    rows.to_csv(path, index=False)
    for name in ("fig8_auprc", "fig8_auroc"):
        finding = named(name).assess(tmp_path)
        assert (finding.verdict, finding.by_paper) == (REPRODUCED, NOT_REPRODUCED)


def test_a_grid_says_how_much_of_it_is_on_record(tmp_path):
    copy_of_record(tmp_path, "clean", "noisy")
    whole = named("clean_paper_trees").assess(tmp_path)
    entered, planned = map(int, re.search(r"mean over (\d+) of (\d+) points", whole.basis).groups())
    assert planned == 15 and whole.early == (2 * entered < planned)
    rows = pd.read_csv(tmp_path / "clean.csv")
    rows[~rows["method"].str.startswith(claims_simulated.TREES)].to_csv(tmp_path / "clean.csv", index=False)
    assert named("clean_paper_trees").assess(tmp_path).verdict == OPEN


def test_the_table_of_statements_on_stem_cells_is_read_by_name(tmp_path):
    lines = ["name,statement,verdict,numbers,method"]
    lines += [f"{n},{n} moves,{v},rho,grnular" for n, v in (("sox2_falls", REPRODUCED), ("sox7_rises", NOT_REPRODUCED),
              ("sox17_rises", REPRODUCED), ("target_rises", UNTESTED), ("chip_sox2", UNTESTED))]  # fmt: skip
    lines += ["sox2_falls,of another method,not reproduced,rho,grnular-cells"]
    (tmp_path / "stem_cells.csv").write_text("\n".join(lines))
    trends = named("sox_trends").assess(tmp_path)
    assert trends.verdict == PARTLY and "sox7_rises moves: rho" in trends.numbers
    lines = [line.replace("sox7_rises moves,not ", "sox7_rises moves,") for line in lines]
    (tmp_path / "stem_cells.csv").write_text("\n".join(lines))
    trends = named("sox_trends").assess(tmp_path)  # all that was tested holds, one was not
    assert trends.verdict == PARTLY
    assert trends.numbers.startswith("3 of 3 parts that could be tested hold (no data for: target_rises moves); ")
    assert named("chip_sox2").assess(tmp_path) == Finding(UNTESTED, "rho", basis=claims_real.STEM_CELLS)


def test_a_pair_without_a_difference_or_a_score_counts_for_nobody():
    scores = pd.DataFrame({"a": [1.0, 2, 3], "b": [1, 3, np.nan], "c": [0, 0, 0]})
    assert claims_real._counts(scores, "a", ["b", "c", "absent"]) == (3, 1, 5)
    assert claims_real._counts(scores, "absent", ["a"]) == (0, 0, 0)


def test_pairs_that_are_counted_need_two_thirds_for_a_part():
    words = word_of_counts
    assert words(32, 28, 60) == NOT_REPRODUCED  # a toss-up
    assert words(39, 21, 60) == NOT_REPRODUCED
    assert words(40, 20, 60) == PARTLY and words(60, 0, 60) == REPRODUCED
    assert words(10, 5, 60) == PARTLY and words(0, 0, 0) == OPEN


def test_a_claim_that_is_not_the_papers_is_not_called_reproduced():
    assert in_words(REPRODUCED, ours=True) == "holds" and in_words(REPRODUCED, ours=False) == REPRODUCED
    assert in_words(NOT_REPRODUCED, ours=True) == "does not hold"
    assert in_words(UNTESTED, ours=True) == UNTESTED and in_words("", ours=True) == ""


def two_methods(one: np.ndarray, two: np.ndarray, point: str = "clean") -> pd.DataFrame:
    """Scores of the methods 1 and 2 on the same twelve networks."""
    networks = {"point": point, "replicate": [*range(12)] * 2, "unit": [*range(12)] * 2}
    return pd.DataFrame({"method": ["1"] * 12 + ["2"] * 12, "strict_auprc": [*one, *two], **networks})


def test_what_one_preset_gains_does_not_hide_what_another_loses(monkeypatch):
    rng = np.random.default_rng(0)
    other = 0.5 + 0.1 * rng.random(12)
    rows = pd.concat(
        two_methods(other + shift + 1e-4 * rng.random(12), other, point)
        for point, shift in (("clean", -0.2), ("noisy(25)", 0.2))
    )
    monkeypatch.setattr(claims_model, "variant_rows", lambda *of: rows)
    finding = claims_model.as_good("", "", ["1"], "2")(RECORD)
    assert finding.verdict == NOT_REPRODUCED and "1 on dropout 25 % +0.2" in finding.numbers


def test_what_was_not_run_has_no_verdict():
    assert named("hours_without").assess(RECORD).verdict == UNTESTED


def test_genie3_is_compared_on_clean_graphs_too_though_it_is_no_curve_there(tmp_path):
    found = named("boosting_forest").assess(RECORD)
    copy_of_record(tmp_path, "ds")
    alone = named("boosting_forest").assess(tmp_path)  # three networks
    assert alone.verdict == UNTESTED and "of 3 networks: DS1 " in alone.numbers
    assert found.verdict != UNTESTED and "); on DS1 to DS3, GRNBoost2 minus GENIE3: default settings " in found.numbers
    copy_of_record(tmp_path, "clean")
    (tmp_path / "ds.csv").unlink()
    assert named("boosting_forest").assess(tmp_path).numbers in found.numbers


def test_the_sum_of_claims_on_real_cells_is_over_those_on_who_is_ahead(table):
    single = table[table["name"].isin(OF_FIG_8)]
    assert len(single) == len(OF_FIG_8)
    numbers = table.set_index("name").loc["unrolled_real", "numbers"]
    assert numbers.startswith(f"the {len(OF_FIG_8)} single claims, which")
    for verdict, n in single["verdict"].value_counts().items():
        assert f"{n} {verdict}" in numbers


def test_the_page_shows_every_claim_once_with_its_verdict(table):
    parts = claim_page.parts(RECORD)
    assert all("## " in part for part in parts.values())
    text = "\n".join(parts.values())
    for row in table.to_dict("records"):
        source = "our own" if row["ours"] else row["source"]
        start = f"| {row['claim']} ({source}; {claim_page.link(row['page'])}) |"
        lines = [line for line in text.splitlines() if line.startswith(start)]
        assert len(lines) == 1, start
        assert f"**{in_words(row['verdict'], row['ours'])}**" in lines[0] and row["basis"] in lines[0]
    places = [text.index(f"| {named(name).text} (") for name in HEADLINES]
    assert places == sorted(places) and places[-1] < text.index(f"## {next(iter(SECTIONS))}")
    top = claim_page.summary(RECORD)
    papers = len(claim_registry.papers(table))
    assert f"{papers} claims" in top
    shown = [int(n) for n in re.findall(r"\| (\d+) \(\d+%\) \| \d+", top)]
    assert sum(shown) == papers


def test_training_on_few_graphs_is_judged_on_test_graphs_and_no_start_may_have_been_kept(monkeypatch):
    finding = named("few_graphs").assess(RECORD)
    (test,) = finding.tests.to_dict("records")
    gained = test["difference"] > 0 and test["p_holm"] < 0.05
    kept = re.search("On validation graphs: (.*);", finding.numbers)[1].count(" to ")
    assert gained and 0 < kept < len(claims_model.TRAINED) and finding.verdict == PARTLY
    rows = claims_model.learning.ablation_rows(RECORD)
    rows = rows[(rows["base"] == "trained") & (rows["factor"] == "training")]
    means = rows.groupby(["value", "dataset"])["strict_auprc"].mean().unstack().mean(axis=1)
    assert test["difference"] == pytest.approx(means["20 graphs"] - means["none"])
    assert "glad-clean 0.8" in finding.numbers and "untrained start of glad-DS1" in finding.numbers
    first = pd.read_csv(RECORD / "readings.csv").query("graphs == 'DS1-like' and reading == 'P = 10, mean over cells alone' and epoch == 0")
    assert f"with P = 10 the loop has {first['valid_auprc'].mean():.3f} untrained" in finding.numbers
    monkeypatch.setattr(claims_model, "TRAINED", ("grnular-clean", "glad-clean"))
    assert named("few_graphs").assess(RECORD).verdict == REPRODUCED
    monkeypatch.setattr(claims_model, "word", lambda *counts: NOT_REPRODUCED)
    assert named("few_graphs").assess(RECORD).verdict == NOT_REPRODUCED


# --- thresholds: each is met from both sides


@pytest.mark.parametrize(("lag", "equal"), [(0.045, True), (0.055, False)])
def test_as_good_worse_and_close_have_a_margin_of_five_hundredths(monkeypatch, lag, equal):
    rng = np.random.default_rng(0)
    other = 0.5 + 0.1 * rng.random(12)
    rows = two_methods(other - lag + 1e-4 * rng.random(12), other).assign(tf_information="with")
    monkeypatch.setattr(claims_model, "variant_rows", lambda *of: rows)
    good, bad = (REPRODUCED, NOT_REPRODUCED) if equal else (NOT_REPRODUCED, REPRODUCED)
    assert claims_model.as_good("", "", ["1"], "2")(RECORD).verdict == good
    assert claims_model.worse("", "", "1", "2")(RECORD).verdict == bad
    assert claims_model.as_good("", "", ["2"], "1")(RECORD).verdict == REPRODUCED
    for names in (("glad-tf", claims_simulated.TREES), (claims_simulated.TREES, "glad-tf")):
        of = rows.assign(method=rows["method"].map(dict(zip("12", names, strict=True))))
        of = of.assign(paper_auprc=of["strict_auprc"])
        of = pd.concat([of.assign(panel=q, point=f"{q} %") for q in (25, 50, 75)])
        monkeypatch.setattr(claims_simulated.grids, "rows", lambda *names, of=of: of)
        assert claims_simulated.as_close(RECORD).verdict == good


def test_an_interval_across_the_margin_is_neither_as_good_nor_worse(monkeypatch):
    lag = [0.0, 0.1] * 6  # 0.05 in the mean
    rows = two_methods(0.5 - np.array(lag), np.full(12, 0.5))
    monkeypatch.setattr(claims_model, "variant_rows", lambda *of: rows)
    assert claims_model.as_good("", "", ["1"], "2")(RECORD).verdict == NOT_REPRODUCED
    assert claims_model.worse("", "", "1", "2")(RECORD).verdict == NOT_REPRODUCED


@pytest.mark.parametrize(("oracle", "expected"), [(0.49, UNTESTED), (0.51, REPRODUCED)])
def test_that_a_method_works_is_judged_where_an_oracle_could(monkeypatch, oracle, expected):
    rows = pd.DataFrame(
        [(75, "M = 100", n, n, method, 0.5 + gain + 0.01 * n)
         for method, gain in (("grnular", 0.1), ("glad-tf", 0), (claims_simulated.TREES, 0)) for n in range(8)],
        columns=["panel", "point", "unit", "replicate", "method", "strict_auprc"],
    ).assign(tf_information="with")  # fmt: skip
    rows["paper_auprc"] = rows["strict_auprc"]
    monkeypatch.setattr(claims_simulated.grids, "rows", lambda *names: rows)
    monkeypatch.setattr(claims_simulated, "_left", lambda dropout: pd.Series({"tfs": 0.3, "oracle": oracle}))
    found = claims_simulated.still_works(RECORD)
    assert (found.verdict, found.by_paper) == (expected, expected)
    assert found.numbers.startswith("30 % of the TFs are detected in any") and f"AUPRC of {oracle}" in found.numbers


@pytest.mark.parametrize(("oracle", "n_tests"), [(0.49, 2), (0.51, 3)])
def test_a_dropout_at_which_no_method_can_work_enters_no_test_for_or_against_a_claim(monkeypatch, oracle, n_tests):
    oracles = {25: 1.0, 50: 0.8, 75: oracle}
    monkeypatch.setattr(claims_simulated, "_left", lambda dropout: pd.Series({"tfs": 0.3, "oracle": oracles[dropout]}))
    assert len(named("noisy_gladtf_auprc").assess(RECORD).tests) == n_tests
    assert len(named("masked_glad").assess(RECORD).tests) == n_tests + 1  # and on clean cells
    for name in ("noisy_paper_others", "noisy_ours_all", "robust"):
        assert f" of {5 * n_tests} points" in named(name).assess(RECORD).basis
    assert f"at {50 if n_tests == 2 else 75} % minus" in named("noisy_auroc").assess(RECORD).numbers
    assert (named("noisy_fail").assess(RECORD).verdict == UNTESTED) == (n_tests == 2)


def test_what_the_public_codes_shape_says_stands_beside_the_claim_on_75_percent():
    numbers = named("noisy_paper_75").assess(RECORD).numbers
    assert "the claim on 75 % is not supported" in numbers and "10 graphs" in numbers


def test_at_75_percent_the_oracle_of_the_simulation_leaves_too_little():
    found = named("noisy_paper_75").assess(RECORD)
    left = claims_simulated.survival(claims_simulated.N_LEFT, dropouts=(75,)).loc[75]
    assert found.verdict == UNTESTED and left["oracle"] < claims_simulated.REACHABLE
    assert f"{100 * left['tfs']:.0f} % of the TFs" in found.numbers and f"{left['oracle']:.2f}" in found.numbers


@pytest.mark.parametrize(("times", "word"), [(10.5, REPRODUCED), (9.5, NOT_REPRODUCED)])
def test_seconds_against_minutes_are_ten_times(monkeypatch, times, word):
    seconds = pd.Series(dict.fromkeys(claims_model.FAST, 1.0) | dict.fromkeys(claims_model.SLOW, times))
    monkeypatch.setattr(claims_model, "_times", lambda folder: seconds)
    assert claims_model.table2(RECORD).verdict == word
    seconds["genie3"] = 1234.0
    found = claims_model.table2(RECORD)
    assert found.verdict == word and "not assessed: 1,234 s, 1234.0 times that pass" in found.numbers


@pytest.mark.parametrize(("fifth", "word"), [(4.9, REPRODUCED), (5.1, NOT_REPRODUCED)])
def test_five_times_the_units_cost_less_than_five_times_the_time(monkeypatch, fifth, word):
    names = [claims_model.runtimes.forward_name(h) for h in (200, 500, 1000)]
    monkeypatch.setattr(claims_model, "_times", lambda folder: pd.Series([1.0, 2.0, fifth], names))
    assert claims_model.table1(RECORD).verdict == word


@pytest.mark.parametrize(("times", "word"), [(2.1, REPRODUCED), (1.9, NOT_REPRODUCED)])
def test_far_less_is_less_than_half(monkeypatch, tmp_path, times, word):
    rows = pd.DataFrame({"point": ["clean"] * 2, "method": ["1 (base), P = 5", "2, P = 5"], "seconds": [times, 1.0], "unit": ["network 0"] * 2})
    monkeypatch.setattr(claims_model, "variant_rows", lambda *of: rows)
    assert claims_model.base_slower(RECORD).verdict == word
    (tmp_path / "gradient_memory.csv").write_text(
        f"gradient,before_mb,peak_mb\ncut,100,110\nthrough,100,{100 + 10 * times}\n"
    )
    assert claims_model.memory(tmp_path).verdict == word


def test_a_text_with_many_intervals_has_each_on_a_line_and_loses_nothing():
    few, many = "a (2, b) +1 [0, 2], c +2 [1, 3]", "x: a (2, b) +1 [0, 2] (p 1; 2/3), c, d +2 [1, 3], e [0, 1]; f, g [1, 2]"
    assert claim_page.in_lines(few) == few
    assert claim_page.in_lines(many).split("<br>") == ["x: a (2, b) +1 [0, 2] (p 1; 2/3)", "c, d +2 [1, 3]", "e [0, 1]", "f, g [1, 2]"]
    assert claim_page.folded(few) == few
    counted = ", ".join(f"m{i} +1 (not tested; above in 1 of 2: DS1 +2, DS2 -1)" for i in range(4))
    assert claim_page.in_lines(counted).replace("<br>", ", ") == counted and claim_page.in_lines(counted).count("<br>") == 3
    first, rest = re.fullmatch("(.*)<details><summary>3 more</summary>(.*)</details>", claim_page.folded(many)).groups()
    assert f"{first}<br>{rest}" == claim_page.in_lines(many)
