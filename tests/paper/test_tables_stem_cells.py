"""The page on mouse stem cells: its tables and verdicts, on cells small enough to count by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from grnular_paper import gene_sets, stem_cells
from grnular_paper.claims import real as claims
from grnular_paper.records import recorded_folder
from grnular_paper.tables import stem_cell_networks as networks
from grnular_paper.tables import stem_cell_verdicts as verdicts
from grnular_paper.tables import stem_cells as tables

from grnular_core.data.dataset import make_dataset

TFS = ["SOX17", "SOX2", "SOX7", "T1"]
STAND_INS = ["FN1", "LAMB1"]
NAMES = [*TFS, *STAND_INS, "X1", "X2"]


def cells_of(names: list[str], **more: object) -> tables.Cells:
    """Forty cells: SOX2 falls with time, all others rise with noise; LAMB1 varies most."""
    rng = np.random.default_rng(0)
    time = np.linspace(0, 1, 40)
    values = {name: 3 + time + rng.normal(0, 0.3, 40) for name in names}
    values["SOX2"] = 5 - time
    values["LAMB1" if "LAMB1" in names else names[-1]] = 3 + 9 * time
    cells = [f"cell_{hour}h_{i}" for i, hour in enumerate(np.repeat([0, 12, 24, 36], 10))]
    data = make_dataset(pd.DataFrame(values, cells), TFS, orientation="cells-x-genes")
    return tables.Cells(data, time, **more)


@pytest.fixture
def cells() -> tables.Cells:
    return cells_of(NAMES, chip=["NANOG", "SOX2"])


@pytest.fixture
def with_target() -> tables.Cells:
    return cells_of([*NAMES, "CFC1"])


NO_CELLS = tables.Cells(None, reason="needs the full download")


@pytest.fixture
def runs(cells) -> networks.Runs:
    """Two seeds of one method: SOX7, SOX17 above SOX2 on FN1 with the first alone, on LAMB1 never."""
    scores = np.full((len(cells.tfs), len(cells.names)), 0.1)
    place = {name: i for i, name in enumerate(cells.tfs)}
    at = {name: i for i, name in enumerate(cells.names)}
    first = scores.copy()
    first[[place["SOX7"], place["SOX17"]], at["FN1"]] = 0.9, 0.8
    first[place["SOX2"], at["LAMB1"]] = second_best = 0.7
    second = scores.copy()
    second[place["SOX2"], [at["FN1"], at["LAMB1"]]] = second_best
    made = {("grnular-cells", 0): first, ("grnular-cells", 1): second, ("clr", 0): scores}
    return networks.Runs("grnular-cells", made, {run: np.sign(s).astype(int) for run, s in made.items()})


def set_scores(above: float, p: float = 0.5) -> stem_cells.SetScores:
    return stem_cells.SetScores(0.1, 0.2, above, p, p)


def test_targets_are_the_stand_ins_until_the_gene_itself_is_there(cells, with_target):
    assert cells.targets == STAND_INS and cells.followed == "LAMB1" and not cells.has_target
    assert with_target.targets == ["CFC1"] and with_target.followed == "CFC1"
    assert sorted(cells.regulators) == ["SOX17", "SOX2", "SOX7"]
    assert (NO_CELLS.names, NO_CELLS.targets, NO_CELLS.followed) == ([], [], "CFC1")


def test_what_is_at_hand_is_listed(cells, with_target):
    text = tables.availability(cells, "TFs+500")
    assert "40 cells, 8 genes, 4 of them TFs (TFs+500)" in text and "**not in the data**" in text
    assert "hour of collection: 0.97" in text
    assert "**CFC1** is in the data" in tables.availability(with_target, "top500")
    assert tables.availability(NO_CELLS, "top500") == (
        "*The data are not available: mESC with the gene rule top500 needs the full download.*"
    )
    timeless = tables.Cells(cells.data)
    assert "**Pseudotime**: not available." in tables.availability(timeless, "TFs+500")


def test_data_that_are_not_there_are_given_with_their_reason(monkeypatch):
    pair = (tables.DATASET, tables.NETWORK)
    monkeypatch.setattr(tables, "pairs_without_data", lambda *words: {pair: "no network"})
    monkeypatch.setattr(tables, "available", lambda *words, **more: SimpleNamespace(paths={}))
    assert tables.load_cells("TFs+500") == tables.Cells(None, None, None, "no network")


def test_quality_is_a_mean_over_seeds_of_the_one_pair_and_rule():
    rows = pd.DataFrame(
        [
            ("mESC", tables.NETWORK, "clr", "TFs+500", 1.0, 0.5),
            ("mESC", tables.NETWORK, "clr", "TFs+500", 2.0, 0.7),
            ("mESC", tables.NETWORK, "clr", "top500", 9.0, 0.9),
            ("mDC", tables.NETWORK, "clr", "TFs+500", 9.0, 0.9),
        ],
        columns=["dataset", "network", "method", "genes", "strict_auprc_ratio", "strict_auroc"],
    )
    assert "1.50 times random and an AUROC of 0.60" in tables.quality(rows, "clr", "TFs+500")
    assert tables.quality(rows, "ridge", "TFs+500").startswith("no run")


def test_genes_of_the_set_in_the_data_are_bold(cells):
    table = tables.term_table(cells.names)
    assert list(table["id"]) == list(gene_sets.TERMS)
    text = table.set_index("id").loc["GO:0007492", "which (bold: in the data)"]
    assert "**SOX17**" in text and "**GATA6**" not in text
    sizes = tables.set_sizes(cells)
    assert sizes["set_in_data"] == len(gene_sets.among(gene_sets.stem_cell_genes(), NAMES))
    assert sizes["set_tfs"] == sum(tf in gene_sets.among(gene_sets.stem_cell_genes(), NAMES) for tf in TFS)
    assert sizes["named"] == sizes["named_shared"] + len(sizes["named_missing_names"].split(", "))
    assert tables.set_sizes(NO_CELLS)["set_in_data"] == 0


def test_every_seed_runs_and_the_others_once(cells):
    runs = networks.infer_all(cells, "random", [3, 4], ["clr", "random"], "cpu")
    assert list(runs.scores) == [("random", 3), ("random", 4), ("clr", 3)]
    assert runs.ours == [("random", 3), ("random", 4)]
    assert runs.scores["clr", 3].shape == (4, 8) == runs.signs["clr", 3].shape
    assert list(networks.infer_all(cells, "clr", [3, 4], [], "cpu").scores) == [("clr", 3)]
    assert not networks.infer_all(NO_CELLS, "clr", [0], [], "cpu").scores


def test_pairs_are_grouped_without_a_gene_and_itself():
    scores = np.arange(6.0).reshape(2, 3)
    groups = networks.score_groups(scores, ["A", "B"], ["A", "B", "C"], ["A", "C"])
    assert groups["all pairs"].tolist() == [1, 2, 3, 5]
    assert groups["inside the gene set"].tolist() == [2]


def test_the_gene_set_is_told_beside_simpler_methods():
    compared = {
        ("grnular-cells", 0): set_scores(0.6),
        ("grnular-cells", 1): set_scores(0.5),
        ("clr", 0): set_scores(0.7),
    }
    assert networks.mean_above(compared, "grnular-cells") == pytest.approx(0.55)
    assert networks.simpler(compared, "grnular-cells") == {"clr": 0.7}
    text = networks.set_in_words(compared, "grnular-cells")
    assert "computed for this page: 0.55 for GRNULar-cells (this work) (mean over 2 seeds); CLR" in text
    one = {run: of for run, of in compared.items() if run != ("grnular-cells", 1)}
    assert "0.60 for GRNULar-cells (this work) (one seed)" in networks.set_in_words(one, "grnular-cells")
    assert "CLR 0.70" in text and "is not specific" in text
    assert "is specific" in networks.set_in_words({**compared, ("clr", 0): set_scores(0.52)}, "grnular-cells")
    assert networks.set_in_words({("clr", 0): set_scores(0.7)}, "clr") == ""
    table = networks.set_table(compared)
    assert table["seed"].tolist() == [0, 1, ""] and table["AUROC, inside against outside"].iloc[0] == "0.600"
    assert np.isnan(networks.mean_above({}, "clr"))


def test_the_network_drawn_is_that_of_the_mean_over_seeds(cells, runs):
    drawn = networks.draw(cells, runs, 1)
    # means: SOX7 -> FN1 0.5, SOX2 -> LAMB1 0.7
    assert drawn.edges[["regulator", "target"]].iloc[0].tolist() == ["SOX2", "LAMB1"]
    assert drawn.drawn == ["LAMB1", "SOX2"] and drawn.drawn_tfs == ["SOX2"]
    assert sorted(drawn.named_tfs) == ["SOX17", "SOX7"] and drawn.n_named_drawn == 0
    assert drawn.by_seed == {0: (["SOX7"], 0.9), 1: ([], 0.7)}
    assert drawn.chance == len(drawn.drawn_tfs) / len(drawn.chosen_tfs)
    assert drawn.p_named == 1  # none or more
    assert networks.named_table(drawn).iloc[1].tolist() == [1, "none", 0.7]
    numbers = networks.drawn_numbers(drawn, cells, runs)
    assert numbers["n_edges"] == 1 and numbers["n_drawn"] == 2
    assert numbers["percent_above"] == pytest.approx(100 * 3 / 28)  # of the first seed's pairs
    nothing = networks.draw(NO_CELLS, networks.Runs("clr", {}, {}), 5)
    assert nothing.drawn == [] and np.isnan(nothing.chance)
    assert np.isnan(networks.drawn_numbers(nothing, NO_CELLS, networks.Runs("clr", {}, {}))["percent_above"])


def test_trends_are_those_of_factors_and_targets(cells):
    found = tables.trends(cells)
    assert set(found) == {*cells.regulators, *STAND_INS}
    assert found["SOX2"].rho == pytest.approx(-1) and found["LAMB1"].rho == pytest.approx(1)
    assert tables.trend_table(found).set_index("gene").loc["LAMB1", "Spearman with pseudotime"] == "+1.00"
    assert tables.trends(NO_CELLS) == {}


def test_stand_ins_are_named_and_those_that_fall(cells, with_target):
    assert "**stand-in LAMB1**" in tables.stand_ins_in_words(cells)
    assert tables.stand_ins_in_words(with_target) == "" == tables.stand_ins_in_words(NO_CELLS)
    found = {"FN1": tables.Trend(-0.9, 0.001), "LAMB1": tables.Trend(-0.1, 0.4)}
    assert tables.falling_in_words(cells, found).startswith("FN1 falls along")
    assert tables.falling_in_words(cells, {"FN1": tables.Trend(0.9, 0.001)}) == ""
    assert tables.falling_in_words(with_target, {"CFC1": tables.Trend(-0.9, 0.001)}) == ""


def test_targets_are_predicted_where_all_factors_are_there(cells):
    predicted = verdicts.prediction(cells, 0.9)
    assert list(predicted) == STAND_INS
    table = verdicts.prediction_table(predicted)
    assert len(table) == 2 and "R², SOX2" in table and "Spearman, within, SOX7" in table
    assert verdicts.prediction(NO_CELLS, 0.9) == {} and verdicts.prediction_table({}).empty
    without = cells_of([n for n in NAMES if n != "SOX7"])
    assert verdicts.prediction(without, 0.9) == {}


def test_ranks_are_told_over_seeds(cells, runs):
    ranks = verdicts.factor_ranks(cells, runs)
    assert ranks[("grnular-cells", 0), "FN1"] == [3.5, 1, 2]  # SOX2, SOX7, SOX17
    table = verdicts.rank_table(ranks).set_index(["method", "target"])
    assert table.loc[("GRNULar-cells (this work)", "LAMB1"), "SOX2"] == "1 (1 to 1)"
    assert table.loc[("CLR", "FN1"), "SOX2"] == "2"
    assert verdicts.rank_table({}).empty


def test_numbers_of_seeds_have_their_noun():
    assert [networks.seeds_in_words(n) for n in (0, 1, 3)] == ["0 seeds", "one seed", "3 seeds"]


def test_the_verdict_on_the_gene_set_counts_seeds(runs):
    compared = {run: set_scores(0.8, 0.01) for run in runs.scores}
    name, _, word, numbers = verdicts._set_statement(compared, runs)
    assert (name, word) == ("set_scores", stem_cells.AGREES)
    assert "in 2 of 2 seeds, against random sets in 2" in numbers and "outside 0.80, CLR 0.80" in numbers
    compared["grnular-cells", 1] = set_scores(0.2, 0.01)  # below chance, however sure
    assert verdicts._set_statement(compared, runs)[2] == stem_cells.NOT
    assert verdicts._set_statement({}, networks.Runs("clr", {}, {}))[2:] == (stem_cells.UNTESTED, verdicts.NO_DATA)


def test_the_verdict_on_named_tfs_counts_those_of_every_seed(cells, runs):
    drawn = networks.draw(cells, runs, 1)
    _, _, word, numbers = verdicts._named_statement(drawn)
    assert word == stem_cells.NOT and numbers.startswith("1 of 4 (TF, seed;")
    assert "not in the one drawn: SOX17, SOX7" in numbers
    every = networks.draw(cells, runs, 28)
    assert verdicts._named_statement(every)[2] == stem_cells.AGREES
    nothing = networks.draw(NO_CELLS, networks.Runs("clr", {}, {}), 5)
    assert verdicts._named_statement(nothing)[2] == stem_cells.UNTESTED


def test_the_verdict_on_chip_seq_looks_for_sox2(cells):
    assert verdicts._chip_statement(cells)[2:] == (stem_cells.AGREES, "its regulators there: NANOG, SOX2")
    assert verdicts._chip_statement(tables.Cells(None, chip=["NANOG"]))[2] == stem_cells.NOT
    assert verdicts._chip_statement(NO_CELLS)[2] == stem_cells.UNTESTED


def test_verdicts_on_ranks_are_of_the_gene_or_of_its_stand_ins(cells, runs, with_target):
    gene, stand_ins = verdicts._rank_statements(cells, runs, verdicts.factor_ranks(cells, runs))
    assert gene[2:] == (stem_cells.UNTESTED, "CFC1 is not in the data")
    assert stand_ins[2:] == (stem_cells.NOT, "(target, seed): FN1 1 of 2; LAMB1 0 of 2; chance 1 in 3")
    ranks = {(run, "CFC1"): [3.0, 1.0, 2.0] for run in runs.ours}
    (gene,) = verdicts._rank_statements(with_target, runs, ranks)
    assert gene[2:] == (stem_cells.AGREES, "2 of 2 seeds")
    (nothing,) = verdicts._rank_statements(NO_CELLS, networks.Runs("clr", {}, {}), {})
    assert nothing[2:] == (stem_cells.UNTESTED, verdicts.NO_DATA)


def test_verdicts_on_trends_are_each_of_their_direction(cells, with_target):
    found = {"SOX2": tables.Trend(-0.5, 0.01), "SOX7": tables.Trend(-0.5, 0.01), "SOX17": tables.Trend(0.5, 0.2)}
    words = [verdict for _, _, verdict, _ in verdicts._trend_statements(cells, found)]
    assert words == [stem_cells.AGREES, stem_cells.NOT, stem_cells.NOT, stem_cells.UNTESTED]
    texts = [text for _, text, *_ in verdicts._trend_statements(cells, found)]
    assert texts[0] == "SOX2 falls along pseudotime" and texts[3] == "CFC1 rises along pseudotime"
    for have, why in ((cells, "CFC1 is not in the data"), (with_target, verdicts.NO_TIME), (NO_CELLS, verdicts.NO_DATA)):
        assert verdicts._trend_statements(have, found)[3][3] == why


def test_verdicts_on_prediction_are_of_the_gene_or_of_its_stand_ins(cells, with_target):
    good = pd.DataFrame({"regulator": ["SOX2", "SOX7", "SOX17"], "r2": [0.1, 0.5, 0.4]})
    bad = good.assign(r2=[0.45, 0.5, 0.4])
    gene, stand_ins = verdicts._prediction_statements(cells, {"FN1": good, "LAMB1": bad})
    assert gene[2:] == (stem_cells.UNTESTED, "CFC1 is not in the data")
    assert stand_ins[2:] == (stem_cells.NOT, "better on 1 of 2: FN1")
    (gene,) = verdicts._prediction_statements(with_target, {"CFC1": good})
    assert gene[2:] == (stem_cells.AGREES, "by R²")
    (nothing,) = verdicts._prediction_statements(NO_CELLS, {})
    assert nothing[3] == verdicts.NO_DATA


def test_two_methods_are_judged_side_by_side_and_agreeing_statements_counted(cells, runs):
    drawn = networks.draw(cells, runs, 28)
    compared = {run: set_scores(0.8, 0.01) for run in runs.scores}
    table = verdicts.assess(cells, runs, compared, drawn, {"SOX2": tables.Trend(-0.5, 0.01)}, {})
    words = table.set_index("name")["verdict"]
    assert words["set_scores"] == words["named_tfs"] == words["chip_sox2"] == stem_cells.AGREES
    assert words["sox2_falls"] == stem_cells.AGREES and words["sox7_rises"] == stem_cells.UNTESTED
    assert verdicts.statement_numbers(table) == {"n_agree": 4, "n_statements": 10, "n_untested": 5}
    none = networks.Runs("clr", {}, {})
    other = verdicts.assess(NO_CELLS, none, {}, networks.draw(NO_CELLS, none, 5), {}, {})
    both = verdicts.side_by_side({"grnular-cells": table, "clr": other.reindex(range(len(table)))})
    assert list(both) == ["the paper says", "GRNULar-cells (this work)", "CLR", "numbers, GRNULar-cells (this work)"]
    assert both.iloc[0, 1:3].tolist() == [stem_cells.AGREES, stem_cells.UNTESTED]


def test_recorded_verdicts_have_the_form_of_those_of_this_run(tmp_path):
    rows = pd.DataFrame({"name": "chip_sox2", "the paper says": "so", "verdict": [stem_cells.AGREES], "numbers": "x"})
    for method in ("grnular", "clr"):
        stem_cells.record_statements(rows, tmp_path, {"method": method, "genes": "TFs+500"})
    found = verdicts.recorded_statements(tmp_path, ["grnular", "clr"], "TFs+500")
    assert list(found) == ["grnular", "clr"] and found["clr"].equals(rows)
    assert not verdicts.recorded_statements(tmp_path, ["grnular", "ridge"], "TFs+500")
    assert not verdicts.recorded_statements(tmp_path, ["grnular"], "top500")
    assert not verdicts.recorded_statements(tmp_path / "none", ["grnular"], "TFs+500")


def test_scores_inside_the_set_are_those_of_the_record_and_not_of_the_seeds_run_here(cells, runs, tmp_path):
    compared = {run: set_scores(above) for run, above in zip(runs.scores, (0.3, 0.44, 0.7), strict=True)}
    table = verdicts.assess(cells, runs, compared, networks.draw(cells, runs, 1), {}, {})
    settings = {"method": "grnular-cells", "seeds": 2, "genes": "TFs+500", "n_random": 10000}
    stem_cells.record_statements(table, tmp_path, settings)
    found = verdicts.recorded_set(tmp_path, "grnular-cells", "TFs+500")
    assert found == {"set_above": 0.37, "set_seeds": 2, "set_random": 10000}
    assert not verdicts.recorded_set(tmp_path, "clr", "TFs+500") and not verdicts.recorded_set(tmp_path, "grnular-cells", "top500")
    assert not verdicts.recorded_set(tmp_path / "none", "grnular-cells", "TFs+500")


def test_the_box_of_the_page_has_the_number_of_the_page_of_claims():
    found = verdicts.recorded_set(recorded_folder(), "grnular", "TFs+500")
    assert f"{verdicts.INSIDE} {found['set_above']:.2f}, " in claims.statement("set_scores")(recorded_folder()).numbers
    assert found["set_seeds"] >= 10 and found["set_random"] >= 10000
