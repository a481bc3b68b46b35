"""Clean expression of a network in steady state: the stochastic dynamics of SERGIO, compiled.

Dibaeinia and Sinha (2020) describe every gene by a chemical Langevin equation,

    dx = (P - d x) dt + noise,    P = sum over regulators of K h(r)  or  |K| (1 - h(r)),
    h(r) = r^n / (H^n + r^n),

with decay d, Hill coefficient n, and half-response H, the mean level of that regulator over all
cells. Regulators act with their level at the same time step. Master regulators have a constant P
for every cell type. A cell type is one long trajectory; cells are time points of it.

``dpd`` noise is q (sqrt(P) a + sqrt(d x) b) with independent normal a and b. Their sum is normal
with variance q^2 (P + d x), so one draw a step suffices: same distribution, half the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np

from grnular_core.errors import InputError
from grnular_core.graphs import GRN, topological_order

NoiseType = Literal["sp", "spd", "dpd"]
NOISE_TYPES = ("sp", "spd", "dpd")


@dataclass(frozen=True)
class Kinetics:
    """Parameters of the dynamics; ``noise`` is q, ``decay`` d, ``dt`` the time step.

    A trajectory has ``sampling_state`` steps for every cell of its type. ``low`` and ``high`` are
    the ranges that master regulators' production rates are drawn from, per cell type and with equal
    chance; one range twice is a single one.
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

    def __post_init__(self) -> None:
        if self.noise_type not in NOISE_TYPES:
            raise InputError(f"noise_type {self.noise_type!r}; choose one of {NOISE_TYPES}")
        if not 1 <= self.n_types <= self.n_cells:
            raise InputError(
                f"need at least one cell of every type; got {self.n_cells} cells of "
                f"{self.n_types} types"
            )
        if self.dt <= 0 or self.decay <= 0 or self.noise < 0 or self.sampling_state < 1:
            raise InputError(
                "need dt > 0, decay > 0, noise >= 0 and sampling_state >= 1; got "
                f"{self.dt}, {self.decay}, {self.noise}, {self.sampling_state}"
            )
        if self.dt * self.decay >= 1:
            raise InputError(f"dt x decay is {self.dt * self.decay}; below 1 is needed, 0.01 usual")


def random_rates(n_masters: int, kinetics: Kinetics, rng: np.random.Generator) -> np.ndarray:
    """Production rates (masters, types): the low or the high range, with equal chance."""
    shape = (n_masters, kinetics.n_types)
    low, high = rng.uniform(*kinetics.low, shape), rng.uniform(*kinetics.high, shape)
    return np.where(rng.random(shape) < 0.5, low, high)


@numba.njit(nogil=True, fastmath=True, cache=True)
def _add_hill(P, level, half, K, coop):  # pragma: no cover - compiled
    """P (steps, types) += the effect of a regulator with ``level`` (steps, types)."""
    h = half**coop
    for t in range(P.shape[0]):
        for c in range(P.shape[1]):
            r = level[t, c]
            r = r * r if coop == 2.0 else r**coop
            hill = r / (r + h) if r > 0 else np.float32(0.0)
            P[t, c] += K * hill if K > 0 else -K * (1 - hill)


@numba.njit(nogil=True, fastmath=True, cache=True)
def _integrate(x, P, normal, dt, decay, q, kind):  # pragma: no cover - compiled
    """Euler-Maruyama, in place: ``normal`` (steps, types) becomes the trajectory.

    ``x`` (types,) is the start and ends as the last level; levels are held at 0 from below.
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
    type; when they do not divide evenly the first types get one more. Cells of a type are drawn
    from its trajectory with replacement, the same time points for all genes. Memory is linear in
    cells: TFs keep their trajectories, all other genes the drawn cells alone.

    Raises ``InputError`` for rates of another shape or below 0.
    """
    masters = grn.masters()
    if rates.shape != (len(masters), kinetics.n_types) or not (rates >= 0).all():
        raise InputError(
            f"rates must be >= 0, of shape (masters {len(masters)}, types {kinetics.n_types}); "
            f"got shape {rates.shape}"
        )
    c = kinetics
    sizes = np.full(c.n_types, c.n_cells // c.n_types)
    sizes[: c.n_cells % c.n_types] += 1
    types = np.repeat(np.arange(c.n_types), sizes)
    n_steps = c.sampling_state * int(sizes.max())
    picks = np.concatenate([rng.integers(n_steps, size=size) for size in sizes])
    X = np.empty((c.n_cells, grn.n_genes), dtype=np.float32)
    mean = np.empty((grn.n_genes, c.n_types), dtype=np.float32)  # per cell type
    order = np.argsort(grn.target, kind="stable")
    first = np.searchsorted(grn.target[order], np.arange(grn.n_genes + 1))
    rate_of = dict(zip(masters.tolist(), rates.astype(np.float32), strict=True))
    regulates = np.zeros(grn.n_genes, dtype=bool)
    regulates[grn.regulator] = True
    kept: dict[int, np.ndarray] = {}  # trajectories of regulators, (steps, types)
    dt, decay, kind = np.float32(c.dt), np.float32(c.decay), NOISE_TYPES.index(c.noise_type)
    for gene in topological_order(grn):
        edges = order[first[gene] : first[gene + 1]]
        P = np.zeros((n_steps, c.n_types), dtype=np.float32)
        P0 = np.zeros((1, c.n_types), dtype=np.float32)
        if gene in rate_of:
            P += rate_of[gene]
            P0 += rate_of[gene]
        for edge in edges:
            source = int(grn.regulator[edge])
            half = np.float32(mean[source].mean())
            K, coop = np.float32(grn.K[edge]), np.float32(grn.coop[edge])
            _add_hill(P, kept[source], half, K, coop)
            _add_hill(P0, mean[source][None], half, K, coop)
        level = rng.standard_normal((n_steps, c.n_types), dtype=np.float32)
        _integrate(P0[0] / decay, P, level, dt, decay, np.float32(c.noise), kind)
        X[:, gene] = level[picks, types]
        mean[gene] = np.bincount(types, X[:, gene], c.n_types) / sizes
        if regulates[gene]:
            kept[int(gene)] = level
    return X, types
