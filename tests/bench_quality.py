"""Seconds for the same quality: the public code's way of 2020 against what ships.

    python tests/bench_quality.py [small|large] [graphs] [rounds] [table.csv]

"2020" are the paper's steps (E1 = 400, L = 15, P = 5), the network in ``torch.nn`` layers fitted by
autograd and ``torch.optim.Adam``, one graph after another, with the trained rho_nn and lambda_nn of
``grnular-clean``; "same steps" are ours; "ships" is the method ``grnular-context``. Graphs are for validation and
clean, so that quality is that of the strict protocol on data that no test sees. They take turns.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import pandas as pd
import torch
from torch import Tensor

from grnular_core.models.grnular import GRNULar, GRNULarConfig
from grnular_core.models.problem import prepare
from grnular_core.scoring.ranking import auprc_and_auroc
from grnular_core.training.batches import make_batches
from grnular_core.training.weights import load_model, read_trained

PRESETS = {"small": "clean", "large": "DS3-like"}
HEADER = "size,graphs,threads,way,auprc,seconds,ratio"


def papers_model() -> GRNULar:
    """The paper's steps with trained learned parts; none of goodINIT's steps is left out."""
    found = read_trained("grnular-clean")
    config = found.recipe.config
    assert isinstance(config, GRNULarConfig)
    model = GRNULar(replace(config, hidden=None, n_inner=5, init_epochs=400, init_tolerance=0.0))
    model.load_state_dict(found.tensors)
    return model


def as_in_2020(model: GRNULar, X: Tensor, tf_index: Tensor) -> Tensor:
    """Scores (tfs, genes) of one graph, the inner fits by layers, autograd and torch's Adam."""
    c = model.config
    problem = prepare(X[None], tf_index, torch.float32)
    sizes = c.layer_sizes(len(tf_index), X.shape[1])
    first, last = torch.nn.Linear(*sizes[:2]), torch.nn.Linear(*sizes[1:])
    net = torch.nn.Sequential(first, torch.nn.ReLU(), last)
    optimiser = torch.optim.Adam(net.parameters(), c.step_size(sizes))

    def theta() -> Tensor:
        return (first.weight.abs().T @ last.weight.abs().T)[None]

    def fit(n_steps: int, Z: Tensor | None = None, lam: Tensor | None = None) -> None:
        for _ in range(n_steps):
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(net(problem.X_T[0]), problem.X[0])
            if Z is not None and lam is not None:
                loss = loss + lam.squeeze() / 2 * (theta() - Z).square().mean()
            loss.backward()
            optimiser.step()

    fit(c.init_epochs)
    Z, lam = torch.zeros(1, sizes[0], sizes[-1]), torch.ones(1, 1, 1)
    for _ in range(c.n_unroll):
        with torch.no_grad():
            lam = model.lambda_nn((Z - theta()).square().mean((1, 2), keepdim=True), lam)
        fit(c.n_inner, Z, lam * c.lam_scale)
        with torch.no_grad():
            rho = model.rho_nn(theta(), problem.sigma, Z)
            Z = torch.relu(theta() - rho)
    return theta()[0].detach()


def ways() -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    paper, ours = papers_model(), load_model("grnular-context")

    @torch.no_grad()
    def run(model: torch.nn.Module, X: Tensor, tf_index: Tensor) -> Tensor:
        return model(X[None], tf_index).scores[0]

    return {
        "2020": lambda X, tfs: as_in_2020(paper, X, tfs),
        "same steps": lambda X, tfs: run(paper, X, tfs),
        "ships": lambda X, tfs: run(ours, X, tfs),
    }


def main(size: str = "small", graphs: str = "10", rounds: str = "3", table: str = "") -> None:
    """Print mean AUPRC and median seconds a graph; add them to ``table`` where one is named."""
    batches = make_batches(((PRESETS[size], int(graphs)),), "valid", batch=1)
    all_ways = ways()
    quality: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for round_ in range(int(rounds) + 1):  # the first one warms up
        for batch in batches:
            for name, way in all_ways.items():
                began = time.perf_counter()
                scores = way(batch.X[0], batch.tf_index[0])
                spent = time.perf_counter() - began
                allowed, truth = batch.allowed[0], batch.truth[0]
                found = auprc_and_auroc(scores[allowed].double().numpy(), truth[allowed].numpy())
                quality.setdefault(name, []).append(found[0])
                seconds.setdefault(name, []).extend([spent] * (round_ > 0))
    threads, lines = torch.get_num_threads(), []
    for name in quality:
        auprc = sum(quality[name]) / len(quality[name])
        ratio = median(a / b for a, b in zip(seconds["2020"], seconds[name], strict=True))
        lines.append([size, graphs, threads, name, f"{auprc:.3f}", f"{median(seconds[name]):.3f}", f"{ratio:.2f}"])
        print(*lines[-1], sep=",")
    if table:
        pd.DataFrame(lines, columns=HEADER.split(",")).to_csv(table, mode="a", header=not Path(table).exists(), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
