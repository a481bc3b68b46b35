"""The gene set: it is what the snapshot of GO says, and nothing is looked up by a wrong name."""

import pytest
from grnular_paper import gene_sets
from grnular_paper.gene_sets import among, genes_of, stem_cell_genes

from grnular_core.data.downloads import fetch
from grnular_core.data.registry import entry
from grnular_core.utils.errors import InputError

SNAPSHOT = "go/GO_Biological_Process_2018.txt"
RENAMED = {"ZNF281": "Zfp281", "ZNF706": "Zfp706"}


def test_the_list_is_sorted_without_repeats_and_each_gene_has_known_terms():
    genes = stem_cell_genes()
    assert list(genes) == sorted(set(genes)) and len(genes) > 100
    for gene, terms in genes.items():
        assert gene == gene.strip() and gene[0].isupper() and not gene[1:].isupper()
        assert terms and set(terms) <= set(gene_sets.TERMS) and list(terms) == sorted(terms)
    assert set().union(*genes.values()) == set(gene_sets.TERMS)  # no term without a gene


def test_the_list_equals_the_snapshot(real_data):
    found = {}
    for line in fetch(SNAPSHOT).read_text(encoding="utf-8").splitlines():
        name, _, genes = line.partition("),")  # name (GO:id),gene<TAB>gene...
        term = name.rpartition("(")[2]
        for gene in filter(None, map(str.strip, genes.split("\t") if term in gene_sets.TERMS else ())):
            found.setdefault(RENAMED.get(gene, gene.capitalize()), []).append(term)
    assert stem_cell_genes() == {gene: tuple(sorted(found[gene])) for gene in sorted(found)}


def test_the_snapshot_is_a_file_of_the_registry():
    assert entry(SNAPSHOT).confirmed


def test_terms_choose_genes():
    assert genes_of(["GO:0001711"]) == [
        "Cdc73", "Ctr9", "Leo1", "Nanog", "Paf1", "Pou5f1", "Rtf1", "Sox2",
    ]  # fmt: skip
    assert set(genes_of(gene_sets.TERMS)) == set(stem_cell_genes())
    with pytest.raises(InputError, match="unknown GO term GO:1; the set is made from GO:0001706"):
        genes_of(["GO:1"])


def test_genes_are_found_whatever_their_case_in_the_order_of_the_data():
    assert among(["Sox2", "Nanog", "Cfc1"], ["NANOG", "X", "sox2"]) == ["NANOG", "sox2"]
    assert among([], ["NANOG"]) == []
