"""The drawings of the page on the method: equal bytes, the numbers of the code, words for all."""

import re
from pathlib import Path
from xml.etree import ElementTree

import figures
import learned_figures
import matplotlib as mpl
import pytest
import torch
from torch import nn

from grnular_core.models.edge_features import EDGE_FEATURES
from grnular_core.models.grnular import GRNULar, GRNULarConfig

ROOT = Path(__file__).resolve().parents[2]
PAGE = "\n".join((ROOT / f"book/method{part}.md").read_text(encoding="utf-8") for part in ("", "_models", "_code"))
DIRECTIVE = re.compile(
    r"```\{figure\} _generated/(\w+)\.svg\n((?::\w+: [^\n]*\n)+)\n(.+?)```", re.DOTALL
)


@pytest.fixture(autouse=True)
def own_settings():
    with mpl.rc_context():
        yield


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[str, str]:
    """Name and text of every file that the build writes."""
    with mpl.rc_context():
        paths = figures.write_figures(tmp_path_factory.mktemp("figures"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def words(svg: str) -> list[str]:
    """Every piece of text of an SVG, as text."""
    return [
        "".join(e.itertext()).strip()
        for e in ElementTree.fromstring(svg).iter()
        if e.tag.endswith("}text")
    ]


def texts_of(figure) -> list[str]:
    return [line for text in figure.axes[0].texts for line in text.get_text().split("\n")]


def numbers_of(module: nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.state_dict().values())


# --- files --------------------------------------------------------------------------------------


def test_the_same_code_draws_the_same_bytes(drawn, tmp_path):
    mpl.rcParams["font.size"] = 20  # whatever was set before
    mpl.rcParams["svg.fonttype"] = "path"
    again = {
        path.stem: path.read_text(encoding="utf-8") for path in figures.write_figures(tmp_path)
    }
    assert again == drawn


def test_drawing_moves_no_random_state_and_writes_nothing_else(tmp_path):
    before = torch.get_rng_state()
    written = figures.write_figures(tmp_path / "new")
    assert sorted((tmp_path / "new").iterdir()) == sorted(written)
    assert torch.equal(before, torch.get_rng_state())


def test_text_is_text_on_white_and_large_enough_for_a_phone(drawn):
    for name, svg in drawn.items():
        assert len(words(svg)) > 5, name
        assert re.search(r"fill: ?#ffffff", svg), name
        width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
        shown = 325 / width  # pixels a point, in the column that a window of 390 pixels leaves
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )*?([\d.]+)px", svg)]
        assert sizes and min(sizes) * shown >= 9, name


@pytest.mark.parametrize("name", figures.FIGURES)
def test_no_text_leaves_the_page_or_covers_other_text(name):
    figure = figures.FIGURES[name]()
    figure.canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent()) for t in figure.axes[0].texts]
    width, height = figure.bbox.width, figure.bbox.height
    for i, (text, box) in enumerate(boxes):
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height, text
        for other, around in boxes[:i]:
            assert not box.padded(-1).overlaps(around.padded(-1)), (text, other)


# --- numbers ------------------------------------------------------------------------------------


def test_the_network_figure_shows_the_path_product_of_its_weights(drawn):
    theta = torch.tensor(figures.W1).abs() @ torch.tensor(figures.W2).abs()
    shown = words(drawn["network"])
    for value in theta.flatten().tolist():
        assert (f"{value:.2f}" if value else "0") in shown
    assert f"= {theta[0, 1]:.2f}" in " ".join(shown)
    assert not theta[:, figures.GENES.index("d")].any()  # the figure says: no path


def test_the_tiny_networks_have_the_layers_and_numbers_of_the_modules(drawn):
    model, shown = GRNULar(), words(drawn["tiny_networks"])
    for part in (model.rho_nn, model.lambda_nn):
        assert f"{numbers_of(part)} numbers" in shown
    sizes, functions = learned_figures.layers_of(model.rho_nn.network)
    linear = [layer for layer in model.rho_nn.network if isinstance(layer, nn.Linear)]
    assert (
        sizes == [linear[0].in_features, *[layer.out_features for layer in linear]] == [3, 3, 3, 1]
    )
    assert functions == ["tanh", "tanh", "sigmoid"]
    assert learned_figures.layers_of(model.lambda_nn.network) == ([2, 3, 1], ["tanh", "sigmoid"])
    assert shown.count("tanh") == 3 and shown.count("sigmoid") == 2


def test_the_tiny_networks_are_those_of_the_paper():
    with pytest.raises(TypeError, match="got ContextRho"):
        learned_figures.tiny_networks_figure(GRNULarConfig(rho="context"))


def test_the_context_figure_counts_the_numbers_of_the_module(drawn):
    config = learned_figures.shipped_config()
    ensemble, shown = GRNULar(config).rho_nn, words(drawn["context"])
    rho = ensemble.members[0]
    text = f"together {numbers_of(rho):,}; 2 such networks {numbers_of(ensemble):,}"
    assert text in shown and numbers_of(ensemble) == 2 * numbers_of(rho) + 3
    assert f"{rho.enter.in_features} numbers of every edge" in shown
    assert rho.enter.in_features == 3 * (config.context_features + 2) + 2  # what the box below says
    assert f"{config.context_layers} layers of width {config.context_width}" in shown
    small = GRNULarConfig(rho="context", context_width=8, context_layers=2)
    lines = texts_of(learned_figures.context_figure(small))
    assert f"together {numbers_of(GRNULar(small).rho_nn):,}" in lines
    assert "2 layers of width 8" in lines
    with pytest.raises(TypeError, match="got RhoNN"):
        learned_figures.context_figure(GRNULarConfig())


# --- the page -----------------------------------------------------------------------------------


def test_the_page_shows_every_figure_once_with_a_name_a_caption_and_words_in_its_place():
    found = DIRECTIVE.findall(PAGE)
    assert sorted(name for name, _, _ in found) == sorted(figures.FIGURES)
    assert PAGE.count("{figure}") == len(found)
    for name, options, caption in found:
        values = dict(re.findall(r":(\w+): (.+)", options))
        assert values["name"].startswith("fig-"), name
        assert len(values["alt"]) > 80 and values["alt"].endswith("."), name
        assert len(caption.split()) > 10, name


def test_the_page_lists_the_edge_features_in_their_order():
    rows = PAGE.split("| edge feature | definition |")[1].split("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == EDGE_FEATURES
