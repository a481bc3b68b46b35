"""The networks of SERGIO's data sets DS1, DS2 and DS3, read from its input files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grnular_core.downloads import fetch
from grnular_core.errors import InputError
from grnular_core.graphs import GRN, make_grn

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
    """Read an Interaction file: target, number n, n regulators, n strengths K, n Hill coefficients."""
    edges: list[tuple[int, int, float, float]] = []
    for number, row in enumerate(_rows(path), start=1):
        n = int(row[1]) if len(row) > 1 else 0
        if n < 1 or len(row) != 2 + 3 * n:
            raise InputError(
                f"{path.name}, line {number}: expected target, n and 3 n values; got {len(row)} "
                f"values with n = {n}"
            )
        ids, K, coop = (row[2 + i * n : 2 + (i + 1) * n] for i in range(3))
        edges += [(int(r), int(row[0]), k, c) for r, k, c in zip(ids, K, coop, strict=True)]
    regulator, target, K, coop = zip(*edges, strict=True)
    return make_grn(n_genes, regulator, target, K, coop)


def read_rates(path: Path, grn: GRN) -> np.ndarray:
    """Read a Regs file (master regulator, one rate per cell type) in the order of the masters."""
    rates = {int(row[0]): row[1:] for row in _rows(path)}
    missing = [int(gene) for gene in grn.masters() if gene not in rates]
    if missing:
        raise InputError(f"{path.name} gives no production rate for the genes {missing[:5]}")
    return np.array([rates[int(gene)] for gene in grn.masters()])


def _rows(path: Path) -> list[list[float]]:
    try:
        lines = path.read_text().split()
        return [[float(value) for value in line.split(",")] for line in lines]
    except ValueError as error:
        raise InputError(f"{path.name} is not a table of numbers: {error}") from None
