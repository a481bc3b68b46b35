"""Captions of figures: numbered page by page, with links to data, notebook and function that exist."""

import importlib
import json

import captions
import nbformat
import pytest
from execute import sources
from grnular_paper.records import recorded_folder

PICTURE = '<figure class="hover-figure"><svg></svg><figcaption><p>words \\1</p></figcaption></figure>'


# a notebook with a page of prose of its name is shown there
PAGES = [path for path in sources() if not (path.parents[1] / "book" / f"{path.stem}.md").exists()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_figure_names_recorded_tables_and_the_function_that_draws_it(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        drawn = captions.drawn_by(notebook, cell.source) if cell.cell_type == "code" else []
        if "mystnb" not in cell.metadata and not drawn:
            continue
        assert all((recorded_folder() / f"{name}.csv").exists() for name in cell.metadata["tables"])
        for name in drawn:
            module, _, function = name.rpartition(".")
            assert callable(getattr(importlib.import_module(module), function))


def test_captions_of_cells_and_of_drawn_html_get_numbers_in_their_order_and_links():
    start = nbformat.v4.new_code_cell("%config x\nfrom grnular_paper.figures.curves import Row, curve_grid as grid")
    figure = {"mystnb": {"figure": {"caption": "Words."}}, "tables": ["clean", "noisy"]}
    html = nbformat.v4.new_output("display_data", {"text/html": PICTURE, "image/svg+xml": "<svg/>"})
    cells = [
        start,
        nbformat.v4.new_code_cell("figure = grid(rows, Row(1))\nplt.show()", metadata=figure),
        nbformat.v4.new_code_cell("display(x)", metadata={"tables": []}, outputs=[html, json.loads(json.dumps(html))]),
    ]
    found = captions.numbered(nbformat.v4.new_notebook(cells=cells), "02_noisy").cells
    caption = found[1].metadata["mystnb"]["figure"]["caption"]
    assert caption.startswith("**Figure 2.1.** Words.\n\nData: <a href=\"../recorded/clean.csv\">clean.csv</a>, ")
    assert 'href="../book/api_grnular_paper.html#grnular_paper.figures.curves.curve_grid">curve_grid</a>' in caption and "Row" not in caption
    texts = [output["data"]["text/html"] for output in found[2].outputs]
    assert ["<strong>Figure 2.2.</strong> words \\1</p><p class='legend'>Data: computed on this page · " in text for text in texts] == [True, False]
    assert all(list(output["data"]) == ["text/html"] for output in found[2].outputs)
    assert "<strong>Figure 2.3.</strong>" in texts[1] and "02_noisy.ipynb" in texts[1]
    assert captions.address("grnular_core.plotting.network.draw").startswith("../book/api_plotting.html#")
