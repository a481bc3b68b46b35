"""Output of notebooks: tables as Markdown, numbers for sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd
from IPython.display import Markdown, display
from myst_nb import glue


def glue_all(numbers: Mapping[str, object]) -> None:
    """Glue every number or word under its name, for the role ``glue:text`` of this or another page.

    Parameters
    ----------
    numbers : mapping of str to object
        Name and value of each; NumPy scalars become Python's.
    """
    for name, value in numbers.items():
        glue(name, value.item() if hasattr(value, "item") else value, display=False)


def say(text: str) -> None:
    """Show a text as Markdown, nothing for an empty one.

    Parameters
    ----------
    text : str
    """
    if text:
        display(Markdown(text))


def show(
    table: pd.DataFrame, caption: str, empty: str = "", index: bool = False, folded: bool = False, **options: object
) -> None:  # fmt: skip
    """Show a table as Markdown below its caption, to which the book gives a number (``book/captions.py``).

    Presets of the simulator with dropout are shown in words.

    Parameters
    ----------
    table : DataFrame
        Table to show; without rows the text ``empty`` is shown, where there is one.
    caption : str
        What the table has, of how many and in which unit, in one line of Markdown.
    empty : str
        Markdown for a table without rows.
    index : bool
        Whether the index is the first column.
    folded : bool
        Whether the book shows the first words of the caption, up to a comma, colon or full stop, and the table at a click.
    **options : object
        Of ``DataFrame.to_markdown``: ``floatfmt``, ``disable_numparse``, ``colalign``.
    """
    shown = table.rename(columns=_in_words, index=_in_words).map(_in_words).to_markdown(index=index, **options)
    start = "Folded table" if folded else "Table"
    say(empty if empty and table.empty else f"{start}: {caption}\n\n{shown}" if shown else "")


def _in_words(value: object) -> object:
    """``noisy(25)`` as ``dropout 25 %``; anything else as it is."""
    return re.sub(r"^noisy\((\d+)\)$", r"dropout \1 %", value) if isinstance(value, str) else value
