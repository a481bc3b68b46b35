"""GRNULar: gene regulatory networks from single-cell expression with unrolled models.

>>> import grnular_core as gc
>>> cells = gc.simulate("clean", seed=1)
>>> edges = gc.infer(cells, "clr")
>>> list(edges)
['regulator', 'target', 'weight', 'sign', 'rank']
>>> gc.strict_scores(edges, cells)["auprc_ratio"] > 2
True

Cells of your own are a file, an AnnData or a DataFrame, with the genes that may regulate:

>>> table = gc.read(cells).adata.to_df()
>>> edges = gc.infer(table, "ridge", tfs=["G0001", "G0002", "G0003"], seed=3)

What is offered is loaded when it is first asked for.
"""

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grnular_core.simulation.simulate import simulate
    from grnular_core.training.weights import load_model
    from grnular_core.workflow.api import infer, read, strict_scores

__version__ = "0.1.0"
__all__ = ["infer", "load_model", "read", "simulate", "strict_scores"]
_HOME = {"load_model": "training.weights", "simulate": "simulation.simulate"}

# Threads that wait for each other spin, for a while, before they sleep. Where another program wants the same cores
# that while is too long (a network of 765 genes on two busy cores: 31 s, with this 3 s; on idle ones it makes no
# difference, where not spinning at all takes twice as long). GNU's OpenMP reads it once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def __getattr__(name: str) -> object:
    """Load what is offered when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'workflow.api')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
