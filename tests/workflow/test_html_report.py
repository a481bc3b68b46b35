"""The report as a page: of its own, whatever genes are called, and usable in a browser by mouse and keyboard."""

import json
import re
from collections.abc import Iterator

import browser as web
import numpy as np
import pandas as pd
import pytest
from conftest import linear_network

from grnular_core.data.dataset import make_dataset
from grnular_core.data.edges import cpdag, edge_table
from grnular_core.methods.registry import RunOptions
from grnular_core.workflow.analysis import Plan, infer_network
from grnular_core.workflow.html_report import ROWS, html_page
from grnular_core.workflow.report import Inputs, _methods_text, described, make_report

EVIL = [
    "</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "{{data}}", "a\"b'c&amp;",
    "x" * 90, "\u2028", "Ünï<b>", "javascript:window.hit=1",
]  # fmt: skip
LONE = ["MYC", "MYCN", *EVIL]


def content(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def odd_page() -> str:
    """Names and report that would be markup, signs of all kinds, no stability and no q-value."""
    tfs, rng = LONE[:3], np.random.default_rng(0)
    scores, signs = rng.random((3, len(LONE))), rng.integers(-1, 2, (3, len(LONE)))
    report = {"input": {"expression": EVIL[0]}, "methods_text": EVIL[1], "data": {"notes": EVIL}}
    return html_page(edge_table(scores, tfs, LONE, signs), tfs, report)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = make_dataset(*linear_network(n_genes=40))
    plan = Plan(bootstraps=4, decoys=3, top=30)
    network = infer_network(data, "ridge", RunOptions(seed=3), plan)
    (folder := tmp_path_factory.mktemp("in")).joinpath("tfs.txt").write_text("\n".join(data.tfs))
    inputs = Inputs(None, str(folder / "tfs.txt"), options={"n_top_genes": 2000, "normalise": True})
    return network, data, described(make_report(inputs, data, "ridge", RunOptions(seed=3), plan, network), 100)


# --- the text


def test_what_the_page_shows_is_what_the_table_says(run):
    network, data, report = run
    shown = content(html_page(network.edges, data.tfs, report, drawn=25))
    for row, (_, edge) in zip(shown["rows"], network.edges.iterrows(), strict=True):
        pair, values = row[:2], dict(zip(shown["columns"][2:], row[2:], strict=True))
        assert [shown["names"][i] for i in pair] == [edge["regulator"], edge["target"]]
        for name, value in values.items():
            assert np.isnan(edge[name]) if value is None else value == pytest.approx(edge[name], rel=1e-5)
    assert {shown["names"][i] for i in shown["tfs"]} == {*data.tfs} and shown["drawn"] == 25
    lines = cpdag(network.edges, data.tfs).head(200)
    assert [[shown["names"][i] for i in row[:2]] for row in shown["graph"]] == lines[["regulator", "target"]].values.tolist()
    assert [row[2:] for row in shown["graph"]] == lines[["sign", "directed"]].values.tolist()
    stability = network.edges["stability"].dropna()
    counts = [int(np.isclose(stability, share).sum()) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert [count for _, _, count in shown["stability"]] == counts and shown["total"] == 100
    n, q = shown["fdr"][-1]
    assert n == len(network.edges) and q == network.edges["q_value"].iloc[-1]


def test_the_page_is_of_its_own_and_equal_each_time(run):
    network, data, report = run
    page = html_page(network.edges, data.tfs, report)
    assert page == html_page(network.edges, data.tfs, report)
    addresses = set(re.findall(r"https?://[^\"'\s<)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not asked for
    assert not re.search(r"<(?:link|img|iframe)\b|\bsrc=|@import|url\((?!#)", page)
    for fact in (report["packages"]["numpy"], report["input"]["tfs_sha256"], report["methods_text"]):
        assert fact in page


def test_names_are_never_markup():
    page = odd_page()
    assert content(page)["names"] != [] and {*content(page)["names"]} == {*LONE}
    assert page.count("<script") == 2 and page.count("</script>") == 2 and "<img" not in page
    assert "{{" not in page.replace("{{data}}", "")  # all marks are filled, none by a name


def test_a_large_table_is_cut_and_an_empty_one_has_its_methods():
    genes = [f"g{i}" for i in range(80)]
    large = edge_table(np.random.default_rng(0).random((80, 80)), genes, genes)
    shown = content(html_page(large, genes, {}))
    assert len(shown["rows"]) == ROWS < shown["total"] == len(large)
    empty = html_page(large.head(0), genes, {"methods_text": "How it was done."})
    assert content(empty)["rows"] == content(empty)["graph"] == [] and "How it was done." in empty
    many = large.assign(stability=pd.Series(np.linspace(0, 1, 101)))
    bins = content(html_page(many, genes, {"method": {"bootstraps": 100}}))["stability"]
    assert len(bins) == 20 and sum(count for *_, count in bins) == 101


def test_the_methods_paragraph_says_what_was_run(run):
    network, _, report = run
    text = report["methods_text"]
    for words in (
        "inferred with ridge", "seed 3", f"SHA-256 {report['input']['tfs_sha256'][:12]}", "the 2,000 most variable TFs",
        "scaled to the same total", f"Of {len(network.edges)} edges with a weight the 100 strongest",
        "4 bootstraps of the cells in which it is among the 30 strongest", "in 3 runs", f"from {report['data']['cells']} cells",
    ):  # fmt: skip
        assert words in text, words
    plain = {**report, "method": {**report["method"], "bootstraps": 0, "decoy_runs": 0, "weights": "grnular-cells"}}
    plain["input"] = {**report["input"], "options": {}}
    text = _methods_text(plain)
    assert "bootstraps" not in text and "decoys" not in text and "trained weights grnular-cells" in text
    assert "used as given" in text and "most variable" not in text


# --- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test installs it")
    if web.BROWSER is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with web.started() as started:
        yield started


@pytest.fixture(scope="module")
def page(browser, run, tmp_path_factory) -> Iterator[object]:
    """The page of a run, quiet until the end."""
    network, data, report = run
    path = tmp_path_factory.mktemp("page") / "edges.report.html"
    path.write_text(html_page(network.edges, data.tfs, report, drawn=25), encoding="utf-8")
    with web.opened(browser, str(path)) as (page, errors, requested):
        yield page
        assert errors == [] and {*requested} == {path.as_uri()}


@pytest.fixture
def fresh(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.reload()
    return page


def cells(page, column: int) -> list[str]:
    return page.locator(f"#body td:nth-child({column})").all_inner_texts()


def boxes(page) -> list[dict]:
    return page.evaluate("[...document.querySelectorAll('#nodes rect')].map((box) => box.getBoundingClientRect().toJSON())")


def test_edges_are_searched_by_words_and_whole_names(fresh, run):
    edges = run[0].edges
    a, b = edges.loc[0, ["regulator", "target"]]
    fresh.fill("#search", f"{a} {b}")
    pairs = {*zip(cells(fresh, 2), cells(fresh, 3), strict=True)}
    assert (a, b) in pairs and pairs <= {(a, b), (b, a)}
    fresh.fill("#search", a.lower())
    n = int((edges[["regulator", "target"]] == a).any(axis=1).sum())
    assert f"{n} edges of the {len(edges)} strongest" in fresh.inner_text("#found")
    fresh.fill("#search", "nothing of that name")
    assert cells(fresh, 1) == [] and fresh.locator("#after").is_disabled()
    fresh.fill("#search", "")
    fresh.select_option("#sign", "-1")
    assert f"{(edges['sign'] < 0).sum()} edges" in fresh.inner_text("#found") and {*cells(fresh, 4)} == {"\u2212"}


def test_edges_are_sorted_by_any_column_and_turned_page_by_page(fresh, run):
    edges = run[0].edges
    names = [text.strip() for text in fresh.locator("#head th").all_inner_texts()]
    assert names == ["Rank", "Regulator", "Target", "Sign", "Weight", "Stability", "Mean rank", "q-value"]
    assert cells(fresh, 1) == [str(n) for n in range(1, 26)]
    fresh.click("#after")
    assert cells(fresh, 1)[0] == "26" and "page 2 of" in fresh.inner_text("#page")
    for column, ascending, order in (
        ("target", True, "ascending"), ("target", False, "descending"), ("stability", False, "descending"),
        ("stability", True, "ascending"), ("q_value", True, "ascending"), ("q_value", False, "descending"),
    ):  # fmt: skip
        at = ["rank", "regulator", "target", "sign", "weight", "stability", "mean_rank", "q_value"].index(column)
        fresh.locator("#head button").nth(at).focus()
        fresh.keyboard.press("Enter")  # by keyboard, which stays there
        assert fresh.evaluate("document.activeElement.parentNode.getAttribute('aria-sort')") == order
        found = edges.sort_values([column, "rank"], ascending=[ascending, True], na_position="last")
        assert cells(fresh, 1) == found["rank"].head(25).map("{:,}".format).tolist(), column


def test_a_gene_is_chosen_by_keyboard_pointer_or_name(fresh, run):
    edges = run[0].edges
    fresh.locator("#nodes [tabindex='0']").focus()
    fresh.keyboard.press("ArrowRight")
    name = fresh.evaluate("document.activeElement.querySelector('title').textContent")
    fresh.keyboard.press("Enter")
    assert fresh.input_value("#gene") == name
    assert fresh.locator("#panel h3").first.inner_text() == name
    up, down = ((edges[end] == name).sum() for end in ("target", "regulator"))
    assert f"{up} regulator" in fresh.inner_text("#panel") and f"{down} target" in fresh.inner_text("#panel")
    assert fresh.locator("#nodes .away").count() > 0
    fresh.keyboard.press("Escape")
    assert fresh.input_value("#gene") == "" and fresh.locator("#nodes .away").count() == 0
    node = fresh.locator("#nodes g").nth(2)
    node.click()
    assert node.get_attribute("aria-pressed") == "true"
    fresh.click("#clear")
    fresh.fill("#gene", edges["regulator"][0])
    fresh.get_by_text("Show its edges in the table").click()
    assert fresh.input_value("#search") == edges["regulator"][0]


def test_the_target_level_plot_has_the_strongest_regulators_with_their_trust(fresh, run):
    edges = run[0].edges
    target = edges["target"][0]
    fresh.fill("#gene", target)
    into = edges[edges["target"] == target].head(10)
    bars = fresh.locator("#panel .bars").first.locator("li")
    assert bars.locator("button").all_inner_texts() == into["regulator"].tolist()
    first = bars.locator("small").first.inner_text()
    assert f"stab. {into['stability'].iloc[0]:.2f}" in first and "q " in first
    widths = [float(width) for width in bars.evaluate_all("(all) => all.map((bar) => parseFloat(bar.querySelector('i').style.width))")]
    np.testing.assert_allclose(widths, 100 * into["weight"] / into["weight"].max(), rtol=1e-3)
    bars.locator("button").first.click()
    assert fresh.input_value("#gene") == into["regulator"].iloc[0]


@pytest.mark.parametrize("width", [1280, 390])
def test_boxes_stand_apart_inside_the_picture_and_can_be_dragged(fresh, width):
    fresh.set_viewport_size({"width": width, "height": 900})
    fresh.reload()
    for n in (5, 25, 150):
        fresh.evaluate(f"document.getElementById('count').value = {n}; document.getElementById('count').dispatchEvent(new Event('input'))")
        fresh.evaluate(web.SETTLED)  # drawn at the next frame
        assert fresh.locator("#lines path").count() == n
        found, frame = boxes(fresh), fresh.locator("#graph").bounding_box()
        for i, a in enumerate(found):
            assert a["left"] >= frame["x"] - 1 and a["right"] <= frame["x"] + frame["width"] + 1
            for b in found[:i]:
                apart = max(a["left"] - b["right"], b["left"] - a["right"], a["top"] - b["bottom"], b["top"] - a["bottom"])
                assert apart > 0, n
    fresh.locator("#graph").scroll_into_view_if_needed()
    before = boxes(fresh)[0]
    fresh.mouse.move(before["x"] + 5, before["y"] + 5)
    fresh.mouse.down()
    fresh.mouse.move(before["x"] + 45, before["y"] + 25, steps=4)
    fresh.mouse.up()
    assert boxes(fresh)[0]["y"] == pytest.approx(before["y"] + 20, abs=3)
    assert fresh.input_value("#gene") == ""  # dragged, not chosen


def test_it_is_readable_by_all_in_both_themes_and_widths(fresh):
    for theme in ("light", "dark"):
        for width in (1280, 390):
            fresh.set_viewport_size({"width": width, "height": 900})
            fresh.emulate_media(color_scheme=theme)
            fresh.reload()
            assert fresh.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
            small = "[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 12).length"
            assert fresh.evaluate(small) == 0
            assert web.violations(fresh) == [], (theme, width)
            fresh.locator("#nodes g").first.press("Enter")
            assert web.violations(fresh, ["aria-required-children", "button-name", "list", "listitem"]) == []
    dark, light = (
        fresh.emulate_media(color_scheme=theme) or fresh.evaluate("getComputedStyle(document.body).backgroundColor")
        for theme in ("dark", "light")
    )
    assert dark != light


def test_odd_names_are_shown_as_they_are_and_nothing_of_them_runs(browser, tmp_path):
    path = tmp_path / "odd.html"
    path.write_text(odd_page(), encoding="utf-8")
    with web.opened(browser, str(path)) as (page, errors, requested):
        for name in LONE:
            page.fill("#gene", name)
            page.fill("#search", name)
        page.fill("#search", "myc")  # a whole name: not MYCN
        assert page.locator("#body tr").count() == int(re.match(r"\d+", page.inner_text("#found"))[0])
        assert all("MYC" in row for row in zip(cells(page, 2), cells(page, 3), strict=True))
        assert page.evaluate("window.hit") is None and errors == [] and requested == [path.as_uri()]
        assert page.locator("#plots").is_hidden() and page.locator("main img, main b").count() == 0
        assert web.violations(page) == []


def test_without_an_edge_the_page_is_still_a_report(browser, tmp_path, run):
    network, data, report = run
    path = tmp_path / "empty.html"
    path.write_text(html_page(network.edges.head(0), data.tfs, report), encoding="utf-8")
    with web.opened(browser, str(path)) as (page, errors, _):
        assert errors == [] and page.locator("#network").is_hidden() and "0 strongest edges" in page.inner_text("#found")
        assert report["methods_text"] in page.inner_text("#methods")
