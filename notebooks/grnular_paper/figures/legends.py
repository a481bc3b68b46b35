"""Legends below panels, narrow and at the left: a phone, on which a figure keeps its size and scrolls, shows them whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

_NARROW: dict[str, Any] = {"fontsize": 8, "handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.0, "borderaxespad": 0.2}
_DROP = 0.2  # from a panel to its legend, in heights of the panel: room for numbers and label of its axis


def legend_below(figure: Figure, handles: Sequence[Artist], n_columns: int = 2) -> Legend:
    """Put a legend below all panels.

    Parameters
    ----------
    figure : Figure
        With constrained layout, which makes room.
    handles : sequence of Artist
        With labels; they fill column by column.
    n_columns : int
        Two columns of names of methods are as wide as a phone.

    Returns
    -------
    Legend
    """
    return figure.legend(handles=list(handles), loc="outside lower left", ncols=n_columns, **_NARROW)


def legend_below_panel(ax: Axes, n_columns: int = 2) -> Legend:
    """Put a legend below one panel.

    Parameters
    ----------
    ax : Axes
        Its lines and markers that have labels.
    n_columns : int
        Two columns of names of methods are as wide as a phone.

    Returns
    -------
    Legend
    """
    return ax.legend(loc="upper left", bbox_to_anchor=(0, -_DROP), ncols=n_columns, **_NARROW)
