"""Claims on real cells follow the recorded pairs of dataset and network."""

import numpy as np
import pandas as pd
import pytest
from claims_of_record import RECORD, copy_of_record, named
from grnular_paper.claims import real as claims_real
from grnular_paper.findings import Finding
from grnular_paper.real_data import recorded_pairs
from grnular_paper.tables.beeline import seeds_ahead
from grnular_paper.verdicts import NOT_REPRODUCED, OPEN, REPRODUCED, UNTESTED, word


@pytest.mark.parametrize(
    ("low", "high", "n_reach", "verdict"),
    [
        (0.001, 0.002, 0, REPRODUCED), (0.1, 0.1, 0, NOT_REPRODUCED), (0.001, 0.1, 0, NOT_REPRODUCED),
        (0.001, 0.002, 5, REPRODUCED), (0.001, 0.002, 6, NOT_REPRODUCED),
    ],
)  # fmt: skip
def test_what_fig_8_prints_is_above_chance_where_few_random_draws_reach_it(tmp_path, low, high, n_reach, verdict):
    """Draws below the printed .049 and .012, above both, or above one of two, which is no majority; of 100, 5 may reach."""
    copy_of_record(tmp_path, "beeline")
    rows = pd.read_csv(tmp_path / "beeline.csv", dtype=str, keep_default_na=False)
    drawn = rows[(rows["method"] == "random") & (rows["genes"] == "top500")].copy()
    levels = {"STRING": low, "Non-Specific-ChIP-seq": high, "Cell-type-specific-ChIP-seq": 1.0}
    drawn["paper_auprc"] = drawn["network"].map(levels).astype(str)
    drawn.loc[drawn["seed"].astype(int) < n_reach, "paper_auprc"] = "1.0"
    kept = rows.drop(index=drawn.index)
    pd.concat([kept, drawn]).to_csv(tmp_path / "beeline.csv", index=False)
    finding = named("fig8_chance").assess(tmp_path)
    assert finding.verdict == verdict and "printed 0.049" in finding.numbers
    assert "Cell-type" not in finding.numbers  # the paper prints 0 there


def test_counts_on_real_cells_are_those_of_the_recorded_rows():
    rows = pd.read_csv(RECORD / "beeline.csv")
    rows = rows[rows["genes"] == "TFs+500"].set_index(["network", "dataset", "method"])
    rows = rows["strict_auprc"].groupby(level=[0, 1, 2]).mean()
    higher = lower = 0
    for network, dataset in {key[:2] for key in rows.index}:
        own = rows.get((network, dataset, "grnular"), np.nan)
        for other_method in ("glasso-tuned", "glad-tf", "genie3-tuned", "grnboost2-tuned"):
            other = rows.get((network, dataset, other_method))
            higher += other is not None and own > other
            lower += other is not None and own < other
    finding = named("fig8_auprc").assess(RECORD)
    assert f"strict: higher in {higher}, lower in {lower} of {higher + lower}" in finding.numbers
    assert finding.verdict == word(higher, lower, higher + lower)


@pytest.mark.parametrize(("best", "word"), [("grnular", REPRODUCED), ("glad-tf", NOT_REPRODUCED)])
def test_with_the_papers_own_genes_networks_that_tell_nothing_do_not_count(monkeypatch, best, word):
    values = {"grnular": 0.2, "glad-tf": 0.1, "random": 0.05, "oracle": 1.0} | {best: 0.3}
    rows = pd.DataFrame(
        [("mDC", network, m, *[0.1 if network == "C" else v] * 3) for network in "ABC" for m, v in values.items()],
        columns=["dataset", "network", "method", "paper_auprc", "strict_auprc", "strict_auroc"],
    ).assign(paper_auroc=lambda table: 1 - table["paper_auprc"], seed="0")
    monkeypatch.setattr(claims_real, "recorded_pairs", lambda *of: rows)
    by_rank = claims_real.with_the_papers_genes(RECORD, "auroc")
    assert (by_rank.verdict, by_rank.by_paper == word) == (word, False) and "B AUROC 0." in by_rank.numbers
    finding = claims_real.with_the_papers_genes(RECORD)
    assert (finding.verdict, finding.by_paper) == (word, word) and " of 2; paper's: " in finding.numbers
    assert f"strict {values['grnular']:.4f} [GLAD-TF {values['glad-tf']:.4f}]" in finding.numbers
    least = abs(values["grnular"] - values["glad-tf"])
    assert f"the least strict difference is {least:.4f}" in finding.numbers and finding.numbers.startswith("against GLAD-TF: ")
    ahead = int(best == "grnular")
    assert f"(each a mean over its seeds): A: strict {ahead} of 1, paper's {ahead} of 1; B: strict {ahead} of 1" in finding.numbers
    assert "C: strict" not in finding.numbers  # tells nothing
    assert "random scores 0.050" in finding.numbers and finding.basis.startswith("2 networks")
    monkeypatch.setattr(claims_real, "recorded_pairs", lambda *of: rows[rows["method"] != "grnular"])
    assert claims_real.with_the_papers_genes(RECORD).verdict == OPEN


def test_the_seeds_that_lead_on_dendritic_cells_are_those_above_the_best_mean_of_others(monkeypatch):
    scores = {"grnular": (0.1, 0.25, 0.6), "genie3": (0.1, 0.5), "glad-tf": (0.2,), "clr": (0.9,)}  # clr is none of Fig. 8
    lines = [("mDC", "STRING", m, str(i), *[v] * 4) for m, values in scores.items() for i, v in enumerate(values)]
    lines.append(("mESC", "STRING", "glad-tf", "0", *[0.7] * 4))
    columns = "dataset network method seed strict_auprc strict_auroc paper_auprc paper_auroc".split()
    rows = pd.DataFrame(lines, columns=columns)
    monkeypatch.setattr(claims_real, "recorded_pairs", lambda *of: rows.assign(strict_auroc=1 - rows["strict_auroc"]))
    found = claims_real.seed_numbers(RECORD)
    assert found == {
        "lead_seeds": 3, "lead_S_strict_auprc": 1, "lead_S_strict_auroc": 1, "lead_S_paper_auprc": 1, "lead_S_paper_auroc": 1,
    }  # fmt: skip
    assert seeds_ahead(rows[rows["dataset"] == "mDC"], "grnular", [], "paper_auprc") == {"STRING": (0, 3)}


def test_a_comparison_of_weights_that_differ_in_more_than_training_is_reported_and_not_counted(tmp_path):
    scores = {"a": (2.0, 3.0), "b": (1.0, 1.0), "c": (1.0, 1.0), "d": (4.0, 5.0)}
    lines = [("mESC", n, w, s) for w, values in scores.items() for n, s in zip(("STRING", "ChIP"), values, strict=True)]
    table = pd.DataFrame(lines, columns=["dataset", "network", "weights", "strict_auprc_ratio"])
    table.to_csv(tmp_path / "model_selection_real.csv", index=False)
    alone, beside = claims_real.weights_ahead("a", "b", "A"), claims_real.weights_ahead("a", "b", "A", ("c", "d", "C"))
    assert alone(tmp_path).numbers == "A: strict AUPRC higher in 2, lower in 0 of 2 pairs, 2.50 times in the median"
    reported = "; not counted: C: strict AUPRC higher in 0, lower in 2 of 2 pairs, 0.23 times in the median"
    assert beside(tmp_path).numbers == alone(tmp_path).numbers + reported
    assert beside(tmp_path).verdict == alone(tmp_path).verdict == REPRODUCED
    assert claims_real.weights_ahead("a", "b", "A", ("c", "not there", "C"))(tmp_path) == alone(tmp_path)


def test_the_lead_on_real_cells_is_reported_without_each_seed_and_with_the_printed_units():
    rows, wide = recorded_pairs(RECORD), pd.read_csv(RECORD / "widths.csv").query("width == '200'")
    others = ["glasso-tuned", "glad-tf", "genie3-tuned", "grnboost2-tuned"]
    of_others = rows[rows["method"].isin(others)].groupby(["dataset", "network", "method"])["strict_auprc_ratio"].mean()
    own, counts = rows[rows["method"] == "grnular"], []
    for kept in [*(own[own["seed"] != seed] for seed in own["seed"].unique()), wide]:
        score = kept.groupby(["dataset", "network"])["strict_auprc_ratio"].mean()
        counts.append(sum(score[key[:2]] > value for key, value in of_others.items()))
    *left_out, printed = counts
    numbers = named("fig8_auprc").assess(RECORD).numbers
    assert len(left_out) == 5
    assert f"any one of 5 seeds left out strict higher in {min(left_out)} to {max(left_out)};" in numbers
    assert f"that the paper prints strict higher in {printed}, lower in {len(of_others) - printed} (not reproduced)" in numbers


def test_pairs_whose_random_scores_are_above_the_limit_count_as_not_low():
    finding = named("fig8_low").assess(RECORD)
    dense = pd.read_csv(RECORD / "beeline.csv").query("genes == 'TFs+500'")
    limit = pd.read_csv(RECORD / "paper_fig8.csv").query("method == 'grnular'")["auprc"].max()
    left_out = dense[dense["density"] > limit][["dataset", "network"]].drop_duplicates()
    assert f"; on {len(left_out)} pairs the density" in finding.numbers and len(left_out)
    assert finding.basis.startswith("18 pairs")


def test_other_simulations_are_judged_by_their_table(tmp_path):
    lines = ["weights,dataset,network,strict_auprc_ratio"]
    lines += [f"{w},{d},STRING,{r}" for w, d, r in (("a", "x", 2), ("a", "y", 1), ("b", "x", 1), ("b", "y", 3))]  # fmt: skip
    (tmp_path / "model_selection_real.csv").write_text("\n".join(lines))
    finding = claims_real.weights_ahead("a", "b", "on two pairs")(tmp_path)
    assert finding.verdict == NOT_REPRODUCED and "higher in 1, lower in 1 of 2" in finding.numbers
    assert claims_real.weights_ahead("a", "c", "")(tmp_path) == Finding(OPEN)


def test_a_high_auroc_is_counted_by_both_rules_for_genes_and_not_tested(monkeypatch):
    def rows(folder, genes):
        own = (0.905, 0.895, 0.5) if genes == claims_real.GENES else (0.95, 0.96, 0.97)
        lines = [(n, "mDC", m, v) for m, values in (("grnular", own), ("random", (0.7,) * 3)) for n, v in zip("ABC", values, strict=True)]
        return pd.DataFrame(lines, columns=["network", "dataset", "method", "paper_auroc"])

    monkeypatch.setattr(claims_real, "recorded_pairs", rows)
    finding = claims_real.high_auroc(RECORD)
    assert finding.verdict == UNTESTED
    assert "genes of this book: 1 of 3 pairs, median 0.90 (random 0.70); mDC, the paper's genes: 3 of 3" in finding.numbers
