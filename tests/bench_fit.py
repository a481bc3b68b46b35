"""Time of goodINIT and the fits of L cells, beside a bare loop of their matrix products.

    python tests/bench_fit.py [small|middle|large] [graphs] [rounds] [table.csv]

"plain" is the same steps with ordinary operations, which make new tensors; "modules" is what one would
write first, and what the public code of 2020 does: one graph after another, ``torch.nn`` layers,
autograd, ``torch.optim.Adam``. They take turns, so that other work on the machine slows all of them. CPU
time counts all threads.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from grnular_core.models.dnn import adam_start, adam_step, gradient, init_weights
from grnular_core.models.inner_fit import fit_dnn, good_init
from grnular_core.models.parallel import _parts_of

# cells, TFs, hidden units, genes, steps of goodINIT, cells of GRNULar, steps of each
SIZES = {
    "small": (500, 10, 40, 100, 400, 15, 5),
    "middle": (2700, 37, 148, 400, 100, 5, 5),
    "large": (2700, 127, 500, 1200, 50, 2, 5),
}
LR = 0.01
HEADER = "size,graphs,threads,way,wall_ms,cpu_ms,wall_ratio,cpu_ratio"


def in_place(weights, X_T, X_O, Z, lam, n_init, n_unroll, n_inner) -> None:
    everything = torch.arange(X_O.shape[1])
    start = good_init(weights, X_T, X_O, (everything, everything[:1]), n_init, LR)
    weights, adam = start.weights, start.adam
    for _ in range(n_unroll):
        weights, adam = fit_dnn(weights, adam, X_T, X_O, Z, lam, n_inner, LR)


def plain(weights, X_T, X_O, Z, lam, n_init, n_unroll, n_inner) -> None:
    adam = adam_start(weights)
    for step in range(n_init + n_unroll * n_inner):
        pull = (Z, lam) if step >= n_init else (None, None)
        weights, adam = adam_step(weights, gradient(weights, X_T, X_O, *pull), adam, LR)


def modules(weights, X_T, X_O, Z, lam, n_init, n_unroll, n_inner) -> None:
    with torch.enable_grad():
        for graph in range(len(X_O)):
            layers = [torch.nn.Linear(*W.shape[1:]) for W in weights.W]
            net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
            optimiser = torch.optim.Adam(net.parameters(), LR)
            for step in range(n_init + n_unroll * n_inner):
                optimiser.zero_grad()
                loss = torch.nn.functional.mse_loss(net(X_T[graph]), X_O[graph])
                if step >= n_init:
                    theta = layers[0].weight.abs().T @ layers[1].weight.abs().T
                    loss = loss + lam[graph].squeeze() / 2 * ((theta - Z[graph]) ** 2).mean()
                loss.backward()
                optimiser.step()


def products(weights, X_T, X_O, Z, lam, n_init, n_unroll, n_inner) -> None:
    """On one thread a part, and on all threads if there is one large part, as ``parallel`` does."""
    (W1, W2), parts = weights.W, _parts_of(X_O)

    def part(rows: slice) -> None:
        w1, w2, tfs, out, theta = (x[rows].clone() for x in (W1, W2, X_T, X_O, Z))
        hidden, g1, g2 = tfs @ w1, w1.clone(), w2.clone()
        back = hidden.clone()
        for step in range(n_init + n_unroll * n_inner):
            torch.bmm(tfs, w1, out=hidden)
            torch.bmm(hidden, w2, out=out)
            torch.bmm(hidden.mT, out, out=g2)
            torch.bmm(out, w2.mT, out=back)
            torch.bmm(tfs.mT, back, out=g1)
            if step >= n_init:
                torch.bmm(w1, w2, out=theta)
                torch.bmm(w1.mT, theta, out=g2)
                torch.bmm(theta, w2.mT, out=g1)

    threads = torch.get_num_threads()
    if len(parts) == 1 and X_O.shape[2] > 100:
        return part(parts[0])
    torch.set_num_threads(1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, parts))
    torch.set_num_threads(threads)


def main(size: str = "small", graphs: str = "20", rounds: str = "5", table: str = "") -> None:
    """Print the medians, and add them to ``table`` where one is named."""
    cells, tfs, hidden, genes, *steps = SIZES[size]
    g = torch.Generator().manual_seed(0)
    X_T = torch.randn(int(graphs), cells, tfs, generator=g)
    X_O = torch.randn(int(graphs), cells, genes, generator=g)
    Z = torch.rand(int(graphs), tfs, genes, generator=g)
    weights = init_weights(int(graphs), (tfs, hidden, genes), g, 0.1)
    data = weights, X_T, X_O, Z, torch.ones(int(graphs), 1, 1), *steps
    wall, cpu = {}, {}
    with torch.no_grad():
        for round_ in range(int(rounds) + 1):  # the first one warms up
            for way in (plain, in_place, products, modules):
                began = time.perf_counter(), time.process_time()
                way(*data)
                spent = time.perf_counter() - began[0], time.process_time() - began[1]
                for times, seconds in zip((wall, cpu), spent, strict=True):
                    times.setdefault(way.__name__, []).extend([seconds] * (round_ > 0))
    threads = torch.get_num_threads()
    print(f"{size}: {graphs} graphs, {threads} threads; median ms a graph")
    lines = []
    for name in wall:
        ratios = [median(a / b for a, b in zip(t[name], t["products"], strict=True))
                  for t in (wall, cpu)]  # fmt: skip
        ms = [1e3 * median(t[name]) / int(graphs) for t in (wall, cpu)]
        print("{:9s} wall {:8.1f}  cpu {:8.1f}".format(name, *ms), end="   ")
        print("to the products: wall {:.2f}  cpu {:.2f}".format(*ratios))
        lines.append([size, graphs, threads, name, *(f"{x:.2f}" for x in (*ms, *ratios))])
    if table:
        pd.DataFrame(lines, columns=HEADER.split(",")).to_csv(table, mode="a", header=not Path(table).exists(), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
