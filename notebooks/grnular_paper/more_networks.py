"""Reference networks by kind: curated regulation, and binding found by ChIP.

*Curated* networks are read from the literature (TRRUST; CollecTRI) or keep what several lines of evidence support
(DoRothEA, confidence A to C). *ChIP* networks join a TF to genes near its binding sites, mostly in other cells than
those at hand: ENCODE and ChEA (consensus targets). BEELINE's non-specific network of the mouse is *mixed*: though called
ChIP-seq, it is put together from databases of several kinds, and has all of TRRUST in it.

CollecTRI's names of complexes (AP1, NFKB) are no genes and are left out. CollecTRI, ENCODE and ChEA are of human symbols; for
mouse cells every edge is carried over to all mouse genes that the table of orthologues names.

A pair of a set and a network is scored where at least ``MIN_REGULATORS`` TFs of the set have a target and ``MIN_EDGES``
edges are left; ``pair_sizes`` lists the others as well.

Parameters
----------
species : {"human", "mouse"}
name : str
    One of ``KINDS``.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

import pandas as pd

from grnular_core.data.candidates import candidates_of_clean, clean_truth
from grnular_core.data.dataset import GRNDataset
from grnular_core.data.downloads import fetch
from grnular_core.data.gene_lists import read_network
from grnular_core.data.names import match_spelling
from grnular_core.utils.errors import InputError
from grnular_paper.r_files import plain, read_objects

CURATED, CHIP, MIXED = "curated", "ChIP", "mixed"
KINDS = {"TRRUST": CURATED, "CollecTRI": CURATED, "DoRothEA": CURATED, "ENCODE": CHIP, "ChEA": CHIP, "Non-Specific": MIXED}
MIN_REGULATORS, MIN_EDGES = 10, 50
CONFIDENT = ("A", "B", "C")  # of DoRothEA's levels A to E
COMPLEXES = ("AP1", "NFKB")  # besides names that start with COMPLEX
COLLECTRI = "networks/collectri.csv"
CONSENSUS = "networks/ENCODE_and_ChEA_Consensus_TFs_from_ChIP-X.gmt.gz"
ORTHOLOGUES = "networks/hgnc_mgi_annotation.rds"
# By network and species.
FILES = {
    ("TRRUST", "human"): "networks/trrust_rawdata.human.tsv",
    ("TRRUST", "mouse"): "networks/trrust_rawdata.mouse.tsv",
    ("DoRothEA", "human"): "networks/dorothea_hs.rda",
    ("DoRothEA", "mouse"): "networks/dorothea_mm.rda",
    ("Non-Specific", "mouse"): "beeline/Networks/mouse/Non-Specific-ChIP-seq-network.csv",
    **{("CollecTRI", species): COLLECTRI for species in ("human", "mouse")},
    **{(name, species): CONSENSUS for name in ("ENCODE", "ChEA") for species in ("human", "mouse")},
}
ENDS = ["regulator", "target"]


def networks_of(species: str) -> list[str]:
    """Return the networks that there are for a species.

    Returns
    -------
    list of str
        Some of ``KINDS``, in its order.
    """
    return [name for name in KINDS if (name, species) in FILES]


def network_keys(name: str, species: str) -> list[str]:
    """Return the registry's keys of the files of a network.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        Where there is no such network.
    """
    if (name, species) not in FILES:
        raise InputError(f"no network {name!r} for {species!r}; expected one of {', '.join(networks_of(species)) or 'none'}")
    carried = species == "mouse" and FILES[name, species] in (COLLECTRI, CONSENSUS)
    return [FILES[name, species], *([ORTHOLOGUES] if carried else [])]


@lru_cache(maxsize=len(FILES))
def network(name: str, species: str) -> pd.DataFrame:
    """Read a network.

    Returns
    -------
    DataFrame
        ``regulator, target``, each edge once.

    Raises
    ------
    InputError
        Where there is no such network.
    DownloadError
        When a file cannot be had.
    """
    file, *orthologues = network_keys(name, species)
    path = fetch(file)
    if name == "TRRUST":
        edges = pd.read_csv(path, sep="\t", usecols=["TF", "gene_symbol"], keep_default_na=False)
    elif name == "CollecTRI":
        edges = _without_complexes(pd.read_csv(path, usecols=["source", "target"], keep_default_na=False))
    elif name == "DoRothEA":
        (table,) = read_objects(path).values()
        edges = _confident(plain(table))
    elif name == "Non-Specific":
        edges = read_network(path)[ENDS]
    else:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            edges = _gene_sets(stream.read(), name.upper())
    edges = edges.set_axis(ENDS, axis=1).astype(str)
    if orthologues:
        edges = _carried_over(edges, plain(read_objects(fetch(orthologues[0]))))
    return edges.drop_duplicates(ignore_index=True)


def _without_complexes(edges: pd.DataFrame) -> pd.DataFrame:
    """Leave out edges of regulators that are complexes."""
    names = edges["source"].str.upper()
    return edges[~names.isin(COMPLEXES) & ~names.str.startswith("COMPLEX")]


def _confident(edges: pd.DataFrame) -> pd.DataFrame:
    """Keep DoRothEA's edges of confidence A to C."""
    return edges.loc[edges["confidence"].isin(CONFIDENT), ["tf", "target"]]


def _gene_sets(text: str, source: str) -> pd.DataFrame:
    """Read the sets of one source from a gmt file: a TF with its source, a description, and its targets."""
    found = []
    for line in text.splitlines():
        name, _, *targets = line.rstrip("\t").split("\t")
        tf, _, of = name.rpartition(" ")
        if of == source:
            found += [(tf, target) for target in targets]
    return pd.DataFrame(found, columns=ENDS)


def _carried_over(edges: pd.DataFrame, orthologues: pd.DataFrame) -> pd.DataFrame:
    """Carry human edges over to the mouse; a gene of several counterparts gives as many edges."""
    for end in ENDS:
        edges = edges.merge(orthologues, left_on=end, right_on="hgnc_symbol")
        edges = edges.assign(**{end: edges["mgi_symbol"]})[ENDS]
    return edges


def among(edges: pd.DataFrame, data: GRNDataset) -> pd.DataFrame:
    """Restrict a network to the genes of a set, spelled as there.

    Parameters
    ----------
    edges : DataFrame
        ``regulator, target`` in any case.
    data : GRNDataset

    Returns
    -------
    DataFrame
        ``regulator, target, sign``, without self-loops and repeats.
    """
    spelled = {end: match_spelling(edges[end], data.genes, "ignore-case") for end in ENDS}
    return clean_truth(edges.assign(**spelled), data.genes)[0]


def pair_sizes(clean: pd.DataFrame, data: GRNDataset, tfs: list[str]) -> dict[str, float | int]:
    """Sizes of a set with a network restricted to it.

    Parameters
    ----------
    clean : DataFrame
        Of ``among``.
    data : GRNDataset
    tfs : list of str
        The TFs that count.

    Returns
    -------
    dict of str to number
        ``cells, genes, tfs``, ``regulators`` (TFs with a target), ``true`` edges from them, ``density`` (NaN without any),
        and ``kept``: 1 where the pair is scored, else 0.
    """
    chosen = candidates_of_clean(clean, data.genes, tfs)
    enough = len(chosen.regulators) >= MIN_REGULATORS and chosen.n_true >= MIN_EDGES
    return {
        "cells": data.n_cells, "genes": data.n_genes, "tfs": len(tfs), "regulators": len(chosen.regulators),
        "true": chosen.n_true, "density": chosen.density, "kept": int(enough),
    }  # fmt: skip

