"""The marker of a method in figures of dots: the published model and those of this work differ from all others."""

from __future__ import annotations

from grnular_core.methods.registry import METHODS

PUBLISHED, THIS_WORK = "grnular", "(this work)"  # of the latter the label ends so


def mark(method: str) -> str:
    """A square for the published model, a diamond for models of this work, a dot for others.

    Parameters
    ----------
    method : str
        A name of the registry, or another.

    Returns
    -------
    str
        A marker of matplotlib.
    """
    if method == PUBLISHED:
        return "s"
    return "D" if method in METHODS and METHODS[method].label.endswith(THIS_WORK) else "o"
