"""Gene regulatory networks to simulate from: random ones (section 3.2 of the paper) and given ones.

A network here is a list of directed edges with an interaction strength each. Genes are numbered from
0; they get names when a dataset is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError

EXCHANGES = 10  # tried for each edge that is rewired
MOST_SPARSITY = 0.9  # also a hub leaves some genes alone


@dataclass(frozen=True, eq=False)
class GRN:
    """A directed network: edge i goes from ``regulator[i]`` to ``target[i]``.

    SERGIO's dynamics need one without cycles; one of the simulator of regulons may have them.
    """

    n_genes: int
    regulator: np.ndarray  # (edges,)
    target: np.ndarray  # (edges,)
    K: np.ndarray  # (edges,) largest effect on the target's production rate; a negative one represses
    coop: np.ndarray  # (edges,) Hill coefficients
    tfs: np.ndarray  # (tfs,) genes that may regulate, ascending; every regulator is among them

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.regulator)

    def adjacency(self) -> np.ndarray:
        """Lay the network out as a matrix.

        Returns
        -------
        ndarray of bool, shape (tfs, genes)
            ``adj[regulator, target]``, rows in the order of ``tfs``.
        """
        adj = np.zeros((len(self.tfs), self.n_genes), dtype=bool)
        adj[np.searchsorted(self.tfs, self.regulator), self.target] = True
        return adj

    def masters(self) -> np.ndarray:
        """Find the master regulators, genes that nothing regulates: their production rates are given.

        Returns
        -------
        ndarray of int, shape (masters,)
            Ascending.
        """
        return np.setdiff1d(np.arange(self.n_genes), self.target)


@dataclass(frozen=True)
class GraphSpec:
    """Parameters of a random network.

    Raises ``InputError`` for values out of range.
    """

    n_genes: int = 100
    n_tfs: int = 10  # of the genes, these may regulate
    sparsity: float = 0.1  # probability that a TF regulates a gene, times its propensity, at most 0.9
    # Propensities are 1 (the paper), or log-normal with mean 1, whose log has this standard deviation:
    hub_spread: float = 0.0  # of TFs: few have many targets
    in_spread: float = 0.0  # of targets: few have many regulators
    # The first TFs regulate a gene with a probability of their own, as a bacterium's few global
    # regulators do; so many other TFs regulate each of them, which makes them highly expressed.
    global_tfs: int = 0
    global_chance: float = 0.6
    global_inputs: int = 0
    tf_edges: float = 0.2  # share of the TFs that are regulated by one other TF
    tf_targets: bool = False  # TFs are regulated as any gene is, by those before them in a random order
    # Groups of so many genes on average share their regulators, as operons and co-expressed modules do;
    # each edge of a copied set is drawn anew with this probability.
    module_size: float = 1.0
    module_noise: float = 0.1
    extra_regulators: bool = True  # False: genes without a regulator become master regulators
    K: tuple[float, float] = (1.0, 5.0)  # range of the strengths
    repression: float = 0.5  # probability that an edge represses
    sign_by_tf: bool = False  # a TF has one sign throughout
    coop: float = 2.0  # Hill coefficient of every edge

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not 1 <= self.n_tfs < self.n_genes:
            raise InputError(
                f"a network needs 1 <= TFs < genes; got {self.n_tfs} TFs and {self.n_genes} genes"
            )
        if not 0 <= self.sparsity <= MOST_SPARSITY:
            raise InputError(f"sparsity is from 0 to {MOST_SPARSITY}, got {self.sparsity}")
        for name in ("tf_edges", "module_noise", "repression"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is a share from 0 to 1, got {getattr(self, name)}")
        if not 0 <= self.global_tfs <= self.n_tfs or not 0 <= self.global_chance <= 1:
            raise InputError(
                f"global_tfs is from 0 to the {self.n_tfs} TFs and global_chance from 0 to 1; got "
                f"{self.global_tfs} and {self.global_chance}"
            )
        if not 0 <= self.global_inputs <= self.n_tfs - self.global_tfs:
            raise InputError(
                f"global_inputs is from 0 to the {self.n_tfs - self.global_tfs} TFs that are not "
                f"global, got {self.global_inputs}"
            )
        for name in ("hub_spread", "in_spread"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} is 0 or more, got {getattr(self, name)}")
        if not 0 < self.module_size < np.inf:
            raise InputError(f"module_size is above 0, got {self.module_size}")
        if not 0 < self.K[0] <= self.K[1] < np.inf:
            raise InputError(f"K is a range of positive strengths (low, high), got {self.K}")
        if not 0 < self.coop < np.inf:
            raise InputError(f"the Hill coefficient coop is above 0, got {self.coop}")


def random_grn(spec: GraphSpec, rng: np.random.Generator) -> GRN:
    """Draw a network (section 3.2): sparse TF-gene edges, some TF-TF edges, all of it connected.

    TFs are placed at random among the genes. TF-TF edges run along a random order of the TFs, so
    there is no cycle; self-regulation cannot occur. Every gene that is no TF gets at least one
    regulator and every TF at least one target; then one edge is added for every component that is
    not yet connected to the first. With ``extra_regulators=False`` neither a regulator nor a
    connecting edge is added. With one TF there is no TF-TF edge.

    Parameters
    ----------
    spec : GraphSpec
    rng : Generator

    Returns
    -------
    GRN
    """
    tfs = np.sort(rng.choice(spec.n_genes, spec.n_tfs, replace=False))
    genes = np.setdiff1d(np.arange(spec.n_genes), tfs)
    adj = np.zeros((spec.n_tfs, spec.n_genes), dtype=bool)
    propensity = rng.lognormal(-(spec.hub_spread**2) / 2, spec.hub_spread, spec.n_tfs)
    chance = np.clip(spec.sparsity * propensity, 0, MOST_SPARSITY)[:, None]
    chance[: spec.global_tfs] = spec.global_chance
    adj[:, genes] = _module_edges(chance, len(genes), spec, rng)
    _add_tf_edges(adj, tfs, chance, spec, rng)
    if spec.extra_regulators:
        for gene in genes[~adj[:, genes].any(0)]:
            adj[rng.choice(spec.n_tfs, p=propensity / propensity.sum()), gene] = True
    for tf in np.flatnonzero(~adj.any(1)):
        adj[tf, rng.choice(genes)] = True
    if spec.extra_regulators:
        _connect(adj, tfs, rng)
    row, target = np.nonzero(adj)
    strength = rng.uniform(*spec.K, len(row))
    if spec.sign_by_tf:
        represses = (rng.random(spec.n_tfs) < spec.repression)[row]
    else:
        represses = rng.random(len(row)) < spec.repression
    K = np.where(represses, -strength, strength)
    return GRN(spec.n_genes, tfs[row], target, K, np.full(len(row), spec.coop), tfs)


def _module_edges(
    chance: np.ndarray, n_genes: int, spec: GraphSpec, rng: np.random.Generator
) -> np.ndarray:
    """TF-gene edges (tfs, genes); genes of one module copy its regulators with some noise."""
    edges = rng.random((spec.n_tfs, n_genes)) < _for_targets(chance, n_genes, spec, rng)
    if spec.module_size <= 1:
        return edges
    n_modules = max(round(n_genes / spec.module_size), 1)
    shared = rng.random((spec.n_tfs, n_modules)) < _for_targets(chance, n_modules, spec, rng)
    copied = shared[:, rng.integers(n_modules, size=n_genes)]
    return np.where(rng.random(edges.shape) < spec.module_noise, edges, copied)


def _for_targets(
    chance: np.ndarray, n_targets: int, spec: GraphSpec, rng: np.random.Generator
) -> np.ndarray:
    """Give the chance of every TF (tfs, 1), or of every TF and target where targets differ."""
    if not spec.in_spread:
        return chance
    propensity = rng.lognormal(-(spec.in_spread**2) / 2, spec.in_spread, n_targets)
    return np.clip(chance * propensity, 0, MOST_SPARSITY)


def _add_tf_edges(
    adj: np.ndarray,
    tfs: np.ndarray,
    chance: np.ndarray,
    spec: GraphSpec,
    rng: np.random.Generator,
) -> None:
    """Regulate TFs by others that come before them in a random order, by ``spec``."""
    order = rng.permutation(spec.n_tfs)
    if spec.global_inputs:  # global TFs come last, so that all others may regulate them
        local = order[order >= spec.global_tfs]
        order = np.concatenate([local, order[order < spec.global_tfs]])
        for tf in range(spec.global_tfs):
            adj[rng.choice(local, spec.global_inputs, replace=False), tfs[tf]] = True
    n_regulated = min(round(spec.tf_edges * spec.n_tfs), spec.n_tfs - 1)
    for later in rng.choice(spec.n_tfs - 1, n_regulated, replace=False) + 1:
        adj[order[rng.integers(later)], tfs[order[later]]] = True
    if spec.tf_targets:
        drawn = rng.random((spec.n_tfs, spec.n_tfs)) < _for_targets(chance, spec.n_tfs, spec, rng)
        place = np.argsort(order)
        adj[:, tfs] |= drawn & (place[:, None] < place[None, :])


def _connect(adj: np.ndarray, tfs: np.ndarray, rng: np.random.Generator) -> None:
    """Add the fewest TF-gene edges that make the network one piece."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n_genes = adj.shape[1]
    row, target = np.nonzero(adj)
    links = csr_array((np.ones(len(row)), (tfs[row], target)), shape=(n_genes, n_genes))
    n_parts, part = connected_components(links, directed=False)
    first = np.flatnonzero((part == part[tfs[0]]) & ~np.isin(np.arange(n_genes), tfs))
    for other in range(n_parts):
        if other != part[tfs[0]]:
            joining = rng.choice(np.flatnonzero(part[tfs] == other))
            adj[joining, rng.choice(first)] = True


def make_grn(
    n_genes: int,
    regulator: Sequence[int],
    target: Sequence[int],
    K: Sequence[float],
    coop: Sequence[float] | float = 2.0,
    tfs: Sequence[int] | None = None,
) -> GRN:
    """Check a list of edges and make a network of it.

    Parameters
    ----------
    n_genes : int
    regulator, target : sequence of int, shape (edges,)
        The ends of every edge.
    K : sequence of float, shape (edges,)
        Strengths; a negative one represses.
    coop : float or sequence of float, shape (edges,)
        Hill coefficients.
    tfs : sequence of int, optional
        The genes that may regulate; the regulators when left out.

    Returns
    -------
    GRN

    Raises
    ------
    InputError
        For lengths that disagree, genes out of range, self-regulation, repeated edges, strengths that
        are 0 or not finite, regulators outside ``tfs`` and cycles.
    """
    regulator, target = _gene_numbers(regulator), _gene_numbers(target)
    K, coop = np.asarray(K, dtype=float), np.asarray(coop, dtype=float)
    coop = np.full(K.shape, coop) if coop.ndim == 0 else coop.copy()
    lengths = [len(column) for column in (regulator, target, K, coop)]
    if len(set(lengths)) > 1 or 0 in lengths:
        raise InputError(
            "regulator, target, K and coop must be of one length >= 1; got "
            f"{', '.join(map(str, lengths))}"
        )
    ends = np.concatenate([regulator, target])
    if ends.min() < 0 or ends.max() >= n_genes:
        raise InputError(
            f"genes are numbered 0 to {n_genes - 1}; the edges name {ends.min()} to {ends.max()}"
        )
    if (regulator == target).any():
        gene = regulator[regulator == target][0]
        raise InputError(f"gene {gene} regulates itself; leave self-regulation out")
    pair, times = np.unique(regulator * n_genes + target, return_counts=True)
    if (times > 1).any():
        first = divmod(int(pair[times > 1][0]), n_genes)
        raise InputError(f"the edge {first[0]} -> {first[1]} is listed twice; leave repeats out")
    if not np.isfinite(K).all() or (K == 0).any():
        raise InputError("every edge needs a finite strength K other than 0; leave out edges of 0")
    if not (np.isfinite(coop) & (coop > 0)).all():
        raise InputError("every edge needs a finite Hill coefficient coop above 0")
    tfs = np.unique(regulator if tfs is None else _gene_numbers(tfs))
    if tfs.min() < 0 or tfs.max() >= n_genes:
        raise InputError(f"genes are numbered 0 to {n_genes - 1}; got the TFs {tfs}")
    if not np.isin(regulator, tfs).all():
        raise InputError(f"gene {np.setdiff1d(regulator, tfs)[0]} regulates but is not among tfs")
    grn = GRN(n_genes, regulator, target, K, coop, tfs)
    topological_order(grn)
    return grn


def _gene_numbers(values: Sequence[int]) -> np.ndarray:
    """Give whole numbers as int; a number with a fraction names no gene."""
    values = np.asarray(values)
    whole = values.astype(int) if np.isfinite(values.astype(float)).all() else None
    if whole is None or values.ndim != 1 or (whole != values).any():
        raise InputError(f"genes are named by a list of whole numbers from 0, got {values}")
    return whole


def topological_order(grn: GRN) -> np.ndarray:
    """Order the genes so that regulators come before their targets.

    Parameters
    ----------
    grn : GRN

    Returns
    -------
    ndarray of int, shape (genes,)

    Raises
    ------
    InputError
        Where there is a cycle, which it shows: the levels of a simulation would not be defined.
    """
    from scipy.sparse import csr_array

    out = csr_array(
        (np.ones(grn.n_edges), (grn.regulator, grn.target)), shape=(grn.n_genes, grn.n_genes)
    )
    waiting = np.bincount(grn.target, minlength=grn.n_genes)
    order = list(np.flatnonzero(waiting == 0))
    for gene in order:  # grows while it is read
        for target in out.indices[out.indptr[gene] : out.indptr[gene + 1]]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    if len(order) < grn.n_genes:
        cycle = _cycle(grn, np.flatnonzero(waiting > 0))
        raise InputError(
            "the network has a cycle, which steady-state simulation cannot order: "
            f"{' -> '.join(map(str, cycle))}; remove one of these edges"
        )
    return np.array(order, dtype=int)


def rewired(grn: GRN, rng: np.random.Generator) -> GRN:
    """Exchange the targets of random pairs of edges: other edges among genes of the same roles.

    Every gene keeps its number of regulators and of targets, and with them its part in the dynamics. Regulators still
    come before their targets in the order of ``topological_order``, so there is no cycle.

    Parameters
    ----------
    grn : GRN
    rng : Generator

    Returns
    -------
    GRN
        The strength and the Hill coefficient of an edge stay with its regulator.
    """
    place = np.empty(grn.n_genes, dtype=int)
    place[topological_order(grn)] = np.arange(grn.n_genes)
    regulator, target = grn.regulator.tolist(), grn.target.tolist()
    there = set(zip(regulator, target, strict=True))
    # those that would repeat an edge or turn the order round are left out
    for i, j in rng.integers(grn.n_edges, size=(EXCHANGES * grn.n_edges, 2)).tolist():
        now = (regulator[i], target[i]), (regulator[j], target[j])
        then = (regulator[i], target[j]), (regulator[j], target[i])
        if all(place[a] < place[b] for a, b in then) and there.isdisjoint(then):
            there.difference_update(now)
            there.update(then)
            target[i], target[j] = target[j], target[i]
    return GRN(grn.n_genes, grn.regulator, np.array(target), grn.K, grn.coop, grn.tfs)


def _cycle(grn: GRN, stuck: np.ndarray) -> list[int]:
    """Find one cycle by walking from regulator to regulator among the genes left over."""
    into = np.isin(grn.regulator, stuck) & np.isin(grn.target, stuck)
    before = dict(zip(grn.target[into].tolist(), grn.regulator[into].tolist(), strict=True))
    walk = [int(stuck[0])]
    while walk[-1] not in walk[:-1]:
        walk.append(before[walk[-1]])
    return walk[walk.index(walk[-1]) :][::-1]
