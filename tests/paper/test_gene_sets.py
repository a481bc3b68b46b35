"""The gene set: it is what the snapshot of GO says, and nothing is looked up by a wrong name."""

import pytest
from grnular_paper import gene_sets
from grnular_paper.gene_sets import among, from_snapshot, genes_of, stem_cell_genes

from grnular_core.data.downloads import fetch
from grnular_core.data.registry import entry
from grnular_core.utils.errors import InputError


def test_the_list_is_sorted_without_repeats_and_each_gene_has_known_terms():
    genes = stem_cell_genes()
    assert list(genes) == sorted(set(genes)) and len(genes) > 100
    for gene, terms in genes.items():
        assert gene == gene.strip() and gene[0].isupper() and not gene[1:].isupper()
        assert terms and set(terms) <= set(gene_sets.TERMS) and list(terms) == sorted(terms)
    assert set().union(*genes.values()) == set(gene_sets.TERMS)  # no term without a gene


def test_the_list_equals_the_snapshot(real_data):
    assert stem_cell_genes() == from_snapshot(fetch(gene_sets.SNAPSHOT))


def test_the_snapshot_is_a_file_of_the_registry():
    assert entry(gene_sets.SNAPSHOT).confirmed


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


def test_a_snapshot_without_a_term_is_refused_and_names_may_hold_commas(tmp_path):
    path = tmp_path / "go.txt"
    lines = [f"a, b ({term}),NKX2-5\tZNF281\t" for term in gene_sets.TERMS]
    path.write_text("\n".join([*lines, "other (GO:1),SHH"]))
    assert from_snapshot(path) == {"Nkx2-5": tuple(gene_sets.TERMS), "Zfp281": tuple(gene_sets.TERMS)}
    path.write_text("\n".join(lines[1:]))
    with pytest.raises(InputError, match="lacks GO:0001706"):
        from_snapshot(path)
