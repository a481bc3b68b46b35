"""Style of all figures: one colour, label and marker a method, as its entry in the registry has them.

Colours start from Okabe and Ito's palette, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import matplotlib as mpl

from grnular_core.methods.registry import METHODS

PALETTE = {entry.name: entry.colour for entry in METHODS.values()}
# white behind every figure: labels stay dark on white when the page is dark
STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "grnular",  # same figure, same bytes
}


def use_style() -> None:
    """Set the style of every figure drawn after this call."""
    mpl.rcParams.update(STYLE)


def label(method: str) -> str:
    """Name a method as figures and tables do.

    Parameters
    ----------
    method : str

    Returns
    -------
    str
        The label of its entry; an unknown name as it is.
    """
    return METHODS[method].label if method in METHODS else method
