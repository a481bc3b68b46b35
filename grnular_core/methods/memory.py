"""How much memory a run takes, said before it is allocated."""

from __future__ import annotations

from grnular_core.methods.unrolled_methods import UNROLLED, Unrolled
from grnular_core.utils.device import is_large, machine_bytes, spelled_size
from grnular_core.utils.errors import InputError

# copies of the expression that live at once, and bytes of an edge in a table with its two names
COPIES, EDGE_BYTES, SCORE_MATRICES = 4, 120, 4
# what a method takes beyond these where it is not listed, and others for each pair of genes
PLAIN = Unrolled(streams=False)
OTHERS = {
    name: Unrolled(a_square=a, streams=False)
    for name, a in {"glasso": 800, "regdiffusion": 60}.items()
}


def needed_bytes(
    n_cells: int, n_genes: int, n_tfs: int, method: str = "", n_values: int | None = None
) -> int:
    """Bytes that a method takes: expression, scores (tfs, genes), the edge table, what it works with.

    ``n_values``: how many values expression holds where it is sparse; None where it is dense.
    """
    values, pairs = n_cells * n_genes, n_tfs * n_genes
    more = (UNROLLED | OTHERS).get(method, PLAIN)
    if more.streams and is_large(n_cells, n_genes, n_tfs):
        return _streamed_bytes(values, pairs, n_genes, n_tfs, n_values)
    a_value = 8 * COPIES + more.a_value
    a_pair = 8 * SCORE_MATRICES + EDGE_BYTES + more.a_pair
    return a_value * values + a_pair * pairs + more.a_square * n_genes**2


def _streamed_bytes(values: int, pairs: int, n_genes: int, n_tfs: int, n_values: int | None) -> int:
    """Bytes of ``streamed.streamed_scores``, with context: at first data count, then pairs.

    Of a pair: h at a width of 32 (128), up to twelve views (48), theta, Z and logits (30); of a pair of TFs
    h of its edge before and after a layer (256).
    """
    stored = 8 * values if n_values is None else 12 * n_values
    n_values = values if n_values is None else n_values
    fit = 20_000 * (n_tfs + n_genes) + 12_000 * n_genes  # 500 hidden units, and 1,000 dense cells
    pairs_phase = 8 * n_values + 206 * pairs + 300 * n_tfs**2 + fit
    return 600_000_000 + stored + max(40 * n_values, pairs_phase)


def check_memory(
    n_cells: int, n_genes: int, n_tfs: int, method: str = "", n_values: int | None = None
) -> str:
    """How much a run takes, as words. Raises ``InputError`` when the machine does not have it."""
    needed = needed_bytes(n_cells, n_genes, n_tfs, method, n_values)
    there = machine_bytes()
    if there is not None and needed > there:
        raise InputError(
            f"{n_cells} cells, {n_genes} genes and {n_tfs} TFs take {spelled_size(needed)} "
            f"of memory and the machine has {spelled_size(there)}; keep fewer genes (the most "
            "variable ones) or cells, or give a shorter TF list"
        )
    return f"{spelled_size(needed)} of memory"
