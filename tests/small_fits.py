"""Fits of f_W with ordinary operations that make new tensors, which the fits in place must equal."""

import torch

from grnular_core.models.dnn import (
    AdamState,
    Weights,
    _each,
    adam_start,
    adam_step,
    gradient,
    init_weights,
    objective,
)
from grnular_core.models.inner_fit import CHECK_EVERY, GoodStart

SIZES = {2: (3, 5, 6), 3: (3, 5, 4, 6), 4: (3, 4, 5, 4, 6)}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(depth=2, graphs=3, cells=60, sizes=None, dtype=torch.float64):
    """Weights with biases, X_T, X_O that depends on it with more noise in later graphs, Z, lam."""
    g = seeded()
    sizes = sizes or SIZES[depth]
    n_tfs, n_genes = sizes[0], sizes[-1]
    weights = init_weights(graphs, sizes, g, dtype=dtype)
    weights = _each(lambda w: w + 0.2 * torch.randn(w.shape, generator=g).to(dtype), weights)
    X_T = torch.randn(graphs, cells, n_tfs, generator=g).to(dtype)
    noise = torch.randn(graphs, cells, n_genes, generator=g).to(dtype)
    noise *= torch.logspace(-2, 1, graphs).to(dtype).reshape(-1, 1, 1)
    X_O = X_T @ torch.randn(graphs, n_tfs, n_genes, generator=g).to(dtype) + noise
    Z = torch.rand(graphs, n_tfs, n_genes, generator=g).to(dtype)
    return weights, X_T, X_O, Z, torch.rand(graphs, 1, 1, generator=g).to(dtype) + 0.5


def leaves(tree) -> list[torch.Tensor]:
    if isinstance(tree, torch.Tensor):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)]


def assert_same(a, b, **tolerance) -> None:
    for x, y in zip(leaves(a), leaves(b), strict=True):
        torch.testing.assert_close(x, y, **tolerance)


def plain_steps(
    weights: Weights, adam: AdamState, X_T, X_O, n_steps, lr, pull=(None, None), reduction="mean",
    cells=None, share=1.0,
) -> tuple[Weights, AdamState]:  # fmt: skip
    """Steps of Adam, each on its row of ``cells`` (all if None), a ``share`` of those that count."""
    for step in range(n_steps):
        seen = slice(None) if cells is None else cells[step]
        slope = gradient(weights, X_T[:, seen], X_O[:, seen], *pull, reduction)
        if reduction == "sum":  # the sum over a sample stands for all
            slope = _each(lambda g: g / share, slope)
        weights, adam = adam_step(weights, slope, adam, lr)
    return weights, adam


def plain_good_init(
    weights: Weights, X_T, X_O, split, epochs, lr, reduction="mean", tolerance=0.0,
    cells=None, share=1.0,
) -> GoodStart:  # fmt: skip
    """One graph, as the docstring of ``good_init`` says it."""
    (fitted, held), adam = split, adam_start(weights)
    cells = [fitted] * epochs if cells is None else cells
    best = objective(weights, X_T[:, held], X_O[:, held])
    for taken in range(0, epochs, CHECK_EVERY):
        part = cells[taken : taken + CHECK_EVERY]
        more = {"reduction": reduction, "cells": part, "share": share}
        weights, adam = plain_steps(weights, adam, X_T, X_O, len(part), lr, **more)
        error = objective(weights, X_T[:, held], X_O[:, held])
        going = tolerance == 0 or bool(error < (1 - tolerance) * best)
        best = torch.minimum(best, error)
        if not going:
            break
    return GoodStart(weights, adam, best)
