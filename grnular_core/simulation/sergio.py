"""Clean expression of a network in steady state: the stochastic dynamics of SERGIO, compiled.

Dibaeinia and Sinha (2020) describe every gene by a chemical Langevin equation,

    dx = (P - d x) dt + noise,    P = sum over regulators of K h(r)  or  |K| (1 - h(r)),
    h(r) = r^n / (H^n + r^n),

with decay d, Hill coefficient n, and half-response H, the mean level of that regulator over the
cell types. Regulators act with their level at the same time step. Master regulators have a constant
P for every cell type. A cell type is one long trajectory; cells are time points of it.

The noise of strength q is, with independent normal a and b for every step,

    sp:   q sqrt(P) a
    spd:  q (sqrt(P) + sqrt(d x)) a
    dpd:  q (sqrt(P) a + sqrt(d x) b).

The sum of ``dpd`` is normal with variance q^2 (P + d x), so one draw a step suffices: same
distribution, half the numbers. Levels are held at 0 from below. With strong noise that raises the
mean of a gene of low production above P / d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from grnular_core.simulation.networks import GRN, topological_order
from grnular_core.utils.errors import InputError
from grnular_core.utils.jit import compiled

NoiseType = Literal["sp", "spd", "dpd"]
NOISE_TYPES = get_args(NoiseType)
HalfResponse = Literal["simulated", "expected"]


@dataclass(frozen=True)
class Kinetics:
    """Parameters of the dynamics; ``noise`` is q, ``decay`` d, ``dt`` the time step.

    A trajectory has ``sampling_state`` steps for every cell of its type. ``low`` and ``high`` are
    the ranges that master regulators' production rates are drawn from, per cell type and with equal
    chance; one range twice is a single one. With ``anchors`` of 2 or more, so many states are drawn
    instead, and the types are points at equal distances on the path through them: with many types
    and few states cells differentiate step by step. ``half_response``: H is the mean of the regulator's
    ``"simulated"`` cells, as in the first SERGIO, or its ``"expected"`` level, computed without
    noise before anything is simulated, as in SERGIO 2 and sergio-rs.
    """

    n_types: int = 5
    n_cells: int = 1000
    noise: float = 0.1
    noise_type: NoiseType = "dpd"
    decay: float = 1.0
    sampling_state: int = 15
    dt: float = 0.01
    low: tuple[float, float] = (0.2, 0.5)
    high: tuple[float, float] = (0.7, 1.0)
    half_response: HalfResponse = "simulated"
    anchors: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("noise_type", NoiseType), ("half_response", HalfResponse)):
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"{name} {getattr(self, name)!r}; choose one of {', '.join(get_args(choices))}"
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
        """Cells of every type (types,); when they do not divide evenly the first get one more."""
        sizes = np.full(self.n_types, self.n_cells // self.n_types)
        sizes[: self.n_cells % self.n_types] += 1
        return sizes


def random_rates(n_masters: int, kinetics: Kinetics, rng: np.random.Generator) -> np.ndarray:
    """Production rates (masters, types): the low or the high range, with equal chance."""
    shape = (n_masters, kinetics.anchors or kinetics.n_types)
    low, high = rng.uniform(*kinetics.low, shape), rng.uniform(*kinetics.high, shape)
    rates = np.where(rng.random(shape) < 0.5, low, high)
    return along_path(rates, kinetics.n_types) if kinetics.anchors else rates


def along_path(states: np.ndarray, n_points: int) -> np.ndarray:
    """Points (masters, points) at equal distances on the lines from state to state (masters, states)."""
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
def _integrate(x, P, normal, dt, decay, q, kind):  # pragma: no cover - compiled
    """Euler-Maruyama, in place: ``normal`` (steps, types) becomes the trajectory.

    ``x`` (types,) is the start and ends as the last level.
    """
    root = np.float32(q * np.sqrt(dt))
    for t in range(normal.shape[0]):
        for c in range(normal.shape[1]):
            p, out = P[t, c], decay * x[c]
            if kind == 2:  # dpd, both normals in one
                size = np.sqrt(p + out)
            elif kind == 1:  # spd, one normal for both terms
                size = np.sqrt(p) + np.sqrt(out)
            else:  # sp
                size = np.sqrt(p)
            x[c] = max(x[c] + dt * (p - out) + root * size * normal[t, c], np.float32(0.0))
            normal[t, c] = x[c]


def steady_state(
    grn: GRN, rates: np.ndarray, kinetics: Kinetics, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate clean expression (cells, genes) float32 and the cell types (cells,).

    ``rates`` (masters, types) are the production rates of ``grn.masters()``. Cells come type by
    type. A trajectory begins at the level that the mean regulators would lead to without noise;
    cells are drawn from all of its steps, with replacement, the same time points for all genes.
    Memory is linear in cells: 4 bytes times ``sampling_state`` for a cell and a regulator, whose
    trajectories are kept, and 4 bytes for a cell and a gene.

    Raises ``InputError`` for rates of another shape, below 0 or not finite.
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
    dt, decay, kind = np.float32(c.dt), np.float32(c.decay), NOISE_TYPES.index(c.noise_type)
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
        _integrate(start, P, level, dt, decay, np.float32(c.noise), kind)
        X[:, gene] = level[picks, types]
        if c.half_response == "simulated":
            mean[gene] = np.bincount(types, X[:, gene], c.n_types) / sizes
    return X, types


def _checked_rates(rates: np.ndarray, n_masters: int, n_types: int) -> np.ndarray:
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
    """The edges into every gene (genes,), in the order of the list of edges."""
    order = np.argsort(grn.target, kind="stable")
    return np.split(order, np.searchsorted(grn.target[order], np.arange(1, grn.n_genes)))
