"""What an AnnData says beside its values: labels of cells, other names of its genes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grnular_core.data.dataset import GRNDataset
from grnular_core.data.matrices import is_raw
from grnular_core.data.names import Match, match_names, shown
from grnular_core.utils.device import is_large
from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

KINDS, GENE_KIND = "feature_types", "Gene Expression"
CLUSTERS, ALL = "clusters", "all"


@dataclass(frozen=True, eq=False)
class Groups:
    """Among which cells values are shuffled: labels (cells,), None for all cells, and a sentence on them."""

    labels: np.ndarray | None
    said: str


def cell_groups(
    table: AnnData | pd.DataFrame | None, data: GRNDataset, name: str | None = None
) -> Groups:
    """The groups that ``name`` means: a column of ``.obs``, the word ``clusters`` (also where no name is
    given) or ``all``; a column of that name goes before the word.

    Clusters are those that ``grnular-context`` sees: k-means on the first principal components of the z-scored
    genes. Raises ``InputError`` for a column that is not there, and for one whose labels most cells
    share with no other: shuffled among themselves they would stay as they are.
    """
    obs = getattr(table, "obs", pd.DataFrame())
    if name is not None and name in obs and len(obs) == data.n_cells:
        return _column_groups(obs[name], data)
    if name == ALL:
        return Groups(None, "values are shuffled among all cells")
    if name in (CLUSTERS, None):
        labels = _clusters(data)
        n = len(np.unique(labels))
        return Groups(labels, f"values are shuffled inside each of {n} clusters found in the cells")
    there = ", ".join(map(str, obs.columns[:8])) or "none"
    raise InputError(
        f"no column {name!r} of cells in {data.name} (it has {there}); name one of an .h5ad file's "
        f".obs, or one of the words {CLUSTERS} and {ALL}"
    )


def _column_groups(column: pd.Series, data: GRNDataset) -> Groups:
    """The labels of a column as groups; cells without a label are a group too, which is said."""
    labels, missing = column.astype(str), int(column.isna().sum())
    counts = labels.value_counts()
    alone = int((counts == 1).sum())
    if 2 * alone > len(labels):
        raise InputError(
            f"the column {column.name!r} of {data.name} gives {alone} of {len(labels)} cells a label of their own "
            f"({shown(list(dict.fromkeys(labels)), 3)}), so there is nothing to shuffle among; name a column "
            "of groups, such as a batch or a cell type"
        )
    said = f"values are shuffled inside each of {len(counts)} groups, the column {column.name!r} of .obs"
    if missing:
        said += f"; {missing} cells without a label there are taken for one group"
    return Groups(labels.to_numpy(), said)


def _clusters(data: GRNDataset) -> np.ndarray:
    """k-means clusters of the cells, (cells,); large data are not made dense."""
    if is_large(data.n_cells, data.n_genes, len(data.tfs)):
        from grnular_core.models.cell_groups import cluster_labels
        from grnular_core.models.cells import Cells, scale_of

        matrix = data.adata.X
        return cluster_labels(Cells.of(matrix, scale_of(matrix), np.arange(data.n_genes)))
    from grnular_core.methods.correlation import standardised
    from grnular_core.models.edge_features import cluster_cells

    return cluster_cells(standardised(data.expression()))


def with_gene_names(
    table: AnnData | pd.DataFrame, column: str, where: str, layer: str | None = None
) -> AnnData:
    """The same AnnData with genes named by a column of ``.var``, as where Ensembl ids are the index.

    Where ``layer`` means the raw slot, its genes are named so, by a column of its own or else by the one
    of ``.var``. Cells and values are shared with ``table``, which stays as it is. Raises ``InputError`` for a
    plain table, a column that is not there, and one in which names are missing: as text they would all be
    one gene called nan.
    """
    if isinstance(table, pd.DataFrame):
        raise InputError(f"{where} is a plain table; --gene-names is for a column of an .h5ad file")
    in_raw = is_raw(table, layer) and table.raw is not None
    var = table.raw.var if in_raw else table.var
    if column not in var and in_raw and column in table.var:
        var = table.var.reindex(var.index)
    if column not in var:
        there = ", ".join(map(str, var.columns[:8])) or "none"
        raise InputError(f"{where} has no column {column!r} of genes; it has {there}")
    missing = var.index[var[column].isna()]
    if len(missing):
        raise InputError(
            f"{where}: the column {column!r} has no name for {len(missing)} of {len(var)} genes "
            f"({shown(missing, 3)}); drop these, or keep their ids: adata.var[{column!r}] = "
            f"adata.var[{column!r}].astype(object).fillna(adata.var_names.to_series())"
        )
    names = var[column].astype(str).to_list()
    named = table.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        if in_raw:
            raw = table.raw.to_adata()
            raw.var_names = names
            named.raw = raw
        else:
            named.var_names = names
    return named


def of_expression(
    table: AnnData | pd.DataFrame, layer: str | None = None
) -> tuple[AnnData | pd.DataFrame, str | None]:
    """The table without features that are no genes, such as antibodies, and a note about them.

    Cell Ranger's kinds of features are the column ``feature_types`` of ``.var``. A table in which none is
    called Gene Expression, or all are, stays as it is. Only the part of it that ``layer`` means is looked at.
    """
    if isinstance(table, pd.DataFrame):
        return table, None
    raw = is_raw(table, layer) and table.raw is not None
    kinds = (table.raw.var if raw else table.var).get(KINDS)
    if kinds is None:
        return table, None
    kinds = kinds.astype(str)
    is_gene = (kinds == GENE_KIND).to_numpy()
    if is_gene.all() or not is_gene.any():
        return table, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names: checked later, by name
        kept = table.copy() if raw else table[:, is_gene].copy()
        if raw:
            kept.raw = table.raw[:, is_gene].to_adata()
    others = shown(dict.fromkeys(kinds[~is_gene]), 3)
    return kept, (
        f"{(~is_gene).sum()} of {len(is_gene)} features are no {GENE_KIND} ({others}); they are left out"
    )


def reading_hint(table: object, tfs: Sequence[str] | None, match: Match, layer: str | None) -> str:
    """What else an .h5ad file holds that may be meant, as the end of a message about it; often empty.

    A column of ``.var`` with names of the TF list where the index has none, a raw slot that has them, and layers where X is
    scaled.
    """
    if not hasattr(table, "var_names"):
        return ""
    in_raw = is_raw(table, layer) and table.raw is not None
    var = table.raw.var if in_raw else table.var
    if tfs and not match_names(tfs, var.index, match):
        for column in var.columns:
            if len(match_names(tfs, var[column].astype(str), match)):
                return (
                    f" The column {column!r} of its genes holds names of the list: pass --gene-names "
                    f"{column}"
                )
        n = 0 if table.raw is None or in_raw else len(match_names(tfs, table.raw.var_names, match))
        if n and layer is None:
            return f" Its .raw holds {n} of these names among its genes: pass --layer raw"
    there = [*table.layers, *(["raw"] if table.raw is not None else [])]
    if layer is None and there and table.X is not None and table.X.min() < 0:
        return f" The file also holds other values: pass --layer {' or '.join(there)}"
    return ""
