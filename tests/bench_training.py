"""Time of one training of the paper's size: 20 graphs, 20 epochs, validation after each.

    python tests/bench_training.py [recipe] [table.csv]

Simulation of the graphs is part of it. The table gets one row: what a reader waits for.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

from grnular_core.training.named_recipes import named_recipe
from grnular_core.training.train import train

HEADER = "recipe,graphs,epochs,threads,seconds,valid_auprc"


def main(name: str = "grnular-clean", table: str = "") -> None:
    recipe = named_recipe(name)
    began = time.perf_counter()
    progress = train(recipe, device="cpu")
    seconds = time.perf_counter() - began
    graphs = sum(count for _, count in recipe.train)
    best = progress.best_row("auprc")["valid_auprc"]
    row = f"{name},{graphs},{recipe.epochs},{torch.get_num_threads()},{seconds:.1f},{best:.4f}"
    print(HEADER, row, sep="\n")
    if table:
        new = not Path(table).exists()
        with open(table, "a") as file:
            print(*([HEADER] if new else []), row, sep="\n", file=file)


if __name__ == "__main__":
    main(*sys.argv[1:])
