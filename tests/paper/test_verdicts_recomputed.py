"""Verdicts again from the recorded csv files with pandas and scipy alone: the words and the p values.

Nothing of the rule is imported here. What is taken from the claims is what they say (names of methods).
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from grnular_paper.claims.sentences import CLAIMS
from grnular_paper.claims.simulated import TREES
from scipy import stats

RECORD = Path(__file__).resolve().parents[2] / "notebooks" / "recorded"
SIMPLE = ["correlation", "clr", "ridge", "tigress"]
LOSSES = (25, 50)  # at 75 % an oracle of what is left is below 0.5, so nothing is tested there


@lru_cache
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(RECORD / f"{name}.csv", low_memory=False)


def csv(name: str, known: str | None = None) -> pd.DataFrame:
    """Rows of an experiment with ``point`` and ``net``; on its grid, with or without the list of TFs."""
    rows = read(name)
    rows = rows[rows["tf_information"] == known] if known else rows
    rows = by_auroc(rows[rows["dropout_percentile"].isin(LOSSES)]) if name == "noisy" else rows
    rows = rows.assign(net=rows["dataset"] if name == "ds" else rows["replicate"])
    columns = {"clean": ["cell_types", "cells"], "noisy": ["dropout_percentile", "cells"]}.get(name, ["dataset"])
    return rows.assign(point=rows[columns].astype(str).agg(" ".join, axis=1))


def by_auroc(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose AUROC, with the TF list, is that of the weights best by AUROC, where these were run."""
    key = ["dataset", "cells", "cell_types", "replicate", "method"]
    other = read("auroc_weights")[[*key, "strict_auroc", "paper_auroc"]].assign(tf_information="with")
    both = rows.merge(other, on=[*key, "tf_information"], how="left", suffixes=("", "_other"))
    return both.assign(**{name: both[f"{name}_other"].fillna(both[name]) for name in ("strict_auroc", "paper_auroc")})


def test_of(a: pd.DataFrame, b: pd.DataFrame, score: str) -> dict[str, float]:
    """Signed-rank test over networks of a less b: per-network mean over points that six networks share.

    A point that a network lacks is filled in, again and again, by the means of the two, until nothing moves.
    """
    both = a.merge(b, on=["point", "net", "replicate"], suffixes=("_a", "_b"))
    both["d"] = both[f"{score}_a"] - both[f"{score}_b"]
    cells = both.groupby(["point", "net"], as_index=False)["d"].mean()
    shared = cells.groupby("point")["net"].transform("count") >= 6
    tested = cells[shared] if shared.any() else cells  # a difference is told of fewer networks too
    per_network = filled(tested.pivot(index="net", columns="point", values="d")).mean(axis=1)
    if not shared.any():
        return {"n": 0, "p": np.nan, "d": per_network.mean()}
    moved = per_network[per_network.abs() > 1e-12]
    half = stats.t.ppf(0.975, len(per_network) - 1) * per_network.sem()
    mean = per_network.mean()
    p = stats.wilcoxon(moved).pvalue
    return {"n": len(per_network), "p": p, "d": mean, "low": mean - half, "high": mean + half}


test_of.__test__ = False


def filled(wide: pd.DataFrame) -> pd.DataFrame:
    """Missing cells by mean of the row + mean of the column - mean of all, to a fixed point."""
    lacking, whole = wide.isna(), wide.fillna(wide.mean())
    for _ in range(10_000):
        by_margins = np.add.outer(whole.mean(axis=1).to_numpy(), whole.mean().to_numpy()) - whole.to_numpy().mean()
        moved = np.abs((whole - by_margins).to_numpy()[lacking.to_numpy()]).max(initial=0)
        whole = whole.mask(lacking, pd.DataFrame(by_margins, wide.index, wide.columns))
        if moved < 1e-14:
            break
    return whole


def holm(p: list[float]) -> list[float]:
    """Step down: the i-th smallest of m times m - i + 1, never falling, at most 1."""
    adjusted, least = {}, 0.0
    for place, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        least = max(least, min(1.0, p[index] * (len(p) - place)))
        adjusted[index] = least
    return [adjusted[index] for index in range(len(p))]


def words(tests: list[dict[str, float]]) -> tuple[str, list[float]]:
    """The word of a claim from its tests, and their corrected p."""
    made = [of for of in tests if of["n"]]
    if not made:
        return "not tested", []
    corrected = holm([of["p"] for of in made])
    wins = sum(p < 0.05 and of["d"] > 0 for p, of in zip(corrected, made, strict=True))
    losses = sum(p < 0.05 and of["d"] < 0 for p, of in zip(corrected, made, strict=True))
    return rule(wins, losses, len(made)), corrected


def rule(wins: int, losses: int, tested: int) -> str:
    if losses == 0 and wins / tested >= 0.9:
        return "reproduced"
    return "partly reproduced" if wins > losses else "not reproduced"


def edition(rows: pd.DataFrame, name: str) -> str:
    """The tuned edition of a method where half of the method's points have six of its graphs."""
    graphs = rows[rows["method"] == f"{name}-tuned"].drop_duplicates(["point", "replicate"])
    full = int((graphs["point"].value_counts() >= 6).sum())
    return f"{name}-tuned" if full and full >= rows.loc[rows["method"] == name, "point"].nunique() / 2 else name


def editions(rows: pd.DataFrame, others: list[str], both: bool) -> list[str]:
    """The edition of each method, for our own claims behind that of its package."""
    found = []
    for other in others:
        tuned = edition(rows, other)
        found += [other, tuned] if both and tuned != other else [tuned]
    return found


def versus(rows: pd.DataFrame, chosen: str, others: list[str], score: str, both: bool = False) -> list[dict[str, float]]:
    chosen, others = edition(rows, chosen), editions(rows, others, both)
    of = {name: rows[rows["method"] == name] for name in [chosen, *others]}
    return [test_of(of[chosen], of[other], score) for other in others]


def every_pair(experiment: str) -> pd.DataFrame:
    """By the paper's protocol without the list over all pairs; beside it the runs with it on the same graphs."""
    rows = read("all_pairs")
    rows = rows[(rows["experiment"] == experiment) & (rows["pairs"] == "all")].assign(tf_information="without")
    known = read(experiment)
    known = known[(known["cells"] == 1000) & (known["cell_types"] == 5) & (known["tf_information"] == "with")]
    if experiment == "noisy":
        known = known[known["dropout_percentile"] == 25]
    return pd.concat([rows, known]).assign(point=1, net=lambda of: of["replicate"])


def better(experiment: str, known: str, chosen: str, *others: str, kind: str = "auprc", both: bool = False):
    def tests(protocol: str) -> list[dict[str, float]]:
        if protocol == "paper" and known == "without":
            rows = every_pair(experiment)
            rows = rows[rows["tf_information"] == known]
            of = {m.removesuffix("-tuned"): rows[rows["method"] == m] for m in set(rows["method"])}
            return [test_of(of[chosen], of[other], "paper_auprc") for other in others]
        return versus(csv(experiment, known), chosen, list(others), f"{protocol}_{kind}", both)

    return tests


def grown(column: str, low: int, high: int):
    """More cell types, or more cells, for each curve of the paper."""

    def tests(protocol: str) -> list[dict[str, float]]:
        rows = csv("clean")
        other = "cells" if column == "cell_types" else "cell_types"
        rows["point"] = rows[other].astype(str)
        curves = [("glad", "without"), (TREES, "without"), ("glasso", "without"),
                  ("glad-tf", "with"), (TREES, "with"), ("grnular", "with")]  # fmt: skip
        found = []
        for method, known in curves:
            of = rows[rows[column].isin([low, high]) & (rows["tf_information"] == known)]
            ends = of.pivot_table(index=["method", "point", "replicate"], columns=column, values="seed", aggfunc="size")
            of = of[of["method"] == edition(ends.dropna().reset_index(), method)]
            found.append(test_of(of[of[column] == high], of[of[column] == low], f"{protocol}_auprc"))
        return found

    return tests


def masked(protocol: str) -> list[dict[str, float]]:
    if protocol == "paper":
        return [
            test_of(*(rows[rows["method"] == name] for name in ("glad-tf", "glad")), "paper_auprc")
            for rows in map(every_pair, ("clean", "noisy"))
        ]
    noisy = csv("noisy")
    parts = [csv("clean"), *(noisy[noisy["dropout_percentile"] == lost] for lost in LOSSES)]
    return [versus(rows, "glad-tf", ["glad"], f"{protocol}_auprc")[0] for rows in parts]


def without(protocol: str) -> list[dict[str, float]]:
    if protocol == "paper":
        rows = every_pair("clean")
        trees = rows[rows["method"].isin([TREES, f"{TREES}-tuned"])]
        known = trees["tf_information"] == "with"
        return [test_of(trees[known & (trees["method"] != TREES)], trees[~known], "paper_auprc")]
    sides = [csv("clean", known) for known in ("with", "without")]
    return [test_of(*(rows[rows["method"] == edition(rows, TREES)] for rows in sides), f"{protocol}_auprc")]


def left(protocol: str) -> list[dict[str, float]]:
    score, on = f"{protocol}_auprc", ["method", "cells", "replicate"]
    clean = csv("clean", "with")
    clean = clean[clean["cell_types"] == 5]
    rows = csv("noisy", "with").merge(clean[[*on, score]], on=on, suffixes=("", "_clean"))
    rows["kept"] = rows[score] / rows[f"{score}_clean"]
    return versus(rows, "grnular", [TREES, "glad-tf"], "kept")


def boosted(protocol: str) -> list[dict[str, float]]:
    """Both tuned or neither."""
    rows = csv("clean", "with")
    names = [edition(rows, name) for name in (TREES, "genie3")]
    if not all(name.endswith("tuned") for name in names):
        names = [TREES, "genie3"]
        rows = rows[~rows["method"].str.endswith("-tuned")]
    return versus(rows, names[0], names[1:], f"{protocol}_auprc")


def steady(protocol: str) -> list[dict[str, float]]:
    rows = csv("noisy", "with")
    rows = rows[rows["method"] == "grnular"].assign(point=rows["cells"].astype(str))
    score, chance = f"{protocol}_auroc", 0.5 if protocol == "strict" else 0.0
    low, high = (rows[rows["dropout_percentile"] == lost].copy() for lost in LOSSES)
    low[score], high[score] = 0.9 * (low[score] - chance), high[score] - chance
    return [test_of(high, low, score)]


TESTED = {
    "clean_glad_trees": better("clean", "without", "glad", TREES),
    "clean_glad_glasso": better("clean", "without", "glad", "glasso"),
    "clean_gladtf_trees": better("clean", "with", "glad-tf", TREES),
    "clean_paper_trees": better("clean", "with", "grnular", TREES),
    "clean_paper_simple": better("clean", "with", "grnular", *SIMPLE, both=True),
    "clean_ours_all": better("clean", "with", "grnular-context", TREES, *SIMPLE, both=True),
    "noisy_glad_all": better("noisy", "without", "glad", TREES, "glasso"),
    "noisy_paper_others": better("noisy", "with", "grnular", TREES, "glad-tf"),
    "noisy_gladtf_auroc": better("noisy", "with", TREES, "glad-tf", kind="auroc"),
    "noisy_ours_all": better("noisy", "with", "grnular-context", TREES, "glad-tf", *SIMPLE, both=True),
    "boosting_forest": boosted,
    "more_types": grown("cell_types", 2, 10),
    "more_cells": grown("cells", 100, 10000),
    "trees_without": without,
    "masked_glad": masked,
    "robust": left,
    "noisy_auroc": steady,
}


@pytest.mark.parametrize("name", TESTED)
def test_words_and_p_values_come_out_again(name):
    finding = next(claim for claim in CLAIMS if claim.name == name).assess(RECORD)
    tests = TESTED[name]("strict")
    word, corrected = words(tests)
    there = {p: of_networks(p) if name == "boosting_forest" else None for p in ("strict", "paper")}
    by_paper = words(TESTED[name]("paper"))[0]
    assert finding.verdict == (word if there["strict"] in (None, word) else "partly reproduced")
    assert finding.by_paper == (by_paper if there["paper"] in (None, by_paper) else "partly reproduced")
    shown = finding.tests
    assert shown["p_holm"].dropna().tolist() == pytest.approx(corrected, rel=1e-9)
    assert shown["difference"].tolist() == pytest.approx([of["d"] for of in tests], abs=1e-12, nan_ok=True)
    made = shown[shown["p"].notna()]
    assert made["networks"].tolist() == [of["n"] for of in tests if of["n"]]
    for end in ("low", "high"):
        assert made[end].tolist() == pytest.approx([of[end] for of in tests if of["n"]])


def of_networks(protocol: str) -> str:
    """GRNBoost2 against GENIE3 on DS1 to DS3: networks counted for each edition."""
    rows = csv("ds", "with")
    above = of = 0
    for tuned in ("", "-tuned"):
        wide = rows[rows["method"].isin([TREES + tuned, "genie3" + tuned])].pivot_table(
            index=["dataset", "replicate"], columns="method", values=f"{protocol}_auprc"
        ).dropna()  # fmt: skip
        means = (wide[TREES + tuned] - wide["genie3" + tuned]).groupby("dataset").mean()
        above, of = above + int((means > 0).sum()), of + len(means)
    return counted(above, of)


def counted(above: int, of: int) -> str:
    word = rule(above, of - above, of)
    return "not reproduced" if word.startswith("partly") and above < 2 / 3 * of else word


COUNTED = {  # on three networks
    "ds_glad_all": ("without", "glad", [TREES, "glasso"]),
    "ds_paper_others": ("with", "grnular", [TREES, "glad-tf"]),
    "ds_ours_all": ("with", "grnular-context", [TREES, "glad-tf", *SIMPLE, "genie3"]),
}


@pytest.mark.parametrize("name", COUNTED)
def test_three_networks_are_counted_and_a_part_takes_two_thirds(name):
    known, chosen, others = COUNTED[name]
    rows = csv("ds", known)
    finding = next(claim for claim in CLAIMS if claim.name == name).assess(RECORD)
    if known == "without":
        assert finding.by_paper == "not tested"  # over all pairs these were not scored
    for protocol, found in (("strict", finding.verdict), ("paper", finding.by_paper)):
        if protocol == "paper" and known == "without":
            continue
        above = of = 0
        for other in editions(rows, others, both=name == "ds_ours_all"):
            wide = rows[rows["method"].isin([chosen, other])].pivot_table(
                index=["dataset", "replicate"], columns="method", values=f"{protocol}_auprc"
            )
            differences = (wide[chosen] - wide.drop(columns=chosen).squeeze()).dropna().groupby("dataset").mean()
            above, of = above + int((differences > 0).sum()), of + len(differences)
        assert found == counted(above, of)


MARGINS = {  # claims on ablations: base, factor, values and what each is compared with, claimed to be near
    "base_equal": ("trained", "algorithm", {f"2, P = {p}": f"1 (base), P = {p}" for p in (5, 20)}, True),
    "few_steps": ("trained", "P", dict.fromkeys(["2", "5", "10"], "20"), True),
    "few_rounds": ("untrained", "L", {"15": "30"}, True),
    "init_steps": ("trained", "E1", {"100": "400"}, False),
}


@pytest.mark.parametrize("name", MARGINS)
def test_intervals_against_the_margin_come_out_again(name):
    from grnular_paper.ablations import variants  # which recorded method is which value

    base, factor, values, near = MARGINS[name]
    label = {v.value: v.label for v in variants() if (v.base, v.factor) == (base, factor)}
    rows = csv("ablations")
    tests = [
        versus(rows[rows["dataset"] == preset], label[v], [label[other]], "strict_auprc")[0]
        for v, other in values.items()
        for preset in rows["dataset"].unique()
    ]
    tests = [of for of in tests if of["n"]]
    close, far = sum(of["low"] > -0.05 for of in tests), sum(of["high"] < -0.05 for of in tests)
    finding = next(claim for claim in CLAIMS if claim.name == name).assess(RECORD)
    if not tests:
        assert finding.verdict in ("not recorded yet", "not tested")
        return
    assert finding.verdict == (rule(close, far, len(tests)) if near else rule(far, close, len(tests)))
    made = finding.tests.dropna(subset="p")
    assert made["difference"].tolist() == pytest.approx([of["d"] for of in tests])
