"""GRNULar: gene regulatory networks from single-cell expression with unrolled models.

>>> import grnular_core as gc
>>> cells = gc.simulate("clean", seed=1)
>>> edges = gc.infer(cells, "clr")
>>> list(edges)
['regulator', 'target', 'weight', 'sign', 'rank']
>>> gc.strict_scores(edges, cells)["auprc_ratio"] > 2
True

Measured cells are given as a file, an AnnData or a DataFrame, with a list of the TFs:

>>> table = gc.read(cells).adata.to_df()
>>> edges = gc.infer(table, "ridge", tfs=["G0001", "G0002", "G0003"], seed=3)

Each function is imported at its first use.
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

# OpenMP threads spin before they sleep. With the default spin count, cores shared with another program lose time
# (a network of 765 genes on two busy cores: 31 s by default, 3 s with this value; no difference on idle cores,
# where no spinning at all takes twice as long). GNU's OpenMP reads it once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def __getattr__(name: str) -> object:
    """Import a public function at its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'workflow.api')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
