"""Genes of stem-cell differentiation and of the endoderm, by terms of the Gene Ontology.

The paper compares 286 genes that it took from BioMart; it prints neither the genes nor the terms. This
set is ours: every gene that one public snapshot of GO's biological processes gives to one of
``TERMS``. The terms are all of that snapshot on the endoderm, and those on differentiation,
development and maintenance of stem cells in general. Terms on stem cells of one tissue (blood,
mesenchyme) are left out, and so is "regulation of stem cell differentiation" (``GO:2000736``), most of whose
genes are those of its child on blood.

The snapshot (``go/GO_Biological_Process_2018.txt`` of the registry; GO itself is CC BY 4.0) has human symbols.
``stem_cell_genes.tsv`` has them as mouse genes are written, ZNF281 as Zfp281 and ZNF706 as Zfp706; it is no table of
orthologues. A test makes it again from the snapshot.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from grnular_core.utils.errors import InputError

TERMS = {
    "GO:0001706": "endoderm formation",
    "GO:0001711": "endodermal cell fate commitment",
    "GO:0007492": "endoderm development",
    "GO:0035987": "endodermal cell differentiation",
    "GO:0048863": "stem cell differentiation",
    "GO:0048864": "stem cell development",
    "GO:2000036": "regulation of stem cell population maintenance",
    "GO:2000737": "negative regulation of stem cell differentiation",
    "GO:2000738": "positive regulation of stem cell differentiation",
}
ENDODERM = ("GO:0001706", "GO:0001711", "GO:0007492", "GO:0035987")
# Members of the paper's set that its text names.
PAPER_GENES_IN_SET = 286
PAPER_GENES_IN_DATA = 32
NAMED_IN_PAPER = ("Cfc1", "Cited2", "Gata6", "Mtf2", "Notch1", "Rbpj", "Sox17", "Sox7")


@cache
def stem_cell_genes() -> dict[str, tuple[str, ...]]:
    """Mouse symbol -> the GO terms it is in the set for, both sorted.

    Returns
    -------
    dict of str to tuple of str
    """
    text = files("grnular_paper").joinpath("stem_cell_genes.tsv").read_text(encoding="utf-8")
    return {row["gene"]: tuple(row["terms"].split()) for row in csv.DictReader(text.splitlines(), delimiter="\t")}


def genes_of(terms: Iterable[str]) -> list[str]:
    """Genes of the set annotated with any of ``terms``, sorted.

    Parameters
    ----------
    terms : iterable of str
        Identifiers of ``TERMS``.

    Returns
    -------
    list of str
        Mouse symbols.

    Raises
    ------
    InputError
        For a term that the set was not made from.
    """
    wanted = frozenset(terms)
    unknown = sorted(wanted - TERMS.keys())
    if unknown:
        raise InputError(f"unknown GO term {unknown[0]}; the set is made from {', '.join(TERMS)}")
    return [gene for gene, of in stem_cell_genes().items() if wanted & set(of)]


def among(genes: Iterable[str], known: Iterable[str]) -> list[str]:
    """Names of ``known``, in its order, that are among ``genes``, ignoring case.

    Parameters
    ----------
    genes : iterable of str
    known : iterable of str

    Returns
    -------
    list of str
    """
    wanted = frozenset(gene.upper() for gene in genes)
    return [name for name in known if name.upper() in wanted]
