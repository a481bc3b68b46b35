"""The networks of SERGIO's data sets DS1, DS2 and DS3, read from its input files.

SERGIO numbers genes from 0, and so does a ``GRN``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grnular_core.data.downloads import fetch
from grnular_core.simulation.networks import GRN, make_grn
from grnular_core.utils.errors import InputError

FILES = {"DS1": ("cID_4", 100), "DS2": ("cID_5", 400), "DS3": ("cID_6", 1200)}


def sergio_network(name: str) -> tuple[GRN, np.ndarray]:
    """The network and the production rates (masters, types) of "DS1", "DS2" or "DS3".

    Raises ``InputError`` for another name, ``DownloadError`` when the files cannot be had.
    """
    if name not in FILES:
        raise InputError(f"unknown SERGIO data set {name!r}; use one of {', '.join(FILES)}")
    suffix, n_genes = FILES[name]
    grn = read_interactions(fetch(f"sergio/{name}/Interaction_{suffix}.txt"), n_genes)
    return grn, read_rates(fetch(f"sergio/{name}/Regs_{suffix}.txt"), grn)


def read_interactions(path: Path, n_genes: int) -> GRN:
    """Read an Interaction file: target, number n, n regulators, n strengths K, n Hill coefficients.

    Raises ``InputError`` for a line of another form and for all that ``make_grn`` refuses.
    """
    edges: list[tuple[float, float, float, float]] = []
    for number, row in enumerate(_rows(path), start=1):
        n = row[1] if len(row) > 1 else 0
        if n < 1 or len(row) != 2 + 3 * n:
            raise InputError(
                f"{path.name}, line {number}: expected target, n and 3 n values; got {len(row)} "
                f"values with n = {n:g}"
            )
        ids, K, coop = np.reshape(row[2:], (3, int(n)))
        edges += [(r, row[0], k, c) for r, k, c in zip(ids, K, coop, strict=True)]
    try:
        return make_grn(n_genes, *np.reshape(edges, (-1, 4)).T)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def read_rates(path: Path, grn: GRN) -> np.ndarray:
    """Read a Regs file: master regulator and one rate per cell type, a line each.

    Returns the rates (masters, types) in the order of ``grn.masters()``. Raises ``InputError`` for
    lines of unequal length and for masters without a line.
    """
    rows = _rows(path)
    if len({len(row) for row in rows}) > 1 or not rows or len(rows[0]) < 2:
        raise InputError(
            f"{path.name}: expected a master regulator and one rate per cell type in every line; "
            f"the lines hold {sorted({len(row) for row in rows})} values"
        )
    rates = {row[0]: row[1:] for row in rows}
    missing = [int(gene) for gene in grn.masters() if gene not in rates]
    if missing:
        raise InputError(f"{path.name} gives no production rate for the genes {missing[:5]}")
    return np.array([rates[float(gene)] for gene in grn.masters()])


def _rows(path: Path) -> list[list[float]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [[float(value) for value in line.split(",")] for line in lines if line.strip()]
    except ValueError as error:
        raise InputError(f"{path.name} is not a table of numbers: {error}") from None
