"""What a notebook puts out: numbers glued under their names, tables as Markdown."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import page


@pytest.fixture
def shown(monkeypatch) -> list:
    found: list = []
    monkeypatch.setattr(page, "glue", lambda name, value, display: found.append((name, value)))
    monkeypatch.setattr(page, "display", lambda text: found.append(text.data))
    return found


def test_numbers_are_glued_as_pythons_own(shown):
    page.glue_all({"a": np.float64(0.5), "b": 3, "c": "word"})
    assert shown == [("a", 0.5), ("b", 3), ("c", "word")]
    assert [type(value) for _, value in shown] == [float, int, str]


def test_a_table_is_markdown_below_its_caption_and_an_empty_one_its_text(shown):
    page.show(pd.DataFrame({"a": [1.0]}), "Words.", floatfmt=".2f")
    page.show(pd.DataFrame(), "Words.", "*nothing*")
    page.show(pd.DataFrame(), "Words.")
    assert [line.replace(" ", "") for line in shown[0].splitlines()] == ["Table:Words.", "", "|a|", "|-----:|", "|1.00|"]
    page.show(pd.DataFrame({"noisy(25)": [1.0], "x": ["noisy(75)"]}), "Words.", disable_numparse=True)
    assert shown.pop().splitlines()[2:] == ["| dropout 25 %   | x            |", "|:---------------|:-------------|",
                                            "| 1.0            | dropout 75 % |"]  # fmt: skip
    page.say("")
    page.show(pd.DataFrame({"a": [1.0]}), "Words.", folded=True)
    assert shown[1] == "*nothing*" and shown[2].startswith("Folded table: Words.\n\n|") and len(shown) == 3
