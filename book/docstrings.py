"""Docstrings as Sphinx reads them: a small extension that `_config.yml` names.

They are plain prose with ``code``, in which |x| is an absolute value. To Sphinx bars are marks of a
substitution, so they are escaped outside of code.
"""

from __future__ import annotations

import re
from typing import Any

CODE = re.compile(r"(``.*?``)")


def escaped(line: str) -> str:
    """The line with its bars escaped, but for those in code."""
    parts = CODE.split(line)
    return "".join(p if p.startswith("``") else p.replace("|", r"\|") for p in parts)


def process(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Sphinx's event for every docstring; changes ``lines`` in place."""
    lines[:] = [escaped(line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
