"""Graphs of a batch, or blocks of a large graph, in parts: which are worked on together, and on how many threads.

On a CPU a part is as many graphs as stay in cache, and parts run side by side, one BLAS thread
each. Two threads inside every small product are no faster on an idle machine, and on a busy one
each of the thousands of products waits for the slower thread (20 graphs of 100 genes beside two
busy processes: 20 times slower or more). Parts of a single small graph are no good either: the
threads then fight for Python's lock. A GPU takes all graphs at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

PART = 250_000  # numbers of X_O in a part: 1 MB, half of a core's cache
LARGE = 2 * 10**8  # floating-point operations above which a product uses all threads
_threads_lock = threading.Lock()


def pick(tree: Any, rows: Tensor | slice) -> Any:
    """Return some graphs of a tensor, or of all tensors in (named) tuples of them.

    Parameters
    ----------
    tree : Tensor or tuple
        Every tensor begins with the axis of graphs.
    rows : Tensor or slice

    Returns
    -------
    Tensor or tuple
    """
    if isinstance(tree, Tensor):
        return tree[rows]
    return _like(tree, [pick(part, rows) for part in tree])


def join(trees: list[Any]) -> Any:
    """Return the graphs of several parts in one: the inverse of ``pick``.

    Parameters
    ----------
    trees : list of Tensor or tuple
        The parts, all of one structure.

    Returns
    -------
    Tensor or tuple
    """
    if len(trees) == 1:
        return trees[0]
    if isinstance(trees[0], Tensor):
        return torch.cat(trees)
    return _like(trees[0], [join(list(parts)) for parts in zip(*trees, strict=True)])


def _like(tree: tuple, parts: list) -> tuple:
    return tree._make(parts) if hasattr(tree, "_make") else tuple(parts)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread for a whole run, so that its numbers do not depend on the number of cores.

    Not for two runs in threads of one process: the setting is global.

    Yields
    ------
    None
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _one_thread_a_product() -> Iterator[None]:
    """Torch on one thread, for this thread and those started inside."""
    with _threads_lock, one_thread():  # a second fit must not restore the limit of 1
        yield


def _parts_of(X_O: Tensor) -> list[slice]:
    """Graphs to work on together; the same parts for any number of threads."""
    n_graphs, n_cells, n_genes = X_O.shape
    size = n_graphs if X_O.device.type != "cpu" else max(PART // (n_cells * n_genes), 1)
    return [slice(i, i + size) for i in range(0, n_graphs, max(size, 1))] or [slice(0, 0)]


def over_graphs(job: Callable[..., Any], work: float, X_O: Tensor, *arguments: Any) -> Any:
    """``job(X_O, *arguments)`` without gradients, part by part.

    Parameters
    ----------
    job : callable
        Takes and returns tensors, or tuples of them, that begin with the axis of graphs.
    work : float
        Floating-point operations of the largest product for one graph.
    X_O : Tensor, shape (graphs, cells, genes)
    *arguments : Tensor or tuple

    Returns
    -------
    Tensor or tuple
        As from one call with all graphs.
    """

    @torch.no_grad()  # of a thread alone, so it has to be inside
    def part(rows: slice) -> Any:
        return job(X_O[rows], *(pick(argument, rows) for argument in arguments))

    parts = _parts_of(X_O)
    threads = torch.get_num_threads()
    large = work > LARGE and len(parts) < threads
    if X_O.device.type != "cpu" or large or threads == 1:
        return join([part(rows) for rows in parts])
    with _one_thread_a_product():
        if len(parts) == 1:
            return part(parts[0])
        with ThreadPoolExecutor(min(threads, len(parts))) as pool:
            return join(list(pool.map(part, parts)))


def over_blocks(job: Callable[[int], Any], n_blocks: int, device: torch.device) -> Iterator[Any]:
    """Results of ``job`` for every block of one graph, in order; without gradients on a CPU side by side.

    Every block is worked on by one thread, so that its numbers do not depend on how many there are. Results should be
    small: they lie among the temporaries of other blocks.

    Parameters
    ----------
    job : callable
        Takes the number of a block; blocks do not need each other.
    n_blocks : int
    device : torch.device

    Yields
    ------
    Any
    """
    threads = min(torch.get_num_threads(), n_blocks)
    if threads < 2 or device.type != "cpu" or torch.is_grad_enabled():
        yield from map(job, range(n_blocks))
        return
    with _one_thread_a_product(), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(torch.no_grad()(job), range(n_blocks))
