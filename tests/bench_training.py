"""Time of one training of the paper's size: 20 graphs, the epochs of its recipe, validation after each.

    python tests/bench_training.py [recipe] [table.csv]

Simulation of the graphs is part of it. The table gets one row: what a reader waits for.
"""

import sys
import time
from pathlib import Path

import pandas as pd
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
    row = [name, graphs, recipe.epochs, torch.get_num_threads(), f"{seconds:.1f}", f"{best:.4f}"]
    print(*row, sep=",")
    if table:
        pd.DataFrame([row], columns=HEADER.split(",")).to_csv(table, mode="a", header=not Path(table).exists(), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
