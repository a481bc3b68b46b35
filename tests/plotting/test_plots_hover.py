"""Pictures with words on the pointer: the right words at the right place, and a plain SVG beside."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from grnular_core.plotting import style as plots
from grnular_core.plotting.heatmaps import score_heatmap
from grnular_core.plotting.hover import Picture, heatmap_spots, network_spots, picture
from grnular_core.plotting.network import draw_network


@pytest.fixture(autouse=True)
def own_settings():
    with mpl.rc_context():
        plots.use_style()
        yield


def heat_map() -> Picture:
    grid = pd.DataFrame([[0.1, np.nan], [0.3, 0.4]], ["[S] a", "[S] b"], ["grnular-context", "clr"])
    figure, ax = plt.subplots(figsize=(4, 3))
    score_heatmap(ax, grid, "AUPRC", kind="auprc")
    return picture(figure, heatmap_spots(ax, grid, "AUPRC"), "Two <methods>.", "A caption & more.")


def svg_of(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.DOTALL)[0])


def fields(html: str) -> dict[str, tuple[float, ...]]:
    """Words and box (x, y, width, height) of every field."""
    return {
        rect[0].text: tuple(float(rect.get(n)) for n in ("x", "y", "width", "height"))
        for rect in svg_of(html).iter()
        if rect.tag.endswith("rect") and len(rect) and rect[0].tag.endswith("title")
    }


def test_a_cell_of_a_heat_map_says_method_data_set_and_value_where_its_number_stands():
    html = heat_map().html
    found = fields(html)
    assert set(found) == {
        "GRNULar-context (this work)\n[S] a\nAUPRC: 0.100", "CLR\n[S] a\nAUPRC: no value",
        "GRNULar-context (this work)\n[S] b\nAUPRC: 0.300", "CLR\n[S] b\nAUPRC: 0.400",
    }  # fmt: skip
    x, y, width, height = found["CLR\n[S] b\nAUPRC: 0.400"]
    place = re.search(
        r'translate\(([\d.]+) ([\d.]+)\)[^>]*>0\.400<|x="([\d.]+)" y="([\d.]+)"[^>]*>0\.400<', html
    )
    at = [float(value) for value in place.groups() if value]
    assert x < at[0] < x + width and y < at[1] < y + height


def test_a_gene_of_a_network_says_its_edges_and_lights_them_up():
    table = pd.DataFrame(
        [["A", "B", 0.9, False], ["A", "g1", 0.5, True], ["B", "g2", 0.25, True]],
        columns=["regulator", "target", "weight", "directed"],
    )
    figure, ax = plt.subplots(figsize=(5, 4))
    draw_network(ax, table, ["A", "B"])
    html = picture(figure, network_spots(ax, table, ["A", "B"]), "A network.", "Four genes.").html
    words = set(fields(html))
    assert "A, TF\njoined with B: 0.9\nregulates g1: 0.5" in words
    assert "g2, gene\nregulated by B: 0.25" in words
    for spot in svg_of(html).iter():
        if spot.get("class") == "hover-spot":
            lines = [part for part in spot if part.tag.endswith("polyline")]
            edges = spot[-1][0].text.count("\n")
            assert len(lines) >= edges > 0 and {line.get("visibility") for line in lines} == {
                "hidden"
            }


def test_a_picture_is_one_figure_with_words_and_caption_and_asks_for_nothing():
    shown = heat_map()
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert 'role="img" aria-label="Two &lt;methods&gt;."' in shown.html
    assert "<figcaption><p>A caption &amp; more.</p></figcaption>" in shown.html
    assert not re.search(r'(?:src|href)="(?!#)', re.sub(r'xmlns:?\w*="[^"]*"', "", shown.html))
    assert "hover" not in bundle["image/svg+xml"]


def test_the_same_figure_gives_the_same_bytes_and_ids_are_its_own():
    html = heat_map().html
    assert html == heat_map().html
    names = re.findall(r'\bid="([^"]+)"', html)
    assert len(set(names)) == len(names)
    for name in re.findall(r'(?:url\(#|href="#)([^")]+)', html):
        assert name in names
