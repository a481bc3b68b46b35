"""Captions of figures and tables: numbered page by page; of figures with links to data, notebook and function that exist."""

import ast
import importlib
import json
import re
from pathlib import Path

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
    assert 'href="../book/api_figures.html#grnular_paper.figures.curves.curve_grid">curve_grid</a>' in caption and "Row" not in caption
    texts = [output["data"]["text/html"] for output in found[2].outputs]
    assert ["<strong>Figure 2.2.</strong> words \\1</p><p class='legend'>Data: computed on this page · " in text for text in texts] == [True, False]
    assert all(list(output["data"]) == ["text/html"] for output in found[2].outputs)
    assert "<strong>Figure 2.3.</strong>" in texts[1] and "02_noisy.ipynb" in texts[1]
    assert captions.address("grnular_core.plotting.network.draw").startswith("../book/api_plotting.html#")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_table_of_a_notebook_has_a_caption(path):
    notebook = nbformat.read(path, as_version=4)
    calls = [node for cell in notebook.cells if cell.cell_type == "code" for node in ast.walk(captions.parsed(cell.source))]
    calls = [node for node in calls if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show"]
    assert all(len(call.args) > 1 for call in calls)
    for text in (cell.source for cell in notebook.cells if cell.cell_type == "markdown"):
        assert len(re.findall(r"^\|[ :|-]+\|$", text, re.MULTILINE)) == len(captions.TABLE.findall(text))


@pytest.mark.parametrize("page", sorted(Path(captions.__file__).parent.glob("*.md")), ids=lambda page: page.stem)
def test_every_table_of_a_page_of_prose_has_a_caption(page):
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^\|[ :|-]+\|$", text, re.MULTILINE)) == len(captions.TABLE.findall(text))


def test_tables_get_numbers_and_addresses_in_their_order(tmp_path):
    table = "Table: Words, n = 3.\n\n| a |\n|---|\n| 1 |\n"
    output = nbformat.v4.new_output("display_data", {"text/markdown": table.rstrip()})
    cells = [nbformat.v4.new_code_cell("show(x)", outputs=[output, json.loads(json.dumps(output))]), nbformat.v4.new_markdown_cell(table)]
    one, two = (found["data"]["text/markdown"] for found in captions.numbered(nbformat.v4.new_notebook(cells=cells), "02_noisy").cells[0].outputs)
    assert one == "::::{table} **Table 2.1.** Words, n = 3.\n:name: table-2-1\n\n| a |\n|---|\n| 1 |\n::::\n"
    assert "**Table 2.2.**" in two and "**Table 2.3.**" in cells[1].source
    texts = (captions.with_tables(f"Table: W.\n\n| a |\n|---|\n| {cell} |\n", captions.numbers("Table 1")) for cell in ("x " * 200, f"<details>{'x ' * 200}</details>"))
    assert [":class: long" in text for text in texts] == [True, False]
    assert ":class: wrap\n" in captions.with_tables(f"{table}| {'x' * 41} |\n", captions.numbers("Table 1"))
    folded = captions.with_tables(f"Folded t{table[1:]}", captions.numbers("Table 1"))
    assert folded == f":::::{{dropdown}} Table 1.1. Words\n{one.replace('2.1', '1.1').replace('2-1', '1-1')}:::::\n"
    (tmp_path / "_generated").mkdir()
    (tmp_path / "_generated" / "part.md").write_text(table)
    page = tmp_path / "page.md"
    page.write_text(f"{table}\n```{{include}} _generated/part.md\n```\n\n```{{figure}} a.svg\n:alt: b\n\nWords.\n```\n\nend\n")
    captions.complete(page)
    text = page.read_text()
    assert "```{figure} a.svg\n:alt: b\n\n**Figure page.1.** Words.\n```" in text
    assert text.count("::::{table}") == 2 and ":name: table-page-2" in text and text.endswith("```\n\nend\n")


@pytest.mark.parametrize(("stem", "by_paper"), [("02_noisy_dropout", 2), ("03_ds1_ds3", 1)])
def test_figures_by_the_papers_protocol_lead_to_the_star_of_training_on_the_test_distribution(stem, by_paper):
    (path,) = [page for page in PAGES if page.stem == stem]
    cells = nbformat.read(path, as_version=4).cells
    found = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for cell in cells]
    theirs = [caption for caption in found if "by the paper's protocol" in caption]
    assert len(theirs) == by_paper and all("star of [the figure scored strictly](#scored-strictly)" in c for c in theirs)
    starred = [place for place, caption in enumerate(found) if "Star: a model trained on this very distribution" in caption]
    headings = [place for place, cell in enumerate(cells) if cell.source.startswith("## Scored strictly\n")]
    assert len(starred) == len(headings) == 1 and headings[0] < starred[0]
