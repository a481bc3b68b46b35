"""A second simulator: regulons, groups of co-expressed genes that common TFs drive.

In SERGIO every TF acts on each of its targets separately. In published cells regulation is less visible:
targets of a TF vary as a group, which may be only weakly correlated with the TF's mRNA; the state of the
cell changes TFs and other genes together, related or not; and TFs are regulated as often as other genes,
also by each other. Here the logarithms of levels are sums,

    y = state + own + F G^T,    F_j = sqrt(s) unit(y_T w_j) + sqrt(1 - s) hidden_j,

with y (cells, genes), y_T its columns of TFs, F (cells, regulons) the activities, G (genes, regulons) the
responses of members, w (tfs, regulons) the effects of drivers, s what drivers explain of an activity, and
unit() a column at mean 0 and deviation 1. The truth has an edge from every driver of a regulon to every
other member. Circuits of TFs that drive each other are allowed, so these networks may have cycles: the
equations are then solved by ``ROUNDS`` substitutions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.simulation.networks import GRN, GraphSpec
from grnular_core.simulation.sergio import Kinetics, along_path
from grnular_core.utils.errors import InputError

ROUNDS = 3
MOST_LOG = 20.0  # levels stay finite


@dataclass(frozen=True)
class Regulons:
    """Parameters of random regulons; numbers of genes and TFs are those of the ``GraphSpec``.

    A member or driver represses with its ``repression``; how often a TF drives follows its
    ``hub_spread``. Raises ``InputError`` for values out of range.
    """

    count: int = 20  # regulons
    size_spread: float = 0.7  # standard deviation of the log of their sizes
    members: float = 0.6  # probability that a gene, TF or not, belongs to a regulon
    second: float = 0.15  # and then to a second one
    drivers: float = 2.5  # mean number of TFs that drive a regulon, at least 1
    circuit: float = 0.5  # probability that a driver is taken from the members, or joins them
    explained: float = 0.6  # s: share of a regulon's activity that its drivers explain
    dimensions: int = 3  # of the cells' states
    moved: float = 0.7  # share of the genes that a state moves
    state_tfs: float = 0.7  # by how many standard deviations, TFs
    state_genes: float = 0.7  # and other genes
    jitter: float = 0.15  # standard deviation of states within a cell type
    own: float = 0.8  # standard deviation of the gene-specific part
    hidden_state: float = 0.5  # weight of states in the hidden part of activities
    amplitude: float = 0.5  # times y is the logarithm of a level
    # The network also has an edge from every TF that is a member to every other member, as databases of
    # functional association do.
    associated: bool = False
    strength_spread: float = 0.0  # standard deviation of the log of how strong a regulon acts
    overlap: float = 0.0  # mean number of further regulons that a gene of one belongs to
    # Share of its edges that the network keeps, those with the strongest sum over the regulons that TF
    # and gene share: databases list the detectable ones.
    listed: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("members", "second", "circuit", "explained", "moved"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is a share from 0 to 1, got {getattr(self, name)}")
        if self.count < 1 or self.dimensions < 1:
            raise InputError(
                f"need at least one regulon and one dimension of states, got {self.count} and "
                f"{self.dimensions}"
            )
        if not 0 < self.listed <= 1:
            raise InputError(f"listed is a share above 0, at most 1, got {self.listed}")
        for name in ("size_spread", "strength_spread", "drivers", "state_tfs", "state_genes", "jitter", "own",
                     "hidden_state", "amplitude", "overlap"):  # fmt: skip
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} is 0 or more, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class DrawnRegulons:
    """Which genes respond to which regulon, and which TFs drive it; 0 where they do not."""

    tfs: np.ndarray  # (tfs,), ascending
    response: np.ndarray  # L (genes, regulons)
    effect: np.ndarray  # w (tfs, regulons)

    def grn(self, associated: bool = False, listed: float = 1.0) -> GRN:
        """List the network: every driver regulates every other member.

        Parameters
        ----------
        associated : bool
            Every TF that is a member regulates the others as well, by its own response.
        listed : float
            Share of the edges that is kept, those with the strongest sum of |effect| |response|.

        Returns
        -------
        GRN
            K is the sum over the regulons that TF and gene share; there may be cycles.
        """
        effect = self.effect
        if associated:
            effect = np.where(effect != 0, effect, self.response[self.tfs])
        drives = (effect != 0) @ (self.response != 0).T
        drives[np.arange(len(self.tfs)), self.tfs] = False
        if listed < 1 and drives.any():
            strength = np.abs(effect) @ np.abs(self.response).T
            drives &= strength >= np.quantile(strength[drives], 1 - listed)
        row, target = np.nonzero(drives)
        K = (effect @ self.response.T)[row, target]
        n_genes = len(self.response)
        return GRN(n_genes, self.tfs[row], target, K, np.ones(len(row)), self.tfs)


def random_regulons(spec: GraphSpec, settings: Regulons, rng: np.random.Generator) -> DrawnRegulons:
    """Draw members and drivers of all regulons.

    Parameters
    ----------
    spec : GraphSpec
        Numbers of genes and TFs, ``hub_spread`` and ``repression``.
    settings : Regulons
    rng : Generator

    Returns
    -------
    DrawnRegulons
    """
    n_genes, n_tfs, count = spec.n_genes, spec.n_tfs, settings.count
    tfs = np.sort(rng.choice(n_genes, n_tfs, replace=False))
    size = rng.lognormal(0, settings.size_spread, count)
    member = np.zeros((n_genes, count), dtype=bool)
    belongs = np.flatnonzero(rng.random(n_genes) < settings.members)
    member[belongs, rng.choice(count, len(belongs), p=size / size.sum())] = True
    both = belongs[rng.random(len(belongs)) < settings.second]
    member[both, rng.integers(count, size=len(both))] = True
    if settings.overlap:
        more = rng.poisson(settings.overlap, len(belongs))
        member[np.repeat(belongs, more), rng.integers(count, size=more.sum())] = True
    drives = np.zeros((n_tfs, count), dtype=bool)
    propensity = rng.lognormal(0, spec.hub_spread, n_tfs)
    for regulon in range(count):
        inside = np.flatnonzero(member[tfs, regulon])
        n_drivers = min(max(1, rng.poisson(settings.drivers)), n_tfs)
        drawn = rng.choice(n_tfs, n_drivers, replace=False, p=propensity / propensity.sum())
        joins = rng.random(n_drivers) < settings.circuit
        if len(inside):
            drawn[joins] = rng.choice(inside, joins.sum())
        drives[drawn, regulon] = True
        member[tfs[drawn[joins]], regulon] = True

    def strengths(present: np.ndarray, repression: float) -> np.ndarray:
        size = present * rng.gamma(2.0, 0.5, present.shape)
        return np.where(rng.random(present.shape) < repression, -size, size)

    response = strengths(member, spec.repression)
    effect = strengths(drives, spec.repression / 2)
    if settings.strength_spread:
        response *= rng.lognormal(0, settings.strength_spread, count)
    return DrawnRegulons(tfs, response, effect)


def _cell_states(
    kinetics: Kinetics, settings: Regulons, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw states (cells, dimensions), standardised, and types of all cells.

    Types lie anywhere, or on a path through ``kinetics.anchors`` states.
    """
    shape = (settings.dimensions, kinetics.anchors or kinetics.n_types)
    of_types = rng.standard_normal(shape)
    if kinetics.anchors:
        of_types = along_path(of_types, kinetics.n_types)
    types = np.repeat(np.arange(kinetics.n_types), kinetics.cells_per_type())
    states = of_types.T[types]
    return _unit(states + settings.jitter * rng.standard_normal(states.shape)), types


def _unit(x: np.ndarray) -> np.ndarray:
    """Bring columns to mean 0 and standard deviation 1; constant ones become 0."""
    centred = x - x.mean(0)
    return centred / (centred.std(0) + 1e-9)


def regulon_levels(
    groups: DrawnRegulons, kinetics: Kinetics, settings: Regulons, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate expression of regulons by the equations above.

    Parameters
    ----------
    groups : DrawnRegulons
    kinetics : Kinetics
    settings : Regulons
    rng : Generator

    Returns
    -------
    X : ndarray of float32, shape (cells, genes)
        Levels, all above 0.
    types : ndarray of int, shape (cells,)
        Cell types from 0.
    """
    states, types = _cell_states(kinetics, settings, rng)
    (n_genes, count), n_cells = groups.response.shape, len(states)

    def moved_by_state(n: int) -> np.ndarray:
        """Effects of states on n genes, (cells, n): many respond weakly, few strongly."""
        response = rng.standard_normal((settings.dimensions, n)) * rng.gamma(1.5, 0.6, n)
        response *= rng.random(n) < settings.moved
        return states @ response / np.sqrt(settings.dimensions)

    deviation = np.full(n_genes, settings.state_genes)
    deviation[groups.tfs] = settings.state_tfs
    alone = moved_by_state(n_genes) * deviation
    alone += settings.own * rng.standard_normal((n_cells, n_genes))
    hidden = settings.hidden_state * moved_by_state(count)
    hidden = _unit(hidden + rng.standard_normal((n_cells, count)))
    x = alone
    for _ in range(ROUNDS):
        driven = _unit(_unit(x[:, groups.tfs]) @ groups.effect)
        activity = np.sqrt(settings.explained) * driven
        activity += np.sqrt(1 - settings.explained) * hidden
        x = alone + activity @ groups.response.T
    logs = np.clip(settings.amplitude * x, -MOST_LOG, MOST_LOG)
    return np.exp(logs).astype(np.float32), types
