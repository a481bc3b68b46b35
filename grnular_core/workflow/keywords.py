"""Messages name options of the command line; in Python they are keywords."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from grnular_core.data.gene_lists import ALL, NAMED
from grnular_core.data.names import Duplicates, Match, Orientation
from grnular_core.data.values import ValuesAre
from grnular_core.utils.errors import GrnularError, InputWarning

_CHOICES = (Match, Duplicates, Orientation, ValuesAre)
_RULES = "|".join(sorted({*NAMED, ALL, *(word for kind in _CHOICES for word in get_args(kind))}, key=len)[::-1])
_OPTION = re.compile(
    r"--(?:(?P<flag>normalise|scaled)\b|"
    r"(?P<name>layer|gene-names|tfs|match|duplicates|orientation|values-are|genome|genes|top)\b"
    r"(?: (?P<value>(?<=--layer )(?!with\b)[\w.-]*\w|(?<=--gene-names )(?!is\b)[\w.-]*\w|(?<=--genome )[\w.-]*\w|"
    rf"(?:{_RULES})\b(?!-)))?)"
)
_NAMES = {"gene-names": "gene_symbols", "genes": "n_top_genes", "values-are": "values_are"}


def in_python(text: str) -> str:
    """Spell the command line's options in a message as keywords of Python.

    Parameters
    ----------
    text : str
        A message, such as "pass --layer raw".

    Returns
    -------
    str
        "pass layer='raw'".
    """

    def keyword(found: re.Match[str]) -> str:
        if found["flag"]:
            return f"{found['flag']}=True"
        name = _NAMES.get(found["name"], found["name"])
        return f"{name}={found['value']!r}" if found["value"] else name

    return _OPTION.sub(keyword, text)


@contextmanager
def words_of_python() -> Iterator[None]:
    """Spell the options in an error of this package as keywords.

    Yields
    ------
    None
        To what may fail.
    """
    try:
        yield
    except GrnularError as error:
        error.args = (in_python(str(error)),)
        raise


def warn(notes: Sequence[str]) -> None:
    """Hand notes to the first caller outside this package, each once, as an ``InputWarning``.

    Parameters
    ----------
    notes : sequence of str
        In the words of the command line.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("grnular_core"):
        frame, level = frame.f_back, level + 1
    for note in dict.fromkeys(notes):
        warnings.warn(in_python(note), InputWarning, stacklevel=level)
