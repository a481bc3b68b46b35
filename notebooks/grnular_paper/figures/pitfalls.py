"""Figures of the page on metric pitfalls: orders of genes, a trapezoid under a curve.

Parameters
----------
ax : Axes
    Drawn on, and returned.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from grnular_core.plotting.style import PALETTE
from grnular_paper.figures.legends import legend_below_panel
from grnular_paper.tables.pitfalls import Curve


def order_histogram(ax: Axes, orders: np.ndarray) -> Axes:
    """How the AUPRC of a perfect prediction spreads over orders of the genes; strict, it is 1 in any.

    Parameters
    ----------
    orders : ndarray, shape (n_orders,)
        AUPRC by the paper's protocol.

    Returns
    -------
    Axes
    """
    ax.hist(orders, bins=20, color=PALETTE["grnular-context"], alpha=0.85)
    ax.axvline(1, color=PALETTE["grnboost2"], linestyle="--", linewidth=1)
    ax.text(0.99, ax.get_ylim()[1] * 0.95, "strict protocol, any order", ha="right", va="top", size=8)
    ax.set(xlim=(0, 1.02), xlabel="AUPRC of a perfect prediction, paper's protocol", ylabel="gene orders")
    return ax


def curve_areas(ax: Axes, curve: Curve) -> Axes:
    """Straight lines between the points of a precision-recall curve, and the steps of average precision.

    Parameters
    ----------
    curve : Curve

    Returns
    -------
    Axes
    """
    recall, precision = curve.recall, curve.precision
    lines, steps = PALETTE["grnular-context"], PALETTE["grnboost2"]
    ax.plot(recall, precision, color=lines, label=f"straight lines: area {curve.trapezoid:.2f}")
    label = f"average precision: {curve.average_precision:.2f}"
    ax.step(recall, precision, where="post", color=steps, label=label)
    ax.axhline(curve.density, color="#888888", linestyle="--", linewidth=1, label="density")
    ax.set(xlabel="recall", ylabel="precision", ylim=(-0.02, 1.05))
    legend_below_panel(ax)
    return ax


def floor_curve(ax: Axes, shares: np.ndarray, formula: np.ndarray, exact: np.ndarray, simulated: np.ndarray) -> Axes:
    """Draw the AUROC of random scores against the share of genes that are TFs.

    Parameters
    ----------
    shares, formula, exact, simulated : ndarray, (shares,)
        Share of TFs; the floor by its formula; with the bonus of TF pairs; of random scores.

    Returns
    -------
    Axes
    """
    ax.plot(shares, formula, color="black", linewidth=1.2, label="floor (formula)")
    ax.plot(shares, exact, color="#888888", linewidth=1.2, label="with the bonus of TF pairs")
    ax.plot(shares, simulated, "o", markersize=4, color=PALETTE["grnular-context"], label="random scores")
    ax.axhline(0.5, color=PALETTE["grnboost2"], linestyle="--", linewidth=1, label="strict protocol")
    ax.set(xlabel="TFs / genes", ylabel="AUROC of random scores", ylim=(0.45, 1.0))
    legend_below_panel(ax)
    return ax
