"""The summary of all methods on all settings, and the sentences of the first page."""

import re

import first_page
import numpy as np
import pandas as pd
import pytest
from grnular_paper.claims import registry
from grnular_paper.figures.overview import SIGNS, overview_figure
from grnular_paper.records import recorded_folder
from grnular_paper.tables import overview

FOLDER = recorded_folder()
FOUND = overview.overview(FOLDER)


def test_a_method_is_compared_on_the_networks_that_all_have():
    for setting, rows in FOUND.groupby("setting"):
        assert setting.startswith("DS") or rows["units"].nunique() == 1
    real = pd.read_csv(FOLDER / "beeline.csv")
    real = real[(real["genes"] == "TFs+500") & (real["network"] == "STRING")]
    real = real[real["method"].isin(overview.METHODS)].assign(ratio=real["strict_auprc"] / real["density"])
    wide = real.groupby(["dataset", "method"])["ratio"].mean().unstack().dropna()
    got = FOUND[FOUND["setting"] == "STRING"].set_index("method")["ratio"]
    assert np.allclose(got, np.exp(np.log(wide).mean())[got.index])


def test_more_real_cells_have_the_means_of_their_page():
    rows = pd.read_csv(FOLDER / "more_cells.csv")
    rows = rows[(rows["tf_list"] == "BEELINE") & (rows["kind"] == "curated") & (rows["method"] == "grnular-curated")]
    by_network = rows.groupby(["dataset", "network"])["strict_auprc_ratio"].mean()
    by_set = np.exp(np.log(by_network).groupby("dataset").mean())
    got = FOUND[(FOUND["setting"] == "curated networks") & (FOUND["method"] == "grnular-curated")].iloc[0]
    assert got["units"] == len(by_set) == 8 and got["ratio"] == pytest.approx(np.exp(np.log(by_set).mean()))


def test_tuned_rows_stand_for_their_method():
    rows = pd.read_csv(FOLDER / "clean.csv")
    some = rows[(rows["cells"] == 1000) & (rows["cell_types"] == 5) & (rows["method"] == "ridge-tuned")]
    networks = FOUND[(FOUND["setting"] == "no noise")]["units"].iloc[0]
    some = some[some["replicate"] < networks]
    shared = some["strict_auprc"] / some["density"]
    got = FOUND[(FOUND["setting"] == "no noise") & (FOUND["method"] == "ridge")]["ratio"].item()
    assert got == pytest.approx(np.exp(np.log(shared).mean()))


def test_on_ds1_to_ds3_the_settings_of_packages_stand_which_for_grnboost2_are_the_better_ones():
    rows = pd.read_csv(FOLDER / "ds.csv").query("tf_information == 'with'")
    means = rows.groupby(["dataset", "method"])["strict_auprc"].mean()
    for name in ("DS1", "DS2", "DS3"):
        assert means[name, "grnboost2"] > means[name, "grnboost2-tuned"]
        own = rows[(rows["dataset"] == name) & (rows["method"] == "grnboost2")]
        shown = FOUND[(FOUND["setting"] == name) & (FOUND["method"] == "grnboost2")]["ratio"].item()
        assert shown == pytest.approx(np.exp(np.log(own["strict_auprc"] / own["density"]).mean()))


def test_a_page_starts_with_the_numbers_of_its_settings():
    numbers = overview.main_numbers(FOLDER, {"no noise": "clean", "DS1": "DS1"})
    of = FOUND.set_index(["setting", "method"])["ratio"]
    assert numbers["main_clean_grnular-context"] == of["no noise", "grnular-context"]
    others = of["no noise"].drop("grnular-context")
    assert numbers["main_clean_best_ratio"] == others.max() and numbers["main_DS1_grnular"] == of["DS1", "grnular"]


def test_one_network_and_few_units_have_no_interval():
    known = FOUND["low"].notna()
    assert not known[FOUND["setting"].str.startswith("DS")].any()
    assert (FOUND[known]["units"] >= 6).all() and known.any()
    assert (FOUND[known]["low"] < FOUND[known]["ratio"]).all()


def test_the_figure_has_a_panel_a_setting_and_rings_the_best():
    figure = overview_figure(FOUND)
    panels = [ax for ax in figure.axes if ax.get_visible()]
    of = FOUND.drop_duplicates("setting")
    titles = [ax.get_title().replace("\n", " ") for ax in panels]
    assert titles == [f"{row.setting} n = {row.n}" for row in of.itertuples()]
    assert set(of["n"]) == {"10 networks", "1 network", "6 datasets", "8 datasets", "5 datasets"}
    for ax, setting in zip(panels, of["setting"], strict=True):
        (ring,) = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
        assert ring.get_xdata()[0] == overview.best(FOUND, setting)["ratio"]
        opened = sorted(line.get_xdata()[0] for line in ax.lines if line.get_markerfacecolor() == "white")
        assert opened == sorted(FOUND[(FOUND["setting"] == setting) & FOUND["trained_there"]]["ratio"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(SIGNS)


def test_models_trained_on_the_distribution_of_a_setting_are_those_that_the_caption_names():
    opened = FOUND[FOUND["trained_there"]].groupby("setting")["method"].agg(set).to_dict()
    papers = {"grnular", "glad-tf", "grnular-context"}
    assert opened == {
        "no noise": papers, "dropout 25 %": papers, "dropout 50 %": {"grnular-context"}, "dropout 75 %": {"grnular-context"},
        "curated networks": {"grnular-curated"},
    }  # fmt: skip


def test_a_method_without_a_marker_is_one_that_the_caption_names():
    settings = dict.fromkeys(FOUND["setting"])
    absent = {m: [s for s in settings if m not in set(FOUND[FOUND["setting"] == s]["method"])] for m in overview.METHODS}
    random = ["no noise", *(f"dropout {q} %" for q in (25, 50, 75))]
    assert {m: of for m, of in absent.items() if of} == {"genie3": random}


def test_the_first_page_has_the_numbers_of_the_record():
    short, details = first_page.findings(FOLDER)
    assert short.count("\n- ") == 2  # three findings
    text = " ".join((short + details).split())
    of = FOUND.set_index(["setting", "method"])["ratio"]
    assert f"AUPRC of {of['no noise', 'grnular']:.1f} times random" in text
    counts = registry.counts(registry.table(FOLDER)).set_index("verdict")["strict protocol"]
    assert f"{counts.sum()} [claims](claims.md) {counts['reproduced']} are reproduced" in text
    rows = pd.read_csv(FOLDER / "clean.csv").query("cells == 1000 and cell_types == 5 and tf_information == 'with' and replicate < 20")
    for name in ("grnular", "grnular-untrained"):
        assert f"{rows[rows['method'] == name]['strict_auprc'].mean():.3f}" in text
    advice = " ".join(first_page.advice(FOLDER).split())
    assert f"takes minutes, {of['STRING', 'regdiffusion']:.1f}, and the published model {of['STRING', 'grnular']:.1f}. Over the" in advice
    beeline = pd.read_csv(FOLDER / "beeline.csv").query("genes == 'TFs+500' and network == 'STRING' and dataset == 'hESC'")
    hesc = beeline.eval("ratio = strict_auprc / density").groupby("method")["ratio"].mean()
    assert f"the published model {hesc['grnular']:.2f} and RegDiffusion {hesc['regdiffusion']:.2f}" in advice
    held = pd.read_csv(FOLDER / "held_out.csv").query("kind == 'curated' and tf_list == 'BEELINE' and method == 'grnular-curated'")
    curated = np.exp(np.log(held.groupby("network")["strict_auprc_ratio"].mean()).mean())
    assert f"against curated networks it has {curated:.2f}, " in advice
    package = registry.table(FOLDER).set_index("name").loc["fig8_auprc", "numbers"]
    assert re.search(r"default settings strict higher in (\d+)", package)[1] + " where they have default settings" in text


def test_means_without_the_blood_datasets_are_over_the_others():
    rows = pd.read_csv(FOLDER / "beeline.csv").query("genes == 'TFs+500' and network == 'STRING' and method == 'correlation'")
    ratio = rows.set_index("dataset").eval("strict_auprc / density").drop(["mHSC-GM", "mHSC-L"])
    assert overview.without_blood(FOLDER)["correlation"] == pytest.approx(np.exp(np.log(ratio).mean()))


def test_by_the_papers_protocol_the_published_model_is_between_grnboost2_and_glad_tf_under_dropout(monkeypatch):
    leads = first_page.papers_leads(FOLDER)
    names = {"papers_grnboost2_tuned", "papers_grnboost2", "papers_glad_tf", "strict_grnboost2_tuned", "strict_p"}
    assert set(leads) == names and min(leads.values()) > 0
    rows = first_page.grids.rows("noisy", FOLDER)
    monkeypatch.setattr(first_page.grids, "rows", lambda *of: rows.assign(paper_auprc=-rows["paper_auprc"]))
    with pytest.raises(ValueError, match="no longer"):
        first_page.papers_leads(FOLDER)
    absent = (rows["method"] == "grnboost2") & (rows["place"] == 10000)
    monkeypatch.setattr(first_page.grids, "rows", lambda *of: rows[~absent])
    with pytest.raises(ValueError, match="not run at all points"):
        first_page.papers_leads(FOLDER)


def test_a_finding_whose_verdict_changed_stops_the_build(monkeypatch):
    claims = registry.table(FOLDER)
    changed = claims.assign(verdict=claims["verdict"].where(claims["name"] != "fig8_auprc", "reproduced"))
    monkeypatch.setattr(registry, "table", lambda folder: changed)
    with pytest.raises(ValueError, match="takes the claim fig8_auprc as partly reproduced, and the record says reproduced"):
        first_page.findings(FOLDER)


def test_the_best_other_method_is_not_of_this_work():
    found = pd.DataFrame({"setting": "s", "method": ["grnular-context", "clr", "ridge"], "ratio": [3.0, 1, 2]})
    assert overview.best(found, "s")["method"] == "grnular-context"
    assert first_page.best_of_others(found, "s")["method"] == "ridge"
