"""Clean expression in steady state: the stochastic dynamics of SERGIO, compiled, and its networks.

Dibaeinia and Sinha (2020) describe every gene by a chemical Langevin equation,

    dx = (P - d x) dt + q (sqrt(P) dW + sqrt(d x) dV),
    P  = sum over regulators of K h(r)  or  |K| (1 - h(r)),    h(r) = r^n / (H^n + r^n),

with decay d, Hill coefficient n, and half-response H, the mean level of that regulator over the
cell types. Regulators act with their level at the same time step. Master regulators have a constant
P for every cell type. A cell type is one long trajectory; cells are time points of it.

The noise is SERGIO's ``dpd`` (its ``sp`` and ``spd`` are left out). The sum of its two normals has
variance q^2 (P + d x), so one draw a step suffices: same distribution, half the numbers. Levels are
held at 0 from below. With strong noise that raises the mean of a gene of low production above P / d.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from grnular_core.data.downloads import fetch
from grnular_core.simulation.networks import GRN, make_grn, topological_order
from grnular_core.utils.errors import InputError
from grnular_core.utils.jit import compiled

HalfResponse = Literal["simulated", "expected"]
DATASETS = {"DS1": ("cID_4", 100), "DS2": ("cID_5", 400), "DS3": ("cID_6", 1200)}


@dataclass(frozen=True)
class Kinetics:
    """Parameters of the dynamics and of the cells.

    Raises ``InputError`` for values out of range.
    """

    n_types: int = 5  # cell types
    n_cells: int = 1000  # in all types together
    noise: float = 0.1  # q
    decay: float = 1.0  # d
    sampling_state: int = 15  # steps of a trajectory for each cell of its type
    dt: float = 0.01  # time step
    # Master regulators draw their production rates from these two ranges, per cell type, with equal
    # chance; one range twice is a single one.
    low: tuple[float, float] = (0.2, 0.5)
    high: tuple[float, float] = (0.7, 1.0)
    # H is the mean of the regulator's "simulated" cells, as in the first SERGIO, or its "expected"
    # level, computed without noise before anything is simulated, as in SERGIO 2 and sergio-rs.
    half_response: HalfResponse = "simulated"
    # 2 or more: so many states are drawn, and the types are points at equal distances on the path
    # through them. With many types and few states cells differentiate step by step.
    anchors: int = 0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.half_response not in get_args(HalfResponse):
            raise InputError(
                f"half_response {self.half_response!r}; choose one of "
                f"{', '.join(get_args(HalfResponse))}"
            )
        if not 1 <= self.n_types <= self.n_cells:
            raise InputError(
                f"need at least one cell of every type; got {self.n_cells} cells of "
                f"{self.n_types} types"
            )
        if not (self.dt > 0 and self.decay > 0 and self.noise >= 0 and self.sampling_state >= 1):
            raise InputError(
                "need dt > 0, decay > 0, noise >= 0 and sampling_state >= 1; got "
                f"{self.dt}, {self.decay}, {self.noise}, {self.sampling_state}"
            )
        if self.anchors < 0 or self.anchors == 1:
            raise InputError(f"a path has 2 anchors or more, or 0 for no path; got {self.anchors}")
        if not self.dt * self.decay < 1:
            raise InputError(f"dt x decay is {self.dt * self.decay}; below 1 is needed, 0.01 usual")
        for low, high in (self.low, self.high):
            if not 0 <= low <= high < np.inf:
                raise InputError(
                    f"production rates are drawn from ranges 0 <= low <= high, got {low} to {high}"
                )

    def cells_per_type(self) -> np.ndarray:
        """Count the cells of every type.

        Returns
        -------
        ndarray of int, shape (types,)
            When they do not divide evenly the first types get one more.
        """
        sizes = np.full(self.n_types, self.n_cells // self.n_types)
        sizes[: self.n_cells % self.n_types] += 1
        return sizes


def random_rates(n_masters: int, kinetics: Kinetics, rng: np.random.Generator) -> np.ndarray:
    """Draw production rates of master regulators.

    Parameters
    ----------
    n_masters : int
    kinetics : Kinetics
    rng : Generator

    Returns
    -------
    ndarray of float, shape (masters, types)
        From the low or the high range with equal chance; with anchors, points on a path.
    """
    shape = (n_masters, kinetics.anchors or kinetics.n_types)
    low, high = rng.uniform(*kinetics.low, shape), rng.uniform(*kinetics.high, shape)
    rates = np.where(rng.random(shape) < 0.5, low, high)
    return along_path(rates, kinetics.n_types) if kinetics.anchors else rates


def along_path(states: np.ndarray, n_points: int) -> np.ndarray:
    """Place points at equal distances on the lines from one state to the next.

    Parameters
    ----------
    states : ndarray of float, shape (coordinates, states)
        Two states or more.
    n_points : int
        Number of points, the first and last state among them.

    Returns
    -------
    ndarray of float, shape (coordinates, points)
    """
    last = states.shape[1] - 1
    place = np.linspace(0, last, n_points)
    before = np.minimum(place.astype(int), last - 1)
    share = place - before
    return (1 - share) * states[:, before] + share * states[:, before + 1]


@compiled
def _add_hill(P, level, half, K, coop):  # pragma: no cover - compiled
    """P (n,) += the effect of a regulator with ``level`` (n,)."""
    zero, one = np.float32(0.0), np.float32(1.0)
    if coop == 2.0:
        h = half * half
        for i in range(P.size):
            r = level[i] * level[i]
            hill = r / (r + h) if r > zero else zero
            P[i] += K * hill if K > zero else -K * (one - hill)
    else:  # by the ratio: infinite powers of it still give 0 or 1
        for i in range(P.size):
            r = level[i]
            hill = one / (one + (half / r) ** coop) if r > zero else zero
            P[i] += K * hill if K > zero else -K * (one - hill)


@compiled
def _integrate(x, P, normal, dt, decay, q):  # pragma: no cover - compiled
    """Euler-Maruyama, in place: ``normal`` (steps, types) becomes the trajectory.

    ``x`` (types,) is the start and ends as the last level.
    """
    root = np.float32(q * np.sqrt(dt))
    for t in range(normal.shape[0]):
        for c in range(normal.shape[1]):
            p, out = P[t, c], decay * x[c]
            size = np.sqrt(p + out)  # both normals in one
            x[c] = max(x[c] + dt * (p - out) + root * size * normal[t, c], np.float32(0.0))
            normal[t, c] = x[c]


def steady_state(
    grn: GRN, rates: np.ndarray, kinetics: Kinetics, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate clean expression of an acyclic network in steady state.

    A trajectory begins at the level that the mean regulators would lead to without noise; cells are
    drawn from all of its steps, with replacement, the same time points for all genes.

    Parameters
    ----------
    grn : GRN
        Without a cycle.
    rates : ndarray of float, shape (masters, types)
        Production rates of ``grn.masters()``, 0 or more.
    kinetics : Kinetics
    rng : Generator

    Returns
    -------
    X : ndarray of float32, shape (cells, genes)
        Levels >= 0; cells come type by type.
    types : ndarray of int, shape (cells,)
        Cell types from 0.

    Raises
    ------
    InputError
        For a network with a cycle, and rates of another shape, below 0 or not finite.

    Notes
    -----
    Memory is linear in cells: 4 bytes times ``sampling_state`` for a cell and a regulator, whose
    trajectories are kept, and 4 bytes for a cell and a gene.
    """
    masters = grn.masters()
    rates = _checked_rates(rates, len(masters), kinetics.n_types)
    c, sizes = kinetics, kinetics.cells_per_type()
    types = np.repeat(np.arange(c.n_types), sizes)
    n_steps = c.sampling_state * int(sizes.max())
    picks = np.concatenate([rng.integers(n_steps, size=size) for size in sizes])
    X = np.empty((c.n_cells, grn.n_genes), dtype=np.float32)
    mean = np.empty((grn.n_genes, c.n_types), dtype=np.float32)  # per cell type
    shape = (n_steps, c.n_types)
    kept = {int(gene): np.empty(shape, np.float32) for gene in np.unique(grn.regulator)}
    P, not_kept = np.empty(shape, np.float32), np.empty(shape, np.float32)
    basal = np.zeros((grn.n_genes, c.n_types), dtype=np.float32)
    basal[masters] = rates
    edges_of = _edges_by_target(grn)
    dt, decay, noise = np.float32(c.dt), np.float32(c.decay), np.float32(c.noise)
    for gene in topological_order(grn).tolist():
        start = basal[gene]  # (types,): production, then level, that the mean regulators give
        P[:] = start
        for edge in edges_of[gene]:
            source = int(grn.regulator[edge])
            effect = np.float32([mean[source].mean(), grn.K[edge], grn.coop[edge]])
            _add_hill(P.ravel(), kept[source].ravel(), *effect)
            _add_hill(start, mean[source], *effect)
        start /= decay
        mean[gene] = start
        level = kept.get(gene, not_kept)
        rng.standard_normal(dtype=np.float32, out=level)
        _integrate(start, P, level, dt, decay, noise)
        X[:, gene] = level[picks, types]
        if c.half_response == "simulated":
            mean[gene] = np.bincount(types, X[:, gene], c.n_types) / sizes
    return X, types


def _checked_rates(rates: np.ndarray, n_masters: int, n_types: int) -> np.ndarray:
    """Rates in single precision, refused where they do not fit."""
    rates = np.asarray(rates)
    if rates.shape != (n_masters, n_types):
        raise InputError(
            f"rates have shape {rates.shape}; expected ({n_masters} master regulators, {n_types} "
            "cell types)"
        )
    if not ((rates >= 0) & np.isfinite(rates)).all():
        raise InputError("a production rate is below 0 or not finite; all must be 0 or more")
    return rates.astype(np.float32)


def _edges_by_target(grn: GRN) -> list[np.ndarray]:
    """List the edges into every gene, in the order of the list of edges."""
    order = np.argsort(grn.target, kind="stable")
    return np.split(order, np.searchsorted(grn.target[order], np.arange(1, grn.n_genes)))


def sergio_network(name: str) -> tuple[GRN, np.ndarray]:
    """Read the network and the production rates of one of SERGIO's datasets.

    Parameters
    ----------
    name : {"DS1", "DS2", "DS3"}
        100, 400 or 1,200 genes.

    Returns
    -------
    grn : GRN
        Genes numbered from 0, as in SERGIO's files.
    rates : ndarray of float, shape (masters, types)
        Production rates of ``grn.masters()``.

    Raises
    ------
    InputError
        For another name.
    DownloadError
        When the files cannot be had.
    """
    if name not in DATASETS:
        raise InputError(f"unknown SERGIO dataset {name!r}; use one of {', '.join(DATASETS)}")
    suffix, n_genes = DATASETS[name]
    grn = _read_interactions(fetch(f"sergio/{name}/Interaction_{suffix}.txt"), n_genes)
    return grn, _read_rates(fetch(f"sergio/{name}/Regs_{suffix}.txt"), grn)


def _read_interactions(path: Path, n_genes: int) -> GRN:
    """Read an Interaction file: target, number n, n regulators, n strengths K, n Hill coefficients."""
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


def _read_rates(path: Path, grn: GRN) -> np.ndarray:
    """Read a Regs file, a line per master regulator, as rates (masters, types) of ``grn.masters()``."""
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
    """Read the numbers of every line that is not empty."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [[float(value) for value in line.split(",")] for line in lines if line.strip()]
    except ValueError as error:
        raise InputError(f"{path.name} is not a table of numbers: {error}") from None
