"""Docstrings and signatures as Sphinx reads them: a small extension that `_config.yml` names.

In docstrings |x| is an absolute value. To Sphinx bars are marks of a substitution, so they are escaped outside
of code. References become lists.

A signature must be Python again when Sphinx has put it together, or it is shown as raw text.
Some values have no text that is Python: the field of a dataclass whose value is made anew for every
object shows as <factory>. Such values, and those too long to be read, are left out as ``...``.
"""

import ast
import re
from typing import Any

CODE = re.compile(r"(``.*?``)")
NO_PYTHON = re.compile(r"(= ?)<[^<>]*>")
FOOTNOTE = re.compile(r"^( *)\.\. (\[\w+\]) ")
CITED = re.compile(r"(\[\w+\])_(?!\w)")
NAMED_FIELD = re.compile(r"Alias for field number \d+$")
LONGEST = 40  # characters of a default value


def escaped(line: str) -> str:
    """The line with its bars escaped, but for those in code."""
    return "".join(p if p.startswith("``") else p.replace("|", r"\|") for p in CODE.split(line))


def listed(lines: list[str]) -> list[str]:
    """References as a list: as footnotes, [1] of one docstring would meet [1] of the next on a page."""
    kept, margin = [], None
    for line in lines:
        if found := FOOTNOTE.match(line):
            margin = found[1]
            line = f"{margin}* {found[2]} {line[found.end():]}"
        elif margin is not None and line.startswith(f"{margin} "):
            line = f"{margin}  {line.strip()}"
        elif line:
            margin = None
        kept.append(line)
    return kept


def shortened(signature: str) -> str:
    """The signature, such as ``(a, b=1)``, with defaults that are long or no Python as ``...``."""
    python = NO_PYTHON.sub(r"\1...", signature)
    try:
        (function,) = ast.parse(f"def f{python}: ...").body
    except SyntaxError:
        return signature
    given = function.args
    for defaults in (given.defaults, given.kw_defaults):
        defaults[:] = [value and _short(value) for value in defaults]
    return f"({ast.unparse(given)})"


def _short(value: ast.expr) -> ast.expr:
    return value if len(ast.unparse(value)) <= LONGEST else ast.Constant(...)


def process_docstring(app: Any, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Sphinx's event for every docstring; changes ``lines`` in place."""
    if lines and NAMED_FIELD.match(lines[0]):  # Python's text of a field of a named tuple
        lines.clear()
    lines[:] = [escaped(CITED.sub(r"\1", line)) for line in listed(lines)]


def process_signature(
    app: Any, what: str, name: str, thing: object, options: object, signature: str, returned: str
) -> tuple[str, str] | None:
    """Sphinx's event for every signature; None leaves a thing without one as it is."""
    return (shortened(signature), returned) if signature else None


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process_docstring)
    app.connect("autodoc-process-signature", process_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
