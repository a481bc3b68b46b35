"""GRNULar: gene regulatory networks from single-cell expression with unrolled models.

>>> import grnular_core as gc
>>> cells = gc.simulate("clean", seed=1)
>>> edges = gc.infer(cells, "clr")
>>> list(edges)
['regulator', 'target', 'weight', 'sign', 'rank']
>>> gc.strict_scores(edges, cells)["auprc_ratio"] > 2
True

Measured cells are given as a file, an AnnData or a DataFrame, with a list of the TFs:

>>> adata = gc.read(cells).adata
>>> edges = gc.infer(adata, "ridge", tfs=["G0001", "G0002", "G0003"], seed=3)
>>> edges.attrs["report"]["method"]["seed"]
3

``gc.tl.infer`` writes the network into the AnnData, from where ``gc.pl.network`` draws it:

>>> gc.tl.infer(adata, "ridge", tfs=["G0001", "G0002", "G0003"], seed=3)
>>> adata.uns["grn"]["edges"].shape == edges.shape
True

Notes on the data are warnings of the class ``gc.InputWarning``. Each name is imported at its first use.
"""

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grnular_core.simulation.simulate import simulate
    from grnular_core.training.weights import load_model
    from grnular_core.utils.errors import InputWarning
    from grnular_core.workflow import pl, tl
    from grnular_core.workflow.api import infer, read, strict_scores
    from grnular_core.workflow.compare import compare

__version__ = "0.1.0"
__all__ = ["InputWarning", "compare", "infer", "load_model", "pl", "read", "simulate", "strict_scores", "tl"]
_HOME = {
    "InputWarning": "utils.errors", "compare": "workflow.compare", "load_model": "training.weights",
    "simulate": "simulation.simulate",
}  # fmt: skip
_MODULES = ("pl", "tl")

# OpenMP threads spin before they sleep. With the default spin count, cores shared with another program lose time
# (a network of 765 genes on two busy cores: 31 s by default, 3 s with this value; no difference on idle cores,
# where no spinning at all takes twice as long). GNU's OpenMP reads it once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.workflow.{name}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'workflow.api')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
