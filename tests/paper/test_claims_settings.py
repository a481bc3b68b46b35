"""Settings of competing methods: which a claim takes, and what those of packages would say."""

import re

import numpy as np
import pandas as pd
import pytest
from grnular_paper.claims import real as claims_real
from grnular_paper.claims import registry as claim_registry
from grnular_paper.claims import simulated as claims_simulated
from grnular_paper.records import recorded_folder
from grnular_paper.verdicts import NOT_REPRODUCED, REPRODUCED

RECORD = recorded_folder()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return claim_registry.table(RECORD)


def test_a_claim_on_tuned_trees_says_where_the_settings_of_packages_give_another_word(table):
    of = table.set_index("name")["numbers"]
    assert "by the paper's protocol GRNBoost2 -0.0" in of["noisy_paper_others"] and "with which" not in of["noisy_paper_others"]
    assert of["ds_paper_others"].endswith(", with which the claim is partly reproduced")
    assert "GRNBoost2 with default settings minus GLAD-TF -0.022" in of["noisy_gladtf_auroc"]
    assert "; by the paper's protocol" not in of["noisy_glad_all"]  # over all pairs, where the package's were not run
    assert "(p" not in re.search("against default settings: (.*)With the public code", of["noisy_paper_75"])[1].split("]")[0]


def test_counts_against_packages_say_where_they_give_another_word(table):
    of = table.set_index("name")["numbers"]
    rows = pd.read_csv(RECORD / "beeline.csv").query("genes == 'TFs+500'")
    wide = rows.pivot_table(index=["network", "dataset"], columns="method", values="strict_auprc")
    gaps = wide[["glasso", "glad-tf", "genie3", "grnboost2"]].rsub(wide["grnular"], axis=0)
    higher, lower = int((gaps > 0).sum().sum()), int((gaps < 0).sum().sum())
    assert f"default settings strict higher in {higher}, lower in {lower} (not reproduced)" in of["fig8_auprc"]
    assert re.search(r"protocol higher in \d+, lower in \d+$", of["fig8_auroc"])  # the same word


def test_a_competing_method_is_its_tuned_edition_as_soon_as_half_of_its_points_have_six_graphs():
    def rows(method: str, points: int, graphs: int) -> pd.DataFrame:
        lines = [(method, p, r) for p in range(points) for r in range(graphs)]
        return pd.DataFrame(lines, columns=["method", "point", "replicate"])

    trees, edition = claims_simulated.TREES, claims_simulated._tuned_if_recorded
    plain = rows(trees, 5, 20)
    for points, graphs, tuned in ((5, 20, True), (3, 6, True), (2, 20, False), (5, 5, False), (0, 0, False)):
        found = edition(pd.concat([plain, rows(f"{trees}-tuned", points, graphs)]), trees)
        assert found == (f"{trees}-tuned" if tuned else trees)
    assert edition(rows(f"{trees}-tuned", 1, 6), trees) == f"{trees}-tuned"
    assert edition(plain, "glad") == "glad"


def test_boosting_and_forest_are_both_tuned_or_neither():
    lines = [(m, p, r) for m in ("grnboost2", "genie3", "grnboost2-tuned") for p in range(2) for r in range(6)]
    table = pd.DataFrame(lines, columns=["method", "point", "replicate"])
    assert claims_simulated._both(table) == ("grnboost2", ["genie3"])
    forest = table[table["method"] == "genie3"].assign(method="genie3-tuned")
    assert claims_simulated._both(pd.concat([table, forest])) == ("grnboost2-tuned", ["genie3-tuned"])


def test_the_papers_claims_on_real_cells_are_against_tuned_editions_that_have_every_pair():
    table = pd.DataFrame({"grnular": [2.0, 2], "clr": [1.0, 1], "clr-tuned": [3.0, 3], "ridge": [1.0, 1], "ridge-tuned": [3, np.nan]})
    assert claims_real._editions(table, ["clr", "ridge", "glasso"]) == ["clr-tuned", "ridge", "glasso"]


def test_our_own_claims_on_real_cells_are_against_the_settings_of_packages(monkeypatch):
    pairs = pd.MultiIndex.from_product([["STRING", "Non-Specific-ChIP-seq"], ["mDC"]], names=["network", "dataset"])
    table = pd.DataFrame({"grnular": [2.0, 2], "clr": [1.0, 1], "clr-tuned": [3.0, 1.5]}, index=pairs)
    monkeypatch.setattr(claims_real, "_pairs", lambda folder, value: table)
    monkeypatch.setattr(claims_real, "_informative", lambda folder: {"[S] mDC"})
    tuned, own = (claims_real.ahead("grnular", ["clr"], tuned=known)(RECORD) for known in (True, False))
    assert tuned.verdict == NOT_REPRODUCED and "higher in 1, lower in 1 of 2" in tuned.numbers
    assert "on the 1 informative pairs strict higher in 0, lower in 1: not reproduced" in tuned.numbers
    assert own.verdict == REPRODUCED and "against" not in own.numbers
    assert "on the 1 informative pairs strict higher in 1, lower in 0: holds" in own.numbers
