"""The real single-cell data of the BEELINE benchmark: seven datasets, three networks each.

Gene rules: ``TFs+500`` and ``TFs+1000`` are BEELINE's (every TF with Bonferroni-corrected p < 0.01,
and the 500 or 1,000 most variable of the other genes that pass), ``TFs`` is the same without other genes;
``top500`` is the GRNULar paper's (the 500 most variable genes of the network with uncorrected p < 0.01).
p values and variances are those of each dataset's GeneOrdering file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.dataset import GRNDataset, make_dataset
from grnular_core.data.downloads import fetch, fetch_member, is_cached
from grnular_core.data.gene_lists import read_network, read_tfs
from grnular_core.data.readers import read_expression
from grnular_core.data.registry import registry
from grnular_core.utils.errors import InputError

DATASETS = ("mDC", "mESC", "mHSC-E", "mHSC-GM", "mHSC-L", "hESC", "hHep")
NETWORKS = ("STRING", "Non-Specific-ChIP-seq", "Cell-type-specific-ChIP-seq")
N_OTHERS = {"TFs": 0, "TFs+500": 500, "TFs+1000": 1000}  # genes beside the TFs, of BEELINE's rules
GENE_RULES = (*N_OTHERS, "top500")
SIGNIFICANT = 0.01
DATA_ARCHIVE = "beeline/full/BEELINE-data.zip"
NETWORK_ARCHIVE = "beeline/full/BEELINE-Networks.zip"
# Of which a redistributed subset holds nine tenths and more of the genes that ``top500`` asks for.
NEARLY_WHOLE = {"mDC": "TFs+1000"}
LEAST_COVERED = 0.9
# Redistributed in another form: a sparse matrix, its genes in one file, its cells in PseudoTime's order.
SPARSE = "beeline/TFs+500/hESC/expression.npz"
SPARSE_GENES = "beeline/TFs+500/hESC/Target.csv"
# Files that hold every gene of the rule ``TFs`` where no subset of BEELINE's is redistributed.
ONLY_TFS = "beeline/TFs+1000/{}/TRN--ExpressionData.csv.gz"


def load_beeline(dataset: str, network: str, genes: str = "TFs+500") -> GRNDataset:
    """Load one pair of the benchmark, e.g. ``load_beeline("mESC", "STRING")``.

    The small redistributed subset is used where there is one, else the full archives are downloaded
    and restricted by the gene rule.

    Parameters
    ----------
    dataset, network, genes : str
        One of ``DATASETS``, ``NETWORKS`` and ``GENE_RULES``, in any case.

    Returns
    -------
    GRNDataset
        Mouse gene names are upper case, as in the networks. The reference network holds every edge
        between genes of the dataset; self-loops and repeated lines are dropped and counted in
        ``truth_counts``. For ``top500`` of the datasets in ``NEARLY_WHOLE`` the subset is used as
        long as the full archive is not there: ``provenance["covered"]`` says which share of the
        genes it has.

    Raises
    ------
    InputError
        For an unknown name.
    DownloadError
        When a file cannot be had.
    """
    dataset, network, genes = _known(dataset, network, genes)
    expression, source, covered = _expression(dataset, network, genes)
    truth, network_source = _truth(dataset, network, genes)
    listed = set(_tf_list(dataset))
    tfs = [gene for gene in expression.columns if gene.upper() in listed]
    return make_dataset(
        expression,
        tfs,
        truth,
        name=f"{dataset} {network} {genes}",
        orientation="cells-x-genes",
        provenance={
            "dataset": dataset,
            "network": network,
            "gene_rule": genes,
            "expression_from": source,
            "network_from": network_source,
            "covered": covered,
        },
    )


def needed_keys(dataset: str, network: str, genes: str = "TFs+500") -> list[str]:
    """Return the registry keys of the files that ``load_beeline`` would open for this pair.

    Parameters
    ----------
    dataset, network, genes : str
        As in ``load_beeline``.

    Returns
    -------
    list of str
        Keys of TF list, expression, gene ordering (where the gene rule is applied here) and network.

    Raises
    ------
    InputError
        For an unknown name.
    """
    dataset, network, genes = _known(dataset, network, genes)
    keys = [f"beeline/Networks/{_species(dataset)}-tfs.csv"]
    subset = _expression_key(dataset, genes)
    keys.append(subset or DATA_ARCHIVE)
    if subset == SPARSE:
        keys += [SPARSE_GENES, pseudotime_key(dataset)]
    if genes not in ("TFs+500", "TFs+1000") or not subset:
        keys.append(_ordering_key(dataset))
    subset = _network_key(dataset, network, genes)
    full = _full_network_key(dataset, network)
    keys.append(next((key for key in (subset, full) if key in registry()), NETWORK_ARCHIVE))
    return keys


def _gene_ordering(dataset: str) -> pd.DataFrame:
    """Return BEELINE's ``p_value, variance`` of each gene, the index (mouse: upper case)."""
    table = pd.read_csv(fetch(_ordering_key(dataset)), index_col=0, keep_default_na=False)
    table.columns = ["p_value", "variance"]
    table.index = _upper_if_mouse(table.index.astype(str), dataset)
    return table


def pseudotime_key(dataset: str) -> str:
    """Return the registry's key of a dataset's ``PseudoTime.csv``.

    Parameters
    ----------
    dataset : str
        One of ``DATASETS``, spelled so.

    Returns
    -------
    str
    """
    return f"beeline/inputs/scRNA-Seq/{dataset}/PseudoTime.csv"


def _tf_list(dataset: str) -> list[str]:
    """Return BEELINE's list of TFs for the dataset's species, upper case."""
    return [tf.upper() for tf in read_tfs(fetch(f"beeline/Networks/{_species(dataset)}-tfs.csv"))]


def _beeline_genes(dataset: str, n_others: int) -> list[str]:
    """Apply BEELINE's gene rule: all significant TFs, then the ``n_others`` most variable other genes.

    Subsets that are redistributed ready-made have been cut by it and are used as they are.
    """
    ordering = _gene_ordering(dataset)
    threshold = SIGNIFICANT / len(ordering)
    passed = ordering[ordering["p_value"] < threshold]
    passed = passed.sort_values("variance", ascending=False, kind="mergesort")
    is_tf = passed.index.str.upper().isin(_tf_list(dataset))
    return [*passed.index[is_tf], *passed.index[~is_tf][:n_others]]


def _top_genes(dataset: str, network_genes: Sequence[str]) -> list[str]:
    """Apply the paper's gene rule: the 500 most variable genes of a network with uncorrected p < 0.01."""
    ordering = _gene_ordering(dataset)
    of_network = ordering.index.str.upper().isin({gene.upper() for gene in network_genes})
    passed = ordering[(ordering["p_value"] < SIGNIFICANT) & of_network]
    return list(passed.sort_values("variance", ascending=False, kind="mergesort").index[:500])


def _top500_genes(dataset: str, network: str = "STRING") -> list[str]:
    """Return ``_top_genes`` of the dataset's full network; with STRING this gives the paper's Table 3."""
    edges, _ = _full_network(dataset, network)
    return _top_genes(dataset, pd.unique(edges[["regulator", "target"]].to_numpy().ravel()))


def table3() -> pd.DataFrame:
    """Compute the paper's Table 3 from the data: columns ``dataset, tfs, cells``.

    Returns
    -------
    DataFrame, shape (datasets, 3)
        In the order of ``DATASETS``; ``tfs`` counts the TFs among the 500 genes of STRING.

    Raises
    ------
    DownloadError
        When a file cannot be had.
    """
    rows = []
    for dataset in DATASETS:
        listed = set(_tf_list(dataset))
        cells = len(pd.read_csv(fetch(pseudotime_key(dataset))))
        tfs = sum(gene.upper() in listed for gene in _top500_genes(dataset))
        rows.append({"dataset": dataset, "tfs": tfs, "cells": cells})
    return pd.DataFrame(rows)


def _species(dataset: str) -> str:
    """Return ``human`` or ``mouse``, by the first letter of the dataset's name."""
    return "human" if dataset.startswith("h") else "mouse"


def _known(dataset: str, network: str, genes: str) -> tuple[str, str, str]:
    """Return the canonical spelling of the three names, or an error that lists them."""
    found = []
    for what, given, known in (
        ("dataset", dataset, DATASETS),
        ("network", network, NETWORKS),
        ("gene rule", genes, GENE_RULES),
    ):
        spellings = (str(given).lower(), f"{given}-chip-seq".lower())
        match = [name for name in known if name.lower() in spellings]
        if not match:
            raise InputError(f"unknown {what} {given!r}; expected one of {', '.join(known)}")
        found.append(match[0])
    return found[0], found[1], found[2]


def _subset_key(dataset: str, genes: str, file: str) -> str:
    return f"beeline/{genes}/{dataset}/{file}"


def _ordering_key(dataset: str) -> str:
    return f"beeline/inputs/scRNA-Seq/{dataset}/GeneOrdering.csv"


def _network_key(dataset: str, network: str, genes: str) -> str:
    """Return the key of the network restricted to a superset of the rule's genes."""
    return _subset_key(dataset, "TFs+500" if genes == "TFs" else genes, f"{network}-network.csv.gz")


def _upper_if_mouse(names: pd.Index, dataset: str) -> pd.Index:
    return names.str.upper() if _species(dataset) == "mouse" else names


def _expression_key(dataset: str, genes: str) -> str | None:
    """Return the redistributed subset to take, None where only the full archive will do."""
    if genes == "top500" and not is_cached(DATA_ARCHIVE):
        genes = NEARLY_WHOLE.get(dataset, genes)
    rule = "TFs+500" if genes == "TFs" else genes
    keys = [_subset_key(dataset, rule, name) for name in ("ExpressionData.csv.gz", "expression.npz")]
    keys += [ONLY_TFS.format(dataset)] if genes == "TFs" else []
    return next((key for key in keys if key in registry()), None)


def _expression(dataset: str, network: str, genes: str) -> tuple[pd.DataFrame, str, float]:
    """Return cells x genes, the key it came from, and which share of the rule's genes it has."""
    key = _expression_key(dataset, genes)
    member = f"inputs/scRNA-Seq/{dataset}/ExpressionData.csv"
    path = fetch(key) if key else fetch_member(DATA_ARCHIVE, member)
    table = _read_sparse(path, dataset) if key == SPARSE else _read_cells_by_genes(path, dataset)
    if key and genes in ("TFs+500", "TFs+1000"):
        return table, key, 1.0
    wanted = (
        _top500_genes(dataset, network)
        if genes == "top500"
        else _beeline_genes(dataset, N_OTHERS[genes])
    )
    there = [gene for gene in wanted if gene in table]
    covered = len(there) / len(wanted)
    if covered < (LEAST_COVERED if key and genes == "top500" else 1):
        missing = sorted(set(wanted) - set(there))
        raise InputError(
            f"{path}: {len(missing)} genes of GeneOrdering are not in it, e.g. {missing[:3]}"
        )
    return table[there], key or DATA_ARCHIVE, covered


def _read_sparse(path: Path, dataset: str) -> pd.DataFrame:
    """Read the parts of a csr matrix, genes x cells, as cells x genes."""
    with np.load(path, allow_pickle=False) as parts:
        data = [parts[f"attr_{name}"] for name in ("data", "indices", "indptr")]
        values = sparse.csr_matrix(tuple(data), tuple(parts["attr_shape"])).toarray()
    genes = pd.read_csv(fetch(SPARSE_GENES), keep_default_na=False)["Gene"]
    cells = pd.read_csv(fetch(pseudotime_key(dataset)), index_col=0).index
    return pd.DataFrame(values.T, cells.astype(str), genes.astype(str).to_numpy())


def _read_cells_by_genes(path: Path, dataset: str) -> pd.DataFrame:
    table = read_expression(path).T
    table.columns = _upper_if_mouse(table.columns, dataset)
    return table


def _truth(dataset: str, network: str, genes: str) -> tuple[pd.DataFrame, str]:
    key = _network_key(dataset, network, genes)
    if key in registry():
        return read_network(fetch(key)), key
    return _full_network(dataset, network)


def _full_network_key(dataset: str, network: str) -> str:
    """Return the key of the unrestricted network where one is redistributed on its own."""
    names = {
        "STRING": "STRING-network.csv",
        "Non-Specific-ChIP-seq": "Non-Specific-ChIP-seq-network.csv",
        "Cell-type-specific-ChIP-seq": f"{_cell_type(dataset)}-ChIP-seq-network.csv",
    }
    return f"beeline/Networks/{_species(dataset)}/{names[network]}"


def _cell_type(dataset: str) -> str:
    """Name the cell-type-specific network: one for all of mHSC, HepG2 for hHep."""
    return "HepG2" if dataset == "hHep" else dataset.split("-")[0]


def _full_network(dataset: str, network: str) -> tuple[pd.DataFrame, str]:
    key = _full_network_key(dataset, network)
    if key in registry():
        return read_network(fetch(key)), key
    member = key.removeprefix("beeline/")
    return read_network(fetch_member(NETWORK_ARCHIVE, member)), NETWORK_ARCHIVE
